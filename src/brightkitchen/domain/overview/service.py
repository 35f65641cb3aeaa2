"""The overview is made of the numbers, the recording alarms and the fault tickets, each under its own right."""

from collections.abc import Mapping

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.store import load_regions
from brightkitchen.domain.maintenance.policy import VIEW_FAULT
from brightkitchen.domain.maintenance.ticket_store import count_open_by_region
from brightkitchen.domain.numbers import policy as number_rules
from brightkitchen.domain.numbers.model import Filter, Key, Level, Matrix, Values
from brightkitchen.domain.numbers.service import Cut, NumberService
from brightkitchen.domain.overview import policy as rules
from brightkitchen.domain.overview.model import (
    SHOWN,
    Area,
    Cell,
    Overview,
    add_up,
    find_areas,
    find_focus,
    level_within,
    touches,
)
from brightkitchen.domain.recording.policy import VIEW_ALARM
from brightkitchen.domain.recording.store import count_alarms_by_region
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import not_found

_Counts = Mapping[str, int] | None


class OverviewService:
    """One question, within the asker's scope. The numbers are at most 10 s old, alarms and tickets are of this moment."""

    def __init__(self, database: Database, policy: Policy, numbers: NumberService) -> None:
        self._database = database
        self._policy = policy
        self._numbers = numbers

    async def load(self, actor: Actor, region: str = "") -> Overview:
        """Return what is inside `region`; "" = all that the actor may see, which is the county if they have one only.

        A region narrows and never widens. raises: BrightKitchenError "access.none", also for a region out of reach.
        """
        if not self._policy.check(actor, rules.VIEW).allowed:
            raise not_found()
        scopes = [grant.scope for grant in self._policy.grants_for(actor, number_rules.VIEW)]
        region = region or find_focus(scopes)
        if region and not any(touches(region, scope.region) for scope in scopes):
            raise not_found()
        level = level_within(region)
        matrix = await self._numbers.load_matrix(actor, Filter(region), Cut(("region",), level))
        async with self._database.read() as connection:
            regions = await load_regions(connection)
            alarms = faults = None
            if grants := self._policy.grants_for(actor, VIEW_ALARM):
                alarms = await count_alarms_by_region(connection, grants, region)
            if grants := self._policy.grants_for(actor, VIEW_FAULT):
                faults = await count_open_by_region(connection, grants, region)
        names = {each.code: each.name for each in regions}
        if region and names and region not in names:
            raise not_found()
        by_area = _cells_by_area(matrix, level)
        alarms_in, faults_in = _by_area(alarms, level), _by_area(faults, level)
        return Overview(
            at=matrix.at,
            region=region,
            region_name=names.get(region, ""),
            level=level,
            total=Cell(_shown(matrix.sums().get(Key(), {})), _total(alarms), _total(faults)),
            areas=tuple(
                Area(
                    each.code,
                    each.name,
                    each.longitude_deg,
                    each.latitude_deg,
                    Cell(_shown(by_area.get(each.code, {})), _of(alarms_in, each.code), _of(faults_in, each.code)),
                )
                for each in find_areas(regions, region, scopes)
            ),
        )


def _cells_by_area(matrix: Matrix, level: Level) -> dict[str, Values]:
    """Return area → its numbers. Villages count for their township."""
    found: dict[str, dict[str, int]] = {}
    for number in SHOWN:
        counts = {key.region: values.get(number, 0) for key, values in matrix.sums("region").items()}
        for area, count in add_up(counts, level).items():
            found.setdefault(area, {})[number] = count
    return {area: {number: values[number] for number in SHOWN} for area, values in found.items()}


def _shown(values: Values) -> Values:
    return {number: values.get(number, 0) for number in SHOWN}


def _by_area(counts: _Counts, level: Level) -> _Counts:
    return None if counts is None else add_up(counts, level)


def _total(counts: _Counts) -> int | None:
    return None if counts is None else sum(counts.values())


def _of(counts: _Counts, area: str) -> int | None:
    return None if counts is None else counts.get(area, 0)
