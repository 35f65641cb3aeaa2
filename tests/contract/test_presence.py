"""Presence of pictures: spells, completeness, devices, and that a restart of control invents no outage."""

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control
from tests.contract.small_city import add_channel, add_premises, build_city, connect_nodes, report

from brightkitchen.bootstrap.journal import OperationsAudit
from brightkitchen.bootstrap.operations import build_operations
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.spells import load_online_ratios
from brightkitchen.domain.cameras.store import camera_spells, cameras
from brightkitchen.domain.maintenance.presence import ConnectedNodes, Presence
from brightkitchen.domain.premises.store import premises
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.ids import CameraId, NodeId, PremisesId
from brightkitchen.kernel.units import US_PER_S, Utc

LIVE, OFFLINE, DEGRADED = CameraState.LIVE, CameraState.OFFLINE, CameraState.DEGRADED
Spells = list[tuple[str, float, float | None]]


@pytest.fixture
async def shop(control: Control) -> PremisesId:
    await build_city(control)
    await connect_nodes(control)
    return await add_premises(control, state="IN_SERVICE")


async def activity(control: Control, camera: CameraId) -> str:
    async with control.database.read() as connection:
        return str((await connection.execute(sa.select(cameras.c.activity).where(cameras.c.id == camera))).scalar_one())


async def spells(control: Control, begin_at: Utc) -> Spells:
    """Return (activity, from, to) of every spell, in seconds since `begin_at`."""
    async with control.database.read() as connection:
        rows = await connection.execute(sa.select(camera_spells).order_by(camera_spells.c.from_at))
        return [
            (
                row.activity,
                (row.from_at - begin_at) / US_PER_S,
                None if row.to_at is None else (row.to_at - begin_at) / US_PER_S,
            )
            for row in rows
        ]


async def look_after(control: Control, duration_s: float) -> None:
    control.clock.jump(duration_s)
    await control.operations.presence.look()


