"""Ids are types. Each is a short prefix and 80 random bits in lower-case Crockford base 32.

The text of an id is safe in a URL, a file name and a log, and a person can read it over the telephone.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType, Protocol

CameraId = NewType("CameraId", str)
UserId = NewType("UserId", str)
PremisesId = NewType("PremisesId", str)
OrganisationId = NewType("OrganisationId", str)
SessionId = NewType("SessionId", str)
NodeId = NewType("NodeId", str)
SegmentId = NewType("SegmentId", str)


class RandomBytes(Protocol):
    """The half of `kernel.entropy.Entropy` that ids need; naming it here keeps this module pure."""

    def token_bytes(self, size_bytes: int) -> bytes: ...


_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_ID: Final = re.compile(r"[a-z]{1,4}_[0-9a-hjkmnp-tv-z]{16}")


class Profile(StrEnum):
    """Which of a camera's streams: the full picture or the small one for walls and phones."""

    MAIN = "main"
    SUB = "sub"


@dataclass(frozen=True, slots=True)
class StreamKey:
    """Names one stream of one camera."""

    camera: CameraId
    profile: Profile

    def __str__(self) -> str:
        return f"{self.camera}/{self.profile.value}"


def new_id(prefix: str, entropy: RandomBytes) -> str:
    """Return a fresh id such as ``cam_7zqk…`` (prefix, underscore, 16 characters = 80 bits)."""
    return id_text(prefix, entropy.token_bytes(10))


def is_id(text: str, prefix: str) -> bool:
    """True if `text` is an id of that kind. Everything else from a client is *not found*."""
    return text.startswith(prefix + "_") and _ID.fullmatch(text) is not None


def id_bytes(text: str) -> bytes:
    """Return the ten bytes of an id; its prefix is the caller's knowledge. raises: ValueError if it is no id."""
    if _ID.fullmatch(text) is None:
        raise ValueError("not an id")
    number = 0
    for letter in text[-16:]:
        number = number << 5 | _ALPHABET.index(letter)
    return number.to_bytes(10)


def id_text(prefix: str, data: bytes) -> str:
    """Return the id whose ten bytes `id_bytes` gave."""
    number = int.from_bytes(data)
    return prefix + "_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))
