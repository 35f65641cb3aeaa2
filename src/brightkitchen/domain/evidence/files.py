"""The folder of evidence: `<data>/evidence/<yyyy>/<mm>/<item id>/` (docs/design/evidence.md §5, E2).

Names are ids and words of our own only. Everything is synced before it gets its final name. Methods block; call them in a thread.
"""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final

from brightkitchen.kernel.durable import replace_file, sync_folder
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import is_id

INCOMING: Final = "incoming"
EXPORTS: Final = "exports"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")
_NUMBER: Final = re.compile(r"E([0-9]{2})([0-9]{2})-[0-9]{5,9}")
LEAST_FREE_BYTES: Final = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is on the disk, whole."""

    name: str
    size_bytes: int
    sha256: str


class EvidenceFolder:
    """One control process writes; anybody may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the folders, and throw away what a fall left half-received."""
        for part in (self.path, self.path / INCOMING, self.path / EXPORTS):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in (self.path / INCOMING).iterdir():
            shutil.rmtree(left)

    def begin(self, item: str) -> "Incoming":
        """Begin to receive an item. raises: BrightKitchenError "evidence.no_room" with less than 512 MiB free."""
        free_bytes = shutil.disk_usage(self.path).free
        if free_bytes < LEAST_FREE_BYTES:
            raise BrightKitchenError(Kind.EXHAUSTED, "evidence.no_room", free_mib=free_bytes >> 20)
        folder = self.path / INCOMING / _checked_id(item)
        folder.mkdir(mode=0o700)
        return Incoming(folder)

    def publish(self, incoming: "Incoming", number: str) -> None:
        """Give what was received its final place. raises: OSError."""
        incoming.sync()
        place = self.folder_of(incoming.folder.name, number)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        incoming.folder.rename(place)
        sync_folder(place.parent)
        sync_folder(place.parent.parent)
        sync_folder(self.path)

    def drop(self, incoming: "Incoming") -> None:
        """Throw away what was received; harmless if it has its final place already."""
        shutil.rmtree(incoming.folder, ignore_errors=True)

    def folder_of(self, item: str, number: str) -> Path:
        """Return where an item lies; its number says in which month."""
        match = _NUMBER.fullmatch(number)
        if match is None:
            raise ValueError("not a number of evidence")
        return self.path / f"20{match[1]}" / match[2] / _checked_id(item)

    def open(self, item: str, number: str, name: str) -> BinaryIO:
        """Open a file of an item, following no link. raises: BrightKitchenError "evidence.file_missing"."""
        try:
            descriptor = os.open(
                self.folder_of(item, number) / checked_name(name), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            )
        except OSError as cause:
            raise BrightKitchenError(Kind.DATA_LOSS, "evidence.file_missing", name=name, number=number) from cause
        return os.fdopen(descriptor, "rb")

    def read(self, item: str, number: str, name: str, *, most_bytes: int) -> bytes:
        """Return a small file whole. raises: as `open`."""
        with self.open(item, number, name) as file:
            data = file.read(most_bytes + 1)
        if len(data) > most_bytes:
            raise BrightKitchenError(Kind.DATA_LOSS, "evidence.file_missing", name=name, number=number)
        return data

    def write(self, item: str, number: str, name: str, data: bytes) -> None:
        """Write, or replace, a small file of an item. raises: OSError."""
        replace_file(self.folder_of(item, number) / checked_name(name), data)

    def names(self, item: str, number: str) -> list[str]:
        """Return what lies in an item's folder; nothing if there is none."""
        folder = self.folder_of(item, number)
        return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []

    def remove_media(self, item: str, number: str, keep: frozenset[str]) -> None:
        """Remove an item's files but those in `keep`; harmless if they are gone."""
        folder = self.folder_of(item, number)
        for name in self.names(item, number):
            if name not in keep:
                (folder / name).unlink(missing_ok=True)
        if folder.is_dir():
            sync_folder(folder)

    def list_items(self) -> list[tuple[str, str]]:
        """Return (year and month as in a number, id) of every folder of an item."""
        found = []
        for folder in sorted(self.path.glob("20[0-9][0-9]/[0-9][0-9]/evi_*")):
            found.append((folder.parent.parent.name[2:] + folder.parent.name, folder.name))
        return found

    def export_file(self, export: str, *, is_partial: bool = False) -> Path:
        """Return where the zip of an export lies, or is being written."""
        if not is_id(export, "exp"):
            raise ValueError("not an export")
        return self.path / EXPORTS / (export + (".part" if is_partial else ".zip"))


class Incoming:
    """An item while it is received."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: IO[bytes] | None = None
        self._name = ""
        self._digest = hashlib.sha256()
        self._size_bytes = 0

    def begin_file(self, name: str) -> None:
        """raises: ValueError for a name that is none of ours, FileExistsError for one that is there."""
        descriptor = os.open(
            self.folder / checked_name(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
        )
        self._file, self._name = os.fdopen(descriptor, "wb"), name
        self._digest, self._size_bytes = hashlib.sha256(), 0

    def add(self, data: bytes) -> None:
        """raises: ValueError without a file."""
        if self._file is None:
            raise ValueError("bytes of no file")
        self._file.write(data)
        self._digest.update(data)
        self._size_bytes += len(data)

    def end_file(self) -> Written | None:
        """Sync what was received of the present file and return it; None if there is none."""
        if self._file is None:
            return None
        with self._file as file:
            file.flush()
            os.fsync(file.fileno())
        self._file = None
        return Written(self._name, self._size_bytes, self._digest.hexdigest())

    def write(self, name: str, data: bytes) -> Written:
        """Write a whole file."""
        self.begin_file(name)
        self.add(data)
        written = self.end_file()
        assert written is not None  # begun two lines above
        return written

    def read(self, name: str) -> bytes:
        """Return a file that was received."""
        return (self.folder / checked_name(name)).read_bytes()

    def remove(self, name: str) -> None:
        """Throw a file away that was received."""
        (self.folder / checked_name(name)).unlink()

    def close(self) -> None:
        """Let go of a file that was not ended."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def sync(self) -> None:
        """Sync the folder."""
        sync_folder(self.folder)


def checked_name(name: str) -> str:
    """raises: ValueError for what cannot be the name of a file of ours."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise ValueError("not a name of a file of evidence")
    return name


def _checked_id(item: str) -> str:
    if not is_id(item, "evi"):
        raise ValueError("not an item of evidence")
    return item
