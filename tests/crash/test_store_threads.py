"""The store's two threads: order, waiting, and a disk that does not answer."""

import threading
from pathlib import Path

from tests.crash.test_store_crash import KEYS, append, begin, check_invariants
from tests.media_synthetic import START_AT

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.commands import Close
from brightkitchen.media.store.files import RealFiles
from brightkitchen.media.store.model import EndReason
from brightkitchen.media.store.store import Store
from brightkitchen.media.store.worker import Worker


class HangingFiles(RealFiles):
    """Hangs in `sync_data` until it is let go; `is_full` says so to the writing thread."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.go_on = threading.Event()
        self.is_full = False

    def sync_data(self, fd: int) -> None:
        self.go_on.wait(10)
        super().sync_data(fd)

    def space(self) -> tuple[int, int]:
        total, free = super().space()
        return total, 0 if self.is_full else free


def test_worker_does_everything_in_order_before_it_ends() -> None:
    done: list[int] = []
    worker: Worker[int] = Worker("test", done.extend, gather_s=0.01)
    worker.start()
    for number in range(0, 100, 2):
        worker.put([number, number + 1])
    assert worker.wait_idle(5)
    assert done == list(range(100))
    worker.put([100])
    assert worker.stop(5)
    assert (done[-1], worker.is_alive) == (100, False)


def test_hanging_sync_holds_back_neither_appends_nor_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    files = HangingFiles(folder)
    store = Store.open(folder, ManualClock(), files=files, reserve_bytes=0, commit_every_s=0.0)
    store.start()
    first, second = begin(KEYS[0], 0), begin(KEYS[1], 0)
    one = append(first, 0)
    store.submit([one, Close(first, EndReason.FULL)], one.size_bytes)
    two = append(second, 0)
    store.submit([two], two.size_bytes)
    assert store.wait_written(5)
    assert (store.queued_bytes, store.has_room, store.is_alive) == (0, True, True)
    assert [info.frames for info in store.segments_between(KEYS[1], START_AT, Utc(START_AT * 2))] == [25]
    assert not store.wait_idle(0.1)
    assert not store.close(0.2)
    files.go_on.set()
    for thread in threading.enumerate():
        if thread.name == "bk-index":
            thread.join(5)
    assert not store.is_alive
    assert check_invariants(folder) == 50


def test_failures_are_handed_over_once(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    files = HangingFiles(folder)
    files.is_full = True
    files.go_on.set()
    store = Store.open(folder, ManualClock(), files=files, reserve_bytes=1)
    store.start()
    command = append(begin(KEYS[0], 0), 0)
    store.submit([command], command.size_bytes)
    assert store.wait_written(5)
    assert [failure.reason for failure in store.take_failures()] == [EndReason.DISK_FULL]
    assert (store.take_failures(), store.has_room) == ([], False)
    assert store.close()
