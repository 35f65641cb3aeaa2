"""Numbers with a meaning: instants, ticks and their conversions.

Three kinds of time meet in this product and are never mixed: UTC instants (what evidence carries),
monotonic seconds (what timeouts use) and 90 kHz ticks (what a stream's timeline counts in).
"""

from datetime import UTC, datetime
from typing import Final, NewType

Utc = NewType("Utc", int)
"""Microseconds since 1970-01-01T00:00:00Z. An integer, so that it can be stored, compared and sent."""

Mono = NewType("Mono", float)
"""Seconds on this process's monotonic clock. Means nothing in another process."""

Ticks90k = NewType("Ticks90k", int)
"""1/90000 s on one stream's unbroken timeline; 0 is the first access unit of the connection."""

TICKS_PER_S: Final = 90_000
US_PER_S: Final = 1_000_000


def ticks_to_us(ticks: int) -> int:
    """Return the microseconds that `ticks` (90 kHz, may be negative) last, rounded down."""
    return ticks * 100 // 9


def us_to_ticks(us: int) -> int:
    """Return the 90 kHz ticks that `us` microseconds last, rounded down."""
    return us * 9 // 100


def optional_utc(value: int | None) -> Utc | None:
    """Return the instant that a column keeps which may be empty."""
    return None if value is None else Utc(value)


def format_utc(at: Utc) -> str:
    """Return `at` as RFC 3339 with microseconds, e.g. ``2026-11-23T00:41:07.320000Z``."""
    moment = datetime.fromtimestamp(at // US_PER_S, tz=UTC).replace(microsecond=at % US_PER_S)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> Utc:
    """Read an RFC 3339 instant with an offset.

    raises: ValueError if the text is no instant or names no offset (civil time means nothing to a server).
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset from UTC")
    moment = moment.astimezone(UTC)
    return Utc(int(moment.timestamp()) * US_PER_S + moment.microsecond)
