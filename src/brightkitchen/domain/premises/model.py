"""What control knows of a premises, of what it must show, and of who answers for it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from brightkitchen.domain.authz.model import Place
from brightkitchen.domain.premises.geodesy import Point
from brightkitchen.domain.premises.states import PremisesState
from brightkitchen.kernel.ids import PremisesId, UserId
from brightkitchen.kernel.units import Utc

REFUSED: Final = "REFUSED"
SMALL_M2: Final = 50.0
GRADES: Final = ("A", "B", "C", "D")


class Need(StrEnum):
    """Whether a zone has to be seen (DOMAIN §1.2). *_IF_PRESENT counts when the premises has such a zone."""

    MUST = "MUST"
    MUST_IF_PRESENT = "MUST_IF_PRESENT"
    SHOULD = "SHOULD"
    SHOULD_IF_PRESENT = "SHOULD_IF_PRESENT"


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of premises. zone_profile: which rows of the must-zone table apply to it."""

    code: str
    name_zh: str
    name_en: str
    zone_profile: str
    is_school: bool
    retention_days: int
    sort: int


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of a premises. area: KITCHEN, DINING, GOODS, PUBLIC, or REFUSED for what no camera may show."""

    code: str
    name_zh: str
    name_en: str
    area: str
    is_public: bool
    sort: int

    @property
    def is_refused(self) -> bool:
        return self.area == REFUSED


@dataclass(frozen=True, slots=True)
class ZoneNeed:
    """One row of the must-zone table. may_be_shared: at most 50 m², a camera of another zone may show it too."""

    zone_profile: str
    zone: str
    need: Need
    may_be_shared: bool


@dataclass(frozen=True, slots=True)
class Kinds:
    """The three tables that say what there can be, each by its code and in its order."""

    categories: Mapping[str, Category]
    zones: Mapping[str, Zone]
    needs: tuple[ZoneNeed, ...]

    def needs_of(self, category: str) -> tuple[ZoneNeed, ...]:
        """Return the rows that apply to a category, in the order of the zones."""
        known = self.categories.get(category)
        profile = known.zone_profile if known else ""
        mine = [need for need in self.needs if need.zone_profile == profile]
        return tuple(sorted(mine, key=lambda need: self.zones[need.zone].sort))


@dataclass(frozen=True, slots=True, kw_only=True)
class PremisesFacts:
    """What people fill in.

    licence_expires_on: ISO date. longitude_deg, latitude_deg: WGS-84, both or none. diners: meals at the busiest meal.
    risk_grade: the official one, A (low) to D (high). hours: see `hours`. present_zones: zones it has beside those every one has.
    is_due: 应接入. exempt_reason: why it does not count although it is due.
    """

    region: str
    category: str
    name: str
    external_no: str | None = None
    credit_code: str | None = None
    licence_no: str | None = None
    licence_expires_on: str | None = None
    address: str = ""
    longitude_deg: float | None = None
    latitude_deg: float | None = None
    area_m2: float | None = None
    diners: int | None = None
    risk_grade: str | None = None
    hours: str = ""
    present_zones: tuple[str, ...] = ()
    is_due: bool = True
    exempt_reason: str | None = None


FACT_NAMES: Final = tuple(each.name for each in fields(PremisesFacts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises(PremisesFacts):
    """A premises in the register. version counts changes (ETag). retired_at: taken out; what belonged to it lives on."""

    id: PremisesId
    initials: str
    state: PremisesState
    state_at: Utc
    is_complete: bool
    is_demo: bool
    created_at: Utc
    updated_at: Utc
    version: int
    retired_at: Utc | None = None

    @property
    def place(self) -> Place:
        """What permissions are decided by."""
        return Place(self.region, self.category, self.id)

    @property
    def point(self) -> Point | None:
        """Where it is, WGS-84."""
        if self.longitude_deg is None or self.latitude_deg is None:
            return None
        return Point(self.longitude_deg, self.latitude_deg)

    @property
    def is_small(self) -> bool:
        """True if one camera may show several zones."""
        return self.area_m2 is not None and self.area_m2 <= SMALL_M2


class PersonKind(StrEnum):
    """What somebody is to the premises."""

    RESPONSIBLE = "RESPONSIBLE"  # 负责人
    FS_DIRECTOR = "FS_DIRECTOR"  # 食品安全总监
    FS_OFFICER = "FS_OFFICER"  # 食品安全员
    DUTY = "DUTY"  # 值班


class Secret(StrEnum):
    """The columns of a person that are sealed."""

    PHONE = "phone"
    ID_NO = "id_no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the premises. phone, id_no: masked; what is behind the mask leaves the store by `unmask_person` only."""

    id: str
    premises: PremisesId
    kind: PersonKind
    name: str
    phone: str | None
    id_no: str | None
    created_at: Utc
    updated_at: Utc
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody to add. phone, id_no: in clear, None = not known."""

    kind: PersonKind
    name: str
    phone: str | None = None
    id_no: str | None = None

    def __repr__(self) -> str:
        return f"NewPerson(kind={self.kind.value!r}, …)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """What is to become different; None = stays, "" for a number = not known any more."""

    kind: PersonKind | None = None
    name: str | None = None
    phone: str | None = None
    id_no: str | None = None

    def __repr__(self) -> str:
        return "PersonChange(…)"


class SuspensionKind(StrEnum):
    """Why a premises is closed for a while."""

    HOLIDAY = "HOLIDAY"  # 寒暑假
    CLOSED = "CLOSED"  # 停业
    RENOVATION = "RENOVATION"  # 装修


class SuspensionState(StrEnum):
    """REQUESTED → APPROVED → ENDED, or REFUSED. Only APPROVED and ENDED count, for the days they name."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A time without business. from_on, to_on: ISO dates, both included; ended early, to_on is the last day it was closed."""

    id: str
    premises: PremisesId
    kind: SuspensionKind
    from_on: str
    to_on: str
    reason: str
    requested_by: UserId | None
    requested_at: Utc
    decided_by: UserId | None
    decided_at: Utc | None
    state: SuspensionState

    def covers(self, on: str) -> bool:
        """True if the premises counts as closed on that ISO date."""
        counts = self.state in (SuspensionState.APPROVED, SuspensionState.ENDED)
        return counts and self.from_on <= on <= self.to_on


@dataclass(frozen=True, slots=True, kw_only=True)
class PremisesFilter:
    """What a list is narrowed by; "" and None = not. text: name, pinyin initials, number, or a whole telephone number.

    region: a code, with everything below it.
    """

    region: str = ""
    category: str = ""
    state: str = ""
    risk_grade: str = ""
    is_due: bool | None = None
    is_complete: bool | None = None
    is_suspended: bool | None = None
    text: str = ""


class PremisesSort(StrEnum):
    """The orders a list can have. NAME is by pinyin."""

    NAME = "name"
    REGION = "region"
    STATE = "state"
    UPDATED = "updated"
