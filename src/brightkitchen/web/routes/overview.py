"""The overview and the outlines of its map, over HTTP."""

import asyncio
from pathlib import Path

from fastapi import APIRouter, Request

from brightkitchen.domain.overview.outlines import MAX_BYTES, Outline, parse_outlines
from brightkitchen.domain.overview.policy import VIEW
from brightkitchen.kernel.errors import BrightKitchenError, not_found
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.text import choose_language
from brightkitchen.web.auth import Signed, options_of, services_of
from brightkitchen.web.params import RegionQuery
from brightkitchen.web.present.overview import OutlineListOut, OverviewOut, present_outlines, present_overview

log = get_logger(__name__)
router = APIRouter(prefix="/overview", tags=["overview"])


@router.get("", operation_id="get_overview", response_model=OverviewOut)
async def get_overview(request: Request, caller: Signed, region: RegionQuery = "") -> OverviewOut:
    """Count a city by county, or a county by township, in the caller's scope. region "": the caller's whole scope."""
    found = await services_of(request).overview.load(caller.actor, region)
    return present_overview(found, choose_language(request.headers.get("accept-language", "")))


@router.get("/outlines", operation_id="list_outlines", response_model=OutlineListOut)
async def list_outlines(request: Request, caller: Signed) -> OutlineListOut:
    """List the outlines of the map's areas; none if this installation has no file of them, or one with a fault (see the log)."""
    if not services_of(request).policy.check(caller.actor, VIEW).allowed:
        raise not_found()
    return present_outlines(await asyncio.to_thread(_read_outlines, options_of(request).outlines_file))


def _read_outlines(file: Path | None) -> tuple[Outline, ...]:
    if file is None or not file.is_file():
        return ()
    try:
        with file.open("rb") as opened:
            return parse_outlines(opened.read(MAX_BYTES + 1))
    except (OSError, BrightKitchenError) as error:
        log.error("outlines cannot be read", file=file.name, reason=str(error))
        return ()
