"""Whether the wall clock can be believed when it says that recordings are old (docs/design/storage.md §7.3).

A clock that is suddenly days ahead would make everything old at once. What is believed moves on with the monotonic clock, follows the
wall clock slowly, and outlasts restarts; a wall clock far ahead of it is doubted until it was the same for a day of running.
"""

from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.units import US_PER_S, Utc

MOST_AHEAD_US: Final = 24 * 3600 * US_PER_S
BELIEVED_AFTER_US: Final = 24 * 3600 * US_PER_S


@dataclass(frozen=True, slots=True)
class AgeClock:
    """believed_at: what the time was, as far as is known, at the last look. doubted_us: how long it has been doubted while running."""

    believed_at: Utc
    doubted_us: int = 0

    @property
    def is_doubted(self) -> bool:
        return self.doubted_us > 0

    def look(self, now: Utc, elapsed_us: int) -> "AgeClock":
        """Return the clock after a look at the wall clock, `elapsed_us` (monotonic, at least 0) after the last one."""
        expected = self.believed_at + elapsed_us
        ahead = now - expected
        if ahead > MOST_AHEAD_US:
            doubted_us = self.doubted_us + max(1, elapsed_us)
            if doubted_us < BELIEVED_AFTER_US:
                return AgeClock(Utc(expected), doubted_us)
            return AgeClock(now)
        if ahead < 0:  # it went back: nothing gets old by that, and when it returns nobody shall doubt it
            return AgeClock(Utc(expected))
        return AgeClock(Utc(expected + min(ahead, elapsed_us)))
