"""A finished MP4 whose index comes first (ISO/IEC 14496-12 §8.3-8.7): what a person downloads and any player opens.

The tables are gathered fragment by fragment; the pictures themselves are never here. What lies in the mdat is for the caller to send
behind `build_movie`, in the order in which it was added. An edit list (§8.6.6) places each track on the movie's time line and hides
what stands before the first picture that was asked for: it has to be there to be decoded.

Left out: several sample descriptions, fragments. Rules of this file: pure; values in, bytes out.
"""

from array import array
from dataclasses import dataclass, field
from itertools import groupby
from struct import pack
from sys import byteorder
from typing import Final

from brightkitchen.kernel.errors import OurError
from brightkitchen.kernel.units import TICKS_PER_S
from brightkitchen.wire.au import Format, VideoFormat
from brightkitchen.wire.fmp4.retime import FragmentTable
from brightkitchen.wire.fmp4.writer import (
    build_box,
    build_full_box,
    build_sample_entry,
    build_track_boxes,
    timescale_of,
)

MOVIE_TIMESCALE: Final = TICKS_PER_S
_MATRIX: Final = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_FTYP: Final = b"isom" + (512).to_bytes(4, "big") + b"isomiso2mp41"


@dataclass(slots=True)
class TrackTables:
    """The sample tables of one track while they are gathered.

    start: decode time of the first sample on the movie's time line, in the track's timescale.
    """

    format: Format
    start: int = 0
    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    _durations: "array[int]" = field(default_factory=lambda: array("I"))
    _offsets: "array[int]" = field(default_factory=lambda: array("i"))
    _keys: "array[int]" = field(default_factory=lambda: array("I"))
    _chunks: list[tuple[int, int]] = field(default_factory=list)  # (offset in the mdat's contents, samples)
    _end: int = 0
    _last: int = 0

    @property
    def end(self) -> int:
        """Where the next sample would be decoded, on the movie's time line, in the track's timescale."""
        return self._end

    def add(self, table: FragmentTable, *, decode_time: int, offset_bytes: int) -> None:
        """Append samples that lie one behind another from `offset_bytes` of the mdat's contents on.

        decode_time: on the movie's time line; the sample before lasts until then.
        raises: OurError if that sample would last no time at all.
        """
        if self.sizes:
            last = self._durations[-1] + decode_time - self._end
            if last <= 0:
                raise OurError("samples of a movie must follow one another")
            self._durations[-1] = last
        else:
            self.start = decode_time
        self._keys.extend(len(self.sizes) + 1 + number for number in table.key_numbers)
        self._chunks.append((offset_bytes, len(table)))
        self._durations.extend(table.durations)
        self._offsets.extend(table.offsets or [0] * len(table))
        self.sizes.extend(table.sizes)
        self._end = decode_time + sum(table.durations)

    def build_sample_table(self, mdat_at: int) -> bytes:
        """Return the stbl. mdat_at: offset in the file of the mdat's contents."""
        boxes = [
            build_full_box(b"stsd", 0, 0, pack(">I", 1), build_sample_entry(self.format)),
            _build_runs(b"stts", 0, self._durations, "I"),
        ]
        if any(self._offsets):
            boxes.append(_build_runs(b"ctts", 1, self._offsets, "i"))
        if len(self._keys) < len(self.sizes):
            boxes.append(build_full_box(b"stss", 0, 0, pack(">I", len(self._keys)), _big_endian(self._keys)))
        boxes.append(_build_chunk_map([count for _, count in self._chunks]))
        one_size = self.sizes[0] if self.sizes.count(self.sizes[0]) == len(self.sizes) else 0
        sizes = b"" if one_size else _big_endian(self.sizes)
        boxes.append(build_full_box(b"stsz", 0, 0, pack(">II", one_size, len(self.sizes)), sizes))
        places = b"".join((mdat_at + offset).to_bytes(8, "big") for offset, _ in self._chunks)
        boxes.append(build_full_box(b"co64", 0, 0, pack(">I", len(self._chunks)), places))
        return build_box(b"stbl", *boxes)


