"""The byte stream of an RTSP connection: messages and interleaved frames (RFC 2326 §10.12), split in one pass.

Rules of this file: per frame one slice and nothing else (two hundred cameras bring 50,000 frames a second);
no byte is copied that is not the rest of an unfinished unit; what a peer can make grow is bounded.
"""

import re
import struct
from collections.abc import Callable
from typing import Final

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.rtsp.message import (
    MAX_HEAD_BYTES,
    START_LINE,
    Message,
    Request,
    Response,
    parse_content_length,
    parse_head,
)

MAX_GARBAGE_BYTES: Final = 1024 * 1024
_MAX_START_LINE_BYTES: Final = 2200
_COULD_START: Final = re.compile(rb"[A-Z][A-Z_]{0,15}(?:[ \t/]|\Z)")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_BLANK_RUN_BYTES: Final = 4096
_MAX_BLANK_BYTES: Final = 16
_DOLLAR: Final = 0x24
_MARK: Final = _DOLLAR << 8
_RTP_VERSION_MASK: Final = 0xC0
_RTP_VERSION_2: Final = 0x80
_LONGEST_MARK_BYTES: Final = len(b"RTSP/1.0 200")
_unpack_frame_head = struct.Struct(">HH").unpack_from


class StreamSplitter:
    """Turns what a connection brings into messages (by callback, in order) and frames per channel.

    on_message may call `assign`: frames behind a SETUP answer in the same read are already taken.
    The slices that `take_frames` hands out are valid until the next `feed`, because the caller may reuse its buffer.
    """

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        self._on_message = on_message
        self._frames: dict[int, list[memoryview]] = {}
        self._appends: dict[int, Callable[[memoryview], None]] = {}
        self._tail = bytearray()
        self._want = 0  # size of the unit that `_tail` begins, 0 = not known yet
        self.has_message = False
        self._resync_point = self._compile_resync_point()
        self._recent_garbage_bytes = 0
        self.garbage_bytes = 0
        self.resyncs = 0
        self.unassigned_frames = 0

    def assign(self, channel: int) -> None:
        """Frames of this channel (0..255) are collected from now on."""
        self._frames[channel] = []
        self._appends[_MARK | channel] = self._frames[channel].append
        self._resync_point = self._compile_resync_point()

    def _compile_resync_point(self) -> re.Pattern[bytes]:
        answer = rb"RTSP/1\.\d [1-9]\d\d"
        if not self._frames:
            return re.compile(answer)
        channels = b"".join(b"\\x%02x" % channel for channel in self._frames)
        return re.compile(rb"\$[" + channels + rb"]..[\x80-\xbf]|" + answer, re.DOTALL)

    def take_frames(self) -> list[tuple[int, list[memoryview]]]:
        """Return (channel, frames without their 4-byte head) for each channel that got any, and forget them."""
        taken = [(channel, frames) for channel, frames in self._frames.items() if frames]
        for channel, _ in taken:
            self._frames[channel] = []
            self._appends[_MARK | channel] = self._frames[channel].append
        return taken

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Split `data`, the next bytes of the stream, of any length.

        raises: TheirError if it is not RTSP, a size is beyond its bound, or more than 1 MiB of garbage came in a row.
        """
        garbage_before = self.garbage_bytes
        rest = memoryview(data)
        while self._tail:
            if self._want:
                missing = self._want - len(self._tail)
                self._tail += rest[:missing]
                rest = rest[missing:]
                if len(self._tail) < self._want:
                    return
            else:
                self._tail += rest
                rest = rest[len(rest) :]
            unit = memoryview(bytes(self._tail))
            self._tail = bytearray(unit[self._split(unit) :])
            if not rest:
                break
        else:
            self._tail = bytearray(rest[self._split(rest) :])
        if self.garbage_bytes == garbage_before:
            self._recent_garbage_bytes = 0

    def _split(self, view: memoryview) -> int:
        """Take whole units from the front of `view`; return how many bytes they were. Sets `_want` for the rest."""
        position = 0
        end = len(view)
        last_head = end - 4
        appends = self._appends
        self._want = 0
        while position < end:
            try:
                while position <= last_head:
                    mark, size = _unpack_frame_head(view, position)
                    body = position + 4
                    stop = body + size
                    if stop > end:
                        break
                    appends[mark](view[body:stop])
                    position = stop
            except KeyError:
                pass  # a message, a channel nobody set up, or garbage
            if position < end:
                taken = self._take_other(view, position, end)
                if not taken:
                    break
                position += taken
        return position

    def _take_other(self, view: memoryview, position: int, end: int) -> int:
        """Handle what is not a whole frame of a known channel; return the bytes taken, 0 = more is needed."""
        first = view[position]
        if first in b"\r\n":
            return self._skip_blank(view, position)
        if first == _DOLLAR:
            return self._take_dollar(view, position, end)
        if 0x41 <= first <= 0x5A:
            return self._take_message(view, position, end)
        return self._resync(view, position, end)

    def _skip_blank(self, view: memoryview, position: int) -> int:
        """Skip line ends between units; more than a few are garbage, or a peer could keep us busy with nothing."""
        run = bytes(view[position : position + _BLANK_RUN_BYTES])
        size = len(run) - len(run.lstrip(b"\r\n"))
        if size > _MAX_BLANK_BYTES:
            self._count_garbage(view, position, size)
        return size

    def _take_dollar(self, view: memoryview, position: int, end: int) -> int:
        available = end - position
        if available < 4:
            self._want = 4
            return 0
        size = 4 + int.from_bytes(view[position + 2 : position + 4])
        if view[position + 1] in self._frames:
            self._want = size
            return 0
        if available < 5:
            self._want = 5
            return 0
        if view[position + 4] & _RTP_VERSION_MASK != _RTP_VERSION_2:
            return self._resync(view, position, end)  # a dollar sign, but no RTP behind it
        if size > available:
            self._want = size
            return 0
        self.unassigned_frames += 1
        return size

    def _take_message(self, view: memoryview, position: int, end: int) -> int:
        text = bytes(view[position : position + MAX_HEAD_BYTES + 4])
        head_end = _HEAD_END.search(text)
        if _COULD_START.match(text[:17]) is None:
            return self._resync(view, position, end)
        if (b"\n" in text or len(text) > _MAX_START_LINE_BYTES) and START_LINE.match(text) is None:
            return self._resync(view, position, end)
        if head_end is None:
            if len(text) > MAX_HEAD_BYTES:
                raise TheirError("a header larger than 16 KiB", sample=text)
            return 0
        message = parse_head(text[: head_end.start()])
        size = head_end.end() + parse_content_length(message)
        if position + size > end:
            self._want = size
            return 0
        body = bytes(view[position + head_end.end() : position + size])
        self.has_message = True
        self._on_message(_with_body(message, body))
        return size

    def _resync(self, view: memoryview, position: int, end: int) -> int:
        """Skip to the next frame head or answer that looks right. Only after the peer has spoken RTSP once."""
        if not self.has_message:
            raise TheirError("not RTSP", offset=position, sample=bytes(view[position : position + 64]))
        found = self._resync_point.search(view, position + 1)
        stop = found.start() if found is not None else max(position + 1, end - _LONGEST_MARK_BYTES)
        skipped = stop - position
        self.resyncs += found is not None
        self._count_garbage(view, position, skipped)
        return skipped

    def _count_garbage(self, view: memoryview, position: int, size: int) -> None:
        self.garbage_bytes += size
        self._recent_garbage_bytes += size
        if self._recent_garbage_bytes > MAX_GARBAGE_BYTES:
            raise TheirError("nothing but garbage", offset=position, sample=bytes(view[position : position + 64]))


def _with_body(message: Message, body: bytes) -> Message:
    if isinstance(message, Response):
        return Response(message.status, message.phrase, message.headers, body)
    return Request(message.method, message.url, message.headers, body)
