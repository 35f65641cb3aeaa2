"""P5 and what decides on it: age, room, holds, a clock that jumps; every step killed, with and without losing power."""

import os
import shutil
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from tests.crash.crashing_files import CrashingFiles, CrashingIndex, PlugPulledError
from tests.crash.kept_store import DAY_US, FILE_S, HOUR_US, Bench, closed_file, day, kept, make_store
from tests.crash.test_store_crash import check_invariants
from tests.media_synthetic import START_AT, key_of

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.recordingplan import Hold
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.appender import Appender
from brightkitchen.media.store.closer import Closer
from brightkitchen.media.store.commands import Close
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.keeper import RoomRules
from brightkitchen.media.store.layout import SEGMENTS
from brightkitchen.media.store.ledger import Ledger
from brightkitchen.media.store.model import EndReason, Gap
from brightkitchen.media.store.store import Store
from brightkitchen.media.store.volumes import Volumes

ONE, TWO = key_of(1), key_of(2)
HOURLY = tuple((key, Utc(day(0) + hour * HOUR_US)) for hour in range(48) for key in (ONE, TWO))
FILE_US = FILE_S * US_PER_S


def hold(number: int, key: StreamKey, from_at: int, to_at: int | None) -> Hold:
    return Hold(
        id=f"hold_{number}", camera=key.camera, from_at=Utc(from_at), to_at=Utc(to_at) if to_at is not None else None
    )


def bytes_on(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / SEGMENTS).rglob("*.mp4"))


def forget_holds(bench: Bench) -> None:
    bench.keeper.keep_holds(1, [])


# -- age ---------------------------------------------------------------------------------------------------------------


def test_recordings_older_than_the_plan_keeps_are_deleted_and_proven(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(31))) as bench:
        bench.keeper.keep_plans([(ONE.camera, 30, 4), (TWO.camera, 60, 9)])
        gone = [info for info in bench.index.load_segments(ONE, Utc(0), Utc(START_AT * 2)) if info.end_at <= day(1)]
        forget_holds(bench)
        bench.work()
        assert bench.starts(ONE) == [Utc(day(1) + hour * HOUR_US) for hour in range(24)]
        assert len(bench.starts(TWO)) == 48
        (proof,) = bench.proofs()
        assert (proof.camera, proof.profile, proof.why, proof.plan_version) == (ONE.camera, "main", "age", 4)
        assert (proof.from_at, proof.to_at) == (day(0), day(0) + 23 * HOUR_US + FILE_US)
        assert (proof.files, proof.size_bytes, proof.spared) == (24, sum(info.size_bytes for info in gone), 0)
        lines = "".join(f"{info.id} {info.size_bytes} {info.content_hash}\n" for info in gone)
        assert proof.digest == sha256(lines.encode()).hexdigest()
        assert proof.deleted_at == day(31)
        assert bench.told > 0
    assert check_invariants(tmp_path / "store") == (24 + 48) * FILE_S * 25
    assert not (tmp_path / "store" / SEGMENTS / ONE.camera / "20261123").exists()  # empty folders go too


def test_nothing_is_deleted_before_a_list_of_holds_was_had(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(400)), rules=RoomRules(1 << 60, 0.0)) as bench:
        for _ in range(3):
            bench.keeper.step()
            bench.clock.jump(100)
        assert (len(bench.starts(ONE)), bench.proofs(), bench.state()) == (48, [], "full")
        assert bench.keeper.holds_version is None


# T10: not even a plan that says less lowers the floor
def test_plan_below_the_floor_keeps_the_floor(tmp_path: Path) -> None:
    make_store(tmp_path / "store", [(ONE, day(0)), (ONE, day(2.6))])
    with kept(tmp_path / "store", ManualClock(day(9.5))) as bench:
        bench.keeper.keep_plans([(ONE.camera, 1, 1)])
        forget_holds(bench)
        bench.work()
        assert bench.starts(ONE) == [day(2.6)]


