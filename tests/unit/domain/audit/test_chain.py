"""The canonical row and its hash, against values written down once: they must never change."""

import dataclasses
import hashlib
from typing import Any

import pytest

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.chain import (
    GENESIS,
    build_canonical,
    build_row,
    build_texts,
    close_row,
    hash_row,
    hash_texts,
)
from brightkitchen.domain.audit.model import Entry, check_entry
from brightkitchen.kernel.units import Mono, Utc

ENTRY = Entry(
    kind=model.CHANGE,
    at=Utc(1_795_392_000_000_000),
    mono_s=Mono(12.5),
    actor_id="usr_1",
    actor_role="CITY_ADMIN",
    detail={"new.port": 554, "old.port": None, "audio": True, "mode": "tcp"},
)


def test_canonical_json_is_sorted_and_has_one_spelling() -> None:
    assert build_canonical({"b": 1, "a": "厨\n\x01", "c": None}) == '{"a":"厨\\n\\u0001","b":1,"c":null}'.encode()


def test_first_row_has_the_hash_that_was_written_down() -> None:
    row = build_row(ENTRY, 1, GENESIS, "")
    canonical = (
        b'{"actor_id":"usr_1","actor_role":"CITY_ADMIN","address":"","at":1795392000000000,"camera_id":"",'
        b'"decision":"allowed","detail":"{\\"audio\\":true,\\"mode\\":\\"tcp\\",\\"new.port\\":554,\\"old.port\\":null}",'
        b'"kind":"change","mono_ms":12500,"object_id":"","object_kind":"","premises_id":"","purpose":"","reason":"",'
        b'"region":"","seq":1,"session":"","texts":"","v":1}'
    )
    assert row.hash == hashlib.sha256(b"bk-audit-v1" + bytes(32) + canonical).hexdigest()


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(model.Row) if field.name != "hash"])
def test_hash_covers_every_field(name: str) -> None:
    row = build_row(ENTRY, 1, GENESIS, "")
    old = getattr(row, name)
    other: Any = old + 1 if isinstance(old, int) else old + "x"  # Any: a field of whatever type
    changed = dataclasses.replace(row, **{name: other})
    assert hash_row(GENESIS, changed) != row.hash


def test_hash_covers_the_row_before() -> None:
    row = build_row(ENTRY, 2, "11" * 32, "")
    assert close_row(row, "12" * 32).hash != row.hash


def test_texts_are_hashed_with_their_salt() -> None:
    text = build_texts({"name": "王\u0000师傅", "empty": ""})
    assert text == '{"name":"王?师傅"}'
    assert hash_texts(b"a" * 16, text) != hash_texts(b"b" * 16, text)
    assert build_texts({"empty": ""}) == ""


def test_foreign_text_is_cleaned_and_cut() -> None:
    entry = dataclasses.replace(ENTRY, address="1.2.3.4\r\n" + "x" * 500, detail={"what": "\ud800\x00"})
    row = build_row(entry, 1, GENESIS, "")
    assert (row.address[:9], len(row.address), row.detail) == ("1.2.3.4??", 128, '{"what":"??"}')


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "nonsense"},
        {"decision": "perhaps"},
        {"detail": {"fps": 24.9}},
        {"detail": {str(number): 1 for number in range(41)}},
    ],
)
def test_entry_that_has_no_place_in_the_chain_is_a_bug(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"audit|decision"):
        check_entry(dataclasses.replace(ENTRY, **changes))  # type: ignore[arg-type]  # a table of fields
