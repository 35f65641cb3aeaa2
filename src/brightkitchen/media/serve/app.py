"""The aiohttp applications of a media node: the viewers' port, and the loopback port for operations."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from brightkitchen.media.evidence.route import add_evidence_route
from brightkitchen.media.evidence.service import EvidenceSource
from brightkitchen.media.live.llhls.route import HlsRoutes
from brightkitchen.media.live.webrtc.route import WhepRoutes
from brightkitchen.media.live.wsfmp4.session import LiveRoute
from brightkitchen.media.serve.guard import MAX_BODY_BYTES
from brightkitchen.media.serve.metrics import build_registry
from brightkitchen.media.serve.recordings import add_recording_routes
from brightkitchen.media.serve.routes import add_routes
from brightkitchen.media.serve.server import MediaServer

KEEPALIVE_S: Final = 75.0
HEADER_TIMEOUT_S: Final = 10.0
_SHUTDOWN_S: Final = 3.0
_MAX_LINE_BYTES: Final = 8 * 1024
_MAX_HEADERS: Final = 64


def make_app(server: MediaServer, evidence: EvidenceSource | None = None) -> web.Application:
    """Return what listens on the node's port (docs/design/media-path.md §4). evidence: None = none is given out here."""
    app = web.Application(middlewares=[server.guard.build_middleware()], client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(server.guard.add_headers)
    app.router.add_get("/healthz", _say_ok, allow_head=False)
    app.router.add_get("/live/{camera}/ws", LiveRoute(server).watch, allow_head=False)
    WhepRoutes(server).add_to(app)
    HlsRoutes(server).add_to(app)
    add_routes(app, server)
    if evidence is not None:
        add_evidence_route(app, server, evidence)
    add_recording_routes(app, server)
    return app


class ViewersPort:
    """The listening socket of `make_app`, with the bounds that keep slow and greedy clients from holding it (SECURITY.md §3 row 16)."""

    def __init__(
        self,
        server: MediaServer,
        evidence: EvidenceSource | None = None,
        *,
        header_timeout_s: float = HEADER_TIMEOUT_S,
    ) -> None:
        self._header_timeout_s = header_timeout_s
        app = make_app(server, evidence)
        app.middlewares.insert(0, self._build_middleware())
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=KEEPALIVE_S,
            max_line_size=_MAX_LINE_BYTES,
            max_field_size=_MAX_LINE_BYTES,
            max_headers=_MAX_HEADERS,
            shutdown_timeout=_SHUTDOWN_S,
        )
        self._listener: asyncio.Server | None = None
        self._deadlines: dict[asyncio.BaseProtocol, asyncio.TimerHandle] = {}

    @property
    def port(self) -> int:
        """The port that is listened on, also if 0 was asked for."""
        if self._listener is None:
            raise RuntimeError("the port is not open")
        return int(self._listener.sockets[0].getsockname()[1])

    async def open(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        """Listen, by TLS if there is a context. raises: OSError if the address is taken."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            self._accept,
            host,
            port,
            backlog=1024,
            ssl=context,
            ssl_handshake_timeout=self._header_timeout_s if context is not None else None,
            ssl_shutdown_timeout=_SHUTDOWN_S if context is not None else None,
        )

    async def close(self) -> None:
        """Stop listening and let running requests end, at most some seconds."""
        if self._listener is not None:
            self._listener.close()
        for deadline in self._deadlines.values():
            deadline.cancel()
        self._deadlines.clear()
        await self._runner.cleanup()

    def _accept(self) -> asyncio.Protocol:
        make_protocol = self._runner.server
        if make_protocol is None:
            raise RuntimeError("the port is not open")
        protocol = make_protocol()
        self._wait_for_header(protocol, self._header_timeout_s)
        return protocol

    def _wait_for_header(self, protocol: asyncio.BaseProtocol, timeout_s: float) -> None:
        self._deadlines[protocol] = asyncio.get_running_loop().call_later(timeout_s, self._lose_patience, protocol)

    def _lose_patience(self, protocol: asyncio.BaseProtocol) -> None:
        """Cut the connection off; one that has gone by itself is forgotten here."""
        self._deadlines.pop(protocol, None)
        transport = getattr(protocol, "transport", None)
        if transport is not None:
            transport.abort()

    def _build_middleware(self) -> Middleware:
        """Return a middleware that is reached when a header is whole, and that awaits the next one."""

        @web.middleware
        async def patience(request: web.Request, handler: Handler) -> web.StreamResponse:
            deadline = self._deadlines.pop(request.protocol, None)
            if deadline is not None:
                deadline.cancel()
            try:
                return await handler(request)
            finally:
                self._wait_for_header(request.protocol, KEEPALIVE_S + self._header_timeout_s)

        return patience


def make_admin_app(
    server: MediaServer, *, is_ready: Callable[[], bool], registry: CollectorRegistry | None = None
) -> web.Application:
    """Return health, readiness and metrics, for a loopback port. registry: where the node's other parts put theirs."""
    shown = registry or CollectorRegistry()
    build_registry(server, shown)

    async def readyz(_request: web.Request) -> web.Response:
        ready = is_ready() and not server.is_stopping
        return web.Response(text="ready" if ready else "not ready", status=200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(shown), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_get("/healthz", _say_ok)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


async def _say_ok(_request: web.Request) -> web.Response:
    return web.Response(text="ok")
