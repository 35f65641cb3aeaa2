"""A WebSocket to an ASGI application without a network: enough to open, hear, say and close."""

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any  # JSON and ASGI messages

TIMEOUT_S = 5.0


class AsgiSocket:
    """`async with AsgiSocket(app, path, headers) as socket:`; `accepted` says whether the door opened."""

    def __init__(self, app: Any, path: str, headers: Mapping[str, str]) -> None:
        self._app = app
        self._scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("192.0.2.7", 40000),
            "server": ("127.0.0.1", 8080),
            "subprotocols": [],
        }
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.accepted = False
        self.close_code: int | None = None

    async def __aenter__(self) -> "AsgiSocket":
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._app(self._scope, self._to_app.get, self._from_app.put))
        first = await asyncio.wait_for(self._from_app.get(), TIMEOUT_S)
        self.accepted = first["type"] == "websocket.accept"
        if not self.accepted:
            self.close_code = first.get("code")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self._task, TIMEOUT_S)

    def say(self, text: str) -> None:
        """Send a frame."""
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    async def hear(self) -> dict[str, Any]:
        """Return the next event. raises: ConnectionError with the close code when the application closed."""
        message = await asyncio.wait_for(self._from_app.get(), TIMEOUT_S)
        if message["type"] == "websocket.close":
            self.close_code = message["code"]
            raise ConnectionError(message["code"])
        heard: dict[str, Any] = json.loads(message["text"])
        return heard
