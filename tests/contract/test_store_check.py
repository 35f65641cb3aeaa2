"""`check --store` names what does not hold, says nothing of a store at work that is well, and mends without losing a byte."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.crash.kept_store import FILE_S, HOUR_US, day, make_store
from tests.crash.test_store_crash import KEYS, append, begin, check_invariants
from tests.media_synthetic import START_AT, key_of

from brightkitchen.bootstrap.main import main
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.checker import Checker, StoreReport
from brightkitchen.media.store.commands import Close
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, SEGMENTS
from brightkitchen.media.store.model import EndReason
from brightkitchen.media.store.repair import repair
from brightkitchen.media.store.store import Store

ONE, TWO = key_of(1), key_of(2)
STARTS = tuple((key, Utc(day(0) + hour * HOUR_US)) for hour in range(3) for key in (ONE, TWO))
FILE_US = FILE_S * US_PER_S


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_store(tmp_path / "store", STARTS)
    return tmp_path / "store"


def files_of(folder: Path) -> list[Path]:
    return sorted((folder / SEGMENTS).rglob("*.mp4"), key=lambda path: path.name)


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "index.sqlite3")) as db:
        db.execute(sql)
        db.commit()


def troubles(report: StoreReport) -> list[tuple[str, str]]:
    return [(finding.invariant, finding.trouble.value) for finding in report.findings]


def look(folder: Path, *, reads_all: bool = False) -> StoreReport:
    return Checker(folder, reads_all=reads_all).run()


def all_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.mp4"))


# -- looking -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads_all", [False, True])
def test_store_that_is_well_has_no_findings(folder: Path, reads_all: bool) -> None:
    report = look(folder, reads_all=reads_all)
    assert (report.findings, report.is_well, report.files, report.unhashed) == ([], True, 6, 0)
    assert report.size_bytes == all_bytes(folder)


def test_flipped_byte_is_named_when_everything_is_read(folder: Path) -> None:
    victim = files_of(folder)[3]
    data = bytearray(victim.read_bytes())
    for at in (len(data) - 1, 1400, len(data) // 2):
        data[at] ^= 1
        victim.write_bytes(data)
        assert look(folder).findings == []
        (finding,) = look(folder, reads_all=True).findings
        assert (finding.invariant, finding.segment) == ("I8", victim.stem)
        assert finding.file == f"store:{victim.relative_to(folder)}"
        data[at] ^= 1
    victim.write_bytes(data)
    assert look(folder, reads_all=True).is_well


def cut_short(folder: Path) -> None:
    os.truncate(files_of(folder)[0], 2000)


def grow(folder: Path) -> None:
    with files_of(folder)[0].open("ab") as file:
        file.write(b"more")


def remove(folder: Path) -> None:
    files_of(folder)[0].unlink()


def forget_row(folder: Path) -> None:
    change(folder, "DELETE FROM segment WHERE no = 1")
    change(folder, "UPDATE volume SET files = 5, size_bytes = (SELECT sum(size_bytes) FROM segment)")
    change(folder, "UPDATE shape SET files = 5")


def misplace(folder: Path) -> None:
    path = files_of(folder)[0]
    other = folder / SEGMENTS / ONE.camera / "20200101"
    other.mkdir()
    (other / path.name).write_bytes(path.read_bytes())


def add_foreign(folder: Path) -> None:
    (folder / SEGMENTS / "notes.txt").write_text("x")


def miscount(folder: Path) -> None:
    change(folder, "UPDATE volume SET files = 7")


def damage_fragments(folder: Path) -> None:
    change(folder, "UPDATE segment SET fragments = x'80' WHERE no = 1")


_DAMAGES: list[tuple[Callable[[Path], None], tuple[str, str], bool]] = [
    (cut_short, ("I4", "file_size"), True),
    (grow, ("I4", "file_size"), True),
    (remove, ("I3", "file_missing"), True),
    (forget_row, ("I4", "file_unknown"), True),
    (misplace, ("I4", "file_misplaced"), True),
    (add_foreign, ("I4", "file_unknown"), False),
    (miscount, ("I9", "counts"), True),
    (damage_fragments, ("I4", "fragments"), True),
]


@pytest.mark.parametrize(("damage", "expected", "is_mendable"), _DAMAGES)
def test_each_damage_is_found_and_mended_without_losing_a_byte(
    folder: Path, damage: Callable[[Path], None], expected: tuple[str, str], is_mendable: bool
) -> None:
    damage(folder)
    before = all_bytes(folder)
    assert troubles(look(folder)) == [expected]
    assert all_bytes(folder) == before
    report = repair(folder)
    assert troubles(report) == [expected]
    assert report.is_well == is_mendable
    assert all_bytes(folder) == before
    again = look(folder, reads_all=True)
    assert again.is_well == is_mendable
    if is_mendable:
        check_invariants(folder)


def test_lost_file_becomes_a_gap(folder: Path) -> None:
    remove(folder)
    repair(folder)
    store = Store.open(folder, ManualClock(day(1)))
    gaps = store.timeline(ONE, day(0), day(1)).gaps
    with closing(Index(folder / "index.sqlite3")) as index:
        assert ("lost", day(0), day(0) + FILE_US) in [
            (gap.reason, gap.from_at, gap.to_at) for gap in index.load_gaps(ONE, day(0), day(1))
        ]
    assert all(gap.from_at > day(0) for gap in gaps)
    store.start()
    store.close()


def test_content_that_changed_is_never_touched(folder: Path) -> None:
    victim = files_of(folder)[0]
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    report = repair(folder, reads_all=True)
    assert (troubles(report), report.is_well, victim.read_bytes() == data) == ([("I8", "content")], False, True)


def test_index_that_is_gone_is_made_anew_from_the_files(folder: Path) -> None:
    with closing(Index(folder / "index.sqlite3")) as index:
        before = [info for key in (ONE, TWO) for info in index.load_segments(key, Utc(0), Utc(START_AT * 2))]
    for name in ("index.sqlite3", "index.sqlite3-wal", "index.sqlite3-shm"):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(BrightKitchenError) as caught:
        look(folder)
    assert caught.value.code == "store.no_index"
    report = repair(folder)
    assert (len(report.findings), report.is_well) == (6, True)
    with closing(Index(folder / "index.sqlite3")) as index:
        after = [info for key in (ONE, TWO) for info in index.load_segments(key, Utc(0), Utc(START_AT * 2))]
    assert [(i.id, i.key, i.start_at, i.size_bytes, i.frames, i.content_hash) for i in after] == [
        (i.id, i.key, i.start_at, i.size_bytes, i.frames, i.content_hash) for i in before
    ]
    assert look(folder, reads_all=True).is_well


def test_index_that_is_no_database_is_said(folder: Path) -> None:
    for name in ("index.sqlite3-wal", "index.sqlite3-shm"):
        (folder / name).unlink(missing_ok=True)
    (folder / "index.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(BrightKitchenError) as caught:
        look(folder)
    assert caught.value.code == "store.index_damaged"


def test_index_with_a_damaged_page_is_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "index.sqlite3")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'segment_by_time'").fetchone()
    with (folder / "index.sqlite3").open("r+b") as file:
        file.seek((page - 1) * 4096 + 4000)
        file.write(b"\xff" * 90)
    assert ("I9", "index") in troubles(look(folder))


def test_index_of_an_older_version_is_said(folder: Path) -> None:
    change(folder, "PRAGMA user_version = 1")
    with pytest.raises(BrightKitchenError) as caught:
        look(folder)
    assert caught.value.code == "store.older"


def test_file_that_says_it_is_another_is_found_also_without_a_hash(folder: Path) -> None:
    change(folder, "UPDATE segment SET hash = NULL")
    first, second = files_of(folder)[0], files_of(folder)[2]
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    assert troubles(look(folder, reads_all=True)) == [("I5", "label")]
    assert look(folder).unhashed == 6
    first.write_bytes(data.replace(b"moof", b"free"))
    assert troubles(look(folder, reads_all=True)) == [("I4", "fragments")]


def test_file_that_cannot_be_read_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise OSError(5, "refused")

    monkeypatch.setattr("brightkitchen.media.store.checker.hash_file", refuse)
    assert troubles(look(folder, reads_all=True)) == [("I4", "file_unreadable")] * 6


def test_row_that_names_no_stream_is_found(folder: Path) -> None:
    change(folder, "INSERT INTO gap (stream, from_us, to_us, reason) VALUES (77, 1, 2, 'ended')")
    assert troubles(look(folder)) == [("I9", "index")]
    assert not repair(folder).is_well


def test_second_file_of_one_name_in_quarantine_keeps_the_first(folder: Path) -> None:
    name = files_of(folder)[0].name
    for content in (b"one", b"two"):
        (folder / SEGMENTS / ONE.camera / "20261123" / "seg_zzzzzzzzzzzzzzzz.mp4").write_bytes(content)
        assert repair(folder).is_well
    kept = sorted(path.read_bytes() for path in (folder / "quarantine").iterdir())
    assert (kept, files_of(folder)[0].name) == ([b"one", b"two"], name)


def test_orphan_in_a_wrong_folder_is_listed_at_its_place(folder: Path) -> None:
    victim = files_of(folder)[0]
    forget_row(folder)
    other = folder / SEGMENTS / TWO.camera / "20200101"
    other.mkdir()
    victim.rename(other / victim.name)
    assert repair(folder).is_well
    assert victim.exists()
    check_invariants(folder)


# -- at work -----------------------------------------------------------------------------------------------------------


def test_store_at_work_is_well_and_cannot_be_repaired(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = Store.open(folder, ManualClock(), reserve_bytes=0, commit_every_s=0.0)
    store.start()
    for number in range(6):
        segments = [begin(key, number) for key in KEYS]
        for second in range(2):
            commands = [append(segment, second) for segment in segments]
            store.submit([*commands], sum(command.size_bytes for command in commands))
        store.submit([Close(segments[0], EndReason.FULL)], 0)  # the other stays open
        report = Checker(folder, reads_all=True, is_running=True).run()
        assert report.findings == []
    with pytest.raises(BrightKitchenError) as caught:
        repair(folder)
    assert caught.value.code == "store.locked"
    assert store.close()


def test_finding_of_a_store_at_work_is_looked_at_again(folder: Path) -> None:
    victim = files_of(folder)[0]
    aside = victim.with_suffix(".aside")
    victim.rename(aside)

    def bring_back() -> None:
        aside.rename(victim)

    moved = Checker(folder, is_running=True, wait=bring_back).run()
    assert moved.findings == []
    victim.unlink()
    assert troubles(Checker(folder, is_running=True).run()) == [("I3", "file_missing")]


def test_unknown_file_of_a_store_at_work_is_named_and_counters_are_not_judged(folder: Path) -> None:
    forget_row(folder)
    change(folder, "UPDATE volume SET files = 99")
    (folder / SEGMENTS / "notes.txt").write_text("x")
    found = troubles(Checker(folder, is_running=True).run())
    assert found == [("I4", "file_unknown"), ("I4", "file_unknown")]


# -- the command -------------------------------------------------------------------------------------------------------


def test_command_says_what_it_found_and_ends_with_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--store", str(folder), "--hash"]) == 0
    victim = files_of(folder)[2]
    victim.unlink()
    assert main(["check", "--store", str(folder)]) == 1
    assert victim.name in capsys.readouterr().out
    assert main(["check", "--store", str(folder), "--repair"]) == 0
    assert main(["check", "--store", str(folder), "--json"]) == 0
    assert '"ok":true' in capsys.readouterr().out


def test_command_without_a_folder_checks_every_node(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = folder.parent / "data"
    for number in (0, 1):
        (data / f"node-{number}").mkdir(parents=True)
        make_store(data / f"node-{number}" / "store", STARTS[:2])
    assert main(["check", "--store", "--data", str(data)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert (folder / OPEN).exists()
