"""Who has the overview: whoever answers for a city or a county. What they see there is what each number's own right lets them."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import CITY, COUNTY

VIEW: Final = "overview.view"

ACTIONS: Final = (VIEW,)


def register_actions(policy: Policy) -> None:
    """Register this slice's action."""
    policy.register(VIEW, CITY | COUNTY | {Role.EDU_OFFICER}, kiosk=True)
