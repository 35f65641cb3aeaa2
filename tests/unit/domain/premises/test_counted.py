"""Changes of what counts, told fact by fact."""

from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.domain.premises.counted import Counts, Standing, What, build_steps
from brightkitchen.domain.premises.states import PremisesState as State

STANDINGS = st.builds(
    Standing,
    region=st.sampled_from(("210302", "210303")),
    category=st.sampled_from(("PHARMACY", "COLD_STORE")),
    is_registered=st.booleans(),
    is_due=st.booleans(),
    exempt_reason=st.sampled_from(("", "迁建", "只卖预包装食品")),
    stop=st.sampled_from(("", "SUSPENDED", "2026-11-01/2026-11-30")),
    state=st.sampled_from(State),
)
OPEN = Standing("210302", "PHARMACY", True, True, "", "", State.SIGNED)


def test_counts_of_an_open_due_signed_premises_are_all() -> None:
    assert OPEN.counts == Counts.DUE | Counts.BASE | Counts.SIGNED


@given(before=st.none() | STANDINGS, after=STANDINGS)
def test_steps_lead_from_what_was_counted_to_what_is(before: Standing | None, after: Standing) -> None:
    steps = list(build_steps(before, after))
    at = (before.region, before.category, before.counts) if before else None
    for step in steps:
        left = (step.before.region, step.before.category, step.before.counts) if step.before else None
        # a step that is not told changes no number; the place of what counts nowhere is of no matter
        assert left == at or (left is not None and at is not None and left[2] == at[2] == Counts(0))
        at = (step.after.region, step.after.category, step.after.counts)
    ends_at = (after.region, after.category, after.counts)
    assert at == ends_at or (after.counts == Counts(0) and (at is None or at[2] == Counts(0)))


@given(standing=STANDINGS)
def test_steps_of_what_did_not_change_are_none(standing: Standing) -> None:
    assert list(build_steps(standing, standing)) == []


def test_two_facts_that_change_at_once_are_two_steps() -> None:
    after = Standing("210303", "PHARMACY", True, False, "", "", State.SIGNED)
    told = [(step.what, step.old, step.new, int(step.after.counts)) for step in build_steps(OPEN, after)]
    assert told == [(What.REGION, "210302", "210303", 7), (What.IS_DUE, "YES", "NO", 4)]


def test_state_that_changes_no_number_is_not_told() -> None:
    after = Standing("210302", "PHARMACY", True, True, "", "", State.SURVEYED)
    assert list(build_steps(OPEN, after)) == []
