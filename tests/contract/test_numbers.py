"""T07, T25: every number equals what a plain loop over the rows counts, and opens exactly the rows it counts."""

import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from tests.contract.conftest import PASSWORD, Control, log_in
from tests.contract.generated_city import COUNTIES, City, add_words, make_city

from brightkitchen.domain.authz.model import LOCAL, Actor, Grant, Role, Scope
from brightkitchen.domain.cameras.channels import recompute_complete
from brightkitchen.domain.cameras.store import camera_spells, camera_zones, cameras
from brightkitchen.domain.numbers.model import (
    CAMERA_NUMBERS,
    COUNTED,
    PREMISES_NUMBERS,
    Filter,
    Key,
    Level,
    Number,
    Rate,
    rates_of,
)
from brightkitchen.domain.numbers.queries import is_complete
from brightkitchen.domain.numbers.service import Cut
from brightkitchen.domain.numbers.store import number_days, number_members
from brightkitchen.domain.premises.kinds import load_packaged_kinds
from brightkitchen.domain.premises.model import Need
from brightkitchen.domain.premises.store import categories, premises, suspensions
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import US_PER_S

ZONE = ZoneInfo("Asia/Shanghai")
CITY = Actor((Grant(Role.CITY_OFFICER, Scope("210300")),), UserId("usr_1"))
COUNTY = Actor((Grant(Role.COUNTY_OFFICER, Scope(COUNTIES["铁东区"])),), UserId("usr_2"))
SCHOOLS = Actor((Grant(Role.EDU_OFFICER, Scope("210300", frozenset({"PRIMARY_SCHOOL"}))),), UserId("usr_3"))
KINDS = load_packaged_kinds()


