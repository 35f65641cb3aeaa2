"""Civil dates as text."""

import pytest

from brightkitchen.kernel.civil import is_date, is_span


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("2026-11-23", True),
        ("2028-02-29", True),
        ("2026-02-29", False),
        ("2026-1-2", False),
        ("20261123", False),
        ("2026-W48-1", False),
        ("2026-11-23 ", False),
        ("", False),
    ],
)
def test_date_is_one_of_the_calendar_written_in_full(text: str, fits: bool) -> None:
    assert is_date(text) is fits


def test_span_needs_two_dates_in_order() -> None:
    assert is_span("2026-11-23", "2026-11-23")
    assert not is_span("2026-11-24", "2026-11-23")
    assert not is_span("2026-1-2", "2026-11-23")
