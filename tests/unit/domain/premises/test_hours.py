"""Business hours as one line."""

import pytest

from brightkitchen.domain.premises.hours import OpenSpan, check_hours, is_open, parse_hours
from brightkitchen.kernel.errors import BrightKitchenError


def test_hours_of_a_week_are_read() -> None:
    spans = parse_hours("1-5 06:30-20:00;6 08:00-14:00")
    assert spans == (OpenSpan(1, 5, 390, 1200), OpenSpan(6, 6, 480, 840))
    assert [is_open(spans, day, 400) for day in range(1, 8)] == [True] * 5 + [False, False]
    assert is_open(spans, 6, 839) and not is_open(spans, 6, 840) and not is_open(spans, 7, 600)


def test_span_past_midnight_belongs_to_the_day_it_began() -> None:
    spans = parse_hours("5-7 17:00-02:00")
    assert [is_open(spans, *at) for at in ((5, 1020), (5, 60), (6, 60), (1, 119), (1, 120), (2, 60))] == [
        True,
        False,
        True,
        True,
        False,
        False,
    ]


def test_hours_round_the_clock_and_unknown_hours() -> None:
    assert is_open(parse_hours("1-7 00:00-24:00"), 3, 1439)
    assert not is_open(parse_hours(""), 3, 600)


def test_hours_are_tidied() -> None:
    assert check_hours(" 1-5  06:30-20:00； 6 08:00-14:00 ;") == "1-5 06:30-20:00;6 08:00-14:00"


@pytest.mark.parametrize(
    "text",
    ["1-8 06:00-07:00", "5-1 06:00-07:00", "1 6:00-7:00", "1 06:00-25:00", "1 06:60-07:00", "x", "1 06:00-24:01"],
)
def test_hours_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(BrightKitchenError) as caught:
        check_hours(text)
    assert caught.value.code == "premises.hours_invalid"
