"""The tree of cameras over HTTP."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import StringConstraints

from brightkitchen.domain.cameras.model import CameraFilter
from brightkitchen.domain.cameras.tree import MAX_PAGE, Branches
from brightkitchen.kernel.cursor import MAX_CURSOR_CHARS
from brightkitchen.kernel.text import choose_language
from brightkitchen.web.auth import Signed, services_of
from brightkitchen.web.params import CodeQuery, RegionQuery, TextQuery
from brightkitchen.web.present.tree import (
    BranchesName,
    CameraTreeOut,
    OpeningListOut,
    present_level,
    present_opening,
)

ObjectId = Annotated[str, StringConstraints(max_length=40)]

router = APIRouter(prefix="/camera-tree", tags=["cameras"])


@router.get("", operation_id="get_camera_tree", response_model=CameraTreeOut)
async def get_camera_tree(
    request: Request,
    caller: Signed,
    by: BranchesName = "region",
    region: RegionQuery = "",
    category: CodeQuery = "",
    premises: Annotated[str, Query(max_length=40)] = "",
    q: TextQuery = "",
    state: Literal["abnormal", "online"] | None = None,
    open: bool = False,
    cursor: Annotated[str, Query(max_length=MAX_CURSOR_CHARS)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> CameraTreeOut:
    """Show one level of the cameras in the caller's scope: counties or categories, below one of them its premises.

    by: region = counties, and premises once `region` names one; category likewise; premises = premises at once. region, category,
    premises, q, state and open narrow what is counted as they narrow the list of cameras, where q is `text`. A branch without any such
    camera is left out. The cameras of a premises: `GET /cameras?premises=`.
    """
    asked = CameraFilter(
        premises=premises,
        region=region,
        category=category,
        text=q.strip(),
        online=state == "online",
        is_abnormal=state == "abnormal",
        is_open=open,
    )
    level = await services_of(request).camera_tree.load_level(
        caller.actor, Branches(by), asked, cursor=cursor, limit=limit
    )
    return present_level(level, choose_language(request.headers.get("accept-language", "")))


@router.get("/openings", operation_id="list_openings", response_model=OpeningListOut)
async def list_openings(
    request: Request,
    caller: Signed,
    premises: Annotated[list[ObjectId], Query(max_length=64)] = [],  # noqa: B006 - FastAPI copies it
) -> OpeningListOut:
    """Say which premises are open now: inside their business hours, and without an approved stop over today."""
    found = await services_of(request).camera_tree.load_openings(caller.actor, premises)
    return OpeningListOut(items=[present_opening(each) for each in found])
