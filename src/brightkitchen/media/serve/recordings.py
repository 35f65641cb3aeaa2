"""The routes of recordings that run over many files: the direct stream and downloads (docs/design/media-path.md §4.5, §4.6)."""

import asyncio
import re
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from aiohttp import hdrs, web

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.mediatoken import Act
from brightkitchen.kernel.units import Utc, format_utc
from brightkitchen.media.playback.clip import Clip
from brightkitchen.media.playback.direct import RATES, Direct, Tracks, Wish
from brightkitchen.media.serve.guard import (
    END_AT_HEADER,
    FROM_AT_HEADER,
    HANDLE_HEADER,
    TRANSCODED_HEADER,
    ZERO_AT_HEADER,
)
from brightkitchen.media.serve.routes import present_json, read_range, read_stream
from brightkitchen.media.serve.sending import MP4, send_pieces
from brightkitchen.media.serve.server import MediaServer

_BODY_TIMEOUT_S: Final = 10.0
_TRACKS: Final[dict[str, Tracks]] = {"both": "both", "video": "video", "sound": "sound"}
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|]')


class _ClipBody(msgspec.Struct, forbid_unknown_fields=True, rename={"from_at": "from", "to_at": "to"}):
    """name: what the browser calls the file, without its ending."""

    from_at: str
    to_at: str
    exact: bool = False
    sound: bool = True
    profile: str = "main"
    name: Annotated[str, msgspec.Meta(max_length=120)] = ""


def add_recording_routes(app: web.Application, server: MediaServer) -> None:
    """Put the routes of docs/design/media-path.md §4.5 and §4.6 on the application."""
    stream, clips = StreamRoutes(server), ClipRoutes(server)
    app.add_routes(
        [
            web.get("/play/{camera}/stream.mp4", stream.send, allow_head=False),
            web.get("/play/{camera}/clip.mp4", clips.send, allow_head=False),
            web.post("/play/{camera}/clips", clips.prepare),
            web.get("/play/{camera}/clips/{download}", clips.progress, allow_head=False),
            web.get("/s/{download}/clip.mp4", clips.fetch, allow_head=False),
        ]
    )


class StreamRoutes:
    """§4.5: one continuous stream."""

    def __init__(self, server: MediaServer) -> None:
        self._server = server

    async def send(self, request: web.Request) -> web.StreamResponse:
        lease = self._server.check_lease(request, Act.PLAY)
        key = read_stream(self._server, request, lease)
        from_at, to_at = read_range(request.query, lease)
        rate, tracks = request.query.get("rate", "1"), request.query.get("tracks", "both")
        if rate not in map(str, RATES) or tracks not in _TRACKS:
            raise BrightKitchenError(Kind.INVALID, "media.rate_invalid", rates=", ".join(map(str, RATES)))
        codec = request.query.get("codec")
        if codec not in (None, "h264"):
            raise BrightKitchenError(Kind.INVALID, "media.codec_invalid")
        wish = Wish(key, from_at, to_at, int(rate), _TRACKS[tracks], joins=request.query.get("joins") == "1")
        try:
            direct = await self._server.direct.prepare(wish)
        except BrightKitchenError as empty:
            if empty.code != "media.nothing_recorded":
                raise
            # No failure: a player asks on at the end of what is recorded, and a browser writes each 404 down as an error.
            return web.Response(status=204)
        headers, pieces = _stream_headers(direct), self._server.direct.send(direct)
        if codec is not None and self._server.transcoded_streams.is_needed(direct):
            transcode = self._server.transcodes.play(request.headers[HANDLE_HEADER], key, owner=lease.claims.sid)
            answer = await self._server.transcoded_streams.open(direct, transcode)
            direct, pieces = answer.direct, answer.pieces
            headers = {**_stream_headers(direct), **_transcoded_headers(answer.codecs)}
        try:
            return await send_pieces(
                request,
                web.StreamResponse(headers=headers),
                None,
                pieces,
                may_go_on=lambda: self._server.leases.is_open(lease),
            )
        finally:
            self._server.views.note(lease.claims, Utc(max(from_at, direct.zero_at)), Utc(min(to_at, direct.end_at)))


