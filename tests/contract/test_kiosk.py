"""S08: a wall display's credential only looks, at small pictures, from its own address, and for 30 days at most (SECURITY §2.1)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from tests.contract.conftest import UNSAFE, Control, add_camera, keep_cookies
from tests.contract.people import EAST, Crowd

from brightkitchen.domain.authz.model import Role

WALL = "192.0.2.40"
DAY_S = 86_400


@pytest.fixture
async def crowd(control: Control) -> AsyncIterator[Crowd]:
    async with Crowd(control) as one:
        yield one


@asynccontextmanager
async def display(crowd: Crowd, address: str = WALL) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on a wall: no log-in, the page's own headers."""
    async with crowd.control.client(address=address) as one:
        one.headers.update(UNSAFE)
        yield one


async def _ask(wall: httpx.AsyncClient) -> tuple[str, str]:
    asked = await wall.post("/api/v1/kiosks")
    assert asked.status_code == 201, asked.text
    return asked.json()["code"], asked.json()["claim"]


async def _claim(wall: httpx.AsyncClient, claim: str) -> httpx.Response:
    """Ask for the credential; the display keeps the cookie if it comes."""
    answer = await wall.post("/api/v1/kiosks/claim", json={"claim": claim})
    if answer.json().get("is_in"):
        keep_cookies(wall, answer)
    return answer


async def _let_in(officer: httpx.AsyncClient, wall: httpx.AsyncClient, days: int = 30) -> str:
    """Pair the display; return the id of its credential."""
    code, claim = await _ask(wall)
    made = await officer.post("/api/v1/kiosks/approve", json={"code": code, "name": "指挥中心", "days": days})
    assert made.status_code == 201, made.text
    assert (await _claim(wall, claim)).json() == {"is_in": True}
    return str(made.json()["id"])


async def test_display_is_let_in_by_the_code_it_shows(crowd: Crowd) -> None:
    officer = await crowd.join("officer", Role.CITY_OFFICER)
    async with display(crowd) as wall:
        assert (await wall.get("/api/v1/session")).status_code == 401
        code, claim = await _ask(wall)
        assert (await _claim(wall, claim)).json() == {"is_in": False}
        looked = await officer.post("/api/v1/kiosks/look", json={"code": f" {code[:4].lower()}-{code[4:].lower()} "})
        assert looked.json()["address"] == WALL
        made = await officer.post("/api/v1/kiosks/approve", json={"code": code, "name": "指挥中心", "days": 30})
        assert made.json()["networks"] == [f"{WALL}/32"]
        entered = await _claim(wall, claim)
        cookie = entered.headers["set-cookie"]
        assert all(word in cookie for word in ("bk_kiosk=", "HttpOnly", "SameSite=strict"))
        assert "bkt_" not in entered.text and "bkt_" not in made.text
        session = (await wall.get("/api/v1/session")).json()
        assert session["kiosk"] == "指挥中心"
        assert session["abilities"] == ["camera.list", "camera.live", "camera.view", "numbers.view", "overview.view"]
        assert (await wall.get("/api/v1/overview")).status_code == 200
        # The code and the claim were good once.
        assert (await _claim(wall, claim)).json()["code"] == "kiosk.over"
        again = await officer.post("/api/v1/kiosks/approve", json={"code": code, "name": "x", "days": 1})
        assert (again.status_code, again.json()["code"]) == (404, "kiosk.no_such_code")


async def test_display_watches_small_pictures_and_nothing_else(crowd: Crowd) -> None:
    admin = await crowd.sign_in("admin")
    camera = await add_camera(admin)
    async with display(crowd) as wall:
        await _let_in(await crowd.join("officer", Role.CITY_OFFICER), wall)
        tried = {
            (act, profile): await wall.post(
                "/api/v1/media/tokens", json={"items": [{"camera": camera["id"], "act": act, "profile": profile}]}
            )
            for act, profile in (
                ("live", "sub"),
                ("live", "main"),
                ("play", "sub"),
                ("snapshot", "sub"),
                ("thumb", "sub"),
            )
        }
        assert {key: answer.status_code for key, answer in tried.items()} == {
            ("live", "sub"): 200,
            ("live", "main"): 403,
            ("play", "sub"): 404,
            ("snapshot", "sub"): 404,
            ("thumb", "sub"): 404,
        }
        assert tried["live", "main"].json()["code"] == "media.kiosk_sub_only"
        for path in ("/api/v1/evidence", "/api/v1/audit", "/api/v1/people", "/api/v1/tokens", "/api/v1/faults"):
            assert (await wall.get(path)).status_code in (403, 404), path
        changed = await wall.patch(f"/api/v1/cameras/{camera['id']}", json={"zone": "WASH"})
        assert changed.status_code == 404
        code, _ = await _ask(wall)
        made = await wall.post("/api/v1/kiosks/approve", json={"code": code, "name": "x", "days": 1})
        assert made.status_code in (403, 404)