def test_plan_of_a_camera_that_is_listed_no_more_stays(tmp_path: Path) -> None:
    make_store(tmp_path / "store", [(ONE, day(0)), (TWO, day(0))])
    with kept(tmp_path / "store", ManualClock(day(20))) as bench:
        bench.keeper.keep_plans([(ONE.camera, 7, 2)])
        bench.keeper.keep_plans([(TWO.camera, 90, 3)])
        forget_holds(bench)
        bench.work()
        assert (bench.starts(ONE), bench.starts(TWO)) == ([], [day(0)])


def test_age_waits_until_a_few_hours_can_be_told_in_one_proof(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(30))) as bench:
        forget_holds(bench)
        for _ in range(24 * 10):
            bench.work()
            bench.clock.jump(360)
        assert len(bench.starts(ONE)) in range(24, 31)
        assert len(bench.proofs()) <= 2 * 24 // 6 + 2


def test_whoever_asks_while_the_keeper_hangs_with_a_disk_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brightkitchen.media.store.keeper.LOCK_TIMEOUT_S", 0.05)
    make_store(tmp_path / "store", HOURLY[:2])
    with kept(tmp_path / "store", ManualClock(day(1))) as bench:
        reached, go_on = threading.Event(), threading.Event()

        def hang() -> tuple[int, int]:
            reached.set()
            go_on.wait(10)
            return 1 << 40, 1 << 40

        monkeypatch.setattr(bench.volumes.all[0].files, "space", hang)
        turn = threading.Thread(target=bench.keeper.step)
        turn.start()
        assert reached.wait(5)
        for ask in (lambda: bench.keeper.keep_holds(1, []), lambda: bench.keeper.load_proofs(1)):
            with pytest.raises(TimeoutError):
                ask()
        go_on.set()
        turn.join(10)
        bench.keeper.keep_holds(1, [])
        assert bench.keeper.holds_version == 1


# -- holds -------------------------------------------------------------------------------------------------------------


# T10: a sealed range outlives the clean-up
def test_held_recordings_outlive_age_and_are_counted_in_the_proof(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    from_at, to_at = day(0) + 5 * HOUR_US + 1, day(0) + 6 * HOUR_US + 1
    with kept(tmp_path / "store", ManualClock(day(50))) as bench:
        bench.keeper.keep_holds(3, [hold(1, ONE, from_at, to_at), hold(2, ONE, from_at, to_at - HOUR_US)])
        bench.work()
        assert bench.starts(ONE) == [Utc(day(0) + 5 * HOUR_US), Utc(day(0) + 6 * HOUR_US)]
        assert bench.starts(TWO) == []
        assert sorted((proof.files, proof.spared) for proof in bench.proofs()) == [(46, 2), (48, 0)]
        assert bench.keeper.states[0].held_bytes == bytes_on(tmp_path / "store")
        bench.keeper.keep_holds(4, [])
        bench.clock.jump(61)
        bench.work()
        assert bench.starts(ONE) == []
        assert sum(proof.files for proof in bench.proofs()) == 96
    assert bytes_on(tmp_path / "store") == 0


def test_hold_without_an_end_keeps_all_that_follows(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(80))) as bench:
        bench.keeper.keep_holds(1, [hold(1, ONE, day(1), None)])
        bench.work()
        assert (bench.starts(ONE)[0], len(bench.starts(ONE)), bench.starts(TWO)) == (day(1), 24, [])


def test_holds_outlast_a_restart(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(1))) as bench:
        bench.keeper.keep_holds(17, [hold(1, ONE, day(0), day(1))])
    with kept(tmp_path / "store", ManualClock(day(60)), rules=RoomRules(1 << 60, 0.0)) as bench:
        assert bench.keeper.holds_version == 17
        for _ in range(10):
            bench.keeper.step()
        assert (len(bench.starts(ONE)), bench.starts(TWO)) == (24, [])


# -- room --------------------------------------------------------------------------------------------------------------


class SmallDisk(CrashingFiles):
    """A disk of `total_bytes` on which only the recordings take room."""

    total_bytes = 0
    folder = Path()

    def space(self) -> tuple[int, int]:
        return self.total_bytes, max(0, self.total_bytes - bytes_on(self.folder))


