"""The clock of a ticket, which time it has, and what a device's record may say."""

from dataclasses import replace

import pytest

from brightkitchen.domain.authz.model import NOWHERE
from brightkitchen.domain.maintenance.model import (
    DeviceKind,
    DeviceRecord,
    FaultRules,
    Ticket,
    elapsed_us,
    left_us,
    sla_s_of,
    unfit_fields,
)
from brightkitchen.domain.maintenance.states import (
    DEVICE_TABLE,
    OPEN_STATES,
    SYSTEM_TICKET_EVENTS,
    TICKET_TABLE,
    DeviceState,
    TicketEvent,
    TicketState,
    device_events_of,
    ticket_events_of,
)
from brightkitchen.kernel.ids import CameraId
from brightkitchen.kernel.units import US_PER_S, Utc

HOUR_US = 3600 * US_PER_S
TICKET = Ticket(
    id="flt_1",
    number="G2611-0001",
    place=NOWHERE,
    operator="",
    state=TicketState.OPEN,
    state_at=Utc(HOUR_US),
    opened_at=Utc(HOUR_US),
    sla_s=8 * 3600,
)


def hour(count: float) -> Utc:
    return Utc(int(count * HOUR_US))


def test_clock_runs_from_opening() -> None:
    assert elapsed_us(TICKET, hour(4)) == 3 * HOUR_US
    assert left_us(TICKET, hour(4)) == 5 * HOUR_US
    assert left_us(TICKET, hour(10)) == -HOUR_US


def test_clock_stands_while_the_customer_is_waited_for() -> None:
    waiting = replace(TICKET, paused_from_at=hour(3))
    assert elapsed_us(waiting, hour(3)) == elapsed_us(waiting, hour(50)) == 2 * HOUR_US


def test_clock_leaves_out_what_it_stood_before() -> None:
    went_on = replace(TICKET, paused_us=5 * HOUR_US)
    assert elapsed_us(went_on, hour(9)) == 3 * HOUR_US


def test_clock_stands_when_fixed() -> None:
    fixed = replace(TICKET, fixed_at=hour(4), paused_us=HOUR_US)
    assert elapsed_us(fixed, hour(4)) == elapsed_us(fixed, hour(90)) == 2 * HOUR_US


def test_clock_that_was_set_back_never_runs_backwards() -> None:
    assert elapsed_us(TICKET, hour(0)) == 0


@pytest.mark.parametrize(
    ("region", "hours"), [("210302006", 8), ("210381101", 24), ("210381203", 24), ("210302", 8), ("", 8)]
)
def test_streets_are_urban_towns_and_villages_rural(region: str, hours: int) -> None:
    assert sla_s_of(region, FaultRules()) == hours * 3600


def test_time_for_mending_is_a_setting() -> None:
    assert sla_s_of("210381101", FaultRules(rural_sla_s=36 * 3600)) == 36 * 3600


def test_record_that_fits_has_nothing_unfit() -> None:
    record = DeviceRecord(sn="E4390", kind=DeviceKind.IPC, gb_id="21030200001320000001", storage_days=30)
    assert list(unfit_fields(record)) == []


def test_record_names_each_field_that_does_not_fit() -> None:
    record = DeviceRecord(
        sn="有 空格",
        kind=DeviceKind.IPC,
        vendor="x" * 61,
        gb_id="21030200002000000001",
        warranty_until_on="2026-02-30",
        storage_days=8,
        camera=CameraId("cam_1"),
    )
    assert list(unfit_fields(record)) == ["sn", "vendor", "gb_id", "warranty_until_on", "storage_days", "camera"]


def test_gb_id_of_another_device_need_not_be_a_camera() -> None:
    assert list(unfit_fields(DeviceRecord(sn="E1", kind=DeviceKind.NVR, gb_id="21030200001180000001"))) == []


@pytest.mark.parametrize(
    ("state", "events"),
    [
        (TicketState.OPEN, "triage wait"),
        (TicketState.REOPENED, "triage wait"),
        (TicketState.TRIAGED, "dispatch triage wait fix"),
        (TicketState.DISPATCHED, "arrive wait fix"),
        (TicketState.ON_SITE, "fix wait"),
        (TicketState.WAIT_CUSTOMER, "continue"),
        (TicketState.FIXED, ""),
        (TicketState.CONFIRMED, "close"),
        (TicketState.CLOSED, ""),
    ],
)
def test_ticket_events_for_people_are_exactly_these(state: TicketState, events: str) -> None:
    assert " ".join(event.value for event in ticket_events_of(state)) == events


def test_system_moves_are_exactly_these() -> None:
    moves = {(state, event, row.to) for (state, event), row in TICKET_TABLE.items() if event in SYSTEM_TICKET_EVENTS}
    assert moves == {
        *((state, TicketEvent.RECOVER, TicketState.FIXED) for state in OPEN_STATES),
        (TicketState.FIXED, TicketEvent.CONFIRM, TicketState.CONFIRMED),
        *(
            (state, TicketEvent.REOPEN, TicketState.REOPENED)
            for state in (TicketState.FIXED, TicketState.CONFIRMED, TicketState.CLOSED)
        ),
    }


@pytest.mark.parametrize(
    ("state", "events"),
    [
        (DeviceState.STOCK, "assign scrap"),
        (DeviceState.ASSIGNED, "unassign install"),
        (DeviceState.INSTALLED, "activate repair"),
        (DeviceState.ACTIVE, "repair"),
        (DeviceState.DEGRADED, "repair"),
        (DeviceState.OFFLINE, "repair"),
        (DeviceState.REPAIR, "return scrap"),
        (DeviceState.SCRAPPED, ""),
    ],
)
def test_device_events_for_people_are_exactly_these(state: DeviceState, events: str) -> None:
    assert " ".join(event.value for event in device_events_of(state)) == events


def test_nothing_leads_out_of_scrapped() -> None:
    assert not [pair for pair in DEVICE_TABLE if pair[0] is DeviceState.SCRAPPED]