async def test_display_shows_no_more_than_who_let_it_in_sees(crowd: Crowd) -> None:
    await crowd.load_city()
    async with display(crowd) as wall:
        await _let_in(await crowd.join("east", Role.COUNTY_OFFICER, EAST), wall)
        assert (await wall.get("/api/v1/overview")).json()["region"] == EAST
        assert (await wall.get("/api/v1/overview", params={"region": "210303"})).status_code == 404


async def test_credential_is_good_at_its_own_address_and_as_a_cookie_only(crowd: Crowd) -> None:
    async with display(crowd) as wall, display(crowd, "192.0.2.41") as elsewhere:
        await _let_in(await crowd.join("officer", Role.CITY_OFFICER), wall)
        elsewhere.headers["cookie"] = wall.headers["cookie"]
        assert (await elsewhere.get("/api/v1/session")).status_code == 401
        secret = wall.headers["cookie"].split("=", 1)[1]
    async with crowd.control.client(address=WALL) as machine:
        answer = await machine.get("/api/v1/overview", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 401


async def test_claim_is_worth_nothing_at_another_address(crowd: Crowd) -> None:
    officer = await crowd.join("officer", Role.CITY_OFFICER)
    async with display(crowd) as wall, display(crowd, "192.0.2.41") as thief:
        code, claim = await _ask(wall)
        await officer.post("/api/v1/kiosks/approve", json={"code": code, "name": "指挥中心", "days": 30})
        assert (await _claim(thief, claim)).json()["code"] == "kiosk.over"
        assert (await _claim(wall, claim)).json() == {"is_in": True}


async def test_machines_token_is_no_cookie(crowd: Crowd) -> None:
    officer = await crowd.join("officer", Role.CITY_OFFICER)
    async with display(crowd) as wall:
        await _let_in(officer, wall)
        name = wall.headers["cookie"].split("=", 1)[0]
        ends = (await wall.get("/api/v1/session")).json()["ends_at"]
        made = await officer.post("/api/v1/tokens", json={"name": "报表", "expires_at": ends})
        wall.headers["cookie"] = f"{name}={made.json()['bearer']}"
        assert (await wall.get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize("way", ["revoked", "left", "expired", "disabled"])
async def test_display_is_out_when_it_is_over(crowd: Crowd, way: str) -> None:
    boss = await crowd.join("boss", Role.CITY_ADMIN)
    user = await crowd.add("officer", Role.CITY_OFFICER)
    officer = await crowd.sign_in("officer")
    async with display(crowd) as wall:
        token = await _let_in(officer, wall, days=2)
        await crowd.control.clock.advance(1.9 * DAY_S)
        # Nobody touches a display: it does not idle out.
        assert (await wall.get("/api/v1/session")).status_code == 200
        if way == "revoked":
            officer = await crowd.sign_in("officer")
            kept = (await officer.get("/api/v1/tokens")).json()["items"]
            assert [(each["name"], each["kind"]) for each in kept] == [("指挥中心", "kiosk")]
            assert (await officer.delete(f"/api/v1/tokens/{token}")).status_code == 204
        elif way == "left":
            assert (await wall.delete("/api/v1/session")).status_code == 204
        elif way == "expired":
            await crowd.control.clock.advance(0.2 * DAY_S)
        else:
            boss = await crowd.sign_in("boss")
            assert (await boss.post(f"/api/v1/people/{user}/disable")).status_code == 200
        assert (await wall.get("/api/v1/session")).status_code == 401


async def test_code_runs_out_after_ten_minutes_and_few_wait_from_one_address(crowd: Crowd) -> None:
    officer = await crowd.join("officer", Role.CITY_OFFICER)
    async with display(crowd) as wall:
        code, claim = await _ask(wall)
        for _ in range(3):
            await _ask(wall)
        fifth = await wall.post("/api/v1/kiosks")
        assert (fifth.status_code, fifth.json()["code"]) == (429, "kiosk.too_many")
        await crowd.control.clock.advance(600)
        late = await officer.post("/api/v1/kiosks/look", json={"code": code})
        assert (late.status_code, late.json()["code"]) == (404, "kiosk.no_such_code")
        assert (await _claim(wall, claim)).json()["code"] == "kiosk.over"
        await _ask(wall)


async def test_only_who_has_the_overview_lets_a_display_in_and_proves_to_be_there(crowd: Crowd) -> None:
    async with display(crowd) as wall:
        code, _ = await _ask(wall)
        station = await crowd.join("station", Role.STATION_OFFICER, EAST)
        given = {"code": code, "name": "指挥中心", "days": 30}
        assert (await station.post("/api/v1/kiosks/approve", json=given)).json()["code"] == "access.none"
        officer = await crowd.join("officer", Role.CITY_OFFICER)
        await crowd.control.clock.advance(301)
        assert (await officer.post("/api/v1/kiosks/approve", json=given)).json()["code"] == "auth.step_up_required"
