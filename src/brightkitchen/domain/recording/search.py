"""Finding recordings by time, place and event (DOMAIN R-VID-7): what happened where, each with its stretch of time.

Events are marks on timelines too. Later slices add theirs (alarms, findings, talks) by `add_source`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Grant
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.queries import is_in_scope, region_clause
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.policy import PLAY
from brightkitchen.domain.cameras.store import camera_spells, cameras
from brightkitchen.domain.premises.store import premises
from brightkitchen.domain.recording import policy as rules
from brightkitchen.domain.recording import store
from brightkitchen.domain.recording.plans import PlanService
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId, is_id
from brightkitchen.kernel.units import US_PER_S, Utc

MAX_RESULTS: Final = 200
LONGEST_US: Final = 31 * 86_400 * US_PER_S


class EventKind(StrEnum):
    """What happened."""

    OFFLINE = "offline"  # no pictures came
    UNRECORDED = "unrecorded"  # an alarm: pictures were to be recorded and were not
    HELD = "held"  # a stretch that is not deleted
    DELETED = "deleted"  # recordings that are gone by age, quota or a full disk
    RULE = "rule"  # somebody changed how it is recorded
    EVIDENCE = "evidence"  # a snapshot or clip was sealed
    MARK = "mark"  # somebody marked the moment


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one camera. to_at None: it lasts, or is a moment. what: a code of its kind. object: its id, or "".

    note, by, by_name: what somebody said of it, and who; only of what a person made.
    """

    kind: EventKind
    camera: CameraId
    from_at: Utc
    to_at: Utc | None
    what: str
    object: str = ""
    note: str = ""
    by: UserId | None = None
    by_name: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An event with where it was."""

    event: Event
    camera_name: str
    premises: PremisesId | None
    premises_name: str
    zone: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for. Empty: everything. region: administrative code, all below it included."""

    from_at: Utc
    to_at: Utc
    kinds: tuple[EventKind, ...] = ()
    region: str = ""
    category: str = ""
    premises: str = ""
    zone: str = ""
    camera: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """The cameras that a search may tell of, as a condition on `cameras` joined with `premises`."""

    grants: Sequence[Grant]
    asked: Asked

    def clause(self) -> sa.ColumnElement[bool]:
        """Return which rows of `cameras` joined with `premises` are meant."""
        asked = self.asked
        # nobody is led to what a channel in quarantine recorded (SECURITY P1)
        parts: list[sa.ColumnElement[bool]] = [
            is_in_scope(self.grants, store.SCOPE),
            cameras.c.quarantined_at.is_(None),
        ]
        inside = region_clause(asked.region, premises.c.region) if asked.region else None
        if inside is not None:
            parts.append(inside)
        for column, value in (
            (premises.c.category, asked.category),
            (cameras.c.premises_id, asked.premises),
            (cameras.c.zone, asked.zone),
            (cameras.c.id, asked.camera),
        ):
            if value:
                parts.append(column == value)
        if asked.text:
            lower = asked.text.lower()
            ways: list[sa.ColumnElement[bool]] = [
                sa.func.lower(premises.c.name).contains(lower, autoescape=True),
                sa.func.lower(cameras.c.name).contains(lower, autoescape=True),
            ]
            if lower.isascii() and lower.isalnum():
                ways.append(premises.c.initials.contains(lower, autoescape=True))
            parts.append(sa.or_(*ways))
        return sa.and_(*parts)


Source = Callable[[AsyncConnection, Where, int], Awaitable[list[Event]]]
"""(connection, where, limit) → the newest events of one kind."""


