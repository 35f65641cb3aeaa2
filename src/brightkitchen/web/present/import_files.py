"""The files that go out: the template to fill in, and the wrong rows with what is wrong with them."""

import asyncio
from collections.abc import Sequence

from brightkitchen.domain.intake.columns import (
    CAMERA_COLUMNS,
    CAMERAS,
    COLUMNS,
    PREMISES,
    PREMISES_COLUMNS,
    SHEET_NAMES,
)
from brightkitchen.domain.intake.model import ImportRow, Problem
from brightkitchen.kernel.text import say
from brightkitchen.web.present.imports import column_title
from brightkitchen.web.spreadsheets import Choice, Sheet, build_csv, build_xlsx

_EXAMPLES = {
    PREMISES: (
        {
            "external_no": "#1001",
            "name": "站前小学食堂",
            "category": "小学食堂",
            "county": "铁东区",
            "address": "站前街1号",
        }
        | {"licence_expires_on": "2027-06-30", "longitude_deg": "122.9947", "latitude_deg": "41.1087", "area_m2": "180"}
        | {"diners": "600", "hours": "1-5 06:30-17:00", "signed_on": "2026-03-01"},
        {
            "external_no": "#1002",
            "name": "老街饺子馆",
            "category": "小型餐馆",
            "county": "海城市",
            "address": "老街22号",
        }
        | {"area_m2": "45", "hours": "1-7 09:00-21:30"},
    ),
    CAMERAS: (
        {"external_no": "#1001", "premises_name": "站前小学食堂", "name": "烹饪间1号", "zone": "烹饪"}
        | {"url": "rtsp://10.1.2.3:554/main", "username": "admin", "sub_path": "/sub"},
        {
            "external_no": "#1002",
            "premises_name": "老街饺子馆",
            "name": "后厨",
            "zone": "烹饪",
            "more_zones": "切配、洗消",
        }
        | {"url": "rtsp://10.1.3.8:554/main", "username": "admin"},
    ),
}


async def build_template(language: str, categories: Sequence[str], zones: Sequence[str]) -> bytes:
    """Return the workbook to fill in. categories, zones: the names to choose from."""
    place = 1 if language == "en" else 0
    sheets = []
    for sheet, lists in (
        (PREMISES, {"category": categories, "risk_grade": ("A", "B", "C", "D"), "is_due": ("是", "否")}),
        (CAMERAS, {"zone": zones}),
    ):
        columns = COLUMNS[sheet]
        keys = [column.key for column in columns]
        sheets.append(
            Sheet(
                SHEET_NAMES[sheet][place],
                tuple(column.names[place] + ("*" if column.is_needed else "") for column in columns),
                [tuple(example.get(key, "") for key in keys) for example in _EXAMPLES[sheet]],
                hints=tuple(say(column.hint, language) for column in columns),
                choices=tuple(Choice(keys.index(key), tuple(values)) for key, values in lists.items() if values),
            )
        )
    return await asyncio.to_thread(build_xlsx, sheets)


async def build_error_xlsx(rows: Sequence[ImportRow], language: str) -> bytes:
    """Return a workbook of the wrong rows, each with its cameras, that can be mended and given again."""
    place = 1 if language == "en" else 0
    title = say("import.problem_column", language)
    premises, cameras = _premises_lines(rows, language), _camera_lines(rows, language)
    sheets = [
        Sheet(SHEET_NAMES[PREMISES][place], (*(c.names[place] for c in PREMISES_COLUMNS), title), premises),
        Sheet(SHEET_NAMES[CAMERAS][place], (*(c.names[place] for c in CAMERA_COLUMNS), title), cameras),
    ]
    # the importer's own cells, to be given again as they are: a number of eleven digits may be one of premises
    return await asyncio.to_thread(build_xlsx, sheets, masks_phones=False)


async def build_error_csv(rows: Sequence[ImportRow], language: str) -> bytes:
    """Return the wrong premises as CSV; what is wrong with their cameras is said in their row."""
    place = 1 if language == "en" else 0
    header = (*(column.names[place] for column in PREMISES_COLUMNS), say("import.problem_column", language))
    lines = [
        (*(row.given.cells.get(column.key, "") for column in PREMISES_COLUMNS), _words(row.problems, language))
        for row in rows
    ]
    return await asyncio.to_thread(build_csv, header, lines, masks_phones=False)


def _premises_lines(rows: Sequence[ImportRow], language: str) -> list[tuple[str, ...]]:
    return [
        (
            *(row.given.cells.get(column.key, "") for column in PREMISES_COLUMNS),
            _words([problem for problem in row.problems if problem.sheet == PREMISES], language),
        )
        for row in rows
        if row.given.line
    ]


def _camera_lines(rows: Sequence[ImportRow], language: str) -> list[tuple[str, ...]]:
    return [
        (
            *(camera.cells.get(column.key, "") for column in CAMERA_COLUMNS),
            _words([each for each in row.problems if each.sheet == CAMERAS and each.line == camera.line], language),
        )
        for row in rows
        for camera in row.given.cameras
    ]


def _words(problems: Sequence[Problem], language: str) -> str:
    """Return all problems in one cell, each after the title of its column."""
    words = []
    for problem in problems:
        title = column_title(problem.sheet, problem.column, language)
        sentence = say(problem.code, language, **problem.params)
        words.append((f"{title}: {sentence}" if language == "en" else f"{title}：{sentence}") if title else sentence)
    return (" " if language == "en" else "").join(words)
