"""The chain: how a row becomes bytes, and bytes a hash. Pure, and frozen: a change here makes every old chain look forged.

h(0) is 32 zero bytes; h(n) = SHA-256("bk-audit-v1" ‖ h(n−1) ‖ canonical row n). The canonical row is JSON as RFC 8785 writes it (keys
sorted, no spaces, UTF-8) of whole numbers and strings only, so that any language can build it again (docs/design/audit.md §3).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from brightkitchen.domain.audit.model import MAX_FIELD_CHARS, Entry, Row, Scalar, clean
from brightkitchen.kernel.units import Utc

GENESIS: Final = "0" * 64
_ROW_CONTEXT: Final = b"bk-audit-v1"
_TEXT_CONTEXT: Final = b"bk-audit-text-v1"
SALT_BYTES: Final = 16
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def build_canonical(value: Mapping[str, object]) -> bytes:
    """Return the one spelling of a mapping of strings, whole numbers, booleans and None."""
    return _ENCODER.encode(value).encode()


def hash_row(before: str, row: Row) -> str:
    """Return h(n) in hex. before: h(n−1) in hex. The row's own `hash` is not looked at."""
    canonical = build_canonical(
        {
            "v": 1,
            "seq": row.seq,
            "at": row.at,
            "mono_ms": row.mono_ms,
            "kind": row.kind,
            "actor_id": row.actor_id,
            "actor_role": row.actor_role,
            "session": row.session,
            "address": row.address,
            "object_kind": row.object_kind,
            "object_id": row.object_id,
            "premises_id": row.premises_id,
            "camera_id": row.camera_id,
            "region": row.region,
            "decision": row.decision,
            "reason": row.reason,
            "purpose": row.purpose,
            "detail": row.detail,
            "texts": row.texts,
        }
    )
    return hashlib.sha256(_ROW_CONTEXT + bytes.fromhex(before) + canonical).hexdigest()


def hash_texts(salt: bytes, text: str) -> str:
    """Return what the chain holds of names and free text: without the salt, nobody can try names against it."""
    return hashlib.sha256(_TEXT_CONTEXT + salt + text.encode()).hexdigest()


def build_texts(names: Mapping[str, str]) -> str:
    """Return names and free text as they are stored beside the chain; "" for none."""
    kept = {key: clean(text) for key, text in names.items() if text}
    return build_canonical(kept).decode() if kept else ""


def build_row(entry: Entry, seq: int, before: str, texts: str) -> Row:
    """Return the row that continues the chain. before: h(seq−1). texts: of `hash_texts`, or ""."""
    detail: dict[str, Scalar] = {
        key: clean(value) if isinstance(value, str) else value for key, value in entry.detail.items()
    }
    fields = {
        name: clean(getattr(entry, name), MAX_FIELD_CHARS)
        for name in (
            *("kind", "actor_id", "actor_role", "session", "address", "object_kind", "object_id", "premises_id"),
            *("camera_id", "region", "decision", "reason", "purpose"),
        )
    }
    open_row = Row(
        seq=seq,
        at=Utc(entry.at),
        mono_ms=int(entry.mono_s * 1000),
        detail=build_canonical(detail).decode(),
        texts=texts,
        hash="",
        **fields,
    )
    return close_row(open_row, before)


def close_row(row: Row, before: str) -> Row:
    """Return the row with its own hash."""
    values = {name: getattr(row, name) for name in row.__slots__}
    values["hash"] = hash_row(before, row)
    return Row(**values)
