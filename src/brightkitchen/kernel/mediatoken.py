"""Media tokens: control signs them, a media node can only verify them. SECURITY.md §2.4, docs/design/media-path.md §5.

``bk1.<payload>.<signature>``, both base64url without padding, at most 1 KiB. The prefix fixes the algorithm: Ed25519 over
``b"brightkitchen/media/v1\\0" + payload`` where payload is the JSON text itself, so nothing is ever re-encoded to be checked.

Rules of this file: no clock (`now` is an argument), no network, no log. A refusal names its cause for the counters of the node;
the client is told the same 401 for all of them.
"""

import base64
import binascii
import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from itertools import product
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.nodeprotocol import VerifyKey
from brightkitchen.kernel.units import US_PER_S, Utc

MAX_TOKEN_CHARS: Final = 1024
OPENING_VALIDITY_US: Final = 60 * US_PER_S
LONGEST_LIFE_US: Final = 600 * US_PER_S
CLOCK_SKEW_US: Final = 5 * US_PER_S

_PREFIX: Final = "bk1"
_CONTEXT: Final = b"brightkitchen/media/v1\0"
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_MAX_REPLAY_ENTRIES: Final = 65_536
_MAX_REVOCATIONS: Final = 16_384


class Act(StrEnum):
    """The one thing that a token allows."""

    LIVE = "live"
    PLAY = "play"
    SNAPSHOT = "snapshot"
    THUMB = "thumb"
    CLIP = "clip"
    TALK = "talk"
    PTZ = "ptz"
    EVIDENCE = "evidence"


class MediaClaims(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"from_at": "from", "to_at": "to"},
):
    """What control vouches for. All instants are microseconds UTC, as everywhere in this product.

    kid: which key signed. iss: who minted ("control"). aud: the node's id. cam: the camera's id. prof: "main" or "sub".
    from_at, to_at: the recorded time that may be played, None = not bounded on that side.
    sid: random pseudonym of the log-in session. cls: officer, owner, kiosk, public, machine. jti: random, never used twice.
    org: the page's origin ("https://host[:port]"), "" for a client that is no browser. wm: random pseudonym for the watermark.
    """

    kid: str
    iss: str
    aud: str
    cam: str
    act: Act
    prof: str
    from_at: Utc | None = None
    to_at: Utc | None = None
    sid: str
    cls: str
    iat: Utc
    exp: Utc
    jti: str
    org: str
    wm: str


class Refusal(StrEnum):
    """Why a token was refused; a label of the node's counter, never told to the client."""

    LENGTH = "length"
    PREFIX = "prefix"
    MALFORMED = "malformed"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE = "signature"
    AUDIENCE = "audience"
    CAMERA = "camera"
    ACT = "act"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    TOO_LONG = "too_long"
    REVOKED = "revoked"
    REPLAYED = "replayed"
    REPLAY_CACHE_FULL = "replay_cache_full"
    ORIGIN = "origin"


class TokenRefused(BrightKitchenError):
    """The token does not open this door."""

    def __init__(self, cause: Refusal) -> None:
        super().__init__(Kind.UNAUTHENTICATED, "media.unauthorised")
        self.cause = cause


class _Kid(msgspec.Struct, frozen=True):
    kid: str


_decode_kid = msgspec.json.Decoder(_Kid).decode
_decode_claims = msgspec.json.Decoder(MediaClaims).decode


def sign_token(claims: MediaClaims, private_key: Ed25519PrivateKey) -> str:
    """Return the token's text.

    raises: ValueError if the claims would make it longer than 1 KiB: a mistake of the caller.
    """
    payload = msgspec.json.encode(claims)
    text = f"{_PREFIX}.{_encode_base64url(payload)}.{_encode_base64url(private_key.sign(_CONTEXT + payload))}"
    if len(text) > MAX_TOKEN_CHARS:
        raise ValueError(f"a media token of {len(text)} characters; at most {MAX_TOKEN_CHARS} are allowed")
    return text


