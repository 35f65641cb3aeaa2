"""Rows of fault tickets and what happened to them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.maintenance.model import HistoryRow, Ticket
from brightkitchen.domain.maintenance.states import OPEN_STATES, Cause, TicketState
from brightkitchen.domain.premises.store import premises
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata, split_values
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.units import Utc, optional_utc

fault_tickets = sa.Table(
    "fault_tickets",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("number", sa.String(16), nullable=False, unique=True),
    sa.Column("parent_id", sa.String(40), sa.ForeignKey("fault_tickets.id"), nullable=True, index=True),
    # NULL: a batch outage
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=True, index=True),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), nullable=True, index=True),
    # as they were when the ticket was opened: a ticket stays with those who had to mend it
    sa.Column("region", sa.String(12), nullable=False, index=True),
    sa.Column("category", sa.String(24), nullable=False),
    sa.Column("operator", sa.String(100), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("state_at", sa.BigInteger, nullable=False),
    sa.Column("cause", sa.String(16), nullable=True),
    sa.Column("note", sa.String(500), nullable=False),
    # NULL: opened by the system
    sa.Column("opened_by", sa.String(40), nullable=True),
    sa.Column("dark_from_at", sa.BigInteger, nullable=True),
    sa.Column("opened_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("sla_s", sa.Integer, nullable=False),
    sa.Column("paused_from_at", sa.BigInteger, nullable=True),
    sa.Column("paused_us", sa.BigInteger, nullable=False),
    sa.Column("fixed_at", sa.BigInteger, nullable=True),
    sa.Column("closed_at", sa.BigInteger, nullable=True),
    sa.Column("reopened", sa.Integer, nullable=False),
)

fault_events = sa.Table(
    "fault_events",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("ticket_id", sa.String(40), sa.ForeignKey(fault_tickets.c.id), nullable=False, index=True),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("from_state", sa.String(16), nullable=False),
    sa.Column("to_state", sa.String(16), nullable=False),
    sa.Column("actor", sa.String(40), nullable=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("note", sa.String(500), nullable=False),
)

TICKET_SCOPE: Final = ScopeColumns(fault_tickets.c.region, fault_tickets.c.category, fault_tickets.c.premises_id)

_children = fault_tickets.alias("children")

_tickets = sa.select(
    fault_tickets,
    premises.c.name.label("premises_name"),
    cameras.c.name.label("camera_name"),
    cameras.c.zone,
    sa.select(sa.func.count())
    .where(_children.c.parent_id == fault_tickets.c.id)
    .correlate(fault_tickets)
    .scalar_subquery()
    .label("children"),
).select_from(
    fault_tickets.outerjoin(premises, premises.c.id == fault_tickets.c.premises_id).outerjoin(
        cameras, cameras.c.id == fault_tickets.c.camera_id
    )
)


async def load_ticket(connection: AsyncConnection, ticket_id: str, *, for_update: bool = False) -> Ticket | None:
    wanted = _tickets.where(fault_tickets.c.id == ticket_id)
    if for_update:
        wanted = wanted.with_for_update(of=fault_tickets)
    row = (await connection.execute(wanted)).one_or_none()
    return _ticket(row) if row else None


async def load_tickets(
    connection: AsyncConnection,
    held: Sequence[Grant],
    *,
    states: Sequence[TicketState],
    parent: str | None,
    premises_id: PremisesId | None,
    before: tuple[int, str] | None,
    limit: int,
    region: str = "",
    cameras: Sequence[str] = (),
) -> list[Ticket]:
    """Return up to `limit` tickets inside the grants, the newest first.

    region: that one with all below it, "" = all. states: (), any. parent: those below that ticket; None = those below none. premises_id: those of one premises,
    below whatever. cameras: those of these, below whatever; (), of any.
    """
    wanted = _tickets.where(is_in_scope(held, TICKET_SCOPE))
    inside = region_clause(region, fault_tickets.c.region)
    if inside is not None:
        wanted = wanted.where(inside)
    if cameras:
        wanted = wanted.where(fault_tickets.c.camera_id.in_(cameras))
    if premises_id is not None:
        wanted = wanted.where(fault_tickets.c.premises_id == premises_id)
    elif parent is None and not cameras:
        wanted = wanted.where(_is_on_top(held))
    elif parent is not None:
        wanted = wanted.where(fault_tickets.c.parent_id == parent)
    if states:
        wanted = wanted.where(fault_tickets.c.state.in_([each.value for each in states]))
    if before is not None:
        wanted = wanted.where(
            sa.tuple_(fault_tickets.c.opened_at, fault_tickets.c.id) < sa.tuple_(*map(sa.literal, before))
        )
    wanted = wanted.order_by(fault_tickets.c.opened_at.desc(), fault_tickets.c.id.desc()).limit(limit)
    return [_ticket(row) for row in await connection.execute(wanted)]


def _is_on_top(held: Sequence[Grant]) -> sa.ColumnElement[bool]:
    """Below no ticket that the same person may see: an owner sees the own ticket, not the batch above it."""
    above = fault_tickets.alias("above")
    scope = ScopeColumns(above.c.region, above.c.category, above.c.premises_id)
    visible = sa.select(above.c.id).where(is_in_scope(held, scope))
    return sa.or_(fault_tickets.c.parent_id.is_(None), fault_tickets.c.parent_id.not_in(visible))


async def count_tickets(connection: AsyncConnection, held: Sequence[Grant], region: str = "") -> dict[TicketState, int]:
    """Return how many tickets inside the grants are in each state, those on top only. region: as in `load_tickets`."""
    wanted = (
        sa.select(fault_tickets.c.state, sa.func.count())
        .where(is_in_scope(held, TICKET_SCOPE), _is_on_top(held))
        .group_by(fault_tickets.c.state)
    )
    inside = region_clause(region, fault_tickets.c.region)
    if inside is not None:
        wanted = wanted.where(inside)
    return {TicketState(state): count for state, count in await connection.execute(wanted)}


async def count_open_by_region(connection: AsyncConnection, held: Sequence[Grant], region: str = "") -> dict[str, int]:
    """Return region → how many tickets inside the grants somebody has to mend there, those on top only."""
    open_ones = fault_tickets.c.state.in_([each.value for each in OPEN_STATES])
    wanted = (
        sa.select(fault_tickets.c.region, sa.func.count())
        .where(open_ones, is_in_scope(held, TICKET_SCOPE), _is_on_top(held))
        .group_by(fault_tickets.c.region)
    )
    inside = region_clause(region, fault_tickets.c.region)
    if inside is not None:
        wanted = wanted.where(inside)
    return {row[0]: int(row[1]) for row in await connection.execute(wanted)}


async def load_open_tickets(connection: AsyncConnection) -> list[Ticket]:
    """Return every ticket that is not confirmed yet, children and parents."""
    states = [each.value for each in (*OPEN_STATES, TicketState.FIXED)]
    return [_ticket(row) for row in await connection.execute(_tickets.where(fault_tickets.c.state.in_(states)))]


async def load_children(connection: AsyncConnection, parent: str) -> list[Ticket]:
    """Return every ticket below `parent`."""
    return [_ticket(row) for row in await connection.execute(_tickets.where(fault_tickets.c.parent_id == parent))]


async def load_children_states(connection: AsyncConnection, parent: str) -> set[TicketState]:
    """Return the states in which tickets below `parent` are."""
    wanted = sa.select(fault_tickets.c.state).where(fault_tickets.c.parent_id == parent).distinct()
    return {TicketState(each) for each in (await connection.execute(wanted)).scalars()}


async def load_newest_tickets(connection: AsyncConnection, ids: Sequence[CameraId]) -> dict[CameraId, Ticket]:
    """Return the newest ticket of each of these channels that has one."""
    found: dict[CameraId, Ticket] = {}
    for some in split_values(ids):
        wanted = _tickets.where(fault_tickets.c.camera_id.in_(some))
        for row in await connection.execute(wanted.order_by(fault_tickets.c.opened_at, fault_tickets.c.id)):
            found[CameraId(row.camera_id)] = _ticket(row)
    return found


async def load_next_number(connection: AsyncConnection, month: str) -> str:
    """Return the next ticket number of a month ("2611" → "G2611-0001")."""
    numbers = fault_tickets.c.number
    wanted = sa.select(sa.func.max(sa.cast(sa.func.substr(numbers, 7), sa.Integer))).where(
        numbers.startswith(f"G{month}-", autoescape=True)
    )
    last = (await connection.execute(wanted)).scalar_one_or_none() or 0
    return f"G{month}-{last + 1:04d}"


async def save_new_ticket(connection: AsyncConnection, ticket: Ticket) -> None:
    await connection.execute(
        fault_tickets.insert().values(
            id=ticket.id,
            number=ticket.number,
            camera_id=ticket.camera,
            premises_id=ticket.place.premises,
            region=ticket.place.region,
            category=ticket.place.category,
            operator=ticket.operator,
            opened_by=ticket.opened_by,
            opened_at=ticket.opened_at,
            sla_s=ticket.sla_s,
            **_ticket_values(ticket),
        )
    )


async def save_ticket(connection: AsyncConnection, ticket: Ticket) -> None:
    await connection.execute(
        fault_tickets.update().where(fault_tickets.c.id == ticket.id).values(**_ticket_values(ticket))
    )


async def save_parent(connection: AsyncConnection, ids: Iterable[str], parent: str) -> None:
    """Hang these tickets below `parent`."""
    chosen = sorted(ids)
    for some in split_values(chosen):
        below = fault_tickets.c.id.in_(some)
        await connection.execute(fault_tickets.update().where(below).values(parent_id=parent))


async def save_ticket_event(
    connection: AsyncConnection, event_id: str, ticket_id: str, row: HistoryRow, actor: UserId | None
) -> None:
    await connection.execute(
        fault_events.insert().values(
            id=event_id,
            ticket_id=ticket_id,
            event=row.event,
            from_state=row.from_state,
            to_state=row.to_state,
            actor=actor,
            at=row.at,
            note=row.note,
        )
    )


async def load_ticket_history(connection: AsyncConnection, ticket_id: str) -> list[HistoryRow]:
    wanted = (
        sa.select(fault_events, users.c.display_name)
        .outerjoin(users, users.c.id == fault_events.c.actor)
        .where(fault_events.c.ticket_id == ticket_id)
        .order_by(fault_events.c.at.desc(), fault_events.c.id.desc())
    )
    return [
        HistoryRow(row.event, row.from_state, row.to_state, Utc(row.at), row.display_name or "", row.note)
        for row in await connection.execute(wanted)
    ]


def _ticket_values(ticket: Ticket) -> Mapping[str, Any]:  # Any: what a column takes
    return {
        "parent_id": ticket.parent,
        "state": ticket.state.value,
        "state_at": ticket.state_at,
        "cause": ticket.cause.value if ticket.cause else None,
        "note": ticket.note,
        "dark_from_at": ticket.dark_from_at,
        "paused_from_at": ticket.paused_from_at,
        "paused_us": ticket.paused_us,
        "fixed_at": ticket.fixed_at,
        "closed_at": ticket.closed_at,
        "reopened": ticket.reopened,
    }


def _ticket(row: sa.Row[tuple[object, ...]]) -> Ticket:
    return Ticket(
        id=row.id,
        number=row.number,
        place=Place(row.region, row.category, PremisesId(row.premises_id) if row.premises_id else None),
        operator=row.operator,
        state=TicketState(row.state),
        state_at=Utc(row.state_at),
        opened_at=Utc(row.opened_at),
        sla_s=row.sla_s,
        camera=CameraId(row.camera_id) if row.camera_id else None,
        parent=row.parent_id,
        cause=Cause(row.cause) if row.cause else None,
        note=row.note,
        opened_by=UserId(row.opened_by) if row.opened_by else None,
        dark_from_at=optional_utc(row.dark_from_at),
        paused_from_at=optional_utc(row.paused_from_at),
        paused_us=row.paused_us,
        fixed_at=optional_utc(row.fixed_at),
        closed_at=optional_utc(row.closed_at),
        reopened=row.reopened,
        camera_name=row.camera_name or "",
        zone=row.zone or "",
        premises_name=row.premises_name or "",
        children=row.children,
    )
