"""Premises, as they leave and enter the server. What a role may see is decided here, field by field (S03)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.cameras.channels import ChannelCount
from brightkitchen.domain.cameras.coverage import ZoneCoverage
from brightkitchen.domain.premises.geodesy import Point, wgs84_to_gcj02
from brightkitchen.domain.premises.model import FACT_NAMES, Kinds, Person, Premises, PremisesFacts, Suspension
from brightkitchen.domain.premises.queries import Found
from brightkitchen.domain.premises.service import PremisesFile
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.options import Services
from brightkitchen.web.params import write_etag
from brightkitchen.web.present.base import In, Instant, Out, present_instant

StateName = Literal[
    "LEAD",
    "SIGNED",
    "SURVEYED",
    "ORDERED",
    "INSTALLING",
    "INSTALLED",
    "TRIAL",
    "ACCEPTED",
    "IN_SERVICE",
    "REFUSED",
    "REWORK",
    "SUSPENDED",
    "RELOCATED",
    "TERMINATED",
]
SortName = Literal["name", "region", "state", "updated"]
GradeName = Literal["A", "B", "C", "D"]
NeedName = Literal["MUST", "MUST_IF_PRESENT", "SHOULD", "SHOULD_IF_PRESENT"]
CoverageName = Literal["COVERED", "INACTIVE", "MISSING", "NOT_PRESENT"]
PersonKindName = Literal["RESPONSIBLE", "FS_DIRECTOR", "FS_OFFICER", "DUTY"]
SuspensionKindName = Literal["HOLIDAY", "CLOSED", "RENOVATION"]
SuspensionStateName = Literal["REQUESTED", "APPROVED", "REFUSED", "ENDED"]
UnmaskPurpose = Literal["INSPECTION", "CASE", "EMERGENCY", "INSTALLATION", "DATA_CHECK"]
Line = Annotated[str, StringConstraints(max_length=300)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{1,24}$")]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
DayIn = Annotated[str, StringConstraints(max_length=10), Field(json_schema_extra={"format": "date"})]


class CategoryOut(Out):
    code: str
    name_zh: str
    name_en: str
    zone_profile: str
    is_school: bool
    retention_days: int


class ZoneOut(Out):
    """area REFUSED: no camera may show it."""

    code: str
    name_zh: str
    name_en: str
    area: str
    is_public: bool


class ZoneNeedOut(Out):
    zone: str
    need: NeedName
    may_be_shared: bool


class KindsOut(Out):
    """must_zones: zone profile → its rows, in the order of the zones."""

    categories: list[CategoryOut]
    zones: list[ZoneOut]
    must_zones: dict[str, list[ZoneNeedOut]]


class PointOut(Out):
    longitude_deg: float
    latitude_deg: float


class PremisesRowOut(Out):
    """One row of the list. What is null is not for the caller, or not known. cameras, cameras_active: channels in service."""

    id: str
    name: str
    category: str
    region: str
    region_name: str
    address: str
    risk_grade: GradeName | None
    is_suspended: bool
    state: StateName | None
    is_due: bool | None
    exempt_reason: str | None
    is_complete: bool | None
    licence_expires_on: Day | None
    cameras: int | None
    cameras_active: int | None
    is_demo: bool
    updated_at: Instant
    etag: str


class PremisesListOut(Out):
    """total: rows of all pages together, in the caller's scope."""

    items: list[PremisesRowOut]
    next_cursor: str | None
    total: int


class PersonOut(Out):
    """phone, id_no: masked."""

    id: str
    kind: PersonKindName
    name: str
    phone: str | None
    id_no: str | None
    etag: str


class SuspensionOut(Out):
    """is_mine: the caller asked for it and cannot decide it."""

    id: str
    kind: SuspensionKindName
    from_on: Day
    to_on: Day
    reason: str
    state: SuspensionStateName
    is_mine: bool
    requested_at: Instant
    decided_at: Instant | None


class ZoneCoverageOut(Out):
    """is_required: the premises is not complete without it. cameras: ids of those that count for it."""

    zone: str
    need: NeedName
    is_required: bool
    state: CoverageName
    cameras: list[str]


class PremisesCardOut(Out):
    """What everybody may know who may know of the premises at all: parents of its school."""

    view: Literal["card"]
    id: str
    name: str
    category: str
    region: str
    region_name: str
    address: str
    licence_no: str | None
    licence_expires_on: Day | None
    risk_grade: GradeName | None
    hours: str
    is_suspended: bool
    abilities: list[str]
    etag: str


