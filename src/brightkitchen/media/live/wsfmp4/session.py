"""One live viewer from handshake to end: token, lease, what it may say and how often (docs/design/media-path.md §4.1).

The handler's task reads; messages go out from the muxer, straight to the transport. A lease that ends (expiry, revocation, the node stops)
writes the end code and lets the reader's patience run out; the reader then closes the socket, with the handshake of RFC 6455 §7.
"""

import asyncio
import socket as sockets
from collections import deque
from typing import Final

import msgspec
from aiohttp import WSMessage, WSMsgType, hdrs, web

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.mediatoken import Act, MediaClaims, TokenRefused
from brightkitchen.media.live.wsfmp4.frames import build_text_message
from brightkitchen.media.live.wsfmp4.muxer import LiveMuxer
from brightkitchen.media.live.wsfmp4.viewer import Viewer
from brightkitchen.media.serve.leases import LEASE_S, EndCode, Lease
from brightkitchen.media.serve.server import MediaServer, stream_of

MAX_SOCKETS_WAITING: Final = 64
TOKEN_TIMEOUT_S: Final = 3.0
MAX_FIRST_FRAME_BYTES: Final = 2048
MAX_FRAME_BYTES: Final = 4096
MAX_FRAMES_PER_S: Final = 20
PING_S: Final = 20.0
_CLOSE_TIMEOUT_S: Final = 2.0
_SEND_BUFFER_BYTES: Final = 256 * 1024

CLOSE_UNAUTHORISED: Final = 4401
CLOSE_ENDED: Final = 4000
CLOSE_FLOOD: Final = 4429
CLOSE_NO_STREAM: Final = 4404


class _Opening(msgspec.Struct, forbid_unknown_fields=True):
    token: str
    audio: bool = True


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    renew: str | None = None
    audio: bool | None = None


