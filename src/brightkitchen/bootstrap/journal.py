"""Where the acts of the register are written down."""

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.premises.ports import Act
from brightkitchen.kernel.log import get_logger

log = get_logger(__name__)


class LogJournal:
    """Writes acts into the log: who, what, to which object, for which purpose. Never names or numbers of people.

    Fits `domain.premises.ports.Journal`. The chained audit takes its place where both are joined.
    """

    async def record(self, connection: AsyncConnection, act: Act) -> None:
        """Write one line."""
        del connection
        log.info(
            "act",
            kind=act.kind,
            actor=act.actor.user or "local",
            object_kind=act.object_kind,
            object_id=act.object_id,
            premises=act.premises.id,
            purpose=act.purpose,
            **{f"detail_{key}": value for key, value in act.detail.items()},
        )
