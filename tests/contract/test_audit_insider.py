"""S48, A10: an insider with the whole database edits, cuts, recomputes and restores; the check names each, in the command line's words."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from brightkitchen.bootstrap.main import main
from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.anchoring import Anchorer
from brightkitchen.domain.audit.anchors import AnchorFolder
from brightkitchen.domain.audit.chain import close_row
from brightkitchen.domain.audit.keys import AuditKeys
from brightkitchen.domain.audit.model import Row, Who
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.database import Database, open_database, sqlite_url
from brightkitchen.kernel.datakeys import Purpose, load_sealers
from brightkitchen.kernel.entropy import SystemEntropy

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class House:
    """A data folder whose control comes and goes, with a clock that only moves when told."""

    data: Path
    clock: ManualClock

    @property
    def file(self) -> Path:
        return self.data / "control.sqlite3"

    @property
    def anchors(self) -> Path:
        return self.data / "anchors"

    async def work(self, rows: int, *, minutes: int = 11) -> None:
        """Start control, write rows, anchor, end."""
        database, trail, anchorer = await self.open()
        await anchorer.write_due()
        for number in range(rows):
            self.clock.jump(1)
            await trail.record(
                trail.entry(model.CHANGE, Who(f"usr_{number}"), object_kind="camera", names={"name": "甲"})
            )
        self.clock.jump(minutes * 60)
        await anchorer.write_due()
        await database.close()

    async def open(self) -> tuple[Database, AuditTrail, Anchorer]:
        entropy = SystemEntropy()
        database = await open_database(sqlite_url(self.file))
        sealers = await load_sealers(
            database, kek_source=f"file:{self.data / 'kek'}", entropy=entropy, clock=self.clock
        )
        trail = AuditTrail(database, clock=self.clock, entropy=entropy, zone=ZONE)
        keys = AuditKeys(sealers[Purpose.AUDIT], entropy)
        anchorer = Anchorer(database, trail, keys, AnchorFolder(self.anchors), clock=self.clock, zone=ZONE)
        return database, trail, anchorer

    def tamper(self) -> sqlite3.Connection:
        """Return the database as its owner holds it: without our triggers."""
        connection = sqlite3.connect(self.file, isolation_level=None)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.row_factory = sqlite3.Row
        return connection

    def backup(self, place: Path) -> None:
        with sqlite3.connect(self.file) as source, sqlite3.connect(place) as target:
            source.backup(target)
        source.close()
        target.close()

    def restore(self, place: Path) -> None:
        for extra in self.data.glob("control.sqlite3-*"):
            extra.unlink()
        shutil.copyfile(place, self.file)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "data", ManualClock())
    house.data.mkdir()
    yield house


def check(house: House, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run the real command; return its exit code and trouble → parameters of what it calls failures."""
    capsys.readouterr()
    code = main(["check", "--audit", "--json", "--data", str(house.data), *arguments])
    answer = json.loads(capsys.readouterr().out)
    return code, {each["trouble"]: each["params"] for each in answer["findings"] if each["failure"]}


async def _check(house: House, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return await asyncio.to_thread(check, house, capsys, *arguments)


async def test_untouched_audit_is_well(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(30)
    await house.work(20)
    assert await _check(house, capsys) == (0, {})


async def test_triggers_refuse_update_delete_and_replace(house: House) -> None:
    await house.work(3)
    connection = sqlite3.connect(house.file)
    for statement in (
        "UPDATE audit_rows SET actor_id = 'x' WHERE seq = 2",
        "DELETE FROM audit_rows WHERE seq = 2",
        "INSERT OR REPLACE INTO audit_rows SELECT * FROM audit_rows WHERE seq = 2",
        "UPDATE audit_texts SET text = '{}' WHERE seq = 2",
        "DELETE FROM audit_texts WHERE seq = 2",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            connection.execute(statement)
    connection.close()


async def test_edited_row_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(30)
    with house.tamper() as connection:
        connection.execute("UPDATE audit_rows SET actor_id = 'usr_somebody_else' WHERE seq = 17")
    connection.close()
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["edited"])
    assert found["edited"]["seq"] == 17


async def test_row_taken_out_of_the_middle_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(30)
    with house.tamper() as connection:
        connection.execute("DELETE FROM audit_rows WHERE seq IN (9, 10)")
    connection.close()
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["gap"])
    assert (found["gap"]["first"], found["gap"]["last"]) == (9, 10)


async def test_edited_name_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(5)
    with house.tamper() as connection:
        connection.execute('UPDATE audit_texts SET text = \'{"name":"乙"}\' WHERE seq = 4')
    connection.close()
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["text_edited"])


async def test_cut_tail_is_named_even_with_the_head_set_back(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(30)
    with house.tamper() as connection:
        last = connection.execute("SELECT max(seq) FROM audit_rows").fetchone()[0]
        connection.execute("DELETE FROM audit_rows WHERE seq > 20")
        connection.execute("DELETE FROM audit_texts WHERE seq > 20")
        connection.execute("UPDATE audit_head SET seq = 20, hash = (SELECT hash FROM audit_rows WHERE seq = 20)")
    connection.close()
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["cut"])
    assert (found["cut"]["first"], found["cut"]["last"]) == (21, last)


