"""Each number as one SQL condition, used for the count and for the rows it opens: they cannot disagree.

docs/design/permissions.md §6: 应接入 is what is due and not exempt; what is closed today leaves the denominator of 完成率; complete
(R-CAM-2) means that every must-zone has a camera that is ACTIVE at this moment, read from the cameras and not from a mark.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import sqlalchemy as sa

from brightkitchen.domain.authz.model import Grant
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.cameras.store import camera_spells, camera_zones, cameras, is_online
from brightkitchen.domain.numbers.model import PREMISES_NUMBERS, Filter, Level, Number
from brightkitchen.domain.onboarding.states import Event
from brightkitchen.domain.onboarding.store import contracts, premises_events
from brightkitchen.domain.premises import denominators
from brightkitchen.domain.premises.counted import INSTALLED
from brightkitchen.domain.premises.model import SMALL_M2
from brightkitchen.domain.premises.store import categories, category_zones, premises
from brightkitchen.kernel.units import Utc

Condition = sa.ColumnElement[bool]
_ACCEPTED: Final = ("ACCEPTED", "IN_SERVICE")

SCOPE: Final = ScopeColumns(premises.c.region, premises.c.category, premises.c.id)
_in_service: Final = cameras.c.retired_at.is_(None)
_is_watched: Final = cameras.c.activity != "NEW"
_placed_cameras: Final = cameras.join(premises, premises.c.id == cameras.c.premises_id)


def _is_shown() -> Condition:
    """True for premises with a camera that has ever been ACTIVE."""
    ever = (
        sa.exists()
        .where(camera_spells.c.camera_id == cameras.c.id, camera_spells.c.activity == "ACTIVE")
        .correlate_except(camera_spells)
    )
    shown = sa.or_(cameras.c.activity != "NEW", cameras.c.approved_at.is_not(None), ever)
    # a set that is made once, for both databases; joined, SQLite would walk through it for every premises
    return premises.c.id.in_(
        sa.select(cameras.c.premises_id).where(_in_service, cameras.c.premises_id.is_not(None), shown)
    )


def is_complete(*within: Condition) -> Condition:
    """True if every must-zone of the premises is covered by a camera that is ACTIVE (R-CAM-2).

    The same answer as `cameras.coverage.is_complete`; a test compares them. Sets that are made once, not a question for each
    premises: a zone's own camera is looked for first, and what else could count only where there is none.
    within: which premises are asked about at all.
    """
    present = (sa.literal(",") + premises.c.present_zones + sa.literal(",")).like(
        sa.literal("%,") + category_zones.c.zone + sa.literal(",%")
    )
    is_own = sa.and_(cameras.c.premises_id == premises.c.id, _in_service, cameras.c.zone == category_zones.c.zone)
    is_active = cameras.c.activity == "ACTIVE"
    # Each level says which table is its own: by itself a subquery two levels down would join the outer tables once more.
    # Asked of the camera, which is its key's first part: a list of all cameras of the zone would be made for every camera.
    shared = sa.exists().where(camera_zones.c.camera_id == cameras.c.id, camera_zones.c.zone == category_zones.c.zone)
    is_shared = sa.and_(
        *(cameras.c.premises_id == premises.c.id, _in_service),
        shared.correlate_except(camera_zones),
    )
    may_share = sa.and_(category_zones.c.may_be_shared.is_(sa.true()), premises.c.area_m2 <= SMALL_M2)
    covered = sa.or_(
        sa.exists().where(is_own, is_active).correlate_except(cameras),
        sa.and_(may_share, sa.exists().where(is_shared, is_active).correlate_except(cameras)),
    )
    watched = sa.or_(
        sa.exists().where(is_own).correlate_except(cameras),
        sa.and_(may_share, sa.exists().where(is_shared).correlate_except(cameras)),
    )
    is_needed = sa.or_(
        category_zones.c.need == "MUST",
        sa.and_(category_zones.c.need == "MUST_IF_PRESENT", sa.or_(present, watched)),
    )
    needs = (
        sa.select(premises.c.id)
        .select_from(
            premises.join(categories, categories.c.code == premises.c.category).join(
                category_zones, category_zones.c.zone_profile == categories.c.zone_profile
            )
        )
        .where(*within, category_zones.c.need.in_(("MUST", "MUST_IF_PRESENT")))
        .correlate(None)
    )
    always_asked = (
        sa.select(categories.c.code)
        .join(category_zones, category_zones.c.zone_profile == categories.c.zone_profile)
        .where(category_zones.c.need == "MUST")
    )
    # what has nothing to show is never complete
    asked = sa.or_(
        premises.c.category.in_(always_asked),
        premises.c.id.in_(needs.where(premises.c.category.not_in(always_asked), is_needed)),
    )
    return sa.and_(asked, premises.c.id.not_in(needs.where(~covered, is_needed)))


class Counting:
    """The conditions of one day, and the selects that use them."""

    def __init__(self, grants: Sequence[Grant], wanted: Filter, today: str) -> None:
        """today: the city's day, YYYY-MM-DD."""
        self._within: list[Condition] = [premises.c.retired_at.is_(None), is_in_scope(grants, SCOPE)]
        inside = region_clause(wanted.region, premises.c.region)
        if inside is not None:
            self._within.append(inside)
        if wanted.categories:
            self._within.append(premises.c.category.in_(wanted.categories))
        is_closed, is_due, is_signed = (
            denominators.is_closed(today),
            denominators.is_due(),
            denominators.is_signed(),
        )
        is_accepted = premises.c.state.in_(_ACCEPTED)
        is_base = sa.and_(is_due, ~is_closed)
        self._is_closed = is_closed
        self.conditions: dict[Number, Condition] = {
            Number.DUE: is_due,
            Number.EXEMPT: sa.and_(premises.c.is_due.is_(sa.true()), premises.c.exempt_reason.is_not(None)),
            Number.SUSPENDED: sa.and_(is_due, is_closed),
            Number.BASE: is_base,
            Number.SIGNED: is_signed,
            Number.SIGNED_DUE: sa.and_(is_due, is_signed),
            Number.INSTALLED: premises.c.state.in_([state.value for state in INSTALLED]),
            Number.ONLINE: _is_shown(),
            Number.ACCEPTED: is_accepted,
            Number.COMPLETED: sa.and_(is_accepted, is_base, is_complete(*self._within, is_accepted)),
            Number.CAMERAS: sa.true(),
            Number.WATCHED: sa.and_(_is_watched, ~is_closed),
            Number.ONLINE_NOW: sa.and_(is_online, ~is_closed),
            Number.WATCHED_RAW: _is_watched,
            Number.ONLINE_NOW_RAW: is_online,
        }

    def count_premises(
        self, by_region: Level | None, by_category: bool
    ) -> sa.Select[Any]:  # Any: as many columns as numbers
        """Select region, category and one column for each number of premises."""
        values = {number: sa.case((self.conditions[number], 1), else_=0) for number in PREMISES_NUMBERS}
        return self._sum(values, premises, by_region, by_category)

    def count_cameras(self, by_region: Level | None, by_category: bool) -> sa.Select[Any]:
        """Select region, category and one column for each number of cameras.

        Added up by premises first, which the index does without sorting; the same conditions as in `select_rows`.
        """
        numbers = {
            Number.CAMERAS: sa.true(),
            Number.WATCHED_RAW: _is_watched,
            Number.ONLINE_NOW_RAW: is_online,
        }
        sums = [sa.func.sum(sa.case((part, 1), else_=0)).label(number.value) for number, part in numbers.items()]
        each = (
            sa.select(cameras.c.premises_id, *sums)
            .where(_in_service, cameras.c.premises_id.in_(sa.select(premises.c.id).where(*self._within)))
            .group_by(cameras.c.premises_id)
            .subquery("each")
        )
        is_open = sa.case((self._is_closed, 0), else_=1)
        values = {
            Number.CAMERAS: each.c.cameras,
            Number.WATCHED: each.c.watched_raw * is_open,
            Number.ONLINE_NOW: each.c.online_now_raw * is_open,
            Number.WATCHED_RAW: each.c.watched_raw,
            Number.ONLINE_NOW_RAW: each.c.online_now_raw,
        }
        source = each.join(premises, premises.c.id == each.c.premises_id)
        return self._sum(values, source, by_region, by_category)

    def select_rows(self, number: Number) -> sa.Select[Any]:
        """Select what `number` counts, in the order of region, name and id."""
        shown = [premises.c[name] for name in ("id", "name", "region", "category", "state", "external_no")]
        order = (premises.c.region, premises.c.initials, premises.c.id)
        if number in PREMISES_NUMBERS:
            wanted = sa.select(*shown).select_from(premises)
            return wanted.where(*self._within, self.conditions[number]).order_by(*order)
        named = [
            cameras.c.id.label("camera_id"),
            cameras.c.name.label("camera_name"),
            cameras.c.zone,
            cameras.c.activity,
        ]
        wanted = sa.select(*shown, *named).select_from(_placed_cameras)
        return wanted.where(*self._within, _in_service, self.conditions[number]).order_by(*order, cameras.c.id)

    def count_signings(
        self, by_region: Level | None, by_category: bool, *, first: str, last: str, starts: Mapping[str, Utc]
    ) -> sa.Select[Any]:
        """Select region, category, month and how many premises signed in it. first, last, starts: as `signing_month`."""
        region, category = region_of(premises.c.region, by_region), premises.c.category
        month, source = signing_month(starts)
        columns = [
            region.label("region"),
            (category if by_category else sa.literal("")).label("category"),
            month.label("month"),
            sa.func.count().label(Number.SIGNED_NEW.value),
        ]
        groups = [*([region] if by_region else []), *([category] if by_category else []), month]
        wanted = sa.select(*columns).select_from(source).where(*self._within, denominators.is_signed())
        return wanted.where(month.between(first, last)).group_by(*groups)

    def select_signings(self, starts: Mapping[str, Utc], month: str) -> sa.Select[Any]:
        """Select the premises that signed in `month`, in the order of `select_rows`."""
        shown = [premises.c[name] for name in ("id", "name", "region", "category", "state", "external_no")]
        signed_in, source = signing_month(starts)
        wanted = sa.select(*shown).select_from(source).where(*self._within, denominators.is_signed())
        return wanted.where(signed_in == month).order_by(premises.c.region, premises.c.initials, premises.c.id)

    def select_bits(self, bits: dict[Number, int]) -> sa.Select[Any]:
        """Select id, region, category, state of every premises and the sum of the bits of the numbers it is part of."""
        parts = [sa.case((self.conditions[number], bit), else_=0) for number, bit in bits.items()]
        total: sa.ColumnElement[int] = sa.literal(0)
        for part in parts:
            total = total + part
        return (
            sa.select(premises.c.id, premises.c.region, premises.c.category, premises.c.state, total.label("bits"))
            .select_from(premises)
            .where(*self._within)
        )

    def _sum(
        self,
        values: Mapping[Number, sa.ColumnElement[Any]],
        source: sa.FromClause,
        by_region: Level | None,
        by_category: bool,
    ) -> sa.Select[Any]:
        region, category = region_of(premises.c.region, by_region), premises.c.category
        columns = [
            region.label("region"),
            (category if by_category else sa.literal("")).label("category"),
            *(sa.func.sum(value).label(number.value) for number, value in values.items()),
        ]
        wanted = sa.select(*columns).select_from(source).where(*self._within)
        groups = ([region] if by_region else []) + ([category] if by_category else [])
        return wanted.group_by(*groups) if groups else wanted


