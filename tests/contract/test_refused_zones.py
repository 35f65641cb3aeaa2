"""S52, T12: no camera gets a zone that no camera may show, by no way in."""

import httpx
import pytest
from tests.contract.conftest import Control, add_camera, add_premises
from tests.contract.people import acting_as

from brightkitchen.cli.admin_client import CameraAsk
from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.cameras.model import NewCamera
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.kernel.errors import BrightKitchenError

CODES = ("PRIVATE_ROOM", "CHANGING_ROOM", "TOILET", "STAFF_REST", "GUEST_ROOM", "DORMITORY", "BATHROOM", "NURSING_ROOM")
WORDS = ("包间", "更衣室", "卫生间", "员工休息室", "客房", "宿舍", "浴室", "哺乳室")


@pytest.mark.parametrize("zone", CODES + WORDS)
async def test_camera_with_a_refused_zone_is_refused_with_the_law(admin: httpx.AsyncClient, zone: str) -> None:
    for language, law in (("zh-CN", "国务院令第799号"), ("en", "Order 799")):
        for zones in ({"zone": zone}, {"zone": "COOK", "zones": ["CUT", zone]}):
            body = {"name": "x", "url": "rtsp://10.1.2.3/a", **zones}
            answer = await admin.post("/api/v1/cameras", json=body, headers={"Accept-Language": language})
            assert (answer.status_code, answer.json()["code"]) == (422, "zone.refused")
            assert law in answer.json()["detail"]
    assert (await admin.get("/api/v1/cameras")).json()["items"] == []


@pytest.mark.parametrize("zone", CODES)
async def test_rezoning_to_a_refused_zone_is_refused_and_changes_nothing(admin: httpx.AsyncClient, zone: str) -> None:
    camera = await add_camera(admin, zone="COOK", zones=["CUT"])
    url = f"/api/v1/cameras/{camera['id']}"
    for body in ({"zone": zone}, {"zones": [zone]}):
        answer = await admin.patch(url, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "zone.refused")
    shown = (await admin.get(url)).json()
    assert (shown["zone"], shown["zones"], shown["etag"]) == ("COOK", ["CUT"], camera["etag"])


async def test_command_line_refuses_a_refused_zone(control: Control) -> None:
    assert CameraAsk(zone="包间").zone == "包间"
    with pytest.raises(BrightKitchenError) as caught:
        await control.services.cameras.add_camera(LOCAL, NewCamera(name="x", url="rtsp://10.1.2.3/a", zone="包间"))
    assert caught.value.code == "zone.refused"


async def test_premises_cannot_have_a_refused_zone_to_be_shown(admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin)
    answer = await admin.patch(f"/api/v1/premises/{made['id']}", json={"present_zones": ["TOILET"]})
    assert [each["code"] for each in answer.json()["errors"]] == ["zone.refused"]


async def test_zone_nobody_knows_is_refused_and_says_so(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/cameras", json={"name": "x", "url": "rtsp://10.1.2.3/a", "zone": "屋顶"})
    assert (answer.status_code, answer.json()["code"], answer.json()["params"]["field"]) == (
        422,
        "zone.unknown",
        "zone",
    )


async def test_word_of_an_old_camera_is_still_shown_and_kept(control: Control, admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    async with control.database.write() as connection:
        await connection.execute(cameras.update().values(zone="后厨西北角"))
    url = f"/api/v1/cameras/{camera['id']}"
    assert (await admin.patch(url, json={"name": "新名"})).json()["zone"] == "后厨西北角"
    assert (await admin.patch(url, json={"zone": "切配"})).json()["zone"] == "CUT"


async def test_zone_is_the_operators_until_the_first_frame_is_approved(
    control: Control, admin: httpx.AsyncClient
) -> None:
    made = await add_premises(admin)
    other = await add_premises(admin, name="乙校食堂")
    camera = await add_camera(admin, premises_id=made["id"])
    url = f"/api/v1/cameras/{camera['id']}"
    as_operator = acting_as(control, "pm", Grant(Role.OPERATOR_PM, Scope("210302")))
    as_officer = acting_as(control, "officer", Grant(Role.STATION_OFFICER, Scope("210302006")))
    as_owner = acting_as(control, "owner", Grant(Role.OWNER, Scope(premises=made["id"])))
    async with as_operator as operator, as_officer as officer, as_owner as owner:
        assert (await operator.patch(url, json={"zone": "CUT"})).json()["zone"] == "CUT"
        assert (await owner.patch(url, json={"zone": "WASH"})).status_code == 404
        async with control.database.write() as connection:
            await connection.execute(cameras.update().values(activity="ACTIVE", approved_at=1, approved_by="usr_x"))
        for body in ({"zone": "WASH"}, {"zones": ["WASH"]}, {"premises_id": other["id"]}, {"premises_id": None}):
            refused = await operator.patch(url, json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "camera.zone_locked")
        same = {"name": "二号", "zone": "CUT", "zones": [], "premises_id": made["id"]}  # as a form sends it
        assert (await operator.patch(url, json=same)).json()["name"] == "二号"
        assert "camera.rezone" not in (await operator.get(url)).json()["abilities"]
        assert (await officer.patch(url, json={"zone": "WASH"})).json()["zone"] == "WASH"
        assert (await officer.patch(url, json={"name": "三号"})).status_code == 404
