"""Who may give which role, how far, and which roles one person never holds together. Pure: docs/design/permissions.md P6."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from brightkitchen.domain.authz.model import EVERYWHERE, Grant, Place, Role, Scope
from brightkitchen.domain.authz.regions import RegionLevel, is_inside, is_region_code, level_of
from brightkitchen.domain.authz.roles import ADMINISTRATORS, OFFICERS, OPERATORS, REGULATORS, ROLES, SITE, Reach
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import PremisesId
from brightkitchen.kernel.units import US_PER_S

PEOPLE: Final = frozenset(Role) - {Role.ANONYMOUS, Role.LOCAL}
OPERATOR_TERM_US: Final = 90 * 86_400 * US_PER_S
"""How long a role of the operator lasts unless somebody confirms it."""

_LOCAL_STAFF: Final = frozenset({Role.COUNTY_OFFICER, Role.STATION_OFFICER, Role.GRID_ASSISTANT, Role.EDU_OFFICER})

GRANTABLE: Final[dict[Role, frozenset[Role]]] = {
    Role.LOCAL: PEOPLE,
    Role.SEC_ADMIN: PEOPLE,
    Role.CITY_ADMIN: _LOCAL_STAFF | {Role.CITY_OFFICER, Role.COUNTY_ADMIN, Role.OPERATOR_PM, Role.OWNER},
    Role.CITY_OFFICER: frozenset({Role.OWNER}),
    Role.COUNTY_ADMIN: _LOCAL_STAFF | {Role.OWNER},
    Role.COUNTY_OFFICER: frozenset({Role.OWNER}),
    Role.STATION_OFFICER: frozenset({Role.OWNER}),
    Role.OPERATOR_PM: frozenset({Role.OPERATOR_INSTALLER, Role.OPERATOR_NOC, Role.OWNER}),
    Role.OPERATOR_INSTALLER: frozenset({Role.OWNER}),
    Role.OWNER: frozenset({Role.FS_DIRECTOR, Role.FS_OFFICER}),
}
"""Role → the roles that its holder may give, take away and, with them, manage the people of."""

VISIBLE: Final[dict[Role, frozenset[Role]]] = {
    role: grantable | (PEOPLE if role is Role.CITY_ADMIN else SITE if role in OFFICERS else frozenset())
    for role, grantable in GRANTABLE.items()
}
"""Role → whose holders are shown to it: those it manages, and more where its work needs their names."""

GIVERS: Final = frozenset(GRANTABLE)


def intersect(one: Scope, other: Scope) -> Scope | None:
    """Return what lies inside both, None if nothing does."""
    if is_inside(one.region, other.region):
        region = one.region
    elif is_inside(other.region, one.region):
        region = other.region
    else:
        return None
    if one.categories and other.categories:
        categories = one.categories & other.categories
        if not categories:
            return None
    else:
        categories = one.categories | other.categories
    if one.premises is not None and other.premises is not None and one.premises != other.premises:
        return None
    return Scope(region, categories, one.premises if one.premises is not None else other.premises)


def is_within(scope: Scope, outer: Scope, place: Place | None = None) -> bool:
    """True if every place that `scope` covers is covered by `outer` too.

    place: where the premises of `scope` is, if it is limited to one: then that place alone decides.
    """
    if scope.premises is not None:
        if place is None or place.premises != scope.premises:
            return False
        return outer.covers(place)
    if outer.premises is not None:
        return False
    if outer.categories and not (scope.categories and scope.categories <= outer.categories):
        return False
    return is_inside(scope.region, outer.region)


def may_give(given: Iterable[Grant], role: Role, scope: Scope, place: Place | None = None) -> bool:
    """True if one of the grants `given` lets its holder give `role` with that scope."""
    return any(
        role in GRANTABLE.get(grant.role, frozenset()) and is_within(scope, grant.scope, place) for grant in given
    )


def shrink(asked: Iterable[Grant], held: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return what is left of the grants `asked` when nobody may have more than `held`: role by role, scope by scope."""
    have = tuple(held)
    left = {
        Grant(wish.role, scope)
        for wish in asked
        for grant in have
        if grant.role is wish.role and (scope := intersect(wish.scope, grant.scope)) is not None
    }
    return tuple(sorted(left, key=lambda grant: (grant.role, grant.scope.region, grant.scope.premises or "")))


def find_clash(held: Iterable[Role], role: Role) -> Role | None:
    """Return the role among `held` that forbids `role` to the same person, or None.

    The three administrators watch one another, and none of them is an officer (SECURITY §0 rule 10).
    """
    for other in sorted(set(held)):
        if other is role:
            continue
        both = {other, role}
        if both <= ADMINISTRATORS or (both & ADMINISTRATORS and both & (REGULATORS | OPERATORS)):
            return other
    return None


def check_reach(role: Role, scope: Scope) -> None:
    """raises: BrightKitchenError "user.reach" (field) unless the scope is limited as the role demands."""
    if role not in PEOPLE:
        raise BrightKitchenError(Kind.INVALID, "user.role_unknown", role=role.value, field="role")
    if scope.region and not is_region_code(scope.region):
        raise BrightKitchenError(Kind.INVALID, "user.region_unknown", region=scope.region[:12], field="region")
    reach = ROLES[role].reach
    if reach is Reach.EVERYWHERE:
        fits = scope == EVERYWHERE
    elif reach is Reach.PREMISES:
        fits = scope.premises is not None and not scope.region and not scope.categories
    else:
        fits = scope.premises is None and _is_level(reach, scope.region)
    if not fits:
        raise BrightKitchenError(Kind.INVALID, "user.reach", field="premises" if reach is Reach.PREMISES else "region")


def _is_level(reach: Reach, region: str) -> bool:
    level = level_of(region)
    if reach is Reach.CITY:
        return level <= RegionLevel.CITY
    if reach is Reach.COUNTY:
        return level is RegionLevel.COUNTY
    if reach is Reach.TOWNSHIP:
        return level >= RegionLevel.TOWNSHIP
    return True


def write_grant(grant: Grant) -> dict[str, object]:
    """Return a grant as JSON values."""
    scope = grant.scope
    return {
        "role": grant.role.value,
        "region": scope.region,
        "categories": sorted(scope.categories),
        "premises": scope.premises,
    }


def read_grant(value: Mapping[str, Any]) -> Grant:  # Any: JSON
    """Return what `write_grant` wrote."""
    premises = PremisesId(value["premises"]) if value["premises"] else None
    return Grant(Role(value["role"]), Scope(value["region"], frozenset(value["categories"]), premises))
