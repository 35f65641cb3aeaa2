"""S11: officers and administrators need a second factor; a code opens once; the first log-in can only set one up."""

import string
from pathlib import Path

import httpx
import pytest
from tests.contract.conftest import (
    PASSWORD,
    UNSAFE,
    USERNAME,
    Control,
    DatabaseAddress,
    build_control,
    enrol_totp,
    keep_cookies,
    log_in,
)
from tests.contract.test_permission_matrix import ENTRIES, call_route

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.authz.roles import ROLES, Group
from brightkitchen.domain.users.model import AuthRules
from brightkitchen.domain.users.store import factors, sessions
from brightkitchen.domain.users.totp import code_at
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import PremisesId
from brightkitchen.kernel.units import Utc

CREDENTIALS = {"username": USERNAME, "password": PASSWORD}
STAFF = {Group.REGULATOR, Group.ADMINISTRATOR}


async def _password(client: httpx.AsyncClient, username: str = USERNAME) -> httpx.Response:
    client.headers.update(UNSAFE)
    answer = await client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    keep_cookies(client, answer)
    return answer


async def _factor(client: httpx.AsyncClient, ticket: str, **proof: object) -> httpx.Response:
    answer = await client.post("/api/v1/session/factor", json={"ticket": ticket, **proof})
    keep_cookies(client, answer)
    return answer


@pytest.fixture
async def enrolled(strict_control: Control) -> tuple[str, list[str]]:
    """The administrator has set up one-time codes. returns: the secret and the recovery codes."""
    async with strict_control.client(address="203.0.113.1") as first:
        await log_in(first)
        made = await enrol_totp(first, strict_control.clock)
    strict_control.clock.jump(30)
    return made


@pytest.mark.parametrize("role", [role for role in Role if ROLES[role].group not in (Group.MACHINE, Group.PUBLIC)])
async def test_who_needs_a_second_factor_by_role(strict_control: Control, role: Role) -> None:
    scope = Scope(premises=PremisesId("prm_0000000000000001")) if ROLES[role].group is Group.SITE else Scope()
    await strict_control.services.users.create_user(LOCAL, "person", grants=(Grant(role, scope),), password=PASSWORD)
    async with strict_control.client() as client:
        answer = await _password(client, "person")
    assert answer.json()["pending"] == (["enrol_factor"] if ROLES[role].group in STAFF else [])


async def test_first_log_in_can_only_set_up_a_factor(strict_control: Control) -> None:
    async with strict_control.client() as client:
        answer = await _password(client)
        assert (answer.json()["pending"], answer.json()["abilities"]) == (["enrol_factor"], [])
        assert "__Host-bk_device" not in answer.headers.get("set-cookie", "")
        refused = [
            await client.get("/api/v1/cameras"),
            await client.post("/api/v1/cameras", json={"name": "x", "url": "rtsp://10.1.2.4/a"}),
            await client.get("/api/v1/account/sessions"),
            await client.post("/api/v1/account/recovery-codes"),
        ]
        assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "auth.unfinished")] * 4
        assert (await client.get("/api/openapi.json")).status_code == 401
        before = client.headers["cookie"]
        key, codes = await enrol_totp(client, strict_control.clock)
        assert client.headers["cookie"] != before  # a new token, and the browser is known from now on
        assert (await client.get("/api/v1/session")).json()["pending"] == []
        assert (await client.get("/api/v1/cameras")).status_code == 200
    assert (len(key), len(set(codes))) == (32, 10)


async def test_session_that_waits_for_a_factor_serves_nothing_else(strict_control: Control) -> None:
    """L2, over every route: a log-in counts as a fresh proof, so this must be asked before the proof is."""
    own = {path for _, path in ENTRIES if path.startswith(("/api/v1/session", "/api/v1/account/totp"))}
    own |= {"/api/v1/account", "/api/v1/account/password", "/api/v1/account/passkeys"}
    own |= {"/api/v1/account/passkeys/options"}
    names = {name for _, path in ENTRIES for _, name, _, _ in string.Formatter().parse(path) if name}
    things = dict.fromkeys(names - {"event", "level", "subject"}, "x")
    async with strict_control.client() as client:
        await _password(client)
        found = {
            route: (await call_route(client, *route, entry, things)).status_code
            for route, entry in ENTRIES.items()
            if entry.action is not None and route[1] not in own
        }
    assert len(found) > 80
    assert {route: status for route, status in found.items() if status != 403} == {("GET", "/api/openapi.json"): 401}


async def test_password_then_code_opens_a_session(strict_control: Control, enrolled: tuple[str, list[str]]) -> None:
    async with strict_control.client() as client:
        step = await _password(client)
        assert (step.json()["step"], step.json()["methods"]) == ("second_factor", ["totp", "recovery"])
        assert "__Host-bk_session" not in step.headers["set-cookie"]
        assert (await client.get("/api/v1/session")).status_code == 401
        opened = await _factor(client, step.json()["ticket"], totp=code_at(enrolled[0], strict_control.clock.utc()))
        assert opened.status_code == 200, opened.text
        assert (await client.get("/api/v1/cameras")).status_code == 200
    async with strict_control.database.read() as connection:
        kinds = list((await connection.execute(sessions.select().order_by(sessions.c.created_at))).mappings())
    assert [each["factor"] for each in kinds] == ["totp", "totp"]


