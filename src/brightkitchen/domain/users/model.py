"""People, their sessions, what a log-in attempt may answer, and the limits that go with a role. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from brightkitchen.domain.authz.model import Grant, Role
from brightkitchen.domain.authz.roles import ROLES, Group
from brightkitchen.kernel.ids import SessionId, UserId
from brightkitchen.kernel.units import US_PER_S, Utc

TOUCH_EVERY_US: Final = 60 * US_PER_S
STEP_UP_US: Final = 5 * 60 * US_PER_S
DEVICE_KNOWN_US: Final = 365 * 86_400 * US_PER_S
PASSWORD_AGE_US: Final = 90 * 86_400 * US_PER_S

_LONG_AGO: Final = Utc(0)
_MINUTE_US: Final = 60 * US_PER_S
_HOUR_US: Final = 3600 * US_PER_S
_DAY_US: Final = 24 * _HOUR_US


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """idle_us: without a person's input; absolute_us: since the log-in, whatever happens."""

    idle_us: int
    absolute_us: int

    @property
    def outlives_browser(self) -> bool:
        """True for sessions that are meant to survive closing the browser: an owner's phone."""
        return self.idle_us > _DAY_US


_OFFICE: Final = SessionLimits(30 * _MINUTE_US, 12 * _HOUR_US)
_PHONE: Final = SessionLimits(30 * _DAY_US, 90 * _DAY_US)
_LIMITS: Final[dict[Group, SessionLimits]] = {
    Group.ADMINISTRATOR: SessionLimits(15 * _MINUTE_US, 8 * _HOUR_US),
    Group.REGULATOR: _OFFICE,
    Group.OPERATOR: _OFFICE,
    Group.SITE: _PHONE,
    Group.PUBLIC: _PHONE,
    Group.MACHINE: _OFFICE,
}


def limits_of(roles: Iterable[Role]) -> SessionLimits:
    """Return the shortest of all held roles' limits (SECURITY §2.1); without a role: an officer's."""
    held = [_LIMITS[ROLES[role].group] for role in roles] or [_OFFICE]
    return SessionLimits(min(each.idle_us for each in held), min(each.absolute_us for each in held))


class Profile(StrEnum):
    """Which rules passwords follow: OWASP ASVS, or GB/T 22239 third level, which wants what ASVS forbids."""

    ASVS = "asvs"
    DENGBAO3 = "dengbao3"


@dataclass(frozen=True, slots=True)
class AuthRules:
    """What this installation asks of log-ins. second_factor: False in the demo only."""

    profile: Profile = Profile.ASVS
    second_factor: bool = True


SIGN_ON: Final = "sso"
SIGN_ON_STRONG: Final = "sso+mfa"


def with_factor(before: str, shown: str) -> str:
    """Return how a session was proven, once `shown` was shown in it too: who came by single sign-on stays that."""
    return f"{SIGN_ON}+{shown}" if came_by_sign_on(before) else shown


def came_by_sign_on(factor: str) -> bool:
    """True for sessions that began at the outside log-in."""
    return factor.partition("+")[0] == SIGN_ON


def lacks_factor(factor: str) -> bool:
    """True for sessions in which nothing was shown besides the password, or besides what the outside log-in asked for."""
    return factor in ("", SIGN_ON)


