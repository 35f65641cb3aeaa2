"""The store's file layer with a plug that can be pulled before, or in the middle of, any step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from brightkitchen.media.store.files import Names, RealFiles
from brightkitchen.media.store.index import Index


class PlugPulledError(BaseException):
    """Not an Exception: nothing in the product may catch it."""


@dataclass
class _Rename:
    old: Names
    new: Names
    unsynced: set[Names] = field(default_factory=set)


class CrashingFiles(RealFiles):
    """Counts the steps that change something and dies at step `die_at`; a write dies half done.

    `lose_power` then takes back what was not synced: the ends of files, renames and removals in folders not synced.
    """

    def __init__(self, folder: Path, die_at: int | None = None, *, beside: "CrashingFiles | None" = None) -> None:
        """beside: another volume of the same machine, whose steps count together with these."""
        super().__init__(folder)
        self.steps = 0
        self._beside = beside
        self._die_at = die_at
        self._names: dict[int, Names] = {}
        self._synced: dict[Names, int] = {}
        self._renames: list[_Rename] = []
        self._unlinked: dict[Names, bytes] = {}

    def step(self) -> None:
        """Something is about to change; here the plug may be pulled."""
        if self._beside is not None:
            self._beside.step()
            return
        self.steps += 1
        if self._die_at is not None and self.steps > self._die_at:
            raise PlugPulledError

    def create(self, names: Names) -> int:
        self.step()
        fd = super().create(names)
        self._names[fd] = names
        self._synced[names] = 0
        return fd

    def open_write(self, names: Names) -> int:
        fd = super().open_write(names)
        self._names[fd] = names
        self._synced.setdefault(names, 0)  # of a life before this one: nobody knows
        return fd

    def write_at(self, fd: int, buffers: Sequence[bytes], offset: int) -> None:
        try:
            self.step()
        except PlugPulledError:
            whole = b"".join(buffers)
            super().write_at(fd, [whole[: len(whole) * 2 // 3]], offset)
            raise
        super().write_at(fd, buffers, offset)

    def truncate(self, fd: int, size_bytes: int) -> None:
        self.step()
        super().truncate(fd, size_bytes)

    def sync_data(self, fd: int) -> None:
        self.step()
        super().sync_data(fd)
        self._synced[self._names[fd]] = self.size(fd)

    def make_dir(self, names: Names) -> None:
        self.step()
        super().make_dir(names)

    def sync_dir(self, names: Names) -> None:
        self.step()
        super().sync_dir(names)
        for rename in self._renames:
            rename.unsynced.discard(names)
        self._unlinked = {gone: data for gone, data in self._unlinked.items() if gone[:-1] != names}

    def rename(self, old: Names, new: Names) -> None:
        self.step()
        super().rename(old, new)
        self._renames.append(_Rename(old, new, {old[:-1], new[:-1]}))

    def unlink(self, names: Names) -> None:
        self.step()
        fd = super().open_read(names)
        data = self.read_at(fd, self.size(fd), 0)
        self.close(fd)
        super().unlink(names)
        self._unlinked[names] = data[: self._synced.pop(names, len(data))]

    def remove_dir(self, names: Names) -> None:
        self.step()
        super().remove_dir(names)

    def lose_power(self) -> None:
        """What is not on the disk is gone, and what was removed without a sync of its folder is there again."""
        for names, data in self._unlinked.items():
            super().make_dir(names[:-1])
            fd = super().create(names)
            super().write_at(fd, [data], 0)
            self.close(fd)
        for rename in reversed(self._renames):
            if rename.unsynced:
                super().rename(rename.new, rename.old)
            elif rename.old in self._synced:
                self._synced[rename.new] = self._synced.pop(rename.old)
        for names, size in self._synced.items():
            if self.has(names):
                fd = super().open_write(names)
                super().truncate(fd, size)
                self.close(fd)


class CrashingIndex(Index):
    """An index whose transactions are steps too: the plug may be pulled before a commit and right after it."""

    def __init__(self, path: Path, files: CrashingFiles) -> None:
        super().__init__(path)
        self._files = files

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            self._files.step()
        self._files.step()
