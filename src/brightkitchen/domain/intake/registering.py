"""What the register of premises has to know of an import: each act in the journal, and what is complete now."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.cameras.channels import recompute_complete
from brightkitchen.domain.intake.ports import Journal
from brightkitchen.domain.premises.counted import What
from brightkitchen.domain.premises.denominators import Cause, DenominatorLog
from brightkitchen.domain.premises.ports import Act
from brightkitchen.domain.premises.store import load_many_premises
from brightkitchen.kernel.ids import PremisesId


class ImportRegister:
    """Fits `ports.Register`: one act for each premises, and what it changes in the denominators, in the transaction that writes it."""

    def __init__(self, journal: Journal, denominators: DenominatorLog) -> None:
        self._journal = journal
        self._denominators = denominators

    async def imported(
        self, connection: AsyncConnection, actor: Actor, *, new: Sequence[PremisesId], changed: Sequence[PremisesId]
    ) -> None:
        await recompute_complete(connection, changed)
        found = await load_many_premises(connection, [*new, *changed])
        fresh = set(new)
        acts = [
            Act(
                kind="change",
                actor=actor,
                premises=item,
                object_kind="premises",
                object_id=item.id,
                detail={"act": "import", "new": item.id in fresh, "version": item.version},
                names={"name": item.name},
            )
            for item in found.values()
        ]
        await self._journal.record_all(connection, acts)
        await self._denominators.note(connection, [*new, *changed], Cause(actor.user, entry=What.IMPORTED))
