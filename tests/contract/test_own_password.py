"""S09 by the API: changing one's own password, one that somebody else saw, and what dengbao3 adds."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
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

from brightkitchen.domain.authz.model import LOCAL, Grant, Role
from brightkitchen.domain.users.model import AuthRules, Profile

NEW = "a-quiet-kettle-sings"
FIRST = "Steamed-buns-at-7"
STRONG = [f"Quiet-kettle-{number}-sings" for number in range(7)]
DAY_S = 86_400


async def _change(client: httpx.AsyncClient, old: str, new: str) -> httpx.Response:
    answer = await client.post("/api/v1/account/password", json={"old": old, "new": new})
    keep_cookies(client, answer)
    return answer


async def _try(control: Control, password: str) -> int:
    async with control.client(address="198.51.100.1") as client:
        body = {"username": USERNAME, "password": password}
        return (await client.post("/api/v1/session", json=body, headers=UNSAFE)).status_code


async def test_changed_password_ends_other_sessions_and_makes_other_browsers_strangers(
    control: Control, admin: httpx.AsyncClient
) -> None:
    async with control.client(address="198.51.100.2") as other:
        await log_in(other)
        before = admin.headers["cookie"]
        assert (await _change(admin, PASSWORD, NEW)).status_code == 200
        assert admin.headers["cookie"] != before
        assert [(await each.get("/api/v1/session")).status_code for each in (admin, other)] == [200, 401]
        for _ in range(5):
            await other.post("/api/v1/session", json={"username": USERNAME, "password": "x"})
        async with control.client(address="198.51.100.3") as neighbour:  # in the network of the other browser
            body = {"username": USERNAME, "password": NEW}
            assert (await neighbour.post("/api/v1/session", json=body, headers=UNSAFE)).status_code == 429
    assert [await _try_elsewhere(control, each) for each in (PASSWORD, NEW)] == [401, 200]


async def _try_elsewhere(control: Control, password: str) -> int:
    async with control.client(address="203.0.113.77") as client:
        body = {"username": USERNAME, "password": password}
        return (await client.post("/api/v1/session", json=body, headers=UNSAFE)).status_code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("wrong old one", NEW, "account.proof_wrong"),
        (PASSWORD, "short", "user.password_short"),
        (PASSWORD, "password1234", "user.password_common"),
        (PASSWORD, "the-admin-of-the-city", "user.password_has_name"),
        (PASSWORD, PASSWORD, "user.password_reused"),
    ],
)
async def test_unfit_change_is_refused_and_changes_nothing(
    control: Control, admin: httpx.AsyncClient, old: str, new: str, code: str
) -> None:
    answer = await _change(admin, old, new)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await _try(control, PASSWORD) == 200


async def test_guessing_the_old_password_in_an_open_session_is_locked(admin: httpx.AsyncClient) -> None:
    codes = [(await _change(admin, "guess", NEW)).json()["code"] for _ in range(5)]
    assert codes == ["account.proof_wrong"] * 4 + ["auth.locked"]
    assert (await _change(admin, PASSWORD, NEW)).json()["code"] == "auth.locked"


async def test_password_that_somebody_else_saw_has_to_be_changed_first(
    control: Control, anonymous: httpx.AsyncClient
) -> None:
    made = await control.services.users.create_user(LOCAL, "person", grants=(Grant(Role.OPERATOR_PM),))
    await log_in(anonymous, "person", made.password)
    session = (await anonymous.get("/api/v1/session")).json()
    assert (session["pending"], session["abilities"]) == (["change_password"], [])
    assert (await anonymous.get("/api/v1/cameras")).json()["code"] == "auth.unfinished"
    changed = await _change(anonymous, made.password, NEW)
    assert changed.json()["pending"] == []
    assert (await anonymous.get("/api/v1/account/sessions")).status_code == 200


async def test_both_are_asked_for_in_turn_when_both_are_missing(strict_control: Control) -> None:
    made = await strict_control.services.users.create_user(LOCAL, "person", grants=(Grant(Role.CITY_OFFICER),))
    async with strict_control.client() as client:
        await log_in(client, "person", made.password)
        assert (await client.get("/api/v1/session")).json()["pending"] == ["change_password", "enrol_factor"]
        assert (await _change(client, made.password, NEW)).json()["pending"] == ["enrol_factor"]
        assert (await client.post("/api/v1/account/totp")).status_code == 200


async def test_reset_password_is_temporary_and_old_browsers_are_strangers(
    control: Control, admin: httpx.AsyncClient
) -> None:
    reset = await control.services.users.reset_password(LOCAL, USERNAME)
    assert (await admin.get("/api/v1/session")).status_code == 401
    await log_in(admin, USERNAME, reset.password)
    assert (await admin.get("/api/v1/session")).json()["pending"] == ["change_password"]


@pytest.fixture
async def dengbao(
    tmp_path: Path, migrated_database: DatabaseAddress
) -> AsyncIterator[tuple[Control, httpx.AsyncClient]]:
    """An installation with the profile dengbao3, and its administrator's browser."""
    rules = AuthRules(Profile.DENGBAO3, second_factor=False)
    async with build_control(tmp_path, migrated_database, rules, password=FIRST) as control, control.client() as client:
        await log_in(client, USERNAME, FIRST)
        yield control, client


