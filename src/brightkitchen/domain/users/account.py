"""What people do with their own log-in: password, factors, recovery codes, sessions, and proving again that it is they."""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.model import Scalar
from brightkitchen.domain.users import factor_store, passkeys, store, totp
from brightkitchen.domain.users.attempts import LoginAttempts, Source
from brightkitchen.domain.users.factor_store import PasskeyRow, TotpRow
from brightkitchen.domain.users.model import AuthRules, Factor, FactorKind, OpenedSession, Profile, Proof, Session, User
from brightkitchen.domain.users.passwords import PasswordPool, check_password
from brightkitchen.domain.users.proofs import ProofDesk, recovery_sha256
from brightkitchen.domain.users.sessions import SessionDesk, token_sha256
from brightkitchen.domain.users.tickets import Tickets
from brightkitchen.domain.users.trail import Trail, who_in
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import new_id
from brightkitchen.kernel.units import Utc

REMEMBERED_PASSWORDS: Final = 5
MAX_FACTORS: Final = 10


@dataclass(frozen=True, slots=True)
class Account:
    """How a person's log-in is protected. password_expires_at: None = never."""

    factors: tuple[Factor, ...]
    recovery_codes_left: int
    password_set_at: Utc
    password_expires_at: Utc | None
    needs_factor: bool


