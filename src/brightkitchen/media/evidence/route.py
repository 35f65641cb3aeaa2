"""`POST /evidence/{camera}`: control asks for evidence with a token of its own (docs/design/evidence.md §6)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, Literal

import msgspec
from aiohttp import web

from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.evidencestream import MEDIA_TYPE
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.mediatoken import Act, MediaClaims
from brightkitchen.media.evidence.service import EvidenceSource, build_refusal
from brightkitchen.media.serve.server import MediaServer

log = get_logger(__name__)

MACHINE: Final = "machine"
_BODY_TIMEOUT_S: Final = 10.0
_PIECE_TIMEOUT_S: Final = 30.0


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    token: str
    kind: Literal["snapshot", "clip"]


class EvidenceRoute:
    """The token says camera, stream and time; the body only which kind of thing is wanted."""

    def __init__(self, server: MediaServer, source: EvidenceSource) -> None:
        self._server = server
        self._source = source

    async def capture(self, request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                body = msgspec.json.decode(await request.read(), type=_Body)
        except (msgspec.MsgspecError, RecursionError, TimeoutError) as cause:
            raise self._server.refuse("malformed_body") from cause
        claims = self._server.verifier.verify(
            body.token,
            act=Act.EVIDENCE,
            camera=request.match_info["camera"],
            origin=None,
            now=self._server.clock.utc(),
        )
        if claims.cls != MACHINE:
            raise self._server.refuse("class")
        async with aclosing(self._pieces(body.kind, claims)) as pieces:
            return await self._send(request, pieces)

    def _pieces(self, kind: str, claims: MediaClaims) -> AsyncGenerator[bytes, None]:
        key = StreamKey(CameraId(claims.cam), Profile(claims.prof))
        if kind == "snapshot":
            return self._source.snapshot(key, claims.from_at)
        if claims.from_at is None or claims.to_at is None:
            raise self._server.refuse("no_range")
        return self._source.clip(key, claims.from_at, claims.to_at)

    async def _send(self, request: web.Request, pieces: AsyncGenerator[bytes, None]) -> web.StreamResponse:
        first = await anext(pieces)  # what cannot be done at all is an ordinary answer
        response = web.StreamResponse()
        response.content_type = MEDIA_TYPE
        await response.prepare(request)
        try:
            await self._write(response, first)
            async for piece in pieces:
                await self._write(response, piece)
        except BrightKitchenError as error:
            log.error("evidence not finished", camera=request.match_info["camera"], code=error.code)
            await self._write(response, build_refusal(error))
        await response.write_eof()
        return response

    async def _write(self, response: web.StreamResponse, piece: bytes) -> None:
        async with asyncio.timeout(_PIECE_TIMEOUT_S):
            await response.write(piece)


def add_evidence_route(app: web.Application, server: MediaServer, source: EvidenceSource) -> None:
    """Put the route on the viewers' application."""
    app.router.add_post("/evidence/{camera}", EvidenceRoute(server, source).capture)
