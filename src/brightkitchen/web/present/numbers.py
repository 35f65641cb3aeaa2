"""Numbers as the API and the exported files show them."""

from typing import Literal

from pydantic import Field

from brightkitchen.domain.numbers.model import (
    COUNTED,
    FLOWS,
    PARTS_OF,
    PREMISES_NUMBERS,
    CountedRow,
    Key,
    Matrix,
    Number,
    Rate,
    RowPage,
    Values,
    rates_of,
)
from brightkitchen.kernel.text import say
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.present.base import In, Instant, Out
from brightkitchen.web.spreadsheets import Sheet

OpenNumber = Literal[
    "due",
    "exempt",
    "suspended",
    "base",
    "signed",
    "signed_due",
    "installed",
    "online",
    "accepted",
    "completed",
    "signed_new",
    "cameras",
    "watched",
    "online_now",
    "watched_raw",
    "online_now_raw",
]


class NumberWordsOut(Out):
    """What a number or rate is called and how it is counted. parts: of a rate, numerator and denominator."""

    key: str
    name: str
    definition: str
    parts: list[str]


class NumberCellOut(Out):
    """One cell; "" = all. target: how many premises are planned in service by the end of the year."""

    region: str
    category: str
    month: str
    values: dict[str, int]
    rates: dict[str, float | None]
    target: int | None


class NamedOut(Out):
    code: str
    name: str


class NumbersOut(Out):
    """day: the last whole day whose online time was measured, or the month's last recorded day.

    opens: the numbers whose rows can be listed. cells hold the finest cut; by_region, by_category and total are its sums.
    """

    at: Instant
    month: str
    is_now: bool
    day: str
    words: list[NumberWordsOut]
    opens: list[str]
    regions: list[NamedOut]
    categories: list[NamedOut]
    cells: list[NumberCellOut]
    by_region: list[NumberCellOut]
    by_category: list[NumberCellOut]
    total: NumberCellOut
    abilities: list[str]


class CountedRowOut(Out):
    premises_id: str
    name: str
    external_no: str
    region: str
    region_name: str
    category: str
    category_name: str
    state: str
    camera_id: str
    camera_name: str
    zone: str
    activity: str


class CountedRowListOut(Out):
    number: str
    total: int
    items: list[CountedRowOut]
    next_cursor: str | None


class TargetIn(In):
    """premises null: no target."""

    year: int = Field(ge=2000, le=2100)
    region: str = Field(pattern=r"^[0-9]{6}([0-9]{3})?$")
    category: str = Field(pattern=r"^[A-Z][A-Z0-9_]{1,23}$")
    premises: int | None = Field(ge=0, le=1_000_000)


class Names:
    """Names of regions and categories in the reader's language, for those that occur."""

    def __init__(self, regions: dict[str, str], categories: dict[str, str]) -> None:
        self.regions = regions
        self.categories = categories

    def region(self, code: str) -> str:
        """Return "铁东区" or, for a township, "铁东区 解放街道"."""
        name = self.regions.get(code, code)
        county = self.regions.get(code[:6], "") if len(code) > 6 else ""
        return f"{county} {name}".strip()

    def category(self, code: str) -> str:
        return self.categories.get(code, code)


def present_matrix(matrix: Matrix, names: Names, abilities: list[str], language: str) -> NumbersOut:
    """Return the numbers with their sums."""
    regions = sorted({key.region for key in matrix.cells if key.region})
    found = {key.category for key in matrix.cells if key.category}
    categories = [code for code in names.categories if code in found]
    total = matrix.sums().get(Key(), {})
    return NumbersOut(
        at=format_utc(matrix.at),
        month=matrix.month,
        is_now=matrix.is_now,
        day=matrix.day,
        words=[
            NumberWordsOut(
                key=each.value,
                name=say(f"numbers.name.{each.value}", language),
                definition=say(f"numbers.define.{each.value}", language),
                parts=[part.value for part in PARTS_OF[each]] if isinstance(each, Rate) else [],
            )
            for each in (*Number, *Rate)
        ],
        opens=[number.value for number in (*(COUNTED if matrix.is_now else PREMISES_NUMBERS), *FLOWS)],
        regions=[NamedOut(code=code, name=names.region(code)) for code in regions],
        categories=[NamedOut(code=code, name=names.category(code)) for code in categories],
        cells=[_cell(key, values, matrix) for key, values in sorted(matrix.cells.items(), key=_order)],
        by_region=[
            _cell(key, values, matrix) for key, values in sorted(matrix.sums("region", "month").items(), key=_order)
        ],
        by_category=[
            _cell(key, values, matrix) for key, values in sorted(matrix.sums("category", "month").items(), key=_order)
        ],
        total=_cell(Key(), total, matrix),
        abilities=abilities,
    )


