"""Where the acts of the register are written down: in the audit, in the transaction of the act."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.model import CHANGE, NOBODY, Entry
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor, Place
from brightkitchen.domain.premises.ports import Act

_FREE_TEXT: Final = ("reason", "note")
_OBJECTS: Final = ("ticket", "device", "camera")
"""The field that names what was acted upon, the narrowest first; without one it is the premises."""


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


class OperationsAudit:
    """Fits `domain.onboarding.ports.AuditPort`: the road to service, devices and faults as changes that name their act."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    async def append(
        self, connection: AsyncConnection, kind: str, *, actor: Actor | None, place: Place, **fields: str | int | None
    ) -> None:
        """Write one row. raises: BrightKitchenError "audit.not_written"; the act is undone."""
        said = {key: value for key, value in fields.items() if key not in _FREE_TEXT}
        object_kind, object_id = next(
            ((name, str(said[name])) for name in _OBJECTS if said.get(name)), ("premises", place.premises or "")
        )
        entry = self._trail.entry(
            CHANGE,
            who(actor) if actor is not None else NOBODY,
            object_kind=object_kind,
            object_id=object_id,
            premises_id=place.premises or "",
            region=place.region,
            detail={"act": kind} | said,
            names={key: str(fields[key]) for key in _FREE_TEXT if fields.get(key)},
        )
        await self._trail.append(connection, entry)
