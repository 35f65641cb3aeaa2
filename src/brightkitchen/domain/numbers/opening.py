"""How long a camera showed pictures on a day: in all, and while the premises was open. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from brightkitchen.domain.premises.hours import Interval
from brightkitchen.kernel.units import US_PER_S, Utc

ONLINE: Final = frozenset({"ACTIVE", "DEGRADED"})
WATCHED: Final = ONLINE | {"OFFLINE"}


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of one activity. to_at: None = it lasts."""

    from_at: Utc
    to_at: Utc | None
    activity: str


@dataclass(frozen=True, slots=True)
class Seconds:
    """watched_s: how long pictures were to be expected (the camera was approved); online_s: how long they came."""

    watched_s: int = 0
    online_s: int = 0


def measure(spells: Iterable[Spell], intervals: Sequence[Interval], now: Utc) -> Seconds:
    """Return how long the spells lie inside the intervals; one that lasts ends at `now`."""
    watched_us = online_us = 0
    for spell in spells:
        if spell.activity not in WATCHED:
            continue
        to_at = now if spell.to_at is None else spell.to_at
        shared_us = sum(max(0, min(to_at, end) - max(spell.from_at, begin)) for begin, end in intervals)
        watched_us += shared_us
        online_us += shared_us if spell.activity in ONLINE else 0
    return Seconds(watched_us // US_PER_S, online_us // US_PER_S)
