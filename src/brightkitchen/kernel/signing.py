"""Signature suites behind one small interface: Ed25519, and SM2 with SM3 where its library is installed (ADR 0006).

A suite's name is written beside every signature; which suites exist never depends on what a message claims.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind

ED25519: Final = "ed25519"
SM2: Final = "sm2"


class PrivateKey(Protocol):
    """The half that signs."""

    @property
    def public_key(self) -> bytes:
        """The other half, as its suite writes it."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature of `data`."""

    def to_bytes(self) -> bytes:
        """Return what `Suite.load` takes; a secret."""


class Suite(Protocol):
    """One way to sign."""

    name: str

    def generate(self, entropy: Entropy) -> PrivateKey:
        """Return a new key."""

    def load(self, secret: bytes) -> PrivateKey:
        """Return the key that `to_bytes` gave. raises: ValueError."""

    def is_signed(self, public_key: bytes, signature: bytes, data: bytes) -> bool:
        """True if `signature` of `data` is that key's; False for whatever else, never an error."""


class _Ed25519Private:
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    def to_bytes(self) -> bytes:
        return self._key.private_bytes_raw()


class Ed25519Suite:
    """RFC 8032. Public keys 32 bytes, signatures 64."""

    name = ED25519

    def generate(self, entropy: Entropy) -> PrivateKey:
        return self.load(entropy.token_bytes(32))

    def load(self, secret: bytes) -> PrivateKey:
        return _Ed25519Private(Ed25519PrivateKey.from_private_bytes(secret))

    def is_signed(self, public_key: bytes, signature: bytes, data: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


class _Sm2Private:
    def __init__(self, public_key: bytes, secret: bytes) -> None:
        self._public_key = public_key
        self._secret = secret

    @property
    def public_key(self) -> bytes:
        return self._public_key

    def sign(self, data: bytes) -> bytes:
        import gmssl_pyx

        return bytes(gmssl_pyx.sm2_sign(self._secret, self._public_key, data))

    def to_bytes(self) -> bytes:
        return self._public_key + self._secret


class Sm2Suite:
    """GB/T 32918.2 with SM3 and the usual signer id. Public keys 64 bytes (x, y), signatures ASN.1 DER.

    The key is drawn by the library itself, from the operating system's generator.
    """

    name = SM2

    def generate(self, entropy: Entropy) -> PrivateKey:
        import gmssl_pyx

        public_key, secret = gmssl_pyx.sm2_key_generate()
        return _Sm2Private(public_key, secret)

    def load(self, secret: bytes) -> PrivateKey:
        if len(secret) != 96:
            raise ValueError("an SM2 key of the wrong size")
        return _Sm2Private(secret[:64], secret[64:])

    def is_signed(self, public_key: bytes, signature: bytes, data: bytes) -> bool:
        import gmssl_pyx

        try:
            return bool(gmssl_pyx.sm2_verify(public_key, data, signature))
        except (gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError):
            return False


def find_suites() -> Mapping[str, Suite]:
    """Return the suites of this installation by name."""
    suites: dict[str, Suite] = {ED25519: Ed25519Suite()}
    try:
        import gmssl_pyx  # noqa: F401 - whether it is there
    except ImportError:
        return suites
    return suites | {SM2: Sm2Suite()}


SUITES: Final = find_suites()


def suite_of(name: str) -> Suite:
    """raises: BrightKitchenError "signing.no_suite" if this installation has none of that name."""
    found = SUITES.get(name)
    if found is None:
        raise BrightKitchenError(Kind.UNAVAILABLE, "signing.no_suite", name=name[:20])
    return found


def fingerprint_of(public_key: bytes) -> str:
    """Return 64 hex digits of SHA-256: what is published, printed and compared."""
    return hashlib.sha256(public_key).hexdigest()
