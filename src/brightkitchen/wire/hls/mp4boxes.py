"""Reading what our own segment files hold: boxes of fragmented MP4 (ISO/IEC 14496-12), as far as playback needs them. Pure.

Read: track selection of an init segment, decoder configurations (avcC, hvcC), the audio track's rate and channels, a fragment's decode
time and media bytes. Not a demuxer for strangers' files, yet every length is checked: a damaged file is `TheirError`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.errors import TheirError

_MAX_BOXES: Final = 10_000
_SAMPLE_ENTRY_HEAD: Final = {b"avc1": 78, b"avc3": 78, b"hvc1": 78, b"hev1": 78}


@dataclass(frozen=True, slots=True)
class Box:
    """kind: four characters. start, body, end: offsets in the buffer that was walked."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """timescale_hz is the sample rate."""

    timescale_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class TrackData:
    """One ``moof mdat``: decode time in the track's timescale, and the bytes of its samples one after the other."""

    decode_time: int
    data: bytes


def walk_boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes that lie side by side in [start, end). raises: TheirError at the first that does not fit."""
    end = len(data) if end is None else end
    at = start
    for _ in range(_MAX_BOXES):
        if at >= end:
            return
        size_bytes = int.from_bytes(data[at : at + 4])
        head_bytes = 8
        if size_bytes == 1:
            size_bytes, head_bytes = int.from_bytes(data[at + 8 : at + 16]), 16
        if size_bytes < head_bytes or at + size_bytes > end:
            raise TheirError("a box does not fit into its parent", offset=at, sample=data[at : at + 64])
        yield Box(data[at + 4 : at + 8], at, at + head_bytes, at + size_bytes)
        at += size_bytes
    raise TheirError("too many boxes", offset=at)


def find_box(data: bytes, *path: bytes, start: int = 0, end: int | None = None) -> Box:
    """Return the first box at `path`, e.g. ``moov trak mdia``. raises: TheirError if it is not there."""
    found: Box | None = None
    for kind in path:
        found = next((box for box in walk_boxes(data, start, end) if box.kind == kind), None)
        if found is None:
            raise TheirError(f"no {kind.decode(errors='replace')} box", sample=data[start : start + 64])
        start, end = found.body, found.end
    if found is None:
        raise TheirError("an empty path names no box")
    return found


def pick_track(init: bytes, track_id: int) -> bytes:
    """Return an init segment (``ftyp moov``) with that track alone. raises: TheirError if it has no such track."""
    find_track(init, track_id)
    parts = []
    for box in walk_boxes(init):
        if box.kind == b"ftyp":
            parts.append(init[box.start : box.end])
        elif box.kind == b"moov":
            parts.append(_build_box(b"moov", _pick_moov(init, box, track_id)))
    return b"".join(parts)


def _pick_moov(init: bytes, moov: Box, track_id: int) -> bytes:
    parts = []
    for box in walk_boxes(init, moov.body, moov.end):
        if box.kind == b"trak" and _read_track_id(init, box) != track_id:
            continue
        if box.kind == b"mvex":
            kept = b"".join(
                init[inner.start : inner.end]
                for inner in walk_boxes(init, box.body, box.end)
                if inner.kind != b"trex" or int.from_bytes(init[inner.body + 4 : inner.body + 8]) == track_id
            )
            parts.append(_build_box(b"mvex", kept))
        else:
            parts.append(init[box.start : box.end])
    return b"".join(parts)


def find_track(init: bytes, track_id: int) -> Box:
    """Return the ``trak`` box of a track. raises: TheirError."""
    moov = find_box(init, b"moov")
    for box in walk_boxes(init, moov.body, moov.end):
        if box.kind == b"trak" and _read_track_id(init, box) == track_id:
            return box
    raise TheirError(f"no track {track_id}")


def _read_track_id(data: bytes, trak: Box) -> int:
    tkhd = find_box(data, b"tkhd", start=trak.body, end=trak.end)
    offset = 20 if data[tkhd.body : tkhd.body + 1] == b"\x01" else 12
    return int.from_bytes(data[tkhd.body + offset : tkhd.body + offset + 4])


def _build_box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4) + kind + body


def read_audio_track(init: bytes, track_id: int) -> AudioTrack:
    """Return the rate and the channels of an audio track. raises: TheirError."""
    trak = find_track(init, track_id)
    mdhd = find_box(init, b"mdia", b"mdhd", start=trak.body, end=trak.end)
    offset = 20 if init[mdhd.body : mdhd.body + 1] == b"\x01" else 12
    timescale_hz = int.from_bytes(init[mdhd.body + offset : mdhd.body + offset + 4])
    entry = _find_sample_entry(init, trak)
    channels = int.from_bytes(init[entry.body + 16 : entry.body + 18])
    if not 1 <= timescale_hz <= 192_000 or not 1 <= channels <= 8:
        raise TheirError(f"sound of {timescale_hz} Hz and {channels} channels")
    return AudioTrack(timescale_hz, channels)


def read_parameter_sets(init: bytes, track_id: int) -> tuple[bytes, ...]:
    """Return the parameter sets of avcC (SPS, PPS) or hvcC (VPS, SPS, PPS). raises: TheirError."""
    entry = _find_sample_entry(init, find_track(init, track_id))
    if entry.kind not in _SAMPLE_ENTRY_HEAD:
        raise TheirError("not a video track that we write", sample=entry.kind)
    inner = entry.body + _SAMPLE_ENTRY_HEAD[entry.kind]
    if entry.kind in (b"avc1", b"avc3"):
        box = find_box(init, b"avcC", start=inner, end=entry.end)
        return _read_avcc(init[box.body : box.end])
    box = find_box(init, b"hvcC", start=inner, end=entry.end)
    return _read_hvcc(init[box.body : box.end])


def _find_sample_entry(data: bytes, trak: Box) -> Box:
    stsd = find_box(data, b"mdia", b"minf", b"stbl", b"stsd", start=trak.body, end=trak.end)
    for entry in walk_boxes(data, stsd.body + 8, stsd.end):
        return entry
    raise TheirError("no sample entry")


def _read_avcc(body: bytes) -> tuple[bytes, ...]:
    """ISO/IEC 14496-15 §5.3.3.1."""
    at = 5
    sets = []
    for mask in (31, 255):
        count = _byte(body, at) & mask
        at += 1
        for _ in range(count):
            nal, at = _read_nal(body, at)
            sets.append(nal)
    return tuple(sets)


def _read_hvcc(body: bytes) -> tuple[bytes, ...]:
    """ISO/IEC 14496-15 §8.3.3.1."""
    at = 23
    sets = []
    for _ in range(_byte(body, 22)):
        count = int.from_bytes(body[at + 1 : at + 3])
        at += 3
        for _ in range(count):
            nal, at = _read_nal(body, at)
            sets.append(nal)
    return tuple(sets)


def _byte(body: bytes, at: int) -> int:
    if at >= len(body):
        raise TheirError("a decoder configuration ends early", offset=at, sample=body)
    return body[at]


def _read_nal(body: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(body[at : at + 2])
    if at + 2 > len(body) or end > len(body):
        raise TheirError("a parameter set does not fit", offset=at, sample=body)
    return body[at + 2 : end], end


def read_track_data(fragment: bytes) -> list[TrackData]:
    """Return what each ``moof mdat`` in `fragment` (one track alone) holds. raises: TheirError."""
    found = []
    decode_time: int | None = None
    for box in walk_boxes(fragment):
        if box.kind == b"moof":
            tfdt = find_box(fragment, b"traf", b"tfdt", start=box.body, end=box.end)
            size_bytes = 8 if fragment[tfdt.body] == 1 else 4
            decode_time = int.from_bytes(fragment[tfdt.body + 4 : tfdt.body + 4 + size_bytes])
        elif box.kind == b"mdat" and decode_time is not None:
            found.append(TrackData(decode_time, fragment[box.body : box.end]))
            decode_time = None
    return found
