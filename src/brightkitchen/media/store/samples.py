"""Reading a segment file back: its head, its whole fragments, the pictures of one fragment. docs/design/storage.md §2.

Only what our own writer writes is understood (one `traf` per `moof`, `trun` with sizes); anything else ends a scan, as a
torn write would.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from brightkitchen.media.store.layout import MAX_LABEL_BYTES, SegmentLabel, parse_label
from brightkitchen.media.store.model import Fragment

ReadAt = Callable[[int, int], bytes]
"""(size_bytes, offset) → at most that many bytes."""

VIDEO_TRACK_ID: Final = 1
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_MOOF_BYTES: Final = 1024 * 1024
_SYNC_BIT: Final = 0x10000  # sample_is_non_sync_sample


class Unreadable(Exception):
    """These bytes are no fragment of ours."""


@dataclass(frozen=True, slots=True)
class Head:
    """init_bytes: ``ftyp moov``. end_offset: where the first fragment begins."""

    label: SegmentLabel
    init_bytes: int
    end_offset: int


@dataclass(frozen=True, slots=True)
class StoredSample:
    """One picture in its file; pts: 90 kHz from the start of the file."""

    offset: int
    size_bytes: int
    pts: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Moof:
    """One parsed `moof`. samples: sizes, durations, composition offsets and key flags in decoding order."""

    track_id: int
    start_ticks: int
    data_offset: int  # from the start of the moof
    samples: tuple[tuple[int, int, int, bool], ...]


def read_head(read: ReadAt, size_bytes: int) -> Head | None:
    """Return what the file's head says; None if it is not whole or not ours."""
    data = read(min(MAX_HEAD_BYTES, size_bytes), 0)
    at = init_bytes = 0
    for kind in (b"ftyp", b"moov", b"uuid"):
        if len(data) < at + 8 or data[at + 4 : at + 8] != kind:
            return None
        if kind == b"uuid":
            init_bytes = at
        box_bytes = int.from_bytes(data[at : at + 4])
        if box_bytes < 8 or at + box_bytes > len(data):
            return None
        at += box_bytes
    if at - init_bytes > MAX_LABEL_BYTES:
        return None
    label = parse_label(data[init_bytes:at])
    return Head(label, init_bytes, at) if label is not None else None


def scan_whole(read: ReadAt, offset: int, size_bytes: int) -> tuple[Fragment, ...]:
    """Return the whole fragments from `offset` on; a torn one ends the scan. Sound belongs to the picture before it."""
    fragments: list[Fragment] = []
    for moof, at, end in _scan(read, offset, size_bytes):
        if moof.track_id == VIDEO_TRACK_ID:
            fragments.append(
                Fragment(
                    start_ticks=moof.start_ticks,
                    duration_ticks=sum(duration for _, duration, _, _ in moof.samples),
                    offset=at,
                    video_bytes=end - at,
                    audio_bytes=0,
                    frames=len(moof.samples),
                    is_key=moof.samples[0][3],
                )
            )
        elif fragments:
            last = fragments[-1]
            fragments[-1] = Fragment(
                last.start_ticks,
                last.duration_ticks,
                last.offset,
                last.video_bytes,
                last.audio_bytes + end - at,
                last.frames,
                last.is_key,
            )
        else:
            break
    return tuple(fragments)


def _scan(read: ReadAt, offset: int, size_bytes: int) -> Iterator[tuple[Moof, int, int]]:
    at = offset
    while at + 8 <= size_bytes:
        moof_bytes, kind = _box(read(8, at))
        mdat_at = at + moof_bytes
        if kind != b"moof" or not 8 < moof_bytes <= MAX_MOOF_BYTES or mdat_at + 8 > size_bytes:
            return
        try:
            moof = parse_moof(read(moof_bytes, at))
        except Unreadable:
            return
        mdat_bytes, kind = _box(read(8, mdat_at))
        end = mdat_at + mdat_bytes
        if kind != b"mdat" or end > size_bytes or sum(size for size, *_ in moof.samples) != mdat_bytes - 8:
            return
        yield moof, at, end
        at = end


