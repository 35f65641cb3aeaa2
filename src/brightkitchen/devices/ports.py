"""What the rest of the product may rely on from a device. `media` says the same in its own ports; `bootstrap` joins them.

A source is *pulled* (RTSP: we connect) or *arriving* (later: GB/T 28181, RTMP: the camera connects to us). Both feed a `MediaSink`.
"""

from dataclasses import dataclass
from typing import Protocol

from brightkitchen.kernel.cameraspec import Credential
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.ids import Profile
from brightkitchen.wire.au import AccessUnit, Format


class MediaSink(Protocol):
    """Where a source puts what it receives. Called on the event loop, never blocks, never raises."""

    def on_connected(self) -> None:
        """A new session begins: the timeline restarts at 0 and formats will be announced again."""

    def on_format(self, track: int, format: Format) -> None:
        """`track` carries this from the next unit on; again whenever parameter sets change in band."""

    def on_units(self, units: list[AccessUnit]) -> None:
        """Units in arrival order, of any track; at most what one read brought. The list is the sink's to keep."""

    def on_state(self, state: CameraState, reason: Reason | None, detail: str) -> None:
        """The connection's state changed. detail: one English sentence for the log, without secrets."""


@dataclass(slots=True)
class SourceCounters:
    """Since the connection was made; read by the stream's owner whenever it likes.

    clock_drift_us: the camera's wall clock minus ours; None while it has not said its time.
    """

    bytes_received: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    frames: int = 0
    attempts: int = 0
    clock_drift_us: int | None = None


class MediaSource(Protocol):
    """One stream of one camera, kept connected."""

    @property
    def counters(self) -> SourceCounters: ...

    async def run(self) -> None:
        """Connect, feed the sink, reconnect with back-off and jitter; until cancelled. Never returns by itself."""

    def set_low_latency(self, wanted: bool) -> None:
        """True while somebody watches: deliver each packet at once. False: let the kernel collect (SO_RCVLOWAT)."""


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """What a source needs to connect. credential is None for a camera without a log-in."""

    camera: str
    profile: Profile
    host: str
    port: int
    tls: bool
    path: str
    transport: str
    want_audio: bool
    allow_basic: bool
    credential: Credential | None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What `camera probe` and the page's try-out found. `reason` None = the first picture came."""

    reason: Reason | None
    detail: str
    formats: tuple[Format, ...]
    fps: float
    bitrate_bps: int
    server: str
    elapsed_s: float
