"""A lost log-in on its way back: asked for, agreed to by two people, then a code is handed over in person.

Nobody but the person ever chooses the password. For administrators the two are of two organisations, and a day passes
between the first word and the code, so that whoever was impersonated can object (SECURITY §2.2).
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Role
from brightkitchen.domain.authz.roles import ADMINISTRATORS
from brightkitchen.domain.users import notice_store, people_store, recovery_store
from brightkitchen.domain.users import policy as rules
from brightkitchen.domain.users.access import AccessChanges
from brightkitchen.domain.users.attempts import LoginAttempts, Source, source_network
from brightkitchen.domain.users.invitations import hash_code, is_code, new_code
from brightkitchen.domain.users.passwords import PasswordPool, check_password
from brightkitchen.domain.users.people import PeopleService
from brightkitchen.domain.users.people_model import (
    ADMINISTRATOR_DELAY_US,
    RECOVERY_ASKED_US,
    RECOVERY_CODE_US,
    Notice,
    Person,
    Recovery,
    RecoveryState,
)
from brightkitchen.domain.users.ports import AuditPort
from brightkitchen.domain.users.store import save_password
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import UserId, is_id, new_id
from brightkitchen.kernel.units import Utc

MAX_NOTICES: Final = 50
_OPEN: Final = (RecoveryState.ASKED, RecoveryState.ONE, RecoveryState.READY)


@dataclass(frozen=True, slots=True)
class Agreed:
    """A recovery after somebody agreed; `code` once, for the second approver, to be handed over in person."""

    recovery: Recovery
    code: str | None = None

    def __repr__(self) -> str:
        return f"Agreed(recovery={self.recovery.id!r}, code=…)"


class RecoveryService:
    """Everything about lost log-ins."""

    def __init__(
        self,
        database: Database,
        people: PeopleService,
        passwords: PasswordPool,
        attempts: LoginAttempts,
        audit: AuditPort,
        access: AccessChanges,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._people = people
        self._passwords = passwords
        self._attempts = attempts
        self._audit = audit
        self._access = access
        self._clock = clock
        self._entropy = entropy

    async def ask(self, username: str, *, address: str) -> None:
        """Note that somebody cannot log in. The same answer, after the same work, whoever there is.

        raises: BrightKitchenError "auth.too_many".
        """
        self._attempts.check_flood(Source(source_network(address)))
        actor = Actor((), address=address)
        async with self._database.write() as connection:
            now = self._clock.utc()
            user = await people_store.load_username_id(connection, username.casefold())
            person = await people_store.load_person_unchecked(connection, user, now) if user is not None else None
            if person is not None and person.disabled_at is None and await self._open(connection, person.id) is None:
                await self._start(connection, actor, person, by=None)

    async def start(self, actor: Actor, user: str) -> Recovery:
        """Begin for somebody who asked in person: counts as the first of two agreements.

        raises: as `PeopleService.access_person`, "recovery.running".
        """
        async with self._database.write() as connection:
            person = await self._people.access_person(connection, actor, user, rules.RECOVER)
            if person.disabled_at is not None:
                raise BrightKitchenError(Kind.CONFLICT, "user.is_disabled")
            if await self._open(connection, person.id) is not None:
                raise BrightKitchenError(Kind.CONFLICT, "recovery.running")
            recovery_id = await self._start(connection, actor, person, by=actor.user)
            await self._agree_first(connection, actor, recovery_id, person)
            return await self._load(connection, recovery_id)

    async def list_recoveries(self, actor: Actor) -> tuple[Recovery, ...]:
        """Return those of the last two weeks whose person the actor may help."""
        self._people.check(actor, rules.RECOVER)
        since = Utc(self._clock.utc() - 2 * RECOVERY_ASKED_US)
        async with self._database.read() as connection:
            found = await recovery_store.load_recoveries(
                connection, self._people.viewer(actor, rules.RECOVER), actor.user, since=since
            )
        return tuple(each for each in found if each.user != actor.user)

    async def agree(self, actor: Actor, recovery_id: str) -> Agreed:
        """Agree as the first or as the second; the second gets the code.

        raises: "access.none", as `PeopleService.access_person`, "recovery.over", "recovery.same_person",
        "recovery.same_unit", "recovery.too_early" (hours).
        """
        async with self._database.write() as connection:
            recovery, person = await self._access_recovery(connection, actor, recovery_id)
            now = self._clock.utc()
            if recovery.state(now) is RecoveryState.ASKED:
                await self._agree_first(connection, actor, recovery.id, person)
                return Agreed(await self._load(connection, recovery.id))
            if recovery.state(now) is not RecoveryState.ONE:
                raise BrightKitchenError(Kind.CONFLICT, "recovery.over")
            await self._check_second(connection, actor, recovery, person)
            code = new_code(self._entropy)
            await recovery_store.save_recovery(
                connection,
                recovery.id,
                second_by=actor.user,
                second_at=now,
                code_sha256=hash_code(code),
                code_expires_at=now + RECOVERY_CODE_US,
            )
            await self._tell(connection, person, "recovery.ready")
            await self._record(connection, "recovery.approved", actor, recovery)
            return Agreed(await self._load(connection, recovery.id), code)

    async def refuse(self, actor: Actor, recovery_id: str) -> Recovery:
        """End a recovery; a code that was made is good no more. raises: as `agree`."""
        async with self._database.write() as connection:
            recovery, _person = await self._access_recovery(connection, actor, recovery_id)
            if recovery.state(self._clock.utc()) not in _OPEN:
                raise BrightKitchenError(Kind.CONFLICT, "recovery.over")
            await recovery_store.save_recovery(
                connection, recovery.id, refused_by=actor.user, refused_at=self._clock.utc()
            )
            await self._record(connection, "recovery.refused", actor, recovery)
            return await self._load(connection, recovery.id)

    async def reset(self, code: str, password: str, *, address: str) -> str:
        """Choose a new password by a code. All sessions, devices and API tokens end. returns: the username.

        raises: BrightKitchenError "recovery.unknown", "user.password_…", "auth.too_many".
        """
        self._attempts.check_flood(Source(source_network(address)))
        await self._ready(code)
        check_password(password)
        hashed = await self._passwords.hash(password)
        async with self._database.write() as connection:
            now = self._clock.utc()
            recovery = await recovery_store.load_recovery_by_code(connection, hash_code(code))
            person = await people_store.load_person_unchecked(connection, recovery.user, now) if recovery else None
            if (
                recovery is None
                or person is None
                or recovery.state(now) is not RecoveryState.READY
                or person.disabled_at
            ):
                raise BrightKitchenError(Kind.NOT_FOUND, "recovery.unknown")
            await save_password(connection, person.id, hashed, now, is_temporary=False)
            await recovery_store.save_recovery(connection, recovery.id, used_at=now)
            closing = await self._access.end_sessions(connection, person.id)
            closing += await self._access.end_tokens(connection, person.id)
            await self._people.forget_devices(connection, person.id)
            await self._tell(connection, person, "recovery.used")
            await self._record(connection, "recovery.used", Actor((), user=person.id, address=address), recovery)
        await self._access.tell(closing)
        return person.username

    async def list_notices(self, actor: Actor) -> tuple[Notice, ...]:
        """Return what the actor has to know about accounts, newest first."""
        self._people.check(actor, rules.NOTICES)
        if actor.user is None:
            return ()
        async with self._database.read() as connection:
            return await notice_store.load_notices(connection, actor.user, MAX_NOTICES)

    async def read_notices(self, actor: Actor) -> None:
        """Note that the actor has seen them."""
        self._people.check(actor, rules.NOTICES)
        if actor.user is not None:
            async with self._database.write() as connection:
                await notice_store.save_notices_read(connection, actor.user, self._clock.utc())

    async def _ready(self, code: str) -> None:
        recovery = None
        if is_code(code):
            async with self._database.read() as connection:
                recovery = await recovery_store.load_recovery_by_code(connection, hash_code(code))
        if recovery is None or recovery.state(self._clock.utc()) is not RecoveryState.READY:
            raise BrightKitchenError(Kind.NOT_FOUND, "recovery.unknown")

    async def _open(self, connection: AsyncConnection, user: UserId) -> Recovery | None:
        newest = await recovery_store.load_newest_recovery(connection, user)
        return newest if newest is not None and newest.state(self._clock.utc()) in _OPEN else None

    async def _start(self, connection: AsyncConnection, actor: Actor, person: Person, *, by: UserId | None) -> str:
        recovery_id = new_id("rcv", self._entropy)
        await recovery_store.save_new_recovery(connection, recovery_id, person.id, by=by, at=self._clock.utc())
        await self._tell(connection, person, "recovery.asked")
        await self._audit.append(connection, "recovery.asked", actor=actor, object_kind="user", object_id=person.id)
        return recovery_id

    async def _agree_first(self, connection: AsyncConnection, actor: Actor, recovery_id: str, person: Person) -> None:
        now = self._clock.utc()
        delay_us = ADMINISTRATOR_DELAY_US if _is_administrator(person) else 0
        await recovery_store.save_recovery(
            connection, recovery_id, first_by=actor.user, first_at=now, not_before_at=now + delay_us
        )
        await self._record(connection, "recovery.approved", actor, await self._load(connection, recovery_id))

    async def _check_second(
        self, connection: AsyncConnection, actor: Actor, recovery: Recovery, person: Person
    ) -> None:
        now = self._clock.utc()
        if actor.user == recovery.first_by or actor.user is None or recovery.first_by is None:
            raise BrightKitchenError(Kind.FORBIDDEN, "recovery.same_person")
        if recovery.not_before_at is not None and now < recovery.not_before_at:
            hours = -(-(recovery.not_before_at - now) // (3600 * 1_000_000))
            raise BrightKitchenError(Kind.CONFLICT, "recovery.too_early", hours=hours)
        if _is_administrator(person):
            first = await people_store.load_person_unchecked(connection, UserId(recovery.first_by), now)
            second = await people_store.load_person_unchecked(connection, actor.user, now)
            units = {each.organisation for each in (first, second) if each is not None}
            if None in units or len(units) != 2:
                raise BrightKitchenError(Kind.FORBIDDEN, "recovery.same_unit")

    async def _access_recovery(
        self, connection: AsyncConnection, actor: Actor, recovery_id: str
    ) -> tuple[Recovery, Person]:
        self._people.check(actor, rules.RECOVER)
        found = await recovery_store.load_recovery(connection, recovery_id) if is_id(recovery_id, "rcv") else None
        if found is None:
            raise not_found()
        return found, await self._people.access_person(connection, actor, found.user, rules.RECOVER)

    async def _load(self, connection: AsyncConnection, recovery_id: str) -> Recovery:
        found = await recovery_store.load_recovery(connection, recovery_id)
        assert found is not None
        return found

    async def _tell(self, connection: AsyncConnection, person: Person, kind: str) -> None:
        """Write a notice to the person and to whoever answers for the person."""
        now = self._clock.utc()
        for reader in (person.id, *await people_store.load_superior(connection, person.id, now)):
            notice_id = new_id("ntc", self._entropy)
            await notice_store.save_notice(connection, notice_id, reader, kind, {"name": person.display_name}, now)

    async def _record(self, connection: AsyncConnection, kind: str, actor: Actor, recovery: Recovery) -> None:
        await self._audit.append(
            connection,
            kind,
            actor=actor,
            object_kind="user",
            object_id=recovery.user,
            detail={"recovery": recovery.id, "first_by": recovery.first_by, "second_by": recovery.second_by},
        )


def _is_administrator(person: Person) -> bool:
    return any(held.grant.role in ADMINISTRATORS | {Role.CITY_ADMIN} for held in person.grants)
