"""The tree of cameras, one level at a time: counties or categories, below them premises; each with what is in it.

A camera counts here exactly if the list of cameras shows it to the same person for the same filter, in the scope and outside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Grant
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.queries import is_in_scope
from brightkitchen.domain.authz.regions import region_prefix
from brightkitchen.domain.authz.store import load_regions
from brightkitchen.domain.cameras import policy as rules
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.model import CameraFilter
from brightkitchen.domain.cameras.store import SCOPE, cameras, is_abnormal, is_online, narrow
from brightkitchen.domain.premises.model import Category
from brightkitchen.domain.premises.opening import BusinessClock, PremisesOpening
from brightkitchen.domain.premises.store import load_kinds, premises
from brightkitchen.kernel.cursor import CursorSigner
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import not_found

MAX_PAGE: Final = 200
_COUNTY_DIGITS: Final = 6
_in_service = cameras.c.retired_at.is_(None)
_placed = cameras.outerjoin(premises, premises.c.id == cameras.c.premises_id)
# what is left behind in a premises that was taken out of the register stands nowhere
_has_home = sa.or_(cameras.c.premises_id.is_(None), premises.c.retired_at.is_(None))


class Branches(StrEnum):
    """What the branches of the tree are told apart by."""

    REGION = "region"
    CATEGORY = "category"
    PREMISES = "premises"


@dataclass(frozen=True, slots=True)
class Counts:
    """Cameras of a branch that the filter leaves, how many of them are online and abnormal, and of how many premises they are."""

    cameras: int = 0
    online: int = 0
    abnormal: int = 0
    premises: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.cameras + other.cameras,
            self.online + other.online,
            self.abnormal + other.abnormal,
            self.premises + other.premises,
        )


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch. id: a county's or category's code, or a premises' id; "" = cameras that belong to no premises.

    name: "" where `category` has it in each language, and for id "". region, category: of a premises.
    """

    id: str
    name: str
    counts: Counts
    region: str = ""
    category: str = ""
    kind: Category | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the tree. next_cursor: None at its end; only premises come in pages. total: of all pages together."""

    by: Branches
    branches: tuple[Branch, ...]
    total: Counts
    next_cursor: str | None = None


def find_level(by: Branches, asked: CameraFilter) -> Branches:
    """Return what the branches are: below a county, a category or a premises, premises."""
    is_in_county = len(region_prefix(asked.region)) >= _COUNTY_DIGITS
    if asked.premises or (by is Branches.REGION and is_in_county) or (by is Branches.CATEGORY and asked.category):
        return Branches.PREMISES
    return by


class CameraTree:
    """Answers one level of the tree within the asker's scope."""

    def __init__(
        self, database: Database, policy: Policy, board: LiveBoard, business: BusinessClock, entropy: Entropy
    ) -> None:
        self._database = database
        self._policy = policy
        self._board = board
        self._business = business
        self._cursors = CursorSigner(entropy)

    async def load_level(
        self, actor: Actor, by: Branches, asked: CameraFilter, *, cursor: str = "", limit: int = MAX_PAGE
    ) -> Level:
        """Return the level below what `asked` names. limit: premises on a page, 1..200.

        raises: BrightKitchenError "access.none", "web.cursor".
        """
        if not self._policy.check(actor, rules.LIST).allowed:
            raise not_found()
        level, name = find_level(by, asked), f"{by.value}{asked}"
        after = self._cursors.read(name, cursor) if cursor else ()
        trouble = self._board.find_trouble()
        narrowed = replace(asked, failing=trouble.failing, unrecorded=trouble.unrecorded)
        async with self._database.read() as connection:
            if asked.is_open:
                now = await self._business.load_now(connection)
                narrowed = replace(narrowed, today_on=now.today_on, closed_hours=now.closed)
            question = _Question(self._policy.grants_for(actor, rules.VIEW), narrowed)
            if level is not Branches.PREMISES:
                branches = await question.load_branches(connection, level)
                return Level(level, branches, sum((each.counts for each in branches), Counts()))
            rows = await question.load_premises(connection, after=after, limit=limit + 1)
            counts = await question.count_premises(connection, [row.id for row in rows[:limit]])
            total = await question.count_all(connection)
        place = (rows[limit - 1].initials, rows[limit - 1].id) if len(rows) > limit else None
        return Level(
            level,
            tuple(Branch(row.id, row.name, counts[row.id], row.region, row.category) for row in rows[:limit]),
            total,
            self._cursors.write(name, place) if place is not None else None,
        )

    async def load_premises(self, actor: Actor, ids: Sequence[str]) -> tuple[Branch, ...]:
        """Return these premises as branches, by initials, as far as the tree shows them to the actor. raises: "access.none"."""
        if not self._policy.check(actor, rules.LIST).allowed:
            raise not_found()
        trouble = self._board.find_trouble()
        asked = CameraFilter(failing=trouble.failing, unrecorded=trouble.unrecorded)
        question = _Question(self._policy.grants_for(actor, rules.VIEW), asked)
        async with self._database.read() as connection:
            rows = await question.load_premises(connection, after=(), limit=max(1, len(ids)), ids=ids)
            counts = await question.count_premises(connection, [row.id for row in rows])
        return tuple(Branch(row.id, row.name, counts[row.id], row.region, row.category) for row in rows)

    async def load_openings(self, actor: Actor, ids: Sequence[str]) -> list[PremisesOpening]:
        """Return which of these premises are open now, as far as they are in the actor's scope. raises: "access.none"."""
        if not self._policy.check(actor, rules.LIST).allowed:
            raise not_found()
        async with self._database.read() as connection:
            return await self._business.load_openings(connection, self._policy.grants_for(actor, rules.VIEW), ids)


