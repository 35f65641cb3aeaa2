"""Fragmented MP4 of our own writing, read back: recovery after a crash, byte ranges, the exact frame for a snapshot.

Reads what `writer.py` writes and what is equivalent (ISO/IEC 14496-12 §8.8): one traf of one trun in a moof, one mdat behind it.
Anything else is `TheirError`. A file that ends in the middle of a fragment is normal: it is read up to there.

Rules of this file: pure; every size is checked before anything of it is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.aac import build_audio_format
from brightkitchen.wire.au import AudioFormat, Codec, Format, VideoFormat
from brightkitchen.wire.fmp4.writer import build_init
from brightkitchen.wire.h26x import build_video_format, parse_decoder_configuration

Read = Callable[[int, int], bytes]
"""(offset in bytes, size in bytes) -> at most that many bytes."""

MAX_MOOF_BYTES: Final = 1024 * 1024
MAX_INIT_BYTES: Final = 256 * 1024
_NON_SYNC: Final = 0x00010000
_DATA_OFFSET, _FIRST_FLAGS, _DURATIONS, _SIZES, _FLAGS, _OFFSETS = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800


@dataclass(frozen=True, slots=True)
class SampleInfo:
    """One access unit in the file. Times count the track's timescale; shown at decode_time + composition_offset."""

    offset_bytes: int
    size_bytes: int
    decode_time: int
    duration: int
    composition_offset: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class FragmentInfo:
    """One moof and its mdat: bytes [offset_bytes, end_bytes) of the file. track: ours (track_ID - 1)."""

    offset_bytes: int
    end_bytes: int
    track: int
    sequence: int
    decode_time: int
    duration: int
    samples: tuple[SampleInfo, ...]


def _read_header(read: Read, at: int, size_bytes: int) -> tuple[bytes, int] | None:
    """Return (kind, end) of the box at `at`, or None if it is not wholly there or no box at all."""
    head = read(at, 8) if at + 8 <= size_bytes else b""
    if len(head) < 8:
        return None
    end = at + int.from_bytes(head[:4], "big")
    return (head[4:8], end) if at + 8 <= end <= size_bytes else None


def scan_fragments(read: Read, size_bytes: int) -> Iterator[FragmentInfo]:
    """Yield the whole fragments from the file's beginning. Ends quietly where the file does, even within a fragment.

    raises: TheirError if the file does not begin with an init segment, or a whole fragment is malformed.
    """
    at = read_init_end(read, size_bytes)
    while (moof := _read_header(read, at, size_bytes)) is not None:
        kind, end = moof
        if kind != b"moof":
            if kind != b"mfra":
                return
            at = end
            continue
        if end - at > MAX_MOOF_BYTES:
            raise TheirError("a moof is too large", offset=at)
        mdat = _read_header(read, end, size_bytes)
        if mdat is None or mdat[0] != b"mdat":
            return
        yield _parse_moof(read(at, end - at), at, end + 8, mdat[1])
        at = mdat[1]


def find_whole_end(read: Read, size_bytes: int) -> int:
    """Return the offset behind the last whole fragment (or behind the init segment): where a crashed file is to be cut."""
    at = read_init_end(read, size_bytes)
    for fragment in scan_fragments(read, size_bytes):
        at = fragment.end_bytes
    return at


