"""Who may give what: the pure rules, against brute force."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brightkitchen.domain.authz.model import EVERYWHERE, Grant, Place, Role, Scope
from brightkitchen.domain.authz.roles import ADMINISTRATORS, REGULATORS
from brightkitchen.domain.users.grants import (
    GRANTABLE,
    PEOPLE,
    VISIBLE,
    check_reach,
    find_clash,
    intersect,
    is_within,
    may_give,
    read_grant,
    shrink,
    write_grant,
)
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import PremisesId

REGIONS = ("", "210000", "210300", "210302", "210302006", "210303", "210400", "220100")
CATEGORIES = ("SCHOOL", "RESTAURANT", "PHARMACY")
# every place there is in this small world; a premises is at exactly one of them
PREMISES = {
    PremisesId("prm_1"): Place("210302006", "SCHOOL", PremisesId("prm_1")),
    PremisesId("prm_2"): Place("210303", "RESTAURANT", PremisesId("prm_2")),
    PremisesId("prm_3"): Place("220100", "SCHOOL", PremisesId("prm_3")),
}
PLACES = [*PREMISES.values(), *(Place(region, kind) for region, kind in product(REGIONS, ("", *CATEGORIES)))]

scopes = st.builds(
    Scope,
    st.sampled_from(REGIONS),
    st.frozensets(st.sampled_from(CATEGORIES), max_size=2),
    st.one_of(st.none(), st.sampled_from(sorted(PREMISES))),
)
areas = st.builds(Scope, st.sampled_from(REGIONS), st.frozensets(st.sampled_from(CATEGORIES), max_size=2))
sites = st.builds(Scope, st.just(""), st.just(frozenset()), st.sampled_from(sorted(PREMISES)))


def _covered(scope: Scope) -> set[Place]:
    return {place for place in PLACES if scope.covers(place)}


def _placed(places: set[Place]) -> set[Place]:
    """Return those with a region. What has none is inside every city's reach, and two cities share nothing else:
    no scope says that, so it is lost when scopes of two cities meet. Less is the safe side."""
    return {place for place in places if place.region}


@given(scopes, scopes)
@example(Scope("210300"), Scope("220100"))
def test_intersection_covers_exactly_what_both_cover(one: Scope, other: Scope) -> None:
    both = intersect(one, other)
    left = _covered(both) if both is not None else set()
    assert left <= _covered(one) & _covered(other)
    assert _placed(left) == _placed(_covered(one) & _covered(other))


@given(areas, scopes)
def test_area_is_within_another_only_if_all_its_places_are(scope: Scope, outer: Scope) -> None:
    if is_within(scope, outer):
        assert _covered(scope) <= _covered(outer)
    elif outer.premises is None and not scope.categories ^ outer.categories:
        assert not _covered(scope) <= _covered(outer)


@given(sites, scopes)
def test_premises_are_within_a_scope_exactly_if_it_covers_them(scope: Scope, outer: Scope) -> None:
    assert scope.premises is not None
    place = PREMISES[scope.premises]
    assert is_within(scope, outer, place) == outer.covers(place)
    assert not is_within(scope, outer, None)


@given(
    st.lists(st.builds(Grant, st.sampled_from(sorted(GRANTABLE)), scopes), max_size=3),
    st.sampled_from(sorted(PEOPLE)),
    st.one_of(areas, sites),
)
def test_nobody_gives_what_reaches_beyond_the_own_reach(held: list[Grant], role: Role, scope: Scope) -> None:
    place = PREMISES[scope.premises] if scope.premises is not None else None
    if not may_give(held, role, scope, place):
        return
    givers = [grant for grant in held if role in GRANTABLE[grant.role]]
    assert any(_covered(scope) <= _covered(grant.scope) for grant in givers)


@given(
    st.lists(st.builds(Grant, st.sampled_from(sorted(PEOPLE)), scopes), max_size=3),
    st.lists(st.builds(Grant, st.sampled_from(sorted(PEOPLE)), scopes), max_size=3),
)
def test_shrunk_grants_reach_what_was_asked_for_and_is_still_held(asked: list[Grant], held: list[Grant]) -> None:
    left = shrink(asked, held)
    for role in PEOPLE:
        of_left = {place for grant in left if grant.role is role for place in _covered(grant.scope)}
        of_asked = {place for grant in asked if grant.role is role for place in _covered(grant.scope)}
        of_held = {place for grant in held if grant.role is role for place in _covered(grant.scope)}
        assert of_left <= of_asked & of_held
        assert _placed(of_left) == _placed(of_asked & of_held)


@given(st.builds(Grant, st.sampled_from(sorted(PEOPLE)), scopes))
def test_grant_comes_back_from_json_as_it_went(grant: Grant) -> None:
    assert read_grant(write_grant(grant)) == grant


def test_only_sec_admin_and_the_machine_itself_make_administrators() -> None:
    makers = {giver for giver, roles in GRANTABLE.items() if roles & (ADMINISTRATORS | {Role.CITY_ADMIN})}
    assert makers == {Role.SEC_ADMIN, Role.LOCAL}


def test_nobody_but_sec_admin_gives_the_own_role() -> None:
    assert {role for role, roles in GRANTABLE.items() if role in roles} == {Role.SEC_ADMIN}


def test_whoever_manages_somebody_sees_them() -> None:
    assert all(GRANTABLE[role] <= VISIBLE[role] for role in GRANTABLE)


@pytest.mark.parametrize("first", sorted(ADMINISTRATORS))
@pytest.mark.parametrize("second", sorted(ADMINISTRATORS | REGULATORS))
def test_three_administrators_are_three_people_and_no_officers(first: Role, second: Role) -> None:
    expected = None if first is second else first
    assert find_clash([first], second) == expected
    assert find_clash([second], first) == (None if first is second else second)


def test_officers_may_hold_several_roles() -> None:
    assert find_clash([Role.COUNTY_OFFICER, Role.STATION_OFFICER], Role.COUNTY_ADMIN) is None


@pytest.mark.parametrize(
    ("role", "scope", "fits"),
    [
        (Role.SEC_ADMIN, EVERYWHERE, True),
        (Role.SEC_ADMIN, Scope("210300"), False),
        (Role.CITY_ADMIN, Scope("210300"), True),
        (Role.CITY_ADMIN, EVERYWHERE, True),
        (Role.CITY_ADMIN, Scope("210302"), False),
        (Role.COUNTY_ADMIN, Scope("210302"), True),
        (Role.COUNTY_ADMIN, Scope("210300"), False),
        (Role.COUNTY_ADMIN, Scope("210302006"), False),
        (Role.STATION_OFFICER, Scope("210302006"), True),
        (Role.STATION_OFFICER, Scope("210302"), False),
        (Role.OPERATOR_PM, Scope("210302"), True),
        (Role.OWNER, Scope(premises=PremisesId("prm_1")), True),
        (Role.OWNER, EVERYWHERE, False),
        (Role.COUNTY_OFFICER, Scope("210302", premises=PremisesId("prm_1")), False),
    ],
)
def test_scope_of_a_role_is_limited_as_the_role_demands(role: Role, scope: Scope, fits: bool) -> None:
    if fits:
        check_reach(role, scope)
    else:
        with pytest.raises(BrightKitchenError, match=r"user\.reach"):
            check_reach(role, scope)


@pytest.mark.parametrize("role", [Role.LOCAL, Role.ANONYMOUS])
def test_roles_that_are_no_persons_are_given_to_nobody(role: Role) -> None:
    with pytest.raises(BrightKitchenError, match=r"user\.role_unknown"):
        check_reach(role, EVERYWHERE)
