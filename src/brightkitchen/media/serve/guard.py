"""What every request of the viewers' port passes before it reaches a route: bounds, forbidden query keys, origin, headers, errors.

The middleware is the outermost layer: no answer leaves without the headers of docs/design/media-path.md §4, and every refusal of a
token or handle is the same 401.
"""

from collections import Counter
from typing import Final

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.mediatoken import TokenRefused
from brightkitchen.kernel.text import choose_language, say_error

log = get_logger(__name__)

MAX_HEADER_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 16 * 1024
FORBIDDEN_QUERY_KEYS: Final = frozenset(("token", "t", "auth", "access_token", "sig"))
HANDLE_HEADER: Final = "X-BK-Media"
FRAME_AT_HEADER: Final = "BK-Frame-At"
ZERO_AT_HEADER: Final = "BK-Zero-At"
FROM_AT_HEADER: Final = "BK-From-At"
END_AT_HEADER: Final = "BK-End-At"
SOUND_HEADER: Final = "BK-Sound"
TRANSCODED_HEADER: Final = "BK-Transcoded"

_PREFLIGHT: Final = {
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, DELETE",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, Range, X-BK-Media",
    hdrs.ACCESS_CONTROL_MAX_AGE: "600",
}
_EVERYWHERE: Final = {
    hdrs.CACHE_CONTROL: "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-site",
}
_EXPOSED: Final = ", ".join(
    (
        *(FRAME_AT_HEADER, ZERO_AT_HEADER, FROM_AT_HEADER, END_AT_HEADER),
        *(hdrs.CONTENT_RANGE, hdrs.RETRY_AFTER, hdrs.LOCATION, hdrs.ETAG, SOUND_HEADER, TRANSCODED_HEADER),
    )
)
_STATUS: Final = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 404,  # outside the scope is not found (SECURITY.md §0.1)
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.EXHAUSTED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.DATA_LOSS: 500,
    Kind.INTERNAL: 500,
}
# What WHEP gives its own status (RFC 9725 §4.2, RFC 9110 §15.5.16, 15.5.21); everything else goes by its kind.
_STATUS_OF_CODE: Final = {"media.offer_type": 415, "media.webrtc_cannot": 422}
_RETRY_AFTER_S: Final = "2"


class Guard:
    """The allowed origins of this node, and what was refused."""

    def __init__(self) -> None:
        self.allowed_origins: frozenset[str] = frozenset()
        self.refused: Counter[str] = Counter()

    def count_refusal(self, cause: str) -> None:
        self.refused[cause] += 1

    def build_middleware(self) -> Middleware:
        """Return the middleware; it turns our errors into answers and lets nothing pass that is out of bounds."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                self._check(request)
                if request.method == hdrs.METH_OPTIONS:
                    return web.Response(status=204, headers=_PREFLIGHT)
                return await handler(request)
            except BrightKitchenError as error:
                return self._answer(request, error)
            except web.HTTPRequestEntityTooLarge:
                return self._answer(request, BrightKitchenError(Kind.INVALID, "media.request_too_big"), status=413)
            except web.HTTPException as refused:
                return self._answer(
                    request, BrightKitchenError(Kind.NOT_FOUND, "media.not_found"), status=refused.status
                )
            except OSError as cause:
                if request.transport is None or request.transport.is_closing():
                    raise  # the viewer went away
                log.error("reading failed", why=str(cause), route=_name_route(request))
                return self._answer(request, BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged"))

        return guard

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """A signal handler: runs for every answer, sockets included, just before its head is written."""
        response.headers.update(_EVERYWHERE)
        response.headers[hdrs.VARY] = "Origin"
        response.headers.pop(hdrs.SERVER, None)
        response.headers[hdrs.SERVER] = "brightkitchen"
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin in self.allowed_origins:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED

    def _check(self, request: web.Request) -> None:
        if sum(len(name) + len(value) + 4 for name, value in request.raw_headers) > MAX_HEADER_BYTES:
            raise web.HTTPRequestHeaderFieldsTooLarge
        if not FORBIDDEN_QUERY_KEYS.isdisjoint(request.query):
            raise BrightKitchenError(Kind.INVALID, "media.token_in_query")
        origins = request.headers.getall(hdrs.ORIGIN, [])
        if len(origins) > 1 or (origins and origins[0] not in self.allowed_origins):
            self.count_refusal("origin_unknown")
            raise BrightKitchenError(Kind.UNAUTHENTICATED, "media.unauthorised")

    def _answer(self, request: web.Request, error: BrightKitchenError, *, status: int | None = None) -> web.Response:
        if isinstance(error, TokenRefused):
            self.count_refusal(error.cause.value)
        status = status or _STATUS_OF_CODE.get(error.code) or _STATUS[error.kind]
        body = {
            "type": "about:blank",
            "title": error.code,
            "status": status,
            "code": error.code,
            "detail": say_error(error, choose_language(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))),
            "params": error.params,
        }
        headers = {hdrs.RETRY_AFTER: _RETRY_AFTER_S} if status in (429, 503) else {}
        return web.Response(
            status=status,
            body=msgspec.json.encode(body),
            headers={hdrs.CONTENT_TYPE: "application/problem+json", **headers},
        )


def _name_route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
