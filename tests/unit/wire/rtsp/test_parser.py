import pytest

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.rtsp.message import Message, Request, Response
from brightkitchen.wire.rtsp.parser import MAX_GARBAGE_BYTES, StreamSplitter

HELLO = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\nhello"
ASK = b"OPTIONS * RTSP/1.0\nCSeq: 5\n\n"


def frame(channel: int, payload: bytes) -> bytes:
    return b"$" + bytes((channel,)) + len(payload).to_bytes(2) + payload


def rtp(text: str) -> bytes:
    return b"\x80\x60" + text.encode()


class Collected:
    """What a splitter gave, over all reads."""

    def __init__(self, *channels: int) -> None:
        self.messages: list[Message] = []
        self.frames: list[tuple[int, bytes]] = []
        self.splitter = StreamSplitter(self.messages.append)
        for channel in channels:
            self.splitter.assign(channel)

    def feed(self, data: bytes, piece_bytes: int = 1 << 30) -> "Collected":
        for start in range(0, len(data), piece_bytes):
            self.splitter.feed(bytearray(data[start : start + piece_bytes]))
            for channel, frames in self.splitter.take_frames():
                self.frames.extend((channel, bytes(packet)) for packet in frames)
        return self


STREAM = (
    HELLO + frame(0, rtp("a")) + frame(1, rtp("b" * 300)) + b"\r\n" + ASK + frame(0, b"") + frame(0, rtp("c")) + HELLO
)


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 4, 5, 7, 64, 1 << 20])
def test_stream_in_any_pieces_gives_the_same(piece_bytes: int) -> None:
    found = Collected(0, 1).feed(STREAM, piece_bytes)
    assert [type(message) for message in found.messages] == [Response, Request, Response]
    assert found.messages[0].body == b"hello"
    assert [packet for channel, packet in found.frames if channel == 0] == [rtp("a"), b"", rtp("c")]
    assert [packet for channel, packet in found.frames if channel == 1] == [rtp("b" * 300)]
    assert found.splitter.garbage_bytes == 0


@pytest.mark.parametrize("piece_bytes", [1, 1 << 20])
def test_frames_of_an_unassigned_channel_are_counted_and_skipped(piece_bytes: int) -> None:
    found = Collected(0).feed(HELLO + frame(4, rtp("x" * 40)) + frame(0, rtp("y")), piece_bytes)
    assert found.frames == [(0, rtp("y"))]
    assert found.splitter.unassigned_frames == 1 and found.splitter.garbage_bytes == 0


def test_channel_assigned_by_a_message_counts_for_the_bytes_behind_it() -> None:
    splitter = StreamSplitter(lambda _: splitter.assign(0))
    splitter.feed(HELLO + frame(0, rtp("first")))
    assert [(channel, [bytes(p) for p in frames]) for channel, frames in splitter.take_frames()] == [
        (0, [rtp("first")])
    ]
    assert splitter.take_frames() == []


@pytest.mark.parametrize("piece_bytes", [1, 5, 1 << 20])
@pytest.mark.parametrize("junk", [b"\x00" * 40, b"$\x09\x00\x04abcd", b"XYZ nothing", b"R\x01", b"$\x07\xff\xff\x01"])
def test_garbage_is_skipped_up_to_the_next_frame(junk: bytes, piece_bytes: int) -> None:
    found = Collected(0).feed(HELLO + junk + frame(0, rtp("after")) + HELLO, piece_bytes)
    assert found.frames == [(0, rtp("after"))]
    assert len(found.messages) == 2
    assert found.splitter.garbage_bytes == len(junk)


def test_garbage_before_a_channel_is_assigned_is_skipped_up_to_an_answer() -> None:
    found = Collected().feed(HELLO + b"\x01\x02$\x00" + HELLO)
    assert len(found.messages) == 2 and found.splitter.resyncs == 1


def test_garbage_that_begins_like_a_request_is_given_up_after_2200_bytes() -> None:
    found = Collected(0).feed(HELLO + b"GARBAGE " + b"a" * 3000 + frame(0, rtp("after")), 100)
    assert found.frames == [(0, rtp("after"))]


def test_garbage_long_line_of_letters_is_given_up() -> None:
    found = Collected(0).feed(HELLO + b"A" * 3000 + b"\x00" + frame(0, rtp("after")), 100)
    assert found.frames == [(0, rtp("after"))]


def test_garbage_in_good_measure_is_forgiven_after_a_clean_read() -> None:
    found = Collected(0)
    found.feed(HELLO)
    for _ in range(3):
        found.feed(b"\x00" * (MAX_GARBAGE_BYTES // 2) + frame(0, rtp("x")))
        found.feed(frame(0, rtp("y")))
    assert found.splitter.garbage_bytes == 3 * (MAX_GARBAGE_BYTES // 2)


def test_blank_lines_between_units_are_free_but_not_without_end() -> None:
    found = Collected(0).feed(HELLO + b"\r\n" * 3 + HELLO)
    assert len(found.messages) == 2 and found.splitter.garbage_bytes == 0
    with pytest.raises(TheirError):
        found.feed(b"\r\n" * (MAX_GARBAGE_BYTES // 2 + 4096), 100_000)


def test_garbage_without_end_is_their_error() -> None:
    found = Collected(0).feed(HELLO)
    with pytest.raises(TheirError):
        found.feed(b"\x00" * (MAX_GARBAGE_BYTES + 100), 60_000)


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01", b"SSH-2.0-x\r\n", b"HTTP/1.1 400 Bad\r\n\r\n", b"$\x00\x00\x01\x00", b"220 ftp\r\n"]
)
def test_something_else_than_rtsp_is_their_error_at_once(data: bytes) -> None:
    with pytest.raises(TheirError):
        Collected().feed(data)


def test_header_over_16_kib_is_their_error() -> None:
    with pytest.raises(TheirError):
        Collected().feed(b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 4000, 1000)


def test_body_over_64_kib_is_their_error() -> None:
    with pytest.raises(TheirError):
        Collected().feed(b"RTSP/1.0 200 OK\r\nContent-Length: 65537\r\n\r\n")


def test_frames_are_slices_of_the_callers_buffer() -> None:
    splitter = StreamSplitter(lambda _: None)
    splitter.assign(0)
    data = bytearray(frame(0, rtp("x")))
    splitter.feed(data)
    ((_, frames),) = splitter.take_frames()
    assert frames[0].obj is data
