"""S36: files that are made to hurt. Each is refused by its own code, within seconds, and control stays what it was."""

import io
import resource
import struct
import sys
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.contract.conftest import Control
from tests.contract.test_import import a_book, a_premises

from brightkitchen.domain.intake.model import MAX_FILE_BYTES, MAX_ROWS
from brightkitchen.domain.intake.reading import Spreadsheets
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.web.spreadsheets import XLSX

BOOK = a_book([a_premises(1)])


def rebuilt(entries: dict[str, bytes], *, without: str = "") -> bytes:
    """Return the good workbook with entries added or replaced (``a__b`` stands for ``a/b``) or one left out."""
    added = {name.replace("__", "/"): content for name, content in entries.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in added and entry.filename != without:
                new.writestr(entry, old.read(entry))
        for name, content in added.items():
            new.writestr(name, content)
    return out.getvalue()


def a_sheet(rows: str) -> bytes:
    head = (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    return f"{head}{rows}</sheetData></worksheet>".encode()


def lying_directory() -> bytes:
    """Return a workbook whose directory and headers say that an entry of 100 MB has 10 bytes."""
    whole = rebuilt({"xl__media__a.bin": b"\0" * 100_000_000})
    assert whole.count(struct.pack("<I", 100_000_000)) == 2
    return whole.replace(struct.pack("<I", 100_000_000), struct.pack("<I", 10))


MANY = {f"xl__x{number}.xml": b"<a/>" for number in range(250)}
WIDE = a_sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')

BOMBS = {
    "a ratio of 1,000": (rebuilt({"xl__media__z.bin": b"\0" * 50_000_000}), "bomb"),
    "300 MB unpacked": (rebuilt({f"xl__media__z{n}.bin": b"\0" * 60_000_000 for n in range(5)}), "bomb"),
    "too many entries": (rebuilt(MANY), "bomb"),
    "a macro": (rebuilt({"xl__vbaProject.bin": b"x"}), "macros"),
    "macros by content type": (
        rebuilt({"[Content_Types].xml": b'<Types><Override ContentType="x.macroEnabled.main+xml"/></Types>'}),
        "macros",
    ),
    "an embedded document": (rebuilt({"xl__embeddings__a.docx": b"x"}), "macros"),
    "a nested archive": (rebuilt({"xl__media__a.png": BOOK}), "nested"),
    "an old binary workbook inside": (rebuilt({"xl__media__b.png": b"\xd0\xcf\x11\xe0" + b"\0" * 600}), "nested"),
    "entities": (
        rebuilt({"xl__sharedStrings.xml": b'<!DOCTYPE a [<!ENTITY b "bbbb">]><sst>&b;</sst>'}),
        "not_a_workbook",
    ),
    "no content types": (rebuilt({}, without="[Content_Types].xml"), "not_a_workbook"),
    "a directory that lies": (lying_directory(), "not_a_workbook"),
    "half a workbook": (BOOK[: len(BOOK) // 2], "not_a_workbook"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not_a_workbook"),
    "nothing but a header": (b"PK\x03\x04", "not_a_workbook"),
    "17 billion cells from two": (
        rebuilt({"xl__worksheets__sheet1.xml": WIDE}),
        "too_many_rows|unreadable|too_much_memory",
    ),
}


@pytest.mark.parametrize("name", list(BOMBS))
async def test_hostile_workbook_is_refused_by_its_own_code_within_seconds(name: str) -> None:
    content, code = BOMBS[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    with pytest.raises(BrightKitchenError) as refused:
        await Spreadsheets().read("a.xlsx", content)
    assert refused.value.code in {f"import.{each}" for each in code.split("|")}, refused.value.code
    assert time.perf_counter() - begin < 20
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 64 * 1024  # whatever it cost, it did not cost us


CSVS = {
    "too many rows": (b"a,b\n" * (MAX_ROWS + 2), "too_many_rows"),
    "too many columns": (b"," * 5_000 + b"\n", "too_wide"),
    "one endless cell": (b'"' + b"a" * 1_000_000 + b'"\n', "not_csv"),
    "UTF-16": ("单位名称,类别".encode("utf-16"), "not_csv"),
    "binary": (bytes(range(256)), "not_csv"),
    "a workbook by another name": (BOOK, "not_csv"),
}


@pytest.mark.parametrize("name", list(CSVS))
async def test_hostile_csv_is_refused_by_its_own_code(name: str) -> None:
    content, code = CSVS[name]
    with pytest.raises(BrightKitchenError) as refused:
        await Spreadsheets().read("a.csv", content)
    assert refused.value.code == f"import.{code}"


@pytest.mark.parametrize("name", ["a.xls", "a.xlsm", "a.zip", "a", "../../etc/passwd", "a.csv.exe"])
async def test_other_extensions_are_refused_unread(name: str) -> None:
    with pytest.raises(BrightKitchenError) as refused:
        await Spreadsheets(("/bin/false",)).read(name, BOOK)
    assert refused.value.code == "import.extension"


async def test_good_workbook_and_csv_are_read() -> None:
    tables = await Spreadsheets().read("a.XLSX", BOOK)
    assert [table.name for table in tables] == ["单位", "摄像头"]
    assert tables[0].rows[1][:2] == ("A00001", "老街饺子馆1号店")
    assert (await Spreadsheets().read("a.csv", "名称,类别\n站前,小学\n".encode("gb18030")))[0].rows[1] == (
        "站前",
        "小学",
    )


async def test_worker_that_dies_or_talks_nonsense_is_the_files_fault() -> None:
    for command in (("/bin/false",), ("/bin/echo", "hello"), ("/bin/sh", "-c", "kill -9 $$")):
        with pytest.raises(BrightKitchenError) as refused:
            await Spreadsheets(command).read("a.csv", b"a,b\n")
        assert refused.value.code == "import.unreadable"


async def test_worker_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BK_SECRET", "leak-canary-4711")
    seen = tmp_path / "seen"
    script = f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))"
    with pytest.raises(BrightKitchenError):
        await Spreadsheets((sys.executable, "-c", script)).read("a.csv", b"a,b\n")
    assert "leak-canary-4711" not in seen.read_text(encoding="utf-8")


async def test_file_over_twenty_mebibytes_is_refused_before_it_is_read(
    control: Control, admin: httpx.AsyncClient
) -> None:
    for headers in ({}, {"content-length": "17"}):
        answer = await admin.post(
            "/api/v1/imports",
            params={"name": "a.xlsx"},
            content=b"PK\x03\x04" + b"\0" * MAX_FILE_BYTES,
            headers={"content-type": XLSX} | headers,
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "web.too_large")


async def test_big_file_of_somebody_without_a_session_is_not_read_at_all(
    control: Control, anonymous: httpx.AsyncClient
) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield b"\0" * 65_536

    headers = {"content-type": XLSX, "x-bk": "1", "origin": "http://127.0.0.1:8080"}
    answer = await anonymous.post("/api/v1/imports", params={"name": "a.xlsx"}, content=body(), headers=headers)
    assert answer.status_code == 401
    assert taken <= 1
