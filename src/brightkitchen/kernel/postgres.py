"""PostgreSQL: how we connect, what we allow a connection to cost, what the server's refusals mean.

Apart from `database`, so that whoever lives with SQLite does not load the driver.
"""

import ssl
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from brightkitchen.kernel.databaseurl import PostgresAddress

CONNECT_TIMEOUT_S: Final = 5.0
POOL_TIMEOUT_S: Final = 10.0
READERS: Final = 10
MORE_READERS: Final = 5
WRITE_LOCK: Final = 0x424B_0001
"""The advisory lock that whoever writes holds until the end of the transaction: one writer at a time, as with SQLite."""
WRITE_TIMEOUT_MS: Final = 60_000
IDLE_TIMEOUT_MS: Final = 60_000
"""A writer that neither asks nor ends (a machine that hangs) loses its transaction, and with it the lock."""
MIGRATE_TIMEOUT_MS: Final = 600_000


_SETTINGS: Final = {
    "application_name": "brightkitchen",
    "jit": "off",
    # From the sixth time on the server would take one plan for every scope: measured, the city's numbers then take twice as
    # long as with a plan for the very region and categories that are asked for, which costs a millisecond to make.
    "plan_cache_mode": "force_custom_plan",
}


def make_reader(address: PostgresAddress, *, read_s: float) -> AsyncEngine:
    """Return the engine of selects: it changes nothing, and no statement of it takes longer than `read_s`."""
    limits = {"default_transaction_read_only": "on", "statement_timeout": str(round(read_s * 1000))}
    return _make_engine(address, limits, pool_size=READERS, max_overflow=MORE_READERS)


def make_writer(address: PostgresAddress, *, turn_s: float) -> AsyncEngine:
    """Return the engine of changes. One connection: the writers of a process take turns.

    turn_s: how long another process may keep us waiting.
    """
    limits = {
        "lock_timeout": str(round(turn_s * 1000)),
        "statement_timeout": str(WRITE_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
    }
    return _make_engine(address, limits, pool_size=1, max_overflow=1)


def _make_engine(address: PostgresAddress, limits: dict[str, str], *, pool_size: int, max_overflow: int) -> AsyncEngine:
    return create_async_engine(
        sa.URL.create("postgresql+asyncpg"),
        connect_args=_connect_arguments(address) | {"server_settings": _SETTINGS | limits},
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=POOL_TIMEOUT_S,
        # the connection used last again: it knows the statements already, which ten in turn would each have to learn
        pool_use_lifo=True,
        hide_parameters=True,
    )


def _connect_arguments(address: PostgresAddress) -> dict[str, Any]:  # Any: the driver's own keywords
    verifying = address.ssl_mode == "verify-full"
    wanted: dict[str, Any] = {
        "user": address.username,
        "port": address.port,
        "database": address.database,
        "timeout": CONNECT_TIMEOUT_S,
        "ssl": ssl.create_default_context(cafile=address.root_cert or None) if verifying else address.ssl_mode,
    }
    if address.host:
        wanted["host"] = address.host
    if address.password is not None:
        wanted["password"] = address.password
    return wanted
