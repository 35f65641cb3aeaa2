"""Logging in and out, and who may log in at all."""

import base64
import hashlib
import logging
import re
from dataclasses import dataclass, replace
from typing import Final

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import Entry, Scalar, Who
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor, Grant
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.users import store
from brightkitchen.domain.users.attempts import LoginAttempts, source_network
from brightkitchen.domain.users.model import ABSOLUTE_US, TOUCH_EVERY_US, OpenedSession, Session, User
from brightkitchen.domain.users.passwords import PasswordPool, check_password, random_password
from brightkitchen.domain.users.policy import CREATE, RESET_PASSWORD
from brightkitchen.domain.users.ports import SessionListener
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import SessionId, UserId, new_id
from brightkitchen.kernel.units import Utc

_log = logging.getLogger(__name__)
_USERNAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_TOKEN_CHARS: Final = 43


@dataclass(frozen=True, slots=True)
class CreatedUser:
    """A new log-in. `password` is told once, to whoever created it."""

    user: User
    password: str

    def __repr__(self) -> str:
        return f"CreatedUser(user={self.user!r}, password=…)"


class UserService:
    """People and their sessions."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        passwords: PasswordPool,
        attempts: LoginAttempts,
        *,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._audit = audit
        self._database = database
        self._policy = policy
        self._passwords = passwords
        self._attempts = attempts
        self._clock = clock
        self._entropy = entropy
        self._listeners: list[SessionListener] = []

    def add_listener(self, listener: SessionListener) -> None:
        """Tell `listener` of every session that ends from now on."""
        self._listeners.append(listener)

    async def log_in(self, username: str, password: str, *, address: str) -> OpenedSession:
        """Open a session.

        raises: BrightKitchenError "auth.wrong" (left), "auth.locked", "auth.too_many" or "auth.busy"; the same answer,
        after the same work, whether the account exists or not.
        """
        network = source_network(address)
        account = username.casefold()
        async with self._database.read() as connection:
            user = await store.load_user_by_name(connection, account, self._clock.utc())
        try:
            self._attempts.check_flood(network)
            self._attempts.check_open(account, network)
        except BrightKitchenError as closed:
            await self._audit.record_once({(closed.code, account, network): self._login_refused(user, closed.code)})
            raise
        known = user if user is not None and user.disabled_at is None else None
        is_correct = await self._passwords.is_correct(password, known.password_hash if known else None)
        if known is None or not is_correct:
            refused = self._refused(account, network)
            await self._audit.record(self._login_refused(user, refused.code))
            raise refused
        self._attempts.note_success(account, network)
        return await self._open_session(known)

    async def authenticate(self, token: str) -> tuple[Session, User] | None:
        """Return the open session of a cookie's token and its person, or None."""
        if len(token) != _TOKEN_CHARS:
            return None
        async with self._database.read() as connection:
            found = await store.load_session(connection, _token_sha256(token), self._clock.utc())
        if found is None or found[0].is_over(self._clock.utc()) or found[1].disabled_at is not None:
            return None
        return found

    async def touch(self, session: Session) -> None:
        """Note a person's input, at most once a minute."""
        now = self._clock.utc()
        if now - session.last_input_at >= TOUCH_EVERY_US:
            async with self._database.write() as connection:
                await store.save_input(connection, session.id, now)

    async def log_out(self, session: Session) -> None:
        """End the session; whoever serves it media is told and waited for, at most 5 s."""
        async with self._database.write() as connection:
            await store.end_session(connection, session.id, self._clock.utc())
            await self._audit.append(connection, self._session_ended(session.user, session.pseudonym, "log_out"))
        await self._tell_ended((session.pseudonym,))

    async def has_anybody(self) -> bool:
        """True once the first person exists."""
        async with self._database.read() as connection:
            return await store.count_users(connection) > 0

    async def create_user(
        self,
        actor: Actor,
        username: str,
        *,
        grants: tuple[Grant, ...],
        display_name: str = "",
        password: str | None = None,
        password_hash: str | None = None,
    ) -> CreatedUser:
        """Create a person who holds `grants`, with a random password unless one is given.

        password_hash: of `password`, if it was hashed before; hashing takes a fifth of a second.

        raises: BrightKitchenError "user.name_invalid", "user.name_taken", "user.password_short", "access.none".
        """
        self._check(actor, CREATE)
        if not _USERNAME.fullmatch(username):
            raise BrightKitchenError(Kind.INVALID, "user.name_invalid")
        chosen = password if password is not None else random_password(self._entropy)
        check_password(chosen)
        user = User(
            UserId(new_id("usr", self._entropy)),
            username.casefold(),
            display_name or username,
            grants,
            password_hash or await self._passwords.hash(chosen),
            None,
        )
        async with self._database.write() as connection:
            if await store.load_user_by_name(connection, user.username, self._clock.utc()) is not None:
                raise BrightKitchenError(Kind.CONFLICT, "user.name_taken", username=user.username)
            await store.save_new_user(connection, user, self._clock.utc())
            entries = [self._user_changed(actor, user, {"created": True})]
            for grant in grants:
                grant_id = new_id("grt", self._entropy)
                await store.save_new_grant(connection, grant_id, user.id, grant, self._clock.utc())
                entries.append(self._role_granted(actor, user, grant))
            await self._audit.append(connection, *entries)
        _log.info("user created", extra={"user": user.id})
        return CreatedUser(user, chosen)

    async def reset_password(self, actor: Actor, username: str, *, password: str | None = None) -> CreatedUser:
        """Give a person another password (random unless given) and end all their sessions.

        raises: BrightKitchenError "user.unknown", "user.password_short", "access.none".
        """
        self._check(actor, RESET_PASSWORD)
        chosen = password if password is not None else random_password(self._entropy)
        check_password(chosen)
        hashed = await self._passwords.hash(chosen)
        async with self._database.write() as connection:
            user = await store.load_user_by_name(connection, username.casefold(), self._clock.utc())
            if user is None:
                raise BrightKitchenError(Kind.NOT_FOUND, "user.unknown", username=username)
            await store.save_password(connection, user.id, hashed, self._clock.utc())
            ended = await store.end_sessions(connection, user.id, self._clock.utc())
            await self._audit.append(
                connection,
                self._user_changed(actor, user, {"password": "changed"}),
                *(self._session_ended(user.id, each, "password_reset") for each in ended),
            )
        await self._tell_ended(ended)
        _log.info("password reset", extra={"user": user.id})
        return CreatedUser(replace(user, password_hash=hashed), chosen)

    async def forget_old_sessions(self) -> None:
        """Delete sessions whose 12 hours are over."""
        async with self._database.write() as connection:
            await store.delete_sessions_before(connection, self._clock.utc())

    async def _open_session(self, user: User) -> OpenedSession:
        now = self._clock.utc()
        token = base64.urlsafe_b64encode(self._entropy.token_bytes(32)).rstrip(b"=").decode()
        session = Session(
            SessionId(new_id("ses", self._entropy)),
            new_id("sid", self._entropy),
            user.id,
            now,
            now,
            Utc(now + ABSOLUTE_US),
            None,
        )
        async with self._database.write() as connection:
            await store.save_new_session(connection, session, _token_sha256(token))
            said = self._audit.entry(
                audited.LOGIN_OK,
                Who(user.id, ",".join(sorted({grant.role.value for grant in user.grants})), session.pseudonym),
                names={"username": user.username},
            )
            await self._audit.append(connection, said)
        return OpenedSession(user, session, token)

    def _refused(self, account: str, network: str) -> BrightKitchenError:
        left = self._attempts.note_failure(account, network)
        _log.warning("log-in refused", extra={"network": network, "left": left})
        if left == 0:
            try:
                self._attempts.check_open(account, network)
            except BrightKitchenError as locked:
                return locked
        return BrightKitchenError(Kind.UNAUTHENTICATED, "auth.wrong", left=left)

    def _login_refused(self, user: User | None, code: str) -> Entry:
        """The name that was typed is kept only if it is somebody's: people type passwords into the wrong field."""
        return self._audit.entry(
            audited.LOGIN_REFUSED,
            decision=audited.REFUSED,
            reason=code if user is not None else "unknown_account",
            object_kind="user",
            object_id=user.id if user else "",
            names={"username": user.username} if user else {},
        )

    def _session_ended(self, user: UserId, pseudonym: str, reason: str) -> Entry:
        return self._audit.entry(audited.SESSION_ENDED, Who(user, "", pseudonym), reason=reason)

    def _user_changed(self, actor: Actor, user: User, detail: dict[str, Scalar]) -> Entry:
        return self._audit.entry(
            audited.CHANGE,
            who(actor),
            object_kind="user",
            object_id=user.id,
            detail=detail,
            names={"username": user.username},
        )

    def _role_granted(self, actor: Actor, user: User, grant: Grant) -> Entry:
        return self._audit.entry(
            audited.ROLE_GRANTED,
            who(actor),
            object_kind="user",
            object_id=user.id,
            premises_id=grant.scope.premises or "",
            region=grant.scope.region,
            detail={"role": grant.role.value, "categories": ",".join(sorted(grant.scope.categories))},
        )

    async def _tell_ended(self, pseudonyms: tuple[str, ...]) -> None:
        for pseudonym in pseudonyms:
            for listener in self._listeners:
                await listener.session_ended(pseudonym)

    def _check(self, actor: Actor, action: str) -> None:
        if not self._policy.check(actor, action).allowed:
            raise BrightKitchenError(Kind.NOT_FOUND, "access.none")


def actor_of(session: Session, user: User) -> Actor:
    """Return who acts in that session."""
    return Actor(user.grants, user.id, session.id, session.pseudonym)


def _token_sha256(token: str) -> str:
    return hashlib.sha256(token.encode("ascii", "replace")).hexdigest()
