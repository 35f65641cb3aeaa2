"""The one place where "may this actor do that to this object" is decided.

Slices register their actions at start-up; what nobody registered is refused.
"""

from collections.abc import Callable, Iterable

from brightkitchen.domain.authz.model import Actor, Decision, Role

Rule = Callable[[Actor, object], bool]


class Policy:
    """The registry of actions, each with its rule."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}

    def register(self, action: str, rule: Rule) -> None:
        """Give `action` ("area.verb") its rule. raises: ValueError if it has one already."""
        if action in self._rules:
            raise ValueError(f"{action} is registered twice")
        self._rules[action] = rule

    @property
    def actions(self) -> tuple[str, ...]:
        """Every registered action, sorted."""
        return tuple(sorted(self._rules))

    def check(self, actor: Actor, action: str, obj: object = None) -> Decision:
        """Decide. Never raises: an unknown action is refused."""
        rule = self._rules.get(action)
        if rule is None:
            return Decision(False, "no such action")
        if rule(actor, obj):
            return Decision(True, f"role {actor.role.value}")
        return Decision(False, f"not for role {actor.role.value}")

    def abilities(self, actor: Actor, actions: Iterable[str], obj: object = None) -> tuple[str, ...]:
        """Return those of `actions` that the actor may do to `obj`: what the user interface shows buttons for."""
        return tuple(action for action in actions if self.check(actor, action, obj).allowed)


def is_administrator(actor: Actor, _obj: object) -> bool:
    """True for an administrator, and for whoever holds the machine."""
    return actor.role in (Role.ADMIN, Role.LOCAL)


def is_signed_in_administrator(actor: Actor, _obj: object) -> bool:
    """True for an administrator in a session: what cannot be done from a socket without a person."""
    return actor.role is Role.ADMIN
