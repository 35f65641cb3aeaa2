"""Taking a whole list out: who may, how much at once, and the row of the audit that says so before anything leaves."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeVar

from brightkitchen.domain.audit.model import EXPORT
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found

MAX_ROWS: Final = 20_000

Row = TypeVar("Row")
Cursor = TypeVar("Cursor")


class ListExports:
    """One per control process."""

    def __init__(self, policy: Policy, audit: AuditTrail) -> None:
        self._policy = policy
        self._audit = audit

    def narrow(self, actor: Actor, action: str) -> Actor:
        """Return the actor with those grants alone that let lists of this kind out. raises: BrightKitchenError "access.none"."""
        if not self._policy.check(actor, action).allowed:
            raise not_found()
        return replace(actor, grants=tuple(self._policy.grants_for(actor, action)))

    async def collect(
        self, fetch: Callable[[Cursor | None], Awaitable[tuple[list[Row], Cursor | None, int]]]
    ) -> list[Row]:
        """Return all rows, page by page.

        fetch: from the place after a page (None: the first), that page's rows, the next place, and how many rows there are in all.
        raises: BrightKitchenError "list.too_many" if that is more than `MAX_ROWS`.
        """
        rows: list[Row] = []
        place: Cursor | None = None
        while True:
            page, place, total = await fetch(place)
            rows += page
            if max(total, len(rows)) > MAX_ROWS:
                raise BrightKitchenError(Kind.INVALID, "list.too_many", most=MAX_ROWS)
            if place is None:
                return rows

    async def note(self, actor: Actor, *, what: str, purpose: str, rows: int, region: str) -> None:
        """Write it down. what: "premises", "cameras", "faults". raises: BrightKitchenError "audit.not_written"; then nothing leaves."""
        entry = self._audit.entry(
            EXPORT,
            who(actor),
            object_kind="list",
            object_id=what,
            region=region,
            detail={"rows": rows},
            names={"purpose": purpose},
        )
        await self._audit.record(entry)
