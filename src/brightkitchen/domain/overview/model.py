"""A city, or a county of it, area by area: how far it is connected, what is on now, what waits. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from brightkitchen.domain.authz.model import Scope
from brightkitchen.domain.authz.regions import Region, RegionLevel, is_inside, region_prefix
from brightkitchen.domain.numbers.model import Level, Number, Rate, Values
from brightkitchen.kernel.units import Utc

SHOWN: Final = (*(Number.DUE, Number.BASE, Number.SIGNED_DUE, Number.COMPLETED, Number.WATCHED, Number.ONLINE_NOW),)
RATES: Final = (Rate.COMPLETED, Rate.SIGNED, Rate.ONLINE_NOW)
_COUNTY_DIGITS: Final = 6
_TOWNSHIP_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of an area. alarms: open ones of recordings; faults: tickets to be mended; None = not for this person."""

    values: Values
    alarms: int | None
    faults: int | None


@dataclass(frozen=True, slots=True)
class Area:
    """A county or a township with its seat in WGS-84, if the city's file has one."""

    code: str
    name: str
    longitude_deg: float | None
    latitude_deg: float | None
    cell: Cell


@dataclass(frozen=True, slots=True)
class Overview:
    """region: what it is about, "" = all one may see. total also counts what lies in no area: it is not always their sum."""

    at: Utc
    region: str
    region_name: str
    level: Level
    total: Cell
    areas: tuple[Area, ...]


def find_focus(scopes: Iterable[Scope]) -> str:
    """Return the one county inside which all these reaches lie, or "": whoever has one county begins there."""
    counties = {
        scope.region[:_COUNTY_DIGITS] if len(region_prefix(scope.region)) >= _COUNTY_DIGITS else "" for scope in scopes
    }
    return counties.pop() if len(counties) == 1 else ""


def level_within(region: str) -> Level:
    """Return how a region is told apart: everything and a city by county, a county by township."""
    return Level.TOWNSHIP if len(region_prefix(region)) >= _COUNTY_DIGITS else Level.COUNTY


def find_areas(regions: Iterable[Region], region: str, scopes: Iterable[Scope]) -> list[Region]:
    """Return the areas of `region` that one of the reaches touches, in the order of their codes."""
    level = RegionLevel.TOWNSHIP if level_within(region) is Level.TOWNSHIP else RegionLevel.COUNTY
    reaches = [scope.region for scope in scopes]
    return [
        each
        for each in sorted(regions, key=lambda each: each.code)
        if each.level is level and is_inside(each.code, region) and any(touches(each.code, reach) for reach in reaches)
    ]


def touches(code: str, reach: str) -> bool:
    """True if one lies inside the other."""
    return is_inside(code, reach) or (bool(code) and is_inside(reach, code))


def add_up(counts: Mapping[str, int], level: Level) -> dict[str, int]:
    """Return area → sum of what lies in it. A premises that names its county only lies in no township."""
    digits = _COUNTY_DIGITS if level is Level.COUNTY else _TOWNSHIP_DIGITS
    sums: dict[str, int] = {}
    for region, count in counts.items():
        area = region[:digits]
        sums[area] = sums.get(area, 0) + count
    return sums
