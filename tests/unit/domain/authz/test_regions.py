"""Codes: what lies inside what, and how deep."""

import pytest

from brightkitchen.domain.authz.regions import RegionLevel, is_inside, level_of, region_prefix


@pytest.mark.parametrize(
    ("code", "prefix"),
    [("", ""), ("210000", "21"), ("210300", "2103"), ("210302", "210302"), ("210302006", "210302006")],
)
def test_prefix_is_what_all_codes_inside_begin_with(code: str, prefix: str) -> None:
    assert region_prefix(code) == prefix


@pytest.mark.parametrize(
    ("code", "outer", "inside"),
    [
        ("210302006", "210300", True),
        ("210302006", "210302", True),
        ("210381", "210302", False),
        ("210300", "210302", False),
        ("110105", "210300", False),
        ("110105", "", True),
        ("210302006", "210302006", True),
    ],
)
def test_inside_follows_the_code(code: str, outer: str, inside: bool) -> None:
    assert is_inside(code, outer) is inside


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("210000", RegionLevel.PROVINCE),
        ("210300", RegionLevel.CITY),
        ("210381", RegionLevel.COUNTY),
        ("210381101", RegionLevel.TOWNSHIP),
    ],
)
def test_level_is_read_from_the_code(code: str, level: RegionLevel) -> None:
    assert level_of(code) is level


@pytest.mark.parametrize("text", ["21", "21030x", "2103020", "２１０３０２"])
def test_level_of_something_else_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a region code"):
        level_of(text)
