"""Lists of premises: narrowed, ordered and counted in the database (SECURITY §3 row 10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.premises.model import Premises, PremisesFilter, PremisesSort
from brightkitchen.domain.premises.store import is_suspended_on, premises, premises_of, premises_people
from brightkitchen.kernel.ids import PremisesId

MAX_PAGE: Final = 200
MAX_TEXT_CHARS: Final = 64
SCOPE: Final = ScopeColumns(premises.c.region, premises.c.category, premises.c.id)

_ORDER: Final[dict[PremisesSort, sa.Column[Any]]] = {  # Any: text or a number
    PremisesSort.NAME: premises.c.initials,
    PremisesSort.REGION: premises.c.region,
    PremisesSort.STATE: premises.c.state,
    PremisesSort.UPDATED: premises.c.updated_at,
}


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a list."""

    premises: Premises
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """One question: who asks, for what, on which ISO date. phone_hmac: of the text, if that is a telephone number."""

    grants: Sequence[Grant]
    filter: PremisesFilter
    on: str
    phone_hmac: str = ""

    def clause(self) -> sa.ColumnElement[bool]:
        """Return which rows it is about."""
        asked = self.filter
        parts: list[sa.ColumnElement[bool]] = [premises.c.retired_at.is_(None), is_in_scope(self.grants, SCOPE)]
        if asked.region:
            inside = region_clause(asked.region, premises.c.region)
            parts += [inside] if inside is not None else []
        for column, value in (
            (premises.c.category, asked.category),
            (premises.c.state, asked.state),
            (premises.c.risk_grade, asked.risk_grade),
        ):
            if value:
                parts.append(column == value)
        for flag, is_wanted in ((premises.c.is_due, asked.is_due), (premises.c.is_complete, asked.is_complete)):
            if is_wanted is not None:
                parts.append(flag.is_(is_wanted))
        if asked.is_suspended is not None:
            suspended = is_suspended_on(self.on)
            parts.append(suspended if asked.is_suspended else sa.not_(suspended))
        if asked.text:
            parts.append(self._says(asked.text))
        return sa.and_(*parts)

    def _says(self, text: str) -> sa.ColumnElement[bool]:
        """Name or initials contain it, or a number begins with it. % and _ are what they are."""
        lower, upper = text.lower(), text.upper()
        ways: list[sa.ColumnElement[bool]] = [
            sa.func.lower(premises.c.name).contains(lower, autoescape=True),
            premises.c.credit_code.startswith(upper, autoescape=True),
            premises.c.licence_no.startswith(upper, autoescape=True),
            premises.c.external_no == text,
        ]
        if lower.isascii() and lower.isalnum():
            ways.append(premises.c.initials.contains(lower, autoescape=True))
        if self.phone_hmac:
            of_person = premises_people.c.premises_id == premises.c.id
            ways.append(
                sa.exists().where(of_person, premises_people.c.phone_hmac == self.phone_hmac).correlate(premises)
            )
        return sa.or_(*ways)


async def load_page(
    connection: AsyncConnection, wanted: Wanted, sort: PremisesSort, *, after: tuple[str | int, ...] | None, limit: int
) -> list[Found]:
    """Return up to `limit` rows. after: what `place_of` says of the last row of the page before."""
    column = _ORDER[sort]
    is_newest_first = sort is PremisesSort.UPDATED
    query = sa.select(premises, is_suspended_on(wanted.on).label("is_suspended")).where(wanted.clause())
    if after is not None:
        value, last_id = after
        beyond = column < value if is_newest_first else column > value
        query = query.where(sa.or_(beyond, sa.and_(column == value, premises.c.id > last_id)))
    query = query.order_by(column.desc() if is_newest_first else column, premises.c.id).limit(limit)
    return [Found(premises_of(row), bool(row.is_suspended)) for row in await connection.execute(query)]


def place_of(found: Premises, sort: PremisesSort) -> tuple[str | int, ...]:
    """Return where in the order a row stands."""
    value: str | int = {
        PremisesSort.NAME: found.initials,
        PremisesSort.REGION: found.region,
        PremisesSort.STATE: found.state.value,
        PremisesSort.UPDATED: found.updated_at,
    }[sort]
    return value, found.id


async def count(connection: AsyncConnection, wanted: Wanted) -> int:
    """Return how many rows there are in all."""
    query = sa.select(sa.func.count()).select_from(premises).where(wanted.clause())
    return int((await connection.execute(query)).scalar_one())


async def load_suspended(connection: AsyncConnection, ids: Sequence[PremisesId], on: str) -> frozenset[PremisesId]:
    """Return those of `ids` that count as closed on that ISO date."""
    query = sa.select(premises.c.id).where(premises.c.id.in_(list(ids)), is_suspended_on(on))
    return frozenset(PremisesId(each) for each in (await connection.execute(query)).scalars())
