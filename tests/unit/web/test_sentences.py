"""Every code that control raises has a sentence in both languages, whose parameters it gives."""

import os
import re
import string
import tomllib
from pathlib import Path

import pytest

from brightkitchen.kernel.camerastate import Reason
from brightkitchen.kernel.errors import Kind
from brightkitchen.kernel.text import LANGUAGES, sentences
from brightkitchen.web.errors import STATUS_OF_CODE, STATUS_OF_KIND

SOURCE = Path(__file__).resolve().parents[3] / "src" / "brightkitchen"
ERRORS_PAGE = SOURCE.parents[1] / "docs" / "ref" / "errors.md"
_TABLE_HEAD = "| status | code | in English |\n|--:|---|---|\n"
_ELSEWHERE = ("secrets.", "database.", "control.", "config.")
"""Told at start or on the command line only."""
_UNSEEN = {"node.forbidden", "web.needs_tls"}
"""Told to nodes, and at start."""
PART = SOURCE / "kernel" / "text" / "control.toml.part"
_RAISED = re.compile(r'(?:BrightKitchenError\(\s*Kind\.\w+,|(?:faults\.add|field_error)\(\s*[^,()]+,)\s*"([a-z_.]+)"')
_KINDS = re.compile(r'BrightKitchenError\(\s*Kind\.(\w+),\s*"([a-z_.]+)"')
_FAULTS = re.compile(r'(?:faults\.add|field_error)\(\s*[^,()]+,\s*"([a-z_.]+)"')
_SAID = re.compile(r'say\(\s*"([a-z_.]+)"')


def _all(language: str) -> dict[str, str]:
    part = tomllib.loads(PART.read_text(encoding="utf-8")) if PART.exists() else {}
    short = "zh" if language == "zh-CN" else "en"
    return {code: each[short] for code, each in part.items()} | dict(sentences(language))


def _codes() -> set[str]:
    files = [path for area in ("domain", "web", "cli") for path in (SOURCE / area).rglob("*.py")]
    files += [
        SOURCE / "kernel" / f"{name}.py"
        for name in ("errors", "sealing", "datakeys", "database", "databaseurl", "privatesocket")
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return set(_RAISED.findall(text)) | set(_SAID.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_control_has_a_sentence(language: str) -> None:
    codes = _codes()
    assert len(codes) > 40
    assert codes - set(_all(language)) == {"config.ok"} - set(_all(language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_and_advice(language: str, reason: Reason) -> None:
    known = _all(language)
    assert known[f"camera.reason.{reason.value}"]
    assert known[f"camera.advice.{reason.value}"]


def test_both_languages_use_the_same_parameters() -> None:
    chinese, english = (_all(language) for language in LANGUAGES)

    def names(sentence: str) -> set[str]:
        return {name for _text, name, _spec, _conversion in string.Formatter().parse(sentence) if name}

    assert {code for code in chinese if names(chinese[code]) != names(english[code])} == set()


def test_chinese_sentences_are_punctuated_as_the_house_does() -> None:
    wrong = {code for code, text in _all("zh-CN").items() if re.search(r"抱歉|！|[一-鿿][,;?!]|[一-鿿] [一-鿿]", text)}
    assert wrong == set()


def test_errors_page_is_what_the_code_raises() -> None:
    """To draw it again after a change: BK_REGENERATE=1 pytest on this file."""
    head, _, rest = ERRORS_PAGE.read_text(encoding="utf-8").partition(_TABLE_HEAD)
    foot = rest.partition("\n\n")[2]
    page = f"{head}{_TABLE_HEAD}{_build_error_rows()}\n\n{foot}"
    if os.environ.get("BK_REGENERATE") == "1":
        ERRORS_PAGE.write_text(page, encoding="utf-8")
    assert ERRORS_PAGE.read_text(encoding="utf-8") == page


def _build_error_rows() -> str:
    files = [path for area in ("domain", "web") for path in (SOURCE / area).rglob("*.py")]
    files += [SOURCE / "kernel" / f"{name}.py" for name in ("errors", "netguard")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    raised = {
        *_KINDS.findall(text),
        *(("INVALID", code) for code in _FAULTS.findall(text)),
        ("CONFLICT", "edit.conflict"),
    }
    # A code may be raised as two kinds, at two places: then it has two rows.
    answers = {(STATUS_OF_CODE.get(code, STATUS_OF_KIND[Kind[kind]]).value, code) for kind, code in raised}
    said = sentences("en")
    rows = sorted((status, code) for status, code in answers if code not in _UNSEEN and not code.startswith(_ELSEWHERE))
    assert len(rows) > 60
    return "\n".join(
        f"| {status} | `{code}` | {said[code].replace('|', '/').replace(chr(10), ' ')} |" for status, code in rows
    )
