"""What others may rely on from the store, and what the store relies on."""

from collections.abc import Sequence
from typing import Protocol

from brightkitchen.kernel.ids import SegmentId, StreamKey
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.model import Fragment, FrameLocation, OpenFile, SegmentInfo, Timeline


class Recordings(Protocol):
    """Questions about what is recorded. Thread-safe and synchronous; each answer takes at most a few milliseconds.

    An id that names nothing gives None, or raises BrightKitchenError(NOT_FOUND, "store.segment_unknown") where it says so.
    """

    def timeline(self, key: StreamKey, from_at: Utc, to_at: Utc) -> Timeline:
        """Return spans and gaps clipped to [from_at, to_at)."""

    def segments_between(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[SegmentInfo]:
        """Return the segments that touch [from_at, to_at), by start; the one being written is the last."""

    def segment(self, segment_id: SegmentId) -> SegmentInfo | None:
        """Return one segment; the caller compares its camera with what the viewer may see."""

    def fragments(self, segment_id: SegmentId) -> Sequence[Fragment]:
        """Return the fragments of a segment in order. raises: NOT_FOUND."""

    def locate(self, key: StreamKey, at: Utc) -> FrameLocation | None:
        """Return where the picture shown at `at` is; None if nothing was recorded then."""

    def locate_key(self, key: StreamKey, at: Utc) -> FrameLocation | None:
        """Return the nearest key frame at or before `at` in the same segment: one sample, for thumbnails."""

    def open_segment(self, segment_id: SegmentId) -> OpenFile:
        """Open a segment's file read-only, beneath the store's own descriptor. raises: NOT_FOUND."""

    def init_bytes(self, segment_id: SegmentId) -> bytes:
        """Return ``ftyp moov`` of the file, both tracks. raises: NOT_FOUND."""
