import re

import pytest

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import LANGUAGES, choose_language, say, say_error, sentences

_PARAMETER = re.compile(r"\{(\w+)[^}]*\}")


def test_sentences_of_both_languages_have_the_same_codes_and_parameters() -> None:
    def shape(language: str) -> dict[str, set[str]]:
        return {code: set(_PARAMETER.findall(sentence)) for code, sentence in sentences(language).items()}

    assert shape("zh-CN") == shape("en")


def test_chinese_sentences_use_chinese_punctuation() -> None:
    half_width = re.compile(r"[一-鿿][,;:!?.]|[,;:!?][一-鿿]")
    assert {code: text for code, text in sentences("zh-CN").items() if half_width.search(text)} == {}


def test_chinese_sentences_do_not_apologise_or_shout() -> None:
    assert {code: text for code, text in sentences("zh-CN").items() if "抱歉" in text or "！" in text} == {}


def test_say_unknown_code_names_it() -> None:
    assert "no.such" in say("no.such")


def test_say_error_uses_code_and_parameters() -> None:
    error = BrightKitchenError(Kind.INVALID, "config.port_twice", first="a", second="b", port=80)
    assert say_error(error, "en") == "a and b both ask for port 80. Choose another port for one of them."


def test_say_missing_parameter_still_names_the_code() -> None:
    assert "config.port_twice" in say("config.port_twice", "en", first="a")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("en-GB,en;q=0.8", "en"),
        ("zh_CN.UTF-8", "zh-CN"),
        ("fr, en;q=0.5", "en"),
        ("C", "zh-CN"),
        ("", "zh-CN"),
        ("zh-TW", "zh-CN"),
    ],
)
def test_choose_language_takes_the_first_we_have(wanted: str, language: str) -> None:
    assert choose_language(wanted) == language
    assert language in LANGUAGES
