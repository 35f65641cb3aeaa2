"""A small identity provider on loopback, which does the code flow properly and misbehaves in any way a test asks for."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from aiohttp import web
from joserfc import jws
from joserfc.jwk import RSAKey

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import SystemEntropy

CLIENT_ID = "brightkitchen"
CLIENT_SECRET = "porridge & pickles: 100%"
Claims = dict[str, Any]  # Any: JSON
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@cache
def rsa_key(name: str) -> RSAKey:
    """One 2048-bit key for each name, made once in a run."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


def encode(value: object) -> str:
    """Return JSON as a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def half_hash(access_token: str) -> str:
    """Return `at_hash` for a token signed with SHA-256."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


@dataclass
class Idp:
    """document, claims: what differs from the good ones, None = left out. sign, on_jwks, on_token: instead of the good way.

    asked: every path that was called, in order.
    """

    clock: Clock
    issuer: str = ""
    document: Claims = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)
    header: Claims = field(default_factory=dict)
    key: str = "first"
    shown_keys: tuple[str, ...] = ("first",)
    sign: Callable[[Claims], str] | None = None
    on_document: Handler | None = None
    on_jwks: Handler | None = None
    on_token: Handler | None = None
    asked: list[str] = field(default_factory=list)
    canary_calls: int = 0
    tokens: list[str] = field(default_factory=list)
    _codes: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)

    def make_good(self) -> None:
        """Sign properly again, with the first key."""
        self.claims, self.header, self.key, self.sign = {}, {}, "first", None

    def visit(self, url: str, subject: str) -> dict[str, str]:
        """Do as a browser does whose person logs in here. returns: what the address carries back."""
        parts = urlsplit(url)
        wanted = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.issuer}/authorize"
        assert (wanted["response_type"], wanted["code_challenge_method"]) == ("code", "S256")
        assert wanted["client_id"] == CLIENT_ID and len(wanted["state"]) == 43 and len(wanted["nonce"]) == 43
        code = SystemEntropy().token_bytes(16).hex()
        self._codes[code] = (wanted, subject)
        return {"state": wanted["state"], "code": code}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._document)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_post("/token", self._token)
        app.router.add_get("/canary", self._canary)
        return app

    async def _document(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.on_document is not None:
            return await self.on_document(request)
        good = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }
        return web.json_response({key: each for key, each in (good | self.document).items() if each is not None})

    async def _jwks(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.on_jwks is not None:
            return await self.on_jwks(request)
        return web.json_response({"keys": [rsa_key(name).as_dict(private=False) for name in self.shown_keys]})

    async def _canary(self, request: web.Request) -> web.StreamResponse:
        self.canary_calls += 1
        return web.json_response({"keys": [rsa_key("evil").as_dict(private=False)]})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.on_token is not None:
            return await self.on_token(request)
        form = {key: str(value) for key, value in (await request.post()).items()}
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(pair).decode().partition(":")
        known = (scheme, unquote_plus(name), unquote_plus(secret)) == ("Basic", CLIENT_ID, CLIENT_SECRET)
        wanted, subject = self._codes.pop(form.get("code", ""), ({}, ""))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        is_right = (
            known
            and form["grant_type"] == "authorization_code"
            and wanted.get("redirect_uri") == form["redirect_uri"]
            and wanted.get("code_challenge") == challenge.rstrip(b"=").decode()
        )
        if not is_right:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(
            {"access_token": "at-1", "token_type": "Bearer", "id_token": self.make_token(wanted["nonce"], subject)}
        )

    def make_token(self, nonce: str, subject: str) -> str:
        now_s = self.clock.utc() // 1_000_000
        good = {
            "iss": self.issuer,
            "sub": subject,
            "aud": CLIENT_ID,
            "exp": now_s + 300,
            "iat": now_s,
            "nonce": nonce,
            "at_hash": half_hash("at-1"),
            "preferred_username": f"{subject}@city",
        }
        claims = {key: each for key, each in (good | self.claims).items() if each is not None}
        self.tokens.append(self.sign(claims) if self.sign else self.sign_properly(claims))
        return self.tokens[-1]

    def sign_properly(self, claims: Claims) -> str:
        header = {"alg": "RS256", "kid": self.key, **self.header}
        registry = jws.JWSRegistry(algorithms=["RS256", "RS512"], strict_check_header=False)
        header = {key: each for key, each in header.items() if each is not None}
        return jws.serialize_compact(header, json.dumps(claims), rsa_key(self.key), registry=registry)


def sign_with_nothing(claims: Claims) -> str:
    """``alg: none``: no signature at all."""
    return f"{encode({'alg': 'none', 'kid': 'first'})}.{encode(claims)}."


def sign_with_shared(key: bytes) -> Callable[[Claims], str]:
    """HS256 with what the attacker knows: our public key, say."""

    def sign(claims: Claims) -> str:
        head = f"{encode({'alg': 'HS256', 'kid': 'first'})}.{encode(claims)}"
        signature = hmac.new(key, head.encode(), hashlib.sha256).digest()
        return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    return sign


@asynccontextmanager
async def running_idp(clock: Clock) -> AsyncIterator[Idp]:
    """Serve one on a free port of loopback until the end of the block."""
    idp = Idp(clock)
    runner = web.AppRunner(idp.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        idp.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield idp
    finally:
        await runner.cleanup()
