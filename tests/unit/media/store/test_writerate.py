"""How fast volumes are written to, from the files of the last day."""

from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.writerate import WriteRate

HOUR_US = 3600 * US_PER_S
NOW = Utc(1_764_000_000 * US_PER_S // HOUR_US * HOUR_US)  # a full hour


def test_rate_of_volume_that_began_lately_counts_from_its_first_file() -> None:
    rate = WriteRate()
    rate.note([(1, NOW - 600 * US_PER_S, 1000), (1, NOW - 300 * US_PER_S, 500), (2, NOW - 60 * US_PER_S, 7)], NOW)
    assert rate.of(1, NOW) == (1500, 600)
    assert rate.of(2, NOW) == (7, 60)
    assert rate.of(3, NOW) == (0, 0)


def test_rate_forgets_what_is_older_than_a_day() -> None:
    rate = WriteRate()
    rate.note([(1, NOW - 25 * HOUR_US, 999), (1, NOW - 24 * HOUR_US, 100), (1, NOW - HOUR_US, 10)], NOW)
    assert rate.of(1, NOW) == (110, 24 * 3600)
    later = Utc(NOW + HOUR_US)
    assert rate.of(1, later) == (10, 24 * 3600)
    rate.note([], later)
    assert rate.of(1, later) == (10, 24 * 3600)


def test_rate_of_volume_that_is_not_written_to_any_more_becomes_none() -> None:
    rate = WriteRate()
    rate.note([(1, NOW - HOUR_US, 10)], NOW)
    assert rate.of(1, Utc(NOW + 30 * HOUR_US)) == (0, 0)
