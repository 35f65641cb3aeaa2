"""Rows of the road to service: moves, contracts, the change log of the denominator, verdicts on first frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place, Role
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.onboarding.model import (
    Contract,
    DenominatorChange,
    HandedIn,
    HistoryRow,
    OnboardedPremises,
    Suspension,
)
from brightkitchen.domain.onboarding.states import SETTLED, Event
from brightkitchen.domain.premises.counted import Counts
from brightkitchen.domain.premises.denominators import denominator_changes
from brightkitchen.domain.premises.states import PremisesState as State
from brightkitchen.domain.premises.store import premises, suspensions, zones
from brightkitchen.domain.users.store import grants, users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.units import Utc

premises_events = sa.Table(
    "premises_events",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), nullable=False, index=True),
    sa.Column("event", sa.String(16), nullable=False, index=True),
    sa.Column("from_state", sa.String(16), nullable=False),
    sa.Column("to_state", sa.String(16), nullable=False),
    # NULL: the system itself
    sa.Column("actor", sa.String(40), nullable=True),
    sa.Column("role", sa.String(24), nullable=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("reason", sa.String(500), nullable=False),
    # what was handed in, as JSON (onboarding/model.py HandedIn without the reason)
    sa.Column("fields", sa.Text, nullable=False),
)

contracts = sa.Table(
    "contracts",
    metadata,
    # the contract in force; earlier ones are in premises_events
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("party", sa.String(100), nullable=False),
    sa.Column("credit_code", sa.String(18), nullable=False),
    sa.Column("operator", sa.String(100), nullable=False),
    sa.Column("from_on", sa.String(10), nullable=False),
    sa.Column("to_on", sa.String(10), nullable=False, index=True),
    sa.Column("payer", sa.String(12), nullable=False),
    sa.Column("signed_on", sa.String(10), nullable=False, index=True),
    sa.Column("manager", sa.String(50), nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

frame_verdicts = sa.Table(
    "frame_verdicts",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=False, index=True),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(40), nullable=False),
    sa.Column("is_approved", sa.Boolean, nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    # the instant of the frame that was judged, as the page showed it
    sa.Column("frame_at", sa.BigInteger, nullable=True),
)

SCOPE: Final = ScopeColumns(premises.c.region, premises.c.category, premises.c.id)
_in_register = premises.c.retired_at.is_(None)
_columns: Final[sa.Select[Any]] = sa.select(  # Any: more columns than the types can count
    premises.c.id,
    premises.c.name,
    premises.c.region,
    premises.c.category,
    premises.c.state,
    premises.c.state_at,
    premises.c.is_due,
    premises.c.exempt_reason,
    premises.c.is_complete,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed by; None and "" = everything. region: with all below it. text: part of the name."""

    state: State | None = None
    region: str = ""
    category: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The newest decision on a camera's first frame."""

    camera: CameraId
    at: Utc
    is_approved: bool
    reason: str


async def load_premises(
    connection: AsyncConnection, premises_id: PremisesId, *, for_update: bool = False
) -> OnboardedPremises | None:
    """Return a premises of the register. for_update: nobody else changes it until the transaction ends."""
    wanted = _columns.where(_in_register, premises.c.id == premises_id)
    row = (await connection.execute(wanted.with_for_update() if for_update else wanted)).one_or_none()
    return _premises(row) if row else None


async def load_page(
    connection: AsyncConnection, held: Sequence[Grant], wish: Filter, *, after: tuple[int, str] | None, limit: int
) -> list[OnboardedPremises]:
    """Return up to `limit` premises inside the grants, those longest in their state first. after: (state_at, id).

    Without a state in the filter: those that somebody still has to bring into service.
    """
    wanted = _columns.where(_in_register, is_in_scope(held, SCOPE), *_clauses(wish))
    if after is not None:
        wanted = wanted.where(sa.tuple_(premises.c.state_at, premises.c.id) > sa.tuple_(*map(sa.literal, after)))
    if wish.state is None:
        wanted = wanted.where(premises.c.state.not_in([state.value for state in SETTLED]))
    wanted = wanted.order_by(premises.c.state_at, premises.c.id).limit(limit)
    return [_premises(row) for row in await connection.execute(wanted)]


async def count_by_state(connection: AsyncConnection, held: Sequence[Grant], wish: Filter) -> dict[State, int]:
    """Return how many premises inside the grants are in each state; the filter's own state is not applied."""
    clauses = _clauses(Filter(None, wish.region, wish.category, wish.text))
    wanted = sa.select(premises.c.state, sa.func.count()).where(_in_register, is_in_scope(held, SCOPE), *clauses)
    rows = await connection.execute(wanted.group_by(premises.c.state))
    return {State(state): count for state, count in rows}


