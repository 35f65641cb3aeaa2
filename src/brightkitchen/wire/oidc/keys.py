"""The keys with which a provider signs: RFC 7517, RFC 7518 §6.

Left out: symmetric keys (whoever knows one can sign as the provider), certificates, OKP.
Rules of this file: only the members that make a public key are looked at; a key we cannot use is left out, not an error.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from brightkitchen.wire.oidc.refusal import OidcRefused

MAX_KEYS: Final = 64
MAX_KEY_ID_CHARS: Final = 256
_RSA_CHARS: Final = (342, 1366)  # 2048 to 8192 bits of modulus in base64
_MAX_EXPONENT_CHARS: Final = 8
_MAX_COORDINATE_CHARS: Final = 96
_CURVES: Final = frozenset({"P-256", "P-384", "P-521"})


class _Jwk(msgspec.Struct):
    kty: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    key_ops: list[str] | None = None
    n: str = ""
    e: str = ""
    crv: str = ""
    x: str = ""
    y: str = ""


class _Jwks(msgspec.Struct):
    keys: list[msgspec.Raw]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key. alg: the only algorithm that the provider uses it with, None = not said."""

    kid: str | None
    alg: str | None
    key: RSAKey | ECKey

    def fits(self, kid: str | None, alg: str) -> bool:
        """True if a token that names `kid` (None: names none) and `alg` may have been signed with it."""
        return (
            (kid is None or self.kid == kid)
            and self.alg in (None, alg)
            and isinstance(self.key, ECKey if alg.startswith("ES") else RSAKey)
        )


def parse_keys(body: bytes, algorithms: Collection[str]) -> tuple[SigningKey, ...]:
    """Read a key set; keys for anything but signatures by one of `algorithms` are left out.

    raises: OidcRefused "keys" for what is no key set or has no key for us, or more than 64.
    """
    try:
        raw = msgspec.json.decode(body, type=_Jwks).keys
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise OidcRefused("keys") from cause
    if len(raw) > MAX_KEYS:
        raise OidcRefused("keys")
    found = tuple(key for each in raw if (key := _parse_key(bytes(each), algorithms)) is not None)
    if not found:
        raise OidcRefused("keys")
    return found


def _parse_key(body: bytes, algorithms: Collection[str]) -> SigningKey | None:
    try:
        jwk = msgspec.json.decode(body, type=_Jwk)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if jwk.use not in (None, "sig") or (jwk.key_ops is not None and "verify" not in jwk.key_ops):
        return None
    if (jwk.alg is not None and jwk.alg not in algorithms) or len(jwk.kid or "") > MAX_KEY_ID_CHARS:
        return None
    try:
        key = _build_key(jwk)
    except (JoseError, ValueError, TypeError):
        return None
    return SigningKey(jwk.kid, jwk.alg, key) if key is not None else None


def _build_key(jwk: _Jwk) -> RSAKey | ECKey | None:
    if jwk.kty == "RSA" and _RSA_CHARS[0] <= len(jwk.n) <= _RSA_CHARS[1] and len(jwk.e) <= _MAX_EXPONENT_CHARS:
        rsa = RSAKey.import_key({"kty": "RSA", "n": jwk.n, "e": jwk.e})
        return rsa if rsa.public_key.key_size >= 2048 else None
    if jwk.kty == "EC" and jwk.crv in _CURVES and max(len(jwk.x), len(jwk.y)) <= _MAX_COORDINATE_CHARS:
        curve = ECKey.import_key({"kty": "EC", "crv": jwk.crv, "x": jwk.x, "y": jwk.y})
        return curve if curve.public_key.key_size else None  # building it checks that the point is on the curve
    return None
