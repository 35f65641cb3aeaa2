"""When what is sent: one timer for every track of every camera."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from brightkitchen_sim.clock import Clock

_EARLY_S = 0.0005  # send what falls due within this time in the same turn


class Pacer:
    """Calls each job at its own moments. A job returns when it wants to be called next, or None when it is done.

    Moments are absolute monotonic seconds, so lateness of one turn never moves the next one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: list[tuple[float, int, Callable[[float], float | None]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for_s = 0.0
        self._running = False

    def add(self, due_s: float, job: Callable[[float], float | None]) -> None:
        """Call `job(due_s)` at `due_s`."""
        heapq.heappush(self._queue, (due_s, next(self._order), job))
        if not self._running:
            self._arm()

    def run_due(self) -> None:
        """Call every job that is due."""
        queue = self._queue
        self._running = True
        try:
            limit_s = self._clock.mono_s() + _EARLY_S
            while queue and queue[0][0] <= limit_s:
                due_s, order, job = queue[0]
                next_due_s = job(due_s)
                if next_due_s is None:
                    self._remove(order)
                elif queue[0][1] == order:
                    heapq.heapreplace(queue, (next_due_s, order, job))
                else:  # the job added something that comes before itself
                    self._remove(order)
                    heapq.heappush(queue, (next_due_s, order, job))
        finally:
            self._running = False

    def close(self) -> None:
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _remove(self, order: int) -> None:
        if self._queue and self._queue[0][1] == order:
            heapq.heappop(self._queue)
            return
        self._queue[:] = [entry for entry in self._queue if entry[1] != order]
        heapq.heapify(self._queue)

    def _arm(self) -> None:
        if not self._queue:
            return
        due_s = self._queue[0][0]
        if self._timer is not None:
            if self._armed_for_s <= due_s:
                return
            self._timer.cancel()
        self._armed_for_s = due_s
        self._timer = asyncio.get_running_loop().call_later(max(0.0, due_s - self._clock.mono_s()), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.run_due()
        self._arm()
