"""The socket of WebRTC viewers against real sockets: order, what waits, what is lost (docs/design/media-path.md §4.5)."""

import asyncio
import socket
from pathlib import Path

import pytest

from brightkitchen.media.live.webrtc.udp import MAX_WAITING_BYTES, Address, UdpPort


def ignore(_data: bytes, _address: Address) -> None:
    """Nobody is listened to."""


async def read_all(receiver: socket.socket, count: int) -> list[bytes]:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        return [await loop.sock_recv(receiver, 2048) for _ in range(count)]


@pytest.mark.parametrize("sizes", [[1200] * 40 + [7], [1200], [30, 30]])
async def test_run_arrives_as_single_datagrams_in_order(sizes: list[int]) -> None:
    port = UdpPort(ignore)
    port.open("127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        packets = [bytes((at,)) * size for at, size in enumerate(sizes)]
        assert port.send(packets, receiver.getsockname())
        assert await read_all(receiver, len(packets)) == packets
    port.close()
    assert not port.send([b"late"], ("127.0.0.1", 9))


async def test_one_socket_serves_both_families_and_hears_who_speaks() -> None:
    heard: list[tuple[bytes, Address]] = []
    port = UdpPort(lambda data, address: heard.append((data, address)))
    port.open("::", 0)
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as peer:
            peer.setblocking(False)
            peer.connect((host, port.port))
            peer.send(b"hello")
            async with asyncio.timeout(10):
                while not heard:
                    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
            data, address = heard.pop()
            assert data == b"hello"
            assert port.send([b"answer"], address)
            assert await read_all(peer, 1) == [b"answer"]
    port.close()


async def test_what_the_kernel_does_not_take_waits_in_order_up_to_a_bound(tmp_path: Path) -> None:
    """A Unix datagram socket is full after a few: what a busy network card is to UDP."""
    port = UdpPort(ignore)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(str(tmp_path / "viewer"))
        for each in (receiver, sender):
            each.setblocking(False)
        port.adopt(sender, cuts=False)
        to: Address = str(tmp_path / "viewer")  # type: ignore[assignment]  # of another family than in the product
        packets = [number.to_bytes(2) + bytes(1000) for number in range(2000)]
        for at in range(0, len(packets), 40):
            assert port.send(packets[at : at + 40], to)
        assert [packet[:2] for packet in await read_all(receiver, len(packets))] == [packet[:2] for packet in packets]
        taken = 0
        while port.send([bytes(65_000)] * 10, to):
            taken += 650_000
            assert taken < 2 * MAX_WAITING_BYTES
        assert taken > MAX_WAITING_BYTES // 2
        port.close()


async def test_viewer_that_cannot_be_reached_costs_nobody_else_anything(tmp_path: Path) -> None:
    port = UdpPort(ignore)
    port.open("127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        assert not port.send([b"x"], ("255.255.255.255", 9))  # a broadcast is refused
        assert port.send([b"y"], receiver.getsockname())
        assert await read_all(receiver, 1) == [b"y"]
    port.close()
