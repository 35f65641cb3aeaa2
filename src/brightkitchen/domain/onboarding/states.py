"""The road of a premises from first talk to service, as one table (DOMAIN §3.1).

Theory of operation. A premises is in exactly one state. An event moves it, if and only if the table has a row for
(state, event); everything else is a conflict and changes nothing. A row says where it leads, what has to be handed in with
it (`needs`), and how long the premises may stay where it arrives (`due_days`, None = no hurry). Who may cause an event is
a permission (`policy.py`), not part of the table. `service.apply_event` is the only code that reads the table and writes
the state, one `premises_events` row for each move.

The main road is LEAD → SIGNED → SURVEYED → ORDERED → INSTALLING → INSTALLED → TRIAL → ACCEPTED → IN_SERVICE. Side states:
REFUSED (does not want), REWORK (installed, but not good enough), SUSPENDED (closed for a while; `resume` leads back to
where it was, so its target is only known from the premises' history), RELOCATED (keeps its contract, is surveyed again),
TERMINATED (gone for good; leaves what is to be connected).

docs/ref/states.md is drawn from this table by a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from brightkitchen.domain.premises.states import PremisesState as State


class Event(StrEnum):
    """What moves it."""

    SIGN = "sign"
    SURVEY = "survey"
    ORDER = "order"
    START_INSTALL = "start_install"
    FINISH_INSTALL = "finish_install"
    START_TRIAL = "start_trial"
    ACCEPT = "accept"
    PUT_IN_SERVICE = "put_in_service"
    REFUSE = "refuse"
    REWORK = "rework"
    SUSPEND = "suspend"
    RESUME = "resume"
    RELOCATE = "relocate"
    TERMINATE = "terminate"
    REOPEN = "reopen"


class Need(StrEnum):
    """What has to be handed in with an event; the values are in `model.py` under the same names."""

    REASON = "reason"
    CONTRACT = "contract"
    SURVEY = "survey"
    WORK_ORDER = "work_order"
    INSTALLATION = "installation"
    ACCEPTANCE = "acceptance"
    CHECKLIST = "checklist"  # computed, nothing to type: every item must hold
    SUSPENSION = "suspension"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row. to: None = back to where it was before SUSPENDED. due_days: the longest stay in `to`, for the lists."""

    to: State | None
    needs: tuple[Need, ...] = ()
    due_days: int | None = None


MAIN_ROAD: Final = (
    State.LEAD,
    State.SIGNED,
    State.SURVEYED,
    State.ORDERED,
    State.INSTALLING,
    State.INSTALLED,
    State.TRIAL,
    State.ACCEPTED,
    State.IN_SERVICE,
)
SIDE_STATES: Final = (State.REWORK, State.SUSPENDED, State.RELOCATED, State.REFUSED, State.TERMINATED)

SETTLED: Final = (State.IN_SERVICE, State.SUSPENDED, State.REFUSED, State.TERMINATED)
"""Nobody has to do anything to bring the premises nearer to service."""

_WORKING: Final = (*MAIN_ROAD[1:], State.REWORK)

NEXT_EVENT: Final[Mapping[State, Event]] = {
    State.LEAD: Event.SIGN,
    State.SIGNED: Event.SURVEY,
    State.SURVEYED: Event.ORDER,
    State.ORDERED: Event.START_INSTALL,
    State.INSTALLING: Event.FINISH_INSTALL,
    State.INSTALLED: Event.START_TRIAL,
    State.TRIAL: Event.ACCEPT,
    State.ACCEPTED: Event.PUT_IN_SERVICE,
    State.REWORK: Event.START_INSTALL,
    State.SUSPENDED: Event.RESUME,
    State.RELOCATED: Event.REOPEN,
}
"""What brings a premises nearer to service; the page shows it as the next step."""


def _build_table() -> dict[tuple[State, Event], Transition]:
    reason = (Need.REASON,)
    table = {
        (State.LEAD, Event.SIGN): Transition(State.SIGNED, (Need.CONTRACT,), 7),
        (State.SIGNED, Event.SURVEY): Transition(State.SURVEYED, (Need.SURVEY,), 7),
        (State.SURVEYED, Event.ORDER): Transition(State.ORDERED, (Need.WORK_ORDER,), 7),
        (State.ORDERED, Event.START_INSTALL): Transition(State.INSTALLING, (), 7),
        (State.REWORK, Event.START_INSTALL): Transition(State.INSTALLING, (), 7),
        (State.INSTALLING, Event.FINISH_INSTALL): Transition(State.INSTALLED, (Need.INSTALLATION,), 3),
        (State.INSTALLED, Event.START_TRIAL): Transition(State.TRIAL, (), 3),
        (State.TRIAL, Event.ACCEPT): Transition(State.ACCEPTED, (Need.ACCEPTANCE, Need.CHECKLIST), 3),
        (State.ACCEPTED, Event.PUT_IN_SERVICE): Transition(State.IN_SERVICE),
        (State.LEAD, Event.REFUSE): Transition(State.REFUSED, reason),
        (State.SIGNED, Event.REFUSE): Transition(State.REFUSED, reason),
        (State.REFUSED, Event.REOPEN): Transition(State.LEAD, reason),
        (State.RELOCATED, Event.REOPEN): Transition(State.SIGNED, reason, 7),
        (State.TERMINATED, Event.REOPEN): Transition(State.LEAD, reason),
        (State.SUSPENDED, Event.RESUME): Transition(None, reason),
    }
    for state in (State.INSTALLED, State.TRIAL, State.ACCEPTED, State.IN_SERVICE):
        table[state, Event.REWORK] = Transition(State.REWORK, reason, 7)
    for state in _WORKING:
        table[state, Event.SUSPEND] = Transition(State.SUSPENDED, (Need.REASON, Need.SUSPENSION))
        table[state, Event.RELOCATE] = Transition(State.RELOCATED, reason, 30)
    for state in (State.LEAD, *_WORKING, State.SUSPENDED, State.RELOCATED):
        table[state, Event.TERMINATE] = Transition(State.TERMINATED, reason)
    return table


TABLE: Final[Mapping[tuple[State, Event], Transition]] = _build_table()


def events_of(state: State) -> tuple[Event, ...]:
    """Return what may happen in `state`, the next step first."""
    first = NEXT_EVENT.get(state)
    rest = (event for event in Event if (state, event) in TABLE and event is not first)
    return ((first,) if first else ()) + tuple(rest)


def due_days_of(state: State) -> int | None:
    """Return the longest stay in `state` in days: the least that any row leading there grants; None = no hurry."""
    return min((row.due_days for row in TABLE.values() if row.to is state and row.due_days is not None), default=None)
