"""Who may say how cameras are recorded, hold recordings, and see which ones are missing."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS, OPERATORS, REGULATORS, SITE

VIEW_PLAN: Final = "recording.view_plan"
SET_RULE: Final = "recording.set_rule"
SET_CATEGORY_RULE: Final = "recording.set_category_rule"
VIEW_HOLD: Final = "recording.view_hold"
PLACE_HOLD: Final = "recording.place_hold"
RELEASE_HOLD: Final = "recording.release_hold"
VIEW_ALARM: Final = "recording.view_alarm"
VIEW_VOLUME: Final = "recording.view_volume"
SEARCH: Final = "recording.search"

CAMERA_ACTIONS: Final = (VIEW_PLAN, SET_RULE, PLACE_HOLD)
HOLD_ACTIONS: Final = (VIEW_HOLD, RELEASE_HOLD)

ACTIONS: Final = (
    *CAMERA_ACTIONS,
    *HOLD_ACTIONS,
    SET_CATEGORY_RULE,
    VIEW_ALARM,
    VIEW_VOLUME,
    SEARCH,
)

_ADMINS: Final = frozenset({Role.CITY_ADMIN, Role.COUNTY_ADMIN})


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. Whoever is recorded never decides on the recording."""
    policy.register(VIEW_PLAN, REGULATORS | OPERATORS | SITE)
    policy.register(SET_RULE, _ADMINS, human_only=True)
    policy.register(SET_CATEGORY_RULE, {Role.CITY_ADMIN}, human_only=True)
    policy.register(VIEW_HOLD, OFFICERS)
    policy.register(PLACE_HOLD, OFFICERS)
    policy.register(RELEASE_HOLD, _ADMINS, human_only=True)
    policy.register(VIEW_ALARM, REGULATORS | OPERATORS | SITE)
    policy.register(VIEW_VOLUME, OPERATORS | {Role.CITY_ADMIN, Role.SYS_ADMIN})
    policy.register(SEARCH, OFFICERS | SITE | {Role.EDU_OFFICER})
