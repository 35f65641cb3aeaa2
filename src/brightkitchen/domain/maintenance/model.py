"""Devices, fault tickets and the ticket's clock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from brightkitchen.domain.authz.model import Place
from brightkitchen.domain.maintenance.states import Cause, DeviceState, TicketState
from brightkitchen.kernel.civil import is_date
from brightkitchen.kernel.deviceids import is_camera_gb_id, is_gb_id
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.units import US_PER_S, Utc

MAX_NOTE_CHARS: Final = 500
HOUR_S: Final = 3600


class DeviceKind(StrEnum):
    """What a device is (DOMAIN §3.2)."""

    IPC = "IPC"
    NVR = "NVR"
    SPEAKER = "SPEAKER"
    SCREEN = "SCREEN"
    AI_BOX = "AI_BOX"
    SENSOR = "SENSOR"
    GATEWAY = "GATEWAY"


class AssetOwner(StrEnum):
    """Whose it is."""

    OPERATOR = "OPERATOR"
    MERCHANT = "MERCHANT"


STORAGE_PLANS_DAYS: Final = (7, 15, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """What is written of a device by hand. network: IP address, or how it reaches us. line_account: SIM or broadband.

    pinned_…: what identified the device when it was accepted, so that another one in its place is noticed (SECURITY A4):
    the ONVIF serial number, the server banner, and SHA-256 of the video's parameter sets.
    """

    sn: str
    kind: DeviceKind
    vendor: str = ""
    model: str = ""
    mac: str | None = None
    gb_id: str | None = None
    pinned_onvif_serial: str | None = None
    pinned_banner: str | None = None
    pinned_parameters_sha256: str | None = None
    network: str = ""
    line_account: str = ""
    premises: PremisesId | None = None
    camera: CameraId | None = None
    zone: str | None = None
    firmware: str = ""
    installed_on: str | None = None
    warranty_until_on: str | None = None
    asset_owner: AssetOwner = AssetOwner.OPERATOR
    storage_days: int | None = None
    can_talk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of the inventory. place: its premises'; in stock it belongs to the whole city."""

    id: str
    record: DeviceRecord
    state: DeviceState
    state_at: Utc
    version: int
    place: Place
    premises_name: str = ""
    camera_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One fault. number: read out over the telephone, G2611-0193. camera None: a batch outage, the parent of others.

    dark_from_at: since when pictures are missing. sla_s: how long mending may take. paused_from_at: the clock stands since
    then; paused_us: what it stood before. children: how many tickets hang on it.
    """

    id: str
    number: str
    place: Place
    operator: str
    state: TicketState
    state_at: Utc
    opened_at: Utc
    sla_s: int
    camera: CameraId | None = None
    parent: str | None = None
    cause: Cause | None = None
    note: str = ""
    opened_by: UserId | None = None
    dark_from_at: Utc | None = None
    paused_from_at: Utc | None = None
    paused_us: int = 0
    fixed_at: Utc | None = None
    closed_at: Utc | None = None
    reopened: int = 0
    camera_name: str = ""
    zone: str = ""
    premises_name: str = ""
    children: int = 0


@dataclass(frozen=True, slots=True)
class FaultRules:
    """The numbers of DOMAIN §3.3; settings of the installation."""

    urban_sla_s: int = 8 * HOUR_S
    rural_sla_s: int = 24 * HOUR_S
    offline_after_s: int = 300
    confirm_after_s: int = 1800
    reopen_within_s: int = 7 * 24 * HOUR_S
    batch_premises: int = 20
    batch_within_s: int = 600


def sla_s_of(region: str, rules: FaultRules) -> int:
    """Return how long mending may take in a region: a street (街道, township digits 0xx) is urban, a town or village rural.

    A place whose township is not known is taken as urban: the shorter time.
    """
    is_rural = len(region) >= 9 and region[6] != "0"
    return rules.rural_sla_s if is_rural else rules.urban_sla_s


def elapsed_us(ticket: Ticket, now: Utc) -> int:
    """Return how long the clock of the ticket has run: from opening to FIXED or now, without what it stood still."""
    end = ticket.fixed_at if ticket.fixed_at is not None else now
    standing_us = max(0, end - ticket.paused_from_at) if ticket.paused_from_at is not None else 0
    return max(0, end - ticket.opened_at - ticket.paused_us - standing_us)


def left_us(ticket: Ticket, now: Utc) -> int:
    """Return what is left of the time for mending; negative = overdue by that much."""
    return ticket.sla_s * US_PER_S - elapsed_us(ticket, now)


def unfit_fields(record: DeviceRecord) -> Iterator[str]:
    """Yield the fields of a device that do not fit."""
    if not re.fullmatch(r"[\x21-\x7e]{1,40}", record.sn):
        yield "sn"
    for name, longest in (("vendor", 60), ("model", 60), ("network", 100), ("line_account", 60), ("firmware", 60)):
        if len(getattr(record, name)) > longest:
            yield name
    if record.gb_id is not None:
        fits = is_camera_gb_id(record.gb_id) if record.kind is DeviceKind.IPC else is_gb_id(record.gb_id)
        if not fits:
            yield "gb_id"
    for name in ("installed_on", "warranty_until_on"):
        value = getattr(record, name)
        if value is not None and not is_date(value):
            yield name
    if record.storage_days is not None and record.storage_days not in STORAGE_PLANS_DAYS:
        yield "storage_days"
    if record.camera is not None and record.premises is None:
        yield "camera"


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One move of a device or a ticket. actor_name "": the system itself."""

    event: str
    from_state: str
    to_state: str
    at: Utc
    actor_name: str
    note: str
