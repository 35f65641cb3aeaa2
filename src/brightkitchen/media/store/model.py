"""What the store tells about recordings: values only. Procedures and invariants: docs/design/storage.md."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from brightkitchen.kernel.ids import SegmentId, StreamKey
from brightkitchen.kernel.units import Utc, ticks_to_us

JOIN_TOLERANCE_US: Final = 1_000_000
"""Two neighbours that lie closer than this are one span: the slewed wall clock and a camera's jitter explain it."""


class EndReason(StrEnum):
    """Why a segment file ends where it does."""

    FULL = "full"  # its minute (or its size) was over
    CONNECTION = "connection"  # the camera's connection ended or began anew
    SILENT = "silent"  # the camera sent no picture for a while, on a connection that lived
    FORMAT = "format"  # resolution, codec or parameter sets changed
    WALL_JUMP = "wall_jump"  # the wall clock moved by more than 2 s
    STOPPED = "stopped"  # recording was switched off, or the node stopped in order
    DISK_SLOW = "disk_slow"  # the disk could not keep up: whole GOPs were dropped
    DISK_FULL = "disk_full"  # there was no room
    DISK_ERROR = "disk_error"  # the system refused a write
    RECOVERED = "recovered"  # the node died; start-up closed the file


class GapReason(StrEnum):
    """Why nothing is there, beside every `kernel.camerastate.Reason`."""

    NODE_STOPPED = "node_stopped"
    NOT_PLANNED = "not_planned"
    DISK_SLOW = "disk_slow"
    DISK_FULL = "disk_full"
    DISK_ERROR = "disk_error"
    UNKNOWN = "unknown"
    RETENTION = "retention"  # it was recorded, and deleted since
    LOST = "lost"  # it was recorded, and the file is gone or damaged: `check --repair` said so
    VOLUME_MISSING = "volume_missing"  # it was recorded on a volume that is not there now


@dataclass(frozen=True, slots=True)
class Fragment:
    """One stretch of at most a GOP or a second: ``moof mdat`` of video, then (if there was sound) of audio.

    start_ticks: when its first picture is shown, 90 kHz from the start of the file (without B-frames = `tfdt` of track 1).
    offset:      of the video `moof` in the file; the audio `moof` is at offset + video_bytes.
    """

    start_ticks: int
    duration_ticks: int
    offset: int
    video_bytes: int
    audio_bytes: int
    frames: int
    is_key: bool

    @property
    def audio_offset(self) -> int:
        return self.offset + self.video_bytes

    @property
    def end_offset(self) -> int:
        return self.offset + self.video_bytes + self.audio_bytes


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """One segment file. UTC of tick t of the file = start_at + ticks_to_us(t), for all of the file.

    run:        the camera connection it belongs to; neighbours of one run play without a discontinuity of content.
    init_bytes: length of ``ftyp moov`` at the start of the file.
    is_open:    still being written; duration, size and frames are those of this moment.
    volume:     number of the place it lies on, 1 = the store's own folder.
    content_hash: XXH3-128 of the whole file, hex; "" while it is open, or not read again after a death.
    """

    id: SegmentId
    key: StreamKey
    run: str
    start_at: Utc
    duration_ticks: int
    size_bytes: int
    init_bytes: int
    frames: int
    video_codec: str
    audio_codec: str
    width_px: int
    height_px: int
    is_open: bool
    end_reason: EndReason | None
    volume: int = 1
    content_hash: str = ""

    @property
    def has_audio(self) -> bool:
        return self.audio_codec != ""

    @property
    def end_at(self) -> Utc:
        """The first instant that this file does not cover."""
        return Utc(self.start_at + ticks_to_us(self.duration_ticks))


@dataclass(frozen=True, slots=True)
class Span:
    """Recorded without a hole: [from_at, to_at)."""

    from_at: Utc
    to_at: Utc


@dataclass(frozen=True, slots=True)
class Gap:
    """Not recorded. reason: a `camerastate.Reason` or a `GapReason`, as its text."""

    from_at: Utc
    to_at: Utc
    reason: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What there is of a stream between two instants; spans and gaps are in order, together they leave nothing out.

    first_at, last_at: the bounds of all that is stored of this stream, whatever was asked; None if nothing is.
    gaps:              only between first_at and now.
    """

    from_at: Utc
    to_at: Utc
    first_at: Utc | None
    last_at: Utc | None
    spans: tuple[Span, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class SampleRange:
    """Where one stored picture lies in its file, in decoding order. data: AVCC, 4-byte lengths."""

    offset: int
    size_bytes: int
    at: Utc
    is_key: bool


@dataclass(frozen=True, slots=True)
class FrameLocation:
    """The picture that was shown at an instant: the last one whose time is not after it.

    samples: from the key frame up to and with that picture, in decoding order; the wanted one is the last.
    """

    segment: SegmentInfo
    fragment_start_ticks: int
    samples: tuple[SampleRange, ...]
    frame_at: Utc


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A segment opened for reading. The caller closes fd. size_bytes: all whole fragments written by now."""

    fd: int
    size_bytes: int
    is_open: bool