def read_init_end(read: Read, size_bytes: int) -> int:
    """Return the size of ftyp and moov. raises: TheirError if they are not there or too large."""
    at = 0
    for expected in (b"ftyp", b"moov"):
        box = _read_header(read, at, size_bytes)
        if box is None or box[0] != expected or box[1] > MAX_INIT_BYTES:
            raise TheirError("the file does not begin with an init segment", offset=at)
        at = box[1]
    return at


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, start of the contents, end) of the boxes in data[at:end]."""
    while at < end:
        box_end = at + int.from_bytes(data[at : at + 4], "big")
        if not at + 8 <= box_end <= end:
            raise TheirError("a box leaves the one it is in", offset=at, sample=data[at : at + 64])
        yield data[at + 4 : at + 8], at + 8, box_end
        at = box_end


def _find(data: bytes, at: int, end: int, *path: bytes) -> tuple[int, int]:
    """Return (start, end) of the contents of the box at the end of this path. raises: TheirError if one is missing."""
    for wanted in path:
        for kind, start, box_end in _boxes(data, at, end):
            if kind == wanted:
                at, end = start, box_end
                break
        else:
            raise TheirError(f"the box {wanted.decode()} is missing", offset=at, sample=data[at : at + 64])
    return at, end


def _word(data: bytes, at: int, end: int) -> int:
    if at + 4 > end:
        raise TheirError("a box ends early", offset=at)
    return int.from_bytes(data[at : at + 4], "big")


def _parse_moof(data: bytes, offset: int, body: int, end: int) -> FragmentInfo:
    if len(data) < 8:
        raise TheirError("a moof cannot be read", offset=offset)
    header, header_end = _find(data, 8, len(data), b"mfhd")
    traf, traf_end = _find(data, 8, len(data), b"traf")
    tfhd, tfhd_end = _find(data, traf, traf_end, b"tfhd")
    tfdt, tfdt_end = _find(data, traf, traf_end, b"tfdt")
    trun, trun_end = _find(data, traf, traf_end, b"trun")
    if _word(data, tfhd, tfhd_end) != 0x020020 or _word(data, tfdt, tfdt_end) != 0x01000000:
        raise TheirError("a fragment of a kind that we do not write", offset=offset)
    decode_time = _word(data, tfdt + 4, tfdt_end) << 32 | _word(data, tfdt + 8, tfdt_end)
    samples = _parse_trun(data, trun, trun_end, offset, body, end, _word(data, tfhd + 8, tfhd_end), decode_time)
    track = _word(data, tfhd + 4, tfhd_end) - 1
    duration = sum(sample.duration for sample in samples)
    return FragmentInfo(offset, end, track, _word(data, header + 4, header_end), decode_time, duration, samples)


def _parse_trun(
    data: bytes, at: int, end: int, offset: int, body: int, limit: int, default_flags: int, decode_time: int
) -> tuple[SampleInfo, ...]:
    flags, count = _word(data, at, end), _word(data, at + 4, end)
    need = 0x01000000 | _DATA_OFFSET | _DURATIONS | _SIZES
    if flags & ~(_FIRST_FLAGS | _FLAGS | _OFFSETS) != need or offset + _word(data, at + 8, end) != body:
        raise TheirError("a track run of a kind that we do not write", offset=offset)
    at += 12
    first_flags = default_flags
    if flags & _FIRST_FLAGS:
        first_flags = _word(data, at, end)
        at += 4
    width = 2 + bool(flags & _FLAGS) + bool(flags & _OFFSETS)
    if end - at != count * width * 4:
        raise TheirError("a track run whose size does not fit its count", offset=offset)
    samples = []
    for index in range(count):
        row = [int.from_bytes(data[at + 4 * n : at + 4 * n + 4], "big") for n in range(width)]
        at += 4 * width
        own_flags = row[2] if flags & _FLAGS else default_flags if index else first_flags
        shift = (row[-1] ^ 0x80000000) - 0x80000000 if flags & _OFFSETS else 0
        samples.append(SampleInfo(body, row[1], decode_time, row[0], shift, not own_flags & _NON_SYNC))
        body += row[1]
        decode_time += row[0]
    if body != limit:
        raise TheirError("samples do not fill their mdat", offset=offset)
    return tuple(samples)


def parse_init(data: bytes) -> dict[int, Format]:
    """Return the formats of an init segment by track. raises: TheirError if it is malformed or holds another codec."""
    if len(data) > MAX_INIT_BYTES:
        raise TheirError("an init segment is too large")
    moov, moov_end = _find(data, 0, len(data), b"moov")
    formats: dict[int, Format] = {}
    for kind, start, end in _boxes(data, moov, moov_end):
        if kind == b"trak":
            head, head_end = _find(data, start, end, b"tkhd")
            stsd, stsd_end = _find(data, start, end, b"mdia", b"minf", b"stbl", b"stsd")
            formats[_word(data, head + 12, head_end) - 1] = _parse_entry(data, stsd + 8, stsd_end)
    if not formats:
        raise TheirError("an init segment without a track", sample=data)
    return formats


def _parse_entry(data: bytes, at: int, end: int) -> Format:
    for kind, start, entry_end in _boxes(data, at, end):
        if kind in (b"avc1", b"hvc1"):
            return _parse_video_entry(data, start, entry_end, kind)
        if kind in (b"mp4a", b"alaw", b"ulaw"):
            return _parse_audio_entry(data, start, entry_end, kind)
    raise TheirError("a sample entry of a kind that we do not write", offset=at, sample=data[at : at + 64])


def _parse_video_entry(data: bytes, start: int, end: int, kind: bytes) -> VideoFormat:
    codec, name = (Codec.H264, b"avcC") if kind == b"avc1" else (Codec.H265, b"hvcC")
    record, record_end = _find(data, start + 78, end, name)
    return build_video_format(codec, parse_decoder_configuration(codec, data[record:record_end]))


def _parse_audio_entry(data: bytes, start: int, end: int, kind: bytes) -> AudioFormat:
    if end - start < 28:
        raise TheirError("a sample entry ends early", offset=start)
    if kind == b"mp4a":
        esds, esds_end = _find(data, start + 28, end, b"esds")
        return build_audio_format(_parse_esds(data[esds + 4 : esds_end]))
    codec, name = (Codec.PCMA, "alaw") if kind == b"alaw" else (Codec.PCMU, "ulaw")
    channels = int.from_bytes(data[start + 16 : start + 18], "big")
    rate_hz = int.from_bytes(data[start + 24 : start + 26], "big")
    if not (channels and rate_hz):
        raise TheirError("a sample entry without channels or rate", offset=start)
    return AudioFormat(codec, rate_hz, channels, name)


def _parse_esds(data: bytes) -> bytes:
    """Return the AudioSpecificConfig inside the nested descriptors (ISO/IEC 14496-1 §7.2.6)."""
    at = 0
    for wanted, skip in ((3, 3), (4, 13), (5, 0)):
        if at + 5 > len(data) or data[at] != wanted or not data[at + 1] & data[at + 2] & data[at + 3] & 0x80:
            raise TheirError("a sound description that we did not write", sample=data)
        size = (data[at + 2] & 127) << 14 | (data[at + 3] & 127) << 7 | data[at + 4]
        data, at = data[at + 5 : at + 5 + size], skip
    return data


def build_video_init_from(init: bytes) -> bytes:
    """Return an init segment that names the video track alone, for players that refuse G.711. raises: TheirError."""
    video = {number: format for number, format in parse_init(init).items() if isinstance(format, VideoFormat)}
    if not video:
        raise TheirError("an init segment without video", sample=init)
    return build_init(video)
