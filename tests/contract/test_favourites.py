"""Favourites: one person's own, bounded, and never wider than what that person may see now."""

from typing import Any

import httpx
import pytest
from tests.contract.conftest import Control
from tests.contract.people import EAST, HAICHENG, Crowd
from tests.contract.register import County, add_county

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.walls.favourite_store import favourites
from brightkitchen.domain.walls.favourites import MAX_FAVOURITES

JSON = dict[str, Any]  # Any: JSON
Counties = tuple[County, County]


@pytest.fixture
async def crowd(control: Control) -> Any:
    async with Crowd(control) as made:
        yield made


@pytest.fixture
async def counties(control: Control, admin: httpx.AsyncClient) -> Counties:
    east = await add_county(control, admin, EAST, name="站前小学食堂", host="10.1.1.1")
    return east, await add_county(control, admin, HAICHENG, name="响堂小学食堂", host="10.1.1.2")


async def kept(client: httpx.AsyncClient) -> tuple[list[str], list[str], int]:
    answer = await client.get("/api/v1/favourites")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return [each["id"] for each in found["cameras"]], [each["id"] for each in found["premises"]], found["left_out"]


async def keep(client: httpx.AsyncClient, object_id: str, method: str = "PUT") -> int:
    return (await client.request(method, f"/api/v1/favourites/{object_id}")).status_code


async def test_favourites_are_kept_for_one_person_in_the_order_of_keeping(crowd: Crowd, counties: Counties) -> None:
    east, haicheng = counties
    wang = await crowd.join("wang", Role.CITY_OFFICER, "210300")
    li = await crowd.join("li", Role.CITY_OFFICER, "210300")
    for each in (haicheng.camera, east.premises, east.camera, haicheng.camera):
        assert await keep(wang, each) == 204
        crowd.control.clock.jump(1)
    assert await kept(wang) == ([haicheng.camera, east.camera], [east.premises], 0)
    assert await kept(li) == ([], [], 0)
    shown = (await wang.get("/api/v1/favourites")).json()
    assert shown["cameras"][0] == (await wang.get(f"/api/v1/cameras/{haicheng.camera}")).json()
    assert shown["premises"][0]["counts"]["cameras"] == 1
    assert await keep(wang, haicheng.camera, "DELETE") == 204
    assert await keep(wang, haicheng.camera, "DELETE") == 404
    assert await kept(wang) == ([east.camera], [east.premises], 0)


async def test_nobody_keeps_what_lies_beyond_the_scope(crowd: Crowd, counties: Counties) -> None:
    _, haicheng = counties
    near = await crowd.join("near", Role.COUNTY_OFFICER, EAST)
    answers = [
        await near.put(f"/api/v1/favourites/{each}")
        for each in (
            haicheng.camera,
            haicheng.premises,
            "cam_0000000000000000",
            "prm_0000000000000000",
            "usr_0000000000000000",
            "x",
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({str(answer.json() | {"instance": ""}) for answer in answers}) == 1
    assert await kept(near) == ([], [], 0)


async def test_what_left_the_scope_is_left_out_and_counted_and_comes_back(
    control: Control, crowd: Crowd, counties: Counties
) -> None:
    east, haicheng = counties
    person = await crowd.add("wang", Role.COUNTY_OFFICER, EAST)
    wang = await crowd.sign_in("wang")
    assert await keep(wang, east.camera) == 204
    async with control.database.write() as connection:
        rows = [{"user_id": person, "object_id": each, "added_at": 1} for each in (haicheng.camera, haicheng.premises)]
        await connection.execute(favourites.insert(), rows)
    answer = await wang.get("/api/v1/favourites")
    assert haicheng.camera not in answer.text
    assert str(haicheng.premises) not in answer.text
    assert await kept(wang) == ([east.camera], [], 2)
    # what one cannot see one can still forget
    assert await keep(wang, haicheng.camera, "DELETE") == 204
    assert await kept(wang) == ([east.camera], [], 1)


async def test_favourites_are_bounded(control: Control, crowd: Crowd, counties: Counties) -> None:
    east, _ = counties
    person = await crowd.add("wang", Role.COUNTY_OFFICER, EAST)
    wang = await crowd.sign_in("wang")
    async with control.database.write() as connection:
        rows = [
            {"user_id": person, "object_id": f"cam_{number:016d}", "added_at": number}
            for number in range(MAX_FAVOURITES)
        ]
        await connection.execute(favourites.insert(), rows)
    answer = await wang.put(f"/api/v1/favourites/{east.camera}")
    assert (answer.status_code, answer.json()["code"]) == (409, "favourite.too_many")
    assert await kept(wang) == ([], [], MAX_FAVOURITES)


async def test_who_has_no_walls_has_no_favourites(crowd: Crowd, counties: Counties) -> None:
    auditor = await crowd.join("auditor", Role.AUDITOR)
    assert (await auditor.get("/api/v1/favourites")).status_code == 404
    assert await keep(auditor, counties[0].camera) == 404
