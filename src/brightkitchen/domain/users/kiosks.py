"""A display on a wall gets its own way in, without anybody typing a password there (SECURITY §2.1).

The display asks and shows a code; an officer types the code at the own desk and says for how long; the display, which alone
holds the claim, fetches its credential. What it gets is an API token that only looks: kind "kiosk", bound to the display's
address, 30 days at most. Codes live in memory for ten minutes: after a restart the display shows another one.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.users import policy as rules
from brightkitchen.domain.users.people_model import LONGEST_KIOSK_US, ApiToken, TokenKind
from brightkitchen.domain.users.tokens import TokenService
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.units import US_PER_S, Utc

LASTS_S: Final = 600.0
MAX_WAITING: Final = 64
MAX_WAITING_OF_ONE: Final = 4
LONGEST_DAYS: Final = LONGEST_KIOSK_US // (86_400 * US_PER_S)
CODE_CHARS: Final = 8
_LETTERS: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""What nobody takes for another on a screen across a room."""


@dataclass(slots=True)
class Waiting:
    """A display that shows its code. address, device: where it is, as the server sees it. secret: what it will get; "" so far."""

    code: str
    address: str
    device: str
    ends_at_s: float
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """code: to be shown. claim: known to the display alone. left_s: how long the code is good."""

    code: str
    claim: str
    left_s: int

    def __repr__(self) -> str:
        return f"Asked(code={self.code!r}, claim=…)"


class KioskService:
    """Displays that wait, and those who let them in."""

    def __init__(self, tokens: TokenService, policy: Policy, *, clock: Clock, entropy: Entropy) -> None:
        self._tokens = tokens
        self._policy = policy
        self._clock = clock
        self._entropy = entropy
        self._waiting: dict[bytes, Waiting] = {}

    def ask(self, *, address: str, device: str) -> Asked:
        """Let a display wait. raises: BrightKitchenError "kiosk.too_many" while 64 wait, or four from one address."""
        self._forget_old()
        mine = sum(each.address == address for each in self._waiting.values())
        if len(self._waiting) >= MAX_WAITING or mine >= MAX_WAITING_OF_ONE:
            raise BrightKitchenError(Kind.EXHAUSTED, "kiosk.too_many", retry_after_s=60)
        taken = {each.code for each in self._waiting.values()}
        while (code := self._new_code()) in taken:
            pass
        claim = self._entropy.token_bytes(32).hex()
        self._waiting[_sha256(claim)] = Waiting(code, address, device, self._clock.mono_s() + LASTS_S)
        return Asked(code, claim, int(LASTS_S))

    def look(self, actor: Actor, code: str) -> Waiting:
        """Return the display that shows this code. raises: BrightKitchenError "access.none", "kiosk.no_such_code"."""
        if not self._policy.check(actor, rules.PAIR).allowed:
            raise not_found()
        self._forget_old()
        wanted = "".join(code.upper().replace("-", " ").split())
        found = next((each for each in self._waiting.values() if each.code == wanted and not each.secret), None)
        if found is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "kiosk.no_such_code", field="code")
        return found

    async def approve(self, actor: Actor, code: str, *, name: str, days: int) -> ApiToken:
        """Let the display in, as far as the actor sees the city itself.

        days: 1 to 30. raises: as `look`; "kiosk.days", "token.name", "token.too_many".
        """
        waiting = self.look(actor, code)
        if not 1 <= days <= LONGEST_DAYS:
            raise BrightKitchenError(Kind.INVALID, "kiosk.days", most=LONGEST_DAYS, field="days")
        made = await self._tokens.make_token(
            actor,
            name,
            grants=self._policy.grants_for(actor, rules.PAIR),
            networks=(waiting.address,),
            expires_at=Utc(self._clock.utc() + days * 86_400 * US_PER_S),
            kind=TokenKind.KIOSK,
        )
        waiting.secret = made.secret
        return made.token

    def claim(self, claim: str, *, address: str) -> str | None:
        """Return the credential, once; None while nobody has approved.

        raises: BrightKitchenError "kiosk.over" if the code is no longer good: the display asks for another.
        """
        self._forget_old()
        key = _sha256(claim)
        waiting = self._waiting.get(key)
        if waiting is None or waiting.address != address:
            raise BrightKitchenError(Kind.NOT_FOUND, "kiosk.over")
        if not waiting.secret:
            return None
        del self._waiting[key]
        return waiting.secret

    def _new_code(self) -> str:
        # 30 letters: bytes of 240 and more are left out, so that none comes more often.
        code = ""
        while len(code) < CODE_CHARS:
            code += "".join(_LETTERS[each % 30] for each in self._entropy.token_bytes(16) if each < 240)
        return code[:CODE_CHARS]

    def _forget_old(self) -> None:
        now = self._clock.mono_s()
        for key in [key for key, each in self._waiting.items() if each.ends_at_s <= now]:
            del self._waiting[key]


def _sha256(claim: str) -> bytes:
    return hashlib.sha256(claim.encode("ascii", "replace")).digest()