def _big_endian(words: "array[int]") -> bytes:
    turned = array(words.typecode, words)
    if byteorder == "little":
        turned.byteswap()
    return turned.tobytes()


def _build_runs(kind: bytes, version: int, values: "array[int]", code: str) -> bytes:
    rows = [pack(f">I{code}", sum(1 for _ in run), value) for value, run in groupby(values)]
    return build_full_box(kind, version, 0, pack(">I", len(rows)), *rows)


def _build_chunk_map(counts: list[int]) -> bytes:
    rows = []
    first = 1
    for count, run in groupby(counts):
        rows.append(pack(">III", first, count, 1))
        first += sum(1 for _ in run)
    return build_full_box(b"stsc", 0, 0, pack(">I", len(rows)), *rows)


def build_movie(tracks: dict[int, TrackTables], *, shown_from: int, shown_ticks: int, mdat_bytes: int) -> bytes:
    """Return everything before the contents of the mdat: ftyp, moov and the head of the mdat.

    tracks:      by track number; a track without samples is left out.
    shown_from:  90 kHz tick of the movie's time line at which showing begins; shown_ticks: how long it lasts.
    raises:      OurError without any sample.
    """
    kept = {number: track for number, track in sorted(tracks.items()) if track.sizes}
    if not kept:
        raise OurError("a movie needs a sample")
    ftyp = build_box(b"ftyp", _FTYP)
    mdat = pack(">I4sQ", 1, b"mdat", mdat_bytes + 16)
    # The tables' length does not depend on where the mdat begins.
    length = len(_build_moov(kept, shown_from, shown_ticks, 0))
    return ftyp + _build_moov(kept, shown_from, shown_ticks, len(ftyp) + length + len(mdat)) + mdat


def _build_moov(tracks: dict[int, TrackTables], shown_from: int, shown_ticks: int, mdat_at: int) -> bytes:
    header = build_full_box(
        b"mvhd", 0, 0, pack(">IIIIIHHII", 0, 0, MOVIE_TIMESCALE, shown_ticks, 0x10000, 0x100, 0, 0, 0), _MATRIX, bytes(24),
        pack(">I", max(tracks) + 2),
    )  # fmt: skip
    traks = [
        build_track_boxes(
            number,
            track.format,
            track.build_sample_table(mdat_at),
            shown_ticks=shown_ticks,
            media_duration=track.end - track.start,
            edits=_build_edits(track, shown_from, shown_ticks),
        )
        for number, track in tracks.items()
    ]
    return build_box(b"moov", header, *traks)


def _build_edits(track: TrackTables, shown_from: int, shown_ticks: int) -> bytes:
    """Return the edts: nothing until the track begins, then the track from what is to be seen of it on."""
    timescale = timescale_of(track.format)
    start_ticks = track.start * TICKS_PER_S // timescale
    waiting = max(0, start_ticks - shown_from)
    media_time = 0 if waiting else (shown_from * timescale + TICKS_PER_S // 2) // TICKS_PER_S - track.start
    rows = [pack(">QqHH", waiting, -1, 1, 0)] if waiting else []
    rows.append(pack(">QqHH", max(0, shown_ticks - waiting), max(0, media_time), 1, 0))
    return build_box(b"edts", build_full_box(b"elst", 1, 0, pack(">I", len(rows)), *rows))


def is_same_format(one: Format, other: Format) -> bool:
    """True if samples of both may lie in one track: the decoder is told the same."""
    if isinstance(one, VideoFormat) and isinstance(other, VideoFormat):
        return (one.codec, one.width_px, one.height_px, one.parameter_sets) == (
            other.codec,
            other.width_px,
            other.height_px,
            other.parameter_sets,
        )
    return one == other
