"""What ending a session needs from elsewhere."""

from typing import Protocol


class SessionListener(Protocol):
    """Somebody who must stop serving a session once it is over: the media nodes, the open event sockets."""

    async def session_ended(self, pseudonym: str) -> None: ...
