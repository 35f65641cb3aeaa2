"""From a cookie to an actor, and the limits that hold per person."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.responses import Response

from brightkitchen.domain.audit.whence import note_address
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.users.model import Session, User
from brightkitchen.domain.users.service import actor_of
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import UserId
from brightkitchen.web.options import Services, WebOptions

COOKIE: Final = "__Host-bk_session"
CONCURRENT_PER_USER: Final = 8


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request."""

    actor: Actor
    session: Session
    user: User


class Slots:
    """How many requests each person has under way; at most eight."""

    def __init__(self) -> None:
        self._taken: dict[UserId, int] = {}

    def take(self, user: UserId) -> None:
        """raises: BrightKitchenError "web.busy" for the ninth."""
        if self._taken.get(user, 0) >= CONCURRENT_PER_USER:
            raise BrightKitchenError(Kind.EXHAUSTED, "web.busy", retry_after_s=1)
        self._taken[user] = self._taken.get(user, 0) + 1

    def release(self, user: UserId) -> None:
        """Give one back."""
        left = self._taken.get(user, 0) - 1
        if left > 0:
            self._taken[user] = left
        else:
            self._taken.pop(user, None)


def services_of(connection: HTTPConnection) -> Services:
    """Return the services of the application."""
    services = connection.app.state.services
    assert isinstance(services, Services)
    return services


def options_of(connection: HTTPConnection) -> WebOptions:
    """Return the options of the application."""
    options = connection.app.state.options
    assert isinstance(options, WebOptions)
    return options


def origin_of(connection: HTTPConnection) -> str:
    """Return the origin under which this page was called; one of the configured ones."""
    return str(connection.scope["bk_origin"])


def client_address(connection: HTTPConnection) -> str:
    """Return the peer's address, or what the one trusted proxy says of it. Other peers' headers change nothing."""
    peer = connection.client.host if connection.client else ""
    if peer and peer == options_of(connection).trusted_proxy:
        forwarded = connection.headers.get("x-forwarded-for", "")
        return forwarded.rpartition(",")[2].strip() or peer
    return peer


async def authenticate(connection: HTTPConnection) -> Caller | None:
    """Return who holds the session of the cookie, or None."""
    note_address(client_address(connection))
    token = connection.cookies.get(COOKIE)
    found = await services_of(connection).users.authenticate(token) if token else None
    if found is None:
        return None
    session, user = found
    return Caller(actor_of(session, user), session, user)


async def require_caller(request: Request) -> AsyncIterator[Caller]:
    """A dependency: the caller, counted while the request lasts. raises: BrightKitchenError "auth.required"."""
    caller = await authenticate(request)
    if caller is None:
        raise BrightKitchenError(Kind.UNAUTHENTICATED, "auth.required")
    slots = request.app.state.slots
    assert isinstance(slots, Slots)
    slots.take(caller.user.id)
    try:
        yield caller
    finally:
        slots.release(caller.user.id)


async def require_human(request: Request, caller: "Signed") -> Caller:
    """A dependency for what only a person does: also counts as input against the idle limit."""
    await services_of(request).users.touch(caller.session)
    return caller


def set_session_cookie(response: Response, token: str) -> None:
    """Give the browser its session. Browsers keep `Secure` cookies of http://127.0.0.1 and localhost as well."""
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="strict")


def delete_session_cookie(response: Response) -> None:
    """Take it away."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


Signed = Annotated[Caller, Depends(require_caller)]
Human = Annotated[Caller, Depends(require_human)]
