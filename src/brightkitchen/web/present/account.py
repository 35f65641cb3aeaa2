"""One's own log-in: factors, recovery codes, sessions."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from brightkitchen.web.present.base import In, Instant, Out
from brightkitchen.web.present.session import BrowserJson, CodeIn, FactorKindName, PasswordIn, SessionOut, TicketIn

NetworkClass = Literal["this_machine", "inside", "outside", "unknown"]


class PasswordChangeIn(In):
    old: PasswordIn
    new: PasswordIn


class TotpCodeIn(In):
    code: CodeIn


class PasskeyIn(In):
    ticket: TicketIn
    name: Annotated[str, StringConstraints(max_length=60)] = ""
    credential: BrowserJson


class FactorOut(Out):
    id: str
    kind: FactorKindName
    name: str
    created_at: Instant
    last_used_at: Instant | None


class OwnAccountOut(Out):
    """needs_factor: a factor is asked for at each log-in. passkeys_possible: browsers allow one at this address."""

    factors: list[FactorOut]
    recovery_codes_left: int
    password_set_at: Instant
    password_expires_at: Instant | None
    password_min_length: int
    password_needs_classes: bool
    needs_factor: bool
    passkeys_possible: bool


class TotpSetupOut(Out):
    """Told once. key: to be typed into an app; uri: the same as a picture."""

    key: str
    uri: str


class PasskeySetupOut(Out):
    ticket: str
    options: BrowserJson


class EnrolledOut(Out):
    """recovery_codes: told once, with the first factor; otherwise empty."""

    session: SessionOut
    recovery_codes: list[str]


class RecoveryCodesOut(Out):
    recovery_codes: list[str]


class OwnSessionOut(Out):
    """device: browser and system, "" if unknown. network: what the address counts for, network_class: whose it is."""

    id: str
    is_current: bool
    device: str
    network: str
    network_class: NetworkClass
    created_at: Instant
    last_input_at: Instant


class OwnSessionsOut(Out):
    items: list[OwnSessionOut]


class EndedOut(Out):
    ended: int
