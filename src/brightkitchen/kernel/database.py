"""The relational store: one engine, one place where transactions begin.

SQLite is the embedded default, PostgreSQL serves a city; nothing here or in a `store.py` is SQL of one of them alone.
Tables are declared by the slice that owns them, on `metadata`; `migrations/` builds them. A test says both agree.

One writer at a time, in the whole installation and on both: what a write has read stays true until it ends, so that a
rule checked in `write` needs no second check against races. Readers never wait for the writer.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.databaseurl import PostgresAddress
from brightkitchen.kernel.errors import BrightKitchenError, Kind

_STEPS_PER_LOOK: Final = 100_000
"""Instructions of SQLite's machine between two looks at the time: some milliseconds."""
NEWEST: Final = "head"
_MAX_VALUES: Final = 400
"""How many values one statement compares a column with: far below what either database takes at once."""
_T = TypeVar("_T")
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


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the database may keep us waiting.

    read_s: for one select (SECURITY §3 row 10).
    turn_s: for the turn to write, while another process writes.
    """

    read_s: float = 5.0
    turn_s: float = 5.0


DEFAULT_LIMITS: Final = Limits()


class Database:
    """Hands out connections, and says what went wrong with them in our words."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        """reader, writer: the same engine for SQLite."""
        self._reader = reader
        self._writer = writer
        self._is_sqlite = writer.dialect.name == "sqlite"
        # Also where the server has a lock: who waits here holds no connection meanwhile.
        self._one_writer = asyncio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection to select with; nothing it changes is kept.

        raises: BrightKitchenError(UNAVAILABLE) "database.unreachable", "database.busy", "database.slow".
        """
        async with _connected(self._reader) as connection:
            await connection.execution_options(bk_limited=True)
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in one transaction: kept when the block ends, undone when it raises.

        raises: BrightKitchenError(UNAVAILABLE) "database.unreachable", "database.busy", "database.slow".
        """
        async with self._one_writer, _connected(self._writer) as connection, connection.begin():
            await self._take_turn(connection)
            yield connection

    async def migrate(self, to: str = NEWEST) -> None:
        """Bring the schema up to the step `to`; a no-op when it is there already. All of it is kept, or nothing.

        Of several processes that start at once, one migrates and the others wait for it.

        raises: BrightKitchenError(UNAVAILABLE) as `write`, or "database.newer".
        """
        try:
            async with self._one_writer, _connected(self._writer) as connection:
                if self._is_sqlite:
                    await _migrate_sqlite(connection, to)
                    return
                async with connection.begin():
                    await self._take_turn(connection, migrating=True)
                    await connection.run_sync(_upgrade, to)
        except CommandError as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "database.newer") from cause

    async def check_encoding(self) -> None:
        """raises: BrightKitchenError(UNAVAILABLE, "database.encoding") where Chinese text could not be kept."""
        if self._is_sqlite:
            return  # always UTF-8
        async with self.read() as connection:
            found = str((await connection.execute(sa.text("SHOW server_encoding"))).scalar_one())
        if found != "UTF8":
            raise BrightKitchenError(Kind.UNAVAILABLE, "database.encoding", found=found)

    async def close(self) -> None:
        """Close every connection."""
        await self._reader.dispose()
        await self._writer.dispose()

    async def _take_turn(self, connection: AsyncConnection, *, migrating: bool = False) -> None:
        """Wait until no other process writes, before anything is read that the write will rely on."""
        if self._is_sqlite:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        from brightkitchen.kernel.postgres import MIGRATE_TIMEOUT_MS, WRITE_LOCK

        if migrating:
            for limit in ("lock_timeout", "statement_timeout"):
                await connection.execute(sa.text(f"SET LOCAL {limit} = {MIGRATE_TIMEOUT_MS}"))
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITE_LOCK)))


def split_values(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Return `values` in parts, each short enough for the ``IN (…)`` of one statement."""
    return (values[start : start + _MAX_VALUES] for start in range(0, len(values), _MAX_VALUES))


async def open_database(
    address: str | PostgresAddress, *, migrate_to: str = NEWEST, limits: Limits = DEFAULT_LIMITS
) -> Database:
    """Connect to a PostgreSQL database, or to SQLite's at an URL of `sqlite_url`, and migrate it.

    raises: BrightKitchenError(UNAVAILABLE) "database.unreachable", "database.login_refused", "database.none",
    "database.not_allowed", "database.encoding" or "database.newer", with the driver's error chained.
    """
    if isinstance(address, PostgresAddress):
        from brightkitchen.kernel.postgres import make_reader, make_writer

        database = Database(make_reader(address, read_s=limits.read_s), make_writer(address, turn_s=limits.turn_s))
    else:
        engine = create_async_engine(address, pool_pre_ping=True, hide_parameters=True)
        _prepare_sqlite(engine, limits)
        database = Database(engine, engine)
    async with AsyncExitStack() as opened:
        opened.push_async_callback(database.close)
        await database.check_encoding()
        await database.migrate(migrate_to)
        opened.pop_all()
    return database


