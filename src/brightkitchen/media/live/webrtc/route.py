"""WHEP (draft-ietf-wish-whep): an offer becomes a viewer; its resource is renewed and ended (docs/design/media-path.md §4.5)."""

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.media.live.leased import LeasedRoutes, prove
from brightkitchen.media.live.wsfmp4.session import MAX_SOCKETS_WAITING
from brightkitchen.media.serve.guard import SOUND_HEADER
from brightkitchen.media.serve.leases import EndCode, Lease
from brightkitchen.media.serve.server import MediaServer, stream_of
from brightkitchen.media.serve.views import View
from brightkitchen.wire.whep import parse_offer

if TYPE_CHECKING:  # 5 MB that a node which nobody asks does not pay for
    from brightkitchen.media.live.webrtc.service import Viewing, WebRtc

SDP: Final = "application/sdp"
_BODY_TIMEOUT_S: Final = 10.0


class _Resource:
    """One viewer as HTTP knows it. proof: SHA-256 of the token that opened or last renewed it."""

    def __init__(self, lease: Lease, proof: bytes, address: str) -> None:
        self.lease = lease
        self.proof = proof
        self.address = address
        self.viewing: Viewing | None = None
        self.view: View | None = None


class WhepRoutes(LeasedRoutes[_Resource]):
    """`POST /live/{camera}/whep`, and `DELETE` and `POST …/renew` of what it answers with."""

    part = "resource"

    def __init__(self, server: MediaServer) -> None:
        super().__init__(server)
        self._webrtc: WebRtc | None = None

    def add_to(self, app: web.Application) -> None:
        """Put the routes on the application, and the end of everything at its end."""
        app.add_routes(
            [
                web.post("/live/{camera}/whep", self.open),
                web.delete("/live/{camera}/whep/{resource}", self.end),
                web.post("/live/{camera}/whep/{resource}/renew", self.renew),
            ]
        )
        app.on_cleanup.append(self._close)

    # -- requests ----------------------------------------------------------------------------------------------------

    async def open(self, request: web.Request) -> web.StreamResponse:
        """An offer: 201 with the answer. The token is spent whatever comes of it."""
        if self._server.is_stopping:
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.node_stopping")
        token = self._read_token(request)
        claims = self._verify(request, token)
        if request.content_type != SDP:
            raise BrightKitchenError(Kind.INVALID, "media.offer_type")
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                offer = parse_offer(await request.read())
        except (TheirError, TimeoutError) as cause:
            raise BrightKitchenError(Kind.INVALID, "media.offer_invalid") from cause
        webrtc = self._load()
        address = self._server.client_address(request)
        if sum(not is_connected(each) and each.address == address for each in self._held.values()) >= (
            MAX_SOCKETS_WAITING
        ):
            raise BrightKitchenError(Kind.EXHAUSTED, "media.too_many_viewers")
        name = self._new_name()
        with ExitStack() as undo:
            lease = self._server.leases.open(claims, lambda code: self._on_lease_end(name, code))
            undo.callback(self._server.leases.end, lease, EndCode.CLOSED)
            resource = self._held[name] = _Resource(lease, prove(token), address)
            sender = await webrtc.prepare(stream_of(lease))
            undo.callback(webrtc.release, sender)
            if not self._server.leases.is_open(lease):
                raise self._server.refuse("lease_ended")
            resource.viewing, answer = webrtc.open(
                offer,
                webrtc.choose(offer, sender),
                sender,
                arrived_at=_local_address(request),
                on_connected=lambda: self._on_connected(resource),
                on_gone=lambda why: self._server.leases.end(lease, EndCode.CLOSED),
            )
            undo.pop_all()
        return web.Response(
            status=201,
            body=answer,
            headers={
                hdrs.CONTENT_TYPE: SDP,
                hdrs.LOCATION: f"whep/{name}",
                hdrs.ETAG: f'"{resource.viewing.peer.fragment}"',
                SOUND_HEADER: "1" if sender.has_sound else "0",
            },
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _load(self) -> "WebRtc":
        if self._webrtc is None:
            from brightkitchen.media.live.webrtc.service import WebRtc, cannot

            if not self._server.webrtc_settings.is_on:
                raise cannot("off")
            self._webrtc = WebRtc(
                self._server.streams,
                self._server.webrtc_settings,
                clock=self._server.clock,
                entropy=self._server.entropy,
                supervisor=self._server.supervisor,
            )
            self._server.count_webrtc = lambda: self._webrtc.viewers if self._webrtc is not None else 0
        return self._webrtc

    def _on_connected(self, resource: _Resource) -> None:
        resource.view = self._server.views.begin(resource.lease.claims)

    def _on_lease_end(self, name: str, _code: EndCode) -> None:
        """However it ends, nothing more is sent from this moment on."""
        resource = self._held.pop(name, None)
        if resource is None:
            return
        if resource.viewing is not None and self._webrtc is not None:
            self._webrtc.end(resource.viewing)
        if resource.view is not None:
            self._server.views.end(resource.view)

    async def _close(self, _app: web.Application) -> None:
        if self._webrtc is not None:
            self._webrtc.close()


def is_connected(resource: _Resource) -> bool:
    """True once its handshake is done."""
    return resource.viewing is not None and resource.viewing.peer.is_connected


def _local_address(request: web.Request) -> str:
    """Return our address that the request came to: the one this viewer surely reaches if nothing stands between."""
    name = request.get_extra_info("sockname")
    host = str(name[0]) if isinstance(name, tuple) and name else "127.0.0.1"
    return host.partition("%")[0].removeprefix("::ffff:")
