"""Marked moments over HTTP. They are read with the other events of a camera: `/recording/cameras/{id}/marks`, `/recording/search`."""

from fastapi import APIRouter, Request, Response

from brightkitchen.web.auth import Human, services_of
from brightkitchen.web.params import read_instant
from brightkitchen.web.present.marks import MarkIn, MarkOut, MarkPatchIn, present_mark

router = APIRouter(prefix="/marks", tags=["recording"])


@router.post("", operation_id="add_mark", status_code=201, response_model=MarkOut)
async def add_mark(request: Request, response: Response, caller: Human, given: MarkIn) -> MarkOut:
    """Mark a moment of a camera whose recordings the caller may see. Nothing is held by it. At most 500 a day."""
    services = services_of(request)
    made = await services.marks.add_mark(
        caller.actor, given.camera_id, at=read_instant(given.at, "at"), note=given.note
    )
    response.headers["location"] = f"/api/v1/marks/{made.id}"
    return present_mark(made, caller.actor, services)


@router.patch("/{mark_id}", operation_id="change_mark", response_model=MarkOut)
async def change_mark(request: Request, caller: Human, mark_id: str, given: MarkPatchIn) -> MarkOut:
    """Say something else of one's own mark."""
    services = services_of(request)
    return present_mark(await services.marks.change_note(caller.actor, mark_id, given.note), caller.actor, services)


@router.delete("/{mark_id}", operation_id="remove_mark", status_code=204)
async def remove_mark(request: Request, caller: Human, mark_id: str) -> None:
    """Take one's own mark back."""
    await services_of(request).marks.remove_mark(caller.actor, mark_id)
