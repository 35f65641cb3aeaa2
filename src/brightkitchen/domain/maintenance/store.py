"""Rows of devices and fault tickets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.maintenance.model import (
    AssetOwner,
    Device,
    DeviceKind,
    DeviceRecord,
    HistoryRow,
    Ticket,
)
from brightkitchen.domain.maintenance.states import OPEN_STATES, Cause, DeviceState, TicketState
from brightkitchen.domain.onboarding.store import contracts
from brightkitchen.domain.premises.store import premises, suspensions
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.units import Utc, optional_utc

devices = sa.Table(
    "devices",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("sn", sa.String(40), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("vendor", sa.String(60), nullable=False),
    sa.Column("model", sa.String(60), nullable=False),
    sa.Column("mac", sa.String(17), nullable=True, index=True),
    sa.Column("gb_id", sa.String(20), nullable=True, unique=True),
    # pinned identity (SECURITY A4)
    sa.Column("pinned_onvif_serial", sa.String(64), nullable=True),
    sa.Column("pinned_banner", sa.String(200), nullable=True),
    sa.Column("pinned_parameters_sha256", sa.String(64), nullable=True),
    sa.Column("network", sa.String(100), nullable=False),
    sa.Column("line_account", sa.String(60), nullable=False),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), nullable=True, index=True),
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=True, unique=True),
    sa.Column("zone", sa.String(16), nullable=True),
    sa.Column("firmware", sa.String(60), nullable=False),
    sa.Column("installed_on", sa.String(10), nullable=True),
    sa.Column("warranty_until_on", sa.String(10), nullable=True),
    sa.Column("asset_owner", sa.String(12), nullable=False),
    sa.Column("storage_days", sa.Integer, nullable=True),
    sa.Column("can_talk", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("state_at", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

device_events = sa.Table(
    "device_events",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("device_id", sa.String(40), sa.ForeignKey(devices.c.id), nullable=False, index=True),
    sa.Column("event", sa.String(12), nullable=False),
    sa.Column("from_state", sa.String(12), nullable=False),
    sa.Column("to_state", sa.String(12), nullable=False),
    sa.Column("actor", sa.String(40), nullable=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
)

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

DEVICE_SCOPE: Final = ScopeColumns(premises.c.region, premises.c.category, devices.c.premises_id)
TICKET_SCOPE: Final = ScopeColumns(fault_tickets.c.region, fault_tickets.c.category, fault_tickets.c.premises_id)
_CHUNK: Final = 400

_devices = sa.select(
    devices,
    premises.c.region,
    premises.c.category,
    premises.c.name.label("premises_name"),
    cameras.c.name.label("camera_name"),
).select_from(
    devices.outerjoin(premises, premises.c.id == devices.c.premises_id).outerjoin(
        cameras, cameras.c.id == devices.c.camera_id
    )
)
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


@dataclass(frozen=True, slots=True)
class Watched:
    """A channel in service and where it is, as the presence of pictures and the opening of tickets need it."""

    camera: CameraId
    node: str
    activity: str
    activity_at: Utc
    is_approved: bool
    premises: PremisesId | None
    region: str
    category: str
    hours: str
    premises_state: str
    operator: str

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.region, self.category, self.premises)


async def load_watched(connection: AsyncConnection) -> list[Watched]:
    """Return every channel in service."""
    wanted = (
        sa.select(
            cameras.c.id,
            cameras.c.node,
            cameras.c.activity,
            cameras.c.activity_at,
            cameras.c.approved_at,
            cameras.c.premises_id,
            premises.c.region,
            premises.c.category,
            premises.c.hours,
            premises.c.state,
            contracts.c.operator,
        )
        .select_from(
            cameras.outerjoin(premises, premises.c.id == cameras.c.premises_id).outerjoin(
                contracts, contracts.c.premises_id == cameras.c.premises_id
            )
        )
        .where(cameras.c.retired_at.is_(None))
    )
    return [
        Watched(
            CameraId(row.id),
            row.node,
            row.activity,
            Utc(row.activity_at),
            row.approved_at is not None,
            PremisesId(row.premises_id) if row.premises_id else None,
            row.region or "",
            row.category or "",
            row.hours or "",
            row.state or "",
            row.operator or "",
        )
        for row in await connection.execute(wanted)
    ]


async def load_activities(connection: AsyncConnection, ids: Sequence[CameraId]) -> dict[CameraId, tuple[str, Utc]]:
    """Return activity and its beginning of those of `ids` that are in service."""
    found: dict[CameraId, tuple[str, Utc]] = {}
    for at in range(0, len(ids), _CHUNK):
        wanted = sa.select(cameras.c.id, cameras.c.activity, cameras.c.activity_at).where(
            cameras.c.id.in_(ids[at : at + _CHUNK]), cameras.c.retired_at.is_(None)
        )
        for row in await connection.execute(wanted):
            found[CameraId(row.id)] = (row.activity, Utc(row.activity_at))
    return found


async def load_suspended(connection: AsyncConnection, today_on: str) -> frozenset[PremisesId]:
    """Return the premises that have an approved closed period on that day."""
    wanted = sa.select(suspensions.c.premises_id).where(
        suspensions.c.state == "APPROVED", suspensions.c.from_on <= today_on, suspensions.c.to_on >= today_on
    )
    return frozenset(PremisesId(each) for each in (await connection.execute(wanted)).scalars())


# ---- devices


async def load_device(connection: AsyncConnection, device_id: str, *, for_update: bool = False) -> Device | None:
    wanted = _devices.where(devices.c.id == device_id)
    if for_update:
        wanted = wanted.with_for_update(of=devices)
    row = (await connection.execute(wanted)).one_or_none()
    return _device(row) if row else None


async def load_devices(
    connection: AsyncConnection,
    held: Sequence[Grant],
    *,
    state: DeviceState | None,
    text: str,
    after: str,
    limit: int,
) -> list[Device]:
    """Return up to `limit` devices inside the grants, in the order of their ids. text: part of SN, model or premises."""
    wanted = _devices.where(is_in_scope(held, DEVICE_SCOPE), devices.c.id > after)
    if state is not None:
        wanted = wanted.where(devices.c.state == state.value)
    if text:
        fits = [column.contains(text, autoescape=True) for column in (devices.c.sn, devices.c.model, premises.c.name)]
        wanted = wanted.where(sa.or_(*fits))
    return [_device(row) for row in await connection.execute(wanted.order_by(devices.c.id).limit(limit))]


async def count_devices(connection: AsyncConnection, held: Sequence[Grant]) -> dict[DeviceState, int]:
    wanted = (
        sa.select(devices.c.state, sa.func.count())
        .select_from(devices.outerjoin(premises, premises.c.id == devices.c.premises_id))
        .where(is_in_scope(held, DEVICE_SCOPE))
        .group_by(devices.c.state)
    )
    return {DeviceState(state): count for state, count in await connection.execute(wanted)}


async def load_taken(connection: AsyncConnection, device_id: str, record: DeviceRecord) -> str | None:
    """Return which of SN, GB id and camera another device has already, or None."""
    for name, column, value in (
        ("sn", devices.c.sn, record.sn),
        ("gb_id", devices.c.gb_id, record.gb_id),
        ("camera", devices.c.camera_id, record.camera),
    ):
        if value is not None:
            wanted = sa.select(devices.c.id).where(column == value, devices.c.id != device_id)
            if (await connection.execute(wanted)).scalar_one_or_none() is not None:
                return name
    return None


async def load_device_by_sn(connection: AsyncConnection, sn: str) -> Device | None:
    row = (await connection.execute(_devices.where(devices.c.sn == sn))).one_or_none()
    return _device(row) if row else None


async def load_place(connection: AsyncConnection, premises_id: PremisesId) -> Place | None:
    """Return where a premises of the register is."""
    wanted = sa.select(premises.c.region, premises.c.category).where(
        premises.c.id == premises_id, premises.c.retired_at.is_(None)
    )
    row = (await connection.execute(wanted)).one_or_none()
    return Place(row.region, row.category, premises_id) if row else None


async def save_new_device(connection: AsyncConnection, device: Device, now: Utc) -> None:
    await connection.execute(devices.insert().values(id=device.id, created_at=now, **_device_values(device, now)))


async def save_device(connection: AsyncConnection, device: Device, now: Utc) -> None:
    await connection.execute(devices.update().where(devices.c.id == device.id).values(**_device_values(device, now)))


async def delete_device(connection: AsyncConnection, device_id: str) -> None:
    await connection.execute(device_events.delete().where(device_events.c.device_id == device_id))
    await connection.execute(devices.delete().where(devices.c.id == device_id))


async def save_device_event(
    connection: AsyncConnection, event_id: str, device_id: str, row: HistoryRow, actor: UserId | None
) -> None:
    await connection.execute(
        device_events.insert().values(
            id=event_id,
            device_id=device_id,
            event=row.event,
            from_state=row.from_state,
            to_state=row.to_state,
            actor=actor,
            at=row.at,
            reason=row.note,
        )
    )


async def load_device_history(connection: AsyncConnection, device_id: str) -> list[HistoryRow]:
    wanted = (
        sa.select(device_events, device_events.c.reason.label("note"), users.c.display_name)
        .outerjoin(users, users.c.id == device_events.c.actor)
        .where(device_events.c.device_id == device_id)
        .order_by(device_events.c.at.desc(), device_events.c.id.desc())
        .limit(200)
    )
    return [_history(row) for row in await connection.execute(wanted)]


async def load_linked(connection: AsyncConnection, ids: Sequence[CameraId]) -> list[Device]:
    """Return the devices that are linked to these channels."""
    found = []
    for at in range(0, len(ids), _CHUNK):
        rows = await connection.execute(_devices.where(devices.c.camera_id.in_(ids[at : at + _CHUNK])))
        found += [_device(row) for row in rows]
    return found


# ---- tickets


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
) -> list[Ticket]:
    """Return up to `limit` tickets inside the grants, the newest first.

    states: (), any. parent: those below that ticket; None = those below none. premises_id: those of one premises,
    below whatever.
    """
    wanted = _tickets.where(is_in_scope(held, TICKET_SCOPE))
    if premises_id is not None:
        wanted = wanted.where(fault_tickets.c.premises_id == premises_id)
    elif parent is None:
        wanted = wanted.where(_is_on_top(held))
    else:
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


async def count_tickets(connection: AsyncConnection, held: Sequence[Grant]) -> dict[TicketState, int]:
    """Return how many tickets inside the grants are in each state, those on top only."""
    wanted = (
        sa.select(fault_tickets.c.state, sa.func.count())
        .where(is_in_scope(held, TICKET_SCOPE), _is_on_top(held))
        .group_by(fault_tickets.c.state)
    )
    return {TicketState(state): count for state, count in await connection.execute(wanted)}


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
    for at in range(0, len(ids), _CHUNK):
        wanted = _tickets.where(fault_tickets.c.camera_id.in_(ids[at : at + _CHUNK]))
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
    for at in range(0, len(chosen), _CHUNK):
        below = fault_tickets.c.id.in_(chosen[at : at + _CHUNK])
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
    return [_history(row) for row in await connection.execute(wanted)]


# ---- inside


def _device_values(device: Device, now: Utc) -> Mapping[str, Any]:  # Any: what a column takes
    record = device.record
    return {
        "sn": record.sn,
        "kind": record.kind.value,
        "vendor": record.vendor,
        "model": record.model,
        "mac": record.mac,
        "gb_id": record.gb_id,
        "pinned_onvif_serial": record.pinned_onvif_serial,
        "pinned_banner": record.pinned_banner,
        "pinned_parameters_sha256": record.pinned_parameters_sha256,
        "network": record.network,
        "line_account": record.line_account,
        "premises_id": record.premises,
        "camera_id": record.camera,
        "zone": record.zone,
        "firmware": record.firmware,
        "installed_on": record.installed_on,
        "warranty_until_on": record.warranty_until_on,
        "asset_owner": record.asset_owner.value,
        "storage_days": record.storage_days,
        "can_talk": record.can_talk,
        "state": device.state.value,
        "state_at": device.state_at,
        "updated_at": now,
        "version": device.version,
    }


def _device(row: sa.Row[tuple[object, ...]]) -> Device:
    premises_id = PremisesId(row.premises_id) if row.premises_id else None
    return Device(
        id=row.id,
        record=DeviceRecord(
            sn=row.sn,
            kind=DeviceKind(row.kind),
            vendor=row.vendor,
            model=row.model,
            mac=row.mac,
            gb_id=row.gb_id,
            pinned_onvif_serial=row.pinned_onvif_serial,
            pinned_banner=row.pinned_banner,
            pinned_parameters_sha256=row.pinned_parameters_sha256,
            network=row.network,
            line_account=row.line_account,
            premises=premises_id,
            camera=CameraId(row.camera_id) if row.camera_id else None,
            zone=row.zone,
            firmware=row.firmware,
            installed_on=row.installed_on,
            warranty_until_on=row.warranty_until_on,
            asset_owner=AssetOwner(row.asset_owner),
            storage_days=row.storage_days,
            can_talk=row.can_talk,
        ),
        state=DeviceState(row.state),
        state_at=Utc(row.state_at),
        version=row.version,
        place=Place(row.region or "", row.category or "", premises_id),
        premises_name=row.premises_name or "",
        camera_name=row.camera_name or "",
    )


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
        dark_from_at=_at(row.dark_from_at),
        paused_from_at=_at(row.paused_from_at),
        paused_us=row.paused_us,
        fixed_at=_at(row.fixed_at),
        closed_at=_at(row.closed_at),
        reopened=row.reopened,
        camera_name=row.camera_name or "",
        zone=row.zone or "",
        premises_name=row.premises_name or "",
        children=row.children,
    )


def _history(row: sa.Row[tuple[object, ...]]) -> HistoryRow:
    return HistoryRow(row.event, row.from_state, row.to_state, Utc(row.at), row.display_name or "", row.note)


def _at(value: int | None) -> Utc | None:
    return optional_utc(value)
