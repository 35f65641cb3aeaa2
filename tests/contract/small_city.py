"""A small city in the database of a test: categories, zones, premises, cameras that report."""

from typing import Any

import httpx
from tests.contract.conftest import Control, add_camera
from tests.contract.register import insert_premises

from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.premises.store import categories, category_zones
from brightkitchen.kernel.camerastate import CameraState, Reason, StreamReport
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.web.nodechannel import NodeLink


async def build_city(control: Control) -> None:
    """Add a category whose must-zones are COOK and WASH alone."""
    kind = {"code": "NOODLES", "name_zh": "面馆", "name_en": "Noodles", "zone_profile": "NOODLES", "is_school": False}
    async with control.database.write() as connection:
        await connection.execute(categories.insert().values(**kind, retention_days=30, sort=999))
        for zone in ("COOK", "WASH"):
            values = {"zone_profile": "NOODLES", "zone": zone, "need": "MUST", "may_be_shared": True}
            await connection.execute(category_zones.insert().values(**values))


async def add_premises(control: Control, name: str = "老街饺子馆", **fields: object) -> PremisesId:
    """Enter a premises that nobody signed yet, in a street of one county."""
    as_lead: dict[str, object] = {"category": "NOODLES", "address": "站前街1号", "state": "LEAD"}
    return await insert_premises(control, name=name, **as_lead | fields)


async def add_channel(
    control: Control,
    keeper: httpx.AsyncClient,
    premises_id: PremisesId,
    zone: str,
    *,
    host: str = "10.1.2.3",
    approved: bool = False,
) -> CameraId:
    """Add a camera of a premises. approved: as if an officer had approved its first frame just now."""
    found: dict[str, Any] = await add_camera(
        keeper, name=f"{zone} {host}", zone=zone, url=f"rtsp://{host}/{zone}", premises_id=premises_id
    )
    if approved:
        now = control.clock.utc()
        values = {"activity": "ACTIVE", "activity_at": now, "approved_at": now, "approved_by": UserId("usr_x")}
        async with control.database.write() as connection:
            await connection.execute(cameras.update().where(cameras.c.id == found["id"]).values(**values))
    return CameraId(found["id"])


async def connect_nodes(control: Control) -> None:
    """Let every camera's node be on the channel."""

    async def nothing(*_: object) -> None:
        return None

    for node in control.services.nodes.all():
        await control.services.nodes.admit(NodeLink(node, 8081, nothing, nothing))


def report(
    control: Control, camera: CameraId, state: CameraState = CameraState.LIVE, *, dark_s: float = 0, since_s: float = 0
) -> None:
    """Say what a camera does now. dark_s: how long ago its last picture was. since_s: how long it has been so."""
    now = control.clock.utc()
    last_frame_at = Utc(now - int(dark_s * US_PER_S))
    control.services.board.note(
        StreamReport(
            camera=camera,
            profile="main",
            state=state,
            reason=Reason.HOST_UNREACHABLE if state is CameraState.OFFLINE else None,
            since_at=Utc(now - int(since_s * US_PER_S)),
            last_frame_at=last_frame_at,
            recorded_until_at=last_frame_at,
            recording=state is CameraState.LIVE,
        )
    )
