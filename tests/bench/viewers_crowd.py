"""Many viewers in one process, by WebSocket or by WebRTC, without decoders; they note how old each picture is.

A picture's age runs from the instant that the node says it was filmed at (the stamp of a fragment, the timestamp of RTP) to its last
byte here. Viewer n watches camera n modulo their number. Prints one JSON line when all have pictures, and one with the figures after
SIGTERM; ends by itself within two minutes.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import struct
from array import array
from pathlib import Path

import aiohttp
import uvloop
from tests.bench.recorder_node import camera_id
from tests.bench.viewers_node import KEY, NODE, ORIGIN
from tests.live_viewer import PICTURE, LiveViewer
from tests.whep_viewer import Credentials, WhepViewer, read_rtp

from brightkitchen.kernel.clock import SystemClock, wait_until
from brightkitchen.kernel.mediatoken import Act, MediaClaims, sign_token
from brightkitchen.kernel.units import US_PER_S, Utc

_WRAP = 1 << 32
_STAMP = struct.Struct(">Q")
FIRST_PICTURE_S = 45.0
MAX_S = 60.0  # a lease that nobody renews ends after 120 s


class Crowd:
    """ages_us: of every picture at every viewer. looks: camera, stamp, when its last byte was here; µs, by WebSocket.

    gaps: packets of WebRTC that never came.
    """

    def __init__(self, viewers: int, cameras: int) -> None:
        self.clock = SystemClock()
        self.cameras = cameras
        self.ages_us: list[int] = []
        self.looks = array("q")
        self.pictures = [0] * viewers
        self.gaps = 0
        self.is_counting = False

    def camera(self, viewer: int) -> str:
        return camera_id(viewer % self.cameras)

    def token(self, number: int, again: int = 0) -> str:
        """Return a token for viewer `number` and the camera that it watches."""
        now = self.clock.utc()
        claims = MediaClaims(
            kid="k1",
            iss="control",
            aud=NODE,
            cam=self.camera(number),
            act=Act.LIVE,
            prof="main",
            sid=f"s{number}",
            cls="officer",
            iat=now,
            exp=Utc(now + 60 * US_PER_S),
            jti=f"j{number}-{again}-{now}",
            org=ORIGIN,
            wm="w",
        )
        return sign_token(claims, KEY)

    def note(self, viewer: int, filmed_us: int) -> None:
        self.pictures[viewer] += 1
        if self.is_counting:
            self.ages_us.append(self.clock.utc() - filmed_us)

    async def watch_ws(self, port: int, number: int) -> None:
        camera = number % self.cameras

        def look(head: bytes, _size_bytes: int) -> None:
            if head[0] == PICTURE:
                (filmed_us,) = _STAMP.unpack_from(head, 2)
                self.note(number, filmed_us)
                if self.is_counting:
                    self.looks.extend((camera, filmed_us, self.clock.utc()))

        path, loop, again = f"/live/{self.camera(number)}/ws", asyncio.get_running_loop(), 0
        while not self.pictures[number]:  # on a full machine the node's patience with a handshake may end
            token = self.token(number, again)
            make = lambda token=token: LiveViewer(path, origin=ORIGIN, token=token, on_media=look)  # noqa: E731
            transport, viewer = await loop.create_connection(make, "127.0.0.1", port)
            try:
                await viewer.ended
            finally:
                transport.close()
            again += 1

    async def watch_rtc(self, session: aiohttp.ClientSession, base: str, number: int, credentials: Credentials) -> None:
        viewer = WhepViewer(credentials)
        headers = {
            "Origin": ORIGIN,
            "Content-Type": "application/sdp",
            "Authorization": f"Bearer {self.token(number)}",
        }
        url = f"{base}/live/{self.camera(number)}/whep"
        async with session.post(url, data=viewer.offer(), headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            text = await answer.text()
        expected = -1

        def take(packet: bytes) -> None:
            nonlocal expected
            sequence, timestamp, _, _, is_last = read_rtp(packet)
            if self.is_counting and expected not in (-1, sequence):
                self.gaps += (sequence - expected) & 0xFFFF
            expected = (sequence + 1) & 0xFFFF
            if is_last:
                ticks = self.clock.utc() * 9 // 100
                self.note(number, (ticks - ((ticks - timestamp) % _WRAP)) * 100 // 9)

        viewer.on_rtp = take
        await viewer.connect(text)
        while True:  # as a browser: a check keeps the path alive
            await self.clock.sleep(2.5)
            viewer.check(nominates=True)


async def run(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    crowd, base = Crowd(arguments.viewers, arguments.cameras), f"http://127.0.0.1:{arguments.port}"
    credentials = Credentials()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        tasks = []
        for number in range(arguments.viewers):
            work = (
                crowd.watch_ws(arguments.port, number)
                if arguments.way == "ws"
                else crowd.watch_rtc(session, base, number, credentials)
            )
            tasks.append(asyncio.create_task(work))
            await crowd.clock.sleep(0.01)
        everybody = await wait_until(
            lambda: all(crowd.pictures) or any(task.done() for task in tasks), crowd.clock, timeout_s=FIRST_PICTURE_S
        )
        failed = [str(task.exception() or "cut off") for task in tasks if task.done()]
        print(json.dumps({"all": everybody and not failed, "failed": failed[:3]}), flush=True)
        await crowd.clock.sleep(arguments.settle)
        before, began_s = list(crowd.pictures), crowd.clock.mono_s()
        crowd.is_counting = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), MAX_S)
        crowd.is_counting = False
        elapsed_s = crowd.clock.mono_s() - began_s
        seen = [after - earlier for after, earlier in zip(crowd.pictures, before, strict=True)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if arguments.looks is not None:
        arguments.looks.write_bytes(crowd.looks.tobytes())
    ages = sorted(crowd.ages_us) or [0]
    figures = {
        "p50_ms": ages[len(ages) // 2] / 1000,
        "p95_ms": ages[len(ages) * 95 // 100] / 1000,
        "fps": sum(seen) / elapsed_s / len(seen),
        "least_fps": min(seen) / elapsed_s,
        "gaps": crowd.gaps,
    }
    print(json.dumps(figures), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=("ws", "webrtc"), required=True)
    parser.add_argument("--viewers", type=int, required=True)
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--looks", type=Path, help="where to write what came when, by WebSocket: int64, three a picture"
    )
    parser.add_argument("--settle", type=float, default=3.0)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
