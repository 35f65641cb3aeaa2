"""RTP and RTCP over UDP unicast: one pair of sockets for each track, read in batches."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from brightkitchen.kernel.entropy import Entropy

_FIRST_PORT: Final = 20_000
_LAST_PORT: Final = 59_998
_TRIES: Final = 64
_RECEIVE_BUFFER_BYTES: Final = 1024 * 1024
_MAX_DATAGRAM_BYTES: Final = 65_536
_MAX_BATCH: Final = 128

PacketsHandler = Callable[[list[memoryview]], None]


class UdpPair:
    """An even port for RTP and the next for RTCP, on the address that the RTSP connection uses.

    Packets are taken only from the camera's address and, where it named them, its ports: the sockets are connected,
    so the kernel drops everybody else's.
    """

    def __init__(self, rtp: socket.socket, rtcp: socket.socket, scratch: memoryview) -> None:
        self._rtp = rtp
        self._rtcp = rtcp
        self._scratch = scratch
        self._source = ""
        self._handlers: list[tuple[socket.socket, PacketsHandler]] = []

    @classmethod
    def open(cls, local_address: str, entropy: Entropy, scratch: memoryview) -> "UdpPair":
        """Bind a free pair at random. raises: OSError if 64 tries found none."""
        family = socket.AF_INET6 if ":" in local_address else socket.AF_INET
        for _ in range(_TRIES):
            port = _FIRST_PORT + 2 * int(entropy.uniform(0, (_LAST_PORT - _FIRST_PORT) // 2))
            pair = _bind_pair(family, local_address, port)
            if pair is not None:
                return cls(*pair, scratch)
        raise OSError("no free pair of UDP ports")

    @property
    def ports(self) -> tuple[int, int]:
        return self._rtp.getsockname()[1], self._rtcp.getsockname()[1]

    def start(
        self, source: str, server_ports: tuple[int, int] | None, on_rtp: PacketsHandler, on_rtcp: PacketsHandler
    ) -> None:
        """Read from `source` (an IP) only. The slices handed out are valid during the call."""
        self._source = source
        ports = server_ports or (None, None)
        for sock, port, handler in ((self._rtp, ports[0], on_rtp), (self._rtcp, ports[1], on_rtcp)):
            if port is not None:
                sock.connect((source, port))
            self._handlers.append((sock, handler))
            asyncio.get_running_loop().add_reader(sock.fileno(), self._read, sock, handler, port is not None)

    def _read(self, sock: socket.socket, handler: PacketsHandler, connected: bool) -> None:
        packets: list[memoryview] = []
        position = 0
        while len(packets) < _MAX_BATCH and position + _MAX_DATAGRAM_BYTES <= len(self._scratch):
            try:
                size, peer = sock.recvfrom_into(self._scratch[position:])
            except (BlockingIOError, InterruptedError):
                break
            except OSError:  # ECONNREFUSED: the camera's port is closed by now; silence will tell
                continue
            if connected or peer[0] == self._source:
                packets.append(self._scratch[position : position + size])
                position += size
        if packets:
            handler(packets)

    def send_rtcp(self, packet: bytes) -> None:
        """Send a report if we know where to; a lost report is no loss."""
        try:
            self._rtcp.send(packet)
        except OSError:
            return

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for sock, _ in self._handlers:
            loop.remove_reader(sock.fileno())
        self._handlers.clear()
        self._rtp.close()
        self._rtcp.close()


def _bind_pair(family: socket.AddressFamily, address: str, port: int) -> tuple[socket.socket, socket.socket] | None:
    sockets: list[socket.socket] = []
    try:
        for number in (port, port + 1):
            sock = socket.socket(family, socket.SOCK_DGRAM)
            sockets.append(sock)
            sock.setblocking(False)
            sock.bind((address, number))
        sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    except OSError:
        for sock in sockets:
            sock.close()
        return None
    return sockets[0], sockets[1]
