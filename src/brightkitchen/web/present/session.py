"""Logging in, who is logged in, and what this installation is."""

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from brightkitchen.web.present.base import In, Instant, Out

PendingName = Literal["change_password", "enrol_factor"]
MethodName = Literal["password", "totp", "passkey", "recovery"]
FactorKindName = Literal["totp", "passkey"]
PasswordIn = Annotated[str, StringConstraints(min_length=1, max_length=256)]
CodeIn = Annotated[str, StringConstraints(min_length=1, max_length=64)]
TicketIn = Annotated[str, StringConstraints(min_length=1, max_length=64)]
BrowserJson = dict[str, Any]  # Any: the browser's own object, checked by the WebAuthn library


class Credentials(In):
    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: PasswordIn


class FactorIn(In):
    """The second step: the ticket of the first, and one of the others."""

    ticket: TicketIn
    totp: CodeIn | None = None
    recovery: CodeIn | None = None
    passkey: BrowserJson | None = None


class StepUpIn(In):
    """One proof. ticket: only with a passkey, from `POST /session/step-up/options`."""

    password: PasswordIn | None = None
    totp: CodeIn | None = None
    passkey: BrowserJson | None = None
    ticket: TicketIn | None = None


class OwnGrantOut(Out):
    """A role and how far it reaches. region "" = everywhere; categories [] = all; premises_id null = all within the region."""

    role: str
    region: str
    region_name: str
    categories: list[str]
    premises_id: str | None
    premises_name: str


class UserOut(Out):
    id: str
    username: str
    name: str
    grants: list[OwnGrantOut]


class SessionOut(Out):
    """pending: what has to be done before anything else is allowed. proven_until_at: end of the five minutes of a proof.

    kiosk: what a wall display is called; "" for people.
    """

    user: UserOut
    abilities: list[str]
    pending: list[PendingName]
    proven_until_at: Instant
    idle_s: int
    ends_at: Instant
    kiosk: str = ""


class FactorStepOut(Out):
    """The password was right; now the second factor. passkey_options: for ``navigator.credentials.get``."""

    step: Literal["second_factor"]
    methods: list[MethodName]
    ticket: str
    expires_at: Instant
    passkey_options: BrowserJson | None


class StepUpOptionsOut(Out):
    methods: list[MethodName]
    ticket: str
    passkey_options: BrowserJson | None


class SignOnButtonOut(Out):
    """There is a single sign-on. label: what its button says, "" = the page's own words."""

    label: str


class SystemOut(Out):
    """own_authority: the certificate was made here; /ca.crt is what devices install to trust it."""

    version: str
    demo: bool
    city: str
    server_at: Instant
    time_zone: str
    second_factor: bool
    own_authority: bool
    single_sign_on: SignOnButtonOut | None
