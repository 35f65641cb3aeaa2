"""One viewer's end of the wire: whole frames straight to its transport, and what happens when it cannot keep up.

aiohttp does the handshake, reads, answers pings and closes. Its writer puts a control frame on the transport in one synchronous step,
we put whole frames there in one synchronous step, both on the event loop: frames never interleave. Nothing here waits.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from brightkitchen.media.live.wsfmp4.frames import build_text_message

MAX_BUFFER_BYTES: Final = 4 * 1024 * 1024
MIN_BUFFER_BYTES: Final = 256 * 1024


class Transport(Protocol):
    """The part of `asyncio.Transport` that a viewer needs."""

    def write(self, data: bytes) -> None: ...

    def writelines(self, list_of_data: Sequence[bytes]) -> None: ...

    def is_closing(self) -> bool: ...

    def get_write_buffer_size(self) -> int: ...

    def abort(self) -> None: ...


class Viewer:
    """Drops to the next key frame when more than a GOP (at most 4 MiB) waits in its send buffer; nobody else notices.

    Three hundred of these are asked for each picture: what they ask of their transport is looked up once.
    """

    __slots__ = (
        "_abort",
        "_is_closing",
        "_is_stopped",
        "_largest_bytes",
        "_measure",
        "_skipping",
        "_write",
        "_writelines",
        "dropped_gops",
        "dropped_gops_in_all",
        "wants_audio",
    )

    def __init__(self, transport: Transport, *, wants_audio: bool) -> None:
        self._write = transport.write
        self._writelines = transport.writelines
        self._is_closing = transport.is_closing
        self._measure = transport.get_write_buffer_size
        self._abort = transport.abort
        self._skipping = False
        self._is_stopped = False
        self._largest_bytes = 0
        self.wants_audio = wants_audio
        self.dropped_gops = 0
        self.dropped_gops_in_all = 0

    @property
    def waiting_bytes(self) -> int:
        """What the system has not taken yet."""
        return self._measure()

    def send(self, message: bytes) -> None:
        """Write a message that must not be left out: a text or an init segment. Who takes none of them is cut off."""
        if not message or self._is_stopped or self._is_closing():
            return
        if self._measure() > 2 * MAX_BUFFER_BYTES + self._largest_bytes:
            self._abort()
            return
        self._write(message)

    def send_group(self, messages: Sequence[bytes]) -> None:
        """Write what a new viewer begins with. It is not copied: those who begin together wait for the same bytes."""
        if messages and not self._is_stopped and not self._is_closing():
            self._largest_bytes = sum(map(len, messages))
            self._writelines(messages)

    def send_video(self, message: bytes, is_key: bool, limit_bytes: int) -> None:
        """Write one picture, unless too much waits already."""
        waiting_bytes = self._measure()
        is_behind = self._skipping or waiting_bytes > limit_bytes
        if is_behind and not self._catches_up(is_key, waiting_bytes, limit_bytes):
            return
        if not self._is_stopped and not self._is_closing():
            self._write(message)

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

    def _catches_up(self, is_key: bool, waiting_bytes: int, limit_bytes: int) -> bool:
        """Return whether a viewer that is behind gets this picture: from a key frame on, once half of its room is free."""
        if self._skipping and not is_key:
            return False
        if not self._skipping or waiting_bytes > limit_bytes // 2:
            self._skipping = True
            self.dropped_gops += 1
            self.dropped_gops_in_all += 1
            return False
        self._skipping = False
        self.send(build_text_message(type="lag", dropped_gops=self.dropped_gops))
        self.dropped_gops = 0
        return True