def today_of(control: Control) -> date:
    return datetime.fromtimestamp(control.clock.utc() // US_PER_S, ZONE).date()


async def replace_city(control: Control, seed: int, size: int = 60, healthy: float = 0.6) -> City:
    """Put a new city into the database in place of whatever was there."""
    city = make_city(Random(seed), size=size, now_us=control.clock.utc(), today=today_of(control), healthy=healthy)
    async with control.database.write() as connection:
        await add_words(connection)
        for table in (number_members, number_days, camera_spells, camera_zones, cameras, suspensions, premises):
            await connection.execute(table.delete())
        await city.save(connection)
    control.clock.jump(60.0)  # nothing that was kept is fresh any more
    return city


# ---- the same numbers by hand: loops over rows, nothing of queries.py


def is_closed_by_hand(city: City, row: dict[str, Any], today: str) -> bool:
    if row["state"] == "SUSPENDED":
        return True
    for stop in city.suspensions:
        is_approved = stop["premises_id"] == row["id"] and stop["state"] == "APPROVED"
        if is_approved and stop["from_on"] <= today <= stop["to_on"]:
            return True
    return False


def is_complete_by_hand(city: City, row: dict[str, Any]) -> bool:
    extra: dict[str, set[str]] = {}
    for each in city.camera_zones:
        extra.setdefault(each["camera_id"], set()).add(each["zone"])
    mine = [
        camera
        for camera in city.cameras
        if camera["premises_id"] == row["id"] and camera["retired_at"] is None and camera["activity"] == "ACTIVE"
    ]
    all_of_it = [
        camera for camera in city.cameras if camera["premises_id"] == row["id"] and camera["retired_at"] is None
    ]
    for need in KINDS.needs_of(row["category"]):
        if need.need is Need.MUST_IF_PRESENT:
            is_seen = any(camera["zone"] == need.zone for camera in all_of_it)
            if need.may_be_shared and row["area_m2"] is not None and row["area_m2"] <= 50:
                is_seen = is_seen or any(need.zone in extra.get(camera["id"], ()) for camera in all_of_it)
            if need.zone not in row["present_zones"].split(",") and not is_seen:
                continue
        elif need.need is not Need.MUST:
            continue
        is_covered = False
        for camera in mine:
            if camera["zone"] == need.zone:
                is_covered = True
            is_small = row["area_m2"] is not None and row["area_m2"] <= 50
            if need.may_be_shared and is_small and need.zone in extra.get(camera["id"], ()):
                is_covered = True
        if not is_covered:
            return False
    return True


def numbers_by_hand(city: City, row: dict[str, Any], today: str) -> set[Number]:
    """Return which numbers count this premises."""
    found = set()
    is_due = row["is_due"] and row["exempt_reason"] is None
    is_closed = is_closed_by_hand(city, row, today)
    road = ["SIGNED", "SURVEYED", "ORDERED", "INSTALLING", "INSTALLED", "TRIAL", "ACCEPTED", "IN_SERVICE"]
    is_signed = row["state"] in [*road, "REWORK", "SUSPENDED", "RELOCATED"]
    is_accepted = row["state"] in road[6:]
    if is_due:
        found |= {Number.DUE} | ({Number.SUSPENDED} if is_closed else {Number.BASE})
        found |= {Number.SIGNED_DUE} if is_signed else set()
    if row["is_due"] and row["exempt_reason"] is not None:
        found.add(Number.EXEMPT)
    if is_signed:
        found.add(Number.SIGNED)
    if row["state"] in [*road[4:], "REWORK"]:
        found.add(Number.INSTALLED)
    if is_accepted:
        found.add(Number.ACCEPTED)
    if is_accepted and is_due and not is_closed and is_complete_by_hand(city, row):
        found.add(Number.COMPLETED)
    for camera in city.cameras:
        if camera["premises_id"] == row["id"] and camera["retired_at"] is None:
            spells = [spell["activity"] for spell in city.spells if spell["camera_id"] == camera["id"]]
            if camera["activity"] != "NEW" or "ACTIVE" in spells:
                found.add(Number.ONLINE)
    return found


def count_by_hand(city: City, today: str) -> dict[tuple[str, str, Number], int]:
    """Return (county, category, number) → count."""
    counts: Counter[tuple[str, str, Number]] = Counter()
    by_id = {row["id"]: row for row in city.premises if row["retired_at"] is None}
    for row in by_id.values():
        for number in numbers_by_hand(city, row, today):
            counts[row["region"][:6], row["category"], number] += 1
    for camera in city.cameras:
        owner = by_id.get(camera["premises_id"])
        if owner is None or camera["retired_at"] is not None:
            continue
        numbers = {Number.CAMERAS}
        is_closed = is_closed_by_hand(city, owner, today)
        if camera["activity"] != "NEW":
            numbers |= {Number.WATCHED_RAW} | (set() if is_closed else {Number.WATCHED})
        if camera["activity"] in ("ACTIVE", "DEGRADED"):
            numbers |= {Number.ONLINE_NOW_RAW} | (set() if is_closed else {Number.ONLINE_NOW})
        for number in numbers:
            counts[owner["region"][:6], owner["category"], number] += 1
    return dict(counts)


async def count(control: Control, actor: Actor = CITY, wanted: Filter = Filter()) -> dict[tuple[str, str, Number], int]:  # noqa: B008
    matrix = await control.services.numbers.load_matrix(actor, wanted, Cut())
    return {
        (key.region, key.category, number): value
        for key, values in matrix.cells.items()
        for number, value in values.items()
        if value and number in COUNTED
    }


# ---- tests


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_number_by_category_and_district_equals_the_hand_count(control: Control, seed: int) -> None:
    city = await replace_city(control, seed, size=150)
    by_hand = count_by_hand(city, today_of(control).isoformat())
    assert {number for _, _, number in by_hand} == set(COUNTED)  # the city has something of each
    assert await count(control) == by_hand


async def test_one_must_zone_camera_offline_drops_its_premises_out_of_completed(control: Control) -> None:
    city = await replace_city(control, 4, size=40, healthy=1.0)
    wanted = Filter()
    rows = (await control.services.numbers.load_rows(CITY, wanted, Number.COMPLETED)).rows
    whole = next(row for row in rows if row.category == "PRIMARY_SCHOOL")
    camera = next(each for each in city.cameras if each["premises_id"] == whole.premises_id and each["zone"] == "COOK")
    before = (await control.services.numbers.load_matrix(CITY, wanted, Cut())).sums()[Key()]
    for activity in ("OFFLINE", "DEGRADED", "NEW"):
        async with control.database.write() as connection:
            await connection.execute(cameras.update().where(cameras.c.id == camera["id"]).values(activity=activity))
        control.clock.jump(60.0)
        after = (await control.services.numbers.load_matrix(CITY, wanted, Cut())).sums()[Key()]
        assert after[Number.COMPLETED] == before[Number.COMPLETED] - 1
        assert after[Number.ACCEPTED] == before[Number.ACCEPTED]
        left = (await control.services.numbers.load_rows(CITY, wanted, Number.COMPLETED)).rows
        assert {row.premises_id for row in rows} - {row.premises_id for row in left} == {whole.premises_id}


@pytest.mark.parametrize("seed", range(4))
async def test_complete_in_sql_is_what_the_register_says(control: Control, seed: int) -> None:
    city = await replace_city(control, seed, size=120, healthy=0.5)
    async with control.database.write() as connection:
        await recompute_complete(connection, [row["id"] for row in city.premises])
        kept = set((await connection.execute(sa.select(premises.c.id).where(premises.c.is_complete))).scalars())
        wanted = sa.select(premises.c.id).join(categories, categories.c.code == premises.c.category)
        live = wanted.where(is_complete(), premises.c.retired_at.is_(None))
        found = set((await connection.execute(live)).scalars())
    assert found == kept
    assert 0 < len(found) < 120


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), healthy=st.floats(0, 1), actor=st.sampled_from([CITY, COUNTY, SCHOOLS]))
async def test_every_number_opens_as_many_rows_as_it_counts(
    control: Control, seed: int, healthy: float, actor: Actor
) -> None:
    city = await replace_city(control, seed, size=25, healthy=healthy)
    service = control.services.numbers
    matrix = await service.load_matrix(actor, Filter(), Cut(level=Level.TOWNSHIP))
    total = matrix.sums().get(Key(), {})
    for number in COUNTED:
        page = await service.load_rows(actor, Filter(), number)
        assert (page.total, len(page.rows)) == (total.get(number, 0), total.get(number, 0)), number
        assert all(actor.grants[0].scope.covers(row_place(row.region, row.category)) for row in page.rows)
        for key, values in matrix.cells.items():
            cell = await service.load_rows(actor, Filter(key.region, (key.category,)), number)
            inside = [other for other in matrix.cells if other.region.startswith(key.region)]
            nested = sum(matrix.cells[other].get(number, 0) for other in inside if other.category == key.category)
            assert cell.total == nested if len(key.region) == 6 else cell.total == values.get(number, 0), (key, number)
    by_hand = count_by_hand(city, today_of(control).isoformat())
    hand = sum(
        value
        for (region, kind, number), value in by_hand.items()
        if number is Number.DUE and covers(actor, region, kind)
    )
    assert total.get(Number.DUE, 0) == hand
    assert all(share is None or 0 <= share <= 1 for share in rates_of(total).values())


