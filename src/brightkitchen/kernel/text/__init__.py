"""Every sentence the server says to a person, in the two house languages, looked up by a stable code.

The sentences are data (`zh-CN.toml`, `en.toml`): one flat table, code = sentence with `{parameters}`. zh-CN is written first and is the
language of anybody who asks for none that we have.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Term

LANGUAGES: Final = ("zh-CN", "en")


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Return all sentences of `language` ("zh-CN" or "en")."""
    text = (files(__package__) / f"{language}.toml").read_text(encoding="utf-8")
    return {code: str(sentence) for code, sentence in tomllib.loads(text).items()}


def has_sentence(code: str) -> bool:
    """True if there is a sentence for `code`."""
    return code in sentences(LANGUAGES[0])


def say(code: str, language: str = LANGUAGES[0], /, **params: str | int | float) -> str:
    """Return the sentence for `code` with its parameters filled in.

    An unknown code, or a parameter that is missing, must not hide the error it speaks of: then the general
    sentence with the code is returned.
    """
    known = sentences(language if language in LANGUAGES else LANGUAGES[0])
    try:
        words = {key: known.get(value, value) if isinstance(value, Term) else value for key, value in params.items()}
        return known[code].format(**words)
    except (KeyError, IndexError, ValueError):
        return known["error.unnamed"].format(code=code)


def say_error(error: BrightKitchenError, language: str = LANGUAGES[0]) -> str:
    """Return what `error` says to a person."""
    return say(error.code, language, **error.params)


def choose_language(wanted: str) -> str:
    """Choose a house language for an `Accept-Language` header or a POSIX locale ("zh_CN.UTF-8", "en-GB;q=0.8, zh")."""
    for part in wanted.lower().replace("_", "-").split(","):
        tag = part.split(";")[0].split(".")[0].strip()
        if tag.startswith("zh"):
            return "zh-CN"
        if tag.startswith("en"):
            return "en"
    return LANGUAGES[0]
