"""The recording half of a media node, by itself: what `make bench` measures. Everything is the product's own code.

Prints one JSON line when all cameras are live, and one with the frames of each camera's files after SIGTERM.
"""

import argparse
import asyncio
import json
import os
import signal
from pathlib import Path

import uvloop

from brightkitchen.bootstrap.guard import build_guard
from brightkitchen.bootstrap.node import Machine, build_node, calm_collector
from brightkitchen.kernel.cameraspec import CameraSpec, Credential, StreamSpec
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.clock import SystemClock, wait_until
from brightkitchen.kernel.config import load_config
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.kernel.log import configure_logging
from brightkitchen.kernel.nodeprotocol import Desired
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import Utc
from brightkitchen.media.node import MediaNode

FOREVER = Utc(1 << 60)


def camera_id(number: int) -> str:
    """Return a proper id for camera `number`."""
    return f"cam_{number:016d}"


async def no_login(_camera: str, _epoch: int) -> Credential | None:
    """The bench's cameras have no password."""
    return None


def frames_of(node: MediaNode, cameras: int) -> list[int]:
    """Return the pictures in each camera's files."""
    return [
        sum(
            segment.frames
            for segment in node.store.segments_between(StreamKey(CameraId(camera_id(n)), Profile.MAIN), Utc(0), FOREVER)
        )
        for n in range(cameras)
    ]


async def record(arguments: argparse.Namespace) -> None:
    """Record until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    flags: dict[str, object] = {"netguard.allow_endpoints": (f"127.0.0.1:{arguments.port}",)}
    config = load_config(None, os.environ, flags)
    clock, entropy = SystemClock(), SystemEntropy()
    machine = Machine(clock, entropy, Supervisor(clock, entropy))
    node = build_node(config, "node-0", arguments.data, build_guard(config), machine)
    calm_collector()
    node.start()
    specs = tuple(
        CameraSpec(
            camera=camera_id(n),
            epoch=1,
            name=f"camera {n}",
            host="127.0.0.1",
            port=arguments.port,
            main=StreamSpec(path=f"/cam/{n}/main"),
            transport="tcp",
        )
        for n in range(arguments.cameras)
    )
    await node.apply(Desired(version=1, cameras=specs), no_login)

    wanted: int = arguments.cameras

    def all_live() -> bool:
        return sum(stream.state is CameraState.LIVE for stream in node.hub) == wanted

    is_live = await wait_until(all_live, clock, timeout_s=90, step_s=0.2)
    print(json.dumps({"live": is_live}), flush=True)
    await stop.wait()
    await node.stop()
    lost = sum(report.lost_packets for report in node.reports())
    print(json.dumps({"frames": frames_of(node, arguments.cameras), "lost_packets": lost}), flush=True)
    await machine.supervisor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    configure_logging(process="bench", level="error")
    uvloop.run(record(parser.parse_args()))


if __name__ == "__main__":
    main()
