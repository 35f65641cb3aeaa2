"""A city's regions as a file: JSON with a city, its counties and their townships. Pure.

``{"source": "…", "city": {"code","name","lng","lat"}, "counties": [{"code","name","lng","lat","townships": [{"code","name"}]}]}``
"""

import msgspec

from brightkitchen.domain.authz.regions import Region, RegionLevel, is_inside, is_region_code, level_of
from brightkitchen.kernel.errors import BrightKitchenError, Kind

MAX_BYTES = 4 * 1024 * 1024
MAX_REGIONS = 20_000
MAX_NAME_CHARS = 60


class _Unit(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str
    lng: float | None = None
    lat: float | None = None
    townships: "list[_Unit]" = []


class _City(msgspec.Struct, frozen=True, kw_only=True):
    city: _Unit
    counties: list[_Unit]


def parse_city(data: bytes) -> tuple[Region, ...]:
    """Return the city's regions, outer ones first. raises: BrightKitchenError "region.file" (line: what is wrong)."""
    try:
        if len(data) > MAX_BYTES:
            raise ValueError("larger than 4 MiB")
        found = msgspec.json.decode(data, type=_City)
        regions = [_region(found.city, "", RegionLevel.CITY)]
        for county in found.counties:
            regions.append(_region(county, found.city.code, RegionLevel.COUNTY))
            regions += [_region(each, county.code, RegionLevel.TOWNSHIP) for each in county.townships]
        if len({region.code for region in regions}) != len(regions):
            raise ValueError("a code occurs twice")
        if len(regions) > MAX_REGIONS:
            raise ValueError(f"more than {MAX_REGIONS} regions")
    except (msgspec.MsgspecError, ValueError) as cause:
        raise BrightKitchenError(Kind.INVALID, "region.file", what=str(cause)[:200]) from cause
    return tuple(regions)


def _region(unit: _Unit, parent: str, level: RegionLevel) -> Region:
    if not is_region_code(unit.code) or level_of(unit.code) is not level:
        raise ValueError(f"{unit.code[:12]!r} is no code of a {level.name.lower()}")
    if parent and not is_inside(unit.code, parent):
        raise ValueError(f"{unit.code} does not lie inside {parent}")
    name = unit.name.strip()
    if not 0 < len(name) <= MAX_NAME_CHARS:
        raise ValueError(f"{unit.code} has no name, or one longer than {MAX_NAME_CHARS} characters")
    if (unit.lng is None) != (unit.lat is None) or not (
        -180 <= (unit.lng or 0) <= 180 and -90 <= (unit.lat or 0) <= 90
    ):
        raise ValueError(f"{unit.code} has no possible point")
    return Region(unit.code, name, parent, level, unit.lng, unit.lat)
