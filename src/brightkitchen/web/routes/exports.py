"""Whole lists as workbooks: what a list shows with its filter, for who may take it out. Before the routes with an id in the same place."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from brightkitchen.domain.cameras.model import Camera
from brightkitchen.domain.maintenance.model import Ticket
from brightkitchen.domain.maintenance.states import TicketState
from brightkitchen.domain.premises.model import PremisesSort
from brightkitchen.domain.premises.queries import Found
from brightkitchen.domain.system import policy as rules
from brightkitchen.kernel.text import choose_language
from brightkitchen.kernel.units import US_PER_S
from brightkitchen.web.auth import Proven, options_of, services_of
from brightkitchen.web.params import RegionQuery
from brightkitchen.web.present.lists import Words, cameras_sheet, faults_sheet, premises_sheet
from brightkitchen.web.present.premises import SortName
from brightkitchen.web.routes.cameras import Narrowed as CamerasNarrowed
from brightkitchen.web.routes.premises import Narrowed as PremisesNarrowed
from brightkitchen.web.spreadsheets import XLSX, Sheet, build_xlsx, download

router = APIRouter(tags=["lists"])

Purpose = Annotated[str, Query(min_length=2, max_length=100)]
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}, "description": "a workbook"}
}
PAGE: Final = 200


@router.get("/premises/export.xlsx", operation_id="export_premises", responses=_FILE, response_class=Response)
async def export_premises(
    request: Request, caller: Proven, asked: PremisesNarrowed, purpose: Purpose, sort: SortName = "name"
) -> Response:
    """Return the premises that the list shows, at most 20,000, as a workbook. purpose: why; it is kept."""
    services = services_of(request)
    actor = services.exports.narrow(caller.actor, rules.EXPORT_PREMISES)

    async def fetch(cursor: str | None) -> tuple[list[Found], str | None, int]:
        page = await services.premises.list_premises(actor, asked, sort=PremisesSort(sort), cursor=cursor or "")
        return list(page.items), page.next_cursor, page.total

    rows = await services.exports.collect(fetch)
    counts = await services.cameras.count_channels([found.premises.id for found in rows])
    await services.exports.note(actor, what="premises", purpose=purpose, rows=len(rows), region=asked.region)
    return await _answer(premises_sheet(rows, counts, await _words(request)), "premises", request)


@router.get("/cameras/export.xlsx", operation_id="export_cameras", responses=_FILE, response_class=Response)
async def export_cameras(request: Request, caller: Proven, asked: CamerasNarrowed, purpose: Purpose) -> Response:
    """Return the cameras that the list shows, at most 20,000, as a workbook; without addresses. purpose: why; it is kept."""
    services = services_of(request)
    actor = services.exports.narrow(caller.actor, rules.EXPORT_CAMERAS)

    async def fetch(after: str | None) -> tuple[list[Camera], str | None, int]:
        page = await services.cameras.list_cameras(actor, asked, after=after or "")
        return list(page.items), page.next_after, page.total

    rows = await services.exports.collect(fetch)
    await services.exports.note(actor, what="cameras", purpose=purpose, rows=len(rows), region=asked.region)
    return await _answer(cameras_sheet(rows, await _words(request)), "cameras", request)


@router.get("/faults/export.xlsx", operation_id="export_faults", responses=_FILE, response_class=Response)
async def export_faults(
    request: Request,
    caller: Proven,
    purpose: Purpose,
    state: Annotated[list[TicketState], Query(max_length=9)] = [],  # noqa: B006 - FastAPI copies it
    premises: Annotated[str, Query(max_length=40)] = "",
    region: RegionQuery = "",
) -> Response:
    """Return the fault tickets that the list shows, at most 20,000, as a workbook. purpose: why; it is kept."""
    services = services_of(request)
    actor = services.exports.narrow(caller.actor, rules.EXPORT_FAULTS)

    async def fetch(before: tuple[int, str] | None) -> tuple[list[Ticket], tuple[int, str] | None, int]:
        found, after, _counts = await services.faults.list_tickets(
            actor, states=state, premises=premises, region=region, before=before, limit=PAGE
        )
        return list(found), after, 0

    rows = await services.exports.collect(fetch)
    await services.exports.note(actor, what="faults", purpose=purpose, rows=len(rows), region=region)
    return await _answer(faults_sheet(rows, await _words(request)), "faults", request)


async def _words(request: Request) -> Words:
    services, language = services_of(request), choose_language(request.headers.get("accept-language", ""))
    regions, categories = await services.numbers.load_names(language)
    kinds = await services.premises.load_kinds()
    return Words(
        language=language,
        regions=regions,
        categories=categories,
        zones={code: zone.name_zh if language == "zh-CN" else zone.name_en for code, zone in kinds.zones.items()},
        zone=ZoneInfo(options_of(request).time_zone),
        now=services.clock.utc(),
    )


async def _answer(sheet: Sheet, name: str, request: Request) -> Response:
    at = datetime.fromtimestamp(services_of(request).clock.utc() // US_PER_S, ZoneInfo(options_of(request).time_zone))
    return download(await asyncio.to_thread(build_xlsx, [sheet]), XLSX, f"{name}-{at:%Y-%m-%d}.xlsx")
