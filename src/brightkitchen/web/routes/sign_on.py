"""The city's single sign-on: there and back, for a log-in or for a link; and who is linked with what.

The browser comes back to a page of ours, which takes code and state out of the address and posts them here: so GET changes
nothing, and what comes back passes the same checks against cross-site requests as everything else.
"""

from fastapi import APIRouter, Request, Response

from brightkitchen.domain.audit.whence import note_address
from brightkitchen.domain.users.model import FactorStep
from brightkitchen.domain.users.oidc import Leaving, Returned
from brightkitchen.web.auth import (
    SIGN_ON_COOKIE,
    Own,
    Proven,
    Signed,
    client_address,
    delete_sign_on_cookie,
    origin_of,
    read_cookie,
    services_of,
    set_sign_on_cookie,
    visitor_of,
)
from brightkitchen.web.present.people import present_approval
from brightkitchen.web.present.session import FactorStepOut, SessionOut
from brightkitchen.web.present.sign_on import (
    IdentityListOut,
    IdentityOut,
    IdentityWishIn,
    IdentityWishOut,
    OwnIdentitiesOut,
    SignOnOut,
    SignOnReturnIn,
    present_identity,
)
from brightkitchen.web.routes.session import present_admitted, present_step

REDIRECT_PATH = "/login/sso"

router = APIRouter(tags=["single sign-on"])


@router.post("/session/sso", operation_id="begin_single_sign_on", response_model=SignOnOut)
async def begin_single_sign_on(request: Request, response: Response) -> SignOnOut:
    """Begin a log-in at the city's single sign-on: the browser is to go to `url`, and has ten minutes to come back."""
    note_address(client_address(request))
    leaving = await services_of(request).sign_on.begin_log_in(_redirect_uri(request), visitor=visitor_of(request))
    return _leave(request, response, leaving)


@router.post("/session/sso/finish", operation_id="finish_single_sign_on", response_model=SessionOut | FactorStepOut)
async def finish_single_sign_on(
    request: Request, response: Response, given: SignOnReturnIn
) -> SessionOut | FactorStepOut:
    """Log in with what the browser brought back: a session, or the question for our second factor.

    One answer for everything that was not in order, an account there that is linked with nobody among it.
    """
    note_address(client_address(request))
    result = await services_of(request).sign_on.finish_log_in(
        _returned(request, given), visitor=visitor_of(request), origin=origin_of(request)
    )
    delete_sign_on_cookie(request, response)
    if isinstance(result, FactorStep):
        return present_step(request, response, result)
    return await present_admitted(request, response, result)


@router.get("/account/identities", operation_id="list_own_identities", response_model=OwnIdentitiesOut)
async def list_own_identities(request: Request, caller: Own) -> OwnIdentitiesOut:
    """List the accounts of the single sign-on that are linked with the caller."""
    sign_on = services_of(request).sign_on
    found = await sign_on.list_own(caller.user)
    is_linked = any(each.issuer == sign_on.rules.issuer for each in found)
    return OwnIdentitiesOut(
        items=[present_identity(each) for each in found], is_offered=sign_on.rules.is_on and not is_linked
    )


@router.post("/account/identities", operation_id="begin_own_link", response_model=SignOnOut)
async def begin_own_link(request: Request, response: Response, caller: Proven) -> SignOnOut:
    """Begin to link an account of the single sign-on with the caller. Needs a fresh proof."""
    leaving = await services_of(request).sign_on.begin_link(caller.user, caller.session, _redirect_uri(request))
    return _leave(request, response, leaving)


@router.post("/account/identities/finish", operation_id="finish_own_link", response_model=IdentityOut)
async def finish_own_link(request: Request, response: Response, given: SignOnReturnIn, caller: Own) -> IdentityOut:
    """Link the account that the browser came back with; only in the session that began it, which proved itself then."""
    identity = await services_of(request).sign_on.finish_link(
        caller.user, caller.session, _returned(request, given), visitor=visitor_of(request)
    )
    delete_sign_on_cookie(request, response)
    return present_identity(identity)


@router.delete("/account/identities/{own_identity_id}", operation_id="unlink_own_identity", status_code=204)
async def unlink_own_identity(request: Request, own_identity_id: str, caller: Proven) -> None:
    """Forget a link: that account there opens nothing here any more. Needs a fresh proof."""
    await services_of(request).sign_on.unlink_own(caller.user, caller.session, own_identity_id)


@router.get("/people/{user_id}/identities", operation_id="list_identities", response_model=IdentityListOut)
async def list_identities(request: Request, caller: Signed, user_id: str) -> IdentityListOut:
    """List the accounts of the single sign-on that are linked with somebody."""
    sign_on = services_of(request).sign_on
    found = await sign_on.list_of(caller.actor, user_id)
    return IdentityListOut(items=[present_identity(each) for each in found], is_on=sign_on.rules.is_on)


@router.post(
    "/people/{user_id}/identities",
    operation_id="request_identity_link",
    status_code=201,
    response_model=IdentityWishOut,
)
async def request_identity_link(
    request: Request, caller: Proven, user_id: str, given: IdentityWishIn
) -> IdentityWishOut:
    """Ask that an account of the single sign-on be linked with somebody; it takes effect when a second person agrees."""
    services = services_of(request)
    approval = await services.sign_on.request_link(caller.actor, user_id, given.subject)
    can_decide = services.people.approvals.may_decide(caller.actor, approval)
    return IdentityWishOut(request=present_approval(approval, can_decide=can_decide))


@router.delete("/people/{user_id}/identities/{identity_id}", operation_id="unlink_identity", status_code=204)
async def unlink_identity(request: Request, caller: Proven, user_id: str, identity_id: str) -> None:
    """Forget somebody's link; all sessions of that person end."""
    await services_of(request).sign_on.unlink(caller.actor, user_id, identity_id)


def _redirect_uri(request: Request) -> str:
    return origin_of(request) + REDIRECT_PATH


def _leave(request: Request, response: Response, leaving: Leaving) -> SignOnOut:
    set_sign_on_cookie(request, response, leaving.browser_token)
    return SignOnOut(url=leaving.url)


def _returned(request: Request, given: SignOnReturnIn) -> Returned:
    return Returned(
        state=given.state,
        browser_token=read_cookie(request, SIGN_ON_COOKIE),
        code=given.code,
        issuer=given.iss,
        error=given.error,
    )
