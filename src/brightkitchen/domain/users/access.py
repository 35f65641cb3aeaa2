"""When somebody may see less than a moment ago: sessions end or get another name, and whoever serves them hears of it.

A media token carries its session's pseudonym, and nodes remember a revoked one; a session that lives on therefore goes
on under another (docs/design/permissions.md P5).
"""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.users import store, token_store
from brightkitchen.domain.users.ports import AccessListener
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import UserId, new_id


@dataclass(frozen=True, slots=True)
class Closing:
    """Pseudonyms under which nothing may be open any more: of sessions that are over, of those that live on."""

    ended: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()

    def __add__(self, other: "Closing") -> "Closing":
        return Closing(self.ended + other.ended, self.narrowed + other.narrowed)


class AccessChanges:
    """Ends and renames sessions inside a transaction, and tells the listeners after it."""

    def __init__(self, *, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._listeners: list[AccessListener] = []

    def add_listener(self, listener: AccessListener) -> None:
        """Tell `listener` of everything that has to close from now on."""
        self._listeners.append(listener)

    async def end_sessions(self, connection: AsyncConnection, user: UserId) -> Closing:
        """End all sessions of a person."""
        return Closing(ended=await store.end_sessions(connection, user, self._clock.utc()))

    async def end_tokens(self, connection: AsyncConnection, user: UserId, *, only: str = "") -> Closing:
        """Revoke a person's API tokens, or one."""
        return Closing(ended=await token_store.revoke_tokens(connection, user, self._clock.utc(), only=only))

    async def narrow(self, connection: AsyncConnection, user: UserId) -> Closing:
        """Give a person's sessions and tokens other pseudonyms: call it when roles were taken away."""
        fresh = lambda: new_id("sid", self._entropy)  # noqa: E731
        return Closing(narrowed=await token_store.replace_pseudonyms(connection, user, fresh, self._clock.utc()))

    async def tell(self, closing: Closing) -> None:
        """Tell every listener, all at once; call it after the transaction. Nodes are waited for, at most 5 s."""
        told = [listener.session_ended(name) for listener in self._listeners for name in closing.ended]
        told += [listener.access_narrowed(name) for listener in self._listeners for name in closing.narrowed]
        await asyncio.gather(*told)
