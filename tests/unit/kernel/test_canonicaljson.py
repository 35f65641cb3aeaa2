import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.kernel.canonicaljson import build_canonical, parse_canonical
from brightkitchen.kernel.errors import TheirError

_texts = st.text(st.characters(codec="utf-8"), max_size=20)
_leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _texts
_keys = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
_values = st.recursive(_leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4))


@given(st.dictionaries(_keys, _values, max_size=5))
def test_canonical_read_back_is_the_same_value_in_the_same_bytes(value: Any) -> None:  # Any: JSON
    data = build_canonical(value)
    assert parse_canonical(data) == value
    assert json.loads(data) == value


def test_canonical_spelling_is_that_of_rfc_8785() -> None:
    value: Any = {"b": ["€$\u000f\nA'B\"\\/", True, None], "a": -7, "a1": {"z": "厨", "y": 0}}
    assert build_canonical(value).decode() == (
        '{"a":-7,"a1":{"y":0,"z":"厨"},"b":["€$\\u000f\\nA\'B\\"\\\\/",true,null]}'
    )


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1 }',
        b'{"b":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":1,"a":1}',
        b'{"a":NaN}',
        b'{"a":"\\u0041"}',
        b'["a"]',
        b'{"A":1}',
        b'{"a":9007199254740993}',
        b'{"a":"\xff"}',
        b"",
        b'{"a":' * 3000,
    ],
)
def test_parse_other_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(TheirError):
        parse_canonical(text)


@pytest.mark.parametrize("value", [{"a": 1.5}, {"a": 2**53}, {"a": "\ud800"}, {"a": b"x"}, {"": 1}])
def test_build_value_without_a_spelling_is_refused(value: Any) -> None:  # Any: wrong on purpose
    with pytest.raises(ValueError):
        build_canonical(value)
