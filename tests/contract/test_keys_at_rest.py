"""S24, S14: sealed rows open with their own key in their own place only; a lost key stops the start."""

import os
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.contract.conftest import DatabaseAddress, NewDatabase

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.database import Database, data_keys, open_database
from brightkitchen.kernel.datakeys import Purpose, load_sealers
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.errors import BrightKitchenError


async def _start(database: Database, kek: Path) -> bytes:
    """Start once and return something sealed for a cell."""
    sealers = await load_sealers(database, kek_source=f"file:{kek}", entropy=SystemEntropy(), clock=ManualClock())
    return sealers[Purpose.CAMERA].seal("s3cret", table="t", column="c", row="1")


async def _open(database: Database, kek: Path, blob: bytes) -> str:
    sealers = await load_sealers(database, kek_source=f"file:{kek}", entropy=SystemEntropy(), clock=ManualClock())
    return sealers[Purpose.CAMERA].open(blob, table="t", column="c", row="1")


async def test_second_start_opens_what_the_first_sealed(migrated_database: DatabaseAddress, tmp_path: Path) -> None:
    database = await open_database(migrated_database)
    blob = await _start(database, tmp_path / "keys" / "kek")
    assert await _open(database, tmp_path / "keys" / "kek", blob) == "s3cret"
    modes = [stat.S_IMODE(os.stat(tmp_path / each).st_mode) for each in ("keys", "keys/kek")]
    assert modes == [0o700, 0o600]
    await database.close()


async def test_missing_key_with_sealed_rows_refuses_to_start_and_makes_no_new_one(
    migrated_database: DatabaseAddress, tmp_path: Path
) -> None:
    database = await open_database(migrated_database)
    kek = tmp_path / "kek"
    await _start(database, kek)
    os.rename(kek, tmp_path / "elsewhere")
    with pytest.raises(BrightKitchenError, match=r"secrets\.key_missing"):
        await _start(database, kek)
    assert "kek" not in os.listdir(tmp_path)
    os.rename(tmp_path / "elsewhere", kek)
    await _start(database, kek)
    await database.close()


async def test_key_of_another_installation_refuses_to_start_and_changes_nothing(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    one, other = [await open_database(await new_database(migrated=True)) for _ in range(2)]
    await _start(one, tmp_path / "kek-a")
    await _start(other, tmp_path / "kek-b")
    async with one.read() as connection:
        before = (await connection.execute(sa.select(data_keys).order_by(data_keys.c.id))).all()
    with pytest.raises(BrightKitchenError, match=r"secrets\.key_wrong"):
        await _start(one, tmp_path / "kek-b")
    async with one.read() as connection:
        assert (await connection.execute(sa.select(data_keys).order_by(data_keys.c.id))).all() == before
    await one.close()
    await other.close()


async def test_data_keys_are_distinct_and_moved_rows_do_not_open(
    migrated_database: DatabaseAddress, tmp_path: Path
) -> None:
    database = await open_database(migrated_database)
    await _start(database, tmp_path / "kek")
    async with database.write() as connection:
        rows = {row.purpose: row for row in await connection.execute(sa.select(data_keys))}
        assert len({row.wrapped for row in rows.values()}) == len(Purpose)
        swapped = rows["signing"].wrapped
        await connection.execute(data_keys.update().where(data_keys.c.purpose == "camera").values(wrapped=swapped))
    with pytest.raises(BrightKitchenError, match=r"secrets\.key_wrong"):
        await _start(database, tmp_path / "kek")
    await database.close()
