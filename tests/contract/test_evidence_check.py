"""`check --evidence` names what an insider changed (docs/design/evidence.md §9): files, rows, order, tail."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control
from tests.contract.kitchen_evidence import Kitchen, open_kitchen

from brightkitchen.domain.evidence.checking import EvidenceReport, check_evidence
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.evidence.store import evidence_events, evidence_items
from brightkitchen.domain.evidence.verify import Trouble
from brightkitchen.kernel.keyhistory import read_history, split_lines

Named = set[tuple[Trouble, str, str]]


@pytest.fixture
async def kitchen(control: Control, tmp_path: Path) -> AsyncIterator[Kitchen]:
    async with open_kitchen(control, tmp_path) as one:
        yield one


async def check(kitchen: Kitchen) -> EvidenceReport:
    history = read_history(split_lines((kitchen.control.signer.folder / "keys.jsonl").read_bytes()))
    return await check_evidence(kitchen.control.database, EvidenceFolder(kitchen.folder), history)


def named(report: EvidenceReport) -> Named:
    return {(finding.trouble, finding.item, finding.file) for finding in report.findings}


async def change(kitchen: Kitchen, number: str, **values: object) -> None:
    async with kitchen.control.database.write() as connection:
        await connection.execute(evidence_items.update().where(evidence_items.c.number == number).values(**values))


async def test_check_finds_nothing_wrong_with_sound_evidence(kitchen: Kitchen) -> None:
    for _ in range(2):
        await kitchen.snapshot()
    item = await kitchen.clip()
    report = await check(kitchen)
    assert (report.findings, report.notes, report.items, report.head) == ([], [], 3, item["hash"])


async def test_check_one_flipped_byte_in_any_file_names_it(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    for file in sorted(kitchen.folder_of(item).iterdir()):
        sound = file.read_bytes()
        for at in (0, len(sound) // 2, len(sound) - 1):
            flipped = bytearray(sound)
            flipped[at] ^= 1
            file.write_bytes(bytes(flipped))
            assert (item["number"], file.name) in {(number, name) for _, number, name in named(await check(kitchen))}
        file.write_bytes(sound)
    assert (await check(kitchen)).is_well


async def test_check_missing_and_strange_files_are_named(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    (kitchen.folder_of(item) / "group.mp4").unlink()
    (kitchen.folder_of(item) / "group2.mp4").write_bytes(b"x")
    (kitchen.folder_of(item).parent / "evi_0000000000000000").mkdir()
    report = await check(kitchen)
    assert named(report) == {
        (Trouble.FILE_MISSING, item["number"], "group.mp4"),
        (Trouble.FILE_EXTRA, item["number"], "group2.mp4"),
    }
    assert report.notes == ["evi_0000000000000000"]


async def _edit_note(kitchen: Kitchen) -> None:
    await change(kitchen, "E2611-00002", note="别的备注")


async def _edit_manifest(kitchen: Kitchen) -> None:
    async with kitchen.control.database.write() as connection:
        await connection.execute(
            evidence_items.update()
            .where(evidence_items.c.number == "E2611-00002")
            .values(manifest=sa.func.replace(evidence_items.c.manifest, "PATROL", "COURTS"))
        )


async def _edit_hash(kitchen: Kitchen) -> None:
    await change(kitchen, "E2611-00002", hash="ab" * 32)


async def _swap_seals(kitchen: Kitchen) -> None:
    async with kitchen.control.database.write() as connection:
        rows = (await connection.execute(sa.select(evidence_items.c.number, evidence_items.c.seal))).all()
    seals = {row.number: row.seal for row in rows}
    await change(kitchen, "E2611-00002", seal=seals["E2611-00003"])
    await change(kitchen, "E2611-00003", seal=seals["E2611-00002"])


@pytest.mark.parametrize("harm", [_edit_note, _edit_manifest, _edit_hash, _swap_seals])
async def test_check_changed_row_is_named(kitchen: Kitchen, harm: Callable[[Kitchen], Awaitable[None]]) -> None:
    for _ in range(3):
        await kitchen.snapshot()
    await harm(kitchen)
    assert "E2611-00002" in {finding.item for finding in (await check(kitchen)).findings}


async def _delete(kitchen: Kitchen, number: str) -> None:
    async with kitchen.control.database.write() as connection:
        mine = sa.select(evidence_items.c.id).where(evidence_items.c.number == number).scalar_subquery()
        await connection.execute(evidence_events.delete().where(evidence_events.c.item_id == mine))
        await connection.execute(evidence_items.delete().where(evidence_items.c.number == number))


@pytest.mark.parametrize("number", ["E2611-00001", "E2611-00002", "E2611-00003"])
async def test_check_deleted_row_is_found_even_at_the_tail(kitchen: Kitchen, number: str) -> None:
    for _ in range(3):
        await kitchen.snapshot()
    await _delete(kitchen, number)
    report = await check(kitchen)
    seq = int(number[-1])
    assert any(
        f.trouble is Trouble.CHAIN_BROKEN and f.detail.startswith(f"{seq} is in the audit") for f in report.findings
    )


async def test_check_order_of_the_chain_cannot_be_changed(kitchen: Kitchen) -> None:
    for _ in range(3):
        await kitchen.snapshot()
    await change(kitchen, "E2611-00002", seq=99)
    await change(kitchen, "E2611-00003", seq=2)
    await change(kitchen, "E2611-00002", seq=3)
    items = {f.item for f in (await check(kitchen)).findings if f.trouble is Trouble.CHAIN_BROKEN}
    assert items == {"E2611-00002", "E2611-00003"}
