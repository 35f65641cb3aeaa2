"""The last step: bytes into a socket, without ever waiting and without an unbounded queue."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from brightkitchen_sim.payload import PREFIX_BYTES, split_packets

MAX_BACKLOG_BYTES = 1 << 20
_UDP_SEND_BUFFER_BYTES = 1 << 20


class Outlet(Protocol):
    """Where the packets of one track go for one client."""

    def write_frame(self, data: bytearray, offsets: Sequence[int]) -> bool:
        """Send all packets of a frame; False when there was no room and nothing was sent."""

    def write_packet(self, packet: bytes | memoryview) -> None:
        """Send one packet with its interleaving prefix."""

    def write_noise(self, noise: bytes) -> None:
        """Send bytes that are no packet."""

    def write_rtcp(self, report: bytes) -> None: ...

    def close(self) -> None: ...


class SocketWriter:
    """Writes to a non-blocking TCP socket at once; what does not fit waits, up to a bound.

    A plain socket and not a transport: a transport gathers the writes of one turn into one, and a camera that
    writes each packet by itself could not be imitated.
    """

    def __init__(self, sock: socket.socket, on_closed: Callable[[], None]) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._loop = asyncio.get_running_loop()
        self._on_closed = on_closed
        self._backlog: deque[bytes] = deque()
        self._finish = False
        self.backlog_bytes = 0
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, or keep what the socket does not take now. Answers are always kept; media check `has_room`."""
        if self.closed:
            return
        if self._backlog:
            self._keep(bytes(data))
            return
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close()
            return
        if sent < len(data):
            self._keep(bytes(data[sent:]))
            self._loop.add_writer(self._fd, self._flush)

    def has_room(self) -> bool:
        return self.backlog_bytes < MAX_BACKLOG_BYTES and not self.closed

    def finish(self) -> None:
        """Send what is kept, then tell the client that no more will come."""
        self._finish = True
        if not self._backlog:
            self._shut()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._backlog.clear()
        self._loop.remove_writer(self._fd)
        self._loop.remove_reader(self._fd)
        self._sock.close()
        self._on_closed()

    def _keep(self, data: bytes) -> None:
        self._backlog.append(data)
        self.backlog_bytes += len(data)
        if self.backlog_bytes > 4 * MAX_BACKLOG_BYTES:  # a client that asks and asks but never reads
            self.close()

    def _flush(self) -> None:
        while self._backlog:
            data = self._backlog[0]
            try:
                sent = self._sock.send(data)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.close()
                return
            self.backlog_bytes -= sent
            if sent < len(data):
                self._backlog[0] = data[sent:]
                return
            self._backlog.popleft()
        self._loop.remove_writer(self._fd)
        if self._finish:
            self._shut()

    def _shut(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()


class TcpOutlet:
    """Packets interleaved with the answers of an RTSP connection.

    default_channel: the channel the track's templates are made for; another one is patched in.
    """

    def __init__(self, writer: SocketWriter, channel: int, default_channel: int, *, each_packet: bool) -> None:
        self._writer = writer
        self._channel = channel
        self._patch = channel != default_channel
        self._each_packet = each_packet

    def write_frame(self, data: bytearray, offsets: Sequence[int]) -> bool:
        writer = self._writer
        if not writer.has_room():
            return False
        if self._patch:
            data = bytearray(data)
            for offset in offsets:
                data[offset + 1] = self._channel
        if not self._each_packet or len(offsets) == 1:
            writer.write(data)
            return True
        for packet in split_packets(data, offsets):
            writer.write(packet)
        return True

    def write_packet(self, packet: bytes | memoryview) -> None:
        if self._writer.has_room():
            self._writer.write(b"$" + bytes([self._channel]) + packet[2:])

    def write_noise(self, noise: bytes) -> None:
        if self._writer.has_room():
            self._writer.write(noise)

    def write_rtcp(self, report: bytes) -> None:
        if self._writer.has_room():
            self._writer.write(b"$" + bytes([self._channel + 1]) + len(report).to_bytes(2, "big") + report)

    def close(self) -> None:
        """The connection is not this outlet's to close."""


class UdpOutlet:
    """A pair of UDP sockets: even port RTP, odd port RTCP."""

    def __init__(self, host: str, client: str, client_ports: tuple[int, int], on_rtcp: Callable[[], None]) -> None:
        self._rtp, self._rtcp = _bind_pair(host)
        self.server_ports = (int(self._rtp.getsockname()[1]), int(self._rtcp.getsockname()[1]))
        self._rtp_to = (client, client_ports[0])
        self._rtcp_to = (client, client_ports[1])
        self._on_rtcp = on_rtcp
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._rtcp.fileno(), self._read_rtcp)
        self._loop.add_reader(self._rtp.fileno(), self._read_rtp)

    def write_frame(self, data: bytearray, offsets: Sequence[int]) -> bool:
        for packet in split_packets(data, offsets):
            self._send(self._rtp, packet[PREFIX_BYTES:], self._rtp_to)
        return True

    def write_packet(self, packet: bytes | memoryview) -> None:
        self._send(self._rtp, packet[PREFIX_BYTES:], self._rtp_to)

    def write_noise(self, noise: bytes) -> None:
        self._send(self._rtp, noise, self._rtp_to)

    def write_rtcp(self, report: bytes) -> None:
        self._send(self._rtcp, report, self._rtcp_to)

    def close(self) -> None:
        for sock in (self._rtp, self._rtcp):
            if sock.fileno() >= 0:
                self._loop.remove_reader(sock.fileno())
                sock.close()

    def _send(self, sock: socket.socket, data: bytes | memoryview, to: tuple[str, int]) -> None:
        try:
            sock.sendto(data, to)
        except OSError:
            return  # a datagram that cannot go now is lost, as on any network

    def _read_rtcp(self) -> None:
        try:
            _, sender = self._rtcp.recvfrom(2048)
        except OSError:
            return
        if sender[0] == self._rtcp_to[0]:
            self._on_rtcp()

    def _read_rtp(self) -> None:
        """Clients punch holes into firewalls with datagrams to this port; they carry nothing."""
        try:
            self._rtp.recv(2048)
        except OSError:
            return


def _bind_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Bind an even port and the odd one above it. Raises OSError after many attempts."""
    for _ in range(64):
        even = _bind(host, 0)
        port = int(even.getsockname()[1])
        if port % 2 == 0:
            try:
                return even, _bind(host, port + 1)
            except OSError:
                pass
        even.close()
    raise OSError("no pair of free UDP ports")


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UDP_SEND_BUFFER_BYTES)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
