"""Two counties with one premises and one camera each, and people who may see only one of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import sqlalchemy as sa
from tests.contract.conftest import ORIGIN, Control, add_camera

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.premises.store import categories, premises
from brightkitchen.kernel.ids import PremisesId, new_id

OURS, FOREIGN = "210302", "210381"
FOREIGN_WORDS = ("海城外人勿看", "hcwrwk", "10.9.9.9")
"""What must appear in no answer to somebody of the other county: a name, its initials, an address."""
PASSWORD = "cold-noodles-at-noon"


@dataclass(frozen=True, slots=True)
class County:
    """One county's things."""

    region: str
    premises: PremisesId
    camera: str


async def build_county(control: Control, admin: httpx.AsyncClient, region: str, *, name: str, host: str) -> County:
    """Put a primary school's canteen with one camera into the county."""
    camera = await add_camera(admin, name=f"{name}烹饪间", url=f"rtsp://{host}/main", premises_name=name)
    found = PremisesId(new_id("prm", control.services.entropy))
    now = control.clock.utc()
    async with control.database.write() as connection:
        known = sa.select(sa.func.count()).select_from(categories).where(categories.c.code == "PRIMARY_SCHOOL")
        if not (await connection.execute(known)).scalar_one():
            await connection.execute(
                categories.insert().values(
                    code="PRIMARY_SCHOOL",
                    name_zh="小学食堂",
                    name_en="Primary school",
                    zone_profile="SCHOOL",
                    is_school=True,
                    retention_days=30,
                    sort=1,
                )
            )
        await connection.execute(
            premises.insert().values(
                id=found,
                region=f"{region}006",
                category="PRIMARY_SCHOOL",
                name=name,
                initials="hcwrwk",
                address="",
                hours="",
                present_zones="",
                state="IN_SERVICE",
                state_at=now,
                is_due=True,
                is_complete=False,
                is_demo=False,
                created_at=now,
                updated_at=now,
                version=1,
            )
        )
        await connection.execute(cameras.update().where(cameras.c.id == camera["id"]).values(premises_id=found))
    return County(region, found, camera["id"])


async def build_person(control: Control, username: str, *grants: Grant) -> httpx.AsyncClient:
    """Create a person with these roles and return a client that is logged in; the caller closes it."""
    await control.services.users.create_user(LOCAL, username, grants=grants, password=PASSWORD)
    client = control.client()
    answer = await client.post(
        "/api/v1/session", json={"username": username, "password": PASSWORD}, headers={"X-BK": "1", "Origin": ORIGIN}
    )
    assert answer.status_code == 200, answer.text
    token = answer.headers["set-cookie"].partition(";")[0]
    client.headers.update({"cookie": token, "X-BK": "1", "Origin": ORIGIN})
    return client


@asynccontextmanager
async def acting_as(control: Control, username: str, *grants: Grant) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a new person with these roles."""
    client = await build_person(control, username, *grants)
    try:
        yield client
    finally:
        await client.aclose()


def officer_of(region: str) -> Grant:
    """Return a county officer's role."""
    return Grant(Role.COUNTY_OFFICER, Scope(region))
