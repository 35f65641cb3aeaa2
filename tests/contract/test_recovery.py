"""S13: a lost log-in comes back by two approvers and a code; nobody but its owner ever chooses the password."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.contract.conftest import PASSWORD, UNSAFE, Control, enrol_totp
from tests.contract.people import EAST, HAICHENG, Crowd, count_kept

from brightkitchen.domain.authz.model import Role

NEW = "pickled-radish-at-noon"


@pytest.fixture
async def crowd(control: Control) -> AsyncIterator[Crowd]:
    async with Crowd(control) as one:
        yield one


async def _ask(crowd: Crowd, username: str) -> httpx.Response:
    async with crowd.control.client(address="198.51.100.4") as stranger:
        return await stranger.post("/api/v1/recovery/ask", json={"username": username}, headers=UNSAFE)


async def _reset(crowd: Crowd, code: str, password: str = NEW) -> httpx.Response:
    async with crowd.control.client(address="198.51.100.5") as stranger:
        body = {"code": code, "password": password}
        return await stranger.post("/api/v1/recovery/reset", json=body, headers=UNSAFE)


async def _log_in(crowd: Crowd, username: str, password: str) -> int:
    async with crowd.control.client(address="198.51.100.6") as client:
        body = {"username": username, "password": password}
        return (await client.post("/api/v1/session", json=body, headers=UNSAFE)).status_code


async def _open_recovery(viewer: httpx.AsyncClient) -> str:
    items = (await viewer.get("/api/v1/recoveries")).json()["items"]
    assert len(items) == 1
    return str(items[0]["id"])


async def test_answer_is_the_same_whether_there_is_such_an_account(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    answers = [await _ask(crowd, name) for name in ("officer", "OFFICER", "nobody", "")]
    assert {(each.status_code, each.content) for each in answers} == {(204, b"")}
    assert await _open_recovery(boss)  # one, however often it was asked for


async def test_two_approvers_make_a_code_that_is_good_once(crowd: Crowd) -> None:
    first = await crowd.join("first", Role.COUNTY_ADMIN, EAST)
    second = await crowd.join("second", Role.COUNTY_ADMIN, EAST)
    await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    officer = await crowd.sign_in("officer")
    until = "2099-01-01T00:00:00Z"
    assert (await officer.post("/api/v1/tokens", json={"name": "x", "expires_at": until})).status_code == 422
    await _ask(crowd, "officer")
    path = f"/api/v1/recoveries/{await _open_recovery(first)}/agree"
    one = await first.post(path)
    assert (one.json()["state"], one.json()["code"], one.json()["can_agree"]) == ("ONE", None, False)
    assert (await first.post(path)).json()["code"] == "recovery.same_person"
    two = await second.post(path)
    code = two.json()["code"]
    assert (two.json()["state"], len(code)) == ("READY", 22)
    assert code not in (await second.get("/api/v1/recoveries")).text
    assert (await officer.get("/api/v1/session")).status_code == 200, "nothing ends before the code is used"
    assert (await _reset(crowd, code, "short")).json()["code"] == "user.password_short"
    assert (await _reset(crowd, code)).json() == {"username": "officer"}
    assert (await _reset(crowd, code)).json()["code"] == "recovery.unknown"
    assert (await officer.get("/api/v1/session")).status_code == 401
    assert [await _log_in(crowd, "officer", PASSWORD), await _log_in(crowd, "officer", NEW)] == [401, 200]


async def test_code_is_good_for_a_day(crowd: Crowd) -> None:
    first = await crowd.join("first", Role.COUNTY_ADMIN, EAST)
    second = await crowd.join("second", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    started = await first.post(f"/api/v1/people/{user}/recovery")
    assert started.json()["state"] == "ONE"
    assert (await first.post(f"/api/v1/people/{user}/recovery")).json()["code"] == "recovery.running"
    code = (await second.post(f"/api/v1/recoveries/{started.json()['id']}/agree")).json()["code"]
    crowd.control.clock.jump(86_400)
    assert (await _reset(crowd, code)).json()["code"] == "recovery.unknown"
    assert await _log_in(crowd, "officer", PASSWORD) == 200


async def test_refused_recovery_makes_its_code_worthless(crowd: Crowd) -> None:
    first = await crowd.join("first", Role.COUNTY_ADMIN, EAST)
    second = await crowd.join("second", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    recovery = (await first.post(f"/api/v1/people/{user}/recovery")).json()["id"]
    code = (await second.post(f"/api/v1/recoveries/{recovery}/agree")).json()["code"]
    assert (await first.post(f"/api/v1/recoveries/{recovery}/refuse")).json()["state"] == "REFUSED"
    assert (await _reset(crowd, code)).json()["code"] == "recovery.unknown"
    assert (await second.post(f"/api/v1/recoveries/{recovery}/agree")).json()["code"] == "recovery.over"


async def test_administrator_comes_back_by_two_organisations_and_a_day(crowd: Crowd) -> None:
    one, other = await crowd.add_organisation(1), await crowd.add_organisation(2)
    first = await crowd.join("first", Role.SEC_ADMIN, organisation=one)
    await crowd.add("colleague", Role.SEC_ADMIN, organisation=one)
    await crowd.add("stranger", Role.SEC_ADMIN, organisation=other)
    await crowd.add("unknown-unit", Role.SEC_ADMIN)
    user = await crowd.add("city", Role.CITY_ADMIN)
    recovery = (await first.post(f"/api/v1/people/{user}/recovery")).json()["id"]
    path = f"/api/v1/recoveries/{recovery}/agree"
    stranger = await crowd.sign_in("stranger")
    early = await stranger.post(path)
    assert (early.json()["code"], early.json()["params"]) == ("recovery.too_early", {"hours": 24})
    crowd.control.clock.jump(86_399)
    stranger = await crowd.sign_in("stranger")
    assert (await stranger.post(path)).json()["params"] == {"hours": 1}
    crowd.control.clock.jump(1)
    for name in ("colleague", "unknown-unit"):
        assert (await (await crowd.sign_in(name)).post(path)).json()["code"] == "recovery.same_unit"
    code = (await stranger.post(path)).json()["code"]
    assert (await _reset(crowd, code)).status_code == 200


async def test_person_and_superior_read_of_it(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    first = await crowd.join("first", Role.COUNTY_ADMIN, EAST)
    second = await crowd.join("second", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    recovery = (await first.post(f"/api/v1/people/{user}/recovery")).json()["id"]
    crowd.control.clock.jump(1)
    code = (await second.post(f"/api/v1/recoveries/{recovery}/agree")).json()["code"]
    crowd.control.clock.jump(1)
    await _reset(crowd, code)
    officer = await crowd.sign_in("officer", NEW)
    for reader in (officer, sec):
        notices = (await reader.get("/api/v1/notices")).json()["items"]
        assert [each["kind"] for each in notices] == ["recovery.used", "recovery.ready", "recovery.asked"]
        assert notices[0]["params"] == {"name": "officer 先生"}
    assert (await second.get("/api/v1/notices")).json()["items"] == []
    assert (await officer.post("/api/v1/notices/read")).status_code == 204
    assert {each["is_read"] for each in (await officer.get("/api/v1/notices")).json()["items"]} == {True}
    assert {each["is_read"] for each in (await sec.get("/api/v1/notices")).json()["items"]} == {False}


async def test_recovery_of_somebody_out_of_reach_is_invisible(crowd: Crowd) -> None:
    near = await crowd.join("near", Role.COUNTY_ADMIN, EAST)
    far = await crowd.join("far", Role.COUNTY_ADMIN, HAICHENG)
    await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    await _ask(crowd, "officer")
    recovery = await _open_recovery(near)
    assert (await far.get("/api/v1/recoveries")).json()["items"] == []
    for act in ("agree", "refuse"):
        hidden = await far.post(f"/api/v1/recoveries/{recovery}/{act}")
        assert (hidden.status_code, hidden.json()["code"]) == (404, "access.none")


async def test_nobody_agrees_to_the_own_recovery(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.SEC_ADMIN)
    other = await crowd.join("other", Role.SEC_ADMIN)
    await _ask(crowd, "boss")
    recovery = await _open_recovery(other)
    assert (await boss.get("/api/v1/recoveries")).json()["items"] == []
    assert (await boss.post(f"/api/v1/recoveries/{recovery}/agree")).json()["code"] == "user.yourself"


async def test_recovery_forgets_browsers_and_factors(strict_control: Control) -> None:
    """Lost or another's: nothing of the old log-in opens the account or helps to, and a new factor is the first thing to set up."""
    async with Crowd(strict_control) as crowd:
        user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
        officer = await crowd.sign_in("officer")
        await enrol_totp(officer, strict_control.clock)
        assert await count_kept(strict_control, user) == {"factors": 1, "recovery_codes": 10, "known_devices": 1}
        for name in ("first", "second"):
            await crowd.add(name, Role.COUNTY_ADMIN, EAST)
        approvers = [await crowd.sign_in(name) for name in ("first", "second")]
        for one in approvers:
            await enrol_totp(one, strict_control.clock)
        await _ask(crowd, "officer")
        path = f"/api/v1/recoveries/{await _open_recovery(approvers[0])}/agree"
        (code,) = filter(None, [(await one.post(path)).json()["code"] for one in approvers])
        assert (await _reset(crowd, code)).status_code == 200
        assert await count_kept(strict_control, user) == {"factors": 0, "recovery_codes": 0, "known_devices": 0}
        strict_control.clock.jump(30)
        async with strict_control.client() as again:
            body = {"username": "officer", "password": NEW}
            answer = await again.post("/api/v1/session", json=body, headers=UNSAFE)
            assert answer.json()["pending"] == ["enrol_factor"], answer.text
