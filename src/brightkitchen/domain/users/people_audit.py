"""What is done about people, as rows of the audit (SECURITY §4)."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.users.ports import Detail

_KINDS: Final = {"people.granted": audited.ROLE_GRANTED, "people.revoked": audited.ROLE_REVOKED}
_NAMES: Final = frozenset({"name", "username"})


class PeopleAudit:
    """Fits `ports.AuditPort`. Roles given and taken are kinds of their own; all else is a change that names its act."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    async def append(
        self,
        connection: AsyncConnection,
        kind: str,
        *,
        actor: Actor,
        object_kind: str,
        object_id: str,
        decision: str = "allowed",
        reason: str = "",
        detail: Detail | None = None,
    ) -> None:
        """Write the row in the caller's transaction. raises: BrightKitchenError "audit.not_written"."""
        known = dict(detail or {})
        region, premises = known.pop("region", None), known.pop("premises", None)
        entry = self._trail.entry(
            _KINDS.get(kind, audited.CHANGE),
            who(actor),
            object_kind=object_kind,
            object_id=object_id,
            region=str(region or ""),
            premises_id=str(premises or ""),
            decision=decision,
            reason=reason,
            detail={"act": kind} | {key: value for key, value in known.items() if key not in _NAMES},
            names={key: str(value) for key, value in known.items() if key in _NAMES},
        )
        await self._trail.append(connection, entry)
