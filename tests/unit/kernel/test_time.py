import asyncio

import pytest

from brightkitchen.kernel.clock import ManualClock, SystemClock, settle, wait_until
from brightkitchen.kernel.units import Utc, format_utc, parse_utc, ticks_to_us, us_to_ticks


def test_utc_text_and_back_is_the_same_instant() -> None:
    at = Utc(1_795_392_067_320_001)
    assert format_utc(at) == "2026-11-23T00:01:07.320001Z"
    assert parse_utc(format_utc(at)) == at


def test_parse_utc_with_offset_is_converted() -> None:
    assert parse_utc("2026-11-23T08:01:07.32+08:00") == 1_795_392_067_320_000


@pytest.mark.parametrize("text", ["2026-11-23T08:01:07", "yesterday", "", "2026-13-01T00:00:00Z"])
def test_parse_utc_without_meaning_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_utc(text)


def test_ticks_and_microseconds_convert_both_ways() -> None:
    assert (ticks_to_us(90_000), us_to_ticks(1_000_000), ticks_to_us(-9), us_to_ticks(40_000)) == (
        1_000_000,
        90_000,
        -100,
        3600,
    )


async def test_manual_clock_sleepers_wake_in_order_at_their_moments() -> None:
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, duration_s: float) -> None:
        await clock.sleep(duration_s)
        woken.append((name, clock.mono_s()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 3))
        group.create_task(sleeper("soon", 1))
        await clock.advance(2)
        assert woken == [("soon", 1)]
        await clock.advance(2)
    assert woken == [("soon", 1), ("late", 3)]


async def test_manual_clock_wall_step_moves_wall_time_alone() -> None:
    clock = ManualClock()
    before = clock.utc()
    clock.step_utc(-5_000_000)
    assert (clock.utc() - before, float(clock.mono_s())) == (-5_000_000, 0.0)


async def test_manual_clock_zero_sleep_yields_once() -> None:
    clock = ManualClock()
    await clock.sleep(0)
    clock.jump(1.5)
    await settle()
    assert clock.mono_s() == 1.5


async def test_system_clock_never_steps_back() -> None:
    clock = SystemClock()
    first = clock.mono_s()
    await clock.sleep(-1)
    assert clock.mono_s() >= first
    assert clock.utc() > 1_700_000_000_000_000


async def test_wait_until_condition_never_holds_gives_up_at_the_timeout() -> None:
    clock = ManualClock()
    waiting = asyncio.create_task(wait_until(lambda: False, clock, timeout_s=1))
    await clock.advance(2)
    assert await waiting is False
    assert await wait_until(lambda: True, clock, timeout_s=1) is True
