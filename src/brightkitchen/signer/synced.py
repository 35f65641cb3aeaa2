"""How the signer's files come onto the disk: for its own user alone, synced, nothing replaced. Functions block."""

import os
from pathlib import Path

from brightkitchen.kernel.durable import sync_folder


def append_synced(file: Path, data: bytes) -> None:
    """Append and sync; make the file if it is not there. raises: OSError."""
    is_new = not file.exists()
    _write(file, os.O_APPEND, data)
    if is_new:
        sync_folder(file.parent)


def write_secret(file: Path, data: bytes) -> None:
    """Write a new file and sync it. raises: FileExistsError, OSError."""
    _write(file, os.O_EXCL, data)
    sync_folder(file.parent)


def _write(file: Path, how: int, data: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, 0o600)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError("not written whole")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