def row_place(region: str, category: str) -> Any:  # Any: a Place
    from brightkitchen.domain.authz.model import Place

    return Place(region, category)


def covers(actor: Actor, region: str, category: str) -> bool:
    return bool(actor.grants[0].scope.covers(row_place(region, category)))


def seconds_by_hand(city: City, day: date, *, raw: bool, hours: bool) -> tuple[int, int]:
    """Return (watched, online) by walking through the day minute by minute; spells of this city begin anywhere, so compare loosely."""
    begin = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    by_id = {row["id"]: row for row in city.premises}
    watched = online = 0
    for camera in city.cameras:
        owner = by_id[camera["premises_id"]]
        closed = owner["state"] == "SUSPENDED" or any(
            stop["premises_id"] == owner["id"]
            and stop["state"] == "APPROVED"
            and stop["from_on"] <= day.isoformat() <= stop["to_on"]
            for stop in city.suspensions
        )
        if closed and not raw:
            continue
        spells = [spell for spell in city.spells if spell["camera_id"] == camera["id"]]
        for minute in range(0, 1440, 5):
            moment = begin + timedelta(minutes=minute)
            if hours and not is_open_by_hand(owner["hours"], moment):
                continue
            at = int(moment.astimezone(UTC).timestamp()) * US_PER_S
            for spell in spells:
                if spell["from_at"] <= at and (spell["to_at"] is None or at < spell["to_at"]):
                    watched += 300 * (spell["activity"] != "NEW")
                    online += 300 * (spell["activity"] in ("ACTIVE", "DEGRADED"))
    return watched, online


