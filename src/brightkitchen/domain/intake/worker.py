"""The process that reads one spreadsheet and ends (SECURITY §3 row 6).

In: the name's extension in 5 bytes, then the file. Out: msgpack, ``{"tables": [[name, [[text…]…]]…]}`` or
``{"error": code}``. It has 768 MiB, 20 s of processor time, no files to write and nothing of the parent's environment.
What kills it is the file's fault, and the parent says so.
"""

import csv
import datetime
import io
import resource
import sys
import zipfile
import zlib
from collections.abc import Sequence
from typing import Final

import msgspec

from brightkitchen.domain.intake.model import MAX_CELL_CHARS, MAX_COLUMNS, MAX_ROWS

MEMORY_BYTES: Final = 768 * 1024 * 1024
CPU_S: Final = 20
MAX_ENTRIES: Final = 200
MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
MAX_RATIO: Final = 100
SMALL_ENTRY_BYTES: Final = 64 * 1024
MAX_SHEETS: Final = 10
MAX_OUTPUT_CHARS: Final = 64 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_ARCHIVES: Final = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\xd0\xcf\x11\xe0",
    b"BZh",
    b"\xfd7zXZ",
)
_FORBIDDEN_NAMES: Final = ("vbaproject", "activex", "embeddings/", "macrosheets/", "dialogsheets/")

Tables = list[tuple[str, list[list[str]]]]


class Refused(Exception):
    """The file is not read. args[0]: the code of the sentence that says why."""


def main() -> None:
    """Read standard input, write standard output."""
    _limit()
    given = sys.stdin.buffer.read()
    extension, content = given[:5].decode("ascii").strip(), given[5:]
    try:
        answer: dict[str, object] = {"tables": read_tables(extension, content)}
    except Refused as refused:
        answer = {"error": refused.args[0]}
    except MemoryError:
        answer = {"error": "import.too_much_memory"}
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


def read_tables(extension: str, content: bytes) -> Tables:
    """Return the sheets of a workbook or the one table of a CSV. raises: Refused."""
    return _read_workbook(content) if extension == "xlsx" else [("", _read_csv(content))]


def check_archive(content: bytes) -> None:
    """Judge the archive by its directory, then unpack it once without keeping anything: directories lie. raises: Refused."""
    if not content.startswith(b"PK\x03\x04"):
        raise Refused("import.not_a_workbook")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_directory(entries, len(content))
            for entry in entries:
                _check_entry(archive, entry)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, OSError, zlib.error) as cause:
        raise Refused("import.not_a_workbook") from cause


def _check_directory(entries: list[zipfile.ZipInfo], size_bytes: int) -> None:
    if len(entries) > MAX_ENTRIES:
        raise Refused("import.bomb")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise Refused("import.bomb")
    if sum(entry.compress_size for entry in entries) > size_bytes:  # entries that lie over each other
        raise Refused("import.bomb")
    names = [entry.filename.lower() for entry in entries]
    if len(set(names)) != len(names) or "[content_types].xml" not in names:
        raise Refused("import.not_a_workbook")
    for entry, name in zip(entries, names, strict=True):
        if entry.file_size > SMALL_ENTRY_BYTES and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise Refused("import.bomb")
        if any(part in name for part in _FORBIDDEN_NAMES):
            raise Refused("import.macros")
        if entry.flag_bits & 0x1:
            raise Refused("import.encrypted")


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    with archive.open(entry) as part:
        head = part.read(_CHUNK_BYTES)
        if head.startswith(_ARCHIVES):
            raise Refused("import.nested")
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise Refused("import.not_a_workbook")
        if b"macroEnabled" in head and entry.filename.lower() == "[content_types].xml":
            raise Refused("import.macros")
        while part.read(_CHUNK_BYTES):  # to the end, so that size and checksum are proven
            pass


def _read_workbook(content: bytes) -> Tables:
    check_archive(content)
    from python_calamine import CalamineError, CalamineWorkbook  # late: after the archive was judged

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        tables: Tables = []
        left = MAX_OUTPUT_CHARS
        for name in book.sheet_names[:MAX_SHEETS]:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height > MAX_ROWS + 1:
                raise Refused("import.too_many_rows")
            if sheet.total_width > 1_000:
                raise Refused("import.too_wide")
            rows = [_texts(row) for row in sheet.to_python(skip_empty_area=False)]
            left -= sum(len(cell) for row in rows for cell in row)
            if left < 0:
                raise Refused("import.bomb")
            tables.append((name[:100], rows))
    except (CalamineError, ValueError, OSError) as cause:
        raise Refused("import.not_a_workbook") from cause
    return tables


def _texts(row: Sequence[object]) -> list[str]:
    cells = [_text(cell) for cell in row[:MAX_COLUMNS]]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(cell: object) -> str:
    """Return what a person reads in the cell: 3.0 is "3", a day is 2026-11-23."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return str(cell)[: MAX_CELL_CHARS + 1].strip()


def _read_csv(content: bytes) -> list[list[str]]:
    text = _decode(content)
    csv.field_size_limit(MAX_CELL_CHARS * 4)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline="")):
            if len(rows) > MAX_ROWS:
                raise Refused("import.too_many_rows")
            if len(row) > 1_000:
                raise Refused("import.too_wide")
            rows.append(_texts(list(row)))
    except csv.Error as cause:
        raise Refused("import.not_csv") from cause
    return rows


def _decode(content: bytes) -> str:
    if b"\0" in content or content.startswith((b"PK", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG")):
        raise Refused("import.not_csv")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("import.not_csv")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
