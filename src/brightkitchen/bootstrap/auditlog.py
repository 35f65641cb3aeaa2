"""Acts of weight in the process's log: what stands in for the audit until it is joined to these services."""

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.users.ports import Detail
from brightkitchen.kernel.log import get_logger

log = get_logger(__name__)


class AuditLog:
    """Fits `domain.users.ports.AuditPort`."""

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
        """Write one line; names and free text are cut and redacted by the log."""
        log.info(
            "act",
            kind=kind,
            actor=actor.user or "",
            roles=",".join(sorted(actor.roles)),
            object_kind=object_kind,
            object_id=object_id,
            decision=decision,
            reason=reason,
            detail=dict(detail or {}),
        )
