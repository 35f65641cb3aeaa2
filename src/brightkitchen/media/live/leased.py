"""Addresses that a token opens over HTTP and a random name keeps: who asks, renewing, going. What is sent there is the ways' own.

The token never stands in an address: `Authorization: Bearer`. Lease, limits and refusals are those of the WebSocket way.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from aiohttp import hdrs, web

from brightkitchen.kernel.mediatoken import Act, MediaClaims
from brightkitchen.media.serve.leases import EndCode, Lease
from brightkitchen.media.serve.server import MediaServer

_SCHEME: Final = "Bearer "


class Held(Protocol):
    """What stands at an address. proof: SHA-256 of the token that opened or last renewed it."""

    lease: Lease
    proof: bytes


T = TypeVar("T", bound=Held)


class LeasedRoutes(Generic[T]):
    """Requests about addresses below `/live/{camera}/…/{part}`.

    part: the name of the address in the routes. lets_bare_gets: whether who sends no Origin may fetch.
    """

    part: ClassVar[str]
    lets_bare_gets: ClassVar[bool] = False

    def __init__(self, server: MediaServer) -> None:
        self._server = server
        self._held: dict[str, T] = {}

    async def renew(self, request: web.Request) -> web.StreamResponse:
        """A fresh token of the same session extends the lease by 120 s."""
        held = self._find(request)
        token = self._read_token(request)
        claims = self._verify(request, token)
        if not self._server.leases.renew(held.lease, claims):
            raise self._server.refuse("renewal")
        held.proof = prove(token)
        return web.Response(status=204)

    async def end(self, request: web.Request) -> web.StreamResponse:
        """The viewer goes; it shows the token that opened or last renewed its lease, which nobody else has."""
        held = self._find(request)
        if not compare_digest(prove(self._read_token(request)), held.proof):
            raise self._server.refuse(f"{self.part}_token")
        self._server.leases.end(held.lease, EndCode.CLOSED)
        return web.Response(status=200)

    def _new_name(self) -> str:
        """Return a name of 256 random bits, as it stands in an address."""
        return urlsafe_b64encode(self._server.entropy.token_bytes(32)).rstrip(b"=").decode()

    def _read_token(self, request: web.Request) -> str:
        values = request.headers.getall(hdrs.AUTHORIZATION, [])
        if len(values) != 1 or not values[0].startswith(_SCHEME):
            raise self._server.refuse("malformed_authorization")
        return values[0].removeprefix(_SCHEME)

    def _verify(self, request: web.Request, token: str) -> MediaClaims:
        return self._server.verifier.verify(
            token,
            act=Act.LIVE,
            camera=request.match_info["camera"],
            origin=request.headers.get(hdrs.ORIGIN),
            now=self._server.clock.utc(),
        )

    def _find(self, request: web.Request) -> T:
        """Return what stands at the address. raises: UNAUTHENTICATED, for a page of another origin as well.

        A player that is no page sends no Origin; where that is let, one without is served for what it fetches, as §4.2 serves it.
        """
        held = self._held.get(request.match_info[self.part])
        if held is None or held.lease.claims.cam != request.match_info["camera"]:
            raise self._server.refuse(f"{self.part}_unknown")
        is_bare = self.lets_bare_gets and request.method == hdrs.METH_GET and hdrs.ORIGIN not in request.headers
        if held.lease.claims.org != request.headers.get(hdrs.ORIGIN, "") and not is_bare:
            raise self._server.refuse("handle_origin")
        return held


def prove(token: str) -> bytes:
    """Return what is kept of a token to know it again."""
    return sha256(token.encode()).digest()
