"""The numbers the bureau reports, over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from brightkitchen.domain.numbers import policy
from brightkitchen.domain.numbers.model import Filter, Level, Number
from brightkitchen.domain.numbers.service import MAX_MONTHS, MAX_PAGE, Cut
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import choose_language
from brightkitchen.kernel.units import US_PER_S
from brightkitchen.web.auth import Human, Proven, Signed, options_of, services_of
from brightkitchen.web.present.numbers import (
    CountedRowListOut,
    Names,
    NumbersOut,
    OpenNumber,
    TargetIn,
    matrix_sheet,
    present_matrix,
    present_rows,
    rows_sheet,
)
from brightkitchen.web.spreadsheets import CSV, XLSX, Sheet, build_csv, build_xlsx, download

router = APIRouter(prefix="/numbers", tags=["numbers"])
_DIMENSIONS: Final = frozenset({"region", "category", "month"})
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_XLSX_FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {XLSX: _BINARY}}}  # Any: FastAPI's
_CSV_FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": _BINARY}}}

Region = Annotated[str, Query(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})?$")]
Categories = Annotated[list[Annotated[str, Query(pattern=r"^[A-Z][A-Z0-9_]{1,23}$")]], Query(max_length=40)]
Month = Annotated[str, Query(pattern=r"^(20[0-9]{2}-(0[1-9]|1[0-2]))?$")]
By = Annotated[str, Query(max_length=30)]
LevelName = Annotated[Literal["county", "township"], Query()]
Purpose = Annotated[str, Query(min_length=2, max_length=100)]


@router.get("", operation_id="get_numbers", response_model=NumbersOut)
async def get_numbers(
    request: Request,
    caller: Signed,
    by: By = "region,category",
    level: LevelName = "county",
    region: Region = "",
    category: Categories = [],  # noqa: B006 - FastAPI copies it
    month: Month = "",
    months: Annotated[int, Query(ge=1, le=MAX_MONTHS)] = 12,
) -> NumbersOut:
    """Count by region, category and month, in the caller's scope; at most 10 s old. month: "" = now."""
    services = services_of(request)
    wanted, cut = Filter(region, tuple(category)), Cut(_dimensions(by), Level(level), months)
    matrix = await services.numbers.load_matrix(caller.actor, wanted, cut, month)
    abilities = list(services.policy.abilities(caller.actor, policy.ACTIONS))
    language = _language(request)
    return present_matrix(matrix, await _names(request, language), abilities, language)


@router.get("/rows", operation_id="list_number_rows", response_model=CountedRowListOut)
async def list_number_rows(
    request: Request,
    caller: Signed,
    number: OpenNumber,
    region: Region = "",
    category: Categories = [],  # noqa: B006 - FastAPI copies it
    month: Month = "",
    cursor: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> CountedRowListOut:
    """List the premises or cameras that a number counts."""
    services = services_of(request)
    page = await services.numbers.load_rows(
        caller.actor, Filter(region, tuple(category)), Number(number), month=month, after=cursor, limit=limit
    )
    return present_rows(Number(number), page, await _names(request, _language(request)))


@router.get("/export.xlsx", operation_id="export_numbers", responses=_XLSX_FILE, response_class=Response)
async def export_numbers(
    request: Request,
    caller: Proven,
    purpose: Purpose,
    by: By = "region,category",
    level: LevelName = "county",
    region: Region = "",
    category: Categories = [],  # noqa: B006 - FastAPI copies it
    month: Month = "",
    number: OpenNumber | None = None,
) -> Response:
    """Return the numbers, or the rows of one, as a workbook. purpose: why; it is kept."""
    wanted, cut = Filter(region, tuple(category)), Cut(_dimensions(by), Level(level))
    sheet = await _export_sheet(request, caller, wanted, cut, month, number, purpose)
    return download(build_xlsx([sheet]), XLSX, f"{_file_name(request, month, number)}.xlsx")


@router.get("/export.csv", operation_id="export_numbers_csv", responses=_CSV_FILE, response_class=Response)
async def export_numbers_csv(
    request: Request,
    caller: Proven,
    purpose: Purpose,
    by: By = "region,category",
    level: LevelName = "county",
    region: Region = "",
    category: Categories = [],  # noqa: B006 - FastAPI copies it
    month: Month = "",
    number: OpenNumber | None = None,
) -> Response:
    """As the workbook, as CSV; definitions and moment stand below the rows."""
    wanted, cut = Filter(region, tuple(category)), Cut(_dimensions(by), Level(level))
    sheet = await _export_sheet(request, caller, wanted, cut, month, number, purpose)
    rows = [*sheet.rows, (), *((note,) for note in sheet.notes)]
    return download(build_csv(sheet.header, rows), CSV, f"{_file_name(request, month, number)}.csv")


@router.put("/targets", operation_id="set_number_target", status_code=204)
async def set_number_target(request: Request, caller: Human, given: TargetIn) -> None:
    """Set how many premises of a county and category are planned in service by the end of a year."""
    await services_of(request).numbers.set_target(
        caller.actor, given.year, given.region, given.category, given.premises
    )


async def _export_sheet(
    request: Request,
    caller: Human,
    wanted: Filter,
    cut: Cut,
    month: str,
    number: str | None,
    purpose: str,
) -> Sheet:
    services, language = services_of(request), _language(request)
    names, moment = await _names(request, language), _moment(request)
    if number is None:
        matrix = await services.numbers.export_matrix(caller.actor, wanted, cut, month=month, purpose=purpose)
        return matrix_sheet(matrix, names, language, moment)
    page = await services.numbers.export_rows(caller.actor, wanted, Number(number), month=month, purpose=purpose)
    return rows_sheet(Number(number), page, names, language, moment)


def _dimensions(by: str) -> tuple[str, ...]:
    """raises: BrightKitchenError "web.fields" for a dimension that there is not."""
    wanted = tuple(dict.fromkeys(part for part in by.split(",") if part))
    if not _DIMENSIONS.issuperset(wanted):
        raise BrightKitchenError(Kind.INVALID, "web.fields", field="by")
    return wanted


async def _names(request: Request, language: str) -> Names:
    regions, categories = await services_of(request).numbers.load_names(language)
    return Names(regions, categories)


def _moment(request: Request) -> str:
    zone = ZoneInfo(options_of(request).time_zone)
    return f"{datetime.fromtimestamp(services_of(request).clock.utc() // US_PER_S, zone):%Y-%m-%d %H:%M:%S}"


def _file_name(request: Request, month: str, number: str | None) -> str:
    return f"numbers-{number or 'all'}-{month or _moment(request)[:10]}"


def _language(request: Request) -> str:
    return choose_language(request.headers.get("accept-language", ""))
