"""Which database the settings name: the SQLite file of the data folder, or a PostgreSQL server.

Pure but for the one file that may hold the address. No message repeats an address: there is a password in it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from brightkitchen.kernel.config import DatabaseConfig
from brightkitchen.kernel.errors import BrightKitchenError, Kind

_SCHEMES: Final = ("postgresql", "postgresql+asyncpg")
_OPTIONS: Final = frozenset({"host", "sslmode", "sslrootcert"})
_SSL_MODES: Final = frozenset({"disable", "prefer", "require", "verify-full"})
LONGEST_FILE_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where a PostgreSQL database is and who logs in.

    host:      a name, an address, or the folder of the server's socket ("/run/postgresql"); "": the driver's own choice.
    ssl_mode:  "disable", "prefer" (TLS if the server has it), "require" (TLS, unverified) or "verify-full".
    root_cert: file of the authorities to believe for "verify-full"; "": those of this machine.
    """

    host: str
    port: int
    username: str
    password: str | None = field(repr=False)
    database: str
    ssl_mode: str = "prefer"
    root_cert: str = ""


def read_database_address(config: DatabaseConfig) -> PostgresAddress | None:
    """Return the PostgreSQL database that the settings name; None: the file in the data folder.

    raises: BrightKitchenError(INVALID) "config.database_two", "config.database_file", "config.database_file_exposed" or
    "config.database_url".
    """
    if config.url and config.url_file:
        raise BrightKitchenError(Kind.INVALID, "config.database_two")
    if config.url_file:
        return parse_database_url(_read_file(Path(config.url_file)))
    return parse_database_url(config.url) if config.url else None


def parse_database_url(text: str) -> PostgresAddress:
    """Return what ``postgresql://user:password@host:5432/database?sslmode=…`` says; parts are percent-encoded.

    raises: BrightKitchenError(INVALID, "config.database_url").
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port or 5432
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
    except ValueError:
        # without its cause: that one quotes the address
        raise BrightKitchenError(Kind.INVALID, "config.database_url") from None
    database = unquote(parts.path.removeprefix("/"))
    ssl_mode = options.get("sslmode", "prefer")
    if not _is_fit(parts, database) or not options.keys() <= _OPTIONS or ssl_mode not in _SSL_MODES:
        raise BrightKitchenError(Kind.INVALID, "config.database_url")
    return PostgresAddress(
        host=options.get("host") or parts.hostname or "",
        port=port,
        username=unquote(parts.username or ""),
        password=unquote(parts.password) if parts.password is not None else None,
        database=database,
        ssl_mode=ssl_mode,
        root_cert=options.get("sslrootcert", ""),
    )


def _is_fit(parts: SplitResult, database: str) -> bool:
    return bool(parts.scheme in _SCHEMES and parts.username and database and "/" not in database and not parts.fragment)


def _read_file(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise BrightKitchenError(Kind.INVALID, "config.database_file_exposed", path=str(path))
        with path.open("rb") as file:
            return file.read(LONGEST_FILE_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise BrightKitchenError(Kind.INVALID, "config.database_file", path=str(path)) from cause
