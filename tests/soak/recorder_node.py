"""The node of the soak: records the cameras of a list until SIGTERM. Everything is the product's own code.

Prints JSON lines: {"event": "live"} once, {"event": "status", …} after each SIGUSR1, {"event": "timelines", …} at the end.
"""

import argparse
import asyncio
import gc
import json
import os
import signal
from pathlib import Path

import uvloop
from tests.recording_node import FOREVER, Recorded, RecordingNode, key_of, recording_node

from brightkitchen.bootstrap.node import calm_collector
from brightkitchen.kernel.log import configure_logging
from brightkitchen.kernel.units import Utc

LIVE_TIMEOUT_S = 90


async def record(folder: Path, cameras: list[Recorded]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with recording_node(folder, cameras) as recording:
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_signal_handler(signal.SIGUSR1, lambda: say("status", **status_of(recording)))
        calm_collector()
        await recording.begin()
        say("live", all=await recording.wait_live(LIVE_TIMEOUT_S))
        await stop.wait()
        timelines = [timeline_of(recording, number) for number in range(len(cameras))]
        failures = recording.machine.supervisor.failures
        await recording.finish()
        say("timelines", cameras=timelines, failures=failures)


def say(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def status_of(recording: RecordingNode) -> dict[str, object]:
    """Return what a leak would show in. objects: all that the garbage collector knows."""
    return {
        "tasks": len(asyncio.all_tasks()),
        "fds": len(os.listdir("/proc/self/fd")),
        "objects": len(gc.get_objects()),
        "live": recording.live(),
        "dropped_bytes": recording.node.recorder.dropped_bytes,
    }


def timeline_of(recording: RecordingNode, number: int) -> dict[str, object]:
    """Return spans and gaps in microseconds of UTC."""
    timeline = recording.node.store.timeline(key_of(number), Utc(0), FOREVER)
    return {
        "spans": [[span.from_at, span.to_at] for span in timeline.spans],
        "gaps": [[gap.from_at, gap.to_at, gap.reason] for gap in timeline.gaps],
        "files": [
            [segment.start_at, segment.end_at, str(segment.end_reason)] for segment in recording.segments(number)
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=Path, required=True, help="JSON list of ports")
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    configure_logging(process="soak", level="warning")
    uvloop.run(record(options.data, [Recorded(port) for port in json.loads(options.cameras.read_text())]))


if __name__ == "__main__":
    main()
