"""S15: API tokens: told once, header only, never stronger than their maker is now, and refused for people's acts."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.contract.conftest import Control, add_camera
from tests.contract.people import EAST, Crowd

from brightkitchen.domain.authz.model import Actor, Grant, Role
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc


@pytest.fixture
async def crowd(control: Control) -> AsyncIterator[Crowd]:
    async with Crowd(control) as one:
        yield one


def _until(crowd: Crowd, days: float = 30) -> str:
    return format_utc(Utc(crowd.control.clock.utc() + round(days * 86_400) * US_PER_S))


async def _make(crowd: Crowd, maker: httpx.AsyncClient, **fields: object) -> str:
    made = await maker.post("/api/v1/tokens", json={"name": "报表", "expires_at": _until(crowd), **fields})
    assert made.status_code == 201, made.text
    return str(made.json()["bearer"])


async def _get(crowd: Crowd, bearer: str, path: str = "/api/v1/cameras", address: str = "192.0.2.7") -> httpx.Response:
    async with crowd.control.client(address=address) as machine:
        return await machine.get(path, headers={"Authorization": f"Bearer {bearer}"})


async def test_machine_reads_what_its_maker_may(crowd: Crowd) -> None:
    admin = await crowd.sign_in("admin")
    camera = await add_camera(admin)
    bearer = await _make(crowd, admin)
    assert [each["id"] for each in (await _get(crowd, bearer)).json()["items"]] == [camera["id"]]
    listed = (await admin.get("/api/v1/tokens")).json()["items"]
    assert [(each["name"], each["last_used_from"]) for each in listed] == [("报表", "192.0.2.7")]
    assert bearer not in (await admin.get("/api/v1/tokens")).text


async def test_machine_changes_things_without_the_pages_headers(crowd: Crowd) -> None:
    bearer = await _make(crowd, await crowd.sign_in("admin"))
    async with crowd.control.client() as machine:
        made = await machine.post(
            "/api/v1/cameras",
            json={"name": "烹饪间", "url": "rtsp://10.1.2.9/main"},
            headers={"Authorization": f"Bearer {bearer}"},
        )
    assert made.status_code == 201


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "bkt_",
        "nonsense",
        "bkt_" + "0" * 80,
        "CUT",
        "LONG",
        "OTHER",
    ],
)
async def test_token_that_is_none_opens_nothing(crowd: Crowd, spoilt: str) -> None:
    bearer = await _make(crowd, await crowd.sign_in("admin"))
    wrong = {"CUT": bearer[:-1], "LONG": bearer + "0", "OTHER": bearer[:-1] + ("0" if bearer[-1] != "0" else "1")}
    answer = await _get(crowd, wrong.get(spoilt, spoilt))
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.required")


async def test_token_in_a_query_or_beside_a_cookie_opens_nothing(crowd: Crowd) -> None:
    admin = await crowd.sign_in("admin")
    bearer = await _make(crowd, admin)
    async with crowd.control.client() as machine:
        for name in ("token", "access_token", "authorization"):
            assert (await machine.get("/api/v1/cameras", params={name: bearer})).status_code == 401
        both = {"Authorization": f"Bearer {bearer}", "cookie": admin.headers["cookie"]}
        assert (await machine.get("/api/v1/cameras", headers=both)).status_code == 401
        crossed = await machine.post("/api/v1/cameras", json={"name": "x", "url": "rtsp://10.1.2.9/a"}, headers=both)
        assert (crossed.status_code, crossed.json()["code"]) == (403, "web.cross_site")
        basic = {"Authorization": f"Basic {bearer}"}
        assert (await machine.get("/api/v1/cameras", headers=basic)).status_code == 401


async def test_token_shrinks_with_its_maker(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    user = await crowd.add("boss", Role.CITY_ADMIN)
    boss = await crowd.sign_in("boss")
    await add_camera(boss)
    bearer = await _make(crowd, boss)
    assert len((await _get(crowd, bearer)).json()["items"]) == 1
    grant = (await sec.get(f"/api/v1/people/{user}")).json()["grants"][0]["id"]
    assert (await sec.delete(f"/api/v1/people/{user}/grants/{grant}")).status_code == 204
    assert (await _get(crowd, bearer)).status_code == 404
    assert (await _get(crowd, bearer, "/api/v1/session")).json()["abilities"] == []


async def test_token_of_a_disabled_maker_is_dead_until_the_maker_is_back(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    bearer = await _make(crowd, await crowd.sign_in("officer"))
    assert (await boss.post(f"/api/v1/people/{user}/disable")).status_code == 200
    assert (await _get(crowd, bearer)).status_code == 401
    assert (await boss.post(f"/api/v1/people/{user}/enable")).status_code == 200
    assert (await _get(crowd, bearer)).status_code == 200


async def test_token_counts_from_its_networks_only(crowd: Crowd) -> None:
    bearer = await _make(crowd, await crowd.sign_in("admin"), networks=["10.1.0.0/16", "2001:db8::/32"])
    found = [
        (await _get(crowd, bearer, address=address)).status_code
        for address in ("10.1.255.255", "::ffff:10.1.0.1", "2001:db8::7", "10.2.0.1", "2001:db9::7", "")
    ]
    assert found == [200, 200, 200, 401, 401, 401]


async def test_token_ends_by_its_date_and_by_hand(crowd: Crowd) -> None:
    admin = await crowd.sign_in("admin")
    short = await _make(crowd, admin, expires_at=_until(crowd, 1))
    long = await _make(crowd, admin, expires_at=_until(crowd, 365))
    crowd.control.clock.jump(86_400)
    assert [(await _get(crowd, each)).status_code for each in (short, long)] == [401, 200]
    admin = await crowd.sign_in("admin")
    for token in (await admin.get("/api/v1/tokens")).json()["items"]:
        assert (await admin.delete(f"/api/v1/tokens/{token['id']}")).status_code == 204
    assert (await _get(crowd, long)).status_code == 401


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": " "}, "token.name"),
        ({"networks": ["10.1.0.1/16"]}, "token.networks"),
        ({"networks": ["everywhere"]}, "token.networks"),
        ({"grants": [{"role": "COUNTY_OFFICER", "region": "210303"}]}, "token.grants"),
        ({"grants": [{"role": "COUNTY_OFFICER", "region": "210300"}]}, "token.grants"),
        ({"grants": [{"role": "CITY_OFFICER", "region": EAST}]}, "token.grants"),
        ({"expires_at": "1999-01-01T00:00:00Z"}, "token.expiry"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "token.expiry"),
        ({"expires_at": "tomorrow"}, "web.instant"),
    ],
)
async def test_token_that_asks_too_much_is_not_made(crowd: Crowd, fields: dict[str, object], code: str) -> None:
    officer = await crowd.join("officer", Role.COUNTY_OFFICER, EAST)
    refused = await officer.post("/api/v1/tokens", json={"name": "x", "expires_at": _until(crowd)} | fields)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_token_may_ask_for_less_than_its_maker_holds(crowd: Crowd) -> None:
    officer = await crowd.join("officer", Role.COUNTY_OFFICER, EAST)
    await _make(crowd, officer, grants=[{"role": "COUNTY_OFFICER", "region": "210302006", "categories": ["SCHOOL"]}])
    grant = (await officer.get("/api/v1/tokens")).json()["items"][0]["grants"][0]
    assert (grant["region"], grant["categories"]) == ("210302006", ["SCHOOL"])


async def test_no_token_does_what_is_for_people(crowd: Crowd) -> None:
    control = crowd.control
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    sec_id = await crowd.add("sec", Role.SEC_ADMIN)
    sec = await crowd.sign_in("sec")
    bearer = await _make(crowd, sec)
    assert (await _get(crowd, bearer, f"/api/v1/people/{user}")).status_code == 200
    headers = {"Authorization": f"Bearer {bearer}"}
    acts = [
        ("POST", f"/api/v1/people/{user}/disable", None),
        ("POST", f"/api/v1/people/{user}/offboard", None),
        ("POST", f"/api/v1/people/{user}/grants", {"role": "COUNTY_OFFICER", "region": EAST}),
        ("POST", "/api/v1/people", {"username": "x", "name": "x", "grants": [{"role": "AUDITOR"}]}),
        ("POST", "/api/v1/approvals/apr_0000000000000000", {"agree": True}),
        ("POST", "/api/v1/tokens", {"name": "x", "expires_at": _until(crowd)}),
        ("GET", "/api/v1/tokens", None),
        ("DELETE", "/api/v1/session", None),
    ]
    async with control.client() as machine:
        for method, path, body in acts:
            answer = await machine.request(method, path, json=body, headers=headers)
            assert answer.status_code in (403, 404), (method, path, answer.text)
    assert (await sec.get(f"/api/v1/people/{user}")).json()["state"] == "ACTIVE"
    policy = control.services.policy
    person = Actor((Grant(Role.SEC_ADMIN),), None)
    machine_actor = Actor((Grant(Role.SEC_ADMIN),), None, token="tkn_0000000000000000")
    human = [action for action in policy.actions if policy.is_human_only(action)]
    assert "people.grant" in human
    assert [action for action in human if policy.check(machine_actor, action).allowed] == []
    assert [action for action in human if policy.grants_for(machine_actor, action)] == []
    assert policy.check(person, "people.grant").allowed
    assert sec_id


async def test_twenty_tokens_are_enough(crowd: Crowd) -> None:
    admin = await crowd.sign_in("admin")
    for _ in range(20):
        await _make(crowd, admin)
    refused = await admin.post("/api/v1/tokens", json={"name": "x", "expires_at": _until(crowd)})
    assert (refused.status_code, refused.json()["code"]) == (409, "token.too_many")


async def test_others_tokens_do_not_exist(crowd: Crowd) -> None:
    admin = await crowd.sign_in("admin")
    await _make(crowd, admin)
    token = (await admin.get("/api/v1/tokens")).json()["items"][0]["id"]
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    assert (await sec.get("/api/v1/tokens")).json()["items"] == []
    assert (await sec.delete(f"/api/v1/tokens/{token}")).status_code == 404
