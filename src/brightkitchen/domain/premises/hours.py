"""Business hours as one line of text: ``1-5 06:30-20:00;6-7 08:00-14:00``. Pure.

ISO weekdays (1 = Monday), local time of the city, several spans a day allowed; a span that ends at or before it begins runs past midnight.
"" = nobody wrote them down: as if always open, so that no outage is overlooked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.units import US_PER_S, Utc

Interval = tuple[Utc, Utc]

MAX_HOURS_CHARS: Final = 200
_SPAN: Final = re.compile(r"([1-7])(?:-([1-7]))? ([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_DAY_MINUTES: Final = 24 * 60
_WEEK_AHEAD_DAYS: Final = 10
"""Openings are asked for by two days at once."""


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """first_day, last_day: 1..7, last >= first. from_minute, to_minute: of the day, 0..1440."""

    first_day: int
    last_day: int
    from_minute: int
    to_minute: int

    @property
    def is_overnight(self) -> bool:
        return self.to_minute <= self.from_minute


def parse_hours(text: str) -> tuple[OpenSpan, ...]:
    """Read the line; "" = always open, (). raises: BrightKitchenError "premises.hours_invalid"."""
    if not text:
        return ()
    spans = []
    for part in text.split(";") if len(text) <= MAX_HOURS_CHARS else [""]:
        match = _SPAN.fullmatch(part)
        if match is None:
            raise BrightKitchenError(Kind.INVALID, "premises.hours_invalid")
        first, last = int(match[1]), int(match[2] or match[1])
        span = OpenSpan(first, last, int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6]))
        if last < first or span.to_minute > _DAY_MINUTES:
            raise BrightKitchenError(Kind.INVALID, "premises.hours_invalid")
        spans.append(span)
    return tuple(spans)


def check_hours(text: str) -> str:
    """Return the line without needless spaces. raises: BrightKitchenError "premises.hours_invalid"."""
    line = ";".join(" ".join(part.split()) for part in text.replace("；", ";").split(";") if part.strip())
    parse_hours(line)
    return line


def day_bounds(day: date, zone: tzinfo) -> Interval:
    """Return between which instants `day` lies in `zone`; 23 or 25 hours where clocks are moved."""
    return _instant(day, 0, zone), _instant(day, _DAY_MINUTES, zone)


def open_intervals(spans: Sequence[OpenSpan], day: date, zone: tzinfo) -> list[Interval]:
    """Return when premises with these hours are open within `day`, in order and apart. No spans = always."""
    begin, end = day_bounds(day, zone)
    if not spans:
        return [(begin, end)]
    within = [(max(begin, since), min(end, to)) for since, to in _openings(spans, day, zone)]
    merged: list[Interval] = []
    for since, to in sorted(each for each in within if each[0] < each[1]):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(to, merged[-1][1]))
        else:
            merged.append((since, to))
    return merged


def open_since(spans: Sequence[OpenSpan], at: Utc, zone: tzinfo) -> Utc | None:
    """Return when the opening that `at` lies in began, or None if it is closed then. No spans = always: 0."""
    if not spans:
        return Utc(0)
    today = datetime.fromtimestamp(at // US_PER_S, tz=UTC).astimezone(zone).date()
    return min((begin for begin, end in _openings(spans, today, zone) if begin <= at < end), default=None)


def opens_next(spans: Sequence[OpenSpan], at: Utc, zone: tzinfo) -> Utc | None:
    """Return when the next opening after `at` begins, None if there is none. Within eight days, as every week is the same."""
    today = datetime.fromtimestamp(at // US_PER_S, tz=UTC).astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(0, _WEEK_AHEAD_DAYS, 2))
    return min((begin for day in days for begin, _end in _openings(spans, day, zone) if begin > at), default=None)


def _openings(spans: Sequence[OpenSpan], day: date, zone: tzinfo) -> Iterator[Interval]:
    """Yield every opening that begins on `day` or on the day before, whole."""
    for on in (day - timedelta(days=1), day):
        for span in spans:
            if span.first_day <= on.isoweekday() <= span.last_day:
                to_minute = span.to_minute + (_DAY_MINUTES if span.is_overnight else 0)
                yield _instant(on, span.from_minute, zone), _instant(on, to_minute, zone)


def _instant(day: date, minute: int, zone: tzinfo) -> Utc:
    """Return when the zone's clock shows `minute` after midnight of that day; the earlier one where it shows it twice."""
    moment = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    return Utc(int(moment.timestamp()) * US_PER_S)
