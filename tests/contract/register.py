"""Premises for tests, written straight into the tables: in any state, without what the register would ask for."""

from dataclasses import dataclass
from typing import Any

import httpx
from tests.contract.conftest import Control, add_camera

from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.premises.initials import build_initials
from brightkitchen.domain.premises.store import premises
from brightkitchen.kernel.ids import PremisesId, new_id

KITCHEN = PremisesId("prm_0000000000000001")
OTHER_KITCHEN = PremisesId("prm_0000000000000002")
COUNTY, OTHER_COUNTY = "210302", "210381"
TOWNSHIP = "210302006"
FOREIGN_WORDS = ("海城外人勿看", "hcwrwk", "10.9.9.9")
"""What must appear in no answer to somebody of the other county: a name, its initials, an address."""


@dataclass(frozen=True, slots=True)
class County:
    """One county's things."""

    region: str
    premises: PremisesId
    camera: str


async def insert_premises(control: Control, **fields: object) -> PremisesId:
    """Put a premises into the database: a school's canteen that is in service, unless `fields` (columns) say otherwise."""
    now = control.clock.utc()
    name = str(fields.get("name", "站前小学食堂"))
    row: dict[str, Any] = {  # Any: what the columns take
        "id": new_id("prm", control.services.entropy),
        "region": TOWNSHIP,
        "category": "PRIMARY_SCHOOL",
        "name": name,
        "initials": build_initials(name),
        "address": "",
        "hours": "",
        "present_zones": "",
        "state": "IN_SERVICE",
        "state_at": now,
        "is_due": True,
        "is_complete": False,
        "is_demo": False,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    } | fields
    async with control.database.write() as connection:
        await connection.execute(premises.insert().values(**row))
    return PremisesId(row["id"])


async def place_camera(control: Control, camera: str, premises_id: str = KITCHEN) -> None:
    """Give a camera to a premises."""
    async with control.database.write() as connection:
        await connection.execute(cameras.update().where(cameras.c.id == camera).values(premises_id=premises_id))


async def add_county(control: Control, admin: httpx.AsyncClient, region: str, *, name: str, host: str) -> County:
    """Put a primary school's canteen with one camera into the county."""
    camera = await add_camera(admin, name=f"{name}烹饪间", url=f"rtsp://{host}/main", premises_name=name)
    found = await insert_premises(control, region=f"{region}006", name=name)
    await place_camera(control, camera["id"], found)
    return County(region, found, camera["id"])
