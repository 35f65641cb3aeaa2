"""A scope as SQL: every list and every count is filtered in the database, not behind it (SECURITY A1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from brightkitchen.domain.authz.model import Grant, Scope
from brightkitchen.domain.authz.regions import has_city_reach, region_prefix


@dataclass(frozen=True, slots=True)
class ScopeColumns:
    """The columns by which a row is placed. premises: the row's premises id."""

    region: sa.ColumnElement[Any]  # Any: a column of text, nullable or not
    category: sa.ColumnElement[Any]
    premises: sa.ColumnElement[Any]


def is_in_scope(grants: Sequence[Grant], columns: ScopeColumns) -> sa.ColumnElement[bool]:
    """Return the condition under which a row lies inside one of the grants; false without a grant.

    The same answer as `Scope.covers` for each row; a test compares them. A row without premises (NULL) is inside a
    whole city's reach only.
    """
    if not grants:
        return sa.false()
    return sa.or_(*(_covers(grant.scope, columns) for grant in grants))


def _covers(scope: Scope, columns: ScopeColumns) -> sa.ColumnElement[bool]:
    parts: list[sa.ColumnElement[bool]] = []
    if scope.premises is not None:
        parts.append(columns.premises == scope.premises)
    if scope.categories:
        parts.append(columns.category.in_(sorted(scope.categories)))
    inside = region_clause(scope.region, columns.region)
    if inside is not None:
        parts.append(
            sa.or_(inside, columns.region.is_(None), columns.region == "") if has_city_reach(scope.region) else inside
        )
    return sa.and_(*parts) if parts else sa.true()


def region_clause(region: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool] | None:
    """Return "the row's region is `region` or lies inside it" in a form an index serves, or None for everywhere."""
    prefix = region_prefix(region)
    if not prefix:
        return None
    # Digits only on both sides, so that every collation of either database orders them alike.
    behind = str(int(prefix) + 1).zfill(len(prefix))
    return sa.and_(column >= prefix, column < behind)
