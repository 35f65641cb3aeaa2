"""Failed log-ins: five from one source network on one account close that pair for a while, never the account.

Otherwise five wrong passwords from a rival would shut an officer out. The table is bounded and lives in memory.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.units import Mono

FAILURES_ALLOWED: Final = 5
FIRST_LOCK_S: Final = 15 * 60.0
LONGEST_LOCK_S: Final = 24 * 3600.0
FORGET_AFTER_S: Final = 24 * 3600.0
MAX_PAIRS: Final = 20_000
FLOOD_PER_MINUTE: Final = 30


@dataclass(slots=True)
class _Pair:
    failures: int = 0
    locks: int = 0
    locked_until_s: float = 0.0
    seen_at_s: float = 0.0


@dataclass(slots=True)
class _Minute:
    started_at_s: float
    count: int = 0


def source_network(address: str) -> str:
    """Return the network an address counts for: /24 of IPv4, /64 of IPv6; unknown text counts as one network."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    prefix = 24 if parsed.version == 4 else 64
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))


class LoginAttempts:
    """Counts failures per (account, source network) and attempts per source network."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pairs: OrderedDict[tuple[str, str], _Pair] = OrderedDict()
        self._minutes: OrderedDict[str, _Minute] = OrderedDict()

    def check_flood(self, network: str) -> None:
        """Count one attempt. raises: BrightKitchenError "auth.too_many" (retry_after_s) beyond 30 a minute."""
        now = self._clock.mono_s()
        minute = self._minutes.get(network)
        if minute is None or now - minute.started_at_s >= 60.0:
            minute = _Minute(now)
            self._minutes[network] = minute
        self._minutes.move_to_end(network)
        _shrink(self._minutes)
        minute.count += 1
        if minute.count > FLOOD_PER_MINUTE:
            wait_s = max(1, round(minute.started_at_s + 60.0 - now))
            raise BrightKitchenError(Kind.EXHAUSTED, "auth.too_many", retry_after_s=wait_s)

    def check_open(self, account: str, network: str) -> None:
        """raises: BrightKitchenError "auth.locked" (minutes, retry_after_s) while the pair is closed."""
        pair = self._pairs.get((account, network))
        left_s = pair.locked_until_s - self._clock.mono_s() if pair else 0.0
        if left_s > 0:
            raise BrightKitchenError(
                Kind.EXHAUSTED, "auth.locked", minutes=max(1, -int(-left_s // 60)), retry_after_s=max(1, round(left_s))
            )

    def note_failure(self, account: str, network: str) -> int:
        """Count a failure and return how many tries are left; 0 closed the pair just now."""
        now = self._clock.mono_s()
        pair = self._pairs.get((account, network))
        if pair is None or now - pair.seen_at_s > FORGET_AFTER_S:
            pair = _Pair()
            self._pairs[account, network] = pair
        self._pairs.move_to_end((account, network))
        _shrink(self._pairs)
        pair.seen_at_s = now
        pair.failures += 1
        if pair.failures < FAILURES_ALLOWED:
            return FAILURES_ALLOWED - pair.failures
        pair.locked_until_s = Mono(now + min(FIRST_LOCK_S * 2**pair.locks, LONGEST_LOCK_S))
        pair.locks += 1
        pair.failures = 0
        return 0

    def note_success(self, account: str, network: str) -> None:
        """Forget the pair's failures."""
        self._pairs.pop((account, network), None)


def _shrink(table: OrderedDict[str, _Minute] | OrderedDict[tuple[str, str], _Pair]) -> None:
    while len(table) > MAX_PAIRS:
        table.popitem(last=False)
