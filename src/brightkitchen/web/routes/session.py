"""Logging in, in one step or two; proving again; logging out."""

import json

from fastapi import APIRouter, Request, Response

from brightkitchen.domain.audit.whence import note_address
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.users.model import STEP_UP_US, FactorStep, OpenedSession, Pending, Proof, Session, User
from brightkitchen.domain.users.people_model import LONGEST_KIOSK_US
from brightkitchen.domain.users.service import actor_of
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc
from brightkitchen.web.auth import (
    LOGIN_COOKIE,
    Present,
    authenticate_any,
    client_address,
    delete_kiosk_cookie,
    delete_login_cookie,
    delete_session_cookie,
    device_token_of,
    origin_of,
    read_cookie,
    require_session,
    services_of,
    set_login_cookie,
    set_session_cookies,
    visitor_of,
)
from brightkitchen.web.options import Services
from brightkitchen.web.present.session import (
    BrowserJson,
    Credentials,
    FactorIn,
    FactorStepOut,
    OwnGrantOut,
    SessionOut,
    StepUpIn,
    StepUpOptionsOut,
    UserOut,
)

router = APIRouter(prefix="/session", tags=["session"])


@router.post("", operation_id="open_session", response_model=SessionOut | FactorStepOut)
async def open_session(request: Request, response: Response, given: Credentials) -> SessionOut | FactorStepOut:
    """Log in: a session, or the question for the second factor (`step`), which `POST /session/factor` answers.

    Whatever session the browser had before ends: a new log-in always gets a new token.
    """
    users = services_of(request).users
    note_address(client_address(request))
    result = await users.log_in(given.username, given.password, visitor=visitor_of(request), origin=origin_of(request))
    if isinstance(result, FactorStep):
        return present_step(request, response, result)
    return await present_admitted(request, response, result)


@router.post("/passkey", operation_id="begin_passkey_log_in", response_model=FactorStepOut)
async def begin_passkey_log_in(request: Request, response: Response) -> FactorStepOut:
    """Begin a log-in without name and password: the passkey says who; `POST /session/factor` takes its answer."""
    note_address(client_address(request))
    step = await services_of(request).users.ask_for_passkey(visitor=visitor_of(request), origin=origin_of(request))
    return present_step(request, response, step)


@router.post("/factor", operation_id="finish_log_in", response_model=SessionOut)
async def finish_log_in(request: Request, response: Response, given: FactorIn) -> SessionOut:
    """Answer the question for the second factor. The ticket opens one session, in the browser that got it, within 5 minutes."""
    note_address(client_address(request))
    opened = await services_of(request).users.finish_log_in(
        given.ticket,
        read_cookie(request, LOGIN_COOKIE),
        Proof(totp=given.totp or "", recovery=given.recovery or "", passkey=_text(given.passkey)),
        visitor=visitor_of(request),
        origin=origin_of(request),
    )
    delete_login_cookie(request, response)
    return await present_admitted(request, response, opened)


