"""Passwords that everybody tries first, looked up offline (ASVS V6.2.4, V6.2.12).

`common_passwords.txt` is made by `tools/build_common_passwords.py` from well-known patterns and local words. What no list can
hold, because there are too many, is found by its shape: one short piece repeated, a run of neighbouring keys.
"""

from functools import cache
from importlib.resources import files
from typing import Final

SHORTEST: Final = 12
_STAND_INS: Final = str.maketrans(
    {"@": "a", "4": "a", "0": "o", "$": "s", "5": "s", "3": "e", "!": "i", "1": "i", "7": "t"}
)
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop[]",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
_FEWEST_LETTERS: Final = 5


def normalise(password: str) -> str:
    """Return the normal form: lower case, and the usual stand-ins taken back (``P@ssw0rd`` = ``password``)."""
    return password.casefold().translate(_STAND_INS)


@cache
def common_passwords() -> frozenset[str]:
    """Return the list, in normal form."""
    return frozenset((files(__package__) / "common_passwords.txt").read_text(encoding="utf-8").split())


def is_common(password: str) -> bool:
    """True if the password is on the list, with or without what was stuck to its ends, or is nothing but a pattern."""
    plain = password.casefold()
    if len(set(plain)) < _FEWEST_LETTERS or _is_repetition(plain) or _is_run(plain):
        return True
    known = common_passwords()
    bare = plain.strip("!@#$%^&*()_-+=.,?~ ")
    joined = "".join(letter for letter in plain if letter.isalnum())
    return any(normalise(each) in known for each in (plain, bare, joined))


def _is_repetition(plain: str) -> bool:
    """True for a piece of up to six characters, three times or more."""
    longest = min(6, len(plain) // 3)
    return any(plain == (plain[:size] * len(plain))[: len(plain)] for size in range(1, longest + 1))


def _is_run(plain: str) -> bool:
    return any(plain in run * 2 or plain in (run * 2)[::-1] for run in _RUNS)
