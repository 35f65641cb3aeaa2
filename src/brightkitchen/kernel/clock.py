"""The one place that reads clocks. Everything else is handed a `Clock`."""

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Protocol

from brightkitchen.kernel.units import US_PER_S, Mono, Utc


class Clock(Protocol):
    """Wall time, monotonic time and waiting."""

    def utc(self) -> Utc:
        """Return the wall clock, microseconds since 1970; may step when the host is corrected."""

    def mono_s(self) -> Mono:
        """Return seconds that never step back; the only base for timeouts."""

    async def sleep(self, duration_s: float) -> None:
        """Return after `duration_s` seconds of monotonic time (at once if it is not positive)."""


class SystemClock:
    """The host's clocks."""

    def utc(self) -> Utc:
        return Utc(time.time_ns() // 1000)

    def mono_s(self) -> Mono:
        return Mono(time.monotonic())

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(max(0.0, duration_s))


_TEST_START_AT = Utc(1_795_392_000 * US_PER_S)  # 2026-11-23T00:00:00Z


class ManualClock:
    """A clock that moves only when a test says so. Sleepers wake in the order of their deadlines."""

    def __init__(self, start_at: Utc = _TEST_START_AT) -> None:
        self._utc = start_at
        self._mono_us = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def utc(self) -> Utc:
        return self._utc

    def mono_s(self) -> Mono:
        return Mono(self._mono_us / US_PER_S)

    async def sleep(self, duration_s: float) -> None:
        if duration_s <= 0:
            await _yield_once()
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._mono_us + int(duration_s * US_PER_S), self._count, woken))
        await woken

    def step_utc(self, delta_us: int) -> None:
        """Move the wall clock alone, as an administrator or NTP would."""
        self._utc = Utc(self._utc + delta_us)

    def jump(self, duration_s: float) -> None:
        """Move both clocks forward without letting anybody run (for code that is not async)."""
        self._mono_us += int(duration_s * US_PER_S)
        self._utc = Utc(self._utc + int(duration_s * US_PER_S))

    async def advance(self, duration_s: float) -> None:
        """Move both clocks forward, waking each sleeper at its own moment and letting it run."""
        end = self._mono_us + int(duration_s * US_PER_S)
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            self._move_to(due)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._move_to(end)
        await settle()

    def _move_to(self, mono_us: int) -> None:
        step = max(0, mono_us - self._mono_us)
        self._mono_us += step
        self._utc = Utc(self._utc + step)


async def settle(rounds: int = 20) -> None:
    """Let every task that can run do so, `rounds` times round the loop. For tests with a `ManualClock`."""
    for _ in range(rounds):
        await _yield_once()


async def _yield_once() -> None:
    await asyncio.sleep(0)


async def wait_until(condition: Callable[[], bool], clock: Clock, *, timeout_s: float, step_s: float = 0.02) -> bool:
    """Return True as soon as `condition()` holds, False when `timeout_s` have passed without."""
    deadline = clock.mono_s() + timeout_s
    while not condition():
        if clock.mono_s() >= deadline:
            return False
        await clock.sleep(step_s)
    return True