@router.get("", operation_id="get_session", response_model=SessionOut)
async def get_session(request: Request, caller: Present) -> SessionOut:
    """Say who is logged in, what may be done, and what has to be done first."""
    shown = await present_session(caller.user, caller.session, caller.pending, services_of(request), caller.actor)
    if not caller.kiosk:
        return shown
    # A display is nobody: it goes by its own name, and nobody's absence ends it.
    lasts = {"idle_s": LONGEST_KIOSK_US // US_PER_S, "ends_at": format_utc(caller.session.expires_at)}
    return shown.model_copy(update={"kiosk": caller.kiosk, **lasts})


@router.delete("", operation_id="close_session", status_code=204)
async def close_session(request: Request, response: Response, caller: Present) -> None:
    """Log out. When this answers, the nodes have closed what the session was watching, or 5 s have passed.

    A wall display gives up its credential by it.
    """
    if caller.kiosk:
        await services_of(request).people.tokens.end_kiosk(caller.actor)
        delete_kiosk_cookie(request, response)
        return
    await require_session(caller)
    await services_of(request).users.log_out(caller.session)
    delete_session_cookie(request, response)


@router.post("/touch", operation_id="touch_session", status_code=204)
async def touch_session(request: Request, caller: Present) -> None:
    """Say that a person moved the mouse, touched or typed; at most once a minute. Keeps the session from idling out."""
    await services_of(request).users.touch(caller.session)


@router.post("/step-up/options", operation_id="begin_step_up", response_model=StepUpOptionsOut)
async def begin_step_up(request: Request, caller: Present) -> StepUpOptionsOut:
    """Say how the person can prove to be there."""
    account = services_of(request).users.account
    methods, ticket, options = await account.step_up_methods(caller.user, caller.session, origin_of(request))
    return StepUpOptionsOut.model_validate(
        {"methods": methods, "ticket": ticket, "passkey_options": _object(options)}, strict=False
    )


@router.post("/step-up", operation_id="step_up", response_model=SessionOut)
async def step_up(request: Request, response: Response, given: StepUpIn, caller: Present) -> SessionOut:
    """Prove to be there: for five minutes, what is sensitive is allowed. The session gets a new token."""
    opened = await services_of(request).users.account.step_up(
        caller.user,
        caller.session,
        Proof(totp=given.totp or "", passkey=_text(given.passkey), password=given.password or ""),
        ticket=given.ticket or "",
        device_token=device_token_of(request),
        origin=origin_of(request),
    )
    return await present_opened(request, response, opened)


async def present_opened(request: Request, response: Response, opened: OpenedSession) -> SessionOut:
    """Give the browser the session's token and say what it may do."""
    set_session_cookies(request, response, opened)
    return await present_session(opened.user, opened.session, opened.pending, services_of(request))


async def present_session(
    user: User, session: Session, pending: tuple[Pending, ...], services: Services, actor: Actor | None = None
) -> SessionOut:
    """Return what the page knows of a session. Whoever has something pending can do nothing yet.

    actor: who asks, if it is not the person in the session.
    """
    names = await services.users.reach_names(user)
    grants = [
        OwnGrantOut(
            role=grant.role.value,
            region=grant.scope.region,
            region_name=names.get(grant.scope.region, ""),
            categories=sorted(grant.scope.categories),
            premises_id=grant.scope.premises,
            premises_name=names.get(grant.scope.premises or "", ""),
        )
        for grant in user.grants
    ]
    abilities = () if pending else services.policy.abilities(actor or actor_of(session, user), services.policy.actions)
    limits = user.limits
    return SessionOut(
        user=UserOut(id=user.id, username=user.username, name=user.display_name, grants=grants),
        abilities=list(abilities),
        pending=[each.value for each in pending],
        proven_until_at=format_utc(Utc(session.stepped_up_at + STEP_UP_US)),
        idle_s=limits.idle_us // US_PER_S,
        ends_at=format_utc(Utc(min(session.expires_at, session.created_at + limits.absolute_us))),
    )


async def present_admitted(request: Request, response: Response, opened: OpenedSession) -> SessionOut:
    """Give the browser its new session; whatever session it had before ends."""
    before = await authenticate_any(request)
    if before is not None:
        await services_of(request).users.log_out(before.session)
    return await present_opened(request, response, opened)


def present_step(request: Request, response: Response, step: FactorStep) -> FactorStepOut:
    """Ask for the second factor, in this browser."""
    set_login_cookie(request, response, step.browser_token)
    return FactorStepOut.model_validate(
        {
            "step": "second_factor",
            "methods": step.methods,
            "ticket": step.ticket,
            "expires_at": format_utc(step.expires_at),
            "passkey_options": _object(step.passkey_options),
        }
    )


def _object(text: str) -> BrowserJson | None:
    found: BrowserJson | None = json.loads(text) if text else None
    return found


def _text(value: BrowserJson | None) -> str:
    return json.dumps(value) if value is not None else ""
