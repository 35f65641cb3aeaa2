"""People, their sessions, and what a log-in attempt may answer."""

from dataclasses import dataclass
from typing import Final

from brightkitchen.domain.authz.model import Grant
from brightkitchen.kernel.ids import SessionId, UserId
from brightkitchen.kernel.units import US_PER_S, Utc

IDLE_US: Final = 30 * 60 * US_PER_S
ABSOLUTE_US: Final = 12 * 3600 * US_PER_S
TOUCH_EVERY_US: Final = 60 * US_PER_S


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in. grants: the roles held now; without one, nothing can be seen."""

    id: UserId
    username: str
    display_name: str
    grants: tuple[Grant, ...]
    password_hash: str
    disabled_at: Utc | None

    def __repr__(self) -> str:
        return f"User(id={self.id!r}, username={self.username!r})"


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in on one browser. pseudonym names it to media nodes."""

    id: SessionId
    pseudonym: str
    user: UserId
    created_at: Utc
    last_input_at: Utc
    expires_at: Utc
    ended_at: Utc | None

    def is_over(self, now: Utc) -> bool:
        """True once it was ended, has been idle for 30 minutes or is 12 hours old."""
        return self.ended_at is not None or now >= self.expires_at or now - self.last_input_at >= IDLE_US


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A fresh session; `token` is told once, to the browser."""

    user: User
    session: Session
    token: str

    def __repr__(self) -> str:
        return f"OpenedSession(session={self.session.id!r}, token=…)"
