"""Rules of recording, holds, alarms, proofs of deletion and search over HTTP: T10's control half, R-VID-7, R-VID-9."""

from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from tests.contract.conftest import NODE, Control, add_camera, add_premises, log_in
from tests.contract.people import EAST, HAICHENG, acting_as
from tests.contract.small_city import connect_nodes, report

from brightkitchen.domain.audit.model import CONFIG_CHANGED, DELETION, HOLD_PLACED, HOLD_RELEASED, Filters
from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.recording.holds import REPORTS_AT_ONCE
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import CameraId, PremisesId
from brightkitchen.kernel.recordingplan import DeletedRange, RecordingPlan
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc


@pytest.fixture
async def shop(admin: httpx.AsyncClient) -> dict[str, Any]:
    return await add_premises(admin, region="210302006")


@pytest.fixture
async def camera(admin: httpx.AsyncClient, shop: dict[str, Any]) -> CameraId:
    return CameraId((await add_camera(admin, premises_id=shop["id"]))["id"])


async def set_rule(client: httpx.AsyncClient, level: str, subject: str, **body: object) -> httpx.Response:
    return await client.put(f"/api/v1/recording/rules/{level}/{subject}", json={"reason": "专项检查"} | body)


async def plan_of(control: Control, camera: CameraId) -> RecordingPlan:
    desired = await control.services.cameras.build_desired(NODE)
    return next(spec.plan for spec in desired.cameras if spec.camera == camera)


async def rows_of(control: Control, *kinds: str) -> list[Any]:
    found = await control.services.audit.search(Filters(kinds=kinds))
    return [each.row for each in reversed(found.rows)]


# -- rules --------------------------------------------------------------------------------------------------------------


# T10: the floor of seven days cannot be lowered
async def test_seven_days_are_the_least_and_cannot_be_lowered(
    control: Control, admin: httpx.AsyncClient, camera: CameraId, shop: dict[str, Any]
) -> None:
    for level, subject in (("category", "PRIMARY_SCHOOL"), ("premises", shop["id"]), ("camera", camera)):
        for days in (6, 0, -1, 91):
            answer = await set_rule(admin, level, subject, keep_days=days)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "recording.days_unfit")
        assert (await set_rule(admin, level, subject, keep_days=7)).status_code == 200
    assert (await plan_of(control, camera)).keep_days == 7


async def test_public_zone_keeps_a_month_whatever_its_category_says(
    control: Control, admin: httpx.AsyncClient, shop: dict[str, Any]
) -> None:
    dining = CameraId((await add_camera(admin, premises_id=shop["id"], zone="DINE", url="rtsp://10.1.2.9/a"))["id"])
    assert (await set_rule(admin, "category", "PRIMARY_SCHOOL", keep_days=7)).status_code == 200
    assert (await plan_of(control, dining)).keep_days == 30
    refused = await set_rule(admin, "camera", dining, keep_days=29)
    assert refused.json()["errors"][0]["code"] == "recording.days_unfit"


async def test_change_of_a_rule_reaches_the_node_the_audit_and_the_timeline(
    control: Control, admin: httpx.AsyncClient, camera: CameraId, shop: dict[str, Any]
) -> None:
    begin_at = control.clock.utc()
    control.clock.jump(1)
    answer = await set_rule(admin, "premises", shop["id"], keep_days=60, mode="open_hours")
    assert answer.json()["keep_days"] == 60
    plan = await plan_of(control, camera)
    assert (plan.keep_days, plan.version) == (60, 1)
    (row,) = await rows_of(control, CONFIG_CHANGED)
    assert '"new.keep_days":60' in row.detail
    assert (row.premises_id, row.region) == (shop["id"], "210302006")
    control.clock.jump(1)
    marks = await admin.get(
        f"/api/v1/recording/cameras/{camera}/marks",
        params={"from": format_utc(begin_at), "to": format_utc(control.clock.utc())},
    )
    assert [(mark["kind"], mark["what"]) for mark in marks.json()["items"]] == [("rule", "open_hours,60")]
    shown = (await admin.get(f"/api/v1/recording/cameras/{camera}")).json()
    assert (shown["keep_days"], shown["keep_from"], shown["mode"]) == (60, "premises", "open_hours")
    assert [change["new_keep_days"] for change in shown["changes"]] == [60]


