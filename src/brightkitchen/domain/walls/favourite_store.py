"""Rows of favourites: which cameras and premises a person keeps at hand."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc

favourites = sa.Table(
    "favourites",
    metadata,
    sa.Column("user_id", sa.String(40), sa.ForeignKey(users.c.id), primary_key=True),
    # a camera's or a premises' id: what it is, its first letters say
    sa.Column("object_id", sa.String(40), primary_key=True),
    sa.Column("added_at", sa.BigInteger, nullable=False),
)


async def load_favourites(connection: AsyncConnection, user: UserId) -> list[str]:
    """Return the ids that somebody keeps, the first kept first."""
    wanted = sa.select(favourites.c.object_id).where(favourites.c.user_id == user)
    wanted = wanted.order_by(favourites.c.added_at, favourites.c.object_id)
    return list((await connection.execute(wanted)).scalars())


async def save_favourite(connection: AsyncConnection, user: UserId, object_id: str, at: Utc) -> None:
    await connection.execute(favourites.insert().values(user_id=user, object_id=object_id, added_at=at))


async def delete_favourite(connection: AsyncConnection, user: UserId, object_id: str) -> bool:
    """Forget one. returns: False if it was not kept."""
    where = (favourites.c.user_id == user) & (favourites.c.object_id == object_id)
    return bool((await connection.execute(favourites.delete().where(where))).rowcount == 1)
