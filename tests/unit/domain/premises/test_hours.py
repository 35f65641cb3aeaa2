"""Business hours as one line, and what they say of an instant and of a day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.domain.premises.hours import (
    MAX_HOURS_CHARS,
    OpenSpan,
    check_hours,
    day_bounds,
    open_intervals,
    open_since,
    opens_next,
    parse_hours,
)
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.units import US_PER_S, Utc

ANSHAN = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 23)
DAY_MIN = 24 * 60


def at(text: str, zone: ZoneInfo = ANSHAN) -> Utc:
    return Utc(int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * US_PER_S)


def test_hours_of_a_week_are_read() -> None:
    spans = parse_hours("1-5 06:30-20:00;6 08:00-14:00")
    assert spans == (OpenSpan(1, 5, 390, 1200), OpenSpan(6, 6, 480, 840))


def test_hours_are_tidied() -> None:
    assert check_hours(" 1-5  06:30-20:00； 6 08:00-14:00 ;") == "1-5 06:30-20:00;6 08:00-14:00"


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "1-5",
        "1-8 06:00-07:00",
        "0 06:30-20:00",
        "5-1 06:00-07:00",
        "1 6:00-7:00",
        "1 24:00-06:00",
        "1 06:00-25:00",
        "1 06:60-07:00",
        "1 06:00-24:01",
        "1-5 06:30-20:00, 6 08:00-14:00",
        "周一 06:30-20:00",
        "1 ０６:３０-20:00",
        "1 06:00-07:00;" * (MAX_HOURS_CHARS // 14 + 1),
    ],
)
def test_hours_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(BrightKitchenError) as caught:
        check_hours(text)
    assert caught.value.code == "premises.hours_invalid"


@given(st.text(max_size=40))
def test_any_text_is_hours_or_refused_with_that_code(text: str) -> None:
    try:
        line = check_hours(text)
    except BrightKitchenError as error:
        assert error.code == "premises.hours_invalid"
    else:
        assert check_hours(line) == line


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
    spans = parse_hours("1-5 06:30-20:00;6-7 08:00-14:00")
    assert open_since(spans, at(moment), ANSHAN) == (at(since) if since else None)


def test_evening_over_midnight_belongs_to_the_day_it_began() -> None:
    spans = parse_hours("5 17:00-02:00")
    assert open_since(spans, at("2026-11-28T01:59:59"), ANSHAN) == at("2026-11-27T17:00:00")
    assert open_since(spans, at("2026-11-28T02:00:00"), ANSHAN) is None
    assert open_since(spans, at("2026-11-27T01:00:00"), ANSHAN) is None


def test_last_evening_of_the_week_goes_on_into_monday() -> None:
    spans = parse_hours("5-7 17:00-02:00")
    assert open_since(spans, at("2026-11-23T01:59:00"), ANSHAN) == at("2026-11-22T17:00:00")
    assert open_since(spans, at("2026-11-23T02:00:00"), ANSHAN) is None


def test_hours_round_the_clock_have_no_closed_minute() -> None:
    assert open_since(parse_hours("1-7 00:00-24:00"), at("2026-11-25T23:59:59"), ANSHAN) == at("2026-11-25T00:00:00")


def test_hours_of_nothing_are_always_open() -> None:
    assert open_since(parse_hours(""), at("2026-11-23T03:00:00"), ANSHAN) == 0


def test_day_whose_clock_was_put_forward_keeps_its_civil_hours() -> None:
    spans = parse_hours("7 01:00-04:00")
    assert open_since(spans, at("2026-03-29T03:30:00", BERLIN), BERLIN) == at("2026-03-29T01:00:00", BERLIN)
    assert open_since(spans, at("2026-03-29T04:00:00", BERLIN), BERLIN) is None


def test_utc_is_a_zone_like_any_other() -> None:
    moment = Utc(int(datetime(2026, 11, 23, 7, tzinfo=UTC).timestamp()) * US_PER_S)
    assert open_since(parse_hours("1 06:30-20:00"), moment, ZoneInfo("UTC")) == moment - 1800 * US_PER_S


def open_spans() -> st.SearchStrategy[OpenSpan]:
    days = st.lists(st.integers(1, 7), min_size=2, max_size=2).map(sorted)
    return st.builds(
        lambda week, since, to: OpenSpan(week[0], week[1], since, to),
        days,
        st.integers(0, DAY_MIN - 1),
        st.integers(0, DAY_MIN),
    )


@given(st.lists(open_spans(), min_size=1, max_size=4), st.integers(0, 14 * DAY_MIN - 1))
def test_instant_is_open_when_a_span_says_so_and_lies_in_an_interval_of_its_day(
    spans: list[OpenSpan], minute: int
) -> None:
    moment = datetime(2026, 11, 23, tzinfo=ANSHAN) + timedelta(minutes=minute)
    now = Utc(int(moment.timestamp()) * US_PER_S)
    weekday, of_day = moment.isoweekday(), moment.hour * 60 + moment.minute
    yesterday = 7 if weekday == 1 else weekday - 1
    expected = any(
        (
            span.first_day <= weekday <= span.last_day
            and span.from_minute <= of_day
            and (of_day < span.to_minute or span.to_minute <= span.from_minute)
        )
        or (
            span.first_day <= yesterday <= span.last_day
            and span.to_minute <= span.from_minute
            and of_day < span.to_minute
        )
        for span in spans
    )
    since = open_since(spans, now, ANSHAN)
    assert (since is not None) is expected
    assert since is None or since <= now
    intervals = open_intervals(spans, moment.date(), ANSHAN)
    assert any(begin <= now < end for begin, end in intervals) is expected


def shown_intervals(hours: str, day: date = MONDAY, zone: ZoneInfo = ANSHAN) -> list[str]:
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
    assert shown_intervals(hours) == expected


def test_day_is_as_long_as_the_clock_on_the_wall_says() -> None:
    begin, end = day_bounds(date(2026, 3, 29), BERLIN)
    assert (end - begin) // US_PER_S == 23 * 3600
    begin, end = day_bounds(MONDAY, ANSHAN)
    assert (end - begin) // US_PER_S == 24 * 3600
    assert begin == int(datetime(2026, 11, 22, 16, tzinfo=UTC).timestamp()) * US_PER_S


@pytest.mark.parametrize(
    ("line", "now", "then"),
    [
        ("1-7 06:30-20:00", "2026-11-23T05:00", "2026-11-23T06:30"),
        ("1-7 06:30-20:00", "2026-11-23T21:00", "2026-11-24T06:30"),
        # the moment it opens is not before it opens
        ("1-7 06:30-20:00", "2026-11-23T06:30", "2026-11-24T06:30"),
        ("1-7 10:00-14:00;1-7 17:00-21:00", "2026-11-23T15:00", "2026-11-23T17:00"),
        ("1-7 18:00-03:00", "2026-11-23T04:00", "2026-11-23T18:00"),
        ("1 06:30-20:00", "2026-11-23T07:00", "2026-11-30T06:30"),
        ("6 08:00-12:00", "2026-11-22T09:00", "2026-11-28T08:00"),
        ("7 08:00-12:00", "2026-11-23T09:00", "2026-11-29T08:00"),
    ],
)
def test_next_opening_is_the_first_that_begins_later(line: str, now: str, then: str) -> None:
    assert opens_next(parse_hours(line), at(now), ANSHAN) == at(then)


def test_what_never_opens_has_no_next_opening() -> None:
    assert opens_next((), at("2026-11-23T09:00"), ANSHAN) is None
