"""Who has saved walls: whoever sees live pictures. Whose walls: one's own, and what was shared with one's own organisation."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OPERATORS, REGULATORS, SITE

VIEW: Final = "wall.view"
MANAGE: Final = "wall.manage"
MANAGE_SHARED: Final = "wall.manage_shared"

ACTIONS: Final = (VIEW, MANAGE, MANAGE_SHARED)
OBJECT_ACTIONS: Final = (VIEW, MANAGE)

_WATCHERS: Final = REGULATORS | OPERATORS | SITE


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. MANAGE: of one's own; MANAGE_SHARED: what others shared with the own organisation."""
    policy.register(VIEW, _WATCHERS)
    policy.register(MANAGE, _WATCHERS, human_only=True)
    policy.register(MANAGE_SHARED, {Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.OPERATOR_PM}, human_only=True)
