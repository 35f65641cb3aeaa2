"""Several volumes: one that goes away, comes back, is swapped or refuses; and the procedures killed on two at once."""

import errno
import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from tests.crash.crashing_files import CrashingFiles, PlugPulledError
from tests.crash.kept_store import FILE_S, NO_MARK, closed_file, day
from tests.media_synthetic import START_AT, key_of

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.appender import Appender
from brightkitchen.media.store.checker import Checker
from brightkitchen.media.store.closer import Closer
from brightkitchen.media.store.commands import Close
from brightkitchen.media.store.files import RealFiles
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, SEGMENTS
from brightkitchen.media.store.metrics import add_store_metrics
from brightkitchen.media.store.model import EndReason, Gap, SegmentInfo
from brightkitchen.media.store.opened import OpenSegments
from brightkitchen.media.store.recovery import recover
from brightkitchen.media.store.store import Store, StoreRules
from brightkitchen.media.store.volumes import Volume, VolumePlace, Volumes

CAMERAS = tuple(key_of(number) for number in range(1, 9))
FILE_US = FILE_S * US_PER_S
_COUNT = itertools.count(100)


class Bench:
    """A store on its own folder and one further volume; the keeper is stepped by hand."""

    def __init__(self, root: Path, clock: ManualClock, places: Sequence[VolumePlace]) -> None:
        self.root = root
        self.clock = clock
        rules = StoreRules(reserve_bytes=0, commit_every_s=0.0, room=NO_MARK, places=tuple(places))
        self.store = Store.open(root / "store", clock, rules=rules, entropy=SeededEntropy(next(_COUNT)))
        index, opened = self.store._index, self.store.keeper.opened  # as its threads would use them
        self.closer = Closer(self.store.volumes, index, opened)
        self.appender = Appender(self.store.volumes, opened, pass_on=self.closer.handle)

    def record(self, at: Utc, keys: Sequence[StreamKey] = CAMERAS) -> int:
        """Write and close one file for each camera; return how many were refused."""
        for key in keys:
            segment, commands = closed_file(key, next(_COUNT), at)
            self.appender.handle([*commands, Close(segment, EndReason.FULL)])
        refused = len(self.appender.failures)
        self.appender.failures.clear()
        return refused

    def listed(self) -> list[SegmentInfo]:
        return [info for key in CAMERAS for info in self.store.segments_between(key, Utc(0), Utc(START_AT * 2))]

    def playable(self) -> int:
        """Open and read every file that is listed."""
        for info in self.listed():
            file = self.store.open_segment(info.id)
            assert len(os.pread(file.fd, file.size_bytes + 1, 0)) == info.size_bytes
            os.close(file.fd)
            assert self.store.locate(info.key, info.start_at) is not None
        return len(self.listed())

    def states(self) -> dict[str, str]:
        self.store.keeper.step()
        return {state.name: state.state for state in self.store.keeper.states}


@contextmanager
def standing(root: Path, clock: ManualClock | None = None, *, names: Sequence[str] = ("disk-2",)) -> Iterator[Bench]:
    bench = Bench(root, clock or ManualClock(day(1)), [VolumePlace(name, root / name) for name in names])
    yield bench
    bench.store.start()
    assert bench.store.close()


def on(bench: Bench, volume: int) -> int:
    return sum(info.volume == volume for info in bench.listed())


def test_cameras_are_spread_over_volumes_and_stay_where_they_are(tmp_path: Path) -> None:
    with standing(tmp_path) as bench:
        for hour in range(3):
            assert bench.record(Utc(day(0) + hour * 3600 * US_PER_S)) == 0
        assert (bench.playable(), on(bench, 1) + on(bench, 2)) == (24, 24)
        assert on(bench, 1) % 3 == on(bench, 2) % 3 == 0
        assert min(on(bench, 1), on(bench, 2)) >= 3
        for key in CAMERAS:
            volumes = {info.volume for info in bench.store.segments_between(key, Utc(0), Utc(START_AT * 2))}
            assert len(volumes) == 1
    assert len(list((tmp_path / "disk-2" / SEGMENTS).rglob("*.mp4"))) >= 3
    report = Checker(tmp_path / "store", [VolumePlace("disk-2", tmp_path / "disk-2")], reads_all=True).run()
    assert (report.findings, report.files) == ([], 24)


def test_volume_that_goes_away_is_said_and_plays_again_when_it_is_back(tmp_path: Path) -> None:
    with standing(tmp_path) as bench:
        bench.record(day(0))
        away = next(info for info in bench.listed() if info.volume == 2)
        there = on(bench, 1)
        (tmp_path / "disk-2").rename(tmp_path / "unplugged")
        assert bench.states() == {"store": "ok", "disk-2": "missing"}
        assert bench.playable() == there
        assert bench.store.segment(away.id) is None
        with pytest.raises(BrightKitchenError):
            bench.store.fragments(away.id)
        gaps = bench.store.timeline(away.key, day(0), Utc(day(0) + FILE_US)).gaps
        assert gaps == (Gap(away.start_at, away.end_at, "volume_missing"),)
        assert bench.record(day(0.5)) == 0  # recording goes on, on what is left
        assert on(bench, 2) == 0
        (tmp_path / "unplugged").rename(tmp_path / "disk-2")
        assert bench.states() == {"store": "ok", "disk-2": "ok"}
        assert bench.playable() == 16
        assert bench.store.timeline(away.key, day(0), Utc(day(0) + FILE_US)).gaps == ()