async def test_dengbao3_wants_three_classes_and_none_of_the_last_five(
    dengbao: tuple[Control, httpx.AsyncClient],
) -> None:
    control, client = dengbao
    assert (await _change(client, FIRST, NEW)).json()["code"] == "user.password_classes"
    assert (await client.get("/api/v1/account")).json()["password_needs_classes"] is True
    old = FIRST
    for new in STRONG[:5]:
        assert (await _change(client, old, new)).status_code == 200
        control.clock.jump(60)
        old = new
    reused = [(await _change(client, old, each)).json().get("code") for each in STRONG[:5]]
    assert reused == ["user.password_reused"] * 5
    assert (await _change(client, old, STRONG[5])).status_code == 200
    control.clock.jump(60)
    assert (await _change(client, STRONG[5], STRONG[0])).status_code == 200  # five others came in between


async def test_dengbao3_password_is_changed_after_90_days(dengbao: tuple[Control, httpx.AsyncClient]) -> None:
    control, client = dengbao
    control.clock.jump(90 * DAY_S - 60)
    await log_in(client, USERNAME, FIRST)
    assert (await client.get("/api/v1/session")).json()["pending"] == []
    control.clock.jump(60)
    assert (await client.get("/api/v1/cameras")).json()["code"] == "auth.unfinished"
    assert (await _change(client, FIRST, STRONG[0])).json()["pending"] == []
    assert (await client.get("/api/v1/cameras")).status_code == 200


async def test_asvs_password_never_gets_too_old(control: Control, admin: httpx.AsyncClient) -> None:
    control.clock.jump(1000 * DAY_S)
    await log_in(admin)
    assert (await admin.get("/api/v1/session")).json()["pending"] == []
    assert (await admin.get("/api/v1/account")).json()["password_expires_at"] is None


async def test_every_change_of_ones_own_log_in_is_in_the_audit_without_a_secret(
    control: Control, admin: httpx.AsyncClient
) -> None:
    key, codes = await enrol_totp(admin, control.clock)
    await _change(admin, PASSWORD, NEW)
    await admin.post("/api/v1/account/recovery-codes")
    await admin.post("/api/v1/session/step-up", json={"password": "guess"})
    async with control.database.read() as connection:
        rows = [
            repr(tuple(row))
            for table in ("audit_rows", "audit_texts")
            for row in await connection.execute(sa.text(f"SELECT * FROM {table}"))
        ]
    text = "\n".join(rows)
    for said in ("factor_added", "recovery_codes", '"password":"changed"', "account.proof_wrong"):
        assert said in text, said
    assert [secret for secret in (key, *codes, PASSWORD, NEW, "guess") if secret in text] == []
