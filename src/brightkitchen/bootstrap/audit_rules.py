"""Who may read the audit: said here, because the audit itself, the lowest slice, knows no roles."""

from brightkitchen.domain.audit.policy import SEARCH, WATCHERS
from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS


def register_actions(policy: Policy) -> None:
    """The audit is for auditors, and for the city's administrator over the counties (DOMAIN §1.10); who watched a kitchen is for
    its owner, and for whoever supervises it."""
    policy.register(SEARCH, {Role.AUDITOR, Role.CITY_ADMIN})
    policy.register(WATCHERS, OFFICERS | {Role.OWNER, Role.FS_DIRECTOR, Role.AUDITOR})