def signing_month(starts: Mapping[str, Utc]) -> tuple[sa.ColumnElement[str], sa.FromClause]:
    """Return the month in which a premises signed, and the tables that say so.

    That of the contract in force, else of the last signing on the road to service, which an import sets to the day it was
    told. starts: month → when it begins in the city, every month asked for and the one behind them; other months are "".
    """
    events = (
        sa.select(premises_events.c.premises_id, sa.func.max(premises_events.c.at).label("at"))
        .where(premises_events.c.event == Event.SIGN.value)
        .group_by(premises_events.c.premises_id)
        .subquery("signings")
    )
    source = premises.join(events, events.c.premises_id == premises.c.id)
    source = source.outerjoin(contracts, contracts.c.premises_id == premises.c.id)
    known = sorted(starts.items())
    spans = [(sa.and_(events.c.at >= begin, events.c.at < end), month) for (month, begin), (_, end) in pairwise(known)]
    return sa.func.coalesce(sa.func.substr(contracts.c.signed_on, 1, 7), sa.case(*spans, else_="")), source


def region_of(column: sa.ColumnElement[Any], level: Level | None) -> sa.ColumnElement[str]:
    """Return what regions are grouped by: the county's code, the township's, or "" for no telling apart."""
    if level is None:
        return sa.literal("")
    return sa.func.substr(column, 1, 6) if level is Level.COUNTY else column
