"""The register of premises over HTTP: whose field is whose, two people and one record, closing times, completeness."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from tests.contract.conftest import Control, add_camera, add_premises
from tests.contract.people import acting_as

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.cameras.channels import recompute_complete
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.premises.store import premises as premises_table
from brightkitchen.kernel.ids import PremisesId

LICENCE = "JY22103020000125"
CREDIT_CODE = "91350100M000100Y43"


def person(
    control: Control, role: Role, region: str = "", premises: str = ""
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    scope = Scope(region, premises=PremisesId(premises) if premises else None)
    return acting_as(control, f"{role.value.lower()}-{region}".replace("_", "-"), Grant(role, scope))


def path(premises: dict[str, Any]) -> str:
    return f"/api/v1/premises/{premises['id']}"


async def test_add_premises_keeps_all_that_was_said(admin: httpx.AsyncClient) -> None:
    said = {
        "external_no": "LN-0001",
        "credit_code": CREDIT_CODE.lower(),
        "licence_no": LICENCE,
        "licence_expires_on": "2027-03-01",
        "longitude_deg": 122.991052,
        "latitude_deg": 41.089933,
        "area_m2": 220.5,
        "diners": 640,
        "risk_grade": "D",
        "hours": "1-5  06:30-18:00",
        "present_zones": ["专间", "COOK"],
    }
    made = await add_premises(admin, **said)
    expected = said | {
        "credit_code": CREDIT_CODE,
        "hours": "1-5 06:30-18:00",
        "present_zones": ["COLD"],
        "name": "站前小学食堂",
        "region_name": "铁东区 站前街道",
        "state": "LEAD",
        "is_due": True,
        "is_complete": False,
        "etag": '"1"',
        "view": "file",
    }
    position = {"longitude_deg": expected.pop("longitude_deg"), "latitude_deg": expected.pop("latitude_deg")}
    assert {name: made[name] for name in expected} == expected
    assert made["position"] == position
    assert made["map_position"] == {"longitude_deg": 122.9965336, "latitude_deg": 41.0918272}
    assert (await admin.get(path(made))).json() == made


async def test_add_premises_names_every_wrong_field_at_once(admin: httpx.AsyncClient) -> None:
    body = {
        "name": " ",
        "category": "SPACE_STATION",
        "region": "210302999",
        "credit_code": "91350100M000100Y44",
        "licence_no": "JY123",
        "licence_expires_on": "2027-02-30",
        "longitude_deg": 122.9,
        "area_m2": -1,
        "hours": "always",
        "present_zones": ["更衣室"],
    }
    answer = await admin.post("/api/v1/premises", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "web.fields")
    assert {each["field"]: each["code"] for each in answer.json()["errors"]} == {
        "name": "premises.text_invalid",
        "category": "premises.category_unknown",
        "region": "premises.region_unknown",
        "credit_code": "premises.credit_code_check",
        "licence_no": "premises.licence_form",
        "licence_expires_on": "premises.date_invalid",
        "latitude_deg": "premises.point_half",
        "area_m2": "premises.number_range",
        "hours": "premises.hours_invalid",
        "present_zones": "zone.refused",
    }
    assert all(each["detail"] and "{" not in each["detail"] for each in answer.json()["errors"])


@pytest.mark.parametrize("region", ["210300", "210000", "2103", "", "210302006001"])
async def test_premises_belongs_to_a_known_county_or_township(admin: httpx.AsyncClient, region: str) -> None:
    answer = await admin.post("/api/v1/premises", json={"name": "x", "category": "PHARMACY", "region": region})
    assert answer.json()["errors"][0]["code"] == "premises.region_unknown"


async def test_number_of_another_premises_is_refused_without_naming_it(admin: httpx.AsyncClient) -> None:
    await add_premises(admin, external_no="LN-7", licence_no=LICENCE, name="老街饺子馆")
    for field, number in (("external_no", "LN-7"), ("licence_no", LICENCE)):
        body = {"name": "y", "category": "SNACK", "region": "210302006", field: number}
        answer = await admin.post("/api/v1/premises", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "premises.number_taken")
        assert answer.json()["params"] == {"field": field}
        assert "老街" not in answer.text


# ---- two people, one record


async def test_second_of_two_people_gets_the_newest_version_and_loses_nothing(
    control: Control, admin: httpx.AsyncClient
) -> None:
    made = await add_premises(admin)
    async with person(control, Role.COUNTY_ADMIN, "210302") as other:
        first = await other.patch(path(made), json={"address": "站前街2号"}, headers={"If-Match": made["etag"]})
        assert first.status_code == 200
        second = await admin.patch(
            path(made), json={"address": "站前街3号", "diners": 300}, headers={"If-Match": made["etag"]}
        )
    assert (second.status_code, second.json()["code"]) == (412, "edit.conflict")
    current = second.json()["current"]
    assert current == (await admin.get(path(made))).json()
    assert (current["address"], current["diners"], current["etag"]) == ("站前街2号", None, '"2"')
    again = await admin.patch(
        path(made), json={"address": "站前街3号", "diners": 300}, headers={"If-Match": current["etag"]}
    )
    assert (again.json()["address"], again.json()["diners"], again.json()["etag"]) == ("站前街3号", 300, '"3"')


async def test_conflict_of_an_owner_shows_no_more_than_the_owner_may_see(
    control: Control, admin: httpx.AsyncClient
) -> None:
    made = await add_premises(admin)
    await admin.patch(path(made), json={"risk_grade": "B"})
    async with person(control, Role.OWNER, premises=made["id"]) as owner:
        answer = await owner.patch(path(made), json={"hours": "1 06:00-07:00"}, headers={"If-Match": made["etag"]})
        assert answer.json()["current"] == (await owner.get(path(made))).json()
    assert "premises.grade" not in answer.json()["current"]["abilities"]


async def test_etag_that_is_none_of_ours_conflicts_and_shows_the_record(admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin)
    answer = await admin.patch(path(made), json={"name": "乙"}, headers={"If-Match": "W/abc"})
    assert (answer.status_code, answer.json()["current"]["name"]) == (412, "站前小学食堂")


async def test_change_that_changes_nothing_makes_no_version(control: Control, admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin)
    acts = len(control.journal.acts)
    assert (await admin.patch(path(made), json={"name": made["name"]})).json()["etag"] == '"1"'
    assert len(control.journal.acts) == acts


async def test_camera_conflict_shows_the_camera_as_it_is(admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    url = f"/api/v1/cameras/{camera['id']}"
    await admin.patch(url, json={"name": "甲"}, headers={"If-Match": camera["etag"]})
    answer = await admin.patch(url, json={"name": "乙"}, headers={"If-Match": camera["etag"]})
    assert answer.json()["current"] == (await admin.get(url)).json()


# ---- whose field is whose

FIELDS = {
    "name": {"name": "乙"},
    "risk_grade": {"risk_grade": "B"},
    "hours": {"hours": "1 06:00-07:00"},
    "is_due": {"is_due": False},
    "both": {"hours": "1 06:00-07:00", "name": "乙"},
}
MAY = {
    Role.CITY_ADMIN: {"name", "risk_grade", "hours", "is_due", "both"},
    Role.CITY_OFFICER: {"risk_grade", "hours"},
    Role.COUNTY_ADMIN: {"name", "risk_grade", "hours", "is_due", "both"},
    Role.COUNTY_OFFICER: {"risk_grade", "hours"},
    Role.STATION_OFFICER: {"risk_grade", "hours"},
    Role.GRID_ASSISTANT: set(),
    Role.EDU_OFFICER: set(),
    Role.OPERATOR_PM: {"name", "hours", "both"},
    Role.OPERATOR_INSTALLER: set(),
    Role.OPERATOR_NOC: set(),
    Role.OWNER: {"hours"},
    Role.FS_DIRECTOR: set(),
    Role.FS_OFFICER: set(),
    Role.PARENT: set(),
    Role.SYS_ADMIN: set(),
    Role.SEC_ADMIN: set(),
    Role.AUDITOR: set(),
}


@pytest.mark.parametrize("role", MAY, ids=lambda role: role.value)
async def test_each_role_changes_its_own_fields_only(control: Control, admin: httpx.AsyncClient, role: Role) -> None:
    made = await add_premises(admin)
    done = set()
    async with person(control, role, premises=made["id"]) as client:
        for name, body in FIELDS.items():
            answer = await client.patch(path(made), json=body)
            assert answer.status_code in (200, 404), answer.text
            if answer.status_code == 200:
                done.add(name)
    assert done == MAY[role]


async def test_operator_of_one_county_cannot_add_or_move_into_another(
    control: Control, admin: httpx.AsyncClient
) -> None:
    made = await add_premises(admin)
    async with person(control, Role.OPERATOR_PM, "210302") as pm:
        body = {"name": "x", "category": "SNACK", "region": "210381006"}
        assert (await pm.post("/api/v1/premises", json=body)).status_code == 404
        assert (await pm.patch(path(made), json={"region": "210381006"})).status_code == 404
        assert (await pm.patch(path(made), json={"region": "210302008"})).json()["region_name"] == "铁东区 和平街道"


async def test_parent_sees_the_card_and_nothing_else(control: Control, admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin, credit_code=CREDIT_CODE, licence_no=LICENCE, exempt_reason="试点")
    await admin.post(f"{path(made)}/people", json={"kind": "RESPONSIBLE", "name": "李校长", "phone": "13804120071"})
    async with person(control, Role.PARENT, premises=made["id"]) as parent:
        card = (await parent.get(path(made))).json()
        assert set(card) == {
            *("view", "id", "name", "category", "region", "region_name", "address", "licence_no", "licence_expires_on"),
            *("risk_grade", "hours", "is_suspended", "abilities", "etag"),
        }
        assert (card["view"], card["abilities"]) == ("card", ["premises.card"])
        row = (await parent.get("/api/v1/premises")).json()["items"][0]
        assert [row[name] for name in ("state", "is_due", "exempt_reason", "is_complete", "cameras")] == [None] * 5


# ---- channels and completeness


async def test_premises_is_complete_when_each_must_zone_has_an_active_channel(
    control: Control, admin: httpx.AsyncClient
) -> None:
    made = await add_premises(admin, category="PHARMACY", name="北康大药房")
    cams = [
        await add_camera(admin, url=f"rtsp://10.1.2.3/{zone}", zone=zone, premises_id=made["id"])
        for zone in ("GATE", "COUNTER")
    ]
    assert (cams[0]["premises_id"], cams[0]["premises_name"]) == (made["id"], "北康大药房")
    shown = (await admin.get(path(made))).json()
    assert {each["zone"]: each["state"] for each in shown["coverage"]} == {
        "GATE": "INACTIVE",
        "COUNTER": "INACTIVE",
        "COOLBOX": "MISSING",
    }
    async with control.database.write() as connection:
        await connection.execute(cameras.update().values(activity="ACTIVE"))
        assert await recompute_complete(connection, [PremisesId(made["id"])]) == 1
    shown = (await admin.get(path(made))).json()
    assert (shown["is_complete"], shown["cameras"], shown["cameras_active"]) == (True, 2, 2)
    assert (await admin.delete(f"/api/v1/cameras/{cams[1]['id']}")).status_code == 204
    shown = (await admin.get(path(made))).json()
    assert (shown["is_complete"], shown["etag"]) == (False, made["etag"])


async def test_change_of_category_or_area_decides_completeness_anew(control: Control, admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin, category="SNACK", area_m2=48)
    await add_camera(admin, zone="COOK", zones=["CUT", "WASH"], premises_id=made["id"])
    async with control.database.write() as connection:
        await connection.execute(cameras.update().values(activity="ACTIVE"))
        await recompute_complete(connection, [PremisesId(made["id"])])
    assert (await admin.get(path(made))).json()["is_complete"] is True
    assert (await admin.patch(path(made), json={"area_m2": 51})).json()["is_complete"] is False
    assert (await admin.patch(path(made), json={"area_m2": 50})).json()["is_complete"] is True
    assert (await admin.patch(path(made), json={"category": "PRIMARY_SCHOOL"})).json()["is_complete"] is False


async def test_premises_with_cameras_in_service_stays_in_the_register(admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin)
    camera = await add_camera(admin, premises_id=made["id"])
    answer = await admin.delete(path(made))
    assert (answer.status_code, answer.json()["code"]) == (409, "premises.has_cameras")
    await admin.delete(f"/api/v1/cameras/{camera['id']}")
    assert (await admin.delete(path(made))).status_code == 204
    assert (await admin.get(path(made))).status_code == 404


async def test_cameras_are_narrowed_by_premises_region_category_zone_activity_and_text(
    control: Control, admin: httpx.AsyncClient
) -> None:
    school = await add_premises(admin)
    shop = await add_premises(admin, name="海城大药房", category="PHARMACY", region="210381006")
    one = await add_camera(admin, url="rtsp://10.1.2.3/1", name="甲", zone="COOK", premises_id=school["id"])
    two = await add_camera(admin, url="rtsp://10.1.2.3/2", name="乙", zone="GATE", premises_id=shop["id"])
    three = await add_camera(admin, url="rtsp://10.1.2.3/3", name="丙_1%", zone="CUT", premises_name="")

    async def found(**params: str) -> set[str]:
        answer = await admin.get("/api/v1/cameras", params=params)
        assert answer.status_code == 200, answer.text
        return {camera["id"] for camera in answer.json()["items"]}

    assert await found(premises=school["id"]) == {one["id"]}
    assert await found(region="210381") == {two["id"]}
    assert await found(category="PHARMACY") == {two["id"]}
    assert await found(zone="CUT") == {three["id"]}
    assert await found(activity="NEW") == {one["id"], two["id"], three["id"]}
    assert await found(activity="ACTIVE") == set()
    assert await found(text="站前") == await found(text="zqxx") == {one["id"]}
    assert await found(text="_1%") == {three["id"]}


async def test_camera_reaches_no_premises_outside_the_scope(control: Control, admin: httpx.AsyncClient) -> None:
    foreign = await add_premises(admin, region="210381006", name="外县食堂")
    async with person(control, Role.OPERATOR_INSTALLER, "210302") as installer:
        for wanted in (foreign["id"], "prm_0000000000000000", "x"):
            body = {"name": "x", "url": "rtsp://10.1.2.3/a", "premises_id": wanted}
            answer = await installer.post("/api/v1/cameras", json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "camera.premises_unknown")
        alone = await installer.post("/api/v1/cameras", json={"name": "x", "url": "rtsp://10.1.2.3/a"})
        assert (alone.status_code, alone.json()["code"]) == (422, "camera.premises_needed")


# ---- closing times


async def test_suspension_counts_once_another_person_has_approved_it(
    control: Control, admin: httpx.AsyncClient
) -> None:
    made = await add_premises(admin)
    body = {"kind": "HOLIDAY", "from_on": "2026-11-23", "to_on": "2027-01-31", "reason": "寒假"}
    async with person(control, Role.OWNER, premises=made["id"]) as owner:
        asked = await owner.post(f"{path(made)}/suspensions", json=body)
        assert (asked.status_code, asked.json()["state"], asked.json()["is_mine"]) == (201, "REQUESTED", True)
        assert (await owner.get(path(made))).json()["is_suspended"] is False
        again = await owner.post(f"{path(made)}/suspensions", json=body)
        assert (again.status_code, again.json()["code"]) == (409, "premises.suspension_overlap")
        decision = f"{path(made)}/suspensions/{asked.json()['id']}/decision"
        assert (await owner.post(decision, json={"approve": True})).status_code == 404
        decided = await admin.post(decision, json={"approve": True})
        assert (decided.json()["state"], decided.json()["is_mine"]) == ("APPROVED", False)
        assert (await owner.get(path(made))).json()["is_suspended"] is True
        assert (await admin.post(decision, json={"approve": False})).json()["code"] == "premises.suspension_state"
        listed = await admin.get("/api/v1/premises", params={"is_suspended": "true"})
        assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
    await control.clock.advance(3 * 86_400)
    async with person(control, Role.OPERATOR_NOC, "210302") as noc:
        ended = await noc.post(f"{path(made)}/suspensions/{asked.json()['id']}/end")
        assert (ended.json()["state"], ended.json()["to_on"]) == ("ENDED", "2026-11-25")
    premises = control.services.premises
    days = [await premises.is_suspended(PremisesId(made["id"]), f"2026-11-{day}") for day in (22, 23, 25, 26)]
    assert days == [False, True, True, False]


async def test_nobody_decides_the_own_request_even_with_both_roles(control: Control, admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin)
    both = (Grant(Role.OPERATOR_PM, Scope("210302")), Grant(Role.COUNTY_OFFICER, Scope("210302")))
    async with acting_as(control, "two-hats", *both) as client:
        body = {"kind": "CLOSED", "from_on": "2026-11-23", "to_on": "2026-11-24", "reason": "停电"}
        asked = (await client.post(f"{path(made)}/suspensions", json=body)).json()
        answer = await client.post(f"{path(made)}/suspensions/{asked['id']}/decision", json={"approve": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "premises.suspension_own")


@pytest.mark.parametrize(
    ("from_on", "to_on", "code"),
    [
        ("2026-11-15", "2026-11-30", "premises.suspension_past"),
        ("2026-11-20", "2026-11-22", "premises.suspension_past"),
        ("2026-11-25", "2026-11-24", "premises.suspension_span"),
        ("2026-11-25", "2028-01-01", "premises.suspension_span"),
        ("25.11.2026", "2026-11-30", "premises.date_invalid"),
    ],
)
async def test_suspension_with_dates_that_cannot_be_is_refused(
    control: Control, admin: httpx.AsyncClient, from_on: str, to_on: str, code: str
) -> None:
    made = await add_premises(admin)
    async with person(control, Role.OPERATOR_PM, "210302") as pm:
        body = {"kind": "CLOSED", "from_on": from_on, "to_on": to_on, "reason": "x"}
        answer = await pm.post(f"{path(made)}/suspensions", json=body)
    assert [each["code"] for each in answer.json()["errors"]] == [code]


# ---- what is written down


async def test_act_that_cannot_be_written_down_does_not_happen(control: Control, admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin)
    control.journal.is_full = True
    assert (await admin.patch(path(made), json={"name": "乙"})).status_code == 503
    assert (await admin.post(f"{path(made)}/people", json={"kind": "DUTY", "name": "丙"})).status_code == 503
    control.journal.is_full = False
    shown = (await admin.get(path(made))).json()
    assert (shown["name"], shown["people"], shown["etag"]) == (made["name"], [], made["etag"])


async def test_changes_are_written_down_old_and_new(control: Control, admin: httpx.AsyncClient) -> None:
    made = await add_premises(admin)
    await admin.patch(path(made), json={"address": "站前街2号", "risk_grade": "C"})
    act = control.journal.acts[-1]
    assert (act.kind, act.object_id, act.detail["fields"]) == ("change", made["id"], "address,risk_grade")
    assert (act.names["address.old"], act.names["address.new"]) == ("站前街1号", "站前街2号")


async def test_kinds_are_told_once_and_then_not_modified(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/api/v1/kinds")
    tables = answer.json()
    assert {each["code"] for each in tables["zones"] if each["area"] == "REFUSED"} >= {"PRIVATE_ROOM", "TOILET"}
    assert [each["zone"] for each in tables["must_zones"]["PHARMACY"]] == ["GATE", "COUNTER", "COOLBOX"]
    again = await admin.get("/api/v1/kinds", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_new_category_is_a_row_and_no_code(control: Control, admin: httpx.AsyncClient) -> None:
    from brightkitchen.domain.premises.store import categories

    async with control.database.write() as connection:
        row = {"code": "FARM", "name_zh": "农家乐", "name_en": "Farm", "zone_profile": "RESTAURANT", "is_school": False}
        await connection.execute(categories.insert().values(**row, retention_days=30, sort=99))
    assert (await add_premises(admin, category="FARM"))["coverage"][0]["zone"] == "STORE"
    async with control.database.read() as connection:
        assert (await connection.execute(premises_table.select())).one().category == "FARM"
