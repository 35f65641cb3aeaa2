"""Every kind of audit row, and every change that names its act, has words for an auditor."""

import re
from pathlib import Path

import pytest

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.model import Row
from brightkitchen.domain.inquiry.model import word_codes
from brightkitchen.domain.maintenance import policy as maintenance
from brightkitchen.domain.onboarding.policy import action_of
from brightkitchen.domain.onboarding.states import Event
from brightkitchen.kernel.text import LANGUAGES, sentences
from brightkitchen.kernel.units import Utc

DOMAIN = Path(__file__).resolve().parents[4] / "src" / "brightkitchen" / "domain"


def row(kind: str, object_kind: str = "") -> Row:
    texts = dict.fromkeys(("actor_id", "actor_role", "session", "address", "object_id", "premises_id"), "")
    more = dict.fromkeys(("camera_id", "region", "decision", "reason", "purpose", "texts", "hash"), "")
    return Row(seq=1, at=Utc(0), mono_ms=0, kind=kind, object_kind=object_kind, detail="{}", **texts, **more)


def first_words(kind: str, object_kind: str = "", **detail: object) -> str:
    return next(code for code in word_codes(row(kind, object_kind), detail) if code in sentences("zh-CN"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(model.KINDS))
def test_kind_of_row_has_words_in_both_languages(language: str, kind: str) -> None:
    assert sentences(language)[word_codes(row(kind), {})[-1]]


@pytest.mark.parametrize(
    "act",
    sorted(
        {action_of(event) for event in Event}
        | {maintenance.OPEN_FAULT, maintenance.HANDLE_FAULT}
        | {maintenance.ADD_DEVICE, maintenance.CHANGE_DEVICE, maintenance.MOVE_DEVICE, maintenance.REMOVE_DEVICE}
        | {"onboarding.set_due", "camera.approve", "camera.refuse"}
    ),
)
def test_act_of_operations_has_its_own_words(act: str) -> None:
    assert first_words(model.CHANGE, "premises", act=act) == f"audit.act.{act}"


def test_act_about_people_has_its_own_words() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted((DOMAIN / "users").glob("*.py")))
    acts = set(
        re.findall(r'"((?:people|token|recovery|approval|organisation|region)\.[a-z_]*(?:ed|ed_again|made))"', source)
    )
    assert {"people.invited", "token.made", "recovery.approved", "approval.decided"} <= acts
    unnamed = {act for act in acts if f"audit.act.{act}" not in sentences("zh-CN")}
    assert unnamed == {"people.granted", "people.revoked"}  # these are kinds of their own


@pytest.mark.parametrize(
    ("object_kind", "detail", "words"),
    [
        ("camera", {"new.host": "10.0.0.1", "version": 1}, "camera.add"),
        ("camera", {"old.host": "10.0.0.1", "new.host": "10.0.0.2"}, "camera.change"),
        ("camera", {"version": 2}, "camera.change"),
        ("camera", {"retired": True}, "camera.retire"),
        ("user", {"created": True}, "user.add"),
        ("user", {"password": "changed"}, "user.password"),
        ("user", {"factor_added": "totp"}, "user.factor_added"),
        ("suspension", {"act": "approve"}, "suspension.approve"),
        ("premises", {"act": "import"}, "premises.import"),
        ("premises_person", {"act": "remove"}, "premises_person.remove"),
    ],
)
def test_change_is_worded_by_what_was_changed(object_kind: str, detail: dict[str, object], words: str) -> None:
    assert first_words(model.CHANGE, object_kind, **detail) == f"audit.act.{words}"


def test_change_that_nobody_foresaw_is_called_a_change() -> None:
    assert first_words(model.CHANGE, "something", act="unheard.of") == "audit.kind.change"
