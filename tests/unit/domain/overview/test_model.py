"""Where a person's overview begins, and what lies in it."""

import pytest

from brightkitchen.domain.authz.model import Scope
from brightkitchen.domain.authz.regions import Region, RegionLevel
from brightkitchen.domain.numbers.model import Level
from brightkitchen.domain.overview.model import add_up, find_areas, find_focus, level_within

REGIONS = (
    Region("210300", "鞍山市", "210000", RegionLevel.CITY),
    Region("210381", "海城市", "210300", RegionLevel.COUNTY),
    Region("210302", "铁东区", "210300", RegionLevel.COUNTY),
    Region("210302006", "站前街道", "210302", RegionLevel.TOWNSHIP),
    Region("210381006", "响堂街道", "210381", RegionLevel.TOWNSHIP),
)


@pytest.mark.parametrize(
    ("reaches", "focus"),
    [
        (["210302"], "210302"),
        (["210302006"], "210302"),
        (["210302", "210302006"], "210302"),
        (["210302", "210381"], ""),
        (["210300"], ""),
        ([""], ""),
        (["210302", ""], ""),
        ([], ""),
    ],
)
def test_whoever_has_one_county_begins_there(reaches: list[str], focus: str) -> None:
    assert find_focus(Scope(each) for each in reaches) == focus


@pytest.mark.parametrize(
    ("region", "reaches", "codes"),
    [
        ("", [""], ["210302", "210381"]),
        ("210300", ["210300"], ["210302", "210381"]),
        ("", ["210302", "210381006"], ["210302", "210381"]),
        ("210381", ["210300"], ["210381006"]),
        ("210302", ["210302"], ["210302006"]),
        ("210381", ["210302"], []),
    ],
)
def test_areas_are_those_within_reach(region: str, reaches: list[str], codes: list[str]) -> None:
    assert [each.code for each in find_areas(REGIONS, region, [Scope(each) for each in reaches])] == codes


def test_villages_and_streets_count_for_the_area_around_them() -> None:
    counts = {"210302": 1, "210302006": 2, "210302006001": 4, "210381": 8, "": 16}
    assert add_up(counts, Level.COUNTY) == {"210302": 7, "210381": 8, "": 16}
    assert add_up(counts, Level.TOWNSHIP) == {"210302": 1, "210302006": 6, "210381": 8, "": 16}
    assert [level_within(each) for each in ("", "210300", "210302", "210302006")] == [
        *(Level.COUNTY, Level.COUNTY),
        *(Level.TOWNSHIP, Level.TOWNSHIP),
    ]