async def open_database_read_only(address: str | PostgresAddress, *, limits: Limits = DEFAULT_LIMITS) -> Database:
    """Connect to select only; neither migrates nor changes anything, and works while others write.

    raises: BrightKitchenError(UNAVAILABLE) as `open_database`.
    """
    if isinstance(address, PostgresAddress):
        from brightkitchen.kernel.postgres import make_reader

        engine = make_reader(address, read_s=limits.read_s)
    else:
        scheme, _, path = address.partition(":///")
        engine = create_async_engine(f"{scheme}:///file:{quote(path)}?mode=ro&uri=true", hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _wait_for_locks)
    database = Database(engine, engine)
    async with AsyncExitStack() as opened:
        opened.push_async_callback(database.close)
        async with database.read() as connection:
            await connection.execute(sa.text("SELECT 1"))
        opened.pop_all()
    return database


def sqlite_url(file: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite+aiosqlite:///{file.resolve()}"


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection; what the database refuses or fails to do becomes ours, what else the block raises does not."""
    connected = False
    with _errors_in_our_words():
        try:
            async with engine.connect() as connection:
                connected = True
                yield connection
        except OSError as cause:
            if connected:
                raise
            raise BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable") from cause


def _wait_for_locks(connection: Any, _record: ConnectionPoolEntry) -> None:  # Any: as above
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={DEFAULT_LIMITS.turn_s * 1000:.0f}")
    cursor.close()


@contextmanager
def _errors_in_our_words() -> Iterator[None]:
    try:
        yield
    except sa.exc.TimeoutError as cause:
        raise BrightKitchenError(Kind.UNAVAILABLE, "database.busy") from cause
    except sa.exc.DBAPIError as cause:
        known = _postgres_error(cause) if hasattr(cause.orig, "sqlstate") else _sqlite_error(cause)
        if known is None:
            raise
        raise known from cause


_BY_SQLSTATE: Final = {
    "28": "database.login_refused",  # unknown role, wrong password, no line for us in pg_hba.conf
    "3D": "database.none",
    "42501": "database.not_allowed",
    "53": "database.busy",  # too many connections, disk full
    "55P03": "database.busy",  # lock_timeout
    "40": "database.busy",  # deadlock
    "57014": "database.slow",  # statement_timeout
    "57P": "database.unreachable",  # shutting down, starting up
    "08": "database.unreachable",
    "25P03": "database.unreachable",  # idle in a transaction for too long
}


def _postgres_error(error: sa.exc.DBAPIError) -> BrightKitchenError | None:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state.startswith("22") or (not state and isinstance(error, sa.exc.DataError)):
        return BrightKitchenError(Kind.INVALID, "database.value_unfit")
    if error.connection_invalidated:
        return BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable")
    code = next((code for start, code in _BY_SQLSTATE.items() if state.startswith(start)), None)
    return None if code is None else BrightKitchenError(Kind.UNAVAILABLE, code)


def _sqlite_error(error: sa.exc.DBAPIError) -> BrightKitchenError | None:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BrightKitchenError(Kind.UNAVAILABLE, "database.busy")
    if code == sqlite3.SQLITE_INTERRUPT:
        return BrightKitchenError(Kind.UNAVAILABLE, "database.slow")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY):
        return BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable")
    return None


class _Deadline:
    """When what a connection of SQLite is doing must be over. Asked by the driver's thread, set before it is asked."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._at_s = float("inf")

    def set(self, limit_s: float) -> None:
        self._at_s = self._clock.mono_s() + limit_s

    def is_over(self) -> bool:
        return self._clock.mono_s() > self._at_s


def _prepare_sqlite(engine: AsyncEngine, limits: Limits) -> None:
    pragmas = ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={limits.turn_s * 1000:.0f}", "synchronous=FULL")

    def connect(connection: Any, record: ConnectionPoolEntry) -> None:  # Any: SQLAlchemy's face of the driver
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        deadline = record.info["deadline"] = _Deadline()
        connection.run_async(lambda driver: driver.set_progress_handler(deadline.is_over, _STEPS_PER_LOOK))

    def start(connection: sa.Connection, *_statement: object) -> None:
        limited = connection.get_execution_options().get("bk_limited", False)
        connection.info["deadline"].set(limits.read_s if limited else float("inf"))

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(engine.sync_engine, "before_cursor_execute", start)


async def _migrate_sqlite(connection: AsyncConnection, to: str) -> None:
    """Migrate in one transaction that no other process can begin meanwhile.

    A table is changed by building it anew (https://www.sqlite.org/lang_altertable.html §7), which its references must
    not notice: they are checked at the end instead, and only outside a transaction can that be chosen.
    """
    await connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    try:
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
        await connection.run_sync(_upgrade, to)
        broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
        if broken:
            raise sa.exc.IntegrityError(
                "PRAGMA foreign_key_check", None, ValueError(f"{len(broken)} broken references")
            )
        await connection.commit()
    finally:
        await connection.rollback()
        await connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _upgrade(connection: sa.Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