async def test_rule_that_says_nothing_is_taken_back(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    await set_rule(admin, "camera", camera, keep_days=90)
    assert (await set_rule(admin, "camera", camera)).status_code == 200
    assert (await plan_of(control, camera)).keep_days == 30
    assert (await admin.get("/api/v1/recording/rules")).json()["items"] == []


async def test_rule_needs_a_reason(admin: httpx.AsyncClient, camera: CameraId) -> None:
    answer = await set_rule(admin, "camera", camera, keep_days=9, reason=" ")
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("reason", "web.field_missing")]


async def test_second_editor_of_a_rule_gets_a_conflict_with_the_first_one(
    admin: httpx.AsyncClient, camera: CameraId
) -> None:
    path = f"/api/v1/recording/rules/camera/{camera}"
    first = await admin.put(path, json={"keep_days": 20, "reason": "甲"}, headers={"If-Match": '"0"'})
    second = await admin.put(path, json={"keep_days": 40, "reason": "乙"}, headers={"If-Match": '"0"'})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["current"]["keep_days"] == 20


@pytest.mark.parametrize(
    "role", [Role.OWNER, Role.FS_DIRECTOR, Role.OPERATOR_PM, Role.OPERATOR_NOC, Role.COUNTY_OFFICER]
)
async def test_whoever_is_recorded_or_keeps_the_devices_decides_nothing(
    control: Control, camera: CameraId, shop: dict[str, Any], role: Role
) -> None:
    is_site = role in (Role.OWNER, Role.FS_DIRECTOR)
    scope = Scope(premises=PremisesId(shop["id"])) if is_site else Scope(EAST)
    async with acting_as(control, "other", Grant(role, scope)) as client:
        for level, subject in (("category", "PRIMARY_SCHOOL"), ("premises", shop["id"]), ("camera", camera)):
            answer = await set_rule(client, level, subject, keep_days=7, mode="never")
            assert answer.status_code in (403, 404), answer.text
        assert (await client.get(f"/api/v1/recording/cameras/{camera}")).json()["mode"] == "always"
    assert await plan_of(control, camera) == RecordingPlan()


@pytest.mark.parametrize(
    ("level", "mode"), [("premises", "open_hours"), ("camera", "sub_when_closed"), ("category", "open_hours")]
)
async def test_hours_by_which_it_is_recorded_are_changed_by_regulators_only(
    control: Control, admin: httpx.AsyncClient, camera: CameraId, shop: dict[str, Any], level: str, mode: str
) -> None:
    """A3: an owner whose hours end the recording would have a switch."""
    path, never = f"/api/v1/premises/{shop['id']}", {"hours": "1 03:00-03:01"}
    subject = {"premises": shop["id"], "camera": camera, "category": "PRIMARY_SCHOOL"}[level]
    grants = {"owner": Grant(Role.OWNER, Scope(premises=PremisesId(shop["id"]))), "pm": Grant(Role.OPERATOR_PM)}
    assert (await set_rule(admin, level, subject, mode=mode)).status_code == 200
    before = await plan_of(control, camera)
    for username, grant in grants.items():
        async with acting_as(control, username, grant) as client:
            refused = await client.patch(path, json=never)
            assert (refused.status_code, refused.json()["code"]) == (403, "premises.hours_recorded")
            assert "premises.recorded_hours" not in (await client.get(path)).json()["abilities"]
            await set_rule(admin, level, subject, mode="always")
            assert (await client.patch(path, json=never)).status_code == 200
            assert (await client.patch(path, json={"hours": shop["hours"]})).status_code == 200
            await set_rule(admin, level, subject, mode=mode)
    assert replace(await plan_of(control, camera), version=0) == replace(before, version=0)
    async with acting_as(control, "officer", Grant(Role.COUNTY_OFFICER, Scope(EAST))) as client:
        assert (await client.patch(path, json=never)).status_code == 200


