"""What people do with their own log-in. All but reading is also open to those who have to do just that first."""

import ipaddress
import json

from fastapi import APIRouter, Request, Response

from brightkitchen.domain.users.account import Enrolled
from brightkitchen.domain.users.model import Profile, Session
from brightkitchen.domain.users.passkeys import rp_id_of
from brightkitchen.domain.users.passwords import MIN_LENGTH
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.auth import Human, Present, Signed, device_token_of, origin_of, services_of
from brightkitchen.web.present.account import (
    OwnAccountOut,
    EndedOut,
    EnrolledOut,
    FactorOut,
    NetworkClass,
    OwnSessionOut,
    OwnSessionsOut,
    PasskeyIn,
    PasskeySetupOut,
    PasswordChangeIn,
    RecoveryCodesOut,
    TotpCodeIn,
    TotpSetupOut,
)
from brightkitchen.web.present.base import present_instant
from brightkitchen.web.present.session import SessionOut
from brightkitchen.web.routes.session import present_opened

router = APIRouter(prefix="/account", tags=["account"])


@router.get("", operation_id="get_account", response_model=OwnAccountOut)
async def get_account(request: Request, caller: Present) -> OwnAccountOut:
    """Say how the caller's log-in is protected."""
    users = services_of(request).users
    found = await users.account.load_account(caller.user)
    return OwnAccountOut(
        factors=[
            FactorOut(
                id=each.id,
                kind=each.kind.value,
                name=each.name,
                created_at=format_utc(each.created_at),
                last_used_at=present_instant(each.last_used_at),
            )
            for each in found.factors
        ],
        recovery_codes_left=found.recovery_codes_left,
        password_set_at=format_utc(found.password_set_at),
        password_expires_at=present_instant(found.password_expires_at),
        password_min_length=MIN_LENGTH,
        password_needs_classes=users.rules.profile is Profile.DENGBAO3,
        needs_factor=found.needs_factor,
        passkeys_possible=bool(rp_id_of(origin_of(request))),
    )


@router.post("/password", operation_id="change_own_password", response_model=SessionOut)
async def change_own_password(
    request: Request, response: Response, given: PasswordChangeIn, caller: Present
) -> SessionOut:
    """Take another password. All other sessions end; this one gets a new token."""
    opened = await services_of(request).users.account.change_password(
        caller.user, caller.session, given.old, given.new, device_token=device_token_of(request)
    )
    return await present_opened(request, response, opened)


@router.post("/totp", operation_id="begin_totp", response_model=TotpSetupOut)
async def begin_totp(request: Request, caller: Present) -> TotpSetupOut:
    """Make a secret for an authenticator app. It counts once `POST /account/totp/confirm` got a code of it."""
    setup = await services_of(request).users.account.start_totp(caller.user, caller.session)
    return TotpSetupOut(key=setup.key, uri=setup.uri)


@router.post("/totp/confirm", operation_id="confirm_totp", response_model=EnrolledOut)
async def confirm_totp(request: Request, response: Response, given: TotpCodeIn, caller: Present) -> EnrolledOut:
    """Put the secret in use. With the first factor come ten recovery codes, told once."""
    enrolled = await services_of(request).users.account.confirm_totp(
        caller.user, caller.session, given.code, device_token=device_token_of(request)
    )
    return await _present(request, response, enrolled)


@router.post("/passkeys/options", operation_id="begin_passkey", response_model=PasskeySetupOut)
async def begin_passkey(request: Request, caller: Present) -> PasskeySetupOut:
    """Say what the browser is asked to create."""
    account = services_of(request).users.account
    ticket, options = await account.start_passkey(caller.user, caller.session, origin_of(request))
    return PasskeySetupOut(ticket=ticket, options=json.loads(options))


@router.post("/passkeys", operation_id="add_passkey", response_model=EnrolledOut)
async def add_passkey(request: Request, response: Response, given: PasskeyIn, caller: Present) -> EnrolledOut:
    """Keep the passkey that the browser made."""
    enrolled = await services_of(request).users.account.add_passkey(
        caller.user,
        caller.session,
        ticket=given.ticket,
        answer=json.dumps(given.credential),
        name=given.name,
        origin=origin_of(request),
        device_token=device_token_of(request),
    )
    return await _present(request, response, enrolled)


@router.delete("/factors/{factor_id}", operation_id="remove_factor", status_code=204)
async def remove_factor(request: Request, factor_id: str, caller: Human) -> None:
    """Forget a factor; not the last one of those whose role needs one. Needs a fresh proof."""
    await services_of(request).users.account.remove_factor(caller.user, caller.session, factor_id)


@router.post("/recovery-codes", operation_id="make_recovery_codes", response_model=RecoveryCodesOut)
async def make_recovery_codes(request: Request, caller: Human) -> RecoveryCodesOut:
    """Make ten new recovery codes, told once; the earlier ones open nothing any more. Needs a fresh proof."""
    codes = await services_of(request).users.account.new_recovery_codes(caller.user, caller.session)
    return RecoveryCodesOut(recovery_codes=list(codes))


@router.get("/sessions", operation_id="list_own_sessions", response_model=OwnSessionsOut)
async def list_own_sessions(request: Request, caller: Signed) -> OwnSessionsOut:
    """List where the caller is logged in, the session used last first."""
    found = await services_of(request).users.account.list_sessions(caller.user)
    return OwnSessionsOut(items=[_present_session(each, caller.session) for each in found])


@router.delete("/sessions/{session_id}", operation_id="end_own_session", status_code=204)
async def end_own_session(request: Request, session_id: str, caller: Human) -> None:
    """End one of the caller's sessions; its pictures stop within 10 s."""
    await services_of(request).users.account.end_session(caller.user, session_id)


@router.delete("/sessions", operation_id="end_other_sessions", response_model=EndedOut)
async def end_other_sessions(request: Request, caller: Human) -> EndedOut:
    """End all of the caller's sessions but this one."""
    ended = await services_of(request).users.account.end_other_sessions(
        caller.user, caller.session, device_token=device_token_of(request)
    )
    return EndedOut(ended=ended)


async def _present(request: Request, response: Response, enrolled: Enrolled) -> EnrolledOut:
    session = await present_opened(request, response, enrolled.opened)
    return EnrolledOut(session=session, recovery_codes=list(enrolled.recovery_codes))


def _present_session(session: Session, current: Session) -> OwnSessionOut:
    return OwnSessionOut(
        id=session.id,
        is_current=session.id == current.id,
        device=session.device,
        network=session.network,
        network_class=_class_of(session.network),
        created_at=format_utc(session.created_at),
        last_input_at=format_utc(session.last_input_at),
    )


def _class_of(network: str) -> NetworkClass:
    try:
        parsed = ipaddress.ip_network(network)
    except ValueError:
        return "unknown"
    if parsed.is_loopback:
        return "this_machine"
    return "inside" if parsed.is_private else "outside"
