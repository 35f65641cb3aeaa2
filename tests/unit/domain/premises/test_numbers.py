"""Numbers that check themselves: known ones pass, every single wrong character is noticed, masks hide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.domain.premises import numbers
from brightkitchen.kernel.errors import BrightKitchenError

CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# the standard's own example, and two of well-known bodies
CREDIT_CODES = ("91350100M000100Y43", "91110000600037341L", "91440300708461136T")
ID_NO = "11010519491231002X"  # the example of GB 11643


def refused(check: object, text: str) -> str:
    assert callable(check)
    with pytest.raises(BrightKitchenError) as caught:
        check(text)
    return caught.value.code


@pytest.mark.parametrize("code", CREDIT_CODES)
def test_credit_code_known_ones_pass_in_any_spelling(code: str) -> None:
    assert numbers.check_credit_code(f" {code[:8].lower()} {code[8:]}　") == code


@given(st.text(CREDIT, min_size=9, max_size=9), st.integers(0, 17), st.sampled_from(CREDIT))
def test_credit_code_with_one_wrong_character_is_refused(body: str, place: int, wrong: str) -> None:
    first = "91210302" + body
    code = first + numbers.credit_check_character(first)
    assert numbers.check_credit_code(code) == code
    spoilt = code[:place] + wrong + code[place + 1 :]
    if spoilt != code:
        assert refused(numbers.check_credit_code, spoilt) in ("premises.credit_code_check", "premises.credit_code_form")


@pytest.mark.parametrize("text", ["", "9135", "91350100M000100Y433", "91350100M000100I43", "01350100M000100Y43"])
def test_credit_code_of_another_form_is_refused_by_its_form(text: str) -> None:
    assert refused(numbers.check_credit_code, text) == "premises.credit_code_form"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("91210302MA0Y000015", True),
        ("91210302MA0Y000018", False),
        ("91210302ma0y000015", False),
        ("91210302 MA0Y000015", False),
        ("91210302MA0Y00001", False),
        ("9121030IMA0Y000017", False),
        ("", False),
    ],
)
def test_credit_code_as_stored_is_told_from_any_other(text: str, fits: bool) -> None:
    assert numbers.is_credit_code(text) is fits


def test_mod_11_10_agrees_with_the_example_of_the_standard() -> None:
    assert numbers.mod_11_10_digit("0794") == "5"


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 13), st.sampled_from("0123456789"))
def test_food_licence_with_one_wrong_digit_is_refused(body: str, place: int, wrong: str) -> None:
    digits = "2" + body
    licence = "JY" + digits + numbers.mod_11_10_digit(digits)
    assert numbers.check_food_licence(licence.lower()) == licence
    spoilt = licence[: 2 + place] + wrong + licence[3 + place :]
    if spoilt != licence:
        assert refused(numbers.check_food_licence, spoilt) == "premises.licence_check"


@pytest.mark.parametrize("text", ["JY2210302", "SC12103020001234", "JY221030200000123", "２２１０３０２"])
def test_food_licence_of_another_form_is_refused_by_its_form(text: str) -> None:
    assert refused(numbers.check_food_licence, text) == "premises.licence_form"


def test_other_licence_passes_by_form_and_a_food_licence_is_still_checked() -> None:
    assert numbers.check_any_licence("辽CA0412001") == "辽CA0412001"
    assert refused(numbers.check_any_licence, "JY22103020000129") == "premises.licence_check"
    assert refused(numbers.check_any_licence, "<b>1234</b>") == "premises.licence_other"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("13804120071", "13804120071"),
        ("+86 138 0412 0071", "13804120071"),
        ("138-0412-0071", "13804120071"),
        ("0412-5551234", "0412-5551234"),
        ("024-22345678", "024-22345678"),
    ],
)
def test_phone_is_stored_in_one_spelling(text: str, stored: str) -> None:
    assert numbers.check_phone(text) == stored


@pytest.mark.parametrize(
    "text", ["", "12804120071", "1380412007", "138041200711", "5551234", "138****0071", "１３８０４１２００７１"]
)
def test_phone_that_is_none_is_refused(text: str) -> None:
    assert refused(numbers.check_phone, text) == "premises.phone_invalid"
    assert not numbers.is_phone(text)


def test_id_no_example_of_the_standard_passes() -> None:
    assert numbers.check_id_no(ID_NO.lower()) == ID_NO


@given(st.integers(0, 17), st.sampled_from("0123456789X"))
def test_id_no_with_one_wrong_character_is_refused(place: int, wrong: str) -> None:
    spoilt = ID_NO[:place] + wrong + ID_NO[place + 1 :]
    if spoilt != ID_NO:
        assert refused(numbers.check_id_no, spoilt) == "premises.id_no_invalid"


def test_id_no_with_a_birthday_that_never_was_is_refused() -> None:
    first = "21030219900230001"
    assert refused(numbers.check_id_no, first + numbers.id_check_character(first)) == "premises.id_no_invalid"


def test_masks_hide_what_tells_who_it_is() -> None:
    assert numbers.mask_phone("13804120071") == "138****0071"
    assert numbers.mask_phone("0412-5551234") == "0412-*****34"
    assert numbers.mask_id_no(ID_NO) == "110*************2X"
