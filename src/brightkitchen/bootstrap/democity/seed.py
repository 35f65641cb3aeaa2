"""Writes the plan of the demo's city into the database, once, when its register is empty.

Channels of invented premises have no address: the register knows them, no device serves them, no node is told of them.
The few premises with simulated cameras are called DEMO-… and get theirs as any camera does.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import islice
from random import Random
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.bootstrap.democity.people import LIVE_PREMISES, LIVE_SCHOOL, LivePremises
from brightkitchen.bootstrap.democity.plan import ChannelPlan, CityPlan, PremisesPlan
from brightkitchen.domain.authz.cityfile import parse_city
from brightkitchen.domain.authz.regions import Region, RegionLevel
from brightkitchen.domain.authz.store import organisations, save_regions
from brightkitchen.domain.cameras.channels import recompute_complete
from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.cameras.spells import begin_spell
from brightkitchen.domain.cameras.store import camera_spells, camera_zones, cameras
from brightkitchen.domain.premises.denominators import Cause, DenominatorLog
from brightkitchen.domain.premises.initials import ManyInitials, initials_aside
from brightkitchen.domain.premises.numbers import credit_check_character, mod_11_10_digit
from brightkitchen.domain.premises.store import (
    build_sealed,
    load_ids_by_external_no,
    premises,
    premises_people,
    zones,
)
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database, settings
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import CameraId, PremisesId, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

_DAY_US: Final = 86_400 * US_PER_S
_BATCH: Final = 500
_CHUNK: Final = 100
_SHOWN: Final = ("TRIAL", "ACCEPTED", "IN_SERVICE")
"""From here on the first frames are approved."""
_HISTORY_DAYS: Final = 30
_LIVE_NUMBERS: Final = 90_000
_DONE: Final = "demo.city_written"
_APPROVE_EVERY_S: Final = 3.0


async def seed_live_premises(
    database: Database, sealer: FieldSealer, denominators: DenominatorLog, *, clock: Clock, entropy: Entropy
) -> bool:
    """Write regions, authorities and the premises with simulated cameras into an empty register. returns: whether it was empty.

    sealer: of persons' numbers.
    """
    async with database.read() as connection:
        if (await connection.execute(sa.select(premises.c.id).limit(1))).first() is not None:
            return False
    regions = load_demo_regions()
    writer = _Writer(sealer, clock.utc(), entropy)
    async with database.write() as connection:
        await save_regions(connection, regions)
        await connection.execute(organisations.insert(), list(_organisations(regions, clock.utc(), entropy)))
        await writer.prepare(connection)
        for live in LIVE_PREMISES:
            writer.add_live(live)
        async with initials_aside() as build:
            await writer.name(build)
        await denominators.note(connection, await writer.flush(connection), Cause(None))
    return True


async def seed_city(
    database: Database, sealer: FieldSealer, denominators: DenominatorLog, *, clock: Clock, entropy: Entropy, most: int
) -> None:
    """Write the invented premises, a hundred at a time, so that nobody waits for them; goes on where it stopped.

    most: how many at most. Does nothing in a city that has its own premises already.
    """
    async with database.read() as connection:
        done = (await connection.execute(sa.select(settings.c.value).where(settings.c.name == _DONE))).scalar()
        is_ours = (await load_ids_by_external_no(connection, [LIVE_SCHOOL])) != {}
    if done is not None or not is_ours:
        return
    async with database.read() as connection:
        known = set((await connection.execute(sa.select(premises.c.external_no))).scalars())
    plans = islice(CityPlan(list(load_demo_regions())).premises(), most)
    writer = _Writer(sealer, clock.utc(), entropy)
    async with database.read() as connection:
        await writer.prepare(connection)
    async with initials_aside() as build:
        while chunk := list(islice(plans, _CHUNK)):
            missing = [plan for plan in chunk if _external_no(plan.number) not in known]
            if missing:
                for plan in missing:
                    writer.add(plan)
                await writer.name(build)
                async with database.write() as connection:
                    written = await writer.flush(connection)
                    await recompute_complete(connection, written)
                    await denominators.note(connection, written, Cause(None))
            await clock.sleep(0)
    async with database.write() as connection:
        await connection.execute(settings.insert().values(name=_DONE, value=str(most), updated_at=clock.utc()))
    log.info("demo city written", premises=most)


async def approve_live_cameras(database: Database, clock: Clock) -> int:
    """Say that an officer has seen the first frames of the simulated cameras that are in service. returns: how many."""
    shown = [live.external_no for live in LIVE_PREMISES if live.is_approved]
    async with database.read() as connection:
        waiting = sa.select(cameras.c.id, cameras.c.premises_id).join(premises, premises.c.id == cameras.c.premises_id)
        waiting = waiting.where(premises.c.external_no.in_(shown), cameras.c.activity == "NEW", cameras.c.host != "")
        rows = (await connection.execute(waiting)).all()
    if not rows:
        return 0
    now = clock.utc()
    async with database.write() as connection:
        for row in rows:
            await connection.execute(cameras.update().where(cameras.c.id == row.id).values(approved_at=now))
            await begin_spell(connection, CameraId(row.id), Activity.ACTIVE, now, "approved")
        await recompute_complete(connection, {PremisesId(row.premises_id) for row in rows})
    return len(rows)


async def keep_approving(database: Database, clock: Clock) -> None:
    """Approve simulated cameras as they come; until cancelled."""
    while True:
        await approve_live_cameras(database, clock)
        await clock.sleep(_APPROVE_EVERY_S)


def load_demo_regions() -> tuple[Region, ...]:
    """Return the regions of the demo's city: real codes and names."""
    return parse_city((files(__package__) / "anshan.json").read_bytes())


