"""Sending media: in pieces, not faster than the viewer takes them, and never longer than its lease lasts."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import hdrs, web

from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.log import get_logger
from brightkitchen.media.serve.ranges import ByteRange

log = get_logger(__name__)

MP4: Final = "video/mp4"
_CHUNK_BYTES: Final = 256 * 1024
_PIECE_TIMEOUT_S: Final = 30.0  # for 256 KiB: a viewer that takes less than 8 KiB/s is let go


async def send_file(
    request: web.Request, fd: int, chosen: ByteRange, size_bytes: int, *, is_part: bool
) -> web.StreamResponse:
    """Send the range in pieces read by threads; a viewer that is slow slows only itself."""
    headers = {hdrs.ACCEPT_RANGES: "bytes"}
    if is_part:
        headers[hdrs.CONTENT_RANGE] = f"bytes {chosen.start}-{chosen.end - 1}/{size_bytes}"
    response = web.StreamResponse(status=206 if is_part else 200, headers=headers)
    return await send_pieces(request, response, chosen.size_bytes, _read_pieces(fd, chosen))


async def send_bytes(request: web.Request, data: bytes) -> web.StreamResponse:
    """Send bytes that are in memory, not faster than the viewer takes them."""

    async def cut() -> AsyncIterator[bytes]:
        for at in range(0, len(data), _CHUNK_BYTES):
            yield data[at : at + _CHUNK_BYTES]

    return await send_pieces(request, web.StreamResponse(), len(data), cut())


async def send_pieces(
    request: web.Request,
    response: web.StreamResponse,
    size_bytes: int | None,
    pieces: AsyncIterator[bytes],
    *,
    may_go_on: Callable[[], bool] = lambda: True,
    on_sent: Callable[[int], None] = lambda _: None,
) -> web.StreamResponse:
    """Send the pieces; a viewer that does not take 256 KiB within 30 s, or whose lease ended, is cut off.

    size_bytes: of all of them, None if nobody knows. on_sent: told how many bytes of each the viewer took.
    A piece that cannot be read cuts the viewer off as well: it must not take half an answer for a whole one.
    """
    if hdrs.CONTENT_TYPE not in response.headers:
        response.content_type = MP4
    if size_bytes is not None:
        response.content_length = size_bytes
    await response.prepare(request)
    try:
        async for piece in pieces:
            for at in range(0, len(piece), _CHUNK_BYTES):
                async with asyncio.timeout(_PIECE_TIMEOUT_S):
                    await response.write(piece[at : at + _CHUNK_BYTES])
                on_sent(min(_CHUNK_BYTES, len(piece) - at))
                if not may_go_on():
                    raise TimeoutError
        await response.write_eof()
    except TimeoutError:
        _cut_off(request)
    except BrightKitchenError as error:
        log.warning("an answer broke off", code=error.code)
        _cut_off(request)
    return response


def _cut_off(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _read_pieces(fd: int, chosen: ByteRange) -> AsyncIterator[bytes]:
    at = chosen.start
    while at < chosen.end:
        piece = await asyncio.to_thread(os.pread, fd, min(_CHUNK_BYTES, chosen.end - at), at)
        if not piece:
            raise OSError("the file became shorter")
        yield piece
        at += len(piece)
