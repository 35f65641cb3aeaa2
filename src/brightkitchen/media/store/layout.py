"""Where a segment lies, and what it says about itself. docs/design/storage.md §2."""

import struct
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

_ROW: Final = struct.Struct("<IIIIIHB")


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


def pack_fragments(fragments: list[Fragment] | tuple[Fragment, ...]) -> bytes:
    """Return the index of one segment, 23 bytes a fragment."""
    return b"".join(
        _ROW.pack(f.start_ticks, f.duration_ticks, f.offset, f.video_bytes, f.audio_bytes, f.frames, f.is_key)
        for f in fragments
    )


def unpack_fragments(blob: bytes) -> tuple[Fragment, ...]:
    return tuple(
        Fragment(start, duration, offset, video, audio, frames, bool(key))
        for start, duration, offset, video, audio, frames, key in _ROW.iter_unpack(blob)
    )
