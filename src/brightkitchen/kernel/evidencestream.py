"""How a node hands evidence to control: one HTTP answer of framed pieces (docs/design/evidence.md §6). Pure.

Each piece is ``kind (1) size (4, big-endian) bytes``. A file is 'F' (its name and type as JSON), then 'D' pieces, then the next 'F'; the
signed statement, 'S', comes last. What ends without 'S' was cut off and is worth nothing. 'E' says why there will be none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

import msgspec

from brightkitchen.kernel.errors import TheirError

PIECE_BYTES: Final = 256 * 1024
MAX_PIECE_BYTES: Final = 1024 * 1024
MAX_FILES: Final = 64
MEDIA_TYPE: Final = "application/vnd.brightkitchen.evidence"


class Piece(Enum):
    """What follows."""

    FILE = b"F"
    DATA = b"D"
    STATEMENT = b"S"
    ERROR = b"E"


class FileHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file begins. name: of our own making, no path. role, type: as in `kernel.evidence.FileFact`."""

    name: str
    role: str
    type: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The node cannot. code: of a sentence."""

    code: str


@dataclass(frozen=True, slots=True)
class Framed:
    """One piece as it was received."""

    kind: Piece
    data: bytes


def build_piece(kind: Piece, data: bytes) -> bytes:
    """Return the piece as it travels."""
    return kind.value + len(data).to_bytes(4) + data


class PieceReader:
    """Bytes in, whole pieces out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Framed]:
        """Yield the pieces that are whole now. raises: TheirError for what is no piece."""
        self._buffer += data
        while len(self._buffer) >= 5:
            try:
                kind = Piece(bytes(self._buffer[:1]))
            except ValueError as cause:
                raise TheirError("not a piece of evidence", sample=bytes(self._buffer[:16])) from cause
            size_bytes = int.from_bytes(self._buffer[1:5])
            if size_bytes > MAX_PIECE_BYTES:
                raise TheirError("a piece of evidence is too large")
            if len(self._buffer) < 5 + size_bytes:
                return
            piece = Framed(kind, bytes(self._buffer[5 : 5 + size_bytes]))
            del self._buffer[: 5 + size_bytes]
            yield piece

    @property
    def is_empty(self) -> bool:
        """True if nothing is waiting for its rest."""
        return not self._buffer
