"""A small city in the database of a test: categories, zones, premises, people of each role, cameras that report."""

from typing import Any
from zoneinfo import ZoneInfo

import httpx
from tests.contract.conftest import ORIGIN, UNSAFE, Control, add_camera

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.premises.denominators import Cause, DenominatorLog
from brightkitchen.domain.premises.store import categories, category_zones, premises
from brightkitchen.kernel.camerastate import CameraState, Reason, StreamReport
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId, new_id
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.web.nodechannel import NodeLink

TOWNSHIP = "210302006"
OTHER_COUNTY = "210381"
PASSWORD = "lotus-root-and-rice-at-noon"


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
    now = control.clock.utc()
    values: dict[str, object] = {
        "id": new_id("prm", SystemEntropy()),
        "region": TOWNSHIP,
        "category": "NOODLES",
        "name": name,
        "initials": "ljjzg",
        "address": "站前街1号",
        "hours": "",
        "present_zones": "",
        "state": "LEAD",
        "state_at": now,
        "is_due": True,
        "is_complete": False,
        "is_demo": False,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    } | fields
    async with control.database.write() as connection:
        await connection.execute(premises.insert().values(**values))
        log = DenominatorLog(clock=control.clock, entropy=SystemEntropy(), zone=ZoneInfo("Asia/Shanghai"))
        await log.note(connection, [PremisesId(str(values["id"]))], Cause(None))
    return PremisesId(str(values["id"]))


async def person(control: Control, name: str, role: Role, scope: Scope) -> httpx.AsyncClient:
    """Return the browser of somebody who holds that role and is logged in."""
    await control.services.users.create_user(LOCAL, name, grants=(Grant(role, scope),), password=PASSWORD)
    async with control.client(address="192.0.2.9") as door:
        answer = await door.post("/api/v1/session", json={"username": name, "password": PASSWORD}, headers=UNSAFE)
    assert answer.status_code == 200, answer.text
    client = control.client(address="192.0.2.9")
    token = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
    client.headers["cookie"] = f"__Host-bk_session={token}"
    client.headers.update({"X-BK": "1", "Origin": ORIGIN})
    return client


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
