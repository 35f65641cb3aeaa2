"""Rows of channels as the presence of pictures and the opening of tickets need them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Place
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.onboarding.store import contracts
from brightkitchen.domain.premises.store import premises, suspensions
from brightkitchen.kernel.database import split_values
from brightkitchen.kernel.ids import CameraId, PremisesId
from brightkitchen.kernel.units import Utc


@dataclass(frozen=True, slots=True)
class Watched:
    """A channel in service and where it is, as the presence of pictures and the opening of tickets need it."""

    camera: CameraId
    node: str
    activity: str
    activity_at: Utc
    is_approved: bool
    premises: PremisesId | None
    region: str
    category: str
    hours: str
    premises_state: str
    operator: str

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.region, self.category, self.premises)


async def load_watched(connection: AsyncConnection) -> list[Watched]:
    """Return every channel in service."""
    wanted = (
        sa.select(
            cameras.c.id,
            cameras.c.node,
            cameras.c.activity,
            cameras.c.activity_at,
            cameras.c.approved_at,
            cameras.c.premises_id,
            premises.c.region,
            premises.c.category,
            premises.c.hours,
            premises.c.state,
            contracts.c.operator,
        )
        .select_from(
            cameras.outerjoin(premises, premises.c.id == cameras.c.premises_id).outerjoin(
                contracts, contracts.c.premises_id == cameras.c.premises_id
            )
        )
        .where(cameras.c.retired_at.is_(None))
    )
    return [
        Watched(
            CameraId(row.id),
            row.node,
            row.activity,
            Utc(row.activity_at),
            row.approved_at is not None,
            PremisesId(row.premises_id) if row.premises_id else None,
            row.region or "",
            row.category or "",
            row.hours or "",
            row.state or "",
            row.operator or "",
        )
        for row in await connection.execute(wanted)
    ]


async def load_activities(connection: AsyncConnection, ids: Sequence[CameraId]) -> dict[CameraId, tuple[str, Utc]]:
    """Return activity and its beginning of those of `ids` that are in service."""
    found: dict[CameraId, tuple[str, Utc]] = {}
    for some in split_values(ids):
        wanted = sa.select(cameras.c.id, cameras.c.activity, cameras.c.activity_at).where(
            cameras.c.id.in_(some), cameras.c.retired_at.is_(None)
        )
        for row in await connection.execute(wanted):
            found[CameraId(row.id)] = (row.activity, Utc(row.activity_at))
    return found


async def load_suspended(connection: AsyncConnection, today_on: str) -> frozenset[PremisesId]:
    """Return the premises that have an approved closed period on that day."""
    wanted = sa.select(suspensions.c.premises_id).where(
        suspensions.c.state == "APPROVED", suspensions.c.from_on <= today_on, suspensions.c.to_on >= today_on
    )
    return frozenset(PremisesId(each) for each in (await connection.execute(wanted)).scalars())
