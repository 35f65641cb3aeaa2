"""`make bench`: our recorder against one `ffmpeg -c copy` a camera, from the same source, in the same run.

For every kind of source (a write per RTP packet, a write per frame) and every number of cameras: CPU of the whole process tree from
/proc, memory as PSS, and the pictures in our files against those the source says it sent. Loopback only; ends by itself.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.processes import Cost, cost_of

from brightkitchen.kernel.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
SETTLE_S = 8.0
PORT = 27554


@dataclass(frozen=True, slots=True)
class Row:
    """Figures per camera: CPU ms per second, PSS MB. missing: pictures sent and not in our files (-1: not measured)."""

    recorder: str
    mode: str
    cameras: int
    cpu_ms: float
    pss_mb: float
    sent: int = -1
    missing: int = -1


@contextmanager
def source(mode: str, cameras: int, report: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the simulated cameras until told; their report is written when they end. words: more for `bench_source`."""
    command = [sys.executable, "-m", "brightkitchen_sim.bench_source", "--cameras", str(cameras), "--port", str(PORT)]
    process = subprocess.Popen(
        [*command, "--mode", mode, "--seconds", "600", "--report", str(report), *words],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise SystemExit("the source did not start")
        yield process
    finally:
        end_process(process, signal.SIGTERM)


def end_process(process: subprocess.Popen[Any], number: signal.Signals, timeout_s: float = 30) -> None:
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def wait_s(duration_s: float) -> None:
    await SystemClock().sleep(duration_s)


def pause(duration_s: float) -> None:
    """Let the recorders work."""
    import asyncio

    asyncio.run(wait_s(duration_s))


def measure(pids: list[int], cameras: int, window_s: float) -> tuple[float, float]:
    """Return CPU ms per camera-second over the window and PSS MB per camera at its end."""
    clock = SystemClock()
    before, begin_s = cost_of(pids), clock.mono_s()
    pause(window_s)
    after, end_s = cost_of(pids), clock.mono_s()
    return _per_camera(before, after, end_s - begin_s, cameras)


def _per_camera(before: Cost, after: Cost, elapsed_s: float, cameras: int) -> tuple[float, float]:
    return (after.cpu_s - before.cpu_s) * 1000 / elapsed_s / cameras, after.pss_bytes / 1e6 / cameras


def run_ours(mode: str, cameras: int, window_s: float, folder: Path) -> Row:
    """Record with our node; then end the source, and compare what it sent with what is in the files."""
    report = folder / "report.json"
    with source(mode, cameras, report) as cameras_process:
        node = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.bench.recorder_node"),
                *("--cameras", str(cameras), "--port", str(PORT), "--data", str(folder / "ours")),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        try:
            assert node.stdout is not None
            if not json.loads(node.stdout.readline())["live"]:
                raise SystemExit(f"not all {cameras} cameras came up")
            pause(SETTLE_S)
            cpu_ms, pss_mb = measure([node.pid], cameras, window_s)
            end_process(cameras_process, signal.SIGTERM)
            pause(2.0)
            node.send_signal(signal.SIGTERM)
            written = json.loads(node.stdout.readline())["frames"]
        finally:
            end_process(node, signal.SIGTERM)
    sent = [_sent(camera) for camera in json.loads(report.read_text())["cameras"]]
    missing = sum(max(0, one - other) for one, other in zip(sent, written, strict=True))
    return Row("BrightKitchen", mode, cameras, cpu_ms, pss_mb, sum(sent), missing)


def _sent(camera: dict[str, Any]) -> int:  # Any: the source's JSON
    """Pictures sent to the recorder's session; a try-out before it has none."""
    return sum(session["video_frames"] for session in camera["sessions"])


def run_ffmpeg(mode: str, cameras: int, window_s: float, folder: Path) -> Row:
    """Record with one ffmpeg a camera."""
    out = folder / "ffmpeg"
    out.mkdir()
    with source(mode, cameras, folder / "report.json"):
        recorders = [
            subprocess.Popen(
                [
                    *("ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp"),
                    *("-i", f"rtsp://127.0.0.1:{PORT}/cam/{n}/main", "-c", "copy"),
                    *("-f", "segment", "-segment_time", "60", "-segment_format", "mov", str(out / f"{n}-%d.mov")),
                ],
                stderr=subprocess.DEVNULL,
            )
            for n in range(cameras)
        ]
        try:
            clock = SystemClock()
            deadline_s = clock.mono_s() + 120
            while sum(1 for _ in out.iterdir()) < cameras:
                if clock.mono_s() > deadline_s:
                    raise SystemExit("not every ffmpeg began to write")
                pause(0.5)
            pause(SETTLE_S)
            alive = [process.pid for process in recorders if process.poll() is None]
            if len(alive) < cameras:
                raise SystemExit(f"{cameras - len(alive)} ffmpeg ended by themselves")
            cpu_ms, pss_mb = measure(alive, cameras, window_s)
        finally:
            for process in recorders:
                end_process(process, signal.SIGKILL)
    return Row("ffmpeg -c copy", mode, cameras, cpu_ms, pss_mb)


def table(rows: list[Row]) -> str:
    """Return the Markdown table with the ratio of CPU against ffmpeg in the same run."""
    lines = [
        "| source writes | cameras | recorder | CPU ms per camera-second | PSS MB per camera | pictures sent | missing | ffmpeg / ours |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        peer = next((r for r in rows if (r.mode, r.cameras) == (row.mode, row.cameras) and r.sent < 0), None)
        ratio = f"{peer.cpu_ms / row.cpu_ms:.1f}" if peer is not None and row.sent >= 0 else ""
        lines.append(
            f"| each {row.mode} | {row.cameras} | {row.recorder} | {row.cpu_ms:.2f} | {row.pss_mb:.2f} | "
            f"{row.sent if row.sent >= 0 else ''} | {row.missing if row.sent >= 0 else ''} | {ratio} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", default="10,50,200", help="numbers of cameras, with commas")
    parser.add_argument("--modes", default="packet,frame")
    parser.add_argument("--window", type=float, default=30.0, help="seconds that are measured")
    parser.add_argument("--without-ffmpeg", action="store_true")
    arguments = parser.parse_args()
    if not arguments.without_ffmpeg and shutil.which("ffmpeg") is None:
        raise SystemExit("ffmpeg is not installed; it is the peer. Install it, or use --without-ffmpeg.")
    rows: list[Row] = []
    for mode in arguments.modes.split(","):
        for cameras in (int(number) for number in arguments.cameras.split(",")):
            for run in (run_ours,) if arguments.without_ffmpeg else (run_ours, run_ffmpeg):
                with tempfile.TemporaryDirectory(prefix="bk-bench-") as folder:
                    rows.append(run(mode, cameras, arguments.window, Path(folder)))
                print(rows[-1], file=sys.stderr, flush=True)
    print(f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(table(rows))


if __name__ == "__main__":
    main()
