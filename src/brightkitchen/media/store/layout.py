"""Where a segment lies, and what it says about itself. docs/design/storage.md §2."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from brightkitchen.kernel.ids import CameraId, Profile, SegmentId, StreamKey, is_id
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.files import Names
from brightkitchen.media.store.model import Fragment

OPEN: Final = "open"
SEGMENTS: Final = "segments"
SUFFIX: Final = ".mp4"
LABEL_UUID: Final = bytes.fromhex("9f3b0c52a7e14d7c8d0e6b1f42c5d9a1")

_KEY, _MOVED, _JUMPED, _NEW_DURATION, _NEW_FRAMES, _NEW_AUDIO = 1, 2, 4, 8, 16, 32


class SegmentLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment file says about itself, in a `uuid` box of its `moov`, so that no index is needed (I5)."""

    segment: str
    camera: str
    profile: str
    run: str
    start_at: Utc
    video_codec: str
    audio_codec: str
    width_px: int
    height_px: int

    @property
    def id(self) -> SegmentId:
        return SegmentId(self.segment)

    @property
    def key(self) -> StreamKey:
        return StreamKey(CameraId(self.camera), Profile(self.profile))


_label = msgspec.json.Decoder(SegmentLabel)


def add_label(init: bytes, label: SegmentLabel) -> bytes:
    """Return ``ftyp moov`` with the label as the last box inside `moov`, where every player passes over it."""
    body = LABEL_UUID + msgspec.json.encode(label)
    box = struct.pack(">I", 8 + len(body)) + b"uuid" + body
    moov_at = int.from_bytes(init[:4])
    moov_bytes = int.from_bytes(init[moov_at : moov_at + 4])
    return init[:moov_at] + struct.pack(">I", moov_bytes + len(box)) + init[moov_at + 4 :] + box


def parse_label(init: bytes) -> SegmentLabel | None:
    """Return what the label of a whole ``ftyp moov`` says; None if there is none of ours or it is not sound."""
    at = init.rfind(b"uuid" + LABEL_UUID)
    if at < 0:
        return None
    try:
        label = _label.decode(init[at + 20 :])
    except msgspec.MsgspecError:
        return None
    is_sound = is_id(label.segment, "seg") and is_id(label.camera, "cam") and label.profile in tuple(Profile)
    return label if is_sound else None


def open_names(segment: SegmentId) -> Names:
    """Where the file is while it is written."""
    return (OPEN, segment + SUFFIX)


def final_folder(key: StreamKey, start_at: Utc) -> Names:
    """The folder of a closed file: its camera and the UTC day it begins on."""
    day = datetime.fromtimestamp(start_at // US_PER_S, tz=UTC).strftime("%Y%m%d")
    return (SEGMENTS, key.camera, day)


def final_names(segment: SegmentId, key: StreamKey, start_at: Utc) -> Names:
    return (*final_folder(key, start_at), segment + SUFFIX)


def pack_fragments(fragments: Sequence[Fragment]) -> bytes:
    """Return the index of one segment: a byte of flags, then only what does not follow from the fragment before.

    About five bytes a fragment, of which three are the size of its pictures.
    """
    out = bytearray()
    start = offset = duration = frames = audio = 0
    for one in fragments:
        flags = (
            (_KEY if one.is_key else 0)
            | (_MOVED if one.start_ticks != start else 0)
            | (_JUMPED if one.offset != offset else 0)
            | (_NEW_DURATION if one.duration_ticks != duration else 0)
            | (_NEW_FRAMES if one.frames != frames else 0)
            | (_NEW_AUDIO if one.audio_bytes != audio else 0)
        )
        out.append(flags)
        _put(out, one.video_bytes)
        if flags & _MOVED:
            _put(out, _zigzag(one.start_ticks - start))
        if flags & _JUMPED:
            _put(out, _zigzag(one.offset - offset))
        if flags & _NEW_DURATION:
            _put(out, one.duration_ticks)
        if flags & _NEW_FRAMES:
            _put(out, one.frames)
        if flags & _NEW_AUDIO:
            _put(out, one.audio_bytes)
        duration, frames, audio = one.duration_ticks, one.frames, one.audio_bytes
        start, offset = one.start_ticks + duration, one.end_offset
    return bytes(out)


def unpack_fragments(blob: bytes) -> tuple[Fragment, ...]:
    """raises: ValueError if `blob` is not what `pack_fragments` makes."""
    fragments: list[Fragment] = []
    start = offset = duration = frames = audio = 0
    numbers = _Numbers(blob)
    while numbers.at < len(blob):
        flags = blob[numbers.at]
        numbers.at += 1
        video = numbers.take()
        if flags & _MOVED:
            start += _unzigzag(numbers.take())
        if flags & _JUMPED:
            offset += _unzigzag(numbers.take())
        if flags & _NEW_DURATION:
            duration = numbers.take()
        if flags & _NEW_FRAMES:
            frames = numbers.take()
        if flags & _NEW_AUDIO:
            audio = numbers.take()
        fragments.append(Fragment(start, duration, offset, video, audio, frames, bool(flags & _KEY)))
        start += duration
        offset += video + audio
    return tuple(fragments)


class _Numbers:
    """Reads numbers of seven bits a byte, the lowest first."""

    __slots__ = ("at", "blob")

    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        self.at = 0

    def take(self) -> int:
        value = shift = 0
        try:
            while (byte := self.blob[self.at]) & 0x80:
                value |= (byte & 0x7F) << shift
                shift += 7
                self.at += 1
        except IndexError:
            raise ValueError("a number without its end") from None
        self.at += 1
        return value | byte << shift


def _put(out: bytearray, value: int) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _unzigzag(value: int) -> int:
    return value >> 1 if value & 1 == 0 else -(value + 1 >> 1)
