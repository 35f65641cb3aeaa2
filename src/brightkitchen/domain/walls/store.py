"""Rows of saved walls."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.users.store import users
from brightkitchen.domain.walls.model import Rotation, Wall
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc

walls = sa.Table(
    "walls",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("owner_id", sa.String(40), sa.ForeignKey(users.c.id), nullable=False, index=True),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("is_shared", sa.Boolean, nullable=False),
    # 1, 4, 6, 9 or 16
    sa.Column("layout", sa.Integer, nullable=False),
    # ids of cameras with commas, nothing between two = an empty place
    sa.Column("places", sa.String(400), nullable=False),
    # NULL = it does not rotate, and then the other columns say nothing
    sa.Column("dwell_s", sa.Integer, nullable=True),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("category", sa.String(24), nullable=False),
    sa.Column("risk", sa.String(1), nullable=False),
    sa.Column("must_zones_only", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

_with_owner = sa.select(
    walls,
    users.c.display_name.label("owner_name"),
    sa.func.coalesce(users.c.organisation_id, "").label("organisation"),
).select_from(walls.join(users, users.c.id == walls.c.owner_id))


async def load_organisation_of(connection: AsyncConnection, user: UserId) -> str:
    """Return the organisation somebody works for, "" for none."""
    wanted = sa.select(users.c.organisation_id).where(users.c.id == user)
    return (await connection.execute(wanted)).scalar_one_or_none() or ""


async def load_wall(connection: AsyncConnection, wall: str) -> Wall | None:
    row = (await connection.execute(_with_owner.where(walls.c.id == wall))).one_or_none()
    return _wall(row) if row is not None else None


async def load_page(
    connection: AsyncConnection, user: UserId, organisation: str, *, after: tuple[str | int, ...], limit: int
) -> list[Wall]:
    """Return up to `limit` walls that somebody sees (`Wall.is_seen_by`): the own ones, then the shared, each by name.

    after: what `place_of` says of the last one of the page before.
    """
    is_others = sa.case((walls.c.owner_id == user, 0), else_=1)
    seen = walls.c.owner_id == user
    if organisation:
        seen = sa.or_(seen, sa.and_(walls.c.is_shared.is_(sa.true()), users.c.organisation_id == organisation))
    wanted = _with_owner.where(seen)
    if after:
        wanted = wanted.where(sa.tuple_(is_others, walls.c.name, walls.c.id) > sa.tuple_(*after))
    wanted = wanted.order_by(is_others, walls.c.name, walls.c.id).limit(limit)
    return [_wall(row) for row in await connection.execute(wanted)]


def place_of(wall: Wall, user: UserId) -> tuple[str | int, ...]:
    """Return where in the order of `load_page` a wall stands."""
    return int(wall.owner != user), wall.name, wall.id


async def count_owned(connection: AsyncConnection, user: UserId) -> int:
    """Return how many walls somebody owns."""
    wanted = sa.select(sa.func.count()).select_from(walls).where(walls.c.owner_id == user)
    return int((await connection.execute(wanted)).scalar_one())


async def save_new_wall(connection: AsyncConnection, wall: Wall) -> None:
    await connection.execute(walls.insert().values(id=wall.id, **_values(wall)))


async def save_wall(connection: AsyncConnection, wall: Wall) -> None:
    """Write a changed wall; its version was looked at in this transaction."""
    await connection.execute(walls.update().where(walls.c.id == wall.id).values(**_values(wall)))


async def delete_wall(connection: AsyncConnection, wall: str) -> None:
    await connection.execute(walls.delete().where(walls.c.id == wall))


def _values(wall: Wall) -> dict[str, object]:
    turning = wall.rotation or Rotation(dwell_s=0)
    return {
        "owner_id": wall.owner,
        "name": wall.name,
        "is_shared": wall.is_shared,
        "layout": wall.layout,
        "places": ",".join(wall.places),
        "dwell_s": wall.rotation.dwell_s if wall.rotation is not None else None,
        "region": turning.region,
        "category": turning.category,
        "risk": turning.risk,
        "must_zones_only": turning.must_zones_only,
        "created_at": wall.created_at,
        "updated_at": wall.updated_at,
        "version": wall.version,
    }


def _wall(row: sa.Row[Any]) -> Wall:  # Any: a row of the table with the owner's name and organisation
    rotation = None
    if row.dwell_s is not None:
        rotation = Rotation(
            region=row.region,
            category=row.category,
            risk=row.risk,
            must_zones_only=row.must_zones_only,
            dwell_s=row.dwell_s,
        )
    return Wall(
        id=row.id,
        owner=UserId(row.owner_id),
        owner_name=row.owner_name,
        organisation=row.organisation,
        name=row.name,
        is_shared=row.is_shared,
        layout=row.layout,
        places=tuple(row.places.split(",")),
        rotation=rotation,
        created_at=Utc(row.created_at),
        updated_at=Utc(row.updated_at),
        version=row.version,
    )
