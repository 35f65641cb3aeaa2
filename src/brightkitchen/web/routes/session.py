"""Logging in and out."""

from fastapi import APIRouter, Request, Response

from brightkitchen.domain.audit.whence import note_address
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.users.model import User
from brightkitchen.domain.users.service import actor_of
from brightkitchen.web.auth import (
    Human,
    Signed,
    authenticate,
    client_address,
    delete_session_cookie,
    services_of,
    set_session_cookie,
)
from brightkitchen.web.options import Services
from brightkitchen.web.present.session import Credentials, SessionOut, UserOut

router = APIRouter(prefix="/session", tags=["session"])


@router.post("", operation_id="open_session", response_model=SessionOut)
async def open_session(request: Request, response: Response, given: Credentials) -> SessionOut:
    """Log in. Whatever session the browser had before ends: a new log-in always gets a new token."""
    services = services_of(request)
    note_address(client_address(request))
    opened = await services.users.log_in(given.username, given.password, address=client_address(request))
    before = await authenticate(request)
    if before is not None:
        await services.users.log_out(before.session)
    set_session_cookie(response, opened.token)
    return _present(opened.user, services, actor_of(opened.session, opened.user))


@router.get("", operation_id="get_session", response_model=SessionOut)
async def get_session(request: Request, caller: Signed) -> SessionOut:
    """Say who is logged in."""
    return _present(caller.user, services_of(request), caller.actor)


@router.delete("", operation_id="close_session", status_code=204)
async def close_session(request: Request, response: Response, caller: Signed) -> None:
    """Log out. When this answers, the nodes have closed what the session was watching, or 5 s have passed."""
    await services_of(request).users.log_out(caller.session)
    delete_session_cookie(response)


@router.post("/touch", operation_id="touch_session", status_code=204)
async def touch_session(caller: Human) -> None:
    """Say that a person moved the mouse, touched or typed; at most once a minute. Keeps the session from idling out."""


def _present(user: User, services: Services, actor: Actor) -> SessionOut:
    return SessionOut(
        user=UserOut(id=user.id, username=user.username, name=user.display_name),
        abilities=list(services.policy.abilities(actor, services.policy.actions)),
    )
