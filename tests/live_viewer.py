"""A live viewer for tests and benchmarks: the handshake and the frames of docs/design/media-path.md §4.1 by hand, without a decoder.

It costs little, so that hundreds of them fit beside the node that is measured, and it can stop to read, as no WebSocket library lets one.
"""

import asyncio
import json
import struct
from collections.abc import Callable
from typing import Final, cast

HEAD_BYTES: Final = 10
"""Of a media message: kind, flags, the UTC of its first picture."""
PICTURE: Final = 2
KEY: Final = 1

_READ_BYTES: Final = 256 * 1024
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_KEY_TEXT: Final = "dGhlIHNhbXBsZSBub25jZQ=="
_BUFFER: Final = memoryview(bytearray(_READ_BYTES))  # what is read is looked at before anybody reads again


def build_upgrade(path: str, origin: str) -> bytes:
    """Return the request that asks for a WebSocket (RFC 6455 §4.1)."""
    lines = (
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {_KEY_TEXT}",
        "Sec-WebSocket-Version: 13",
        f"Origin: {origin}",
    )
    return "\r\n".join((*lines, "", "")).encode()


def build_client_frame(opcode: int, payload: bytes) -> bytes:
    """Return a masked frame; by a mask of zeros its payload stays as it is (§5.3)."""
    head = struct.pack(">BB", 0x80 | opcode, 0x80 | min(len(payload), 126))
    length = struct.pack(">H", len(payload)) if len(payload) >= 126 else b""
    return head + length + bytes(4) + payload


class FrameReader:
    """Splits what a server sends into frames, at most `kept_bytes` of each binary payload kept (None: all of it).

    on_frame: told the opcode, what was kept and the length of the payload, once its last byte is there.
    """

    def __init__(self, on_frame: Callable[[int, bytes, int], None], kept_bytes: int | None) -> None:
        self._on_frame = on_frame
        self._kept_bytes = kept_bytes
        self._head = bytearray()
        self._kept = bytearray()
        self._opcode = 0
        self._size = self._left = -1  # -1: in a head
        self._wanted = 0

    def feed(self, data: memoryview) -> None:
        at, end = 0, len(data)
        while at < end:
            if self._left < 0:
                at = self._read_head(data, at, end)
                continue
            taken = min(self._left, end - at)
            missing = self._wanted - len(self._kept)
            if missing > 0:
                self._kept += data[at : at + min(missing, taken)]
            self._left -= taken
            at += taken
            if self._left == 0:
                self._end_frame()

    def _read_head(self, data: memoryview, at: int, end: int) -> int:
        head = self._head
        needed = 2 if len(head) < 2 else _head_bytes(head[1])
        taken = min(needed - len(head), end - at)
        head += data[at : at + taken]
        if len(head) >= 2 and len(head) == _head_bytes(head[1]):
            self._opcode = head[0] & 15
            self._size = self._left = int.from_bytes(head[2:], "big") if len(head) > 2 else head[1]
            whole = self._opcode != _BINARY or self._kept_bytes is None
            self._wanted = self._size if whole else min(self._size, self._kept_bytes or 0)
            head.clear()
            if self._left == 0:
                self._end_frame()
        return at + taken

    def _end_frame(self) -> None:
        kept = bytes(self._kept)
        self._kept.clear()
        self._left = -1
        self._on_frame(self._opcode, kept, self._size)


def _head_bytes(second: int) -> int:
    return {126: 4, 127: 10}.get(second & 127, 2)


class LiveViewer(asyncio.BufferedProtocol):
    """Asks for one camera's pictures and tells of each message.

    on_media: told the first bytes of a media message (`kept_bytes` of them, None: all) and its whole length.
    on_text: told each JSON message. Pings are answered while it reads.
    """

    def __init__(
        self,
        path: str,
        *,
        origin: str,
        token: str,
        on_media: Callable[[bytes, int], None],
        on_text: Callable[[dict[str, object]], None] = lambda said: None,
        kept_bytes: int | None = HEAD_BYTES,
    ) -> None:
        self._request = build_upgrade(path, origin)
        self._token = token
        self._on_media = on_media
        self._on_text = on_text
        self._answer = bytearray()
        self._is_open = False
        self._frames = FrameReader(self._take, kept_bytes)
        self.close_code = 0
        self.transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's does not say that it is one
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        data = _BUFFER[:nbytes]
        if self._is_open:
            self._frames.feed(data)
            return
        self._answer += data
        head, found, rest = bytes(self._answer).partition(b"\r\n\r\n")
        if found:
            assert head.startswith(b"HTTP/1.1 101"), head
            self._is_open = True
            self.say({"token": self._token, "audio": False})
            self._frames.feed(memoryview(rest))

    def say(self, message: dict[str, object]) -> None:
        self._write(_TEXT, json.dumps(message).encode())

    def pong(self) -> None:
        """Say that somebody is there, asked or not (§5.5.3)."""
        self._write(_PONG, b"")

    def stop_reading(self) -> None:
        assert self.transport is not None
        self.transport.pause_reading()

    def read_again(self) -> None:
        assert self.transport is not None
        self.transport.resume_reading()

    def _write(self, opcode: int, payload: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(build_client_frame(opcode, payload))

    def _take(self, opcode: int, kept: bytes, size_bytes: int) -> None:
        if opcode == _BINARY:
            self._on_media(kept, size_bytes)
        elif opcode == _TEXT:
            self._on_text(json.loads(kept))
        elif opcode == _PING:
            self._write(_PONG, kept)
        elif opcode == _CLOSE:
            self.close_code = int.from_bytes(kept[:2], "big")
            self._write(_CLOSE, kept)
