"""Low-Latency HLS over HTTP: an address is opened by a token, and everything below it is fetched (docs/design/media-path.md §4.8).

Players follow relative addresses and can show no token, so the address itself holds a random name known to this node alone (adr/0009).
Token, lease, limits, refusals and revocation are those of the WebSocket way. What is kept in memory begins with the first request for
a list and ends when nobody has asked for 20 s.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from aiohttp import hdrs, web

from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.media.live.leased import LeasedRoutes, prove
from brightkitchen.media.live.llhls.muxer import HlsMuxer
from brightkitchen.media.live.llhls.streams import HlsStreams
from brightkitchen.media.live.llhls.window import TARGET_S
from brightkitchen.media.serve.leases import LEASE_S, EndCode, Lease
from brightkitchen.media.serve.routes import present_json
from brightkitchen.media.serve.sending import MP4, send_pieces
from brightkitchen.media.serve.server import MediaServer, stream_of
from brightkitchen.media.serve.views import View
from brightkitchen.wire.hls.live import (
    Place,
    Reload,
    build_live_multivariant,
    find_next_place,
    parse_media_name,
    parse_reload,
)

PLAYLIST: Final = "application/vnd.apple.mpegurl"
IDLE_S: Final = 20.0
BLOCK_TIMEOUT_S: Final = 3.0 * TARGET_S  # 8216bis §6.2.5.2: three target durations
FIRST_TIMEOUT_S: Final = 8.0
MAX_WAITING_OF_VIEWER: Final = 8
MAX_WAITING: Final = 2048
_SWEEP_S: Final = 1.0
_ADDRESS: Final = "/live/{camera}/hls/{address}"


class _Viewer:
    """One address. proof: SHA-256 of the token that opened or last renewed it. muxer, view: None until something is fetched."""

    __slots__ = ("lease", "muxer", "proof", "used_s", "view", "waiting")

    def __init__(self, lease: Lease, proof: bytes, now_s: float) -> None:
        self.lease = lease
        self.proof = proof
        self.used_s = now_s
        self.waiting = 0
        self.muxer: HlsMuxer | None = None
        self.view: View | None = None


class HlsRoutes(LeasedRoutes[_Viewer]):
    """`POST /live/{camera}/hls` and what lies below the address that it answers with."""

    part = "address"
    lets_bare_gets = True

    def __init__(self, server: MediaServer) -> None:
        super().__init__(server)
        self._streams = HlsStreams(server.streams, pool=server.pool, clock=server.clock, supervisor=server.supervisor)
        self._task: asyncio.Task[None] | None = None
        server.count_hls = lambda: sum(viewer.view is not None for viewer in self._held.values())
        server.count_hls_bytes = lambda: self._streams.size_bytes

    def add_to(self, app: web.Application) -> None:
        """Put the routes on the application, and the end of everything at its end."""
        app.add_routes(
            [
                web.post("/live/{camera}/hls", self.open),
                web.delete(_ADDRESS, self.end),
                web.post(f"{_ADDRESS}/renew", self.renew),
                web.get(f"{_ADDRESS}/index.m3u8", self.index, allow_head=False),
                web.get(f"{_ADDRESS}/video.m3u8", self.playlist, allow_head=False),
                web.get(f"{_ADDRESS}/init/{{init}}.mp4", self.init, allow_head=False),
                web.get(f"{_ADDRESS}/{{name}}.m4s", self.media, allow_head=False),
            ]
        )
        app.on_cleanup.append(self._close)

    # -- the address -------------------------------------------------------------------------------------------------

    async def open(self, request: web.Request) -> web.StreamResponse:
        """201 with the address. The token is spent whatever comes of it."""
        if self._server.is_stopping:
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.node_stopping")
        token = self._read_token(request)
        claims = self._verify(request, token)
        name = self._new_name()
        lease = self._server.leases.open(claims, lambda _code: self._on_lease_end(name))
        try:
            if self._server.streams.get(stream_of(lease)) is None:
                raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        except BrightKitchenError:
            self._server.leases.end(lease, EndCode.CLOSED)
            raise
        self._held[name] = _Viewer(lease, prove(token), self._server.clock.mono_s())
        self._keep_sweeping()
        answer = present_json({"path": f"/live/{claims.cam}/hls/{name}/index.m3u8", "expires_in_s": int(LEASE_S)})
        answer.set_status(201)
        answer.headers[hdrs.LOCATION] = f"hls/{name}/index.m3u8"
        return answer

    # -- lists -------------------------------------------------------------------------------------------------------

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The list of lists, once it is known what there is to see."""
        viewer, muxer = self._use(request)
        await self._wait(viewer, muxer, lambda: muxer.is_live, FIRST_TIMEOUT_S)
        peak_bps, average_bps = muxer.window.rates_bps()
        text = build_live_multivariant(
            codecs=muxer.codecs,
            width_px=muxer.width_px,
            height_px=muxer.height_px,
            peak_bps=peak_bps,
            average_bps=average_bps,
            uri="video.m3u8",
        )
        return web.Response(body=text.encode(), content_type=PLAYLIST)

    async def playlist(self, request: web.Request) -> web.StreamResponse:
        """The media playlist, at once or as soon as it holds what `_HLS_msn` and `_HLS_part` ask for (8216bis §6.2.5.2)."""
        viewer, muxer = self._use(request)
        try:
            wanted = parse_reload(*(request.query.get(name) for name in ("_HLS_msn", "_HLS_part")))
        except ValueError as cause:
            raise BrightKitchenError(Kind.INVALID, "media.hls_invalid") from cause
        if wanted is None:
            await self._wait(viewer, muxer, lambda: not muxer.window.is_empty, FIRST_TIMEOUT_S)
        else:
            await self._wait_for_reload(viewer, muxer, wanted)
        return web.Response(body=muxer.window.text(), content_type=PLAYLIST)

    async def _wait_for_reload(self, viewer: _Viewer, muxer: HlsMuxer, wanted: Place) -> None:
        if muxer.judge(wanted) is Reload.REFUSE:
            raise BrightKitchenError(Kind.INVALID, "media.hls_invalid")
        await self._wait(viewer, muxer, lambda: muxer.judge(wanted) is Reload.READY, BLOCK_TIMEOUT_S)

    # -- media -------------------------------------------------------------------------------------------------------

    async def init(self, request: web.Request) -> web.StreamResponse:
        """What a player needs before the segments of one timeline."""
        viewer, muxer = self._use(request)
        found = parse_media_name(request.match_info["init"])
        data = muxer.window.init(found[0]) if found is not None and found[1] is None else None
        if data is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        return await self._send(request, viewer, (data,))

    async def media(self, request: web.Request) -> web.StreamResponse:
        """A part or a whole segment; the part that the list hints at is waited for (8216bis §4.4.5.3, §6.2.6)."""
        viewer, muxer = self._use(request)
        found = parse_media_name(request.match_info["name"])
        if found is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        number, index = found
        if index is None:
            return await self._send(request, viewer, muxer.window.segment(number))
        if not muxer.window.is_empty and find_next_place(muxer.window.present()) == Place(number, index):
            wanted = Place(number, index)
            await self._wait(viewer, muxer, lambda: muxer.judge(wanted) is Reload.READY, BLOCK_TIMEOUT_S)
        part = muxer.window.part(number, index)
        return await self._send(request, viewer, (part,) if part is not None else None)

    async def _send(self, request: web.Request, viewer: _Viewer, pieces: Iterable[bytes] | None) -> web.StreamResponse:
        """Send the pieces; None: there is no such thing any more, or not yet."""
        if pieces is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        kept = tuple(pieces)

        async def give() -> AsyncIterator[bytes]:
            for piece in kept:
                yield piece

        return await send_pieces(
            request,
            web.StreamResponse(headers={hdrs.CONTENT_TYPE: MP4}),
            sum(map(len, kept)),
            give(),
            may_go_on=lambda: self._server.leases.is_open(viewer.lease),
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _use(self, request: web.Request) -> tuple[_Viewer, HlsMuxer]:
        """Return the viewer and its stream's muxer, both alive from now on. raises: UNAUTHENTICATED, NOT_FOUND, EXHAUSTED."""
        viewer = self._find(request)
        viewer.used_s = self._server.clock.mono_s()
        if viewer.muxer is not None and not self._streams.is_current(viewer.muxer):
            self._server.leases.end(viewer.lease, EndCode.CLOSED)
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        if viewer.muxer is None:
            viewer.muxer = self._streams.open(stream_of(viewer.lease))
            viewer.view = self._server.views.begin(viewer.lease.claims)
        return viewer, viewer.muxer

    async def _wait(self, viewer: _Viewer, muxer: HlsMuxer, is_there: Callable[[], bool], timeout_s: float) -> None:
        """Return when it is there. raises: UNAUTHENTICATED if the lease ends meanwhile, EXHAUSTED, UNAVAILABLE after the time."""
        if is_there():
            return
        if viewer.waiting >= MAX_WAITING_OF_VIEWER or sum(each.waiting for each in self._streams) >= MAX_WAITING:
            raise BrightKitchenError(Kind.EXHAUSTED, "media.too_many_viewers")
        leases = self._server.leases
        viewer.waiting += 1
        try:
            is_done = await muxer.wait_for(lambda: is_there() or not leases.is_open(viewer.lease), timeout_s)
        finally:
            viewer.waiting -= 1
            viewer.used_s = self._server.clock.mono_s()
        if not leases.is_open(viewer.lease):
            raise self._server.refuse("lease_ended")
        if not is_done:
            state = muxer.state if muxer.state is not CameraState.LIVE else CameraState.CONNECTING
            reason = muxer.reason.value if muxer.reason is not None else ""
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.no_picture", state=state.value, reason=reason)

    def _on_lease_end(self, name: str) -> None:
        """However it ends, nothing more is sent from this moment on."""
        viewer = self._held.pop(name, None)
        if viewer is None:
            return
        if viewer.view is not None:
            self._server.views.end(viewer.view)
        if viewer.muxer is not None:
            viewer.muxer.wake()
            self._streams.close(viewer.muxer)
        if not self._held and self._task is not None:
            self._task.cancel()
            self._task = None

    def _keep_sweeping(self) -> None:
        if self._task is None:
            self._task = self._server.supervisor.keep("hls", self._sweep)

    async def _sweep(self) -> None:
        """End who has not asked for a while, wake who has waited too long; until there is nobody."""
        clock = self._server.clock
        while True:
            await clock.sleep(_SWEEP_S)
            for muxer in self._streams:
                muxer.wake(overdue_only=True)
            oldest_s = clock.mono_s() - IDLE_S
            idle = [each for each in self._held.values() if each.muxer is not None and not each.waiting]
            for viewer in [each for each in idle if each.used_s <= oldest_s]:
                self._server.leases.end(viewer.lease, EndCode.CLOSED)

    async def _close(self, _app: web.Application) -> None:
        for viewer in list(self._held.values()):
            self._server.leases.end(viewer.lease, EndCode.NODE_STOPPING)
