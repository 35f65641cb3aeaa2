"""S08: how long sessions last, by role; the shortest of all held roles wins; only a person's input keeps one open."""

import httpx
import pytest
from tests.contract.conftest import PASSWORD, USERNAME, Control, log_in

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.kernel.ids import PremisesId

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86_400
SITE = Scope(premises=PremisesId("prm_0000000000000001"))
LIMITS = [
    ((Role.CITY_OFFICER,), 30 * MINUTE_S, 12 * HOUR_S),
    ((Role.STATION_OFFICER,), 30 * MINUTE_S, 12 * HOUR_S),
    ((Role.OPERATOR_NOC,), 30 * MINUTE_S, 12 * HOUR_S),
    ((Role.SYS_ADMIN,), 15 * MINUTE_S, 8 * HOUR_S),
    ((Role.AUDITOR,), 15 * MINUTE_S, 8 * HOUR_S),
    ((Role.OWNER,), 30 * DAY_S, 90 * DAY_S),
    ((Role.FS_OFFICER, Role.OWNER), 30 * DAY_S, 90 * DAY_S),
    ((Role.OWNER, Role.OPERATOR_PM), 30 * MINUTE_S, 12 * HOUR_S),
    ((Role.CITY_ADMIN, Role.SEC_ADMIN), 15 * MINUTE_S, 8 * HOUR_S),
    ((), 30 * MINUTE_S, 12 * HOUR_S),
]


async def _person(control: Control, roles: tuple[Role, ...]) -> None:
    grants = tuple(Grant(role, SITE if role in (Role.OWNER, Role.FS_OFFICER) else Scope()) for role in roles)
    await control.services.users.create_user(LOCAL, "person", grants=grants, password=PASSWORD)


async def _is_in(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/v1/session")).status_code == 200


@pytest.mark.parametrize(("roles", "idle_s", "absolute_s"), LIMITS, ids=lambda part: str(part))
async def test_idle_session_ends_at_the_shortest_limit_of_its_roles(
    control: Control, anonymous: httpx.AsyncClient, roles: tuple[Role, ...], idle_s: int, absolute_s: int
) -> None:
    await _person(control, roles)
    await log_in(anonymous, "person")
    assert (await anonymous.get("/api/v1/session")).json()["idle_s"] == idle_s
    control.clock.jump(idle_s - 1)
    assert await _is_in(anonymous)  # looking is no input
    control.clock.jump(1)
    assert not await _is_in(anonymous)


@pytest.mark.parametrize(("roles", "idle_s", "absolute_s"), LIMITS, ids=lambda part: str(part))
async def test_used_session_ends_at_the_absolute_limit(
    control: Control, anonymous: httpx.AsyncClient, roles: tuple[Role, ...], idle_s: int, absolute_s: int
) -> None:
    await _person(control, roles)
    await log_in(anonymous, "person")
    step_s = idle_s * 2 // 3
    for _ in range(absolute_s // step_s):
        control.clock.jump(step_s)
        touched = await anonymous.post("/api/v1/session/touch")
    left_s = absolute_s % step_s
    assert touched.status_code == (204 if left_s else 401)
    control.clock.jump(left_s)
    assert not await _is_in(anonymous)


async def test_role_given_later_shortens_an_open_session(control: Control, anonymous: httpx.AsyncClient) -> None:
    from brightkitchen.domain.users import store

    await _person(control, (Role.OWNER,))
    await log_in(anonymous, "person")
    control.clock.jump(HOUR_S)
    assert await _is_in(anonymous)
    async with control.database.write() as connection:
        person = await store.load_user_by_name(connection, "person", control.clock.utc())
        assert person is not None
        await store.save_new_grant(
            connection, "grt_0000000000000009", person.id, Grant(Role.AUDITOR), control.clock.utc()
        )
    assert not await _is_in(anonymous)


async def test_media_tokens_and_lists_are_no_input(admin: httpx.AsyncClient, control: Control) -> None:
    for _ in range(3):
        control.clock.jump(10 * MINUTE_S - 1)
        await admin.post("/api/v1/media/tokens", json={"items": [{"camera": "cam_x", "act": "live", "profile": "sub"}]})
        await admin.get("/api/v1/cameras")
        await admin.get("/api/v1/account/sessions")
    control.clock.jump(3)
    assert not await _is_in(admin)


@pytest.mark.parametrize(
    ("role", "max_age"), [(Role.CITY_OFFICER, None), (Role.SYS_ADMIN, None), (Role.OWNER, 90 * DAY_S)]
)
async def test_only_an_owners_session_outlives_the_browser(
    control: Control, anonymous: httpx.AsyncClient, role: Role, max_age: int | None
) -> None:
    await _person(control, (role,))
    answer = await anonymous.post(
        "/api/v1/session",
        json={"username": "person", "password": PASSWORD},
        headers={"X-BK": "1", "Origin": "http://127.0.0.1:8080"},
    )
    session = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("__Host-bk_session="))
    wanted = [f"max-age={max_age}"] if max_age else []
    assert [part.lower() for part in session.split("; ") if part.lower().startswith(("max-age", "expires"))] == wanted


async def test_own_sessions_are_listed_and_one_is_ended(control: Control, admin: httpx.AsyncClient) -> None:
    control.clock.jump(60)
    async with control.client(address="10.20.30.40") as phone:
        agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36"
        phone.headers["user-agent"] = agent
        await log_in(phone)
        items = (await admin.get("/api/v1/account/sessions")).json()["items"]
        assert [(each["is_current"], each["device"], each["network"], each["network_class"]) for each in items] == [
            (False, "Chrome · Android", "10.20.30.0/24", "inside"),
            (True, "", "192.0.2.0/24", "inside"),
        ]
        ended = await admin.delete(f"/api/v1/account/sessions/{items[0]['id']}")
        assert ended.status_code == 204
        assert not await _is_in(phone)
    assert await _is_in(admin)
    assert len((await admin.get("/api/v1/account/sessions")).json()["items"]) == 1


async def test_ending_all_others_keeps_this_one_and_tells_the_media_nodes(
    control: Control, admin: httpx.AsyncClient
) -> None:
    told: list[str] = []

    class Listener:
        async def session_ended(self, pseudonym: str) -> None:
            told.append(pseudonym)

    control.services.users.add_listener(Listener())
    async with control.client() as second, control.client() as third:
        await log_in(second)
        await log_in(third)
        answer = await admin.delete("/api/v1/account/sessions")
        assert answer.json() == {"ended": 2}
        assert [await _is_in(each) for each in (admin, second, third)] == [True, False, False]
    assert len(set(told)) == 2


async def test_somebody_elses_session_is_not_found(control: Control, admin: httpx.AsyncClient) -> None:
    await _person(control, (Role.OWNER,))
    async with control.client() as other:
        await log_in(other, "person")
        mine = (await admin.get("/api/v1/account/sessions")).json()["items"][0]["id"]
        assert USERNAME != "person"
        answers = [await other.delete(f"/api/v1/account/sessions/{each}") for each in (mine, "ses_none")]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "access.none")] * 2
    assert await _is_in(admin)
