"""How long a camera showed pictures on a day: in all, and while the premises was open. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from brightkitchen.domain.premises.hours import OpenSpan
from brightkitchen.kernel.units import US_PER_S, Utc

Interval = tuple[Utc, Utc]
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


def day_bounds(day: date, zone: tzinfo) -> Interval:
    """Return between which instants `day` lies in `zone`; 23 or 25 hours where clocks are moved."""
    return _instant(day, 0, zone), _instant(day + timedelta(days=1), 0, zone)


def open_intervals(spans: Sequence[OpenSpan], day: date, zone: tzinfo) -> list[Interval]:
    """Return when premises with these hours are open within `day`, in order and apart. No spans = always."""
    begin, end = day_bounds(day, zone)
    if not spans:
        return [(begin, end)]
    found: list[Interval] = []
    yesterday = day - timedelta(days=1)
    for span in spans:
        if span.first_day <= day.isoweekday() <= span.last_day:
            to = end if span.is_overnight else min(end, _instant(day, span.to_minute, zone))
            found.append((_instant(day, span.from_minute, zone), to))
        if span.is_overnight and span.first_day <= yesterday.isoweekday() <= span.last_day:
            found.append((begin, _instant(day, span.to_minute, zone)))
    merged: list[Interval] = []
    for since, to in sorted(each for each in found if each[0] < each[1]):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(to, merged[-1][1]))
        else:
            merged.append((since, to))
    return merged


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


def _instant(day: date, minute: int, zone: tzinfo) -> Utc:
    moment = datetime.combine(day + timedelta(days=minute // 1440), time(minute % 1440 // 60, minute % 60), zone)
    return Utc(int(moment.timestamp()) * US_PER_S)
