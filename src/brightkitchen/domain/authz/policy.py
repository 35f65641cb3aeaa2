"""The one place where "may this actor do that to this object" is decided.

Slices register their actions at start-up; what nobody registered is refused.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from brightkitchen.domain.authz.model import Actor, Decision, Grant, Placed, Role

Condition = Callable[[Actor, Placed], bool]
"""What an object must be like besides lying inside the scope."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An action is for these roles, each within its reach; `condition` narrows it for a given object.

    human_only: an API token never does it, whatever its maker may (SECURITY §2.2).
    kiosk: a wall display may do it too, which may do nothing else (SECURITY §2.1).
    """

    roles: frozenset[Role]
    condition: Condition | None = None
    human_only: bool = False
    kiosk: bool = False

    def is_refused(self, actor: Actor) -> bool:
        """True if such an actor never does it, whatever the roles."""
        return (self.human_only and bool(actor.token)) or (actor.kiosk and not self.kiosk)


class Policy:
    """The registry of actions, each with its rule."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}

    def register(
        self,
        action: str,
        roles: Iterable[Role],
        condition: Condition | None = None,
        *,
        human_only: bool = False,
        kiosk: bool = False,
    ) -> None:
        """Give `action` ("area.verb") its rule. raises: ValueError if it has one already."""
        if action in self._rules:
            raise ValueError(f"{action} is registered twice")
        self._rules[action] = Rule(frozenset(roles), condition, human_only, kiosk)

    @property
    def actions(self) -> tuple[str, ...]:
        """Every registered action, sorted."""
        return tuple(sorted(self._rules))

    def is_human_only(self, action: str) -> bool:
        """True if no API token ever does it."""
        rule = self._rules.get(action)
        return rule is not None and rule.human_only

    def grants_for(self, actor: Actor, action: str) -> tuple[Grant, ...]:
        """Return those of the actor's grants that allow `action`: what lists are filtered by."""
        rule = self._rules.get(action)
        if rule is None or rule.is_refused(actor):
            return ()
        return tuple(grant for grant in actor.grants if grant.role in rule.roles)

    def check(self, actor: Actor, action: str, obj: Placed | None = None) -> Decision:
        """Decide; without an object: whether the actor may do it anywhere. Never raises: an unknown action is refused."""
        rule = self._rules.get(action)
        if rule is None:
            return Decision(False, "no such action")
        if rule.is_refused(actor):
            return Decision(False, "not for wall displays" if actor.kiosk else "not for machines")
        grants = self.grants_for(actor, action)
        if not grants:
            return Decision(False, f"not for {', '.join(sorted(actor.roles)) or 'nobody'}")
        if obj is None:
            return Decision(True, f"role {grants[0].role.value}", grants[0].role)
        reaching = next((grant for grant in grants if grant.scope.covers(obj.place)), None)
        if reaching is None:
            return Decision(False, "outside the scope")
        if rule.condition is not None and not rule.condition(actor, obj):
            return Decision(False, "not in this state", reaching.role)
        return Decision(True, f"role {reaching.role.value}", reaching.role)

    def abilities(self, actor: Actor, actions: Iterable[str], obj: Placed | None = None) -> tuple[str, ...]:
        """Return those of `actions` that the actor may do to `obj`: what the user interface shows buttons for."""
        return tuple(action for action in actions if self.check(actor, action, obj).allowed)
