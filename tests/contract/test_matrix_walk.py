"""T01, S01: role × route with leakable data in place. Whatever lies outside a person's reach answers as if it did not exist.

Every route of the OpenAPI document that names a thing in its path is called twice by everybody whose reach is another county or
another premises: with the thing that is there, and with an id that was never given. Both answers must be the same, nothing may
have changed, and no list may hold a word of it.
"""

from contextlib import aclosing

import httpx
import pytest
from tests.contract.conftest import Control
from tests.contract.people import join
from tests.contract.test_permission_matrix import ENTRIES, NAME, PHONE, Entry, call_route, make_things

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.kernel.ids import PremisesId

ELSEWHERE = {
    Role.COUNTY_ADMIN: Scope("210381"),
    Role.COUNTY_OFFICER: Scope("210381"),
    Role.STATION_OFFICER: Scope("210302008"),
    Role.GRID_ASSISTANT: Scope("210302008"),
    Role.EDU_OFFICER: Scope("210381"),
    Role.OPERATOR_PM: Scope("210381"),
    Role.OPERATOR_INSTALLER: Scope("210381"),
    Role.OPERATOR_NOC: Scope("210381"),
    Role.OWNER: Scope(premises=PremisesId("prm_0000000000000001")),
    Role.FS_DIRECTOR: Scope(premises=PremisesId("prm_0000000000000001")),
    Role.FS_OFFICER: Scope(premises=PremisesId("prm_0000000000000001")),
    Role.PARENT: Scope(premises=PremisesId("prm_0000000000000001")),
    Role.SYS_ADMIN: Scope(),
}
"""Everybody with a reach, and the administrator who must see nothing of premises; the city, SEC_ADMIN and AUDITOR reach everything."""
OWN = {"{session_id}", "{factor_id}", "{own_identity_id}"}
"""Things of the caller alone: another's are tested with the account."""
LEAKS = (NAME, "10.1.2.3", PHONE, "138****0071", "E43902217")


def _names_a_thing(path: str) -> bool:
    return "{" in path and not any(own in path for own in OWN)


NEVER_GIVEN = {
    "camera_id": "cam_0000000000000000",
    "premises_id": "prm_0000000000000000",
    "person_id": "pps_0000000000000000",
    "device_id": "dev_0000000000000000",
    "ticket_id": "flt_0000000000000000",
    "suspension_id": "sus_0000000000000000",
    "user_id": "usr_0000000000000000",
    "grant_id": "grt_0000000000000000",
    "import_id": "imp_0000000000000000",
    "hold_id": "hld_0000000000000000",
    "identity_id": "idn_0000000000000000",
    "wall_id": "wal_0000000000000000",
    "mark_id": "mrk_0000000000000000",
    "favourite_id": "cam_0000000000000000",
}


async def _answer(
    client: httpx.AsyncClient, route: tuple[str, str], entry: Entry, things: dict[str, str]
) -> tuple[object, ...]:
    answer = await call_route(client, *route, entry, things)
    assert not any(word in answer.text for word in LEAKS), (route, answer.text)
    body = answer.json() if answer.headers.get("content-type", "").endswith("json") else answer.content
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "instance"}
    headers = {
        key: value
        for key, value in answer.headers.items()
        if key not in ("date", "content-length", "content-security-policy")
    }
    return answer.status_code, body, headers


@pytest.mark.parametrize("role", list(ELSEWHERE), ids=lambda role: role.value)
async def test_what_lies_outside_the_reach_answers_as_if_it_were_not_there(
    control: Control, admin: httpx.AsyncClient, role: Role
) -> None:
    things = await make_things(control, admin)
    routes = [route for route in ENTRIES if _names_a_thing(route[1])]
    async with aclosing(await join(control, "elsewhere", Grant(role, ELSEWHERE[role]))) as person:
        for route in routes:
            there = await _answer(person, route, ENTRIES[route], things)
            never = await _answer(person, route, ENTRIES[route], things | NEVER_GIVEN)
            assert there == never, route
            assert there[0] in (403, 404, 409, 412, 422), (route, there)
        wish = {"items": [{"camera": things["camera_id"], "act": "live", "profile": "main"}]}
        assert (await person.post("/api/v1/media/tokens", json=wish)).status_code == 404
        for method, path in ENTRIES:
            if method == "GET" and "{" not in path:
                answer = await person.get(path)
                assert not any(word in answer.text for word in LEAKS), (path, answer.text)
    for thing in (f"cameras/{things['camera_id']}", f"premises/{things['premises_id']}"):
        assert (await admin.get(f"/api/v1/{thing}")).json()["etag"] == '"1"'
    print(f"{role.value}: {len(routes)} routes that name a thing, {len(ENTRIES)} in all")
    assert len(routes) >= 54


async def test_walk_would_notice_a_reach_that_is_too_wide(control: Control, admin: httpx.AsyncClient) -> None:
    things = await make_things(control, admin)
    seen = 0
    async with aclosing(await join(control, "inside", Grant(Role.COUNTY_OFFICER, Scope("210302")))) as person:
        for route in ENTRIES:
            if route[0] == "GET" and _names_a_thing(route[1]):
                there = await call_route(person, *route, ENTRIES[route], things)
                never = await call_route(person, *route, ENTRIES[route], things | NEVER_GIVEN)
                seen += there.status_code != never.status_code
    assert seen >= 3
