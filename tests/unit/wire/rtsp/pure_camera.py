"""The other end of a session in memory: reads our requests, answers with what the test put in its table."""

import re
from collections.abc import Callable

from brightkitchen.wire.rtsp.message import Request, parse_head
from brightkitchen.wire.rtsp.session import Event, RtspSession

SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t1\r\nm=audio 0 RTP/AVP 8\r\na=control:t2\r\n"
Answer = bytes | Callable[[Request], bytes] | None


def answer(status: str = "200 OK", *fields: str, body: str = "") -> bytes:
    length = (f"Content-Length: {len(body)}",) if body else ()
    return "\r\n".join([f"RTSP/1.0 {status}", "CSeq: {cseq}", *fields, *length, "", body]).encode()


def _accept_setup(request: Request) -> bytes:
    """Agree to the channels asked for; the first track names its SSRC."""
    wanted = request.headers.get("transport") or ""
    ssrc = ";ssrc=000000AA" if wanted.endswith("=0-1") else ""
    return answer("200 OK", "Session: S1;timeout=60", f"Transport: {wanted}{ssrc}")


class PureCamera:
    """answers: per method, either one answer for ever or a list used up in order (the last one stays).

    None = silence. ``{cseq}`` in an answer becomes the request's number.
    """

    numbered = True  # False: forgets CSeq in every answer

    def __init__(self, **answers: Answer | list[Answer]) -> None:
        self.answers: dict[str, list[Answer]] = {
            "OPTIONS": [
                answer("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN", "Server: Pure")
            ],
            "DESCRIBE": [answer("200 OK", "Content-Base: rtsp://cam/p/", body=SDP)],
            "SETUP": [_accept_setup],
            "PLAY": [answer("200 OK", "Session: S1", "RTP-Info: url=t1;seq=7;rtptime=8,url=t2;seq=9;rtptime=10")],
            "GET_PARAMETER": [answer()],
            "TEARDOWN": [answer()],
        }
        for method, given in answers.items():
            self.answers[method] = list(given) if isinstance(given, list) else [given]
        self.requests: list[Request] = []

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    def receive(self, data: bytes) -> bytes:
        """Take whole requests (and answers to the camera's own requests, which are ignored); return the answers."""
        out = b""
        for head in filter(None, data.split(b"\r\n\r\n")):
            message = parse_head(head)
            if isinstance(message, Request):
                self.requests.append(message)
                out += self._answer(message)
        return out

    def _answer(self, request: Request) -> bytes:
        table = self.answers[request.method]
        chosen = table.pop(0) if len(table) > 1 else table[0]
        if callable(chosen):
            chosen = chosen(request)
        if not self.numbered:
            chosen = (chosen or b"").replace(b"CSeq: {cseq}\r\n", b"")
        return re.sub(rb"\{cseq\}", str(request.cseq).encode(), chosen or b"")


def pump(session: RtspSession, camera: PureCamera, now_s: float, *, piece_bytes: int = 1 << 20) -> list[Event]:
    """Carry bytes to and fro until both are quiet; return the session's events."""
    events: list[Event] = []
    for _ in range(50):
        while (event := session.next_event()) is not None:
            events.append(event)
        request = session.to_send()
        if not request:
            return events
        reply = camera.receive(request)
        for start in range(0, len(reply), piece_bytes):
            session.receive(reply[start : start + piece_bytes], now_s)
    raise AssertionError("the session never comes to rest")
