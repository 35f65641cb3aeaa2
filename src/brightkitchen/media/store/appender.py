"""P1 create and P2 append (docs/design/storage.md §4). Runs on the writing thread of the volume."""

import errno
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.log import get_logger
from brightkitchen.media.store.commands import Append, AppendAudio, Command, ForIndex
from brightkitchen.media.store.files import Files
from brightkitchen.media.store.layout import open_names
from brightkitchen.media.store.model import EndReason, Fragment
from brightkitchen.media.store.opened import OpenSegment, OpenSegments

log = get_logger(__name__)

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class WriteFailure:
    """A segment that takes no more: what was written before stays and is closed by the recorder."""

    segment: OpenSegment
    reason: EndReason


class Appender:
    """Writes what it is handed, in order, and passes on what the index must know.

    reserve_bytes: kept free for the index and for the rest of the machine; below it writing stops like on a full disk.
    """

    def __init__(
        self, files: Files, opened: OpenSegments, *, reserve_bytes: int, pass_on: Callable[[list[ForIndex]], None]
    ) -> None:
        self._files = files
        self._opened = opened
        self._reserve_bytes = reserve_bytes
        self._pass_on = pass_on
        self.failures: deque[WriteFailure] = deque()
        self.has_room = True
        self.done_bytes = 0

    def handle(self, commands: list[Command]) -> None:
        """Do all of `commands`; a failed write ends its segment only."""
        self._look_for_room()
        for_index: list[ForIndex] = []
        for command in commands:
            if isinstance(command, Append):
                self._append(command)
                self.done_bytes += command.size_bytes
            elif isinstance(command, AppendAudio):
                self._append_audio(command)
                self.done_bytes += command.size_bytes
            else:
                for_index.append(command)
        if for_index:
            self._pass_on(for_index)

    def _look_for_room(self) -> None:
        try:
            self.has_room = self._files.free_bytes() >= self._reserve_bytes
        except OSError:
            self.has_room = False

    def _append(self, command: Append) -> None:
        segment = command.segment
        if segment.failure is not None:
            return
        try:
            if not self.has_room:
                raise OSError(errno.ENOSPC, "less than the reserve is free")
            offset, buffers = segment.size_bytes, command.buffers
            if segment.fd < 0:
                segment.fd = self._files.create(open_names(segment.label.id))  # P1
                self._opened.add(segment)
            if offset == 0:
                offset = len(segment.head)
                buffers = [segment.head, *buffers]
            self._files.write_at(segment.fd, buffers, segment.size_bytes)  # P2
            segment.hash_more(buffers)
        except OSError as error:
            self._fail(segment, error)
            return
        segment.add(  # I2: only now does anybody see it
            Fragment(
                start_ticks=command.start_ticks,
                duration_ticks=command.duration_ticks,
                offset=offset,
                video_bytes=command.video_bytes,
                audio_bytes=command.audio_bytes,
                frames=command.frames,
                is_key=command.is_key,
            )
        )

    def _append_audio(self, command: AppendAudio) -> None:
        segment = command.segment
        if segment.failure is not None or segment.size_bytes == 0:
            return
        try:
            self._files.write_at(segment.fd, command.buffers, segment.size_bytes)
            segment.hash_more(command.buffers)
        except OSError as error:
            self._fail(segment, error)
            return
        segment.add_audio(command.size_bytes)

    def _fail(self, segment: OpenSegment, error: OSError) -> None:
        """Take back what may have been written of the fragment; P3 does it again before the row says the size."""
        segment.failure = EndReason.DISK_FULL if error.errno in _NO_ROOM else EndReason.DISK_ERROR
        if segment.fd >= 0:
            with suppress(OSError):
                self._files.truncate(segment.fd, segment.size_bytes)
        if segment.failure is EndReason.DISK_FULL:
            self.has_room = False
        log.error("cannot write", segment=segment.label.id, reason=segment.failure.value, errno=error.errno)
        self.failures.append(WriteFailure(segment, segment.failure))
