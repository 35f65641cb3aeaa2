import pytest
from tests.unit.sim.stepclock import StepClock

from brightkitchen_sim.server.pacer import Pacer


class Ticker:
    """Wants to be called every `interval_s`, `left` times; remembers when it was meant to be."""

    def __init__(self, interval_s: float, left: int = 1000) -> None:
        self._interval_s = interval_s
        self._left = left
        self.moments: list[float] = []

    def __call__(self, due_s: float) -> float | None:
        self.moments.append(due_s)
        self._left -= 1
        return due_s + self._interval_s if self._left else None


async def test_jobs_run_at_their_moments_and_late_turns_move_nothing() -> None:
    clock = StepClock(mono_s=0.0)
    pacer = Pacer(clock)
    fast, slow = Ticker(0.25), Ticker(1.0)
    pacer.add(0.0, fast)
    pacer.add(0.5, slow)
    for step_s in (0.0, 0.25, 1.3, 0.2):
        clock.advance(step_s)
        pacer.run_due()
    assert fast.moments == [0.25 * i for i in range(8)]
    assert slow.moments == [0.5, 1.5]
    pacer.close()


async def test_job_that_is_done_is_not_called_again() -> None:
    clock = StepClock(mono_s=0.0)
    pacer = Pacer(clock)
    short, long = Ticker(0.1, left=2), Ticker(0.1)
    pacer.add(0.0, short)
    pacer.add(0.0, long)
    clock.advance(1.0)
    pacer.run_due()
    assert len(short.moments) == 2
    assert len(long.moments) == 11
    pacer.close()


async def test_job_added_by_a_job_runs_in_order() -> None:
    clock = StepClock(mono_s=10.0)
    pacer = Pacer(clock)
    calls: list[str] = []

    def added(due_s: float) -> float | None:
        calls.append("added")
        return None

    def adding(due_s: float) -> float | None:
        calls.append("adding")
        if len(calls) == 1:
            pacer.add(due_s - 1.0, added)
        return due_s + 1.0

    pacer.add(9.0, adding)
    pacer.run_due()
    assert calls == ["adding", "added", "adding"]
    pacer.close()


@pytest.mark.parametrize("delay_s", [0.0, 0.01])
async def test_pacer_left_alone_wakes_itself(delay_s: float) -> None:
    import asyncio

    from brightkitchen_sim.clock import SystemClock

    clock = SystemClock()
    pacer = Pacer(clock)
    ran = asyncio.Event()

    def job(due_s: float) -> float | None:
        ran.set()
        return None

    pacer.add(clock.mono_s() + delay_s, job)
    await asyncio.wait_for(ran.wait(), 5)
    pacer.close()
