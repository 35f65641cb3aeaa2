"""Serves the web application inside our own event loop (docs/adr/0004-control-server.md)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

from brightkitchen.kernel.certificatefiles import CertificateFiles
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.forwarding import is_loopback

HEADER_TIMEOUT_MS: Final = 10_000
MAX_HEADER_BYTES: Final = 16 * 1024
STOP_TIMEOUT_S: Final = 5


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the web listens. tls: what browsers are shown; None: plain HTTP."""

    host: str
    port: int
    tls: CertificateFiles | None = None
    insecure_http: bool = False


class WebServer:
    """Granian, embedded: one process, one loop, so that services and node links are shared without a broker."""

    def __init__(self, app: ASGIApp, listener: Listener) -> None:
        """raises: BrightKitchenError "web.needs_tls" for plain HTTP on an address others can reach."""
        if listener.tls is None and not listener.insecure_http and not is_loopback(listener.host):
            raise BrightKitchenError(Kind.INVALID, "web.needs_tls", host=listener.host)
        self._listener = listener
        self._server = Server(
            app,
            address=listener.host,
            port=listener.port,
            interface=Interfaces.ASGINL,
            # HTTP/1.1 only: one protocol to bound, and what WebSockets need anyway
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=MAX_HEADER_BYTES),
            backlog=1024,
            backpressure=256,
            ssl_cert=listener.tls.certificate if listener.tls is not None else None,
            ssl_key=listener.tls.key if listener.tls is not None else None,
            ssl_protocol_min=SSLProtocols.tls12,
            log_enabled=False,
        )
        self._server.workers_kill_timeout = STOP_TIMEOUT_S

    async def run(self) -> None:
        """Serve until `stop`. Cancelling stops as well."""
        task = asyncio.create_task(self._server.serve(), name="web server")
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self.stop()
            await asyncio.wait((task,), timeout=STOP_TIMEOUT_S)
            raise

    async def wait_listening(self, clock: Clock, *, timeout_s: float = 10.0) -> bool:
        """Return True once connections are accepted; granian binds in a thread of its own and does not say so."""
        deadline_s = clock.mono_s() + timeout_s
        while clock.mono_s() < deadline_s:
            try:
                _reader, writer = await asyncio.open_connection(self._listener.host, self._listener.port)
            except OSError:
                await clock.sleep(0.02)
            else:
                writer.close()
                return True
        return False

    def reload(self) -> None:
        """Read the certificate's files anew. What is under way ends by itself, in five seconds at most; event sockets come again."""
        self._server.signal_handler_reload()  # type: ignore[no-untyped-call]  # granian is untyped here

    def stop(self) -> None:
        """Take no more requests and end."""
        self._server.signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian is untyped here
