"""How many cameras may be in the middle of connecting at once, over all sources of a node."""

import asyncio
from types import TracebackType


class ConnectLimiter:
    """A fair gate: at most `in_flight` connects between TCP and the answer to PLAY, the others wait in order."""

    def __init__(self, in_flight: int = 16) -> None:
        self._gate = asyncio.Semaphore(in_flight)

    async def __aenter__(self) -> None:
        await self._gate.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate.release()
