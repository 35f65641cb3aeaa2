"""Rows of notices to a person about the own log-in."""

import json
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.users.people_model import Notice
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc, optional_utc

account_notices = sa.Table(
    "account_notices",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("read_at", sa.BigInteger, nullable=True),
)


async def save_notice(
    connection: AsyncConnection, notice_id: str, user: UserId, kind: str, params: Mapping[str, str], at: Utc
) -> None:
    await connection.execute(
        account_notices.insert().values(
            id=notice_id, user_id=user, kind=kind, params=json.dumps(dict(params), ensure_ascii=False), created_at=at
        )
    )


async def load_notices(connection: AsyncConnection, user: UserId, limit: int) -> tuple[Notice, ...]:
    """Return a person's newest notices."""
    rows = await connection.execute(
        sa.select(account_notices)
        .where(account_notices.c.user_id == user)
        .order_by(account_notices.c.created_at.desc(), account_notices.c.id)
        .limit(limit)
    )
    return tuple(
        Notice(row.id, row.kind, json.loads(row.params), Utc(row.created_at), optional_utc(row.read_at)) for row in rows
    )


async def save_notices_read(connection: AsyncConnection, user: UserId, at: Utc) -> None:
    unread = (account_notices.c.user_id == user) & account_notices.c.read_at.is_(None)
    await connection.execute(account_notices.update().where(unread).values(read_at=at))
