"""The HTTP routes of a node: read the request, ask the service, present. No rules of their own."""

import asyncio
import os
from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import hdrs, web

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import CameraId, SegmentId, StreamKey, is_id
from brightkitchen.kernel.mediatoken import Act, MediaClaims
from brightkitchen.kernel.units import Utc, format_utc, parse_utc
from brightkitchen.media.playback.service import TimeRange
from brightkitchen.media.serve.guard import FRAME_AT_HEADER, HANDLE_HEADER
from brightkitchen.media.serve.leases import LEASE_S, Lease
from brightkitchen.media.serve.ranges import ByteRange, RangeNotSatisfiable, parse_range
from brightkitchen.media.serve.sending import send_bytes, send_file
from brightkitchen.media.serve.server import MediaServer, stream_of, visible_range
from brightkitchen.media.snapshot.service import MAX_THUMB_PX, Still
from brightkitchen.media.store.model import SegmentInfo

_HANDLE_ACTS: Final = frozenset((Act.PLAY, Act.SNAPSHOT, Act.THUMB, Act.CLIP))
_PLAYLIST: Final = "application/vnd.apple.mpegurl"
_USUAL_THUMB_PX: Final = 320
_BODY_TIMEOUT_S: Final = 10.0


class _TokenBody(msgspec.Struct, forbid_unknown_fields=True):
    token: str


def add_routes(app: web.Application, server: MediaServer) -> None:
    """Put the routes of docs/design/media-path.md §4.2-4.4 on the application."""
    sessions, play, stills = SessionRoutes(server), PlayRoutes(server), StillRoutes(server)
    app.add_routes(
        [
            web.post("/media/session", sessions.open),
            web.post("/media/session/renew", sessions.renew),
            web.delete("/media/session", sessions.close),
            web.get("/play/{camera}/timeline", play.timeline, allow_head=False),
            web.get("/play/{camera}/index.m3u8", play.index, allow_head=False),
            web.get("/play/{camera}/video.m3u8", play.video_list, allow_head=False),
            web.get("/play/{camera}/audio.m3u8", play.audio_list, allow_head=False),
            web.get("/play/{camera}/init/{segment}.mp4", play.video_init, allow_head=False),
            web.get("/play/{camera}/video/{segment}/{run}.m4s", play.video_run, allow_head=False),
            web.get("/play/{camera}/audio/{segment}/init.mp4", play.audio_init, allow_head=False),
            web.get("/play/{camera}/audio/{segment}/{run}.m4s", play.audio_run, allow_head=False),
            web.get("/play/{camera}/segments/{segment}.mp4", play.file, allow_head=False),
            web.get("/snapshot/{camera}", stills.snapshot, allow_head=False),
            web.get("/thumb/{camera}", stills.thumb, allow_head=False),
        ]
    )


class SessionRoutes:
    """§4.2: a token becomes a handle."""

    def __init__(self, server: MediaServer) -> None:
        self._server = server

    async def open(self, request: web.Request) -> web.StreamResponse:
        if self._server.is_stopping:
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.node_stopping")
        claims = await self._verify(request, camera=None)
        return present_json({"handle": self._server.handles.open(claims), **_present_claims(claims)})

    async def renew(self, request: web.Request) -> web.StreamResponse:
        lease = self._server.find_lease(request)
        claims = await self._verify(request, camera=lease.claims.cam)
        if not self._server.leases.renew(lease, claims):
            raise self._server.refuse("renewal")
        return present_json(_present_claims(claims))

    async def close(self, request: web.Request) -> web.StreamResponse:
        self._server.find_lease(request)
        self._server.handles.close(request.headers[HANDLE_HEADER])
        return web.Response(status=204)

    async def _verify(self, request: web.Request, *, camera: str | None) -> MediaClaims:
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                body = msgspec.json.decode(await request.read(), type=_TokenBody)
        except (msgspec.MsgspecError, RecursionError) as cause:
            raise self._server.refuse("malformed_body") from cause
        except TimeoutError as cause:
            raise self._server.refuse("slow_body") from cause
        return self._server.verifier.verify(
            body.token,
            act=_HANDLE_ACTS,
            camera=camera,
            origin=request.headers.get(hdrs.ORIGIN),
            now=self._server.clock.utc(),
        )