def _organisations(regions: Iterable[Region], now: Utc, entropy: Entropy) -> Iterator[dict[str, object]]:
    """Yield the authorities of every region by the usual names, and the operator."""

    def row(kind: str, name: str, region: str) -> dict[str, object]:
        return {
            "id": new_id("org", entropy),
            "kind": kind,
            "name": name,
            "region": region,
            "created_at": now,
            "updated_at": now,
            "version": 1,
            "retired_at": None,
        }

    for region in regions:
        if region.level is RegionLevel.CITY:
            yield row("CITY_BUREAU", f"{region.name}市场监督管理局", region.code)
            yield row("EDU_BUREAU", f"{region.name}教育局", region.code)
            yield row("OPERATOR", "演示电信运营商", region.code)
        elif region.level is RegionLevel.COUNTY:
            yield row("COUNTY_BUREAU", f"{region.name}市场监督管理局", region.code)
            yield row("EDU_BUREAU", f"{region.name}教育局", region.code)
        else:
            yield row("STATION", f"{region.name.removesuffix('街道')}市场监管所", region.code)


class _Writer:
    """Collects rows and writes them in batches."""

    def __init__(self, sealer: FieldSealer, now: Utc, entropy: Entropy) -> None:
        self._sealer = sealer
        self._now = now
        self._entropy = entropy
        self._chance = Random(7)
        self._ids: list[PremisesId] = []
        self._zone_names: dict[str, str] = {}
        self._rows: dict[sa.Table, list[dict[str, object]]] = {
            table: [] for table in (premises, premises_people, cameras, camera_zones, camera_spells)
        }

    async def prepare(self, connection: AsyncConnection) -> None:
        """Learn what zones are called."""
        rows = await connection.execute(sa.select(zones.c.code, zones.c.name_zh))
        self._zone_names = {row.code: row.name_zh for row in rows}

    def add(self, plan: PremisesPlan) -> None:
        """Take one premises of the plan with its person and its channels."""
        found = self._add_premises(
            external_no=_external_no(plan.number),
            number=plan.number,
            region=plan.region,
            category=plan.category,
            name=plan.name,
            state=plan.state,
            address=plan.address,
            longitude_deg=plan.longitude_deg,
            latitude_deg=plan.latitude_deg,
            area_m2=plan.area_m2,
            diners=plan.diners,
            risk_grade=plan.grade,
            hours=plan.hours,
            created_at=self._now - plan.opened_days_ago * _DAY_US,
        )
        self._add_person(found, plan.responsible, plan.number)
        for channel in plan.channels:
            self._add_channel(found, plan.name, channel, in_service=plan.state in _SHOWN)

    def add_live(self, live: LivePremises) -> None:
        """Take a premises with simulated cameras, and the channels that nobody simulates."""
        found = self._add_premises(
            external_no=live.external_no,
            number=_LIVE_NUMBERS + LIVE_PREMISES.index(live),
            region=live.region,
            category=live.category,
            name=live.site,
            state=live.state,
            address="鞍山市（演示地址）",
            area_m2=240.0,
            risk_grade="D" if "SCHOOL" in live.category or live.category == "KINDERGARTEN" else "B",
            hours="",
            created_at=self._now - 60 * _DAY_US,
        )
        self._add_person(found, "演示负责人", _LIVE_NUMBERS + LIVE_PREMISES.index(live))
        for zone in live.more_zones:
            self._add_channel(found, live.site, ChannelPlan((zone,), "", "ACTIVE", 0.0), in_service=True)

    async def name(self, build: ManyInitials) -> None:
        """Give the premises that were collected their initials."""
        rows = self._rows[premises]
        for row, initials in zip(rows, await build([str(row["name"]) for row in rows]), strict=True):
            row["initials"] = initials

    async def flush(self, connection: AsyncConnection) -> list[PremisesId]:
        """Write what was collected, tables that others refer to first. returns: the premises."""
        for table, rows in self._rows.items():
            for start in range(0, len(rows), _BATCH):
                await connection.execute(table.insert(), rows[start : start + _BATCH])
            rows.clear()
        written, self._ids = self._ids, []
        return written

    def _add_premises(
        self, *, number: int, name: str, region: str, external_no: str, created_at: int, **facts: object
    ) -> PremisesId:
        found = PremisesId(new_id("prm", self._entropy))
        empty = {"longitude_deg": None, "latitude_deg": None, "diners": None, "area_m2": None}
        expires_on = datetime.fromtimestamp(self._now / US_PER_S, UTC) + timedelta(days=self._chance.randint(-20, 1700))
        self._rows[premises].append(
            empty
            | facts
            | {
                "id": found,
                "external_no": external_no,
                "region": region,
                "name": name,
                "initials": "",  # of all of them at once, when they are written
                "credit_code": build_credit_code(region, number),
                "licence_no": build_licence_no(region, number),
                "licence_expires_on": expires_on.date().isoformat(),
                "present_zones": "",
                "state_at": created_at,
                "is_due": True,
                "exempt_reason": None,
                "is_complete": False,
                "is_demo": True,
                "created_at": created_at,
                "updated_at": created_at,
                "version": 1,
                "retired_at": None,
            }
        )
        self._ids.append(found)
        return found

    def _add_person(self, found: PremisesId, name: str, number: int) -> None:
        person = new_id("prs", self._entropy)
        # No subscriber's number of any area begins with 0: nobody is called by the demo.
        sealed = build_sealed(self._sealer, person, phone=f"0412-0{number % 1_000_000:06d}", id_no=None)
        common = {"created_at": self._now, "updated_at": self._now, "version": 1}
        self._rows[premises_people].append(
            {"id": person, "premises_id": found, "kind": "RESPONSIBLE", "name": name} | sealed | common
        )

    def _add_channel(self, found: PremisesId, premises_name: str, plan: ChannelPlan, *, in_service: bool) -> None:
        camera = new_id("cam", self._entropy)
        activity = plan.activity if in_service else "NEW"
        began = self._now - _HISTORY_DAYS * _DAY_US
        spells = list(self._spells(camera, plan, activity, began)) if in_service else []
        self._rows[cameras].append(
            {
                "id": camera,
                "name": self._zone_names.get(plan.zones[0], plan.zones[0]),
                "premises_name": premises_name,
                "zone": plan.zones[0],
                "host": "",
                "port": 0,
                "tls": False,
                "path_main": "",
                "path_sub": None,
                "transport": "auto",
                "record": "",
                "audio": False,
                "allow_basic": False,
                "node": "",
                "epoch": 1,
                "created_at": began,
                "updated_at": began,
                "version": 1,
                "retired_at": None,
                "premises_id": found,
                "activity": activity,
                "activity_at": spells[-1]["from_at"] if spells else began,
                "approved_by": None,
                "approved_at": began if in_service else None,
            }
        )
        self._rows[camera_zones] += [{"camera_id": camera, "zone": zone} for zone in plan.zones[1:]]
        self._rows[camera_spells] += spells

    def _spells(self, camera: str, plan: ChannelPlan, activity: str, began: int) -> Iterator[dict[str, object]]:
        """Yield a month of being there and being away that ends with how the channel is now."""
        at, until = began, self._now
        outages = min(int(self._chance.expovariate(1 / plan.outages_per_month)) if plan.outages_per_month else 0, 12)
        for start in sorted(self._chance.randrange(began + 1, until - _DAY_US) for _ in range(outages)):
            if start <= at:
                continue
            end = min(start + self._chance.randrange(10 * 60, 8 * 3600) * US_PER_S, until - _DAY_US)
            if end <= start:
                continue
            yield self._spell(camera, at, start, "ACTIVE")
            yield self._spell(camera, start, end, "OFFLINE")
            at = end
        if activity == "ACTIVE":
            yield self._spell(camera, at, None, "ACTIVE")
            return
        change = until - self._chance.randrange(1, 12 * 3600) * US_PER_S
        yield self._spell(camera, at, change, "ACTIVE")
        yield self._spell(camera, change, None, activity)

    def _spell(self, camera: str, from_at: int, to_at: int | None, activity: str) -> dict[str, object]:
        reason = "no_packets" if activity == "OFFLINE" else "approved"
        return {"camera_id": camera, "from_at": from_at, "to_at": to_at, "activity": activity, "reason": reason}


def _external_no(number: int) -> str:
    return f"DEMO-{number:05d}"


def build_credit_code(region: str, number: int) -> str:
    """Return a code that passes every check and says DEM in its middle. number: 0..99999."""
    first = f"92{region[:6]}DEM{number:05d}X"[:17]
    return first + credit_check_character(first)


def build_licence_no(region: str, number: int) -> str:
    """Return JY, kind 2 (catering), the region, a number and its check digit."""
    digits = f"2{region[:6]}9{number % 100_000:05d}"
    return f"JY{digits}{mod_11_10_digit(digits)}"
