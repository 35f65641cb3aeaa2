"""What goes with a role whatever it may do: whose it is, how its log-in is protected, what it must be limited to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from brightkitchen.domain.authz.model import Role


class Group(StrEnum):
    """Whose role it is. Session limits and factors follow it (SECURITY §2.1, §2.2)."""

    ADMINISTRATOR = "administrator"
    REGULATOR = "regulator"
    OPERATOR = "operator"
    SITE = "site"
    PUBLIC = "public"
    MACHINE = "machine"


class Reach(StrEnum):
    """What a grant of the role has to be limited to."""

    EVERYWHERE = "everywhere"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    REGION = "region"
    PREMISES = "premises"


@dataclass(frozen=True, slots=True)
class RoleTraits:
    """needs_second_factor: password alone never opens a session. needs_four_eyes: a second person approves the grant."""

    group: Group
    reach: Reach
    needs_second_factor: bool = False
    needs_four_eyes: bool = False


ROLES: Final[dict[Role, RoleTraits]] = {
    Role.ANONYMOUS: RoleTraits(Group.PUBLIC, Reach.EVERYWHERE),
    Role.LOCAL: RoleTraits(Group.MACHINE, Reach.EVERYWHERE),
    Role.SYS_ADMIN: RoleTraits(Group.ADMINISTRATOR, Reach.EVERYWHERE, True, True),
    Role.SEC_ADMIN: RoleTraits(Group.ADMINISTRATOR, Reach.EVERYWHERE, True, True),
    Role.AUDITOR: RoleTraits(Group.ADMINISTRATOR, Reach.EVERYWHERE, True, True),
    Role.CITY_ADMIN: RoleTraits(Group.REGULATOR, Reach.CITY, True, True),
    Role.CITY_OFFICER: RoleTraits(Group.REGULATOR, Reach.CITY, True),
    Role.COUNTY_ADMIN: RoleTraits(Group.REGULATOR, Reach.COUNTY, True),
    Role.COUNTY_OFFICER: RoleTraits(Group.REGULATOR, Reach.COUNTY, True),
    Role.STATION_OFFICER: RoleTraits(Group.REGULATOR, Reach.TOWNSHIP, True),
    Role.GRID_ASSISTANT: RoleTraits(Group.REGULATOR, Reach.TOWNSHIP, True),
    Role.EDU_OFFICER: RoleTraits(Group.REGULATOR, Reach.COUNTY, True),
    Role.OPERATOR_PM: RoleTraits(Group.OPERATOR, Reach.REGION),
    Role.OPERATOR_INSTALLER: RoleTraits(Group.OPERATOR, Reach.REGION),
    Role.OPERATOR_NOC: RoleTraits(Group.OPERATOR, Reach.REGION),
    Role.OWNER: RoleTraits(Group.SITE, Reach.PREMISES),
    Role.FS_DIRECTOR: RoleTraits(Group.SITE, Reach.PREMISES),
    Role.FS_OFFICER: RoleTraits(Group.SITE, Reach.PREMISES),
    Role.PARENT: RoleTraits(Group.PUBLIC, Reach.PREMISES),
}

CITY: Final = frozenset({Role.CITY_ADMIN, Role.CITY_OFFICER})
COUNTY: Final = frozenset({Role.COUNTY_ADMIN, Role.COUNTY_OFFICER})
OFFICERS: Final = CITY | COUNTY | {Role.STATION_OFFICER}
REGULATORS: Final = OFFICERS | {Role.GRID_ASSISTANT, Role.EDU_OFFICER}
OPERATORS: Final = frozenset({Role.OPERATOR_PM, Role.OPERATOR_INSTALLER, Role.OPERATOR_NOC})
SITE: Final = frozenset({Role.OWNER, Role.FS_DIRECTOR, Role.FS_OFFICER})
ADMINISTRATORS: Final = frozenset({Role.SYS_ADMIN, Role.SEC_ADMIN, Role.AUDITOR})


def viewer_class(role: Role | None, *, kiosk: bool = False) -> str:
    """Return what a media token says of its holder: never who, only which kind (SECURITY §2.4)."""
    if kiosk:
        return "kiosk"
    group = ROLES[role].group if role is not None else Group.PUBLIC
    return {Group.SITE: "owner", Group.PUBLIC: "public", Group.MACHINE: "machine"}.get(group, "officer")
