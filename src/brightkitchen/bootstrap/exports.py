"""Where exports are written down: in the audit, before the file leaves."""

from brightkitchen.domain.audit.model import EXPORT
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor


class AuditedExports:
    """Fits `domain.numbers.ports.ExportLog`."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    async def note_export(self, actor: Actor, *, what: str, purpose: str, rows: int, region: str) -> None:
        """Write one row. raises: BrightKitchenError "audit.not_written"; then nothing is exported."""
        entry = self._trail.entry(
            EXPORT,
            who(actor),
            object_kind="numbers",
            object_id=what,
            region=region,
            detail={"rows": rows},
            names={"purpose": purpose},
        )
        await self._trail.record(entry)
