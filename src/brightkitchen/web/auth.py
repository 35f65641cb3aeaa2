"""From a cookie to an actor, and the limits that hold per person."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.responses import Response

from brightkitchen.domain.audit.whence import note_address
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.users.devices import name_device
from brightkitchen.domain.users.model import OpenedSession, Pending, Session, User, Visitor
from brightkitchen.domain.users.people_model import LONGEST_KIOSK_US, TokenKind
from brightkitchen.domain.users.service import actor_of
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.forwarding import is_loopback
from brightkitchen.kernel.ids import SessionId, UserId
from brightkitchen.kernel.units import US_PER_S
from brightkitchen.web.options import Services, WebOptions

COOKIE: Final = "__Host-bk_session"
DEVICE_COOKIE: Final = "__Host-bk_device"
KIOSK_COOKIE: Final = "__Host-bk_kiosk"
LOGIN_COOKIE: Final = "__Host-bk_login"
SIGN_ON_COOKIE: Final = "__Host-bk_sso"
DEVICE_COOKIE_S: Final = 365 * 86_400
LOGIN_COOKIE_S: Final = 300
SIGN_ON_COOKIE_S: Final = 600
CONCURRENT_PER_USER: Final = 8


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request. pending: what the person has to do before anything else is allowed.

    kiosk: what the wall display is called; "" for everybody else.
    """

    actor: Actor
    session: Session
    user: User
    pending: tuple[Pending, ...] = ()
    kiosk: str = ""


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
    """Return the peer's address, or what the trusted proxies say of it. Other peers' headers change nothing."""
    peer = connection.client.host if connection.client else ""
    return options_of(connection).proxies.client_of(peer, connection.headers.getlist("x-forwarded-for"))


def read_cookie(connection: HTTPConnection, name: str) -> str:
    """Return the value of one of our cookies, or ""."""
    return connection.cookies.get(_cookie_name(connection, name), "")


def _is_in_clear(connection: HTTPConnection) -> bool:
    """True for plain HTTP from another machine (web.insecure_http): browsers keep no `Secure` cookie there.

    They do keep those of http://127.0.0.1 and localhost.
    """
    parts = urlsplit(origin_of(connection))
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _cookie_name(connection: HTTPConnection, name: str) -> str:
    return name.removeprefix("__Host-") if _is_in_clear(connection) else name


def visitor_of(connection: HTTPConnection) -> Visitor:
    """Return from where the request came, and which browser of ours it is."""
    return Visitor(
        client_address(connection),
        device_token_of(connection),
        name_device(connection.headers.get("user-agent", "")[:512]),
    )


def device_token_of(connection: HTTPConnection) -> str:
    """Return what the browser keeps from an earlier full log-in, or ""."""
    return read_cookie(connection, DEVICE_COOKIE)


async def authenticate(connection: HTTPConnection) -> Caller | None:
    """Return who holds the session of the cookie or comes with an API token, or None; also None while something is pending."""
    caller = await authenticate_any(connection)
    return None if caller is None or caller.pending else caller


async def authenticate_any(connection: HTTPConnection) -> Caller | None:
    """As `authenticate`, but also for those who have to change their password or to set up a factor first."""
    note_address(client_address(connection))
    if "authorization" in connection.headers:
        return await _authenticate_machine(connection)
    token = read_cookie(connection, COOKIE)
    users = services_of(connection).users
    found = await users.authenticate(token) if token else None
    if found is None:
        secret = read_cookie(connection, KIOSK_COOKIE)
        return await _authenticate_token(connection, secret, TokenKind.KIOSK) if secret else None
    session, user = found
    return Caller(actor_of(session, user), session, user, users.pending(session, user))


async def _authenticate_machine(connection: HTTPConnection) -> Caller | None:
    """Return who comes with an API token. None beside a cookie: a request has one way in, and says which."""
    scheme, _, secret = connection.headers["authorization"].partition(" ")
    if scheme.lower() != "bearer" or "cookie" in connection.headers:
        return None
    return await _authenticate_token(connection, secret.strip(), TokenKind.MACHINE)


async def _authenticate_token(connection: HTTPConnection, secret: str, kind: TokenKind) -> Caller | None:
    address = client_address(connection)
    found = await services_of(connection).people.tokens.authenticate(secret, address=address, kind=kind)
    if found is None:
        return None
    actor, token, maker = found
    # no row of `sessions`: it never idles, and log-out and touch are refused to machines
    session = Session(
        SessionId(""), token.pseudonym, maker.id, token.created_at, token.created_at, token.expires_at, None
    )
    name = token.name if actor.kiosk else ""
    return Caller(actor, session, replace(maker, grants=actor.grants), kiosk=name)


async def require_caller(request: Request, caller: "Present") -> Caller:
    """A dependency: the caller, who has nothing pending. raises: BrightKitchenError "auth.required", "auth.unfinished"."""
    if caller.pending:
        raise BrightKitchenError(Kind.FORBIDDEN, "auth.unfinished")
    return caller


