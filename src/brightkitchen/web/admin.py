"""Health, readiness and metrics, on a loopback listener of their own."""

from aiohttp import web

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.web.options import Services


def make_admin_app(services: Services) -> web.Application:
    """Return the aiohttp application of the admin listener."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def readyz(_request: web.Request) -> web.Response:
        try:
            has_admin = await services.users.has_anybody()
        except OSError as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable") from cause
        nodes = services.nodes.connected()
        ready = has_admin and len(nodes) == len(services.nodes.all())
        body = {"ready": ready, "administrator": has_admin, "nodes_connected": list(nodes)}
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=services.metrics.render(), content_type="text/plain", charset="utf-8")

    app = web.Application(client_max_size=1024)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


async def serve_admin(app: web.Application, *, host: str, port: int) -> web.AppRunner:
    """Serve `app` on loopback; `await runner.cleanup()` ends it."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
