"""S12: passkeys with user verification, and a fresh proof for what is sensitive."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.contract.conftest import ORIGIN, PASSWORD, UNSAFE, USERNAME, Control, enrol_totp, keep_cookies, log_in
from tests.contract.soft_passkey import PRESENT, SoftPasskey

from brightkitchen.domain.users.totp import code_at

SITE = "http://localhost:8080"


@pytest.fixture
async def strict_browser(strict_control: Control) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that opened the page as localhost, where passkeys are possible; the password was given."""
    async with _browser(strict_control) as client:
        await _log_in(client)
        yield client


def _browser(control: Control, address: str = "192.0.2.7") -> httpx.AsyncClient:
    client = control.client(address=address)
    client.base_url = httpx.URL(SITE)
    client.headers.update({"X-BK": "1", "Origin": SITE})
    return client


async def _log_in(client: httpx.AsyncClient) -> dict[str, object]:
    answer = await client.post("/api/v1/session", json={"username": USERNAME, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    keep_cookies(client, answer)
    body: dict[str, object] = answer.json()
    return body


async def _add_passkey(client: httpx.AsyncClient, passkey: SoftPasskey) -> httpx.Response:
    setup = await client.post("/api/v1/account/passkeys/options")
    assert setup.status_code == 200, setup.text
    answer = await client.post(
        "/api/v1/account/passkeys",
        json={
            "ticket": setup.json()["ticket"],
            "name": "办公电脑",
            "credential": passkey.create(setup.json()["options"]),
        },
    )
    keep_cookies(client, answer)
    return answer


async def _begin(client: httpx.AsyncClient) -> dict[str, object]:
    answer = await client.post("/api/v1/session/passkey")
    assert answer.status_code == 200, answer.text
    keep_cookies(client, answer)
    body: dict[str, object] = answer.json()
    return body


async def _finish(client: httpx.AsyncClient, step: dict[str, object], passkey: SoftPasskey) -> httpx.Response:
    options = step["passkey_options"]
    assert isinstance(options, dict)
    answer = await client.post(
        "/api/v1/session/factor", json={"ticket": step["ticket"], "passkey": passkey.get(options)}
    )
    keep_cookies(client, answer)
    return answer


async def test_first_factor_may_be_a_passkey_and_then_it_alone_logs_in(
    strict_control: Control, strict_browser: httpx.AsyncClient
) -> None:
    passkey = SoftPasskey(SITE)
    added = await _add_passkey(strict_browser, passkey)
    assert added.status_code == 200, added.text
    assert (added.json()["session"]["pending"], len(added.json()["recovery_codes"])) == ([], 10)
    async with _browser(strict_control) as later:
        opened = await _finish(later, await _begin(later), passkey)
        assert opened.status_code == 200, opened.text
        assert opened.json()["user"]["username"] == USERNAME
        assert (await later.get("/api/v1/cameras")).status_code == 200
        factors = (await later.get("/api/v1/account")).json()["factors"]
        assert [(each["kind"], each["name"], each["last_used_at"] is not None) for each in factors] == [
            ("passkey", "办公电脑", True)
        ]


async def test_passkey_as_second_step_after_the_password(
    strict_control: Control, strict_browser: httpx.AsyncClient
) -> None:
    passkey = SoftPasskey(SITE)
    await _add_passkey(strict_browser, passkey)
    async with _browser(strict_control) as later:
        step = await _log_in(later)
        assert step["methods"] == ["passkey", "recovery"]
        assert (await _finish(later, step, passkey)).status_code == 200


async def test_passkey_without_user_verification_is_refused(
    strict_control: Control, strict_browser: httpx.AsyncClient
) -> None:
    refused = await _add_passkey(strict_browser, SoftPasskey(SITE, flags=PRESENT))
    assert (refused.status_code, refused.json()["code"]) == (422, "auth.passkey_refused")
    passkey = SoftPasskey(SITE)
    await _add_passkey(strict_browser, passkey)
    passkey.flags = PRESENT
    async with _browser(strict_control) as later:
        answer = await _finish(later, await _begin(later), passkey)
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.passkey_unknown")


async def test_answer_for_another_challenge_origin_or_key_is_refused(
    strict_control: Control, strict_browser: httpx.AsyncClient
) -> None:
    passkey = SoftPasskey(SITE)
    await _add_passkey(strict_browser, passkey)
    async with _browser(strict_control) as later:
        first, second = await _begin(later), await _begin(later)
        mixed = {"ticket": second["ticket"], "passkey_options": first["passkey_options"]}
        answers = [
            await _finish(later, mixed, passkey),
            await _finish(later, await _begin(later), SoftPasskey("http://evil.example", key=passkey.key)),
            await _finish(later, await _begin(later), SoftPasskey(SITE)),  # the same id, another key
        ]
        assert [each.json()["code"] for each in answers] == ["auth.passkey_unknown"] * 3
        assert (await later.get("/api/v1/session")).status_code == 401


async def test_copied_passkey_is_noticed_by_its_counter(
    strict_control: Control, strict_browser: httpx.AsyncClient
) -> None:
    passkey = SoftPasskey(SITE, count=7)
    await _add_passkey(strict_browser, passkey)
    copy = SoftPasskey(SITE, key=passkey.key, count=passkey.count)
    async with _browser(strict_control) as later:
        assert (await _finish(later, await _begin(later), passkey)).status_code == 200
        assert (await _finish(later, await _begin(later), copy)).status_code == 401


async def test_page_opened_by_address_offers_no_passkeys(control: Control, admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/api/v1/account")).json()["passkeys_possible"] is False
    answer = await admin.post("/api/v1/account/passkeys/options")
    assert (answer.status_code, answer.json()["code"]) == (422, "auth.passkey_unavailable")


async def test_sensitive_act_needs_a_proof_not_older_than_five_minutes(
    control: Control, admin: httpx.AsyncClient
) -> None:
    await enrol_totp(admin, control.clock)
    control.clock.jump(5 * 60)
    assert (await admin.post("/api/v1/account/recovery-codes")).status_code == 200
    control.clock.jump(1)
    refused = await admin.post("/api/v1/account/recovery-codes")
    assert (refused.status_code, refused.json()["code"]) == (403, "auth.step_up_required")
    proven = await admin.post("/api/v1/session/step-up", json={"password": PASSWORD})
    assert proven.status_code == 200, proven.text
    keep_cookies(admin, proven)
    assert (await admin.post("/api/v1/account/recovery-codes")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/account/totp"),
        ("POST", "/api/v1/account/recovery-codes"),
        ("DELETE", "/api/v1/account/factors/fac_0000000000000001"),
    ],
)
async def test_changing_ones_factors_needs_a_fresh_proof(
    control: Control, admin: httpx.AsyncClient, method: str, path: str
) -> None:
    control.clock.jump(5 * 60 + 1)
    assert (await admin.request(method, path)).json()["code"] == "auth.step_up_required"


async def test_step_up_gives_a_new_token_and_the_old_one_is_nobodys(control: Control, admin: httpx.AsyncClient) -> None:
    before = admin.headers["cookie"]
    proven = await admin.post("/api/v1/session/step-up", json={"password": PASSWORD})
    keep_cookies(admin, proven)
    async with control.client() as thief:
        assert (await thief.get("/api/v1/session", headers={"cookie": before})).status_code == 401
    assert len((await admin.get("/api/v1/account/sessions")).json()["items"]) == 1


async def test_step_up_by_code_or_passkey(strict_control: Control, strict_browser: httpx.AsyncClient) -> None:
    key, _codes = await enrol_totp(strict_browser, strict_control.clock)
    passkey = SoftPasskey(SITE)
    assert (await _add_passkey(strict_browser, passkey)).json()["recovery_codes"] == []
    options = (await strict_browser.post("/api/v1/session/step-up/options")).json()
    assert options["methods"] == ["password", "totp", "passkey"]
    strict_control.clock.jump(30)
    by_code = await strict_browser.post(
        "/api/v1/session/step-up", json={"totp": code_at(key, strict_control.clock.utc())}
    )
    assert by_code.status_code == 200, by_code.text
    keep_cookies(strict_browser, by_code)
    signed = {"ticket": options["ticket"], "passkey": passkey.get(options["passkey_options"])}
    by_passkey = await strict_browser.post("/api/v1/session/step-up", json=signed)
    assert by_passkey.status_code == 200, by_passkey.text
    keep_cookies(strict_browser, by_passkey)
    again = await strict_browser.post("/api/v1/session/step-up", json=signed)
    assert (again.status_code, again.json()["code"]) == (422, "auth.passkey_refused")


async def test_guessing_at_a_step_up_is_locked_after_five_and_touches_no_log_in(
    control: Control, admin: httpx.AsyncClient
) -> None:
    wrong = [(await admin.post("/api/v1/session/step-up", json={"password": "not it"})).json() for _ in range(6)]
    assert [each["code"] for each in wrong] == ["account.proof_wrong"] * 4 + ["auth.locked"] * 2
    right = await admin.post("/api/v1/session/step-up", json={"password": PASSWORD})
    assert right.json()["code"] == "auth.locked"
    async with control.client() as elsewhere:
        await log_in(elsewhere)


async def test_step_up_with_nothing_proves_nothing(admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/api/v1/session/step-up", json={})).json()["code"] == "account.proof_wrong"
    assert admin.headers["origin"] == ORIGIN == UNSAFE["Origin"]
