"""What every request meets before any route: host, cross-site checks, limits, and headers on the way out.

Plain ASGI, so that it also sees what a framework would answer by itself. SECURITY §2.1, §3 row 16, §6.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import new_id
from brightkitchen.web.errors import problem_response
from brightkitchen.web.metrics import ControlMetrics
from brightkitchen.web.options import WebOptions

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_JSON_DEPTH: Final = 32
BODY_TIMEOUT_S: Final = 30.0
UPLOAD_TIMEOUT_S: Final = 120.0
UPLOADS: Final[Mapping[str, tuple[frozenset[str], int]]] = {
    "/api/v1/imports": (
        frozenset({"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv"}),
        20 * 1024 * 1024,
    ),
}
"""Paths to which files are posted as raw bodies: which kinds, and how many bytes. None of the kinds is one that a plain form
can send, and the body is read by the route, after it knows who asks."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Possessive, and at the end of the text a string may stay open: no input makes it go back, so it is linear.
_JSON: Final = frozenset({"application/json"})
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_INNERMOST: Final = re.compile(rb"\[\]|\{\}")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))

_FIXED_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=(self)",
    "x-frame-options": "DENY",
}


def build_csp(*, media_urls: tuple[str, ...], own_socket: str, nonce: str | None) -> str:
    """Return the Content-Security-Policy of an answer. nonce: of an HTML page, for the styles its script adds."""
    style = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    sockets = [url.replace("http", "ws", 1) for url in media_urls]
    connect = " ".join(["'self'", own_socket, *media_urls, *sockets])
    media = " ".join(["'self'", "blob:", *media_urls])  # a browser's own player of HLS fetches from the nodes
    return (
        f"default-src 'none'; script-src 'self'; style-src {style}; img-src 'self' blob: data:; "
        f"media-src {media}; connect-src {connect}; font-src 'self'; worker-src 'self'; manifest-src 'self'; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )


def is_nested_deeper(body: bytes, levels: int) -> bool:
    """True if brackets in this JSON text nest deeper than `levels`; in linear time, whatever the bytes are.

    Text that is no JSON may be called too deep as well once it opens more brackets than `levels`.
    """
    left = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    if left.count(b"[") + left.count(b"{") <= levels:
        return False
    for _ in range(levels):
        left = _INNERMOST.sub(b"", left)
    return b"[" in left or b"{" in left


def check_same_origin(headers: Mapping[str, str], origin: str) -> None:
    """raises: BrightKitchenError "web.cross_site" unless the browser proves that a page of ours asks."""
    claimed = headers.get("origin")
    if claimed is not None:
        if claimed != origin:
            raise BrightKitchenError(Kind.FORBIDDEN, "web.cross_site")
    elif headers.get("sec-fetch-site") != "same-origin":
        raise BrightKitchenError(Kind.FORBIDDEN, "web.cross_site")


class Guard:
    """The outermost layer of the web application."""

    def __init__(self, app: ASGIApp, *, options: WebOptions, entropy: Entropy, metrics: ControlMetrics) -> None:
        self._app = app
        self._options = options
        self._entropy = entropy
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        scope["bk_instance"] = f"urn:bk:request:{new_id('req', self._entropy)}"
        scope["bk_nonce"] = self._entropy.token_bytes(16).hex()
        origin = self._options.origin_of_host(headers.get("host", ""))
        scope["bk_origin"] = origin or ""
        dressed = self._dressed(scope, send)
        try:
            if origin is None:
                raise BrightKitchenError(Kind.INVALID, "web.host")
            if scope["method"] not in _SAFE:
                upload = UPLOADS.get(scope["path"]) if scope["method"] == "POST" else None
                _check_unsafe(headers, origin, upload[0] if upload else _JSON)
                if upload is None:
                    receive = _replay(await _read_body(headers, receive))
                else:
                    receive = _limited(headers, receive, upload[1])
        except BrightKitchenError as refused:
            await problem_response(refused, headers, scope["bk_instance"])(scope, receive, dressed)
            return
        await self._app(scope, receive, dressed)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin = self._options.origin_of_host(headers.get("host", ""))
        scope["bk_origin"] = origin or ""
        if origin is None or headers.get("origin") != origin:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        await self._app(scope, receive, send)

    def _dressed(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that adds the security headers and counts the answer."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(scope["method"][:10], str(message["status"])).inc()
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                is_page = headers.get("content-type", "").startswith("text/html")
                for name, value in _FIXED_HEADERS.items():
                    headers[name] = value
                headers["content-security-policy"] = self._csp(scope, scope["bk_nonce"] if is_page else None)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
                if self._options.has_hsts and scope["bk_origin"].startswith("https:"):
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        return dressed

    def _csp(self, scope: Scope, nonce: str | None) -> str:
        origin = scope["bk_origin"]
        if not origin:
            return "default-src 'none'; frame-ancestors 'none'"
        return build_csp(
            media_urls=self._options.media_origins(origin), own_socket=origin.replace("http", "ws", 1), nonce=nonce
        )


def _check_unsafe(headers: Headers, origin: str, kinds: frozenset[str]) -> None:
    # A page of another site can neither know an API token nor send that header; beside a cookie it proves nothing.
    is_machine = "authorization" in headers and "cookie" not in headers
    if not is_machine:
        if headers.get("x-bk") != "1":
            raise BrightKitchenError(Kind.FORBIDDEN, "web.cross_site")
        check_same_origin(headers, origin)
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if has_body and headers.get("content-type", "").partition(";")[0].strip().lower() not in kinds:
        raise BrightKitchenError(Kind.INVALID, "web.not_json" if kinds is _JSON else "import.extension")


async def _read_body(headers: Headers, receive: Receive) -> bytes:
    """raises: BrightKitchenError "web.too_large", "web.too_slow" or "web.too_deep"."""
    claimed = headers.get("content-length", "")
    if claimed.isascii() and claimed.isdigit() and int(claimed[:20]) > MAX_BODY_BYTES:
        raise BrightKitchenError(Kind.INVALID, "web.too_large", most=MAX_BODY_BYTES)
    chunks: list[bytes] = []
    size_bytes = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            more = True
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    raise BrightKitchenError(Kind.INVALID, "web.malformed")
                chunk = message.get("body", b"")
                size_bytes += len(chunk)
                if size_bytes > MAX_BODY_BYTES:
                    raise BrightKitchenError(Kind.INVALID, "web.too_large", most=MAX_BODY_BYTES)
                chunks.append(chunk)
                more = message.get("more_body", False)
    except TimeoutError as cause:
        raise BrightKitchenError(Kind.INVALID, "web.too_slow") from cause
    body = b"".join(chunks)
    if is_nested_deeper(body, MAX_JSON_DEPTH):
        raise BrightKitchenError(Kind.INVALID, "web.too_deep", most=MAX_JSON_DEPTH)
    return body


def _limited(headers: Headers, receive: Receive, most: int) -> Receive:
    """Return a `receive` that passes at most `most` bytes of body on, within two minutes.

    raises: BrightKitchenError "web.too_large", here or while it is read; "web.too_slow" while it is read.
    """
    claimed = headers.get("content-length", "")
    if claimed.isascii() and claimed.isdigit() and int(claimed[:20]) > most:
        raise BrightKitchenError(Kind.INVALID, "web.too_large", most=most)
    left_bytes = most
    deadline_s = asyncio.get_running_loop().time() + UPLOAD_TIMEOUT_S
    is_whole = False

    async def limited() -> Message:
        nonlocal left_bytes, is_whole
        if is_whole:  # whoever listens on for the end of the connection may wait
            return await receive()
        try:
            async with asyncio.timeout_at(deadline_s):
                message = await receive()
        except TimeoutError as cause:
            raise BrightKitchenError(Kind.INVALID, "web.too_slow") from cause
        left_bytes -= len(message.get("body", b""))
        if left_bytes < 0:
            raise BrightKitchenError(Kind.INVALID, "web.too_large", most=most)
        is_whole = not message.get("more_body", False)
        return message

    return limited


def _replay(body: bytes) -> Receive:
    """Return a `receive` that hands out `body` once and then waits for the end of the connection for ever."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if left:
            return left.pop()
        return {"type": "http.disconnect"}

    return receive
