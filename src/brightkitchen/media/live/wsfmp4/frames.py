"""The bytes of live messages (docs/design/media-path.md §4.1), WebSocket frame header included, built once for all viewers. Pure."""

import struct
from enum import IntEnum, IntFlag
from typing import Final

import msgspec

from brightkitchen.kernel.units import Utc

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_HEAD: Final = struct.Struct(">BBQ")
_encode_json = msgspec.json.Encoder().encode


class MessageKind(IntEnum):
    """Byte 0 of a media message."""

    VIDEO_INIT = 1
    VIDEO = 2
    AUDIO_INIT = 3
    AUDIO = 4


class MessageFlag(IntFlag):
    """Byte 1 of a media message."""

    NONE = 0
    KEY = 1
    DISCONTINUITY = 2


def build_media_message(kind: MessageKind, flags: MessageFlag, first_at: Utc, mp4: bytes) -> bytes:
    """Return one whole unmasked WebSocket frame: kind, flags, the UTC of its first picture or sample, MP4 bytes."""
    head = _HEAD.pack(kind, flags, first_at)
    return b"".join((_build_frame_head(_BINARY, len(head) + len(mp4)), head, mp4))


def build_text_message(**fields: object) -> bytes:
    """Return one whole unmasked WebSocket frame with a JSON object."""
    body = _encode_json(fields)
    return _build_frame_head(_TEXT, len(body)) + body


def _build_frame_head(first_byte: int, size_bytes: int) -> bytes:
    """RFC 6455 §5.2, FIN set, never masked, no extension."""
    if size_bytes < 126:
        return struct.pack(">BB", first_byte, size_bytes)
    if size_bytes < 65536:
        return struct.pack(">BBH", first_byte, 126, size_bytes)
    return struct.pack(">BBQ", first_byte, 127, size_bytes)
