"""People over HTTP: who sees whom, who may do what to whom, and what a change closes."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from tests.contract.asgi_socket import AsgiSocket
from tests.contract.conftest import ORIGIN, PASSWORD, UNSAFE, Control, add_camera
from tests.contract.people import EAST, HAICHENG, STREET, WEST, Crowd, names

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.premises.store import categories
from brightkitchen.domain.users.people_model import NewGrant
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc

DAY_US = 86_400 * US_PER_S


@pytest.fixture
async def crowd(control: Control) -> AsyncIterator[Crowd]:
    async with Crowd(control) as one:
        yield one


async def test_each_sees_the_people_of_the_own_scope_and_kind_only(crowd: Crowd) -> None:
    school = await crowd.add_premises(1, STREET)
    other = await crowd.add_premises(2, HAICHENG)
    for username, role, region in (
        ("sec", Role.SEC_ADMIN, ""),
        ("city-officer", Role.CITY_OFFICER, "210300"),
        ("east-admin", Role.COUNTY_ADMIN, EAST),
        ("east-officer", Role.COUNTY_OFFICER, EAST),
        ("street-officer", Role.STATION_OFFICER, STREET),
        ("haicheng-officer", Role.COUNTY_OFFICER, HAICHENG),
        ("pm", Role.OPERATOR_PM, "210300"),
        ("installer", Role.OPERATOR_INSTALLER, EAST),
    ):
        await crowd.add(username, role, region)
    for username, role, premises in (
        ("owner", Role.OWNER, school),
        ("safety", Role.FS_OFFICER, school),
        ("far-owner", Role.OWNER, other),
    ):
        await crowd.add(username, role, premises=premises)
    seen = {
        name: await names(await crowd.sign_in(name)) for name in ("sec", "east-admin", "pm", "owner", "street-officer")
    }
    assert seen["sec"] == sorted([*seen["sec"]])
    assert set(seen["sec"]) == {
        *("admin", "sec", "city-officer", "east-admin", "east-officer", "street-officer", "haicheng-officer"),
        *("pm", "installer", "owner", "safety", "far-owner"),
    }
    assert seen["east-admin"] == ["east-officer", "owner", "safety", "street-officer"]
    assert seen["pm"] == ["far-owner", "installer", "owner"]
    assert seen["owner"] == ["safety"]
    assert seen["street-officer"] == ["owner", "safety"]


async def test_list_is_searched_filtered_and_paged_in_the_database(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    for index in range(5):
        await crowd.add(f"officer{index}", Role.COUNTY_OFFICER, EAST)
    await crowd.add("street", Role.STATION_OFFICER, STREET)
    assert await names(boss, q="FICER3") == ["officer3"]
    assert await names(boss, q="street 先") == ["street"]
    assert await names(boss, q="%") == []
    assert await names(boss, role="STATION_OFFICER") == ["street"]
    assert await names(boss, region=STREET) == ["street"]
    first = (await boss.get("/api/v1/people", params={"limit": "4"})).json()
    second = (await boss.get("/api/v1/people", params={"limit": "4", "cursor": first["next_cursor"]})).json()
    both = [each["username"] for page in (first, second) for each in page["items"]]
    assert both == ["officer0", "officer1", "officer2", "officer3", "officer4", "street"]
    assert second["next_cursor"] is None
    assert (await boss.get("/api/v1/people", params={"role": "EMPEROR"})).status_code == 422


@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/disable"),
        ("POST", "/enable"),
        ("POST", "/end-sessions"),
        ("POST", "/invitation"),
        ("POST", "/grants"),
        ("POST", "/confirm"),
        ("POST", "/recovery"),
    ],
)
async def test_person_out_of_reach_is_answered_like_nobody(crowd: Crowd, method: str, tail: str) -> None:
    hidden = await crowd.add("secret-name", Role.COUNTY_OFFICER, HAICHENG)
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    bodies = {"PATCH": {"name": "x"}, "/grants": {"role": "STATION_OFFICER", "region": STREET}}
    body = bodies.get(tail or method)
    answers = [
        await boss.request(method, f"/api/v1/people/{user}{tail}", json=body)
        for user in (hidden, "usr_0000000000000000", "nonsense")
    ]
    bodies_said = [{**each.json(), "instance": ""} for each in answers]
    assert [each.status_code for each in answers] == [404, 404, 404]
    assert bodies_said[0] == bodies_said[1] == bodies_said[2]
    assert "secret-name" not in answers[0].text


async def test_holder_of_a_higher_role_is_shown_but_not_touched(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    both = await crowd.add("both", Role.COUNTY_OFFICER, EAST)
    roster = crowd.control.services.people.roster
    crowd.control.clock.jump(1)
    await roster.give_grant(LOCAL, both, NewGrant(Grant(Role.CITY_OFFICER, Scope("210300"))))
    shown = (await boss.get(f"/api/v1/people/{both}")).json()
    assert "people.disable" not in shown["abilities"]
    assert [each["can_revoke"] for each in shown["grants"]] == [True, False]
    refused = await boss.post(f"/api/v1/people/{both}/disable")
    assert (refused.status_code, refused.json()["code"]) == (403, "user.above_you")
    higher = shown["grants"][1]["id"]
    refused = await boss.delete(f"/api/v1/people/{both}/grants/{higher}")
    assert (refused.status_code, refused.json()["code"]) == (403, "user.may_not_give")


async def test_nobody_changes_the_own_roles(crowd: Crowd) -> None:
    me = await crowd.add("sec", Role.SEC_ADMIN)
    sec = await crowd.sign_in("sec")
    own = (await sec.get(f"/api/v1/people/{me}")).json()
    assert own["abilities"] == ["people.view"]
    gift = await sec.post(f"/api/v1/people/{me}/grants", json={"role": "CITY_OFFICER", "region": "210300"})
    taken = await sec.delete(f"/api/v1/people/{me}/grants/{own['grants'][0]['id']}")
    assert [each.json()["code"] for each in (gift, taken)] == ["user.yourself", "user.yourself"]


@pytest.mark.parametrize(
    ("grant", "status", "code"),
    [
        ({"role": "STATION_OFFICER", "region": STREET}, 201, ""),
        ({"role": "COUNTY_OFFICER", "region": WEST}, 403, "user.may_not_give"),
        ({"role": "STATION_OFFICER", "region": "210303002"}, 403, "user.may_not_give"),
        ({"role": "COUNTY_ADMIN", "region": EAST}, 403, "user.may_not_give"),
        ({"role": "CITY_OFFICER", "region": "210300"}, 403, "user.may_not_give"),
        ({"role": "SEC_ADMIN"}, 403, "user.may_not_give"),
        ({"role": "COUNTY_OFFICER", "region": "210399"}, 422, "user.region_unknown"),
        ({"role": "COUNTY_OFFICER", "region": STREET}, 422, "user.reach"),
        ({"role": "LOCAL"}, 422, "user.role_unknown"),
        ({"role": "EMPEROR"}, 422, "user.role_unknown"),
        ({"role": "OWNER", "premises": "prm_0000000000000001"}, 201, ""),
        ({"role": "OWNER", "premises": "prm_0000000000000002"}, 404, "access.none"),
        ({"role": "OWNER", "premises": "prm_0000000000000009"}, 404, "access.none"),
        ({"role": "COUNTY_OFFICER", "region": EAST}, 409, "user.grant_there"),
        ({"role": "STATION_OFFICER", "region": STREET, "expires_at": "1999-01-01T00:00:00Z"}, 422, "user.expiry"),
    ],
)
async def test_role_is_given_only_within_the_own_reach(
    crowd: Crowd, grant: dict[str, str], status: int, code: str
) -> None:
    await crowd.load_city()
    await crowd.add_premises(1, STREET)
    await crowd.add_premises(2, HAICHENG)
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    answer = await boss.post(f"/api/v1/people/{user}/grants", json=grant)
    assert (answer.status_code, answer.json().get("code", "")) == (status, code), answer.text


async def test_education_officer_reaches_schools_only_whatever_was_asked(crowd: Crowd) -> None:
    async with crowd.control.database.read() as connection:
        kinds = [tuple(row) for row in await connection.execute(sa.select(categories.c.code, categories.c.is_school))]
    schools = sorted(code for code, is_school in kinds if is_school)
    other = next(code for code, is_school in kinds if not is_school)
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("li", Role.COUNTY_OFFICER, EAST)
    crowd.control.clock.jump(1)
    given = await boss.post(f"/api/v1/people/{user}/grants", json={"role": "EDU_OFFICER", "region": EAST})
    assert given.json()["person"]["grants"][1]["categories"] == schools
    more = {"role": "EDU_OFFICER", "region": EAST, "categories": [other, *schools[:1]]}
    crowd.control.clock.jump(1)
    assert (await boss.post(f"/api/v1/people/{user}/grants", json=more)).json()["person"]["grants"][2][
        "categories"
    ] == [schools[0]]
    more = {"role": "EDU_OFFICER", "region": EAST, "categories": [other]}
    assert (await boss.post(f"/api/v1/people/{user}/grants", json=more)).json()["code"] == "user.no_schools"


async def test_two_editors_of_one_person_lose_nothing(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    seen = (await boss.get(f"/api/v1/people/{user}")).headers["etag"]
    first = await boss.patch(f"/api/v1/people/{user}", json={"name": "王静"}, headers={"If-Match": seen})
    second = await boss.patch(f"/api/v1/people/{user}", json={"name": "王敬"}, headers={"If-Match": seen})
    assert (first.status_code, first.json()["name"]) == (200, "王静")
    assert (second.status_code, second.json()["code"]) == (412, "edit.conflict")
    assert (await boss.get(f"/api/v1/people/{user}")).json()["name"] == "王静"


async def test_disabled_person_is_out_at_once_and_comes_back_with_the_same_roles(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    officer = await crowd.sign_in("officer")
    assert (await boss.post(f"/api/v1/people/{user}/disable")).json()["state"] == "DISABLED"
    assert (await officer.get("/api/v1/session")).status_code == 401
    assert (await boss.post(f"/api/v1/people/{user}/enable")).json()["state"] == "ACTIVE"
    again = await crowd.sign_in("officer")
    assert "camera.live" in (await again.get("/api/v1/session")).json()["abilities"]


async def test_operators_role_ends_after_ninety_days_unless_confirmed(crowd: Crowd) -> None:
    pm = await crowd.join("pm", Role.OPERATOR_PM, "210300")
    made = await pm.post(
        "/api/v1/people",
        json={"username": "fitter", "name": "赵师傅", "grants": [{"role": "OPERATOR_INSTALLER", "region": EAST}]},
    )
    user = made.json()["person"]["id"]
    clock = crowd.control.clock
    begun = clock.utc()
    assert made.json()["person"]["grants"][0]["expires_at"] == format_utc(Utc(begun + 90 * DAY_US))
    clock.jump(89 * 86_400)
    pm = await crowd.sign_in("pm")
    confirmed = (await pm.post(f"/api/v1/people/{user}/confirm")).json()["grants"][0]
    assert confirmed["expires_at"] == format_utc(Utc(clock.utc() + 90 * DAY_US))
    clock.jump(91 * 86_400)
    pm = await crowd.sign_in("pm")
    assert [each["is_held"] for each in (await pm.get(f"/api/v1/people/{user}")).json()["grants"]] == [False]


async def test_lost_role_closes_the_event_socket_and_filters_what_comes_after(crowd: Crowd) -> None:
    boss = await crowd.sign_in("admin")
    camera = await add_camera(boss)
    user = await crowd.add("city-officer", Role.CITY_OFFICER, "")
    officer = await crowd.sign_in("city-officer")
    assert [each["id"] for each in (await officer.get("/api/v1/cameras")).json()["items"]] == [camera["id"]]
    grant = (await boss.get(f"/api/v1/people/{user}")).json()["grants"][0]["id"]
    headers = {"host": "127.0.0.1:8080", "origin": ORIGIN, "cookie": officer.headers["cookie"]}
    async with AsgiSocket(crowd.control.app, "/api/v1/events", headers) as socket:
        assert socket.accepted
        assert (await boss.delete(f"/api/v1/people/{user}/grants/{grant}")).status_code == 204
        with pytest.raises(ConnectionError):
            await socket.hear()
        assert socket.close_code == 1012
    assert (await officer.get("/api/v1/session")).status_code == 200
    assert (await officer.get("/api/v1/cameras")).status_code == 404


async def test_role_that_expired_is_swept_like_one_that_was_taken(crowd: Crowd) -> None:
    told: list[str] = []

    class Node:
        async def session_ended(self, pseudonym: str) -> None:
            told.append(f"ended {pseudonym}")

        async def access_narrowed(self, pseudonym: str) -> None:
            told.append(pseudonym)

    crowd.control.services.people.access.add_listener(Node())
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    until = format_utc(Utc(crowd.control.clock.utc() + 600 * US_PER_S))
    body = {"role": "STATION_OFFICER", "region": STREET, "expires_at": until}
    assert (await boss.post(f"/api/v1/people/{user}/grants", json=body)).status_code == 201
    await crowd.sign_in("officer")
    await crowd.control.services.people.roster.sweep()
    assert told == []
    crowd.control.clock.jump(601)
    await crowd.control.services.people.roster.sweep()
    await crowd.control.services.people.roster.sweep()
    assert len(told) == 1
    assert told[0].startswith("sid_")


async def test_grantable_roles_are_those_of_the_table(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    items = (await boss.get("/api/v1/people/roles")).json()["items"]
    assert [each["role"] for each in items] == [
        *("COUNTY_OFFICER", "STATION_OFFICER", "GRID_ASSISTANT", "EDU_OFFICER", "OWNER"),
    ]
    assert items[0] == {"role": "COUNTY_OFFICER", "reach": "county", "needs_four_eyes": False}


async def test_regions_are_told_as_far_as_one_reaches_and_cached_by_content(crowd: Crowd) -> None:
    await crowd.load_city()
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    answer = await boss.get("/api/v1/regions")
    codes = [each["code"] for each in answer.json()["items"]]
    assert codes[:2] == ["210300", EAST]
    assert all(code.startswith(EAST) for code in codes[1:])
    assert STREET in codes
    again = await boss.get("/api/v1/regions", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    school = await crowd.add_premises(1, STREET)
    owner = await crowd.join("owner", Role.OWNER, premises=school)
    assert [each["code"] for each in (await owner.get("/api/v1/regions")).json()["items"]] == ["210300", EAST, STREET]


async def test_organisations_have_versions_and_stay_in_the_own_city(crowd: Crowd) -> None:
    city = await crowd.join("fushun-admin", Role.CITY_ADMIN, "210400")
    body = {"kind": "STATION", "name": " 站前市场监管所 ", "region": EAST}
    assert (await city.post("/api/v1/organisations", json=body)).status_code == 404
    here = await crowd.join("anshan-admin", Role.CITY_ADMIN, "210300")
    made = await here.post("/api/v1/organisations", json=body)
    assert (made.status_code, made.json()["name"]) == (201, "站前市场监管所")
    path = f"/api/v1/organisations/{made.json()['id']}"
    assert (await city.patch(path, json={"name": "x"})).status_code == 404
    assert (await city.get("/api/v1/organisations")).json()["items"] == []
    assert (await here.patch(path, json={"name": ""})).json()["code"] == "organisation.name"
    changed = await here.patch(path, json={"name": "站前所"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["etag"]) == (200, '"2"')
    assert (await here.patch(path, json={"name": "y"}, headers={"If-Match": '"1"'})).status_code == 412
    gone = await here.patch(path, json={"retired": True}, headers={"If-Match": '"2"'})
    assert gone.json()["retired_at"] is not None
    assert (await here.get("/api/v1/organisations")).json()["items"] == []
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    move = await here.patch(f"/api/v1/people/{user}", json={"organisation": made.json()["id"]})
    assert move.json()["code"] == "user.organisation_unknown"


async def test_invitation_is_told_once_used_once_and_lets_its_owner_choose(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    body = {"username": "Li.Jing", "name": "李静", "grants": [{"role": "COUNTY_OFFICER", "region": EAST}]}
    made = await boss.post("/api/v1/people", json=body)
    assert made.status_code == 201, made.text
    code, person = made.json()["code"], made.json()["person"]
    assert (person["username"], person["state"]) == ("li.jing", "INVITED")
    assert (await boss.post("/api/v1/people", json=body)).json()["code"] == "user.name_there"
    assert code not in (await boss.get(f"/api/v1/people/{person['id']}")).text
    guest = crowd.control.client()
    async with guest:
        guest.headers.update(UNSAFE)
        looked = await guest.post("/api/v1/invitations/look", json={"code": code})
        assert (looked.json()["username"], looked.json()["name"]) == ("li.jing", "李静")
        short = await guest.post("/api/v1/invitations/accept", json={"code": code, "password": "short"})
        assert short.json()["code"] == "user.password_short"
        taken = await guest.post("/api/v1/invitations/accept", json={"code": code, "password": PASSWORD})
        assert (taken.status_code, taken.json()) == (200, {"username": "li.jing"})
        again = await guest.post("/api/v1/invitations/accept", json={"code": code, "password": "another-password"})
        assert (again.status_code, again.json()["code"]) == (404, "invitation.unknown")
    officer = await crowd.sign_in("li.jing")
    assert "camera.live" in (await officer.get("/api/v1/session")).json()["abilities"]
    assert (await boss.post(f"/api/v1/people/{person['id']}/invitation")).json()["code"] == "invitation.answered"


async def test_invitation_ends_by_time_by_a_newer_one_and_with_the_account(crowd: Crowd) -> None:
    invitations = crowd.control.services.people.invitations
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    body = {"username": "li", "name": "李静", "grants": [{"role": "COUNTY_OFFICER", "region": EAST}]}
    made = (await boss.post("/api/v1/people", json=body)).json()
    newer = (await boss.post(f"/api/v1/people/{made['person']['id']}/invitation")).json()

    async def is_good(code: str) -> bool:
        try:
            await invitations.look(code, address="192.0.2.9")
        except BrightKitchenError as error:
            assert error.code == "invitation.unknown"
            return False
        return True

    assert [await is_good(made["code"]), await is_good(newer["code"])] == [False, True]
    crowd.control.clock.jump(7 * 86_400)
    assert not await is_good(newer["code"])
    boss = await crowd.sign_in("boss")
    newest = (await boss.post(f"/api/v1/people/{made['person']['id']}/invitation")).json()
    assert await is_good(newest["code"])
    await boss.post(f"/api/v1/people/{made['person']['id']}/disable")
    assert not await is_good(newest["code"])


async def test_codes_and_tokens_are_not_in_the_database(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    body = {"username": "li", "name": "李静", "grants": [{"role": "COUNTY_OFFICER", "region": EAST}]}
    code = (await boss.post("/api/v1/people", json=body)).json()["code"]
    until = format_utc(Utc(crowd.control.clock.utc() + DAY_US))
    bearer = (await boss.post("/api/v1/tokens", json={"name": "报表", "expires_at": until})).json()["bearer"]
    assert len(code) == 22
    assert bearer.startswith("bkt_")
    async with crowd.control.database.read() as connection:
        stored = [
            str(row)
            for table in ("invitations", "api_tokens")
            for row in await connection.execute(sa.text(f"SELECT * FROM {table}"))
        ]
    assert len(stored) == 2
    assert not any(code in row or bearer[20:] in row for row in stored)
