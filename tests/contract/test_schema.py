"""The schema: upgraded from nothing it is what the code's tables say; migrating twice changes nothing."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.contract.conftest import Control

from brightkitchen.kernel.database import metadata, open_database, sqlite_url


def _differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_upgraded_schema_is_what_the_tables_say(control: Control) -> None:
    async with control.database.read() as connection:
        assert await connection.run_sync(_differences) == []


async def test_schema_test_notices_a_missing_column(control: Control) -> None:
    async with control.database.write() as connection:
        await connection.execute(sa.text("ALTER TABLE cameras DROP COLUMN zone"))
    async with control.database.read() as connection:
        assert len(await connection.run_sync(_differences)) == 1


async def test_migrating_again_keeps_the_rows(control: Control) -> None:
    await control.database.migrate()
    assert await control.services.users.has_anybody()


async def test_sqlite_waits_for_locks_and_enforces_foreign_keys(tmp_path: Path) -> None:
    database = await open_database(sqlite_url(tmp_path / "fresh.db"))
    async with database.read() as connection:
        values = [
            (await connection.execute(sa.text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    await database.close()
    assert values == ["wal", 1, 5000]
