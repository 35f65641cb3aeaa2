import pytest

from brightkitchen.kernel.errors import OurError, TheirError
from brightkitchen.wire.rtsp.message import (
    Headers,
    Request,
    Response,
    build_request,
    build_response,
    parse_content_length,
    parse_head,
)


def response_with(*fields: tuple[str, str]) -> Response:
    return Response(200, "OK", Headers(fields))


def test_head_answer_is_read_with_lower_case_names() -> None:
    head = b"RTSP/1.0 200 OK\r\nCSeq:  7\r\nPublic : A,\r\n  B\r\nX: a\x00b\r\nX: c\r\nnonsense"
    assert parse_head(head) == response_with(("cseq", "7"), ("public", "A, B"), ("x", "a b"), ("x", "c"))


def test_head_request_is_read() -> None:
    found = parse_head(b"SET_PARAMETER rtsp://h/ RTSP/1.0\nCSeq: 1")
    assert found == Request("SET_PARAMETER", "rtsp://h/", Headers((("cseq", "1"),)))
    assert found.cseq == 1


@pytest.mark.parametrize("head", [b"RTSP/1.0 404", b"RTSP/1.0 404 ", b"RTSP/1.1  404 Not Found\r\n"])
def test_head_answer_phrase_may_be_missing(head: bytes) -> None:
    found = parse_head(head)
    assert isinstance(found, Response) and found.status == 404


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK", b"RTSP/1.0 99", b"RTSP/1.0 2000", b"get x RTSP/1.0", b"A b RTSP/2.0"]
)
def test_head_something_else_is_their_error(head: bytes) -> None:
    with pytest.raises(TheirError):
        parse_head(head)


def test_head_with_too_many_fields_is_their_error() -> None:
    with pytest.raises(TheirError):
        parse_head(b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 129)


def test_headers_get_gives_the_first_and_get_all_each() -> None:
    headers = Headers((("a", "1"), ("b", "2"), ("a", "3")))
    assert (headers.get("a"), headers.get("c"), headers.get_all("a")) == ("1", None, ("1", "3"))


@pytest.mark.parametrize(
    ("text", "number"), [("5", 5), (" 5 ", 5), ("", None), ("x", None), ("1" * 11, None), ("²", None)]
)
def test_cseq_unreadable_is_none(text: str, number: int | None) -> None:
    assert response_with(("cseq", text)).cseq == number


def test_content_length_absent_is_zero_and_twice_the_same_is_once() -> None:
    assert parse_content_length(response_with()) == 0
    assert parse_content_length(response_with(("content-length", "5 "), ("content-length", "5"))) == 5


@pytest.mark.parametrize("values", [["x"], ["-1"], ["1", "2"], ["65537"], ["9" * 30]])
def test_content_length_senseless_is_their_error(values: list[str]) -> None:
    with pytest.raises(TheirError):
        parse_content_length(response_with(*(("content-length", value) for value in values)))


def test_build_request_and_response_are_read_back() -> None:
    request = build_request("PLAY", "rtsp://h/p", 3, (("Range", "npt=0-"),))
    assert request == b"PLAY rtsp://h/p RTSP/1.0\r\nCSeq: 3\r\nRange: npt=0-\r\n\r\n"
    assert build_response(501, "Not Implemented", None) == b"RTSP/1.0 501 Not Implemented\r\n\r\n"
    assert build_response(200, "OK", 9) == b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"


@pytest.mark.parametrize("evil", ["a\r\nX: y", "a\nb", "a\0"])
def test_build_request_line_break_in_a_value_is_our_error(evil: str) -> None:
    with pytest.raises(OurError):
        build_request("PLAY", "rtsp://h/p", 1, (("A", evil),))
