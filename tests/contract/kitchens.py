"""Premises and people for tests that need more than one administrator; written straight into the tables."""

import httpx
from tests.contract.conftest import PASSWORD, UNSAFE, Control

from brightkitchen.domain.authz.model import LOCAL, Grant
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.premises.store import categories, premises

KITCHEN = "prm_0000000000000001"
OTHER_KITCHEN = "prm_0000000000000002"
COUNTY = "210302"
TOWNSHIP = "210302006"
OTHER_COUNTY = "210381"


async def add_premises(control: Control, premises_id: str = KITCHEN, *, region: str = TOWNSHIP) -> None:
    """Put a premises into the database."""
    async with control.database.write() as connection:
        if (await connection.execute(categories.select().where(categories.c.code == "TEST"))).one_or_none() is None:
            await connection.execute(
                categories.insert().values(
                    code="TEST",
                    name_zh="测试",
                    name_en="test",
                    zone_profile="SCHOOL",
                    is_school=True,
                    retention_days=7,
                    sort=0,
                )
            )
        await connection.execute(
            premises.insert().values(
                id=premises_id,
                region=region,
                category="TEST",
                name="站前小学食堂",
                initials="zqxxst",
                address="",
                hours="",
                present_zones="",
                state="IN_SERVICE",
                state_at=0,
                is_due=True,
                is_complete=False,
                is_demo=False,
                created_at=0,
                updated_at=0,
                version=1,
            )
        )


async def place_camera(control: Control, camera: str, premises_id: str = KITCHEN) -> None:
    """Give a camera to a premises."""
    async with control.database.write() as connection:
        await connection.execute(cameras.update().where(cameras.c.id == camera).values(premises_id=premises_id))


async def log_in_as(control: Control, client: httpx.AsyncClient, username: str, *grants: Grant) -> None:
    """Create a person who holds these grants, and log the client in."""
    await control.services.users.create_user(LOCAL, username, grants=grants, password=PASSWORD)
    answer = await client.post("/api/v1/session", json={"username": username, "password": PASSWORD}, headers=UNSAFE)
    assert answer.status_code == 200, answer.text
    token = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
    client.headers["cookie"] = f"__Host-bk_session={token}"
    client.headers.update(UNSAFE)
