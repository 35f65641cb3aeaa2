"""S49: three administrators are three people, and what needs four eyes takes effect when a second person agrees."""

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.contract.conftest import Control
from tests.contract.people import EAST, Crowd

from brightkitchen.domain.authz.model import Actor, Grant, Role
from brightkitchen.domain.users.people_model import Approval
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import UserId

CITY_ADMIN = {"role": "CITY_ADMIN", "region": "210300"}


@pytest.fixture
async def crowd(control: Control) -> AsyncIterator[Crowd]:
    async with Crowd(control) as one:
        yield one


async def _ask(sec: httpx.AsyncClient, user: str, grant: Mapping[str, str] = CITY_ADMIN) -> str:
    given = await sec.post(f"/api/v1/people/{user}/grants", json=grant)
    assert given.status_code == 201, given.text
    request = given.json()["request"]
    assert request["state"] == "REQUESTED"
    return str(request["id"])


async def _roles(viewer: httpx.AsyncClient, user: str) -> list[str]:
    return [each["role"] for each in (await viewer.get(f"/api/v1/people/{user}")).json()["grants"]]


async def test_role_with_four_eyes_waits_for_a_second_person(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    second = await crowd.join("second", Role.CITY_ADMIN)
    user = await crowd.add("li", Role.CITY_OFFICER, "210300")
    request = await _ask(sec, user)
    assert await _roles(sec, user) == ["CITY_OFFICER"]
    shown = (await second.get("/api/v1/approvals")).json()["items"]
    assert [(each["id"], each["can_decide"], each["subject_name"]) for each in shown] == [(request, True, "li 先生")]
    assert shown[0]["grant"]["role"] == "CITY_ADMIN"
    crowd.control.clock.jump(1)
    decided = await second.post(f"/api/v1/approvals/{request}", json={"agree": True})
    assert (decided.status_code, decided.json()["state"]) == (200, "APPROVED")
    assert await _roles(sec, user) == ["CITY_OFFICER", "CITY_ADMIN"]
    assert (await second.get("/api/v1/approvals")).json()["items"] == []
    assert len((await second.get("/api/v1/approvals", params={"decided": "true"})).json()["items"]) == 1


async def test_neither_who_asked_nor_whom_it_is_about_decides(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    user = await crowd.add("other-sec", Role.SEC_ADMIN)
    county = await crowd.join("county", Role.COUNTY_ADMIN, EAST)
    target = await crowd.sign_in("other-sec")
    # a second role for whoever may decide: to be about them and to be decidable by them at once
    about = await crowd.add("city", Role.CITY_ADMIN)
    city = await crowd.sign_in("city")
    request = await _ask(sec, about, CITY_ADMIN)
    codes = [
        (await client.post(f"/api/v1/approvals/{request}", json={"agree": True})).json()["code"]
        for client in (sec, city, county)
    ]
    assert codes == ["approval.own", "approval.about_you", "access.none"]
    assert user is not None
    assert (await target.post(f"/api/v1/approvals/{request}", json={"agree": True})).status_code == 200


async def test_refusal_needs_a_reason_and_is_final(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    second = await crowd.join("second", Role.CITY_ADMIN)
    user = await crowd.add("li", Role.CITY_OFFICER, "210300")
    path = f"/api/v1/approvals/{await _ask(sec, user)}"
    assert (await second.post(path, json={"agree": False})).json()["code"] == "approval.reason"
    refused = await second.post(path, json={"agree": False, "reason": "编制已满"})
    assert (refused.json()["state"], refused.json()["reason"]) == ("REFUSED", "编制已满")
    assert (await second.post(path, json={"agree": True})).json()["code"] == "approval.over"
    assert await _roles(sec, user) == ["CITY_OFFICER"]


async def test_request_nobody_decided_is_over_after_seven_days(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    user = await crowd.add("li", Role.CITY_OFFICER, "210300")
    await crowd.add("second", Role.CITY_ADMIN)
    path = f"/api/v1/approvals/{await _ask(sec, user)}"
    crowd.control.clock.jump(7 * 86_400)
    second = await crowd.sign_in("second")
    assert (await second.post(path, json={"agree": True})).json()["code"] == "approval.over"
    await crowd.control.services.people.roster.sweep()
    listed = (await second.get("/api/v1/approvals", params={"decided": "true"})).json()["items"]
    assert [each["state"] for each in listed] == ["EXPIRED"]


async def test_two_people_of_one_organisation_do_not_count_as_two(crowd: Crowd) -> None:
    one, other = await crowd.add_organisation(1), await crowd.add_organisation(2)
    sec = await crowd.join("sec", Role.SEC_ADMIN, organisation=one)
    colleague = await crowd.join("colleague", Role.CITY_ADMIN, organisation=one)
    stranger = await crowd.join("stranger", Role.CITY_ADMIN, organisation=other)
    user = await crowd.add("li", Role.CITY_OFFICER, "210300")
    path = f"/api/v1/approvals/{await _ask(sec, user)}"
    assert (await colleague.post(path, json={"agree": True})).json()["code"] == "approval.same_unit"
    assert (await stranger.post(path, json={"agree": True})).status_code == 200


async def test_administrators_role_never_meets_an_officers_in_one_person(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    officer = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    auditor = await crowd.add("auditor", Role.AUDITOR)
    for user, grant in (
        (officer, {"role": "AUDITOR"}),
        (officer, {"role": "SYS_ADMIN"}),
        (auditor, {"role": "SEC_ADMIN"}),
        (auditor, {"role": "COUNTY_OFFICER", "region": EAST}),
    ):
        refused = await sec.post(f"/api/v1/people/{user}/grants", json=grant)
        assert (refused.status_code, refused.json()["code"]) == (409, "user.roles_clash"), (user, grant)


async def test_clash_that_arose_while_waiting_is_found_when_it_is_decided(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    second = await crowd.join("second", Role.CITY_ADMIN)
    made = await sec.post("/api/v1/people", json={"username": "li", "name": "李静", "grants": [{"role": "AUDITOR"}]})
    user, request = made.json()["person"]["id"], made.json()["requests"][0]["id"]
    given = await sec.post(f"/api/v1/people/{user}/grants", json={"role": "COUNTY_OFFICER", "region": EAST})
    assert given.json()["request"] is None
    path = f"/api/v1/approvals/{request}"
    assert (await second.post(path, json={"agree": True})).json()["code"] == "user.roles_clash"
    open_ones = (await second.get("/api/v1/approvals")).json()["items"]
    assert [each["state"] for each in open_ones] == ["REQUESTED"], "a decision that could not be done is undone"
    assert await _roles(sec, user) == ["COUNTY_OFFICER"]


async def test_another_slice_can_ask_for_a_second_person(crowd: Crowd) -> None:
    done: list[tuple[str, object]] = []

    async def apply(_connection: AsyncConnection, approval: Approval, decider: Actor) -> None:
        done.append((str(decider.user), approval.payload["camera"]))

    approvals = crowd.control.services.people.approvals
    approvals.register("camera.rezone", apply)
    with pytest.raises(ValueError, match="registered twice"):
        approvals.register("camera.rezone", apply)
    asker = Actor((Grant(Role.CITY_OFFICER),), UserId(await crowd.add("asker", Role.CITY_OFFICER, "210300")))
    second = await crowd.join("second", Role.CITY_ADMIN, "210300")
    async with crowd.control.database.write() as connection:
        request = await approvals.request(connection, asker, "camera.rezone", {"camera": "cam_1"}, region=EAST)
        elsewhere = await approvals.request(connection, asker, "camera.rezone", {"camera": "cam_2"}, region="220100")
    hidden = await second.post(f"/api/v1/approvals/{elsewhere.id}", json={"agree": True})
    assert (hidden.status_code, hidden.json()["code"]) == (404, "access.none")
    assert (await second.post(f"/api/v1/approvals/{request.id}", json={"agree": True})).status_code == 200
    assert [camera for _decider, camera in done] == ["cam_1"]


async def test_request_of_an_unknown_kind_is_a_fault_of_ours(crowd: Crowd) -> None:
    approvals = crowd.control.services.people.approvals
    asker = Actor((Grant(Role.CITY_OFFICER),), UserId(await crowd.add("asker", Role.CITY_OFFICER, "210300")))
    async with crowd.control.database.write() as connection:
        with pytest.raises(ValueError, match="no kind"):
            await approvals.request(connection, asker, "camera.melt", {})
        with pytest.raises(BrightKitchenError, match=r"access\.none"):
            await approvals.request(connection, Actor(()), "people.grant", {})
