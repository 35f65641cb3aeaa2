"""S05: the session's cookie, its rotation, its ends; S10 in part: a lock closes a pair, not an account."""

import httpx
import pytest
from tests.contract.conftest import PASSWORD, UNSAFE, USERNAME, Control, log_in

from brightkitchen.domain.users.store import sessions
from brightkitchen.kernel.units import US_PER_S


async def _try(client: httpx.AsyncClient, username: str, password: str) -> httpx.Response:
    return await client.post("/api/v1/session", json={"username": username, "password": password}, headers=UNSAFE)


async def test_log_in_sets_a_host_cookie_and_says_who(anonymous: httpx.AsyncClient) -> None:
    answer = await _try(anonymous, USERNAME, PASSWORD)
    name_value, *attributes = answer.headers.get_list("set-cookie")[0].split("; ")
    assert name_value.startswith("__Host-bk_session=")
    assert len(name_value.partition("=")[2]) == 43
    assert sorted(each.lower() for each in attributes) == ["httponly", "path=/", "samesite=strict", "secure"]
    assert answer.json()["user"]["username"] == USERNAME
    abilities = answer.json()["abilities"]
    assert {"camera.list", "camera.add", "camera.live"} <= set(abilities)
    assert "users.create" not in abilities  # from the machine itself only
    assert PASSWORD not in answer.text


async def test_stored_session_does_not_reveal_the_token(anonymous: httpx.AsyncClient, control: Control) -> None:
    token = (await _try(anonymous, USERNAME, PASSWORD)).headers["set-cookie"].partition("=")[2].partition(";")[0]
    async with control.database.read() as connection:
        row = (await connection.execute(sessions.select())).one()
    assert token not in repr(row)
    assert len(row.token_sha256) == 64


async def test_second_log_in_ends_the_first_session_and_changes_the_token(
    control: Control, admin: httpx.AsyncClient
) -> None:
    first = admin.headers["cookie"]
    await log_in(admin)
    assert admin.headers["cookie"] != first
    async with control.client() as thief:
        answer = await thief.get("/api/v1/session", headers={"cookie": first})
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.required")


async def test_log_out_ends_the_session_and_deletes_the_cookie(admin: httpx.AsyncClient) -> None:
    answer = await admin.delete("/api/v1/session")
    assert answer.status_code == 204
    assert 'bk_session="";' in answer.headers["set-cookie"]
    assert (await admin.get("/api/v1/cameras")).status_code == 401


@pytest.mark.parametrize("token", ["", "a" * 43, "a" * 4000, "é" * 43])
async def test_forged_token_is_nobody(anonymous: httpx.AsyncClient, token: str) -> None:
    cookie = f"__Host-bk_session={token}".encode()
    answer = await anonymous.get("/api/v1/session", headers=[(b"cookie", cookie)])
    assert answer.status_code == 401


async def test_session_idles_out_after_30_minutes_without_a_touch(admin: httpx.AsyncClient, control: Control) -> None:
    control.clock.jump(29 * 60)
    assert (await admin.get("/api/v1/session")).status_code == 200  # looking is no input
    control.clock.jump(61)
    assert (await admin.get("/api/v1/session")).status_code == 401


async def test_touched_session_lives_on_but_not_beyond_12_hours(admin: httpx.AsyncClient, control: Control) -> None:
    alive = 0
    while (await admin.post("/api/v1/session/touch")).status_code == 204:
        alive += 1
        control.clock.jump(20 * 60)
    assert alive == 36


async def test_media_tokens_do_not_count_as_input(admin: httpx.AsyncClient, control: Control) -> None:
    control.clock.jump(29 * 60)
    await admin.post("/api/v1/media/tokens", json={"items": [{"camera": "cam_x", "act": "live", "profile": "sub"}]})
    control.clock.jump(61)
    assert (await admin.get("/api/v1/session")).status_code == 401


async def test_wrong_password_and_unknown_account_get_the_same_answer(anonymous: httpx.AsyncClient) -> None:
    wrong = (await _try(anonymous, USERNAME, "not the password")).json()
    unknown = (await _try(anonymous, "nobody", "not the password")).json()
    assert {**wrong, "instance": ""} == {**unknown, "instance": ""}
    assert (wrong["status"], wrong["code"], wrong["params"]) == (401, "auth.wrong", {"left": 4})


async def test_five_failures_lock_this_network_and_nobody_else(control: Control) -> None:
    async with control.client(address="192.0.2.7") as rival, control.client(address="198.51.100.9") as owner:
        codes = [(await _try(rival, USERNAME, "not the password")).json()["code"] for _ in range(6)]
        assert codes == ["auth.wrong"] * 4 + ["auth.locked"] * 2
        assert (await _try(rival, USERNAME, PASSWORD)).status_code == 429
        assert (await _try(owner, USERNAME, PASSWORD)).status_code == 200


async def test_lock_opens_after_15_minutes_and_doubles(control: Control, anonymous: httpx.AsyncClient) -> None:
    for _ in range(5):
        await _try(anonymous, USERNAME, "not the password")
    control.clock.jump(15 * 60 + 1)
    for _ in range(5):
        answer = await _try(anonymous, USERNAME, "not the password")
    assert answer.json()["params"] == {"minutes": 30, "retry_after_s": 1800}
    assert answer.headers["retry-after"] == "1800"
    control.clock.jump(30 * 60 + 1)
    assert (await _try(anonymous, USERNAME, PASSWORD)).status_code == 200


async def test_log_in_flood_from_one_network_is_429(anonymous: httpx.AsyncClient) -> None:
    codes = [(await _try(anonymous, f"user{number}", "x")).json()["code"] for number in range(31)]
    assert codes == ["auth.wrong"] * 30 + ["auth.too_many"]


async def test_forwarded_for_of_a_stranger_changes_nothing(anonymous: httpx.AsyncClient) -> None:
    for number in range(5):
        await anonymous.post(
            "/api/v1/session",
            json={"username": USERNAME, "password": "wrong one"},
            headers=UNSAFE | {"X-Forwarded-For": f"203.0.{number}.1"},
        )
    assert (await _try(anonymous, USERNAME, PASSWORD)).json()["code"] == "auth.locked"


async def test_disabled_person_is_out_at_once(admin: httpx.AsyncClient, control: Control) -> None:
    from brightkitchen.domain.users.store import users

    async with control.database.write() as connection:
        await connection.execute(users.update().values(disabled_at=control.clock.utc() - US_PER_S))
    assert (await admin.get("/api/v1/session")).status_code == 401
