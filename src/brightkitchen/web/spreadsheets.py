"""Tables of texts as .xlsx and .csv that no spreadsheet program takes for anything but texts (SECURITY §3 row 7, S37)."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import xlsxwriter
from starlette.responses import Response

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv; charset=utf-8"
MAX_CELL_CHARS: Final = 32_000
_STARTS: Final = frozenset("=+-@\t\r\n|%")
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_PHONE: Final = re.compile(r"(?<![0-9])(1[3-9][0-9])[0-9]{4}([0-9]{4})(?![0-9])")


@dataclass(frozen=True, slots=True)
class Choice:
    """A drop-down in a sheet. column: from 0."""

    column: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. notes: lines above the header. hints: comments on the header's cells, as many as it has, or ().

    widths: of the columns in characters, or () for 18 each.
    """

    name: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    widths: tuple[int, ...] = ()


def build_xlsx(sheets: Sequence[Sheet], *, masks_phones: bool = True) -> bytes:
    """Return a workbook in which every cell is a text: never a number, a formula or a link."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        plain = book.add_format({"num_format": "@"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            line = 0
            for note in sheet.notes:
                page.write_string(line, 0, _text(note, masks_phones))
                line += 1
            for column, title in enumerate(sheet.header):
                page.set_column(column, column, sheet.widths[column] if sheet.widths else 18, plain)
                page.write_string(line, column, _text(title, masks_phones), bold)
                if sheet.hints:
                    page.write_comment(line, column, _text(sheet.hints[column], masks_phones), {"x_scale": 2})
            page.freeze_panes(line + 1, 0)
            for row_line, row in enumerate(sheet.rows, line + 1):
                for column, cell in enumerate(row):
                    page.write_string(row_line, column, _text(cell, masks_phones), plain)
            for choice in sheet.choices:
                _add_choice(book, page, sheet, choice, line + 1)
    return out.getvalue()


def build_csv(header: Sequence[str], rows: Sequence[Sequence[str]], *, masks_phones: bool = True) -> bytes:
    """Return CSV with a byte order mark; everything quoted, and an apostrophe before what could be a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in (header, *rows):
        writer.writerow([disarmed(_text(cell, masks_phones)) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def disarmed(text: str) -> str:
    """Return `text` with an apostrophe before it if a spreadsheet might run it, in full-width spelling or after spaces too."""
    first = unicodedata.normalize("NFKC", text.lstrip(" \u3000\ufeff\u200b"))[:1]
    return "'" + text if first in _STARTS or text[:1] in _STARTS else text


def mask_phones(text: str) -> str:
    """Return `text` with the middle of every mobile number hidden: 138****1234."""
    return _PHONE.sub(r"\1****\2", text)


def download(content: bytes, media_type: str, name: str) -> Response:
    """Return a file to be saved, never shown."""
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    disposition = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type=media_type, headers={"content-disposition": disposition})


def _text(text: str, masks_phones: bool) -> str:
    plain = _NOT_IN_XML.sub("", text)[:MAX_CELL_CHARS]
    return mask_phones(plain) if masks_phones else plain


def _add_choice(
    book: "xlsxwriter.Workbook", page: "xlsxwriter.worksheet.Worksheet", sheet: Sheet, choice: Choice, first_line: int
) -> None:
    """Put the values in a hidden sheet: a list inside the rule may have 255 characters only."""
    name = f"list_{sheet.name}_{choice.column}"[:31]
    values = book.add_worksheet(name)
    values.hide()
    for line, value in enumerate(choice.values):
        values.write_string(line, 0, value)
    source = f"='{name}'!$A$1:$A${len(choice.values)}"
    page.data_validation(
        first_line,
        choice.column,
        50_000,
        choice.column,
        {"validate": "list", "source": source, "error_type": "warning"},
    )
