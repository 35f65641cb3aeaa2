"""The aiohttp applications of a media node: the viewers' port, and the loopback port for operations."""

from collections.abc import Callable
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from brightkitchen.media.live.wsfmp4.session import LiveRoute
from brightkitchen.media.serve.guard import MAX_BODY_BYTES
from brightkitchen.media.serve.metrics import build_registry
from brightkitchen.media.serve.routes import add_routes
from brightkitchen.media.serve.server import MediaServer

KEEPALIVE_S: Final = 75.0
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


def make_runner(server: MediaServer) -> web.AppRunner:
    """Return a runner of `make_app` with the bounds of the port; the caller sets up, adds sites and cleans up."""
    return web.AppRunner(
        make_app(server),
        access_log=None,
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_S,
        max_line_size=_MAX_LINE_BYTES,
        max_field_size=_MAX_LINE_BYTES,
        max_headers=_MAX_HEADERS,
        shutdown_timeout=3.0,
    )


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
