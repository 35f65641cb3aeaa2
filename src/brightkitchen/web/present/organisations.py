"""Regions and organisations, as they leave and enter the server."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from brightkitchen.domain.authz.regions import Region
from brightkitchen.domain.users.people_model import Organisation
from brightkitchen.kernel.units import Utc
from brightkitchen.web.params import write_etag
from brightkitchen.web.present.base import In, Instant, Out, present_instant

OrganisationKindName = Literal["CITY_BUREAU", "COUNTY_BUREAU", "STATION", "EDU_BUREAU", "OPERATOR"]
Name = Annotated[str, StringConstraints(max_length=100)]
RegionCode = Annotated[str, StringConstraints(max_length=12)]


class RegionOut(Out):
    """level: 1 province, 2 city, 3 county, 4 township, 5 village. parent "": the outermost. Points in WGS-84."""

    code: str
    name: str
    parent: str
    level: int
    longitude_deg: float | None
    latitude_deg: float | None


class RegionListOut(Out):
    items: list[RegionOut]


class OrganisationOut(Out):
    id: str
    kind: OrganisationKindName
    name: str
    region: str
    retired_at: Instant | None
    abilities: list[str]
    etag: str


class OrganisationListOut(Out):
    items: list[OrganisationOut]


class OrganisationIn(In):
    kind: OrganisationKindName
    name: Name
    region: RegionCode


class OrganisationPatchIn(In):
    """Only what is to change."""

    kind: OrganisationKindName | None = None
    name: Name | None = None
    region: RegionCode | None = None
    retired: bool | None = None


def present_region(region: Region) -> RegionOut:
    """Return one region."""
    return RegionOut(
        code=region.code,
        name=region.name,
        parent=region.parent,
        level=int(region.level),
        longitude_deg=region.longitude_deg,
        latitude_deg=region.latitude_deg,
    )


def present_organisation(organisation: Organisation, *, can_change: bool) -> OrganisationOut:
    """Return one organisation."""
    retired_at: Utc | None = organisation.retired_at
    return OrganisationOut(
        id=organisation.id,
        kind=organisation.kind.value,
        name=organisation.name,
        region=organisation.region,
        retired_at=present_instant(retired_at),
        abilities=["organisations.change"] if can_change else [],
        etag=write_etag(organisation.version),
    )
