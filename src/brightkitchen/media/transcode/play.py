"""A recording as H.264, for one player (docs/design/media-path.md §4.7): what it asks for, stretch by stretch, through one worker."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.media.transcode.coding import Coding
from brightkitchen.media.transcode.slots import Slot, Slots
from brightkitchen.wire.au import AccessUnit, VideoFormat

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Transcoded:
    """format: of all the pictures, the first of which is a key frame."""

    format: VideoFormat
    pictures: tuple[AccessUnit, ...]


class PlayTranscode:
    """Keeps a worker between two questions of its player. The newest question counts: those before it end."""

    def __init__(
        self,
        key: StreamKey,
        *,
        owner: str,
        slots: Slots,
        open_coding: Callable[[StreamKey], Coding],
        on_unused: Callable[[], object],
    ) -> None:
        self._key = key
        self._owner = owner
        self._slots = slots
        self._open_coding = open_coding
        self._on_unused = on_unused
        self._slot: Slot | None = None
        self._coding: Coding | None = None
        self._turn = 0
        self._busy = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The worker's process; None while none runs."""
        return self._coding.pid if self._coding is not None else None

    async def transcode(
        self,
        format: VideoFormat,
        batches: AsyncIterator[list[AccessUnit]],
        *,
        from_pts: int | None = None,
        is_all_keys: bool = False,
    ) -> AsyncGenerator[Transcoded]:
        """Yield what the batches become, in order. from_pts: what is shown earlier is decoded only.

        is_all_keys: each picture can be shown without those before it.
        raises: EXHAUSTED media.transcode_full, UNAVAILABLE media.transcode_off, before the first; UNAVAILABLE
        media.transcode_failed; CONFLICT media.transcode_superseded once the player asked for something else.
        """
        self._turn += 1
        turn = self._turn
        coding = self._take()
        try:
            await self._ask(turn, coding, lambda: coding.open(format, is_all_keys=is_all_keys))
            async for batch in batches:
                if done := await self._feed(turn, coding, batch, from_pts):
                    yield done
            if done := await self._feed(turn, coding, [], from_pts, is_last=True):
                yield done
        finally:
            if turn == self._turn and self._slot is not None:
                self._slots.rest(self._slot, is_yielding=False)

    def close(self) -> None:
        """The player is gone."""
        self._turn += 1
        if self._slot is not None:
            self._slots.end(self._slot)

    async def _feed(
        self, turn: int, coding: Coding, units: list[AccessUnit], from_pts: int | None, *, is_last: bool = False
    ) -> Transcoded | None:
        pictures = await self._ask(turn, coding, lambda: coding.feed(units, from_pts=from_pts, is_last=is_last))
        return Transcoded(coding.format, tuple(pictures)) if pictures and coding.format is not None else None

    async def _ask(self, turn: int, coding: Coding, question: Callable[[], Awaitable[_T]]) -> _T:
        async with self._busy:
            if turn != self._turn or coding is not self._coding:
                raise BrightKitchenError(Kind.CONFLICT, "media.transcode_superseded")
            try:
                return await question()
            except BrightKitchenError as cause:
                raise BrightKitchenError(Kind.UNAVAILABLE, "media.transcode_failed") from cause

    def _take(self) -> Coding:
        if self._slot is not None and self._coding is not None:
            self._slots.wake(self._slot)
            return self._coding
        try:
            self._slot = self._slots.take(f"play {self._key}", self._on_slot_end, owner=self._owner)
        except BrightKitchenError:
            self._on_unused()
            raise
        self._coding = self._open_coding(self._key)
        return self._coding

    def _on_slot_end(self) -> None:
        if self._coding is not None:
            self._coding.close()
        self._slot = self._coding = None
        self._on_unused()
