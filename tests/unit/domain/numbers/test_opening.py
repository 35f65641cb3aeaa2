"""How long a camera was online within a day and within business hours."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from brightkitchen.domain.numbers.opening import Seconds, Spell, measure
from brightkitchen.domain.premises.hours import day_bounds, open_intervals, parse_hours
from brightkitchen.kernel.units import US_PER_S, Utc

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> Utc:
    return Utc(int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * US_PER_S)


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