async def test_dark_channel_is_offline_since_its_last_picture_and_back_at_once(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    begin_at = control.clock.utc()
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    report(control, camera)
    await control.operations.presence.look()
    control.clock.jump(700)
    report(control, camera, OFFLINE, dark_s=100)
    await control.operations.presence.look()
    assert await activity(control, camera) == "ACTIVE"
    await look_after(control, 200)
    assert await activity(control, camera) == "OFFLINE"
    control.clock.jump(60)
    report(control, camera, LIVE, since_s=10)
    await control.operations.presence.look()
    assert await spells(control, begin_at) == [("ACTIVE", 0, 600), ("OFFLINE", 600, 950), ("ACTIVE", 950, None)]


async def test_unstable_picture_degrades_only_when_it_lasts(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    control.clock.jump(600)
    report(control, camera, DEGRADED, since_s=59)
    await control.operations.presence.look()
    assert await activity(control, camera) == "ACTIVE"
    await look_after(control, 1)
    assert await activity(control, camera) == "DEGRADED"


async def test_channel_that_nobody_approved_stays_new(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    begin_at = control.clock.utc()
    camera = await add_channel(control, admin, shop, "COOK")
    report(control, camera, LIVE)
    await control.operations.presence.look()
    report(control, camera, OFFLINE, dark_s=900)
    await look_after(control, 900)
    assert await activity(control, camera) == "NEW"
    assert await spells(control, begin_at) == [("NEW", 0, None)]


async def test_complete_follows_the_must_zones(control: Control, admin: httpx.AsyncClient, shop: PremisesId) -> None:
    async def is_complete() -> bool:
        async with control.database.read() as connection:
            return bool((await connection.execute(sa.select(premises.c.is_complete))).scalar_one())

    await add_channel(control, admin, shop, "COOK", approved=True)
    wash = await add_channel(control, admin, shop, "WASH", approved=True)
    await control.operations.presence.look()
    assert await is_complete()
    report(control, wash, OFFLINE, dark_s=0)
    await look_after(control, 300)
    assert not await is_complete()
    report(control, wash, LIVE)
    await look_after(control, 15)
    assert await is_complete()


class NobodyThere:
    """Nodes, none of which is connected."""

    def port_of(self, node: NodeId) -> int | None:
        return None


async def test_node_that_is_away_makes_no_outage(control: Control, admin: httpx.AsyncClient, shop: PremisesId) -> None:
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    report(control, camera, OFFLINE, dark_s=0)
    board, presence = restarted(control, nodes=NobodyThere())
    board.note(control.services.board.of(camera)["main"])
    control.clock.jump(3600)
    await presence.look()
    assert await activity(control, camera) == "ACTIVE"


def restarted(control: Control, nodes: ConnectedNodes | None = None) -> tuple[LiveBoard, Presence]:
    """Return what a new control process begins with: the same database, an empty board."""
    board = LiveBoard()
    operations = build_operations(
        control.database,
        Policy(),
        board=board,
        nodes=nodes or control.services.nodes,
        time_zone="Asia/Shanghai",
        clock=control.clock,
        entropy=SystemEntropy(),
        audit=OperationsAudit(control.services.audit),
    )
    return board, operations.presence


async def test_restart_of_control_continues_the_spell_of_a_live_channel(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    begin_at = control.clock.utc()
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    report(control, camera)
    await control.operations.presence.look()
    control.clock.jump(7200)
    board, presence = restarted(control)
    await presence.look()
    control.clock.jump(15)
    report(control, camera, LIVE, since_s=7215)
    board.note(control.services.board.of(camera)["main"])
    await presence.look()
    assert await spells(control, begin_at) == [("ACTIVE", 0, None)]


async def test_restart_of_control_dates_an_outage_back_to_the_last_picture(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    begin_at = control.clock.utc()
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    await control.operations.presence.look()
    control.clock.jump(7200)
    board, presence = restarted(control)
    report(control, camera, OFFLINE, dark_s=4000)
    board.note(control.services.board.of(camera)["main"])
    await presence.look()
    assert await spells(control, begin_at) == [("ACTIVE", 0, 3200), ("OFFLINE", 3200, None)]


async def test_camera_that_sent_nothing_since_its_node_began_is_dark_since_we_saw_it(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    begin_at = control.clock.utc()
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    control.clock.jump(1000)
    report(control, camera, OFFLINE)
    known = control.services.board.of(camera)["main"]
    control.services.board.note(type(known)(camera=camera, profile="main", state=OFFLINE, since_at=known.since_at))
    await control.operations.presence.look()
    await look_after(control, 299)
    assert await activity(control, camera) == "ACTIVE"
    await look_after(control, 1)
    assert await spells(control, begin_at) == [("ACTIVE", 0, 1000), ("OFFLINE", 1000, None)]


async def test_online_ratio_counts_what_overlaps_the_range(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    begin_at = control.clock.utc()
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    await control.operations.presence.look()
    control.clock.jump(1000)
    report(control, camera, OFFLINE, dark_s=400)
    await control.operations.presence.look()
    async with control.database.read() as connection:
        found = await load_online_ratios(
            connection, [camera], from_at=Utc(begin_at + 200 * US_PER_S), to_at=Utc(begin_at + 1000 * US_PER_S)
        )
    assert found == {camera: 0.5}


async def test_linked_device_follows_its_channel(control: Control, admin: httpx.AsyncClient, shop: PremisesId) -> None:
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    device = (await admin.post("/api/v1/devices", json={"sn": "E43902217", "kind": "IPC", "premises_id": shop})).json()[
        "id"
    ]
    installed = await admin.post(f"/api/v1/devices/{device}/install", json={"camera_id": camera})
    assert installed.status_code == 200, installed.text
    await control.operations.presence.look()
    report(control, camera, OFFLINE)
    await look_after(control, 300)
    report(control, camera, LIVE)
    await look_after(control, 15)
    view = (await admin.get(f"/api/v1/devices/{device}")).json()
    assert [row["event"] for row in view["history"]] == ["recover", "drop", "activate", "install"]
    assert (view["device"]["state"], view["device"]["zone"]) == ("ACTIVE", "COOK")
