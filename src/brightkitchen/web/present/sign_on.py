"""The city's single sign-on: the round trip, and which accounts there are linked with whom."""

from typing import Annotated

from pydantic import StringConstraints

from brightkitchen.domain.users.identity_store import Identity
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.present.base import In, Instant, Out, present_instant
from brightkitchen.web.present.people import ApprovalOut

ReturnedText = Annotated[str, StringConstraints(max_length=2048)]


class SignOnOut(Out):
    """Where the browser goes now."""

    url: str


class SignOnReturnIn(In):
    """What stood in the address to which the browser came back. Exactly one of code and error."""

    state: ReturnedText
    code: ReturnedText = ""
    iss: ReturnedText = ""
    error: ReturnedText = ""


class IdentityOut(Out):
    """A link with an account there. label: what the person is called there, or its identifier."""

    id: str
    label: str
    linked_at: Instant
    last_used_at: Instant | None


class OwnIdentitiesOut(Out):
    """is_offered: there is a single sign-on, and the person is not linked with it yet."""

    items: list[IdentityOut]
    is_offered: bool


class IdentityListOut(Out):
    """is_on: there is a single sign-on."""

    items: list[IdentityOut]
    is_on: bool


class IdentityWishIn(In):
    """subject: the identifier that the single sign-on gives the person (`sub`), not a name or telephone number."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=255)]


class IdentityWishOut(Out):
    """Nothing is linked until a second person agrees."""

    request: ApprovalOut


def present_identity(identity: Identity) -> IdentityOut:
    """Return a link."""
    return IdentityOut(
        id=identity.id,
        label=identity.label or identity.subject,
        linked_at=format_utc(identity.bound_at),
        last_used_at=present_instant(identity.last_used_at),
    )
