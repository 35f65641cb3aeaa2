"""Entity tags of records that two may edit, and of lists that rarely change."""

import hashlib
import re
from typing import Annotated, Final

from fastapi import Header

from brightkitchen.kernel.errors import BrightKitchenError, Kind

_ETAG: Final = re.compile(r'"([0-9]{1,9})"')
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=40)]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=100)]


def read_version(text: str | None) -> int | None:
    """Return the version that an `If-Match` names, None if there is none.

    raises: BrightKitchenError "edit.conflict" for a tag that is none of ours: it cannot match.
    """
    if text is None or text == "*":
        return None
    match = _ETAG.fullmatch(text)
    if match is None:
        raise BrightKitchenError(Kind.CONFLICT, "edit.conflict")
    return int(match[1])


def build_content_etag(body: bytes) -> str:
    """Return a tag that names exactly this content."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
