"""Stored fragments put onto another timeline: numbers in their heads change, coded bytes never do (ISO/IEC 14496-12 §8.8).

For files that are put together from stored fragments. Reads what `writer.py` writes; pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct

from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.units import TICKS_PER_S
from brightkitchen.wire.au import Format
from brightkitchen.wire.fmp4.reader import FragmentInfo, scan_fragments
from brightkitchen.wire.fmp4.writer import timescale_of

_WORD = Struct(">I")
_LONG = Struct(">Q")


@dataclass(slots=True)
class Timeline:
    """What fragments were put on so far. formats: by track. ends: decoding time behind the last sample, by track."""

    formats: Mapping[int, Format]
    sequence: int = 0
    ends: dict[int, int] = field(default_factory=dict)


def list_fragments(init: bytes, data: bytes) -> list[FragmentInfo]:
    """Return the fragments that fill `data`, with offsets into it. init: of their file. raises: TheirError."""

    def read(offset: int, size_bytes: int) -> bytes:
        if offset < len(init):
            return init[offset : offset + size_bytes]
        return data[offset - len(init) : offset - len(init) + size_bytes]

    found = list(scan_fragments(read, len(init) + len(data)))
    if not found or found[-1].end_bytes != len(init) + len(data):
        raise TheirError("stored bytes are not whole fragments")
    return found


def rebase(timeline: Timeline, init: bytes, data: bytes, shift_ticks: int) -> bytes:
    """Return the fragments of `data` moved by `shift_ticks` (90 kHz), numbered on; decoding times never go back.

    init: ``ftyp moov`` of the file they come from. raises: TheirError if the bytes are not fragments of ours.
    """
    moved = bytearray(data)
    for fragment in list_fragments(init, data):
        at = fragment.offset_bytes - len(init)
        number_at, time_at = at + 20, at + 64
        if data[at + 12 : at + 16] != b"mfhd" or data[at + 56 : at + 60] != b"tfdt":
            raise TheirError("a fragment of a kind that we do not write", offset=at)
        if fragment.track not in timeline.formats:
            raise TheirError("a track that the head does not name", offset=at)
        rate = timescale_of(timeline.formats[fragment.track])
        shift = (shift_ticks * rate + TICKS_PER_S // 2) // TICKS_PER_S
        time = max(fragment.decode_time + shift, timeline.ends.get(fragment.track, 0), 0)
        timeline.sequence += 1
        timeline.ends[fragment.track] = time + fragment.duration
        _WORD.pack_into(moved, number_at, timeline.sequence)
        _LONG.pack_into(moved, time_at, time)
    return bytes(moved)
