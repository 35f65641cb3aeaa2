"""The numbers that the bureau reports (DOMAIN §1.8, §3.1): which there are, what they count, which rates they make. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from brightkitchen.kernel.units import Utc


class Number(StrEnum):
    """A count of premises, of cameras, or of seconds that cameras were watched. `queries.py` has each one's condition.

    What each is, in words for people, is in kernel/text under ``numbers.define.<value>``.
    """

    DUE = "due"
    EXEMPT = "exempt"
    SUSPENDED = "suspended"
    BASE = "base"
    SIGNED = "signed"
    SIGNED_DUE = "signed_due"
    INSTALLED = "installed"
    ONLINE = "online"
    ACCEPTED = "accepted"
    COMPLETED = "completed"

    SIGNED_NEW = "signed_new"

    CAMERAS = "cameras"
    WATCHED = "watched"
    ONLINE_NOW = "online_now"
    WATCHED_RAW = "watched_raw"
    ONLINE_NOW_RAW = "online_now_raw"

    WATCHED_S = "watched_s"
    ONLINE_S = "online_s"
    WATCHED_HOURS_S = "watched_hours_s"
    ONLINE_HOURS_S = "online_hours_s"
    WATCHED_RAW_S = "watched_raw_s"
    ONLINE_RAW_S = "online_raw_s"


PREMISES_NUMBERS: Final = (
    *(Number.DUE, Number.EXEMPT, Number.SUSPENDED, Number.BASE, Number.SIGNED, Number.SIGNED_DUE, Number.INSTALLED),
    *(Number.ONLINE, Number.ACCEPTED, Number.COMPLETED),
)
CAMERA_NUMBERS: Final = (
    *(Number.CAMERAS, Number.WATCHED, Number.ONLINE_NOW, Number.WATCHED_RAW, Number.ONLINE_NOW_RAW),
)
COUNTED: Final = PREMISES_NUMBERS + CAMERA_NUMBERS
FLOWS: Final = (Number.SIGNED_NEW,)
"""What happened within a month, asked of the records each time: what was signed in March and is entered in May counts for March."""
SECONDS: Final = (
    *(Number.WATCHED_S, Number.ONLINE_S, Number.WATCHED_HOURS_S, Number.ONLINE_HOURS_S),
    *(Number.WATCHED_RAW_S, Number.ONLINE_RAW_S),
)
BIT_OF: Final[Mapping[Number, int]] = {number: 1 << place for place, number in enumerate(PREMISES_NUMBERS)}
"""How a premises' part in each number of a month is kept. The order is part of the stored format: append only."""


class Rate(StrEnum):
    """A share of two numbers. Never above 1: each numerator counts inside its denominator. TARGET alone may exceed it."""

    SIGNED = "signed_rate"
    COMPLETED = "completed_rate"
    ONLINE_NOW = "online_now_rate"
    ONLINE_NOW_RAW = "online_now_raw_rate"
    ONLINE_DAY = "online_day_rate"
    ONLINE_HOURS = "online_hours_rate"
    ONLINE_DAY_RAW = "online_day_raw_rate"


PARTS_OF: Final[Mapping[Rate, tuple[Number, Number]]] = {
    Rate.SIGNED: (Number.SIGNED_DUE, Number.DUE),
    Rate.COMPLETED: (Number.COMPLETED, Number.BASE),
    Rate.ONLINE_NOW: (Number.ONLINE_NOW, Number.WATCHED),
    Rate.ONLINE_NOW_RAW: (Number.ONLINE_NOW_RAW, Number.WATCHED_RAW),
    Rate.ONLINE_DAY: (Number.ONLINE_S, Number.WATCHED_S),
    Rate.ONLINE_HOURS: (Number.ONLINE_HOURS_S, Number.WATCHED_HOURS_S),
    Rate.ONLINE_DAY_RAW: (Number.ONLINE_RAW_S, Number.WATCHED_RAW_S),
}

Values = Mapping[Number, int]


def rates_of(values: Values) -> dict[Rate, float | None]:
    """Return every rate whose parts are known; None where nothing is in the denominator."""
    found: dict[Rate, float | None] = {}
    for rate, (part, whole) in PARTS_OF.items():
        if part in values and whole in values:
            found[rate] = values[part] / values[whole] if values[whole] else None
    return found


class Level(StrEnum):
    """How fine regions are told apart."""

    COUNTY = "county"
    TOWNSHIP = "township"


@dataclass(frozen=True, slots=True)
class Key:
    """One cell. "" = all of that dimension. month: YYYY-MM."""

    region: str = ""
    category: str = ""
    month: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """What is counted. region: code with all below it, "" = all. categories: () = all."""

    region: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by cell. at: when they were counted. day: the last day that the seconds are about, "" = none was measured."""

    at: Utc
    month: str
    is_now: bool
    day: str
    cells: Mapping[Key, Values]
    targets: Mapping[Key, int] = field(default_factory=dict)

    def sums(self, *dimensions: str) -> dict[Key, dict[Number, int]]:
        """Add the cells up so that only `dimensions` ("region", "category", "month") are left apart."""
        sums: dict[Key, dict[Number, int]] = {}
        for key, values in self.cells.items():
            short = Key(**{name: getattr(key, name) for name in dimensions})
            into = sums.setdefault(short, {})
            for number, value in values.items():
                into[number] = into.get(number, 0) + value
        return sums


@dataclass(frozen=True, slots=True)
class CountedRow:
    """One premises or camera that a number counts. camera_*: "" for premises. *_s: of cameras by day, else None."""

    premises_id: str
    name: str
    region: str
    category: str
    state: str
    external_no: str
    camera_id: str = ""
    camera_name: str = ""
    zone: str = ""
    activity: str = ""
    online_s: int | None = None
    watched_s: int | None = None


@dataclass(frozen=True, slots=True)
class RowPage:
    """A stretch of rows; total: how many there are in all, equal to the number."""

    rows: tuple[CountedRow, ...]
    total: int
    next_after: int | None
