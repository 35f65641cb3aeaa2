"""The device inventory over HTTP: entering, moving by the table, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.contract.conftest import Control
from tests.contract.people import join
from tests.contract.register import OTHER_COUNTY
from tests.contract.small_city import add_channel, add_premises, build_city

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.kernel.ids import PremisesId

SPEAKER = {"sn": "S-001", "kind": "SPEAKER", "vendor": "华为", "model": "SP20"}
CAMERA = {
    "sn": "E43902217",
    "kind": "IPC",
    "model": "DS-2CD3T46",
    "mac": "4419.B601.0203",
    "gb_id": "21030200001320000001",
    "pinned_onvif_serial": "DS-2CD3T4620260101AAWR",
    "storage_days": 30,
}


@pytest.fixture
async def shop(control: Control) -> PremisesId:
    await build_city(control)
    return await add_premises(control)


@pytest.fixture
async def manager(control: Control) -> AsyncIterator[httpx.AsyncClient]:
    async with await join(control, "pm", Grant(Role.OPERATOR_PM, Scope("210302"))) as client:
        yield client


async def add(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/devices", json=fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_device_goes_from_stock_to_scrap_by_the_table(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    channel = await add_channel(control, admin, shop, "COOK")
    device = await add(admin, **CAMERA)
    assert (device["state"], device["mac"], device["events"]) == ("STOCK", "44:19:b6:01:02:03", ["assign", "scrap"])
    steps: list[tuple[str, dict[str, object], str]] = [
        ("assign", {"premises_id": shop}, "ASSIGNED"),
        ("install", {"camera_id": channel}, "INSTALLED"),
        ("activate", {}, "ACTIVE"),
        ("repair", {"reason": "夜视失灵"}, "REPAIR"),
        ("return", {}, "ACTIVE"),
        ("repair", {}, "REPAIR"),
        ("scrap", {"reason": "进水"}, "SCRAPPED"),
    ]
    for event, body, state in steps:
        answer = await admin.post(f"/api/v1/devices/{device['id']}/{event}", json=body)
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    view = (await admin.get(f"/api/v1/devices/{device['id']}")).json()
    assert view["history"][0]["note"] == "进水"
    assert len(view["history"]) == len(steps)
    assert (view["device"]["premises_id"], view["device"]["camera_id"]) == (None, None)


async def test_event_that_the_table_lacks_is_a_clear_conflict(admin: httpx.AsyncClient) -> None:
    device = await add(admin, **SPEAKER)
    for event in ("install", "activate", "repair", "return", "drop", "recover", "degrade", "unassign"):
        answer = await admin.post(f"/api/v1/devices/{device['id']}/{event}", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "device.not_now"), event


async def test_serial_number_and_gb_id_are_of_one_device_only(admin: httpx.AsyncClient) -> None:
    await add(admin, **CAMERA)
    same_sn = await admin.post("/api/v1/devices", json=SPEAKER | {"sn": CAMERA["sn"]})
    same_gb = await admin.post("/api/v1/devices", json=CAMERA | {"sn": "E2"})
    assert [(each.status_code, each.json()["params"]["field"]) for each in (same_sn, same_gb)] == [
        (409, "sn"),
        (409, "gb_id"),
    ]


async def test_record_that_does_not_fit_names_its_fields(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/devices", json=CAMERA | {"gb_id": "2103", "mac": "44", "storage_days": 9})
    assert [each["field"] for each in answer.json()["errors"]] == ["gb_id", "storage_days", "mac"]


async def test_change_by_two_people_is_noticed(admin: httpx.AsyncClient) -> None:
    device = await add(admin, **SPEAKER)
    path = f"/api/v1/devices/{device['id']}"
    first = await admin.put(path, json=SPEAKER | {"firmware": "1.2"}, headers={"If-Match": device["etag"]})
    second = await admin.put(path, json=SPEAKER | {"firmware": "1.3"}, headers={"If-Match": device["etag"]})
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 412, "edit.conflict")
    assert (await admin.get(path)).json()["device"]["firmware"] == "1.2"


async def test_record_moves_no_device(admin: httpx.AsyncClient, shop: PremisesId) -> None:
    device = await add(admin, **SPEAKER)
    changed = await admin.put(f"/api/v1/devices/{device['id']}", json=SPEAKER | {"premises_id": shop})
    assert (changed.json()["premises_id"], changed.json()["state"]) == (None, "STOCK")


async def test_only_a_device_without_history_can_be_removed(admin: httpx.AsyncClient, shop: PremisesId) -> None:
    mistake, used = await add(admin, **SPEAKER), await add(admin, **CAMERA)
    await admin.post(f"/api/v1/devices/{used['id']}/assign", json={"premises_id": shop})
    await admin.post(f"/api/v1/devices/{used['id']}/unassign", json={})
    assert (await admin.delete(f"/api/v1/devices/{mistake['id']}")).status_code == 204
    refused = await admin.delete(f"/api/v1/devices/{used['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "device.in_use")


async def test_camera_of_another_premises_cannot_be_linked(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    elsewhere = await add_channel(control, admin, await add_premises(control, "大树烧烤"), "COOK")
    device = await add(admin, **CAMERA, premises_id=shop)
    answer = await admin.post(f"/api/v1/devices/{device['id']}/install", json={"camera_id": elsewhere})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "camera")


async def test_operator_keeps_the_devices_of_the_own_region_only(
    control: Control, admin: httpx.AsyncClient, manager: httpx.AsyncClient, shop: PremisesId
) -> None:
    far = await add_premises(control, "海城酒店", region=OTHER_COUNTY + "001")
    near_one, far_one = await add(admin, **CAMERA, premises_id=shop), await add(admin, **SPEAKER, premises_id=far)
    stocked = await add(admin, sn="N-1", kind="NVR")
    listed = (await manager.get("/api/v1/devices")).json()
    assert [each["id"] for each in listed["items"]] == [near_one["id"]]
    assert sum(each["count"] for each in listed["counts"]) == 1
    for hidden in (far_one, stocked):
        assert (await manager.get(f"/api/v1/devices/{hidden['id']}")).status_code == 404
        assert (await manager.post(f"/api/v1/devices/{hidden['id']}/assign", json={})).status_code == 404
    assert (await manager.post("/api/v1/devices", json=SPEAKER | {"sn": "S-2"})).status_code == 404
    assert (await manager.post("/api/v1/devices", json=SPEAKER | {"sn": "S-3", "premises_id": far})).status_code == 404
    away = await manager.post("/api/v1/devices", json=SPEAKER | {"sn": "S-4", "premises_id": shop})
    assert (away.status_code, away.json()["state"]) == (201, "ASSIGNED")


async def test_officer_reads_and_owner_finds_no_inventory(
    control: Control, admin: httpx.AsyncClient, shop: PremisesId
) -> None:
    device = await add(admin, **CAMERA, premises_id=shop)
    async with await join(control, "officer", Grant(Role.COUNTY_OFFICER, Scope("210302"))) as officer:
        shown = (await officer.get(f"/api/v1/devices/{device['id']}")).json()["device"]
        assert shown["abilities"] == ["device.view"]
        assert (await officer.post(f"/api/v1/devices/{device['id']}/unassign", json={})).status_code == 404
    async with await join(control, "owner", Grant(Role.OWNER, Scope(premises=shop))) as owner:
        assert (await owner.get("/api/v1/devices")).status_code == 404
