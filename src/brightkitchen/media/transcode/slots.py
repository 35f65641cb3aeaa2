"""How many streams a node transcodes at once, and who must wait (docs/design/media-path.md §4.7). Nothing here knows of pictures.

A place is taken, rests while nobody needs it, and ends `IDLE_S` later; a live stream's place that rests is given up at once to somebody
who needs one. A recording's is kept, for between two stretches of a recording a player pauses; only its own session may have it instead.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.tasks import Supervisor

IDLE_S: Final = 15.0


class Slot:
    """One place. on_end is called once, when it is over. owner: a session, "" for a stream that many watch."""

    __slots__ = ("is_open", "is_yielding", "name", "on_end", "owner", "resting")

    def __init__(self, name: str, on_end: Callable[[], None], owner: str) -> None:
        self.name = name
        self.owner = owner
        self.on_end = on_end
        self.is_open = True
        self.is_yielding = False
        self.resting: asyncio.Task[None] | None = None


class Slots:
    """The places of a node. limit: 0 = nothing is transcoded here."""

    def __init__(self, limit: int, clock: Clock, supervisor: Supervisor) -> None:
        self.limit = limit
        self.refused = 0
        self._clock = clock
        self._supervisor = supervisor
        self._slots: list[Slot] = []  # in the order in which they began to rest, or were taken

    def __len__(self) -> int:
        return len(self._slots)

    def take(self, name: str, on_end: Callable[[], None], *, owner: str = "") -> Slot:
        """Return a place, if need be that of the stream which rests the longest.

        raises: UNAVAILABLE media.transcode_off; EXHAUSTED media.transcode_full.
        """
        if self.limit == 0:
            self.refused += 1
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.transcode_off")
        if len(self._slots) >= self.limit:
            resting = next((slot for slot in self._slots if slot.is_yielding or _is_own(slot, owner)), None)
            if resting is None:
                self.refused += 1
                raise BrightKitchenError(Kind.EXHAUSTED, "media.transcode_full", limit=self.limit)
            self.end(resting)
        slot = Slot(name, on_end, owner)
        self._slots.append(slot)
        return slot

    def rest(self, slot: Slot, *, is_yielding: bool) -> None:
        """Nobody needs the place now: it ends in `IDLE_S`, or at once if it yields and another is asked for."""
        if not slot.is_open:
            return
        self._wake(slot)
        slot.is_yielding = is_yielding
        self._slots.remove(slot)
        self._slots.append(slot)
        slot.resting = self._supervisor.start(f"transcode idle {slot.name}", self._end_later(slot))

    def wake(self, slot: Slot) -> None:
        """The place is needed again. Harmless if it has ended, or did not rest."""
        if slot.is_open:
            self._wake(slot)

    def end(self, slot: Slot) -> None:
        """Give the place back now; harmless if it has ended."""
        if not slot.is_open:
            return
        slot.is_open = False
        self._wake(slot)
        self._slots.remove(slot)
        slot.on_end()

    def _wake(self, slot: Slot) -> None:
        slot.is_yielding = False
        resting, slot.resting = slot.resting, None
        if resting is not None:
            resting.cancel()

    async def _end_later(self, slot: Slot) -> None:
        await self._clock.sleep(IDLE_S)
        slot.resting = None
        self.end(slot)


def _is_own(slot: Slot, owner: str) -> bool:
    """True for a place that rests and belongs to this session: whoever reloads a page need not wait for what it has left."""
    return bool(owner) and slot.owner == owner and slot.resting is not None
