"""The schema, on both databases: from nothing and from every earlier step it becomes what the code's tables say, and the
rows that were there are there still; two processes that start at once migrate once.

`schemas/REVISION.toml` holds awkward rows as a released schema kept them. A step that is released gets such a file with
rows of what it added; until then the rows of the step before go through it. A value that a step changes on purpose is
named in `CHANGED_SINCE`.
"""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.contract.conftest import Control, DatabaseAddress

from brightkitchen.kernel.database import MIGRATIONS_DIR, Database, metadata, open_database, sqlite_url
from brightkitchen.kernel.errors import BrightKitchenError

SCHEMAS = Path(__file__).parent / "schemas"
CHANGED_SINCE = {"m0001": frozenset({"users.role"})}  # m0002: a role became a grant
"""Revision → the columns ("table.column") of its rows that later steps change on purpose, or drop."""
Rows = dict[str, list[dict[str, Any]]]  # Any: whatever a column holds


def _revisions() -> list[str]:
    """Every step, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


REVISIONS = _revisions()


def _released_at(revision: str) -> str:
    """Return the newest step up to `revision` of which we keep rows."""
    known = [each for each in REVISIONS[: REVISIONS.index(revision) + 1] if (SCHEMAS / f"{each}.toml").is_file()]
    return known[-1]


def _read_rows(revision: str) -> Rows:
    def value(found: Any) -> Any:  # Any: TOML
        return bytes.fromhex(found["hex"]) if isinstance(found, dict) else found

    tables = tomllib.loads((SCHEMAS / f"{revision}.toml").read_text(encoding="utf-8"))
    return {table: [{key: value(row[key]) for key in row} for row in rows] for table, rows in tables.items()}


async def _reflect(connection: AsyncConnection) -> sa.MetaData:
    found = sa.MetaData()
    await connection.run_sync(found.reflect)
    return found


def _differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_schema_from_empty_is_what_the_tables_say(empty_database: DatabaseAddress) -> None:
    database = await open_database(empty_database)
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
    await database.close()


async def test_schema_test_notices_a_missing_column_and_a_wrong_type(control: Control) -> None:
    async with control.database.write() as connection:
        await connection.execute(sa.text("ALTER TABLE cameras DROP COLUMN audio"))
        await connection.execute(sa.text("ALTER TABLE cameras ADD COLUMN colour VARCHAR(3)"))
    async with control.database.read() as connection:
        assert len(await connection.run_sync(_differences)) == 2


@pytest.mark.parametrize("revision", REVISIONS)
async def test_rows_of_every_schema_survive_to_the_newest(empty_database: DatabaseAddress, revision: str) -> None:
    released = _released_at(revision)
    rows = _read_rows(released)
    database = await open_database(empty_database, migrate_to=released)
    async with database.write() as connection:
        tables = (await _reflect(connection)).tables
        for table, values in rows.items():
            columns = dict.fromkeys(tables[table].columns.keys())
            rows[table] = [columns | value for value in values]  # what a row lacks is NULL, and must stay so
            await connection.execute(tables[table].insert(), rows[table])
    await database.migrate(revision)
    await database.close()

    database = await open_database(empty_database)
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
        tables = (await _reflect(connection)).tables
        for table, values in rows.items():
            kept = await _load_kept(connection, tables[table], values, CHANGED_SINCE.get(released, frozenset()))
            assert kept == (values, len(values)), table
    await database.close()


async def _load_kept(
    connection: AsyncConnection, table: sa.Table, values: list[dict[str, Any]], changed: frozenset[str]
) -> tuple[list[dict[str, Any]], int]:
    """Return `values` with what the database holds now in place of what it was given, and how many rows there are."""
    found = {row[0]: row._mapping for row in await connection.execute(sa.select(table))}
    kept = []
    for value in values:
        row = found[next(iter(value.values()))]
        kept.append({key: value[key] if f"{table.name}.{key}" in changed else row[key] for key in value})
    return kept, len(found)


async def test_migrating_again_keeps_the_rows(control: Control) -> None:
    await control.database.migrate()
    assert await control.services.users.has_anybody()


async def test_two_processes_that_start_at_once_migrate_once(empty_database: DatabaseAddress) -> None:
    databases = await asyncio.gather(*(open_database(empty_database) for _ in range(4)))
    async with databases[0].read() as connection:
        versions = (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalars().all()
        assert versions == REVISIONS[-1:]
        assert await connection.run_sync(_differences) == []
    for database in databases:
        await database.close()


async def test_schema_of_a_newer_version_is_refused_and_left_alone(empty_database: DatabaseAddress) -> None:
    database = await open_database(empty_database)
    async with database.write() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = 'm9999'"))
    with pytest.raises(BrightKitchenError, match=r"database\.newer"):
        await open_database(empty_database)
    async with database.read() as connection:
        assert (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one() == "m9999"
    await database.close()


async def _pragma(database: Database, name: str) -> object:
    async with database.read() as connection:
        return (await connection.execute(sa.text(f"PRAGMA {name}"))).scalar_one()


async def test_sqlite_waits_for_locks_and_enforces_foreign_keys(tmp_path: Path) -> None:
    database = await open_database(sqlite_url(tmp_path / "fresh.db"))
    values = [await _pragma(database, name) for name in ("journal_mode", "foreign_keys", "busy_timeout")]
    await database.close()
    assert values == ["wal", 1, 5000]
