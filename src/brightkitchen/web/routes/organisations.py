"""Regions and organisations over HTTP."""

from fastapi import APIRouter, Request, Response

from brightkitchen.domain.users.people_model import Organisation, OrganisationKind
from brightkitchen.web.auth import Caller, Human, Signed, services_of
from brightkitchen.web.params import IfMatch, IfNoneMatch, build_content_etag, read_etag, write_etag
from brightkitchen.web.present.organisations import (
    OrganisationIn,
    OrganisationListOut,
    OrganisationOut,
    OrganisationPatchIn,
    RegionListOut,
    present_organisation,
    present_region,
)

router = APIRouter(tags=["organisations"])


@router.get("/regions", operation_id="list_regions", response_model=RegionListOut)
async def list_regions(request: Request, caller: Signed, if_none_match: IfNoneMatch = None) -> Response:
    """List the regions that the caller's roles reach, with those around them; outer ones first. Cacheable by its ETag."""
    found = await services_of(request).people.organisations.list_regions(caller.actor)
    body = RegionListOut(items=[present_region(each) for each in found]).model_dump_json().encode()
    headers = {"etag": build_content_etag(body), "cache-control": "private, no-cache"}
    if if_none_match == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/organisations", operation_id="list_organisations", response_model=OrganisationListOut)
async def list_organisations(request: Request, caller: Signed, retired: bool = False) -> OrganisationListOut:
    """List the organisations inside or around the caller's scope."""
    found = await services_of(request).people.organisations.list_organisations(caller.actor, with_retired=retired)
    return OrganisationListOut(items=[_present(request, caller, each) for each in found])


@router.post("/organisations", operation_id="add_organisation", status_code=201, response_model=OrganisationOut)
async def add_organisation(
    request: Request, response: Response, caller: Human, given: OrganisationIn
) -> OrganisationOut:
    """Add an organisation."""
    made = await services_of(request).people.organisations.add_organisation(
        caller.actor, kind=OrganisationKind(given.kind), name=given.name, region=given.region
    )
    response.headers["etag"] = write_etag(made.version)
    return _present(request, caller, made)


@router.patch("/organisations/{organisation_id}", operation_id="change_organisation", response_model=OrganisationOut)
async def change_organisation(
    request: Request,
    response: Response,
    caller: Human,
    organisation_id: str,
    given: OrganisationPatchIn,
    if_match: IfMatch = None,
) -> OrganisationOut:
    """Change an organisation, or retire it; people keep their records of having worked there."""
    changed = await services_of(request).people.organisations.change_organisation(
        caller.actor,
        organisation_id,
        kind=OrganisationKind(given.kind) if given.kind is not None else None,
        name=given.name,
        region=given.region,
        retired=given.retired,
        expected_version=read_etag(if_match),
    )
    response.headers["etag"] = write_etag(changed.version)
    return _present(request, caller, changed)


def _present(request: Request, caller: Caller, organisation: Organisation) -> OrganisationOut:
    may = services_of(request).people.organisations.may_change(caller.actor, organisation)
    return present_organisation(organisation, can_change=may)
