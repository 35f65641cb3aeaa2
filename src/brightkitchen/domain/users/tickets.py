"""Conversations under way: a log-in between its two steps, a challenge that a passkey shall answer.

In memory, bounded, five minutes at most: a restart asks for the password again.
"""

import base64
import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from brightkitchen.domain.users.attempts import Source
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import UserId

LASTS_S: Final = 300.0
TRIES: Final = 5
MAX_OPEN: Final = 5_000


@dataclass(slots=True)
class Ticket:
    """user: whose password was right; None where a passkey shall say who. challenge: what a passkey has to sign.

    began: how the person came here, as `Session.factor` says it: "" by password, "sso" by single sign-on.
    """

    user: UserId | None
    source: Source | None
    challenge: bytes
    browser_sha256: bytes
    ends_at_s: float
    began: str = ""
    tries: int = TRIES


class Tickets:
    """Open conversations by the SHA-256 of their random names."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._open: OrderedDict[bytes, Ticket] = OrderedDict()

    def open(
        self, user: UserId | None, source: Source | None, challenge: bytes, browser_token: str, *, began: str = ""
    ) -> str:
        """Return the name of a new conversation with the browser that holds `browser_token`."""
        name = new_token(self._entropy)
        self._forget_old()
        self._open[_sha256(name)] = Ticket(
            user, source, challenge, _sha256(browser_token), self._clock.mono_s() + LASTS_S, began
        )
        return name

    def find(self, name: str, browser_token: str) -> Ticket | None:
        """Return the conversation if it is still open and this is its browser."""
        self._forget_old()
        ticket = self._open.get(_sha256(name))
        if ticket is None or not hmac.compare_digest(ticket.browser_sha256, _sha256(browser_token)):
            return None
        return ticket

    def note_failure(self, name: str) -> int:
        """Count a wrong answer and return how many are left; after the fifth the conversation is over."""
        ticket = self._open.get(_sha256(name))
        if ticket is None:
            return 0
        ticket.tries -= 1
        if ticket.tries <= 0:
            self.close(name)
        return ticket.tries

    def close(self, name: str) -> bool:
        """End a conversation. False if it was over: of two answers at the same time one counts."""
        return self._open.pop(_sha256(name), None) is not None

    def _forget_old(self) -> None:
        now = self._clock.mono_s()
        while self._open:
            oldest = next(iter(self._open))
            if self._open[oldest].ends_at_s > now and len(self._open) < MAX_OPEN:
                return
            del self._open[oldest]


def new_token(entropy: Entropy) -> str:
    """Return 256 random bits as 43 characters."""
    return base64.urlsafe_b64encode(entropy.token_bytes(32)).rstrip(b"=").decode()


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
