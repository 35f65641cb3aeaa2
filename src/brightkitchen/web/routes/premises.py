"""The register of premises over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.cameras.channels import ChannelCount
from brightkitchen.domain.premises import policy
from brightkitchen.domain.premises.model import (
    NewPerson,
    Person,
    PersonChange,
    PersonKind,
    Premises,
    PremisesFilter,
    PremisesSort,
    Secret,
    SuspensionKind,
)
from brightkitchen.domain.premises.queries import MAX_PAGE
from brightkitchen.kernel.cursor import MAX_CURSOR_CHARS
from brightkitchen.kernel.errors import EditConflict
from brightkitchen.web.auth import Human, Proven, Signed, services_of
from brightkitchen.web.options import Services
from brightkitchen.web.params import (
    CodeQuery,
    IfMatch,
    RegionQuery,
    TextQuery,
    build_content_etag,
    read_etag,
    write_etag,
)
from brightkitchen.web.present.premises import (
    DecisionIn,
    GradeName,
    KindsOut,
    PersonIn,
    PersonOut,
    PersonPatchIn,
    PremisesCardOut,
    PremisesIn,
    PremisesListOut,
    PremisesOut,
    PremisesPatchIn,
    SortName,
    StateName,
    SuspensionIn,
    SuspensionOut,
    UnmaskedOut,
    UnmaskIn,
    present_card,
    present_file,
    present_kinds,
    present_person,
    present_row,
    present_suspension,
    read_changes,
    read_facts,
)

router = APIRouter(prefix="/premises", tags=["premises"])
kinds_router = APIRouter(prefix="/kinds", tags=["premises"])


@kinds_router.get("", operation_id="get_kinds", response_model=KindsOut)
async def get_kinds(
    request: Request,
    response: Response,
    caller: Signed,
    if_none_match: Annotated[str | None, Header(max_length=80)] = None,
) -> KindsOut | Response:
    """Say what categories and zones there are, and which zones each kind of premises must show."""
    shown = present_kinds(await services_of(request).premises.load_kinds())
    etag = build_content_etag(shown.model_dump_json().encode())
    if if_none_match == etag:
        return Response(status_code=304, headers={"etag": etag})
    response.headers["etag"] = etag
    return shown


def read_filter(
    region: RegionQuery = "",
    category: CodeQuery = "",
    state: StateName | None = None,
    grade: GradeName | None = None,
    is_due: bool | None = None,
    is_complete: bool | None = None,
    is_suspended: bool | None = None,
    text: TextQuery = "",
) -> PremisesFilter:
    """Return what a list of premises is narrowed by."""
    return PremisesFilter(
        region=region,
        category=category,
        state=state or "",
        risk_grade=grade or "",
        is_due=is_due,
        is_complete=is_complete,
        is_suspended=is_suspended,
        text=text,
    )


Narrowed = Annotated[PremisesFilter, Depends(read_filter)]


@router.get("", operation_id="list_premises", response_model=PremisesListOut)
async def list_premises(
    request: Request,
    caller: Signed,
    asked: Narrowed,
    sort: SortName = "name",
    cursor: Annotated[str, Query(max_length=MAX_CURSOR_CHARS)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> PremisesListOut:
    """List the premises in the caller's scope. text: a part of the name, pinyin initials, the beginning of a number, or a whole
    telephone number. sort: name is by pinyin, updated is newest first."""
    services = services_of(request)
    page = await services.premises.list_premises(
        caller.actor, asked, sort=PremisesSort(sort), cursor=cursor, limit=limit
    )
    counts = await services.cameras.count_channels([found.premises.id for found in page.items])
    regions = await services.premises.load_region_names()
    return PremisesListOut(
        items=[
            present_row(
                found,
                caller.actor,
                services,
                count=counts.get(found.premises.id, ChannelCount()),
                regions=regions,
            )
            for found in page.items
        ],
        next_cursor=page.next_cursor,
        total=page.total,
    )


@router.post("", operation_id="add_premises", status_code=201, response_model=PremisesOut)
async def add_premises(request: Request, response: Response, caller: Human, given: PremisesIn) -> PremisesOut:
    """Put a premises into the register."""
    services = services_of(request)
    premises = await services.premises.add_premises(caller.actor, read_facts(given))
    response.headers["location"] = f"/api/v1/premises/{premises.id}"
    response.headers["etag"] = write_etag(premises.version)
    return await _file(premises, caller.actor, services)


@router.get("/{premises_id}", operation_id="get_premises", response_model=PremisesOut | PremisesCardOut)
async def get_premises(
    request: Request, response: Response, caller: Signed, premises_id: str
) -> PremisesOut | PremisesCardOut:
    """Show one premises: the whole file, or the card to whoever may see no more."""
    services = services_of(request)
    premises = await services.premises.access_premises(caller.actor, premises_id, policy.CARD)
    response.headers["etag"] = write_etag(premises.version)
    return await _shown(premises, caller.actor, services)


@router.patch("/{premises_id}", operation_id="change_premises", response_model=PremisesOut | PremisesCardOut)
async def change_premises(
    request: Request,
    response: Response,
    caller: Human,
    premises_id: str,
    given: PremisesPatchIn,
    if_match: IfMatch = None,
) -> PremisesOut | PremisesCardOut:
    """Change a premises. Fields belong to different roles; one that is not the caller's refuses the whole change."""
    services = services_of(request)
    try:
        premises = await services.premises.change_premises(
            caller.actor, premises_id, read_changes(given), expected_version=read_etag(if_match)
        )
    except EditConflict as conflict:
        assert isinstance(conflict.current, Premises)
        shown = await _shown(conflict.current, caller.actor, services)
        raise conflict.showing(shown.model_dump(mode="json")) from conflict
    response.headers["etag"] = write_etag(premises.version)
    return await _shown(premises, caller.actor, services)


