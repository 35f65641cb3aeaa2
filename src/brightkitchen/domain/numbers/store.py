"""The numbers of each day, who was part of them at a month's end, and the plan's targets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.authz.store import regions
from brightkitchen.domain.cameras.store import camera_spells, cameras
from brightkitchen.domain.numbers.model import BIT_OF, COUNTED, SECONDS, CountedRow, Filter, Key, Level, Number, RowPage
from brightkitchen.domain.numbers.opening import Spell
from brightkitchen.domain.numbers.queries import region_of
from brightkitchen.domain.premises.store import categories, premises, suspensions
from brightkitchen.kernel.database import metadata, split_values
from brightkitchen.kernel.units import Utc, optional_utc

MEASURED: Final = "measured"

number_days = sa.Table(
    "number_days",
    metadata,
    sa.Column("day", sa.String(10), primary_key=True),
    # the premises' own region, the finest there is
    sa.Column("region", sa.String(12), primary_key=True),
    sa.Column("category", sa.String(24), primary_key=True),
    sa.Column("number", sa.String(24), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

number_members = sa.Table(
    "number_members",
    metadata,
    # as of the last day of the month that was recorded
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey("premises.id"), primary_key=True),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("category", sa.String(24), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    # sum of model.BIT_OF of the numbers it was part of
    sa.Column("bits", sa.Integer, nullable=False),
)

number_targets = sa.Table(
    "number_targets",
    metadata,
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("region", sa.String(12), primary_key=True),
    sa.Column("category", sa.String(24), primary_key=True),
    # how many premises are to be in service by the end of the year
    sa.Column("premises", sa.Integer, nullable=False),
    sa.Column("set_by", sa.String(40), nullable=False),
    sa.Column("set_at", sa.BigInteger, nullable=False),
)

_DAYS: Final = ScopeColumns(number_days.c.region, number_days.c.category, sa.null())
_MEMBERS: Final = ScopeColumns(number_members.c.region, number_members.c.category, number_members.c.premises_id)

Cells = dict[Key, dict[Number, int]]


async def load_counts(connection: AsyncConnection, wanted: sa.Select[Any], numbers: Sequence[Number]) -> Cells:
    """Run one of `queries.Counting`'s selects."""
    return {
        Key(row.region, row.category): {number: int(getattr(row, number.value) or 0) for number in numbers}
        for row in await connection.execute(wanted)
    }


async def load_rows(connection: AsyncConnection, wanted: sa.Select[Any], *, after: int, limit: int) -> RowPage:
    """Return a page of one of `queries.Counting`'s rows, with how many there are in all: counted in the same walk."""
    counted = wanted.add_columns(sa.func.count().over().label("total_of_all"))
    found = (await connection.execute(counted.offset(after).limit(limit))).all()
    if found:
        total = int(found[0].total_of_all)
    else:  # behind the end there is no row to say it
        every = sa.select(sa.func.count()).select_from(wanted.order_by(None).subquery())
        total = (await connection.execute(every)).scalar_one()
    return RowPage(
        tuple(_counted(row) for row in found), total, after + len(found) if after + len(found) < total else None
    )