def _clauses(wish: Filter) -> list[sa.ColumnElement[bool]]:
    clauses: list[sa.ColumnElement[bool]] = []
    if wish.state is not None:
        clauses.append(premises.c.state == wish.state.value)
    inside = region_clause(wish.region, premises.c.region)
    if inside is not None:
        clauses.append(inside)
    if wish.category:
        clauses.append(premises.c.category == wish.category)
    if wish.text:
        clauses.append(
            sa.or_(
                premises.c.name.contains(wish.text, autoescape=True),
                premises.c.initials.startswith(wish.text.lower(), autoescape=True),
            )
        )
    return clauses


async def save_state(connection: AsyncConnection, premises_id: PremisesId, state: State, now: Utc) -> None:
    """Write the state. It is no part of what two people edit, so the record's version stays (permissions.md §7)."""
    await connection.execute(
        premises.update().where(premises.c.id == premises_id).values(state=state.value, state_at=now)
    )


async def save_due(
    connection: AsyncConnection, premises_id: PremisesId, *, is_due: bool, exempt_reason: str | None, now: Utc
) -> None:
    values = {"is_due": is_due, "exempt_reason": exempt_reason, "updated_at": now, "version": premises.c.version + 1}
    await connection.execute(premises.update().where(premises.c.id == premises_id).values(**values))


async def save_event(connection: AsyncConnection, premises_id: PremisesId, row: HistoryRow, given: HandedIn) -> None:
    await connection.execute(premises_events.insert(), [_event_values(premises_id, row, given)])


async def save_moves(connection: AsyncConnection, moves: Sequence[tuple[PremisesId, HistoryRow, HandedIn]]) -> None:
    """Write states and events of many premises at once. moves: at least one."""
    await connection.execute(premises_events.insert(), [_event_values(*move) for move in moves])
    write = premises.update().where(premises.c.id == sa.bindparam("moved"))
    write = write.values(state=sa.bindparam("to_state"), state_at=sa.bindparam("moved_at"))
    await connection.execute(
        write, [{"moved": key, "to_state": row.to_state.value, "moved_at": row.at} for key, row, _ in moves]
    )


async def load_many(connection: AsyncConnection, ids: Sequence[PremisesId]) -> list[OnboardedPremises]:
    """Return those of `ids` that are in the register; nobody else changes them until the transaction ends."""
    wanted = _columns.where(_in_register, premises.c.id.in_(ids)).order_by(premises.c.id).with_for_update()
    return [_premises(row) for row in await connection.execute(wanted)]


async def load_last_moves(connection: AsyncConnection, ids: Sequence[PremisesId]) -> dict[PremisesId, Utc]:
    """Return when each of these premises was last moved; those that never were are left out."""
    wanted = sa.select(premises_events.c.premises_id, sa.func.max(premises_events.c.at))
    wanted = wanted.where(premises_events.c.premises_id.in_(ids)).group_by(premises_events.c.premises_id)
    return {PremisesId(key): Utc(at) for key, at in await connection.execute(wanted)}


def _event_values(premises_id: PremisesId, row: HistoryRow, given: HandedIn) -> dict[str, object]:
    fields = msgspec.structs.replace(given, reason="")
    return {
        "id": row.id,
        "premises_id": premises_id,
        "event": row.event.value,
        "from_state": row.from_state.value,
        "to_state": row.to_state.value,
        "actor": row.actor,
        "role": row.role.value if row.role else None,
        "at": row.at,
        "reason": row.reason,
        "fields": msgspec.json.encode(fields).decode(),
    }


async def load_history(connection: AsyncConnection, premises_id: PremisesId) -> list[HistoryRow]:
    """Return every move of a premises, the newest first."""
    wanted = (
        sa.select(premises_events, users.c.display_name)
        .outerjoin(users, users.c.id == premises_events.c.actor)
        .where(premises_events.c.premises_id == premises_id)
        .order_by(premises_events.c.at.desc(), premises_events.c.id.desc())
    )
    return [_history(row) for row in await connection.execute(wanted)]


async def load_last_move_at(connection: AsyncConnection, premises_id: PremisesId) -> Utc:
    """Return when the premises moved last; 0 if it never did."""
    wanted = sa.select(sa.func.max(premises_events.c.at)).where(premises_events.c.premises_id == premises_id)
    return Utc((await connection.execute(wanted)).scalar_one_or_none() or 0)


