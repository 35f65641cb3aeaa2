"""Numbers that carry their own check: credit code, food licence, identity number; and telephone numbers. Pure.

Each `check_` returns the number as it is stored (upper case, no spaces) or raises; the sentence of the error says which figure to
compare. None of them says that the number was ever issued.
"""

import re
from datetime import date
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind

# GB 32100-2015: no I, O, S, V, Z
_CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE: Final = re.compile(rf"[1-9ANY][1-9][0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}")
_FOOD_LICENCE: Final = re.compile(r"(?:JY|YB)[0-9]{14}")
_OTHER_LICENCE: Final = re.compile(r"[0-9A-Z\u4e00-\u9fff（）()〔〕\[\]/-]{4,20}")
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE: Final = re.compile(r"0[0-9]{2,3}-[0-9]{7,8}")
_ID_NO: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
_SPACES: Final = re.compile(r"[\s\u3000]+")


def check_credit_code(text: str) -> str:
    """Return the unified social credit code, 18 characters.

    raises: BrightKitchenError "premises.credit_code_form" (length, characters), "premises.credit_code_check" (18th character).
    source: GB 32100-2015, modulus 31, weights 3^(i-1).
    """
    code = _plain(text)
    if not _CREDIT_CODE.fullmatch(code):
        raise BrightKitchenError(Kind.INVALID, "premises.credit_code_form")
    if credit_check_character(code[:17]) != code[17]:
        raise BrightKitchenError(Kind.INVALID, "premises.credit_code_check")
    return code


def is_credit_code(text: str) -> bool:
    """True for what `check_credit_code` returns: a credit code as it is stored."""
    try:
        return check_credit_code(text) == text
    except BrightKitchenError:
        return False


def credit_check_character(first: str) -> str:
    """Return the 18th character for the first 17, all of the code's alphabet."""
    total = sum(_CREDIT_ALPHABET.index(each) * pow(3, place, 31) for place, each in enumerate(first))
    return _CREDIT_ALPHABET[-total % 31]


def check_food_licence(text: str) -> str:
    """Return a food business licence (JY) or record (YB) number, 16 characters.

    raises: BrightKitchenError "premises.licence_form" (two letters and 14 digits), "premises.licence_check" (last digit).
    source: 食品经营许可和备案管理办法; the last digit by GB/T 17710 (ISO 7064 MOD 11,10) over the 13 before it.
    """
    number = _plain(text)
    if not _FOOD_LICENCE.fullmatch(number):
        raise BrightKitchenError(Kind.INVALID, "premises.licence_form")
    if mod_11_10_digit(number[2:15]) != number[15]:
        raise BrightKitchenError(Kind.INVALID, "premises.licence_check")
    return number


def check_any_licence(text: str) -> str:
    """Return a licence number of a trade that is no catering (medicine, goods): a JY or YB number is checked, others by form only.

    raises: as `check_food_licence`, and "premises.licence_other" (4 to 20 letters, digits, Chinese characters).
    """
    number = _plain(text)
    if number.startswith(("JY", "YB")):
        return check_food_licence(number)
    if not _OTHER_LICENCE.fullmatch(number):
        raise BrightKitchenError(Kind.INVALID, "premises.licence_other")
    return number


def mod_11_10_digit(digits: str) -> str:
    """Return the check digit of ISO 7064 MOD 11,10 for a string of digits."""
    product = 10
    for each in digits:
        total = (int(each) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def check_phone(text: str) -> str:
    """Return a mobile number (11 digits) or a landline with its area code ("0412-5551234").

    raises: BrightKitchenError "premises.phone_invalid".
    """
    number = _plain(text).removeprefix("+86")
    if _MOBILE.fullmatch(number.replace("-", "")):
        return number.replace("-", "")
    if _LANDLINE.fullmatch(number):
        return number
    raise BrightKitchenError(Kind.INVALID, "premises.phone_invalid")


def is_phone(text: str) -> bool:
    """True for what `check_phone` would take."""
    try:
        check_phone(text)
    except BrightKitchenError:
        return False
    return True


def check_id_no(text: str) -> str:
    """Return a resident's identity number, 18 characters.

    raises: BrightKitchenError "premises.id_no_invalid". source: GB 11643-1999, ISO 7064 MOD 11-2, and a birthday that exists.
    """
    number = _plain(text)
    if not _ID_NO.fullmatch(number) or id_check_character(number[:17]) != number[17]:
        raise BrightKitchenError(Kind.INVALID, "premises.id_no_invalid")
    try:
        date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    except ValueError as cause:
        raise BrightKitchenError(Kind.INVALID, "premises.id_no_invalid") from cause
    return number


def id_check_character(first: str) -> str:
    """Return the 18th character for the first 17 digits."""
    return _ID_CHECKS[sum(int(each) * weight for each, weight in zip(first, _ID_WEIGHTS, strict=True)) % 11]


def mask_phone(number: str) -> str:
    """Return what everybody may see of a telephone number: 138****1234, 0412-*****34."""
    if _MOBILE.fullmatch(number):
        return f"{number[:3]}****{number[-4:]}"
    area, dash, rest = number.partition("-")
    return f"{area}{dash}{'*' * max(0, len(rest) - 2)}{rest[-2:]}"


def mask_id_no(number: str) -> str:
    """Return what everybody may see of an identity number: neither the birthday nor the district."""
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"


def _plain(text: str) -> str:
    return _SPACES.sub("", text).upper()
