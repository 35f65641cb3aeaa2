"""What the recorder tells the store to do. Handed over in lists, in order; nobody changes a buffer afterwards."""

from dataclasses import dataclass

import msgspec

from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.model import EndReason
from brightkitchen.media.store.opened import OpenSegment


class Append(msgspec.Struct, frozen=True):
    """Write one fragment (P2); the first one of a segment creates the file (P1). Sizes are sums over `buffers`.

    A `msgspec.Struct`, because every camera makes one a second, and a frozen dataclass takes ten times as long.
    """

    segment: OpenSegment
    buffers: list[bytes]
    video_bytes: int
    audio_bytes: int
    start_ticks: int
    duration_ticks: int
    frames: int
    is_key: bool

    @property
    def size_bytes(self) -> int:
        return self.video_bytes + self.audio_bytes


@dataclass(frozen=True, slots=True)
class AppendAudio:
    """Write sound that arrived after the last picture of its segment, behind the last fragment."""

    segment: OpenSegment
    buffers: list[bytes]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Close:
    """Finish the file (P3)."""

    segment: OpenSegment
    reason: EndReason


@dataclass(frozen=True, slots=True)
class GapStart:
    """Nothing is recorded from `at` on. reason: a `camerastate.Reason` or `GapReason` as text."""

    key: StreamKey
    at: Utc
    reason: str


@dataclass(frozen=True, slots=True)
class GapEnd:
    """Recorded again from `at` on."""

    key: StreamKey
    at: Utc


Command = Append | AppendAudio | Close | GapStart | GapEnd
ForIndex = Close | GapStart | GapEnd
