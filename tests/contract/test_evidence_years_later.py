"""S29: what was sealed three keys ago verifies today, and what a lost key signs after its end does not."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from tests.contract.conftest import Control, log_in
from tests.contract.kitchen_evidence import Kitchen, open_kitchen
from tests.contract.test_evidence_check import check
from tests.contract.test_evidence_export import Memory, judge, unpack

from brightkitchen.domain.evidence.verify import Trouble, Trust, verify_package, verify_seal
from brightkitchen.kernel.evidence import Seal
from brightkitchen.kernel.keyhistory import read_history, split_lines
from brightkitchen.kernel.signing import SUITES

YEAR_S = 366 * 86_400


@pytest.fixture
async def kitchen(control: Control, tmp_path: Path) -> AsyncIterator[Kitchen]:
    async with open_kitchen(control, tmp_path) as one:
        yield one


async def years_later(kitchen: Kitchen, years: int) -> None:
    """The node's clock goes along, or its tokens would be from the future."""
    for clock in (kitchen.control.clock, kitchen.node.clock):
        clock.jump(years * YEAR_S)
    await kitchen.control.keys.refresh()
    kitchen.node.server.set_keys(kitchen.control.keys.verify_keys())
    await log_in(kitchen.client)


async def test_evidence_verifies_after_three_rotations_of_the_key(kitchen: Kitchen) -> None:
    items = [await kitchen.snapshot()]
    for _ in range(3):
        await years_later(kitchen, 1)
        items.append(await kitchen.snapshot())
    _, data = await kitchen.export(*(item["id"] for item in items))
    files = unpack(data)
    history = read_history(split_lines(files["keys.jsonl"]))
    verdict = judge(files)
    assert (verdict.findings, len(history.keys), len(verdict.numbers)) == ([], 4, 4)
    assert [item["number"][:3] for item in items] == ["E26", "E27", "E28", "E29"]
    for key in history.keys:  # whichever of them the bureau published, it vouches for the others
        assert verify_package(Memory(files), trusted={key.line.fingerprint}).trust is Trust.KNOWN
    assert (await check(kitchen)).is_well


async def test_item_sealed_by_a_revoked_key_counts_until_then_and_not_after(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    keys = kitchen.control.signer.key_folder
    first = keys.history.keys[0].line.kid
    kitchen.control.clock.jump(60)
    keys.revoke(first, "the disk was lost")
    _, data = await kitchen.export(item["id"])
    files = unpack(data)
    assert judge(files).findings == []
    history = read_history(split_lines(files["keys.jsonl"]))
    kitchen.control.clock.jump(60)
    late = keys.sign("bk-evidence-v1", "ab" * 32)
    assert verify_seal(late, history) is None
    ended = next(key for key in history.keys if key.line.kid == first)
    assert ended.until_at is not None
    stolen = (kitchen.control.signer.folder / f"{first}.key").read_bytes()
    forged = forge_seal(stolen, first, late.at)
    assert verify_seal(forged, history) is Trouble.KEY_NOT_VALID_THEN


def forge_seal(secret: bytes, kid: str, at: str) -> Seal:
    """Return what a thief of that key can make."""
    seal = Seal(what="bk-evidence-v1", digest="ab" * 32, at=at, kid=kid, suite="ed25519")
    signature = SUITES["ed25519"].load(secret).sign(seal.to_sign()).hex()
    return msgspec.structs.replace(seal, signature=signature)
