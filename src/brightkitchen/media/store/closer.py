"""P3 close (docs/design/storage.md §4), and the gaps. Runs on the index thread; whatever fails is tried again, in order."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from brightkitchen.kernel.log import get_logger
from brightkitchen.media.store.commands import Close, ForIndex, GapEnd, GapStart
from brightkitchen.media.store.files import Files, Names
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, final_folder, final_names, open_names
from brightkitchen.media.store.model import SegmentInfo
from brightkitchen.media.store.opened import OpenSegments
from brightkitchen.media.store.volumes import Volumes

log = get_logger(__name__)

BACKLOG_LIMIT: Final = 10_000


class Closer:
    """Gives finished files their row and their place."""

    def __init__(self, volumes: Volumes, index: Index, opened: OpenSegments) -> None:
        self._volumes = volumes
        self._index = index
        self._opened = opened
        self._backlog: list[ForIndex] = []
        self.dropped = 0

    @property
    def backlog(self) -> int:
        return len(self._backlog)

    def handle(self, work: Sequence[ForIndex]) -> None:
        """Do `work` and whatever was left over; what fails stays for the next call, bounded (then P4 has to find it)."""
        self._backlog.extend(work)
        self._backlog = [command for command in self._backlog if self._is_ready(command)]
        try:
            self._settle()
        except sqlite3.Error as error:
            log.error("index not written", error=type(error).__name__, waiting=len(self._backlog), dropped=self.dropped)
        excess = len(self._backlog) - BACKLOG_LIMIT
        if excess > 0:
            self._let_go(self._backlog[:excess])
            self._backlog = self._backlog[excess:]

    def _settle(self) -> None:
        closing = [command for command in self._backlog if isinstance(command, Close)]
        if self._backlog:
            with self._index.transaction():  # P3.2
                for command in self._backlog:
                    self._save(command)
        self._backlog = list[ForIndex](closing)  # everything else is durable now
        for volume in sorted({command.segment.volume for command in closing}):
            self._place(volume, [command for command in closing if command.segment.volume == volume])

    def _place(self, volume: int, closing: list[Close]) -> None:
        """P3.3 and P3.4 on one volume. What a volume that went away keeps under open/ is found when it is back (P4)."""
        try:
            place_files(self._volumes.files_of(volume), [command.segment.info() for command in closing])
        except OSError as error:
            if volume in self._volumes.there:
                log.error("files not in their place", errno=error.errno, waiting=len(closing))
                return
            self.dropped += len(closing)
        for command in closing:
            self._opened.remove(command.segment)
        self._backlog = [command for command in self._backlog if command not in closing]

    def _save(self, command: ForIndex) -> None:
        if isinstance(command, Close):
            self._index.save_segment(command.segment.info(command.reason), command.segment.fragments)
        elif isinstance(command, GapStart):
            self._index.save_gap_start(command.key, command.at, command.reason)
        else:
            assert isinstance(command, GapEnd)
            self._index.save_gap_end(command.key, command.at)

    def _is_ready(self, command: ForIndex) -> bool:
        """P3.1 for a file that is still open. False: there is no file to give a row to."""
        if not isinstance(command, Close) or command.segment.fd < 0:
            return not isinstance(command, Close) or command.segment.size_bytes > 0
        segment = command.segment
        fd, segment.fd = segment.fd, -1
        try:
            files = self._volumes.files_of(segment.volume)
            if segment.size_bytes == 0:
                files.unlink(open_names(segment.label.id))
            else:
                if files.size(fd) != segment.size_bytes:
                    files.truncate(fd, segment.size_bytes)
                files.sync_data(fd)
        except OSError as error:
            log.error("file left for the next start", segment=segment.label.id, errno=error.errno)
            self._let_go([command])
            return False
        finally:
            with suppress(OSError):
                os.close(fd)
        if segment.size_bytes == 0:
            self._opened.remove(segment)
        return segment.size_bytes > 0

    def _let_go(self, commands: Sequence[ForIndex]) -> None:
        """The file stays under open/, where P4 finds it."""
        for command in commands:
            self.dropped += 1
            if isinstance(command, Close):
                self._opened.remove(command.segment)


def place_files(files: Files, infos: Sequence[SegmentInfo]) -> None:
    """P3.3 and P3.4: move files with a durable row to their final place. Those that are there already stay there."""
    folders: set[Names] = set()
    for info in infos:
        folder = final_folder(info.key, info.start_at)
        if folder not in folders:
            files.make_dir(folder)
            folders.add(folder)
        if files.has(open_names(info.id)):
            files.rename(open_names(info.id), final_names(info.id, info.key, info.start_at))  # P3.3
    for folder in sorted(folders):  # P3.4
        files.sync_dir(folder)
    if folders:
        files.sync_dir((OPEN,))
