"""Rows of the audit. Append only: triggers (migration m0004) refuse the rest; the proof that nobody got round them is the anchor.

The one row of `audit_head` is the lock by which writers take turns: it is updated first, so that on PostgreSQL its row lock, on SQLite
the write lock, is held until the transaction with the act itself ends. So numbers have no gaps and no two rows the same predecessor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.chain import SALT_BYTES, build_row, build_texts, hash_texts
from brightkitchen.domain.audit.model import Entry, Row, Texts, check_entry
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.units import Utc

audit_rows = sa.Table(
    "audit_rows",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("mono_ms", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("actor_id", sa.String(128), nullable=False),
    sa.Column("actor_role", sa.String(128), nullable=False),
    sa.Column("session", sa.String(128), nullable=False),
    sa.Column("address", sa.String(128), nullable=False),
    sa.Column("object_kind", sa.String(128), nullable=False),
    sa.Column("object_id", sa.String(128), nullable=False),
    sa.Column("premises_id", sa.String(128), nullable=False),
    sa.Column("camera_id", sa.String(128), nullable=False),
    sa.Column("region", sa.String(128), nullable=False),
    sa.Column("decision", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(128), nullable=False),
    sa.Column("purpose", sa.String(128), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("texts", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("ix_audit_rows_premises_id_seq", "premises_id", "seq"),
    sa.Index("ix_audit_rows_actor_id_seq", "actor_id", "seq"),
    sa.Index("ix_audit_rows_kind_seq", "kind", "seq"),
    sa.Index("ix_audit_rows_session_seq", "session", "seq"),
    sa.Index("ix_audit_rows_object_id_seq", "object_id", "seq"),
)

audit_texts = sa.Table(
    "audit_texts",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.LargeBinary, nullable=True),
    sa.Column("text", sa.Text, nullable=True),
    sa.Column("erased_by_seq", sa.BigInteger, nullable=True),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("anchor_no", sa.BigInteger, nullable=False),
)

audit_keys = sa.Table(
    "audit_keys",
    metadata,
    sa.Column("kid", sa.String(40), primary_key=True),
    sa.Column("private_sealed", sa.LargeBinary, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("before_kid", sa.String(40), nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
)

audit_cases = sa.Table(
    "audit_cases",
    metadata,
    sa.Column("case_id", sa.String(128), primary_key=True),
    sa.Column("premises_id", sa.String(128), nullable=False, index=True),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("case_open_until", sa.BigInteger, nullable=True),
)

_HEAD_ID: Final = 1


@dataclass(frozen=True, slots=True)
class Head:
    """Where the database says that its chain ends, and the newest anchor that it remembers to have given away."""

    seq: int
    hash: str
    anchor_no: int


async def append_rows(connection: AsyncConnection, entries: Sequence[Entry], entropy: Entropy) -> tuple[Row, ...]:
    """Put the entries at the end of the chain, in the caller's transaction, and return them with their numbers."""
    for entry in entries:
        check_entry(entry)
    if not entries:
        return ()
    taken = audit_head.update().where(audit_head.c.id == _HEAD_ID).values(seq=audit_head.c.seq + len(entries))
    end = (await connection.execute(taken.returning(audit_head.c.seq, audit_head.c.hash))).one()
    seq, before = int(end.seq) - len(entries), str(end.hash)
    rows: list[Row] = []
    texts: list[dict[str, object]] = []
    for entry in entries:
        seq += 1
        hashed = ""
        text = build_texts(entry.names)
        if text:
            salt = entropy.token_bytes(SALT_BYTES)
            hashed = hash_texts(salt, text)
            texts.append({"seq": seq, "salt": salt, "text": text})
        row = build_row(entry, seq, before, hashed)
        rows.append(row)
        before = row.hash
    await connection.execute(audit_rows.insert(), [_values(row) for row in rows])
    if texts:
        await connection.execute(audit_texts.insert(), texts)
    await connection.execute(audit_head.update().where(audit_head.c.id == _HEAD_ID).values(hash=before))
    return tuple(rows)


async def load_head(connection: AsyncConnection) -> Head:
    """Return where the chain ends by the database's own word."""
    row = (await connection.execute(sa.select(audit_head).where(audit_head.c.id == _HEAD_ID))).one()
    return Head(int(row.seq), str(row.hash), int(row.anchor_no))


async def save_anchor_no(connection: AsyncConnection, number: int) -> None:
    """Remember the newest anchor that was given away."""
    await connection.execute(audit_head.update().where(audit_head.c.id == _HEAD_ID).values(anchor_no=number))


async def count_rows_between(connection: AsyncConnection, from_at: Utc, to_at: Utc) -> int:
    """Return how many rows were written in [from_at, to_at)."""
    mine = (audit_rows.c.at >= from_at) & (audit_rows.c.at < to_at)
    return int((await connection.execute(sa.select(sa.func.count()).select_from(audit_rows).where(mine))).scalar_one())


async def load_row(connection: AsyncConnection, seq: int) -> Row | None:
    found = (await connection.execute(sa.select(audit_rows).where(audit_rows.c.seq == seq))).one_or_none()
    return row_of(found) if found else None


async def load_rows_after(connection: AsyncConnection, seq: int, limit: int) -> list[tuple[Row, Texts | None]]:
    """Return up to `limit` rows with a number above `seq`, in order, each with what is kept beside it."""
    joined = audit_rows.outerjoin(audit_texts, audit_texts.c.seq == audit_rows.c.seq)
    query = (
        sa.select(audit_rows, audit_texts.c.seq.label("texts_seq"), audit_texts.c.salt, audit_texts.c.text)
        .select_from(joined)
        .where(audit_rows.c.seq > seq)
        .order_by(audit_rows.c.seq)
        .limit(limit)
    )
    found = (await connection.execute(query)).all()
    return [(row_of(each), Texts(each.salt, each.text) if each.texts_seq is not None else None) for each in found]


async def erase_texts(connection: AsyncConnection, seq: int, by_seq: int) -> bool:
    """Leave a tombstone in place of a row's names; False if there are none any more."""
    done = await connection.execute(
        audit_texts.update()
        .where(audit_texts.c.seq == seq, audit_texts.c.erased_by_seq.is_(None))
        .values(salt=None, text=None, erased_by_seq=by_seq)
    )
    return bool(done.rowcount)


async def save_case(connection: AsyncConnection, case_id: str, premises_id: str, opened_at: Utc) -> None:
    await connection.execute(audit_cases.insert().values(case_id=case_id, premises_id=premises_id, opened_at=opened_at))


async def end_case(connection: AsyncConnection, case_id: str, at: Utc) -> str | None:
    """Close a case; returns the premises, or None if there is no such open case."""
    mine = (audit_cases.c.case_id == case_id) & audit_cases.c.case_open_until.is_(None)
    closed = audit_cases.update().where(mine).values(case_open_until=at).returning(audit_cases.c.premises_id)
    premises: str | None = (await connection.execute(closed)).scalar_one_or_none()
    return premises


def row_of(found: sa.Row[tuple[object, ...]]) -> Row:
    """Return the value of a database row."""
    # every query begins with the columns of `audit_rows`, which have the names and the order of the value's fields
    values: dict[str, Any] = dict(zip(Row.__slots__, found, strict=False))  # Any: the database's values
    return Row(**values)


def _values(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in Row.__slots__}
