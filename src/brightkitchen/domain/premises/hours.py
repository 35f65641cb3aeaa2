"""Business hours as one line of text: ``1-5 06:30-20:00;6-7 08:00-14:00``. Pure.

ISO weekdays (1 = Monday), local time of the city, several spans a day allowed; a span that ends at or before it begins runs past midnight.
"""

import re
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind

MAX_HOURS_CHARS: Final = 200
_SPAN: Final = re.compile(r"([1-7])(?:-([1-7]))? ([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_DAY_MINUTES: Final = 24 * 60


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
    """Read the line; "" = not known, (). raises: BrightKitchenError "premises.hours_invalid"."""
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


def is_open(spans: tuple[OpenSpan, ...], weekday: int, minute: int) -> bool:
    """True if one of the spans holds. weekday: 1..7, minute: 0..1439 of that day. Without spans nobody knows: False."""
    yesterday = 7 if weekday == 1 else weekday - 1
    for span in spans:
        is_today = span.first_day <= weekday <= span.last_day
        if is_today and span.from_minute <= minute and (span.is_overnight or minute < span.to_minute):
            return True
        if span.is_overnight and span.first_day <= yesterday <= span.last_day and minute < span.to_minute:
            return True
    return False
