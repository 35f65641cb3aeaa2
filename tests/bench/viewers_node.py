"""The viewers' half of a media node with one camera, by itself: what `webrtc_viewers` measures. Everything is the product's own code.

Prints one JSON line with its port when the camera is live; ends with SIGTERM.
"""

import argparse
import asyncio
import json
import os
import signal
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.bench.recorder_node import camera_id, no_login

from brightkitchen.bootstrap.guard import build_guard
from brightkitchen.bootstrap.node import Machine, build_node, calm_collector
from brightkitchen.kernel.cameraspec import CameraSpec, StreamSpec
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.clock import SystemClock, wait_until
from brightkitchen.kernel.config import load_config
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.log import configure_logging
from brightkitchen.kernel.nodeprotocol import Desired, VerifyKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.serve.app import ViewersPort
from brightkitchen.media.serve.server import MediaServer

NODE = "node-0"
ORIGIN = "http://127.0.0.1:8080"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


async def serve(arguments: argparse.Namespace) -> None:
    """Record and show the one camera until SIGTERM."""
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
    spec = CameraSpec(
        camera=camera_id(0),
        epoch=1,
        name="camera",
        host="127.0.0.1",
        port=arguments.port,
        main=StreamSpec(path="/cam/0/main"),
        transport="tcp",
    )
    await node.apply(Desired(version=1, cameras=(spec,)), no_login)
    is_live = await wait_until(
        lambda: any(stream.state is CameraState.LIVE for stream in node.hub), clock, timeout_s=30, step_s=0.1
    )
    print(json.dumps({"live": is_live, "port": viewers.port}), flush=True)
    await stop.wait()
    server.close()
    await viewers.close()
    await node.stop()
    await machine.supervisor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    configure_logging(process="bench", level="error")
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
