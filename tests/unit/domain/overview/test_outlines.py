"""A file of outlines is read whole or not at all."""

import json
from typing import Any

import pytest

from brightkitchen.domain.overview.outlines import MAX_BYTES, MAX_POINTS, parse_outlines
from brightkitchen.kernel.errors import BrightKitchenError

SQUARE = [[122.0, 41.0], [123.0, 41.0], [123.0, 42.0], [122.0, 42.0], [122.0, 41.0]]


def feature(code: object, geometry: object, name: str = "code") -> dict[str, Any]:
    return {"type": "Feature", "properties": {name: code, "name": "x"}, "geometry": geometry}


def build(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def polygon(*rings: object) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": rings}


def test_polygons_and_multipolygons_are_told_alike() -> None:
    hole = [[122.2, 41.2], [122.4, 41.2, 7.0], [122.4, 41.4], [122.2, 41.2]]
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE], [hole]]}
    first, second = parse_outlines(build(feature("210302", polygon(SQUARE, hole)), feature(210381, many, "adcode")))
    assert (first.code, second.code) == ("210302", "210381")
    assert [[len(ring) for ring in each] for each in first.polygons] == [[5, 4]]
    assert [[len(ring) for ring in each] for each in second.polygons] == [[5], [4]]
    assert first.polygons[0][1][1] == (122.4, 41.2)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"{", "json"),
        (b"[]", "json"),
        (b'{"type":"FeatureCollection"}', "json"),
        (b'{"type":"Topology","features":[]}', "collection"),
        (build(feature("铁东区", polygon(SQUARE))), "code"),
        (build(feature(True, polygon(SQUARE))), "code"),
        (build(feature("210302", polygon(SQUARE)), feature(210302, polygon(SQUARE))), "twice"),
        (build(feature("210302", None)), "geometry"),
        (build(feature("210302", {"type": "Point", "coordinates": [122.0, 41.0]})), "geometry"),
        (build(feature("210302", polygon())), "geometry"),
        (build(feature("210302", polygon(SQUARE[:3]))), "ring"),
        (build(feature("210302", polygon([*SQUARE, [181.0, 41.0]]))), "point"),
        (build(feature("210302", polygon([*SQUARE, ["122", 41.0]]))), "point"),
        (build(feature("210302", polygon([*SQUARE, [True, 41.0]]))), "point"),
        (b" " * (MAX_BYTES + 1), "size"),
        (b"[" * 100_000, "json"),
    ],
)
def test_file_with_a_fault_is_refused_with_its_reason(data: bytes, what: str) -> None:
    with pytest.raises(BrightKitchenError) as refused:
        parse_outlines(data)
    assert (refused.value.code, refused.value.params["what"]) == ("outlines.file", what)


def test_more_points_than_a_page_can_draw_are_refused() -> None:
    with pytest.raises(BrightKitchenError) as refused:
        parse_outlines(build(feature("210302", polygon([[122, 41]] * (MAX_POINTS + 1)))))
    assert refused.value.params["what"] == "points"
