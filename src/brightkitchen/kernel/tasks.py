"""The supervisor: the only place that may catch everything. It logs, counts and restarts with back-off and jitter.

A task either belongs to a `TaskGroup` or to a `Supervisor`; nobody calls `create_task` and forgets.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.log import get_logger

log = get_logger(__name__)

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
HEALTHY_AFTER_S: Final = 60.0


def back_off_s(
    attempt: int, entropy: Entropy, *, first_s: float = FIRST_DELAY_S, longest_s: float = LONGEST_DELAY_S
) -> float:
    """Return how long to wait before try number `attempt` (1 = the first repetition): doubling, with full jitter.

    Never less than a tenth of the ceiling, so that a crowd spreads out and yet nobody hammers.
    """
    ceiling = min(longest_s, first_s * 2.0 ** min(attempt - 1, 20))
    return entropy.uniform(0.1 * ceiling, ceiling)


class Supervisor:
    """Owns background tasks: keeps the lasting ones running, and ends all of them together."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._tasks: set[asyncio.Task[None]] = set()
        self.failures: dict[str, int] = {}

    def keep(self, name: str, make: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run `make()` for ever: when it fails or returns, log it and start it again after a back-off."""
        return self._start(name, self._keep(name, make))

    def start(self, name: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` once in the background; a failure is logged and counted, not raised."""
        task = self._start(name, self._once(name, work))
        task.add_done_callback(
            lambda _: work.close()
        )  # cancelled before its first step, it would warn that nobody ran it
        return task

    def __len__(self) -> int:
        return len(self._tasks)

    async def finish(self) -> None:
        """Wait until everything that is under way now has ended by itself; lasting tasks never do."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def close(self, timeout_s: float = 5.0) -> None:
        """Cancel everything and wait until it has ended, at most `timeout_s`."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _done, left = await asyncio.wait(tasks, timeout=timeout_s)
            for task in left:
                log.error("task did not end", task=task.get_name(), timeout_s=timeout_s)

    def _start(self, name: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _once(self, name: str, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception:
            self._count(name)

    async def _keep(self, name: str, make: Callable[[], Awaitable[None]]) -> None:
        attempt = 0
        while True:
            started_s = self._clock.mono_s()
            try:
                await make()
                log.warning("task returned", task=name)
            except Exception:
                self._count(name)
            attempt = 1 if self._clock.mono_s() - started_s >= HEALTHY_AFTER_S else attempt + 1
            await self._clock.sleep(back_off_s(attempt, self._entropy))

    def _count(self, name: str) -> None:
        self.failures[name] = self.failures.get(name, 0) + 1
        log.exception("task failed", task=name, failures=self.failures[name])
