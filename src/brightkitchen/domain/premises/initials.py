"""What one types to find a Chinese name without an input method: 站前小学食堂 = zqxxst."""

import re
from functools import lru_cache
from typing import Final

MAX_INITIALS: Final = 100
_KEPT: Final = re.compile(r"[0-9a-z]")


@lru_cache(maxsize=4096)
def build_initials(name: str) -> str:
    """Return the first letters of the pinyin in lower case, with ASCII letters and digits as they are; everything else is left out.

    A character with several readings gets the one of the word it stands in (重庆 = cq).
    """
    # here, not above: its dictionaries take a moment and some memory, and only those who write names need them
    from pypinyin import Style, lazy_pinyin

    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors="default")
    return "".join(each for each in "".join(letters).lower() if _KEPT.fullmatch(each))[:MAX_INITIALS]
