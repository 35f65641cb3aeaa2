"""Decisions: what nobody registered is refused, and nothing is registered twice."""

import pytest

from brightkitchen.domain.authz.model import ANONYMOUS, LOCAL, Actor, Decision, Role
from brightkitchen.domain.authz.policy import Policy, is_administrator, is_signed_in_administrator


def _policy() -> Policy:
    policy = Policy()
    policy.register("soup.taste", is_administrator)
    policy.register("soup.smell", is_signed_in_administrator)
    return policy


def test_unknown_action_is_refused_with_a_reason() -> None:
    assert _policy().check(Actor(Role.ADMIN), "soup.salt") == Decision(False, "no such action")


@pytest.mark.parametrize(
    ("actor", "may"), [(ANONYMOUS, ()), (Actor(Role.ADMIN), ("soup.taste", "soup.smell")), (LOCAL, ("soup.taste",))]
)
def test_abilities_follow_the_role(actor: Actor, may: tuple[str, ...]) -> None:
    assert _policy().abilities(actor, ("soup.taste", "soup.smell", "soup.salt")) == may


def test_second_registration_is_refused() -> None:
    policy = _policy()
    with pytest.raises(ValueError, match=r"soup\.taste"):
        policy.register("soup.taste", is_administrator)
    assert policy.actions == ("soup.smell", "soup.taste")
