"""Marked moments: made by whoever sees recordings, read by the own side only, changed by their maker only."""

from typing import Any

import httpx
import pytest
from tests.contract.conftest import Control, add_camera
from tests.contract.people import EAST, HAICHENG, Crowd
from tests.contract.register import County, add_county, place_camera

from brightkitchen.domain.audit.model import CHANGE, Filters
from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.marks.model import MAX_A_DAY
from brightkitchen.domain.marks.store import marks
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc

JSON = dict[str, Any]  # Any: JSON
DAY_US = 86_400 * US_PER_S


class Town:
    """Two counties with a camera each."""

    def __init__(self, control: Control, admin: httpx.AsyncClient, crowd: Crowd) -> None:
        self.control, self.admin, self.crowd = control, admin, crowd
        self.east = self.haicheng = County("", None, "")  # type: ignore[arg-type]  # until `build`

    async def build(self) -> None:
        self.east = await add_county(self.control, self.admin, EAST, name="站前小学食堂", host="10.1.1.1")
        self.haicheng = await add_county(self.control, self.admin, HAICHENG, name="响堂小学食堂", host="10.1.1.2")

    async def join(self, name: str, role: Role, region: str = "", **more: str) -> httpx.AsyncClient:
        return await self.crowd.join(name, role, region, **more)

    def moment(self, ago_s: float = 60) -> str:
        return format_utc(Utc(self.control.clock.utc() - int(ago_s * US_PER_S)))

    async def mark(self, client: httpx.AsyncClient, *, ago_s: float = 60, **fields: object) -> httpx.Response:
        body = {"camera_id": self.east.camera, "at": self.moment(ago_s)} | fields
        return await client.post("/api/v1/marks", json=body)

    def span(self) -> dict[str, str]:
        now = self.control.clock.utc()
        return {"from": format_utc(Utc(now - DAY_US)), "to": format_utc(Utc(now + US_PER_S))}

    async def timeline(self, client: httpx.AsyncClient) -> list[JSON]:
        answer = await client.get(f"/api/v1/recording/cameras/{self.east.camera}/marks", params=self.span())
        assert answer.status_code == 200, answer.text
        return [each for each in answer.json()["items"] if each["kind"] == "mark"]

    async def found(self, client: httpx.AsyncClient, **more: str) -> list[JSON]:
        answer = await client.get("/api/v1/recording/search", params=self.span() | {"kind": "mark"} | more)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@pytest.fixture
async def town(control: Control, admin: httpx.AsyncClient) -> Any:
    async with Crowd(control) as crowd:
        made = Town(control, admin, crowd)
        await made.build()
        yield made


async def test_mark_is_on_the_timeline_and_found_by_the_search(town: Town) -> None:
    officer = await town.join("wang", Role.CITY_OFFICER, "210300")
    at = town.moment()
    answer = await town.mark(officer, at=at, note=" 疑似鼠迹 ")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/api/v1/marks/{made['id']}"
    assert made == {
        "id": made["id"],
        "camera_id": town.east.camera,
        "at": at,
        "note": "疑似鼠迹",
        "by_name": "wang 先生",
        "abilities": ["mark.change"],
    }
    event = {
        "kind": "mark",
        "camera_id": town.east.camera,
        "from": at,
        "to": None,
        "what": "",
        "object_id": made["id"],
        "note": "疑似鼠迹",
        "by_name": "wang 先生",
        "abilities": ["mark.change"],
    }
    assert await town.timeline(officer) == [event]
    (found,) = await town.found(officer)
    assert (found["event"], found["premises_name"]) == (event, "站前小学食堂")
    assert await town.found(officer, region=HAICHENG) == []
    assert [each["event"] for each in await town.found(officer, q="zqxx")] == [event]
    # nothing is held by it
    assert (await officer.get("/api/v1/recording/holds")).json()["items"] == []


