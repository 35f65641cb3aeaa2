"""The history of the signer's keys: a file of canonical JSON lines that only grows (docs/design/evidence.md §5, E6).

A key is signed by the one before it and countersigns everything before itself, so that trust in any key of the line reaches all others:
forward, because the older vouches for the newer; backward, because the newer signed the history it continues.
Rules of this file: pure, no clock, no files.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from brightkitchen.kernel.canonicaljson import build_canonical
from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.signing import SUITES, PrivateKey, fingerprint_of
from brightkitchen.kernel.units import Utc, format_utc, parse_utc

MAX_LINES: Final = 1000
_CONTEXT: Final = b"brightkitchen/signer-key/v1\0"


class KeyLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="key", tag_field="type"):
    """A key begins. before: the kid that it follows, "" = the first. history: SHA-256 of all lines before.

    own: signed by itself. by: signed by the key before, "" for the first.
    """

    v: int = 1
    number: int
    kid: str
    suite: str
    public_key: str
    created_at: str
    before: str
    history: str
    own: str = ""
    by: str = ""

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(bytes.fromhex(self.public_key))


class RevokedLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="revoked", tag_field="type"
):
    """A key does not count for what was signed after `at`. by_kid, by: who says so: the key in use."""

    v: int = 1
    number: int
    kid: str
    at: str
    reason: str
    history: str
    by_kid: str
    by: str = ""


Line = KeyLine | RevokedLine
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key and when its signatures count: [from_at, until_at); until_at None = still."""

    line: KeyLine
    from_at: Utc
    until_at: Utc | None


@dataclass(frozen=True, slots=True)
class History:
    """Every key, oldest first. problems: (line number from 1, what is wrong), in words of code."""

    keys: tuple[KnownKey, ...]
    problems: tuple[tuple[int, str], ...]

    def find(self, kid: str) -> KnownKey | None:
        return next((key for key in self.keys if key.line.kid == kid), None)


def spell(line: Line) -> bytes:
    """Return the line's one spelling, without a line feed."""
    return build_canonical(msgspec.to_builtins(line))


def hash_history(lines: Sequence[bytes]) -> str:
    """Return what the next line calls everything before it."""
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def to_sign(line: Line) -> bytes:
    """Return the bytes that the signatures of a line cover: all but themselves."""
    values = msgspec.to_builtins(line)
    values.pop("own", None)
    del values["by"]
    return _CONTEXT + build_canonical(values)


def begin_key(
    lines: Sequence[bytes], kid: str, suite: str, key: PrivateKey, before: tuple[str, PrivateKey] | None, at: Utc
) -> KeyLine:
    """Return the line of a new key. before: the key in use until now, None for the first."""
    line = KeyLine(
        number=len(lines) + 1,
        kid=kid,
        suite=suite,
        public_key=key.public_key.hex(),
        created_at=format_utc(at),
        before=before[0] if before else "",
        history=hash_history(lines),
    )
    data = to_sign(line)
    return msgspec.structs.replace(line, own=key.sign(data).hex(), by=before[1].sign(data).hex() if before else "")


def revoke_key(lines: Sequence[bytes], kid: str, reason: str, by: tuple[str, PrivateKey], at: Utc) -> RevokedLine:
    """Return the line that ends a key."""
    line = RevokedLine(
        number=len(lines) + 1, kid=kid, at=format_utc(at), reason=reason, history=hash_history(lines), by_kid=by[0]
    )
    return msgspec.structs.replace(line, by=by[1].sign(to_sign(line)).hex())


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines of a history file; what is behind the last line feed was torn and is left out."""
    return data.split(b"\n")[:-1]


def parse_line(data: bytes) -> Line:
    """raises: TheirError if it is no line of a history in its one spelling."""
    try:
        line = _decoder.decode(data)
        is_same = spell(line) == data
    except (msgspec.MsgspecError, ValueError) as cause:
        raise TheirError("not a line of a key history", sample=data) from cause
    if not is_same:
        raise TheirError("not a line of a key history", sample=data)
    return line


def read_history(lines: Sequence[bytes]) -> History:
    """Return the keys that hang together rightly from the first line on, and what is wrong with the others."""
    keys: list[KnownKey] = []
    problems: list[tuple[int, str]] = []
    for number, data in enumerate(lines[:MAX_LINES], 1):
        try:
            line = parse_line(data)
            if line.number != number or line.history != hash_history(lines[: number - 1]):
                raise TheirError("the line does not continue the history")
            keys = _add_key(keys, line) if isinstance(line, KeyLine) else _revoke(keys, line)
        except (TheirError, ValueError) as cause:
            problems.append((number, str(cause)))
    if len(lines) > MAX_LINES:
        problems.append((MAX_LINES + 1, "too many lines"))
    return History(tuple(keys), tuple(problems))


def _add_key(keys: list[KnownKey], line: KeyLine) -> list[KnownKey]:
    data, at = to_sign(line), parse_utc(line.created_at)
    suite = SUITES.get(line.suite)
    if suite is None or not suite.is_signed(bytes.fromhex(line.public_key), bytes.fromhex(line.own), data):
        raise TheirError("the key did not sign itself")
    if any(key.line.kid == line.kid for key in keys):
        raise TheirError("the key is there twice")
    if not keys:
        if line.before or line.by:
            raise TheirError("the first key follows none")
        return [KnownKey(line, at, None)]
    last = keys[-1]
    if line.before != last.line.kid or not _is_by(last, line.by, data) or at < last.from_at:
        raise TheirError("the key is not signed by the one before")
    ended = KnownKey(last.line, last.from_at, at if last.until_at is None else min(at, last.until_at))
    return [*keys[:-1], ended, KnownKey(line, at, None)]


def _revoke(keys: list[KnownKey], line: RevokedLine) -> list[KnownKey]:
    signer = keys[-1] if keys else None
    if signer is None or signer.line.kid != line.by_kid or not _is_by(signer, line.by, to_sign(line)):
        raise TheirError("the revocation is not signed by the key in use")
    at = parse_utc(line.at)
    if not any(key.line.kid == line.kid for key in keys):
        raise TheirError("the revoked key is unknown")
    return [
        KnownKey(key.line, key.from_at, at if key.until_at is None else min(at, key.until_at))
        if key.line.kid == line.kid
        else key
        for key in keys
    ]


def _is_by(signer: KnownKey, signature: str, data: bytes) -> bool:
    suite = SUITES.get(signer.line.suite)
    public_key = bytes.fromhex(signer.line.public_key)
    return suite is not None and suite.is_signed(public_key, bytes.fromhex(signature), data)
