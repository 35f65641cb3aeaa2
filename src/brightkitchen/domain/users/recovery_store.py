"""Rows of recoveries: how somebody gets back in who lost everything."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant
from brightkitchen.domain.users.people_model import Recovery
from brightkitchen.domain.users.people_store import is_visible
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc, optional_utc

recoveries = sa.Table(
    "recoveries",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("asked_by", sa.String(40), nullable=True),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("first_by", sa.String(40), nullable=True),
    sa.Column("first_at", sa.BigInteger, nullable=True),
    sa.Column("second_by", sa.String(40), nullable=True),
    sa.Column("second_at", sa.BigInteger, nullable=True),
    sa.Column("not_before_at", sa.BigInteger, nullable=True),
    sa.Column("code_sha256", sa.String(64), nullable=True, unique=True),
    sa.Column("code_expires_at", sa.BigInteger, nullable=True),
    sa.Column("used_at", sa.BigInteger, nullable=True),
    sa.Column("refused_by", sa.String(40), nullable=True),
    sa.Column("refused_at", sa.BigInteger, nullable=True),
)


def _recoveries() -> sa.Select[Any]:  # Any: rows of many columns
    return sa.select(recoveries, users.c.username, users.c.display_name).select_from(
        recoveries.join(users, users.c.id == recoveries.c.user_id)
    )


async def load_recoveries(
    connection: AsyncConnection, viewer: Sequence[Grant], viewer_id: str | None, *, since: Utc
) -> tuple[Recovery, ...]:
    """Return recoveries asked for since then of people whom the viewer sees, newest first."""
    rows = await connection.execute(
        _recoveries()
        .where(recoveries.c.asked_at >= since, is_visible(viewer, viewer_id))
        .order_by(recoveries.c.asked_at.desc())
        .limit(200)
    )
    return tuple(_recovery(row) for row in rows)


async def load_recovery(connection: AsyncConnection, recovery_id: str) -> Recovery | None:
    row = (await connection.execute(_recoveries().where(recoveries.c.id == recovery_id))).one_or_none()
    return _recovery(row) if row is not None else None


async def load_newest_recovery(connection: AsyncConnection, user: UserId) -> Recovery | None:
    row = (
        await connection.execute(
            _recoveries().where(recoveries.c.user_id == user).order_by(recoveries.c.asked_at.desc()).limit(1)
        )
    ).one_or_none()
    return _recovery(row) if row is not None else None


async def load_recovery_by_code(connection: AsyncConnection, code_sha256: str) -> Recovery | None:
    row = (await connection.execute(_recoveries().where(recoveries.c.code_sha256 == code_sha256))).one_or_none()
    return _recovery(row) if row is not None else None


async def save_new_recovery(
    connection: AsyncConnection, recovery_id: str, user: UserId, *, by: str | None, at: Utc
) -> None:
    await connection.execute(recoveries.insert().values(id=recovery_id, user_id=user, asked_by=by, asked_at=at))


async def save_recovery(connection: AsyncConnection, recovery_id: str, **values: str | int | None) -> None:
    await connection.execute(recoveries.update().where(recoveries.c.id == recovery_id).values(**values))


def _recovery(row: sa.Row[Any]) -> Recovery:
    return Recovery(
        id=row.id,
        user=UserId(row.user_id),
        username=row.username,
        display_name=row.display_name,
        asked_at=Utc(row.asked_at),
        asked_by=row.asked_by,
        first_by=row.first_by,
        first_at=optional_utc(row.first_at),
        second_by=row.second_by,
        second_at=optional_utc(row.second_at),
        not_before_at=optional_utc(row.not_before_at),
        code_expires_at=optional_utc(row.code_expires_at),
        used_at=optional_utc(row.used_at),
        refused_at=optional_utc(row.refused_at),
    )