class FrameRate:
    """Allows so many frames in any second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times_s: deque[float] = deque(maxlen=MAX_FRAMES_PER_S)

    def allows(self) -> bool:
        """Count one more frame; False if it is one too many."""
        now_s = self._clock.mono_s()
        if len(self._times_s) == MAX_FRAMES_PER_S and now_s - self._times_s[0] < 1.0:
            return False
        self._times_s.append(now_s)
        return True


class LiveRoute:
    """`GET /live/{camera}/ws`."""

    def __init__(self, server: MediaServer) -> None:
        self._server = server

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """Serve one viewer until it goes or must go."""
        if self._server.is_stopping:
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.node_stopping")
        waiting, address = self._server.waiting_sockets, self._server.client_address(request)
        if waiting[address] >= MAX_SOCKETS_WAITING:
            raise BrightKitchenError(Kind.EXHAUSTED, "media.too_many_viewers")
        socket = web.WebSocketResponse(
            heartbeat=PING_S, compress=False, max_msg_size=MAX_FRAME_BYTES, timeout=_CLOSE_TIMEOUT_S, autoclose=True
        )
        waiting[address] += 1
        try:
            await socket.prepare(request)
            opened = await self._receive_token(request, socket)
        except ConnectionError:
            return socket  # it went before the handshake was done
        finally:
            waiting[address] -= 1
            if not waiting[address]:
                del waiting[address]
        session = _Session(self._server, request, socket)
        if opened is None:
            await session.close(CLOSE_UNAUTHORISED)
        else:
            await session.serve(*opened)
        return socket

    async def _receive_token(
        self, request: web.Request, socket: web.WebSocketResponse
    ) -> tuple[MediaClaims, bool] | None:
        """Return the claims and whether sound is wanted; None, counted by cause, if no good token came in time."""
        try:
            async with asyncio.timeout(TOKEN_TIMEOUT_S):
                message = await socket.receive()
        except TimeoutError:
            self._server.guard.count_refusal("token_timeout")
            return None
        if message.type is not WSMsgType.TEXT or len(message.data) > MAX_FIRST_FRAME_BYTES:
            self._server.guard.count_refusal("malformed_opening")
            return None
        try:
            opening = msgspec.json.decode(message.data, type=_Opening)
            claims = self._server.verifier.verify(
                opening.token,
                act=Act.LIVE,
                camera=request.match_info["camera"],
                origin=request.headers.get(hdrs.ORIGIN),
                now=self._server.clock.utc(),
            )
        except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
            self._server.guard.count_refusal("malformed_opening")
            return None
        except TokenRefused as refused:
            self._server.guard.count_refusal(refused.cause.value)
            return None
        return claims, opening.audio


class _Session:
    """A viewer whose token was good."""

    def __init__(self, server: MediaServer, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._server = server
        self._request = request
        self._socket = socket
        self._patience: asyncio.Timeout | None = None  # runs out when the lease ends

    async def serve(self, claims: MediaClaims, wants_audio: bool) -> None:
        transport = self._request.transport
        if transport is None:
            return
        _limit_send_buffer(transport)
        viewer = Viewer(transport, wants_audio=wants_audio)
        try:
            lease = self._server.leases.open(claims, lambda code: self._on_end(viewer, code))
        except BrightKitchenError as full:
            viewer.send(build_text_message(type="end", code=full.code))
            await self.close(CLOSE_FLOOD)
            return
        try:
            self._tell_lease(viewer)
            key = stream_of(lease)
            muxer = self._server.muxers.open(key, viewer)
            if muxer is None:
                await self.close(CLOSE_NO_STREAM)
                return
            view = self._server.views.begin(claims)
            try:
                async with asyncio.timeout(None) as self._patience:
                    await self._listen(viewer, lease, muxer)
            finally:
                self._server.views.end(view)
                self._server.muxers.close(key, muxer, viewer)
        except TimeoutError:
            await self.close(CLOSE_ENDED)
        except BrightKitchenError:
            await self.close(CLOSE_NO_STREAM)
        finally:
            self._server.leases.end(lease, EndCode.CLOSED)
            self._let_go()

    async def close(self, code: int) -> None:
        """End the WebSocket (RFC 6455 §7), without waiting for a viewer that takes nothing."""
        try:
            await self._socket.close(code=code, drain=False)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Cut the connection off if it is still there in some seconds.

        A transport that is closed keeps what waits until the viewer takes it; one that stopped to read would hold it for good,
        with neither lease nor limit.
        """
        transport = self._request.transport
        if transport is not None:
            self._server.supervisor.start("live cut-off", self._cut_off(transport))

    async def _cut_off(self, transport: asyncio.Transport) -> None:
        await self._server.clock.sleep(_CLOSE_TIMEOUT_S)
        transport.abort()

    async def _listen(self, viewer: Viewer, lease: Lease, muxer: LiveMuxer) -> None:
        rate = FrameRate(self._server.clock)
        while True:
            message = await self._socket.receive()
            if message.type is not WSMsgType.TEXT:
                return
            if not rate.allows():
                self._server.guard.count_refusal("frame_flood")
                await self.close(CLOSE_FLOOD)
                return
            asked = self._read_request(message, lease)
            if asked is None:
                await self.close(CLOSE_UNAUTHORISED)
                return
            if asked.renew is not None:
                self._tell_lease(viewer)
            if asked.audio is not None:
                muxer.set_audio(viewer, asked.audio)

    def _read_request(self, message: WSMessage, lease: Lease) -> _Request | None:
        """Return what the viewer asks, its lease renewed if that was asked; None if it may not."""
        try:
            asked = msgspec.json.decode(message.data, type=_Request)
            if asked.renew is not None:
                claims = self._server.verifier.verify(
                    asked.renew,
                    act=Act.LIVE,
                    camera=lease.claims.cam,
                    origin=self._request.headers.get(hdrs.ORIGIN),
                    now=self._server.clock.utc(),
                )
                if not self._server.leases.renew(lease, claims):
                    self._server.guard.count_refusal("renewal")
                    return None
        except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
            self._server.guard.count_refusal("malformed_frame")
            return None
        except TokenRefused as refused:
            self._server.guard.count_refusal(refused.cause.value)
            return None
        return asked

    def _tell_lease(self, viewer: Viewer) -> None:
        viewer.send(build_text_message(type="lease", expires_in_s=int(LEASE_S)))

    def _on_end(self, viewer: Viewer, code: EndCode) -> None:
        if code is EndCode.CLOSED:
            return
        viewer.stop(build_text_message(type="end", code=code.value))
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time())


def _limit_send_buffer(transport: asyncio.Transport) -> None:
    """Have the kernel keep less, so that our own count of what waits tells how far behind a viewer is."""
    plain = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, _SEND_BUFFER_BYTES)
