"""`/api/v1/events`: what changed, to every open page, as far as its person may see it."""

import asyncio
from typing import Final

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from brightkitchen.domain.cameras.live import Feed
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.auth import Caller, authenticate, services_of
from brightkitchen.web.options import Services
from brightkitchen.web.present.cameras import present_camera

SOCKETS_PER_SESSION: Final = 5
ALIVE_EVERY_S: Final = 20.0
SEND_TIMEOUT_S: Final = 10.0
MAX_FRAME_CHARS: Final = 4096

router = APIRouter()


class EventSockets:
    """The open event sockets by session, so that they end with it and stay few."""

    def __init__(self) -> None:
        self._feeds: dict[str, set[Feed]] = {}

    def add(self, pseudonym: str, feed: Feed) -> bool:
        """Count a socket in. False if the session has five already."""
        feeds = self._feeds.setdefault(pseudonym, set())
        if len(feeds) >= SOCKETS_PER_SESSION:
            return False
        feeds.add(feed)
        return True

    def remove(self, pseudonym: str, feed: Feed) -> None:
        """Count a socket out."""
        feeds = self._feeds.get(pseudonym)
        if feeds is not None:
            feeds.discard(feed)
            if not feeds:
                del self._feeds[pseudonym]

    async def session_ended(self, pseudonym: str) -> None:
        """Close the sockets of a session that is over."""
        for feed in self._feeds.pop(pseudonym, ()):
            feed.close()

    async def access_narrowed(self, pseudonym: str) -> None:
        """Let the sockets of a session notice at once that its person's roles have changed."""
        for feed in self._feeds.pop(pseudonym, ()):
            feed.wake()


class _Over(Exception):
    """This socket has to end, with that close code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@router.websocket("/api/v1/events")
async def events(socket: WebSocket) -> None:
    """Send `{"type":"camera",…}` and `{"type":"removed",…}`; each 20 s `{"type":"alive",…}`. Listens to nothing.

    `{"type":"work"}` says that an alarm or a fault ticket of a camera in the person's scope began, moved or ended, and not which.

    The origin was checked before the upgrade. Closes with 1008 when the session is over, 1013 when the page fell so far
    behind that it has to read the list again, 1012 when the person's roles changed: the page begins again.
    """
    caller = await authenticate(socket)
    sockets = socket.app.state.event_sockets
    assert isinstance(sockets, EventSockets)
    services = services_of(socket)
    feed = services.board.subscribe()
    try:
        if caller is None or not sockets.add(caller.session.pseudonym, feed):
            await socket.close(1008)
            return
        await socket.accept()
        services.metrics.event_sockets.inc()
        try:
            await _serve(socket, caller, feed, services)
        finally:
            services.metrics.event_sockets.dec()
            sockets.remove(caller.session.pseudonym, feed)
    finally:
        services.board.unsubscribe(feed)


async def _serve(socket: WebSocket, caller: Caller, feed: Feed, services: Services) -> None:
    code: int | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_listen(socket))
            tasks.create_task(_tell(socket, caller, feed, services))
    except* _Over as over:
        code = next(each.code for each in over.exceptions if isinstance(each, _Over))
    except* (WebSocketDisconnect, TimeoutError, RuntimeError):
        code = None  # nobody listens any more
    if code is not None:
        await socket.close(code)


async def _listen(socket: WebSocket) -> None:
    """Notice that the page left. It has nothing to say: a frame that is long, or many of them, ends the socket."""
    for _ in range(64):
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        if len(message.get("text") or message.get("bytes") or "") > MAX_FRAME_CHARS:
            raise _Over(1009)
    raise _Over(1008)


async def _tell(socket: WebSocket, caller: Caller, feed: Feed, services: Services) -> None:
    told: set[str] = set()
    while True:
        changed = await feed.take(ALIVE_EVERY_S)
        work = feed.take_work()
        now = await authenticate(socket)  # again each time: roles may have changed since
        if feed.is_closed or now is None:
            raise _Over(1008)
        if feed.is_overrun:
            raise _Over(1013)
        if now.actor.grants != caller.actor.grants:
            raise _Over(1012)  # what the page shows may be too much or too little: let it begin again
        if not changed:
            await _send(socket, {"type": "alive", "server_at": format_utc(services.clock.utc())})
            continue
        known = await services.cameras.load_known(now.actor, changed)
        for camera in changed:
            found = known.get(camera)
            if found is not None and found.retired_at is None:
                told.add(camera)
                shown = present_camera(found, now.actor, services).model_dump(mode="json")
                await _send(socket, {"type": "camera", "camera": shown})
            elif found is not None or camera in told:
                # Of a camera outside the scope not even its end is told (SECURITY A1), unless this page has it.
                told.discard(camera)
                await _send(socket, {"type": "removed", "id": camera})
        if work & known.keys():
            await _send(socket, {"type": "work"})


async def _send(socket: WebSocket, event: dict[str, object]) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await socket.send_text(msgspec.json.encode(event).decode())
