"""Who may bring in files."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy

CREATE: Final = "imports.create"

ACTIONS: Final = (CREATE,)

_IMPORTERS: Final = frozenset({Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.OPERATOR_PM})


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. A file belongs to whoever brought it; each row must lie inside that person's scope."""
    policy.register(CREATE, _IMPORTERS)
