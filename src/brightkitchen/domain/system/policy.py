"""Who sees how the installation is set up: whoever runs it, and who answers for the city."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy

VIEW_SETTINGS: Final = "system.view_settings"

ACTIONS: Final = (VIEW_SETTINGS,)


def register_actions(policy: Policy) -> None:
    """Register this slice's action."""
    policy.register(VIEW_SETTINGS, {Role.SYS_ADMIN, Role.CITY_ADMIN})
