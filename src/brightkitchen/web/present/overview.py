"""The overview as the API shows it."""

from collections.abc import Iterable
from typing import Literal

from brightkitchen.domain.numbers.model import PARTS_OF, Rate, rates_of
from brightkitchen.domain.overview.model import RATES, SHOWN, Cell, Overview
from brightkitchen.domain.overview.outlines import Outline, Ring
from brightkitchen.kernel.text import say
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.present.base import Instant, Out
from brightkitchen.web.present.numbers import NumberWordsOut


class OverviewCellOut(Out):
    """alarms: open ones of recordings; faults: tickets somebody has to mend; null: not for this person."""

    values: dict[str, int]
    rates: dict[str, float | None]
    alarms: int | None
    faults: int | None


class OverviewAreaOut(OverviewCellOut):
    """Seat in WGS-84; null: not known."""

    code: str
    name: str
    longitude_deg: float | None
    latitude_deg: float | None


class OverviewOut(Out):
    """region: what it is about; "" = all that the person may see. total counts what lies in no area too."""

    at: Instant
    region: str
    region_name: str
    level: Literal["county", "township"]
    words: list[NumberWordsOut]
    total: OverviewCellOut
    areas: list[OverviewAreaOut]


class OutlineOut(Out):
    """polygons: each its outer ring and its holes; a ring is a closed line of [longitude, latitude] in degrees."""

    code: str
    polygons: tuple[tuple[Ring, ...], ...]


class OutlineListOut(Out):
    items: list[OutlineOut]


def present_overview(overview: Overview, language: str) -> OverviewOut:
    """Return the overview with the definition of each number."""
    return OverviewOut(
        at=format_utc(overview.at),
        region=overview.region,
        region_name=overview.region_name,
        level=overview.level.value,
        words=[
            NumberWordsOut(
                key=each.value,
                name=say(f"numbers.name.{each.value}", language),
                definition=say(f"numbers.define.{each.value}", language),
                parts=[part.value for part in PARTS_OF[each]] if isinstance(each, Rate) else [],
            )
            for each in (*SHOWN, *RATES)
        ],
        total=OverviewCellOut(
            values=_values(overview.total),
            rates=_rates(overview.total),
            alarms=overview.total.alarms,
            faults=overview.total.faults,
        ),
        areas=[
            OverviewAreaOut(
                code=area.code,
                name=area.name,
                longitude_deg=area.longitude_deg,
                latitude_deg=area.latitude_deg,
                values=_values(area.cell),
                rates=_rates(area.cell),
                alarms=area.cell.alarms,
                faults=area.cell.faults,
            )
            for area in overview.areas
        ],
    )


def present_outlines(outlines: Iterable[Outline]) -> OutlineListOut:
    """Return the outlines."""
    return OutlineListOut(items=[OutlineOut(code=each.code, polygons=each.polygons) for each in outlines])


def _values(cell: Cell) -> dict[str, int]:
    return {number.value: cell.values[number] for number in SHOWN}


def _rates(cell: Cell) -> dict[str, float | None]:
    rates = rates_of(cell.values)
    return {rate.value: rates.get(rate) for rate in RATES}
