"""A made-up city of any size, drawn by lot, with something to get wrong for every rule; and the words it is told in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.regions import Region, RegionLevel
from brightkitchen.domain.authz.store import save_regions
from brightkitchen.domain.cameras.store import camera_spells, camera_zones, cameras
from brightkitchen.domain.premises.initials import build_initials
from brightkitchen.domain.premises.kinds import load_packaged_kinds
from brightkitchen.domain.premises.model import Need
from brightkitchen.domain.premises.numbers import credit_check_character
from brightkitchen.domain.premises.store import premises as premises_table
from brightkitchen.domain.premises.store import save_first_kinds, suspensions

COUNTIES: Final = {"铁东区": "210302", "铁西区": "210303", "海城市": "210381"}
TOWNSHIPS: Final = {"解放街道": "210302002", "山南街道": "210302003", "共和街道": "210303001"}


async def add_words(connection: AsyncConnection) -> None:
    """Put the city's words where there are none yet."""
    items = [Region("210300", "鞍山市", "210000", RegionLevel.CITY)]
    items += [Region(code, name, "210300", RegionLevel.COUNTY) for name, code in COUNTIES.items()]
    items += [Region(code, name, code[:6], RegionLevel.TOWNSHIP) for name, code in TOWNSHIPS.items()]
    await save_regions(connection, items)
    await save_first_kinds(connection, load_packaged_kinds())


def credit_code(number: int) -> str:
    """Return a code whose check character fits."""
    first = f"92210300MA{number:07}"
    return first + credit_check_character(first)


Row = dict[str, Any]  # Any: a row of whatever table
STATES: Final = (
    *("LEAD", "SIGNED", "SURVEYED", "ORDERED", "INSTALLING", "INSTALLED", "TRIAL", "ACCEPTED", "IN_SERVICE", "REFUSED"),
    *("REWORK", "SUSPENDED", "RELOCATED", "TERMINATED"),
)
HOURS: Final = ("", "1-7 09:00-21:30", "1-5 06:30-17:00", "1-7 17:00-02:00", "1-5 06:30-09:00;6-7 08:00-14:00")
_DAY_US: Final = 86_400_000_000


@dataclass(slots=True)
class City:
    """Rows of a made-up city, as the tables have them."""

    premises: list[Row] = field(default_factory=list)
    cameras: list[Row] = field(default_factory=list)
    camera_zones: list[Row] = field(default_factory=list)
    spells: list[Row] = field(default_factory=list)
    suspensions: list[Row] = field(default_factory=list)

    async def save(self, connection: AsyncConnection) -> None:
        """Write everything; the words must be there."""
        for table, rows in (
            (premises_table, self.premises),
            (cameras, self.cameras),
            (camera_zones, self.camera_zones),
            (camera_spells, self.spells),
            (suspensions, self.suspensions),
        ):
            for start in range(0, len(rows), 2_000):
                await connection.execute(table.insert(), rows[start : start + 2_000])