class RecordingSearch:
    """Asks every source of events and puts the answers in order."""

    def __init__(self, database: Database, policy: Policy, plans: PlanService) -> None:
        self._database = database
        self._policy = policy
        self._plans = plans
        self._sources: dict[EventKind, Source] = {
            EventKind.OFFLINE: _find_offline,
            EventKind.UNRECORDED: _find_unrecorded,
            EventKind.HELD: _find_held,
            EventKind.DELETED: _find_deleted,
        }

    def add_source(self, kind: EventKind, source: Source) -> None:
        """Let a slice above tell of its events. raises: ValueError for a kind that has a source."""
        if kind in self._sources:
            raise ValueError(f"{kind} has a source already")
        self._sources[kind] = source

    async def search(self, actor: Actor, asked: Asked) -> tuple[list[Found], bool]:
        """Return at most `MAX_RESULTS` events, the newest first, and whether there are more.

        raises: BrightKitchenError "access.none", "recording.search_range".
        """
        if not self._policy.check(actor, rules.SEARCH).allowed:
            raise not_found()
        _check_range(asked.from_at, asked.to_at)
        where = Where(self._policy.grants_for(actor, rules.SEARCH), asked)
        events: list[Event] = []
        async with self._database.read() as connection:
            for kind, source in self._sources.items():
                if not asked.kinds or kind in asked.kinds:
                    events += await source(connection, where, MAX_RESULTS + 1)
            events.sort(key=lambda event: (event.from_at, event.camera), reverse=True)
            known = await camera_store.load_cameras_ever(connection, {event.camera for event in events[:MAX_RESULTS]})
        found = [
            Found(event, camera.name, camera.premises, camera.premises_name, camera.zone)
            for event in events[:MAX_RESULTS]
            if (camera := known.get(event.camera)) is not None
        ]
        return found, len(events) > MAX_RESULTS

    async def load_marks(self, actor: Actor, camera_id: str, from_at: Utc, to_at: Utc) -> list[Event]:
        """Return every event on a camera's timeline in [from_at, to_at), by start, rule changes included.

        raises: BrightKitchenError "access.none", "recording.search_range".
        """
        _check_range(from_at, to_at)
        async with self._database.read() as connection:
            known = (
                (await camera_store.load_cameras_ever(connection, [camera_id])).get(camera_id)
                if is_id(camera_id, "cam")
                else None
            )
            if known is None or not self._policy.check(actor, PLAY, known).allowed:
                raise not_found()
            where = Where(self._policy.grants_for(actor, PLAY), Asked(from_at, to_at, camera=known.id))
            events = [
                event for source in self._sources.values() for event in await source(connection, where, MAX_RESULTS)
            ]
            for change in await self._plans.load_changes(connection, known.id, from_at, to_at):
                said = change.new_mode.value if change.new_mode else ""
                what = ",".join(part for part in (said, str(change.new_keep_days or "")) if part)
                events.append(Event(EventKind.RULE, known.id, change.at, None, what, str(change.version)))
        return sorted(events, key=lambda event: event.from_at)


def _check_range(from_at: Utc, to_at: Utc) -> None:
    if not 0 < to_at - from_at <= LONGEST_US:
        raise BrightKitchenError(Kind.INVALID, "recording.search_range", days=LONGEST_US // (86_400 * US_PER_S))


def _of_cameras(table: sa.Table) -> sa.FromClause:
    return table.join(cameras, cameras.c.id == table.c.camera_id).outerjoin(
        premises, premises.c.id == cameras.c.premises_id
    )


async def _find(
    connection: AsyncConnection,
    where: Where,
    limit: int,
    *,
    table: sa.Table,
    kind: EventKind,
    begin: sa.Column[Any],  # Any: whole microseconds
    end: sa.Column[Any],
    what: sa.Column[Any],
    object_id: sa.ColumnElement[Any],
    only: sa.ColumnElement[bool] | None = None,
) -> list[Event]:
    query = (
        sa.select(
            table.c.camera_id, begin.label("begin"), end.label("end"), what.label("what"), object_id.label("object")
        )
        .select_from(_of_cameras(table))
        .where(where.clause(), begin < where.asked.to_at, sa.or_(end.is_(None), end > where.asked.from_at))
        .order_by(begin.desc())
        .limit(limit)
    )
    if only is not None:
        query = query.where(only)
    return [
        Event(
            kind,
            CameraId(row.camera_id),
            Utc(row.begin),
            Utc(row.end) if row.end is not None else None,
            row.what,
            row.object,
        )
        for row in await connection.execute(query)
    ]


async def _find_offline(connection: AsyncConnection, where: Where, limit: int) -> list[Event]:
    spells = camera_spells
    return await _find(
        connection,
        where,
        limit,
        table=spells,
        kind=EventKind.OFFLINE,
        begin=spells.c.from_at,
        end=spells.c.to_at,
        what=spells.c.reason,
        object_id=sa.literal(""),
        only=spells.c.activity == "OFFLINE",
    )


async def _find_unrecorded(connection: AsyncConnection, where: Where, limit: int) -> list[Event]:
    alarms = store.recording_alarms
    return await _find(
        connection,
        where,
        limit,
        table=alarms,
        kind=EventKind.UNRECORDED,
        begin=alarms.c.since_at,
        end=alarms.c.closed_at,
        what=alarms.c.reason,
        object_id=alarms.c.id,
    )


async def _find_held(connection: AsyncConnection, where: Where, limit: int) -> list[Event]:
    holds = store.recording_holds
    return await _find(
        connection,
        where,
        limit,
        table=holds,
        kind=EventKind.HELD,
        begin=holds.c.from_at,
        end=holds.c.to_at,
        what=holds.c.why,
        object_id=holds.c.id,
        only=holds.c.released_at.is_(None),
    )


async def _find_deleted(connection: AsyncConnection, where: Where, limit: int) -> list[Event]:
    deletions = store.recording_deletions
    return await _find(
        connection,
        where,
        limit,
        table=deletions,
        kind=EventKind.DELETED,
        begin=deletions.c.from_at,
        end=deletions.c.to_at,
        what=deletions.c.why,
        object_id=deletions.c.id,
    )
