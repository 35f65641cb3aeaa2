"""Access units become a fragmented MP4 (ISO/IEC 14496-12 §8.8; 14496-14 and -15 for the sample entries).

One fragment holds one track (media-path.md §3). Video counts 90 kHz, sound its sample rate. The sample entries are ``avc1`` and
``hvc1`` although cameras repeat parameter sets in band (ADR 0003); G.711 is ``alaw``/``ulaw`` as in QuickTime.

Left out: edit lists (`movie.py` has them), encryption, several sample descriptions. Rules of this file: values in, bytes out; the data of pictures is
never copied (sound is: fifty small pieces cost more to write than one); what does not depend on the units is built once.
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import sub
from struct import Struct, pack
from typing import Final

from brightkitchen.kernel.errors import OurError
from brightkitchen.kernel.units import TICKS_PER_S
from brightkitchen.wire.aac import SAMPLES_PER_FRAME
from brightkitchen.wire.au import AccessUnit, AudioFormat, Codec, Format, VideoFormat
from brightkitchen.wire.h26x import build_decoder_configuration

_MATRIX: Final = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_KEY_FLAGS: Final = 0x02000000  # depends on no other sample (§8.8.3.1)
_OTHER_FLAGS: Final = 0x01010000  # depends on others, is no sync sample
_LAST_TICKS: Final = TICKS_PER_S // 25  # when the end of the last picture is unknown
_GAP_TICKS: Final = TICKS_PER_S // 10
# moof, mfhd, traf, tfhd (default-base-is-moof, default flags), tfdt version 1, trun up to its sample count and data offset.
_HEAD: Final = Struct(">I4sI4sIII4sI4sIIII4sIQI4sIII")
_HEAD_BYTES: Final = _HEAD.size
_FIRST_FLAGS, _DURATIONS, _SIZES, _FLAGS, _OFFSETS = 0x4, 0x100, 0x200, 0x400, 0x800


class DtsAssigner:
    """Decoding times for pictures out of order: one per file, fed with every picture in decoding order.

    With a reorder depth of d, the n-th smallest presentation time is known when d more pictures came: it is the decoding time of
    picture n + d. That is exact, rises strictly and never exceeds the presentation time. The first d pictures of a file have
    nothing before them; they are decoded one tick apart at the first one's time. So presentation times stay what they are, without
    an edit list and without negative offsets, which FFmpeg answers by delaying the whole track.
    """

    __slots__ = ("_depth", "_last", "_waiting")

    def __init__(self, reorder_depth: int) -> None:
        self._depth = reorder_depth
        self._waiting: list[int] = []
        self._last: int | None = None

    def assign(self, shown: Sequence[int]) -> list[int]:
        """Return strictly rising decoding times for these presentation times (90 kHz, in decoding order)."""
        found: list[int] = []
        last = self._last
        for pts in shown:
            insort(self._waiting, pts)
            dts = self._waiting.pop(0) if len(self._waiting) > self._depth else self._waiting[0]
            if last is not None and dts <= last:
                dts = last + 1
            last = dts
            found.append(dts)
        self._last = last
        return found

    def next_after(self, end_ticks: int) -> int:
        """Return the decoding time of the picture that follows, if it is shown at `end_ticks`."""
        return min(self._waiting[0], end_ticks) if self._waiting else end_ticks


def build_box(kind: bytes, *parts: bytes) -> bytes:
    """Return one box of these contents."""
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def build_full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Return one box that begins with a version and flags."""
    return build_box(kind, (version << 24 | flags).to_bytes(4, "big"), *parts)


def build_init(tracks: Mapping[int, Format]) -> bytes:
    """Return ftyp and moov. tracks: by track number; track_ID is the number + 1. raises: OurError without a track."""
    if not tracks:
        raise OurError("an init segment needs a track")
    brands = b"iso5" + (512).to_bytes(4, "big") + b"iso5iso6mp41"
    numbers = sorted(tracks)
    header = build_full_box(b"mvhd", 0, 0, pack(">IIIIIHHII", 0, 0, 1000, 0, 0x10000, 0x100, 0, 0, 0), _MATRIX, bytes(24),
                   pack(">I", numbers[-1] + 2))  # fmt: skip
    traks = b"".join(_build_trak(number, tracks[number]) for number in numbers)
    extends = b"".join(build_full_box(b"trex", 0, 0, pack(">5I", number + 1, 1, 0, 0, 0)) for number in numbers)
    return build_box(b"ftyp", brands) + build_box(b"moov", header, traks, build_box(b"mvex", extends))


def timescale_of(format: Format) -> int:
    """Return what `tfdt` of a track with this format counts, per second."""
    return TICKS_PER_S if isinstance(format, VideoFormat) else format.sample_rate_hz


