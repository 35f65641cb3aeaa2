"""A scope in SQL and in Python: the same answer for every row, NULL ones included."""

import itertools

import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control

from brightkitchen.domain.authz.model import Grant, Place, Role, Scope
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope
from brightkitchen.kernel.ids import PremisesId

REGIONS = ("", "210300", "210302", "210302006", "210303", "210381101", "110105", "219999")
CATEGORIES = ("", "PRIMARY_SCHOOL", "PHARMACY")
PREMISES = (None, PremisesId("prm_a"), PremisesId("prm_b"))
ROWS = [Place(*each) for each in itertools.product(REGIONS, CATEGORIES, PREMISES)]
SCOPES = [
    Scope(region, frozenset(categories), premises)
    for region, categories, premises in itertools.product(
        ("", "210000", "210300", "210302", "210302006", "219900"), ((), ("PHARMACY",)), (None, PremisesId("prm_a"))
    )
]


@pytest.mark.parametrize("absent", ["empty", "null"])
async def test_filter_selects_exactly_what_the_scope_covers(control: Control, absent: str) -> None:
    table = sa.Table(
        "places",
        sa.MetaData(),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("region", sa.String(12), nullable=True),
        sa.Column("category", sa.String(24), nullable=True),
        sa.Column("premises", sa.String(40), nullable=True),
    )
    nothing = "" if absent == "empty" else None
    async with control.database.write() as connection:
        await connection.run_sync(table.create)
        rows = [
            {"n": n, "region": row.region or nothing, "category": row.category or nothing, "premises": row.premises}
            for n, row in enumerate(ROWS)
        ]
        await connection.execute(table.insert(), rows)
        for scope in SCOPES:
            clause = is_in_scope(
                [Grant(Role.CITY_OFFICER, scope)], ScopeColumns(table.c.region, table.c.category, table.c.premises)
            )
            found = set((await connection.execute(sa.select(table.c.n).where(clause))).scalars())
            assert found == {n for n, row in enumerate(ROWS) if scope.covers(row)}, scope
        none = (
            sa.select(sa.func.count())
            .select_from(table)
            .where(is_in_scope([], ScopeColumns(table.c.region, table.c.category, table.c.premises)))
        )
        assert (await connection.execute(none)).scalar_one() == 0