async def test_code_opens_once_even_within_its_30_seconds(
    strict_control: Control, enrolled: tuple[str, list[str]]
) -> None:
    code = code_at(enrolled[0], strict_control.clock.utc())
    async with strict_control.client() as one, strict_control.client() as two:
        first = await _factor(one, (await _password(one)).json()["ticket"], totp=code)
        second = await _factor(two, (await _password(two)).json()["ticket"], totp=code)
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 401, "auth.code_wrong")


@pytest.mark.parametrize(("offset_s", "status"), [(-60, 401), (-30, 200), (0, 200), (30, 200), (60, 401)])
async def test_code_of_one_step_before_or_after_is_taken(
    strict_control: Control, enrolled: tuple[str, list[str]], offset_s: int, status: int
) -> None:
    strict_control.clock.jump(120)
    at = Utc(strict_control.clock.utc() + offset_s * 1_000_000)
    async with strict_control.client() as client:
        step = await _password(client)
        answer = await _factor(client, step.json()["ticket"], totp=code_at(enrolled[0], at))
    assert answer.status_code == status


async def test_code_older_than_the_last_used_is_refused(
    strict_control: Control, enrolled: tuple[str, list[str]]
) -> None:
    strict_control.clock.jump(60)
    now = strict_control.clock.utc()
    async with strict_control.client() as client:
        await _factor(client, (await _password(client)).json()["ticket"], totp=code_at(enrolled[0], now))
        earlier = code_at(enrolled[0], Utc(now - 30_000_000))
        answer = await _factor(client, (await _password(client)).json()["ticket"], totp=earlier)
    assert answer.json()["code"] == "auth.code_wrong"


async def test_five_wrong_codes_close_the_pair_so_that_guessing_is_no_faster(
    strict_control: Control, enrolled: tuple[str, list[str]]
) -> None:
    async with strict_control.client() as thief, strict_control.client(address="198.51.100.9") as officer:
        ticket = (await _password(thief)).json()["ticket"]
        right = code_at(enrolled[0], strict_control.clock.utc())
        wrong = "000000" if right != "000000" else "000001"
        codes = [(await _factor(thief, ticket, totp=wrong)).json()["code"] for _ in range(5)]
        assert codes == ["auth.code_wrong"] * 4 + ["auth.locked"]
        assert (await _factor(thief, ticket, totp=right)).json()["code"] == "auth.ticket_over"
        again = await thief.post("/api/v1/session", json=CREDENTIALS)
        assert again.json()["code"] == "auth.locked"
        await log_in(officer, totp=(enrolled[0], strict_control.clock))


async def test_right_password_between_wrong_codes_does_not_start_the_count_again(
    strict_control: Control, enrolled: tuple[str, list[str]]
) -> None:
    left = []
    async with strict_control.client() as thief:
        for _ in range(3):
            ticket = (await _password(thief)).json()["ticket"]
            left.append((await _factor(thief, ticket, totp="abc")).json()["params"]["left"])
    assert left == [4, 3, 2]


async def test_ticket_opens_one_session_in_its_own_browser_within_five_minutes(
    strict_control: Control, enrolled: tuple[str, list[str]]
) -> None:
    key, clock = enrolled[0], strict_control.clock
    async with strict_control.client() as client, strict_control.client() as other:
        ticket = (await _password(client)).json()["ticket"]
        await _password(other)  # has a cookie of its own
        stolen = await _factor(other, ticket, totp=code_at(key, clock.utc()))
        assert (stolen.status_code, stolen.json()["code"]) == (401, "auth.ticket_over")
        assert (await _factor(client, ticket, totp=code_at(key, clock.utc()))).status_code == 200
        clock.jump(30)
        assert (await _factor(client, ticket, totp=code_at(key, clock.utc()))).json()["code"] == "auth.ticket_over"
        late = (await _password(client)).json()["ticket"]
        clock.jump(300)
        assert (await _factor(client, late, totp=code_at(key, clock.utc()))).json()["code"] == "auth.ticket_over"


async def test_recovery_code_stands_in_once(strict_control: Control, enrolled: tuple[str, list[str]]) -> None:
    code = enrolled[1][3]
    async with strict_control.client() as client:
        typed = code.upper().replace("-", " ")
        assert (await _factor(client, (await _password(client)).json()["ticket"], recovery=typed)).status_code == 200
        assert (await client.get("/api/v1/account")).json()["recovery_codes_left"] == 9
        again = await _factor(client, (await _password(client)).json()["ticket"], recovery=code)
    assert again.json()["code"] == "auth.code_wrong"


