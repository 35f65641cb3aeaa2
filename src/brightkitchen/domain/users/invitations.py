"""Invitations: a link that is told once and used once, by which somebody chooses their own password (7 days)."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.users import invitation_store, people_store
from brightkitchen.domain.users import policy as rules
from brightkitchen.domain.users.access import AccessChanges
from brightkitchen.domain.users.attempts import LoginAttempts, Source, source_network
from brightkitchen.domain.users.passwords import PasswordPool, check_password, random_password
from brightkitchen.domain.users.people import PeopleService, checked_display_name, checked_organisation
from brightkitchen.domain.users.people_model import (
    INVITATION_US,
    Approval,
    HeldGrant,
    Invited,
    NewGrant,
    OpenInvitation,
)
from brightkitchen.domain.users.ports import AuditPort
from brightkitchen.domain.users.store import save_password
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import UserId, new_id
from brightkitchen.kernel.units import Utc

MAX_GRANTS_AT_ONCE: Final = 10
CODE_BYTES: Final = 16
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_USERNAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")


class InvitationService:
    """Inviting, and answering an invitation."""

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

    async def invite(
        self, actor: Actor, username: str, *, display_name: str, organisation: str = "", grants: Sequence[NewGrant]
    ) -> Invited:
        """Make a log-in for somebody and an invitation to it. Roles that need four eyes wait as requests.

        raises: BrightKitchenError "user.name_invalid", "user.name_taken", "user.display_name", "user.no_grant",
        "user.organisation_unknown", and as `PeopleService.give_grant`.
        """
        self._people.check(actor, rules.INVITE)
        if not _USERNAME.fullmatch(username):
            raise BrightKitchenError(Kind.INVALID, "user.name_invalid", field="username")
        if not 0 < len(grants) <= MAX_GRANTS_AT_ONCE:
            raise BrightKitchenError(Kind.INVALID, "user.no_grant", most=MAX_GRANTS_AT_ONCE, field="grants")
        name = checked_display_name(display_name)
        user = UserId(new_id("usr", self._entropy))
        nobody_knows = await self._passwords.hash(random_password(self._entropy))
        now = self._clock.utc()
        requests: list[Approval] = []
        held: list[HeldGrant] = []
        try:
            async with self._database.write() as connection:
                unit = await checked_organisation(connection, organisation)
                await people_store.save_invited_user(
                    connection,
                    user,
                    username=username.casefold(),
                    display_name=name,
                    organisation=unit,
                    password_hash=nobody_knows,
                    by=actor.user,
                    now=now,
                )
                for each in grants:
                    given = await self._people.give(connection, actor, user, held, each, action=rules.INVITE)
                    if isinstance(given, Approval):
                        requests.append(given)
                    else:
                        held.append(given)
                code = await self._new_invitation(connection, actor, user, now)
                person = await people_store.load_person_unchecked(connection, user, now)
                await self._audit.append(
                    connection,
                    "people.invited",
                    actor=actor,
                    object_kind="user",
                    object_id=user,
                    detail={"username": username},
                )
        except IntegrityError as cause:
            if "username" not in str(cause.orig):
                raise
            raise BrightKitchenError(
                Kind.CONFLICT, "user.name_there", username=username.casefold(), field="username"
            ) from cause
        assert person is not None
        return Invited(person, code, Utc(now + INVITATION_US), tuple(requests))

    async def renew(self, actor: Actor, user: str) -> Invited:
        """Make another invitation for somebody who has not answered yet; the ones before are good no more.

        raises: as `PeopleService.access_person`, "invitation.answered".
        """
        now = self._clock.utc()
        async with self._database.write() as connection:
            person = await self._people.access_person(connection, actor, user, rules.CHANGE)
            if not await invitation_store.is_waiting(connection, person.id):
                raise BrightKitchenError(Kind.CONFLICT, "invitation.answered")
            await invitation_store.withdraw_invitations(connection, person.id, now)
            code = await self._new_invitation(connection, actor, person.id, now)
            await self._audit.append(
                connection, "people.invited_again", actor=actor, object_kind="user", object_id=person.id
            )
        return Invited(person, code, Utc(now + INVITATION_US))

    async def look(self, code: str, *, address: str) -> OpenInvitation:
        """Return whose invitation it is. raises: BrightKitchenError "invitation.unknown", "auth.too_many"."""
        self._attempts.check_flood(Source(source_network(address)))
        now = self._clock.utc()
        async with self._database.read() as connection:
            found = (
                await invitation_store.load_open_invitation(connection, hash_code(code), now) if is_code(code) else None
            )
            person = await people_store.load_person_unchecked(connection, found[1], now) if found else None
        if found is None or person is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "invitation.unknown")
        return OpenInvitation(person.id, person.username, person.display_name, found[2])

    async def accept(self, code: str, password: str, *, address: str) -> str:
        """Choose the password and spend the invitation. returns: the username to log in with.

        raises: as `look`, and "user.password_…".
        """
        invitation = await self.look(code, address=address)
        check_password(password)
        hashed = await self._passwords.hash(password)
        async with self._database.write() as connection:
            now = self._clock.utc()
            found = await invitation_store.load_open_invitation(connection, hash_code(code), now)
            if found is None or not await invitation_store.use_invitation(connection, found[0], now):
                raise BrightKitchenError(Kind.NOT_FOUND, "invitation.unknown")
            await save_password(connection, found[1], hashed, now, is_temporary=False)
            closing = await self._access.end_sessions(connection, found[1])
            await self._audit.append(
                connection,
                "people.joined",
                actor=Actor((), user=found[1], address=address),
                object_kind="user",
                object_id=found[1],
            )
        await self._access.tell(closing)
        return invitation.username

    async def _new_invitation(self, connection: AsyncConnection, actor: Actor, user: UserId, now: Utc) -> str:
        code = new_code(self._entropy)
        await invitation_store.save_new_invitation(
            connection,
            invitation_id=new_id("inv", self._entropy),
            user=user,
            code_sha256=hash_code(code),
            by=actor.user,
            at=now,
            expires_at=Utc(now + INVITATION_US),
        )
        return code


def new_code(entropy: Entropy) -> str:
    """Return 128 random bits as 22 characters that are safe in a link."""
    return base64.urlsafe_b64encode(entropy.token_bytes(CODE_BYTES)).rstrip(b"=").decode()


def is_code(text: str) -> bool:
    """True for what may be a code of ours."""
    return _CODE.fullmatch(text) is not None


def hash_code(code: str) -> str:
    """Return what is stored of a code: it has 128 random bits, so that a plain hash is enough."""
    return hashlib.sha256(code.encode()).hexdigest()
