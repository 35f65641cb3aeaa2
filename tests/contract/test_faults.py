"""Fault tickets: opened in business hours, mended by the operator, confirmed by pictures, one parent for one outage."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control
from tests.contract.people import join
from tests.contract.register import OTHER_COUNTY, TOWNSHIP
from tests.contract.small_city import add_channel, add_premises, build_city, connect_nodes, report

from brightkitchen.domain.authz.model import Actor, Grant, Role, Scope
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.maintenance.model import Ticket, left_us
from brightkitchen.domain.maintenance.states import TicketState
from brightkitchen.domain.maintenance.ticket_store import fault_events, fault_tickets
from brightkitchen.domain.premises.store import premises, suspensions
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.ids import CameraId, PremisesId
from brightkitchen.kernel.units import US_PER_S

LIVE, OFFLINE = CameraState.LIVE, CameraState.OFFLINE
ANSHAN = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def city(control: Control) -> None:
    await build_city(control)
    await connect_nodes(control)


@pytest.fixture
async def noc(control: Control, city: None) -> AsyncIterator[httpx.AsyncClient]:
    async with await join(control, "noc", Grant(Role.OPERATOR_NOC, Scope("210302"))) as client:
        yield client


async def shop_with_camera(control: Control, admin: httpx.AsyncClient, **fields: str) -> tuple[PremisesId, CameraId]:
    shop = await add_premises(control, state="IN_SERVICE", **fields)
    camera = await add_channel(control, admin, shop, "COOK", approved=True)
    report(control, camera)
    await control.operations.presence.look()
    control.clock.jump(60)
    return shop, camera


async def go_dark(control: Control, *dark: CameraId, for_s: float = 300) -> None:
    for camera in dark:
        report(control, camera, OFFLINE)
    control.clock.jump(for_s)
    await control.operations.presence.look()


async def come_back(control: Control, *back: CameraId) -> None:
    control.clock.jump(15)
    for camera in back:
        report(control, camera, LIVE)
    await control.operations.presence.look()


async def stay_live(control: Control, camera: CameraId, duration_s: float) -> None:
    control.clock.jump(duration_s)
    report(control, camera, LIVE, since_s=duration_s)
    await control.operations.presence.look()


async def tickets(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/faults", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def seen(control: Control) -> list[Ticket]:
    """Return what the city's administrator sees, whatever sessions ended meanwhile."""
    city = Actor((Grant(Role.CITY_ADMIN),))
    return (await control.services.faults.list_tickets(city, states=(), premises=None, before=None, limit=50))[0]


async def act(client: httpx.AsyncClient, ticket: str, event: str, **fields: object) -> httpx.Response:
    return await client.post(f"/api/v1/faults/{ticket}/{event}", json=fields)


def go_to(control: Control, civil: str) -> None:
    """Move the clock to that civil time of the city."""
    moment = datetime.fromisoformat(civil).replace(tzinfo=ANSHAN)
    control.clock.jump(moment.timestamp() - control.clock.utc() / US_PER_S)


