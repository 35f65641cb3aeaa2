"""A small memory of finished answers, bounded in bytes, the least recently used forgotten first; and one flight per question."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class ByteCache:
    """Keeps at most `limit_bytes` of values."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._values: OrderedDict[Hashable, bytes] = OrderedDict()
        self.size_bytes = 0

    def get(self, name: Hashable) -> bytes | None:
        value = self._values.get(name)
        if value is not None:
            self._values.move_to_end(name)
        return value

    def put(self, name: Hashable, value: bytes) -> None:
        """Keep `value`; one that is too big for the whole cache is not kept."""
        old = self._values.pop(name, None)
        if old is not None:
            self.size_bytes -= len(old)
        if len(value) > self._limit_bytes:
            return
        self._values[name] = value
        self.size_bytes += len(value)
        while self.size_bytes > self._limit_bytes:
            _, dropped = self._values.popitem(last=False)
            self.size_bytes -= len(dropped)


class SingleFlight(Generic[Answer]):
    """Has each question asked once at a time; everybody who asks it meanwhile gets the same answer or error."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[Answer]] = {}

    async def ask(self, name: Hashable, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the answer; a caller who goes away does not take it from the others."""
        flight = self._flights.get(name)
        if flight is None:
            flight = asyncio.ensure_future(self._run(work))  # owned by `_flights` until it lands
            self._flights[name] = flight
            flight.add_done_callback(lambda done: self._land(name, done))
        return await asyncio.shield(flight)

    async def _run(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        return await work()

    def _land(self, name: Hashable, done: asyncio.Task[Answer]) -> None:
        self._flights.pop(name, None)
        if not done.cancelled():
            done.exception()  # seen, even if every caller went away
