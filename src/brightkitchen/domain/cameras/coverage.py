"""Which must-zones of a premises no channel shows (DOMAIN R-CAM-2), and the flag that says it in the premises' row."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.cameras.store import camera_zones, cameras
from brightkitchen.domain.premises.store import categories, category_zones, premises
from brightkitchen.kernel.ids import PremisesId

SHARED_UP_TO_M2: Final = 50.0
"""Up to this floor area one camera may serve several zones (DOMAIN §1.2 *)."""
_CHUNK: Final = 400


async def load_missing_zones(
    connection: AsyncConnection, ids: Iterable[PremisesId]
) -> dict[PremisesId, tuple[str, ...]]:
    """Return for each premises the must-zones that no ACTIVE channel shows, in the order of their codes."""
    wanted = sorted(set(ids))
    missing: dict[PremisesId, tuple[str, ...]] = {}
    for at in range(0, len(wanted), _CHUNK):
        missing.update(await _load_missing(connection, wanted[at : at + _CHUNK]))
    return missing


async def recompute_complete(connection: AsyncConnection, ids: Iterable[PremisesId]) -> dict[PremisesId, bool]:
    """Write `premises.is_complete` anew for these premises; returns what it is now for each."""
    complete = {key: not zones for key, zones in (await load_missing_zones(connection, ids)).items()}
    for value in (True, False):
        turned = [key for key, is_complete in complete.items() if is_complete is value]
        for at in range(0, len(turned), _CHUNK):
            chosen = premises.c.id.in_(turned[at : at + _CHUNK]) & (premises.c.is_complete != value)
            await connection.execute(premises.update().where(chosen).values(is_complete=value))
    return complete


async def _load_missing(connection: AsyncConnection, ids: list[PremisesId]) -> dict[PremisesId, tuple[str, ...]]:
    shown: defaultdict[str, set[str]] = defaultdict(set)
    active = sa.and_(
        cameras.c.premises_id.in_(ids), cameras.c.retired_at.is_(None), cameras.c.activity == Activity.ACTIVE.value
    )
    for premises_id, zone in await connection.execute(sa.select(cameras.c.premises_id, cameras.c.zone).where(active)):
        shown[premises_id].add(zone)
    beside: defaultdict[str, set[str]] = defaultdict(set)
    extra = sa.select(cameras.c.premises_id, camera_zones.c.zone).join(
        camera_zones, camera_zones.c.camera_id == cameras.c.id
    )
    for premises_id, zone in await connection.execute(extra.where(active)):
        beside[premises_id].add(zone)
    needed = (
        sa.select(
            premises.c.id,
            premises.c.area_m2,
            premises.c.present_zones,
            category_zones.c.zone,
            category_zones.c.need,
            category_zones.c.may_be_shared,
        )
        .join(categories, categories.c.code == premises.c.category)
        .outerjoin(
            category_zones,
            sa.and_(
                category_zones.c.zone_profile == categories.c.zone_profile,
                category_zones.c.need.in_(("MUST", "MUST_IF_PRESENT")),
            ),
        )
        .where(premises.c.id.in_(ids))
    )
    missing: dict[PremisesId, list[str]] = {}
    for row in await connection.execute(needed):
        zones = missing.setdefault(PremisesId(row.id), [])
        if row.zone is None or (row.need == "MUST_IF_PRESENT" and row.zone not in row.present_zones.split(",")):
            continue
        may_share = row.may_be_shared and row.area_m2 is not None and row.area_m2 <= SHARED_UP_TO_M2
        if row.zone not in shown[row.id] and not (may_share and row.zone in beside[row.id]):
            zones.append(row.zone)
    return {key: tuple(sorted(zones)) for key, zones in missing.items()}
