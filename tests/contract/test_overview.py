"""The overview against counts by hand: each figure is that of the list it opens, within everybody's own scope."""

import json
from collections import Counter
from random import Random
from typing import Any

import httpx
import pytest
from tests.contract.asgi_socket import AsgiSocket
from tests.contract.conftest import ORIGIN, Control
from tests.contract.generated_city import COUNTIES, TOWNSHIPS, City
from tests.contract.people import acting_as, officer_of
from tests.contract.register import add_county
from tests.contract.small_city import connect_nodes, report
from tests.contract.test_numbers import count_by_hand, replace_city, today_of

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.maintenance.states import OPEN_STATES, TicketState
from brightkitchen.domain.maintenance.ticket_store import fault_tickets
from brightkitchen.domain.numbers.model import Number
from brightkitchen.domain.overview.model import SHOWN
from brightkitchen.domain.recording.store import recording_alarms
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.ids import CameraId

EAST = COUNTIES["铁东区"]
SCHOOLS = Grant(Role.EDU_OFFICER, Scope("210300", frozenset({"PRIMARY_SCHOOL"})))
OPEN = [state.value for state in OPEN_STATES]


async def add_work(control: Control, city: City, random: Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give a third of the cameras an alarm and a third a ticket, open or over; one outage with two tickets below it."""
    now = control.clock.utc()
    homes = {row["id"]: row for row in city.premises}
    alarms: list[dict[str, Any]] = []
    tickets: list[dict[str, Any]] = []

    def add_ticket(home: dict[str, Any], camera: str | None, state: str, parent: str | None = None) -> str:
        number = len(tickets) + 1
        tickets.append(
            {
                "id": f"flt_{number:016}",
                "number": f"G2611-{number:04}",
                "parent_id": parent,
                "camera_id": camera,
                "premises_id": home["id"] if camera else None,
                "region": home["region"],
                "category": home["category"] if camera else "",
                "operator": "",
                "state": state,
                "state_at": now,
                "cause": None,
                "note": "",
                "opened_by": None,
                "dark_from_at": now,
                "opened_at": now - number,
                "sla_s": 3600,
                "paused_from_at": None,
                "paused_us": 0,
                "fixed_at": None,
                "closed_at": None,
                "reopened": 0,
            }
        )
        return f"flt_{number:016}"

    for number, camera in enumerate(city.cameras):
        if number % 3 == 0:
            closed_at = now if random.random() < 0.4 else None
            alarms.append(
                {"id": f"ral_{number:016}", "camera_id": camera["id"], "profile": "main", "reason": "behind"}
                | {"since_at": now, "opened_at": now - number, "closed_at": closed_at}
            )
        elif number % 3 == 1:
            state = random.choice([each.value for each in TicketState])
            add_ticket(homes[camera["premises_id"]], camera["id"], state)
    low = [each for each in city.cameras if homes[each["premises_id"]]["category"] == "PRIMARY_SCHOOL"][:2]
    parent = add_ticket(homes[low[0]["premises_id"]], None, "OPEN")
    for each in low:
        add_ticket(homes[low[0]["premises_id"]], each["id"], "OPEN", parent)
    async with control.database.write() as connection:
        await connection.execute(recording_alarms.insert(), alarms)
        await connection.execute(fault_tickets.insert(), tickets)
    return alarms, tickets


async def ask(client: httpx.AsyncClient, region: str = "") -> dict[str, Any]:
    answer = await client.get("/api/v1/overview", params={"region": region})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def check_opens(client: httpx.AsyncClient, cell: dict[str, Any], region: str) -> None:
    """Every figure is the count of the list it opens, asked for as the pages do."""
    for number in SHOWN:
        rows = await client.get("/api/v1/numbers/rows", params={"number": number.value, "region": region})
        assert rows.json()["total"] == cell["values"][number.value], (region, number)
    alarms = (await client.get("/api/v1/recording/alarms", params={"open": True, "region": region})).json()
    assert alarms["open"] == cell["alarms"]
    faults = (await client.get("/api/v1/faults", params={"state": OPEN, "region": region})).json()
    assert sum(each["count"] for each in faults["counts"] if each["state"] in OPEN) == cell["faults"]
    assert len(alarms["items"]) == cell["alarms"] and len(faults["items"]) == cell["faults"]  # all on one page here


@pytest.mark.parametrize("seed", [1, 2])
async def test_city_by_county_equals_the_hand_count(control: Control, admin: httpx.AsyncClient, seed: int) -> None:
    city = await replace_city(control, seed, size=80)
    alarms, tickets = await add_work(control, city, Random(seed))
    home = {camera["id"]: camera["premises_id"] for camera in city.cameras}
    region = {row["id"]: row["region"] for row in city.premises}
    wanted_alarms = Counter(region[home[each["camera_id"]]][:6] for each in alarms if each["closed_at"] is None)
    wanted_faults = Counter(
        each["region"][:6] for each in tickets if each["state"] in OPEN and each["parent_id"] is None
    )
    by_hand: Counter[tuple[str, str]] = Counter()
    for (county, _kind, number), value in count_by_hand(city, today_of(control).isoformat()).items():
        by_hand[county, number.value] += value
    found = await ask(admin)
    assert (found["region"], found["level"]) == ("", "county")
    areas = {area["code"]: area for area in found["areas"]}
    assert set(areas) == set(COUNTIES.values())
    for code, area in areas.items():
        assert area["values"] == {number.value: by_hand[code, number.value] for number in SHOWN}
        assert (area["alarms"], area["faults"]) == (wanted_alarms[code], wanted_faults[code])
        completed, base = by_hand[code, "completed"], by_hand[code, "base"]
        assert area["rates"]["completed_rate"] == (pytest.approx(completed / base) if base else None)
        await check_opens(admin, area, code)
    assert found["total"]["alarms"] == sum(wanted_alarms.values()) > 0
    assert found["total"]["faults"] == sum(wanted_faults.values()) > 0
    await check_opens(admin, found["total"], "")


async def test_county_officer_sees_the_own_townships_the_same_way(control: Control, admin: httpx.AsyncClient) -> None:
    city = await replace_city(control, 3, size=80)
    await add_work(control, city, Random(3))
    whole = next(each for each in (await ask(admin))["areas"] if each["code"] == EAST)
    async with acting_as(control, "tiedong", officer_of(EAST)) as officer:
        found = await ask(officer)
        assert (found["region"], found["region_name"], found["level"]) == (EAST, "铁东区", "township")
        codes = {code for code in TOWNSHIPS.values() if code.startswith(EAST)} | {"210302006", "210302008"}
        assert {area["code"] for area in found["areas"]} == codes
        shown = ("values", "rates", "alarms", "faults")
        assert [found["total"][key] for key in shown] == [whole[key] for key in shown]
        for area in found["areas"]:
            await check_opens(officer, area, area["code"])
        # premises that name their county only are in the total and in no township
        inside = sum(area["values"]["due"] for area in found["areas"])
        assert 0 < inside < found["total"]["values"]["due"]
        assert found == await ask(officer, EAST) == await ask(admin, EAST)


async def test_region_narrows_and_never_widens(control: Control, admin: httpx.AsyncClient) -> None:
    await replace_city(control, 4, size=30)
    async with acting_as(control, "tiedong", officer_of(EAST)) as officer:
        refused = await officer.get("/api/v1/overview", params={"region": COUNTIES["海城市"]})
        never = await officer.get("/api/v1/overview", params={"region": "999999"})
        assert refused.status_code == never.status_code == 404
        assert {**refused.json(), "instance": ""} == {**never.json(), "instance": ""}
        # a wider region around the own one shows the own one only
        wide = await ask(officer, "210300")
        assert [area["code"] for area in wide["areas"]] == [EAST]
    assert (await admin.get("/api/v1/overview", params={"region": "999999"})).status_code == 404


async def test_schools_officer_counts_schools_alone(control: Control, admin: httpx.AsyncClient) -> None:
    city = await replace_city(control, 5, size=80)
    await add_work(control, city, Random(5))
    async with acting_as(control, "jiaoyu", SCHOOLS) as officer:
        found = await ask(officer)
        by_hand = count_by_hand(city, today_of(control).isoformat())
        due = sum(
            value for (_, kind, number), value in by_hand.items() if kind == "PRIMARY_SCHOOL" and number is Number.DUE
        )
        assert found["total"]["values"]["due"] == due > 0
        await check_opens(officer, found["total"], "")
        for area in found["areas"]:
            await check_opens(officer, area, area["code"])


@pytest.mark.parametrize("role", [Role.STATION_OFFICER, Role.OPERATOR_NOC, Role.AUDITOR, Role.GRID_ASSISTANT])
async def test_whoever_answers_for_no_county_has_no_overview(control: Control, role: Role) -> None:
    async with acting_as(control, "someone", Grant(role, Scope("210302006"))) as person:
        for path in ("/api/v1/overview", "/api/v1/overview/outlines"):
            assert (await person.get(path)).status_code == 404


async def test_alarm_is_told_at_once_to_those_in_scope_alone(control: Control, admin: httpx.AsyncClient) -> None:
    await connect_nodes(control)
    ours = await add_county(control, admin, EAST, name="站前小学食堂", host="10.1.1.1")
    foreign = await add_county(control, admin, COUNTIES["海城市"], name="响堂小学食堂", host="10.1.1.2")
    watch = control.services.recording.watch

    def socket_of(client: httpx.AsyncClient) -> AsgiSocket:
        headers = {"host": "127.0.0.1:8080", "origin": ORIGIN, "cookie": client.headers["cookie"]}
        return AsgiSocket(control.app, "/api/v1/events", headers)

    async with (
        acting_as(control, "tiedong", officer_of(EAST)) as near,
        acting_as(control, "haicheng", officer_of(COUNTIES["海城市"])) as far,
        socket_of(near) as heard,
        socket_of(far) as silent,
    ):
        report(control, CameraId(foreign.camera))
        report(control, CameraId(ours.camera), CameraState.OFFLINE)
        await watch.look()
        control.clock.jump(120)
        report(control, CameraId(foreign.camera))
        await watch.look()
        assert (await ask(near))["total"]["alarms"] == 1
        told = [await heard.hear()]
        while told[-1]["type"] != "work":
            assert told[-1]["camera"]["id"] == ours.camera
            told.append(await heard.hear())
        assert told[-1] == {"type": "work"}  # and not which
        assert (await admin.delete(f"/api/v1/cameras/{foreign.camera}")).status_code == 204
        others = [await silent.hear()]
        while others[-1]["type"] != "removed":
            others.append(await silent.hear())
        assert {each["type"] for each in others} == {"camera", "removed"}


async def test_outlines_are_those_of_the_file_and_none_without_it(control: Control, admin: httpx.AsyncClient) -> None:
    path = control.options.outlines_file
    assert path is not None
    assert (await admin.get("/api/v1/overview/outlines")).json() == {"items": []}
    ring = [[122.9, 41.0], [123.1, 41.0], [123.1, 41.2], [122.9, 41.0]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"adcode": 210302}, "geometry": shape}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    assert (await admin.get("/api/v1/overview/outlines")).json() == {"items": [{"code": EAST, "polygons": [[ring]]}]}
    path.write_text("{", encoding="utf-8")
    assert (await admin.get("/api/v1/overview/outlines")).json() == {"items": []}
