"""A city full of people for one test: who they are, what they hold, and a signed-in client for each."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from tests.contract.conftest import PASSWORD, UNSAFE, Control

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.premises.store import categories, premises
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.ids import PremisesId

CITY_FILE = Path(__file__).resolve().parents[2] / "src" / "brightkitchen" / "bootstrap" / "democity" / "anshan.json"
EAST, WEST, HAICHENG = "210302", "210303", "210381"
STREET = "210302006"


class Crowd:
    """Makes people and signs them in; `async with` closes the clients."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self._clients = AsyncExitStack()

    async def __aenter__(self) -> "Crowd":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._clients.aclose()

    async def load_city(self) -> None:
        await self.control.services.people.organisations.load_city(LOCAL, CITY_FILE.read_bytes())

    async def add(
        self, username: str, role: Role, region: str = "", *, premises: str | None = None, organisation: str = ""
    ) -> str:
        """Return the id of a new person with one role."""
        scope = Scope(region, premises=PremisesId(premises) if premises else None)
        made = await self.control.services.users.create_user(
            LOCAL, username, grants=(Grant(role, scope),), display_name=f"{username} 先生", password=PASSWORD
        )
        if organisation:
            async with self.control.database.write() as connection:
                await connection.execute(
                    users.update().where(users.c.id == made.user.id).values(organisation_id=organisation)
                )
        return made.user.id

    async def sign_in(
        self, username: str, password: str = PASSWORD, *, address: str = "192.0.2.7"
    ) -> httpx.AsyncClient:
        """Return a client with that person's session."""
        client = await self._clients.enter_async_context(self.control.client(address=address))
        answer = await client.post("/api/v1/session", json={"username": username, "password": password}, headers=UNSAFE)
        assert answer.status_code == 200, answer.text
        token = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        client.headers["cookie"] = f"__Host-bk_session={token}"
        client.headers.update(UNSAFE)
        return client

    async def join(self, username: str, role: Role, region: str = "", **more: Any) -> httpx.AsyncClient:
        """Make a person and sign in. Any: as `add`."""
        await self.add(username, role, region, **more)
        return await self.sign_in(username)

    async def add_organisation(self, number: int, kind: str = "CITY_BUREAU", region: str = "210300") -> str:
        name = f"org_{number:016d}"
        async with self.control.database.write() as connection:
            await connection.execute(
                sa.text(
                    "INSERT INTO organisations (id, kind, name, region, created_at, updated_at, version) "
                    "VALUES (:id, :kind, :name, :region, 0, 0, 1)"
                ),
                {"id": name, "kind": kind, "name": f"单位{number}", "region": region},
            )
        return name

    async def add_premises(self, number: int, region: str, category: str = "SCHOOL", *, is_school: bool = True) -> str:
        """Return the id of a premises there."""
        name = f"prm_{number:016d}"
        async with self.control.database.write() as connection:
            known = (
                await connection.execute(sa.select(categories.c.code).where(categories.c.code == category))
            ).first()
            if known is None:
                await connection.execute(
                    categories.insert().values(
                        code=category,
                        name_zh=category,
                        name_en=category,
                        zone_profile="SCHOOL",
                        is_school=is_school,
                        retention_days=30,
                        sort=1,
                    )
                )
            await connection.execute(
                premises.insert().values(
                    id=name,
                    region=region,
                    category=category,
                    name=f"单位{number}食堂",
                    initials="dwst",
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
        return name


async def names(client: httpx.AsyncClient, **query: str) -> list[str]:
    """Return the account names that a client's list shows."""
    answer = await client.get("/api/v1/people", params=query)
    assert answer.status_code == 200, answer.text
    return [each["username"] for each in answer.json()["items"]]
