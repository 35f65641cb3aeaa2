"""The relational store: one engine, one place where transactions begin.

SQLite is the embedded default, PostgreSQL serves a city; nothing here or in a `store.py` is SQL of one of them alone.
Tables are declared by the slice that owns them, on `metadata`; `migrations/` builds them. A test says both agree.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from brightkitchen.kernel.errors import BrightKitchenError, Kind

BUSY_TIMEOUT_MS: Final = 5_000
MIGRATIONS_DIR: Final = Path(__file__).resolve().parent.parent / "migrations"

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

data_keys = sa.Table(
    "data_keys",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("purpose", sa.String(20), nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)


class Database:
    """Hands out connections. Writers of SQLite take turns here, so that none of them meets a lock half-way."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._one_writer = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection to select with; nothing it changes is kept."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in one transaction: kept when the block ends, undone when it raises."""
        if self._one_writer is None:
            async with self._engine.begin() as connection:
                yield connection
            return
        async with self._one_writer, self._engine.begin() as connection:
            yield connection

    async def migrate(self) -> None:
        """Bring the schema to the newest step; a no-op when it is there already."""
        async with self._engine.begin() as connection:
            await connection.run_sync(_upgrade)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


async def open_database(url: str) -> Database:
    """Connect to `url` ("sqlite+aiosqlite:////path/control.db", "postgresql+asyncpg://…") and migrate it.

    raises: BrightKitchenError "database.unreachable" with the driver's error chained.
    """
    engine = create_async_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    database = Database(engine)
    try:
        await database.migrate()
    except (sa.exc.OperationalError, OSError) as cause:
        await database.close()
        raise BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable") from cause
    return database


async def open_database_read_only(url: str) -> Database:
    """Connect to select only; neither migrates nor changes anything, and works while others write.

    raises: BrightKitchenError "database.unreachable".
    """
    if url.startswith("sqlite"):
        scheme, _, path = url.partition(":///")
        engine = create_async_engine(f"{scheme}:///file:{quote(path)}?mode=ro&uri=true")
        event.listen(engine.sync_engine, "connect", _wait_for_locks)
    else:
        engine = create_async_engine(url).execution_options(postgresql_readonly=True)
    database = Database(engine)
    try:
        async with database.read() as connection:
            await connection.execute(sa.text("SELECT 1"))
    except (sa.exc.SQLAlchemyError, OSError) as cause:
        await database.close()
        raise BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable") from cause
    return database


def sqlite_url(file: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite+aiosqlite:///{file.resolve()}"


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _wait_for_locks(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()


def _upgrade(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
