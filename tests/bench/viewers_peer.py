"""What our fan-out is compared with: one viewer of each camera here, and its messages again to everybody who comes. Nothing of the product.

`tcp`: the same bytes straight to every connection, no handshake looked at, nobody dropped: the least that Python on uvloop can do.
`aiohttp`: as a server usually does it, one `send_bytes` for each viewer. Prints one JSON line with its port; ends with SIGTERM.
"""

import argparse
import asyncio
import contextlib
import json
import re
import signal
import struct
from collections.abc import Callable
from typing import cast

import uvloop
from aiohttp import web
from tests.bench.recorder_node import camera_id
from tests.bench.viewers_crowd import Crowd
from tests.bench.viewers_node import ORIGIN
from tests.live_viewer import PICTURE, LiveViewer

LEASE_S = 115.0  # one that nobody renews ends after 120 s
_PATH = re.compile(rb"GET /live/(\w+)/ws ")
_ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class PlainFanOut:
    """Connections of each camera, and one write for each."""

    def __init__(self) -> None:
        self.transports: dict[str, set[asyncio.Transport]] = {}

    def send(self, camera: str, payload: bytes) -> None:
        head = (
            struct.pack(">BBH", 0x82, 126, len(payload))
            if len(payload) < 65536
            else b"\x82\x7f" + struct.pack(">Q", len(payload))
        )
        frame = head + payload
        for transport in self.transports.get(camera, ()):
            transport.write(frame)

    async def open(self) -> int:
        server = await asyncio.get_running_loop().create_server(lambda: _Plain(self), "127.0.0.1", 0, backlog=1024)
        return int(server.sockets[0].getsockname()[1])


class _Plain(asyncio.Protocol):
    def __init__(self, fan_out: PlainFanOut) -> None:
        self._fan_out = fan_out
        self._camera = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not say that it is one

    def data_received(self, data: bytes) -> None:
        asked = _PATH.match(data)
        if asked is not None:
            self._camera = asked[1].decode()
            self._transport.write(_ACCEPTED)
            self._fan_out.transports.setdefault(self._camera, set()).add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fan_out.transports.get(self._camera, set()).discard(self._transport)


class UsualFanOut:
    """WebSockets of aiohttp; a queue of four pictures and a task for each viewer, so that none waits for another."""

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[bytes]]] = {}

    def send(self, camera: str, payload: bytes) -> None:
        for queue in self._queues.get(camera, ()):
            if not queue.full():
                queue.put_nowait(payload)

    async def _watch(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        queue: asyncio.Queue[bytes] = asyncio.Queue(4)
        queues = self._queues.setdefault(request.match_info["camera"], set())
        queues.add(queue)
        try:
            while not socket.closed:
                await socket.send_bytes(await queue.get())
        except ConnectionError:
            pass
        finally:
            queues.discard(queue)
        return socket

    async def open(self) -> int:
        application = web.Application()
        application.router.add_get("/live/{camera}/ws", self._watch)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        return int(runner.addresses[0][1])


async def fan_out(arguments: argparse.Namespace) -> None:
    """Pass the node's pictures on until SIGTERM, at most as long as a lease lasts."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    out = PlainFanOut() if arguments.way == "tcp" else UsualFanOut()
    crowd = Crowd(arguments.cameras, arguments.cameras)
    viewers = []
    for number in range(arguments.cameras):
        camera = camera_id(number)
        make = _make_viewer(camera, crowd.token(number, again=1), lambda camera, data: out.send(camera, data))
        viewers.append((await loop.create_connection(make, "127.0.0.1", arguments.port))[1])
    print(json.dumps({"port": await out.open()}), flush=True)
    for viewer in viewers:
        viewer.ended.add_done_callback(lambda _: stop.set())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), LEASE_S)


def _make_viewer(camera: str, token: str, send: Callable[[str, bytes], None]) -> Callable[[], LiveViewer]:
    def on_media(message: bytes, _size_bytes: int) -> None:
        if message[0] == PICTURE:
            send(camera, message)

    return lambda: LiveViewer(f"/live/{camera}/ws", origin=ORIGIN, token=token, on_media=on_media, kept_bytes=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=("tcp", "aiohttp"), required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cameras", type=int, default=1)
    uvloop.run(fan_out(parser.parse_args()))


if __name__ == "__main__":
    main()
