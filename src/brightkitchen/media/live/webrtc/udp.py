"""The one UDP socket of all WebRTC viewers of a node. Nothing here waits: what the kernel does not take at once is lost, and said so.

A picture is many datagrams of one size. Where the kernel can cut them itself (Linux UDP_SEGMENT), a run of them costs one call.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Final

from brightkitchen.kernel.log import get_logger

log = get_logger(__name__)

Address = tuple[str, int] | tuple[str, int, int, int]
MAX_RUN: Final = 48  # of datagrams in one call: under the kernel's 64, and under 64 KiB at 1,200 bytes each
_UDP_SEGMENT: Final = 103
_MAX_DATAGRAM_BYTES: Final = 2048
_READS_AT_ONCE: Final = 128
_BUFFER_BYTES: Final = 4 * 1024 * 1024
_size = Struct("@H").pack
_NO_SEGMENTS: Final = frozenset((errno.EIO, errno.EINVAL, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE))


class UdpPort:
    """on_datagram(data, address) is called for each datagram, on the loop."""

    def __init__(self, on_datagram: Callable[[bytes, Address], None]) -> None:
        self._on_datagram = on_datagram
        self._socket: socket.socket | None = None
        self._cuts = True  # the kernel cuts runs

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
        self._socket = opened
        asyncio.get_running_loop().add_reader(opened, self._read)

    def close(self) -> None:
        """Stop listening; harmless if closed."""
        opened, self._socket = self._socket, None
        if opened is not None:
            asyncio.get_running_loop().remove_reader(opened)
            opened.close()

    def send(self, packets: Sequence[bytes], address: Address) -> bool:
        """Send datagrams; False if one did not go out. All but the last have one size, the last is no longer; at most `MAX_RUN`."""
        if self._socket is None:
            return False
        try:
            if self._cuts and len(packets) > 1:
                self._socket.sendmsg(packets, ((socket.IPPROTO_UDP, _UDP_SEGMENT, _size(len(packets[0]))),), 0, address)
                return True
            for packet in packets:
                self._socket.sendto(packet, address)
        except BlockingIOError:
            return False
        except OSError as refused:
            if not (self._cuts and len(packets) > 1 and refused.errno in _NO_SEGMENTS):
                return False  # no way to this viewer; its silence will end it
            self._cuts = False
            log.info("the kernel does not cut datagrams", error=errno.errorcode.get(refused.errno or 0, "?"))
            return self.send(packets, address)
        return True

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