class PremisesOut(Out):
    """The whole file. position: WGS-84; map_position: GCJ-02, for Chinese maps only."""

    view: Literal["file"]
    id: str
    external_no: str | None
    name: str
    category: str
    region: str
    region_name: str
    credit_code: str | None
    licence_no: str | None
    licence_expires_on: Day | None
    address: str
    position: PointOut | None
    map_position: PointOut | None
    area_m2: float | None
    diners: int | None
    risk_grade: GradeName | None
    hours: str
    present_zones: list[str]
    state: StateName
    state_at: Instant | None
    is_due: bool
    exempt_reason: str | None
    is_complete: bool
    is_suspended: bool
    is_demo: bool
    people: list[PersonOut]
    suspensions: list[SuspensionOut]
    coverage: list[ZoneCoverageOut]
    cameras: int
    cameras_active: int
    abilities: list[str]
    created_at: Instant
    updated_at: Instant
    etag: str


class PremisesIn(In):
    """A premises to add. longitude_deg, latitude_deg: WGS-84, both or none. hours: "1-5 06:30-20:00;6-7 08:00-14:00"."""

    name: Line
    category: Code
    region: Annotated[str, StringConstraints(max_length=12)]
    external_no: Line | None = None
    credit_code: Line | None = None
    licence_no: Line | None = None
    licence_expires_on: DayIn | None = None
    address: Line = ""
    longitude_deg: float | None = None
    latitude_deg: float | None = None
    area_m2: float | None = None
    diners: int | None = None
    risk_grade: GradeName | None = None
    hours: Line = ""
    present_zones: Annotated[list[Line], Field(max_length=16)] = []  # noqa: RUF012 - pydantic copies it
    is_due: bool = True
    exempt_reason: Line | None = None


class PremisesPatchIn(PremisesIn):
    """Only what is to change; null empties a field that may be empty."""

    name: Line = ""
    category: Code = "-"
    region: Annotated[str, StringConstraints(max_length=12)] = ""


class PersonIn(In):
    kind: PersonKindName
    name: Line
    phone: Line | None = None
    id_no: Line | None = None


class PersonPatchIn(In):
    """Only what is to change; null or "" forgets a number. A masked number that comes back is refused, not stored."""

    kind: PersonKindName | None = None
    name: Line | None = None
    phone: Line | None = None
    id_no: Line | None = None


class UnmaskIn(In):
    field: Literal["phone", "id_no"]
    purpose: UnmaskPurpose


class UnmaskedOut(Out):
    field: Literal["phone", "id_no"]
    value: str


class SuspensionIn(In):
    """from_on, to_on: both days included."""

    kind: SuspensionKindName
    from_on: DayIn
    to_on: DayIn
    reason: Line


class DecisionIn(In):
    approve: bool


def present_kinds(kinds: Kinds) -> KindsOut:
    """Return the three tables."""
    profiles = {category.zone_profile: category.code for category in kinds.categories.values()}
    return KindsOut(
        categories=[
            CategoryOut(
                code=each.code,
                name_zh=each.name_zh,
                name_en=each.name_en,
                zone_profile=each.zone_profile,
                is_school=each.is_school,
                retention_days=each.retention_days,
            )
            for each in kinds.categories.values()
        ],
        zones=[
            ZoneOut(
                code=each.code, name_zh=each.name_zh, name_en=each.name_en, area=each.area, is_public=each.is_public
            )
            for each in kinds.zones.values()
        ],
        must_zones={
            profile: [
                ZoneNeedOut(zone=need.zone, need=need.need.value, may_be_shared=need.may_be_shared)
                for need in kinds.needs_of(category)
            ]
            for profile, category in profiles.items()
        },
    )


def present_row(
    found: Found, actor: Actor, services: Services, *, count: ChannelCount, regions: Mapping[str, str]
) -> PremisesRowOut:
    """Return one row of a list; what only the file tells is null for who may not see it."""
    premises = found.premises
    sees_file = services.premises.may_see_file(actor, premises)
    return PremisesRowOut(
        id=premises.id,
        name=premises.name,
        category=premises.category,
        region=premises.region,
        region_name=name_region(premises.region, regions),
        address=premises.address,
        risk_grade=_grade(premises.risk_grade),
        is_suspended=found.is_suspended,
        state=premises.state.value if sees_file else None,
        is_due=premises.is_due if sees_file else None,
        exempt_reason=premises.exempt_reason if sees_file else None,
        is_complete=premises.is_complete if sees_file else None,
        licence_expires_on=premises.licence_expires_on,
        cameras=count.total if sees_file else None,
        cameras_active=count.active if sees_file else None,
        is_demo=premises.is_demo,
        updated_at=format_utc(premises.updated_at),
        etag=write_etag(premises.version),
    )


