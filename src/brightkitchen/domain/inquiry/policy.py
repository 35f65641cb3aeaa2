"""Who may ask the audit; `audit.search` itself is registered with the other rules of the audit."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy

EXPORT: Final = "audit.export"

ACTIONS: Final = (EXPORT,)


def register_actions(policy: Policy) -> None:
    """Whoever may search may take a file away, in person and after saying what for."""
    policy.register(EXPORT, {Role.AUDITOR, Role.CITY_ADMIN}, human_only=True)
