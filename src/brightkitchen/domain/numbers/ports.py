"""What this slice needs from elsewhere."""

from typing import Protocol

from brightkitchen.domain.authz.model import Actor


class ExportLog(Protocol):
    """Where it is written down that somebody took numbers away, before they get them."""

    async def note_export(self, actor: Actor, *, what: str, purpose: str, rows: int, region: str) -> None:
        """what: "numbers" or a number's key. An error refuses the export."""
