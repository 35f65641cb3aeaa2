"""From the datum of the earth to the one of Chinese maps and back. Pure.

Positions are stored in WGS-84. Chinese web maps draw in GCJ-02, which shifts a point by some hundred metres; both ways are needed where
such a map is shown or clicked. The shift is a sum of sines of the point's offset from 105°E 35°N on the Krasovsky ellipsoid.
"""

from dataclasses import dataclass
from math import cos, pi, radians, sin, sqrt
from typing import Final

_AXIS_M: Final = 6_378_245.0
_ECCENTRICITY_SQUARED: Final = 0.006693421622965943
_ORIGIN_LONGITUDE_DEG: Final = 105.0
_ORIGIN_LATITUDE_DEG: Final = 35.0
_ENOUGH_DEG: Final = 1e-9
_MAX_ROUNDS: Final = 20


@dataclass(frozen=True, slots=True)
class Point:
    """longitude_deg: -180..180, latitude_deg: -90..90; the datum is said by who holds it."""

    longitude_deg: float
    latitude_deg: float


def is_shifted(point: Point) -> bool:
    """True where the maps shift: a rectangle round China; elsewhere both datums are the same."""
    return 72.004 <= point.longitude_deg <= 137.8347 and 0.8293 <= point.latitude_deg <= 55.8271


def wgs84_to_gcj02(point: Point) -> Point:
    """Return where a Chinese map draws a WGS-84 point."""
    if not is_shifted(point):
        return point
    east_deg, north_deg = _shift(point)
    return Point(point.longitude_deg + east_deg, point.latitude_deg + north_deg)


def gcj02_to_wgs84(point: Point) -> Point:
    """Return the WGS-84 point that a Chinese map draws at `point`; the error is below 1e-8 degrees (about a millimetre)."""
    if not is_shifted(point):
        return point
    found = point
    for _round in range(_MAX_ROUNDS):
        drawn = wgs84_to_gcj02(found)
        east_deg, north_deg = point.longitude_deg - drawn.longitude_deg, point.latitude_deg - drawn.latitude_deg
        found = Point(found.longitude_deg + east_deg, found.latitude_deg + north_deg)
        if abs(east_deg) < _ENOUGH_DEG and abs(north_deg) < _ENOUGH_DEG:
            break
    return found


def _shift(point: Point) -> tuple[float, float]:
    """Return the shift to the east and to the north, in degrees."""
    x, y = point.longitude_deg - _ORIGIN_LONGITUDE_DEG, point.latitude_deg - _ORIGIN_LATITUDE_DEG
    common = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common
    north_m += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north_m += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common
    east_m += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east_m += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    latitude = radians(point.latitude_deg)
    flattening = 1.0 - _ECCENTRICITY_SQUARED * sin(latitude) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / (flattening * sqrt(flattening))
    parallel_m = _AXIS_M / sqrt(flattening) * cos(latitude)
    return east_m * 180.0 / (parallel_m * pi), north_m * 180.0 / (meridian_m * pi)
