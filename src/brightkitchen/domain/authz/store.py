"""Rows of regions and organisations: what every scope is made of."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.regions import Region, RegionLevel
from brightkitchen.kernel.database import metadata

regions = sa.Table(
    "regions",
    metadata,
    sa.Column("code", sa.String(12), primary_key=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("parent", sa.String(12), nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("longitude_deg", sa.Float, nullable=True),
    sa.Column("latitude_deg", sa.Float, nullable=True),
)

organisations = sa.Table(
    "organisations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("region", sa.String(12), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("retired_at", sa.BigInteger, nullable=True),
)


async def load_regions(connection: AsyncConnection) -> list[Region]:
    """Return every region, outer ones first, then by code."""
    rows = await connection.execute(sa.select(regions).order_by(regions.c.level, regions.c.code))
    return [_region(row) for row in rows]


async def save_regions(connection: AsyncConnection, items: Iterable[Region]) -> None:
    """Keep these regions; one that is there already gets the new name and point."""
    known = set((await connection.execute(sa.select(regions.c.code))).scalars())
    for item in items:
        values = {
            "name": item.name,
            "parent": item.parent,
            "level": int(item.level),
            "longitude_deg": item.longitude_deg,
            "latitude_deg": item.latitude_deg,
        }
        if item.code in known:
            await connection.execute(regions.update().where(regions.c.code == item.code).values(**values))
        else:
            await connection.execute(regions.insert().values(code=item.code, **values))


def _region(row: sa.Row[tuple[object, ...]]) -> Region:
    return Region(row.code, row.name, row.parent, RegionLevel(row.level), row.longitude_deg, row.latitude_deg)
