"""The guard's pure parts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.web.guard import build_csp, is_nested_deeper

VALUES = st.recursive(
    st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def _depth(value: object) -> int:
    if isinstance(value, list):
        return 1 + max((_depth(each) for each in value), default=0)
    if isinstance(value, dict):
        return 1 + max((_depth(each) for each in value.values()), default=0)
    return 0


@given(VALUES, st.integers(0, 6))
def test_depth_of_json_is_judged_whatever_its_strings_hold(value: object, levels: int) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert is_nested_deeper(text.encode("utf-8", "surrogatepass"), levels) is (_depth(value) > levels)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"[[[":', b'["\\"[",'])
def test_one_level_too_many_is_noticed(opening: bytes) -> None:
    closing = b"".join(b"]" if byte == b"[" else b"}" for byte in reversed(_brackets(opening)))
    for levels in range(1, 40):
        body = opening * levels + b"1" + closing * levels
        opened = levels * len(closing)
        assert not is_nested_deeper(body, opened)
        assert is_nested_deeper(body, opened - 1)


@pytest.mark.parametrize("text", [b"[" * 33, b'{"a":' * 33, b"\xff" + b"[" * 33, b'[{"' * 2 + b"[" * 33])
def test_unclosed_depth_is_noticed(text: bytes) -> None:
    assert is_nested_deeper(text, 32) is (text.count(b'"') % 2 == 0 or b'a"' in text)


@pytest.mark.parametrize("unit", [b'"\\', b'\\"', b'"', b"[]", b'["', b"\\"])
def test_hostile_text_is_judged_without_going_back(unit: bytes) -> None:
    """1 MiB each; a pattern that goes back over open strings would not end within the suite's patience."""
    assert isinstance(is_nested_deeper(unit * (1024 * 1024 // len(unit)), 32), bool)


def _brackets(text: bytes) -> list[bytes]:
    return [bytes((byte,)) for byte in _outside_strings(text) if byte in b"[{"]


def _outside_strings(text: bytes) -> bytes:
    inside, kept, escaped = False, bytearray(), False
    for byte in text:
        if escaped:
            escaped = False
        elif byte == ord("\\"):
            escaped = True
        elif byte == ord('"'):
            inside = not inside
        elif not inside:
            kept.append(byte)
    return bytes(kept)


def test_policy_without_a_nonce_allows_no_inline_style() -> None:
    policy = build_csp(media_urls=(), own_socket="wss://a", nonce=None)
    assert "style-src 'self';" in policy
    assert "nonce" not in policy
