"""People, their roles, what waits for a second person, and lost log-ins: for those who manage people."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from brightkitchen.domain.users.people import MAX_PAGE, PersonView
from brightkitchen.domain.users.people_model import Approval
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import is_id
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.auth import Caller, Human, Proven, Signed, services_of
from brightkitchen.web.params import IfMatch, read_etag, write_etag
from brightkitchen.web.present.people import (
    AccountIn,
    AccountListOut,
    AccountOut,
    AccountPatchIn,
    ApprovalDecisionIn,
    ApprovalListOut,
    ApprovalOut,
    GivenOut,
    GrantIn,
    InvitedOut,
    RecoveryListOut,
    RecoveryOut,
    RoleListOut,
    present_approval,
    present_person,
    present_recovery,
    present_role,
    read_new_grant,
    read_role,
)

router = APIRouter(tags=["people"])


@router.get("/people", operation_id="list_people", response_model=AccountListOut)
async def list_people(
    request: Request,
    caller: Signed,
    q: Annotated[str, Query(max_length=64)] = "",
    role: Annotated[str, Query(max_length=24)] = "",
    region: Annotated[str, Query(max_length=12)] = "",
    cursor: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> AccountListOut:
    """List the people whom the caller looks after, by account name. q: part of the account or of the name."""
    if cursor and not is_id(cursor, "usr"):
        raise BrightKitchenError(Kind.INVALID, "web.cursor", field="cursor")
    services = services_of(request)
    page = await services.people.roster.list_people(
        caller.actor, text=q, role=read_role(role), region=region, after=cursor, limit=limit
    )
    now = services.clock.utc()
    return AccountListOut(items=[present_person(each, now) for each in page.items], next_cursor=page.next_after)


@router.post("/people", operation_id="invite_person", status_code=201, response_model=InvitedOut)
async def invite_person(request: Request, caller: Proven, given: AccountIn) -> InvitedOut:
    """Make a log-in and an invitation to it. The code in the answer is never told again."""
    services = services_of(request)
    invited = await services.people.invitations.invite(
        caller.actor,
        given.username,
        display_name=given.name,
        organisation=given.organisation,
        grants=[read_new_grant(each) for each in given.grants],
    )
    view = PersonView(invited.person, (), frozenset(), {})
    return InvitedOut(
        person=present_person(view, services.clock.utc()),
        code=invited.code,
        expires_at=format_utc(invited.expires_at),
        requests=[_present_approval(request, caller, each) for each in invited.requests],
    )


@router.get("/people/roles", operation_id="list_grantable_roles", response_model=RoleListOut)
async def list_grantable_roles(request: Request, caller: Signed) -> RoleListOut:
    """List the roles that the caller may give."""
    roles = services_of(request).people.roster.grantable_roles(caller.actor)
    return RoleListOut(items=[present_role(role) for role in roles])


@router.get("/people/{user_id}", operation_id="get_person", response_model=AccountOut)
async def get_person(request: Request, response: Response, caller: Signed, user_id: str) -> AccountOut:
    """Show one person."""
    view = await services_of(request).people.roster.show_person(caller.actor, user_id)
    return _answer_person(request, response, view)


@router.patch("/people/{user_id}", operation_id="change_person", response_model=AccountOut)
async def change_person(
    request: Request, response: Response, caller: Human, user_id: str, given: AccountPatchIn, if_match: IfMatch = None
) -> AccountOut:
    """Change somebody's name or organisation."""
    view = await services_of(request).people.roster.change_person(
        caller.actor,
        user_id,
        display_name=given.name,
        organisation=given.organisation,
        expected_version=read_etag(if_match),
    )
    return _answer_person(request, response, view)


@router.post("/people/{user_id}/disable", operation_id="disable_person", response_model=AccountOut)
async def disable_person(request: Request, response: Response, caller: Human, user_id: str) -> AccountOut:
    """Shut somebody out; when this answers, what they watched is closed, or 5 s have passed."""
    return _answer_person(request, response, await services_of(request).people.roster.disable(caller.actor, user_id))


@router.post("/people/{user_id}/enable", operation_id="enable_person", response_model=AccountOut)
async def enable_person(request: Request, response: Response, caller: Human, user_id: str) -> AccountOut:
    """Let somebody in again."""
    return _answer_person(request, response, await services_of(request).people.roster.enable(caller.actor, user_id))


@router.post("/people/{user_id}/end-sessions", operation_id="end_sessions_of_person", status_code=204)
async def end_sessions_of_person(request: Request, caller: Human, user_id: str) -> None:
    """End every session of somebody."""
    await services_of(request).people.roster.end_sessions(caller.actor, user_id)


@router.post("/people/{user_id}/offboard", operation_id="offboard_person", status_code=204)
async def offboard_person(request: Request, caller: Human, user_id: str) -> None:
    """See somebody off: sessions, devices, API tokens, invitations and roles all end."""
    await services_of(request).people.roster.offboard(caller.actor, user_id)


