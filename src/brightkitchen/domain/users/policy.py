"""Who may do what with people, their roles, organisations and API tokens. Whose people: `grants.py`."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import CITY, COUNTY
from brightkitchen.domain.users.grants import GIVERS, PEOPLE

CREATE: Final = "users.create"
RESET_PASSWORD: Final = "users.reset_password"

LIST: Final = "people.list"
VIEW: Final = "people.view"
INVITE: Final = "people.invite"
CHANGE: Final = "people.change"
DISABLE: Final = "people.disable"
END_SESSIONS: Final = "people.end_sessions"
GRANT: Final = "people.grant"
REVOKE: Final = "people.revoke"
RECOVER: Final = "people.recover"
OFFBOARD: Final = "people.offboard"

APPROVALS: Final = "approvals.list"
DECIDE: Final = "approvals.decide"
REGIONS: Final = "regions.list"
LOAD_REGIONS: Final = "regions.load"
ORGANISATIONS: Final = "organisations.list"
KEEP_ORGANISATIONS: Final = "organisations.change"
TOKENS: Final = "tokens.keep"
PAIR: Final = "kiosk.pair"
NOTICES: Final = "notices.own"

LOCAL_ACTIONS: Final = (CREATE, RESET_PASSWORD, LOAD_REGIONS)
PERSON_ACTIONS: Final = (VIEW, CHANGE, DISABLE, END_SESSIONS, GRANT, REVOKE, RECOVER, OFFBOARD)
ACTIONS: Final = (
    *LOCAL_ACTIONS,
    LIST,
    INVITE,
    *PERSON_ACTIONS,
    APPROVALS,
    DECIDE,
    REGIONS,
    ORGANISATIONS,
    KEEP_ORGANISATIONS,
    TOKENS,
    PAIR,
    NOTICES,
)

DECIDERS: Final = frozenset({Role.CITY_ADMIN, Role.SEC_ADMIN})
_PERSONNEL: Final = GIVERS - {Role.LOCAL}
"""Everybody who manages somebody."""
_HEADS: Final = DECIDERS | {Role.COUNTY_ADMIN, Role.OPERATOR_PM, Role.OWNER}
"""Who answers for people, not only for one invitation."""


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. What changes people, roles or keys is for people, never for an API token."""
    for action in LOCAL_ACTIONS:
        policy.register(action, {Role.LOCAL})
    policy.register(LIST, _PERSONNEL | {Role.LOCAL})
    policy.register(VIEW, _PERSONNEL | {Role.LOCAL})
    policy.register(INVITE, _PERSONNEL, human_only=True)
    for action in (CHANGE, DISABLE, END_SESSIONS, RECOVER):
        policy.register(action, _HEADS, human_only=True)
    for action in (GRANT, REVOKE):
        policy.register(action, _HEADS | {Role.LOCAL}, human_only=True)
    policy.register(OFFBOARD, {Role.LOCAL, Role.CITY_ADMIN, Role.SEC_ADMIN, Role.OPERATOR_PM}, human_only=True)
    policy.register(APPROVALS, _HEADS)
    policy.register(DECIDE, DECIDERS, human_only=True)
    policy.register(REGIONS, PEOPLE)
    policy.register(ORGANISATIONS, _PERSONNEL)
    policy.register(KEEP_ORGANISATIONS, DECIDERS, human_only=True)
    policy.register(TOKENS, PEOPLE - {Role.PARENT, Role.GRID_ASSISTANT}, human_only=True)
    # Who has the overview that a wall shows.
    policy.register(PAIR, CITY | COUNTY | {Role.EDU_OFFICER}, human_only=True)
    policy.register(NOTICES, PEOPLE)
