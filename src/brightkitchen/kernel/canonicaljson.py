"""Canonical JSON (RFC 8785), limited to what evidence needs: strings, whole numbers, booleans, null, lists, objects with ASCII keys.

One value has one spelling, so that its hash means something in any language. Numbers stay below 2**53, or a browser would read others.
Rules of this file: pure, and frozen: a change here makes every old signature look forged.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from brightkitchen.kernel.errors import TheirError

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]
MAX_DEPTH: Final = 16
_LARGEST: Final = 2**53 - 1
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def build_canonical(value: Json) -> bytes:
    """Return the one spelling of `value`. raises: ValueError for what has none: a float, a number past 2**53, a lone surrogate."""
    _check(value, 0)
    return _ENCODER.encode(value).encode("utf-8")


def parse_canonical(data: bytes, *, most_bytes: int = 1024 * 1024) -> dict[str, Json]:
    """Return the object that `data` spells. raises: TheirError if it is none, or not in its one spelling."""
    if len(data) > most_bytes:
        raise TheirError("the JSON text is too large")
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
        is_same = isinstance(value, dict) and build_canonical(value) == data
    except (ValueError, RecursionError) as cause:
        raise TheirError("not canonical JSON", sample=data) from cause
    if not is_same:
        raise TheirError("not canonical JSON", sample=data)
    found: dict[str, Json] = value
    return found


def _refuse(text: str) -> object:
    raise ValueError(f"{text[:20]} has no canonical spelling here")


def _check(value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise ValueError("a number that a browser cannot hold")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise ValueError("a key that is not plain")
            _check(each, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            _check(each, depth + 1)
    else:
        raise ValueError(f"{type(value).__name__} has no canonical spelling here")
