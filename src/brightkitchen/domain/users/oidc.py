"""The city's single sign-on (OpenID Connect): logging in with it, and linking an account there with one's own here.

It says who somebody is there, and nothing else: people are invited here first, roles come from our table, and only (issuer,
subject) finds a person, never a name, telephone number or mail address (SECURITY §2.2, docs/design/login.md §7).
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.users import identity_store, notice_store, store
from brightkitchen.domain.users import policy as actions
from brightkitchen.domain.users.access import AccessChanges
from brightkitchen.domain.users.approvals import ApprovalService
from brightkitchen.domain.users.attempts import LoginAttempts, Source, source_network
from brightkitchen.domain.users.identity_store import Identity
from brightkitchen.domain.users.model import FactorStep, OpenedSession, Session, SignOnRules, User, Visitor
from brightkitchen.domain.users.oidc_flows import Flow, Flows
from brightkitchen.domain.users.oidc_provider import ProviderDesk
from brightkitchen.domain.users.people import PeopleService
from brightkitchen.domain.users.people_model import Approval
from brightkitchen.domain.users.ports import AuditPort
from brightkitchen.domain.users.trail import Trail
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, field_error, not_found
from brightkitchen.kernel.ids import UserId, new_id
from brightkitchen.wire.oidc.idtoken import Claims
from brightkitchen.wire.oidc.refusal import OidcRefused

MAX_AT_ONCE: Final = 16
MAX_CODE_CHARS: Final = 2048
LINK_KIND: Final = "people.identity"
LINKED_NOTICE: Final = "identity.linked"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Leaving:
    """Where the browser goes now, and what it keeps in a cookie until it is back."""

    url: str
    browser_token: str


@dataclass(frozen=True, slots=True, repr=False)
class Returned:
    """What the browser came back with, all of it unproven. error: instead of a code. issuer: "" = not said."""

    state: str
    browser_token: str
    code: str = ""
    issuer: str = ""
    error: str = ""


class Door(Protocol):
    """Where log-ins become sessions; `service.UserService` fits."""

    async def admit_signed_on(
        self, user: User, *, is_strong: bool, visitor: Visitor, origin: str
    ) -> OpenedSession | FactorStep: ...


class SingleSignOn:
    """Everything about the outside log-in. Where none is configured, everything is refused."""

    def __init__(
        self,
        database: Database,
        rules: SignOnRules,
        provider: ProviderDesk,
        door: Door,
        people: PeopleService,
        approvals: ApprovalService,
        access: AccessChanges,
        attempts: LoginAttempts,
        trail: Trail,
        audit: AuditPort,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.rules = rules
        self._database = database
        self._provider = provider
        self._door = door
        self._people = people
        self._approvals = approvals
        self._access = access
        self._attempts = attempts
        self._trail = trail
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._flows = Flows(clock, entropy)
        self._at_once = asyncio.Semaphore(MAX_AT_ONCE)
        approvals.register(LINK_KIND, self._apply_link, other_unit=True)

    # --- logging in ----------------------------------------------------------------------------------------------

    async def begin_log_in(self, redirect_uri: str, *, visitor: Visitor) -> Leaving:
        """Return where to send a browser that wants to log in.

        raises: BrightKitchenError "auth.sso_off", "auth.too_many", "auth.busy", "auth.sso_unavailable".
        """
        self._check_on()
        self._attempts.check_flood(Source(source_network(visitor.address)))
        return await self._leave(redirect_uri)

    async def finish_log_in(self, returned: Returned, *, visitor: Visitor, origin: str) -> OpenedSession | FactorStep:
        """Open the session of the person to whom the account there is linked, or ask for our second factor.

        raises: BrightKitchenError "auth.sso_refused" (one answer, whatever was not in order), "auth.sso_off", "auth.busy".
        """
        self._check_on()
        flow = await self._take(returned, visitor)
        if flow.link_user is not None:
            raise await self._refused(None, "purpose")
        claims = await self._redeem(flow, returned, None)
        now = self._clock.utc()
        async with self._database.write() as connection:
            identity = await identity_store.load_identity(connection, self.rules.issuer, claims.subject)
            user = await store.load_user(connection, identity.user, now) if identity is not None else None
            if identity is not None and user is not None and user.disabled_at is None:
                await identity_store.save_identity_use(connection, identity.id, claims.label, now)
        if user is None:
            raise await self._refused(None, "not_linked")
        if user.disabled_at is not None:
            raise await self._refused(user, "disabled")
        is_strong = self.rules.is_strong(claims.acr, claims.amr)
        return await self._door.admit_signed_on(user, is_strong=is_strong, visitor=visitor, origin=origin)

    # --- one's own link ------------------------------------------------------------------------------------------

    async def list_own(self, user: User) -> tuple[Identity, ...]:
        """Return the person's links."""
        async with self._database.read() as connection:
            return await identity_store.load_identities(connection, user.id)

    async def begin_link(self, user: User, session: Session, redirect_uri: str) -> Leaving:
        """Return where to send the browser of somebody who wants to link an account; the caller asked for a fresh proof.

        raises: BrightKitchenError "auth.sso_off", "identity.has_one", "auth.busy", "auth.sso_unavailable".
        """
        self._check_on()
        async with self._database.read() as connection:
            await self._check_has_none(connection, user.id)
        return await self._leave(redirect_uri, link=(user, session))

    async def finish_link(self, user: User, session: Session, returned: Returned, *, visitor: Visitor) -> Identity:
        """Link the account that the browser came back with. Only in the session, and the browser, that began it.

        raises: BrightKitchenError "auth.sso_refused", "identity.taken", "identity.has_one", "auth.sso_off", "auth.busy".
        """
        self._check_on()
        flow = await self._take(returned, visitor)
        if flow.link_user != user.id or flow.link_session != session.id:
            raise await self._refused(user, "purpose")
        claims = await self._redeem(flow, returned, user)
        actor = Actor(user.grants, user.id, session.id, session.pseudonym)
        async with self._database.write() as connection:
            await self._check_free(connection, claims.subject)
            await self._check_has_none(connection, user.id)
            return await self._link(connection, actor, user.id, claims.subject, claims.label)

    async def unlink_own(self, user: User, session: Session, identity: str) -> None:
        """Forget one of the person's links. raises: BrightKitchenError "access.none"."""
        actor = Actor(user.grants, user.id, session.id, session.pseudonym)
        async with self._database.write() as connection:
            await self._unlink(connection, actor, user.id, identity)

    # --- somebody else's link ------------------------------------------------------------------------------------

    async def list_of(self, actor: Actor, user: str) -> tuple[Identity, ...]:
        """Return the links of a person whom the actor looks after. raises: BrightKitchenError "access.none"."""
        async with self._database.read() as connection:
            person = await self._people.access_person(connection, actor, user, actions.VIEW)
            return await identity_store.load_identities(connection, person.id)

    async def request_link(self, actor: Actor, user: str, subject: str) -> Approval:
        """Ask that an account there be linked with somebody: whoever links could log in as that person, so a second one agrees.

        raises: as `PeopleService.access_person`, "auth.sso_off", "identity.taken", "identity.has_one", "identity.subject".
        """
        self._check_on()
        wanted = subject.strip()
        if not wanted.isprintable() or not wanted:
            raise field_error("subject", "identity.subject")
        async with self._database.write() as connection:
            person = await self._people.access_person(connection, actor, user, actions.CHANGE)
            await self._check_free(connection, wanted)
            await self._check_has_none(connection, person.id)
            payload = {"issuer": self.rules.issuer, "subject": wanted}
            return await self._approvals.request(connection, actor, LINK_KIND, payload, subject=person.id)

    async def unlink(self, actor: Actor, user: str, identity: str) -> None:
        """Forget somebody's link; all sessions of that person end, for some may have come by it.

        raises: as `PeopleService.access_person`, "access.none".
        """
        async with self._database.write() as connection:
            person = await self._people.access_person(connection, actor, user, actions.CHANGE)
            await self._unlink(connection, actor, person.id, identity)
            closing = await self._access.end_sessions(connection, person.id)
        await self._access.tell(closing)

    async def _apply_link(self, connection: AsyncConnection, approval: Approval, actor: Actor) -> None:
        issuer, subject = str(approval.payload["issuer"]), str(approval.payload["subject"])
        if approval.subject is None or issuer != self.rules.issuer:
            raise BrightKitchenError(Kind.CONFLICT, "approval.over")
        await self._check_free(connection, subject)
        await self._check_has_none(connection, approval.subject)
        await self._link(connection, actor, approval.subject, subject, "")

    async def forget_devices(self, connection: AsyncConnection, user: UserId) -> None:
        """Fits `people.Leaver`: whoever leaves, or gets a lost log-in back, has no links any more."""
        await identity_store.delete_identities(connection, user)

    # --- parts ---------------------------------------------------------------------------------------------------

    def _check_on(self) -> None:
        if not self.rules.is_on:
            raise BrightKitchenError(Kind.NOT_FOUND, "auth.sso_off")

    async def _leave(self, redirect_uri: str, link: tuple[User, Session] | None = None) -> Leaving:
        user, session = link or (None, None)
        sent = self._flows.open(
            redirect_uri, link_user=user.id if user else None, link_session=session.id if session else None
        )
        try:
            async with self._slot():
                return Leaving(await self._provider.authorize_url(sent), sent.browser_token)
        except OidcRefused as cause:
            _log.warning("single sign-on not usable", extra={"why": cause.why})
            await self._trail.audit.record_once({("sso", cause.why): self._trail.sign_on_refused(user, cause.why)})
            raise BrightKitchenError(Kind.UNAVAILABLE, "auth.sso_unavailable") from cause

    async def _take(self, returned: Returned, visitor: Visitor) -> Flow:
        flow = self._flows.take(returned.state, returned.browser_token)
        if flow is not None:
            return flow
        # Anybody can send this without having begun: once a while, or a flood would fill the audit.
        network = source_network(visitor.address)
        await self._trail.audit.record_once({("sso", "state", network): self._trail.sign_on_refused(None, "state")})
        raise _refusal()

    async def _redeem(self, flow: Flow, returned: Returned, user: User | None) -> Claims:
        if returned.error or not 0 < len(returned.code) <= MAX_CODE_CHARS:
            raise await self._refused(user, "error_answer")
        try:
            async with self._slot():
                return await self._provider.redeem(flow, returned.code, returned.issuer)
        except OidcRefused as cause:
            raise await self._refused(user, cause.why) from cause

    async def _refused(self, user: User | None, why: str) -> BrightKitchenError:
        """The one place where it fails: written down with the reason, told without."""
        _log.warning("single sign-on refused", extra={"why": why})
        await self._trail.audit.record(self._trail.sign_on_refused(user, why))
        return _refusal()

    def _slot(self) -> asyncio.Semaphore:
        """raises: BrightKitchenError "auth.busy" when sixteen requests to the provider are under way."""
        if self._at_once.locked():
            raise BrightKitchenError(Kind.EXHAUSTED, "auth.busy", retry_after_s=5)
        return self._at_once

    async def _check_free(self, connection: AsyncConnection, subject: str) -> None:
        if await identity_store.load_identity(connection, self.rules.issuer, subject) is not None:
            raise BrightKitchenError(Kind.CONFLICT, "identity.taken")

    async def _check_has_none(self, connection: AsyncConnection, user: UserId) -> None:
        mine = await identity_store.load_identities(connection, user)
        if any(each.issuer == self.rules.issuer for each in mine):
            raise BrightKitchenError(Kind.CONFLICT, "identity.has_one")

    async def _link(
        self, connection: AsyncConnection, actor: Actor, user: UserId, subject: str, label: str
    ) -> Identity:
        now = self._clock.utc()
        identity = Identity(new_id("idn", self._entropy), self.rules.issuer, subject, user, label, now)
        if not await identity_store.save_identity(connection, identity):
            raise BrightKitchenError(Kind.CONFLICT, "identity.taken")
        notice_id = new_id("ntc", self._entropy)
        await notice_store.save_notice(connection, notice_id, user, LINKED_NOTICE, {"name": label or subject}, now)
        await self._record(connection, "identity.linked", actor, user, identity.id)
        return identity

    async def _unlink(self, connection: AsyncConnection, actor: Actor, user: UserId, identity: str) -> None:
        if not await identity_store.delete_identity(connection, user, identity):
            raise not_found()
        await self._record(connection, "identity.unlinked", actor, user, identity)

    async def _record(self, connection: AsyncConnection, kind: str, actor: Actor, user: UserId, identity: str) -> None:
        await self._audit.append(
            connection, kind, actor=actor, object_kind="user", object_id=user, detail={"identity": identity}
        )


def _refusal() -> BrightKitchenError:
    return BrightKitchenError(Kind.UNAUTHENTICATED, "auth.sso_refused")
