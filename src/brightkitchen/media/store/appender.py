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
from brightkitchen.media.store.volumes import Volume, Volumes

log = get_logger(__name__)

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class WriteFailure:
    """A segment that takes no more: what was written before stays and is closed by the recorder."""

    segment: OpenSegment
    reason: EndReason


class Appender:
    """Writes what it is handed, in order, and passes on what the index must know.

    on_full: called when there is little room left, or a write found none, so that somebody makes some.
    """

    def __init__(
        self,
        volumes: Volumes,
        opened: OpenSegments,
        *,
        pass_on: Callable[[list[ForIndex]], None],
        on_full: Callable[[], None] = lambda: None,
    ) -> None:
        self._volumes = volumes
        self._opened = opened
        self._pass_on = pass_on
        self._on_full = on_full
        self.failures: deque[WriteFailure] = deque()
        self.done_bytes = 0

    def handle(self, commands: list[Command]) -> None:
        """Do all of `commands`; a failed write ends its segment only."""
        if self._volumes.look_for_room():
            self._on_full()
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

    def _append(self, command: Append) -> None:
        segment = command.segment
        if segment.failure is not None:
            return
        try:
            offset, buffers = segment.size_bytes, command.buffers
            if segment.fd < 0:
                self._create(segment)
            volume, files = self._room_of(segment)
            if offset == 0:
                offset = len(segment.head)
                buffers = [segment.head, *buffers]
            files.write_at(segment.fd, buffers, segment.size_bytes)  # P2
        except OSError as error:
            self._fail(segment, error)
            return
        volume.is_failing = False
        segment.hash_more(buffers)
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
            self._volumes.files_of(segment.volume).write_at(segment.fd, command.buffers, segment.size_bytes)
        except OSError as error:
            self._fail(segment, error)
            return
        segment.hash_more(command.buffers)
        segment.add_audio(command.size_bytes)

    def _create(self, segment: OpenSegment) -> None:
        """P1, on the volume that this camera's files go to now."""
        volume = self._volumes.choose(segment.label.key)
        segment.volume, segment.epoch = volume.no, volume.epoch
        segment.fd = self._volumes.files_of(volume.no).create(open_names(segment.label.id))
        self._opened.add(segment)

    def _room_of(self, segment: OpenSegment) -> tuple[Volume, Files]:
        volume, files = self._volumes.get(segment.volume), self._volumes.files_of(segment.volume)
        assert volume is not None
        if volume.epoch != segment.epoch:
            raise OSError(errno.ENODEV, "the volume went away and came back")
        if not volume.has_room:
            raise OSError(errno.ENOSPC, "less than the reserve is free")
        return volume, files

    def _fail(self, segment: OpenSegment, error: OSError) -> None:
        """Take back what may have been written of the fragment; P3 does it again before the row says the size."""
        is_full = error.errno in _NO_ROOM
        segment.failure = EndReason.DISK_FULL if is_full else EndReason.DISK_ERROR
        volume = self._volumes.get(segment.volume)
        if segment.fd >= 0:
            with suppress(OSError):
                self._volumes.files_of(segment.volume).truncate(segment.fd, segment.size_bytes)
        if volume is not None and is_full:
            volume.has_room = False
        elif volume is not None:
            volume.is_failing = True
        log.error("cannot write", segment=segment.label.id, reason=segment.failure.value, errno=error.errno)
        self.failures.append(WriteFailure(segment, segment.failure))
        if is_full:
            self._on_full()
