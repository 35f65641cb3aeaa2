"""Fault tickets: opened by themselves when a channel is dark in business hours, mended by the operator, confirmed by pictures.

What `follow` does each time the presence of pictures was looked at (presence.py), in one transaction:

1. a channel that has been dark for 5 minutes of its premises' business hours gets a ticket, or its last one is reopened if
   that was fixed less than 7 days ago; none while the premises is suspended or not in business with us;
2. 20 premises of one township and one operator that went dark within 10 minutes are one outage: their tickets hang below one
   parent ticket, and so do those that follow;
3. a ticket that the system opened is FIXED when pictures are back, and any fixed ticket is CONFIRMED after 30 minutes in
   which the channel was online, with a fresh frame at the end. A parent follows its children.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Place
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.cameras.spells import ONLINE
from brightkitchen.domain.maintenance import policy as rules
from brightkitchen.domain.maintenance import presence_store, ticket_store
from brightkitchen.domain.maintenance.model import MAX_NOTE_CHARS, FaultRules, HistoryRow, Ticket, sla_s_of
from brightkitchen.domain.maintenance.presence_store import Watched
from brightkitchen.domain.maintenance.states import (
    OPEN_STATES,
    SYSTEM_TICKET_EVENTS,
    TICKET_TABLE,
    Cause,
    TicketEvent,
    TicketState,
)
from brightkitchen.domain.onboarding.ports import AuditPort
from brightkitchen.domain.premises.hours import OpenSpan, open_since, parse_hours
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors, Kind, Term, field_error, not_found
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId, is_id, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

MAX_PAGE: Final = 100
FRESH_US: Final = 60 * US_PER_S
NOT_WATCHED: Final = frozenset({"SUSPENDED", "TERMINATED", "RELOCATED", "REFUSED"})
"""States of a premises in which nobody is asked to mend anything."""
_MENDED: Final = (TicketState.FIXED, TicketState.CONFIRMED, TicketState.CLOSED)


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket with its history and what hangs below it."""

    ticket: Ticket
    history: tuple[HistoryRow, ...]
    children: tuple[Ticket, ...]


