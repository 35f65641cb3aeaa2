"""One viewer's end of the wire: whole frames straight to its transport, and what happens when it cannot keep up.

aiohttp does the handshake, reads, answers pings and closes. Its writer puts a control frame on the transport in one synchronous step,
we put whole frames there in one synchronous step, both on the event loop: frames never interleave. Nothing here waits.
"""

from typing import Final, Protocol

from brightkitchen.media.live.wsfmp4.frames import build_text_message

MAX_BUFFER_BYTES: Final = 4 * 1024 * 1024
MIN_BUFFER_BYTES: Final = 256 * 1024


class Transport(Protocol):
    """The part of `asyncio.Transport` that a viewer needs."""

    def write(self, data: bytes) -> None: ...

    def is_closing(self) -> bool: ...

    def get_write_buffer_size(self) -> int: ...


class Viewer:
    """Drops to the next key frame when more than a GOP (at most 4 MiB) waits in its send buffer; nobody else notices."""

    __slots__ = (
        "_is_stopped",
        "_skipping",
        "_transport",
        "dropped_gops",
        "dropped_gops_in_all",
        "sent_bytes",
        "wants_audio",
    )

    def __init__(self, transport: Transport, *, wants_audio: bool) -> None:
        self._transport = transport
        self._skipping = False
        self._is_stopped = False
        self.wants_audio = wants_audio
        self.dropped_gops = 0
        self.dropped_gops_in_all = 0
        self.sent_bytes = 0

    def send(self, message: bytes) -> None:
        """Write a message that must not be left out: a text or an init segment."""
        if message and not self._is_stopped and not self._transport.is_closing():
            self._transport.write(message)
            self.sent_bytes += len(message)

    def send_video(self, message: bytes, *, is_key: bool, limit_bytes: int) -> None:
        """Write one picture, unless too much waits already."""
        waiting_bytes = self._transport.get_write_buffer_size()
        if self._skipping:
            if not is_key:
                return
            if waiting_bytes > limit_bytes // 2:
                self._drop_gop()
                return
            self._skipping = False
            self.send(build_text_message(type="lag", dropped_gops=self.dropped_gops))
            self.dropped_gops = 0
        elif waiting_bytes > limit_bytes:
            self._skipping = True
            self._drop_gop()
            return
        self.send(message)

    def send_audio(self, message: bytes) -> None:
        """Write a stretch of sound, unless pictures are being left out."""
        if self.wants_audio and not self._skipping:
            self.send(message)

    def stop(self, message: bytes) -> None:
        """Write a last message; nothing follows but the closing of the socket."""
        self.send(message)
        self._is_stopped = True

    def restart(self) -> None:
        """A new timeline begins with a key frame: whatever was left out is over."""
        self._skipping = False
        self.dropped_gops = 0

    def _drop_gop(self) -> None:
        self.dropped_gops += 1
        self.dropped_gops_in_all += 1
