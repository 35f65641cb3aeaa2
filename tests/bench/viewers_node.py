"""The viewers' half of a media node, by itself: what `webrtc_viewers` and `live_viewers` measure. Everything is the product's own code.

Prints one JSON line with its port when all cameras are live; ends with SIGTERM. If asked it then says when each picture came to it.
"""

import argparse
import asyncio
import json
import os
import signal
from array import array
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.bench.recorder_node import camera_id, no_login

from brightkitchen.bootstrap.guard import build_guard
from brightkitchen.bootstrap.node import Machine, build_node, calm_collector
from brightkitchen.kernel.cameraspec import CameraSpec, StreamSpec
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import SystemClock, wait_until
from brightkitchen.kernel.config import load_config
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.kernel.log import configure_logging
from brightkitchen.kernel.nodeprotocol import Desired, VerifyKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.hub.stream import Stream
from brightkitchen.media.serve.app import ViewersPort
from brightkitchen.media.serve.server import MediaServer
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Format

NODE = "node-0"
ORIGIN = "http://127.0.0.1:8080"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class Arrivals:
    """A reader of one stream that notes which picture came when. lines: camera, what its messages say, when it was read; µs."""

    def __init__(self, camera: int, stream: Stream, lines: "array[int]") -> None:
        self._camera = camera
        self._stream = stream
        self._lines = lines

    def on_start(self, formats: dict[int, Format]) -> None:
        pass

    def on_units(self, units: list[AccessUnit]) -> None:
        for unit in units:
            if unit.track == VIDEO_TRACK:
                self._lines.extend((self._camera, self._stream.wall.utc(unit.pts), unit.received_at))

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        pass

    def on_stop(self) -> None:
        pass


async def serve(arguments: argparse.Namespace) -> None:
    """Record and show the cameras until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    config = load_config(None, os.environ, {"netguard.allow_endpoints": (f"127.0.0.1:{arguments.port}",)})
    clock, entropy = SystemClock(), SystemEntropy()
    machine = Machine(clock, entropy, Supervisor(clock, entropy))
    node = build_node(config, NODE, arguments.data, build_guard(config), machine)
    calm_collector()
    node.start()
    pool = DecodePool(clock, entropy, workers=1)
    server = MediaServer(
        node=NODE,
        is_leased=lambda camera: True,
        streams=node.hub,
        recordings=node.store,
        pool=pool,
        clock=clock,
        entropy=entropy,
        supervisor=machine.supervisor,
    )
    server.set_keys([VerifyKey(kid="k1", public_key=KEY.public_key().public_bytes_raw())])
    server.set_allowed_origins([ORIGIN])
    server.start()
    viewers = ViewersPort(server)
    await viewers.open("127.0.0.1", 0)
    specs = tuple(
        CameraSpec(
            camera=camera_id(number),
            epoch=1,
            name=f"camera {number}",
            host="127.0.0.1",
            port=arguments.port,
            main=StreamSpec(path=f"/cam/{number}/main"),
            transport="tcp",
        )
        for number in range(arguments.cameras)
    )
    await node.apply(Desired(version=1, cameras=specs), no_login)
    is_live = await wait_until(
        lambda: sum(stream.state is CameraState.LIVE for stream in node.hub) == arguments.cameras,
        clock,
        timeout_s=30,
        step_s=0.1,
    )
    arrivals = array("q")
    if arguments.arrivals is not None:
        for number in range(arguments.cameras):
            stream = node.hub.get(StreamKey(CameraId(camera_id(number)), Profile.MAIN))
            assert stream is not None
            stream.attach(Arrivals(number, stream, arrivals), is_viewer=False)
    print(json.dumps({"live": is_live, "port": viewers.port}), flush=True)
    await stop.wait()
    server.close()
    await viewers.close()
    await node.stop()
    await machine.supervisor.close()
    if arguments.arrivals is not None:
        arguments.arrivals.write_bytes(arrivals.tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--arrivals", type=Path, help="where to write when pictures came: int64, three a picture")
    configure_logging(process="bench", level="error")
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
