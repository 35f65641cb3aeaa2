"""Regions by their GB/T 2260 codes, and what lies inside what. Pure: the code alone says it.

A code is 6 digits for a province (``210000``), city (``210300``) or county-level unit (``210302``), 9 for a township or
street (``210302006``) and 12 for a village. Trailing zero pairs of the first six say "and everything below".
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class RegionLevel(IntEnum):
    """How deep a region lies."""

    PROVINCE = 1
    CITY = 2
    COUNTY = 3
    TOWNSHIP = 4
    VILLAGE = 5


_LEVEL_OF_DIGITS: Final = {
    0: RegionLevel.PROVINCE,
    2: RegionLevel.PROVINCE,
    4: RegionLevel.CITY,
    6: RegionLevel.COUNTY,
    9: RegionLevel.TOWNSHIP,
    12: RegionLevel.VILLAGE,
}


@dataclass(frozen=True, slots=True)
class Region:
    """One administrative unit. longitude_deg, latitude_deg: its seat in WGS-84, or None."""

    code: str
    name: str
    parent: str
    level: RegionLevel
    longitude_deg: float | None = None
    latitude_deg: float | None = None


def region_prefix(code: str) -> str:
    """Return what all codes inside `code` begin with: ``2103`` for ``210300``, ``210302`` for ``210302``, "" for ""."""
    if len(code) != 6:
        return code
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code


def is_region_code(text: str) -> bool:
    """True for what may be a code; whether the city has such a region is another question."""
    return len(text) in (6, 9, 12) and text.isascii() and text.isdigit()


def is_inside(code: str, outer: str) -> bool:
    """True if region `code` is `outer` or lies inside it. outer "" = everywhere."""
    return code.startswith(region_prefix(outer))


def has_city_reach(code: str) -> bool:
    """True for a whole city, a province or everywhere."""
    return len(region_prefix(code)) <= 4


def level_of(code: str) -> RegionLevel:
    """Return how deep a code lies. raises: ValueError if it is none."""
    if code and not is_region_code(code):
        raise ValueError(f"not a region code: {code!r}")
    return _LEVEL_OF_DIGITS[len(region_prefix(code))]
