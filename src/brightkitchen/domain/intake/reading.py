"""From the bytes of a file to tables of texts, in a process of its own, and from tables to units. SECURITY §3 row 6."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

import msgspec

import brightkitchen
from brightkitchen.domain.cameras.model import build_address
from brightkitchen.domain.intake.columns import CAMERAS, PASSWORD, PREMISES, USERNAME, keys_of, sheet_of
from brightkitchen.domain.intake.model import (
    MAX_CELL_CHARS,
    MAX_FILE_BYTES,
    MAX_ROWS,
    CameraCells,
    Given,
    Login,
    Problem,
    Table,
    Unit,
)
from brightkitchen.kernel.camerapath import has_secret, mask_path
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.netguard import parse_camera_url

log = get_logger(__name__)

READ_TIMEOUT_S: Final = 30.0
MAX_WORKERS: Final = 2
MAX_WAITING: Final = 4
_COMMAND: Final = (sys.executable, "-m", "brightkitchen.domain.intake.worker")
_EXTENSIONS: Final = {".xlsx": "xlsx", ".csv": "csv"}


class _Answer(msgspec.Struct, frozen=True):
    """What the worker says. error: a code, or "" when there are tables."""

    tables: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = ()
    error: str = ""


class SheetReader(Protocol):
    """Turns a file into tables; `Spreadsheets` fits."""

    async def read(self, name: str, content: bytes) -> tuple[Table, ...]:
        """raises: BrightKitchenError "import.…"."""


class Spreadsheets:
    """Reads files, at most two at a time, each in a process that may die of it."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = tuple(command)
        self._slots = asyncio.Semaphore(MAX_WORKERS)
        self._waiting = 0

    async def read(self, name: str, content: bytes) -> tuple[Table, ...]:
        """Return the tables of a .xlsx or .csv file.

        raises: BrightKitchenError "import.{extension,too_large,busy,bomb,macros,nested,encrypted,not_a_workbook,
        not_csv,too_many_rows,too_wide,too_much_memory,unreadable}".
        """
        extension = _EXTENSIONS.get(PurePosixPath(name.replace("\\", "/")).suffix.lower())
        if extension is None:
            raise BrightKitchenError(Kind.INVALID, "import.extension")
        if not 0 < len(content) <= MAX_FILE_BYTES:
            raise BrightKitchenError(Kind.INVALID, "import.too_large", most_mib=MAX_FILE_BYTES >> 20)
        if self._waiting >= MAX_WAITING:
            raise BrightKitchenError(Kind.EXHAUSTED, "import.busy", retry_after_s=10)
        self._waiting += 1
        try:
            async with self._slots:
                answer = await self._ask(f"{extension:<5}".encode("ascii") + content)
        finally:
            self._waiting -= 1
        if answer.error:
            raise BrightKitchenError(Kind.INVALID, answer.error, most_rows=MAX_ROWS)
        return tuple(Table(name, rows) for name, rows in answer.tables)

    async def _ask(self, question: bytes) -> _Answer:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_build_environment(),
            cwd="/",
            close_fds=True,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                out, _ = await process.communicate(question)
        except TimeoutError as cause:
            raise BrightKitchenError(Kind.INVALID, "import.unreadable") from cause
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            log.warning("import worker died", returncode=process.returncode, size_bytes=len(question))
            raise BrightKitchenError(Kind.INVALID, "import.unreadable")
        try:
            return msgspec.msgpack.decode(out, type=_Answer)
        except msgspec.DecodeError as cause:
            raise BrightKitchenError(Kind.INVALID, "import.unreadable") from cause


