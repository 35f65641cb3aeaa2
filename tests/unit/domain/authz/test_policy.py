"""Decisions: by role, by reach, by the state of the thing; what nobody registered is refused."""

from dataclasses import dataclass

import pytest

from brightkitchen.domain.authz.model import ANONYMOUS, LOCAL, Actor, Decision, Grant, Place, Role, Scope
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.kernel.ids import PremisesId

COUNTY = Actor((Grant(Role.COUNTY_OFFICER, Scope("210302")),))


@dataclass(frozen=True, slots=True)
class Soup:
    place: Place
    is_hot: bool = True


def _is_hot(_actor: Actor, obj: object) -> bool:
    assert isinstance(obj, Soup)
    return obj.is_hot


def _policy() -> Policy:
    policy = Policy()
    policy.register("soup.taste", {Role.COUNTY_OFFICER, Role.LOCAL})
    policy.register("soup.smell", {Role.COUNTY_OFFICER}, _is_hot)
    return policy


def test_unknown_action_is_refused_with_a_reason() -> None:
    assert _policy().check(COUNTY, "soup.salt") == Decision(False, "no such action")


@pytest.mark.parametrize(
    ("actor", "may"), [(ANONYMOUS, ()), (COUNTY, ("soup.taste", "soup.smell")), (LOCAL, ("soup.taste",))]
)
def test_abilities_follow_the_role(actor: Actor, may: tuple[str, ...]) -> None:
    assert _policy().abilities(actor, ("soup.taste", "soup.smell", "soup.salt")) == may


@pytest.mark.parametrize(
    ("region", "allowed"), [("210302006", True), ("210302", True), ("210381", False), ("210303", False), ("", False)]
)
def test_check_with_an_object_needs_it_inside_the_scope(region: str, allowed: bool) -> None:
    assert _policy().check(COUNTY, "soup.taste", Soup(Place(region))).allowed is allowed


def test_condition_narrows_what_the_scope_allows() -> None:
    cold = Soup(Place("210302"), is_hot=False)
    assert _policy().check(COUNTY, "soup.smell", cold) == Decision(False, "not in this state", Role.COUNTY_OFFICER)


def test_decision_names_the_role_that_reaches_the_object() -> None:
    both = Actor((Grant(Role.LOCAL, Scope(premises=PremisesId("prm_other"))), *COUNTY.grants))
    assert _policy().check(both, "soup.taste", Soup(Place("210302"))).role is Role.COUNTY_OFFICER


def test_second_registration_is_refused() -> None:
    policy = _policy()
    with pytest.raises(ValueError, match=r"soup\.taste"):
        policy.register("soup.taste", {Role.LOCAL})
    assert policy.actions == ("soup.smell", "soup.taste")
