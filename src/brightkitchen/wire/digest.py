"""HTTP authentication as RTSP uses it: RFC 7616 (SHA-256, -sess), RFC 2617 (MD5, with and without qop), RFC 7617 Basic.

Left out: auth-int, userhash, SHA-512-256 (no camera asks for them), Authentication-Info.
Rules of this file: no entropy (the client nonce is handed in); a password appears in no repr and no error; never a
step down: once a peer asked for Digest, Basic is refused for as long as this object lives.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

_PART: Final = re.compile(
    r"[\s,]*(?:(?P<name>[A-Za-z0-9_.-]+)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s,\"]*))"
    r"|(?P<scheme>[A-Za-z][A-Za-z0-9-]*)(?=[\s,]|$))"
)
_HASHES: Final = {
    "MD5": hashlib.md5,
    "MD5-SESS": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA-256-SESS": hashlib.sha256,
}
_STRENGTH: Final = {"MD5": 1, "MD5-SESS": 2, "SHA-256": 3, "SHA-256-SESS": 4}
_MAX_CHALLENGES: Final = 8
_MAX_STALE_RETRIES: Final = 2


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """A user name and a password. Shows neither."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Login(…)"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in that a peer offers. algorithm: as sent, "" if it named none (then it is MD5)."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str = ""
    qop: tuple[str, ...] = ()
    stale: bool = False

    @property
    def strength(self) -> int:
        """Return 0 if we cannot answer it, else more for a better hash."""
        if self.scheme != "digest" or not self.nonce or (self.qop and "auth" not in self.qop):
            return 0
        return _STRENGTH.get(self.algorithm.upper() or "MD5", 0)


class Verdict(Enum):
    """What to do after a 401."""

    RETRY = "retry"  # send the request again with `Authenticator.build_header`
    WRONG_PASSWORD = "wrong_password"
    INSECURE = "insecure"  # only Basic is offered, and it is not permitted
    UNSUPPORTED = "unsupported"  # no challenge that we can answer


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Read all WWW-Authenticate values, several challenges in one value included. What is unreadable is left out."""
    found: list[tuple[str, dict[str, str]]] = []
    for value in values:
        position = 0
        while (part := _PART.match(value, position)) is not None:
            position = part.end()
            if part["scheme"] is not None:
                found.append((part["scheme"].lower(), {}))
            elif found:
                text = part["bare"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
                found[-1][1].setdefault(part["name"].lower(), text)
    return [_challenge(scheme, parameters) for scheme, parameters in found[:_MAX_CHALLENGES]]


def _challenge(scheme: str, parameters: dict[str, str]) -> Challenge:
    return Challenge(
        scheme=scheme,
        realm=parameters.get("realm", ""),
        nonce=parameters.get("nonce", ""),
        opaque=parameters.get("opaque"),
        algorithm=parameters.get("algorithm", ""),
        qop=tuple(part.strip().lower() for part in parameters.get("qop", "").split(",") if part.strip()),
        stale=parameters.get("stale", "").lower() == "true",
    )


class Authenticator:
    """Answers one peer's challenges with one log-in.

    cnonce: client nonce, at least 8 random bytes, fresh for each connection.
    basic_allowed: the password may cross this connection in clear text (TLS, or the operator said so).
    """

    def __init__(self, login: Login | None, *, cnonce: bytes, basic_allowed: bool) -> None:
        self._login = login
        self._cnonce = cnonce.hex()
        self._basic_allowed = basic_allowed
        self._digest_seen = False
        self._chosen: Challenge | None = None
        self._count = 0
        self._proven = False
        self._stale_retries = 0

    @property
    def has_answered(self) -> bool:
        """True once a challenge was accepted: requests carry a log-in."""
        return self._chosen is not None

    def on_accepted(self) -> None:
        """The peer took a request with our log-in: the next 401 is an expired nonce, not a wrong password."""
        if self._chosen is not None:
            self._proven = True
            self._stale_retries = 0

    def on_refused(self, values: Iterable[str]) -> Verdict:
        """Judge a 401. values: all WWW-Authenticate headers of the answer."""
        challenges = parse_challenges(values)
        self._digest_seen = self._digest_seen or any(challenge.scheme == "digest" for challenge in challenges)
        if self._login is None:
            return Verdict.WRONG_PASSWORD
        best = max(challenges, key=lambda challenge: challenge.strength, default=None)
        if best is not None and best.strength:
            return self._take(best)
        if self._digest_seen and not any(challenge.scheme == "basic" for challenge in challenges):
            return Verdict.UNSUPPORTED
        return self._judge_basic(challenges)

    def _take(self, challenge: Challenge) -> Verdict:
        answered = self._chosen is not None
        if answered and not (challenge.stale or self._proven):
            return Verdict.WRONG_PASSWORD
        if answered:
            self._stale_retries += 1
            if self._stale_retries > _MAX_STALE_RETRIES:
                return Verdict.WRONG_PASSWORD
        self._chosen = challenge
        self._count = 0
        self._proven = False
        return Verdict.RETRY

    def _judge_basic(self, challenges: list[Challenge]) -> Verdict:
        basic = next((challenge for challenge in challenges if challenge.scheme == "basic"), None)
        if basic is None:
            return Verdict.UNSUPPORTED
        if self._digest_seen or not self._basic_allowed:
            return Verdict.INSECURE
        if self._chosen is not None:
            return Verdict.WRONG_PASSWORD
        self._chosen = basic
        return Verdict.RETRY

    def build_header(self, method: str, uri: str) -> str | None:
        """Return the value of Authorization for this request, or None while no challenge was seen."""
        if self._chosen is None or self._login is None:
            return None
        if self._chosen.scheme == "basic":
            pair = f"{self._login.username}:{self._login.password}".encode()
            return "Basic " + base64.b64encode(pair).decode("ascii")
        self._count += 1
        return build_digest(self._chosen, self._login, method, uri, cnonce=self._cnonce, count=self._count)


def build_digest(challenge: Challenge, login: Login, method: str, uri: str, *, cnonce: str, count: int) -> str:
    """Return ``Digest username=…``. count: how often this nonce was used, from 1. source: RFC 7616 §3.4."""
    name = challenge.algorithm.upper() or "MD5"
    make = _HASHES[name]

    def digest(text: str) -> str:
        return make(text.encode("utf-8")).hexdigest()

    secret = digest(f"{login.username}:{challenge.realm}:{login.password}")
    if name.endswith("-SESS"):
        secret = digest(f"{secret}:{challenge.nonce}:{cnonce}")
    request = digest(f"{method}:{uri}")
    fields = [
        f"username={_quote(login.username)}",
        f"realm={_quote(challenge.realm)}",
        f"nonce={_quote(challenge.nonce)}",
        f"uri={_quote(uri)}",
    ]
    if challenge.qop:
        middle = f"{count:08x}:{cnonce}:auth"
        fields += ["qop=auth", f"nc={count:08x}", f'cnonce="{cnonce}"']
        response = digest(f"{secret}:{challenge.nonce}:{middle}:{request}")
    else:
        if name.endswith("-SESS"):
            fields.append(f'cnonce="{cnonce}"')
        response = digest(f"{secret}:{challenge.nonce}:{request}")
    fields.append(f'response="{response}"')
    if challenge.opaque is not None:
        fields.append(f"opaque={_quote(challenge.opaque)}")
    if challenge.algorithm:
        fields.append(f"algorithm={challenge.algorithm}")
    return "Digest " + ", ".join(fields)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