async def load_names(connection: AsyncConnection, language: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return code → name of every region, and of every category in the city's order."""
    places = await connection.execute(sa.select(regions.c.code, regions.c.name))
    name = categories.c.name_en if language == "en" else categories.c.name_zh
    kinds = await connection.execute(sa.select(categories.c.code, name).order_by(categories.c.sort))
    return {row[0]: row[1] for row in places}, {row[0]: row[1] for row in kinds}


# ---- days


async def save_day(
    connection: AsyncConnection, day: str, cells: Mapping[Key, Mapping[Number, int]], numbers: Iterable[Number]
) -> None:
    """Keep these numbers of a day in place of what it had of them."""
    names = [number.value for number in numbers]
    await connection.execute(number_days.delete().where(number_days.c.day == day, number_days.c.number.in_(names)))
    rows = [
        {"day": day, "region": key.region, "category": key.category, "number": number.value, "value": value}
        for key, values in cells.items()
        for number, value in values.items()
        if value
    ]
    if rows:
        await connection.execute(number_days.insert(), rows)


async def mark_measured(connection: AsyncConnection, day: str) -> None:
    """Say that the seconds of `day` are known, however few they are."""
    await connection.execute(number_days.insert().values(day=day, region="", category="", number=MEASURED, value=1))


async def load_measured(connection: AsyncConnection, since: str) -> set[str]:
    """Return the days from `since` on whose seconds are known."""
    wanted = sa.select(number_days.c.day).where(number_days.c.number == MEASURED, number_days.c.day >= since)
    return set((await connection.execute(wanted)).scalars())


async def load_last_measured(connection: AsyncConnection, before: str) -> str:
    """Return the last day before `before` whose seconds are known, or ""."""
    wanted = sa.select(sa.func.max(number_days.c.day))
    wanted = wanted.where(number_days.c.number == MEASURED, number_days.c.day < before)
    return (await connection.execute(wanted)).scalar_one_or_none() or ""


async def load_last_days(connection: AsyncConnection, first_month: str, last_month: str) -> dict[str, str]:
    """Return month → the last day of it whose counts were recorded."""
    month = sa.func.substr(number_days.c.day, 1, 7)
    wanted = (
        sa.select(month, sa.func.max(number_days.c.day))
        .where(
            number_days.c.day >= first_month,
            number_days.c.day <= last_month + "-31",
            number_days.c.number.in_([number.value for number in COUNTED]),
        )
        .group_by(month)
    )
    return {row[0]: row[1] for row in await connection.execute(wanted)}


async def load_days(
    connection: AsyncConnection,
    grants: Sequence[Grant],
    wanted: Filter,
    *,
    count_days: Sequence[str],
    second_days: tuple[str, str],
    by_region: Level | None,
    by_category: bool,
    by_month: bool,
) -> Cells:
    """Return counts as of `count_days` and seconds summed from the first to the last of `second_days`."""
    seconds = [number.value for number in SECONDS]
    month = sa.func.substr(number_days.c.day, 1, 7) if by_month else sa.literal("")
    region = region_of(number_days.c.region, by_region)
    category = number_days.c.category if by_category else sa.literal("")
    chosen = sa.select(
        region.label("region"),
        category.label("category"),
        month.label("month"),
        number_days.c.number,
        sa.func.sum(number_days.c.value).label("value"),
    ).where(
        is_in_scope(grants, _DAYS),
        sa.or_(
            sa.and_(number_days.c.day.in_(count_days), number_days.c.number.in_([n.value for n in COUNTED])),
            sa.and_(number_days.c.day.between(*second_days), number_days.c.number.in_(seconds)),
        ),
    )
    inside = region_clause(wanted.region, number_days.c.region)
    if inside is not None:
        chosen = chosen.where(inside)
    if wanted.categories:
        chosen = chosen.where(number_days.c.category.in_(wanted.categories))
    groups: list[sa.ColumnElement[Any]] = [number_days.c.number]
    groups += [
        column for column, is_wanted in ((region, by_region), (category, by_category), (month, by_month)) if is_wanted
    ]
    cells: Cells = {}
    for row in await connection.execute(chosen.group_by(*groups)):
        cells.setdefault(Key(row.region, row.category, row.month), {})[Number(row.number)] = int(row.value)
    return cells


# ---- members


async def save_members(connection: AsyncConnection, month: str, wanted: sa.Select[Any]) -> None:
    """Keep who is part of what now as the month's; later days of the month replace it."""
    rows = [
        {"month": month, "premises_id": row.id, "region": row.region, "category": row.category, "state": row.state}
        | {"bits": row.bits}
        for row in await connection.execute(wanted)
    ]
    await connection.execute(number_members.delete().where(number_members.c.month == month))
    if rows:
        await connection.execute(number_members.insert(), rows)


async def load_members(
    connection: AsyncConnection,
    grants: Sequence[Grant],
    wanted: Filter,
    *,
    month: str,
    number: Number,
    after: int,
    limit: int,
) -> RowPage:
    """Return the premises that `number` counted at the end of a month."""
    shown = number_members.c
    chosen = (
        sa.select(premises.c.id, premises.c.name, shown.region, shown.category, shown.state, premises.c.external_no)
        .select_from(number_members.join(premises, premises.c.id == shown.premises_id))
        .where(
            is_in_scope(grants, _MEMBERS),
            shown.month == month,
            shown.bits.bitwise_and(BIT_OF[number]) != 0,
        )
    )
    inside = region_clause(wanted.region, shown.region)
    if inside is not None:
        chosen = chosen.where(inside)
    if wanted.categories:
        chosen = chosen.where(shown.category.in_(wanted.categories))
    return await load_rows(
        connection, chosen.order_by(shown.region, premises.c.initials, premises.c.id), after=after, limit=limit
    )


# ---- what seconds are made of


async def load_placed_cameras(connection: AsyncConnection, ended_after: Utc) -> list[sa.Row[Any]]:
    """Return id, premises, region, category, hours and state of every camera of a premises that was in service then."""
    wanted = (
        sa.select(
            cameras.c.id,
            cameras.c.premises_id,
            premises.c.region,
            premises.c.category,
            premises.c.hours,
            premises.c.state,
        )
        .select_from(cameras.join(premises, premises.c.id == cameras.c.premises_id))
        .where(sa.or_(cameras.c.retired_at.is_(None), cameras.c.retired_at > ended_after))
        .order_by(cameras.c.id)
    )
    return list(await connection.execute(wanted))


async def load_closed(connection: AsyncConnection, day: str) -> set[str]:
    """Return the premises with an approved stop over `day`."""
    wanted = sa.select(suspensions.c.premises_id).where(
        suspensions.c.state.in_(("APPROVED", "ENDED")), suspensions.c.from_on <= day, suspensions.c.to_on >= day
    )
    return set((await connection.execute(wanted)).scalars())


async def load_spells(connection: AsyncConnection, ids: Sequence[str], begin: Utc, end: Utc) -> dict[str, list[Spell]]:
    """Return camera → its spells that touch [begin, end)."""
    found: dict[str, list[Spell]] = {}
    for chunk in split_values(ids):
        wanted = sa.select(camera_spells).where(
            camera_spells.c.camera_id.in_(chunk),
            camera_spells.c.from_at < end,
            sa.or_(camera_spells.c.to_at.is_(None), camera_spells.c.to_at > begin),
        )
        for row in await connection.execute(wanted):
            found.setdefault(row.camera_id, []).append(Spell(row.from_at, row.to_at, row.activity))
    return found


async def load_first_spell(connection: AsyncConnection) -> Utc | None:
    """Return when the first spell began."""
    found = (await connection.execute(sa.select(sa.func.min(camera_spells.c.from_at)))).scalar_one_or_none()
    return optional_utc(found)


# ---- targets


async def save_target(
    connection: AsyncConnection, year: int, key: Key, wanted: int | None, *, set_by: str, now: Utc
) -> None:
    """Keep how many premises of a cell are to be in service by the end of the year; None takes the target away."""
    where = (
        number_targets.c.year == year,
        number_targets.c.region == key.region,
        number_targets.c.category == key.category,
    )
    await connection.execute(number_targets.delete().where(*where))
    if wanted is not None:
        await connection.execute(
            number_targets.insert().values(
                year=year, region=key.region, category=key.category, premises=wanted, set_by=set_by, set_at=now
            )
        )


async def load_targets(connection: AsyncConnection, year: int) -> dict[Key, int]:
    """Return cell → target of a year."""
    rows = await connection.execute(sa.select(number_targets).where(number_targets.c.year == year))
    return {Key(row.region, row.category): row.premises for row in rows}


def _counted(row: sa.Row[Any]) -> CountedRow:
    named = row._mapping
    return CountedRow(
        premises_id=row.id,
        name=row.name,
        region=row.region,
        category=row.category,
        state=row.state,
        external_no=row.external_no or "",
        camera_id=named.get("camera_id", ""),
        camera_name=named.get("camera_name", ""),
        zone=named.get("zone", ""),
        activity=named.get("activity", ""),
    )
