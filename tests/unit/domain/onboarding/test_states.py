"""The road to service as a table: every pair of state and event, and that the road leads somewhere from everywhere."""

import itertools

import pytest

from brightkitchen.domain.onboarding.policy import WHO
from brightkitchen.domain.onboarding.states import (
    MAIN_ROAD,
    NEXT_EVENT,
    SIDE_STATES,
    TABLE,
    Event,
    Need,
    due_days_of,
    events_of,
)
from brightkitchen.domain.premises.states import PremisesState as State

ALLOWED = {
    State.LEAD: "sign refuse terminate",
    State.SIGNED: "survey refuse suspend relocate terminate",
    State.SURVEYED: "order suspend relocate terminate",
    State.ORDERED: "start_install suspend relocate terminate",
    State.INSTALLING: "finish_install suspend relocate terminate",
    State.INSTALLED: "start_trial rework suspend relocate terminate",
    State.TRIAL: "accept rework suspend relocate terminate",
    State.ACCEPTED: "put_in_service rework suspend relocate terminate",
    State.IN_SERVICE: "rework suspend relocate terminate",
    State.REFUSED: "reopen",
    State.REWORK: "start_install suspend relocate terminate",
    State.SUSPENDED: "resume terminate",
    State.RELOCATED: "reopen terminate",
    State.TERMINATED: "reopen",
}


@pytest.mark.parametrize("state", list(State))
def test_events_of_state_are_exactly_these(state: State) -> None:
    assert " ".join(event.value for event in events_of(state)) == ALLOWED[state]


def test_table_has_no_row_besides() -> None:
    pairs = {(state, Event(word)) for state, words in ALLOWED.items() for word in words.split()}
    assert set(TABLE) == pairs
    assert len(pairs) < len(list(itertools.product(State, Event)))


def test_next_events_walk_the_main_road_to_its_end() -> None:
    state, seen = State.LEAD, [State.LEAD]
    while state in NEXT_EVENT:
        to = TABLE[state, NEXT_EVENT[state]].to
        assert to is not None
        state = to
        seen.append(state)
    assert tuple(seen) == MAIN_ROAD


def test_every_state_is_on_the_road_or_beside_it_once() -> None:
    assert sorted((*MAIN_ROAD, *SIDE_STATES)) == sorted(State)


def test_only_resume_leads_back_to_where_it_was() -> None:
    assert [pair for pair, row in TABLE.items() if row.to is None] == [(State.SUSPENDED, Event.RESUME)]


def test_leaving_the_road_always_needs_a_reason() -> None:
    without = {event for (_, event), row in TABLE.items() if row.to in SIDE_STATES and Need.REASON not in row.needs}
    assert without == set()


def test_every_event_is_for_somebody() -> None:
    assert set(WHO) == set(Event)
    assert all(WHO.values())


def test_due_days_are_none_where_nothing_is_awaited() -> None:
    assert due_days_of(State.IN_SERVICE) is None
    assert due_days_of(State.SIGNED) == 7