def is_open_by_hand(hours: str, moment: datetime) -> bool:
    if not hours:
        return True
    now = moment.strftime("%H:%M")
    for part in hours.split(";"):
        days, _, times = part.partition(" ")
        first, _, last = days.partition("-")
        begin, _, end = times.partition("-")
        today, before = moment.isoweekday(), (moment - timedelta(days=1)).isoweekday()
        if begin < end and int(first) <= today <= int(last) and begin <= now < end:
            return True
        if begin >= end and int(first) <= today <= int(last) and now >= begin:
            return True
        if begin >= end and int(first) <= before <= int(last) and now < end:
            return True
    return False


async def test_online_rates_by_day_and_in_business_hours_are_those_of_the_spells(control: Control) -> None:
    city = await replace_city(control, 7, size=60)
    await control.services.numbers.record()
    matrix = await control.services.numbers.load_matrix(CITY, Filter(), Cut())
    yesterday = today_of(control) - timedelta(days=1)
    assert matrix.day == yesterday.isoformat()
    rates = rates_of(matrix.sums()[Key()])
    for rate, raw, hours in (
        (Rate.ONLINE_DAY, False, False),
        (Rate.ONLINE_HOURS, False, True),
        (Rate.ONLINE_DAY_RAW, True, False),
    ):
        watched, online = seconds_by_hand(city, yesterday, raw=raw, hours=hours)
        assert rates[rate] == pytest.approx(online / watched, abs=0.005), rate
    assert len({rates[rate] for rate in (Rate.ONLINE_DAY, Rate.ONLINE_HOURS, Rate.ONLINE_DAY_RAW)}) == 3


async def test_months_are_kept_and_their_rows_open_as_they_were(control: Control) -> None:
    await replace_city(control, 8, size=50)
    service = control.services.numbers
    await service.record()
    before = (await service.load_matrix(CITY, Filter(), Cut())).sums()[Key()]
    first_month = today_of(control).isoformat()[:7]
    while today_of(control).isoformat()[:7] == first_month:
        control.clock.jump(86_400.0)
    async with control.database.write() as connection:
        await connection.execute(premises.update().values(state="LEAD"))
    await service.record()
    now = (await service.load_matrix(CITY, Filter(), Cut())).sums()[Key()]
    assert now[Number.SIGNED] == 0 < before[Number.SIGNED]
    then = (await service.load_matrix(CITY, Filter(), Cut(), first_month)).sums()[Key()]
    assert {number: then.get(number, 0) for number in COUNTED} == {number: before[number] for number in COUNTED}
    for number in PREMISES_NUMBERS:
        page = await service.load_rows(COUNTY, Filter(), number, month=first_month)
        mine = (await service.load_matrix(COUNTY, Filter(), Cut(), first_month)).sums().get(Key(), {})
        assert page.total == mine.get(number, 0), number
    months = await service.load_matrix(CITY, Filter(), Cut(("month",), months=3))
    assert {key.month: values.get(Number.SIGNED, 0) for key, values in months.cells.items()} == {
        first_month: before[Number.SIGNED],
        today_of(control).isoformat()[:7]: 0,
    }


async def test_recording_twice_a_day_keeps_one_set(control: Control) -> None:
    await replace_city(control, 9, size=30)
    await control.services.numbers.record()
    async with control.database.read() as connection:
        once = sorted((await connection.execute(sa.select(number_days))).all())
    await control.services.numbers.record()
    async with control.database.read() as connection:
        assert sorted((await connection.execute(sa.select(number_days))).all()) == once


async def a_client(control: Control, client: httpx.AsyncClient, name: str, grant: Grant) -> None:
    await control.services.users.create_user(LOCAL, name, grants=(grant,), display_name=name, password=PASSWORD)
    await log_in(client, username=name)


