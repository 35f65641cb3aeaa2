"""RTSP messages of the server side (RFC 2326). Pure: bytes in, requests out."""

from dataclasses import dataclass, field

MAX_HEADER_BYTES = 16 * 1024
MAX_BODY_BYTES = 64 * 1024

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    503: "Service Unavailable",
}


class ProtocolError(ValueError):
    """The client sent something that is no RTSP request."""


@dataclass(frozen=True, slots=True)
class Request:
    """headers: names in lower case."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Interleaved:
    """A packet that came on a channel of the connection (a receiver report)."""

    channel: int
    data: bytes


class RequestParser:
    """Cuts the byte stream of one connection into requests and interleaved packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Request | Interleaved]:
        """Return what is complete now. Raises ProtocolError; afterwards the connection is of no use."""
        self._buffer += data
        found: list[Request | Interleaved] = []
        while (item := self._take()) is not None:
            found.append(item)
        return found

    def _take(self) -> Request | Interleaved | None:
        buffer = self._buffer
        while buffer[:2] == b"\r\n":
            del buffer[:2]
        if not buffer:
            return None
        if buffer[0] == 0x24:
            return self._take_interleaved()
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > MAX_HEADER_BYTES:
                raise ProtocolError(f"no end of header within {MAX_HEADER_BYTES} bytes")
            return None
        request = _parse_head(bytes(buffer[:end]))
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            raise ProtocolError("Content-Length out of range")
        total = end + 4 + int(length)
        if len(buffer) < total:
            return None
        body = bytes(buffer[end + 4 : total])
        del buffer[:total]
        return Request(request.method, request.url, request.headers, body)

    def _take_interleaved(self) -> Interleaved | None:
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        end = 4 + int.from_bytes(buffer[2:4], "big")
        if len(buffer) < end:
            return None
        packet = Interleaved(buffer[1], bytes(buffer[4:end]))
        del buffer[:end]
        return packet


def _parse_head(head: bytes) -> Request:
    lines = head.decode("utf-8", "replace").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/1."):
        raise ProtocolError("not an RTSP request line")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ProtocolError("header line without colon")
        headers[name.strip().lower()] = value.strip()
    return Request(words[0], words[1], headers)


def build_response(
    status: int, cseq: str | None, headers: list[tuple[str, str]] | None = None, body: bytes = b""
) -> bytes:
    """Return the bytes of a response; Content-Length is added when there is a body."""
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}"]
    if cseq is not None:
        lines.append(f"CSeq: {cseq}")
    lines.append("Server: brightkitchen-sim")
    lines += [f"{name}: {value}" for name, value in headers or []]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + body
