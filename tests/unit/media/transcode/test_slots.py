import pytest

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.transcode.slots import IDLE_S, Slot, Slots


class Bench:
    def __init__(self, limit: int) -> None:
        self.clock = ManualClock()
        self.slots = Slots(limit, self.clock, Supervisor(self.clock, SeededEntropy(1)))
        self.ended: list[str] = []

    def take(self, name: str, owner: str = "") -> Slot:
        return self.slots.take(name, lambda: self.ended.append(name), owner=owner)


async def test_take_beyond_the_limit_is_refused_and_counted() -> None:
    bench = Bench(2)
    bench.take("one")
    bench.take("two")
    with pytest.raises(BrightKitchenError) as refused:
        bench.take("three")
    assert (refused.value.kind, refused.value.code) == (Kind.EXHAUSTED, "media.transcode_full")
    assert refused.value.params == {"limit": 2}
    assert (len(bench.slots), bench.slots.refused, bench.ended) == (2, 1, [])


async def test_take_where_nothing_is_transcoded_says_that_it_is_off() -> None:
    with pytest.raises(BrightKitchenError) as refused:
        Bench(0).take("one")
    assert refused.value.code == "media.transcode_off"


async def test_rest_ends_after_its_time_unless_woken() -> None:
    bench = Bench(2)
    kept = bench.take("kept")
    left = bench.take("left")
    bench.slots.rest(kept, is_yielding=True)
    bench.slots.rest(left, is_yielding=True)
    await bench.clock.advance(IDLE_S - 1)
    assert bench.ended == []
    bench.slots.wake(kept)
    await bench.clock.advance(2)
    assert (bench.ended, len(bench.slots), left.is_open) == (["left"], 1, False)
    await bench.clock.advance(10 * IDLE_S)
    assert bench.ended == ["left"]


async def test_take_gets_the_place_that_rests_the_longest() -> None:
    bench = Bench(3)
    slots = [bench.take(str(number)) for number in range(3)]
    bench.slots.rest(slots[1], is_yielding=True)
    bench.slots.rest(slots[0], is_yielding=True)
    bench.take("new")
    assert bench.ended == ["1"]
    bench.take("newer")
    assert bench.ended == ["1", "0"]
    with pytest.raises(BrightKitchenError):
        bench.take("newest")


async def test_take_leaves_a_player_that_pauses_its_place_but_not_to_its_own_session() -> None:
    bench = Bench(1)
    slot = bench.take("play", "s1")
    bench.slots.rest(slot, is_yielding=False)
    for owner in ("s2", ""):
        with pytest.raises(BrightKitchenError):
            bench.take("other", owner)
    bench.take("again", "s1")
    assert bench.ended == ["play"]
    with pytest.raises(BrightKitchenError):  # it does not rest now
        bench.take("third", "s1")


async def test_end_is_told_once() -> None:
    bench = Bench(1)
    slot = bench.take("one")
    bench.slots.rest(slot, is_yielding=True)
    bench.slots.end(slot)
    bench.slots.end(slot)
    bench.slots.rest(slot, is_yielding=True)
    bench.slots.wake(slot)
    await bench.clock.advance(2 * IDLE_S)
    assert (bench.ended, len(bench.slots)) == (["one"], 0)
