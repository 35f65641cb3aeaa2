"""First frames: an officer's eyes decide, and never those of who installed."""

from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control
from tests.contract.people import join
from tests.contract.register import OTHER_COUNTY
from tests.contract.small_city import add_channel, add_premises, build_city, report

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.cameras.store import camera_spells, cameras
from brightkitchen.domain.onboarding.store import premises_events
from brightkitchen.domain.premises.store import premises
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.ids import CameraId, PremisesId

COUNTY = Scope("210302")


@pytest.fixture
async def shop(control: Control) -> PremisesId:
    await build_city(control)
    return await add_premises(control, state="INSTALLED")


@pytest.fixture
async def officer(control: Control) -> AsyncIterator[httpx.AsyncClient]:
    async with await join(control, "officer", Grant(Role.STATION_OFFICER, Scope("210302006"))) as client:
        yield client


async def codes(control: Control, camera: CameraId) -> tuple[str, bool]:
    found = await control.services.cameras.load_known(LOCAL, [camera])
    return found[camera].activity.value, found[camera].approved_at is not None


async def test_approved_channel_counts_from_then_on(
    control: Control, admin: httpx.AsyncClient, officer: httpx.AsyncClient, shop: PremisesId
) -> None:
    for zone in ("COOK", "WASH"):
        camera = await add_channel(control, admin, shop, zone)
        report(control, camera)
        assert (await officer.post(f"/api/v1/cameras/{camera}/approve", json={})).status_code == 200
        assert await codes(control, camera) == ("ACTIVE", True)
    async with control.database.read() as connection:
        spells = (await connection.execute(sa.select(camera_spells))).all()
        complete = (await connection.execute(sa.select(premises.c.is_complete))).scalar_one()
    assert [(row.activity, row.to_at, row.reason) for row in spells] == [("ACTIVE", None, "approved")] * 2
    assert complete is True


async def test_who_added_the_camera_may_not_approve_it(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    camera = await add_channel(control, admin, shop, "COOK")
    report(control, camera)
    answer = await admin.post(f"/api/v1/cameras/{camera}/approve", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "onboarding.own_installation")
    assert await codes(control, camera) == ("NEW", False)


async def test_who_installed_there_may_not_approve_even_another_ones_camera(control: Control, shop: PremisesId) -> None:
    async with await join(control, "boss", Grant(Role.CITY_ADMIN, Scope("210300"))) as boss:
        async with await join(control, "helper", Grant(Role.OPERATOR_INSTALLER, COUNTY)) as helper:
            camera = await add_channel(control, helper, shop, "COOK")
        report(control, camera)
        await boss.post(f"/api/v1/premises/{shop}/onboarding/rework", json={"reason": "角度不对"})
        assert (await boss.post(f"/api/v1/premises/{shop}/onboarding/start_install", json={})).status_code == 200
        answer = await boss.post(f"/api/v1/cameras/{camera}/approve", json={})
        queue = (await boss.get("/api/v1/frames")).json()["items"]
    assert (answer.status_code, answer.json()["code"]) == (403, "onboarding.own_installation")
    assert [case["own"] for case in queue] == [True]


@pytest.mark.parametrize("role", [Role.OPERATOR_INSTALLER, Role.OPERATOR_PM, Role.GRID_ASSISTANT, Role.EDU_OFFICER])
async def test_others_find_no_first_frames(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId, role: Role
) -> None:
    camera = await add_channel(control, admin, shop, "COOK")
    report(control, camera)
    async with await join(control, "other", Grant(role, COUNTY)) as other:
        assert (await other.post(f"/api/v1/cameras/{camera}/approve", json={})).status_code == 404
        assert (await other.get("/api/v1/frames")).status_code == 404


async def test_officer_of_another_county_finds_nothing(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    camera = await add_channel(control, admin, shop, "COOK")
    report(control, camera)
    async with await join(control, "away", Grant(Role.COUNTY_OFFICER, Scope(OTHER_COUNTY))) as away:
        assert (await away.get("/api/v1/frames")).json()["items"] == []
        assert (await away.post(f"/api/v1/cameras/{camera}/approve", json={})).status_code == 404
        assert (await away.post(f"/api/v1/cameras/{camera}/refuse", json={"reason": "x"})).status_code == 404


async def test_channel_without_pictures_cannot_be_approved(
    control: Control, admin: httpx.AsyncClient, officer: httpx.AsyncClient, shop: PremisesId
) -> None:
    camera = await add_channel(control, admin, shop, "COOK")
    report(control, camera, CameraState.OFFLINE)
    answer = await officer.post(f"/api/v1/cameras/{camera}/approve", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "onboarding.no_picture")


async def test_channel_that_shows_a_private_room_cannot_be_approved(
    control: Control, admin: httpx.AsyncClient, officer: httpx.AsyncClient, shop: PremisesId
) -> None:
    camera = await add_channel(control, admin, shop, "COOK")
    async with control.database.write() as connection:
        await connection.execute(cameras.update().values(zone="PRIVATE_ROOM"))  # the API would refuse it
    report(control, camera)
    answer = await officer.post(f"/api/v1/cameras/{camera}/approve", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "onboarding.zone_refused")


async def test_refusal_sends_the_premises_to_rework_and_leaves_the_queue(
    control: Control, admin: httpx.AsyncClient, officer: httpx.AsyncClient, shop: PremisesId
) -> None:
    camera = await add_channel(control, admin, shop, "COOK")
    report(control, camera)
    control.clock.jump(60)
    answer = await officer.post(f"/api/v1/cameras/{camera}/refuse", json={"reason": "拍的是走廊"})
    assert answer.status_code == 200, answer.text
    case = (await officer.get("/api/v1/frames")).json()["items"][0]
    assert (case["waiting"], case["refused_reason"]) == (False, "拍的是走廊")
    async with control.database.read() as connection:
        moves = (await connection.execute(sa.select(premises_events))).all()
    assert [(row.event, row.to_state, row.reason) for row in moves] == [
        ("rework", "REWORK", "COOK 10.1.2.3: 拍的是走廊")
    ]

    control.clock.jump(60)
    await admin.patch(f"/api/v1/cameras/{camera}", json={"url": "rtsp://10.1.2.3/COOK2"})
    assert (await officer.get("/api/v1/frames")).json()["items"][0]["waiting"] is True


async def test_refusal_without_a_reason_is_refused(
    control: Control, admin: httpx.AsyncClient, officer: httpx.AsyncClient, shop: PremisesId
) -> None:
    camera = await add_channel(control, admin, shop, "COOK")
    answer = await officer.post(f"/api/v1/cameras/{camera}/refuse", json={"reason": "  "})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reason")


async def test_another_address_takes_the_approval_away(
    control: Control, admin: httpx.AsyncClient, officer: httpx.AsyncClient, shop: PremisesId
) -> None:
    camera = await add_channel(control, admin, shop, "COOK")
    report(control, camera)
    await officer.post(f"/api/v1/cameras/{camera}/approve", json={})
    await admin.patch(f"/api/v1/cameras/{camera}", json={"name": "烹饪间"})
    assert await codes(control, camera) == ("ACTIVE", True)
    await admin.patch(f"/api/v1/cameras/{camera}", json={"url": "rtsp://10.1.2.99/COOK"})
    assert await codes(control, camera) == ("NEW", False)
