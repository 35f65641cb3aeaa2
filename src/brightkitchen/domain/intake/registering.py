"""What the register of premises has to know of an import: each act in the journal, and what is complete now."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.cameras.channels import recompute_complete
from brightkitchen.domain.intake.ports import Journal, Road
from brightkitchen.domain.premises.counted import What
from brightkitchen.domain.premises.denominators import Cause, DenominatorLog
from brightkitchen.domain.premises.ports import Act, Scalar
from brightkitchen.domain.premises.store import load_many_premises
from brightkitchen.kernel.ids import PremisesId


class ImportRegister:
    """Fits `ports.Register`: one act for each premises, and what it changes in the denominators, in the transaction that writes it."""

    def __init__(self, journal: Journal, denominators: DenominatorLog, road: Road) -> None:
        self._journal = journal
        self._road = road
        self._denominators = denominators

    async def imported(
        self,
        connection: AsyncConnection,
        actor: Actor,
        *,
        new: Sequence[PremisesId],
        changed: Sequence[PremisesId],
        signed_on: Mapping[PremisesId, str],
    ) -> None:
        signed = set(await self._road.sign_imported(connection, actor, signed_on))
        await recompute_complete(connection, changed)
        found = await load_many_premises(connection, [*new, *changed])
        fresh = set(new)
        acts = []
        for item in found.values():
            detail: dict[str, Scalar] = {"act": "import", "new": item.id in fresh, "version": item.version}
            if item.id in signed:
                detail["signed_on"] = signed_on[item.id]
            act = Act(
                kind="change",
                actor=actor,
                premises=item,
                object_kind="premises",
                object_id=item.id,
                detail=detail,
                names={"name": item.name},
            )
            acts.append(act)
        await self._journal.record_all(connection, acts)
        await self._denominators.note(connection, [*new, *changed], Cause(actor.user, entry=What.IMPORTED))
