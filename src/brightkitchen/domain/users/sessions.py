"""Opening, renewing and ending sessions: the one place where tokens are made and where those who serve a session are told."""

import hashlib
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.users import factor_store, store
from brightkitchen.domain.users.attempts import source_network
from brightkitchen.domain.users.model import (
    DEVICE_KNOWN_US,
    AuthRules,
    OpenedSession,
    Session,
    User,
    Visitor,
)
from brightkitchen.domain.users.ports import SessionListener
from brightkitchen.domain.users.tickets import new_token
from brightkitchen.domain.users.trail import Trail
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import SessionId, UserId, new_id
from brightkitchen.kernel.units import Utc

_TOKEN_CHARS = 43


class SessionDesk:
    """Sessions and the browsers they were opened on."""

    def __init__(self, database: Database, trail: Trail, *, rules: AuthRules, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._trail = trail
        self._rules = rules
        self._clock = clock
        self._entropy = entropy
        self._listeners: list[SessionListener] = []

    def add_listener(self, listener: SessionListener) -> None:
        """Tell `listener` of every session that ends from now on."""
        self._listeners.append(listener)

    async def open(self, user: User, visitor: Visitor, *, factor: str) -> OpenedSession:
        """Open a session. A full log-in makes the browser known to this account for a year."""
        now, token = self._clock.utc(), new_token(self._entropy)
        session = Session(
            SessionId(new_id("ses", self._entropy)),
            new_id("sid", self._entropy),
            user.id,
            created_at=now,
            last_input_at=now,
            expires_at=Utc(now + user.limits.absolute_us),
            ended_at=None,
            factor=factor,
            stepped_up_at=now,
            device=visitor.device[:40],
            network=source_network(visitor.address),
        )
        pending = user.pending(self._rules, now, by=factor)
        async with self._database.write() as connection:
            await store.save_new_session(connection, session, token_sha256(token))
            await self._trail.audit.append(connection, self._trail.log_in(session, user))
            device = "" if pending else await self.note_device(connection, user.id, visitor.device_token)
        return OpenedSession(user, session, token, pending, device)

    async def renew(
        self, user: User, session: Session, device_token: str, *, factor: str | None = None
    ) -> OpenedSession:
        """Give an open session a new token because its person proved to be there; the old token is nobody's from now on."""
        now, token = self._clock.utc(), new_token(self._entropy)
        renewed = replace(session, stepped_up_at=now, factor=session.factor if factor is None else factor)
        pending = user.pending(self._rules, now, by=renewed.factor)
        async with self._database.write() as connection:
            await store.save_proof(connection, renewed, token_sha256(token))
            device = "" if pending else await self.note_device(connection, user.id, device_token)
        return OpenedSession(user, renewed, token, pending, device)

    async def note_device(self, connection: AsyncConnection, user: UserId, device_token: str) -> str:
        """Make the browser known and return its token: the one it has, or a new one."""
        now, token = self._clock.utc(), device_token
        # Only a token that we gave out stays: nobody plants one of his own choice in somebody's browser.
        if not await factor_store.has_device(connection, token_sha256(token)):
            token = new_token(self._entropy)
        await factor_store.save_known_device(connection, user, token_sha256(token), now, Utc(now + DEVICE_KNOWN_US))
        return token

    async def find(self, token: str) -> tuple[Session, User] | None:
        """Return the open session of a cookie's token and its person, or None."""
        if len(token) != _TOKEN_CHARS:
            return None
        now = self._clock.utc()
        async with self._database.read() as connection:
            found = await store.load_session(connection, token_sha256(token), now)
        if found is None:
            return None
        session, user = found
        if session.is_over(now, user.limits) or user.disabled_at is not None:
            return None
        # A role that asks for a factor came after the password alone had opened this: in again, with the factor.
        if not session.factor and user.factors and user.needs_factor(self._rules):
            return None
        return found

    async def end(self, session: Session, reason: str) -> None:
        """End one; whoever serves it media is told and waited for, at most 5 s."""
        async with self._database.write() as connection:
            await store.end_session(connection, session.id, self._clock.utc())
            ended = self._trail.session_ended(session.user, session.pseudonym, reason)
            await self._trail.audit.append(connection, ended)
        await self.tell_ended((session.pseudonym,))

    async def tell_ended(self, pseudonyms: tuple[str, ...]) -> None:
        """Tell every listener of sessions that are over in the database."""
        for pseudonym in pseudonyms:
            for listener in self._listeners:
                await listener.session_ended(pseudonym)


def token_sha256(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("ascii", "replace")).hexdigest()