class PlayRoutes:
    """§4.3: recordings."""

    def __init__(self, server: MediaServer) -> None:
        self._server = server

    async def timeline(self, request: web.Request) -> web.StreamResponse:
        key, from_at, to_at = self._read_query(request)
        timeline = await self._server.playback.timeline(key, from_at, to_at)
        return present_json(
            {
                "from": format_utc(timeline.from_at),
                "to": format_utc(timeline.to_at),
                "first_at": format_or_none(timeline.first_at),
                "last_at": format_or_none(timeline.last_at),
                "spans": [{"from": format_utc(s.from_at), "to": format_utc(s.to_at)} for s in timeline.spans],
                "gaps": [
                    {"from": format_utc(g.from_at), "to": format_utc(g.to_at), "reason": g.reason}
                    for g in timeline.gaps
                ],
            }
        )

    async def index(self, request: web.Request) -> web.StreamResponse:
        key, from_at, to_at = self._read_query(request)
        query = f"profile={key.profile.value}&from={format_utc(from_at)}&to={format_utc(to_at)}"
        return _text(await self._server.playback.multivariant(key, from_at, to_at, query))

    async def video_list(self, request: web.Request) -> web.StreamResponse:
        return _text(await self._server.playback.video_list(*self._read_query(request)))

    async def audio_list(self, request: web.Request) -> web.StreamResponse:
        return _text(await self._server.playback.audio_list(*self._read_query(request)))

    async def video_init(self, request: web.Request) -> web.StreamResponse:
        camera, segment, _ = await self._read_path(request)
        return await send_bytes(request, await self._server.playback.video_init(camera, segment.id))

    async def audio_init(self, request: web.Request) -> web.StreamResponse:
        camera, segment, _ = await self._read_path(request)
        return await send_bytes(request, await self._server.playback.audio_init(camera, segment.id))

    async def video_run(self, request: web.Request) -> web.StreamResponse:
        camera, segment, allowed = await self._read_path(request)
        run = request.match_info["run"]
        data = await self._server.playback.video_run(camera, segment.id, run, allowed)
        self._note_played(request, segment, allowed)
        return await send_bytes(request, data)

    async def audio_run(self, request: web.Request) -> web.StreamResponse:
        camera, segment, allowed = await self._read_path(request)
        run = request.match_info["run"]
        data = await self._server.playback.audio_run(camera, segment.id, run, allowed)
        self._note_played(request, segment, allowed)
        return await send_bytes(request, data)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """The stored file, or one range of it, as far as whole fragments are written and the token reaches."""
        _, segment, allowed = await self._read_path(request)
        start, end = await self._server.playback.visible_bytes(segment, allowed)
        opened = await asyncio.to_thread(self._server.recordings.open_segment, segment.id)
        try:
            end = min(end, opened.size_bytes)
            try:
                wanted = parse_range(request.headers.get(hdrs.RANGE), opened.size_bytes)
            except RangeNotSatisfiable:
                return _unsatisfiable(opened.size_bytes)
            chosen = wanted or ByteRange(0, opened.size_bytes)
            in_init = chosen.end <= segment.init_bytes
            if not in_init and not (start <= chosen.start and chosen.end <= end):
                return _unsatisfiable(opened.size_bytes)
            self._note_played(request, segment, allowed)
            return await send_file(request, opened.fd, chosen, opened.size_bytes, is_part=wanted is not None)
        finally:
            os.close(opened.fd)

    def _note_played(self, request: web.Request, segment: SegmentInfo, allowed: TimeRange) -> None:
        """Count a piece of a recording that is about to be sent, with the recorded time of its file, inside what may be seen."""
        claims = self._server.check_lease(request, Act.PLAY).claims
        self._server.views.note(claims, *allowed.clip(segment.start_at, segment.end_at))

    def _read_query(self, request: web.Request) -> tuple[StreamKey, Utc, Utc]:
        """Return the stream and the asked time, clipped to what the token lets one see."""
        lease = self._server.check_lease(request, Act.PLAY)
        key = read_stream(self._server, request, lease)
        return key, *read_range(request.query, lease)

    async def _read_path(self, request: web.Request) -> tuple[CameraId, SegmentInfo, TimeRange]:
        """Return the camera, the segment and what may be seen. raises: NOT_FOUND if no instant of the segment may."""
        lease = self._server.check_lease(request, Act.PLAY)
        name = request.match_info["segment"]
        if not is_id(name, "seg"):
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        key, allowed = stream_of(lease), visible_range(lease)
        playback = self._server.playback
        segment = await playback.check_visible(key.camera, SegmentId(name), key.profile.value, allowed)
        return key.camera, segment, allowed


