"""People, roles, requests, recoveries, API tokens, notices: as they leave and enter the server."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.authz.roles import ROLES
from brightkitchen.domain.cameras.quarantine import RELEASE_KIND
from brightkitchen.domain.users.grants import read_grant
from brightkitchen.domain.users.people import PersonView, Places
from brightkitchen.domain.users.people_model import (
    ApiToken,
    Approval,
    HeldGrant,
    NewGrant,
    Notice,
    Recovery,
)
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import PremisesId, is_id
from brightkitchen.kernel.units import Utc, format_utc
from brightkitchen.web.params import read_optional_instant, write_etag
from brightkitchen.web.present.base import In, Instant, Out, present_instant

Id = Annotated[str, StringConstraints(max_length=40)]
Name = Annotated[str, StringConstraints(max_length=100)]
Code = Annotated[str, StringConstraints(max_length=64)]
Password = Annotated[str, StringConstraints(max_length=256)]
Reason = Annotated[str, StringConstraints(max_length=200)]
RegionCode = Annotated[str, StringConstraints(max_length=12)]


class GrantOut(Out):
    """A role and its reach. region "" and premises null: everywhere; categories []: all. id "" for what is not held yet."""

    id: str
    role: str
    region: str
    categories: list[str]
    premises: str | None
    premises_name: str
    granted_at: Instant | None
    expires_at: Instant | None
    is_held: bool
    can_revoke: bool


class AccountOut(Out):
    """Somebody with a log-in; `abilities` says what the caller may do to them. invited_until: has not answered yet."""

    id: str
    username: str
    name: str
    organisation: str | None
    organisation_name: str
    state: Literal["ACTIVE", "INVITED", "DISABLED"]
    invited_until: Instant | None
    created_at: Instant
    disabled_at: Instant | None
    last_seen_at: Instant | None
    open_sessions: int
    grants: list[GrantOut]
    abilities: list[str]
    etag: str


class AccountListOut(Out):
    items: list[AccountOut]
    next_cursor: str | None


class RoleOut(Out):
    """A role that the caller may give. reach: what it has to be limited to."""

    role: str
    reach: str
    needs_four_eyes: bool


class RoleListOut(Out):
    items: list[RoleOut]


class GrantIn(In):
    role: Annotated[str, StringConstraints(max_length=24)]
    region: RegionCode = ""
    categories: Annotated[list[Annotated[str, StringConstraints(max_length=24)]], Field(max_length=20)] = []  # noqa: RUF012 - pydantic copies it
    premises: Id | None = None
    expires_at: Instant | None = None


class AccountIn(In):
    username: Annotated[str, StringConstraints(max_length=64)]
    name: Name
    organisation: Id = ""
    grants: Annotated[list[GrantIn], Field(max_length=10)]


class AccountPatchIn(In):
    """Only what is to change. organisation "": none."""

    name: Name | None = None
    organisation: Id | None = None


class ReleaseOut(Out):
    """A camera that is to come back from quarantine. found_zone: what it showed; zone: what it shows now, it is said."""

    camera_id: str
    camera_name: str
    premises_name: str
    found_zone: str
    zone: str
    reason: str


class ApprovalOut(Out):
    """Something that waits for a second person. grant: for kind people.grant; identity: for people.identity; release: for camera.release."""

    id: str
    kind: str
    state: Literal["REQUESTED", "APPROVED", "REFUSED", "EXPIRED"]
    subject: str | None
    subject_name: str
    requested_by: str
    requester_name: str
    requested_at: Instant
    expires_at: Instant
    decider_name: str
    decided_at: Instant | None
    reason: str
    grant: GrantOut | None
    release: ReleaseOut | None
    identity: str | None
    can_decide: bool


class ApprovalListOut(Out):
    items: list[ApprovalOut]


class ApprovalDecisionIn(In):
    agree: bool
    reason: Reason = ""


class InvitedOut(Out):
    """code: told once; the page makes the link of it. requests: roles that wait for a second person."""

    person: AccountOut
    code: str
    expires_at: Instant
    requests: list[ApprovalOut]


class GivenOut(Out):
    """The person after a role was given; request: the role waits for a second person instead."""

    person: AccountOut
    request: ApprovalOut | None


class CodeIn(In):
    code: Code


class CodePasswordIn(In):
    code: Code
    password: Password


class OpenInvitationOut(Out):
    username: str
    name: str
    expires_at: Instant


class UsernameIn(In):
    username: Annotated[str, StringConstraints(max_length=64)]


class UsernameOut(Out):
    username: str


class RecoveryOut(Out):
    """code: told once, to the second approver, to be handed over in person."""

    id: str
    user: str
    username: str
    name: str
    state: Literal["ASKED", "ONE", "READY", "USED", "REFUSED", "EXPIRED"]
    asked_at: Instant
    asked_by_person: bool
    not_before_at: Instant | None
    code_expires_at: Instant | None
    can_agree: bool
    code: str | None


class RecoveryListOut(Out):
    items: list[RecoveryOut]


class TokenGrantIn(In):
    role: Annotated[str, StringConstraints(max_length=24)]
    region: RegionCode = ""
    categories: Annotated[list[Annotated[str, StringConstraints(max_length=24)]], Field(max_length=20)] = []  # noqa: RUF012 - pydantic copies it
    premises: Id | None = None


class ApiTokenIn(In):
    """grants []: everything the caller holds now. networks []: from anywhere."""

    name: Name
    grants: Annotated[list[TokenGrantIn], Field(max_length=10)] = []  # noqa: RUF012 - pydantic copies it
    networks: Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(max_length=10)] = []  # noqa: RUF012 - pydantic copies it
    expires_at: Instant


class ApiTokenOut(Out):
    id: str
    name: str
    grants: list[GrantOut]
    networks: list[str]
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None
    last_used_from: str
    kind: Literal["machine", "kiosk"]


class ApiTokenListOut(Out):
    items: list[ApiTokenOut]


class MadeTokenOut(Out):
    """bearer: told once; sent as `Authorization: Bearer …`."""

    token: ApiTokenOut
    bearer: str


class NoticeOut(Out):
    id: str
    kind: str
    params: dict[str, str]
    created_at: Instant
    is_read: bool


class NoticeListOut(Out):
    items: list[NoticeOut]


# ---- in


def read_scope(given: GrantIn | TokenGrantIn) -> Grant:
    """Return the role and its reach. raises: BrightKitchenError "user.role_unknown", "access.none"."""
    try:
        role = Role(given.role)
    except ValueError as cause:
        raise BrightKitchenError(Kind.INVALID, "user.role_unknown", role=given.role, field="role") from cause
    if given.premises is not None and not is_id(given.premises, "prm"):
        raise not_found()
    premises = PremisesId(given.premises) if given.premises is not None else None
    return Grant(role, Scope(given.region, frozenset(given.categories), premises))


def read_new_grant(given: GrantIn) -> NewGrant:
    """Return the role to give."""
    return NewGrant(read_scope(given), read_optional_instant(given.expires_at))


def read_role(text: str) -> Role | None:
    """Return the role of a filter, None for "". raises: BrightKitchenError "user.role_unknown"."""
    if not text:
        return None
    try:
        return Role(text)
    except ValueError as cause:
        raise BrightKitchenError(Kind.INVALID, "user.role_unknown", role=text, field="role") from cause


# ---- out


def present_person(view: PersonView, now: Utc) -> AccountOut:
    """Return what the viewer may know of a person."""
    person = view.person
    state: Literal["ACTIVE", "INVITED", "DISABLED"] = "INVITED" if person.invited_until is not None else "ACTIVE"
    return AccountOut(
        id=person.id,
        username=person.username,
        name=person.display_name,
        organisation=person.organisation,
        organisation_name=person.organisation_name,
        state="DISABLED" if person.disabled_at is not None else state,
        invited_until=present_instant(person.invited_until),
        created_at=format_utc(person.created_at),
        disabled_at=present_instant(person.disabled_at),
        last_seen_at=present_instant(person.last_input_at),
        open_sessions=person.open_sessions,
        grants=[_present_held(held, view, now) for held in person.grants],
        abilities=list(view.abilities),
        etag=write_etag(person.version),
    )


def present_grant(grant: Grant, places: Places | None = None) -> GrantOut:
    """Return a role that is asked for, not held."""
    scope = grant.scope
    place = (places or {}).get(scope.premises) if scope.premises is not None else None
    return GrantOut(
        id="",
        role=grant.role.value,
        region=scope.region,
        categories=sorted(scope.categories),
        premises=scope.premises,
        premises_name=place[1] if place is not None else "",
        granted_at=None,
        expires_at=None,
        is_held=False,
        can_revoke=False,
    )


def present_role(role: Role) -> RoleOut:
    """Return what the page has to know to offer a role."""
    traits = ROLES[role]
    return RoleOut(role=role.value, reach=traits.reach.value, needs_four_eyes=traits.needs_four_eyes)


def present_approval(approval: Approval, *, can_decide: bool) -> ApprovalOut:
    """Return a request."""
    value, identity = approval.payload.get("grant"), approval.payload.get("subject")
    return ApprovalOut(
        id=approval.id,
        kind=approval.kind,
        state=approval.state.value,
        subject=approval.subject,
        subject_name=approval.subject_name,
        requested_by=approval.requested_by,
        requester_name=approval.requester_name,
        requested_at=format_utc(approval.requested_at),
        expires_at=format_utc(approval.expires_at),
        decider_name=approval.decider_name,
        decided_at=present_instant(approval.decided_at),
        reason=approval.reason,
        grant=present_grant(read_grant(value)) if isinstance(value, dict) else None,
        release=_present_release(approval),
        identity=identity if isinstance(identity, str) else None,
        can_decide=can_decide,
    )


def _present_release(approval: Approval) -> ReleaseOut | None:
    said = approval.payload
    if approval.kind != RELEASE_KIND:
        return None
    return ReleaseOut(
        camera_id=str(said["camera"]),
        camera_name=str(said["camera_name"]),
        premises_name=str(said["premises_name"]),
        found_zone=str(said["found_zone"]),
        zone=str(said["zone"]),
        reason=str(said["reason"]),
    )


def present_recovery(recovery: Recovery, now: Utc, *, viewer: str | None, code: str | None = None) -> RecoveryOut:
    """Return a recovery. viewer: who looks; whoever agreed once cannot agree again."""
    state = recovery.state(now)
    is_waiting = state.value in ("ASKED", "ONE")
    return RecoveryOut(
        id=recovery.id,
        user=recovery.user,
        username=recovery.username,
        name=recovery.display_name,
        state=state.value,
        asked_at=format_utc(recovery.asked_at),
        asked_by_person=recovery.asked_by is None,
        not_before_at=present_instant(recovery.not_before_at),
        code_expires_at=present_instant(recovery.code_expires_at),
        can_agree=is_waiting and viewer not in (recovery.first_by, recovery.user),
        code=code,
    )


def present_token(token: ApiToken) -> ApiTokenOut:
    """Return an API token without its secret."""
    return ApiTokenOut(
        id=token.id,
        name=token.name,
        grants=[present_grant(each) for each in token.grants],
        networks=list(token.networks),
        created_at=format_utc(token.created_at),
        expires_at=format_utc(token.expires_at),
        last_used_at=present_instant(token.last_used_at),
        last_used_from=token.last_used_from,
        kind=token.kind.value,
    )


def present_notice(notice: Notice) -> NoticeOut:
    """Return a notice; the page words it by its kind."""
    return NoticeOut(
        id=notice.id,
        kind=notice.kind,
        params=dict(notice.params),
        created_at=format_utc(notice.created_at),
        is_read=notice.read_at is not None,
    )


def _present_held(held: HeldGrant, view: PersonView, now: Utc) -> GrantOut:
    return present_grant(held.grant, view.places).model_copy(
        update={
            "id": held.id,
            "granted_at": format_utc(held.granted_at),
            "expires_at": present_instant(held.expires_at),
            "is_held": held.is_held(now),
            "can_revoke": held.id in view.revocable,
        }
    )