class FaultService:
    """Everything one can do with fault tickets. Objects are reached through `_access` only."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        *,
        board: LiveBoard,
        audit: AuditPort,
        limits: FaultRules,
        time_zone: str,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._board = board
        self._audit = audit
        self._limits = limits
        self._zone = ZoneInfo(time_zone)
        self._clock = clock
        self._entropy = entropy
        self._hours: dict[str, tuple[OpenSpan, ...]] = {}

    # ---- people

    async def load_ticket(self, actor: Actor, ticket_id: str) -> TicketView:
        """raises: BrightKitchenError "access.none"."""
        async with self._database.read() as connection:
            found = await self._access(connection, actor, ticket_id, rules.VIEW_FAULT)
            history = await ticket_store.load_ticket_history(connection, found.id)
            grants = self._policy.grants_for(actor, rules.VIEW_FAULT)
            children = await ticket_store.load_tickets(
                connection, grants, states=(), parent=found.id, premises_id=None, before=None, limit=MAX_PAGE
            )
        return TicketView(found, tuple(history), tuple(children))

    async def list_tickets(
        self,
        actor: Actor,
        *,
        states: Sequence[TicketState],
        premises: str | None,
        before: tuple[int, str] | None,
        limit: int,
        region: str = "",
        cameras: Sequence[str] = (),
    ) -> tuple[list[Ticket], tuple[int, str] | None, dict[TicketState, int]]:
        """Return a page, the newest first, where the next one begins, and how many there are in each state.

        region: that one with all below it, "" = all. cameras: only of these, also those below a batch outage; () = of any.
        """
        if not self._policy.check(actor, rules.VIEW_FAULT).allowed:
            raise not_found()
        grants = self._policy.grants_for(actor, rules.VIEW_FAULT)
        async with self._database.read() as connection:
            found = await ticket_store.load_tickets(
                connection,
                grants,
                states=states,
                parent=None,
                premises_id=PremisesId(premises) if premises else None,
                before=before,
                limit=limit + 1,
                region=region,
                cameras=cameras,
            )
            counts = await ticket_store.count_tickets(connection, grants, region)
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], (last.opened_at, last.id) if last else None, counts

    async def open_ticket(self, actor: Actor, camera_id: str, *, note: str) -> Ticket:
        """Report a fault of a channel by hand. raises: BrightKitchenError "access.none", "web.fields", "fault.open_already"."""
        now = self._clock.utc()
        async with self._database.write() as connection:
            camera = (
                await camera_store.load_camera(connection, CameraId(camera_id)) if is_id(camera_id, "cam") else None
            )
            if camera is None or not self._policy.check(actor, rules.OPEN_FAULT, camera).allowed:
                raise not_found()
            _check_note(note, is_needed=True)
            newest = (await ticket_store.load_newest_tickets(connection, [camera.id])).get(camera.id)
            if newest is not None and newest.state in OPEN_STATES:
                raise BrightKitchenError(Kind.CONFLICT, "fault.open_already", number=newest.number)
            ticket = await self._open(
                connection, camera.place, now, camera=camera.id, opened_by=actor.user, note=note.strip()
            )
            await self._audit.append(connection, rules.OPEN_FAULT, actor=actor, place=camera.place, ticket=ticket.id)
            found = await self._reload(connection, ticket.id)
        self._board.announce_work(camera.id)
        return found

    async def act(
        self, actor: Actor, ticket_id: str, event: TicketEvent, *, cause: Cause | None = None, note: str = ""
    ) -> Ticket:
        """Move a ticket by the table.

        raises: BrightKitchenError "access.none", "fault.not_now", "fault.needs_cause", "fault.still_dark", "web.fields".
        """
        now = self._clock.utc()
        async with self._database.write() as connection:
            ticket = await self._access(connection, actor, ticket_id, rules.HANDLE_FAULT, for_update=True)
            row = TICKET_TABLE.get((ticket.state, event))
            if row is None or event in SYSTEM_TICKET_EVENTS:
                raise _not_now(ticket.state, event)
            _check_note(note, is_needed=row.needs_note)
            if row.needs_cause and cause is None and ticket.cause is None:
                raise BrightKitchenError(Kind.INVALID, "fault.needs_cause", field="cause")
            if event is TicketEvent.FIX and await self._is_dark(connection, ticket):
                raise BrightKitchenError(Kind.CONFLICT, "fault.still_dark")
            ticket = replace(ticket, cause=cause or ticket.cause)
            moved = await self._move(connection, ticket, event, now, actor=actor.user, note=note.strip())
            if ticket.camera is None:
                await self._lead_children(connection, moved, event, now, actor.user)
            await self._audit.append(
                connection,
                rules.HANDLE_FAULT,
                actor=actor,
                place=ticket.place,
                ticket=ticket.id,
                old=ticket.state.value,
                new=moved.state.value,
            )
            found = await self._reload(connection, ticket.id)
            below = await ticket_store.load_children(connection, ticket.id) if ticket.camera is None else []
        self._announce((ticket, *below))
        return found

    def _announce(self, tickets: Iterable[Ticket]) -> None:
        for camera in sorted({each.camera for each in tickets if each.camera is not None}):
            self._board.announce_work(camera)

    def abilities(self, actor: Actor, ticket: Ticket) -> tuple[str, ...]:
        """Return what the actor may do to this ticket."""
        return self._policy.abilities(actor, rules.FAULT_ACTIONS, ticket)

    # ---- the system

    async def follow(self, watched: Sequence[Watched], now: Utc) -> None:
        """Open, group, recover, confirm and reopen tickets by what the channels are now. See the top of the module."""
        async with self._database.read() as connection:
            active = await ticket_store.load_open_tickets(connection)
            suspended = await presence_store.load_suspended(connection, self._today_on(now))
        due = [each for each in watched if self._is_due(each, now, suspended)]
        having = {ticket.camera for ticket in active if ticket.state in OPEN_STATES}
        new = [each for each in due if each.camera not in having]
        by_camera = {each.camera: each for each in watched}
        mended = [ticket for ticket in active if self._is_back(ticket, by_camera, now)]
        parents = [ticket for ticket in active if ticket.camera is None]
        if not (new or mended or parents):
            return
        async with self._database.write() as connection:
            for ticket in mended:
                if ticket.state is TicketState.FIXED:
                    await self._move(connection, ticket, TicketEvent.CONFIRM, now)
                elif ticket.camera is not None:
                    # the clock stops when the pictures came back, not when we noticed
                    back_at = max(ticket.state_at, by_camera[ticket.camera].activity_at)
                    await self._move(connection, ticket, TicketEvent.RECOVER, back_at)
            await self._open_or_reopen(connection, new, now)
            if new:
                await self._group(connection, now)
            for parent in parents:
                await self._follow_children(connection, parent, now)
        self._announce(mended)
        for each in new:
            self._board.announce_work(each.camera)

    def _is_due(self, each: Watched, now: Utc, suspended: frozenset[PremisesId]) -> bool:
        """True if somebody has to be asked to bring the pictures back now."""
        if each.activity != Activity.OFFLINE.value or not each.is_approved or each.premises is None:
            return False
        if each.premises_state in NOT_WATCHED or each.premises in suspended:
            return False
        opened_at = open_since(self._parsed_hours(each.hours), now, self._zone)
        if opened_at is None:
            return False
        return now - max(opened_at, each.activity_at) >= self._limits.offline_after_s * US_PER_S

    def _is_back(self, ticket: Ticket, watched: Mapping[CameraId, Watched], now: Utc) -> bool:
        """True if pictures move the ticket on: from open to FIXED, or from FIXED to CONFIRMED."""
        if ticket.camera is None:
            return False
        channel = watched.get(ticket.camera)
        if channel is None or Activity(channel.activity) not in ONLINE:
            return False
        if ticket.state in OPEN_STATES:
            return ticket.opened_by is None
        settled_us = now - max(ticket.fixed_at or now, channel.activity_at if _was_dark(channel, ticket) else 0)
        return settled_us >= self._limits.confirm_after_s * US_PER_S and self._has_fresh_frame(ticket.camera, now)

    def _has_fresh_frame(self, camera: CameraId, now: Utc) -> bool:
        main = self._board.of(camera).get("main")
        return main is not None and main.last_frame_at is not None and now - main.last_frame_at <= FRESH_US

    async def _open_or_reopen(self, connection: AsyncConnection, due: Sequence[Watched], now: Utc) -> None:
        newest = await ticket_store.load_newest_tickets(connection, [each.camera for each in due])
        for each in due:
            last = newest.get(each.camera)
            if last is not None and last.state in _MENDED and self._is_recent(last, now):
                await self._move(connection, replace(last, dark_from_at=each.activity_at), TicketEvent.REOPEN, now)
            else:
                await self._open(
                    connection,
                    each.place,
                    now,
                    camera=each.camera,
                    operator=each.operator,
                    dark_from_at=each.activity_at,
                )

    def _is_recent(self, ticket: Ticket, now: Utc) -> bool:
        return now - (ticket.fixed_at or now) <= self._limits.reopen_within_s * US_PER_S

    async def _group(self, connection: AsyncConnection, now: Utc) -> None:
        """Hang the tickets of one outage below one parent."""
        groups: defaultdict[tuple[str, str], list[Ticket]] = defaultdict(list)
        parents: dict[tuple[str, str], list[Ticket]] = defaultdict(list)
        for ticket in await ticket_store.load_open_tickets(connection):
            key = (ticket.place.region, ticket.operator)
            if ticket.camera is None:
                parents[key].append(ticket)
            elif _may_be_grouped(ticket):
                groups[key].append(ticket)
        for key, tickets in groups.items():
            left = tickets
            for parent in parents[key]:
                near = [each for each in left if self._is_near(each, parent)]
                await ticket_store.save_parent(connection, [each.id for each in near], parent.id)
                left = [each for each in left if each not in near]
            outage = _largest_outage(left, self._limits.batch_within_s * US_PER_S)
            if len({each.place.premises for each in outage}) >= self._limits.batch_premises:
                parent = await self._open(
                    connection,
                    Place(region=key[0]),
                    now,
                    operator=key[1],
                    dark_from_at=min(each.dark_from_at or now for each in outage),
                )
                await ticket_store.save_parent(connection, [each.id for each in outage], parent.id)
                log.warning("batch outage", region=key[0], tickets=len(outage), number=parent.number)

    def _is_near(self, ticket: Ticket, parent: Ticket) -> bool:
        if ticket.dark_from_at is None or parent.dark_from_at is None:
            return False
        return abs(ticket.dark_from_at - parent.dark_from_at) <= self._limits.batch_within_s * US_PER_S

    async def _follow_children(self, connection: AsyncConnection, parent: Ticket, now: Utc) -> None:
        """Move a parent when all its children moved: FIXED when none is open, CONFIRMED when all are."""
        states = await ticket_store.load_children_states(connection, parent.id)
        if parent.state in OPEN_STATES and not states & set(OPEN_STATES):
            await self._move(connection, parent, TicketEvent.RECOVER, now)
        elif parent.state is TicketState.FIXED:
            if states & set(OPEN_STATES):
                await self._move(connection, parent, TicketEvent.REOPEN, now)
            elif TicketState.FIXED not in states:
                await self._move(connection, parent, TicketEvent.CONFIRM, now)

    async def _lead_children(
        self, connection: AsyncConnection, parent: Ticket, event: TicketEvent, now: Utc, actor: UserId | None
    ) -> None:
        """What is found out about an outage holds for each ticket below; closing it closes those that are confirmed."""
        for child in await ticket_store.load_children(connection, parent.id):
            if parent.cause is not None and child.cause is None:
                child = replace(child, cause=parent.cause)
                await ticket_store.save_ticket(connection, child)
            if event is TicketEvent.CLOSE and child.state is TicketState.CONFIRMED:
                await self._move(connection, child, TicketEvent.CLOSE, now, actor=actor, note=parent.number)

    # ---- inside

    async def _open(
        self,
        connection: AsyncConnection,
        place: Place,
        now: Utc,
        *,
        camera: CameraId | None = None,
        operator: str = "",
        opened_by: UserId | None = None,
        dark_from_at: Utc | None = None,
        note: str = "",
    ) -> Ticket:
        local = datetime.fromtimestamp(now // US_PER_S, tz=UTC).astimezone(self._zone)
        ticket = Ticket(
            id=new_id("flt", self._entropy),
            number=await ticket_store.load_next_number(connection, local.strftime("%y%m")),
            place=place,
            operator=operator,
            state=TicketState.OPEN,
            state_at=now,
            opened_at=now,
            sla_s=sla_s_of(place.region, self._limits),
            camera=camera,
            opened_by=opened_by,
            dark_from_at=dark_from_at,
            note=note,
        )
        await ticket_store.save_new_ticket(connection, ticket)
        row = HistoryRow("open", "", TicketState.OPEN.value, now, "", note)
        await ticket_store.save_ticket_event(connection, new_id("fle", self._entropy), ticket.id, row, opened_by)
        return ticket

    async def _move(
        self,
        connection: AsyncConnection,
        ticket: Ticket,
        event: TicketEvent,
        now: Utc,
        *,
        actor: UserId | None = None,
        note: str = "",
    ) -> Ticket:
        """Write the move and what it does to the clock: the only code that changes a ticket's state."""
        to = TICKET_TABLE[ticket.state, event].to
        now = Utc(max(now, ticket.state_at + 1))  # the moves of one ticket have an order
        moved = replace(ticket, state=to, state_at=now)
        if to is TicketState.WAIT_CUSTOMER:
            moved = replace(moved, paused_from_at=now)
        elif ticket.paused_from_at is not None:
            moved = replace(
                moved, paused_from_at=None, paused_us=ticket.paused_us + max(0, now - ticket.paused_from_at)
            )
        if to is TicketState.FIXED:
            moved = replace(moved, fixed_at=now)
        elif to is TicketState.CLOSED:
            moved = replace(moved, closed_at=now)
        elif to is TicketState.REOPENED:
            stood_us = now - (ticket.fixed_at or now)
            moved = replace(
                moved,
                fixed_at=None,
                closed_at=None,
                paused_us=moved.paused_us + stood_us,
                reopened=ticket.reopened + 1,
            )
        await ticket_store.save_ticket(connection, moved)
        row = HistoryRow(event.value, ticket.state.value, to.value, now, "", note)
        await ticket_store.save_ticket_event(connection, new_id("fle", self._entropy), ticket.id, row, actor)
        return moved

    async def _access(
        self, connection: AsyncConnection, actor: Actor, ticket_id: str, action: str, *, for_update: bool = False
    ) -> Ticket:
        if is_id(ticket_id, "flt"):
            found = await ticket_store.load_ticket(connection, ticket_id, for_update=for_update)
            if found is not None and self._policy.check(actor, action, found).allowed:
                return found
        raise not_found()

    async def _is_dark(self, connection: AsyncConnection, ticket: Ticket) -> bool:
        if ticket.camera is None:
            return False
        camera = await camera_store.load_camera(connection, ticket.camera)
        return camera is not None and camera.activity is Activity.OFFLINE

    async def _reload(self, connection: AsyncConnection, ticket_id: str) -> Ticket:
        found = await ticket_store.load_ticket(connection, ticket_id)
        assert found is not None
        return found

    def _parsed_hours(self, text: str) -> tuple[OpenSpan, ...]:
        """Return the hours; a text that cannot be read counts as always open, so that no outage is overlooked."""
        known = self._hours.get(text)
        if known is None:
            try:
                known = parse_hours(text)
            except BrightKitchenError:
                log.warning("business hours cannot be read", hours=text)
                known = ()
            self._hours[text] = known
        return known

    def _today_on(self, now: Utc) -> str:
        return datetime.fromtimestamp(now // US_PER_S, tz=UTC).astimezone(self._zone).date().isoformat()


def _may_be_grouped(ticket: Ticket) -> bool:
    """True for what the system opened and nobody looked at yet."""
    is_untouched = ticket.state in (TicketState.OPEN, TicketState.REOPENED) and ticket.opened_by is None
    return is_untouched and ticket.parent is None and ticket.dark_from_at is not None


def _was_dark(channel: Watched, ticket: Ticket) -> bool:
    """True if the channel became what it is after the ticket was fixed: then it has been online since then only."""
    return ticket.fixed_at is not None and channel.activity_at > ticket.fixed_at


def _largest_outage(tickets: Iterable[Ticket], within_us: int) -> list[Ticket]:
    """Return the most tickets whose darkness began within `within_us` of each other."""
    ordered = sorted(tickets, key=lambda each: each.dark_from_at or 0)
    best: list[Ticket] = []
    first = 0
    for last, ticket in enumerate(ordered):
        while (ticket.dark_from_at or 0) - (ordered[first].dark_from_at or 0) > within_us:
            first += 1
        if last + 1 - first > len(best):
            best = ordered[first : last + 1]
    return best


def _check_note(note: str, *, is_needed: bool) -> None:
    if len(note) > MAX_NOTE_CHARS or (is_needed and not note.strip()):
        code = "web.field_unfit" if note.strip() else "web.field_missing"
        raise FieldErrors(field_error("note", code))


def _not_now(state: TicketState, event: TicketEvent) -> BrightKitchenError:
    return BrightKitchenError(
        Kind.CONFLICT,
        "fault.not_now",
        state=Term(f"fault.state.{state.value.lower()}"),
        event=Term(f"fault.event.{event.value}"),
    )
