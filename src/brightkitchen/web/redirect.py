"""The plain HTTP port beside HTTPS: sends a page on, and takes nothing that was sent in the clear.

One request a connection, its head read within bounds, its body never: there is nothing here that a slow or loud client could hold.
"""

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from brightkitchen.kernel.text import choose_language, say
from brightkitchen.web.options import WebOptions

MAX_HEAD_BYTES: Final = 16 * 1024
HEAD_TIMEOUT_S: Final = 10.0
MAX_CONNECTIONS: Final = 256
_REQUEST_LINE: Final = re.compile(r"([A-Z]{1,16}) (\S{1,2048}) HTTP/1\.[01]")
_PATH: Final = re.compile(r"/[\x21-\x7e]*")


class RedirectPort:
    """Listens on `web.port` while the page is served by HTTPS on another one.

    The answer is temporary and not kept: whoever goes back to plain HTTP shall not be shut out by what a browser remembers.
    """

    def __init__(self, options: WebOptions, *, head_timeout_s: float = HEAD_TIMEOUT_S) -> None:
        self._options = options
        self._head_timeout_s = head_timeout_s
        self._open = 0
        self._listener: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen. raises: OSError if the address is taken."""
        self._listener = await asyncio.start_server(self._serve, host, port, limit=MAX_HEAD_BYTES)

    async def close(self) -> None:
        """Stop listening; what is open ends within its time."""
        if self._listener is not None:
            self._listener.close()

    @property
    def port(self) -> int:
        """The port that is listened on, also if 0 was asked for."""
        if self._listener is None:
            raise RuntimeError("the port is not open")
        return int(self._listener.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > MAX_CONNECTIONS:
                return
            async with asyncio.timeout(self._head_timeout_s):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.decode("latin-1")))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            self._open -= 1
            writer.close()

    def _answer(self, head: str) -> bytes:
        first, *rest = head.split("\r\n")
        asked = _REQUEST_LINE.fullmatch(first)
        if asked is None:
            return _build_answer("400 Bad Request", {})
        fields = {name.lower(): value.strip() for line in rest for name, _, value in (line.partition(":"),)}
        if asked[1] not in ("GET", "HEAD"):
            sentence = say("web.https_only", choose_language(fields.get("accept-language", ""))).encode()
            return _build_answer("403 Forbidden", {"Content-Type": "text/plain; charset=utf-8"}, sentence)
        path = asked[2] if _PATH.fullmatch(asked[2]) else "/"
        return _build_answer("307 Temporary Redirect", {"Location": self._origin_for(fields.get("host", "")) + path})

    def _origin_for(self, host: str) -> str:
        """Return the origin on the host that was asked for, if it is one of ours; else the first. Never a stranger's."""
        try:
            wanted = urlsplit(f"//{host}").hostname
        except ValueError:
            wanted = None
        origins = self._options.origins
        return next((each for each in origins if urlsplit(each).hostname == wanted), origins[0])


_FIXED: Final = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
)


def _build_answer(status: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in {**_FIXED, **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
