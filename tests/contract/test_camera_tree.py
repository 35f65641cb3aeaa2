"""The tree of cameras against counts by hand, and what a rotation asks: each within everybody's own scope."""

from collections import Counter
from typing import Any

import httpx
import pytest
from tests.contract.conftest import Control, add_camera
from tests.contract.generated_city import COUNTIES, City
from tests.contract.people import acting_as, officer_of
from tests.contract.small_city import report
from tests.contract.test_numbers import replace_city

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.cameras.channels import load_channels
from brightkitchen.domain.cameras.coverage import build_coverage
from brightkitchen.domain.premises.initials import build_initials
from brightkitchen.domain.premises.store import load_kinds, load_many_premises
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.ids import CameraId, PremisesId

EAST, HAICHENG = COUNTIES["铁东区"], COUNTIES["海城市"]
SCHOOLS = Grant(Role.EDU_OFFICER, Scope("210300", frozenset({"PRIMARY_SCHOOL"})))
JSON = dict[str, Any]  # Any: JSON


async def ask(client: httpx.AsyncClient, path: str = "camera-tree", **query: object) -> JSON:
    answer = await client.get(f"/api/v1/{path}", params={key: str(value) for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


async def ask_all(client: httpx.AsyncClient, path: str = "camera-tree", **query: object) -> list[JSON]:
    """Return the items of all pages."""
    page = await ask(client, path, **query)
    items = list(page["items"])
    while page["next_cursor"] is not None:
        page = await ask(client, path, **query, cursor=page["next_cursor"])
        items += page["items"]
    return items


def living(city: City) -> list[tuple[JSON, JSON]]:
    """Return what counts: cameras in service, each with its premises, which is in the register."""
    homes = {row["id"]: row for row in city.premises if row["retired_at"] is None}
    cameras = [each for each in city.cameras if each["retired_at"] is None]
    return [(each, homes[each["premises_id"]]) for each in cameras if each["premises_id"] in homes]


def count_by_hand(pairs: list[tuple[JSON, JSON]], failing: frozenset[str] = frozenset()) -> dict[str, int]:
    return {
        "cameras": len(pairs),
        "online": sum(camera["activity"] in ("ACTIVE", "DEGRADED") for camera, _ in pairs),
        "abnormal": sum(
            camera["activity"] in ("OFFLINE", "DEGRADED") or camera["id"] in failing for camera, _ in pairs
        ),
        "premises": len({home["id"] for _, home in pairs}),
    }


@pytest.mark.parametrize("seed", [1, 2])
async def test_counties_equal_the_hand_count(control: Control, admin: httpx.AsyncClient, seed: int) -> None:
    pairs = living(await replace_city(control, seed, size=80))
    # what a node says of a camera that the register calls well
    failing = next(camera["id"] for camera, _ in pairs if camera["activity"] == "ACTIVE")
    report(control, CameraId(failing), CameraState.OFFLINE)
    found = await ask(admin)
    assert (found["level"], found["next_cursor"]) == ("region", None)
    assert found["total"] == count_by_hand(pairs, frozenset({failing}))
    assert [(each["kind"], each["id"], each["name"]) for each in found["items"]] == [
        ("region", code, name) for name, code in sorted(COUNTIES.items(), key=lambda item: item[1])
    ]
    for county in found["items"]:
        inside = [pair for pair in pairs if pair[1]["region"][:6] == county["id"]]
        assert county["counts"] == count_by_hand(inside, frozenset({failing}))
    assert 0 < found["total"]["abnormal"] < found["total"]["cameras"] > found["total"]["online"] > 0


async def test_premises_of_a_county_come_in_pages_by_initials(control: Control, admin: httpx.AsyncClient) -> None:
    city = await replace_city(control, 3, size=80)
    pairs = [pair for pair in living(city) if pair[1]["region"].startswith(EAST)]
    items = await ask_all(admin, region=EAST, limit=4)
    homes = {home["id"]: home for _, home in pairs}
    assert [each["id"] for each in items] == sorted(homes, key=lambda name: (homes[name]["initials"], name))
    assert len(items) > 8
    for each in items:
        home = homes[each["id"]]
        said = (each["kind"], each["name"], each["region"], each["category"])
        assert said == ("premises", home["name"], home["region"], home["category"])
        assert each["counts"] == count_by_hand([pair for pair in pairs if pair[1] is home])
        below = await ask(admin, "cameras", premises=each["id"])
        assert below["total"] == each["counts"]["cameras"]
    assert (await ask(admin, region=EAST, limit=4))["total"] == count_by_hand(pairs)
    one = await ask(admin, premises=items[0]["id"])
    assert (one["level"], one["items"]) == ("premises", [items[0]])


async def test_categories_equal_the_hand_count_and_say_their_names(control: Control, admin: httpx.AsyncClient) -> None:
    pairs = living(await replace_city(control, 4, size=60))
    wanted = Counter(home["category"] for _, home in pairs)
    found = await ask(admin, by="category")
    assert {each["id"]: each["counts"]["cameras"] for each in found["items"]} == wanted
    names = {each["code"]: each["name_zh"] for each in (await ask(admin, "kinds"))["categories"]}
    assert [each["name"] for each in found["items"]] == [name for code, name in names.items() if code in wanted]
    east = await ask(admin, by="category", region=EAST)
    assert east["total"] == count_by_hand([pair for pair in pairs if pair[1]["region"].startswith(EAST)])
    below = await ask(admin, by="category", category="PHARMACY")
    assert below["level"] == "premises"
    assert below["total"] == count_by_hand([pair for pair in pairs if pair[1]["category"] == "PHARMACY"])
    english = await admin.get("/api/v1/camera-tree?by=category", headers={"accept-language": "en"})
    assert "Pharmacy" in {each["name"] for each in english.json()["items"]}


async def test_states_narrow_as_in_the_list_of_cameras(control: Control, admin: httpx.AsyncClient) -> None:
    pairs = living(await replace_city(control, 5, size=60))
    failing = next(camera["id"] for camera, _ in pairs if camera["activity"] == "ACTIVE")
    report(control, CameraId(failing), CameraState.OFFLINE)
    for state, fits in (
        ("abnormal", lambda each: each["activity"] in ("OFFLINE", "DEGRADED") or each["id"] == failing),
        ("online", lambda each: each["activity"] in ("ACTIVE", "DEGRADED")),
    ):
        inside = [pair for pair in pairs if fits(pair[0])]
        assert (await ask(admin, state=state))["total"] == count_by_hand(inside, frozenset({failing}))
        items = await ask_all(admin, by="premises", state=state, limit=7)
        assert {each["id"] for each in items} == {home["id"] for _, home in inside}
        assert sum(each["counts"]["cameras"] for each in items) == len(inside)


async def test_search_finds_premises_initials_and_cameras(control: Control, admin: httpx.AsyncClient) -> None:
    pairs = living(await replace_city(control, 6, size=60))
    camera, home = pairs[0]
    for text, fits in (
        ("小学", lambda pair: "小学" in pair[1]["name"]),
        (build_initials("站前"), lambda pair: "zq" in pair[1]["initials"]),
        (camera["name"], lambda pair: camera["name"] in pair[0]["name"]),
        (f"{home['name']} {camera['name']}", lambda pair: pair[0]["id"] == camera["id"]),
    ):
        wanted = [pair for pair in pairs if fits(pair)]
        assert (await ask(admin, q=text))["total"] == count_by_hand(wanted), text
        items = await ask_all(admin, by="premises", q=text)
        assert {each["id"] for each in items} == {pair[1]["id"] for pair in wanted}
    assert (await ask(admin, q="%"))["items"] == (await ask(admin, q="_"))["items"] == []


async def test_officer_sees_the_own_county_and_no_count_of_another(control: Control, admin: httpx.AsyncClient) -> None:
    pairs = living(await replace_city(control, 7, size=80))
    await add_camera(admin, name="仓库门口", premises_name="")
    wanted = count_by_hand([pair for pair in pairs if pair[1]["region"].startswith(EAST)])
    async with acting_as(control, "tiedong", officer_of(EAST)) as officer:
        found = await ask(officer)
        assert [(each["id"], each["counts"]) for each in found["items"]] == [(EAST, wanted)]
        assert found["total"] == wanted
        for query in (
            {"region": HAICHENG},
            {"by": "premises", "region": HAICHENG},
            {"by": "category", "region": HAICHENG},
        ):
            empty = await ask(officer, **query)
            assert (empty["items"], empty["total"]) == ([], dict.fromkeys(wanted, 0)), query
        foreign = next(home for _, home in pairs if home["region"].startswith(HAICHENG))
        assert (await ask(officer, premises=foreign["id"]))["items"] == []
        assert (await ask(officer, by="premises", q=foreign["name"]))["items"] == []
        everything = await ask_all(officer, by="premises", limit=9)
        assert {each["region"][:6] for each in everything} == {EAST}
        assert (await ask(officer, by="category"))["total"] == wanted


async def test_schools_officer_sees_schools_alone(control: Control, admin: httpx.AsyncClient) -> None:
    pairs = living(await replace_city(control, 8, size=80))
    wanted = count_by_hand([pair for pair in pairs if pair[1]["category"] == "PRIMARY_SCHOOL"])
    async with acting_as(control, "jiaoyu", SCHOOLS) as officer:
        assert (await ask(officer))["total"] == wanted
        assert [each["id"] for each in (await ask(officer, by="category"))["items"]] == ["PRIMARY_SCHOOL"]


async def test_cameras_without_premises_stand_apart(control: Control, admin: httpx.AsyncClient) -> None:
    await replace_city(control, 9, size=10)
    made = await add_camera(admin, name="仓库门口", premises_name="")
    last = (await ask(admin))["items"][-1]
    assert (last["kind"], last["id"], last["name"]) == ("unplaced", "", "")
    assert last["counts"] == {"cameras": 1, "online": 0, "abnormal": 0, "premises": 0}
    listed = await ask(admin, "cameras", placed=False)
    assert [each["id"] for each in listed["items"]] == [made["id"]]
    assert (await ask(admin, "cameras", placed=True, limit=1))["total"] > 0
    assert (await admin.delete(f"/api/v1/cameras/{made['id']}")).status_code == 204
    assert {each["kind"] for each in (await ask(admin))["items"]} == {"region"}


async def test_cursor_of_another_question_is_refused(control: Control, admin: httpx.AsyncClient) -> None:
    await replace_city(control, 10, size=60)
    cursor = (await ask(admin, region=EAST, limit=2))["next_cursor"]
    for query in ({"region": HAICHENG}, {"region": EAST, "q": "小学"}, {"by": "premises"}):
        answer = await admin.get("/api/v1/camera-tree", params={**query, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "web.cursor")


async def test_whoever_sees_no_cameras_has_no_tree(control: Control, admin: httpx.AsyncClient) -> None:
    await replace_city(control, 11, size=10)
    async with acting_as(control, "auditor", Grant(Role.AUDITOR)) as person:
        assert (await person.get("/api/v1/camera-tree")).status_code == 404


# ---- what a rotation asks the list of cameras


async def test_rotation_is_narrowed_by_county_category_grade_and_what_is_online(
    control: Control, admin: httpx.AsyncClient
) -> None:
    pairs = living(await replace_city(control, 12, size=120))
    wanted = {
        camera["id"]
        for camera, home in pairs
        if home["region"].startswith(EAST)
        and (home["category"], home["risk_grade"]) == ("PRIMARY_SCHOOL", "B")
        and camera["activity"] in ("ACTIVE", "DEGRADED")
    }
    query = {"region": EAST, "category": "PRIMARY_SCHOOL", "grade": "B", "online": True}
    found = await ask_all(admin, "cameras", **query, limit=3)
    assert {each["id"] for each in found} == wanted and len(found) == len(wanted) > 3
    assert (await ask(admin, "cameras", **query))["total"] == len(wanted)
    async with acting_as(control, "haicheng", officer_of(HAICHENG)) as officer:
        assert (await ask(officer, "cameras", **query))["total"] == 0
    assert (await admin.get("/api/v1/cameras", params={"grade": "E"})).status_code == 422


@pytest.mark.parametrize("seed", [13, 14])
async def test_must_zones_are_those_of_the_coverage(control: Control, admin: httpx.AsyncClient, seed: int) -> None:
    pairs = living(await replace_city(control, seed, size=120, healthy=0.2))
    ids = [PremisesId(each) for each in {home["id"] for _, home in pairs}]
    async with control.database.read() as connection:
        kinds = await load_kinds(connection)
        items, channels = await load_many_premises(connection, ids), await load_channels(connection, ids)
    wanted = {
        str(camera)
        for item in items.values()
        for row in build_coverage(item, kinds, channels[item.id])
        if row.is_required
        for camera in row.cameras
    }
    found = await ask_all(admin, "cameras", must_zones=True)
    alive = {camera["id"] for camera, _ in pairs}
    assert {each["id"] for each in found} & alive == wanted
    assert 0 < len(wanted) < len(alive)
