"""Who may do which step on the road to service (DOMAIN §1.10, §3.1).

The operator signs, surveys and installs; the regulator judges: first frames, acceptance, suspension. The city's
administrator may do the operator's steps as well, for a city that has none; the first-frame rule still keeps whoever
installed a camera from approving it.
"""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS, OPERATORS, REGULATORS, SITE
from brightkitchen.domain.onboarding.states import Event

VIEW: Final = "onboarding.view"
SET_DUE: Final = "onboarding.set_due"
APPROVE_FRAME: Final = "camera.approve"

_ADMINS: Final = frozenset({Role.CITY_ADMIN, Role.COUNTY_ADMIN})
_MANAGERS: Final = frozenset({Role.CITY_ADMIN, Role.OPERATOR_PM})
_INSTALLERS: Final = _MANAGERS | {Role.OPERATOR_INSTALLER}

WHO: Final[dict[Event, frozenset[Role]]] = {
    Event.SIGN: _MANAGERS,
    Event.SURVEY: _INSTALLERS,
    Event.ORDER: _MANAGERS,
    Event.START_INSTALL: _INSTALLERS,
    Event.FINISH_INSTALL: _INSTALLERS,
    Event.START_TRIAL: _MANAGERS | {Role.OPERATOR_NOC},
    Event.ACCEPT: OFFICERS,
    Event.PUT_IN_SERVICE: OFFICERS,
    Event.REFUSE: _MANAGERS | OFFICERS,
    Event.REWORK: _MANAGERS | OFFICERS,
    Event.SUSPEND: OFFICERS,
    Event.RESUME: OFFICERS,
    Event.RELOCATE: _MANAGERS | OFFICERS,
    Event.TERMINATE: OFFICERS,
    Event.REOPEN: _MANAGERS | OFFICERS,
}

ACTIONS: Final = (VIEW, SET_DUE, APPROVE_FRAME, *(f"onboarding.{event.value}" for event in Event))


def action_of(event: Event) -> str:
    """Return the permission that an event needs."""
    return f"onboarding.{event.value}"


def register_actions(policy: Policy) -> None:
    """Register this slice's actions."""
    policy.register(VIEW, REGULATORS | OPERATORS | SITE)
    policy.register(SET_DUE, _ADMINS)
    policy.register(APPROVE_FRAME, OFFICERS)
    for event, roles in WHO.items():
        policy.register(action_of(event), roles)