async def test_colleagues_read_a_mark_and_only_its_maker_changes_and_removes_it(town: Town) -> None:
    wang = await town.join("wang", Role.COUNTY_OFFICER, EAST)
    li = await town.join("li", Role.COUNTY_OFFICER, EAST)
    made = (await town.mark(wang, note="一")).json()
    (seen,) = await town.timeline(li)
    assert (seen["note"], seen["by_name"], seen["abilities"]) == ("一", "wang 先生", [])
    url = f"/api/v1/marks/{made['id']}"
    never = "/api/v1/marks/mrk_0000000000000000"
    for method, body in (("PATCH", {"note": "二"}), ("DELETE", None)):
        there = await li.request(method, url, json=body)
        missing = await li.request(method, never, json=body)
        assert there.status_code == missing.status_code == 404
        assert {**there.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert (await wang.patch(url, json={"note": "二"})).json() == made | {"note": "二"}
    assert [each["note"] for each in await town.timeline(li)] == ["二"]
    assert (await wang.delete(url)).status_code == 204
    assert await town.timeline(wang) == await town.found(wang) == []
    assert (await wang.delete(url)).status_code == 404


async def test_officers_and_the_kitchen_do_not_read_each_others_marks(town: Town) -> None:
    officer = await town.join("wang", Role.COUNTY_OFFICER, EAST)
    owner = await town.join("owner", Role.OWNER, premises=str(town.east.premises))
    staff = await town.join("staff", Role.FS_OFFICER, premises=str(town.east.premises))
    assert (await town.mark(officer, note="突击检查前先看这里")).status_code == 201
    assert (await town.mark(owner, note="换油")).status_code == 201
    assert [each["note"] for each in await town.timeline(officer)] == ["突击检查前先看这里"]
    assert [each["event"]["note"] for each in await town.found(officer)] == ["突击检查前先看这里"]
    for one in (owner, staff):
        assert [each["note"] for each in await town.timeline(one)] == ["换油"]
        assert [each["event"]["note"] for each in await town.found(one)] == ["换油"]


async def test_nobody_marks_or_reads_marks_beyond_the_own_scope(town: Town) -> None:
    east = await town.join("east", Role.COUNTY_OFFICER, EAST)
    south = await town.join("south", Role.COUNTY_OFFICER, HAICHENG)
    assert (await town.mark(east, note="铁东人看")).status_code == 201
    there = await town.mark(south)
    never = await town.mark(south, camera_id="cam_0000000000000000")
    assert there.status_code == never.status_code == 404
    assert {**there.json(), "instance": ""} == {**never.json(), "instance": ""}
    assert await town.found(south) == []
    answer = await south.get(f"/api/v1/recording/cameras/{town.east.camera}/marks", params=town.span())
    assert answer.status_code == 404


@pytest.mark.parametrize("role", [Role.GRID_ASSISTANT, Role.OPERATOR_NOC, Role.OPERATOR_PM])
async def test_who_sees_no_recordings_marks_nothing(town: Town, role: Role) -> None:
    person = await town.join("person", role, EAST)
    assert (await town.mark(person)).status_code == 404


async def test_mark_in_quarantine_is_neither_made_nor_seen(town: Town) -> None:
    officer = await town.join("wang", Role.COUNTY_OFFICER, EAST)
    made = (await town.mark(officer)).json()
    body = {"zone": "TOILET", "reason": "镜头转向卫生间"}
    assert (await officer.post(f"/api/v1/cameras/{town.east.camera}/quarantine", json=body)).status_code == 200
    assert (await town.mark(officer)).status_code == 404
    assert await town.found(officer) == []
    assert (await officer.delete(f"/api/v1/marks/{made['id']}")).status_code == 404


async def test_mark_outlives_its_camera_for_officers(town: Town) -> None:
    officer = await town.join("wang", Role.COUNTY_OFFICER, EAST)
    assert (await town.mark(officer, note="留着")).status_code == 201
    assert (await town.admin.delete(f"/api/v1/cameras/{town.east.camera}")).status_code == 204
    assert [each["note"] for each in await town.timeline(officer)] == ["留着"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ago_s": -60}, "mark.at"),
        ({"ago_s": 91 * 86_400}, "mark.at"),
        ({"at": "now"}, "web.instant"),
        ({"note": "字" * 201}, "mark.note"),
        ({"note": "一行\n两行"}, "mark.note"),
    ],
)
async def test_mark_that_makes_no_sense_is_refused(town: Town, fields: JSON, code: str) -> None:
    officer = await town.join("wang", Role.COUNTY_OFFICER, EAST)
    answer = await town.mark(officer, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await town.found(officer) == []


async def test_marks_of_a_day_are_bounded_and_the_next_day_begins_anew(town: Town) -> None:
    officer = await town.join("wang", Role.COUNTY_OFFICER, EAST)
    first = (await town.mark(officer)).json()
    user = (await officer.get("/api/v1/session")).json()["user"]["id"]
    async with town.control.database.write() as connection:
        now = town.control.clock.utc()
        rows = [
            {
                "id": f"mrk_{number:016d}",
                "camera_id": town.east.camera,
                "at": now - number,
                "note": "",
                "side": "office",
                "made_by": user,
                "made_at": now,
            }
            for number in range(MAX_A_DAY - 1)
        ]
        await connection.execute(marks.insert(), rows)
    answer = await town.mark(officer)
    assert (answer.status_code, answer.json()["code"]) == (409, "mark.too_many")
    assert (await officer.delete(f"/api/v1/marks/{first['id']}")).status_code == 204
    assert (await town.mark(officer)).status_code == 201
    assert (await town.mark(officer)).status_code == 409
    town.control.clock.jump(86_401)
    again = await town.crowd.sign_in("wang")
    assert (await town.mark(again)).status_code == 201


async def test_each_act_is_written_down_with_its_words_beside_the_chain(town: Town) -> None:
    officer = await town.join("wang", Role.COUNTY_OFFICER, EAST)
    made = (await town.mark(officer, note="一")).json()
    await officer.patch(f"/api/v1/marks/{made['id']}", json={"note": "二"})
    await officer.delete(f"/api/v1/marks/{made['id']}")
    found = await town.control.services.audit.search(Filters(kinds=(CHANGE,)))
    rows = [each for each in reversed(found.rows) if each.row.object_id == made["id"]]
    assert [part in row.row.detail for row, part in zip(rows, ("mark.add", "mark.change", "mark.remove"), strict=True)]
    assert [(row.row.object_kind, row.row.camera_id, row.row.region) for row in rows] == 3 * [
        ("mark", town.east.camera, f"{EAST}006")
    ]
    assert not any("一" in row.row.detail or "二" in row.row.detail for row in rows)


async def test_unplaced_camera_is_marked_by_the_city_only(town: Town) -> None:
    camera = await add_camera(town.admin, name="未归属", url="rtsp://10.1.1.9/main")
    county = await town.join("county", Role.COUNTY_OFFICER, EAST)
    city = await town.join("city", Role.CITY_OFFICER, "210300")
    assert (await town.mark(county, camera_id=camera["id"])).status_code == 404
    assert (await town.mark(city, camera_id=camera["id"])).status_code == 201
    await place_camera(town.control, camera["id"], str(town.east.premises))
    assert len(await town.found(county)) == 1
