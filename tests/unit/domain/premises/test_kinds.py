"""The packaged tables say what DOMAIN §1.2 says; zones are named by code or word, and some never."""

import pytest

from brightkitchen.domain.premises.kinds import check_zone, load_packaged_kinds, parse_kinds
from brightkitchen.domain.premises.model import Need
from brightkitchen.kernel.errors import BrightKitchenError

KINDS = load_packaged_kinds()
M, I, S = Need.MUST, Need.MUST_IF_PRESENT, Need.SHOULD  # noqa: E741
TABLE = {
    "PRIMARY_SCHOOL": {
        "STORE": M,
        "ROUGH": M,
        "CUT": M,
        "COOK": M,
        "COLD": I,
        "SERVE": M,
        "WASH": M,
        "SAMPLE": M,
        "DINE": M,
    },
    "RESTAURANT_S": {"STORE": S, "ROUGH": S, "CUT": M, "COOK": M, "COLD": I, "WASH": M, "DINE": S, "PACK": S},
    "COLD_STORE": {"GATE": M, "AISLE": M, "WORK": M, "DISINF": I},
    "SUPERMARKET": {"GATE": M, "COUNTER": M},
    "PHARMACY": {"GATE": M, "COUNTER": M, "COOLBOX": S},
}


@pytest.mark.parametrize("category", TABLE)
def test_must_zones_are_those_of_the_table(category: str) -> None:
    assert {need.zone: need.need for need in KINDS.needs_of(category)} == TABLE[category]


def test_zones_that_may_share_a_camera_are_cutting_and_washing_of_restaurants() -> None:
    assert {(need.zone_profile, need.zone) for need in KINDS.needs if need.may_be_shared} == {
        ("RESTAURANT", "CUT"),
        ("RESTAURANT", "WASH"),
    }


def test_every_category_needs_something_and_codes_fit_their_columns() -> None:
    assert all(KINDS.needs_of(code) for code in KINDS.categories)
    assert max(map(len, KINDS.zones)) <= 16 and max(map(len, KINDS.categories)) <= 24
    assert {code for code, each in KINDS.categories.items() if each.is_school} == {
        *("PRIMARY_SCHOOL", "KINDERGARTEN", "MIDDLE_SCHOOL", "HIGH_SCHOOL", "UNIVERSITY")
    }


@pytest.mark.parametrize("text", ["CUT", "cut", " 切配 ", "Cutting"])
def test_zone_is_named_by_code_or_word(text: str) -> None:
    assert check_zone(KINDS.zones, text) == "CUT"


@pytest.mark.parametrize(
    "text",
    [each.code for each in KINDS.zones.values() if each.is_refused]
    + [
        "包间",
        "更衣室",
        "卫生间",
        "员工休息室",
        "客房",
        "宿舍",
        "浴室",
        "哺乳室",
        "2号包间",
        "女更衣间",
        "厕所门口",
        "雅间",
    ],
)
def test_zone_that_no_camera_may_show_is_refused(text: str) -> None:
    with pytest.raises(BrightKitchenError) as caught:
        check_zone(KINDS.zones, text)
    assert caught.value.code == "zone.refused"


def test_zone_nobody_knows_is_refused_by_another_word() -> None:
    with pytest.raises(BrightKitchenError) as caught:
        check_zone(KINDS.zones, "屋顶")
    assert caught.value.code == "zone.unknown"


def test_table_that_demands_a_refused_zone_is_no_table() -> None:
    text = """
        shared = {}
        need = {P = {ROOM = "MUST"}}
        zone = [{code = "ROOM", zh = "包间", en = "Room", area = "REFUSED"}]
        category = [{code = "C", zh = "丙", en = "C", profile = "P"}]
    """
    with pytest.raises(ValueError, match="cannot be a must-zone"):
        parse_kinds(text)
