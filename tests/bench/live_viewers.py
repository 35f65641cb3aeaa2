"""`make bench-viewers`: three hundred viewers by WebSocket from one node, and the same pictures by two other ways in the same run.

CPU of the node process from /proc, less what it costs without viewers; memory (PSS) likewise. The added delay of a picture runs from
the instant at which the node read it from the camera's socket to its last byte at the viewer: the node notes the one, the crowd the
other, by one clock. The viewers are another process without decoders. The peers take the node's pictures as one viewer of each camera
and pass the same bytes on (`viewers_peer`). Loopback only, so that the kernel's work for all receivers counts as the sender's.
"""

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.bench.processes import Cost, cost_of
from tests.bench.recorder import PORT, ROOT, end_process, pause, source
from tests.bench.webrtc_viewers import SETTLE_S, read

from brightkitchen.kernel.clock import SystemClock
from brightkitchen_sim.testpicture import ensure_pattern_clip

BUDGET_CPU_MS, BUDGET_DELAY_MS = 0.3, 50.0


@dataclass(frozen=True, slots=True)
class Case:
    """cameras: that the viewers are spread over. bitrate_bps: of each camera's pictures."""

    name: str
    cameras: int
    width_px: int
    height_px: int
    fps: int
    bitrate_bps: int

    @property
    def clip(self) -> Path:
        name = f"bench-{self.height_px}p-{self.fps}-{self.bitrate_bps}.clip"
        return Path.home() / ".cache" / "brightkitchen-sim" / name

    def make_clip(self) -> Path:
        ensure_pattern_clip(
            self.clip,
            width_px=self.width_px,
            height_px=self.height_px,
            fps=self.fps,
            gop=2 * self.fps,
            bitrate_bps=self.bitrate_bps,
        )
        return self.clip

    @property
    def stream(self) -> str:
        return f"{self.width_px}×{self.height_px}, {self.fps} fps, {self.bitrate_bps / 1e6:g} Mbit/s"


CASES = (
    Case("main1", 1, 1920, 1080, 25, 2_000_000),
    Case("main20", 20, 1920, 1080, 25, 2_000_000),
    Case("sub20", 20, 640, 360, 25, 500_000),
)


@dataclass(frozen=True, slots=True)
class Load:
    """A process over a window: CPU ms per second, and PSS at its end."""

    cpu_ms: float
    pss_bytes: int


@dataclass(frozen=True, slots=True)
class Row:
    """cpu_ms: per viewer-second above the same without viewers. pss_kb: per viewer, likewise. delays_ms: p50, p95."""

    case: Case
    way: str
    viewers: int
    cpu_ms: float
    pss_kb: float
    fps: float
    least_fps: float
    looks: Path
    delays_ms: tuple[float, float] = field(default=(0.0, 0.0))


def measure(pid: int, window_s: float) -> Load:
    clock = SystemClock()
    before, began_s = cost_of([pid]), clock.mono_s()
    pause(window_s)
    after: Cost = cost_of([pid])
    return Load((after.cpu_s - before.cpu_s) * 1000 / (clock.mono_s() - began_s), after.pss_bytes)