def test_metrics_show_volumes_and_deletions(tmp_path: Path) -> None:
    with standing(tmp_path) as bench:
        registry = CollectorRegistry()
        add_store_metrics(bench.store.keeper, registry)
        bench.record(day(0))
        (tmp_path / "disk-2").rename(tmp_path / "unplugged")
        bench.states()
        names = {"volume": "disk-2", "state": "missing"}
        assert registry.get_sample_value("bk_store_volume_state", names) == 1
        used = registry.get_sample_value("bk_store_volume_bytes", {"volume": "store", "what": "used"})
        assert used == sum(info.size_bytes for info in bench.listed())
        assert registry.get_sample_value("bk_store_deleted_files_total") == 0
        assert registry.get_sample_value("bk_store_clock_doubted") == 0


def test_mount_point_without_its_disk_gets_nothing(tmp_path: Path) -> None:
    """The folder is there and empty, as it is when the disk was not mounted at the start."""
    with standing(tmp_path) as bench:
        bench.record(day(0))
    (tmp_path / "disk-2").rename(tmp_path / "unplugged")
    (tmp_path / "disk-2").mkdir()
    with standing(tmp_path) as bench:
        assert bench.states()["disk-2"] == "missing"
        assert bench.record(day(0.5)) == 0
        assert os.listdir(tmp_path / "disk-2") == []
        (tmp_path / "disk-2").rmdir()
        (tmp_path / "unplugged").rename(tmp_path / "disk-2")
        assert bench.states()["disk-2"] == "ok"
        assert bench.playable() == 16


def test_swapped_volume_is_refused(tmp_path: Path) -> None:
    with standing(tmp_path) as bench:
        bench.record(day(0))
    with standing(tmp_path / "other"):
        pass
    (tmp_path / "disk-2").rename(tmp_path / "unplugged")
    shutil.copytree(tmp_path / "other" / "disk-2", tmp_path / "disk-2")
    with standing(tmp_path) as bench:
        assert bench.states()["disk-2"] == "missing"
        bench.record(day(0.5))
        assert list((tmp_path / "disk-2" / SEGMENTS).rglob("*.mp4")) == []
    report = Checker(tmp_path / "store", [VolumePlace("disk-2", tmp_path / "disk-2")]).run()
    assert [(f.invariant, f.trouble.value) for f in report.findings] == [("I10", "volume_missing")]


def test_volume_of_another_store_is_not_taken_over(tmp_path: Path) -> None:
    with standing(tmp_path / "other"):
        pass
    place = VolumePlace("disk-9", tmp_path / "other" / "disk-2")
    bench = Bench(tmp_path, ManualClock(day(1)), [place])
    assert bench.states()["disk-9"] == "missing"
    bench.store.start()
    bench.store.close()


def test_volume_that_is_set_no_more_is_missing_until_it_is_set_again(tmp_path: Path) -> None:
    with standing(tmp_path) as bench:
        bench.record(day(0))
    with standing(tmp_path, names=()) as bench:
        assert bench.states() == {"store": "ok", "disk-2": "missing"}
        assert bench.playable() < 8
    bench = Bench(tmp_path, ManualClock(day(1)), [VolumePlace("renamed", tmp_path / "disk-2")])
    assert (bench.states(), bench.playable()) == ({"store": "ok", "renamed": "ok"}, 8)
    bench.store.start()
    bench.store.close()


def test_file_that_was_being_written_when_its_volume_went_away_is_found_when_it_is_back(tmp_path: Path) -> None:
    with standing(tmp_path) as bench:
        key = next(key for key in CAMERAS if bench.store.volumes.choose(key).no == 2)
        segment, (first, second) = closed_file(key, 77, day(0.1))
        bench.appender.handle([first])
        (tmp_path / "disk-2").rename(tmp_path / "unplugged")
        bench.states()
        bench.appender.handle([second])
        assert [failure.reason for failure in bench.appender.failures] == [EndReason.DISK_ERROR]
        bench.appender.handle([Close(segment, EndReason.DISK_ERROR)])
        assert bench.store.segments_between(key, Utc(0), Utc(START_AT * 2)) == []
        (tmp_path / "unplugged").rename(tmp_path / "disk-2")
        bench.states()
        (info,) = bench.store.segments_between(key, Utc(0), Utc(START_AT * 2))
        assert (info.frames, info.volume) == (25, 2)
        bench.states()  # the keeper reads it, and notes its hash
        assert bench.store.segment(info.id).content_hash != ""  # type: ignore[union-attr]
    assert os.listdir(tmp_path / "disk-2" / OPEN) == []


