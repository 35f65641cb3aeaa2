"""What a city's size costs: 6,000 premises, 18,000 cameras, spells of 30 days, 200 people, on both databases.

``make bench-city``. Prints p50, p95 and the slowest of each request of a county's and of the city's officer, through the whole application
without sockets, and beside them what the same rows cost as a bare SELECT: the database and its driver alone. Also imports
such a city as a file. Nothing here is asserted; docs/benchmarks.md keeps what was measured.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import httpx
import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.contract.conftest import (
    NODE,
    ORIGIN,
    OTHER_NODE,
    PASSWORD,
    DatabaseAddress,
    log_in,
)
from tests.contract.generated_city import City, add_words, make_city
from tests.contract.test_import import CAMERA_HEADER, PREMISES_HEADER, a_camera, a_premises
from tests.postgres_server import find_programs, running_server
from tests.signing import LocalSigner

from brightkitchen.bootstrap.evidence import EvidenceGround, HttpNodes, MarkingProcess
from brightkitchen.bootstrap.services import Ground, build_services
from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.authz.regions import Region, RegionLevel
from brightkitchen.domain.authz.store import save_regions
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.premises.store import premises as premises_table
from brightkitchen.domain.users.model import AuthRules
from brightkitchen.domain.users.passwords import PasswordPool
from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.database import Database, open_database, sqlite_url
from brightkitchen.kernel.datakeys import load_sealers
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.log import configure_logging
from brightkitchen.kernel.netguard import GuardPolicy, NetGuard
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import US_PER_S
from brightkitchen.web.app import make_app
from brightkitchen.web.metrics import ControlMetrics
from brightkitchen.web.nodechannel import NodeRegistry
from brightkitchen.web.options import BUILT_UI, Services, WebOptions
from brightkitchen.web.spreadsheets import XLSX, Sheet, build_xlsx

ZONE = ZoneInfo("Asia/Shanghai")
COUNTIES = ("210302", "210303", "210304", "210311", "210321", "210323", "210381")
NAMES = ("铁东区", "铁西区", "立山区", "千山区", "台安县", "岫岩满族自治县", "海城市")
TOWNSHIPS_EACH = 14
# about three cameras each, as such a city has: many small restaurants, few schools with nine
CATEGORIES = ("RESTAURANT_S",) * 9 + ("PHARMACY",) * 4 + ("SUPERMARKET",) * 2 + ("COLD_STORE", "PRIMARY_SCHOOL")
PEOPLE = 200


@dataclass(slots=True)
class Town:
    """A control without sockets on one database."""

    database: Database
    services: Services
    clock: ManualClock
    supervisor: Supervisor
    options: WebOptions
    app: Callable[..., Awaitable[None]]

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=("192.0.2.7", 40000))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


@asynccontextmanager
async def open_town(folder: Path, address: DatabaseAddress) -> AsyncIterator[Town]:
    """Build everything, with the cheapest passwords."""
    clock, entropy = ManualClock(), SystemEntropy()
    metrics = ControlMetrics(clock)
    database = await open_database(address)
    sealers = await load_sealers(database, kek_source=f"file:{folder / 'kek'}", entropy=entropy, clock=clock)
    passwords = PasswordPool(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)))
    supervisor = Supervisor(clock, entropy)
    nodes = NodeRegistry((NODE, OTHER_NODE), clock=clock, metrics=metrics)
    ground = Ground(
        database=database,
        sealers=sealers,
        nodes=nodes,
        guard=NetGuard(GuardPolicy()),
        passwords=passwords,
        rules=AuthRules(second_factor=False),
        supervisor=supervisor,
        metrics=metrics,
        evidence=EvidenceGround(
            folder=EvidenceFolder(folder / "evidence"),
            signer=LocalSigner(folder / "signer", clock),
            nodes=HttpNodes(nodes, {}, "127.0.0.1"),
            marker=MarkingProcess(""),
            stamper=None,
        ),
        time_zone=ZONE.key,
        clock=clock,
        entropy=entropy,
    )
    services = (await build_services(ground)).services
    options = WebOptions(
        origins=(ORIGIN,),
        media_ports={NODE: 8081, OTHER_NODE: 8082},
        version="0.1.0",
        city="鞍山市",
        time_zone="Asia/Shanghai",
        static_dir=BUILT_UI,
    )
    yield Town(database, services, clock, supervisor, options, make_app(services, options))
    await supervisor.close()
    passwords.close()
    await database.close()


async def fill(town: Town, *, size: int, seed: int) -> City:
    """Put a city into the town, and 200 people of all sorts."""
    today = datetime.fromtimestamp(town.clock.utc() // US_PER_S, ZONE).date()
    townships = [f"{county}{number:03}" for county in COUNTIES for number in range(1, TOWNSHIPS_EACH + 1)]
    city = make_city(
        Random(seed),
        size=size,
        now_us=town.clock.utc(),
        today=today,
        regions=townships,
        categories_wanted=CATEGORIES,
        healthy=0.85,
        days=30,
    )
    places = [Region(code, name, "210300", RegionLevel.COUNTY) for code, name in zip(COUNTIES, NAMES, strict=True)]
    places += [Region(code, f"第{code[6:]}街道", code[:6], RegionLevel.TOWNSHIP) for code in townships]
    async with town.database.write() as connection:
        await add_words(connection)
        await save_regions(connection, places)
        await city.save(connection)
    for number in range(PEOPLE):
        grant = Grant(Role.COUNTY_OFFICER, Scope(COUNTIES[number % len(COUNTIES)]))
        if number == 0:
            grant = Grant(Role.CITY_OFFICER, Scope("210300"))
        elif number == 2:
            grant = Grant(Role.CITY_ADMIN, Scope("210300"))
        await town.services.users.create_user(
            LOCAL, f"person{number}", grants=(grant,), display_name=f"{number}号", password=PASSWORD
        )
    for camera in city.cameras[::50]:  # what the nodes call dark just now
        dark = StreamReport(camera=camera["id"], profile="main", state=CameraState.OFFLINE, since_at=town.clock.utc())
        town.services.board.note(dark)
    async with town.database.write() as connection:
        await connection.execute(sa.text("ANALYZE"))
    return city


async def measure_reads(town: Town, city: City, rounds: int) -> None:
    """Print what each request costs each officer."""
    middle = city.premises[len(city.premises) // 2]
    requests = {
        "list, first page of 50": "/api/v1/premises?limit=50",
        "list, first page of 200": "/api/v1/premises?limit=200",
        "search by name (小学)": "/api/v1/premises?limit=50&text=小学",
        "search by initials (zqxx)": "/api/v1/premises?limit=50&text=zqxx",
        "filter category and state": "/api/v1/premises?limit=50&category=RESTAURANT_S&state=IN_SERVICE",
        "filter region, due, complete": f"/api/v1/premises?limit=50&region={COUNTIES[0]}&is_due=true&is_complete=false",
        "one premises": f"/api/v1/premises/{middle['id']}",
        "cameras, page of 50": "/api/v1/cameras?limit=50",
        "cameras, abnormal": "/api/v1/cameras?limit=50&abnormal=true",
        "tree, counties": "/api/v1/camera-tree",
        "tree, categories": "/api/v1/camera-tree?by=category",
        "tree, premises of a county": f"/api/v1/camera-tree?region={COUNTIES[0]}",
        "tree, premises of a category": "/api/v1/camera-tree?by=category&category=RESTAURANT_S",
        "tree, search (小学)": "/api/v1/camera-tree?by=premises&q=小学",
        "tree, counties, abnormal": "/api/v1/camera-tree?state=abnormal",
        "rotation's cameras": f"/api/v1/cameras?region={COUNTIES[0]}&category=PRIMARY_SCHOOL&online=true&limit=200",
        "rotation's cameras, must-zones": "/api/v1/cameras?category=PRIMARY_SCHOOL&must_zones=true&grade=B&limit=200",
        "overview": "/api/v1/overview",
        "overview, kept": "/api/v1/overview",
        "numbers, county × category": "/api/v1/numbers",
        "numbers, county × category, kept": "/api/v1/numbers",
        "numbers, rows of completed": "/api/v1/numbers/rows?number=completed",
        "session": "/api/v1/session",
    }
    print(f"{'request':36}{'officer':>9}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'÷ peer':>8}")
    for who, officer in (("person7", "county"), ("person0", "city")):
        async with town.client() as client:
            await log_in(client, username=who)
            for name, path in requests.items():
                is_kept = name.endswith("kept") or not name.startswith(("numbers", "overview"))
                taken = await _timed(rounds, partial(_get, client, path), town, is_kept=is_kept)
                peer = await _timed(rounds, partial(_peer, town, path), town, is_kept=True)
                ratio = taken[len(taken) // 2] / peer[len(peer) // 2]
                p95 = taken[max(0, int(len(taken) * 0.95) - 1)]
                print(f"{name:36}{officer:>9}{taken[len(taken) // 2]:9.1f}{p95:9.1f}{taken[-1]:9.1f}{ratio:8.1f}")


async def _timed(rounds: int, act: Callable[[], Awaitable[None]], town: Town, *, is_kept: bool) -> list[float]:
    taken = []
    await act()
    for _ in range(rounds):
        if not is_kept:
            town.clock.jump(11.0)  # what was kept is too old
        begin = time.perf_counter()
        await act()
        taken.append((time.perf_counter() - begin) * 1000)
    return sorted(taken)


async def _get(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code in (200, 404), (path, answer.text)


async def _peer(town: Town, path: str) -> None:
    """Fetch as many rows of the same table as the request shows, without any condition."""
    table = cameras if "/cameras" in path else premises_table
    limit = 200 if "limit=200" in path else 1 if path.count("/") > 3 or "session" in path else 50
    async with town.database.read() as connection:
        (await connection.execute(sa.select(table).limit(limit))).all()


async def measure_import(town: Town, *, size: int, cameras_each: int = 3) -> None:
    """Print how long a file of this size takes from upload to done."""
    rows = [a_premises(number) for number in range(100_001, 100_001 + size)]
    rows = [(f"I{index}", *row[1:]) for index, row in enumerate(rows)]
    channels = [
        (
            f"I{index}",
            *a_camera(0, n)[1:4],
            f"rtsp://10.{128 + (index >> 8)}.{index & 255}.{n + 1}/main",
            "admin",
            "x-123",
        )
        for index in range(size)
        for n in range(cameras_each)
    ]
    book = build_xlsx([Sheet("单位", PREMISES_HEADER, rows), Sheet("摄像头", CAMERA_HEADER, channels)])
    async with town.client() as client:
        await log_in(client, username="person2")
        for turn in ("new", "again"):
            begin = time.perf_counter()
            answer = await client.post(
                "/api/v1/imports", params={"name": "city.xlsx"}, content=book, headers={"content-type": XLSX}
            )
            uploaded = time.perf_counter()
            job = answer.json()["id"]
            await town.supervisor.finish()
            judged = time.perf_counter()
            counts = (await client.get(f"/api/v1/imports/{job}")).json()["counts"]
            await client.post(f"/api/v1/imports/{job}/run")
            await town.supervisor.finish()
            done = time.perf_counter()
            print(
                f"import {turn}: {size} premises, {len(channels)} cameras, {len(book) / 1e6:.1f} MB: read {uploaded - begin:.1f} s, "
                f"preview {judged - uploaded:.1f} s, write {done - judged:.1f} s, in all {done - begin:.1f} s; {counts}"
            )


async def run(kind: str, address: DatabaseAddress, folder: Path, arguments: argparse.Namespace) -> None:
    print(f"== {kind}")
    async with open_town(folder, address) as town:
        begin = time.perf_counter()
        city = await fill(town, size=arguments.size, seed=arguments.seed)
        print(
            f"filled in {time.perf_counter() - begin:.1f} s: {len(city.premises)} premises, {len(city.cameras)} cameras, "
            f"{len(city.spells)} spells, {PEOPLE} people"
        )
        begin = time.perf_counter()
        await town.services.numbers.record()
        print(f"recorded today and measured the days before in {time.perf_counter() - begin:.1f} s")
        await measure_reads(town, city, arguments.rounds)
        if not arguments.no_import:
            await measure_import(town, size=arguments.size)


async def run_all(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="bk-city-") as name:
        folder = Path(name)
        if "sqlite" in arguments.databases:
            (folder / "s").mkdir()
            await run("sqlite", sqlite_url(folder / "s" / "city.db"), folder / "s", arguments)
        programs = find_programs()
        if "postgres" in arguments.databases and programs is not None:
            with running_server(programs) as server:
                (folder / "p").mkdir()
                await run("postgres", server.address(await server.create_database()), folder / "p", arguments)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--no-import", action="store_true")
    arguments = parser.parse_args()
    configure_logging(process="bench", level="warning")
    asyncio.run(run_all(arguments))


if __name__ == "__main__":
    main()