async def load_state_before(connection: AsyncConnection, premises_id: PremisesId) -> State | None:
    """Return where a suspended premises was before."""
    wanted = (
        sa.select(premises_events.c.from_state)
        .where(premises_events.c.premises_id == premises_id, premises_events.c.event == Event.SUSPEND.value)
        .order_by(premises_events.c.at.desc(), premises_events.c.id.desc())
        .limit(1)
    )
    found = (await connection.execute(wanted)).scalar_one_or_none()
    return State(found) if found else None


async def load_installers(connection: AsyncConnection, premises_id: PremisesId) -> frozenset[UserId]:
    """Return everybody who said to have installed there."""
    steps = (Event.START_INSTALL.value, Event.FINISH_INSTALL.value)
    wanted = sa.select(premises_events.c.actor).where(
        premises_events.c.premises_id == premises_id,
        premises_events.c.event.in_(steps),
        premises_events.c.actor.is_not(None),
    )
    return frozenset(UserId(each) for each in (await connection.execute(wanted)).scalars())


async def load_contract_holder(connection: AsyncConnection, number: str) -> PremisesId | None:
    """Return which premises has the contract of that number."""
    wanted = sa.select(contracts.c.premises_id).where(contracts.c.number == number)
    found = (await connection.execute(wanted)).scalar_one_or_none()
    return PremisesId(found) if found else None


async def save_contract(connection: AsyncConnection, premises_id: PremisesId, contract: Contract, now: Utc) -> None:
    """Make it the contract in force."""
    await connection.execute(contracts.delete().where(contracts.c.premises_id == premises_id))
    await connection.execute(
        contracts.insert().values(
            premises_id=premises_id,
            number=contract.number.strip(),
            party=contract.party.strip(),
            credit_code=contract.credit_code,
            operator=contract.operator.strip(),
            from_on=contract.from_on,
            to_on=contract.to_on,
            payer=contract.payer.value,
            signed_on=contract.signed_on,
            manager=contract.manager.strip(),
            updated_at=now,
        )
    )


async def save_suspension(
    connection: AsyncConnection,
    suspension_id: str,
    premises_id: PremisesId,
    suspension: Suspension,
    *,
    reason: str,
    actor: UserId | None,
    now: Utc,
) -> None:
    """Keep a closed period that an officer decided on."""
    await connection.execute(
        suspensions.insert().values(
            id=suspension_id,
            premises_id=premises_id,
            kind=suspension.kind.value,
            from_on=suspension.from_on,
            to_on=suspension.to_on,
            reason=reason[:200],
            requested_by=actor,
            requested_at=now,
            decided_by=actor,
            decided_at=now,
            state="APPROVED",
        )
    )


async def end_suspensions(connection: AsyncConnection, premises_id: PremisesId, last_on: str) -> None:
    """End every approved closed period of a premises; the last day that it was closed is at most `last_on`."""
    open_ones = sa.and_(suspensions.c.premises_id == premises_id, suspensions.c.state == "APPROVED")
    to_on = sa.case((suspensions.c.to_on > last_on, last_on), else_=suspensions.c.to_on)
    await connection.execute(suspensions.update().where(open_ones).values(state="ENDED", to_on=to_on))


async def load_suspensions_over(connection: AsyncConnection, today_on: str) -> list[PremisesId]:
    """Return the premises in SUSPENDED whose approved closed periods all ended before `today_on`; one without dates stays."""
    dated = sa.select(suspensions.c.premises_id).where(suspensions.c.state == "APPROVED")
    lasting = sa.select(suspensions.c.premises_id).where(
        suspensions.c.state == "APPROVED", suspensions.c.to_on >= today_on
    )
    wanted = sa.select(premises.c.id).where(
        _in_register,
        premises.c.state == State.SUSPENDED.value,
        premises.c.id.in_(dated),
        premises.c.id.not_in(lasting),
    )
    return [PremisesId(each) for each in (await connection.execute(wanted.order_by(premises.c.id))).scalars()]


