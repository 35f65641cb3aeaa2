"""What people, their sessions and their roles need from elsewhere."""

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor

Detail = Mapping[str, str | int | bool | None]


class SessionListener(Protocol):
    """Somebody who must stop serving a session once it is over: the media nodes, the open event sockets."""

    async def session_ended(self, pseudonym: str) -> None: ...


class AccessListener(SessionListener, Protocol):
    """The same, who must also ask again what a session may see once its person may see less."""

    async def access_narrowed(self, pseudonym: str) -> None:
        """That session has another pseudonym from now on; what was opened under this one must close within 10 s."""


class AuditPort(Protocol):
    """The audit: a row in the same transaction as the act (SECURITY §4). If it cannot be written, the act is undone."""

    async def append(
        self,
        connection: AsyncConnection,
        kind: str,
        *,
        actor: Actor,
        object_kind: str,
        object_id: str,
        decision: str = "allowed",
        reason: str = "",
        detail: Detail | None = None,
    ) -> None: ...
