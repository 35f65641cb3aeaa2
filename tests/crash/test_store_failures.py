"""A disk that is full, refuses, or tears: what was written stays, what failed is said, and it goes on afterwards."""

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import xxhash
from tests.crash.test_store_crash import KEYS, append, begin, check_invariants, count_listed, late_sound, prepare
from tests.media_synthetic import START_AT

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.appender import Appender
from brightkitchen.media.store.closer import Closer
from brightkitchen.media.store.commands import Close, GapEnd, GapStart
from brightkitchen.media.store.files import RealFiles
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, SegmentLabel, open_names, parse_label
from brightkitchen.media.store.model import EndReason, Fragment
from brightkitchen.media.store.opened import OpenSegments
from brightkitchen.media.store.samples import read_head, read_samples, scan_whole
from brightkitchen.media.store.store import Store
from brightkitchen.media.store.volumes import Volumes


class RefusingFiles(RealFiles):
    """Refuses the named operation with an error number while one is set."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.refuse: dict[str, int] = {}

    def _look(self, name: str) -> None:
        if name in self.refuse:
            raise OSError(self.refuse[name], os.strerror(self.refuse[name]))

    def create(self, names: tuple[str, ...]) -> int:
        self._look("create")
        return super().create(names)

    def write_at(self, fd: int, buffers: Sequence[bytes], offset: int) -> None:
        if "write" in self.refuse:
            super().write_at(fd, [b"".join(buffers)[:100]], offset)
        self._look("write")
        super().write_at(fd, buffers, offset)

    def truncate(self, fd: int, size_bytes: int) -> None:
        self._look("truncate")
        super().truncate(fd, size_bytes)

    def sync_data(self, fd: int) -> None:
        self._look("sync")
        super().sync_data(fd)

    def rename(self, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        self._look("rename")
        super().rename(old, new)

    def space(self) -> tuple[int, int]:
        self._look("free")
        return super().space()


class Bench:
    def __init__(self, folder: Path, index: Index, *, reserve_bytes: int = 0) -> None:
        self.folder = folder
        self.files = RefusingFiles(folder)
        self.opened = OpenSegments()
        self.volumes = Volumes.of(self.files, reserve_bytes=reserve_bytes)
        self.closer = Closer(self.volumes, index, self.opened)
        self.appender = Appender(self.volumes, self.opened, pass_on=self.closer.handle)


@contextmanager
def standing(folder: Path, *, reserve_bytes: int = 0) -> Iterator[Bench]:
    prepare(folder)
    with closing(Index(folder / "index.sqlite3")) as index:
        bench = Bench(folder, index, reserve_bytes=reserve_bytes)
        yield bench
        bench.files.close_root()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, EndReason.DISK_FULL),
        (errno.EDQUOT, EndReason.DISK_FULL),
        (errno.EIO, EndReason.DISK_ERROR),
        (errno.EROFS, EndReason.DISK_ERROR),
        (errno.ENODEV, EndReason.DISK_ERROR),
    ],
)
@pytest.mark.parametrize("can_truncate", [True, False])
def test_refused_write_ends_the_segment_after_its_last_whole_fragment(
    tmp_path: Path, number: int, reason: EndReason, can_truncate: bool
) -> None:
    with standing(tmp_path / "store") as bench:
        segment = begin(KEYS[0], 0)
        bench.appender.handle([append(segment, 0)])
        bench.files.refuse = {"write": number} if can_truncate else {"write": number, "truncate": errno.EIO}
        bench.appender.handle([append(segment, 1), append(segment, 2), late_sound(segment)])
        assert [(f.segment, f.reason) for f in bench.appender.failures] == [(segment, reason)]
        assert bench.volumes.has_room == (reason is not EndReason.DISK_FULL)
        bench.files.refuse = {}
        bench.appender.handle([Close(segment, reason)])
    assert check_invariants(tmp_path / "store") == 25


def test_hash_is_that_of_the_file_whatever_was_refused(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with standing(folder) as bench:
        first, second = begin(KEYS[0], 0), begin(KEYS[1], 0)
        bench.appender.handle([append(first, 0), append(second, 0)])
        bench.files.refuse = {"write": errno.EIO, "truncate": errno.EIO}
        bench.appender.handle([append(first, 1)])
        bench.files.refuse = {}
        bench.appender.handle([late_sound(second), Close(first, EndReason.DISK_ERROR), Close(second, EndReason.FULL)])
    with closing(Index(folder / "index.sqlite3")) as index:
        for key in KEYS:
            (info,) = index.load_segments(key, START_AT, Utc(START_AT + 1))
            (path,) = folder.rglob(f"{info.id}.mp4")
            assert info.content_hash == xxhash.xxh3_128(path.read_bytes()).hexdigest()


def test_file_of_a_dead_node_gets_its_hash_from_the_keeper(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with standing(folder) as bench:
        segment = begin(KEYS[0], 0)
        bench.appender.handle([append(segment, 0)])
        os.close(segment.fd)
    store = Store.open(folder, ManualClock())
    found = store.segment(segment.label.id)
    assert found is not None
    assert found.content_hash == ""
    store.keeper.step()
    found = store.segment(segment.label.id)
    assert found is not None
    (path,) = folder.rglob(f"{found.id}.mp4")
    assert found.content_hash == xxhash.xxh3_128(path.read_bytes()).hexdigest()
    store.start()
    store.close()


def test_refused_sound_ends_the_segment_too(tmp_path: Path) -> None:
    with standing(tmp_path / "store") as bench:
        segment, empty = begin(KEYS[0], 0), begin(KEYS[1], 0)
        bench.appender.handle([append(segment, 0), late_sound(empty)])
        bench.files.refuse = {"write": errno.EIO}
        bench.appender.handle([late_sound(segment)])
        bench.files.refuse = {}
        bench.appender.handle([Close(segment, EndReason.DISK_ERROR), Close(empty, EndReason.DISK_ERROR)])
        assert len(bench.appender.failures) == 1
    assert check_invariants(tmp_path / "store") == 25


def test_segment_that_never_got_a_byte_leaves_nothing(tmp_path: Path) -> None:
    with standing(tmp_path / "store") as bench:
        first, second = begin(KEYS[0], 0), begin(KEYS[1], 0)
        bench.files.refuse = {"create": errno.ENOSPC}
        bench.appender.handle([append(first, 0), Close(first, EndReason.DISK_FULL)])
        bench.files.refuse = {"write": errno.ENOSPC}
        bench.appender.handle([append(second, 0), Close(second, EndReason.DISK_FULL)])
        assert (len(bench.opened), os.listdir(tmp_path / "store" / OPEN)) == (0, [])
    assert check_invariants(tmp_path / "store") == 0


def test_less_than_the_reserve_free_is_a_full_disk(tmp_path: Path) -> None:
    with standing(tmp_path / "store", reserve_bytes=1 << 60) as bench:
        bench.appender.handle([append(begin(KEYS[0], 0), 0)])
        assert [f.reason for f in bench.appender.failures] == [EndReason.DISK_FULL]
        assert not bench.volumes.has_room
        bench.files.refuse = {"free": errno.EIO}
        bench.appender.handle([])
        assert not bench.volumes.has_room


def test_refused_rename_is_tried_again_with_the_next_work(tmp_path: Path) -> None:
    with standing(tmp_path / "store") as bench:
        segment = begin(KEYS[0], 0)
        bench.files.refuse = {"rename": errno.ENOSPC}
        bench.appender.handle([append(segment, 0), Close(segment, EndReason.FULL)])
        assert (bench.closer.backlog, bench.opened.get(segment.label.id)) == (1, segment)
        bench.files.refuse = {}
        bench.closer.handle([])
        assert (bench.closer.backlog, bench.opened.get(segment.label.id)) == (0, None)
    assert check_invariants(tmp_path / "store") == 25


def test_refused_sync_leaves_the_file_for_the_next_start(tmp_path: Path) -> None:
    with standing(tmp_path / "store") as bench:
        segment = begin(KEYS[0], 0)
        bench.files.refuse = {"sync": errno.EIO}
        bench.appender.handle([append(segment, 0), Close(segment, EndReason.FULL)])
        assert (bench.closer.dropped, len(bench.opened)) == (1, 0)
        assert count_listed(tmp_path / "store") == 0
    assert check_invariants(tmp_path / "store") == 25


def test_backlog_over_its_limit_is_left_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brightkitchen.media.store.closer.BACKLOG_LIMIT", 1)
    with standing(tmp_path / "store") as bench:
        first, second = begin(KEYS[0], 0), begin(KEYS[1], 0)
        bench.files.refuse = {"rename": errno.EIO}
        bench.appender.handle([append(first, 0), append(second, 0), GapStart(KEYS[0], Utc(1), "ended")])
        bench.closer.handle([GapEnd(KEYS[0], Utc(2)), Close(first, EndReason.FULL), Close(second, EndReason.FULL)])
        assert (bench.closer.backlog, bench.closer.dropped) == (1, 1)
    assert check_invariants(tmp_path / "store") == 50


def test_transaction_that_fails_changes_nothing(tmp_path: Path) -> None:
    with standing(tmp_path / "store"), closing(Index(tmp_path / "store" / "index.sqlite3")) as index:
        with pytest.raises(sqlite3.ProgrammingError), index.transaction():
            index.save_gap_start(KEYS[0], Utc(5), "ended")
            raise sqlite3.ProgrammingError
        assert index.load_gaps(KEYS[0], Utc(0), Utc(10)) == []
        with index.transaction():
            index.save_gap_start(KEYS[0], Utc(5), "ended")
            index.save_gap_start(KEYS[0], Utc(6), "ended")
        with index.transaction():
            index.save_gap_end(KEYS[0], Utc(5))
        assert index.load_gaps(KEYS[0], Utc(0), Utc(10)) == []


def test_same_segment_saved_twice_is_one_row(tmp_path: Path) -> None:
    with standing(tmp_path / "store") as bench, closing(Index(tmp_path / "store" / "index.sqlite3")) as index:
        segment = begin(KEYS[0], 0)
        bench.appender.handle([append(segment, 0)])
        for reason in (EndReason.FULL, EndReason.STOPPED):
            with index.transaction():
                index.save_segment(segment.info(reason), segment.fragments)
        (info,) = index.load_segments(KEYS[0], START_AT, Utc(START_AT + 1))
        assert info.end_reason is EndReason.FULL
        os.close(segment.fd)


def test_write_cut_short_by_the_system_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = RealFiles(prepare(tmp_path / "store"))
    fd = files.create(open_names(begin(KEYS[0], 0).label.id))
    monkeypatch.setattr(os, "pwritev", lambda fd, buffers, offset: os.pwrite(fd, b"".join(buffers)[:5], offset))
    files.write_at(fd, [b"abcd", b"efgh", b"ijkl"], 3)
    assert files.read_at(fd, 100, 0) == b"\0\0\0abcdefghijkl"
    files.close(fd)
    files.close_root()


def test_name_that_no_id_can_be_is_refused(tmp_path: Path) -> None:
    files = RealFiles(prepare(tmp_path / "store"))
    for names in (("..",), (OPEN, "../x"), ("a/b",), ("",), (OPEN, "x\0"), (OPEN, "seg.mp4.mp4")):
        with pytest.raises(ValueError, match="not a name of ours"):
            files.open_read(names)
    assert not files.has((OPEN, "nothing"))
    files.close_root()


def test_label_that_is_damaged_or_of_others_is_none() -> None:
    head = begin(KEYS[0], 0).head
    assert isinstance(parse_label(head), SegmentLabel)
    assert parse_label(head[:-1]) is None
    assert parse_label(head.replace(b"cam_", b"../_")) is None
    assert parse_label(head.replace(b"uuid", b"free")) is None
    assert read_head(lambda at, size: b"", 100) is None


def test_scan_stops_at_what_is_malformed_or_sound_without_pictures() -> None:
    segment = begin(KEYS[0], 0)
    first, second = b"".join(append(segment, 0).buffers), b"".join(append(segment, 1).buffers)
    damaged = segment.head + first + second.replace(b"trun", b"trux", 1)
    (found,) = scan_whole(lambda at, size: damaged[at : at + size], len(damaged))
    assert found.end_offset == len(segment.head) + len(first)
    only_sound = segment.head + b"".join(late_sound(segment).buffers)
    assert scan_whole(lambda at, size: only_sound[at : at + size], len(only_sound)) == ()


def test_samples_of_a_fragment_that_is_not_there_are_refused() -> None:
    segment = begin(KEYS[0], 0)
    data = segment.head + b"".join(append(segment, 0).buffers)
    wrong = Fragment(0, 90_000, len(segment.head) + 8, 500, 0, 25, True)
    with pytest.raises(TheirError):
        read_samples(lambda at, size: data[at : at + size], wrong, len(segment.head))
