"""The one UDP socket of all WebRTC viewers of a node. Nothing here waits. What the kernel does not take at once, since the network card
is busy with a key frame for a hundred viewers, is kept in order up to a bound; what is beyond it is lost, and said so.

A picture is many datagrams of one size. Where the kernel can cut them itself (Linux UDP_SEGMENT), a run of them costs one call.
"""

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Final

from brightkitchen.kernel.log import get_logger

log = get_logger(__name__)

Address = tuple[str, int] | tuple[str, int, int, int]
MAX_RUN: Final = 40  # of datagrams in one call: under the kernel's 64, and 48 KiB at 1,200 bytes each
_UDP_SEGMENT: Final = 103
_MAX_DATAGRAM_BYTES: Final = 2048
_READS_AT_ONCE: Final = 128
_BUFFER_BYTES: Final = 4 * 1024 * 1024
MAX_WAITING_BYTES: Final = 16 * 1024 * 1024
_size = Struct("@H").pack
_NO_SEGMENTS: Final = frozenset((errno.EIO, errno.EINVAL, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE))


class UdpPort:
    """on_datagram(data, address) is called for each datagram, on the loop."""

    def __init__(self, on_datagram: Callable[[bytes, Address], None]) -> None:
        self._on_datagram = on_datagram
        self._socket: socket.socket | None = None
        self._cuts = True  # the kernel cuts runs
        self._waiting: deque[tuple[Sequence[bytes], Address]] = deque()
        self._waiting_bytes = 0

    @property
    def port(self) -> int:
        """The port that is listened on, 0 while closed."""
        return int(self._socket.getsockname()[1]) if self._socket is not None else 0

    def open(self, host: str, port: int) -> None:
        """Listen; harmless if open. raises: OSError if the address is taken."""
        if self._socket is not None:
            return
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICHOST
        )[0]
        opened = socket.socket(family, kind, protocol)
        try:
            if family is socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            opened.setblocking(False)
            opened.bind(address)
        except OSError:
            opened.close()
            raise
        self.adopt(opened)

    def adopt(self, opened: socket.socket, *, cuts: bool = True) -> None:
        """Use this socket, which does not block; it is closed with the port. cuts: the kernel may be asked to cut runs."""
        self._socket, self._cuts = opened, cuts
        asyncio.get_running_loop().add_reader(opened, self._read)

    def close(self) -> None:
        """Stop listening; harmless if closed."""
        opened, self._socket = self._socket, None
        if opened is not None:
            asyncio.get_running_loop().remove_reader(opened)
            asyncio.get_running_loop().remove_writer(opened)
            self._waiting.clear()
            self._waiting_bytes = 0
            opened.close()

    def send(self, packets: Sequence[bytes], address: Address) -> bool:
        """Send datagrams; False if one is lost. All but the last have one size, the last is no longer; at most `MAX_RUN`."""
        if self._socket is None:
            return False
        if not self._waiting:
            left = self._try(self._socket, packets, address)
            if not left:
                return left is not None
            packets = left
            asyncio.get_running_loop().add_writer(self._socket, self._go_on)
        if self._waiting_bytes > MAX_WAITING_BYTES:
            return False
        self._waiting.append((packets, address))
        self._waiting_bytes += sum(map(len, packets))
        return True

    def _try(self, to: socket.socket, packets: Sequence[bytes], address: Address) -> Sequence[bytes] | None:
        """Return what the kernel does not take now; None if there is no way to this viewer, whose silence will end it."""
        at = 0
        try:
            if self._cuts and len(packets) > 1:
                to.sendmsg(packets, ((socket.IPPROTO_UDP, _UDP_SEGMENT, _size(len(packets[0]))),), 0, address)
                return ()
            for at, packet in enumerate(packets):  # noqa: B007  says in the end what was not sent
                to.sendto(packet, address)
        except BlockingIOError:
            return packets[at:]
        except OSError as refused:
            if not (self._cuts and len(packets) > 1 and refused.errno in _NO_SEGMENTS):
                return None
            self._cuts = False
            log.info("the kernel does not cut datagrams", error=errno.errorcode.get(refused.errno or 0, "?"))
            return self._try(to, packets, address)
        return ()

    def _go_on(self) -> None:
        """The kernel takes more."""
        while self._waiting and self._socket is not None:
            packets, address = self._waiting.popleft()
            self._waiting_bytes -= sum(map(len, packets))
            left = self._try(self._socket, packets, address)
            if left:
                self._waiting.appendleft((left, address))
                self._waiting_bytes += sum(map(len, left))
                return
        if self._socket is not None:
            asyncio.get_running_loop().remove_writer(self._socket)

    def _read(self) -> None:
        for _ in range(_READS_AT_ONCE):
            if self._socket is None:
                return
            try:
                data, address = self._socket.recvfrom(_MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:  # an ICMP refusal of what was sent to somebody who went
                continue
            if data:
                self._on_datagram(data, address)
