"""People of a test: who they are, what they hold, and a signed-in client for each."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from tests.contract.conftest import PASSWORD, Control, log_in
from tests.contract.register import insert_premises

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.ids import PremisesId

CITY_FILE = Path(__file__).resolve().parents[2] / "src" / "brightkitchen" / "bootstrap" / "democity" / "anshan.json"
EAST, WEST, HAICHENG = "210302", "210303", "210381"
STREET = "210302006"


def officer_of(region: str) -> Grant:
    """Return a county officer's role."""
    return Grant(Role.COUNTY_OFFICER, Scope(region))


async def log_in_as(control: Control, client: httpx.AsyncClient, username: str, *grants: Grant) -> None:
    """Create a person who holds these grants, and log the client in."""
    await control.services.users.create_user(LOCAL, username, grants=grants, password=PASSWORD)
    await log_in(client, username)


async def join(control: Control, username: str, *grants: Grant) -> httpx.AsyncClient:
    """Create a person who holds these grants and return a client with the session, not opened yet; the caller closes it."""
    async with control.client() as door:
        await log_in_as(control, door, username, *grants)
    client = control.client()
    client.headers.update(door.headers)
    return client


@asynccontextmanager
async def acting_as(control: Control, username: str, *grants: Grant) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a new person with these roles."""
    async with await join(control, username, *grants) as client:
        yield client


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
        await log_in(client, username, password)
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

    async def add_premises(self, number: int, region: str) -> str:
        """Return the id of a premises there."""
        name = f"单位{number}食堂"
        return await insert_premises(self.control, id=f"prm_{number:016d}", region=region, name=name)


async def names(client: httpx.AsyncClient, **query: str) -> list[str]:
    """Return the account names that a client's list shows."""
    answer = await client.get("/api/v1/people", params=query)
    assert answer.status_code == 200, answer.text
    return [each["username"] for each in answer.json()["items"]]


async def count_kept(control: Control, user: str) -> dict[str, int]:
    """Return how many rows there are of what a person logs in with beside the password."""
    async with control.database.read() as connection:
        return {
            table: (
                await connection.execute(sa.text(f"SELECT count(*) FROM {table} WHERE user_id = :user"), {"user": user})
            ).scalar_one()
            for table in ("factors", "recovery_codes", "known_devices")
        }
