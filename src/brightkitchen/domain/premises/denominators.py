"""The log of what 100 % is counted from: who came into it, who left it, when and why (DOMAIN §3.1).

`DenominatorLog.note` is the only code that writes it. Whoever changes a premises calls it in the same transaction; it finds
out what became different by itself, so that nobody has to tell it.

Invariants, whatever happens to the register:
- D1 `denominator_standings` holds each premises as its newest row of the log left it.
- D2 For every region, category and `Counts`: rows that came in − rows that went out = premises that count there by
  `is_due`, `is_closed` and `is_signed` below, as soon as `note_calendar` has run on the day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.premises.counted import SIGNED, Standing, Step, What, build_steps
from brightkitchen.domain.premises.states import PremisesState as State
from brightkitchen.domain.premises.store import premises, suspensions
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import PremisesId, UserId, new_id
from brightkitchen.kernel.units import US_PER_S, Utc

_CHUNK: Final = 400
_MAX_TEXT: Final = 200
_MAX_REASON: Final = 500

denominator_changes = sa.Table(
    "denominator_changes",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), nullable=False, index=True),
    # of one premises no two rows have the same
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    # NULL: the calendar
    sa.Column("actor", sa.String(40), nullable=True),
    # counted.What
    sa.Column("what", sa.String(12), nullable=False),
    sa.Column("old", sa.String(200), nullable=False),
    sa.Column("new", sa.String(200), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    # the cell it left and the one it came into, and in which `Counts` it was and is there (the sum of their bits)
    sa.Column("from_region", sa.String(12), nullable=False),
    sa.Column("from_category", sa.String(24), nullable=False),
    sa.Column("from_counts", sa.Integer, nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("category", sa.String(24), nullable=False),
    sa.Column("counts", sa.Integer, nullable=False),
)

denominator_standings = sa.Table(
    "denominator_standings",
    metadata,
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), primary_key=True),
    # of its newest row in the log
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("category", sa.String(24), nullable=False),
    sa.Column("is_registered", sa.Boolean, nullable=False),
    sa.Column("is_due", sa.Boolean, nullable=False),
    sa.Column("exempt_reason", sa.String(200), nullable=False),
    sa.Column("stop", sa.String(40), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
)

# ---- which premises count, as SQL: what the numbers count by


def is_due() -> sa.ColumnElement[bool]:
    """True for what is to be connected and not exempt."""
    return sa.and_(premises.c.is_due.is_(sa.true()), premises.c.exempt_reason.is_(None))


def is_closed(today: str) -> sa.ColumnElement[bool]:
    """True for premises with an approved stop over `today`, and for those whose state says so."""
    stops = sa.select(suspensions.c.premises_id).where(_is_stop(today))
    return sa.or_(premises.c.state == State.SUSPENDED.value, premises.c.id.in_(stops))


def is_signed() -> sa.ColumnElement[bool]:
    """True for what has a contract."""
    return premises.c.state.in_([state.value for state in SIGNED])


def _is_stop(today: str) -> sa.ColumnElement[bool]:
    return sa.and_(suspensions.c.state == "APPROVED", suspensions.c.from_on <= today, suspensions.c.to_on >= today)


# ---- the log


@dataclass(frozen=True, slots=True)
class Cause:
    """Who changed something and why. actor None: the system. entry: what it is called if the premises is new."""

    actor: UserId | None
    reason: str = ""
    entry: What = What.ADDED


@dataclass(frozen=True, slots=True)
class _Known:
    standing: Standing
    at: Utc


class DenominatorLog:
    """Writes the log. See the invariants above."""

    def __init__(self, *, clock: Clock, entropy: Entropy, zone: tzinfo) -> None:
        """zone: the city's, by which a day begins."""
        self._clock = clock
        self._entropy = entropy
        self._zone = zone

    async def note(self, connection: AsyncConnection, ids: Iterable[PremisesId], cause: Cause) -> int:
        """Write what became different of these premises since it was last written. returns: how many rows."""
        wanted = list(dict.fromkeys(ids))
        chunks = [wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK)]
        return sum([await self._note(connection, premises.c.id.in_(chunk), chunk, cause) for chunk in chunks])

    async def note_calendar(self, connection: AsyncConnection) -> int:
        """Write what the beginning of a day changed: approved stops that begin and end. returns: how many rows."""
        return await self._note(connection, sa.true(), None, Cause(None, "", What.OPENING))

    async def _note(
        self, connection: AsyncConnection, which: sa.ColumnElement[bool], ids: Sequence[PremisesId] | None, cause: Cause
    ) -> int:
        now = self._clock.utc()
        today = datetime.fromtimestamp(now // US_PER_S, tz=UTC).astimezone(self._zone).date().isoformat()
        known = await _load_known(connection, ids)
        rows: list[dict[str, object]] = []
        moved: dict[PremisesId, _Known] = {}
        for premises_id, standing in (await _load_standings(connection, which, today)).items():
            before = known.get(premises_id)
            at = now
            if before is not None:
                at = Utc(
                    max(now, before.at + 1)
                )  # the rows of one premises have an order even if the clock was set back
            for step in build_steps(before.standing if before else None, standing, entry=cause.entry):
                rows.append(self._row(premises_id, step, cause, at))
                at = Utc(at + 1)
            if before is None or before.standing != standing:
                moved[premises_id] = _Known(standing, Utc(max(now, at - 1)))
        await _save(connection, rows, moved, [each for each in moved if each in known])
        return len(rows)

    def _row(self, premises_id: PremisesId, step: Step, cause: Cause, at: Utc) -> dict[str, object]:
        before = step.before
        return {
            "id": new_id("dnc", self._entropy),
            "premises_id": premises_id,
            "at": at,
            "actor": cause.actor,
            "what": step.what.value,
            "old": step.old[:_MAX_TEXT],
            "new": step.new[:_MAX_TEXT],
            "reason": cause.reason.strip()[:_MAX_REASON],
            "from_region": before.region if before else step.after.region,
            "from_category": before.category if before else step.after.category,
            "from_counts": int(before.counts) if before else 0,
            "region": step.after.region,
            "category": step.after.category,
            "counts": int(step.after.counts),
        }


async def _load_standings(
    connection: AsyncConnection, which: sa.ColumnElement[bool], today: str
) -> dict[PremisesId, Standing]:
    """Return how these premises stand now."""
    stops = sa.select(suspensions.c.premises_id, suspensions.c.from_on, suspensions.c.to_on)
    stops = stops.join(premises, premises.c.id == suspensions.c.premises_id).where(which, _is_stop(today))
    spans = {
        row.premises_id: f"{row.from_on}/{row.to_on}"
        for row in await connection.execute(stops.order_by(suspensions.c.to_on, suspensions.c.id))
    }
    columns = [premises.c[name] for name in ("id", "region", "category", "state", "is_due", "exempt_reason")]
    found: dict[PremisesId, Standing] = {}
    for row in await connection.execute(sa.select(*columns, premises.c.retired_at).where(which)):
        without_days = State.SUSPENDED.value if row.state == State.SUSPENDED.value else ""
        found[PremisesId(row.id)] = Standing(
            row.region,
            row.category,
            row.retired_at is None,
            bool(row.is_due),
            # an exemption without a word exempts as well
            "-" if row.exempt_reason == "" else row.exempt_reason or "",
            spans.get(row.id, without_days),
            State(row.state),
        )
    return found


async def _load_known(connection: AsyncConnection, ids: Sequence[PremisesId] | None) -> dict[PremisesId, _Known]:
    """Return how these premises (None: all) stood when they were last written."""
    wanted = sa.select(denominator_standings)
    if ids is not None:
        wanted = wanted.where(denominator_standings.c.premises_id.in_(ids))
    return {PremisesId(row.premises_id): _known(row) for row in await connection.execute(wanted)}


def _known(row: sa.Row[Any]) -> _Known:  # Any: the row's columns
    standing = Standing(
        row.region,
        row.category,
        bool(row.is_registered),
        bool(row.is_due),
        row.exempt_reason,
        row.stop,
        State(row.state),
    )
    return _Known(standing, Utc(row.at))


async def _save(
    connection: AsyncConnection,
    rows: Sequence[dict[str, object]],
    moved: dict[PremisesId, _Known],
    replaced: Sequence[PremisesId],
) -> None:
    for start in range(0, len(replaced), _CHUNK):
        chunk = replaced[start : start + _CHUNK]
        gone = denominator_standings.c.premises_id.in_(chunk)
        await connection.execute(denominator_standings.delete().where(gone))
    if moved:
        values = [
            {
                "premises_id": premises_id,
                "at": each.at,
                "region": each.standing.region,
                "category": each.standing.category,
                "is_registered": each.standing.is_registered,
                "is_due": each.standing.is_due,
                "exempt_reason": each.standing.exempt_reason,
                "stop": each.standing.stop,
                "state": each.standing.state.value,
            }
            for premises_id, each in moved.items()
        ]
        await connection.execute(denominator_standings.insert(), values)
    if rows:
        await connection.execute(denominator_changes.insert(), list(rows))
