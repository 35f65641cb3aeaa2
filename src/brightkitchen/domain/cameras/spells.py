"""How long each channel was in which activity (`camera_spells`): the source of every online rate.

Invariant: a channel has at most one open spell (`to_at` NULL), its activity is the channel's, and spells of a channel
touch or leave a gap, but never overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.cameras.store import camera_spells, cameras
from brightkitchen.kernel.database import split_values
from brightkitchen.kernel.ids import CameraId
from brightkitchen.kernel.units import Utc, optional_utc

ONLINE: Final = (Activity.ACTIVE, Activity.DEGRADED)


@dataclass(frozen=True, slots=True)
class Spell:
    """One stretch. to_at None: still lasting. reason: why, a word of `camerastate.Reason` or of our own."""

    camera: CameraId
    from_at: Utc
    to_at: Utc | None
    activity: Activity
    reason: str


async def load_open_spells(connection: AsyncConnection) -> dict[CameraId, Spell]:
    """Return the open spell of each channel that has one."""
    rows = await connection.execute(sa.select(camera_spells).where(camera_spells.c.to_at.is_(None)))
    return {CameraId(row.camera_id): _spell(row) for row in rows}


async def begin_spell(connection: AsyncConnection, camera: CameraId, activity: Activity, at: Utc, reason: str) -> Utc:
    """Close the channel's open spell at `at`, open one of `activity`, and make it the channel's activity.

    returns: when it really begins; a spell never begins before or with the one it follows.
    """
    wanted = sa.select(sa.func.max(camera_spells.c.from_at)).where(camera_spells.c.camera_id == camera)
    last_from_at = (await connection.execute(wanted)).scalar_one_or_none()
    from_at = at if last_from_at is None else Utc(max(at, last_from_at + 1))
    is_open = sa.and_(camera_spells.c.camera_id == camera, camera_spells.c.to_at.is_(None))
    await connection.execute(camera_spells.update().where(is_open).values(to_at=from_at))
    await connection.execute(
        camera_spells.insert().values(
            camera_id=camera, from_at=from_at, to_at=None, activity=activity.value, reason=reason[:40]
        )
    )
    await connection.execute(
        cameras.update().where(cameras.c.id == camera).values(activity=activity.value, activity_at=from_at)
    )
    return from_at


async def load_online_ratios(
    connection: AsyncConnection, ids: Sequence[CameraId], *, from_at: Utc, to_at: Utc
) -> dict[CameraId, float]:
    """Return for each channel which part of the range (0..1) it was ACTIVE or DEGRADED; 0 where nothing is known."""
    totals_us = dict.fromkeys(ids, 0)
    for chunk in split_values(ids):
        wanted = sa.select(camera_spells.c.camera_id, camera_spells.c.from_at, camera_spells.c.to_at).where(
            camera_spells.c.camera_id.in_(chunk),
            camera_spells.c.activity.in_([each.value for each in ONLINE]),
            camera_spells.c.from_at < to_at,
            sa.or_(camera_spells.c.to_at.is_(None), camera_spells.c.to_at > from_at),
        )
        for row in await connection.execute(wanted):
            end = to_at if row.to_at is None else min(row.to_at, to_at)
            totals_us[CameraId(row.camera_id)] += end - max(row.from_at, from_at)
    return {camera: total_us / (to_at - from_at) for camera, total_us in totals_us.items()}


def _spell(row: sa.Row[tuple[object, ...]]) -> Spell:
    to_at = optional_utc(row.to_at)
    return Spell(CameraId(row.camera_id), Utc(row.from_at), to_at, Activity(row.activity), row.reason)
