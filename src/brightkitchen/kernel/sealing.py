"""Envelope encryption of what must not be read from a stolen disk (SECURITY §2.6).

A key-encryption key (KEK) lives outside the database, in a file of mode 0600 or, for development, in the environment. It
wraps data keys, one class each, which are stored in the database; data keys seal the fields. The associated data of
every seal says where it belongs, so a cell moved to another row, column or table does not open.

A sealed blob is: version 1 (1 byte), key id (8 bytes), nonce (12 bytes), AES-256-GCM ciphertext with its tag.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from brightkitchen.kernel.durable import replace_file
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = 1 + _KEY_ID_BYTES + _NONCE_BYTES
_SEPARATOR: Final = "\x1f"


class SealBroken(BrightKitchenError):
    """The blob was not sealed with this key for this place, or it was changed since."""

    def __init__(self) -> None:
        super().__init__(Kind.DATA_LOSS, "secrets.seal_broken")


class Sealer:
    """Seals and opens blobs with one 256-bit key. `context` names the place and must be the same both times."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)
        self._entropy = entropy
        self._key_id = hashlib.sha256(b"bk-key-id-v1\0" + key).digest()[:_KEY_ID_BYTES]

    @property
    def key_id(self) -> bytes:
        """8 bytes that name the key and do not give it away."""
        return self._key_id

    def seal(self, plain: bytes, context: str) -> bytes:
        """Return the sealed blob of `plain`."""
        nonce = self._entropy.token_bytes(_NONCE_BYTES)
        return _VERSION + self._key_id + nonce + self._cipher.encrypt(nonce, plain, self._associated(context))

    def open(self, blob: bytes, context: str) -> bytes:
        """Return what was sealed. raises: SealBroken."""
        if len(blob) < _HEAD_BYTES or blob[:1] != _VERSION or sealed_key_id(blob) != self._key_id:
            raise SealBroken
        try:
            return self._cipher.decrypt(blob[9:_HEAD_BYTES], blob[_HEAD_BYTES:], self._associated(context))
        except InvalidTag as cause:
            raise SealBroken from cause

    def _associated(self, context: str) -> bytes:
        return b"bk-seal-v1\0" + self._key_id + context.encode()


class FieldSealer:
    """Seals table cells of one class. New cells use the newest key; older keys still open what they sealed."""

    def __init__(self, keys: Mapping[str, bytes], entropy: Entropy) -> None:
        """keys: id → 32 bytes, oldest first, at least one."""
        sealers = [Sealer(key, entropy) for key in keys.values()]
        self._newest = sealers[-1]
        self._index_key = hmac.digest(next(iter(keys.values())), b"bk-index-key-v1", hashlib.sha256)
        self._by_id = {sealer.key_id: sealer for sealer in sealers}

    def seal(self, plain: str, *, table: str, column: str, row: str) -> bytes:
        """Return the cell's sealed bytes."""
        return self._newest.seal(plain.encode(), field_context(table, column, row))

    def open(self, blob: bytes, *, table: str, column: str, row: str) -> str:
        """Return the cell's text. raises: SealBroken."""
        sealer = self._by_id.get(sealed_key_id(blob))
        if sealer is None:
            raise SealBroken
        return sealer.open(blob, field_context(table, column, row)).decode()

    def seal_bytes(self, plain: bytes, *, table: str, column: str, row: str) -> bytes:
        """As `seal`, for a cell that is no text."""
        return self._newest.seal(plain, field_context(table, column, row))

    def open_bytes(self, blob: bytes, *, table: str, column: str, row: str) -> bytes:
        """As `open`, for a cell that is no text."""
        sealer = self._by_id.get(sealed_key_id(blob))
        if sealer is None:
            raise SealBroken
        return sealer.open(blob, field_context(table, column, row))

    def index(self, plain: str, *, table: str, column: str) -> str:
        """Return 64 hex digits by which a cell's exact text can be found again, and which tell nothing without the key.

        The same for every row of the column, and for as long as the oldest key is kept: new keys do not change it.
        """
        return hmac.new(self._index_key, field_context(table, column, plain).encode(), hashlib.sha256).hexdigest()


def field_context(table: str, column: str, row: str) -> str:
    """Return the context that binds a sealed cell to its place."""
    return _SEPARATOR.join(("cell", table, column, row))


def sealed_key_id(blob: bytes) -> bytes:
    """Return the id of the key that sealed `blob` (8 bytes; fewer if it is no seal at all)."""
    return blob[1 : 1 + _KEY_ID_BYTES]


def open_kek(source: str, entropy: Entropy, *, sealed_rows_exist: bool) -> Sealer:
    """Return the sealer of the key-encryption key.

    source: ``file:/path`` (32 bytes as base64, mode 0600) or ``env:NAME`` (the same text; development only).
    A missing file is created only while nothing has been sealed yet: a new key would open none of the old rows.

    raises: BrightKitchenError "secrets.key_missing", "secrets.key_unreadable" or "secrets.key_exposed".
    """
    scheme, _, place = source.partition(":")
    if scheme == "env":
        text = os.environ.get(place)
        if text is None:
            raise BrightKitchenError(Kind.UNAVAILABLE, "secrets.key_missing", place=source)
        return Sealer(_parse_key(text, source), entropy)
    if scheme != "file" or not place:
        raise BrightKitchenError(Kind.INVALID, "secrets.key_unreadable", place=source)
    path = Path(place)
    if not path.exists():
        if sealed_rows_exist:
            raise BrightKitchenError(Kind.UNAVAILABLE, "secrets.key_missing", place=source)
        _write_key(path, entropy.token_bytes(KEY_BYTES))
    return Sealer(_read_key(path, source), entropy)


def _write_key(path: Path, key: bytes) -> None:
    """Create the file for its owner alone; it never exists half-written or readable to others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, base64.b64encode(key) + b"\n")


def _read_key(path: Path, source: str) -> bytes:
    if path.stat().st_mode & 0o077:
        raise BrightKitchenError(Kind.INVALID, "secrets.key_exposed", place=source)
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as cause:
        raise BrightKitchenError(Kind.UNAVAILABLE, "secrets.key_unreadable", place=source) from cause
    return _parse_key(text, source)


def _parse_key(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as cause:
        raise BrightKitchenError(Kind.UNAVAILABLE, "secrets.key_unreadable", place=source) from cause
    if len(key) != KEY_BYTES:
        raise BrightKitchenError(Kind.UNAVAILABLE, "secrets.key_unreadable", place=source)
    return key
