"""Anchors: signed statements of where the chain stood, kept outside the database (docs/design/audit.md §4).

One JSON object a line, in `<folder>/<year>.jsonl`. Each names the line before it by hash, so that a folder cannot lose one silently;
`keys.jsonl` beside them holds the public keys, each signed by the one before, so that checking needs no database.
A line is appended and fsynced. What a fall leaves half-written is closed by the next line and told as a note, never an end of the story.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from brightkitchen.domain.audit.chain import build_canonical
from brightkitchen.kernel.durable import sync_folder
from brightkitchen.kernel.units import Utc

HEAD: Final = "head"
DAY: Final = "day"
KEYS_FILE: Final = "keys.jsonl"
_ANCHOR_CONTEXT: Final = b"brightkitchen/audit-anchor/v1\0"
_KEY_CONTEXT: Final = b"brightkitchen/audit-key/v1\0"
_TAIL_BYTES: Final = 16 * 1024


class Anchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the chain stood.

    number: 1, 2, 3 … without gaps. type: `HEAD` (every ten minutes) or `DAY`. date: the local date that a day anchor closes, else "".
    seq, head: the newest row and its hash. rows: how many that day had. line: grows when the database was found to be another than the
    one anchored before, why: how ("restored", "cut", "changed", "anchors_lost"), on the first anchor of such a line.
    keys: hash of the history of signing keys. before: hash of the anchor before.
    """

    v: int = 1
    number: int
    type: str
    at: Utc
    date: str = ""
    seq: int
    head: str
    rows: int = 0
    line: int = 0
    why: str = ""
    kid: str
    keys: str
    before: str
    signature: str = ""

    def to_sign(self) -> bytes:
        """Return the bytes that the signature covers: everything but itself."""
        values = msgspec.structs.asdict(self)
        del values["signature"]
        return _ANCHOR_CONTEXT + build_canonical(values)

    def hash(self) -> str:
        """Return what the next anchor calls this one."""
        return hashlib.sha256(build_canonical(msgspec.structs.asdict(self))).hexdigest()


class PublicKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public half of a signing key. before: the key that signed it; "" = the first, signed by itself."""

    kid: str
    public_key: str
    created_at: Utc
    before: str
    signature: str = ""

    def to_sign(self) -> bytes:
        values = msgspec.structs.asdict(self)
        del values["signature"]
        return _KEY_CONTEXT + build_canonical(values)

    def fingerprint(self) -> str:
        """Return 16 hex digits that one can write down and compare."""
        return hashlib.sha256(bytes.fromhex(self.public_key)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an anchor file as it was found. whole: it ended with a line feed."""

    file: str
    number: int
    data: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class FoundAnchors:
    """Everything that a folder holds, not judged yet."""

    lines: tuple[Line, ...]
    keys: tuple[Line, ...]


def sign_anchor(anchor: Anchor, key: Ed25519PrivateKey) -> Anchor:
    """Return the anchor with its signature."""
    return msgspec.structs.replace(anchor, signature=key.sign(anchor.to_sign()).hex())


def sign_key(public: PublicKey, key: Ed25519PrivateKey) -> PublicKey:
    """Return the public half, vouched for by `key`."""
    return msgspec.structs.replace(public, signature=key.sign(public.to_sign()).hex())


def is_signed_by(public_key: str, signature: str, data: bytes) -> bool:
    """True if the Ed25519 signature (hex) of `data` is that key's (hex)."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def hash_keys(keys: Iterable[PublicKey]) -> str:
    """Return the hash of a history of keys."""
    return hashlib.sha256(b"\n".join(build_canonical(msgspec.structs.asdict(key)) for key in keys)).hexdigest()


def parse_anchor(data: bytes) -> Anchor | None:
    """Return the anchor of a line, None if it is none."""
    try:
        return msgspec.json.decode(data, type=Anchor)
    except msgspec.MsgspecError:
        return None


def parse_key(data: bytes) -> PublicKey | None:
    """Return the key of a line, None if it is none."""
    try:
        return msgspec.json.decode(data, type=PublicKey)
    except msgspec.MsgspecError:
        return None


class AnchorFolder:
    """The files. One process writes; anybody may read at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> FoundAnchors:
        """Return all lines, oldest first; nothing if there is no such folder. raises: OSError if it cannot be read."""
        lines: list[Line] = []
        for file in self._files():
            lines += _split(file.name, file.read_bytes())
        keys = self.path / KEYS_FILE
        return FoundAnchors(tuple(lines), _split(KEYS_FILE, keys.read_bytes()) if keys.exists() else ())

    def read_last(self) -> Anchor | None:
        """Return the newest anchor that is whole, None if there is none."""
        for file in reversed(self._files()):
            with file.open("rb") as opened:
                opened.seek(max(0, file.stat().st_size - _TAIL_BYTES))
                for line in reversed(opened.read().split(b"\n")):
                    anchor = parse_anchor(line)
                    if anchor is not None:
                        return anchor
        return None

    def append(self, anchor: Anchor, year: int) -> None:
        """Put the anchor at the end of its year's file; it is on the disk when this returns. raises: OSError."""
        self._append(f"{year:04d}.jsonl", msgspec.structs.asdict(anchor))

    def save_keys(self, keys: Sequence[PublicKey]) -> None:
        """Add the keys that the folder does not have yet; none is ever taken away."""
        file = self.path / KEYS_FILE
        known = {key.kid for line in self.read().keys if (key := parse_key(line.data))} if file.exists() else set()
        for key in keys:
            if key.kid not in known:
                self._append(KEYS_FILE, msgspec.structs.asdict(key))

    def _files(self) -> list[Path]:
        return sorted(file for file in self.path.glob("[0-9][0-9][0-9][0-9].jsonl") if file.is_file())

    def _append(self, name: str, values: dict[str, object]) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.path / name
        is_new = not file.exists()
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            data = (b"\n" if torn else b"") + build_canonical(values) + b"\n"
            if os.write(descriptor, data) != len(data):
                raise OSError("the anchor was not written whole")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self.path)


def _split(name: str, data: bytes) -> tuple[Line, ...]:
    parts = data.split(b"\n")
    lines = [Line(name, number, part) for number, part in enumerate(parts[:-1], 1) if part]
    if parts[-1]:
        lines.append(Line(name, len(parts), parts[-1], whole=False))
    return tuple(lines)