def test_nothing_on_a_missing_volume_is_deleted_before_it_is_back(tmp_path: Path) -> None:
    clock = ManualClock(day(1))
    with standing(tmp_path, clock) as bench:
        bench.record(day(0))
        bench.store.keeper.keep_holds(1, [])
        away = on(bench, 2)
        (tmp_path / "disk-2").rename(tmp_path / "unplugged")
        for _ in range(40 * 24):
            clock.jump(3600)
            bench.store.keeper.step()
        assert bench.listed() == []
        assert len(list((tmp_path / "unplugged" / SEGMENTS).rglob("*.mp4"))) == away
        (tmp_path / "unplugged").rename(tmp_path / "disk-2")
        for _ in range(5):
            clock.jump(61)
            bench.store.keeper.step()
        assert list((tmp_path / "disk-2" / SEGMENTS).rglob("*.mp4")) == []
        proofs = [proof for _, proof in bench.store.keeper.load_proofs(100)]
        assert sum(proof.files for proof in proofs) == 8


def test_volume_that_refuses_writes_loses_its_cameras_to_the_others_until_it_takes_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing(tmp_path) as bench:
        broken = bench.store.volumes.all[1].files
        assert isinstance(broken, RealFiles)
        real = RealFiles.create

        def refuse(self: RealFiles, names: tuple[str, ...]) -> int:
            if self is broken:
                raise OSError(errno.EROFS, "read-only")
            return real(self, names)

        monkeypatch.setattr(RealFiles, "create", refuse)
        assert bench.record(day(0)) == 1  # the first of its cameras finds out
        assert bench.states() == {"store": "ok", "disk-2": "failing"}
        assert bench.store.can_write
        assert bench.record(day(0.1)) == 0
        assert on(bench, 2) == 0
        monkeypatch.setattr(RealFiles, "create", real)
        bench.clock.jump(20)
        assert bench.states() == {"store": "ok", "disk-2": "ok"}
        assert bench.record(day(0.2)) == 0
        assert on(bench, 2) >= 1


# -- killed ------------------------------------------------------------------------------------------------------------


def two_volumes(root: Path, die_at: int | None) -> tuple[Volumes, list[CrashingFiles]]:
    files: list[CrashingFiles] = []
    for name in ("store", "second"):
        folder = root / name
        for part in (OPEN, SEGMENTS):
            (folder / part).mkdir(parents=True, exist_ok=True)
        files.append(CrashingFiles(folder, die_at, beside=files[0] if files else None))
    volumes = [Volume(number, f.__class__.__name__, files=f) for number, f in enumerate(files, start=1)]
    return Volumes(volumes), files


def play(root: Path, die_at: int | None) -> tuple[int, list[CrashingFiles]]:
    """Record on two volumes until it is done or dies; return the files of which all was written."""
    volumes, files = two_volumes(root, die_at)
    whole = 0
    with closing(Index(root / "store" / "index.sqlite3")) as index:
        index.save_volume("l", "second")
        opened = OpenSegments()
        closer = Closer(volumes, index, opened)
        appender = Appender(volumes, opened, pass_on=closer.handle)
        try:
            for number, key in enumerate(CAMERAS[:4]):
                segment, commands = closed_file(key, number, day(0))
                appender.handle([*commands])
                whole += 1
                appender.handle([Close(segment, EndReason.FULL)])
        except PlugPulledError:
            pass
        for segment in opened.all():
            if segment.fd >= 0:
                os.close(segment.fd)
    return whole, files


@pytest.mark.parametrize("loses_power", [False, True])
def test_every_step_on_two_volumes_killed_keeps_the_index_true(tmp_path: Path, loses_power: bool) -> None:
    steps = 0
    while True:
        root = tmp_path / f"at{steps}"
        whole, files = play(root, steps)
        is_done = files[0].steps <= steps
        for one in files:
            if loses_power:
                one.lose_power()
            one.close_root()
        volumes, again = two_volumes(root, None)
        with closing(Index(root / "store" / "index.sqlite3")) as index:
            for volume in volumes.all:
                assert volume.files is not None
                recover(volume.files, index, volume=volume.no)
            infos = [info for key in CAMERAS for info in index.load_segments(key, Utc(0), Utc(START_AT * 2))]
            if not loses_power:
                assert sum(info.frames == FILE_S * 25 for info in infos) >= whole
            listed = {(info.volume, f"{info.id}.mp4", info.size_bytes) for info in infos}
        there = {
            (number, path.name, path.stat().st_size)
            for number, name in enumerate(("store", "second"), start=1)
            for path in (root / name / SEGMENTS).rglob("*.mp4")
        }
        assert listed == there
        for one in again:
            one.close_root()
        shutil.rmtree(root)
        if is_done:
            break
        steps += 1
    print(f"{steps} steps on two volumes killed, power lost: {loses_power}")
    assert steps > 20
