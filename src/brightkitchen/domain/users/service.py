"""Logging in and out, and who may log in at all."""

import logging
import re
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor, Grant
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.users import factor_store, passkeys, store
from brightkitchen.domain.users.account import AccountDesk
from brightkitchen.domain.users.attempts import LoginAttempts, Source, source_network
from brightkitchen.domain.users.model import (
    SIGN_ON,
    SIGN_ON_STRONG,
    TOUCH_EVERY_US,
    AuthRules,
    FactorStep,
    OpenedSession,
    Pending,
    Proof,
    Session,
    User,
    Visitor,
    with_factor,
)
from brightkitchen.domain.users.passwords import PasswordPool, check_password, random_password
from brightkitchen.domain.users.policy import CREATE, RESET_PASSWORD
from brightkitchen.domain.users.ports import SessionListener
from brightkitchen.domain.users.proofs import ProofDesk
from brightkitchen.domain.users.sessions import SessionDesk, token_sha256
from brightkitchen.domain.users.tickets import LASTS_S, Ticket, Tickets, new_token
from brightkitchen.domain.users.trail import Trail
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import UserId, new_id
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import US_PER_S, Utc

_log = logging.getLogger(__name__)
_USERNAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")


@dataclass(frozen=True, slots=True)
class CreatedUser:
    """A new log-in. `password` is told once, to whoever created it."""

    user: User
    password: str

    def __repr__(self) -> str:
        return f"CreatedUser(user={self.user!r}, password=…)"


