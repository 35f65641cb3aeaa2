"""Reading a segment file back: its head, its whole fragments, the pictures of one fragment. docs/design/storage.md §2."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from brightkitchen.kernel.errors import TheirError
from brightkitchen.media.store.layout import SegmentLabel, parse_label
from brightkitchen.media.store.model import Fragment
from brightkitchen.wire.au import VIDEO_TRACK
from brightkitchen.wire.fmp4.reader import read_init_end, scan_fragments

Read = Callable[[int, int], bytes]
"""(offset in bytes, size in bytes) → at most that many bytes."""


@dataclass(frozen=True, slots=True)
class Head:
    """init_bytes: length of ``ftyp moov``, where the first fragment begins."""

    label: SegmentLabel
    init_bytes: int


@dataclass(frozen=True, slots=True)
class StoredSample:
    """One picture in its file; pts: 90 kHz from the start of the file."""

    offset: int
    size_bytes: int
    pts: int
    is_key: bool


def read_head(read: Read, size_bytes: int) -> Head | None:
    """Return what the file's head says; None if it is not whole or not ours."""
    try:
        init_bytes = read_init_end(read, size_bytes)
    except TheirError:
        return None
    label = parse_label(read(0, init_bytes))
    return Head(label, init_bytes) if label is not None else None


def scan_whole(read: Read, size_bytes: int) -> tuple[Fragment, ...]:
    """Return the whole fragments; a torn or foreign one ends the scan. Sound belongs to the pictures before it."""
    fragments: list[Fragment] = []
    try:
        for found in scan_fragments(read, size_bytes):
            length = found.end_bytes - found.offset_bytes
            if found.track == VIDEO_TRACK:
                shown = [sample.decode_time + sample.composition_offset for sample in found.samples]
                fragments.append(
                    Fragment(
                        start_ticks=shown[0],
                        duration_ticks=max(shown) - shown[0] + found.samples[-1].duration,
                        offset=found.offset_bytes,
                        video_bytes=length,
                        audio_bytes=0,
                        frames=len(found.samples),
                        is_key=found.samples[0].is_key,
                    )
                )
            elif fragments:
                fragments[-1] = replace(fragments[-1], audio_bytes=fragments[-1].audio_bytes + length)
            else:
                break
    except TheirError:
        pass
    return tuple(fragments)


def read_samples(read: Read, fragment: Fragment, init_bytes: int) -> list[StoredSample]:
    """Return the pictures of a fragment in decoding order. raises: TheirError if the file is not what the index says.

    The scanner reads files from their beginning; it is shown one that holds this fragment alone.
    """
    skipped = fragment.offset - init_bytes

    def read_one(offset: int, size_bytes: int) -> bytes:
        return read(offset if offset < init_bytes else offset + skipped, size_bytes)

    found = list(scan_fragments(read_one, init_bytes + fragment.video_bytes))
    if len(found) != 1 or found[0].track != VIDEO_TRACK:
        raise TheirError("no pictures where the index says", offset=fragment.offset)
    return [
        StoredSample(s.offset_bytes + skipped, s.size_bytes, s.decode_time + s.composition_offset, s.is_key)
        for s in found[0].samples
    ]
