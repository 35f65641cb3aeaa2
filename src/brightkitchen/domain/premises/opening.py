"""Which premises are open at this moment: in business with us, no approved stop over today, and inside their business hours.

The same question as SQL (for lists) and for each premises in words (for a picture that is dark because nobody cooks).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant
from brightkitchen.domain.authz.queries import is_in_scope
from brightkitchen.domain.premises.hours import OpenSpan, open_since, opens_next, parse_hours
from brightkitchen.domain.premises.model import SuspensionState
from brightkitchen.domain.premises.queries import SCOPE
from brightkitchen.domain.premises.states import PremisesState
from brightkitchen.domain.premises.store import is_suspended_on, premises, suspensions
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import PremisesId
from brightkitchen.kernel.units import US_PER_S, Utc

_GONE: Final = (
    PremisesState.SUSPENDED,
    PremisesState.TERMINATED,
    PremisesState.RELOCATED,
    PremisesState.REFUSED,
)


class Opening(StrEnum):
    """Whether somebody works there now."""

    OPEN = "open"
    OFF_HOURS = "off_hours"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PremisesOpening:
    """One premises now. hours: its line, "" = nobody wrote it down. opens_at: while it is off hours, when it opens.

    from_on, to_on: the approved stop over today, ISO dates, both included; "" while it is not suspended, or nobody said until when.
    """

    premises: PremisesId
    opening: Opening
    hours: str
    opens_at: Utc | None = None
    from_on: str = ""
    to_on: str = ""


@dataclass(frozen=True, slots=True)
class BusinessNow:
    """What of one moment the question as SQL needs. closed: every line of hours in the register that is closed then."""

    today_on: str
    closed: tuple[str, ...]


def is_open_now(now: BusinessNow) -> sa.ColumnElement[bool]:
    """Return "the row of `premises` is open then"; never true of what belongs to no premises."""
    parts = [premises.c.state.not_in([state.value for state in _GONE]), sa.not_(is_suspended_on(now.today_on))]
    if now.closed:
        parts.append(premises.c.hours.not_in(now.closed))
    return sa.and_(*parts)


class BusinessClock:
    """Knows what is open by the city's clock."""

    def __init__(self, clock: Clock, zone: tzinfo) -> None:
        self._clock = clock
        self._zone = zone

    async def load_now(self, connection: AsyncConnection) -> BusinessNow:
        """Return what is closed at this moment. Lines of hours are few: most premises of a kind share theirs."""
        now = self._clock.utc()
        lines = (await connection.execute(sa.select(premises.c.hours).distinct())).scalars()
        closed = tuple(line for line in lines if open_since(_read_hours(line), now, self._zone) is None)
        return BusinessNow(self._today_on(now), closed)

    async def load_openings(
        self, connection: AsyncConnection, grants: Sequence[Grant], ids: Iterable[str]
    ) -> list[PremisesOpening]:
        """Return those of `ids` that are in the register and inside the grants, in no order. ids: at most some dozens."""
        now, asked = self._clock.utc(), list(ids)
        today_on = self._today_on(now)
        counts = suspensions.c.state.in_((SuspensionState.APPROVED.value, SuspensionState.ENDED.value))
        covers = (suspensions.c.from_on <= today_on, suspensions.c.to_on >= today_on)
        stops = {
            row.premises_id: (row.from_on, row.to_on)
            for row in await connection.execute(
                sa.select(suspensions).where(suspensions.c.premises_id.in_(asked), counts, *covers)
            )
        }
        wanted = sa.select(premises.c.id, premises.c.hours, premises.c.state).where(
            premises.c.id.in_(asked), premises.c.retired_at.is_(None), is_in_scope(grants, SCOPE)
        )
        return [
            self._opening_of(row.id, row.hours, PremisesState(row.state), stops.get(row.id), now)
            for row in await connection.execute(wanted)
        ]

    def _opening_of(
        self, premises_id: str, hours: str, state: PremisesState, stop: tuple[str, str] | None, now: Utc
    ) -> PremisesOpening:
        known = PremisesId(premises_id)
        if stop is not None:
            return PremisesOpening(
                premises=known, opening=Opening.SUSPENDED, hours=hours, from_on=stop[0], to_on=stop[1]
            )
        if state in _GONE:
            return PremisesOpening(premises=known, opening=Opening.SUSPENDED, hours=hours)
        spans = _read_hours(hours)
        if open_since(spans, now, self._zone) is not None:
            return PremisesOpening(premises=known, opening=Opening.OPEN, hours=hours)
        next_at = opens_next(spans, now, self._zone)
        return PremisesOpening(premises=known, opening=Opening.OFF_HOURS, hours=hours, opens_at=next_at)

    def _today_on(self, now: Utc) -> str:
        return datetime.fromtimestamp(now // US_PER_S, tz=UTC).astimezone(self._zone).date().isoformat()


def _read_hours(line: str) -> tuple[OpenSpan, ...]:
    """Return the hours; a line that cannot be read counts as always open, so that no kitchen is overlooked."""
    try:
        return parse_hours(line)
    except BrightKitchenError:
        return ()
