import json
import struct

import pytest

from brightkitchen.kernel.units import Utc
from brightkitchen.media.live.wsfmp4.frames import MessageFlag, MessageKind, build_media_message, build_text_message


def open_frame(frame: bytes) -> tuple[int, bytes]:
    """Return opcode byte and payload by RFC 6455 §5.2."""
    size, at = frame[1], 2
    if size == 126:
        size, at = struct.unpack(">H", frame[2:4])[0], 4
    elif size == 127:
        size, at = struct.unpack(">Q", frame[2:10])[0], 10
    assert len(frame) == at + size
    return frame[0], frame[at:]


@pytest.mark.parametrize("size_bytes", [0, 115, 116, 65_525, 65_526, 300_000])
def test_media_message_of_any_size_is_one_unmasked_binary_frame(size_bytes: int) -> None:
    message = build_media_message(
        MessageKind.VIDEO, MessageFlag.KEY | MessageFlag.DISCONTINUITY, Utc(77), b"m" * size_bytes
    )
    opcode, payload = open_frame(message)
    assert opcode == 0x82
    assert payload == b"\x02\x03" + (77).to_bytes(8) + b"m" * size_bytes


def test_text_message_is_one_text_frame_of_json() -> None:
    opcode, payload = open_frame(build_text_message(type="state", reason=None))
    assert (opcode, json.loads(payload)) == (0x81, {"type": "state", "reason": None})
