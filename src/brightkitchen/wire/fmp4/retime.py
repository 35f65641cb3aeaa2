"""Stored fragments put at another place of time (ISO/IEC 14496-12 §8.8.5, §8.8.8, §8.8.12).

Many files become one stream by rewriting a few numbers of each moof: its sequence, its decode time and perhaps the duration of its
last picture. What is in the mdat, and how long anything is in bytes, never changes. Reads and changes exactly what `writer.py` writes,
found at fixed places; anything else is `TheirError`.

Rules of this file: pure; columns, not objects: a clip of six hours has half a million pictures.
"""

from dataclasses import dataclass
from functools import lru_cache
from struct import Struct, pack_into, unpack_from
from typing import Final

from brightkitchen.kernel.errors import OurError, TheirError

MOOF_HEAD_BYTES: Final = 92
_SEQUENCE_AT: Final = 20
_TRACK_AT: Final = 44
_DEFAULT_FLAGS_AT: Final = 48
_DECODE_TIME_AT: Final = 64
_TRUN_FLAGS_AT: Final = 80
_KINDS: Final = ((4, b"moof"), (12, b"mfhd"), (28, b"traf"), (36, b"tfhd"), (56, b"tfdt"), (76, b"trun"))
_NEEDED: Final = 0x01000301  # version 1, data offset, durations, sizes
_OPTIONAL: Final = 0x4 | 0x400 | 0x800  # first flags, flags, composition offsets
_NON_SYNC: Final = 0x00010000


@dataclass(frozen=True, slots=True)
class FragmentTable:
    """One fragment's samples, in decoding order. Times count the track's timescale. track: ours (track_ID - 1).

    offsets: composition offsets, may be negative; empty: all zero. key_numbers: of the key frames, from 0.
    """

    track: int
    decode_time: int
    durations: tuple[int, ...]
    sizes: tuple[int, ...]
    offsets: tuple[int, ...]
    key_numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def end_time(self) -> int:
        return self.decode_time + sum(self.durations)

    def shown_at(self, number: int) -> int:
        """Return when a sample is shown."""
        shift = self.offsets[number] if self.offsets else 0
        return self.decode_time + sum(self.durations[:number]) + shift

    def first(self, count: int) -> "FragmentTable":
        """Return the table of the first `count` samples."""
        keys = tuple(number for number in self.key_numbers if number < count)
        return FragmentTable(
            self.track, self.decode_time, self.durations[:count], self.sizes[:count], self.offsets[:count], keys
        )


@lru_cache(maxsize=256)
def _rows(words: int) -> Struct:
    return Struct(f">{words}I")


def read_moof_size(data: bytes) -> int:
    """Return how many bytes the moof at the beginning of `data` has. raises: TheirError if it is none of ours."""
    if len(data) < MOOF_HEAD_BYTES or any(data[at : at + 4] != kind for at, kind in _KINDS):
        raise TheirError("a fragment of a kind that we do not write", sample=data[:64])
    return int.from_bytes(data[:4], "big")


def parse_table(data: bytes) -> FragmentTable:
    """Return what the moof at the beginning of `data` says. raises: TheirError."""
    size_bytes = read_moof_size(data)
    default_flags, flags, count = (
        int.from_bytes(data[at : at + 4], "big") for at in (_DEFAULT_FLAGS_AT, _TRUN_FLAGS_AT, _TRUN_FLAGS_AT + 4)
    )
    width = 2 + bool(flags & 0x400) + bool(flags & 0x800)
    at = MOOF_HEAD_BYTES + (4 if flags & 0x4 else 0)
    if flags & ~_OPTIONAL != _NEEDED or not count or at + 4 * count * width != size_bytes or size_bytes > len(data):
        raise TheirError("a track run of a kind that we do not write", sample=data[:64])
    first_flags = int.from_bytes(data[MOOF_HEAD_BYTES : MOOF_HEAD_BYTES + 4], "big") if flags & 0x4 else default_flags
    table = _rows(count * width).unpack_from(data, at)
    own_flags = table[2::width] if flags & 0x400 else (first_flags, *[default_flags] * (count - 1))
    shifts = table[width - 1 :: width] if flags & 0x800 else ()
    return FragmentTable(
        track=int.from_bytes(data[_TRACK_AT : _TRACK_AT + 4], "big") - 1,
        decode_time=unpack_from(">Q", data, _DECODE_TIME_AT)[0],
        durations=table[0::width],
        sizes=table[1::width],
        offsets=tuple((shift ^ 0x80000000) - 0x80000000 for shift in shifts),
        key_numbers=tuple(number for number, own in enumerate(own_flags) if not own & _NON_SYNC),
    )


def move_fragment(data: bytes, *, sequence: int, shift: int, extra: int = 0) -> bytes:
    """Return the fragment (moof and whatever follows it) `shift` later, its last sample lasting `extra` longer.

    shift, extra: in the track's timescale. raises: TheirError for a foreign one; OurError if it would begin before 0.
    """
    table_end = read_moof_size(data)
    decode_time = int(unpack_from(">Q", data, _DECODE_TIME_AT)[0]) + shift
    if decode_time < 0:
        raise OurError("a fragment cannot begin before its stream")
    moved = bytearray(data)
    pack_into(">I", moved, _SEQUENCE_AT, sequence)
    pack_into(">Q", moved, _DECODE_TIME_AT, decode_time)
    if extra:
        flags = int.from_bytes(data[_TRUN_FLAGS_AT : _TRUN_FLAGS_AT + 4], "big")
        last_at = table_end - 4 * (2 + bool(flags & 0x400) + bool(flags & 0x800))
        pack_into(">I", moved, last_at, int.from_bytes(data[last_at : last_at + 4], "big") + extra)
    return bytes(moved)