@contextmanager
def speaking(module: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a module of ours that speaks JSON lines; it ends here at the latest."""
    process = subprocess.Popen([sys.executable, "-m", module, *words], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield process
    finally:
        end_process(process, signal.SIGTERM)


def run_crowd(case: Case, way: str, viewers: int, pid: int, port: int, idle: Load, window_s: float, looks: Path) -> Row:
    """Let so many watch what listens on the port, and measure the process that serves them while they do."""
    words = ["--way", "ws", "--viewers", str(viewers), "--cameras", str(case.cameras), "--port", str(port)]
    with speaking("tests.bench.viewers_crowd", *words, "--settle", str(SETTLE_S), "--looks", str(looks)) as crowd:
        said = read(crowd)
        if not said["all"]:
            raise SystemExit(f"not all {viewers} viewers had a picture: {said}")
        pause(SETTLE_S + 0.5)
        load = measure(pid, window_s)
        crowd.send_signal(signal.SIGTERM)
        figures = read(crowd)
    return Row(
        case,
        way,
        viewers,
        (load.cpu_ms - idle.cpu_ms) / viewers,
        (load.pss_bytes - idle.pss_bytes) / 1e3 / viewers,
        figures["fps"],
        figures["least_fps"],
        looks,
    )


def run_case(case: Case, arguments: argparse.Namespace, folder: Path) -> list[Row]:
    """Measure the node and each peer by turns, with the same cameras; of several rounds the one in which each cost least."""
    clip = ("--clip", str(case.make_clip()))
    with source(arguments.mode, case.cameras, folder / "report.json", *clip):
        rows = _run_rounds(case, arguments, folder)
    came = _read_arrivals(folder / "arrivals")
    ways = dict.fromkeys(row.way for row in rows)
    least = [min((row for row in rows if row.way == way), key=lambda row: row.cpu_ms) for way in ways]
    return [_with_delays(row, came) for row in least]


def _run_rounds(case: Case, arguments: argparse.Namespace, folder: Path) -> list[Row]:
    place = ["--port", str(PORT), "--data", str(folder / "node"), "--cameras", str(case.cameras)]
    viewers, window_s = arguments.viewers, arguments.window
    rows = []
    with speaking("tests.bench.viewers_node", *place, "--arrivals", str(folder / "arrivals")) as node:
        said = read(node)
        if not said["live"]:
            raise SystemExit("the cameras did not come up")
        pause(SETTLE_S)
        idle = measure(node.pid, 5.0)
        for number in range(arguments.rounds):
            looks = folder / f"looks-{number}"
            rows.append(run_crowd(case, "BrightKitchen", viewers, node.pid, said["port"], idle, window_s, looks))
            print(case.name, _short(rows[-1]), file=sys.stderr, flush=True)
            for way in filter(None, arguments.peers.split(",")):
                words = ("--way", way, "--port", str(said["port"]), "--cameras", str(case.cameras))
                with speaking("tests.bench.viewers_peer", *words) as peer:
                    port = read(peer)["port"]
                    pause(SETTLE_S)
                    alone = measure(peer.pid, 4.0)
                    looks = folder / f"looks-{number}-{way}"
                    rows.append(run_crowd(case, way, viewers, peer.pid, port, alone, window_s, looks))
                print(case.name, _short(rows[-1]), file=sys.stderr, flush=True)
    return rows


def _short(row: Row) -> str:
    return f"{row.way} {row.cpu_ms:.3f} ms, {row.fps:.1f} pictures/s, load {os.getloadavg()[0]:.1f}"


def _read_arrivals(file: Path) -> dict[tuple[int, int], int]:
    """Return when the node read each picture: by camera and stamp, µs."""
    lines = _read_lines(file)
    return {(lines[at], lines[at + 1]): lines[at + 2] for at in range(0, len(lines), 3)}


def _read_lines(file: Path) -> "array[int]":
    lines = array("q")
    lines.frombytes(file.read_bytes())
    return lines


def _with_delays(row: Row, came: dict[tuple[int, int], int]) -> Row:
    lines = _read_lines(row.looks)
    seen = ((lines[at + 2], came.get((lines[at], lines[at + 1]))) for at in range(0, len(lines), 3))
    delays = sorted((at - read_at) / 1000 for at, read_at in seen if read_at is not None)
    if len(delays) < len(lines) // 3 * 0.99:
        raise SystemExit(f"of {len(lines) // 3} pictures only {len(delays)} are known to the node")
    quantiles = (delays[len(delays) // 2], delays[len(delays) * 95 // 100])
    return replace(row, delays_ms=quantiles)


def table(rows: list[Row]) -> str:
    """Return the Markdown table; the ratio is a way's CPU by ours, of the same cameras."""
    lines = [
        "| stream | cameras | by | CPU ms per viewer-second | × ours | viewers a core "
        "| added delay p50, p95 ms | pictures/s, average and least | PSS kB a viewer |",
        "|---|--:|---|--:|--:|--:|---|---|--:|",
    ]
    names = {"tcp": "bare TCP, same bytes", "aiohttp": "aiohttp `send_bytes`"}
    for row in rows:
        ours = next(other for other in rows if other.case is row.case)
        p50_ms, p95_ms = row.delays_ms
        lines.append(
            f"| {row.case.stream} | {row.case.cameras} | {names.get(row.way, row.way)} | {row.cpu_ms:.3f} "
            f"| {row.cpu_ms / ours.cpu_ms:.2f} | {1000 / row.cpu_ms:,.0f} "
            f"| {p50_ms:.1f}, {p95_ms:.1f} | {row.fps:.1f}, {row.least_fps:.1f} | {row.pss_kb:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=300)
    parser.add_argument("--cases", default=",".join(case.name for case in CASES))
    parser.add_argument("--peers", default="tcp,aiohttp", help="tcp, aiohttp, with commas; empty: none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=6.0, help="seconds that are measured")
    parser.add_argument("--mode", default="packet", help="how the cameras write: packet or frame")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for name in arguments.cases.split(","):
        case = next(case for case in CASES if case.name == name)
        with tempfile.TemporaryDirectory(prefix="bk-bench-") as folder:
            rows += run_case(case, arguments, Path(folder))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load}\n"
    )
    print(f"{arguments.viewers} viewers\n")
    print(table(rows))
    held = [row for row in rows if row.way == "BrightKitchen"]
    missed = [row for row in held if row.cpu_ms > BUDGET_CPU_MS or row.delays_ms[1] > BUDGET_DELAY_MS]
    print(f"\nbudget ({BUDGET_CPU_MS} ms, p95 {BUDGET_DELAY_MS:.0f} ms): {len(held) - len(missed)} of {len(held)} held")


if __name__ == "__main__":
    main()
