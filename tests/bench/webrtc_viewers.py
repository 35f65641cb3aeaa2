"""`make bench-webrtc`: viewers of one camera by WebRTC and by WebSocket, from the same node, in the same run.

CPU of the node process from /proc, less what it costs without viewers; a picture's age at the viewer; pictures and packets that did not
come. Loopback only; ends by itself. The viewers share the machine with the node: from where both cores are full, ages are those of the
viewers' own queue.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.processes import Cost, cost_of
from tests.bench.recorder import PORT, ROOT, end_process, pause, source

from brightkitchen.kernel.clock import SystemClock

SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """cpu_ms: of the node per viewer-second. fps: pictures a second at the average viewer, and at the one with the fewest."""

    way: str
    viewers: int
    cpu_ms: float
    pss_mb: float
    figures: dict[str, float]


def measure(pid: int, window_s: float) -> tuple[float, float]:
    """Return CPU ms per second over the window, and PSS MB at its end. The decode worker is none of it."""
    clock = SystemClock()
    before, began_s = cost_of([pid]), clock.mono_s()
    pause(window_s)
    after: Cost = cost_of([pid])
    return (after.cpu_s - before.cpu_s) * 1000 / (clock.mono_s() - began_s), after.pss_bytes / 1e6


def run_crowd(way: str, viewers: int, node: int, port: int, window_s: float, idle_ms: float) -> Row:
    """Let so many watch, and measure while they do."""
    crowd = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.bench.viewers_crowd", "--way", way),
            *("--viewers", str(viewers), "--port", str(port), "--settle", str(SETTLE_S)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        said = read(crowd)
        if not said["all"]:
            raise SystemExit(f"not all {viewers} viewers had a picture: {said}")
        pause(SETTLE_S + 0.5)
        cpu_ms, pss_mb = measure(node, window_s)
        crowd.send_signal(signal.SIGTERM)
        return Row(way, viewers, (cpu_ms - idle_ms) / viewers, pss_mb, read(crowd))
    finally:
        end_process(crowd, signal.SIGTERM)


def read(process: subprocess.Popen[str]) -> dict[str, Any]:  # Any: JSON of our own processes
    """Return the next line that the process says."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("a process of the benchmark ended")
    found: dict[str, Any] = json.loads(line)
    return found


def table(rows: list[Row]) -> str:
    """Return the Markdown table."""
    lines = [
        "| viewers | by | node, CPU ms per viewer-second | age p50 ms | age p95 ms | pictures/s, average and least | packets missing | node PSS MB |",
        "|--:|---|--:|--:|--:|---|--:|--:|",
    ]
    names = {"ws": "WebSocket", "webrtc": "WebRTC"}
    for row in sorted(rows, key=lambda row: (row.viewers, row.way)):
        f = row.figures
        lines.append(
            f"| {row.viewers} | {names[row.way]} | {row.cpu_ms:.2f} | {f['p50_ms']:.1f} | {f['p95_ms']:.1f} | "
            f"{f['fps']:.1f}, {f['least_fps']:.1f} | {f['gaps'] if row.way == 'webrtc' else ''} | {row.pss_mb:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", default="10,50,100", help="numbers of viewers, with commas")
    parser.add_argument("--ways", default="ws,webrtc")
    parser.add_argument("--window", type=float, default=8.0, help="seconds that are measured")
    parser.add_argument("--mode", default="packet", help="how the camera writes: packet or frame")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bk-bench-") as text, source(arguments.mode, 1, Path(text) / "report.json"):
        place = ["--port", str(PORT), "--data", str(Path(text) / "node")]
        node = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.viewers_node", *place], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        try:
            said = read(node)
            if not said["live"]:
                raise SystemExit("the camera did not come up")
            pause(SETTLE_S)
            idle_ms, idle_mb = measure(node.pid, 5.0)
            print(f"no viewers: {idle_ms:.2f} ms/s, {idle_mb:.1f} MB", file=sys.stderr, flush=True)
            for viewers in (int(number) for number in arguments.viewers.split(",")):
                for way in arguments.ways.split(","):
                    rows.append(run_crowd(way, viewers, node.pid, said["port"], arguments.window, idle_ms))
                    print(rows[-1], file=sys.stderr, flush=True)
        finally:
            end_process(node, signal.SIGTERM)
    print(f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(f"without viewers the node costs {idle_ms:.1f} ms a second and {idle_mb:.1f} MB\n")
    print(table(rows))


if __name__ == "__main__":
    main()
