"""Who may do what with people."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy

CREATE: Final = "users.create"
RESET_PASSWORD: Final = "users.reset_password"

ACTIONS: Final = (CREATE, RESET_PASSWORD)


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. Both are done on the machine itself, by whoever administers it."""
    for action in ACTIONS:
        policy.register(action, {Role.LOCAL})
