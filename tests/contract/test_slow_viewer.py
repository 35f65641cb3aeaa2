"""A live viewer that stops to read costs itself groups of pictures, and nobody else anything (docs/design/media-path.md §4.1).

Real sockets, a real node; the camera's pictures come by hand, each once the viewer that keeps up has the one before.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from tests.live_viewer import KEY as KEY_FLAG
from tests.live_viewer import PICTURE, LiveViewer
from tests.media_node import CAMERA, ORIGIN, NodeBench, running_node
from tests.media_synthetic import VIDEO, picture

from brightkitchen.kernel.clock import SystemClock, wait_until
from brightkitchen.kernel.mediatoken import Act
from brightkitchen.media.live.wsfmp4.viewer import MAX_BUFFER_BYTES, MIN_BUFFER_BYTES
from brightkitchen.wire.au import VIDEO_TRACK

GOP = 25
PICTURE_BYTES = 20_000
GOP_BYTES = GOP * (PICTURE_BYTES + 200)
RECEIVE_BYTES = 64 * 1024  # at the viewer's kernel, which doubles it
SYSTEM_BYTES = 2 * 256 * 1024 + 4 * RECEIVE_BYTES
"""What the two kernels hold of a connection at most: the node asks for 256 KiB and Linux doubles it."""
TIMEOUT_S = 10


class Spectator:
    """A viewer that notes which pictures it got; the camera wrote their numbers into them."""

    def __init__(self) -> None:
        self.pictures: list[tuple[int, bool]] = []
        self.texts: list[dict[str, object]] = []
        self.received_bytes = 0
        self.bytes_before_lag = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.viewer: LiveViewer

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.pictures]

    def on_media(self, message: bytes, size_bytes: int) -> None:
        self.received_bytes += size_bytes
        if message[0] == PICTURE:
            self.pictures.append((struct.unpack(">I", message[-4:])[0], bool(message[1] & KEY_FLAG)))
            self._tell()

    def on_text(self, said: dict[str, object]) -> None:
        self.texts.append(said)
        if said["type"] == "lag":
            self.bytes_before_lag = self.received_bytes
        self._tell()

    @property
    def lags(self) -> list[object]:
        return [said["dropped_gops"] for said in self.texts if said["type"] == "lag"]

    async def wait_number(self, number: int) -> None:
        """Wait for that picture, at most `TIMEOUT_S`."""
        async with asyncio.timeout(TIMEOUT_S), self._changed:
            await self._changed.wait_for(lambda: bool(self.pictures) and self.pictures[-1][0] >= number)

    async def leave(self) -> None:
        assert self.viewer.transport is not None
        self.viewer.transport.abort()
        async with asyncio.timeout(TIMEOUT_S):
            await self.viewer.ended

    def _tell(self) -> None:
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@dataclass
class Hall:
    """A node whose camera has shown its first picture, and who watches it."""

    node: NodeBench
    spectators: list[Spectator] = field(default_factory=list)


async def join(hall: Hall) -> Spectator:
    """Connect one more viewer, whose kernel keeps little; it has the first picture."""
    node, spectator = hall.node, Spectator()
    hall.spectators.append(spectator)
    plain = socket.socket()
    plain.setblocking(False)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(plain, ("127.0.0.1", node.port.port))
    _, spectator.viewer = await loop.create_connection(
        lambda: LiveViewer(
            f"/live/{CAMERA}/ws",
            origin=ORIGIN,
            token=node.token(Act.LIVE),
            on_media=spectator.on_media,
            on_text=spectator.on_text,
            kept_bytes=None,
        ),
        sock=plain,
    )
    await spectator.wait_number(0)
    return spectator


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with running_node(tmp_path / "store") as node:
        await node.connect({VIDEO_TRACK: VIDEO})
        node.sources.last.feed([picture(0, gop=GOP, size_bytes=PICTURE_BYTES)])
        one = Hall(node)
        yield one
        for spectator in one.spectators:
            await spectator.leave()


async def show(node: NodeBench, brisk: Spectator, first: int, count: int) -> int:
    """Feed pictures, each when the brisk viewer has the last one. returns: the most that waited for all viewers, bytes."""
    most_bytes = 0
    for number in range(first, first + count):
        node.sources.last.feed([picture(number, gop=GOP, size_bytes=PICTURE_BYTES)])
        most_bytes = max(most_bytes, node.server.muxers.waiting_bytes)
        await brisk.wait_number(number)
    return most_bytes


async def test_viewer_that_stops_reading_loses_whole_gops_alone_and_returns_at_a_key_frame(hall: Hall) -> None:
    brisk, slow = await join(hall), await join(hall)
    slow.viewer.stop_reading()
    most_bytes = await show(hall.node, brisk, 1, 20 * GOP - 1)
    limit_bytes = max(MIN_BUFFER_BYTES, GOP_BYTES)
    assert MIN_BUFFER_BYTES < most_bytes <= limit_bytes + 2 * PICTURE_BYTES < MAX_BUFFER_BYTES
    assert slow.numbers[-1] < GOP
    assert brisk.lags == []

    slow.viewer.read_again()
    number = 20 * GOP
    while not slow.lags and number < 40 * GOP:
        await show(hall.node, brisk, number, 1)
        number += 1
    await show(hall.node, brisk, number, GOP)
    last = number + GOP - 1
    await slow.wait_number(last)

    assert brisk.numbers == list(range(last + 1))
    assert slow.bytes_before_lag <= limit_bytes + 2 * PICTURE_BYTES + SYSTEM_BYTES
    holes = [(one, other) for (one, _), (other, _) in pairwise(slow.pictures) if other != one + 1]
    assert len(holes) == 1
    before, after = holes[0]
    assert (after % GOP, dict(slow.pictures)[after]) == (0, True)
    assert slow.lags == [after // GOP - (before + 1) // GOP]
    assert after > 19 * GOP


async def test_viewers_that_stop_reading_hold_the_bound_each_while_another_goes_on(hall: Hall) -> None:
    brisk, *slow = [await join(hall) for _ in range(9)]
    for each in slow:
        each.viewer.stop_reading()
    half = await show(hall.node, brisk, 1, 10 * GOP)
    whole = await show(hall.node, brisk, 10 * GOP + 1, 10 * GOP)
    assert whole <= len(slow) * (GOP_BYTES + 2 * PICTURE_BYTES)
    assert whole <= half + len(slow) * 2 * PICTURE_BYTES  # it does not grow with the time that they do not read
    assert brisk.numbers == list(range(20 * GOP + 1))


async def test_viewer_that_stopped_reading_is_cut_off_when_its_lease_ends(hall: Hall) -> None:
    brisk, slow = await join(hall), await join(hall)
    slow.viewer.stop_reading()
    await show(hall.node, brisk, 1, 10 * GOP)
    waiting_bytes = hall.node.server.muxers.waiting_bytes
    assert waiting_bytes > MIN_BUFFER_BYTES
    assert hall.node.server.revoke(sid="s1") == 2
    async with asyncio.timeout(TIMEOUT_S):
        await brisk.viewer.ended
    await hall.node.clock.advance(3)
    tasks = len(hall.node.supervisor)
    assert await wait_until(lambda: len(hall.node.supervisor) > tasks, SystemClock(), timeout_s=TIMEOUT_S)
    await hall.node.clock.advance(3)
    received_bytes = slow.received_bytes
    slow.viewer.read_again()
    async with asyncio.timeout(TIMEOUT_S):
        await slow.viewer.ended
    assert (slow.viewer.close_code, brisk.viewer.close_code) == (0, 4000)
    assert slow.received_bytes - received_bytes <= SYSTEM_BYTES  # what waited in the node was thrown away
    assert {said["type"] for said in slow.texts} == {"lease", "state", "hello"}
