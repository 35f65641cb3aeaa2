"""Rows of invitations: how somebody new gets a first password."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("code_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("created_by", sa.String(40), nullable=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger, nullable=True),
    sa.Column("withdrawn_at", sa.BigInteger, nullable=True),
)


async def save_new_invitation(
    connection: AsyncConnection,
    *,
    invitation_id: str,
    user: UserId,
    code_sha256: str,
    by: str | None,
    at: Utc,
    expires_at: Utc,
) -> None:
    await connection.execute(
        invitations.insert().values(
            id=invitation_id,
            user_id=user,
            code_sha256=code_sha256,
            created_by=by,
            created_at=at,
            expires_at=expires_at,
        )
    )


async def withdraw_invitations(connection: AsyncConnection, user: UserId, now: Utc) -> None:
    mine = (invitations.c.user_id == user) & invitations.c.used_at.is_(None) & invitations.c.withdrawn_at.is_(None)
    await connection.execute(invitations.update().where(mine).values(withdrawn_at=now))


async def is_waiting(connection: AsyncConnection, user: UserId) -> bool:
    """True for somebody who was invited and has not chosen a password yet."""
    of_user = sa.select(sa.func.count(), sa.func.count(invitations.c.used_at)).where(invitations.c.user_id == user)
    made, used = (await connection.execute(of_user)).one()
    return made > 0 and used == 0


async def load_open_invitation(
    connection: AsyncConnection, code_sha256: str, now: Utc
) -> tuple[str, UserId, Utc] | None:
    """Return id, person and end of an invitation that may be used at `now`."""
    row = (
        await connection.execute(
            sa.select(invitations)
            .join(users, users.c.id == invitations.c.user_id)
            .where(
                invitations.c.code_sha256 == code_sha256,
                invitations.c.used_at.is_(None),
                invitations.c.withdrawn_at.is_(None),
                invitations.c.expires_at > now,
                users.c.disabled_at.is_(None),
            )
        )
    ).one_or_none()
    return (row.id, UserId(row.user_id), Utc(row.expires_at)) if row is not None else None


async def use_invitation(connection: AsyncConnection, invitation_id: str, now: Utc) -> bool:
    """Spend an invitation. True if it was this call that did."""
    changed = await connection.execute(
        invitations.update()
        .where(invitations.c.id == invitation_id, invitations.c.used_at.is_(None))
        .values(used_at=now)
    )
    return changed.rowcount == 1
