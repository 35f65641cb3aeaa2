"""Saved walls over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from brightkitchen.domain.walls.model import SeenWall
from brightkitchen.domain.walls.service import MAX_PAGE
from brightkitchen.kernel.cursor import MAX_CURSOR_CHARS
from brightkitchen.kernel.errors import EditConflict
from brightkitchen.web.auth import Human, Signed, services_of
from brightkitchen.web.params import IfMatch, read_etag, write_etag
from brightkitchen.web.present.walls import (
    WallIn,
    WallListOut,
    WallOut,
    WallPatchIn,
    present_wall,
    read_change,
    read_draft,
)

router = APIRouter(prefix="/walls", tags=["walls"])


@router.get("", operation_id="list_walls", response_model=WallListOut)
async def list_walls(
    request: Request,
    caller: Signed,
    cursor: Annotated[str, Query(max_length=MAX_CURSOR_CHARS)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> WallListOut:
    """List the caller's saved walls and those shared with the caller's organisation."""
    page = await services_of(request).walls.list_walls(caller.actor, cursor=cursor, limit=limit)
    return WallListOut(items=[present_wall(each) for each in page.items], next_cursor=page.next_cursor)


@router.post("", operation_id="add_wall", status_code=201, response_model=WallOut)
async def add_wall(request: Request, response: Response, caller: Human, given: WallIn) -> WallOut:
    """Save a wall. At most 50 a person."""
    made = await services_of(request).walls.add_wall(caller.actor, read_draft(given))
    response.headers["location"] = f"/api/v1/walls/{made.wall.id}"
    response.headers["etag"] = write_etag(made.wall.version)
    return present_wall(made)


@router.get("/{wall_id}", operation_id="get_wall", response_model=WallOut)
async def get_wall(request: Request, response: Response, caller: Signed, wall_id: str) -> WallOut:
    """Show one saved wall, with the cameras that the caller may see."""
    found = await services_of(request).walls.load_wall(caller.actor, wall_id)
    response.headers["etag"] = write_etag(found.wall.version)
    return present_wall(found)


@router.patch("/{wall_id}", operation_id="change_wall", response_model=WallOut)
async def change_wall(
    request: Request, response: Response, caller: Human, wall_id: str, given: WallPatchIn, if_match: IfMatch = None
) -> WallOut:
    """Change a saved wall: the owner, and for a shared one the administrators of the owner's organisation."""
    walls = services_of(request).walls
    try:
        changed = await walls.change_wall(
            caller.actor, wall_id, read_change(given), expected_version=read_etag(if_match)
        )
    except EditConflict as conflict:
        raise _shown(conflict) from conflict
    response.headers["etag"] = write_etag(changed.wall.version)
    return present_wall(changed)


@router.delete("/{wall_id}", operation_id="delete_wall", status_code=204)
async def delete_wall(request: Request, caller: Human, wall_id: str, if_match: IfMatch = None) -> None:
    """Delete a saved wall, for whoever may change it."""
    try:
        await services_of(request).walls.delete_wall(caller.actor, wall_id, expected_version=read_etag(if_match))
    except EditConflict as conflict:
        raise _shown(conflict) from conflict


def _shown(conflict: EditConflict) -> EditConflict:
    """Return the conflict with the wall as whoever lost may see it."""
    assert isinstance(conflict.current, SeenWall)
    return conflict.showing(present_wall(conflict.current).model_dump(mode="json"))
