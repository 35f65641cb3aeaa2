"""Rows of identities of an outside log-in: (issuer, subject) is whose.

Never a telephone number or a mail address: those are given to somebody else one day, a subject never is.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc, optional_utc

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("issuer", sa.String(255), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    # what the person is called there, for the list of links; never compared
    sa.Column("label", sa.String(100), nullable=False),
    sa.Column("bound_at", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", sa.BigInteger, nullable=True),
    sa.UniqueConstraint("issuer", "subject"),
    # one account there for one person here
    sa.UniqueConstraint("issuer", "user_id"),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A link between a person and an account of an outside log-in."""

    id: str
    issuer: str
    subject: str
    user: UserId
    label: str
    bound_at: Utc
    last_used_at: Utc | None = None


async def load_identity(connection: AsyncConnection, issuer: str, subject: str) -> Identity | None:
    """Return whose account that is, if it is anybody's."""
    mine = (identities.c.issuer == issuer) & (identities.c.subject == subject)
    row = (await connection.execute(sa.select(identities).where(mine))).one_or_none()
    return _identity(row) if row is not None else None


async def load_identities(connection: AsyncConnection, user: UserId) -> tuple[Identity, ...]:
    """Return a person's links, the oldest first."""
    mine = sa.select(identities).where(identities.c.user_id == user).order_by(identities.c.bound_at, identities.c.id)
    return tuple(_identity(row) for row in await connection.execute(mine))


async def save_identity(connection: AsyncConnection, identity: Identity) -> bool:
    """Keep a link. False, and the transaction is lost, if the account or the person got one at the same moment."""
    values = {
        "id": identity.id,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "user_id": identity.user,
        "label": identity.label,
        "bound_at": identity.bound_at,
        "last_used_at": identity.last_used_at,
    }
    try:
        await connection.execute(identities.insert().values(**values))
    except sa.exc.IntegrityError:
        return False
    return True


async def save_identity_use(connection: AsyncConnection, identity: str, label: str, at: Utc) -> None:
    """Note a log-in. label: what the provider calls the person now, "" = it did not say."""
    values = {"last_used_at": at} | ({"label": label} if label else {})
    await connection.execute(identities.update().where(identities.c.id == identity).values(**values))


async def delete_identity(connection: AsyncConnection, user: UserId, identity: str) -> bool:
    """Forget one of a person's links. False if it is none of theirs."""
    mine = (identities.c.user_id == user) & (identities.c.id == identity)
    return (await connection.execute(identities.delete().where(mine))).rowcount == 1


async def delete_identities(connection: AsyncConnection, user: UserId) -> None:
    """Forget all of a person's links."""
    await connection.execute(identities.delete().where(identities.c.user_id == user))


def _identity(row: sa.Row[tuple[object, ...]]) -> Identity:
    return Identity(
        row.id,
        row.issuer,
        row.subject,
        UserId(row.user_id),
        row.label,
        Utc(row.bound_at),
        optional_utc(row.last_used_at),
    )
