"""S10, attack A5: failed log-ins close a pair, a crowd slows down strangers, and nobody is shut out of a browser they use."""

import statistics
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

import httpx
import pytest
from pwdlib import PasswordHash
from tests.contract.conftest import (
    PASSWORD,
    UNSAFE,
    USERNAME,
    Control,
    DatabaseAddress,
    build_control,
    keep_cookies,
    log_in,
)

from brightkitchen.domain.users.attempts import MAX_ROWS, login_failures
from brightkitchen.domain.users.model import AuthRules
from brightkitchen.domain.users.passwords import PasswordPool

WRONG = "not the password"


async def _try(client: httpx.AsyncClient, password: str = WRONG, username: str = USERNAME) -> httpx.Response:
    body = {"username": username, "password": password}
    return await client.post("/api/v1/session", json=body, headers=UNSAFE)


async def _crowd(control: Control, failures: int, username: str = USERNAME) -> None:
    """Fail from many networks, four times each, so that no pair is closed."""
    for number in range(failures):
        async with control.client(address=f"203.0.{number // 4}.9") as client:
            await _try(client, username=username)


@pytest.fixture
async def officers_browser(control: Control) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the officer logged in fully yesterday."""
    async with control.client(address="198.51.100.9") as client:
        await log_in(client)
        await client.delete("/api/v1/session")
        client.headers["cookie"] = "; ".join(
            each for each in client.headers["cookie"].split("; ") if each.startswith("__Host-bk_device=")
        )
        control.clock.jump(86_400)
        yield client


async def test_rival_in_the_same_network_does_not_shut_out_a_known_browser(
    control: Control, officers_browser: httpx.AsyncClient
) -> None:
    async with control.client(address="198.51.100.77") as rival:
        codes = [(await _try(rival)).json()["code"] for _ in range(6)]
        assert codes == ["auth.wrong"] * 4 + ["auth.locked"] * 2
        assert (await _try(rival, PASSWORD)).status_code == 429
    assert (await _try(officers_browser, PASSWORD)).status_code == 200


async def test_fifty_failures_from_everywhere_make_strangers_wait_but_not_known_browsers(
    control: Control, officers_browser: httpx.AsyncClient
) -> None:
    await _crowd(control, 50)
    async with control.client(address="192.0.2.200") as stranger:
        refused = await _try(stranger, PASSWORD)
        assert (refused.status_code, refused.json()["code"]) == (429, "auth.crowded")
        assert refused.json()["params"] == {"minutes": 60, "retry_after_s": 3600}
        assert (await _try(officers_browser, PASSWORD)).status_code == 200
        control.clock.jump(3600)
        assert (await _try(stranger, PASSWORD)).status_code == 200


async def test_forty_nine_failures_are_no_crowd(control: Control) -> None:
    await _crowd(control, 49)
    async with control.client(address="192.0.2.200") as stranger:
        assert (await _try(stranger, PASSWORD)).status_code == 200


async def test_crowd_on_one_account_leaves_the_others_alone(control: Control, anonymous: httpx.AsyncClient) -> None:
    await _crowd(control, 50, username="nobody")
    assert (await _try(anonymous, PASSWORD)).status_code == 200
    assert (await _try(anonymous, PASSWORD, "nobody")).json()["code"] == "auth.crowded"  # as if it existed


async def test_forged_or_foreign_device_cookie_is_a_strangers(control: Control, anonymous: httpx.AsyncClient) -> None:
    from brightkitchen.domain.authz.model import LOCAL, Grant, Role

    await control.services.users.create_user(LOCAL, "rival", grants=(Grant(Role.OWNER),), password=PASSWORD)
    await log_in(anonymous, "rival")
    device = next(each for each in anonymous.headers["cookie"].split("; ") if each.startswith("__Host-bk_device="))
    await _crowd(control, 50)
    for cookie in (device, "__Host-bk_device=" + "a" * 43, "__Host-bk_device="):
        async with control.client(address="192.0.2.201") as client:
            client.headers["cookie"] = cookie
            assert (await _try(client, PASSWORD)).json()["code"] == "auth.crowded"


async def test_known_browser_in_wrong_hands_is_closed_after_five_itself(
    control: Control, officers_browser: httpx.AsyncClient
) -> None:
    codes = [(await _try(officers_browser)).json()["code"] for _ in range(6)]
    assert codes == ["auth.wrong"] * 4 + ["auth.locked"] * 2
    async with control.client(address="198.51.100.9") as stranger:
        assert (await _try(stranger, PASSWORD)).status_code == 200


async def test_planted_device_cookie_is_replaced_at_the_log_in(control: Control) -> None:
    planted = "__Host-bk_device=" + "e" * 43
    async with control.client() as victim:
        victim.headers["cookie"] = planted
        keep_cookies(victim, await _try(victim, PASSWORD))
        assert planted not in victim.headers["cookie"]
        assert "__Host-bk_device=" in victim.headers["cookie"]


async def test_browser_is_forgotten_after_a_year(control: Control, officers_browser: httpx.AsyncClient) -> None:
    control.clock.jump(365 * 86_400)
    await control.services.users.forget_old_sessions()
    await _crowd(control, 50)
    assert (await _try(officers_browser, PASSWORD)).json()["code"] == "auth.crowded"


async def test_lock_and_crowd_outlast_a_restart(tmp_path: Path, migrated_database: DatabaseAddress) -> None:
    async with build_control(tmp_path, migrated_database, AuthRules(second_factor=False)) as before:
        async with before.client() as rival:
            for _ in range(5):
                await _try(rival)
        await _crowd(before, 45)
    async with AsyncExitStack() as stack:
        after = await stack.enter_async_context(
            build_control(tmp_path, migrated_database, AuthRules(second_factor=False))
        )
        rival = await stack.enter_async_context(after.client())
        stranger = await stack.enter_async_context(after.client(address="192.0.3.1"))
        assert (await _try(rival, PASSWORD)).json()["code"] == "auth.locked"
        assert (await _try(stranger, PASSWORD)).json()["code"] == "auth.crowded"


async def test_table_of_failures_is_bounded_and_names_nobody(control: Control, anonymous: httpx.AsyncClient) -> None:
    await _try(anonymous, username="my-password-typed-here")
    now = control.clock.utc()
    rows = [
        {
            "name_hmac": f"{number:064x}",
            "failures": 1,
            "locks": 0,
            "locked_until_at": 0,
            "started_at": now - 50_000 + number,
            "seen_at": now - 50_000 + number,
        }
        for number in range(MAX_ROWS + 500)
    ]
    async with control.database.write() as connection:
        await connection.execute(login_failures.insert(), rows)
    await control.services.users.forget_old_sessions()
    async with control.database.read() as connection:
        kept = (await connection.execute(login_failures.select())).all()
    assert len(kept) == MAX_ROWS
    assert "typed" not in repr(kept)
    control.clock.jump(86_400 + 1)
    await control.services.users.forget_old_sessions()
    async with control.database.read() as connection:
        assert (await connection.execute(login_failures.select())).all() == []


async def test_unknown_account_costs_the_same_work(control: Control) -> None:
    """With argon2 as installed: the medians of both lie within each other's reach, or names could be found out."""
    pool = PasswordPool(PasswordHash.recommended())
    hashed = await pool.hash(PASSWORD)
    taken: dict[str | None, list[float]] = {hashed: [], None: []}
    for stored in [hashed, None] * 4:
        started = perf_counter()
        assert not await pool.is_correct(WRONG, stored)
        taken[stored].append(perf_counter() - started)
    pool.close()
    known, unknown = (statistics.median(taken[each]) for each in (hashed, None))
    assert 0.4 < known / unknown < 2.5