class StillRoutes:
    """§4.4: pictures."""

    def __init__(self, server: MediaServer) -> None:
        self._server = server

    async def snapshot(self, request: web.Request) -> web.StreamResponse:
        key, at = self._read(request, Act.SNAPSHOT)
        return self._send(request, Act.SNAPSHOT, await self._server.stills.snapshot(key, at), at)

    async def thumb(self, request: web.Request) -> web.StreamResponse:
        key, at = self._read(request, Act.THUMB)
        text = request.query.get("width", str(_USUAL_THUMB_PX))
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and 16 <= int(text) <= MAX_THUMB_PX):
            raise BrightKitchenError(Kind.INVALID, "media.width_invalid", widest_px=MAX_THUMB_PX)
        return self._send(
            request,
            Act.THUMB,
            await self._server.stills.thumb(key, at, int(text), is_wanted=lambda: _is_there(request)),
            at,
        )

    def _send(self, request: web.Request, act: Act, still: Still, at: Utc | None) -> web.Response:
        """Send a picture and count it; one of a recording with the instant that it shows."""
        claims = self._server.check_lease(request, act).claims
        recorded = (still.frame_at, still.frame_at) if at is not None else (None, None)
        self._server.views.note(claims, *recorded)
        return _jpeg(still)

    def _read(self, request: web.Request, act: Act) -> tuple[StreamKey, Utc | None]:
        lease = self._server.check_lease(request, act)
        key = read_stream(self._server, request, lease)
        text = request.query.get("at")
        if text is None:
            return key, None
        try:
            at = parse_utc(text.replace(" ", "+"))
        except (ValueError, OverflowError) as cause:
            raise BrightKitchenError(Kind.INVALID, "media.time_invalid") from cause
        if not visible_range(lease).touches(at, at + 1):
            raise BrightKitchenError(Kind.NOT_FOUND, "media.nothing_recorded")
        return key, at


def _is_there(request: web.Request) -> bool:
    """False once the viewer went away: a browser closes the connection of a request that it cancels."""
    return request.transport is not None and not request.transport.is_closing()


def read_stream(server: MediaServer, request: web.Request, lease: Lease) -> StreamKey:
    """Return the stream of the lease. raises: UNAUTHENTICATED if the query asks for the other profile."""
    key = stream_of(lease)
    if request.query.get("profile", key.profile.value) != key.profile.value:
        raise server.refuse("handle_profile")
    return key


def read_range(query: Mapping[str, str], lease: Lease) -> tuple[Utc, Utc]:
    """Return "from" and "to", clipped to what the lease lets one see. raises: INVALID media.time_invalid."""
    try:
        from_at, to_at = (parse_utc(query[name].replace(" ", "+")) for name in ("from", "to"))
    except (KeyError, ValueError, OverflowError) as cause:
        raise BrightKitchenError(Kind.INVALID, "media.time_invalid") from cause
    return visible_range(lease).clip(from_at, to_at)


def _present_claims(claims: MediaClaims) -> dict[str, object]:
    return {
        "camera": claims.cam,
        "act": claims.act.value,
        "from": format_or_none(claims.from_at),
        "to": format_or_none(claims.to_at),
        "expires_in_s": int(LEASE_S),
    }


def format_or_none(at: Utc | None) -> str | None:
    return format_utc(at) if at is not None else None


def present_json(body: dict[str, object]) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")


def _text(playlist: str) -> web.Response:
    return web.Response(body=playlist.encode(), content_type=_PLAYLIST)


def _jpeg(still: Still) -> web.Response:
    return web.Response(
        body=still.jpeg, content_type="image/jpeg", headers={FRAME_AT_HEADER: format_utc(still.frame_at)}
    )


def _unsatisfiable(size_bytes: int) -> web.Response:
    return web.Response(status=416, headers={hdrs.CONTENT_RANGE: f"bytes */{size_bytes}"})
