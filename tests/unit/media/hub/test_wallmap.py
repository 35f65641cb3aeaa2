"""Ticks to UTC: least-delayed arrivals, slow correction, jumps."""

import pytest

from brightkitchen.kernel.units import TICKS_PER_S, US_PER_S, Utc
from brightkitchen.media.hub.wallmap import WallMap

T0 = 1_795_392_000 * US_PER_S


def feed(wall: WallMap, from_s: int, to_s: int, *, delay_us: int = 0, step_us: int = 0) -> list[bool]:
    """One observation each 0.2 s of stream time; delay_us and step_us are added to its arrival."""
    return [
        wall.observe(tick * TICKS_PER_S // 5, Utc(T0 + tick * US_PER_S // 5 + delay_us + step_us))
        for tick in range(from_s * 5, to_s * 5)
    ]


def offset(wall: WallMap) -> int:
    return wall.utc(0) - T0


def test_utc_before_any_unit_is_refused() -> None:
    wall = WallMap()
    assert not wall.is_anchored
    with pytest.raises(ValueError, match="no unit"):
        wall.utc(0)


def test_first_unit_anchors_the_map() -> None:
    wall = WallMap()
    wall.observe(90_000, Utc(T0 + 1_100_000))
    assert (wall.utc(90_000), wall.utc(180_000)) == (T0 + 1_100_000, T0 + 2_100_000)


def test_settling_follows_the_least_delayed_arrival_at_once() -> None:
    wall = WallMap()
    feed(wall, 0, 1, delay_us=300_000)
    feed(wall, 1, 2, delay_us=40_000)
    assert offset(wall) == 40_000
    feed(wall, 2, 9, delay_us=250_000)
    assert offset(wall) == 40_000


def test_later_correction_moves_at_most_500_ppm() -> None:
    wall = WallMap()
    feed(wall, 0, 60, delay_us=40_000)
    feed(wall, 60, 61, delay_us=0)
    assert offset(wall) in range(40_000 - 510, 40_000 - 390)
    feed(wall, 61, 161, delay_us=0)
    assert offset(wall) == 0


def test_camera_with_a_slow_clock_is_followed_over_hours() -> None:
    wall = WallMap()
    for tick in range(3600 * 2):
        drift_us = tick * US_PER_S // 2 * 200 // US_PER_S
        wall.observe(tick * TICKS_PER_S // 2, Utc(T0 + tick * US_PER_S // 2 + drift_us))
    error_us = wall.utc(tick * TICKS_PER_S // 2) - (T0 + tick * US_PER_S // 2 + drift_us)
    assert -15_000 <= error_us <= 0  # the minimum of the last minute is at most a minute's drift old
    assert wall.epoch == 0


def test_delay_that_grew_for_good_is_accepted_after_a_minute() -> None:
    wall = WallMap()
    feed(wall, 0, 30, delay_us=10_000)
    feed(wall, 30, 85, delay_us=60_000)
    assert offset(wall) == 10_000
    feed(wall, 85, 300, delay_us=60_000)
    assert offset(wall) == 60_000


def test_wall_clock_set_back_anchors_at_once() -> None:
    wall = WallMap()
    feed(wall, 0, 30)
    assert feed(wall, 30, 31, step_us=-3_600_000_000)[0]
    assert (wall.epoch, offset(wall)) == (1, -3_600_000_000)


def test_wall_clock_set_forward_anchors_after_it_stayed_so() -> None:
    wall = WallMap()
    feed(wall, 0, 30)
    jumps = feed(wall, 30, 37, step_us=3_600_000_000)
    assert jumps.index(True) == 25
    assert (wall.epoch, offset(wall)) == (1, 3_600_000_000)


def test_network_stall_with_backlog_is_no_jump() -> None:
    wall = WallMap()
    feed(wall, 0, 30)
    for tick in range(30 * 5, 50 * 5):  # twenty seconds come together at the end of the stall
        assert not wall.observe(tick * TICKS_PER_S // 5, Utc(T0 + 50 * US_PER_S))
    assert not any(feed(wall, 50, 60))
    assert (wall.epoch, offset(wall)) == (0, 0)


def test_small_steps_within_two_seconds_are_slewed() -> None:
    wall = WallMap()
    feed(wall, 0, 30)
    assert not any(feed(wall, 30, 60, step_us=-1_900_000))
    assert wall.epoch == 0
    assert offset(wall) in range(-15_100, -14_800)