def present_rows(number: Number, page: RowPage, names: Names) -> CountedRowListOut:
    """Return rows."""
    return CountedRowListOut(
        number=number.value,
        total=page.total,
        items=[_row(row, names) for row in page.rows],
        next_cursor=str(page.next_after) if page.next_after is not None else None,
    )


def matrix_sheet(matrix: Matrix, names: Names, language: str, moment: str) -> Sheet:
    """Return the numbers as a sheet: what each column is stands above it, and when it was counted."""
    rates = (Rate.SIGNED, Rate.COMPLETED, Rate.ONLINE_NOW, Rate.ONLINE_HOURS, Rate.ONLINE_DAY, Rate.ONLINE_DAY_RAW)
    keys = (*COUNTED, *FLOWS, *rates)
    rows = [
        (names.region(key.region), names.category(key.category), key.month or matrix.month, *_texts(values, keys))
        for key, values in sorted(matrix.cells.items(), key=_order)
    ]
    total = matrix.sums().get(Key(), {})
    months = {key.month for key in matrix.cells if key.month}
    if len(months) < 2:
        rows.append((say("numbers.export.total", language), "", matrix.month, *_texts(total, keys)))
    definitions = [
        f"{say(f'numbers.name.{each.value}', language)}: {say(f'numbers.define.{each.value}', language)}"
        for each in keys
    ]
    return Sheet(
        say("numbers.export.sheet", language),
        (
            say("numbers.export.region", language),
            say("numbers.export.category", language),
            say("numbers.export.month", language),
            *(say(f"numbers.name.{each.value}", language) for each in keys),
        ),
        rows,
        notes=(say("numbers.export.at", language, moment=moment, day=matrix.day or "-"), *definitions),
        widths=(22, 18, 10, *(12 for _ in keys)),
    )


def rows_sheet(number: Number, page: RowPage, names: Names, language: str, moment: str) -> Sheet:
    """Return a number's rows as a sheet."""
    header = ("number", "name", "region", "category", "state", "camera", "zone", "activity")
    return Sheet(
        say("numbers.export.rows", language),
        tuple(say(f"numbers.export.row_{each}", language) for each in header),
        [
            (
                *(row.external_no, row.name, names.region(row.region), names.category(row.category)),
                *(row.state, row.camera_name, row.zone, row.activity),
            )
            for row in page.rows
        ],
        notes=(
            f"{say(f'numbers.name.{number.value}', language)}: {page.total}",
            say(f"numbers.define.{number.value}", language),
            say("numbers.export.at", language, moment=moment, day="-"),
        ),
        widths=(16, 36, 22, 18, 14, 24, 12, 12),
    )


def _cell(key: Key, values: Values, matrix: Matrix) -> NumberCellOut:
    return NumberCellOut(
        region=key.region,
        category=key.category,
        month=key.month,
        values={number.value: value for number, value in values.items()},
        rates={rate.value: None if share is None else round(share, 5) for rate, share in rates_of(values).items()},
        target=_target(key, matrix),
    )


def _target(key: Key, matrix: Matrix) -> int | None:
    """Add up the targets inside a cell that the reader's own cells show."""
    if key.month:
        return None
    shown = {(cell.region, cell.category) for cell in matrix.cells}
    inside = [
        premises
        for target, premises in matrix.targets.items()
        if (target.region, target.category) in shown
        and key.region in ("", target.region)
        and key.category in ("", target.category)
    ]
    return sum(inside) if inside else None


def _texts(values: Values, keys: tuple[Number | Rate, ...]) -> tuple[str, ...]:
    rates = rates_of(values)
    texts = []
    for key in keys:
        share = rates.get(key) if isinstance(key, Rate) else None
        if isinstance(key, Rate):
            texts.append("-" if share is None else f"{share:.1%}")
        else:
            texts.append(str(values.get(key, 0)))
    return tuple(texts)


def _order(item: tuple[Key, Values]) -> tuple[str, str, str]:
    return item[0].month, item[0].region, item[0].category


def _row(row: CountedRow, names: Names) -> CountedRowOut:
    return CountedRowOut(
        premises_id=row.premises_id,
        name=row.name,
        external_no=row.external_no,
        region=row.region,
        region_name=names.region(row.region),
        category=row.category,
        category_name=names.category(row.category),
        state=row.state,
        camera_id=row.camera_id,
        camera_name=row.camera_name,
        zone=row.zone,
        activity=row.activity,
    )
