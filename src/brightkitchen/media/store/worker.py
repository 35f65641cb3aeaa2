"""A thread that takes lists of work in order. A stalled disk stalls such a thread, never the event loop."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Worker(Generic[T]):
    """Calls `handle` with everything that has been put since the last call, on its own thread.

    gather_s: how long to collect after the first piece of work, to do more of it at once.
    The bound on what waits is the caller's: `handle` frees memory, `put` never blocks.
    """

    def __init__(self, name: str, handle: Callable[[list[T]], None], *, gather_s: float = 0.0) -> None:
        self._queue: queue.SimpleQueue[list[T] | threading.Event | None] = queue.SimpleQueue()
        self._handle = handle
        self._gather_s = gather_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def put(self, work: list[T]) -> None:
        self._queue.put(work)

    def wait_idle(self, timeout_s: float) -> bool:
        """Return True when all that was put before this call is done, False if that took longer."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """Finish all that was put, then end. Return False if that took longer than `timeout_s`."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        is_ending = False
        while not is_ending:
            first = self._queue.get()
            if self._gather_s > 0 and isinstance(first, list):
                self._stopping.wait(self._gather_s)
            work: list[T] = []
            waiting: list[threading.Event] = []
            for some in (first, *self._drain()):
                if some is None:
                    is_ending = True
                elif isinstance(some, threading.Event):
                    waiting.append(some)
                else:
                    work.extend(some)
            self._handle(work)
            for done in waiting:
                done.set()

    def _drain(self) -> list[list[T] | threading.Event | None]:
        taken: list[list[T] | threading.Event | None] = []
        while True:
            try:
                taken.append(self._queue.get_nowait())
            except queue.Empty:
                return taken
