"""How a media node's processes and its machine are, as the node tells control (`nodeprotocol.Vitals`)."""

from contextlib import suppress
from typing import Final

import psutil

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.nodeprotocol import Vitals

MAX_CHILDREN: Final = 64


class VitalSigns:
    """Reads them; what is measured counts from the reading before. One per process."""

    def __init__(self, version: str, clock: Clock) -> None:
        self._version = version
        self._clock = clock
        self._started_at = clock.utc()
        self._own = psutil.Process()
        self._children: dict[int, psutil.Process] = {}
        self._own.cpu_percent(None)
        psutil.cpu_percent(None)

    def read(self) -> Vitals:
        """Return how it is now. A decoder that has just begun counts from the next reading on."""
        self._look_for_children()
        cpu_percent, memory_bytes = 0.0, 0
        for process in (self._own, *self._children.values()):
            with suppress(psutil.Error):  # it has just ended
                cpu_percent += process.cpu_percent(None)
                memory_bytes += process.memory_info().rss
        host = psutil.virtual_memory()
        return Vitals(
            version=self._version,
            started_at=self._started_at,
            cpu_percent=round(cpu_percent, 1),
            memory_bytes=memory_bytes,
            host_cores=psutil.cpu_count() or 1,
            host_used_percent=min(100.0, max(0.0, psutil.cpu_percent(None))),
            host_memory_bytes=host.total,
            host_memory_free_bytes=host.available,
        )

    def _look_for_children(self) -> None:
        found: dict[int, psutil.Process] = {}
        with suppress(psutil.Error):
            for child in self._own.children(recursive=True)[:MAX_CHILDREN]:
                found[child.pid] = self._children.get(child.pid, child)
        self._children = found
