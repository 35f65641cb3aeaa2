"""Who may see, export and set targets for the numbers."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS

VIEW: Final = "numbers.view"
EXPORT: Final = "numbers.export"
AIM: Final = "numbers.aim"

ACTIONS: Final = (VIEW, EXPORT, AIM)

_READERS: Final = OFFICERS | {Role.EDU_OFFICER, Role.OPERATOR_PM, Role.OPERATOR_NOC, Role.AUDITOR}


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. Everybody counts within their own scope; AIM sets the plan's targets."""
    policy.register(VIEW, _READERS, kiosk=True)
    policy.register(EXPORT, _READERS)
    policy.register(AIM, {Role.CITY_ADMIN, Role.COUNTY_ADMIN})