@router.post("/people/{user_id}/invitation", operation_id="renew_invitation", response_model=InvitedOut)
async def renew_invitation(request: Request, caller: Proven, user_id: str) -> InvitedOut:
    """Make another link for somebody who has not answered; the one before is good no more."""
    services = services_of(request)
    invited = await services.people.invitations.renew(caller.actor, user_id)
    view = await services.people.roster.show_person(caller.actor, user_id)
    return InvitedOut(
        person=present_person(view, services.clock.utc()),
        code=invited.code,
        expires_at=format_utc(invited.expires_at),
        requests=[],
    )


@router.post("/people/{user_id}/grants", operation_id="give_grant", status_code=201, response_model=GivenOut)
async def give_grant(request: Request, caller: Proven, user_id: str, given: GrantIn) -> GivenOut:
    """Give somebody a role; one that needs four eyes waits for a second person."""
    services = services_of(request)
    made = await services.people.roster.give_grant(caller.actor, user_id, read_new_grant(given))
    view = await services.people.roster.show_person(caller.actor, user_id)
    return GivenOut(
        person=present_person(view, services.clock.utc()),
        request=_present_approval(request, caller, made) if isinstance(made, Approval) else None,
    )


@router.delete("/people/{user_id}/grants/{grant_id}", operation_id="revoke_grant", status_code=204)
async def revoke_grant(request: Request, caller: Human, user_id: str, grant_id: str) -> None:
    """Take a role away; what it let somebody watch is closed when this answers, or 5 s have passed."""
    await services_of(request).people.roster.revoke_grant(caller.actor, user_id, grant_id)


@router.post("/people/{user_id}/confirm", operation_id="confirm_person", response_model=AccountOut)
async def confirm_person(request: Request, response: Response, caller: Human, user_id: str) -> AccountOut:
    """Let the operator's roles of somebody go on for 90 days."""
    return _answer_person(request, response, await services_of(request).people.roster.confirm(caller.actor, user_id))


@router.get("/approvals", operation_id="list_approvals", response_model=ApprovalListOut)
async def list_approvals(request: Request, caller: Signed, decided: bool = False) -> ApprovalListOut:
    """List what waits for a second person: what the caller asked for or may decide. decided: with what is over."""
    found = await services_of(request).people.approvals.list_approvals(caller.actor, only_open=not decided)
    return ApprovalListOut(items=[_present_approval(request, caller, each) for each in found])


@router.post("/approvals/{approval_id}", operation_id="decide_approval", response_model=ApprovalOut)
async def decide_approval(request: Request, caller: Proven, approval_id: str, given: ApprovalDecisionIn) -> ApprovalOut:
    """Agree or refuse as the second person. Refusing needs a reason."""
    decided = await services_of(request).people.approvals.decide(
        caller.actor, approval_id, agree=given.agree, reason=given.reason
    )
    return _present_approval(request, caller, decided)


@router.get("/recoveries", operation_id="list_recoveries", response_model=RecoveryListOut)
async def list_recoveries(request: Request, caller: Signed) -> RecoveryListOut:
    """List the lost log-ins of the last two weeks that the caller may help with."""
    services = services_of(request)
    found = await services.people.recovery.list_recoveries(caller.actor)
    now = services.clock.utc()
    return RecoveryListOut(items=[present_recovery(each, now, viewer=caller.user.id) for each in found])


@router.post("/people/{user_id}/recovery", operation_id="start_recovery", status_code=201, response_model=RecoveryOut)
async def start_recovery(request: Request, caller: Human, user_id: str) -> RecoveryOut:
    """Begin a recovery for somebody who asked in person; counts as the first of two agreements."""
    services = services_of(request)
    recovery = await services.people.recovery.start(caller.actor, user_id)
    return present_recovery(recovery, services.clock.utc(), viewer=caller.user.id)


@router.post("/recoveries/{recovery_id}/agree", operation_id="agree_to_recovery", response_model=RecoveryOut)
async def agree_to_recovery(request: Request, caller: Human, recovery_id: str) -> RecoveryOut:
    """Agree. The second person gets the code, once, to hand it over in person."""
    services = services_of(request)
    agreed = await services.people.recovery.agree(caller.actor, recovery_id)
    return present_recovery(agreed.recovery, services.clock.utc(), viewer=caller.user.id, code=agreed.code)


@router.post("/recoveries/{recovery_id}/refuse", operation_id="refuse_recovery", response_model=RecoveryOut)
async def refuse_recovery(request: Request, caller: Human, recovery_id: str) -> RecoveryOut:
    """End a recovery."""
    services = services_of(request)
    recovery = await services.people.recovery.refuse(caller.actor, recovery_id)
    return present_recovery(recovery, services.clock.utc(), viewer=caller.user.id)


def _answer_person(request: Request, response: Response, view: PersonView) -> AccountOut:
    response.headers["etag"] = write_etag(view.person.version)
    return present_person(view, services_of(request).clock.utc())


def _present_approval(request: Request, caller: Caller, approval: Approval) -> ApprovalOut:
    can_decide = services_of(request).people.approvals.may_decide(caller.actor, approval)
    return present_approval(approval, can_decide=can_decide)
