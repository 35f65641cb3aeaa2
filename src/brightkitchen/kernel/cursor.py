"""Opaque places in a list: what a page ended with, signed, so that nobody can ask for another place or another list with it."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Final

from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind

_TAG_BYTES: Final = 16
MAX_CURSOR_CHARS: Final = 600

Part = str | int


class CursorSigner:
    """Writes and reads cursors with a key of this process; after a restart a reader begins again at the first page."""

    def __init__(self, entropy: Entropy) -> None:
        self._key = entropy.token_bytes(32)

    def write(self, scope: str, parts: tuple[Part, ...]) -> str:
        """Return the cursor. scope: everything that makes the list what it is (filter, order)."""
        body = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._tag(scope, body) + body).decode().rstrip("=")

    def read(self, scope: str, cursor: str) -> tuple[Part, ...]:
        """Return what was written for that very list. raises: BrightKitchenError "web.cursor"."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (ValueError, binascii.Error):
            raw = b""
        if len(cursor) > MAX_CURSOR_CHARS or not hmac.compare_digest(
            raw[:_TAG_BYTES], self._tag(scope, raw[_TAG_BYTES:])
        ):
            raise BrightKitchenError(Kind.INVALID, "web.cursor", field="cursor")
        return tuple(json.loads(raw[_TAG_BYTES:]))

    def _tag(self, scope: str, body: bytes) -> bytes:
        return hmac.digest(self._key, scope.encode() + b"\0" + body, hashlib.sha256)[:_TAG_BYTES]
