"""One byte range of a request (RFC 9110 §14). Pure."""

import re
from dataclasses import dataclass
from typing import Final

_ONE_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """[start, end) of a file."""

    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        return self.end - self.start


class RangeNotSatisfiable(Exception):
    """No byte of the range exists, or the header is not one plain range."""


def parse_range(text: str | None, size_bytes: int) -> ByteRange | None:
    """Return the range asked for, clipped to the file; None if there is no header: the whole file.

    raises: RangeNotSatisfiable. Several ranges, other units and rubbish are refused, not ignored: our own players never send
    them, and answering with a whole file what asked for a part would only hide a mistake.
    """
    if text is None:
        return None
    match = _ONE_RANGE.fullmatch(text.strip())
    if match is None or match.groups() == ("", ""):
        raise RangeNotSatisfiable
    first, last = match.groups()
    if first == "":
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start = int(first)
        end = min(size_bytes, int(last) + 1) if last else size_bytes
    if start >= end:
        raise RangeNotSatisfiable
    return ByteRange(start, end)
