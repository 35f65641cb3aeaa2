"""Segments that are being written: the writer's notes, which also answer questions until the row is there."""

import threading
from dataclasses import replace

import xxhash

from brightkitchen.kernel.ids import SegmentId, StreamKey
from brightkitchen.kernel.units import Utc, ticks_to_us
from brightkitchen.media.store.layout import SegmentLabel, add_label
from brightkitchen.media.store.model import EndReason, Fragment, SegmentInfo


class OpenSegment:
    """One file from its first fragment to its row. Changed by the writing thread only; `info` may be asked anywhere.

    A list's `append` and item assignment are atomic, and `info` reads the list once: a reader sees whole fragments.
    """

    __slots__ = ("_fragments", "epoch", "failure", "fd", "hashing", "head", "label", "volume")

    def __init__(self, label: SegmentLabel, init: bytes) -> None:
        self.label = label
        self.head = add_label(init, label)
        self.fd = -1
        self.volume = 1
        self.epoch = 0  # of the volume when the file was made
        self.hashing = xxhash.xxh3_128()  # of what was written; the writing thread's
        self.failure: EndReason | None = None
        self._fragments: list[Fragment] = []

    @property
    def fragments(self) -> tuple[Fragment, ...]:
        return tuple(self._fragments)

    @property
    def size_bytes(self) -> int:
        """Everything before this offset is whole (I2)."""
        return self._fragments[-1].end_offset if self._fragments else 0

    @property
    def last_at(self) -> Utc | None:
        """The instant up to which it is recorded; None while nothing is."""
        if not self._fragments:
            return None
        last = self._fragments[-1]
        return Utc(self.label.start_at + ticks_to_us(last.start_ticks + last.duration_ticks))

    def hash_more(self, buffers: list[bytes]) -> None:
        """These bytes are in the file now, behind all others."""
        update = self.hashing.update
        for buffer in buffers:
            update(buffer)

    def add(self, fragment: Fragment) -> None:
        self._fragments.append(fragment)

    def add_audio(self, size_bytes: int) -> None:
        """The last fragment grew by a trailing audio fragment."""
        last = self._fragments[-1]
        self._fragments[-1] = replace(last, audio_bytes=last.audio_bytes + size_bytes)

    def info(self, end_reason: EndReason | None = None) -> SegmentInfo:
        label, fragments = self.label, self.fragments
        last = fragments[-1] if fragments else None
        return SegmentInfo(
            id=label.id,
            key=label.key,
            run=label.run,
            start_at=label.start_at,
            duration_ticks=last.start_ticks + last.duration_ticks if last else 0,
            size_bytes=last.end_offset if last else 0,
            init_bytes=len(self.head),
            frames=sum(fragment.frames for fragment in fragments),
            video_codec=label.video_codec,
            audio_codec=label.audio_codec,
            width_px=label.width_px,
            height_px=label.height_px,
            is_open=end_reason is None,
            end_reason=end_reason,
            volume=self.volume,
            content_hash=self.hashing.hexdigest() if end_reason is not None else "",
        )


class OpenSegments:
    """Those of one store, by id and by stream. Thread-safe; the lock is held for a few instructions only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[SegmentId, OpenSegment] = {}
        self._by_key: dict[StreamKey, tuple[OpenSegment, ...]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, segment: OpenSegment) -> None:
        key = segment.label.key
        with self._lock:
            self._by_id[segment.label.id] = segment
            self._by_key[key] = (*self._by_key.get(key, ()), segment)

    def remove(self, segment: OpenSegment) -> None:
        """Forget it; harmless if it is not there."""
        key = segment.label.key
        with self._lock:
            self._by_id.pop(segment.label.id, None)
            left = tuple(other for other in self._by_key.pop(key, ()) if other is not segment)
            if left:
                self._by_key[key] = left

    def get(self, segment_id: SegmentId) -> OpenSegment | None:
        """Return it if anything of it is written."""
        segment = self._by_id.get(segment_id)
        return segment if segment is not None and segment.size_bytes > 0 else None

    def of(self, key: StreamKey) -> list[OpenSegment]:
        """Return those of a stream of which anything is written, oldest first."""
        with self._lock:
            segments = self._by_key.get(key, ())
        return [segment for segment in segments if segment.size_bytes > 0]

    def all(self) -> list[OpenSegment]:
        with self._lock:
            return list(self._by_id.values())
