"""Fault tickets over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import StringConstraints

from brightkitchen.domain.maintenance.faults import MAX_PAGE
from brightkitchen.domain.maintenance.states import TicketEvent, TicketState
from brightkitchen.web.auth import Human, Signed, services_of
from brightkitchen.web.params import RegionQuery
from brightkitchen.web.present.maintenance import (
    TicketIn,
    TicketListOut,
    TicketMoveIn,
    TicketOut,
    TicketViewOut,
    present_ticket,
    present_ticket_view,
    present_tickets,
)
from brightkitchen.web.present.onboarding import build_cursor
from brightkitchen.web.routes.onboarding import Cursor, read_cursor

ObjectId = Annotated[str, StringConstraints(max_length=40)]

router = APIRouter(prefix="/faults", tags=["faults"])


@router.get("", operation_id="list_faults", response_model=TicketListOut)
async def list_faults(
    request: Request,
    caller: Signed,
    state: Annotated[list[TicketState], Query(max_length=9)] = [],  # noqa: B006 - FastAPI copies it
    premises: Annotated[str, Query(max_length=40)] = "",
    region: RegionQuery = "",
    camera: Annotated[list[ObjectId], Query(max_length=64)] = [],  # noqa: B006 - FastAPI copies it
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> TicketListOut:
    """List the fault tickets in the caller's scope, the newest first; those of a batch outage hang below its own.

    camera: only the tickets of these cameras, also those of a batch outage.
    """
    services = services_of(request)
    found, after, counts = await services.faults.list_tickets(
        caller.actor,
        states=state,
        premises=premises,
        region=region,
        cameras=camera,
        before=read_cursor(cursor),
        limit=limit,
    )
    return present_tickets(found, counts, build_cursor(after), caller.actor, services)


@router.post("", operation_id="open_fault", status_code=201, response_model=TicketOut)
async def open_fault(request: Request, response: Response, caller: Human, given: TicketIn) -> TicketOut:
    """Report a fault of a channel by hand."""
    services = services_of(request)
    ticket = await services.faults.open_ticket(caller.actor, given.camera_id, note=given.note)
    response.headers["location"] = f"/api/v1/faults/{ticket.id}"
    return present_ticket(ticket, caller.actor, services)


@router.get("/{ticket_id}", operation_id="get_fault", response_model=TicketViewOut)
async def get_fault(request: Request, caller: Signed, ticket_id: str) -> TicketViewOut:
    """Show one ticket, its history, and the tickets of the same outage below it."""
    services = services_of(request)
    return present_ticket_view(await services.faults.load_ticket(caller.actor, ticket_id), caller.actor, services)


@router.post("/{ticket_id}/{event}", operation_id="move_fault", response_model=TicketOut)
async def move_fault(
    request: Request, caller: Human, ticket_id: str, event: TicketEvent, given: TicketMoveIn
) -> TicketOut:
    """Move a ticket by its state table."""
    services = services_of(request)
    ticket = await services.faults.act(caller.actor, ticket_id, event, cause=given.cause, note=given.note)
    return present_ticket(ticket, caller.actor, services)
