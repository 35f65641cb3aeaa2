"""A person as those see them who manage people: roles with their history, invitations, requests, tokens, notices."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from brightkitchen.domain.authz.model import Grant
from brightkitchen.kernel.ids import OrganisationId, UserId
from brightkitchen.kernel.units import US_PER_S, Utc

DAY_US: Final = 86_400 * US_PER_S
INVITATION_US: Final = 7 * DAY_US
APPROVAL_US: Final = 7 * DAY_US
RECOVERY_CODE_US: Final = DAY_US
RECOVERY_ASKED_US: Final = 7 * DAY_US
ADMINISTRATOR_DELAY_US: Final = DAY_US
LONGEST_TOKEN_US: Final = 365 * DAY_US
LONGEST_KIOSK_US: Final = 30 * DAY_US


class OrganisationKind(StrEnum):
    """What an organisation is: 市局, 县区局/分局, 市场监管所, 教育局, 运营商."""

    CITY_BUREAU = "CITY_BUREAU"
    COUNTY_BUREAU = "COUNTY_BUREAU"
    STATION = "STATION"
    EDU_BUREAU = "EDU_BUREAU"
    OPERATOR = "OPERATOR"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Where people work. retired_at: kept for the names on old records."""

    id: OrganisationId
    kind: OrganisationKind
    name: str
    region: str
    version: int
    retired_at: Utc | None = None


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A role of a person, held, expired or revoked. expires_at None: until revoked."""

    id: str
    user: UserId
    grant: Grant
    granted_at: Utc
    expires_at: Utc | None = None
    revoked_at: Utc | None = None

    def is_held(self, now: Utc) -> bool:
        """True if it counts at `now`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A role to give. expires_at None: until revoked, or for 90 days if it is the operator's."""

    grant: Grant
    expires_at: Utc | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a log-in. grants: without those that were revoked. invited_until: while an invitation is open."""

    id: UserId
    username: str
    display_name: str
    organisation: OrganisationId | None
    organisation_name: str
    created_at: Utc
    created_by: str | None
    disabled_at: Utc | None
    version: int
    grants: tuple[HeldGrant, ...] = ()
    invited_until: Utc | None = None
    last_input_at: Utc | None = None
    open_sessions: int = 0


class ApprovalState(StrEnum):
    """Where a request stands."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Approval:
    """Something that takes effect when a second person agrees.

    kind: "area.verb" of the slice that asked. payload: that slice's own words, JSON values. subject: whom it is about;
    never decides. region, category, premises: what a decider must reach.
    """

    id: str
    kind: str
    payload: Mapping[str, object]
    subject: UserId | None
    region: str
    requested_by: str
    requested_at: Utc
    expires_at: Utc
    state: ApprovalState
    decided_by: str | None = None
    decided_at: Utc | None = None
    reason: str = ""
    requester_name: str = ""
    subject_name: str = ""
    decider_name: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """A person who was invited, and the code that is told once, to the inviter."""

    person: Person
    code: str
    expires_at: Utc
    requests: tuple[Approval, ...] = ()

    def __repr__(self) -> str:
        return f"Invited(person={self.person.id!r}, code=…)"


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """What somebody with a good code is told before choosing a password."""

    user: UserId
    username: str
    display_name: str
    expires_at: Utc


class RecoveryState(StrEnum):
    """Where a recovery stands: ASKED → (one approver) → ONE → (another) → READY → USED; or REFUSED, EXPIRED."""

    ASKED = "ASKED"
    ONE = "ONE"
    READY = "READY"
    USED = "USED"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Recovery:
    """A lost log-in on its way back. not_before_at: an administrator's second approval has to wait until then."""

    id: str
    user: UserId
    username: str
    display_name: str
    asked_at: Utc
    asked_by: str | None
    first_by: str | None
    first_at: Utc | None
    second_by: str | None
    second_at: Utc | None
    not_before_at: Utc | None
    code_expires_at: Utc | None
    used_at: Utc | None
    refused_at: Utc | None

    def state(self, now: Utc) -> RecoveryState:
        """Return where it stands."""
        if self.used_at is not None:
            return RecoveryState.USED
        if self.refused_at is not None:
            return RecoveryState.REFUSED
        if self.code_expires_at is not None:
            return RecoveryState.READY if now < self.code_expires_at else RecoveryState.EXPIRED
        if now >= self.asked_at + RECOVERY_ASKED_US:
            return RecoveryState.EXPIRED
        return RecoveryState.ASKED if self.first_by is None else RecoveryState.ONE


class TokenKind(StrEnum):
    """What an API token is kept by."""

    MACHINE = "machine"
    KIOSK = "kiosk"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A machine's way in. grants: as asked for; what counts at use is shrunk to what the maker holds then.

    kind: a machine sends it as a header; a wall display's browser keeps it as a cookie.
    networks: where it may be used from, e.g. ("10.1.0.0/16",); () = anywhere. pseudonym: names it to media nodes.
    """

    id: str
    user: UserId
    name: str
    pseudonym: str
    grants: tuple[Grant, ...]
    networks: tuple[str, ...]
    created_at: Utc
    expires_at: Utc
    last_used_at: Utc | None = None
    last_used_from: str = ""
    revoked_at: Utc | None = None
    kind: TokenKind = TokenKind.MACHINE


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A fresh API token; `secret` is told once, to its maker."""

    token: ApiToken
    secret: str

    def __repr__(self) -> str:
        return f"MadeToken(token={self.token.id!r}, secret=…)"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person has to know about an account. kind: a key of the page's texts."""

    id: str
    kind: str
    params: Mapping[str, str]
    created_at: Utc
    read_at: Utc | None = None
