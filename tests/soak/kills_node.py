"""The node of the soak of kills: the product's own recording half on several volumes, with holds, plans and little room. Runs until killed.

Prints JSON lines: {"event": "begun"}, {"event": "live", …}.
"""

import argparse
import asyncio
import json
from pathlib import Path

import msgspec
import uvloop
from tests.recording_node import Recorded, key_of, recording_node

from brightkitchen.bootstrap.node import calm_collector
from brightkitchen.kernel.log import configure_logging
from brightkitchen.kernel.nodeprotocol import Holds


async def record(options: argparse.Namespace) -> None:
    cameras = [Recorded(port) for port in json.loads(options.cameras.read_text())]
    flags = {
        "store.quota_gb": options.quota_mb / 1000,
        "store.keep_free_gb": 0.1,
        "store.keep_free_percent": 0.0,
        "store.volumes": ({"name": "second", "path": str(options.second), "quota_gb": options.quota_mb / 1000},),
        "media.segment_s": 10.0,
    }
    holds = msgspec.json.decode(options.holds.read_bytes(), type=Holds)
    async with recording_node(options.data, cameras, flags) as recording:
        calm_collector()
        await recording.node.keep_holds(holds)
        await recording.begin()
        print(json.dumps({"event": "begun", "first": key_of(0).camera}), flush=True)
        print(json.dumps({"event": "live", "all": await recording.wait_live(60)}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=Path, required=True, help="JSON list of ports")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--second", type=Path, required=True, help="folder of the second volume")
    parser.add_argument("--holds", type=Path, required=True, help="a `Holds` message")
    parser.add_argument("--quota-mb", type=float, required=True)
    options = parser.parse_args()
    configure_logging(process="kills", level="warning")
    uvloop.run(record(options))


if __name__ == "__main__":
    main()
