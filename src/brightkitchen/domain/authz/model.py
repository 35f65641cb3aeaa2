"""Who acts, and what a decision is."""

from dataclasses import dataclass
from enum import StrEnum

from brightkitchen.kernel.ids import SessionId, UserId


class Role(StrEnum):
    """What somebody is to this system. LOCAL is whoever may open the server's private socket on its own machine."""

    ANONYMOUS = "anonymous"
    ADMIN = "admin"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something.

    pseudonym: names the session to media nodes; tells nothing about the person.
    """

    role: Role
    user: UserId | None = None
    session: SessionId | None = None
    pseudonym: str = ""


ANONYMOUS = Actor(Role.ANONYMOUS)
LOCAL = Actor(Role.LOCAL)


@dataclass(frozen=True, slots=True)
class Decision:
    """allowed, and the rule's reason for the audit (never for the person)."""

    allowed: bool
    reason: str
