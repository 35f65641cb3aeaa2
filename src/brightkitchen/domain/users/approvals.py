"""What takes effect when a second person agrees (SECURITY §4, four eyes). Any slice may register a kind of its own.

A request is written in the asker's transaction, decided once, and done in the decider's transaction. The decider is
never who asked, nor whom it is about; for kinds marked so, nor of the same organisation.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Grant
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.users import approval_store, people_store
from brightkitchen.domain.users import policy as rules
from brightkitchen.domain.users.people_model import APPROVAL_US, Approval, ApprovalState
from brightkitchen.domain.users.ports import AuditPort
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import UserId, is_id, new_id
from brightkitchen.kernel.units import Utc

Apply = Callable[[AsyncConnection, Approval, Actor], Awaitable[None]]
"""Does what was asked for, in the decider's transaction. raises: BrightKitchenError if it cannot be done any more."""

MAX_SHOWN: Final = 200
MAX_REASON_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class _ApprovalKind:
    apply: Apply
    other_unit: bool


class ApprovalService:
    """The requests of all slices."""

    def __init__(self, database: Database, policy: Policy, audit: AuditPort, *, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._kinds: dict[str, _ApprovalKind] = {}

    def register(self, kind: str, apply: Apply, *, other_unit: bool = False) -> None:
        """Make `kind` ("area.verb") known. other_unit: two people of one organisation do not count as two."""
        if kind in self._kinds:
            raise ValueError(f"{kind} is registered twice")
        self._kinds[kind] = _ApprovalKind(apply, other_unit)

    async def request(
        self,
        connection: AsyncConnection,
        actor: Actor,
        kind: str,
        payload: Mapping[str, object],
        *,
        subject: UserId | None = None,
        region: str = "",
    ) -> Approval:
        """Write a request in the caller's transaction. region: what a decider's scope must cover.

        payload: JSON values, shown to the decider; never a secret.
        """
        if kind not in self._kinds:
            raise ValueError(f"{kind} is no kind of request")
        if actor.user is None:
            raise not_found()
        now = self._clock.utc()
        approval = Approval(
            id=new_id("apr", self._entropy),
            kind=kind,
            payload=payload,
            subject=subject,
            region=region,
            requested_by=actor.user,
            requested_at=now,
            expires_at=Utc(now + APPROVAL_US),
            state=ApprovalState.REQUESTED,
        )
        await approval_store.save_new_approval(connection, approval)
        await self._audit.append(
            connection,
            "approval.requested",
            actor=actor,
            object_kind="approval",
            object_id=approval.id,
            detail={"kind": kind},
        )
        return approval

    async def list_approvals(self, actor: Actor, *, only_open: bool = True) -> tuple[Approval, ...]:
        """Return the newest requests that the actor made or may decide."""
        self._check(actor, rules.APPROVALS)
        async with self._database.read() as connection:
            deciding = self._policy.grants_for(actor, rules.DECIDE)
            return await approval_store.load_approvals(
                connection, deciding, actor.user, only_open=only_open, limit=MAX_SHOWN
            )

    async def decide(self, actor: Actor, approval_id: str, *, agree: bool, reason: str = "") -> Approval:
        """Agree, and it is done; or refuse.

        raises: BrightKitchenError "access.none", "approval.over", "approval.own", "approval.about_you",
        "approval.same_unit", "approval.reason", or why it cannot be done any more.
        """
        self._check(actor, rules.DECIDE)
        if not agree and not reason.strip():
            raise BrightKitchenError(Kind.INVALID, "approval.reason", field="reason")
        state = ApprovalState.APPROVED if agree else ApprovalState.REFUSED
        deciding = self._policy.grants_for(actor, rules.DECIDE)
        async with self._database.write() as connection:
            approval = await self._load(connection, approval_id, deciding, actor)
            await self._check_second_person(connection, actor, approval)
            now = self._clock.utc()
            taken = approval.expires_at > now and await approval_store.save_decision(
                connection, approval.id, state, by=actor.user, at=now, reason=reason.strip()[:MAX_REASON_CHARS]
            )
            if not taken:
                raise BrightKitchenError(Kind.CONFLICT, "approval.over")
            if agree:
                await self._kinds[approval.kind].apply(connection, approval, actor)
            await self._audit.append(
                connection,
                "approval.decided",
                actor=actor,
                object_kind="approval",
                object_id=approval.id,
                detail={"kind": approval.kind, "agreed": agree, "requested_by": approval.requested_by},
            )
            return await self._load(connection, approval_id, deciding, actor)

    async def expire(self) -> None:
        """End the requests that nobody decided within seven days."""
        async with self._database.write() as connection:
            await approval_store.expire_approvals(connection, self._clock.utc())

    def may_decide(self, actor: Actor, approval: Approval) -> bool:
        """True if the page should offer it; what a decision itself checks may still say no."""
        return (
            self._policy.check(actor, rules.DECIDE).allowed
            and approval.state is ApprovalState.REQUESTED
            and approval.expires_at > self._clock.utc()
            and actor.user not in (approval.requested_by, approval.subject)
        )

    async def _load(
        self, connection: AsyncConnection, approval_id: str, deciding: tuple[Grant, ...], actor: Actor
    ) -> Approval:
        found = None
        if is_id(approval_id, "apr"):
            found = await approval_store.load_approval(connection, approval_id, deciding, actor.user)
        if found is None or found.kind not in self._kinds:
            raise not_found()
        return found

    async def _check_second_person(self, connection: AsyncConnection, actor: Actor, approval: Approval) -> None:
        if actor.user is None:
            raise not_found()
        if actor.user == approval.requested_by:
            raise BrightKitchenError(Kind.FORBIDDEN, "approval.own")
        if actor.user == approval.subject:
            raise BrightKitchenError(Kind.FORBIDDEN, "approval.about_you")
        if not self._kinds[approval.kind].other_unit:
            return
        now = self._clock.utc()
        one = await people_store.load_person_unchecked(connection, UserId(approval.requested_by), now)
        other = await people_store.load_person_unchecked(connection, actor.user, now)
        units = {person.organisation for person in (one, other) if person is not None and person.organisation}
        if one is not None and other is not None and one.organisation and other.organisation and len(units) == 1:
            raise BrightKitchenError(Kind.FORBIDDEN, "approval.same_unit")

    def _check(self, actor: Actor, action: str) -> None:
        if not self._policy.check(actor, action).allowed:
            raise not_found()
