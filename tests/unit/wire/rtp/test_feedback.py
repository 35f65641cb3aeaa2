import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.rtp.feedback import (
    Lost,
    PictureLost,
    Reception,
    build_goodbye,
    build_sender_report,
    parse_feedback,
)
from brightkitchen.wire.rtp.rtcp import Goodbye, SenderReport, parse_compound


def packet(kind: int, count: int, body: bytes) -> bytes:
    return bytes((0x80 | count, kind)) + (len(body) // 4).to_bytes(2) + body


BLOCK = struct.pack(">IIIIII", 7, 64 << 24 | 3, 9, 0, 0, 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (packet(205, 1, struct.pack(">IIHH", 1, 7, 65_534, 0b101)), [Lost(7, (65_534, 65_535, 1))]),
        (packet(206, 1, struct.pack(">II", 1, 7)), [PictureLost(7)]),
        (packet(206, 4, struct.pack(">IIII", 1, 0, 7, 1 << 24)), [PictureLost(7)]),
        (packet(201, 1, struct.pack(">I", 1) + BLOCK), [Reception(7, 64)]),
        (packet(200, 1, bytes(24) + BLOCK), [Reception(7, 64)]),
        (packet(201, 0, bytes(4)) + packet(206, 1, struct.pack(">II", 1, 7)), [PictureLost(7)]),
        (packet(206, 15, struct.pack(">II", 1, 7)), []),  # REMB was not offered
        (packet(201, 31, struct.pack(">I", 1)), []),  # blocks that are not there
    ],
)
def test_feedback_of_viewers_is_read(data: bytes, said: list[object]) -> None:
    assert parse_feedback(data) == said


@pytest.mark.parametrize("data", [b"\x00\xc9\x00\x00", b"\x80\xc9\x00\x09abcd", bytes(3000)])
def test_feedback_that_is_none_is_their_error(data: bytes) -> None:
    with pytest.raises(TheirError):
        parse_feedback(data)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_feedback_or_their_error(data: bytes) -> None:
    try:
        said = parse_feedback(data)
    except TheirError:
        return
    assert sum(len(item.sequences) for item in said if isinstance(item, Lost)) <= 17 * len(data)


def test_sender_report_is_read_by_our_own_receiver() -> None:
    report = build_sender_report(
        7, sent_us=1_795_392_000_250_000, timestamp=123, packets=5, payload_bytes=600, name=b"viewer"
    )
    assert len(report) % 4 == 0
    read = parse_compound(report)
    assert len(read) == 1
    assert isinstance(read[0], SenderReport)
    assert (read[0].ssrc, read[0].timestamp) == (7, 123)
    assert abs(read[0].sent_us - 1_795_392_000_250_000) <= 1
    assert report[20:28] == struct.pack(">II", 5, 600)


def test_goodbye_is_read_by_our_own_receiver() -> None:
    assert parse_compound(build_goodbye((7, 8))) == [Goodbye()]
