"""Rows of roles, and where the premises are to which a role may be limited."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place, Role, Scope
from brightkitchen.domain.authz.queries import ScopeColumns
from brightkitchen.domain.users.people_model import HeldGrant
from brightkitchen.domain.users.store import grants
from brightkitchen.kernel.ids import PremisesId, UserId
from brightkitchen.kernel.units import Utc, optional_utc

# Only where a premises is, for the scope of those who work there. The table itself is a later slice's.
premises_places: Final = sa.table(
    "premises", sa.column("id"), sa.column("region"), sa.column("category"), sa.column("name")
)
_category_kinds: Final = sa.table("categories", sa.column("code"), sa.column("is_school"))
GRANT_REGION: Final = sa.func.coalesce(premises_places.c.region, grants.c.region)
GRANT_PLACE: Final = ScopeColumns(GRANT_REGION, sa.func.coalesce(premises_places.c.category, ""), grants.c.premises_id)


async def load_places(connection: AsyncConnection, wanted: Iterable[PremisesId]) -> dict[PremisesId, tuple[Place, str]]:
    """Return where these premises are, and their names."""
    rows = await connection.execute(sa.select(premises_places).where(premises_places.c.id.in_(sorted(set(wanted)))))
    return {row.id: (Place(row.region, row.category, PremisesId(row.id)), row.name) for row in rows}


async def load_school_categories(connection: AsyncConnection) -> frozenset[str]:
    """Return the codes of the categories that an education officer looks after."""
    rows = await connection.execute(sa.select(_category_kinds.c.code).where(_category_kinds.c.is_school))
    return frozenset(rows.scalars())


async def save_grant(
    connection: AsyncConnection,
    held: HeldGrant,
    *,
    granted_by: str | None,
    approved_by: str | None,
) -> None:
    """Add a role to a person."""
    scope = held.grant.scope
    await connection.execute(
        grants.insert().values(
            id=held.id,
            user_id=held.user,
            role=held.grant.role.value,
            region=scope.region,
            categories=",".join(sorted(scope.categories)),
            premises_id=scope.premises,
            granted_by=granted_by,
            approved_by=approved_by,
            granted_at=held.granted_at,
            expires_at=held.expires_at,
        )
    )


async def revoke_grants(connection: AsyncConnection, user: UserId, now: Utc, *, only: str = "") -> int:
    """Take roles away: the one with the id `only`, or all. returns: how many were held."""
    mine = (grants.c.user_id == user) & grants.c.revoked_at.is_(None)
    if only:
        mine &= grants.c.id == only
    return (await connection.execute(grants.update().where(mine).values(revoked_at=now))).rowcount


async def save_expiry(connection: AsyncConnection, grant_ids: Sequence[str], expires_at: Utc) -> None:
    await connection.execute(grants.update().where(grants.c.id.in_(grant_ids)).values(expires_at=expires_at))


async def load_expired_between(connection: AsyncConnection, begin: Utc, end: Utc) -> tuple[UserId, ...]:
    """Return who lost a role by its date in (begin, end]."""
    found = await connection.execute(
        sa.select(grants.c.user_id)
        .distinct()
        .where(grants.c.revoked_at.is_(None), grants.c.expires_at > begin, grants.c.expires_at <= end)
    )
    return tuple(UserId(each) for each in found.scalars())


def build_held_grant(row: sa.Row[Any]) -> HeldGrant:
    categories = frozenset(part for part in row.categories.split(",") if part)
    premises = PremisesId(row.premises_id) if row.premises_id is not None else None
    return HeldGrant(
        row.id,
        UserId(row.user_id),
        Grant(Role(row.role), Scope(row.region, categories, premises)),
        Utc(row.granted_at),
        optional_utc(row.expires_at),
        optional_utc(row.revoked_at),
    )
