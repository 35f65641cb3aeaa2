import asyncio
import itertools

from brightkitchen.kernel.clock import ManualClock, settle
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.tasks import Supervisor, back_off_s


class Low:
    """Always draws the lowest number."""

    def token_bytes(self, size_bytes: int) -> bytes:
        return bytes(size_bytes)

    def uniform(self, low: float, high: float) -> float:
        return low


class High(Low):
    def uniform(self, low: float, high: float) -> float:
        return high


def test_back_off_grows_and_stops_at_the_longest() -> None:
    assert [back_off_s(n, High(), first_s=1, longest_s=30) for n in (1, 2, 3, 5, 6, 60)] == [1, 2, 4, 16, 30, 30]


def test_back_off_jitter_never_falls_below_a_tenth() -> None:
    assert back_off_s(3, Low(), first_s=1, longest_s=30) == 0.4


def test_back_off_of_a_crowd_is_spread() -> None:
    entropy = SeededEntropy(1)
    waits = sorted(back_off_s(1, entropy, first_s=10) for _ in range(200))
    assert max(later - sooner for sooner, later in itertools.pairwise(waits)) < 1
    assert waits[-1] - waits[0] > 8


async def test_supervisor_task_that_fails_is_started_again_after_back_off() -> None:
    clock = ManualClock()
    supervisor = Supervisor(clock, High())
    started: list[float] = []

    async def fail() -> None:
        started.append(clock.mono_s())
        raise RuntimeError("broken on purpose")

    supervisor.keep("worker", fail)
    await clock.advance(4)
    assert started == [0, 0.5, 1.5, 3.5]
    assert supervisor.failures == {"worker": 4}
    await supervisor.close()


async def test_supervisor_task_healthy_for_long_begins_with_the_short_back_off() -> None:
    clock = ManualClock()
    supervisor = Supervisor(clock, High())
    started: list[float] = []

    async def work_then_fail() -> None:
        started.append(clock.mono_s())
        await clock.sleep(100)
        raise RuntimeError("broken on purpose")

    supervisor.keep("worker", work_then_fail)
    await clock.advance(202)
    assert started == [0, 100.5, 201]
    await supervisor.close()


async def test_supervisor_closed_ends_every_task() -> None:
    clock = ManualClock()
    supervisor = Supervisor(clock, High())
    ended = asyncio.Event()

    async def wait() -> None:
        try:
            await clock.sleep(1000)
        finally:
            ended.set()

    supervisor.keep("a", wait)
    supervisor.start("b", clock.sleep(1000))
    await settle()
    assert len(supervisor) == 2
    await supervisor.close()
    assert ended.is_set()
    assert len(supervisor) == 0


async def test_supervisor_single_task_failure_is_counted_not_raised() -> None:
    supervisor = Supervisor(ManualClock(), High())

    async def fail() -> None:
        raise ValueError("broken on purpose")

    supervisor.start("once", fail())
    await settle()
    assert supervisor.failures == {"once": 1}
    assert len(supervisor) == 0