async def test_cut_tail_is_still_a_cut_after_control_went_on(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(30)
    with house.tamper() as connection:
        connection.execute("DELETE FROM audit_rows WHERE seq > 20")
        connection.execute("DELETE FROM audit_texts WHERE seq > 20")
        connection.execute("UPDATE audit_head SET seq = 20, hash = (SELECT hash FROM audit_rows WHERE seq = 20)")
    connection.close()
    await house.work(5)
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["cut"])
    await house.work(50)
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["cut"])


async def test_cut_tail_not_anchored_yet_is_named_by_the_head(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(10)
    database, trail, _ = await house.open()
    await trail.record(trail.entry(model.DOWNLOAD), trail.entry(model.EXPORT))
    await database.close()
    with house.tamper() as connection:
        last = connection.execute("SELECT max(seq) FROM audit_rows").fetchone()[0]
        connection.execute("DELETE FROM audit_rows WHERE seq = ?", (last,))
    connection.close()
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["cut"])


def _recompute(connection: sqlite3.Connection, seq: int, actor: str) -> None:
    """What a careful insider does: change one row and compute all that follows anew."""
    rows = connection.execute("SELECT * FROM audit_rows WHERE seq >= ? ORDER BY seq", (seq,)).fetchall()
    before = connection.execute("SELECT hash FROM audit_rows WHERE seq = ?", (seq - 1,)).fetchone()[0]
    for each in rows:
        values = dict(each)
        if values["seq"] == seq:
            values["actor_id"] = actor
        row = close_row(Row(**values), before)
        before = row.hash
        connection.execute(
            "UPDATE audit_rows SET actor_id = ?, hash = ? WHERE seq = ?", (row.actor_id, row.hash, row.seq)
        )
    connection.execute("UPDATE audit_head SET hash = ?", (before,))


async def test_recomputed_chain_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(20)
    await house.work(20)
    with house.tamper() as connection:
        _recompute(connection, 30, "usr_nobody")
    connection.close()
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["recomputed"])
    assert found["recomputed"]["good"] < 30 <= found["recomputed"]["last"]


async def test_recomputed_chain_is_still_named_after_control_went_on(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    await house.work(20)
    with house.tamper() as connection:
        _recompute(connection, 5, "usr_nobody")
    connection.close()
    await house.work(20)
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["recomputed"])


async def test_older_backup_is_named_before_anybody_writes(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await house.work(20)
    house.backup(tmp_path / "last_week")
    await house.work(20)
    house.restore(tmp_path / "last_week")
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["restored"])


@pytest.mark.parametrize("rows", [3, 60])
async def test_older_backup_is_named_after_control_went_on(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: int
) -> None:
    await house.work(20)
    house.backup(tmp_path / "last_week")
    await house.work(20)
    house.restore(tmp_path / "last_week")
    await house.work(rows)
    await house.work(5)
    code, found = await _check(house, capsys)
    assert (code, list(found)) == (1, ["restored"])
    config = tmp_path / "accepted.toml"
    config.write_text(f"[audit]\naccepted_restores = [{found['restored']['line']}]\n")
    assert await _check(house, capsys, "--config", str(config)) == (0, {})


async def test_rewritten_anchors_are_named_against_a_copy(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await house.work(20)
    shutil.copytree(house.anchors, tmp_path / "copy")
    with house.tamper() as connection:
        _recompute(connection, 5, "usr_nobody")
    connection.close()
    shutil.rmtree(house.anchors)
    with house.tamper() as connection:
        connection.execute("UPDATE audit_head SET anchor_no = 0")
    connection.close()
    await house.work(1)  # control signs the forged chain with its own, good key
    assert (await _check(house, capsys))[0] == 0
    code, found = await _check(house, capsys, "--anchors", str(tmp_path / "copy"))
    assert code == 1
    assert set(found) == {"recomputed", "anchors_differ"}


async def test_anchors_cut_and_edited_are_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(5)
    await house.work(5)
    await house.work(5)
    (file,) = house.anchors.glob("2026.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    assert list((await _check(house, capsys))[1]) == ["anchors_cut"]
    file.write_bytes(b"".join(lines[:1] + lines[2:]))
    assert list((await _check(house, capsys))[1]) == ["anchor_gap"]
    file.write_bytes(b"".join(lines).replace(b'"rows":0', b'"rows":1', 1))
    assert "anchor_signature" in (await _check(house, capsys))[1]


async def test_torn_last_anchor_is_told_and_healed_by_the_next(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    await house.work(5)
    (file,) = house.anchors.glob("2026.jsonl")
    with file.open("ab") as opened:
        opened.write(b'{"at":179539')
    assert await _check(house, capsys) == (0, {})
    await house.work(5)
    assert await _check(house, capsys) == (0, {})
    assert file.read_bytes().endswith(b"}\n")


async def test_foreign_key_in_the_folder_is_named(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await house.work(5)
    code, _ = await _check(house, capsys)
    assert code == 0
    config = tmp_path / "trust.toml"
    config.write_text('[audit]\ntrusted_key = "0123456789abcdef"\n')
    code, found = await _check(house, capsys, "--config", str(config))
    assert code == 1
    assert "key_strange" in found


async def test_erased_names_leave_the_chain_whole(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.work(5)
    database, trail, _ = await house.open()
    await trail.erase(4, "request_of_the_person", Who("usr_auditor", "AUDITOR"))
    await database.close()
    assert await _check(house, capsys) == (0, {})
    with house.tamper() as connection:
        connection.execute("UPDATE audit_texts SET text = NULL, salt = NULL, erased_by_seq = 1 WHERE seq = 3")
    connection.close()
    assert list((await _check(house, capsys))[1]) == ["text_gone"]