async def test_county_officer_gets_the_own_county_only_in_every_shape(control: Control) -> None:
    city = await replace_city(control, 10, size=80)
    mine = {row["name"] for row in city.premises if row["region"].startswith(COUNTIES["铁东区"])}
    others = {row["name"] for row in city.premises} - mine
    async with control.client() as client:
        await a_client(control, client, "county", Grant(Role.COUNTY_OFFICER, Scope(COUNTIES["铁东区"])))
        answer = (await client.get("/api/v1/numbers")).json()
        assert {cell["region"] for cell in answer["cells"]} == {COUNTIES["铁东区"]}
        assert answer["regions"] == [{"code": "210302", "name": "铁东区"}]
        empty = (await client.get("/api/v1/numbers", params={"region": COUNTIES["海城市"]})).json()
        assert empty["cells"] == []
        rows = (await client.get("/api/v1/numbers/rows", params={"number": "due", "limit": 200})).json()
        names = {row["name"] for row in rows["items"]}
        assert names <= mine
        assert rows["total"] == len(rows["items"]) == answer["total"]["values"]["due"]
        for path in ("export.xlsx", "export.csv"):
            exported = await client.get(f"/api/v1/numbers/{path}", params={"purpose": "月报", "number": "due"})
            assert exported.status_code == 200
            text = exported.text if path.endswith("csv") else repr(sheet_of(exported.content))
            assert not any(f"'{name}'" in text or f'"{name}"' in text for name in others)
            assert any(name in text for name in mine)
        assert [each[:2] for each in control.exports.noted] == [("due", "月报")] * 2
        refused = await client.put(
            "/api/v1/numbers/targets",
            json={"year": 2026, "region": COUNTIES["海城市"], "category": "PHARMACY", "premises": 9},
        )
        assert (refused.status_code, refused.json()["code"]) == (404, "access.none")


def sheet_of(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


async def test_export_says_what_was_counted_and_when_and_holds_texts_only(
    control: Control, admin: httpx.AsyncClient
) -> None:
    await replace_city(control, 11, size=40)
    assert (await admin.get("/api/v1/numbers/export.xlsx")).status_code == 422  # without a purpose
    answer = await admin.get("/api/v1/numbers/export.xlsx", params={"purpose": "月度通报"})
    rows = sheet_of(answer.content)
    assert str(rows[0][0]).startswith("统计时间：2026-11-23 08:")
    assert "完成率: 完成的单位，除以应接入减去今天停业的单位。" in [row[0] for row in rows]
    header = next(row for row in rows if row[0] == "县区")
    total = dict(zip(header, rows[-1], strict=True))
    counted = (await admin.get("/api/v1/numbers")).json()["total"]
    assert total["应接入"] == str(counted["values"]["due"])
    assert total["完成率"] == f"{counted['rates']['completed_rate']:.1%}"
    assert {type(cell) for row in rows for cell in row} == {str}
    assert control.exports.noted[-1][:2] == ("numbers", "月度通报")


async def test_plan_target_may_be_exceeded_but_no_rate_exceeds_one(control: Control, admin: httpx.AsyncClient) -> None:
    await replace_city(control, 12, size=60, healthy=1.0)
    cell = (await admin.get("/api/v1/numbers")).json()["cells"][0]
    body = {"year": 2026, "region": cell["region"], "category": cell["category"], "premises": 1}
    assert (await admin.put("/api/v1/numbers/targets", json=body)).status_code == 204
    answer = (await admin.get("/api/v1/numbers")).json()
    assert (answer["cells"][0]["target"], answer["total"]["target"]) == (1, 1)
    assert answer["cells"][0]["values"]["completed"] > 1
    assert all(share is None or share <= 1 for each in answer["cells"] for share in each["rates"].values())


@pytest.mark.parametrize(
    "params",
    [
        {"by": "region,owner"},
        {"level": "village"},
        {"region": "2103"},
        {"region": "210300' OR 1=1 --"},
        {"category": "school"},
        {"month": "2026-13"},
        {"months": "99"},
    ],
)
async def test_query_parameters_are_closed(admin: httpx.AsyncClient, params: dict[str, str]) -> None:
    assert (await admin.get("/api/v1/numbers", params=params)).status_code == 422


async def test_rows_of_no_number_and_of_seconds_are_refused(admin: httpx.AsyncClient) -> None:
    for number in ("online_s", "everything", ""):
        answer = await admin.get("/api/v1/numbers/rows", params={"number": number})
        assert answer.status_code == 422
    past = await admin.get("/api/v1/numbers/rows", params={"number": CAMERA_NUMBERS[0].value, "month": "2026-01"})
    assert past.json()["code"] == "numbers.not_kept"


async def test_owner_sees_no_numbers(control: Control) -> None:
    await replace_city(control, 13, size=10)
    async with control.client() as client:
        await a_client(control, client, "owner", Grant(Role.OWNER, Scope(premises=None)))
        for path in ("", "/rows?number=due", "/export.xlsx?purpose=ab"):
            assert (await client.get(f"/api/v1/numbers{path}")).status_code == 404