async def test_ticket_opens_after_five_dark_minutes_with_its_clock(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    _shop, camera = await shop_with_camera(control, admin)
    await go_dark(control, camera, for_s=299)
    assert await tickets(noc) == []
    control.clock.jump(1)
    await control.operations.presence.look()
    found = (await tickets(noc))[0]
    shown = ("number", "state", "camera_id", "automatic", "sla_s", "left_s", "running", "events")
    assert [found[name] for name in shown] == [
        "G2611-0001",
        "OPEN",
        camera,
        True,
        8 * 3600,
        8 * 3600,
        True,
        ["triage", "wait"],
    ]
    control.clock.jump(60)
    assert (await tickets(noc))[0]["left_s"] == 8 * 3600 - 60
    await control.operations.presence.look()
    assert len(await tickets(noc)) == 1


async def test_night_makes_no_ticket_and_the_morning_one_after_five_minutes(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    _shop, camera = await shop_with_camera(control, admin, hours="1-5 06:30-20:00;6-7 08:00-14:00")
    go_to(control, "2026-11-23T22:00:00")
    report(control, camera, OFFLINE)
    go_to(control, "2026-11-24T06:34:45")
    await control.operations.presence.look()
    async with control.database.read() as connection:
        assert (await connection.execute(sa.select(cameras.c.activity))).scalar_one() == "OFFLINE"
        assert (await connection.execute(sa.select(fault_tickets))).all() == []
    control.clock.jump(15)
    await control.operations.presence.look()
    async with control.database.read() as connection:
        opened_at = (await connection.execute(sa.select(fault_tickets.c.opened_at))).scalar_one()
    assert datetime.fromtimestamp(opened_at / US_PER_S, ANSHAN) == datetime(2026, 11, 24, 6, 35, tzinfo=ANSHAN)


async def test_suspended_premises_gets_no_ticket(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    by_state, camera = await shop_with_camera(control, admin)
    by_days = await add_premises(control, state="IN_SERVICE")
    other = await add_channel(control, admin, by_days, "COOK", host="10.1.2.4", approved=True)
    today = datetime.fromtimestamp(control.clock.utc() / US_PER_S, ANSHAN).date()
    async with control.database.write() as connection:
        await connection.execute(premises.update().where(premises.c.id == by_state).values(state="SUSPENDED"))
        await connection.execute(
            suspensions.insert().values(
                id="sus_0000000000000001",
                premises_id=by_days,
                kind="CLOSED",
                from_on=today.isoformat(),
                to_on=today.isoformat(),
                reason="装修",
                requested_at=0,
                state="APPROVED",
            )
        )
    await go_dark(control, camera, other)
    assert await tickets(noc) == []


async def test_waiting_for_the_customer_pauses_the_clock(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    _shop, camera = await shop_with_camera(control, admin)
    await go_dark(control, camera)
    ticket = (await tickets(noc))[0]["id"]
    control.clock.jump(600)
    without = await act(noc, ticket, "wait")
    assert (without.status_code, without.json()["errors"][0]["field"]) == (422, "note")
    assert (await act(noc, ticket, "wait", note="单位停电")).json()["paused"] is True
    control.clock.jump(1200)
    standing = (await tickets(noc))[0]
    assert (standing["left_s"], standing["running"]) == (8 * 3600 - 600, False)
    assert (await act(noc, ticket, "continue", cause="POWER")).json()["left_s"] == 8 * 3600 - 600
    control.clock.jump(60)
    assert (await tickets(noc))[0]["left_s"] == 8 * 3600 - 660


async def test_ticket_walks_to_closed_and_its_clock_stops_when_fixed(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    _shop, camera = await shop_with_camera(control, admin)
    await go_dark(control, camera)
    ticket = (await tickets(noc))[0]["id"]
    assert (await act(noc, ticket, "triage")).json()["code"] == "fault.needs_cause"
    await act(noc, ticket, "triage", cause="DEVICE")
    await act(noc, ticket, "dispatch")
    await act(noc, ticket, "arrive")
    dark = await act(noc, ticket, "fix")
    assert (dark.status_code, dark.json()["code"]) == (409, "fault.still_dark")
    await come_back(control, camera)
    assert (await tickets(noc))[0]["state"] == "FIXED"
    left_s = (await tickets(noc))[0]["left_s"]
    await stay_live(control, camera, 1799)
    assert [each.state for each in await seen(control)] == [TicketState.FIXED]
    await stay_live(control, camera, 1)
    confirmed = (await seen(control))[0]
    assert confirmed.state is TicketState.CONFIRMED
    assert left_us(confirmed, control.clock.utc()) // US_PER_S == left_s
    async with await join(control, "noc2", Grant(Role.OPERATOR_NOC, Scope("210302"))) as later:
        assert (await act(later, ticket, "close")).json()["state"] == "CLOSED"
        view = (await later.get(f"/api/v1/faults/{ticket}")).json()
    assert [row["event"] for row in view["history"]] == [
        "close",
        "confirm",
        "recover",
        "arrive",
        "dispatch",
        "triage",
        "open",
    ]


async def test_every_move_writes_one_row_and_a_refused_one_none(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    _shop, camera = await shop_with_camera(control, admin)
    await go_dark(control, camera)
    ticket = (await tickets(noc))[0]["id"]
    for event in ("dispatch", "arrive", "fix", "close", "confirm", "recover", "reopen", "continue"):
        answer = await act(noc, ticket, event, cause="LINE", note="x")
        assert (answer.status_code, answer.json()["code"]) == (409, "fault.not_now"), event
    await act(noc, ticket, "triage", cause="LINE")
    async with control.database.read() as connection:
        assert len((await connection.execute(sa.select(fault_events))).all()) == 2


async def test_same_camera_within_seven_days_reopens_its_ticket_and_later_opens_another(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    _shop, camera = await shop_with_camera(control, admin)
    await go_dark(control, camera)
    await come_back(control, camera)
    await stay_live(control, camera, 1800)
    before = await seen(control)
    assert [each.state for each in before] == [TicketState.CONFIRMED]
    await stay_live(control, camera, 600)
    await go_dark(control, camera)
    reopened = await seen(control)
    assert [(each.number, each.state, each.reopened) for each in reopened] == [("G2611-0001", TicketState.REOPENED, 1)]
    assert left_us(reopened[0], control.clock.utc()) == left_us(before[0], control.clock.utc())
    await come_back(control, camera)
    await stay_live(control, camera, 7 * 86400 + 1)
    await go_dark(control, camera)
    assert [each.number for each in await seen(control)] == ["G2611-0002", "G2611-0001"]


async def test_rural_premises_has_a_day(control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient) -> None:
    _shop, camera = await shop_with_camera(control, admin, region="210302101")
    await go_dark(control, camera)
    assert (await tickets(noc))[0]["sla_s"] == 24 * 3600


async def add_street(control: Control, admin: httpx.AsyncClient, count: int, region: str = TOWNSHIP) -> list[CameraId]:
    made = []
    for number in range(count):
        shop = await add_premises(control, f"饺子馆{number}", state="IN_SERVICE", region=region)
        host = f"10.{region[6:9].lstrip('0') or 0}.1.{number}"
        made.append(await add_channel(control, admin, shop, "COOK", host=host, approved=True))
    for camera in made:
        report(control, camera)
    await control.operations.presence.look()
    control.clock.jump(60)
    return made


async def test_twenty_premises_of_one_street_at_once_are_one_outage(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    street = await add_street(control, admin, 21)
    await go_dark(control, *street[:15])
    assert [each["children"] for each in await tickets(noc)] == [0] * 15
    await go_dark(control, *street[15:])
    found = await tickets(noc)
    assert [(each["camera_id"], each["children"], each["region"]) for each in found] == [(None, 21, TOWNSHIP)]
    parent = found[0]["id"]
    view = (await noc.get(f"/api/v1/faults/{parent}")).json()
    assert {each["camera_id"] for each in view["children"]} == set(street)
    # asked for by camera, each has its own
    mine = await noc.get("/api/v1/faults", params={"camera": [street[3], street[5]], "state": "OPEN"})
    assert {(each["camera_id"], each["parent_id"]) for each in mine.json()["items"]} == {
        (street[3], parent),
        (street[5], parent),
    }

    await act(noc, parent, "triage", cause="LINE")
    await come_back(control, *street)
    control.clock.jump(0)
    await control.operations.presence.look()
    assert [each["state"] for each in await tickets(noc)] == ["FIXED"]
    control.clock.jump(1800)
    for camera in street:
        report(control, camera, LIVE, since_s=1800)
    await control.operations.presence.look()
    await control.operations.presence.look()
    async with await join(control, "noc2", Grant(Role.OPERATOR_NOC, Scope("210302"))) as later:
        assert (await act(later, parent, "close")).json()["state"] == "CLOSED"
        view = (await later.get(f"/api/v1/faults/{parent}")).json()
    assert {(each["state"], each["cause"]) for each in view["children"]} == {("CLOSED", "LINE")}


async def test_nineteen_premises_or_two_streets_are_no_common_outage(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    streets = [
        *await add_street(control, admin, 19),
        *await add_street(control, admin, 6, region="210302007"),
    ]
    await go_dark(control, *streets)
    assert {each["children"] for each in await tickets(noc)} == {0}
    assert len(await tickets(noc)) == 25


async def test_regulators_see_owners_see_their_own_and_neither_handles(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    shop, camera = await shop_with_camera(control, admin)
    other = await add_premises(control, state="IN_SERVICE")
    other_camera = await add_channel(control, admin, other, "COOK", host="10.1.2.4", approved=True)
    await go_dark(control, camera, other_camera)
    mine = next(each["id"] for each in await tickets(noc) if each["premises_id"] == shop)
    async with await join(control, "owner", Grant(Role.OWNER, Scope(premises=shop))) as owner:
        assert [each["id"] for each in await tickets(owner)] == [mine]
        assert (await tickets(owner))[0]["events"] == []
        assert (await act(owner, mine, "triage", cause="POWER")).status_code == 404
    async with await join(control, "officer", Grant(Role.STATION_OFFICER, Scope(TOWNSHIP))) as officer:
        assert len(await tickets(officer)) == 2
        assert (await act(officer, mine, "triage", cause="POWER")).status_code == 404
    async with await join(control, "away", Grant(Role.OPERATOR_NOC, Scope(OTHER_COUNTY))) as away:
        assert await tickets(away) == []
        assert (await away.get(f"/api/v1/faults/{mine}")).status_code == 404


async def test_owner_of_a_premises_in_an_outage_sees_the_own_ticket(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    street = await add_street(control, admin, 20)
    await go_dark(control, *street)
    async with control.database.read() as connection:
        wanted = sa.select(cameras.c.premises_id).where(cameras.c.id == street[0])
        shop = PremisesId((await connection.execute(wanted)).scalar_one())
    async with await join(control, "owner", Grant(Role.OWNER, Scope(premises=shop))) as owner:
        assert [each["camera_id"] for each in await tickets(owner)] == [street[0]]


async def test_fault_reported_by_hand_is_not_mended_by_a_picture(
    control: Control, admin: httpx.AsyncClient, noc: httpx.AsyncClient
) -> None:
    _shop, camera = await shop_with_camera(control, admin)
    answer = await noc.post("/api/v1/faults", json={"camera_id": camera, "note": "画面发绿"})
    assert (answer.status_code, answer.json()["automatic"]) == (201, False)
    await stay_live(control, camera, 60)
    assert [each["state"] for each in await tickets(noc)] == ["OPEN"]
    again = await noc.post("/api/v1/faults", json={"camera_id": camera, "note": "画面发绿"})
    assert (again.status_code, again.json()["code"]) == (409, "fault.open_already")
