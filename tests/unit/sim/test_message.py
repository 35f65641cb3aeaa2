import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen_sim.server.message import Interleaved, ProtocolError, Request, RequestParser, build_response

WIRE = (
    b"SETUP rtsp://h/main/trackID=0 RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP/TCP\r\n\r\n"
    b"$\x01\x00\x04abcd"
    b"SET_PARAMETER rtsp://h/main RTSP/1.0\r\nCSeq: 4\r\nContent-Length: 3\r\n\r\nx:1"
)
ITEMS = [
    Request("SETUP", "rtsp://h/main/trackID=0", {"cseq": "3", "transport": "RTP/AVP/TCP"}),
    Interleaved(1, b"abcd"),
    Request("SET_PARAMETER", "rtsp://h/main", {"cseq": "4", "content-length": "3"}, b"x:1"),
]


def test_requests_read_whole_byte_by_byte_and_with_trailing_bytes_are_the_same() -> None:
    assert RequestParser().feed(WIRE) == ITEMS
    parser = RequestParser()
    found = [parser.feed(WIRE[i : i + 1]) for i in range(len(WIRE))]
    assert [item for items in found for item in items] == ITEMS
    assert found[-1] == ITEMS[-1:]
    parser = RequestParser()
    assert parser.feed(WIRE + WIRE[:20]) == ITEMS
    assert parser.feed(WIRE[20:]) == ITEMS


@pytest.mark.parametrize(
    "wire",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"x\r\n\r\n",
        b"PLAY u RTSP/1.0\r\nno colon\r\n\r\n",
        b"PLAY u RTSP/1.0\r\nContent-Length: 70000\r\n\r\n",
        b"PLAY u RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
        b"PLAY u RTSP/1.0\r\nA: " + b"x" * 17_000,
    ],
)
def test_what_is_no_request_is_refused(wire: bytes) -> None:
    with pytest.raises(ProtocolError):
        RequestParser().feed(wire)


@given(st.binary(max_size=300))
def test_any_bytes_give_items_or_the_protocol_error(data: bytes) -> None:
    try:
        items = RequestParser().feed(data)
    except ProtocolError:
        return
    assert all(isinstance(item, Request | Interleaved) for item in items)


def test_response_has_status_headers_and_length() -> None:
    assert build_response(401, "2", [("WWW-Authenticate", "Basic")]) == (
        b"RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nServer: brightkitchen-sim\r\nWWW-Authenticate: Basic\r\n\r\n"
    )
    assert build_response(200, "1", body=b"abc").endswith(b"Content-Length: 3\r\n\r\nabc")