@dataclass(frozen=True, slots=True)
class TotpSetup:
    """A secret to be put into an app; it counts once a code of it was typed in."""

    factor: str
    key: str
    uri: str

    def __repr__(self) -> str:
        return f"TotpSetup(factor={self.factor!r}, key=…)"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A factor that works now. opened: the session, with a new token. recovery_codes: fresh ones, told once; often none."""

    opened: OpenedSession
    recovery_codes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Enrolled(opened={self.opened!r}, recovery_codes=…)"


class AccountDesk:
    """Everything is for the person of the session only."""

    def __init__(
        self,
        database: Database,
        passwords: PasswordPool,
        attempts: LoginAttempts,
        proofs: ProofDesk,
        sessions: SessionDesk,
        trail: Trail,
        *,
        rules: AuthRules,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._attempts = attempts
        self._proofs = proofs
        self._sessions = sessions
        self._trail = trail
        self._rules = rules
        self._challenges = Tickets(clock, entropy)
        self._clock = clock
        self._entropy = entropy

    async def load_account(self, user: User) -> Account:
        """Return how the person's log-in is protected."""
        async with self._database.read() as connection:
            factors = await factor_store.load_factors(connection, user.id)
            codes_left = await factor_store.count_recovery_codes(connection, user.id)
        return Account(
            tuple(factors),
            codes_left,
            user.password_set_at,
            user.password_expires_at(self._rules),
            user.needs_factor(self._rules),
        )

    # --- proving again -------------------------------------------------------------------------------------------

    async def step_up_methods(self, user: User, session: Session, origin: str) -> tuple[tuple[str, ...], str, str]:
        """Return how the person can prove to be there, a ticket for a passkey's answer, and what the browser is asked."""
        challenge = self._entropy.token_bytes(passkeys.CHALLENGE_BYTES)
        ticket = self._challenges.open(user.id, None, challenge, session.id)
        options = await self._proofs.passkey_options(user, origin, challenge)
        methods = await self._proofs.methods(user, origin)
        return ("password", *(each for each in methods if each != "recovery")), ticket, options

    async def step_up(
        self, user: User, session: Session, proof: Proof, *, ticket: str, device_token: str, origin: str
    ) -> OpenedSession:
        """Note that the person is there, for five minutes; the session gets a new token.

        raises: BrightKitchenError "account.proof_wrong" (left), "auth.locked".
        """
        await self._prove(user, session, proof, ticket=ticket, origin=origin)
        return await self._sessions.renew(user, session, device_token)

    def check_stepped_up(self, session: Session) -> None:
        """raises: BrightKitchenError "auth.step_up_required" unless the person proved to be there within five minutes."""
        if not session.is_stepped_up(self._clock.utc()):
            raise BrightKitchenError(Kind.FORBIDDEN, "auth.step_up_required")

    async def _prove(self, user: User, session: Session, proof: Proof, *, ticket: str = "", origin: str = "") -> None:
        source = Source(f"session {session.id}", is_known=True)
        await self._attempts.check_open(user.username, source)
        open_ticket = self._challenges.find(ticket, session.id) if ticket else None
        challenge = open_ticket.challenge if open_ticket and open_ticket.user == user.id else b""
        if proof.passkey and (not challenge or not self._challenges.close(ticket)):
            raise BrightKitchenError(Kind.INVALID, "auth.passkey_refused")
        shown = await self._proofs.check(user, proof, challenge=challenge, origin=origin)
        if shown is None:
            left = await self._attempts.note_failure(user.username, source)
            await self._trail.audit.record(self._trail.log_in_refused(user, "account.proof_wrong"))
            if left == 0:
                await self._attempts.check_open(user.username, source)
            raise BrightKitchenError(Kind.INVALID, "account.proof_wrong", left=left)
        await self._attempts.note_success(user.username, source)

    # --- password ------------------------------------------------------------------------------------------------

    async def change_password(
        self, user: User, session: Session, old: str, new: str, *, device_token: str
    ) -> OpenedSession:
        """Take another password. All other sessions end, other browsers are strangers again, this session gets a new token.

        raises: BrightKitchenError "account.proof_wrong" (left), "auth.locked", "user.password_…".
        """
        await self._prove(user, session, Proof(password=old))
        check_password(new, username=user.username, profile=self._rules.profile)
        await self._check_is_new(user, new)
        hashed = await self._passwords.hash(new)
        now = self._clock.utc()
        async with self._database.write() as connection:
            await factor_store.save_old_password(
                connection,
                new_id("pwd", self._entropy),
                user.id,
                user.password_hash,
                now,
                keep=REMEMBERED_PASSWORDS,
            )
            await store.save_password(connection, user.id, hashed, now, is_temporary=False)
            await factor_store.forget_devices(connection, user.id, keep_sha256=token_sha256(device_token))
            ended = await store.end_sessions(connection, user.id, now, keep=session.id)
            await self._note_change(connection, user, session, {"password": "changed"})
            await self._note_ended(connection, user, ended, "password_changed")
        await self._sessions.tell_ended(ended)
        changed = replace(user, password_hash=hashed, password_set_at=now, is_temporary=False)
        return await self._sessions.renew(changed, session, device_token)

    async def _check_is_new(self, user: User, new: str) -> None:
        """Another one than now, always; with DENGBAO3 also than the last five."""
        hashes = [user.password_hash]
        if self._rules.profile is Profile.DENGBAO3:
            async with self._database.read() as connection:
                hashes += await factor_store.load_old_passwords(connection, user.id, REMEMBERED_PASSWORDS - 1)
        for each in hashes:
            if await self._passwords.is_correct(new, each, is_known=True):
                raise BrightKitchenError(Kind.INVALID, "user.password_reused")

    # --- factors -------------------------------------------------------------------------------------------------

    async def start_totp(self, user: User, session: Session) -> TotpSetup:
        """Return a fresh secret; it counts after `confirm_totp`. raises: "auth.step_up_required", "account.too_many"."""
        await self._check_may_enrol(user, session)
        factor, secret = new_id("fac", self._entropy), totp.new_secret(self._entropy)
        sealed = self._proofs.seal_secret(factor, secret)
        async with self._database.write() as connection:
            await factor_store.save_new_totp(connection, TotpRow(factor, user.id, sealed, None), "", self._clock.utc())
        return TotpSetup(factor, secret, totp.build_uri(secret, user.username))

    async def confirm_totp(self, user: User, session: Session, code: str, *, device_token: str) -> Enrolled:
        """Put the secret of `start_totp` in use. raises: "account.code_wrong", "auth.step_up_required", "auth.locked"."""
        await self._check_may_enrol(user, session)
        source = Source(f"session {session.id}", is_known=True)
        await self._attempts.check_open(user.username, source)
        async with self._database.read() as connection:
            waiting = await factor_store.load_totp(connection, user.id, confirmed=False)
        if not waiting or not await self._proofs.take_code(waiting[0], code):
            await self._attempts.note_failure(user.username, source)
            raise BrightKitchenError(Kind.INVALID, "account.code_wrong")
        async with self._database.write() as connection:
            await self._note_change(connection, user, session, {"factor_added": FactorKind.TOTP.value})
        return await self._enrolled(user, session, FactorKind.TOTP, device_token)

    async def start_passkey(self, user: User, session: Session, origin: str) -> tuple[str, str]:
        """Return a ticket and what the browser is asked to create. raises: "auth.passkey_unavailable", as `start_totp`."""
        await self._check_may_enrol(user, session)
        rp_id = passkeys.rp_id_of(origin)
        if not rp_id:
            raise BrightKitchenError(Kind.INVALID, "auth.passkey_unavailable")
        challenge = self._entropy.token_bytes(passkeys.CHALLENGE_BYTES)
        async with self._database.read() as connection:
            known = await factor_store.load_passkeys(connection, user.id, rp_id)
        ticket = self._challenges.open(user.id, None, challenge, session.id)
        return ticket, passkeys.build_registration_options(user, rp_id, challenge, known)

    async def add_passkey(
        self, user: User, session: Session, *, ticket: str, answer: str, name: str, origin: str, device_token: str
    ) -> Enrolled:
        """Keep a passkey that the browser made. raises: "auth.passkey_refused", "auth.step_up_required"."""
        await self._check_may_enrol(user, session)
        found = self._challenges.find(ticket, session.id)
        if found is None or found.user != user.id or not self._challenges.close(ticket):
            raise BrightKitchenError(Kind.INVALID, "auth.passkey_refused")
        made = passkeys.read_registration(answer, challenge=found.challenge, origin=origin)
        row = PasskeyRow(
            new_id("fac", self._entropy),
            user.id,
            made.credential_id,
            made.public_key,
            made.sign_count,
            passkeys.rp_id_of(origin),
        )
        async with self._database.write() as connection:
            if await factor_store.load_passkey(connection, made.credential_id) is not None:
                raise BrightKitchenError(Kind.INVALID, "auth.passkey_refused")
            await factor_store.save_new_passkey(connection, row, name, self._clock.utc())
            await self._note_change(connection, user, session, {"factor_added": FactorKind.PASSKEY.value})
        return await self._enrolled(user, session, FactorKind.PASSKEY, device_token)

    async def remove_factor(self, user: User, session: Session, factor: str) -> None:
        """Forget a factor. raises: "auth.step_up_required", "account.last_factor", "access.none"."""
        self.check_stepped_up(session)
        async with self._database.write() as connection:
            mine = await factor_store.load_factors(connection, user.id)
            left = [each for each in mine if each.id != factor]
            without = replace(user, factors=frozenset(each.kind for each in left))
            if not left and without.needs_factor(self._rules):
                raise BrightKitchenError(Kind.CONFLICT, "account.last_factor")
            if not await factor_store.delete_factor(connection, user.id, factor):
                raise not_found()
            if not left:
                await factor_store.save_recovery_codes(connection, user.id, {}, self._clock.utc())
            await self._note_change(connection, user, session, {"factor_removed": factor})

    async def new_recovery_codes(self, user: User, session: Session) -> tuple[str, ...]:
        """Return ten fresh codes, told once; earlier ones open nothing from now on.

        raises: "auth.step_up_required", "account.no_factor".
        """
        self.check_stepped_up(session)
        if not user.factors:
            raise BrightKitchenError(Kind.CONFLICT, "account.no_factor")
        return await self._make_recovery_codes(user, session)

    async def _check_may_enrol(self, user: User, session: Session) -> None:
        """The first factor of a session that waits for one needs no second proof: nothing else can be done in it."""
        if not self._rules.second_factor or user.factors or not user.needs_factor(self._rules):
            self.check_stepped_up(session)
        async with self._database.read() as connection:
            if len(await factor_store.load_factors(connection, user.id)) >= MAX_FACTORS:
                raise BrightKitchenError(Kind.CONFLICT, "account.too_many", most=MAX_FACTORS)

    async def _enrolled(self, user: User, session: Session, kind: FactorKind, device_token: str) -> Enrolled:
        codes: tuple[str, ...] = ()
        if not user.factors:
            codes = await self._make_recovery_codes(user, session)
        now_has = replace(user, factors=user.factors | {kind})
        return Enrolled(await self._sessions.renew(now_has, session, device_token, factor=kind.value), codes)

    async def _make_recovery_codes(self, user: User, session: Session) -> tuple[str, ...]:
        codes = self._proofs.new_recovery_codes()
        hashed = {new_id("rec", self._entropy): recovery_sha256(code) for code in codes}
        async with self._database.write() as connection:
            await factor_store.save_recovery_codes(connection, user.id, hashed, self._clock.utc())
            await self._note_change(connection, user, session, {"recovery_codes": "made"})
        return tuple(codes)

    # --- sessions ------------------------------------------------------------------------------------------------

    async def list_sessions(self, user: User) -> list[Session]:
        """Return the person's open sessions, the one used last first."""
        now = self._clock.utc()
        async with self._database.read() as connection:
            found = await store.load_open_sessions(connection, user.id, now)
        return [each for each in found if not each.is_over(now, user.limits)]

    async def end_session(self, user: User, session_id: str) -> None:
        """End one of the person's sessions; its pictures stop within 10 s. raises: "access.none"."""
        mine = next((each for each in await self.list_sessions(user) if each.id == session_id), None)
        if mine is None:
            raise not_found()
        await self._sessions.end(mine, "ended_by_owner")

    async def end_other_sessions(self, user: User, session: Session, *, device_token: str) -> int:
        """End all but this one and return how many; every other browser is a stranger to the account again."""
        async with self._database.write() as connection:
            await factor_store.forget_devices(connection, user.id, keep_sha256=token_sha256(device_token))
            ended = await store.end_sessions(connection, user.id, self._clock.utc(), keep=session.id)
            await self._note_ended(connection, user, ended, "ended_by_owner")
        await self._sessions.tell_ended(ended)
        return len(ended)

    async def _note_change(
        self, connection: AsyncConnection, user: User, session: Session, detail: dict[str, Scalar]
    ) -> None:
        await self._trail.audit.append(connection, self._trail.user_changed(who_in(session, user), user, detail))

    async def _note_ended(self, connection: AsyncConnection, user: User, ended: tuple[str, ...], reason: str) -> None:
        if ended:
            entries = [self._trail.session_ended(user.id, each, reason) for each in ended]
            await self._trail.audit.append(connection, *entries)
