"""HTTP requests that we send, to addresses that the net guard allows (SECURITY §3 rows 1 and 13).

Resolve once → judge → connect to that very IP, with the certificate checked against the name. No redirect is followed, no
proxy of the environment is used, no cookie kept, nothing unpacked; everything within one deadline and one size.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import AI_NUMERICHOST, AddressFamily
from typing import Final, Literal
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.netguard import Endpoint, NetGuard

TIMEOUT_S: Final = 5.0
_PORTS: Final = {"https": 443, "http": 80}
_CHUNK_BYTES: Final = 16_384

Why = Literal["address", "connection", "timeout", "redirect", "too_large", "encoding"]


class OutgoingError(Exception):
    """A request that brought no whole answer. why: one word, fit for a log."""

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What came back, whole; `status` is never a redirect."""

    status: int
    body: bytes


class _Pinned(AbstractResolver):
    """Answers with the one address that was judged, whatever is asked."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=self._endpoint.address,
                port=port,
                family=self._endpoint.family,
                proto=0,
                flags=AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        return None


class OutgoingHttp:
    """Sends requests through the guard. timeout_s: for all of one request. ca_file: authorities besides the system's."""

    def __init__(self, guard: NetGuard, *, ca_file: Path | None = None, timeout_s: float = TIMEOUT_S) -> None:
        """raises: OSError if `ca_file` cannot be read; ssl.SSLError if it holds no certificate."""
        self._guard = guard
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if ca_file is not None:
            self._tls.load_verify_locations(cafile=ca_file)

    async def get(self, url: str, *, most_bytes: int) -> Answer:
        """Return the answer to a GET. raises: OutgoingError."""
        return await self._bounded("GET", url, None, {}, most_bytes)

    async def post_form(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str], *, most_bytes: int
    ) -> Answer:
        """Return the answer to a POSTed form. raises: OutgoingError."""
        return await self._bounded("POST", url, form, headers, most_bytes)

    async def _bounded(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str], most_bytes: int
    ) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._send(method, url, form, headers, most_bytes)
        except TimeoutError as cause:
            raise OutgoingError("timeout") from cause
        except BrightKitchenError as cause:
            raise OutgoingError("address") from cause
        except (aiohttp.ClientError, OSError, ValueError) as cause:
            raise OutgoingError("connection") from cause

    async def _send(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str], most_bytes: int
    ) -> Answer:
        parts = urlsplit(url)
        endpoint = await self._guard.check_address(parts.hostname or "", parts.port or _PORTS[parts.scheme])
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(endpoint), ssl=self._tls, use_dns_cache=False, limit=1, force_close=True
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                auto_decompress=False,
                trust_env=False,
            ) as session,
            session.request(
                method,
                url,
                data=form,
                headers={"accept": "application/json", "accept-encoding": "identity", **headers},
                allow_redirects=False,
            ) as answer,
        ):
            if 300 <= answer.status < 400:
                raise OutgoingError("redirect")
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise OutgoingError("encoding")
            body = bytearray()
            async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                body += chunk
                if len(body) > most_bytes:
                    raise OutgoingError("too_large")
            return Answer(answer.status, bytes(body))
