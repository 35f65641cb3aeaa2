"""The words that node, control, signer and verifier share about evidence (docs/design/evidence.md §4). Pure.

`bk-evidence-v1` is frozen: a change here makes every old item look forged.
"""

import hashlib
from typing import Final, Literal

import msgspec

from brightkitchen.kernel.canonicaljson import build_canonical
from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.signing import SUITES, Suite

FORMAT: Final = "bk-evidence-v1"
EXPORT_FORMAT: Final = "bk-evidence-export-v1"
SEAL_FORMAT: Final = "bk-evidence-seal-v1"
STATEMENT_FORMAT: Final = "bk-node-statement-v1"
UNKNOWN: Final = "unknown"
GENESIS: Final = "0" * 64
LONGEST_CLIP_S: Final = 30 * 60
HOLD_S: Final = 60

What = Literal["bk-evidence-v1", "bk-evidence-export-v1", "bk-audit-head-v1"]
_CHAIN_CONTEXT: Final = b"bk-evidence-v1"
_SIGNER_CONTEXT: Final = b"brightkitchen/signer/v1\0"
_STATEMENT_CONTEXT: Final = b"brightkitchen/node-statement/v1\0"


def hash_bytes(data: bytes) -> str:
    """Return SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def hash_link(before: str, manifest: str) -> str:
    """Return h(n) in hex. before: h(n-1); manifest: SHA-256 of the manifest's canonical bytes; both hex of 32 bytes."""
    return hashlib.sha256(_CHAIN_CONTEXT + _bytes32(before) + _bytes32(manifest)).hexdigest()


def _bytes32(text: str) -> bytes:
    data = bytes.fromhex(text)
    if len(data) != 32 or data.hex() != text:
        raise ValueError("not 64 hex digits")
    return data


class Seal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signer's answer. digest: 64 hex digits. at: the signer's own clock. signature: hex."""

    format: str = SEAL_FORMAT
    what: What
    digest: str
    at: str
    kid: str
    suite: str
    signature: str = ""

    def to_sign(self) -> bytes:
        """Return the bytes that the signature covers."""
        values = msgspec.to_builtins(self)
        del values["signature"]
        return _SIGNER_CONTEXT + build_canonical(values)

    def spell(self) -> bytes:
        """Return the file's bytes."""
        return build_canonical(msgspec.to_builtins(self))


def parse_seal(data: bytes) -> Seal:
    """raises: TheirError if it is no seal in its one spelling."""
    try:
        seal = msgspec.json.decode(data, type=Seal)
        is_same = seal.spell() == data and seal.format == SEAL_FORMAT
    except (msgspec.MsgspecError, ValueError) as cause:
        raise TheirError("not a seal", sample=data) from cause
    if not is_same:
        raise TheirError("not a seal", sample=data)
    return seal


class FileFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of an item. role: original, group, display, statement. type: a media type."""

    name: str
    role: str
    type: str
    size_bytes: int
    sha256: str


class SourceFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stored bytes that an item was made from: fragments [from_byte, to_byte) of a segment, as they lie in its file."""

    segment: str
    starts_at: str
    from_at: str
    to_at: str
    from_byte: int
    to_byte: int
    sha256: str


class ClockFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a clock may be trusted. state: synchronised, unsynchronised, unknown. error_us: the kernel's own estimate, or None."""

    state: str
    error_us: int | None = None


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a node says of what it handed over. Times are RFC 3339.

    source: recording or live. asked_at: "" for "now". drift_us: camera minus node, None = unknown.
    gaps: stretches of the asked range without pictures, as "from/to".
    """

    format: str = STATEMENT_FORMAT
    node: str
    camera: str
    profile: str
    kind: Literal["snapshot", "clip"]
    source: Literal["recording", "live"]
    asked_at: str
    frame_at: str
    from_at: str
    to_at: str
    taken_at: str
    clock: ClockFact
    drift_us: int | None
    codec: str
    width_px: int
    height_px: int
    files: tuple[FileFact, ...]
    sources: tuple[SourceFact, ...]
    gaps: tuple[str, ...] = ()
    software: str


class SignedStatement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The statement with the node's key (hex) and signature (hex), Ed25519."""

    statement: Statement
    public_key: str
    signature: str

    def spell(self) -> bytes:
        return build_canonical(msgspec.to_builtins(self))

    def is_genuine(self) -> bool:
        """True if that key signed it."""
        try:
            key, signature = bytes.fromhex(self.public_key), bytes.fromhex(self.signature)
        except ValueError:
            return False
        return _node_suite().is_signed(key, signature, statement_to_sign(self.statement))


def statement_to_sign(statement: Statement) -> bytes:
    """Return the bytes that a node signs."""
    return _STATEMENT_CONTEXT + build_canonical(msgspec.to_builtins(statement))


def parse_statement(data: bytes) -> SignedStatement:
    """raises: TheirError if it is no statement in its one spelling."""
    try:
        signed = msgspec.json.decode(data, type=SignedStatement)
        is_same = signed.spell() == data and signed.statement.format == STATEMENT_FORMAT
    except (msgspec.MsgspecError, ValueError) as cause:
        raise TheirError("not a node's statement", sample=data) from cause
    if not is_same:
        raise TheirError("not a node's statement", sample=data)
    return signed


def _node_suite() -> Suite:
    return SUITES["ed25519"]
