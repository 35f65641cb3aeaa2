"""Who may do what with premises (DOMAIN §1.10, docs/design/permissions.md §4)."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS, OPERATORS, REGULATORS, SITE

LIST: Final = "premises.list"
CARD: Final = "premises.card"
VIEW: Final = "premises.view"
ADD: Final = "premises.add"
CHANGE: Final = "premises.change"
RETIRE: Final = "premises.retire"
GRADE: Final = "premises.grade"
HOURS: Final = "premises.hours"
RECORDED_HOURS: Final = "premises.recorded_hours"
EXEMPT: Final = "premises.exempt"
PEOPLE: Final = "premises.people"
UNMASK_PHONE: Final = "premises.unmask_phone"
UNMASK_ID_NO: Final = "premises.unmask_id_no"
SUSPEND: Final = "premises.suspend"
DECIDE: Final = "premises.decide"
RESUME: Final = "premises.resume"

GENERAL_ACTIONS: Final = (LIST, ADD)
OBJECT_ACTIONS: Final = (
    *(CARD, VIEW, CHANGE, RETIRE, GRADE, HOURS, RECORDED_HOURS, EXEMPT, PEOPLE),
    *(UNMASK_PHONE, UNMASK_ID_NO, SUSPEND, DECIDE, RESUME),
)

_VIEWERS: Final = REGULATORS | OPERATORS | SITE | {Role.LOCAL}
_KEEPERS: Final = frozenset({Role.OPERATOR_PM, Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.LOCAL})
_ADMINS: Final = frozenset({Role.CITY_ADMIN, Role.COUNTY_ADMIN, Role.LOCAL})
_ASKERS: Final = frozenset({Role.OPERATOR_PM, Role.OPERATOR_NOC, Role.OWNER})

FIELD_ACTIONS: Final = {"risk_grade": GRADE, "hours": HOURS, "is_due": EXEMPT, "exempt_reason": EXEMPT}
"""What changing a field needs, where it is not `CHANGE`. Whoever builds the system does not decide what counts against it."""


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. CARD is what a parent may know of the own school; VIEW is the whole file."""
    policy.register(LIST, _VIEWERS | {Role.PARENT})
    policy.register(CARD, _VIEWERS | {Role.PARENT})
    policy.register(VIEW, _VIEWERS)
    for action in (ADD, CHANGE):
        policy.register(action, _KEEPERS)
    for action in (RETIRE, EXEMPT):
        policy.register(action, _ADMINS)
    policy.register(GRADE, OFFICERS | {Role.LOCAL})
    policy.register(HOURS, OFFICERS | _KEEPERS | {Role.OWNER})
    # Where recording follows the hours, whoever says them switches it off: that is for regulators (SECURITY A3).
    policy.register(RECORDED_HOURS, OFFICERS)
    policy.register(PEOPLE, _KEEPERS | {Role.OWNER})
    policy.register(UNMASK_PHONE, OFFICERS | OPERATORS | {Role.OWNER, Role.FS_DIRECTOR})
    policy.register(UNMASK_ID_NO, OFFICERS | {Role.OWNER})
    policy.register(SUSPEND, _ASKERS)
    policy.register(DECIDE, OFFICERS)
    policy.register(RESUME, OFFICERS | _ASKERS)
