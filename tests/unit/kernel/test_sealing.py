"""Sealing: bound to its key and its place, and silent about both."""

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.sealing import FieldSealer, SealBroken, Sealer, open_kek

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))


def _sealer(key: bytes = KEY) -> Sealer:
    return Sealer(key, SeededEntropy(1))


@given(plain=st.binary(max_size=300), context=st.text(max_size=60))
def test_open_returns_what_was_sealed(plain: bytes, context: str) -> None:
    sealer = _sealer()
    assert sealer.open(sealer.seal(plain, context), context) == plain


def test_seal_twice_gives_two_blobs_that_hide_the_text() -> None:
    sealer = _sealer()
    blobs = {sealer.seal(b"hunter2hunter2", "x") for _ in range(2)}
    assert len(blobs) == 2
    assert all(b"hunter2" not in blob for blob in blobs)


def test_every_changed_byte_is_noticed() -> None:
    sealer = _sealer()
    blob = sealer.seal(b"secret", "x")
    for index in range(len(blob)):
        changed = blob[:index] + bytes((blob[index] ^ 1,)) + blob[index + 1 :]
        with pytest.raises(SealBroken):
            sealer.open(changed, "x")


@pytest.mark.parametrize("length", range(37))
def test_cut_blob_is_noticed(length: int) -> None:
    with pytest.raises(SealBroken):
        _sealer().open(_sealer().seal(b"secret", "x")[:length], "x")


def test_other_key_or_place_does_not_open() -> None:
    blob = _sealer().seal(b"secret", "x")
    with pytest.raises(SealBroken):
        _sealer(OTHER_KEY).open(blob, "x")
    with pytest.raises(SealBroken):
        _sealer().open(blob, "y")


@pytest.mark.parametrize(
    "place",
    [
        {"table": "u", "column": "c", "row": "1"},
        {"table": "t", "column": "d", "row": "1"},
        {"table": "t", "column": "c", "row": "2"},
        {"table": "t\x1fc", "column": "", "row": "1"},
    ],
)
def test_cell_moved_elsewhere_does_not_open(place: dict[str, str]) -> None:
    sealer = FieldSealer({"a": KEY}, SeededEntropy(1))
    blob = sealer.seal("secret", table="t", column="c", row="1")
    with pytest.raises(SealBroken):
        sealer.open(blob, **place)


def test_newest_key_seals_and_older_ones_still_open() -> None:
    old = FieldSealer({"a": KEY}, SeededEntropy(1))
    both = FieldSealer({"a": KEY, "b": OTHER_KEY}, SeededEntropy(2))
    place = {"table": "t", "column": "c", "row": "1"}
    assert both.open(old.seal("secret", **place), **place) == "secret"
    with pytest.raises(SealBroken):
        old.open(both.seal("secret", **place), **place)


def test_key_from_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BK_TEST_KEK", base64.b64encode(KEY).decode())
    opened = open_kek("env:BK_TEST_KEK", SeededEntropy(1), sealed_rows_exist=True)
    assert opened.key_id == _sealer().key_id


@pytest.mark.parametrize(
    ("text", "mode", "code"),
    [
        ("not base64!", 0o600, "secrets.key_unreadable"),
        (base64.b64encode(b"short").decode(), 0o600, "secrets.key_unreadable"),
        (base64.b64encode(KEY).decode(), 0o640, "secrets.key_exposed"),
    ],
)
def test_unfit_key_file_is_refused(tmp_path: Path, text: str, mode: int, code: str) -> None:
    path = tmp_path / "kek"
    path.write_text(text, encoding="utf-8")
    os.chmod(path, mode)
    with pytest.raises(BrightKitchenError) as refused:
        open_kek(f"file:{path}", SeededEntropy(1), sealed_rows_exist=False)
    assert refused.value.code == code


@pytest.mark.parametrize("source", ["", "file:", "http://x", "kek"])
def test_unknown_source_is_refused(source: str) -> None:
    with pytest.raises(BrightKitchenError, match=r"secrets\.key_unreadable"):
        open_kek(source, SeededEntropy(1), sealed_rows_exist=False)
