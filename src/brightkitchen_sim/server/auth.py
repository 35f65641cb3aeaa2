"""Who may look: Basic and Digest as cameras ask for it (RFC 7616, RFC 7617; RFC 2069 for old clients)."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from brightkitchen_sim.clock import Clock
from brightkitchen_sim.server.message import Request

_MAX_NONCES = 4096
_PARAMETER = re.compile(r'(\w[\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,\s]*))')
_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


class AuthMode(Enum):
    """What a camera demands."""

    NONE = "none"
    BASIC = "basic"
    DIGEST = "digest"  # MD5 with qop=auth
    DIGEST_OLD = "digest-old"  # MD5 without qop, as most cameras in the field
    DIGEST_SHA256 = "digest-sha256"
    DIGEST_BOTH = "digest-both"  # SHA-256 first, MD5 second


class Verdict(Enum):
    OK = "ok"
    REFUSED = "refused"
    STALE = "stale"  # right password, but the nonce is too old


_ALGORITHMS = {
    AuthMode.DIGEST: ("MD5",),
    AuthMode.DIGEST_OLD: ("MD5",),
    AuthMode.DIGEST_SHA256: ("SHA-256",),
    AuthMode.DIGEST_BOTH: ("SHA-256", "MD5"),
}


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str = field(repr=False)


@dataclass(slots=True)
class _Nonce:
    made_s: float
    last_count: int = 0


class Authenticator:
    """Checks requests to one camera.

    nonce_life_s: how long a nonce is good; after that the answer is 401 with stale=true.
    """

    def __init__(
        self, mode: AuthMode, realm: str, credentials: Credentials, clock: Clock, *, nonce_life_s: float = 300.0
    ) -> None:
        self._mode = mode
        self._realm = realm
        self._clock = clock
        self._nonce_life_s = nonce_life_s
        self._nonces: OrderedDict[str, _Nonce] = OrderedDict()
        self.credentials = credentials

    def build_challenges(self, *, stale: bool = False) -> list[tuple[str, str]]:
        """Return the WWW-Authenticate headers of a 401."""
        if self._mode is AuthMode.BASIC:
            return [("WWW-Authenticate", f'Basic realm="{self._realm}"')]
        nonce = self._make_nonce()
        tail = ", stale=true" if stale else ""
        challenges = []
        for algorithm in _ALGORITHMS[self._mode]:
            text = f'Digest realm="{self._realm}", nonce="{nonce}"'
            if self._mode is not AuthMode.DIGEST_OLD:
                text += f', algorithm={algorithm}, qop="auth"'
            challenges.append(("WWW-Authenticate", text + tail))
        return challenges

    def check(self, request: Request) -> Verdict:
        """Say whether the request proves the password."""
        if self._mode is AuthMode.NONE:
            return Verdict.OK
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if self._mode is AuthMode.BASIC:
            return self._check_basic(rest) if scheme.lower() == "basic" else Verdict.REFUSED
        return self._check_digest(request, rest) if scheme.lower() == "digest" else Verdict.REFUSED

    def _check_basic(self, token: str) -> Verdict:
        try:
            given = base64.b64decode(token, validate=True)
        except binascii.Error:
            return Verdict.REFUSED
        wanted = f"{self.credentials.user}:{self.credentials.password}".encode()
        return Verdict.OK if hmac.compare_digest(given, wanted) else Verdict.REFUSED

    def _check_digest(self, request: Request, text: str) -> Verdict:
        given = parse_parameters(text)
        algorithm = given.get("algorithm", "MD5").upper()
        nonce = self._nonces.get(given.get("nonce", ""))
        if (
            algorithm not in _ALGORITHMS[self._mode]
            or given.get("username") != self.credentials.user
            or given.get("realm") != self._realm
            or given.get("uri") != request.url
        ):
            return Verdict.REFUSED
        wanted = build_digest_response(self.credentials, request.method, given, algorithm)
        if not hmac.compare_digest(given.get("response", "").encode(), wanted.encode()):
            return Verdict.REFUSED
        if nonce is None or self._clock.mono_s() - nonce.made_s > self._nonce_life_s:
            return Verdict.STALE
        return self._check_count(nonce, given)

    def _check_count(self, nonce: _Nonce, given: dict[str, str]) -> Verdict:
        if "qop" not in given:
            return Verdict.OK
        try:
            count = int(given.get("nc", ""), 16)
        except ValueError:
            return Verdict.REFUSED
        if count <= nonce.last_count:
            return Verdict.STALE
        nonce.last_count = count
        return Verdict.OK

    def _make_nonce(self) -> str:
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = _Nonce(self._clock.mono_s())
        while len(self._nonces) > _MAX_NONCES:
            self._nonces.popitem(last=False)
        return nonce


def parse_parameters(text: str) -> dict[str, str]:
    """Return the name=value pairs of a challenge or an answer, names in lower case."""
    return {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(text)}


def build_digest_response(credentials: Credentials, method: str, given: dict[str, str], algorithm: str) -> str:
    """Return the response that proves the password for these parameters (RFC 7616 §3.4.1; RFC 2069 without qop)."""
    digest = _HASHES[algorithm]
    ha1 = digest(f"{credentials.user}:{given.get('realm', '')}:{credentials.password}".encode())
    ha2 = digest(f"{method}:{given.get('uri', '')}".encode())
    nonce = given.get("nonce", "")
    if "qop" not in given:
        return digest(f"{ha1}:{nonce}:{ha2}".encode())
    return digest(f"{ha1}:{nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}:{given['qop']}:{ha2}".encode())
