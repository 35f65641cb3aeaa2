"""Saved walls: kept, shared with an organisation, and never telling of a camera that the reader may not see."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.contract.conftest import Control
from tests.contract.people import EAST, HAICHENG, Crowd
from tests.contract.register import County, add_county

from brightkitchen.domain.authz.model import Role

JSON = dict[str, Any]  # Any: JSON
TURNING = {"region": EAST, "category": "PRIMARY_SCHOOL", "risk": "B", "must_zones_only": True, "dwell_s": 15}


class Town:
    """Two counties with a camera each, and people of two organisations."""

    def __init__(self, control: Control, admin: httpx.AsyncClient, crowd: Crowd) -> None:
        self.control, self.admin, self.crowd = control, admin, crowd
        self.east = self.haicheng = County("", None, "")  # type: ignore[arg-type]  # until `build`
        self.bureau = self.other = ""

    async def build(self) -> None:
        self.east = await add_county(self.control, self.admin, EAST, name="站前小学食堂", host="10.1.1.1")
        self.haicheng = await add_county(self.control, self.admin, HAICHENG, name="响堂小学食堂", host="10.1.1.2")
        self.bureau = await self.crowd.add_organisation(1)
        self.other = await self.crowd.add_organisation(2, "COUNTY_BUREAU", HAICHENG)

    async def join(self, name: str, role: Role, region: str, organisation: str = "") -> httpx.AsyncClient:
        return await self.crowd.join(name, role, region, organisation=organisation)


@pytest.fixture
async def town(control: Control, admin: httpx.AsyncClient) -> Any:
    async with Crowd(control) as crowd:
        made = Town(control, admin, crowd)
        await made.build()
        yield made


async def save(client: httpx.AsyncClient, **fields: object) -> JSON:
    body = {"name": "早餐高峰", "layout": 1, "places": [""]} | fields
    answer = await client.post("/api/v1/walls", json=body)
    assert answer.status_code == 201, answer.text
    found: JSON = answer.json()
    assert answer.headers["location"] == f"/api/v1/walls/{found['id']}"
    assert answer.headers["etag"] == found["etag"]
    return found


async def read(client: httpx.AsyncClient, wall: JSON) -> JSON:
    answer = await client.get(f"/api/v1/walls/{wall['id']}")
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


async def names(client: httpx.AsyncClient) -> list[str]:
    return [each["name"] for each in (await client.get("/api/v1/walls")).json()["items"]]


async def check_not_found(client: httpx.AsyncClient, wall: str) -> None:
    """A wall answers somebody as one that was never given does, whatever is asked of it."""
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        there = await client.request(method, f"/api/v1/walls/{wall}", json=body)
        never = await client.request(method, "/api/v1/walls/wal_0000000000000000", json=body)
        assert there.status_code == never.status_code == 404
        assert {**there.json(), "instance": ""} == {**never.json(), "instance": ""}


async def test_wall_is_kept_as_it_was_saved(town: Town) -> None:
    officer = await town.join("wang", Role.CITY_OFFICER, "210300", town.bureau)
    places = [town.east.camera, "", town.haicheng.camera, ""]
    made = await save(officer, name="  早餐高峰 ", layout=4, places=places, rotation=TURNING, is_shared=True)
    assert made == {
        "id": made["id"],
        "name": "早餐高峰",
        "is_own": True,
        "owner_name": "wang 先生",
        "is_shared": True,
        "layout": 4,
        "places": places,
        "left_out": 0,
        "rotation": TURNING,
        "updated_at": made["updated_at"],
        "abilities": ["wall.view", "wall.manage"],
        "etag": '"1"',
    }
    assert await read(officer, made) == made
    listed = (await officer.get("/api/v1/walls")).json()
    assert listed == {"items": [made], "next_cursor": None}


async def test_change_keeps_what_was_not_named(town: Town) -> None:
    officer = await town.join("wang", Role.CITY_OFFICER, "210300")
    made = await save(officer, places=[town.east.camera], rotation=TURNING)
    url = f"/api/v1/walls/{made['id']}"
    renamed = (await officer.patch(url, json={"name": "午餐"})).json()
    assert renamed == made | {"name": "午餐", "etag": '"2"', "updated_at": renamed["updated_at"]}
    wider = {"layout": 4, "places": ["", town.east.camera, "", ""], "rotation": None}
    changed = (await officer.patch(url, json=wider)).json()
    assert (changed["layout"], changed["places"], changed["rotation"]) == (4, wider["places"], None)
    alone = await officer.patch(url, json={"layout": 9})
    assert (alone.status_code, alone.json()["code"]) == (422, "wall.places")
    assert await read(officer, made) == changed
    assert (await officer.delete(url)).status_code == 204
    await check_not_found(officer, made["id"])


async def test_cameras_beyond_the_scope_are_left_out_and_counted(town: Town) -> None:
    chief = await town.join("chief", Role.CITY_OFFICER, "210300", town.bureau)
    near = await town.join("near", Role.COUNTY_OFFICER, EAST, town.bureau)
    places = [town.east.camera, town.haicheng.camera, "", ""]
    made = await save(chief, layout=4, places=places, is_shared=True)
    seen = await near.get(f"/api/v1/walls/{made['id']}")
    assert town.haicheng.camera not in seen.text
    assert (seen.json()["places"], seen.json()["left_out"]) == ([town.east.camera, "", "", ""], 1)
    assert (seen.json()["is_own"], seen.json()["abilities"]) == (False, ["wall.view"])
    assert (await near.get("/api/v1/walls")).json()["items"] == [seen.json()]
    # a camera that was removed is left out in the same way, for its owner too
    assert (await town.admin.delete(f"/api/v1/cameras/{town.haicheng.camera}")).status_code == 204
    gone = await read(chief, made)
    assert (gone["places"], gone["left_out"]) == ([town.east.camera, "", "", ""], 1)
    # renaming loses nothing, sending the places does
    renamed = (await chief.patch(f"/api/v1/walls/{made['id']}", json={"name": "x"})).json()
    assert renamed["left_out"] == 1
    emptied = (await chief.patch(f"/api/v1/walls/{made['id']}", json={"places": gone["places"]})).json()
    assert (emptied["places"], emptied["left_out"]) == (gone["places"], 0)


async def test_nobody_saves_a_camera_beyond_the_scope(town: Town) -> None:
    near = await town.join("near", Role.COUNTY_OFFICER, EAST)
    made = await save(near)
    for camera in (town.haicheng.camera, "cam_0000000000000000"):
        for answer in (
            await near.post("/api/v1/walls", json={"name": "x", "layout": 1, "places": [camera]}),
            await near.patch(f"/api/v1/walls/{made['id']}", json={"places": [camera]}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (422, "wall.camera_unknown")
            assert camera not in answer.text
    assert await read(near, made) == made


async def test_private_wall_of_another_is_not_found(town: Town) -> None:
    owner = await town.join("owner", Role.CITY_OFFICER, "210300", town.bureau)
    made = await save(owner, name="只给自己")
    colleague = await town.join("colleague", Role.CITY_ADMIN, "210300", town.bureau)
    stranger = await town.join("stranger", Role.CITY_OFFICER, "210300", town.other)
    for person in (colleague, stranger):
        assert await names(person) == []
        await check_not_found(person, made["id"])
    shared = await save(owner, name="给本单位", is_shared=True)
    assert await names(colleague) == ["给本单位"]
    assert await names(stranger) == []
    await check_not_found(stranger, shared["id"])
    assert await names(owner) == ["只给自己", "给本单位"]
    await owner.patch(f"/api/v1/walls/{shared['id']}", json={"is_shared": False})
    assert await names(colleague) == []


async def test_shared_wall_is_changed_by_owner_and_administrators_alone(town: Town) -> None:
    owner = await town.join("owner", Role.CITY_OFFICER, "210300", town.bureau)
    colleague = await town.join("colleague", Role.CITY_OFFICER, "210300", town.bureau)
    head = await town.join("head", Role.CITY_ADMIN, "210300", town.bureau)
    foreign_head = await town.join("foreign", Role.CITY_ADMIN, "210300", town.other)
    made = await save(owner, is_shared=True)
    url = f"/api/v1/walls/{made['id']}"
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        assert (await colleague.request(method, url, json=body)).status_code == 404
        assert (await foreign_head.request(method, url, json=body)).status_code == 404
    assert (await read(colleague, made))["name"] == made["name"]
    assert (await read(head, made))["abilities"] == ["wall.view", "wall.manage"]
    changed = (await head.patch(url, json={"name": "晚餐"})).json()
    assert (changed["name"], changed["is_own"], changed["owner_name"]) == ("晚餐", False, "owner 先生")
    assert (await head.delete(url)).status_code == 204
    assert await names(owner) == []


async def test_wall_is_shared_with_an_organisation_or_not_at_all(town: Town) -> None:
    alone = await town.join("alone", Role.CITY_OFFICER, "210300")
    another = await town.join("another", Role.CITY_OFFICER, "210300")
    body = {"name": "x", "layout": 1, "places": [""], "is_shared": True}
    refused = await alone.post("/api/v1/walls", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "wall.no_organisation")
    made = await save(alone)
    refused = await alone.patch(f"/api/v1/walls/{made['id']}", json={"is_shared": True})
    assert (refused.status_code, refused.json()["code"]) == (422, "wall.no_organisation")
    # those without an organisation are no organisation
    assert await names(another) == []


async def test_older_version_is_refused_with_the_wall_of_now(town: Town) -> None:
    owner = await town.join("owner", Role.CITY_OFFICER, "210300", town.bureau)
    head = await town.join("head", Role.COUNTY_ADMIN, EAST, town.bureau)
    made = await save(owner, places=[town.haicheng.camera], is_shared=True)
    url, old = f"/api/v1/walls/{made['id']}", {"If-Match": made["etag"]}
    assert (await owner.patch(url, json={"name": "先"}, headers=old)).status_code == 200
    for method, body in (("PATCH", {"name": "后"}), ("DELETE", None)):
        answer = await head.request(method, url, json=body, headers=old)
        assert (answer.status_code, answer.json()["code"]) == (412, "edit.conflict")
        shown = answer.json()["current"]
        assert (shown["name"], shown["etag"], shown["places"], shown["left_out"]) == ("先", '"2"', [""], 1)
        assert town.haicheng.camera not in answer.text
    assert (await read(owner, made))["name"] == "先"
    assert (await owner.delete(url, headers={"If-Match": '"2"'})).status_code == 204


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "字" * 41},
        {"name": "a\nb"},
        {"layout": 2},
        {"layout": 0},
        {"layout": 4},
        {"places": []},
        {"places": ["", ""]},
        {"places": ["prm_0000000000000000"]},
        {"places": ["a,b"]},
        {"places": [None]},
        {"layout": 16, "places": [""] * 17},
        {"rotation": TURNING | {"dwell_s": 4}},
        {"rotation": TURNING | {"dwell_s": 121}},
        {"rotation": TURNING | {"risk": "E"}},
        {"rotation": TURNING | {"region": "2103"}},
        {"rotation": TURNING | {"category": "a' OR 1=1"}},
        {"rotation": {"region": ""}},
        {"owner": "usr_0000000000000000"},
    ],
    ids=str,
)
async def test_what_does_not_fit_is_refused(admin: httpx.AsyncClient, wrong: JSON) -> None:
    made = await save(admin)
    body = {"name": "早餐高峰", "layout": 1, "places": [""]}
    assert (await admin.post("/api/v1/walls", json=body | wrong)).status_code == 422
    assert (await admin.patch(f"/api/v1/walls/{made['id']}", json=wrong)).status_code == 422
    assert (await admin.get("/api/v1/walls")).json()["items"] == [made]


async def test_longest_wall_is_kept(town: Town) -> None:
    places = [town.east.camera] * 16
    made = await save(town.admin, name="字" * 40, layout=16, places=places, rotation={"dwell_s": 120})
    assert (made["name"], made["places"]) == ("字" * 40, places)
    assert made["rotation"] == {"region": "", "category": "", "risk": "", "must_zones_only": False, "dwell_s": 120}


async def test_nobody_saves_more_than_fifty(town: Town) -> None:
    officer = await town.join("wang", Role.CITY_OFFICER, "210300")
    other = await town.join("li", Role.CITY_OFFICER, "210300")
    made = [await save(officer, name=f"{number:02}") for number in range(49)]
    body = {"name": "49", "layout": 1, "places": [""]}
    # two at once: one of them is the fiftieth
    answers = await asyncio.gather(*(officer.post("/api/v1/walls", json=body) for _ in range(2)))
    assert sorted(each.status_code for each in answers) == [201, 409]
    refused = next(each for each in answers if each.status_code == 409).json()
    assert (refused["code"], refused["params"]) == ("wall.too_many", {"most": 50})
    await save(other)
    assert (await officer.delete(f"/api/v1/walls/{made[0]['id']}")).status_code == 204
    await save(officer)


async def test_list_comes_in_pages_the_own_ones_first(town: Town) -> None:
    owner = await town.join("owner", Role.CITY_OFFICER, "210300", town.bureau)
    colleague = await town.join("colleague", Role.CITY_OFFICER, "210300", town.bureau)
    for number in range(4):
        await save(owner, name=f"b{number}", is_shared=True)
        await save(colleague, name=f"c{number}", is_shared=True)
    shown, cursor = [], ""
    while cursor is not None:
        page = (await colleague.get("/api/v1/walls", params={"limit": 3, "cursor": cursor})).json()
        shown += [each["name"] for each in page["items"]]
        foreign = await owner.get("/api/v1/walls", params={"limit": 3, "cursor": page["next_cursor"] or "x"})
        assert foreign.status_code == 422  # a place in somebody else's list
        cursor = page["next_cursor"]
    assert shown == [f"c{number}" for number in range(4)] + [f"b{number}" for number in range(4)]
    assert (await colleague.get("/api/v1/walls", params={"limit": 101})).status_code == 422


async def test_whoever_watches_nothing_has_no_walls(town: Town) -> None:
    auditor = await town.join("auditor", Role.AUDITOR, "")
    assert (await auditor.get("/api/v1/walls")).status_code == 404
    body = {"name": "x", "layout": 1, "places": [""]}
    assert (await auditor.post("/api/v1/walls", json=body)).status_code == 404


async def test_every_change_and_every_miss_is_written_down(town: Town) -> None:
    owner = await town.join("owner", Role.CITY_OFFICER, "210300", town.bureau)
    stranger = await town.join("stranger", Role.CITY_OFFICER, "210300", town.other)
    made = await save(owner, name="早餐", places=[town.east.camera], rotation=TURNING)
    url = f"/api/v1/walls/{made['id']}"
    await owner.patch(url, json={"name": "午餐", "rotation": None})
    assert (await stranger.get(url)).status_code == 404
    await owner.delete(url)
    found = await town.admin.get("/api/v1/audit", params={"object": made["id"]})
    rows = list(reversed(found.json()["items"]))
    assert [(row["kind"], row["action"], row["decision"]) for row in rows] == [
        ("change", "保存画面集", "allowed"),
        ("change", "修改画面集", "allowed"),
        ("scope.miss", rows[2]["action"], "refused"),
        ("change", "删除画面集", "allowed"),
    ]
    assert {row["object_word"] for row in rows} == {"画面集"}
    assert [row["names"] for row in rows] == [
        {"new.name": "早餐"},
        {"old.name": "早餐", "new.name": "午餐"},
        {},
        {"old.name": "午餐"},
    ]
    assert rows[0]["detail"]["new.dwell_s"] == 15 and "new.dwell_s" not in rows[1]["detail"]
    # no name is part of the chain itself
    assert all("餐" not in str(row["detail"]) for row in rows)
