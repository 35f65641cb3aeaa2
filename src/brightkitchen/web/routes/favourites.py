"""Favourites over HTTP: cameras and premises that a person keeps at hand."""

from fastapi import APIRouter, Request

from brightkitchen.web.auth import Human, Signed, services_of
from brightkitchen.web.present.marks import FavouriteListOut, present_favourites

router = APIRouter(prefix="/favourites", tags=["walls"])


@router.get("", operation_id="list_favourites", response_model=FavouriteListOut)
async def list_favourites(request: Request, caller: Signed) -> FavouriteListOut:
    """List what the caller keeps, as far as the caller may see it now."""
    services = services_of(request)
    return present_favourites(await services.favourites.list_favourites(caller.actor), caller.actor, services)


@router.put("/{favourite_id}", operation_id="add_favourite", status_code=204)
async def add_favourite(request: Request, caller: Human, favourite_id: str) -> None:
    """Keep a camera or a premises, by its id. At most 200 a person."""
    await services_of(request).favourites.add_favourite(caller.actor, favourite_id)


@router.delete("/{favourite_id}", operation_id="remove_favourite", status_code=204)
async def remove_favourite(request: Request, caller: Human, favourite_id: str) -> None:
    """Keep it no longer."""
    await services_of(request).favourites.remove_favourite(caller.actor, favourite_id)
