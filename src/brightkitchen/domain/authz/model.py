"""Who acts, in which role, how far that role reaches, and what a decision is. docs/design/permissions.md §2-4."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from brightkitchen.domain.authz.regions import has_city_reach, is_inside
from brightkitchen.kernel.ids import PremisesId, SessionId, UserId


class Role(StrEnum):
    """What somebody is to this system (DOMAIN §1.10, SECURITY §0 rule 10).

    ANONYMOUS is whoever has no session; LOCAL is whoever may open the server's private socket on its own machine.
    """

    ANONYMOUS = "ANONYMOUS"
    LOCAL = "LOCAL"
    SYS_ADMIN = "SYS_ADMIN"
    SEC_ADMIN = "SEC_ADMIN"
    AUDITOR = "AUDITOR"
    CITY_ADMIN = "CITY_ADMIN"
    CITY_OFFICER = "CITY_OFFICER"
    COUNTY_ADMIN = "COUNTY_ADMIN"
    COUNTY_OFFICER = "COUNTY_OFFICER"
    STATION_OFFICER = "STATION_OFFICER"
    GRID_ASSISTANT = "GRID_ASSISTANT"
    EDU_OFFICER = "EDU_OFFICER"
    OPERATOR_PM = "OPERATOR_PM"
    OPERATOR_INSTALLER = "OPERATOR_INSTALLER"
    OPERATOR_NOC = "OPERATOR_NOC"
    OWNER = "OWNER"
    FS_DIRECTOR = "FS_DIRECTOR"
    FS_OFFICER = "FS_OFFICER"
    PARENT = "PARENT"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing belongs: what every permission with a scope is decided by.

    region: GB/T 2260 code of the township or county, "" for what belongs to no region yet (a camera without premises).
    category: code of the premises' category, "" for none. premises: None for what is no part of any premises.
    """

    region: str = ""
    category: str = ""
    premises: PremisesId | None = None


NOWHERE = Place()


class Placed(Protocol):
    """Anything that a scoped permission can be decided for."""

    @property
    def place(self) -> Place: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a role reaches: a region with all below it, × categories, × one premises.

    region: "" = everywhere. categories: empty = all. premises: None = all within region and categories.
    """

    region: str = ""
    categories: frozenset[str] = frozenset()
    premises: PremisesId | None = None

    def covers(self, place: Place) -> bool:
        """True if the place lies inside. What belongs to no region is inside a whole city's reach only."""
        if self.premises is not None and self.premises != place.premises:
            return False
        if self.categories and place.category not in self.categories:
            return False
        if not place.region:
            return has_city_reach(self.region)
        return is_inside(place.region, self.region)


EVERYWHERE = Scope()


@dataclass(frozen=True, slots=True)
class Grant:
    """One role somebody holds, and its reach."""

    role: Role
    scope: Scope = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something.

    pseudonym: names the session to media nodes; tells nothing about the person.
    token: the id of the API token a machine acts by, "" for people. address: where the request came from.
    kiosk: the token is a wall display's: it only looks, and at what a wall is for.
    """

    grants: tuple[Grant, ...]
    user: UserId | None = None
    session: SessionId | None = None
    pseudonym: str = ""
    token: str = ""
    address: str = ""
    kiosk: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        """Every role held, whatever its reach."""
        return frozenset(grant.role for grant in self.grants)


ANONYMOUS = Actor((Grant(Role.ANONYMOUS),))
LOCAL = Actor((Grant(Role.LOCAL),))


@dataclass(frozen=True, slots=True)
class Decision:
    """allowed, the rule's reason for the audit (never for the person), and the role that allowed it."""

    allowed: bool
    reason: str
    role: Role | None = None
