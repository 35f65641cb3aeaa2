"""A city's regions from a file: the demo's own, and what is wrong with others."""

import json
from pathlib import Path

import pytest

from brightkitchen.domain.authz.cityfile import parse_city
from brightkitchen.domain.authz.regions import RegionLevel
from brightkitchen.kernel.errors import BrightKitchenError

DEMO = Path(__file__).resolve().parents[4] / "src" / "brightkitchen" / "bootstrap" / "democity" / "anshan.json"


def _city(**county: object) -> bytes:
    one = {"code": "330102", "name": "上城区", "townships": [{"code": "330102001", "name": "清波街道"}]} | county
    return json.dumps({"city": {"code": "330100", "name": "杭州市"}, "counties": [one]}).encode()


def test_city_of_the_demo_is_read_outer_regions_first() -> None:
    regions = parse_city(DEMO.read_bytes())
    assert (regions[0].code, regions[0].level, regions[0].parent) == ("210300", RegionLevel.CITY, "")
    counties = [each for each in regions if each.level is RegionLevel.COUNTY]
    assert {each.parent for each in counties} == {"210300"}
    assert len(counties) == 7
    by_code = {each.code: each for each in regions}
    assert all(each.code.startswith(each.parent) for each in regions if each.level is RegionLevel.TOWNSHIP)
    assert by_code["210302006"].name == "站前街道"


def test_another_city_is_read_the_same_way() -> None:
    assert [each.code for each in parse_city(_city())] == ["330100", "330102", "330102001"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"city": {"code": "330100"}}',
        _city(code="330200"),
        _city(code="330102001"),
        _city(name=" "),
        _city(name="长" * 61),
        _city(lng=120.0),
        _city(lng=190.0, lat=10.0),
        _city(townships=[{"code": "330103001", "name": "别处街道"}]),
        _city(townships=[{"code": "330102001", "name": "一"}, {"code": "330102001", "name": "二"}]),
        b" " * (4 * 1024 * 1024 + 1),
    ],
)
def test_faulty_file_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(BrightKitchenError, match=r"region\.file"):
        parse_city(data)