def present_card(
    premises: Premises, actor: Actor, services: Services, *, regions: Mapping[str, str], is_suspended: bool
) -> PremisesCardOut:
    """Return what a parent may know."""
    return PremisesCardOut(
        view="card",
        id=premises.id,
        name=premises.name,
        category=premises.category,
        region=premises.region,
        region_name=name_region(premises.region, regions),
        address=premises.address,
        licence_no=premises.licence_no,
        licence_expires_on=premises.licence_expires_on,
        risk_grade=_grade(premises.risk_grade),
        hours=premises.hours,
        is_suspended=is_suspended,
        abilities=list(services.premises.abilities(actor, premises)),
        etag=write_etag(premises.version),
    )


def present_file(
    file: PremisesFile,
    actor: Actor,
    services: Services,
    *,
    coverage: tuple[ZoneCoverage, ...],
    count: ChannelCount,
    regions: Mapping[str, str],
) -> PremisesOut:
    """Return the whole file."""
    premises = file.premises
    return PremisesOut(
        view="file",
        id=premises.id,
        external_no=premises.external_no,
        name=premises.name,
        category=premises.category,
        region=premises.region,
        region_name=name_region(premises.region, regions),
        credit_code=premises.credit_code,
        licence_no=premises.licence_no,
        licence_expires_on=premises.licence_expires_on,
        address=premises.address,
        position=_point(premises.point),
        map_position=_point(wgs84_to_gcj02(premises.point) if premises.point else None),
        area_m2=premises.area_m2,
        diners=premises.diners,
        risk_grade=_grade(premises.risk_grade),
        hours=premises.hours,
        present_zones=list(premises.present_zones),
        state=premises.state.value,
        state_at=present_instant(premises.state_at),
        is_due=premises.is_due,
        exempt_reason=premises.exempt_reason,
        is_complete=premises.is_complete,
        is_suspended=file.is_suspended,
        is_demo=premises.is_demo,
        people=[present_person(each) for each in file.people],
        suspensions=[present_suspension(each, actor) for each in file.suspensions],
        coverage=[_coverage(each) for each in coverage],
        cameras=count.total,
        cameras_active=count.active,
        abilities=list(services.premises.abilities(actor, premises)),
        created_at=format_utc(premises.created_at),
        updated_at=format_utc(premises.updated_at),
        etag=write_etag(premises.version),
    )


def present_person(person: Person) -> PersonOut:
    """Return a person with masked numbers."""
    return PersonOut(
        id=person.id,
        kind=person.kind.value,
        name=person.name,
        phone=person.phone,
        id_no=person.id_no,
        etag=write_etag(person.version),
    )


def present_suspension(item: Suspension, actor: Actor) -> SuspensionOut:
    """Return a suspension; who asked and who decided is in the audit."""
    return SuspensionOut(
        id=item.id,
        kind=item.kind.value,
        from_on=item.from_on,
        to_on=item.to_on,
        reason=item.reason,
        state=item.state.value,
        is_mine=item.requested_by is not None and item.requested_by == actor.user,
        requested_at=format_utc(item.requested_at),
        decided_at=present_instant(item.decided_at),
    )


def name_region(code: str, names: Mapping[str, str]) -> str:
    """Return county and township, or as much of it as is known: "铁东区 站前街道"."""
    known = [names[part] for part in dict.fromkeys((code[:6], code[:9], code)) if part in names]
    return " ".join(known)


def read_facts(given: PremisesIn) -> PremisesFacts:
    """Return what the body asks for."""
    return PremisesFacts(**(_fact_values(given) | {"present_zones": tuple(given.present_zones)}))


def read_changes(given: PremisesPatchIn) -> dict[str, Any]:
    """Return the fields that were said (Any: whatever each holds)."""
    values = _fact_values(given) | {"present_zones": tuple(given.present_zones)}
    return {name: values[name] for name in FACT_NAMES if name in given.model_fields_set}


def _fact_values(given: PremisesIn | PremisesPatchIn) -> dict[str, Any]:  # Any: whatever each field holds
    return {name: getattr(given, name) for name in FACT_NAMES}


def _coverage(each: ZoneCoverage) -> ZoneCoverageOut:
    return ZoneCoverageOut(
        zone=each.zone,
        need=each.need.value,
        is_required=each.is_required,
        state=each.state.value,
        cameras=list(each.cameras),
    )


def _point(point: Point | None) -> PointOut | None:
    if point is None:
        return None
    return PointOut(longitude_deg=round(point.longitude_deg, 7), latitude_deg=round(point.latitude_deg, 7))


def _grade(text: str | None) -> GradeName | None:
    return _GRADES.get(text or "")


_GRADES: Final[dict[str, GradeName]] = {"A": "A", "B": "B", "C": "C", "D": "D"}
