"""When anchors are written, what the nightly check tells, and how keys follow each other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.contract.test_audit_insider import ZONE, House

from brightkitchen.bootstrap.audit_rules import register_actions
from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.anchoring import Anchorer
from brightkitchen.domain.audit.anchors import DAY, HEAD, Anchor, AnchorFolder, parse_anchor
from brightkitchen.domain.audit.checking import check_chain, run_nightly
from brightkitchen.domain.audit.model import Filters
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.audit.store import audit_rows
from brightkitchen.domain.audit.verify import check_anchors
from brightkitchen.domain.authz.model import Actor, Grant, Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.inquiry.service import AuditInquiry
from brightkitchen.kernel.clock import ManualClock, settle
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.ids import UserId
from brightkitchen.web.metrics import ControlMetrics

NAMES = ("bk_audit_check_ok", "bk_audit_check_age_s")


@dataclass(slots=True)
class Office:
    house: House
    database: Database
    trail: AuditTrail
    anchorer: Anchorer
    clock: ManualClock

    async def note(self) -> None:
        await self.trail.record(self.trail.entry(model.DOWNLOAD))

    def anchors(self) -> list[Anchor]:
        found = self.anchorer.folder.read().lines
        return [anchor for line in found if (anchor := parse_anchor(line.data))]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    house = House(tmp_path / "data", ManualClock())
    house.data.mkdir()
    database, trail, anchorer = await house.open()
    yield Office(house, database, trail, anchorer, house.clock)
    await database.close()


async def test_anchor_is_written_every_ten_minutes_but_only_of_a_longer_chain(office: Office) -> None:
    await office.anchorer.write_due()
    for minute in range(60):
        if minute < 25:
            await office.note()
        office.clock.jump(60)
        await office.anchorer.write_due()
    assert [anchor.type for anchor in office.anchors()] == [HEAD] * 4
    seqs = [anchor.seq for anchor in office.anchors()]
    assert seqs == sorted(set(seqs))
    assert office.anchors()[-1].seq == 26  # 25 rows, and that of the key


async def test_day_anchor_counts_the_rows_of_the_city_s_day(office: Office) -> None:
    """The clock starts at 08:00 in the city; its day ends 16 hours later."""
    await office.anchorer.write_due()
    for _ in range(30):
        await office.note()
        office.clock.jump(3_600)
    told = await office.anchorer.write_due()
    days = [anchor for anchor in office.anchors() if anchor.type == DAY]
    assert [(anchor.date, anchor.rows) for anchor in days] == [("2026-11-23", 17)]  # 16, and that of the key
    assert days == [anchor for anchor in told if anchor.type == DAY]
    assert await office.anchorer.write_due() == []


async def test_restart_neither_repeats_nor_forgets_a_day(office: Office) -> None:
    await office.anchorer.write_due()
    office.clock.jump(3 * 86_400)
    await office.database.close()
    database, _, anchorer = await office.house.open()
    await anchorer.write_due()
    await anchorer.write_due()
    await database.close()
    assert [anchor.date for anchor in office.anchors() if anchor.type == DAY] == ["2026-11-25"]


async def test_key_of_the_next_year_is_signed_by_the_one_before_and_is_a_row(office: Office) -> None:
    await office.anchorer.write_due()
    office.clock.jump(366 * 86_400)
    await office.note()
    await office.anchorer.write_due()
    checked = check_anchors(office.anchorer.folder.read())
    assert checked.findings == ()
    assert len({anchor.kid for anchor in checked.anchors}) == 2
    assert {file.name for file in office.house.anchors.iterdir()} == {"2026.jsonl", "2027.jsonl", "keys.jsonl"}
    found = await office.trail.search(Filters(kinds=(model.KEY_CREATED,)))
    assert len(found.rows) == 2
    assert (await check_chain(office.database, office.anchorer.folder)).is_well


async def test_lost_folder_of_anchors_is_noticed_and_stays_a_finding(office: Office) -> None:
    await office.anchorer.write_due()
    (office.house.anchors / "2026.jsonl").unlink()
    await office.note()
    office.clock.jump(700)
    await office.anchorer.write_due()
    report = await check_chain(office.database, AnchorFolder(office.house.anchors))
    assert [finding.trouble.value for finding in report.findings] == ["anchor_gap"]
    (row,) = (await office.trail.search(Filters(kinds=(model.CHAIN_FORKED,)))).rows
    assert row.row.reason == "anchors_lost"


def _metric(metrics: ControlMetrics) -> dict[str, float]:
    lines = metrics.render().decode().splitlines()
    return {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if line.startswith(NAMES)}


async def _run_to_row(office: Office, count: int) -> None:
    """Wait until so many checks are rows."""
    async with asyncio.timeout(20):
        while len((await office.trail.search(Filters(kinds=(model.CHECK_RUN,)))).rows) < count:
            await settle()


async def test_nightly_check_is_a_row_and_a_metric_and_its_absence_shows(office: Office) -> None:
    metrics = ControlMetrics(office.clock)
    assert _metric(metrics) == {"bk_audit_check_ok": 0, "bk_audit_check_age_s": 0}
    running = asyncio.create_task(
        run_nightly(office.database, office.trail, office.anchorer, metrics, clock=office.clock, zone=ZONE)
    )
    await _run_to_row(office, 1)
    assert _metric(metrics)["bk_audit_check_ok"] == 1
    await settle()
    office.clock.jump(3_600)
    assert _metric(metrics)["bk_audit_check_age_s"] == 3_600
    await office.clock.advance(17.9 * 3_600)
    assert len((await office.trail.search(Filters(kinds=(model.CHECK_RUN,)))).rows) == 1
    async with office.database.write() as connection:
        await connection.execute(sa.text("DROP TRIGGER audit_rows_no_update"))
        await connection.execute(audit_rows.update().where(audit_rows.c.seq == 1).values(actor_id="usr_x"))
    await office.clock.advance(0.2 * 3_600)  # 03:00 in the city
    await _run_to_row(office, 2)
    running.cancel()
    await asyncio.wait((running,), timeout=5)
    assert _metric(metrics)["bk_audit_check_ok"] == 0
    newest = (await office.trail.search(Filters(kinds=(model.CHECK_RUN,)))).rows[0].row
    assert (newest.decision, newest.reason) == ("refused", "edited")


async def test_folder_that_cannot_be_written_leaves_the_check_undone_and_the_age_growing(office: Office) -> None:
    office.house.anchors.write_text("a file where the folder should be")
    metrics = ControlMetrics(office.clock)
    running = asyncio.create_task(
        run_nightly(office.database, office.trail, office.anchorer, metrics, clock=office.clock, zone=ZONE)
    )
    async with asyncio.timeout(10):
        while not (await office.trail.search(Filters(kinds=(model.KEY_CREATED,)))).rows:
            await settle()
    await office.clock.advance(3_600)
    assert _metric(metrics) == {"bk_audit_check_ok": 0, "bk_audit_check_age_s": 3_600}
    running.cancel()
    await asyncio.wait((running,), timeout=5)


async def test_auditor_is_told_of_the_newest_anchor_and_the_row_it_names(office: Office) -> None:
    policy = Policy()
    register_actions(policy)
    auditor = Actor((Grant(Role.AUDITOR),), UserId("usr_0000000000000001"))
    asking = AuditInquiry(office.database, policy, office.trail, anchors=office.anchorer.folder, clock=office.clock)
    assert (await asking.load_state(auditor)).anchored_at is None
    await office.anchorer.write_due()
    last = office.anchors()[-1]
    state = await asking.load_state(auditor)
    assert (state.anchor_no, state.anchored_at, state.anchored_seq) == (last.number, last.at, last.seq)