def _stream_headers(direct: Direct) -> dict[str, str]:
    return {
        hdrs.CONTENT_TYPE: f'{MP4}; codecs="{direct.codecs}"',
        ZERO_AT_HEADER: format_utc(direct.zero_at),
        FROM_AT_HEADER: format_utc(direct.plan.from_at),
        END_AT_HEADER: format_utc(direct.end_at),
    }


def _transcoded_headers(codecs: str) -> dict[str, str]:
    return {hdrs.CONTENT_TYPE: f'{MP4}; codecs="{codecs}"', TRANSCODED_HEADER: "1"}


class ClipRoutes:
    """§4.6: downloads. A script fetches the clip with its handle; a browser is given an address that opens once."""

    def __init__(self, server: MediaServer) -> None:
        self._server = server

    async def send(self, request: web.Request) -> web.StreamResponse:
        lease = self._server.check_lease(request, Act.CLIP)
        key = read_stream(self._server, request, lease)
        from_at, to_at = read_range(request.query, lease)
        clip = await self._server.clips.cut(
            key,
            from_at,
            to_at,
            is_exact=request.query.get("exact") == "1",
            has_sound=request.query.get("sound", "1") == "1",
        )
        self._server.views.note(lease.claims, clip.from_at, clip.to_at)
        return await send_pieces(
            request,
            web.StreamResponse(headers=_clip_headers(clip, f"{key.camera}_{format_utc(clip.from_at)}")),
            clip.size_bytes,
            self._server.clips.send(clip),
            may_go_on=lambda: self._server.leases.is_open(lease),
        )

    async def prepare(self, request: web.Request) -> web.StreamResponse:
        """Cut the clip and name the address at which it can be fetched once, within a minute."""
        lease = self._server.check_lease(request, Act.CLIP)
        body = await self._read_body(request)
        key = read_stream(self._server, request, lease)
        if body.profile != key.profile.value:
            raise self._server.refuse("handle_profile")
        from_at, to_at = read_range({"from": body.from_at, "to": body.to_at}, lease)
        clip = await self._server.clips.cut(key, from_at, to_at, is_exact=body.exact, has_sound=body.sound)
        download = self._server.downloads.open(clip, lease.claims, body.name or f"{key.camera}")
        return present_json(
            {
                "download": download,
                "path": f"/s/{download}/clip.mp4",
                "size_bytes": clip.size_bytes,
                "pictures": clip.pictures,
                "from": format_utc(clip.from_at),
                "to": format_utc(clip.to_at),
            }
        )

    async def progress(self, request: web.Request) -> web.StreamResponse:
        lease = self._server.check_lease(request, Act.CLIP)
        found = self._server.downloads.find(request.match_info["download"])
        if found is None or found.lease.claims.sid != lease.claims.sid or found.lease.claims.cam != lease.claims.cam:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        return present_json({"state": found.state, "sent_bytes": found.sent_bytes, "size_bytes": found.clip.size_bytes})

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """Send the clip that this address was made for. The address is the permission: random, single use, a minute long."""
        found = self._server.downloads.take(request.match_info["download"])
        if found is None:
            raise self._server.refuse("download_unknown")
        self._server.views.note(found.lease.claims, found.clip.from_at, found.clip.to_at)
        try:
            return await send_pieces(
                request,
                web.StreamResponse(headers=_clip_headers(found.clip, found.name)),
                found.clip.size_bytes,
                self._server.clips.send(found.clip),
                may_go_on=lambda: self._server.leases.is_open(found.lease),
                on_sent=found.note_sent,
            )
        finally:
            self._server.downloads.finish(found)

    async def _read_body(self, request: web.Request) -> _ClipBody:
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                return msgspec.json.decode(await request.read(), type=_ClipBody)
        except (msgspec.MsgspecError, RecursionError, TimeoutError) as cause:
            raise BrightKitchenError(Kind.INVALID, "media.clip_invalid") from cause


def _clip_headers(clip: Clip, name: str) -> dict[str, str]:
    file_name = f"{_UNSAFE.sub('-', name)}.mp4"
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in file_name)
    return {
        hdrs.CONTENT_DISPOSITION: f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}",
        FROM_AT_HEADER: format_utc(clip.from_at),
        END_AT_HEADER: format_utc(clip.to_at),
    }