async def require_present(request: Request) -> AsyncIterator[Caller]:
    """A dependency for the few routes that also serve who has something pending. raises: BrightKitchenError "auth.required".

    The caller is counted while the request lasts.
    """
    caller = await authenticate_any(request)
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
    """A dependency for what a person does by hand: also counts as input against the idle limit.

    Whether a machine may do it as well is the action's own rule (`Policy.is_human_only`).
    """
    if not caller.actor.token:
        await services_of(request).users.touch(caller.session)
    return caller


async def require_own(caller: "InSession") -> Caller:
    """A dependency for what concerns a person's own log-in and may wait for what is pending. raises: as `require_caller`."""
    if caller.pending:
        raise BrightKitchenError(Kind.FORBIDDEN, "auth.unfinished")
    return caller


async def require_session(caller: "Present") -> Caller:
    """A dependency for what concerns a person's own session. raises: BrightKitchenError "auth.human_only" for machines."""
    if caller.actor.token:
        raise BrightKitchenError(Kind.FORBIDDEN, "auth.human_only")
    return caller


async def require_step_up(request: Request, caller: "Own") -> Caller:
    """A dependency for what needs a fresh proof (SECURITY §2.2): export, unmasking, roles, keys and the like.

    raises: BrightKitchenError "auth.step_up_required" unless the person proved to be there within five minutes. The page then
    asks for the proof (`POST /session/step-up`) and repeats the request. "auth.unfinished" while something is pending: a
    password alone opened the session a moment ago, and that would count as the proof.
    """
    services_of(request).users.account.check_stepped_up(caller.session)
    return caller


def check_proven(request: Request, caller: Caller) -> None:
    """As `require_step_up`, for what needs it in some cases only.

    raises: BrightKitchenError "auth.human_only" for machines, "auth.step_up_required".
    """
    if caller.actor.token:
        raise BrightKitchenError(Kind.FORBIDDEN, "auth.human_only")
    services_of(request).users.account.check_stepped_up(caller.session)


def set_session_cookies(request: Request, response: Response, opened: OpenedSession) -> None:
    """Give the browser its session, and after a full log-in the token by which it is known from now on."""
    limits = opened.user.limits
    max_age = limits.absolute_us // US_PER_S if limits.outlives_browser else None
    _set_cookie(request, response, COOKIE, opened.token, max_age)
    if opened.device_token:
        _set_cookie(request, response, DEVICE_COOKIE, opened.device_token, DEVICE_COOKIE_S)


def set_login_cookie(request: Request, response: Response, browser_token: str) -> None:
    """Tie the log-in under way to this browser."""
    _set_cookie(request, response, LOGIN_COOKIE, browser_token, LOGIN_COOKIE_S)


def delete_login_cookie(request: Request, response: Response) -> None:
    """The log-in is done."""
    _delete_cookie(request, response, LOGIN_COOKIE)


def set_sign_on_cookie(request: Request, response: Response, browser_token: str) -> None:
    """Tie the round trip to the single sign-on to this browser. Lax: it has to come back from another site."""
    _set_cookie(request, response, SIGN_ON_COOKIE, browser_token, SIGN_ON_COOKIE_S, same_site="lax")


def delete_sign_on_cookie(request: Request, response: Response) -> None:
    """The round trip is over."""
    _delete_cookie(request, response, SIGN_ON_COOKIE, same_site="lax")


def delete_session_cookie(request: Request, response: Response) -> None:
    """Take it away. The browser stays known: it is a person's own, and knowing it opens nothing."""
    _delete_cookie(request, response, COOKIE)


def set_kiosk_cookie(request: Request, response: Response, secret: str) -> None:
    """Give a wall display its credential; no script of the page reads it."""
    _set_cookie(request, response, KIOSK_COOKIE, secret, LONGEST_KIOSK_US // US_PER_S)


def delete_kiosk_cookie(request: Request, response: Response) -> None:
    """The display is one no more."""
    _delete_cookie(request, response, KIOSK_COOKIE)


def _set_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    max_age: int | None,
    *,
    same_site: Literal["lax", "strict"] = "strict",
) -> None:
    response.set_cookie(
        _cookie_name(request, name),
        value,
        max_age=max_age,
        path="/",
        secure=not _is_in_clear(request),
        httponly=True,
        samesite=same_site,
    )


def _delete_cookie(
    request: Request, response: Response, name: str, *, same_site: Literal["lax", "strict"] = "strict"
) -> None:
    response.delete_cookie(
        _cookie_name(request, name), path="/", secure=not _is_in_clear(request), httponly=True, samesite=same_site
    )


Present = Annotated[Caller, Depends(require_present)]
Signed = Annotated[Caller, Depends(require_caller)]
Human = Annotated[Caller, Depends(require_human)]
Proven = Annotated[Caller, Depends(require_step_up)]
Own = Annotated[Caller, Depends(require_own)]
InSession = Annotated[Caller, Depends(require_session)]
