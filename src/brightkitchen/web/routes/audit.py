"""Reading the audit: everything, for those who audit; who watched one kitchen, for those it belongs to."""

from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.model import Filters
from brightkitchen.domain.audit.policy import SEARCH, WATCHERS
from brightkitchen.domain.audit.queries import MAX_PAGE
from brightkitchen.domain.inquiry.model import Question
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.text import choose_language
from brightkitchen.kernel.units import US_PER_S, format_utc
from brightkitchen.web.auth import Proven, Signed, options_of, services_of
from brightkitchen.web.params import read_optional_instant
from brightkitchen.web.present.audit import (
    AuditKindsOut,
    AuditPageOut,
    ChainStateOut,
    WatchPageOut,
    audit_sheet,
    present_kinds,
    present_row,
    present_state,
    present_watch,
)
from brightkitchen.web.spreadsheets import CSV, XLSX, build_csv, build_xlsx, download

router = APIRouter(tags=["audit"])

_MAX_KINDS: Final = 40
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_XLSX_FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {XLSX: _BINARY}}}  # Any: FastAPI's
_CSV_FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": _BINARY}}}
Code = Annotated[str, Query(max_length=128, pattern=r"^[\w.:,@-]*$")]
Cursor = Annotated[str, Query(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
When = Annotated[str, Query(max_length=40)]
Words = Annotated[str, Query(max_length=64)]
Purpose = Annotated[str, Query(min_length=2, max_length=100)]


def read_question(
    actor: Code = "",
    kind: Annotated[list[str] | None, Query(max_length=_MAX_KINDS)] = None,
    object: Code = "",
    premises: Code = "",
    camera: Code = "",
    session: Code = "",
    region: Annotated[str, Query(pattern=r"^[0-9]{0,12}$")] = "",
    from_: Annotated[When, Query(alias="from")] = "",
    to: When = "",
    decision: Annotated[str, Query(pattern=r"^(allowed|refused|)$")] = "",
    text: Words = "",
    person: Words = "",
    place: Words = "",
) -> Question:
    """Read what to look for. person: part of the name or account of who acted or was acted upon. place: part of a premises' name, or initials."""
    if not set(kind or ()) <= model.KINDS:
        raise BrightKitchenError(Kind.INVALID, "web.field_unfit", field="kind")
    filters = Filters(
        actor_id=actor,
        kinds=tuple(kind or ()),
        object_id=object,
        premises_id=premises,
        camera_id=camera,
        session=session,
        from_at=read_optional_instant(from_ or None),
        to_at=read_optional_instant(to or None),
        decision=decision,
        text=text,
    )
    return Question(filters=filters, region=region, person=person.strip(), place=place.strip())


Asked = Annotated[Question, Depends(read_question)]


@router.get("/audit", operation_id="search_audit", response_model=AuditPageOut)
async def search_audit(
    request: Request, caller: Signed, asked: Asked, cursor: Cursor = "", limit: Limit = MAX_PAGE
) -> AuditPageOut:
    """Search the audit, newest first, inside the caller's regions. Reading it is a row of it as well."""
    page = await services_of(request).inquiry.search(caller.actor, asked, cursor=cursor, limit=limit)
    language = _language(request)
    return AuditPageOut(items=[present_row(each, language) for each in page.rows], next_cursor=page.next_cursor)


@router.get("/audit/kinds", operation_id="list_audit_kinds", response_model=AuditKindsOut)
async def list_audit_kinds(request: Request, caller: Signed) -> AuditKindsOut:
    """List what a row can be about, in words, to choose from."""
    if not services_of(request).policy.check(caller.actor, SEARCH).allowed:
        raise not_found()
    return present_kinds(_language(request))


@router.get("/audit/state", operation_id="get_audit_state", response_model=ChainStateOut)
async def get_audit_state(request: Request, caller: Signed) -> ChainStateOut:
    """Say where the chain ends, when it was anchored, and how its last check went."""
    return present_state(await services_of(request).inquiry.load_state(caller.actor))


@router.get("/audit/export.xlsx", operation_id="export_audit", responses=_XLSX_FILE, response_class=Response)
async def export_audit(request: Request, caller: Proven, asked: Asked, purpose: Purpose) -> Response:
    """Return all rows of a search, at most 10,000, as a workbook. purpose: what for; it is kept."""
    rows = await services_of(request).inquiry.export(caller.actor, asked, purpose=purpose)
    sheet = audit_sheet(rows, _language(request), _zone(request), _moment(request), purpose)
    return download(build_xlsx([sheet]), XLSX, f"{_file_name(request)}.xlsx")


@router.get("/audit/export.csv", operation_id="export_audit_csv", responses=_CSV_FILE, response_class=Response)
async def export_audit_csv(request: Request, caller: Proven, asked: Asked, purpose: Purpose) -> Response:
    """As the workbook, as CSV; moment and purpose stand below the rows."""
    rows = await services_of(request).inquiry.export(caller.actor, asked, purpose=purpose)
    sheet = audit_sheet(rows, _language(request), _zone(request), _moment(request), purpose)
    lines = [*sheet.rows, (), *((note,) for note in sheet.notes)]
    return download(build_csv(sheet.header, lines), CSV, f"{_file_name(request)}.csv")


@router.get("/premises/{premises_id}/watchers", operation_id="list_watchers", response_model=WatchPageOut)
async def list_watchers(
    request: Request, caller: Signed, premises_id: str, cursor: Cursor = "", limit: Limit = MAX_PAGE
) -> WatchPageOut:
    """Say who watched this kitchen: which authority and role, what for, which channel, when and how long; from 08:00 of the next day."""
    services = services_of(request)
    found = await services.premises.access_premises(caller.actor, premises_id, WATCHERS)
    page = await services.audit.list_watches(found.id, cursor=cursor, limit=limit)
    names = await services.inquiry.name_watched(page.watches)
    return WatchPageOut(
        items=[present_watch(watch, names) for watch in page.watches],
        published_until=format_utc(page.published_until),
        next_cursor=page.next_cursor,
    )


def _language(request: Request) -> str:
    return choose_language(request.headers.get("accept-language", ""))


def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(options_of(request).time_zone)


def _moment(request: Request) -> str:
    return f"{datetime.fromtimestamp(services_of(request).clock.utc() // US_PER_S, _zone(request)):%Y-%m-%d %H:%M:%S}"


def _file_name(request: Request) -> str:
    return f"audit-{_moment(request)[:10]}"
