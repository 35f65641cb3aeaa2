"""Proofs of deletions on their way to control: on the node's disk until control has them in its audit (docs/design/recording-plan.md §4)."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.nodeprotocol import Deletions
from brightkitchen.kernel.recordingplan import DeletedRange

MAX_BATCH: Final = 500
RESEND_S: Final = 30.0


class ProofRows(Protocol):
    """`store.keeper.Keeper`, as it is used here: reads and writes the disk."""

    def load_proofs(self, limit: int) -> list[tuple[int, DeletedRange]]: ...

    def drop_proofs(self, numbers: Sequence[int]) -> None: ...


class DeletionReports:
    """One message at a time, until control answers it; a proof sent twice is known by its id."""

    def __init__(self, rows: ProofRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._sent: tuple[int, tuple[int, ...], float] | None = None  # request, numbers of its rows, when
        self._last_request = 0

    async def take(self) -> Deletions | None:
        """Return the oldest proofs, to be sent; None if there are none, or if those sent last may still be answered.

        raises: OSError, sqlite3.Error.
        """
        now_s = self._clock.mono_s()
        if self._sent is not None and now_s - self._sent[2] < RESEND_S:
            return None
        found = await asyncio.to_thread(self._rows.load_proofs, MAX_BATCH)
        if not found:
            return None
        self._last_request += 1
        self._sent = (self._last_request, tuple(number for number, _ in found), now_s)
        return Deletions(request=self._last_request, ranges=tuple(proof for _, proof in found))

    async def keep(self, request: int) -> bool:
        """Control has written that message: forget its proofs. Return whether it was the one that waits.

        raises: OSError, sqlite3.Error.
        """
        if self._sent is None or self._sent[0] != request:
            return False
        await asyncio.to_thread(self._rows.drop_proofs, self._sent[1])
        self._sent = None
        return True

    def forget_sending(self) -> None:
        """The line broke: what was sent may not have arrived, and will be sent again."""
        self._sent = None
