"""Business hours: the text both ways, weeks, midnight, and a zone that changes its clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.domain.maintenance.hours import ALWAYS, DAY_MIN, Hours, Span, build_hours, parse_hours
from brightkitchen.kernel.units import US_PER_S, Utc

ANSHAN = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = ANSHAN) -> Utc:
    return Utc(int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * US_PER_S)


@pytest.mark.parametrize(
    ("moment", "since"),
    [
        ("2026-11-23T06:29:59", None),  # a Monday
        ("2026-11-23T06:30:00", "2026-11-23T06:30:00"),
        ("2026-11-23T19:59:59", "2026-11-23T06:30:00"),
        ("2026-11-23T20:00:00", None),
        ("2026-11-28T07:00:00", None),  # a Saturday
        ("2026-11-28T08:00:00", "2026-11-28T08:00:00"),
        ("2026-11-29T13:59:59", "2026-11-29T08:00:00"),
    ],
)
def test_school_hours_are_open_exactly_then(moment: str, since: str | None) -> None:
    hours = parse_hours("1-5 06:30-20:00;6-7 08:00-14:00")
    assert hours.open_since(at(moment), ANSHAN) == (at(since) if since else None)


def test_evening_over_midnight_belongs_to_the_day_it_began() -> None:
    hours = parse_hours("5 17:00-02:00")
    assert hours.open_since(at("2026-11-28T01:59:59"), ANSHAN) == at("2026-11-27T17:00:00")
    assert hours.open_since(at("2026-11-28T02:00:00"), ANSHAN) is None
    assert hours.open_since(at("2026-11-27T01:00:00"), ANSHAN) is None


def test_hours_of_nothing_are_always_open() -> None:
    assert parse_hours("") is ALWAYS
    assert parse_hours("  ").open_since(at("2026-11-23T03:00:00"), ANSHAN) == 0


def test_day_whose_clock_was_put_forward_keeps_its_civil_hours() -> None:
    hours = parse_hours("7 01:00-04:00")
    assert hours.open_since(at("2026-03-29T03:30:00", BERLIN), BERLIN) == at("2026-03-29T01:00:00", BERLIN)
    assert hours.open_since(at("2026-03-29T04:00:00", BERLIN), BERLIN) is None


@pytest.mark.parametrize(
    "text",
    [
        "1-5",
        "1-5 6:30-20:00",
        "5-1 06:30-20:00",
        "0 06:30-20:00",
        "8 06:30-20:00",
        "1 06:30-06:30",
        "1 24:00-06:00",
        "1 06:60-07:00",
        "1 06:30-24:01",
        "1 06:30-20:00;",
        "1-5 06:30-20:00, 6 08:00-14:00",
        "周一 06:30-20:00",
        "1 ０６:３０-20:00",
    ],
)
def test_hours_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_hours(text)


def spans() -> st.SearchStrategy[Span]:
    days = st.frozensets(st.integers(1, 7), min_size=1)
    begin = st.integers(0, DAY_MIN - 1)
    length = st.integers(1, DAY_MIN - 1)
    return st.builds(lambda on, first, long: Span(on, first, first + long), days, begin, length)


@given(st.lists(spans(), min_size=1, max_size=4), st.integers(0, 14 * DAY_MIN - 1))
def test_text_says_of_each_minute_what_the_spans_say(given_spans: list[Span], minute: int) -> None:
    hours = Hours(tuple(given_spans))
    again = parse_hours(build_hours(hours))
    moment = datetime(2026, 11, 23, tzinfo=ANSHAN) + timedelta(minutes=minute)
    now = Utc(int(moment.timestamp()) * US_PER_S)
    since = hours.open_since(now, ANSHAN)
    assert again.open_since(now, ANSHAN) == since
    is_open = any(
        span.from_min <= minute_of_day < span.to_min
        for span in given_spans
        for back in (0, 1)
        if (moment - timedelta(days=back)).isoweekday() in span.days
        for minute_of_day in [moment.hour * 60 + moment.minute + back * DAY_MIN]
    )
    assert (since is not None) is is_open
    assert since is None or since <= now


@given(st.text(max_size=40))
def test_any_text_is_hours_or_a_value_error(text: str) -> None:
    try:
        hours = parse_hours(text)
    except ValueError:
        return
    assert parse_hours(build_hours(hours)).open_since(Utc(0), ZoneInfo("UTC")) == hours.open_since(
        Utc(0), ZoneInfo("UTC")
    )


def test_utc_is_a_zone_like_any_other() -> None:
    moment = Utc(int(datetime(2026, 11, 23, 7, tzinfo=UTC).timestamp()) * US_PER_S)
    assert parse_hours("1 06:30-20:00").open_since(moment, ZoneInfo("UTC")) == moment - 1800 * US_PER_S
