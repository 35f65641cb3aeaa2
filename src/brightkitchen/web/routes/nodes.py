"""Media nodes and what they record to, over HTTP."""

from fastapi import APIRouter, Request

from brightkitchen.web.auth import Signed, options_of, origin_of, services_of
from brightkitchen.web.present.nodes import MediaNodeListOut, present_node

router = APIRouter(prefix="/nodes", tags=["nodes"])


@router.get("", operation_id="list_nodes", response_model=MediaNodeListOut)
async def list_nodes(request: Request, caller: Signed) -> MediaNodeListOut:
    """List the media nodes: whether they are there, what they record, and how long their room lasts.

    Cameras are counted as far as they are in the caller's scope.
    """
    services, options, origin = services_of(request), options_of(request), origin_of(request)
    found = await services.recording.nodes.list_nodes(caller.actor)
    now = services.clock.utc()
    return MediaNodeListOut(
        items=[
            present_node(
                view,
                url=options.media_url(origin, view.node, view.standing.port) if view.standing.port else "",
                now=now,
            )
            for view in found
        ],
    )
