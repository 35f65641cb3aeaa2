"""Counting: now from the records, of a month from what was kept each day. Every number opens the rows it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import EVERYWHERE, Actor, Grant, Place, Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.numbers import policy as rules
from brightkitchen.domain.numbers import store
from brightkitchen.domain.numbers.model import (
    BIT_OF,
    CAMERA_NUMBERS,
    COUNTED,
    PREMISES_NUMBERS,
    SECONDS,
    Filter,
    Key,
    Level,
    Matrix,
    Number,
    RowPage,
)
from brightkitchen.domain.numbers.opening import Seconds, measure
from brightkitchen.domain.numbers.ports import ExportLog
from brightkitchen.domain.numbers.queries import Counting
from brightkitchen.domain.premises.hours import Interval, day_bounds, open_intervals, parse_hours
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

MAX_PAGE: Final = 200
MAX_EXPORT_ROWS: Final = 60_000
MAX_MONTHS: Final = 36
FRESH_S: Final = 10.0
MAX_KEPT: Final = 64
BACKFILL_DAYS: Final = 31
RECORD_EVERY_S: Final = 3600.0
_CAMERAS_AT_ONCE: Final = 250
_ALL: Final = (Grant(Role.LOCAL, EVERYWHERE),)


@dataclass(frozen=True, slots=True)
class Cut:
    """How the numbers are told apart. by: some of "region", "category", "month". months: the last how many, with "month"."""

    by: tuple[str, ...] = ("region", "category")
    level: Level = Level.COUNTY
    months: int = 12

    @property
    def region(self) -> Level | None:
        return self.level if "region" in self.by else None


class NumberService:
    """Everything one can ask of the numbers, each within the asker's scope."""

    def __init__(self, database: Database, policy: Policy, *, exports: ExportLog, clock: Clock, zone: tzinfo) -> None:
        self._database = database
        self._policy = policy
        self._exports = exports
        self._clock = clock
        self._zone = zone
        self._kept: dict[tuple[object, ...], tuple[float, Matrix]] = {}

    # ---- asked by people

    async def load_matrix(self, actor: Actor, wanted: Filter, cut: Cut, month: str = "") -> Matrix:
        """Return counts by cell: of now, or as of the end of an earlier month. At most 10 s old.

        month: YYYY-MM, "" = now. raises: BrightKitchenError "access.none", "numbers.month_unknown".
        """
        grants = self._grants(actor, rules.VIEW)
        key = (grants, wanted, cut, month)
        kept = self._kept.get(key)
        if kept is not None and self._clock.mono_s() - kept[0] < FRESH_S:
            return kept[1]
        async with self._database.read() as connection:
            matrix = await self._load_matrix(connection, grants, wanted, cut, month)
        while len(self._kept) >= MAX_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = (self._clock.mono_s(), matrix)
        return matrix

    async def load_names(self, language: str) -> tuple[dict[str, str], dict[str, str]]:
        """Return code → name of every region, and of every category in the city's order."""
        async with self._database.read() as connection:
            return await store.load_names(connection, language)

    async def load_rows(
        self, actor: Actor, wanted: Filter, number: Number, *, month: str = "", after: int = 0, limit: int = MAX_PAGE
    ) -> RowPage:
        """Return what a number counts. limit: 1..60,000.

        raises: BrightKitchenError "access.none"; "numbers.not_kept" for cameras of an earlier month and for seconds.
        """
        grants = self._grants(actor, rules.VIEW)
        return await self._load_rows(grants, wanted, number, month, after, limit)

    async def export_matrix(self, actor: Actor, wanted: Filter, cut: Cut, *, month: str, purpose: str) -> Matrix:
        """As `load_matrix`, written down as an export first."""
        self._grants(actor, rules.EXPORT)
        matrix = await self.load_matrix(actor, wanted, cut, month)
        await self._exports.note_export(
            actor, what="numbers", purpose=purpose, rows=len(matrix.cells), region=wanted.region
        )
        return matrix

    async def export_rows(self, actor: Actor, wanted: Filter, number: Number, *, month: str, purpose: str) -> RowPage:
        """As `load_rows`, all of them, written down as an export first."""
        grants = self._grants(actor, rules.EXPORT)
        page = await self._load_rows(grants, wanted, number, month, 0, MAX_EXPORT_ROWS)
        await self._exports.note_export(
            actor, what=number.value, purpose=purpose, rows=len(page.rows), region=wanted.region
        )
        return page

    async def set_target(self, actor: Actor, year: int, region: str, category: str, premises: int | None) -> None:
        """Set how many premises of a region and category are to be in service by the end of a year; None = no target.

        raises: BrightKitchenError "access.none" if the region is not inside the actor's scope.
        """
        if not self._policy.check(actor, rules.AIM, _At(Place(region, category))).allowed:
            raise not_found()
        async with self._database.write() as connection:
            await store.save_target(
                connection,
                year,
                Key(region, category),
                premises,
                set_by=str(actor.user or ""),
                now=self._clock.utc(),
            )
        self._kept.clear()

    # ---- by the clock

    async def keep_recording(self) -> None:
        """Record today at once and every hour, and the seconds of days that have ended; for ever."""
        while True:
            await self.record()
            await self._clock.sleep(RECORD_EVERY_S)

    async def record(self) -> None:
        """Keep today's counts in place of earlier ones of today, and measure ended days that were not measured yet."""
        today = self._today()
        counting = Counting(_ALL, Filter(), today.isoformat())
        async with self._database.read() as connection:
            cells = await self._count(connection, counting, Level.TOWNSHIP, by_category=True)
        async with self._database.write() as connection:
            await store.save_day(connection, today.isoformat(), cells, COUNTED)
            await store.save_members(connection, today.isoformat()[:7], counting.select_bits(dict(BIT_OF)))
        for day in await self._days_to_measure(today):
            await self._measure_day(day)
        self._kept.clear()

    async def _days_to_measure(self, today: date) -> list[date]:
        first = today - timedelta(days=BACKFILL_DAYS)
        async with self._database.read() as connection:
            began_at = await store.load_first_spell(connection)
            known = await store.load_measured(connection, first.isoformat())
        if began_at is None:
            return []
        first = max(first, self._day_of(began_at))
        days = [first + timedelta(days=count) for count in range((today - first).days)]
        return [day for day in days if day.isoformat() not in known]

    async def _measure_day(self, day: date) -> None:
        """Add up how long the cameras of each region and category were watched and online on `day`."""
        begin, end = day_bounds(day, self._zone)
        now = self._clock.utc()
        async with self._database.read() as connection:
            closed = await store.load_closed(connection, day.isoformat())
            placed = await store.load_placed_cameras(connection, begin)
        cells: store.Cells = {}
        intervals: dict[str, list[Interval]] = {}
        for start in range(0, len(placed), _CAMERAS_AT_ONCE):
            some = placed[start : start + _CAMERAS_AT_ONCE]
            async with self._database.read() as connection:
                spells = await store.load_spells(connection, [row.id for row in some], begin, end)
            for row in some:
                mine = spells.get(row.id)
                if not mine:
                    continue
                if row.hours not in intervals:
                    intervals[row.hours] = open_intervals(parse_hours(row.hours), day, self._zone)
                whole = measure(mine, [(begin, end)], now)
                opened = measure(mine, intervals[row.hours], now)
                is_closed = row.premises_id in closed or row.state == "SUSPENDED"
                _add(cells.setdefault(Key(row.region, row.category), {}), whole, opened, is_closed=is_closed)
            await self._clock.sleep(0)
        async with self._database.write() as connection:
            await store.save_day(connection, day.isoformat(), cells, SECONDS)
            await store.mark_measured(connection, day.isoformat())
        log.info("day measured", day=day.isoformat(), cameras=len(placed))

    # ---- inside

    def _grants(self, actor: Actor, action: str) -> tuple[Grant, ...]:
        grants = self._policy.grants_for(actor, action)
        if not grants:
            raise not_found()
        return grants

    def _day_of(self, at: Utc) -> date:
        return datetime.fromtimestamp(at // US_PER_S, self._zone).date()

    def _today(self) -> date:
        return self._day_of(self._clock.utc())

    async def _count(
        self, connection: AsyncConnection, counting: Counting, by_region: Level | None, *, by_category: bool
    ) -> store.Cells:
        cells = await store.load_counts(connection, counting.count_premises(by_region, by_category), PREMISES_NUMBERS)
        cameras = await store.load_counts(connection, counting.count_cameras(by_region, by_category), CAMERA_NUMBERS)
        for key, values in cameras.items():
            cells.setdefault(key, {}).update(values)
        return cells

    async def _load_matrix(
        self, connection: AsyncConnection, grants: Sequence[Grant], wanted: Filter, cut: Cut, month: str
    ) -> Matrix:
        today = self._today()
        this_month = today.isoformat()[:7]
        by_category = "category" in cut.by
        year = int((month or this_month)[:4])
        targets = await store.load_targets(connection, year)
        if "month" in cut.by:
            return await self._load_months(connection, grants, wanted, cut, today)
        if month and month != this_month:
            days = await store.load_last_days(connection, month, month)
            if month not in days:
                raise BrightKitchenError(Kind.INVALID, "numbers.month_unknown", month=month)
            cells = await store.load_days(
                connection,
                grants,
                wanted,
                count_days=[days[month]],
                second_days=(f"{month}-01", f"{month}-31"),
                by_region=cut.region,
                by_category=by_category,
                by_month=False,
            )
            return Matrix(self._clock.utc(), month, False, days[month], cells, targets)
        counting = Counting(grants, wanted, today.isoformat())
        cells = await self._count(connection, counting, cut.region, by_category=by_category)
        day = await store.load_last_measured(connection, today.isoformat())
        if day:
            measured = await store.load_days(
                connection,
                grants,
                wanted,
                count_days=(),
                second_days=(day, day),
                by_region=cut.region,
                by_category=by_category,
                by_month=False,
            )
            for key, values in measured.items():
                cells.setdefault(key, {}).update(values)
        return Matrix(self._clock.utc(), this_month, True, day, cells, targets)

    async def _load_months(
        self, connection: AsyncConnection, grants: Sequence[Grant], wanted: Filter, cut: Cut, today: date
    ) -> Matrix:
        """Return the last months side by side, each as of its last recorded day."""
        first = today.year * 12 + today.month - 1 - (min(cut.months, MAX_MONTHS) - 1)
        first_month, last_month = f"{first // 12:04}-{first % 12 + 1:02}", today.isoformat()[:7]
        days = await store.load_last_days(connection, first_month, last_month)
        cells = await store.load_days(
            connection,
            grants,
            wanted,
            count_days=sorted(days.values()),
            second_days=(f"{first_month}-01", f"{last_month}-31"),
            by_region=cut.region,
            by_category="category" in cut.by,
            by_month=True,
        )
        cells = {key: values for key, values in cells.items() if key.month in days}
        return Matrix(self._clock.utc(), last_month, False, max(days.values(), default=""), cells, {})

    async def _load_rows(
        self, grants: Sequence[Grant], wanted: Filter, number: Number, month: str, after: int, limit: int
    ) -> RowPage:
        today = self._today().isoformat()
        is_now = not month or month == today[:7]
        if number in SECONDS or (not is_now and number not in PREMISES_NUMBERS):
            raise BrightKitchenError(Kind.INVALID, "numbers.not_kept")
        async with self._database.read() as connection:
            if is_now:
                chosen = Counting(grants, wanted, today).select_rows(number)
                return await store.load_rows(connection, chosen, after=after, limit=limit)
            return await store.load_members(
                connection, grants, wanted, month=month, number=number, after=after, limit=limit
            )


@dataclass(frozen=True, slots=True)
class _At:
    place: Place


def _add(into: dict[Number, int], whole: Seconds, opened: Seconds, *, is_closed: bool) -> None:
    """Add one camera's day. Closed premises count in the raw rate only, which stands beside the other."""
    parts = {Number.WATCHED_RAW_S: whole.watched_s, Number.ONLINE_RAW_S: whole.online_s}
    if not is_closed:
        parts |= {Number.WATCHED_S: whole.watched_s, Number.ONLINE_S: whole.online_s}
        parts |= {Number.WATCHED_HOURS_S: opened.watched_s, Number.ONLINE_HOURS_S: opened.online_s}
    for number, value in parts.items():
        into[number] = into.get(number, 0) + value
