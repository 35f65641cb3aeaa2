"""Where exports are written down."""

from brightkitchen.domain.authz.model import Actor
from brightkitchen.kernel.log import get_logger

log = get_logger(__name__)


class LoggedExports:
    """Writes exports into the log of control."""

    async def note_export(self, actor: Actor, *, what: str, purpose: str, rows: int, region: str) -> None:
        """Write one line: who, what, why, how many rows."""
        log.info("numbers exported", user=actor.user, what=what, purpose=purpose, rows=rows, region=region)