def small_disk(folder: Path, total_bytes: int) -> SmallDisk:
    files = SmallDisk(folder)
    files.folder, files.total_bytes = folder, total_bytes
    return files


def test_filling_volume_says_so_and_then_loses_the_oldest_of_all_cameras(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    make_store(folder, HOURLY)
    used = bytes_on(folder)
    files = small_disk(folder, used + used // 8)
    with kept(folder, ManualClock(day(2)), rules=RoomRules(used // 4, 0.0), files=files) as bench:
        bench.keeper.keep_holds(1, [hold(1, ONE, day(0), day(0) + 10 * HOUR_US)])
        bench.keeper.step()
        assert (bench.state(), len(bench.starts(ONE)) + len(bench.starts(TWO))) == ("filling", 96)
        bench.work()
        one, two = bench.starts(ONE), bench.starts(TWO)
        assert one[:10] == [Utc(day(0) + hour * HOUR_US) for hour in range(10)]
        assert abs(one[10] - two[0]) <= 2 * HOUR_US
        free = files.space()[1]
        assert used // 4 <= free <= used // 4 + used // 32 + used // 48
        assert {proof.why for proof in bench.proofs()} == {"full"}
        bench.clock.jump(200)
        bench.work()
        assert bench.state() == "ok"


def test_recording_never_stops_while_anything_may_be_deleted(tmp_path: Path) -> None:
    """Four times the disk is recorded; what is held stays, and no write is refused."""
    folder = tmp_path / "store"
    make_store(folder, HOURLY[:40])
    size = bytes_on(folder)
    files = small_disk(folder, size + size // 2)
    held = [info for info in HOURLY[:40] if info[0] == ONE][:4]
    with kept(folder, ManualClock(day(1)), rules=RoomRules(size // 4, 0.0), files=files) as bench:
        bench.volumes.reserve_bytes = size // 40
        bench.keeper.keep_holds(1, [hold(1, ONE, held[0][1], held[-1][1] + 1)])
        closer = Closer(bench.volumes, bench.index, bench.opened)
        appender = Appender(bench.volumes, bench.opened, pass_on=closer.handle, on_full=bench.keeper.wake)
        states = set()
        for number in range(160):
            segment, commands = closed_file(TWO if number % 2 else ONE, 1000 + number, Utc(bench.clock.utc()))
            appender.handle([*commands, Close(segment, EndReason.FULL)])
            assert not appender.failures
            bench.clock.jump(2)
            bench.keeper.step()
            states.add(bench.state())
        assert states == {"ok", "filling"}
        assert bench.starts(ONE)[:4] == [at for _, at in held]
        gone = sum(proof.files for proof in bench.proofs())
        assert len(bench.starts(ONE)) + len(bench.starts(TWO)) == 200 - gone
        assert gone > 100
    assert check_invariants(folder) == (200 - gone) * FILE_S * 25


# T10: nor does a full disk take it
def test_full_volume_with_nothing_but_holds_says_full_and_deletes_nothing(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(2)), rules=RoomRules(1 << 60, 0.0)) as bench:
        bench.keeper.keep_holds(1, [hold(n, key, day(-1), day(9)) for n, key in enumerate((ONE, TWO))])
        for _ in range(3):
            bench.keeper.step()
        assert (bench.state(), len(bench.starts(ONE)), bench.keeper.is_making_room) == ("full", 48, False)


def test_volume_over_its_quota_is_brought_under_it(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    make_store(folder, HOURLY)
    used = bytes_on(folder)
    with kept(folder, ManualClock(day(2))) as bench:
        bench.volumes.all[0].quota_bytes = used // 2
        forget_holds(bench)
        bench.work()
        assert used // 2 - used // 32 <= bytes_on(folder) <= used // 2
        assert {proof.why for proof in bench.proofs()} == {"quota"}
        assert bench.keeper.states[0].used_bytes == bytes_on(folder)
        assert bench.keeper.states[0].oldest_at == min(bench.starts(ONE)[0], bench.starts(TWO)[0])


def test_file_that_is_not_done_with_is_not_deleted(tmp_path: Path) -> None:
    """Its row is there, its place is not: the closing thread would give it a row again."""
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(60))) as bench:
        segment, _ = closed_file(ONE, 0, day(0))
        segment.add(bench.index.load_fragments(segment.label.id)[0])  # type: ignore[index]
        bench.opened.add(segment)
        forget_holds(bench)
        bench.work()
        assert bench.starts(ONE) == [day(0)]


# -- a clock that jumps ------------------------------------------------------------------------------------------------


def test_clock_suddenly_far_ahead_deletes_nothing_by_age_until_a_day_passed(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(2))) as bench:
        forget_holds(bench)
        bench.work()
        bench.clock.jump(60)
        bench.clock.step_utc(100 * DAY_US)
        for _ in range(23):
            bench.work()
            assert bench.keeper.is_clock_doubted
            bench.clock.jump(3600)
        assert len(bench.starts(ONE)) == 48
        for _ in range(2):
            bench.work()
            bench.clock.jump(3600)
        bench.work()
        assert (bench.keeper.is_clock_doubted, bench.starts(ONE)) == (False, [])


def test_clock_that_jumps_and_returns_deletes_nothing_and_is_believed_again(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(2))) as bench:
        forget_holds(bench)
        bench.work()
        bench.clock.step_utc(3650 * DAY_US)
        bench.clock.jump(600)
        bench.work()
        bench.clock.step_utc(-3650 * DAY_US)
        bench.clock.jump(600)
        bench.work()
        assert (bench.keeper.is_clock_doubted, len(bench.starts(ONE))) == (False, 48)
        bench.clock.step_utc(-1000 * DAY_US)
        bench.clock.jump(600)
        bench.work()
        bench.clock.step_utc(1000 * DAY_US)
        bench.clock.jump(600)
        bench.work()
        assert (bench.keeper.is_clock_doubted, len(bench.starts(ONE))) == (False, 48)


def test_doubt_outlasts_a_restart(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(2))) as bench:
        forget_holds(bench)
        bench.work()
    with kept(tmp_path / "store", ManualClock(day(200))) as bench:
        for _ in range(3):
            bench.work()
            bench.clock.jump(3600)
        assert (bench.keeper.is_clock_doubted, len(bench.starts(ONE))) == (True, 48)


def test_recordings_made_twice_at_one_time_are_all_listed_and_all_deleted(tmp_path: Path) -> None:
    """The clock was set back by ten minutes while a camera recorded: two files tell of the same moment."""
    starts = [Utc(day(0) + second * US_PER_S) for second in (*range(0, 40, 2), *range(11, 51, 2))]
    make_store(tmp_path / "store", [(ONE, at) for at in starts])
    with kept(tmp_path / "store", ManualClock(day(0.1))) as bench:
        assert bench.starts(ONE) == sorted(starts)
        with closing(Index(tmp_path / "store" / "index.sqlite3")) as index:
            assert len(index.load_segments(ONE, Utc(day(0) + 20 * US_PER_S), Utc(day(0) + 21 * US_PER_S))) == 2
        forget_holds(bench)
        bench.clock.jump(40 * 86_400)
        bench.clock.step_utc(0)
        bench.work()
        assert (bench.starts(ONE), sum(proof.files for proof in bench.proofs())) == ([], 40)
    assert bytes_on(tmp_path / "store") == 0


# -- the timeline ------------------------------------------------------------------------------------------------------


def test_timeline_says_retention_in_one_row_up_to_what_is_left(tmp_path: Path) -> None:
    make_store(tmp_path / "store", [(ONE, Utc(day(0) + n * FILE_US)) for n in range(20)] + [(ONE, day(1))])
    with kept(tmp_path / "store", ManualClock(day(40))) as bench:
        with bench.index.transaction():
            bench.index.save_gap_start(ONE, Utc(day(0) + 20 * FILE_US), "ended")
            bench.index.save_gap_end(ONE, day(1))
        bench.keeper.keep_holds(
            1, [hold(1, ONE, day(1), None), hold(2, ONE, day(0) + 5 * FILE_US, day(0) + 6 * FILE_US)]
        )
        bench.work()
        assert bench.index.load_gaps(ONE, Utc(0), day(40)) == [
            Gap(day(0), Utc(day(0) + 5 * FILE_US), "retention"),
            Gap(Utc(day(0) + 6 * FILE_US), Utc(day(0) + 20 * FILE_US), "retention"),
            Gap(Utc(day(0) + 20 * FILE_US), day(1), "ended"),
        ]
        bench.keeper.keep_holds(2, [])
        bench.clock.jump(61)
        bench.work()
        end = Utc(day(1) + FILE_US)
        assert bench.index.load_gaps(ONE, Utc(0), day(40)) == [Gap(day(0), end, "retention")]
    store = Store.open(tmp_path / "store", ManualClock(day(40)))
    timeline = store.timeline(ONE, day(-1), day(2))
    assert (timeline.first_at, timeline.spans) == (None, ())
    assert timeline.gaps == (Gap(day(0), end, "retention"), Gap(end, day(2), "unknown"))
    store.start()
    store.close()


def test_lasting_gap_begins_where_the_deleted_ends(tmp_path: Path) -> None:
    make_store(tmp_path / "store", [(ONE, day(0)), (ONE, Utc(day(0) + FILE_US))])
    with kept(tmp_path / "store", ManualClock(day(40))) as bench:
        with bench.index.transaction():
            bench.index.save_gap_start(ONE, Utc(day(0) + FILE_US // 2), "not_planned")  # a wrong one, inside a file
        forget_holds(bench)
        bench.work()
        end = Utc(day(0) + 2 * FILE_US)
        assert bench.index.load_gaps(ONE, Utc(0), day(1)) == [
            Gap(day(0), end, "retention"),
            Gap(end, day(1), "not_planned"),
        ]


# -- proofs ------------------------------------------------------------------------------------------------------------


def test_proofs_stay_until_control_has_them(tmp_path: Path) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(60))) as bench:
        forget_holds(bench)
        bench.work()
    with kept(tmp_path / "store", ManualClock(day(60))) as bench:
        (first, _), (_, second) = bench.keeper.load_proofs(10)
        bench.keeper.drop_proofs([first])
        assert bench.proofs() == [second]


# -- every step killed -------------------------------------------------------------------------------------------------


def delete_all(folder: Path, files: CrashingFiles) -> bool:
    """Let the keeper work with `files` until it has nothing more to do (True) or dies."""
    index = CrashingIndex(folder / "index.sqlite3", files)
    with closing(index):
        bench = Bench(index, kept_volumes(files), ManualClock(day(40)), RoomRules(0, 0.0))
        try:
            bench.keeper.keep_holds(5, [hold(1, ONE, day(0) + 2 * HOUR_US, day(0) + 3 * HOUR_US)])
            bench.work()
        except PlugPulledError:
            return False
    return True


def kept_volumes(files: CrashingFiles) -> Volumes:
    return Volumes.of(files)


def check_deleted(folder: Path, before: dict[StreamKey, int]) -> None:
    """What is gone is proven, what is there is listed, what is held is there."""
    check_invariants(folder)
    with closing(Index(folder / "index.sqlite3")) as index:
        ledger = Ledger(index)
        assert ledger.load_garbage(10, frozenset({1})) == []
        proven = dict.fromkeys(before, 0)
        for _, proof in ledger.load_proofs(1000):
            proven[ONE if proof.camera == ONE.camera else TWO] += proof.files
        for key, count in before.items():
            infos = index.load_segments(key, Utc(0), Utc(START_AT * 2))
            assert len(infos) + proven[key] == count
        assert day(0) + 2 * HOUR_US in [i.start_at for i in index.load_segments(ONE, Utc(0), Utc(START_AT * 2))]


@pytest.mark.parametrize("loses_power", [False, True])
def test_every_step_of_deleting_killed_leaves_nothing_unproven(tmp_path: Path, loses_power: bool) -> None:
    template = tmp_path / "template"
    make_store(template, [(key, Utc(day(0) + hour * HOUR_US)) for hour in range(8) for key in (ONE, TWO)])
    steps = 0
    while True:
        folder = tmp_path / f"at{steps}"
        shutil.copytree(template, folder)
        files = CrashingFiles(folder, die_at=steps)
        is_done = delete_all(folder, files)
        if loses_power:
            files.lose_power()
        files.close_root()
        check_deleted(folder, {ONE: 8, TWO: 8})
        shutil.rmtree(folder)
        if is_done:
            break
        steps += 1
    print(f"{steps} steps of P5 killed, power lost: {loses_power}")
    assert steps > 20


@pytest.mark.parametrize("loses_power", [False, True])
def test_every_step_of_sweeping_at_the_start_killed_sweeps_the_rest_at_the_next(
    tmp_path: Path, loses_power: bool
) -> None:
    template = tmp_path / "template"
    make_store(template, [(key, Utc(day(0) + hour * HOUR_US)) for hour in range(8) for key in (ONE, TWO)])
    files = CrashingFiles(template, die_at=5)  # after P5.1
    assert not delete_all(template, files)
    files.close_root()
    steps = 0
    while True:
        folder = tmp_path / f"at{steps}"
        shutil.copytree(template, folder)
        files = CrashingFiles(folder, die_at=steps)
        try:
            store = Store.open(folder, ManualClock(day(40)), files=files)
            store.start()
            assert store.close()
            is_done = True
        except PlugPulledError:
            is_done = False
        if loses_power:
            again = CrashingFiles(folder)
            again._unlinked = files._unlinked  # the descriptor of a closed store is gone
            again.lose_power()
        check_deleted(folder, {ONE: 8, TWO: 8})
        if is_done:
            break
        steps += 1
    print(f"{steps} steps of the sweep killed, power lost: {loses_power}")
    assert steps > 10


def test_refused_unlink_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(60))) as bench:
        forget_holds(bench)
        real = os.unlink

        def refuse(*arguments: object, **names: object) -> None:
            raise OSError(5, "refused")

        monkeypatch.setattr(os, "unlink", refuse)
        with pytest.raises(OSError, match="refused"):
            bench.keeper.step()
        assert (bench.starts(ONE), len(bench.proofs())) == ([], 2)
        monkeypatch.setattr(os, "unlink", real)
        bench.work()
    assert bytes_on(tmp_path / "store") == 0