class TokenVerifier:
    """What one node needs to decide on tokens: the public keys, its leases, what was revoked and what was already spent.

    node:      this node's id, the only accepted `aud`.
    is_leased: whether this node owns the camera now.
    """

    def __init__(
        self,
        node: str,
        *,
        is_leased: Callable[[str], bool],
        keys: Iterable[VerifyKey] = (),
        max_replay_entries: int = _MAX_REPLAY_ENTRIES,
        max_revocations: int = _MAX_REVOCATIONS,
    ) -> None:
        self._node = node
        self._is_leased = is_leased
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._spent: OrderedDict[str, Utc] = OrderedDict()  # jti -> when it can be forgotten, oldest first
        self._max_spent = max_replay_entries
        self._revocations: OrderedDict[tuple[str | None, str | None, str | None], Utc] = OrderedDict()
        self._max_revocations = max_revocations
        self._refuse_until: Utc | None = None  # tokens minted up to here are refused: revocations we had to forget
        self.set_keys(keys)

    def set_keys(self, keys: Iterable[VerifyKey]) -> None:
        """Believe exactly these keys from now on.

        raises: ValueError if one is no Ed25519 public key of 32 bytes. The keys are then unchanged.
        """
        self._keys = {key.kid: Ed25519PublicKey.from_public_bytes(key.public_key) for key in keys}

    def revoke(self, *, now: Utc, sid: str | None = None, camera: str | None = None, kid: str | None = None) -> None:
        """Refuse every token minted until now that matches all the fields given; a token minted later counts again.

        A revoked key (`kid` alone) never counts again, for whoever holds its private half can write any `iat`.
        """
        if sid is None and camera is None and kid is None:
            raise ValueError("a revocation names a session, a camera or a key")
        self._forget_revocations(now)
        self._revocations[(sid, camera, kid)] = now
        self._revocations.move_to_end((sid, camera, kid))

    def verify(
        self, text: str, *, act: Act | Collection[Act], camera: str | None, origin: str | None, now: Utc
    ) -> MediaClaims:
        """Return the claims and spend the token; checks in the order of SECURITY.md §2.4.

        act:    the act of the route, or the acts that the route accepts.
        camera: the camera of the route; None where the route names none (the claims then say which).
        origin: the request's Origin header as it came, None if there was none.
        raises: TokenRefused. A refused token is not spent: a thief at a wrong origin does not lock its owner out.
        """
        claims = self._read(text)
        acts = (act,) if isinstance(act, Act) else act
        if claims.aud != self._node:
            raise TokenRefused(Refusal.AUDIENCE)
        if (camera is not None and claims.cam != camera) or not self._is_leased(claims.cam):
            raise TokenRefused(Refusal.CAMERA)
        if claims.act not in acts:
            raise TokenRefused(Refusal.ACT)
        _check_times(claims, now)
        if self._is_revoked(claims):
            raise TokenRefused(Refusal.REVOKED)
        self._check_unspent(claims.jti, now)
        if claims.org != (origin or ""):
            raise TokenRefused(Refusal.ORIGIN)
        self._spent[claims.jti] = Utc(claims.iat + OPENING_VALIDITY_US + CLOCK_SKEW_US)
        return claims

    def _read(self, text: str) -> MediaClaims:
        if len(text) > MAX_TOKEN_CHARS:
            raise TokenRefused(Refusal.LENGTH)
        parts = text.split(".")
        if parts[0] != _PREFIX:
            raise TokenRefused(Refusal.PREFIX)
        if len(parts) != 3:
            raise TokenRefused(Refusal.MALFORMED)
        payload, signature = _decode_base64url(parts[1]), _decode_base64url(parts[2])
        try:
            kid = _decode_kid(payload).kid
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as cause:
            raise TokenRefused(Refusal.MALFORMED) from cause
        key = self._keys.get(kid)
        if key is None:
            raise TokenRefused(Refusal.KEY_UNKNOWN)
        try:
            key.verify(signature, _CONTEXT + payload)
        except InvalidSignature as cause:
            raise TokenRefused(Refusal.SIGNATURE) from cause
        try:
            return _decode_claims(payload)
        except msgspec.MsgspecError as cause:
            raise TokenRefused(Refusal.MALFORMED) from cause

    def _is_revoked(self, claims: MediaClaims) -> bool:
        if self._refuse_until is not None and claims.iat <= self._refuse_until:
            return True
        if (None, None, claims.kid) in self._revocations:
            return True
        for name in product((claims.sid, None), (claims.cam, None), (claims.kid, None)):
            revoked_at = self._revocations.get(name)
            # Control's clock may be ahead of ours by the skew we accept.
            if revoked_at is not None and claims.iat <= revoked_at + CLOCK_SKEW_US:
                return True
        return False

    def _forget_revocations(self, now: Utc) -> None:
        """Forget those that no living token can match; if still full, refuse everything as old as the oldest instead."""
        oldest = now - LONGEST_LIFE_US - 2 * CLOCK_SKEW_US
        for name, revoked_at in list(self._revocations.items()):
            is_key = name[0] is None and name[1] is None
            if revoked_at < oldest and not is_key:
                del self._revocations[name]
        while len(self._revocations) >= self._max_revocations:
            name, revoked_at = self._revocations.popitem(last=False)
            self._refuse_until = Utc(max(self._refuse_until or 0, revoked_at + CLOCK_SKEW_US))
            if name[0] is None and name[1] is None and name[2] is not None:
                self._keys.pop(name[2], None)

    def _check_unspent(self, jti: str, now: Utc) -> None:
        while self._spent and next(iter(self._spent.values())) < now:
            self._spent.popitem(last=False)
        if jti in self._spent:
            raise TokenRefused(Refusal.REPLAYED)
        if len(self._spent) >= self._max_spent:
            raise TokenRefused(Refusal.REPLAY_CACHE_FULL)


def _check_times(claims: MediaClaims, now: Utc) -> None:
    if claims.iat > now + CLOCK_SKEW_US:
        raise TokenRefused(Refusal.NOT_YET)
    if claims.exp <= now or claims.iat + OPENING_VALIDITY_US <= now:
        raise TokenRefused(Refusal.EXPIRED)
    if claims.exp - claims.iat > LONGEST_LIFE_US:
        raise TokenRefused(Refusal.TOO_LONG)


def _encode_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode_base64url(text: str) -> bytes:
    if _BASE64URL.fullmatch(text) is None or len(text) % 4 == 1:
        raise TokenRefused(Refusal.MALFORMED)
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as cause:
        raise TokenRefused(Refusal.MALFORMED) from cause
    if _encode_base64url(data) != text:  # one token, one spelling
        raise TokenRefused(Refusal.MALFORMED)
    return data
