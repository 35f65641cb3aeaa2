"""The aiohttp applications of a media node: the viewers' port, and the loopback port for operations."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from brightkitchen.media.live.wsfmp4.session import LiveRoute
from brightkitchen.media.serve.guard import MAX_BODY_BYTES
from brightkitchen.media.serve.metrics import build_registry
from brightkitchen.media.serve.routes import add_routes
from brightkitchen.media.serve.server import MediaServer

KEEPALIVE_S: Final = 75.0
HEADER_TIMEOUT_S: Final = 10.0
_SHUTDOWN_S: Final = 3.0
_MAX_LINE_BYTES: Final = 8 * 1024
_MAX_HEADERS: Final = 64


def make_app(server: MediaServer) -> web.Application:
    """Return what listens on the node's port (docs/design/media-path.md §4)."""
    app = web.Application(middlewares=[server.guard.build_middleware()], client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(server.guard.add_headers)
    app.router.add_get("/healthz", _say_ok, allow_head=False)
    app.router.add_get("/live/{camera}/ws", LiveRoute(server).watch, allow_head=False)
    add_routes(app, server)
    return app


def make_runner(server: MediaServer, *, header_timeout_s: float = HEADER_TIMEOUT_S) -> web.AppRunner:
    """Return a runner of `make_app` with the bounds of the port (SECURITY.md §3 row 16).

    The caller calls `setup`, starts sites and calls `cleanup`. A client whose header is not whole after `header_timeout_s` is cut off.
    """
    deadlines = _HeaderDeadlines(header_timeout_s)
    app = make_app(server)
    app.middlewares.insert(0, deadlines.build_middleware())
    return _PatientRunner(
        deadlines,
        app,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_S,
        max_line_size=_MAX_LINE_BYTES,
        max_field_size=_MAX_LINE_BYTES,
        max_headers=_MAX_HEADERS,
        shutdown_timeout=_SHUTDOWN_S,
    )


class _HeaderDeadlines:
    """Which connections owe us a whole header, and until when. One that has gone by itself is forgotten at its deadline."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._deadlines: dict[asyncio.BaseProtocol, asyncio.TimerHandle] = {}

    def await_header(self, protocol: asyncio.BaseProtocol, extra_s: float = 0.0) -> None:
        """Cut this connection off unless a header comes in time."""
        loop = asyncio.get_running_loop()
        self._deadlines[protocol] = loop.call_later(self._timeout_s + extra_s, self._lose_patience, protocol)

    def close(self) -> None:
        """Wait for nobody any more."""
        for deadline in self._deadlines.values():
            deadline.cancel()
        self._deadlines.clear()

    def build_middleware(self) -> Middleware:
        """Return a middleware that is reached when a header is whole, and that awaits the next one."""

        @web.middleware
        async def patience(request: web.Request, handler: Handler) -> web.StreamResponse:
            deadline = self._deadlines.pop(request.protocol, None)
            if deadline is not None:
                deadline.cancel()
            try:
                return await handler(request)
            finally:
                self.await_header(request.protocol, KEEPALIVE_S)

        return patience

    def _lose_patience(self, protocol: asyncio.BaseProtocol) -> None:
        self._deadlines.pop(protocol, None)
        transport = getattr(protocol, "transport", None)
        if transport is not None:
            transport.abort()


class _PatientRunner(web.AppRunner):
    """aiohttp has no limit for the time of a header: so each new connection gets a deadline here."""

    __slots__ = ("_deadlines",)

    def __init__(self, deadlines: _HeaderDeadlines, app: web.Application, **kwargs: Any) -> None:  # Any: aiohttp's own
        super().__init__(app, **kwargs)
        self._deadlines = deadlines

    @property
    def server(self) -> Any:  # a factory of protocols is all that a site needs of it
        make_protocol = super().server
        if make_protocol is None:
            return None

        def accept() -> asyncio.Protocol:
            protocol = make_protocol()
            self._deadlines.await_header(protocol)
            return protocol

        return accept

    async def cleanup(self) -> None:
        self._deadlines.close()
        await super().cleanup()


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