class UserService:
    """People and their sessions. `account`: what they do with their own log-in."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        passwords: PasswordPool,
        sealer: FieldSealer,
        *,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
        rules: AuthRules | None = None,
    ) -> None:
        self.rules = rules or AuthRules()
        self._trail = Trail(audit)
        self._database = database
        self._policy = policy
        self._passwords = passwords
        self.attempts = self._attempts = LoginAttempts(database, sealer, clock=clock, entropy=entropy)
        self._tickets = Tickets(clock, entropy)
        self._sessions = SessionDesk(database, self._trail, rules=self.rules, clock=clock, entropy=entropy)
        self._proofs = ProofDesk(database, sealer, passwords, clock=clock, entropy=entropy)
        self._clock = clock
        self._entropy = entropy
        self.account = AccountDesk(
            database,
            passwords,
            self._attempts,
            self._proofs,
            self._sessions,
            self._trail,
            rules=self.rules,
            clock=clock,
            entropy=entropy,
        )

    def add_listener(self, listener: SessionListener) -> None:
        """Tell `listener` of every session that ends from now on."""
        self._sessions.add_listener(listener)

    async def log_in(
        self, username: str, password: str, *, visitor: Visitor, origin: str = ""
    ) -> OpenedSession | FactorStep:
        """Open a session, or ask for the second factor. origin: of the page, for passkeys.

        raises: BrightKitchenError "auth.wrong" (left), "auth.locked", "auth.crowded", "auth.too_many" or "auth.busy"; the
        same answer, after the same work, whether the account exists or not.
        """
        account = username.casefold()
        async with self._database.read() as connection:
            user = await store.load_user_by_name(connection, account, self._clock.utc())
            source = await self._source(connection, user, visitor)
        try:
            self._attempts.check_flood(source)
            await self._attempts.check_open(account, source)
        except BrightKitchenError as closed:
            await self._note_closed(user, closed.code, account, source)
            raise
        known = user if user is not None and user.disabled_at is None else None
        stored = known.password_hash if known else None
        is_correct = await self._passwords.is_correct(password, stored, is_known=source.is_known)
        if known is None or not is_correct:
            raise await self._refused(user, account, source, "auth.wrong")
        if known.needs_factor(self.rules) and known.factors:
            return await self._ask_for_factor(known, source, origin)
        return await self._admit(known, visitor, source, factor="")

    async def ask_for_passkey(self, *, visitor: Visitor, origin: str) -> FactorStep:
        """Begin a log-in without a name: the passkey says who. raises: "auth.too_many", "auth.passkey_unavailable"."""
        self._attempts.check_flood(Source(source_network(visitor.address)))
        if not passkeys.rp_id_of(origin):
            raise BrightKitchenError(Kind.INVALID, "auth.passkey_unavailable")
        return await self._ask_for_factor(None, None, origin)

    async def finish_log_in(
        self, ticket: str, browser_token: str, proof: Proof, *, visitor: Visitor, origin: str
    ) -> OpenedSession:
        """Open the session that the ticket stands for; a ticket opens one.

        raises: BrightKitchenError "auth.ticket_over", "auth.code_wrong" (left), "auth.locked", "auth.crowded".
        """
        found = self._tickets.find(ticket, browser_token)
        if found is None:
            raise BrightKitchenError(Kind.UNAUTHENTICATED, "auth.ticket_over")
        if found.user is None:
            user = await self._whose_passkey(found, proof, origin)
            source = Source(source_network(visitor.address))
            factor = "passkey" if user is not None else None
        else:
            async with self._database.read() as connection:
                user = await store.load_user(connection, found.user, self._clock.utc())
            source = found.source or Source(source_network(visitor.address))
            factor = await self._check_proof(user, found, proof, source, origin)
        if user is None or user.disabled_at is not None or not factor:
            raise await self._refused_proof(ticket, user, source)
        if not self._tickets.close(ticket):
            raise BrightKitchenError(Kind.UNAUTHENTICATED, "auth.ticket_over")
        return await self._admit(user, visitor, source, factor=with_factor(found.began, factor))

    async def admit_signed_on(
        self, user: User, *, is_strong: bool, visitor: Visitor, origin: str
    ) -> OpenedSession | FactorStep:
        """Let in whom the city's single sign-on named; everything after the password is as in `log_in`.

        is_strong: the outside log-in asked for a second factor that counts here.
        """
        async with self._database.read() as connection:
            source = await self._source(connection, user, visitor)
        if is_strong:
            return await self._admit(user, visitor, source, factor=SIGN_ON_STRONG)
        if user.needs_factor(self.rules) and user.factors:
            return await self._ask_for_factor(user, source, origin, began=SIGN_ON)
        return await self._admit(user, visitor, source, factor=SIGN_ON)

    async def authenticate(self, token: str) -> tuple[Session, User] | None:
        """Return the open session of a cookie's token and its person, or None. See `pending` before it may do anything."""
        return await self._sessions.find(token)

    def pending(self, session: Session, user: User) -> tuple[Pending, ...]:
        """Return what the person has to do before the session may be used for anything else."""
        return user.pending(self.rules, self._clock.utc(), by=session.factor)

    async def reach_names(self, user: User) -> dict[str, str]:
        """Return the names of the regions and premises that the person's roles reach, by code and id."""
        async with self._database.read() as connection:
            return await store.load_reach_names(connection, user.grants)

    async def touch(self, session: Session) -> None:
        """Note a person's input, at most once a minute."""
        now = self._clock.utc()
        if now - session.last_input_at >= TOUCH_EVERY_US:
            async with self._database.write() as connection:
                await store.save_input(connection, session.id, now)

    async def log_out(self, session: Session) -> None:
        """End the session; whoever serves it media is told and waited for, at most 5 s."""
        await self._sessions.end(session, "log_out")

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
        is_temporary: bool | None = None,
    ) -> CreatedUser:
        """Create a person who holds `grants`, with a random password unless one is given.

        password_hash: of `password`, if it was hashed before; hashing takes a fifth of a second.
        is_temporary: somebody else sees the password, so the first log-in has to change it; a random one always is.
        raises: BrightKitchenError "user.name_invalid", "user.name_taken", "user.password_…", "access.none".
        """
        self._check(actor, CREATE)
        if not _USERNAME.fullmatch(username):
            raise BrightKitchenError(Kind.INVALID, "user.name_invalid")
        chosen = self._choose(password, username)
        user = User(
            UserId(new_id("usr", self._entropy)),
            username.casefold(),
            display_name or username,
            grants,
            password_hash or await self._passwords.hash(chosen),
            None,
            self._clock.utc(),
            password is None if is_temporary is None else is_temporary,
        )
        async with self._database.write() as connection:
            if await store.load_user_by_name(connection, user.username, self._clock.utc()) is not None:
                raise BrightKitchenError(Kind.CONFLICT, "user.name_taken", username=user.username)
            await store.save_new_user(connection, user, self._clock.utc())
            entries = [self._trail.user_changed(who(actor), user, {"created": True})]
            for grant in grants:
                grant_id = new_id("grt", self._entropy)
                await store.save_new_grant(connection, grant_id, user.id, grant, self._clock.utc())
                entries.append(self._trail.role_granted(who(actor), user, grant))
            await self._trail.audit.append(connection, *entries)
        _log.info("user created", extra={"user": user.id})
        return CreatedUser(user, chosen)

    async def forget_devices(self, connection: AsyncConnection, user: UserId) -> None:
        """Fits `people.Leaver`: whoever leaves, or gets a lost log-in back, has no known browser and no factor any more.

        A lost log-in is one whose factors are lost or another's: two people vouched for the person, who sets up new ones.
        """
        await factor_store.forget_devices(connection, user)
        await factor_store.delete_factors(connection, user)

    async def reset_password(self, actor: Actor, username: str, *, password: str | None = None) -> CreatedUser:
        """Give a person another password (random unless given), to be changed at the next log-in; all their sessions end.

        Every browser is a stranger to the account again. Factors stay: who sets a password does not become that person.
        raises: BrightKitchenError "user.unknown", "user.password_…", "access.none".
        """
        self._check(actor, RESET_PASSWORD)
        chosen = self._choose(password, username)
        hashed = await self._passwords.hash(chosen)
        now = self._clock.utc()
        async with self._database.write() as connection:
            user = await store.load_user_by_name(connection, username.casefold(), now)
            if user is None:
                raise BrightKitchenError(Kind.NOT_FOUND, "user.unknown", username=username)
            await store.save_password(connection, user.id, hashed, now, is_temporary=True)
            await factor_store.forget_devices(connection, user.id)
            ended = await store.end_sessions(connection, user.id, now)
            await self._trail.audit.append(
                connection,
                self._trail.user_changed(who(actor), user, {"password": "changed"}),
                *(self._trail.session_ended(user.id, each, "password_reset") for each in ended),
            )
        await self._sessions.tell_ended(ended)
        _log.info("password reset", extra={"user": user.id})
        return CreatedUser(replace(user, password_hash=hashed, is_temporary=True), chosen)

    async def forget_old_sessions(self) -> None:
        """Delete sessions, failures and known devices whose time is over."""
        async with self._database.write() as connection:
            await store.delete_sessions_before(connection, self._clock.utc())
            await factor_store.forget_old_devices(connection, self._clock.utc())
        await self._attempts.forget_old()

    async def _admit(self, user: User, visitor: Visitor, source: Source, *, factor: str) -> OpenedSession:
        """The one place where a log-in succeeds."""
        await self._attempts.note_success(user.username, source)
        return await self._sessions.open(user, visitor, factor=factor)

    async def _note_closed(self, user: User | None, code: str, account: str, source: Source) -> None:
        """A pair, an account or a network that is closed: once a while, or a flood would fill the audit."""
        await self._trail.audit.record_once({(code, account, source.name): self._trail.log_in_refused(user, code)})

    async def _refused(self, user: User | None, account: str, source: Source, code: str) -> BrightKitchenError:
        """The one place where a log-in fails: count it, write it down, and say how many tries are left."""
        refused = await self._count_failure(account, source, code)
        await self._trail.audit.record(self._trail.log_in_refused(user, refused.code))
        return refused

    async def _count_failure(self, account: str, source: Source, code: str) -> BrightKitchenError:
        left = await self._attempts.note_failure(account, source)
        _log.warning("log-in refused", extra={"source": "device" if source.is_known else source.name, "left": left})
        if left == 0:
            try:
                await self._attempts.check_open(account, source)
            except BrightKitchenError as locked:
                return locked
        return BrightKitchenError(Kind.UNAUTHENTICATED, code, left=left)

    async def _ask_for_factor(
        self, user: User | None, source: Source | None, origin: str, *, began: str = ""
    ) -> FactorStep:
        challenge, browser_token = self._entropy.token_bytes(passkeys.CHALLENGE_BYTES), new_token(self._entropy)
        ticket = self._tickets.open(user.id if user else None, source, challenge, browser_token, began=began)
        methods = await self._proofs.methods(user, origin) if user else ("passkey",)
        options = await self._proofs.passkey_options(user, origin, challenge)
        expires_at = Utc(self._clock.utc() + int(LASTS_S) * US_PER_S)
        return FactorStep(ticket, browser_token, methods, expires_at, options)

    async def _whose_passkey(self, ticket: Ticket, proof: Proof, origin: str) -> User | None:
        shown = await self._proofs.who_answers(proof.passkey, challenge=ticket.challenge, origin=origin)
        if shown is None:
            return None
        async with self._database.read() as connection:
            return await store.load_user(connection, shown, self._clock.utc())

    async def _check_proof(
        self, user: User | None, ticket: Ticket, proof: Proof, source: Source, origin: str
    ) -> str | None:
        """Return the factor shown, or None. The password is no factor: it was asked for before."""
        if user is None or proof.password:
            return None
        await self._attempts.check_open(user.username, source)
        return await self._proofs.check(user, proof, challenge=ticket.challenge, origin=origin)

    async def _refused_proof(self, ticket: str, user: User | None, source: Source) -> BrightKitchenError:
        """Five wrong answers end the conversation; with the pair's count, guessing goes no faster than for passwords."""
        left = self._tickets.note_failure(ticket)
        if user is None:
            await self._trail.audit.record(self._trail.log_in_refused(None, "auth.passkey_unknown"))
            return BrightKitchenError(Kind.UNAUTHENTICATED, "auth.passkey_unknown")
        refused = await self._refused(user, user.username, source, "auth.code_wrong")
        if left == 0 and refused.kind is Kind.UNAUTHENTICATED:
            return BrightKitchenError(Kind.UNAUTHENTICATED, "auth.ticket_over")
        return refused

    async def _source(self, connection: AsyncConnection, user: User | None, visitor: Visitor) -> Source:
        """A browser that this account knows has a count of its own; everybody else shares that of the network."""
        if user is not None and visitor.device_token:
            device = token_sha256(visitor.device_token)
            if await factor_store.is_known_device(connection, user.id, device, self._clock.utc()):
                return Source(f"device {device}", is_known=True)
        return Source(source_network(visitor.address))

    def _choose(self, password: str | None, username: str) -> str:
        if password is None:
            return random_password(self._entropy)
        check_password(password, username=username, profile=self.rules.profile)
        return password

    def _check(self, actor: Actor, action: str) -> None:
        if not self._policy.check(actor, action).allowed:
            raise not_found()


def actor_of(session: Session, user: User) -> Actor:
    """Return who acts in that session."""
    return Actor(user.grants, user.id, session.id, session.pseudonym)