class _Question:
    """Who asks for what, as SQL."""

    def __init__(self, grants: Sequence[Grant], asked: CameraFilter) -> None:
        self._within = [_in_service, _has_home, is_in_scope(grants, SCOPE), *narrow(asked)]
        self._sums = (
            sa.func.count().label("cameras"),
            sa.func.sum(sa.case((is_online, 1), else_=0)).label("online"),
            sa.func.sum(sa.case((is_abnormal(asked), 1), else_=0)).label("abnormal"),
        )

    async def load_branches(self, connection: AsyncConnection, by: Branches) -> tuple[Branch, ...]:
        """Return every county or category that has a camera in it, in their order; last what belongs to no premises."""
        # added up by premises first: counting each premises once is then no sorting of all cameras
        each = (
            sa.select(cameras.c.premises_id, premises.c.region, premises.c.category, *self._sums)
            .select_from(_placed)
            .where(*self._within)
            .group_by(cameras.c.premises_id, premises.c.region, premises.c.category)
            .subquery("each")
        )
        code = sa.func.substr(each.c.region, 1, _COUNTY_DIGITS) if by is Branches.REGION else each.c.category
        columns = [sa.func.sum(each.c[name]).label(name) for name in ("cameras", "online", "abnormal")]
        wanted = sa.select(code.label("code"), *columns, sa.func.count(each.c.premises_id).label("premises"))
        rows = (await connection.execute(wanted.group_by(code))).mappings()
        found = {row["code"] or "": _counts(row) for row in rows}
        unplaced = found.pop("", None)
        if by is Branches.REGION:
            names = {region.code: region.name for region in await load_regions(connection)}
            branches = [Branch(code, names.get(code, code), found[code]) for code in sorted(found)]
        else:
            kinds = (await load_kinds(connection)).categories
            order = {code: place for place, code in enumerate(kinds)}
            branches = [
                Branch(code, "", found[code], kind=kinds[code]) for code in sorted(found, key=lambda each: order[each])
            ]
        return (*branches, Branch("", "", unplaced)) if unplaced is not None else tuple(branches)

    async def load_premises(
        self,
        connection: AsyncConnection,
        *,
        after: tuple[str | int, ...],
        limit: int,
        ids: Sequence[str] | None = None,
    ) -> Sequence[sa.Row[Any]]:  # Any: a row of five columns of text
        """Return up to `limit` premises with a camera that is asked for, by initials. after: initials and id of the one before.

        ids: only these, None = any.
        """
        shown = [premises.c[name] for name in ("id", "name", "initials", "region", "category")]
        has_one = sa.exists().where(cameras.c.premises_id == premises.c.id, *self._within).correlate(premises)
        wanted = sa.select(*shown).where(premises.c.retired_at.is_(None), has_one)
        if ids is not None:
            wanted = wanted.where(premises.c.id.in_(ids))
        if after:
            initials, last = after
            behind = sa.and_(premises.c.initials == initials, premises.c.id > last)
            wanted = wanted.where(sa.or_(premises.c.initials > initials, behind))
        wanted = wanted.order_by(premises.c.initials, premises.c.id).limit(limit)
        return (await connection.execute(wanted)).all()

    async def count_premises(self, connection: AsyncConnection, ids: Sequence[str]) -> Mapping[str, Counts]:
        """Return what is in each of these premises."""
        wanted = sa.select(cameras.c.premises_id, sa.literal(1).label("premises"), *self._sums).select_from(_placed)
        wanted = wanted.where(cameras.c.premises_id.in_(ids), *self._within).group_by(cameras.c.premises_id)
        return {row["premises_id"]: _counts(row) for row in (await connection.execute(wanted)).mappings()}

    async def count_all(self, connection: AsyncConnection) -> Counts:
        """Return what is in all premises together."""
        homes = sa.func.count(sa.distinct(cameras.c.premises_id)).label("premises")
        wanted = sa.select(*self._sums, homes).select_from(_placed)
        wanted = wanted.where(cameras.c.premises_id.is_not(None), *self._within)
        return _counts((await connection.execute(wanted)).mappings().one())


def _counts(row: sa.RowMapping) -> Counts:
    # the sum of no rows is NULL
    return Counts(row["cameras"], int(row["online"] or 0), int(row["abnormal"] or 0), row["premises"])
