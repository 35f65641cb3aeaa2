"""Round trips to the single sign-on that are under way.

In memory, bounded, ten minutes at most; each is tied to one browser and answered once. A restart asks people to begin again.
"""

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from brightkitchen.domain.users.tickets import new_token
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import SessionId, UserId

LASTS_S: Final = 600.0
MAX_OPEN: Final = 5_000


@dataclass(frozen=True, slots=True, repr=False)
class Flow:
    """What was sent away, and what must come back.

    link_user, link_session: who wants to link an account there with the own one here, in which session; None: a log-in.
    started_s: UTC seconds.
    """

    nonce: str
    verifier: str
    redirect_uri: str
    browser_sha256: bytes
    started_s: int
    ends_at_s: float
    link_user: UserId | None = None
    link_session: SessionId | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """A flow and the two names that the browser carries: state through the address, browser_token in a cookie."""

    flow: Flow
    state: str
    browser_token: str


class Flows:
    """Open round trips by the SHA-256 of their state."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._open: OrderedDict[bytes, Flow] = OrderedDict()

    def open(
        self, redirect_uri: str, *, link_user: UserId | None = None, link_session: SessionId | None = None
    ) -> Sent:
        """Begin a round trip with fresh random values."""
        state, browser_token = new_token(self._entropy), new_token(self._entropy)
        flow = Flow(
            nonce=new_token(self._entropy),
            verifier=new_token(self._entropy),
            redirect_uri=redirect_uri,
            browser_sha256=_sha256(browser_token),
            started_s=self._clock.utc() // 1_000_000,
            ends_at_s=self._clock.mono_s() + LASTS_S,
            link_user=link_user,
            link_session=link_session,
        )
        self._forget_old()
        self._open[_sha256(state)] = flow
        return Sent(flow, state, browser_token)

    def take(self, state: str, browser_token: str) -> Flow | None:
        """Return the round trip and close it, whatever comes of it; None if it is over or another browser's.

        Another browser's stays open: whoever learns a state cannot end it.
        """
        self._forget_old()
        name = _sha256(state)
        flow = self._open.get(name)
        if flow is None or not hmac.compare_digest(flow.browser_sha256, _sha256(browser_token)):
            return None
        del self._open[name]
        return flow

    def _forget_old(self) -> None:
        now = self._clock.mono_s()
        while self._open:
            oldest = next(iter(self._open))
            if self._open[oldest].ends_at_s > now and len(self._open) < MAX_OPEN:
                return
            del self._open[oldest]


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
