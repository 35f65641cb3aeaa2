"""RTSP/1.0 messages (RFC 2326 §4, §6, §7): values, their text, and the reading of a head.

Left out: RTSP/2.0. Rules of this file: header names in lower case; lenient with white space and line ends;
every size is bounded before anything is stored.
"""

import re
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.errors import OurError, TheirError

MAX_HEAD_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 64 * 1024
MAX_HEADERS: Final = 128

START_LINE: Final = re.compile(
    rb"RTSP/1\.\d[ \t]+(?P<status>[1-9]\d\d)(?:[ \t]+(?P<phrase>[^\r\n]*))?[ \t]*\r?(?:\n|$)"
    rb"|(?P<method>[A-Z][A-Z_]{2,15})[ \t]+(?P<url>[^\s]{1,2048})[ \t]+RTSP/1\.\d[ \t]*\r?(?:\n|$)"
)
_LINE_END: Final = re.compile(r"\r?\n")


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one message in their order; names in lower case."""

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """Return the first value of `name` (lower case)."""
        return next((value for key, value in self.fields if key == name), None)

    def get_all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.fields if key == name)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    phrase: str
    headers: Headers = Headers()
    body: bytes = b""

    @property
    def cseq(self) -> int | None:
        """The number of the request that this answers; None if it is missing or unreadable."""
        return _parse_cseq(self.headers)


@dataclass(frozen=True, slots=True)
class Request:
    """What the camera asks of us."""

    method: str
    url: str
    headers: Headers = Headers()
    body: bytes = b""

    @property
    def cseq(self) -> int | None:
        return _parse_cseq(self.headers)


Message = Response | Request


def _parse_cseq(headers: Headers) -> int | None:
    text = (headers.get("cseq") or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def parse_head(head: bytes) -> Message:
    """Read start line and header fields; the body is empty.

    head: without the empty line at its end.
    raises: TheirError if the start line is not RTSP/1.x or there are more than 128 fields.
    """
    start = START_LINE.match(head)
    if start is None:
        raise TheirError("not an RTSP message", offset=0, sample=head)
    headers = _parse_fields(head[start.end() :].decode("utf-8", "replace"), head)
    if start["status"] is not None:
        return Response(int(start["status"]), (start["phrase"] or b"").decode("utf-8", "replace").strip(), headers)
    return Request(start["method"].decode("ascii"), start["url"].decode("utf-8", "replace"), headers)


def _parse_fields(text: str, head: bytes) -> Headers:
    fields: list[tuple[str, str]] = []
    for line in _LINE_END.split(text):
        if line[:1] in (" ", "\t") and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {_clean(line)}".strip())
            continue
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name.strip().lower(), _clean(value)))
        if len(fields) > MAX_HEADERS:
            raise TheirError("too many header fields", sample=head)
    return Headers(tuple(fields))


def _clean(value: str) -> str:
    """Strip white space and control characters: a value may be echoed in a request or in a log."""
    return value.strip() if value.isprintable() else "".join(c if c.isprintable() else " " for c in value).strip()


def parse_content_length(message: Message) -> int:
    """Return the size of the body in bytes.

    raises: TheirError if it is no number, above 64 KiB, or said twice with different values.
    """
    values = {value.strip() for value in message.headers.get_all("content-length") if value.strip()}
    if not values:
        return 0
    text = values.pop()
    if values or not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise TheirError("an unreadable Content-Length", sample=text.encode("utf-8"))
    if int(text) > MAX_BODY_BYTES:
        raise TheirError(f"a body of {text} bytes is too large")
    return int(text)


def build_request(method: str, url: str, cseq: int, fields: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return a request without a body. raises: OurError if a value would break the message."""
    return _build(f"{method} {url} RTSP/1.0", (("CSeq", str(cseq)), *fields))


def build_response(status: int, phrase: str, cseq: int | None, fields: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return an answer to the camera. cseq None: it numbered its request with nothing."""
    numbered = () if cseq is None else (("CSeq", str(cseq)),)
    return _build(f"RTSP/1.0 {status} {phrase}", (*numbered, *fields))


def _build(start: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in fields)]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise OurError("a line break inside a header field")
    return "\r\n".join([*lines, "", ""]).encode("utf-8")