def read_samples(read: ReadAt, fragment: Fragment) -> list[StoredSample]:
    """Return the pictures of a fragment in decoding order. raises: Unreadable if the file is not what the index says."""
    moof_bytes, kind = _box(read(8, fragment.offset))
    if kind != b"moof" or not 8 < moof_bytes <= fragment.video_bytes:
        raise Unreadable("no moof where the index says")
    moof = parse_moof(read(moof_bytes, fragment.offset))
    at, ticks = fragment.offset + moof.data_offset, moof.start_ticks
    samples: list[StoredSample] = []
    for size, duration, shift, is_key in moof.samples:
        samples.append(StoredSample(at, size, ticks + shift, is_key))
        at += size
        ticks += duration
    if at != fragment.offset + fragment.video_bytes:
        raise Unreadable("sizes do not add up")
    return samples


def parse_moof(data: bytes) -> Moof:
    """raises: Unreadable."""
    boxes = dict(_children(data, 8, len(data)))
    traf = boxes.get(b"traf")
    if traf is None:
        raise Unreadable("no traf")
    inner = dict(_children(data, *traf))
    try:
        tfhd, tfdt, trun = inner[b"tfhd"], inner[b"tfdt"], inner[b"trun"]
        track_id, duration, size, flags = _tfhd(data, tfhd[0])
        version = data[tfdt[0]]
        (start_ticks,) = struct.unpack_from(">Q" if version else ">I", data, tfdt[0] + 4)
        data_offset, samples = _trun(data, trun, duration, size, flags)
    except (KeyError, struct.error, IndexError) as cause:
        raise Unreadable("not a moof of ours") from cause
    if not samples:
        raise Unreadable("no samples")
    return Moof(track_id, start_ticks, data_offset, samples)


def _tfhd(data: bytes, at: int) -> tuple[int, int, int, int]:
    flags = int.from_bytes(data[at + 1 : at + 4])
    (track_id,) = struct.unpack_from(">I", data, at + 4)
    at += 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    values = []
    for bit in (0x8, 0x10, 0x20):
        value = 0
        if flags & bit:
            (value,) = struct.unpack_from(">I", data, at)
            at += 4
        values.append(value)
    return (track_id, *values)


def _trun(
    data: bytes, box: tuple[int, int], duration: int, size: int, default_flags: int
) -> tuple[int, tuple[tuple[int, int, int, bool], ...]]:
    at = box[0]
    flags = int.from_bytes(data[at + 1 : at + 4])
    count, data_offset = struct.unpack_from(">Ii", data, at + 4)
    if not flags & 0x1 or count > (box[1] - at) // 4 + 1:
        raise Unreadable("trun without a data offset, or too long")
    at += 12
    first_flags = default_flags
    if flags & 0x4:
        (first_flags,) = struct.unpack_from(">I", data, at)
        at += 4
    kinds = [kind for bit, kind in ((0x100, "I"), (0x200, "I"), (0x400, "I"), (0x800, "i")) if flags & bit]
    row = struct.Struct(">" + "".join(kinds))
    has = [bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800)]
    samples: list[tuple[int, int, int, bool]] = []
    for number in range(count):
        values = iter(row.unpack_from(data, at))
        at += row.size
        own_duration = next(values) if has[0] else duration
        own_size = next(values) if has[1] else size
        own_flags = next(values) if has[2] else (first_flags if number == 0 else default_flags)
        shift = next(values) if has[3] else 0
        samples.append((own_size, own_duration, shift, not own_flags & _SYNC_BIT))
    return data_offset, tuple(samples)


def _children(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield (type, (start, end) of the body) of each box in data[at:end]. raises: Unreadable."""
    while at < end:
        size, kind = _box(data[at : at + 8])
        if size < 8 or at + size > end:
            raise Unreadable("box longer than its parent")
        yield kind, (at + 8, at + size)
        at += size


def _box(head: bytes) -> tuple[int, bytes]:
    return int.from_bytes(head[:4]), head[4:8]
