"""One's own account: answering an invitation, a lost log-in, API tokens, notices."""

from fastapi import APIRouter, Request

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.auth import Human, Own, Proven, Signed, client_address, services_of
from brightkitchen.web.params import read_optional_instant
from brightkitchen.web.present.people import (
    ApiTokenIn,
    ApiTokenListOut,
    CodeIn,
    CodePasswordIn,
    MadeTokenOut,
    NoticeListOut,
    OpenInvitationOut,
    UsernameIn,
    UsernameOut,
    present_notice,
    present_token,
    read_scope,
)

router = APIRouter(tags=["accounts"])


@router.post("/invitations/look", operation_id="look_at_invitation", response_model=OpenInvitationOut)
async def look_at_invitation(request: Request, given: CodeIn) -> OpenInvitationOut:
    """Say whose invitation a code is. The code travels in the body and in the link's fragment: in no log."""
    found = await services_of(request).people.invitations.look(given.code, address=client_address(request))
    return OpenInvitationOut(username=found.username, name=found.display_name, expires_at=format_utc(found.expires_at))


@router.post("/invitations/accept", operation_id="accept_invitation", response_model=UsernameOut)
async def accept_invitation(request: Request, given: CodePasswordIn) -> UsernameOut:
    """Choose a password; the code is good once."""
    username = await services_of(request).people.invitations.accept(
        given.code, given.password, address=client_address(request)
    )
    return UsernameOut(username=username)


@router.post("/recovery/ask", operation_id="ask_for_recovery", status_code=204)
async def ask_for_recovery(request: Request, given: UsernameIn) -> None:
    """Say that one cannot log in. The same answer whether there is such an account or not."""
    await services_of(request).people.recovery.ask(given.username, address=client_address(request))


@router.post("/recovery/reset", operation_id="reset_by_code", response_model=UsernameOut)
async def reset_by_code(request: Request, given: CodePasswordIn) -> UsernameOut:
    """Choose a new password by the code that was handed over. Every session, device and API token ends."""
    username = await services_of(request).people.recovery.reset(
        given.code, given.password, address=client_address(request)
    )
    return UsernameOut(username=username)


@router.get("/tokens", operation_id="list_tokens", response_model=ApiTokenListOut)
async def list_tokens(request: Request, caller: Own) -> ApiTokenListOut:
    """List one's own API tokens."""
    found = await services_of(request).people.tokens.list_tokens(caller.actor)
    return ApiTokenListOut(items=[present_token(each) for each in found])


@router.post("/tokens", operation_id="make_token", status_code=201, response_model=MadeTokenOut)
async def make_token(request: Request, caller: Proven, given: ApiTokenIn) -> MadeTokenOut:
    """Make an API token; the answer is the only place where it is told."""
    expires_at = read_optional_instant(given.expires_at)
    if expires_at is None:
        raise BrightKitchenError(Kind.INVALID, "token.expiry", field="expires_at")
    made = await services_of(request).people.tokens.make_token(
        caller.actor,
        given.name,
        grants=[read_scope(each) for each in given.grants] or caller.actor.grants,
        networks=given.networks,
        expires_at=expires_at,
    )
    return MadeTokenOut(token=present_token(made.token), bearer=made.secret)


@router.delete("/tokens/{token_id}", operation_id="revoke_token", status_code=204)
async def revoke_token(request: Request, caller: Own, token_id: str) -> None:
    """Revoke one of one's own API tokens."""
    await services_of(request).people.tokens.revoke_token(caller.actor, token_id)


@router.get("/notices", operation_id="list_notices", response_model=NoticeListOut)
async def list_notices(request: Request, caller: Signed) -> NoticeListOut:
    """List what one has to know about one's own account and those one answers for."""
    found = await services_of(request).people.recovery.list_notices(caller.actor)
    return NoticeListOut(items=[present_notice(each) for each in found])


@router.post("/notices/read", operation_id="read_notices", status_code=204)
async def read_notices(request: Request, caller: Human) -> None:
    """Say that one has seen them."""
    await services_of(request).people.recovery.read_notices(caller.actor)
