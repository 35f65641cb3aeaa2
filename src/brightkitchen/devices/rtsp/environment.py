"""What all RTSP sources of one process share: guard, clocks, the connect gate, and one read buffer."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from brightkitchen.devices.rtsp.limiter import ConnectLimiter
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.netguard import NetGuard
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AccessUnit, Format
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.receiver import UDP_REORDER, RtpReceiver

READ_BUFFER_BYTES = 512 * 1024
LOW_WATER_BYTES = 256 * 1024


class FormatChange(Protocol):
    """Before `units[index]` of the answer just given, `track` takes this format."""

    @property
    def index(self) -> int: ...
    @property
    def track(self) -> int: ...
    @property
    def format(self) -> Format: ...


class ReceiverNote(Protocol):
    """What a camera does otherwise than it says. code: stable; the ones that matter here are in connection.py."""

    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> str: ...


class FormatChanges(Protocol):
    """A list of them; we empty it once we have told the sink."""

    def __iter__(self) -> Iterator[FormatChange]: ...
    def __len__(self) -> int: ...
    def clear(self) -> None: ...


class MediaReceiver(Protocol):
    """What we need of `wire.rtp.receiver.RtpReceiver`: RTP packets in, access units out; data is copied out at once."""

    @property
    def changes(self) -> FormatChanges: ...
    @property
    def notes(self) -> Sequence[ReceiverNote]: ...
    @property
    def packets_received(self) -> int: ...
    @property
    def packets_lost(self) -> int: ...
    @property
    def clock_drift_us(self) -> int | None: ...
    def receive_rtp(self, track: int, packets: Sequence[memoryview], received_at: Utc) -> list[AccessUnit]: ...
    def receive_rtcp(self, track: int, packet: memoryview, received_at: Utc) -> None: ...
    def set_rtp_info(self, track: int, sequence: int | None, rtptime: int | None) -> None: ...
    def build_report(self, track: int, received_at: Utc) -> bytes: ...


ReceiverFactory = Callable[[Sequence[TrackDescription], bool], MediaReceiver]
"""Makes the receiver of one session from its tracks; the flag says that they come by UDP, so perhaps out of order."""


def rtp_receiver(tracks: Sequence[TrackDescription], udp: bool) -> MediaReceiver:
    """Return the product's receiver; only UDP needs one that waits for packets out of order."""
    return RtpReceiver(tracks, reorder=UDP_REORDER if udp else 0)


def unverified_tls() -> ssl.SSLContext:
    """Return the TLS that cameras can do: encrypted, but with the certificate they made themselves (devices.md#tls)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(frozen=True, slots=True)
class RtspEnvironment:
    """read_buffer: shared by all connections of one event loop, because a read is consumed before the next begins.

    low_water_bytes: how much the kernel may collect for a stream that nobody watches; 1 = never collect.
    """

    guard: NetGuard
    clock: Clock
    entropy: Entropy
    receiver: ReceiverFactory = rtp_receiver
    limiter: ConnectLimiter = field(default_factory=ConnectLimiter)
    read_buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(READ_BUFFER_BYTES)))
    low_water_bytes: int = LOW_WATER_BYTES
    tls: ssl.SSLContext = field(default_factory=unverified_tls)