async def test_county_decides_on_its_own_premises_only(control: Control, camera: CameraId) -> None:
    async with acting_as(control, "east", Grant(Role.COUNTY_ADMIN, Scope(EAST))) as client:
        assert (await set_rule(client, "camera", camera, keep_days=45)).status_code == 200
        assert (await set_rule(client, "category", "PRIMARY_SCHOOL", keep_days=45)).status_code == 404
    async with acting_as(control, "south", Grant(Role.COUNTY_ADMIN, Scope(HAICHENG))) as client:
        assert (await set_rule(client, "camera", camera, keep_days=45)).status_code == 404
        assert (await client.get("/api/v1/recording/rules")).json()["items"] == []


# -- holds --------------------------------------------------------------------------------------------------------------


async def place(client: httpx.AsyncClient, control: Control, camera: CameraId, **body: object) -> httpx.Response:
    now = control.clock.utc()
    usual = {
        "from": format_utc(Utc(now - 600 * US_PER_S)),
        "to": format_utc(now),
        "note": "投诉核查",
        "camera_id": camera,
    }
    return await client.post("/api/v1/recording/holds", json=usual | body)


async def test_hold_is_told_to_nodes_and_in_force_once_its_node_has_it(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    holds = control.services.recording.holds
    placed = (await place(admin, control, camera)).json()
    assert placed["is_in_force"] is False
    told = await holds.build_holds(NODE)
    assert [(hold.id, hold.camera) for hold in told.holds] == [(placed["id"], camera)]
    await holds.note_kept(NODE, told.version - 1)
    assert (await admin.get("/api/v1/recording/holds")).json()["items"][0]["is_in_force"] is False
    await holds.note_kept(NODE, told.version)
    assert (await admin.get("/api/v1/recording/holds")).json()["items"][0]["is_in_force"] is True
    (row,) = await rows_of(control, HOLD_PLACED)
    assert (row.camera_id, row.reason) == (camera, "hand")


async def test_released_hold_leaves_the_list_and_is_written_down(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    placed = (await place(admin, control, camera)).json()
    path = f"/api/v1/recording/holds/{placed['id']}/release"
    assert (await admin.post(path, json={"reason": ""})).status_code == 422
    assert (await admin.post(path, json={"reason": "已办结"})).status_code == 200
    again = await admin.post(path, json={"reason": "已办结"})
    assert (again.status_code, again.json()["code"]) == (409, "recording.hold_released")
    told = await control.services.recording.holds.build_holds(NODE)
    assert (told.holds, told.version) == ((), 2)
    assert len(await rows_of(control, HOLD_RELEASED)) == 1


async def test_hold_of_what_is_not_settled_stays(control: Control, admin: httpx.AsyncClient, camera: CameraId) -> None:
    holds, now = control.services.recording.holds, control.clock.utc()
    async with control.database.write() as connection:
        kept = await holds.set_hold(
            connection, camera=camera, from_at=now, to_at=now, why="evidence", belongs_to="evd_0000000000000001"
        )

    async def is_open(_connection: object, belongs_to: str) -> bool:
        return belongs_to == "evd_0000000000000001"

    holds.is_open = is_open
    answer = await admin.post(f"/api/v1/recording/holds/{kept}/release", json={"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "recording.hold_needed")
    async with control.database.write() as connection:
        assert await holds.drop_holds(connection, "evd_0000000000000001", reason="released") == 1
    assert (await holds.build_holds(NODE)).holds == ()


async def test_public_reports_cannot_fill_a_disk(control: Control, camera: CameraId) -> None:
    holds, now = control.services.recording.holds, control.clock.utc()
    async with control.database.write() as connection:
        for number in range(REPORTS_AT_ONCE):
            await holds.set_hold(
                connection, camera=camera, from_at=now, to_at=now, why="report", belongs_to=f"rpt_{number}"
            )
    with pytest.raises(BrightKitchenError, match=r"recording\.hold_budget"):
        async with control.database.write() as connection:
            await holds.set_hold(connection, camera=camera, from_at=now, to_at=now, why="report", belongs_to="rpt_x")
    assert len((await holds.build_holds(NODE)).holds) == REPORTS_AT_ONCE


async def test_owner_and_operator_neither_see_nor_release_holds(
    control: Control, admin: httpx.AsyncClient, camera: CameraId, shop: dict[str, Any]
) -> None:
    placed = (await place(admin, control, camera)).json()
    grants = (Grant(Role.OWNER, Scope(premises=PremisesId(shop["id"]))), Grant(Role.OPERATOR_PM, Scope(EAST)))
    for number, grant in enumerate(grants):
        async with acting_as(control, f"other{number}", grant) as client:
            assert (await client.get("/api/v1/recording/holds")).status_code == 404
            answer = await client.post(f"/api/v1/recording/holds/{placed['id']}/release", json={"reason": "x"})
            assert answer.status_code in (403, 404)
            assert (await place(client, control, camera)).status_code == 404
    assert (await admin.get("/api/v1/recording/holds")).json()["items"][0]["released_at"] is None


async def test_hold_outlives_its_camera(control: Control, admin: httpx.AsyncClient, camera: CameraId) -> None:
    await place(admin, control, camera)
    assert (await admin.delete(f"/api/v1/cameras/{camera}")).status_code == 204
    assert [hold.camera for hold in (await control.services.recording.holds.build_holds(NODE)).holds] == [camera]


async def test_holds_that_stand_long_are_listed_for_review(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    await place(admin, control, camera)
    assert (await admin.get("/api/v1/recording/holds?due=true")).json()["items"] == []
    control.clock.jump(181 * 86_400)
    await log_in(admin)
    assert len((await admin.get("/api/v1/recording/holds?due=true")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("from_s", "to_s"),
    [(-600, -600), (-600, -700), (60, 120), (-40 * 86_400, 0)],
    ids=["empty", "turned", "future", "long"],
)
async def test_hold_of_no_sensible_range_is_refused(
    control: Control, admin: httpx.AsyncClient, camera: CameraId, from_s: int, to_s: int
) -> None:
    now = control.clock.utc()
    times = {
        "from": format_utc(Utc(now + from_s * US_PER_S)),
        "to": format_utc(Utc(now + to_s * US_PER_S)),
    }
    answer = await place(admin, control, camera, **times)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "recording.hold_range")


# -- is it really recording ----------------------------------------------------------------------------------------------


async def look(control: Control, after_s: float) -> None:
    control.clock.jump(after_s)
    await control.services.recording.watch.look()


async def alarms(client: httpx.AsyncClient) -> list[tuple[str, str, bool]]:
    items = (await client.get("/api/v1/recording/alarms")).json()["items"]
    return [(item["camera_id"], item["reason"], item["closed_at"] is None) for item in items]


async def test_camera_that_is_not_recorded_is_an_alarm_within_a_minute_and_over_when_it_is(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    await connect_nodes(control)
    report(control, camera)
    await look(control, 0)
    report(control, camera, CameraState.OFFLINE, dark_s=1)
    begin_at = control.clock.utc()
    await look(control, 0)
    for _ in range(4):
        await look(control, 15)
    assert await alarms(admin) == [(camera, "host_unreachable", True)]
    (alarm,) = (await admin.get("/api/v1/recording/alarms?open=true")).json()["items"]
    assert alarm["since_at"] == format_utc(Utc(begin_at - US_PER_S))
    assert (control.clock.utc() - begin_at) <= 60 * US_PER_S
    for _ in range(3):
        report(control, camera)
        await look(control, 15)
    assert await alarms(admin) == [(camera, "host_unreachable", False)]
    assert (await admin.get("/api/v1/recording/alarms")).json()["open"] == 0


async def test_camera_whose_plug_was_pulled_is_an_alarm_within_a_minute_of_its_last_picture(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    """Its node takes a while to be sure: that is no reason to begin to count only then (A3)."""
    await connect_nodes(control)
    for _ in range(2):
        report(control, camera)
        await look(control, 15)
    last_at = control.clock.utc() - 15 * US_PER_S
    await look(control, 14)  # 29 s dark, and nobody said a word
    report(control, camera, CameraState.OFFLINE, dark_s=30)
    await look(control, 1)
    assert await alarms(admin) == []
    await look(control, 15)
    assert await alarms(admin) == [(camera, "host_unreachable", True)]
    assert control.clock.utc() - last_at <= 60 * US_PER_S


async def test_recording_that_begins_is_given_its_time(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    await connect_nodes(control)
    await set_rule(admin, "camera", camera, mode="never")
    report(control, camera, CameraState.OFFLINE, dark_s=8 * 3600)
    await look(control, 0)
    await set_rule(admin, "camera", camera, mode="always")
    for _ in range(3):
        await look(control, 15)
    assert await alarms(admin) == []
    await look(control, 15)
    assert await alarms(admin) == [(camera, "host_unreachable", True)]


async def test_recording_that_stopped_silently_is_noticed(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    await connect_nodes(control)
    report(control, camera)  # and never again: the node says nothing new, and its file does not grow
    for _ in range(8):
        await look(control, 15)
    assert await alarms(admin) == [(camera, "behind", True)]


async def test_node_that_is_away_is_an_alarm_of_each_of_its_cameras(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    for _ in range(5):
        await look(control, 15)
    assert await alarms(admin) == [(camera, "node_away", True)]


async def test_short_trouble_and_what_is_not_planned_are_no_alarm(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    await connect_nodes(control)
    report(control, camera, CameraState.OFFLINE)
    await look(control, 0)
    await look(control, 30)
    report(control, camera)
    await look(control, 15)
    assert await alarms(admin) == []
    await set_rule(admin, "camera", camera, mode="never")
    report(control, camera, CameraState.OFFLINE)
    for _ in range(6):
        await look(control, 15)
    assert await alarms(admin) == []


async def test_alarm_ends_when_the_camera_is_removed(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    for _ in range(5):
        await look(control, 15)
    await admin.delete(f"/api/v1/cameras/{camera}")
    await look(control, 15)
    assert [is_open for _, _, is_open in await alarms(admin)] == [False]


async def test_alarms_are_told_in_ones_own_county_only(control: Control, camera: CameraId) -> None:
    for _ in range(5):
        await look(control, 15)
    async with acting_as(control, "east", Grant(Role.COUNTY_OFFICER, Scope(EAST))) as client:
        assert len(await alarms(client)) == 1
    async with acting_as(control, "south", Grant(Role.COUNTY_OFFICER, Scope(HAICHENG))) as client:
        assert await alarms(client) == []
        assert (await client.get("/api/v1/recording/alarms")).json()["open"] == 0


# -- deletions ----------------------------------------------------------------------------------------------------------


def gone(camera: str, number: int = 1) -> DeletedRange:
    return DeletedRange(
        id=f"del_{number:016d}",
        camera=camera,
        profile="main",
        from_at=Utc(1_700_000_000 * US_PER_S),
        to_at=Utc(1_700_000_600 * US_PER_S),
        files=10,
        size_bytes=5_000_000_000,
        digest="ab" * 32,
        why="age",
        plan_version=3,
        spared=1,
        deleted_at=Utc(1_700_700_000 * US_PER_S),
    )


async def test_proof_of_deletion_is_in_the_audit_once_however_often_it_is_said(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    watch = control.services.recording.watch
    assert await watch.note_deletions(NODE, [gone(camera), gone("cam_0000000000000000", 2)]) == 1
    assert await watch.note_deletions(NODE, [gone(camera), gone(camera, 3)]) == 0
    rows = await rows_of(control, DELETION)
    assert [row.object_id for row in rows] == ["del_0000000000000001", "del_0000000000000003"]
    for part in ('"files":10', '"plan_version":3', f'"digest":"{"ab" * 32}"', '"spared":1'):
        assert part in rows[0].detail
    assert (rows[0].camera_id, rows[0].reason, rows[0].region) == (camera, "age", "210302006")


# -- search -------------------------------------------------------------------------------------------------------------


async def search(client: httpx.AsyncClient, control: Control, **asked: str) -> list[tuple[str, str]]:
    now = control.clock.utc()
    span = {"from": format_utc(Utc(now - 3 * 86_400 * US_PER_S)), "to": format_utc(Utc(now + US_PER_S))}
    answer = await client.get("/api/v1/recording/search", params=span | asked)
    assert answer.status_code == 200, answer.text
    return [(item["event"]["kind"], item["event"]["camera_id"]) for item in answer.json()["items"]]


# T03: replay by time, place and event
async def test_recordings_are_found_by_time_place_and_event(
    control: Control, admin: httpx.AsyncClient, camera: CameraId, shop: dict[str, Any]
) -> None:
    other_shop = await add_premises(admin, name="海城药房", region="210381006", category="PHARMACY")
    other = (await add_camera(admin, premises_id=other_shop["id"], zone="COUNTER", url="rtsp://10.1.2.8/a"))["id"]
    for each in (camera, other):
        assert (await place(admin, control, CameraId(each))).status_code == 201
    for _ in range(5):
        await look(control, 15)
    assert sorted(await search(admin, control)) == sorted(
        [("held", camera), ("held", other), ("unrecorded", camera), ("unrecorded", other)]
    )
    assert await search(admin, control, kind="held", region="210302") == [("held", camera)]
    assert await search(admin, control, kind="held", category="PHARMACY") == [("held", other)]
    assert await search(admin, control, kind="unrecorded", zone="COUNTER") == [("unrecorded", other)]
    assert await search(admin, control, kind="held", premises=shop["id"]) == [("held", camera)]
    assert await search(admin, control, kind="held", q="hcyf") == [("held", other)]
    assert await search(admin, control, kind="held", camera=other) == [("held", other)]
    assert await search(admin, control, kind="deleted") == []
    async with acting_as(control, "south", Grant(Role.COUNTY_OFFICER, Scope(HAICHENG))) as client:
        assert set(await search(client, control)) == {("held", other), ("unrecorded", other)}


async def test_search_is_for_at_most_a_month(control: Control, admin: httpx.AsyncClient) -> None:
    now = control.clock.utc()
    span = {"from": format_utc(Utc(now - 32 * 86_400 * US_PER_S)), "to": format_utc(now)}
    answer = await admin.get("/api/v1/recording/search", params=span)
    assert (answer.status_code, answer.json()["code"]) == (422, "recording.search_range")


async def test_installer_cannot_switch_the_recording_off(
    control: Control, admin: httpx.AsyncClient, camera: CameraId
) -> None:
    for wish in ([], ["sub"]):
        answer = await admin.patch(f"/api/v1/cameras/{camera}", json={"record": wish})
        assert (answer.status_code, answer.json()["code"]) == (422, "camera.main_is_recorded")
        body = {"name": "x", "url": "rtsp://10.1.2.77/a", "record": wish}
        assert (await admin.post("/api/v1/cameras", json=body)).status_code == 422
    assert (await plan_of(control, camera)).record == ("main",)
