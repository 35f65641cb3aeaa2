"""Civil dates as text, YYYY-MM-DD: what the calendar on the wall says, without a zone."""

from datetime import date


def is_date(text: str) -> bool:
    """True for a date of the calendar, written in full."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_span(from_on: str, to_on: str) -> bool:
    """True if both are dates and the second is not before the first."""
    return is_date(from_on) and is_date(to_on) and from_on <= to_on
