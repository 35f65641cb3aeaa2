"""S56: whoever leaves has nothing left: sessions, media, devices, tokens, invitations, requests, roles."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.contract.conftest import PASSWORD, UNSAFE, Control, enrol_totp
from tests.contract.people import EAST, HAICHENG, Crowd, count_kept

from brightkitchen.domain.authz.model import LOCAL, Role
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc


@pytest.fixture
async def crowd(control: Control) -> AsyncIterator[Crowd]:
    async with Crowd(control) as one:
        yield one


class Listener:
    """Hears what has to close, and whose devices are to be forgotten."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self.forgotten: list[str] = []

    async def session_ended(self, pseudonym: str) -> None:
        self.closed.append(pseudonym)

    async def access_narrowed(self, pseudonym: str) -> None:
        self.closed.append(pseudonym)

    async def forget_devices(self, connection: AsyncConnection, user: UserId) -> None:
        assert connection.in_transaction()
        self.forgotten.append(user)


async def test_installer_who_leaves_has_nothing_left(crowd: Crowd) -> None:
    people, listener = crowd.control.services.people, Listener()
    people.access.add_listener(listener)
    people.roster.add_leaver(listener)
    user = await crowd.add("fitter", Role.OPERATOR_INSTALLER, EAST)
    one, other = await crowd.sign_in("fitter"), await crowd.sign_in("fitter")
    until = format_utc(Utc(crowd.control.clock.utc() + 30 * 86_400 * US_PER_S))
    bearer = (await one.post("/api/v1/tokens", json={"name": "旧手机", "expires_at": until})).json()["bearer"]
    await people.roster.offboard_by_name(LOCAL, "Fitter")
    assert [(await client.get("/api/v1/session")).status_code for client in (one, other)] == [401, 401]
    async with crowd.control.client() as machine:
        assert (await machine.get("/api/v1/cameras", headers={"Authorization": f"Bearer {bearer}"})).status_code == 401
        again = await machine.post("/api/v1/session", json={"username": "fitter", "password": PASSWORD}, headers=UNSAFE)
        assert again.status_code == 401
    assert len(listener.closed) == 3, "two sessions and one token"
    assert all(name.startswith("sid_") for name in listener.closed)
    assert listener.forgotten == [user]
    view = await people.roster.show_person(LOCAL, user)
    assert view.person.grants == ()
    assert view.person.disabled_at is not None


async def test_leaver_who_is_let_in_again_has_no_known_browser_and_no_factor(crowd: Crowd) -> None:
    """S56: what the old phone kept opens nothing, not even after a mistake was mended by enabling the account."""
    user = await crowd.add("fitter", Role.OPERATOR_INSTALLER, EAST)
    fitter = await crowd.sign_in("fitter")
    await enrol_totp(fitter, crowd.control.clock)
    assert await count_kept(crowd.control, user) == {"factors": 1, "recovery_codes": 10, "known_devices": 1}
    await crowd.control.services.people.roster.offboard(LOCAL, user)
    assert await count_kept(crowd.control, user) == {"factors": 0, "recovery_codes": 0, "known_devices": 0}


async def test_invitation_and_requests_of_a_leaver_end(crowd: Crowd) -> None:
    sec = await crowd.join("sec", Role.SEC_ADMIN)
    second = await crowd.join("second", Role.SEC_ADMIN)
    body = {"username": "li", "name": "李静", "grants": [{"role": "AUDITOR"}]}
    made = (await sec.post("/api/v1/people", json=body)).json()
    assert (await sec.post(f"/api/v1/people/{made['person']['id']}/offboard")).status_code == 204
    async with crowd.control.client() as guest:
        looked = await guest.post("/api/v1/invitations/look", json={"code": made["code"]}, headers=UNSAFE)
        assert looked.json()["code"] == "invitation.unknown"
    assert (await second.get("/api/v1/approvals")).json()["items"] == []
    request = made["requests"][0]["id"]
    assert (await second.post(f"/api/v1/approvals/{request}", json={"agree": True})).json()["code"] == "approval.over"


async def test_one_who_left_is_found_by_those_who_looked_after_them_and_by_nobody_else(crowd: Crowd) -> None:
    boss = await crowd.join("boss", Role.COUNTY_ADMIN, EAST)
    far = await crowd.join("far", Role.COUNTY_ADMIN, HAICHENG)
    user = await crowd.add("officer", Role.COUNTY_OFFICER, EAST)
    await crowd.control.services.people.roster.offboard(LOCAL, user)
    assert (await boss.get(f"/api/v1/people/{user}")).json()["state"] == "DISABLED"
    assert (await far.get(f"/api/v1/people/{user}")).status_code == 404


async def test_unknown_name_is_said_to_the_machine_itself(crowd: Crowd) -> None:
    with pytest.raises(BrightKitchenError, match=r"user\.unknown"):
        await crowd.control.services.people.roster.offboard_by_name(LOCAL, "nobody")
