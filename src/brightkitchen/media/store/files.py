"""The few things the store does with files, as a port, so that a test can pull the plug between any two of them.

Every path is a tuple of names made of our own ids, walked from the store's descriptor one directory at a time without
following links (SECURITY row 9): no text of a client's ever reaches the file system.
"""

import os
import re
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

Names = tuple[str, ...]

_NAME: Final = re.compile(r"[a-z0-9_]{1,64}(\.mp4)?")
_IOV_MAX: Final = 1024
_NO_LINKS: Final = os.O_NOFOLLOW | os.O_CLOEXEC


class Files(Protocol):
    """File operations beneath one folder. All raise OSError as the system does; none of them retries."""

    def create(self, names: Names) -> int:
        """Create a file that must not exist and open it for writing and reading."""

    def open_read(self, names: Names) -> int: ...

    def open_write(self, names: Names) -> int: ...

    def write_at(self, fd: int, buffers: Sequence[bytes], offset: int) -> None:
        """Write all of `buffers` one behind the other at `offset`."""

    def truncate(self, fd: int, size_bytes: int) -> None: ...

    def sync_data(self, fd: int) -> None: ...

    def close(self, fd: int) -> None: ...

    def size(self, fd: int) -> int: ...

    def read_at(self, fd: int, size_bytes: int, offset: int) -> bytes: ...

    def has(self, names: Names) -> bool: ...

    def list_names(self, names: Names) -> list[str]: ...

    def make_dir(self, names: Names) -> None:
        """Make a folder and its parents, durably; nothing happens where they exist."""

    def sync_dir(self, names: Names) -> None: ...

    def rename(self, old: Names, new: Names) -> None: ...

    def unlink(self, names: Names) -> None: ...

    def remove_dir(self, names: Names) -> None:
        """Remove an empty folder. raises: OSError if it is not empty."""

    def space(self) -> tuple[int, int]:
        """Return the bytes of the volume: all, and those that we may still use."""

    def is_folder(self, folder: Path) -> bool:
        """True if `folder` is, now, the folder that is open here. raises: OSError if there is nothing."""

    def close_root(self) -> None:
        """Let the folder go; nothing may be asked afterwards."""


class RealFiles:
    """The operating system's files beneath `folder`."""

    def __init__(self, folder: Path) -> None:
        self._root_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close_root(self) -> None:
        os.close(self._root_fd)

    def create(self, names: Names) -> int:
        return self._open(names, os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def open_read(self, names: Names) -> int:
        return self._open(names, os.O_RDONLY)

    def open_write(self, names: Names) -> int:
        return self._open(names, os.O_RDWR)

    def write_at(self, fd: int, buffers: Sequence[bytes], offset: int) -> None:
        for first in range(0, len(buffers), _IOV_MAX):
            some = buffers[first : first + _IOV_MAX]
            wanted = sum(map(len, some))
            done = os.pwritev(fd, some, offset)
            if done < wanted:  # a signal or the last free block: finish what is left, which then says why
                rest = b"".join(some)[done:]
                while rest:
                    more = os.pwrite(fd, rest, offset + done)
                    done += more
                    rest = rest[more:]
            offset += wanted

    def truncate(self, fd: int, size_bytes: int) -> None:
        os.ftruncate(fd, size_bytes)

    def sync_data(self, fd: int) -> None:
        os.fdatasync(fd)

    def close(self, fd: int) -> None:
        os.close(fd)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def read_at(self, fd: int, size_bytes: int, offset: int) -> bytes:
        return os.pread(fd, size_bytes, offset)

    def has(self, names: Names) -> bool:
        try:
            with self._folder(names[:-1]) as folder_fd:
                os.stat(_checked(names[-1]), dir_fd=folder_fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def list_names(self, names: Names) -> list[str]:
        with self._folder(names) as folder_fd:
            return sorted(os.listdir(folder_fd))

    def make_dir(self, names: Names) -> None:
        for depth in range(1, len(names) + 1):
            with self._folder(names[: depth - 1]) as parent_fd, suppress(FileExistsError):
                os.mkdir(_checked(names[depth - 1]), 0o700, dir_fd=parent_fd)
                os.fsync(parent_fd)

    def sync_dir(self, names: Names) -> None:
        with self._folder(names) as folder_fd:
            os.fsync(folder_fd)

    def rename(self, old: Names, new: Names) -> None:
        with self._folder(old[:-1]) as old_fd, self._folder(new[:-1]) as new_fd:
            os.rename(_checked(old[-1]), _checked(new[-1]), src_dir_fd=old_fd, dst_dir_fd=new_fd)

    def unlink(self, names: Names) -> None:
        with self._folder(names[:-1]) as folder_fd:
            os.unlink(_checked(names[-1]), dir_fd=folder_fd)

    def remove_dir(self, names: Names) -> None:
        with self._folder(names[:-1]) as folder_fd:
            os.rmdir(_checked(names[-1]), dir_fd=folder_fd)

    def space(self) -> tuple[int, int]:
        volume = os.fstatvfs(self._root_fd)
        return volume.f_blocks * volume.f_frsize, volume.f_bavail * volume.f_frsize

    def is_folder(self, folder: Path) -> bool:
        now, own = os.stat(folder), os.fstat(self._root_fd)
        return (now.st_dev, now.st_ino) == (own.st_dev, own.st_ino)

    def _open(self, names: Names, flags: int) -> int:
        with self._folder(names[:-1]) as folder_fd:
            return os.open(_checked(names[-1]), flags | _NO_LINKS, 0o600, dir_fd=folder_fd)

    @contextmanager
    def _folder(self, names: Names) -> "Iterator[int]":
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS, dir_fd=self._root_fd)
        try:
            for name in names:
                deeper = os.open(_checked(name), os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS, dir_fd=fd)
                os.close(fd)
                fd = deeper
            yield fd
        finally:
            os.close(fd)


def _checked(name: str) -> str:
    """raises: ValueError for a name that none of our ids could be; a bug of ours if it ever happens."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("not a name of ours")
    return name
