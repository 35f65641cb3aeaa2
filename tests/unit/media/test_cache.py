import asyncio

import pytest

from brightkitchen.kernel.clock import settle
from brightkitchen.media.cache import ByteCache, SingleFlight


def test_cache_forgets_the_least_recently_used_beyond_its_bytes() -> None:
    cache = ByteCache(10)
    cache.put("a", b"1234")
    cache.put("b", b"1234")
    assert cache.get("a") == b"1234"
    cache.put("c", b"1234")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"1234", None, b"1234")
    cache.put("a", b"1")
    assert cache.size_bytes == 5
    cache.put("huge", b"x" * 11)
    assert cache.get("huge") is None


async def test_single_flight_asks_once_and_survives_a_caller_that_leaves() -> None:
    flights: SingleFlight[int] = SingleFlight()
    asked = 0
    land = asyncio.Event()

    async def work() -> int:
        nonlocal asked
        asked += 1
        await land.wait()
        return asked

    leaving, staying = (asyncio.create_task(flights.ask("q", work)) for _ in range(2))
    await settle()
    leaving.cancel()
    await settle()
    land.set()
    assert await staying == 1
    assert await flights.ask("q", work) == 2


async def test_single_flight_error_reaches_everybody() -> None:
    flights: SingleFlight[int] = SingleFlight()

    async def work() -> int:
        raise ValueError("no")

    for answer in await asyncio.gather(*(flights.ask("q", work) for _ in range(3)), return_exceptions=True):
        assert isinstance(answer, ValueError)
    with pytest.raises(ValueError, match="no"):
        await flights.ask("q", work)
