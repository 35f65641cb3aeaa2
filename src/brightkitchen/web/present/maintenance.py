"""Devices and fault tickets, as they leave and enter the server."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.maintenance import policy as rules
from brightkitchen.domain.maintenance.faults import TicketView
from brightkitchen.domain.maintenance.model import (
    AssetOwner,
    Device,
    DeviceKind,
    DeviceRecord,
    HistoryRow,
    Ticket,
    left_us,
)
from brightkitchen.domain.maintenance.states import (
    Cause,
    DeviceEvent,
    DeviceState,
    TicketEvent,
    TicketState,
    device_events_of,
    ticket_events_of,
)
from brightkitchen.kernel.ids import PremisesId
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc
from brightkitchen.web.options import Services
from brightkitchen.web.params import write_etag
from brightkitchen.web.present.base import In, Instant, Out, Text, present_instant


class MoveOut(Out):
    """One row of history. actor "": the system itself."""

    event: str
    from_state: str
    to_state: str
    at: Instant
    actor: str
    note: str


class DeviceOut(Out):
    """events: what may be done to it now; `abilities` says whether the caller may."""

    id: str
    sn: str
    kind: DeviceKind
    vendor: str
    model: str
    mac: str | None
    gb_id: str | None
    pinned_onvif_serial: str | None
    pinned_banner: str | None
    pinned_parameters_sha256: str | None
    network: str
    line_account: str
    premises_id: str | None
    premises_name: str
    camera_id: str | None
    camera_name: str
    zone: str | None
    firmware: str
    installed_on: str | None
    warranty_until_on: str | None
    asset_owner: AssetOwner
    storage_days: int | None
    can_talk: bool
    state: DeviceState
    state_at: Instant
    events: list[DeviceEvent]
    abilities: list[str]
    etag: str


class DeviceStateCountOut(Out):
    state: DeviceState
    count: int


class DeviceListOut(Out):
    items: list[DeviceOut]
    counts: list[DeviceStateCountOut]
    next_cursor: str | None


class DeviceViewOut(Out):
    device: DeviceOut
    history: list[MoveOut]


class DeviceIn(In):
    """premises_id: assigned at once, when it is added; later only by the event `assign`."""

    sn: Text
    kind: DeviceKind
    vendor: Text = ""
    model: Text = ""
    mac: Text | None = None
    gb_id: Text | None = None
    pinned_onvif_serial: Annotated[str, Field(max_length=64)] | None = None
    pinned_banner: Annotated[str, Field(max_length=200)] | None = None
    pinned_parameters_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    network: Text = ""
    line_account: Text = ""
    premises_id: Text | None = None
    firmware: Text = ""
    installed_on: Text | None = None
    warranty_until_on: Text | None = None
    asset_owner: AssetOwner = AssetOwner.OPERATOR
    storage_days: int | None = None
    can_talk: bool = False


class DeviceMoveIn(In):
    """assign needs premises_id; install may link the camera and names the zone."""

    premises_id: Text | None = None
    camera_id: Text | None = None
    zone: Text | None = None
    reason: Text = ""


class TicketOut(Out):
    """left_s: of the time for mending, negative = overdue; it stands while `paused`. children: of a batch outage."""

    id: str
    number: str
    camera_id: str | None
    camera_name: str
    zone: str
    premises_id: str | None
    premises_name: str
    region: str
    operator: str
    parent_id: str | None
    children: int
    state: TicketState
    state_at: Instant
    cause: Cause | None
    note: str
    automatic: bool
    dark_from_at: Instant | None
    opened_at: Instant
    sla_s: int
    left_s: int
    paused: bool
    running: bool
    fixed_at: Instant | None
    closed_at: Instant | None
    reopened: int
    events: list[TicketEvent]
    abilities: list[str]


class TicketStateCountOut(Out):
    state: TicketState
    count: int


class TicketListOut(Out):
    items: list[TicketOut]
    counts: list[TicketStateCountOut]
    next_cursor: str | None


class TicketViewOut(Out):
    ticket: TicketOut
    history: list[MoveOut]
    children: list[TicketOut]


class TicketIn(In):
    camera_id: Text
    note: Text


class TicketMoveIn(In):
    cause: Cause | None = None
    note: Text = ""


def read_record(given: DeviceIn) -> DeviceRecord:
    """Return what is written of a device; empty texts of what may be missing are nothing."""
    return DeviceRecord(
        sn=given.sn.strip(),
        kind=given.kind,
        vendor=given.vendor.strip(),
        model=given.model.strip(),
        mac=given.mac or None,
        gb_id=given.gb_id or None,
        pinned_onvif_serial=given.pinned_onvif_serial or None,
        pinned_banner=given.pinned_banner or None,
        pinned_parameters_sha256=given.pinned_parameters_sha256 or None,
        network=given.network.strip(),
        line_account=given.line_account.strip(),
        premises=PremisesId(given.premises_id) if given.premises_id else None,
        firmware=given.firmware.strip(),
        installed_on=given.installed_on or None,
        warranty_until_on=given.warranty_until_on or None,
        asset_owner=given.asset_owner,
        storage_days=given.storage_days,
        can_talk=given.can_talk,
    )


def present_device(device: Device, actor: Actor, services: Services) -> DeviceOut:
    """Return one device."""
    record = device.record
    return DeviceOut(
        id=device.id,
        sn=record.sn,
        kind=record.kind,
        vendor=record.vendor,
        model=record.model,
        mac=record.mac,
        gb_id=record.gb_id,
        pinned_onvif_serial=record.pinned_onvif_serial,
        pinned_banner=record.pinned_banner,
        pinned_parameters_sha256=record.pinned_parameters_sha256,
        network=record.network,
        line_account=record.line_account,
        premises_id=record.premises,
        premises_name=device.premises_name,
        camera_id=record.camera,
        camera_name=device.camera_name,
        zone=record.zone,
        firmware=record.firmware,
        installed_on=record.installed_on,
        warranty_until_on=record.warranty_until_on,
        asset_owner=record.asset_owner,
        storage_days=record.storage_days,
        can_talk=record.can_talk,
        state=device.state,
        state_at=format_utc(device.state_at),
        events=list(device_events_of(device.state)),
        abilities=list(services.policy.abilities(actor, rules.DEVICE_ACTIONS, device)),
        etag=write_etag(device.version),
    )


def present_devices(
    found: Iterable[Device],
    counts: Mapping[DeviceState, int],
    after: str | None,
    actor: Actor,
    services: Services,
) -> DeviceListOut:
    """Return a page of the inventory."""
    return DeviceListOut(
        items=[present_device(each, actor, services) for each in found],
        counts=[DeviceStateCountOut(state=state, count=counts.get(state, 0)) for state in DeviceState],
        next_cursor=after,
    )


def present_moves(rows: Iterable[HistoryRow]) -> list[MoveOut]:
    """Return history."""
    return [
        MoveOut(
            event=row.event,
            from_state=row.from_state,
            to_state=row.to_state,
            at=format_utc(row.at),
            actor=row.actor_name,
            note=row.note,
        )
        for row in rows
    ]


def present_ticket(ticket: Ticket, actor: Actor, services: Services) -> TicketOut:
    """Return one ticket with its clock as it stands now."""
    now: Utc = services.clock.utc()
    abilities = services.faults.abilities(actor, ticket)
    return TicketOut(
        id=ticket.id,
        number=ticket.number,
        camera_id=ticket.camera,
        camera_name=ticket.camera_name,
        zone=ticket.zone,
        premises_id=ticket.place.premises,
        premises_name=ticket.premises_name,
        region=ticket.place.region,
        operator=ticket.operator,
        parent_id=ticket.parent,
        children=ticket.children,
        state=ticket.state,
        state_at=format_utc(ticket.state_at),
        cause=ticket.cause,
        note=ticket.note,
        automatic=ticket.opened_by is None,
        dark_from_at=present_instant(ticket.dark_from_at),
        opened_at=format_utc(ticket.opened_at),
        sla_s=ticket.sla_s,
        left_s=left_us(ticket, now) // US_PER_S,
        paused=ticket.paused_from_at is not None,
        running=ticket.fixed_at is None and ticket.paused_from_at is None,
        fixed_at=present_instant(ticket.fixed_at),
        closed_at=present_instant(ticket.closed_at),
        reopened=ticket.reopened,
        events=list(ticket_events_of(ticket.state)) if rules.HANDLE_FAULT in abilities else [],
        abilities=list(abilities),
    )


def present_tickets(
    found: Iterable[Ticket],
    counts: Mapping[TicketState, int],
    cursor: str | None,
    actor: Actor,
    services: Services,
) -> TicketListOut:
    """Return a page of tickets."""
    return TicketListOut(
        items=[present_ticket(each, actor, services) for each in found],
        counts=[TicketStateCountOut(state=state, count=counts.get(state, 0)) for state in TicketState],
        next_cursor=cursor,
    )


def present_ticket_view(view: TicketView, actor: Actor, services: Services) -> TicketViewOut:
    """Return one ticket with everything about it."""
    return TicketViewOut(
        ticket=present_ticket(view.ticket, actor, services),
        history=present_moves(view.history),
        children=[present_ticket(each, actor, services) for each in view.children],
    )