def _build_trak(number: int, format: Format) -> bytes:
    table = build_box(
        b"stbl",
        build_full_box(b"stsd", 0, 0, pack(">I", 1), build_sample_entry(format)),
        build_full_box(b"stts", 0, 0, bytes(4)),
        build_full_box(b"stsc", 0, 0, bytes(4)),
        build_full_box(b"stsz", 0, 0, bytes(8)),
        build_full_box(b"stco", 0, 0, bytes(4)),
    )
    return build_track_boxes(number, format, table)


def build_track_boxes(
    number: int, format: Format, table: bytes, *, shown_ticks: int = 0, media_duration: int = 0, edits: bytes = b""
) -> bytes:
    """Return one trak. table: its stbl; edits: its edts, if it has one.

    shown_ticks: in the movie's timescale; media_duration: in the track's. Both fit 32 bits, 0 in a file of fragments.
    """
    is_video = isinstance(format, VideoFormat)
    width, height = (format.width_px, format.height_px) if isinstance(format, VideoFormat) else (0, 0)
    head = build_full_box(
        b"tkhd", 0, 3, pack(">IIIII", 0, 0, number + 1, 0, shown_ticks), bytes(8),
        pack(">HHHH", 0, 0 if is_video else 1, 0 if is_video else 0x100, 0), _MATRIX, pack(">II", width << 16, height << 16),
    )  # fmt: skip
    media = build_full_box(b"mdhd", 0, 0, pack(">IIIIHH", 0, 0, timescale_of(format), media_duration, 0x55C4, 0))
    handler = build_full_box(b"hdlr", 0, 0, bytes(4), b"vide" if is_video else b"soun", bytes(12), b"BrightKitchen\0")
    kind = build_full_box(b"vmhd", 0, 1, bytes(8)) if is_video else build_full_box(b"smhd", 0, 0, bytes(4))
    data = build_box(b"dinf", build_full_box(b"dref", 0, 0, pack(">I", 1), build_full_box(b"url ", 0, 1)))
    return build_box(b"trak", head, edits, build_box(b"mdia", media, handler, build_box(b"minf", kind, data, table)))


def build_sample_entry(format: Format) -> bytes:
    """Return what stsd says of the track's samples."""
    return _build_video_entry(format) if isinstance(format, VideoFormat) else _build_audio_entry(format)


def _build_video_entry(format: VideoFormat) -> bytes:
    names = (b"avc1", b"avcC") if format.codec is Codec.H264 else (b"hvc1", b"hvcC")
    shape = pack(">HHIIIH", format.width_px, format.height_px, 0x480000, 0x480000, 0, 1)
    return build_box(
        names[0], bytes(6), pack(">H", 1), bytes(16), shape, bytes(32), pack(">Hh", 24, -1),
        build_box(names[1], build_decoder_configuration(format)),
    )  # fmt: skip


def _build_audio_entry(format: AudioFormat) -> bytes:
    # The 16.16 field cannot hold 65,536 Hz and more; the media header and the AAC configuration say the rate anyway.
    rate = format.sample_rate_hz << 16 if format.sample_rate_hz < 65_536 else 0
    head = bytes(6) + pack(">H", 1) + bytes(8) + pack(">HHHHI", format.channels, 16, 0, 0, rate)
    if format.codec is not Codec.AAC:
        return build_box(b"alaw" if format.codec is Codec.PCMA else b"ulaw", head)
    config = _descriptor(5, format.config)
    decoder = _descriptor(4, pack(">BBBHII", 0x40, 0x15, 0, 0, 0, 0), config)
    return build_box(
        b"mp4a",
        head,
        build_full_box(b"esds", 0, 0, _descriptor(3, pack(">HB", 1, 0), decoder, _descriptor(6, b"\x02"))),
    )


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    return bytes((tag, 0x80 | size >> 21 & 127, 0x80 | size >> 14 & 127, 0x80 | size >> 7 & 127, size & 127)) + body


@lru_cache(maxsize=256)
def _table_struct(words: int) -> Struct:
    return Struct(f">{words}I")


def build_fragment(
    track: int,
    format: Format,
    units: Sequence[AccessUnit],
    *,
    sequence: int,
    base_ticks: int,
    end_ticks: int,
    order: DtsAssigner | None = None,
) -> list[bytes]:
    """Return [moof and mdat header, data of each picture, or of all sound], to be written in this order by one writev.

    units:      of this track alone, in decoding order, at least one.
    base_ticks: 90 kHz tick of the stream that is 0 in this file (or stream of fragments).
    end_ticks:  tick at which the unit that follows is shown; gives the last picture its duration (sound has its own).
    order:      needed where format.reorder_depth > 0: the file's assigner, fed with every video fragment in turn.
    raises:     OurError without units.
    """
    if not units:
        raise OurError("a fragment needs a unit")
    data = [unit.data for unit in units]
    sizes = list(map(len, data))
    if isinstance(format, VideoFormat):
        head = _build_video(track, format, units, sizes, sequence, base_ticks, end_ticks, order)
    else:
        decode_time, durations = _place_sound(format, units, sizes, base_ticks)
        head = _build_head(track, sizes, sequence, decode_time, _KEY_FLAGS, [durations, sizes], _DURATIONS | _SIZES)
        data = [b"".join(data)]
    return [head, *data]


