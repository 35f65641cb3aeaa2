"""Parameters that many routes take: closed sets, bounded text, entity tags (SECURITY S41)."""

import hashlib
import re
from typing import Annotated, Final

from fastapi import Header, Query

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.units import Utc, parse_utc

MAX_TEXT_CHARS: Final = 64
_ETAG: Final = re.compile(r'"([0-9]{1,9})"')

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=40)]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=100)]
RegionQuery = Annotated[str, Query(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})?$")]
CodeQuery = Annotated[str, Query(pattern=r"^[A-Z0-9_]{0,24}$")]
NodeQuery = Annotated[str, Query(pattern=r"^(node-[0-9]{1,3})?$")]
TextQuery = Annotated[str, Query(max_length=MAX_TEXT_CHARS)]


def read_etag(text: str | None) -> int | None:
    """Return the version that an `If-Match` names, None for any; -1, which no record has, for a tag that is none of ours."""
    if text is None or text == "*":
        return None
    match = _ETAG.fullmatch(text)
    return int(match[1]) if match else -1


def write_etag(version: int) -> str:
    """Return the entity tag of a version, with its quotes."""
    return f'"{version}"'


def build_content_etag(body: bytes) -> str:
    """Return a tag that names exactly this content."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def read_instant(text: str, field: str = "") -> Utc:
    """Return an instant of a request; the "+" of an offset may have become a space. raises: BrightKitchenError "web.instant"."""
    try:
        return parse_utc(text.replace(" ", "+"))
    except (ValueError, OverflowError) as cause:
        raise BrightKitchenError(Kind.INVALID, "web.instant", **({"field": field} if field else {})) from cause


def read_optional_instant(text: str | None, field: str = "") -> Utc | None:
    """Return an instant of a request, None if none was named. raises: BrightKitchenError "web.instant"."""
    return read_instant(text, field) if text is not None else None
