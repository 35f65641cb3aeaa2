"""Where the acts of the register are written down: in the audit, in the transaction of the act."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.model import Entry
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.premises.ports import Act


class AuditJournal:
    """Fits `domain.premises.ports.Journal`."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    async def record(self, connection: AsyncConnection, act: Act) -> None:
        """Write one row. raises: BrightKitchenError "audit.not_written"; the act is undone."""
        await self.record_all(connection, [act])

    async def record_all(self, connection: AsyncConnection, acts: Sequence[Act]) -> None:
        """Write a row for each act, in few statements: an import does hundreds at once. raises: as `record`."""
        await self._trail.append(connection, *(self._entry(act) for act in acts))

    def _entry(self, act: Act) -> Entry:
        return self._trail.entry(
            act.kind,
            who(act.actor),
            object_kind=act.object_kind,
            object_id=act.object_id,
            reason=act.reason,
            premises_id=act.premises.id,
            region=act.premises.place.region,
            purpose=act.purpose,
            detail=act.detail,
            names=act.names,
        )
