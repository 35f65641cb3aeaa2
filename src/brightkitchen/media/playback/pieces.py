"""Bytes of segment files, read in threads while they are sent: nothing is copied aside first."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import SegmentId
from brightkitchen.media.store.ports import Recordings
from brightkitchen.wire.fmp4.reader import MAX_MOOF_BYTES
from brightkitchen.wire.fmp4.retime import MOOF_HEAD_BYTES, read_moof_size

_BATCH_BYTES: Final = 1024 * 1024
_USUAL_MOOF_BYTES: Final = 8 * 1024
_MDAT_HEAD_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class FilePiece:
    """Bytes [offset, offset + size_bytes) of a segment's file."""

    segment: SegmentId
    offset: int
    size_bytes: int


@contextmanager
def opened(recordings: Recordings, segment: SegmentId) -> Iterator[int]:
    """Give the descriptor of a segment's file. raises: NOT_FOUND if it was deleted meanwhile."""
    file = recordings.open_segment(segment)
    try:
        yield file.fd
    finally:
        os.close(file.fd)


def read_exactly(fd: int, size_bytes: int, offset: int) -> bytes:
    """raises: DATA_LOSS if the file is shorter than its index says."""
    data = os.pread(fd, size_bytes, offset)
    if len(data) != size_bytes:
        raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
    return data


@dataclass(frozen=True, slots=True)
class StoredMoof:
    """A moof as it is stored, and where what it describes lies in the file."""

    data: bytes
    offset: int

    @property
    def body_offset(self) -> int:
        return self.offset + len(self.data) + _MDAT_HEAD_BYTES


def read_moof(fd: int, offset: int) -> StoredMoof:
    """Return the moof at `offset`. raises: DATA_LOSS; TheirError if there is none of ours."""
    data = os.pread(fd, _USUAL_MOOF_BYTES, offset)
    size_bytes = read_moof_size(data)
    if size_bytes > len(data):
        if size_bytes > MAX_MOOF_BYTES:
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
        data = read_exactly(fd, size_bytes, offset)
    return StoredMoof(data[:size_bytes], offset)


def split_fragments(data: bytes) -> Iterator[bytes]:
    """Yield each whole fragment (moof and mdat) of bytes that hold some, one behind another."""
    at = 0
    while at + MOOF_HEAD_BYTES <= len(data):
        moof_end = at + read_moof_size(data[at : at + MOOF_HEAD_BYTES])
        end = moof_end + int.from_bytes(data[moof_end : moof_end + 4], "big")
        yield data[at:end]
        at = end


async def read_pieces(recordings: Recordings, pieces: Sequence[FilePiece]) -> AsyncIterator[bytes]:
    """Yield the pieces, joined to about a megabyte. raises: as `opened` and `read_exactly`."""
    at = 0
    while at < len(pieces):
        end, size_bytes = at, 0
        while end < len(pieces) and pieces[end].segment == pieces[at].segment and size_bytes < _BATCH_BYTES:
            size_bytes += pieces[end].size_bytes
            end += 1
        yield await asyncio.to_thread(_read_batch, recordings, pieces[at:end])
        at = end


def _read_batch(recordings: Recordings, pieces: Sequence[FilePiece]) -> bytes:
    with opened(recordings, pieces[0].segment) as fd:
        return b"".join(read_exactly(fd, piece.size_bytes, piece.offset) for piece in pieces)
