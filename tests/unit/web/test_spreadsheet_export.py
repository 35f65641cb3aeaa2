"""S37: no cell of an exported file is anything but a text, in whatever spelling; phones are masked."""

import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from brightkitchen.web.spreadsheets import Sheet, build_csv, build_xlsx, disarmed, mask_phones

HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    " =1+1",
    "\u3000＝1",
    "\ufeff=1",
    '=HYPERLINK("http://evil.example","x")',
    "http://evil.example/",
    "=cmd|' /C calc'!A0",
    "{=1+1}",
    "1e5",
    "2026-03-01",
)


def cells_of(content: bytes) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()]


def test_workbook_holds_texts_only_whatever_they_look_like() -> None:
    content = build_xlsx([Sheet("统计", ("列",), [(text,) for text in HOSTILE], notes=("=1",), hints=("=1",))])
    found = [row[0] for row in cells_of(content)]
    assert all(isinstance(cell, str) for cell in found)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        names = book.namelist()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert sheet.count('t="s"') == len(HOSTILE) + 2  # every cell is a shared string
    assert not any("externalLink" in name for name in names)


@pytest.mark.parametrize("text", [each for each in HOSTILE if each[0] not in "h{12"])
def test_csv_puts_an_apostrophe_before_what_could_run(text: str) -> None:
    content = build_csv(("列",), [(text,)])
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [["列"], ["'" + text]]


def test_csv_leaves_ordinary_texts_alone_and_quotes_everything() -> None:
    assert build_csv(("a", "b"), [("站前小学", "3-1")]) == b"\xef\xbb\xbf" + '"a","b"\r\n"站前小学","3-1"\r\n'.encode()


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    import unicodedata

    shown = disarmed(text)
    first = unicodedata.normalize("NFKC", shown.lstrip(" \u3000\ufeff\u200b"))[:1]
    assert first not in set("=+-@\t\r\n")


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_any_text_makes_a_workbook_that_opens(texts: list[str]) -> None:
    rows = cells_of(build_xlsx([Sheet("a", tuple("x" for _ in texts), [tuple(texts)])]))
    assert rows[0] == ["x"] * len(texts)


def test_phones_are_masked_in_both_kinds_of_files() -> None:
    row = ("电话13804121234。", "13804121234", "9138041212345", "0412-5551234")
    assert [mask_phones(text) for text in row] == ["电话138****1234。", "138****1234", "9138041212345", "0412-5551234"]
    assert cells_of(build_xlsx([Sheet("a", ("1", "2", "3", "4"), [row])]))[1][1] == "138****1234"
    assert b'"13804121234"' not in build_csv(("a", "b", "c", "d"), [row])
