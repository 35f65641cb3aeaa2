"""Where a premises lies: what permissions about it are decided by."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from brightkitchen.domain.authz.model import Place
from brightkitchen.domain.premises.store import premises
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.ids import PremisesId

_LONGEST_ID: Final = 40


@dataclass(frozen=True, slots=True)
class PlacedPremises:
    """A premises, as far as a permission needs to know it."""

    id: PremisesId
    place: Place


async def load_placed(database: Database, premises_id: str) -> PlacedPremises | None:
    """Return the premises of that id, None if there is none."""
    if len(premises_id) > _LONGEST_ID:
        return None
    query = sa.select(premises.c.region, premises.c.category).where(premises.c.id == premises_id)
    async with database.read() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    found = PremisesId(premises_id)
    return PlacedPremises(found, Place(row.region, row.category, found))
