"""S52, T12: a channel that is found to show a refused zone is seen and recorded by nobody until two people let it back."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.contract.conftest import Control, add_camera, add_premises
from tests.contract.people import Crowd, acting_as
from tests.contract.test_import import CAMERA_HEADER, a_book, a_premises, importer, upload

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.cameras.store import camera_spells, camera_zones, cameras
from brightkitchen.domain.premises.store import zones
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import NodeId
from brightkitchen.web.spreadsheets import Sheet, build_xlsx

__all__ = ["importer"]
FOUND = {"zone": "更衣室", "reason": "镜头转向更衣室"}
BACK = {"zone": "COOK", "reason": "已重新安装，对准灶台"}


@pytest.fixture
async def crowd(control: Control) -> AsyncIterator[Crowd]:
    async with Crowd(control) as one:
        yield one


async def told_to_nodes(control: Control) -> set[str]:
    found: set[str] = set()
    for node in control.services.nodes.all():
        found |= {spec.camera for spec in (await control.services.cameras.build_desired(NodeId(node))).cameras}
    return found


async def ask_token(client: httpx.AsyncClient, camera: str, act: str) -> httpx.Response:
    wish = {"camera": camera, "act": act, "profile": "main"}
    if act == "play":
        wish |= {"from": "2026-11-22T00:00:00.000000Z", "to": "2026-11-22T01:00:00.000000Z"}
    return await client.post("/api/v1/media/tokens", json={"items": [wish]})


async def test_quarantined_channel_is_seen_by_nobody_and_told_to_no_node(
    control: Control, admin: httpx.AsyncClient
) -> None:
    shop = await add_premises(admin)
    camera = await add_camera(admin, zone="COOK", premises_id=shop["id"])
    async with control.database.write() as connection:
        await connection.execute(cameras.update().values(activity="ACTIVE", approved_at=1, approved_by="usr_x"))
    for act in ("live", "play", "snapshot", "thumb"):
        assert (await ask_token(admin, camera["id"], act)).status_code == 200
    assert camera["id"] in await told_to_nodes(control)
    found = await admin.post(f"/api/v1/cameras/{camera['id']}/quarantine", json=FOUND)
    assert found.status_code == 200, found.text
    shown = found.json()
    assert (shown["quarantine_zone"], shown["activity"]) == ("CHANGING_ROOM", "NEW")
    assert shown["quarantined_at"] is not None
    assert not {"camera.live", "camera.play", "camera.snapshot", "camera.thumb"} & set(shown["abilities"])
    for act in ("live", "play", "snapshot", "thumb"):
        assert (await ask_token(admin, camera["id"], act)).status_code == 404
    assert await told_to_nodes(control) == set()
    async with control.database.read() as connection:
        spells = list(await connection.execute(camera_spells.select()))
    assert [(row.activity, row.to_at) for row in spells] == [("NEW", None)]
    with pytest.raises(BrightKitchenError) as caught:
        node = NodeId(shown["node"]["id"])
        await control.services.cameras.release_credential(node, camera["id"], 2)
    assert caught.value.code == "node.forbidden"


async def test_quarantined_channel_is_not_freed_by_another_zone_or_address(admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin, zone="COOK")
    url = f"/api/v1/cameras/{camera['id']}"
    await admin.post(f"{url}/quarantine", json=FOUND)
    refused = await admin.patch(url, json={"zone": "CUT"})
    assert (refused.status_code, refused.json()["code"]) == (409, "camera.quarantined")
    moved = await admin.patch(url, json={"url": "rtsp://10.1.2.99/a"})
    assert moved.json()["quarantined_at"] is not None
    again = await admin.post(f"{url}/quarantine", json=FOUND)
    assert (again.status_code, again.json()["code"]) == (409, "camera.quarantined")


async def test_zone_that_is_allowed_or_no_reason_quarantines_nothing(admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin, zone="COOK")
    url = f"/api/v1/cameras/{camera['id']}"
    allowed = await admin.post(f"{url}/quarantine", json=FOUND | {"zone": "CUT"})
    assert (allowed.status_code, allowed.json()["code"]) == (422, "camera.zone_allowed")
    assert (await admin.post(f"{url}/quarantine", json=FOUND | {"reason": " "})).status_code == 422
    free = await admin.post(f"{url}/release", json=BACK)
    assert (free.status_code, free.json()["code"]) == (409, "camera.not_quarantined")
    assert (await admin.get(url)).json()["quarantined_at"] is None


async def test_owner_and_operator_cannot_quarantine_or_release(control: Control, admin: httpx.AsyncClient) -> None:
    shop = await add_premises(admin)
    camera = await add_camera(admin, zone="COOK", premises_id=shop["id"])
    as_owner = acting_as(control, "owner", Grant(Role.OWNER, Scope(premises=shop["id"])))
    as_operator = acting_as(control, "pm", Grant(Role.OPERATOR_PM, Scope("210302")))
    async with as_owner as owner, as_operator as operator:
        for client in (owner, operator):
            for act, body in (("quarantine", FOUND), ("release", BACK)):
                assert (await client.post(f"/api/v1/cameras/{camera['id']}/{act}", json=body)).status_code == 404


async def test_release_takes_a_second_person_of_another_organisation(
    control: Control, admin: httpx.AsyncClient, crowd: Crowd
) -> None:
    one, other = await crowd.add_organisation(1), await crowd.add_organisation(2)
    asker = await crowd.join("asker", Role.CITY_ADMIN, "210300", organisation=one)
    same = await crowd.join("same", Role.CITY_ADMIN, "210300", organisation=one)
    second = await crowd.join("second", Role.CITY_ADMIN, "210300", organisation=other)
    camera = await add_camera(admin, zone="CUT", premises_id=(await add_premises(admin))["id"])
    url = f"/api/v1/cameras/{camera['id']}"
    await asker.post(f"{url}/quarantine", json=FOUND)
    refused = await asker.post(f"{url}/release", json=BACK | {"zone": "TOILET"})
    assert (refused.status_code, refused.json()["code"]) == (422, "zone.refused")
    asked = await asker.post(f"{url}/release", json=BACK)
    assert asked.status_code == 202, asked.text
    approval = f"/api/v1/approvals/{asked.json()['approval']}"
    waiting = (await second.get("/api/v1/approvals")).json()["items"][0]
    assert waiting["release"] == {
        "camera_id": camera["id"],
        "camera_name": camera["name"],
        "premises_name": camera["premises_name"],
        "found_zone": "CHANGING_ROOM",
        "zone": "COOK",
        "reason": BACK["reason"],
    }
    for client, code in ((asker, "approval.own"), (same, "approval.same_unit")):
        answer = await client.post(approval, json={"agree": True, "reason": ""})
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert await told_to_nodes(control) == set()
    assert (await second.post(approval, json={"agree": True, "reason": ""})).status_code == 200
    shown = (await admin.get(url)).json()
    assert (shown["zone"], shown["quarantined_at"], shown["activity"]) == ("COOK", None, "NEW")
    assert await told_to_nodes(control) == {camera["id"]}


@pytest.mark.parametrize("word", ["DINE", "二楼包间", "后厨", "COOK"])
async def test_sweep_catches_channels_whose_zone_is_refused_afterwards(
    control: Control, admin: httpx.AsyncClient, word: str
) -> None:
    camera = await add_camera(admin, zone="CUT")
    async with control.database.write() as connection:
        await connection.execute(zones.update().where(zones.c.code == "DINE").values(area="REFUSED"))
        await connection.execute(cameras.update().values(zone=word))
        if word == "COOK":
            await connection.execute(camera_zones.insert().values(camera_id=camera["id"], zone="DINE"))
    is_caught = word != "后厨"
    assert await control.services.quarantine.sweep() == is_caught
    assert await control.services.quarantine.sweep() == 0
    assert (camera["id"] in await told_to_nodes(control)) is not is_caught


async def test_import_of_a_quarantined_channel_is_a_row_error(control: Control, importer: httpx.AsyncClient) -> None:
    camera = await add_camera(importer, zone="COOK", url="rtsp://10.9.9.9:554/main")
    await importer.post(f"/api/v1/cameras/{camera['id']}/quarantine", json=FOUND)
    row = ("A00001", "后厨", "烹饪", "", "rtsp://10.9.9.9:554/main", "", "")
    job = await upload(control, importer, a_book([a_premises(1)], [row]))
    rows = (await importer.get(f"/api/v1/imports/{job['id']}/rows")).json()["items"]
    problems = [(each["column"], each["code"]) for each in rows[0]["problems"]]
    assert problems == [("区域", "import.row.camera_quarantined")]
    only = build_xlsx([Sheet("摄像头", CAMERA_HEADER, [(*row[:2], "包间", *row[3:])])])
    job = await upload(control, importer, only)
    rows = (await importer.get(f"/api/v1/imports/{job['id']}/rows")).json()["items"]
    assert "import.row.zone_refused" in [each["code"] for each in rows[0]["problems"]]


async def test_zone_of_an_approved_camera_needs_a_fresh_proof(control: Control, admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin, zone="COOK")
    url = f"/api/v1/cameras/{camera['id']}"
    control.clock.jump(600.0)
    assert (await admin.patch(url, json={"zone": "CUT"})).status_code == 200  # nobody approved it yet
    async with control.database.write() as connection:
        await connection.execute(cameras.update().values(activity="ACTIVE", approved_at=1, approved_by="usr_x"))
    for body in ({"zone": "DINE"}, {"zones": ["DINE"]}):
        answer = await admin.patch(url, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.step_up_required")
    assert (await admin.patch(url, json={"name": "二号", "zone": "CUT"})).status_code == 200
    assert (await admin.post(f"{url}/quarantine", json=FOUND)).status_code == 200
    answer = await admin.post(f"{url}/release", json=BACK)
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.step_up_required")
