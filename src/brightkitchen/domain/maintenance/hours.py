"""Business hours of a premises as text, such as ``1-5 06:30-20:00;6-7 08:00-14:00``, and what they say of an instant. Pure.

ISO weekdays (1 = Monday), the city's civil time, 24:00 for midnight at the end of a day. Rules are separated by ";"; a
span that ends before it begins (``17:00-02:00``) goes on into the next day. "" = always open.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from brightkitchen.kernel.units import US_PER_S, Utc

DAY_MIN: Final = 24 * 60
_RULE: Final = re.compile(r"([1-7])(?:-([1-7]))? +([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """One opening on these weekdays. from_min, to_min: minutes since local midnight; to_min <= 2880."""

    days: frozenset[int]
    from_min: int
    to_min: int


@dataclass(frozen=True, slots=True)
class Hours:
    """Parsed business hours. spans (): always open."""

    spans: tuple[Span, ...]

    def open_since(self, at: Utc, zone: ZoneInfo) -> Utc | None:
        """Return when the opening that `at` lies in began, or None if it is closed then. Always open: 0."""
        if not self.spans:
            return Utc(0)
        local = datetime.fromtimestamp(at // US_PER_S, tz=UTC).astimezone(zone)
        begun = [begin for begin, end in self._openings(local.date(), zone) if begin <= at < end]
        return min(begun, default=None)

    def _openings(self, day: date, zone: ZoneInfo) -> Iterator[tuple[Utc, Utc]]:
        for back in (1, 0):
            on = day - timedelta(days=back)
            for span in self.spans:
                if on.isoweekday() in span.days:
                    yield _instant(on, span.from_min, zone), _instant(on, span.to_min, zone)


ALWAYS: Final = Hours(())


def parse_hours(text: str) -> Hours:
    """raises: ValueError if the text is not of the form above."""
    if not text.strip():
        return ALWAYS
    return Hours(tuple(_parse_span(rule.strip()) for rule in text.split(";")))


def build_hours(hours: Hours) -> str:
    """Return the text that `parse_hours` reads; weekdays that follow each other become a range."""
    return ";".join(part for span in hours.spans for part in _build_span(span))


def _parse_span(rule: str) -> Span:
    match = _RULE.fullmatch(rule)
    if match is None:
        raise ValueError(f"not a rule of business hours: {rule[:60]!r}")
    first, last = int(match[1]), int(match[2] or match[1])
    from_min, to_min = _minutes(match[3], match[4]), _minutes(match[5], match[6])
    if last < first or from_min >= DAY_MIN or from_min == to_min:
        raise ValueError(f"not a rule of business hours: {rule[:60]!r}")
    return Span(frozenset(range(first, last + 1)), from_min, to_min if to_min > from_min else to_min + DAY_MIN)


def _minutes(hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > DAY_MIN:
        raise ValueError(f"not a time of day: {hour}:{minute}")
    return total


def _build_span(span: Span) -> Iterator[str]:
    to_min = span.to_min if span.to_min <= DAY_MIN else span.to_min - DAY_MIN
    clock = f"{span.from_min // 60:02}:{span.from_min % 60:02}-{to_min // 60:02}:{to_min % 60:02}"
    days = sorted(span.days)
    while days:
        length = next((n for n in range(1, len(days)) if days[n] != days[0] + n), len(days))
        yield f"{days[0]} {clock}" if length == 1 else f"{days[0]}-{days[length - 1]} {clock}"
        days = days[length:]


def _instant(on: date, minutes: int, zone: ZoneInfo) -> Utc:
    """Return when the zone's clock shows `minutes` after midnight of that day; the earlier one where it shows it twice."""
    local = datetime.combine(on, time(), zone) + timedelta(minutes=minutes)
    return Utc(int(local.timestamp()) * US_PER_S)
