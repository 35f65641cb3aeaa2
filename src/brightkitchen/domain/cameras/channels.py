"""The cameras of premises as the register sees them: how many, and whether what must be seen is seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.cameras.coverage import Channel, Coverage, ZoneCoverage, build_coverage, is_complete
from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.cameras.store import camera_zones, cameras
from brightkitchen.domain.premises.model import Premises
from brightkitchen.domain.premises.store import load_kinds, load_many_premises, premises
from brightkitchen.kernel.database import split_values
from brightkitchen.kernel.ids import CameraId, PremisesId

_in_service = cameras.c.retired_at.is_(None)


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """Cameras in service of one premises."""

    total: int = 0
    active: int = 0


class Channels:
    """Fits `domain.premises.ports.Channels`."""

    async def count_in_service(self, connection: AsyncConnection, premises: PremisesId) -> int:
        """Return how many cameras belong to it."""
        return (await count_channels(connection, [premises])).get(premises, ChannelCount()).total

    async def recompute_complete(self, connection: AsyncConnection, premises: Iterable[PremisesId]) -> None:
        """Bring `premises.is_complete` up to date."""
        await recompute_complete(connection, premises)


async def recompute_complete(connection: AsyncConnection, ids: Iterable[PremisesId]) -> int:
    """Write `is_complete` anew for these premises: the one place where it is decided. returns: how many changed.

    To be called in the transaction that changes a camera's premises, zone, activity or service, or a premises' category,
    area or zones. It does not touch `version`: nobody edits this column.
    """
    wanted = list(dict.fromkeys(ids))
    kinds, changed = await load_kinds(connection), 0
    for chunk in split_values(wanted):
        channels = await load_channels(connection, chunk)
        for item in (await load_many_premises(connection, chunk)).values():
            now = is_complete(build_coverage(item, kinds, channels.get(item.id, ())))
            if now != item.is_complete:
                await connection.execute(premises.update().where(premises.c.id == item.id).values(is_complete=now))
                changed += 1
    return changed


async def load_coverage(connection: AsyncConnection, item: Premises) -> tuple[ZoneCoverage, ...]:
    """Return how each zone of a premises stands."""
    channels = await load_channels(connection, [item.id])
    return build_coverage(item, await load_kinds(connection), channels.get(item.id, ()))


async def load_missing_zones(connection: AsyncConnection, premises_id: PremisesId) -> tuple[str, ...]:
    """Return the must-zones of a premises that no ACTIVE channel shows; () for one that is not there."""
    found = (await load_many_premises(connection, [premises_id])).get(premises_id)
    coverage = await load_coverage(connection, found) if found is not None else ()
    return tuple(each.zone for each in coverage if each.is_required and each.state is not Coverage.COVERED)


async def load_channels(
    connection: AsyncConnection, ids: Sequence[PremisesId]
) -> Mapping[PremisesId, tuple[Channel, ...]]:
    """Return the cameras in service of each of these premises."""
    more: dict[str, set[str]] = {}
    of_theirs = sa.select(camera_zones).join(cameras, cameras.c.id == camera_zones.c.camera_id)
    for row in await connection.execute(of_theirs.where(_in_service, cameras.c.premises_id.in_(list(ids)))):
        more.setdefault(row.camera_id, set()).add(row.zone)
    wanted = sa.select(cameras.c.id, cameras.c.premises_id, cameras.c.zone, cameras.c.activity)
    wanted = wanted.where(_in_service, cameras.c.premises_id.in_(list(ids))).order_by(cameras.c.id)
    found: dict[PremisesId, tuple[Channel, ...]] = {}
    for row in await connection.execute(wanted):
        channel = Channel(CameraId(row.id), row.zone, frozenset(more.get(row.id, ())), Activity(row.activity))
        found[PremisesId(row.premises_id)] = (*found.get(PremisesId(row.premises_id), ()), channel)
    return found


async def count_channels(connection: AsyncConnection, ids: Sequence[PremisesId]) -> Mapping[PremisesId, ChannelCount]:
    """Return how many cameras in service each of these premises has; those without are left out."""
    active = sa.func.sum(sa.case((cameras.c.activity == Activity.ACTIVE.value, 1), else_=0))
    wanted = sa.select(cameras.c.premises_id, sa.func.count().label("total"), active.label("active"))
    wanted = wanted.where(_in_service, cameras.c.premises_id.in_(list(ids))).group_by(cameras.c.premises_id)
    rows = await connection.execute(wanted)
    return {PremisesId(row.premises_id): ChannelCount(int(row.total), int(row.active)) for row in rows}
