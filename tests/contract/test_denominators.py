"""The log of what 100 % is counted from: whatever happens to the register, its rows add up to what counts now."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control, NewDatabase, log_in
from tests.contract.generated_city import COUNTIES, credit_code
from tests.contract.test_import import a_book, a_premises, importer, run, upload
from tests.contract.test_onboarding import CONTRACT, SURVEY

from brightkitchen.domain.authz.model import Actor, Grant, Role, Scope
from brightkitchen.domain.numbers.model import Filter, Number
from brightkitchen.domain.numbers.service import Cut
from brightkitchen.domain.numbers.store import number_days, number_kept
from brightkitchen.domain.onboarding.states import Event
from brightkitchen.domain.premises.counted import Counts
from brightkitchen.domain.premises.denominators import DenominatorLog, denominator_changes, denominator_standings
from brightkitchen.domain.premises.model import PremisesFacts, SuspensionKind
from brightkitchen.domain.premises.store import premises, suspensions
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.database import open_database
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import US_PER_S
from brightkitchen.web.present.onboarding import EventIn, read_handed_in

__all__ = ["importer"]
ZONE = ZoneInfo("Asia/Shanghai")
ADMIN = Actor((Grant(Role.CITY_ADMIN, Scope("210300")),), UserId("usr_admin"))
KEEPER = Actor((Grant(Role.OPERATOR_PM, Scope("210300")),), UserId("usr_keeper"))
REGIONS = tuple(COUNTIES.values())
CATEGORIES = ("RESTAURANT_S", "PHARMACY", "PRIMARY_SCHOOL")
SIGNED = {
    *("SIGNED", "SURVEYED", "ORDERED", "INSTALLING", "INSTALLED", "TRIAL", "ACCEPTED", "IN_SERVICE"),
    *("REWORK", "SUSPENDED", "RELOCATED"),
}
Cells = Counter[tuple[str, str, Counts]]


async def all_rows(control: Control, table: sa.Table) -> list[Any]:
    async with control.database.read() as connection:
        return list(await connection.execute(sa.select(table)))


def today_of(control: Control) -> date:
    return datetime.fromtimestamp(control.clock.utc() // US_PER_S, ZONE).date()


async def count_by_hand(control: Control) -> Cells:
    """Count where every premises belongs, by loops over the rows."""
    today = today_of(control).isoformat()
    stops = await all_rows(control, suspensions)
    cells: Cells = Counter()
    for row in await all_rows(control, premises):
        if row.retired_at is not None:
            continue
        is_closed = row.state == "SUSPENDED" or any(
            stop.premises_id == row.id and stop.state == "APPROVED" and stop.from_on <= today <= stop.to_on
            for stop in stops
        )
        if row.is_due and row.exempt_reason is None:
            cells[row.region, row.category, Counts.DUE] += 1
            cells[row.region, row.category, Counts.BASE] += not is_closed
        cells[row.region, row.category, Counts.SIGNED] += row.state in SIGNED
    return +cells


async def add_up(control: Control) -> Cells:
    """Add up the log."""
    cells: Cells = Counter()
    for row in await all_rows(control, denominator_changes):
        for number in Counts:
            cells[row.from_region, row.from_category, number] -= bool(row.from_counts & number)
            cells[row.region, row.category, number] += bool(row.counts & number)
    assert min(cells.values(), default=0) >= 0
    return +cells


@dataclass(slots=True)
class Walk:
    """Does random things to a register."""

    control: Control
    client: httpx.AsyncClient
    random: Random
    imported: int = 0
    done: Counter[str] = field(default_factory=Counter)

    async def step(self) -> None:
        """Do one thing; a refusal by the rules is one as well, and changes nothing."""
        acts: tuple[Callable[[], Awaitable[object]], ...] = (
            *(self.add, self.add, self.change, self.change, self.retire, self.stop, self.end_stop),
            *(self.move, self.move, self.move, self.set_due, self.bring, self.sleep),
        )
        act = self.random.choice(acts)
        try:
            await act()
            self.done[act.__name__] += 1
        except BrightKitchenError:
            self.done["refused"] += 1

    async def any_premises(self) -> str:
        found = sorted(row.id for row in await all_rows(self.control, premises) if row.retired_at is None)
        return self.random.choice(found) if found else "prm_0000000000000000"

    async def add(self) -> None:
        facts = PremisesFacts(
            region=self.random.choice(REGIONS),
            category=self.random.choice(CATEGORIES),
            name="饺子馆",
            address="老街1号",
            is_due=self.random.random() < 0.8,
        )
        await self.control.services.premises.add_premises(ADMIN, facts)

    async def change(self) -> None:
        possible: dict[str, object] = {
            "region": self.random.choice(REGIONS),
            "category": self.random.choice(CATEGORIES),
            "is_due": self.random.random() < 0.5,
            "exempt_reason": self.random.choice((None, "迁建", "只卖预包装食品")),
            "name": self.random.choice(("饺子馆", "面馆")),
        }
        names = self.random.sample(sorted(possible), self.random.randint(1, 3))
        wanted = {name: possible[name] for name in names}
        service = self.control.services.premises
        await service.change_premises(ADMIN, await self.any_premises(), wanted, expected_version=None)

    async def retire(self) -> None:
        await self.control.services.premises.retire_premises(ADMIN, await self.any_premises())

    async def stop(self) -> None:
        begin = today_of(self.control) + timedelta(days=self.random.randint(0, 3))
        end = begin + timedelta(days=self.random.randint(0, 3))
        service, shop = self.control.services.premises, await self.any_premises()
        asked = await service.request_suspension(
            KEEPER,
            shop,
            SuspensionKind.CLOSED,
            from_on=begin.isoformat(),
            to_on=end.isoformat(),
            reason="装修",
        )
        await service.decide_suspension(ADMIN, shop, asked.id, approve=self.random.random() < 0.8)

    async def end_stop(self) -> None:
        approved = [row for row in await all_rows(self.control, suspensions) if row.state == "APPROVED"]
        if approved:
            stop = self.random.choice(sorted(approved, key=lambda row: row.id))
            await self.control.services.premises.end_suspension(ADMIN, stop.premises_id, stop.id)

    async def move(self) -> None:
        event = self.random.choice(
            [each for each in Event if each not in (Event.ORDER, Event.FINISH_INSTALL, Event.ACCEPT)]
        )
        given: dict[str, object] = {"reason": "核实"}
        today = today_of(self.control)
        if event is Event.SIGN:
            given["contract"] = CONTRACT | {"number": f"C{self.random.random()}"}
        elif event is Event.SURVEY:
            given["survey"] = SURVEY
        elif event is Event.SUSPEND:
            until = today + timedelta(days=self.random.randint(0, 2))
            given["suspension"] = {"kind": "CLOSED", "from_on": today.isoformat(), "to_on": until.isoformat()}
        handed_in = read_handed_in(EventIn.model_validate(given))
        await self.control.services.onboarding.apply_event(ADMIN, await self.any_premises(), event, handed_in)

    async def set_due(self) -> None:
        await self.control.services.onboarding.set_due(
            ADMIN,
            await self.any_premises(),
            is_due=self.random.random() < 0.7,
            exempt_reason=self.random.choice(("", "", "迁建")),
            reason="核实",
        )

    async def bring(self) -> None:
        """Import three premises, of which one may be there already and have moved."""
        numbers = range(self.imported, self.imported + 3)
        self.imported += 2
        rows = [
            a_premises(
                each,
                签约日期=self.random.choice(("", "2026-03-01")),
                应接入=self.random.choice("是否"),
                县区=self.random.choice(tuple(COUNTIES)),
                统一社会信用代码=credit_code(each),
            )
            for each in numbers
        ]
        await log_in(self.client)  # days may have passed
        job = await upload(self.control, self.client, a_book(rows))
        await run(self.control, self.client, job["id"])

    async def sleep(self) -> None:
        self.control.clock.jump(86_400.0)
        await self.control.services.onboarding.resume_ended()
        await self.control.services.numbers.record()


@pytest.mark.parametrize("seed", [1, 2])
async def test_log_adds_up_to_what_counts_after_any_sequence_of_changes(
    control: Control, importer: httpx.AsyncClient, seed: int
) -> None:
    walk = Walk(control, importer, Random(seed))
    before: Cells = Counter()
    for _ in range(45):
        await walk.step()
        after = await count_by_hand(control)
        assert await add_up(control) == after, walk.done
        before = after
    assert before.total() > 0
    assert len(set(walk.done) - {"refused"}) >= 9, walk.done
    matrix = await control.services.numbers.load_matrix(ADMIN, Filter(), Cut(by=()))
    said = next(iter(matrix.cells.values()))
    for number, counted in ((Number.DUE, Counts.DUE), (Number.BASE, Counts.BASE), (Number.SIGNED, Counts.SIGNED)):
        assert said[number] == sum(value for key, value in before.items() if key[2] is counted)


async def test_log_is_undone_with_the_change_it_tells(control: Control, admin: httpx.AsyncClient) -> None:
    control.journal.is_full = True
    answer = await admin.post("/api/v1/premises", json={"name": "甲", "category": "PHARMACY", "region": "210302"})
    assert answer.status_code == 503
    assert await all_rows(control, denominator_changes) == []
    assert await all_rows(control, denominator_standings) == []


async def test_move_to_another_county_is_told_to_both(control: Control, admin: httpx.AsyncClient) -> None:
    facts = PremisesFacts(region="210302", category="PHARMACY", name="药房", address="老街1号")
    made = await control.services.premises.add_premises(ADMIN, facts)
    body = {"region": "210381"}
    assert (await admin.patch(f"/api/v1/premises/{made.id}", json=body)).status_code == 200
    told = []
    for county in ("210302", "210381"):
        officer = Actor((Grant(Role.COUNTY_OFFICER, Scope(county)),), UserId("usr_officer"))
        found, _ = await control.services.onboarding.list_denominator_changes(officer)
        told.append([(each.what, each.from_region, each.region) for each in found])
    moved = ("REGION", "210302", "210381")
    assert told == [[moved, ("ADDED", "210302", "210302")], [moved]]


async def test_stop_that_begins_with_a_day_is_told_by_the_calendar(control: Control) -> None:
    facts = PremisesFacts(region="210302", category="PHARMACY", name="药房", address="老街1号")
    made = await control.services.premises.add_premises(ADMIN, facts)
    tomorrow = (today_of(control) + timedelta(days=1)).isoformat()
    service = control.services.premises
    asked = await service.request_suspension(
        KEEPER, made.id, SuspensionKind.CLOSED, from_on=tomorrow, to_on=tomorrow, reason="装修"
    )
    await service.decide_suspension(ADMIN, made.id, asked.id, approve=True)
    for _ in range(3):
        await control.services.numbers.record()
        control.clock.jump(86_400.0)
    span = f"{tomorrow}/{tomorrow}"
    told = [(row.what, row.actor, row.old, row.new, row.counts) for row in await all_rows(control, denominator_changes)]
    assert sorted(told[1:], key=str) == [("SUSPENSION", None, "", span, 1), ("SUSPENSION", None, span, "", 3)]


async def test_older_schema_opens_the_log_with_what_counts_and_knows_its_days(new_database: NewDatabase) -> None:
    address = await new_database()
    older = await open_database(address, migrate_to="m0008")
    columns = [column for column in premises.columns if not column.nullable or column.name == "exempt_reason"]
    kinds = (
        ("prm_0000000000000001", "IN_SERVICE", True, None, None),
        ("prm_0000000000000002", "SUSPENDED", True, None, None),
        ("prm_0000000000000003", "LEAD", True, "迁建", None),
        ("prm_0000000000000004", "SIGNED", False, None, None),
        ("prm_0000000000000005", "SIGNED", True, None, 5),
    )
    async with older.write() as connection:
        words = "code, name_zh, name_en, zone_profile, is_school, retention_days, sort"
        await connection.execute(
            sa.text(f"INSERT INTO categories ({words}) VALUES ('X', 'x', 'x', 'X', :no, 30, 1)"), {"no": False}
        )
        for premises_id, state, is_due, exempt_reason, retired_at in kinds:
            values: dict[str, object] = {column.name: 1 for column in columns}
            values |= dict.fromkeys(("name", "initials", "address", "hours", "present_zones"), "x")
            values |= {"id": premises_id, "state": state, "is_due": is_due, "exempt_reason": exempt_reason}
            values |= {"region": "210302", "category": "X", "is_complete": False, "is_demo": False}
            await connection.execute(premises.insert().values(**values, retired_at=retired_at))
        for day, number in (("2026-11-21", "due"), ("2026-11-22", "measured"), ("2026-11-22", "watched_s")):
            row = {"day": day, "region": "", "category": "", "number": number, "value": 1}
            await connection.execute(number_days.insert().values(row))
    await older.close()
    newer = await open_database(address)
    async with newer.write() as connection:
        rows = {row.premises_id: row for row in await connection.execute(sa.select(denominator_changes))}
        assert {key: (row.what, row.counts) for key, row in rows.items()} == {
            "prm_0000000000000001": ("OPENING", 7),
            "prm_0000000000000002": ("OPENING", 5),
            "prm_0000000000000003": ("OPENING", 0),
            "prm_0000000000000004": ("OPENING", 4),
        }
        log = DenominatorLog(clock=ManualClock(), entropy=SystemEntropy(), zone=ZONE)
        assert await log.note_calendar(connection) == 0
        kept = (await connection.execute(sa.select(number_kept).order_by(number_kept.c.day))).all()
        assert [tuple(row) for row in kept] == [("2026-11-21", True, False), ("2026-11-22", False, True)]
        numbers = (await connection.execute(sa.select(number_days.c.number))).scalars()
        assert sorted(numbers) == ["due", "watched_s"]
    await newer.close()
