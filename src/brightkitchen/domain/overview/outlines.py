"""The outlines of a city's areas, from a GeoJSON file that an installation puts in place. See docs/ref/outlines.md. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from brightkitchen.domain.authz.regions import is_region_code
from brightkitchen.kernel.errors import BrightKitchenError, Kind

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_FEATURES: Final = 2_000
MAX_POINTS: Final = 200_000
CODE_NAMES: Final = ("code", "adcode")
"""Members of a feature's properties that may name its region."""

Ring = tuple[tuple[float, float], ...]
"""A closed line of (longitude, latitude) in degrees."""


class Outline(msgspec.Struct, frozen=True):
    """A region's polygons, each its outer ring and then its holes."""

    code: str
    polygons: tuple[tuple[Ring, ...], ...]


class _Geometry(msgspec.Struct):
    type: str
    coordinates: Any = None  # Any: JSON, as deep as the type says


class _Feature(msgspec.Struct):
    properties: dict[str, Any] | None = None  # Any: whatever the file's maker wrote there
    geometry: _Geometry | None = None


class _Collection(msgspec.Struct):
    type: str
    features: list[_Feature]


def parse_outlines(data: bytes) -> tuple[Outline, ...]:
    """Return the polygons of every feature that names a region. raises: BrightKitchenError "outlines.file"."""
    if len(data) > MAX_BYTES:
        raise _bad("size")
    try:
        collection = msgspec.json.decode(data, type=_Collection)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("json") from error
    if collection.type != "FeatureCollection" or len(collection.features) > MAX_FEATURES:
        raise _bad("collection")
    found = [Outline(_code(each), _polygons(each.geometry)) for each in collection.features]
    codes = [each.code for each in found]
    if len(codes) != len(set(codes)):
        raise _bad("twice")
    if sum(len(ring) for each in found for polygon in each.polygons for ring in polygon) > MAX_POINTS:
        raise _bad("points")
    return tuple(found)


def _code(feature: _Feature) -> str:
    for name in CODE_NAMES:
        value = (feature.properties or {}).get(name)
        code = str(value) if isinstance(value, int | str) else ""
        if is_region_code(code):
            return code
    raise _bad("code")


def _polygons(geometry: _Geometry | None) -> tuple[tuple[Ring, ...], ...]:
    if geometry is None or not isinstance(geometry.coordinates, list) or not geometry.coordinates:
        raise _bad("geometry")
    if geometry.type == "Polygon":
        return (_rings(geometry.coordinates),)
    if geometry.type == "MultiPolygon":
        return tuple(_rings(each) for each in geometry.coordinates)
    raise _bad("geometry")


def _rings(polygon: object) -> tuple[Ring, ...]:
    if not isinstance(polygon, list) or not polygon:
        raise _bad("geometry")
    return tuple(_ring(each) for each in polygon)


def _ring(ring: object) -> Ring:
    if not isinstance(ring, list) or len(ring) < 4:
        raise _bad("ring")
    return tuple(_points(ring))


def _points(ring: Sequence[object]) -> Iterable[tuple[float, float]]:
    for point in ring:
        if not isinstance(point, list) or len(point) < 2 or not all(type(each) in (int, float) for each in point[:2]):
            raise _bad("point")
        longitude, latitude = float(point[0]), float(point[1])
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            raise _bad("point")
        yield longitude, latitude


def _bad(what: str) -> BrightKitchenError:
    return BrightKitchenError(Kind.INVALID, "outlines.file", what=what)
