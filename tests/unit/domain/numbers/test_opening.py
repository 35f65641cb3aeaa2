"""How long a camera was online within a day and within business hours."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from brightkitchen.domain.numbers.opening import Seconds, Spell, day_bounds, measure, open_intervals
from brightkitchen.domain.premises.hours import parse_hours
from brightkitchen.kernel.units import US_PER_S, Utc

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> Utc:
    return Utc(int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * US_PER_S)


def spans(hours: str, day: date = MONDAY, zone: ZoneInfo = SHANGHAI) -> list[str]:
    found = open_intervals(parse_hours(hours), day, zone)
    return [
        "-".join(f"{datetime.fromtimestamp(moment // US_PER_S, zone):%d %H:%M}" for moment in each) for each in found
    ]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ("", ["23 00:00-24 00:00"]),
        ("1-5 06:30-20:00;6-7 08:00-14:00", ["23 06:30-23 20:00"]),
        ("6-7 08:00-14:00", []),
        ("1 06:00-09:00;1 08:00-11:00", ["23 06:00-23 11:00"]),
        ("1 18:00-02:00", ["23 18:00-24 00:00"]),
        ("7 18:00-02:00", ["23 00:00-23 02:00"]),
        ("1-7 18:00-02:00", ["23 00:00-23 02:00", "23 18:00-24 00:00"]),
        ("1 08:00-24:00", ["23 08:00-24 00:00"]),
    ],
)
def test_open_intervals_of_a_monday(hours: str, expected: list[str]) -> None:
    assert spans(hours) == expected


def test_day_is_as_long_as_the_clock_on_the_wall_says() -> None:
    begin, end = day_bounds(date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert (end - begin) // US_PER_S == 23 * 3600
    begin, end = day_bounds(MONDAY, SHANGHAI)
    assert (end - begin) // US_PER_S == 24 * 3600
    assert begin == int(datetime(2026, 11, 22, 16, tzinfo=UTC).timestamp()) * US_PER_S


def test_measure_counts_what_lies_inside_and_ends_what_lasts_now() -> None:
    spells = [
        Spell(at("2026-11-22T00:00"), at("2026-11-23T06:00"), "NEW"),
        Spell(at("2026-11-23T06:00"), at("2026-11-23T08:00"), "ACTIVE"),
        Spell(at("2026-11-23T08:00"), at("2026-11-23T09:00"), "OFFLINE"),
        Spell(at("2026-11-23T09:00"), None, "DEGRADED"),
    ]
    now = at("2026-11-23T10:00")
    assert measure(spells, [day_bounds(MONDAY, SHANGHAI)], now) == Seconds(4 * 3600, 3 * 3600)
    opened = open_intervals(parse_hours("1 07:00-08:30"), MONDAY, SHANGHAI)
    assert measure(spells, opened, now) == Seconds(5400, 3600)
    assert measure([], opened, now) == Seconds(0, 0)