async def load_denominator_changes(
    connection: AsyncConnection, held: Sequence[Grant], *, before: tuple[int, str] | None, limit: int
) -> list[DenominatorChange]:
    """Return up to `limit` changes that left or came into a place inside the grants, the newest first. before: (at, id)."""
    changes = denominator_changes
    left = ScopeColumns(changes.c.from_region, changes.c.from_category, changes.c.premises_id)
    came = ScopeColumns(changes.c.region, changes.c.category, changes.c.premises_id)
    wanted = (
        sa.select(changes, premises.c.name.label("premises_name"), users.c.display_name)
        .join(premises, premises.c.id == changes.c.premises_id)
        .outerjoin(users, users.c.id == changes.c.actor)
        .where(sa.or_(is_in_scope(held, left), is_in_scope(held, came)))
    )
    if before is not None:
        wanted = wanted.where(sa.tuple_(changes.c.at, changes.c.id) < sa.tuple_(*map(sa.literal, before)))
    rows = await connection.execute(wanted.order_by(changes.c.at.desc(), changes.c.id.desc()).limit(limit))
    return [
        DenominatorChange(
            row.id,
            PremisesId(row.premises_id),
            row.premises_name,
            Utc(row.at),
            row.display_name or "",
            row.what,
            row.old,
            row.new,
            row.reason,
            row.from_region,
            row.from_category,
            Counts(row.from_counts),
            row.region,
            row.category,
            Counts(row.counts),
        )
        for row in rows
    ]


async def has_owner(connection: AsyncConnection, premises_id: PremisesId, now: Utc) -> bool:
    """True if somebody may log in as the owner of that premises at `now`."""
    held = sa.and_(
        grants.c.premises_id == premises_id,
        grants.c.role == Role.OWNER.value,
        grants.c.revoked_at.is_(None),
        sa.or_(grants.c.expires_at.is_(None), grants.c.expires_at > now),
        users.c.disabled_at.is_(None),
    )
    wanted = sa.select(grants.c.id).join(users, users.c.id == grants.c.user_id).where(held).limit(1)
    return (await connection.execute(wanted)).scalar_one_or_none() is not None


async def load_allowed_zones(connection: AsyncConnection) -> frozenset[str]:
    """Return the zones that a camera may show (SECURITY P1)."""
    wanted = sa.select(zones.c.code).where(zones.c.area != "REFUSED")
    return frozenset((await connection.execute(wanted)).scalars())


async def load_premises_cameras(connection: AsyncConnection, premises_id: PremisesId) -> list[CameraId]:
    """Return the cameras in service of a premises."""
    wanted = sa.select(cameras.c.id).where(cameras.c.premises_id == premises_id, cameras.c.retired_at.is_(None))
    return [CameraId(each) for each in (await connection.execute(wanted.order_by(cameras.c.id))).scalars()]


async def save_verdict(
    connection: AsyncConnection,
    verdict_id: str,
    verdict: Verdict,
    premises_id: PremisesId,
    *,
    actor: UserId,
    frame_at: Utc | None,
) -> None:
    await connection.execute(
        frame_verdicts.insert().values(
            id=verdict_id,
            camera_id=verdict.camera,
            premises_id=premises_id,
            at=verdict.at,
            actor=actor,
            is_approved=verdict.is_approved,
            reason=verdict.reason,
            frame_at=frame_at,
        )
    )


async def load_verdicts(connection: AsyncConnection, ids: Sequence[CameraId]) -> dict[CameraId, Verdict]:
    """Return the newest decision on each of these cameras that has one."""
    wanted = (
        sa.select(frame_verdicts)
        .where(frame_verdicts.c.camera_id.in_(ids))
        .order_by(frame_verdicts.c.at, frame_verdicts.c.id)
    )
    rows = await connection.execute(wanted)
    return {
        CameraId(row.camera_id): Verdict(CameraId(row.camera_id), Utc(row.at), row.is_approved, row.reason)
        for row in rows
    }


async def load_last_installed(connection: AsyncConnection, ids: Sequence[PremisesId]) -> dict[PremisesId, Utc]:
    """Return when the installation of each of these premises was last handed over."""
    wanted = (
        sa.select(premises_events.c.premises_id, sa.func.max(premises_events.c.at))
        .where(premises_events.c.premises_id.in_(ids), premises_events.c.event == Event.FINISH_INSTALL.value)
        .group_by(premises_events.c.premises_id)
    )
    return {PremisesId(key): Utc(at) for key, at in await connection.execute(wanted)}


def _premises(row: sa.Row[tuple[object, ...]]) -> OnboardedPremises:
    return OnboardedPremises(
        PremisesId(row.id),
        row.name,
        Place(row.region, row.category, PremisesId(row.id)),
        State(row.state),
        Utc(row.state_at),
        row.is_due,
        row.exempt_reason,
        row.is_complete,
    )


def _history(row: sa.Row[tuple[object, ...]]) -> HistoryRow:
    return HistoryRow(
        row.id,
        Event(row.event),
        State(row.from_state),
        State(row.to_state),
        Utc(row.at),
        UserId(row.actor) if row.actor else None,
        row.display_name or "",
        Role(row.role) if row.role else None,
        row.reason,
        msgspec.json.decode(row.fields),
    )
