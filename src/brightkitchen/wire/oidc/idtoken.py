"""Is this ID token for us, now, and from them? OIDC Core §3.1.3.7 and §3.1.3.6, RFC 7515, RFC 8725.

Left out: encrypted tokens, userinfo, distributed claims.
Rules of this file: no clock (`now_s` is an argument), no network. The algorithm list and the keys come from the
configuration; of the token's header only `alg` and `kid` are read, so no key, address or certificate in it can matter, and
a token that wants more of it understood (`crit`) is refused.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from brightkitchen.wire.oidc.keys import MAX_KEY_ID_CHARS, SigningKey
from brightkitchen.wire.oidc.refusal import OidcRefused

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
SKEW_S: Final = 60
MAX_AGE_S: Final = 600
MAX_KEYS_TRIED: Final = 4
MAX_SUBJECT_CHARS: Final = 255
_MAX_LABEL_CHARS: Final = 100
_MAX_AUDIENCES: Final = 32


class _Registry(jws.JWSRegistry):
    max_header_length = 4096  # certificates in the header are ignored, not refused
    max_payload_length = 16_384
    max_signature_length = 2048


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    crit: object = None


class _Claims(msgspec.Struct):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float
    iat: int | float
    nonce: str | None = None
    azp: str | None = None
    nbf: int | float | None = None
    at_hash: str | None = None
    acr: object = None
    amr: object = None
    preferred_username: object = None
    name: object = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. started_s: when the browser was sent there, UTC seconds; an older token is a replay."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: Collection[str]
    started_s: int

    def __repr__(self) -> str:
        return f"Expected(issuer={self.issuer!r}, client_id={self.client_id!r}, nonce=…)"


@dataclass(frozen=True, slots=True)
class Claims:
    """Who the provider says it was. label: for the person's eyes only, never compared. acr, amr: how it was proven."""

    subject: str
    label: str
    acr: str
    amr: frozenset[str]


def find_keys(token: str, keys: Sequence[SigningKey], algorithms: Collection[str]) -> tuple[SigningKey, ...]:
    """Return the keys that may have signed `token`; () if the provider has to be asked for newer ones.

    raises: OidcRefused "malformed", "algorithm", or "key" for a token that names none although there are several.
    """
    header = _read_header(token, algorithms)
    found = tuple(each for each in keys if each.fits(header.kid, header.alg))
    if header.kid is None and len(found) > 1:
        raise OidcRefused("key")
    return found[:MAX_KEYS_TRIED]


def check_id_token(
    token: str, access_token: str, keys: Sequence[SigningKey], expected: Expected, *, now_s: float
) -> Claims:
    """Return who it was, if everything is in order.

    keys:   those of `find_keys`.
    now_s:  UTC seconds; clocks may differ by a minute.
    raises: OidcRefused "malformed", "algorithm", "key", "signature", "issuer", "audience", "azp", "expired", "issued_at",
            "nonce", "at_hash", "subject".
    """
    header = _read_header(token, expected.algorithms)
    _check_signature(token, keys, expected.algorithms)
    with _theirs():
        found = msgspec.json.decode(_decode(token.split(".")[1]), type=_Claims)
    if found.iss != expected.issuer:
        raise OidcRefused("issuer")
    _check_audience(found, expected.client_id)
    _check_times(found, expected, now_s)
    if found.nonce is None or not _same(found.nonce, expected.nonce):
        raise OidcRefused("nonce")
    if found.at_hash is not None and not _same(found.at_hash, _half_hash(access_token, header.alg)):
        raise OidcRefused("at_hash")
    if not 0 < len(found.sub) <= MAX_SUBJECT_CHARS or not found.sub.isprintable():
        raise OidcRefused("subject")
    amr = found.amr if isinstance(found.amr, list) else [found.amr]
    return Claims(
        found.sub,
        _label(found),
        found.acr if isinstance(found.acr, str) else "",
        frozenset(each for each in amr if isinstance(each, str)),
    )


def _read_header(token: str, algorithms: Collection[str]) -> _Header:
    parts = token.split(".")
    if len(parts) != 3:
        raise OidcRefused("malformed")
    with _theirs():
        header = msgspec.json.decode(_decode(parts[0]), type=_Header)
    if header.alg not in ALGORITHMS or header.alg not in algorithms:
        raise OidcRefused("algorithm")
    if len(header.kid or "") > MAX_KEY_ID_CHARS or header.crit is not None:
        raise OidcRefused("malformed")
    return header


def _check_signature(token: str, keys: Sequence[SigningKey], algorithms: Collection[str]) -> None:
    if not keys:
        raise OidcRefused("key")
    registry = _Registry(algorithms=list(algorithms), strict_check_header=False)
    with _theirs():
        signed = jws.extract_compact(token.encode(), registry=registry)
        if not any(jws.validate_compact(signed, each.key, registry=registry) for each in keys):
            raise OidcRefused("signature")


def _check_audience(found: _Claims, client_id: str) -> None:
    audiences = [found.aud] if isinstance(found.aud, str) else found.aud[:_MAX_AUDIENCES]
    if client_id not in audiences:
        raise OidcRefused("audience")
    if (found.azp is not None or len(audiences) > 1) and found.azp != client_id:
        raise OidcRefused("azp")


def _check_times(found: _Claims, expected: Expected, now_s: float) -> None:
    if now_s >= found.exp + SKEW_S:
        raise OidcRefused("expired")
    if found.nbf is not None and found.nbf > now_s + SKEW_S:
        raise OidcRefused("issued_at")
    if not max(expected.started_s, now_s - MAX_AGE_S) - SKEW_S <= found.iat <= now_s + SKEW_S:
        raise OidcRefused("issued_at")


def _half_hash(access_token: str, alg: str) -> str:
    digest = hashlib.new(f"sha{alg[2:]}", access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _label(found: _Claims) -> str:
    """The account's name there, or else the person's: what the person recognises in the list of links."""
    names = (each for each in (found.preferred_username, found.name) if isinstance(each, str))
    return next((each[:_MAX_LABEL_CHARS] for each in names if each.strip() and each.isprintable()), "")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _decode(part: str) -> bytes:
    if not part.isascii() or len(part) > _Registry.max_payload_length:
        raise OidcRefused("malformed")
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


@contextmanager
def _theirs() -> Iterator[None]:
    """Whatever the bytes do to a library is *their* error."""
    try:
        yield
    except (JoseError, msgspec.DecodeError, ValueError, TypeError, RecursionError) as cause:
        raise OidcRefused("malformed") from cause