def _build_environment() -> dict[str, str]:
    """Nothing of control's: no secret is readable there, and no variable steers the interpreter."""
    package = str(Path(brightkitchen.__file__).resolve().parent.parent)
    return {"PATH": os.defpath, "PYTHONPATH": package, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def build_units(tables: Sequence[Table]) -> list[Unit]:
    """Join premises and cameras of the file into what is imported whole or not at all.

    A camera belongs to the premises whose number it repeats, else whose name; one that names premises the file does not
    have becomes a unit without premises cells (line 0): it may belong to what is there already.
    raises: BrightKitchenError "import.no_sheet", "import.column_missing", "import.empty", "import.too_many_rows".
    """
    sheets = _sheets(tables)
    premises = _records(PREMISES, sheets[PREMISES]) if PREMISES in sheets else []
    cameras = _records(CAMERAS, sheets[CAMERAS]) if CAMERAS in sheets else []
    if not premises and not cameras:
        raise BrightKitchenError(Kind.INVALID, "import.empty")
    if len(premises) + len(cameras) > MAX_ROWS:
        raise BrightKitchenError(Kind.INVALID, "import.too_many_rows", most_rows=MAX_ROWS)
    groups: dict[tuple[str, str], tuple[int, dict[str, str], list[tuple[int, dict[str, str]]]]] = {}
    by_name: dict[str, list[tuple[str, str]]] = {}
    for line, cells in premises:
        number, name = cells.get("external_no", ""), cells.get("name", "")
        key = ("no", number) if number else ("line", str(line))
        if key in groups:  # the same number twice: the second is wrong, the first stands
            key = ("line", str(line))
        groups[key] = (line, cells, [])
        by_name.setdefault(name, []).append(key)
    for line, cells in cameras:
        number, name = cells.get("external_no", ""), cells.get("premises_name", "")
        if number:
            key = ("no", number)
        elif len(by_name.get(name, ())) == 1:
            key = by_name[name][0]
        else:
            key = ("name", name)
        groups.setdefault(key, (0, {}, []))[2].append((line, cells))
    return [_unit(number, *group) for number, group in enumerate(groups.values(), 1)]


def _sheets(tables: Sequence[Table]) -> dict[str, Table]:
    found: dict[str, Table] = {}
    for table in tables:
        sheet = sheet_of(table.name)
        if sheet is not None:
            found.setdefault(sheet, table)
    if not found and len(tables) == 1:
        found[PREMISES] = tables[0]
    if not found:
        raise BrightKitchenError(Kind.INVALID, "import.no_sheet")
    return found


def _records(sheet: str, table: Table) -> list[tuple[int, dict[str, str]]]:
    """Return (line, key → text) of every row that says anything; the header is the first row that names two columns."""
    if not any(any(row) for row in table.rows):
        return []
    needed = "name" if sheet == PREMISES else "url"
    headers = [(line, keys_of(sheet, row)) for line, row in enumerate(table.rows[:10])]
    start, keys = next((each for each in headers if len(each[1]) >= 2), (0, {}))
    if needed not in keys.values():
        raise BrightKitchenError(Kind.INVALID, "import.no_header")
    records = []
    for line, row in enumerate(table.rows[start + 1 :], start + 2):
        cells = {key: row[position] for position, key in keys.items() if position < len(row) and row[position]}
        if cells and not cells.get(next(iter(keys.values())), "").startswith("#"):
            records.append((line, cells))
    return records


def _unit(number: int, line: int, cells: dict[str, str], cameras: list[tuple[int, dict[str, str]]]) -> Unit:
    problems = _too_long(PREMISES, line, cells)
    logins: dict[int, Login] = {}
    kept: list[CameraCells] = []
    for index, (camera_line, camera_cells) in enumerate(cameras):
        problems += _too_long(CAMERAS, camera_line, camera_cells)
        plain = dict(camera_cells)
        username, password = plain.pop(USERNAME, ""), plain.pop(PASSWORD, "")
        login = Login(username, password) if username or password else None
        main_path = sub_path = ""
        if "@" in plain.get("url", "") or has_secret(plain.get("url", "")):
            plain["url"], inside, main_path, problem = _split_url(camera_line, plain["url"])
            login = login or inside
            problems += [problem] if problem else []
        if has_secret(plain.get("sub_path", "")):
            sub_path = plain["sub_path"].strip()
            plain["sub_path"] = mask_path(sub_path)
        if main_path or sub_path:
            login = replace(login or Login("", ""), main_path=main_path, sub_path=sub_path)
        if login is not None:
            logins[index] = login
        kept.append(CameraCells(camera_line, plain))
    return Unit(number, Given(line, cells, tuple(kept)), logins, tuple(problems))


def _split_url(line: int, text: str) -> tuple[str, Login | None, str, Problem | None]:
    """Return the address without its log-in, the log-in, the path if it carries one too, and what is wrong.

    Nothing before the last "@" is ever kept.
    """
    try:
        url = parse_camera_url(text)
    except BrightKitchenError as wrong:
        problem = Problem(CAMERAS, line, "url", wrong.code, dict(wrong.params)) if "@" in text else None
        return mask_path(f"…@{text.rpartition('@')[2]}" if "@" in text else text), None, "", problem
    login = Login(url.username or "", url.password or "") if url.username or url.password else None
    sealed = url.path if has_secret(url.path) else ""
    return build_address(url.host, url.port, url.tls, mask_path(url.path)), login, sealed, None


def _too_long(sheet: str, line: int, cells: dict[str, str]) -> list[Problem]:
    return [
        Problem(sheet, line, key, "import.row.too_long", {"longest": MAX_CELL_CHARS})
        for key, text in cells.items()
        if len(text) > MAX_CELL_CHARS
    ]
