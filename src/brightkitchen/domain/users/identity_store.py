"""Rows of identities of an outside log-in."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("issuer", sa.String(255), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("bound_at", sa.BigInteger, nullable=False),
)


async def load_identity(connection: AsyncConnection, issuer: str, subject: str) -> UserId | None:
    found = await connection.execute(
        sa.select(identities.c.user_id).where(identities.c.issuer == issuer, identities.c.subject == subject)
    )
    name = found.scalar_one_or_none()
    return UserId(name) if name is not None else None


async def save_identity(connection: AsyncConnection, issuer: str, subject: str, user: UserId, at: Utc) -> None:
    await connection.execute(identities.insert().values(issuer=issuer, subject=subject, user_id=user, bound_at=at))


async def delete_identities(connection: AsyncConnection, user: UserId) -> None:
    await connection.execute(identities.delete().where(identities.c.user_id == user))
