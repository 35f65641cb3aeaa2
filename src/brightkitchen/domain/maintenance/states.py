"""Devices and fault tickets as two tables (DOMAIN §3.2, §3.3).

Theory of operation. Both work like the road to service (domain/onboarding/states.py): a pair that is not in its table is a
conflict. Some events are the system's own, caused by the presence of pictures; nobody else may cause them:

- a device that is linked to a channel follows it: `activate` when the channel counts, `degrade`, `drop`, `recover`;
- a ticket is `recover`ed when pictures are back before anybody said it was fixed, `confirm`ed after 30 minutes with
  pictures, and `reopen`ed when the same channel goes dark again within 7 days.

The clock of a ticket (SLA) runs from opening to FIXED; it stands while WAIT_CUSTOMER and between FIXED and REOPENED.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DeviceState(StrEnum):
    """Where a device is."""

    STOCK = "STOCK"
    ASSIGNED = "ASSIGNED"
    INSTALLED = "INSTALLED"
    ACTIVE = "ACTIVE"
    DEGRADED = "DEGRADED"
    OFFLINE = "OFFLINE"
    REPAIR = "REPAIR"
    SCRAPPED = "SCRAPPED"


class DeviceEvent(StrEnum):
    """What moves it."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    INSTALL = "install"
    ACTIVATE = "activate"
    DEGRADE = "degrade"
    DROP = "drop"
    RECOVER = "recover"
    REPAIR = "repair"
    RETURN = "return"
    SCRAP = "scrap"


SYSTEM_DEVICE_EVENTS: Final = frozenset({DeviceEvent.DEGRADE, DeviceEvent.DROP, DeviceEvent.RECOVER})
_D, _E = DeviceState, DeviceEvent

DEVICE_TABLE: Final[Mapping[tuple[DeviceState, DeviceEvent], DeviceState]] = {
    (_D.STOCK, _E.ASSIGN): _D.ASSIGNED,
    (_D.ASSIGNED, _E.UNASSIGN): _D.STOCK,
    (_D.ASSIGNED, _E.INSTALL): _D.INSTALLED,
    (_D.INSTALLED, _E.ACTIVATE): _D.ACTIVE,
    (_D.ACTIVE, _E.DEGRADE): _D.DEGRADED,
    (_D.ACTIVE, _E.DROP): _D.OFFLINE,
    (_D.DEGRADED, _E.DROP): _D.OFFLINE,
    (_D.OFFLINE, _E.DEGRADE): _D.DEGRADED,
    (_D.DEGRADED, _E.RECOVER): _D.ACTIVE,
    (_D.OFFLINE, _E.RECOVER): _D.ACTIVE,
    **{(state, _E.REPAIR): _D.REPAIR for state in (_D.INSTALLED, _D.ACTIVE, _D.DEGRADED, _D.OFFLINE)},
    (_D.REPAIR, _E.RETURN): _D.ACTIVE,
    (_D.REPAIR, _E.SCRAP): _D.SCRAPPED,
    (_D.STOCK, _E.SCRAP): _D.SCRAPPED,
}


class TicketState(StrEnum):
    """Where a fault ticket is."""

    OPEN = "OPEN"
    TRIAGED = "TRIAGED"
    DISPATCHED = "DISPATCHED"
    ON_SITE = "ON_SITE"
    WAIT_CUSTOMER = "WAIT_CUSTOMER"
    FIXED = "FIXED"
    CONFIRMED = "CONFIRMED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"


class TicketEvent(StrEnum):
    """What moves it."""

    TRIAGE = "triage"
    DISPATCH = "dispatch"
    ARRIVE = "arrive"
    WAIT = "wait"
    CONTINUE = "continue"
    FIX = "fix"
    RECOVER = "recover"
    CONFIRM = "confirm"
    CLOSE = "close"
    REOPEN = "reopen"