@router.delete("/{premises_id}", operation_id="retire_premises", status_code=204)
async def retire_premises(request: Request, caller: Human, premises_id: str, if_match: IfMatch = None) -> None:
    """Take a premises out of the register. Refused while cameras in service belong to it."""
    services = services_of(request)
    try:
        await services.premises.retire_premises(caller.actor, premises_id, expected_version=read_etag(if_match))
    except EditConflict as conflict:
        assert isinstance(conflict.current, Premises)
        shown = await _shown(conflict.current, caller.actor, services)
        raise conflict.showing(shown.model_dump(mode="json")) from conflict


@router.post("/{premises_id}/people", operation_id="add_premises_person", status_code=201, response_model=PersonOut)
async def add_premises_person(request: Request, caller: Human, premises_id: str, given: PersonIn) -> PersonOut:
    """Note somebody who answers for the premises. Numbers come back masked, here and everywhere."""
    new = NewPerson(kind=PersonKind(given.kind), name=given.name, phone=given.phone, id_no=given.id_no)
    return present_person(await services_of(request).premises.add_person(caller.actor, premises_id, new))


@router.patch("/{premises_id}/people/{person_id}", operation_id="change_premises_person", response_model=PersonOut)
async def change_premises_person(
    request: Request, caller: Human, premises_id: str, person_id: str, given: PersonPatchIn, if_match: IfMatch = None
) -> PersonOut:
    """Change somebody."""
    forgotten = {name for name in ("phone", "id_no") if name in given.model_fields_set and getattr(given, name) is None}
    change = PersonChange(
        kind=PersonKind(given.kind) if given.kind else None,
        name=given.name,
        phone="" if "phone" in forgotten else given.phone,
        id_no="" if "id_no" in forgotten else given.id_no,
    )
    try:
        person = await services_of(request).premises.change_person(
            caller.actor, premises_id, person_id, change, expected_version=read_etag(if_match)
        )
    except EditConflict as conflict:
        assert isinstance(conflict.current, Person)
        raise conflict.showing(present_person(conflict.current).model_dump(mode="json")) from conflict
    return present_person(person)


@router.delete("/{premises_id}/people/{person_id}", operation_id="remove_premises_person", status_code=204)
async def remove_premises_person(request: Request, caller: Human, premises_id: str, person_id: str) -> None:
    """Forget somebody, with the numbers."""
    await services_of(request).premises.remove_person(caller.actor, premises_id, person_id)


@router.post(
    "/{premises_id}/people/{person_id}/unmask", operation_id="unmask_premises_person", response_model=UnmaskedOut
)
async def unmask_premises_person(
    request: Request, response: Response, caller: Proven, premises_id: str, person_id: str, given: UnmaskIn
) -> UnmaskedOut:
    """Tell one number in clear; who asked, when and for what purpose is written into the audit first."""
    value = await services_of(request).premises.unmask_person(
        caller.actor, premises_id, person_id, Secret(given.field), purpose=given.purpose
    )
    response.headers["cache-control"] = "no-store"
    return UnmaskedOut(field=given.field, value=value)


@router.post(
    "/{premises_id}/suspensions", operation_id="request_suspension", status_code=201, response_model=SuspensionOut
)
async def request_suspension(request: Request, caller: Human, premises_id: str, given: SuspensionIn) -> SuspensionOut:
    """Ask that a time without business counts as such; an officer of the region decides."""
    item = await services_of(request).premises.request_suspension(
        caller.actor,
        premises_id,
        SuspensionKind(given.kind),
        from_on=given.from_on,
        to_on=given.to_on,
        reason=given.reason,
    )
    return present_suspension(item, caller.actor)


@router.post(
    "/{premises_id}/suspensions/{suspension_id}/decision",
    operation_id="decide_suspension",
    response_model=SuspensionOut,
)
async def decide_suspension(
    request: Request, caller: Human, premises_id: str, suspension_id: str, given: DecisionIn
) -> SuspensionOut:
    """Approve or refuse what somebody else asked for."""
    item = await services_of(request).premises.decide_suspension(
        caller.actor, premises_id, suspension_id, approve=given.approve
    )
    return present_suspension(item, caller.actor)


@router.post(
    "/{premises_id}/suspensions/{suspension_id}/end", operation_id="end_suspension", response_model=SuspensionOut
)
async def end_suspension(request: Request, caller: Human, premises_id: str, suspension_id: str) -> SuspensionOut:
    """Say that the premises is open again from today on."""
    item = await services_of(request).premises.end_suspension(caller.actor, premises_id, suspension_id)
    return present_suspension(item, caller.actor)


async def _shown(premises: Premises, actor: Actor, services: Services) -> PremisesOut | PremisesCardOut:
    if services.premises.may_see_file(actor, premises):
        return await _file(premises, actor, services)
    regions = await services.premises.load_region_names()
    is_suspended = await services.premises.is_suspended(premises.id)
    return present_card(premises, actor, services, regions=regions, is_suspended=is_suspended)


async def _file(premises: Premises, actor: Actor, services: Services) -> PremisesOut:
    counts = await services.cameras.count_channels([premises.id])
    return present_file(
        await services.premises.load_file(actor, premises),
        actor,
        services,
        coverage=await services.cameras.load_coverage(premises),
        count=counts.get(premises.id, ChannelCount()),
        regions=await services.premises.load_region_names(),
    )