async def test_new_recovery_codes_replace_the_old_ones(
    strict_control: Control, enrolled: tuple[str, list[str]]
) -> None:
    async with strict_control.client() as client:
        await log_in(client, totp=(enrolled[0], strict_control.clock))
        fresh = (await client.post("/api/v1/account/recovery-codes")).json()["recovery_codes"]
        old = await _factor(client, (await _password(client)).json()["ticket"], recovery=enrolled[1][0])
        new = await _factor(client, (await _password(client)).json()["ticket"], recovery=fresh[0])
    assert set(fresh) & set(enrolled[1]) == set()
    assert (old.status_code, new.status_code) == (401, 200)


async def test_last_factor_of_an_officer_stays(strict_control: Control, enrolled: tuple[str, list[str]]) -> None:
    async with strict_control.client() as client:
        await log_in(client, totp=(enrolled[0], strict_control.clock))
        mine = (await client.get("/api/v1/account")).json()["factors"][0]["id"]
        kept = await client.delete(f"/api/v1/account/factors/{mine}")
        assert (kept.status_code, kept.json()["code"]) == (409, "account.last_factor")
        strict_control.clock.jump(30)
        await enrol_totp(client, strict_control.clock)
        assert (await client.delete(f"/api/v1/account/factors/{mine}")).status_code == 204


async def test_secret_and_codes_are_not_readable_in_the_database(
    strict_control: Control, enrolled: tuple[str, list[str]]
) -> None:
    async with strict_control.database.read() as connection:
        raw = [
            repr(tuple(row))
            for table in ("factors", "recovery_codes", "sessions", "known_devices", "login_failures", "settings")
            for row in await connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    secrets = [enrolled[0], *enrolled[1], *(code.replace("-", "") for code in enrolled[1])]
    assert len(raw) > 12
    assert [secret for secret in secrets if any(secret in row for row in raw)] == []


async def test_secret_moved_to_another_row_does_not_open(
    strict_control: Control, enrolled: tuple[str, list[str]]
) -> None:
    users = strict_control.services.users
    made = await users.create_user(LOCAL, "rival", grants=(Grant(Role.CITY_OFFICER),), password=PASSWORD)
    async with strict_control.database.write() as connection:
        row = (await connection.execute(factors.select())).one()
        stolen = {**row._mapping, "id": "fac_0000000000000009", "user_id": made.user.id}
        await connection.execute(factors.insert().values(**stolen))
    async with strict_control.client() as rival:
        ticket = (await _password(rival, "rival")).json()["ticket"]
        answer = await _factor(rival, ticket, totp=code_at(enrolled[0], strict_control.clock.utc()))
    assert (answer.status_code, answer.json()["code"]) == (500, "secrets.seal_broken")


async def test_demo_lets_officers_in_by_password_and_says_so(control: Control, anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/api/v1/system")).json()["second_factor"] is False
    assert (await _password(anonymous)).json()["pending"] == []


async def test_session_of_the_demo_asks_for_a_factor_once_it_is_required(
    tmp_path: Path, migrated_database: DatabaseAddress
) -> None:
    async with (
        build_control(tmp_path, migrated_database, AuthRules(second_factor=False)) as demo,
        demo.client() as client,
    ):
        await log_in(client)
        cookie = client.headers["cookie"]
    async with build_control(tmp_path, migrated_database, AuthRules()) as strict, strict.client() as client:
        client.headers["cookie"] = cookie
        assert (await client.get("/api/v1/session")).json()["pending"] == ["enrol_factor"]
        assert (await client.get("/api/v1/cameras")).status_code == 403


async def test_role_that_needs_a_factor_ends_a_session_that_was_opened_without(strict_control: Control) -> None:
    from brightkitchen.domain.users import store

    users = strict_control.services.users
    made = await users.create_user(LOCAL, "person", grants=(Grant(Role.OPERATOR_PM),), password=PASSWORD)
    async with strict_control.client() as client, strict_control.client() as other:
        await log_in(client, "person")
        await log_in(other, "person")
        await enrol_totp(other, strict_control.clock)
        assert (await client.get("/api/v1/session")).status_code == 401  # codes were set up: in again, with one
        async with strict_control.database.write() as connection:
            grant = Grant(Role.AUDITOR)
            await store.save_new_grant(
                connection, "grt_0000000000000009", made.user.id, grant, strict_control.clock.utc()
            )
        assert (await other.get("/api/v1/session")).status_code == 200


def test_demo_off_is_refused_outside_the_demo() -> None:
    from brightkitchen.kernel.config import load_config

    with pytest.raises(BrightKitchenError) as refused:
        load_config(None, {}, {"auth.second_factor": "demo-off"})
    assert refused.value.code == "config.demo_off"
    demo = load_config(None, {}, {"auth.second_factor": "demo-off", "demo.enabled": True})
    assert demo.auth.second_factor == "demo-off"