def test_keeper_goes_on_after_a_disk_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brightkitchen.media.store.keeper.LOOK_EVERY_S", 0.01)
    make_store(tmp_path / "store", HOURLY)
    with kept(tmp_path / "store", ManualClock(day(60))) as bench:
        refused, gone = threading.Event(), threading.Event()
        real = bench.volumes.all[0].files
        assert real is not None

        def refuse(*_: object) -> None:
            refused.set()
            raise OSError(5, "refused")

        with monkeypatch.context() as patch:
            patch.setattr(real, "unlink", refuse)
            forget_holds(bench)
            bench.keeper.start()
            assert refused.wait(10)
        bench.keeper.tell = gone.set
        for _ in range(500):
            if bytes_on(tmp_path / "store") == 0:
                break
            gone.wait(0.02)
        assert (bytes_on(tmp_path / "store"), bench.keeper.is_alive) == (0, True)
        assert bench.keeper.stop(10)


def test_file_that_cannot_be_read_is_passed_over_by_the_keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(tmp_path / "store", HOURLY[:6])
    with kept(tmp_path / "store", ManualClock(day(1))) as bench:
        with bench.index.transaction():
            bench.index.writer.execute("UPDATE segment SET hash = NULL")
        victim = bench.index.load_segments(ONE, day(0), day(1))[1]
        (path,) = (tmp_path / "store").rglob(f"{victim.id}.mp4")
        path.rename(path.with_suffix(".away"))
        bench.work()
        hashes = [info.content_hash for info in bench.index.load_segments(ONE, day(0), day(1))]
        assert [bool(content) for content in hashes] == [True, False, True]