def make_city(
    random: Random,
    *,
    size: int,
    now_us: int,
    today: date,
    regions: Sequence[str] = (*COUNTIES.values(), *TOWNSHIPS.values()),
    categories_wanted: Sequence[str] = ("PRIMARY_SCHOOL", "RESTAURANT_S", "COLD_STORE", "PHARMACY"),
    healthy: float = 0.6,
    days: int = 3,
) -> City:
    """Make a city of `size` premises in which every rule has something to get wrong. healthy: share that is in order."""
    kinds = load_packaged_kinds()
    city = City()
    for number in range(size):
        category = random.choice(list(categories_wanted))
        is_well = random.random() < healthy
        premises_id = f"prm_{number:016}"
        state = random.choice(("ACCEPTED", "IN_SERVICE", "IN_SERVICE")) if is_well else random.choice(STATES)
        needs = kinds.needs_of(category)
        optional = [need.zone for need in needs if need.need is Need.MUST_IF_PRESENT]
        present = [zone for zone in optional if random.random() < 0.4]
        name = f"{random.choice(('站前', '老街', '胜利', '解放'))}{random.choice(('小学', '饺子馆', '药房', '酒店'))}{number}"
        city.premises.append(
            {
                "id": premises_id,
                "external_no": f"A{number:05}",
                "region": random.choice(list(regions)),
                "category": category,
                "name": name,
                "initials": build_initials(name),
                "credit_code": credit_code(number),
                "licence_no": None,
                "licence_expires_on": None,
                "address": f"老街{number}号",
                "longitude_deg": None,
                "latitude_deg": None,
                "area_m2": random.choice((30.0, 50.0, 51.0, 400.0, None)),
                "diners": None,
                "risk_grade": random.choice("ABCD"),
                "hours": random.choice(HOURS),
                "present_zones": ",".join(present),
                "state": state,
                "state_at": now_us,
                "is_due": is_well or random.random() < 0.8,
                "exempt_reason": None if is_well or random.random() < 0.8 else "迁建",
                "is_complete": False,
                "is_demo": False,
                "created_at": now_us,
                "updated_at": now_us,
                "version": 1,
                "retired_at": None if is_well or random.random() < 0.9 else now_us,
            }
        )
        musts = [need.zone for need in needs if need.need is Need.MUST or need.zone in present]
        for zone in musts:
            if is_well or random.random() < 0.7:
                _add_camera(random, city, premises_id, zone, musts, is_well=is_well, now_us=now_us, days=days)
        if not is_well and random.random() < 0.3:
            begin = today - timedelta(days=random.randrange(-2, 4))
            city.suspensions.append(
                {
                    "id": f"sus_{number:016}",
                    "premises_id": premises_id,
                    "kind": "CLOSED",
                    "from_on": begin.isoformat(),
                    "to_on": (begin + timedelta(days=random.randrange(0, 3))).isoformat(),
                    "reason": "装修",
                    "requested_by": None,
                    "requested_at": now_us,
                    "decided_by": None,
                    "decided_at": None,
                    "state": random.choice(("APPROVED", "APPROVED", "REQUESTED", "REFUSED")),
                }
            )
    return city


def _add_camera(
    random: Random,
    city: City,
    premises_id: str,
    zone: str,
    zones_of_it: Sequence[str],
    *,
    is_well: bool,
    now_us: int,
    days: int,
) -> None:
    number = len(city.cameras)
    camera_id = f"cam_{number:016}"
    activity = "ACTIVE" if is_well else random.choice(("ACTIVE", "DEGRADED", "OFFLINE", "NEW"))
    city.cameras.append(
        {
            "id": camera_id,
            "name": f"{zone}{number}",
            "premises_name": "",
            "zone": zone,
            "host": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "port": 554,
            "tls": False,
            "path_main": "/main",
            "path_sub": "/sub",
            "transport": "auto",
            "record": "main",
            "audio": True,
            "allow_basic": False,
            "node": "node-0",
            "epoch": 1,
            "created_at": now_us,
            "updated_at": now_us,
            "version": 1,
            "retired_at": None if is_well or random.random() < 0.9 else now_us,
            "premises_id": premises_id,
            "activity": activity,
            "activity_at": now_us,
            "approved_by": None,
            "approved_at": None,
        }
    )
    if not is_well and random.random() < 0.5:
        other = random.choice(list(zones_of_it))
        if other != zone:
            city.camera_zones.append({"camera_id": camera_id, "zone": other})
    at = now_us - days * _DAY_US - random.randrange(_DAY_US)
    while at < now_us and activity != "NEW":
        until = at + random.randrange(_DAY_US // 8, _DAY_US * 2)
        is_last = until >= now_us
        city.spells.append(
            {
                "camera_id": camera_id,
                "from_at": at,
                "to_at": None if is_last else until,
                "activity": activity if is_last else random.choice(("ACTIVE", "ACTIVE", "DEGRADED", "OFFLINE", "NEW")),
                "reason": "test",
            }
        )
        at = until