def _build_video(
    track: int, format: VideoFormat, units: Sequence[AccessUnit], sizes: list[int], sequence: int, base_ticks: int,
    end_ticks: int, order: DtsAssigner | None,
) -> bytes:  # fmt: skip
    shown = [unit.pts for unit in units]
    decoded = shown
    if order is not None and format.reorder_depth:
        decoded = order.assign(shown)
        end_ticks = order.next_after(end_ticks)
    durations = list(map(sub, decoded[1:], decoded))
    if durations and min(durations) <= 0:  # out of order although the parameter sets deny it
        decoded = DtsAssigner(0).assign(shown)
        durations = list(map(sub, decoded[1:], decoded))
    durations.append(end_ticks - decoded[-1] if end_ticks > decoded[-1] else _LAST_TICKS)
    columns, flags = [durations, sizes], _DURATIONS | _SIZES
    keys = [unit.is_key for unit in units]
    first_flags = None
    if keys.count(True) > keys[0]:
        columns.append([_KEY_FLAGS if key else _OTHER_FLAGS for key in keys])
        flags |= _FLAGS
    elif keys[0]:
        first_flags = _KEY_FLAGS
    if decoded is not shown:
        columns.append([pts - dts & 0xFFFFFFFF for pts, dts in zip(shown, decoded, strict=True)])
        flags |= _OFFSETS
    decode_time = max(decoded[0] - base_ticks, 0)
    return _build_head(track, sizes, sequence, decode_time, _OTHER_FLAGS, columns, flags, first_flags)


def _place_sound(
    format: AudioFormat, units: Sequence[AccessUnit], sizes: list[int], base_ticks: int
) -> tuple[int, list[int]]:
    """Return the decoding time of the first unit and every unit's length, in samples."""
    rate_hz = format.sample_rate_hz
    if format.codec is Codec.AAC:
        durations = [SAMPLES_PER_FRAME] * len(units)
    else:
        channels = format.channels
        durations = [size // channels for size in sizes]
    start = units[0].pts
    counted = (sum(durations) - durations[-1]) * TICKS_PER_S // rate_hz
    if units[-1].pts - start - counted > _GAP_TICKS:  # sound is missing in between: say so, or it would come too early
        at = 0
        for index, unit in enumerate(units[1:]):
            missing = (unit.pts - start) * rate_hz // TICKS_PER_S - at - durations[index]
            if missing * TICKS_PER_S > _GAP_TICKS * rate_hz:
                durations[index] += missing
            at += durations[index]
    return max(((start - base_ticks) * rate_hz + TICKS_PER_S // 2) // TICKS_PER_S, 0), durations


def _build_head(
    track: int, sizes: list[int], sequence: int, decode_time: int, default_flags: int, columns: list[list[int]],
    flags: int, first_flags: int | None = None,
) -> bytes:  # fmt: skip
    """Return moof and the header of mdat."""
    count, width = len(sizes), len(columns)
    table = [0] * (count * width)
    for index, column in enumerate(columns):
        table[index::width] = column
    if first_flags is not None:
        table.insert(0, first_flags)
        flags |= _FIRST_FLAGS
    table_bytes = 4 * len(table)
    moof_bytes = _HEAD_BYTES + table_bytes
    head = _HEAD.pack(
        moof_bytes, b"moof", 16, b"mfhd", 0, sequence, moof_bytes - 24, b"traf", 20, b"tfhd", 0x020020, track + 1,
        default_flags, 20, b"tfdt", 0x01000000, decode_time, 20 + table_bytes, b"trun", 0x01000001 | flags, count,
        moof_bytes + 8,
    )  # fmt: skip
    mdat = (8 + sum(sizes)).to_bytes(4, "big") + b"mdat"
    return b"".join((head, _table_struct(len(table)).pack(*table), mdat))


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One fragment that begins at a key frame. time: as its tfdt; offset_bytes: of its moof in the file."""

    track: int
    time: int
    offset_bytes: int


def build_end_index(entries: Sequence[IndexEntry]) -> bytes:
    """Return the mfra box that ends a finished file, so that players can seek without reading it (§8.8.9-8.8.11)."""
    tables = []
    for track in sorted({entry.track for entry in entries}):
        rows = [entry for entry in entries if entry.track == track]
        body = b"".join(pack(">QQBBB", entry.time, entry.offset_bytes, 1, 1, 1) for entry in rows)
        tables.append(build_full_box(b"tfra", 1, 0, pack(">III", track + 1, 0, len(rows)), body))
    size_bytes = 8 + sum(map(len, tables)) + 16
    return build_box(b"mfra", *tables, build_full_box(b"mfro", 0, 0, pack(">I", size_bytes)))