class Cause(StrEnum):
    """Why pictures are away (DOMAIN §3.3)."""

    POWER = "POWER"  # 断电(商户)
    LINE = "LINE"  # 断网(线路)
    DEVICE = "DEVICE"  # 设备故障
    STORAGE = "STORAGE"  # 存储
    COVERED = "COVERED"  # 遮挡移位(商户)
    PLATFORM = "PLATFORM"  # 平台
    CLOSED = "CLOSED"  # 停业
    ARREARS = "ARREARS"  # 欠费


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One row of the table. needs_cause: a cause has to be known by then. needs_note: it is said in words why."""

    to: TicketState
    needs_cause: bool = False
    needs_note: bool = False


SYSTEM_TICKET_EVENTS: Final = frozenset({TicketEvent.RECOVER, TicketEvent.CONFIRM, TicketEvent.REOPEN})
_T, _F = TicketState, TicketEvent
_BEGUN: Final = (_T.OPEN, _T.REOPENED, _T.TRIAGED, _T.DISPATCHED, _T.ON_SITE)

TICKET_TABLE: Final[Mapping[tuple[TicketState, TicketEvent], TicketRow]] = {
    **{(state, _F.TRIAGE): TicketRow(_T.TRIAGED, needs_cause=True) for state in (_T.OPEN, _T.REOPENED, _T.TRIAGED)},
    (_T.TRIAGED, _F.DISPATCH): TicketRow(_T.DISPATCHED),
    (_T.DISPATCHED, _F.ARRIVE): TicketRow(_T.ON_SITE),
    **{(state, _F.WAIT): TicketRow(_T.WAIT_CUSTOMER, needs_note=True) for state in _BEGUN},
    (_T.WAIT_CUSTOMER, _F.CONTINUE): TicketRow(_T.TRIAGED, needs_cause=True),
    **{(state, _F.FIX): TicketRow(_T.FIXED, needs_cause=True) for state in (_T.TRIAGED, _T.DISPATCHED, _T.ON_SITE)},
    **{(state, _F.RECOVER): TicketRow(_T.FIXED) for state in (*_BEGUN, _T.WAIT_CUSTOMER)},
    (_T.FIXED, _F.CONFIRM): TicketRow(_T.CONFIRMED),
    (_T.CONFIRMED, _F.CLOSE): TicketRow(_T.CLOSED, needs_cause=True),
    **{(state, _F.REOPEN): TicketRow(_T.REOPENED) for state in (_T.FIXED, _T.CONFIRMED, _T.CLOSED)},
}

NEXT_TICKET_EVENT: Final[Mapping[TicketState, TicketEvent]] = {
    _T.OPEN: _F.TRIAGE,
    _T.REOPENED: _F.TRIAGE,
    _T.TRIAGED: _F.DISPATCH,
    _T.DISPATCHED: _F.ARRIVE,
    _T.ON_SITE: _F.FIX,
    _T.WAIT_CUSTOMER: _F.CONTINUE,
    _T.CONFIRMED: _F.CLOSE,
}
OPEN_STATES: Final = (*_BEGUN, _T.WAIT_CUSTOMER)
"""The ticket still asks somebody to do something about missing pictures."""


def ticket_events_of(state: TicketState) -> tuple[TicketEvent, ...]:
    """Return what a person may do to a ticket in `state`, the next step first."""
    first = NEXT_TICKET_EVENT.get(state)
    people = (event for event in TicketEvent if event not in SYSTEM_TICKET_EVENTS)
    rest = (event for event in people if (state, event) in TICKET_TABLE and event is not first)
    return ((first,) if first else ()) + tuple(rest)


def device_events_of(state: DeviceState) -> tuple[DeviceEvent, ...]:
    """Return what a person may do to a device in `state`."""
    people = (event for event in DeviceEvent if event not in SYSTEM_DEVICE_EVENTS)
    return tuple(event for event in people if (state, event) in DEVICE_TABLE)
