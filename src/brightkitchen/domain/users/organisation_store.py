"""Rows of organisations as their managers see them."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.store import organisations
from brightkitchen.domain.users.people_model import Organisation, OrganisationKind
from brightkitchen.kernel.ids import OrganisationId
from brightkitchen.kernel.units import Utc, optional_utc


async def load_organisations(connection: AsyncConnection, *, with_retired: bool) -> tuple[Organisation, ...]:
    chosen = sa.select(organisations).order_by(organisations.c.region, organisations.c.kind, organisations.c.name)
    if not with_retired:
        chosen = chosen.where(organisations.c.retired_at.is_(None))
    return tuple(_organisation(row) for row in await connection.execute(chosen))


async def load_organisation(connection: AsyncConnection, organisation: OrganisationId) -> Organisation | None:
    row = (await connection.execute(sa.select(organisations).where(organisations.c.id == organisation))).one_or_none()
    return _organisation(row) if row is not None else None


async def save_new_organisation(connection: AsyncConnection, new: Organisation, at: Utc) -> None:
    await connection.execute(
        organisations.insert().values(
            id=new.id,
            kind=new.kind.value,
            name=new.name,
            region=new.region,
            created_at=at,
            updated_at=at,
            version=new.version,
        )
    )


async def save_organisation(connection: AsyncConnection, new: Organisation, at: Utc) -> bool:
    """Keep it if nobody changed it since the version before `new.version`. True if it was kept."""
    changed = await connection.execute(
        organisations.update()
        .where(organisations.c.id == new.id, organisations.c.version == new.version - 1)
        .values(
            kind=new.kind.value,
            name=new.name,
            region=new.region,
            updated_at=at,
            version=new.version,
            retired_at=new.retired_at,
        )
    )
    return changed.rowcount == 1


def _organisation(row: sa.Row[Any]) -> Organisation:
    return Organisation(
        OrganisationId(row.id),
        OrganisationKind(row.kind),
        row.name,
        row.region,
        row.version,
        optional_utc(row.retired_at),
    )