@dataclass(frozen=True, slots=True)
class SignOnRules:
    """The city's single sign-on. issuer: "" = there is none. label: what its button says, "" = the page's own words.

    algorithms: with which it may sign. endpoint_hosts: where else than at the issuer's host its addresses may be.
    strong_acr, strong_amr: what of it counts as a second factor; both empty: nothing does, ours is asked for.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    label: str = ""
    scopes: tuple[str, ...] = ("openid",)
    algorithms: tuple[str, ...] = ("RS256",)
    endpoint_hosts: tuple[str, ...] = ()
    strong_acr: tuple[str, ...] = ()
    strong_amr: tuple[str, ...] = ()

    @property
    def is_on(self) -> bool:
        """True if it is configured."""
        return bool(self.issuer)

    def is_strong(self, acr: str, amr: Iterable[str]) -> bool:
        """True if the outside log-in asked for a second factor as this installation understands it."""
        return acr in self.strong_acr or not set(self.strong_amr).isdisjoint(amr)


class Pending(StrEnum):
    """What a person has to do before the session may be used for anything else."""

    CHANGE_PASSWORD = "change_password"
    ENROL_FACTOR = "enrol_factor"


class FactorKind(StrEnum):
    """What proves a person besides the password."""

    TOTP = "totp"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in. grants: the roles held now; without one, nothing can be seen.

    is_temporary: somebody else saw the password. factors: kinds that are set up and confirmed.
    """

    id: UserId
    username: str
    display_name: str
    grants: tuple[Grant, ...]
    password_hash: str
    disabled_at: Utc | None
    password_set_at: Utc = _LONG_AGO
    is_temporary: bool = False
    factors: frozenset[FactorKind] = frozenset()

    def __repr__(self) -> str:
        return f"User(id={self.id!r}, username={self.username!r})"

    @property
    def limits(self) -> SessionLimits:
        """How long a session of this person lasts."""
        return limits_of(grant.role for grant in self.grants)

    def needs_factor(self, rules: AuthRules) -> bool:
        """True if the password alone opens no session: by role, or because the person set up one-time codes."""
        by_role = rules.second_factor and any(ROLES[grant.role].needs_second_factor for grant in self.grants)
        return by_role or FactorKind.TOTP in self.factors

    def password_expires_at(self, rules: AuthRules) -> Utc | None:
        """When the password has to be changed, or None for never."""
        return Utc(self.password_set_at + PASSWORD_AGE_US) if rules.profile is Profile.DENGBAO3 else None

    def pending(self, rules: AuthRules, now: Utc, *, by: str) -> tuple[Pending, ...]:
        """What has to be done first. by: the factor the session was opened with, "" for the password alone."""
        found = []
        expires_at = self.password_expires_at(rules)
        has_expired = expires_at is not None and now >= expires_at
        # Whoever came by passkey or single sign-on was asked for no password, so none can be too old for it.
        asked_for_none = by == FactorKind.PASSKEY or came_by_sign_on(by)
        if not asked_for_none and (self.is_temporary or has_expired):
            found.append(Pending.CHANGE_PASSWORD)
        if not self.factors and by != SIGN_ON_STRONG and self.needs_factor(rules):
            found.append(Pending.ENROL_FACTOR)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in on one browser. pseudonym names it to media nodes.

    factor: what proved the person besides the password ("totp", "passkey", "recovery"; "": nothing). "sso": the outside
    log-in instead of the password, "sso+totp": with a factor of ours, "sso+mfa": with one of theirs.
    stepped_up_at: when the person last proved to be there. device, network: what the list of sessions shows.
    """

    id: SessionId
    pseudonym: str
    user: UserId
    created_at: Utc
    last_input_at: Utc
    expires_at: Utc
    ended_at: Utc | None
    factor: str = ""
    stepped_up_at: Utc = _LONG_AGO
    device: str = ""
    network: str = ""

    def is_over(self, now: Utc, limits: SessionLimits) -> bool:
        """True once it was ended, was idle for too long or is too old."""
        return (
            self.ended_at is not None
            or now >= min(self.expires_at, self.created_at + limits.absolute_us)
            or now - self.last_input_at >= limits.idle_us
        )

    def is_stepped_up(self, now: Utc) -> bool:
        """True within five minutes of the person's last proof."""
        return now - self.stepped_up_at <= STEP_UP_US


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where a log-in is tried. device_token: what the browser keeps from an earlier full log-in, or ""."""

    address: str
    device_token: str = ""
    device: str = ""

    def __repr__(self) -> str:
        return f"Visitor(address={self.address!r}, device={self.device!r})"


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A fresh session, or one with a fresh token. The tokens are told once, to the browser; device_token: "" = keep."""

    user: User
    session: Session
    token: str
    pending: tuple[Pending, ...] = ()
    device_token: str = ""

    def __repr__(self) -> str:
        return f"OpenedSession(session={self.session.id!r}, token=…)"


@dataclass(frozen=True, slots=True)
class FactorStep:
    """The password was right (or nobody was named); now a factor is asked for.

    ticket: names the conversation, browser_token: proves the browser; both are told once. methods: "totp", "passkey",
    "recovery". passkey_options: what the browser's credential call takes, as JSON text, or "".
    """

    ticket: str
    browser_token: str
    methods: tuple[str, ...]
    expires_at: Utc
    passkey_options: str = ""

    def __repr__(self) -> str:
        return f"FactorStep(methods={self.methods!r}, ticket=…)"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a person shows beside or instead of the password. One of them is filled in. passkey: the browser's JSON."""

    totp: str = ""
    recovery: str = ""
    passkey: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Proof(…)"


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor as its owner sees it."""

    id: str
    kind: FactorKind
    name: str
    created_at: Utc
    last_used_at: Utc | None
