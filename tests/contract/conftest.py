"""A whole control process without sockets: real database, real rules, a clock that a test moves."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.postgres_server import PostgresServer
from tests.signing import LocalSigner

from brightkitchen.bootstrap.evidence import Evidence, EvidenceGround, HttpNodes, MarkingProcess
from brightkitchen.bootstrap.exports import AuditedExports
from brightkitchen.bootstrap.journal import AuditJournal
from brightkitchen.bootstrap.operations import Operations
from brightkitchen.bootstrap.services import Ground, Recorders, build_services
from brightkitchen.bootstrap.stamping import StampingProcess
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.keyring import KeyRing
from brightkitchen.domain.authz.model import LOCAL, Actor, Grant, Role
from brightkitchen.domain.authz.regions import Region, RegionLevel
from brightkitchen.domain.authz.store import save_regions
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.premises.ports import Act
from brightkitchen.domain.users.model import AuthRules, SignOnRules
from brightkitchen.domain.users.passwords import PasswordPool
from brightkitchen.domain.users.totp import code_at
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.database import Database, open_database, sqlite_url
from brightkitchen.kernel.databaseurl import PostgresAddress
from brightkitchen.kernel.datakeys import load_sealers
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import NodeId
from brightkitchen.kernel.netguard import GuardPolicy, NetGuard
from brightkitchen.kernel.outgoing import OutgoingHttp
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.web.app import make_app
from brightkitchen.web.metrics import ControlMetrics
from brightkitchen.web.nodechannel import NodeRegistry
from brightkitchen.web.options import Services, WebOptions

ORIGIN = "http://127.0.0.1:8080"
NODE = NodeId("node-0")
OTHER_NODE = NodeId("node-1")
USERNAME = "admin"
PASSWORD = "steamed-buns-at-dawn"
DatabaseAddress = str | PostgresAddress
UNSAFE = {"X-BK": "1", "Origin": ORIGIN}


REGIONS = (
    Region("210300", "鞍山市", "210000", RegionLevel.CITY),
    Region("210302", "铁东区", "210300", RegionLevel.COUNTY),
    Region("210302006", "站前街道", "210302", RegionLevel.TOWNSHIP),
    Region("210302008", "和平街道", "210302", RegionLevel.TOWNSHIP),
    Region("210381", "海城市", "210300", RegionLevel.COUNTY),
    Region("210381006", "响堂街道", "210381", RegionLevel.TOWNSHIP),
)


class KeptExports:
    """Remembers what was exported, why and how many rows, beside the audit."""

    def __init__(self, audited: AuditedExports) -> None:
        self._audited = audited
        self.noted: list[tuple[str, str, int]] = []

    async def note_export(self, actor: Actor, *, what: str, purpose: str, rows: int, region: str) -> None:
        await self._audited.note_export(actor, what=what, purpose=purpose, rows=rows, region=region)
        self.noted.append((what, purpose, rows))


class KeptJournal:
    """Keeps what the register writes down beside the audit, and can refuse to."""

    def __init__(self, journal: AuditJournal) -> None:
        self._journal = journal
        self.acts: list[Act] = []
        self.is_full = False

    async def record(self, connection: AsyncConnection, act: Act) -> None:
        await self.record_all(connection, [act])

    async def record_all(self, connection: AsyncConnection, acts: Sequence[Act]) -> None:
        if self.is_full:
            raise BrightKitchenError(Kind.UNAVAILABLE, "database.unreachable")
        await self._journal.record_all(connection, acts)
        self.acts += acts


class KeptRecorders(Recorders):
    """Puts the two above between the services and the audit."""

    kept_journal: KeptJournal
    kept_exports: KeptExports

    def journal(self, audit: AuditTrail) -> KeptJournal:
        self.kept_journal = KeptJournal(AuditJournal(audit))
        return self.kept_journal

    def exports(self, audit: AuditTrail) -> KeptExports:
        self.kept_exports = KeptExports(AuditedExports(audit))
        return self.kept_exports


@dataclass(slots=True)
class Control:
    """Everything of one control process that a test may want to hold."""

    services: Services
    options: WebOptions
    keys: KeyRing
    database: Database
    clock: ManualClock
    operations: Operations
    app: Any  # Any: an ASGI application
    journal: "KeptJournal"
    supervisor: Supervisor
    exports: "KeptExports"
    evidence: Evidence
    signer: LocalSigner

    def client(self, *, address: str = "192.0.2.7") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(address, 40000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Both databases run every test that stands on one."""
    kind: str = request.param
    request.getfixturevalue("postgres" if kind == "postgres" else "migrated_file")  # there, or the reason why it is not
    return kind


NewDatabase = Callable[..., Awaitable[DatabaseAddress]]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema and no rows, to be copied: migrating each time took a third of the suite."""
    file = tmp_path_factory.mktemp("migrated") / "control.db"

    async def migrate() -> None:
        await (await open_database(sqlite_url(file))).close()

    asyncio.run(migrate())
    assert not file.with_name(file.name + "-wal").exists()  # all of it is in the file itself
    return file


@pytest.fixture
async def new_database(
    database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[NewDatabase]:
    """What creates another database of this kind: without any table, or cheaply with those of the newest schema."""
    names: list[str] = []

    async def make(*, migrated: bool = False) -> DatabaseAddress:
        if database_kind == "sqlite":
            names.append(f"control-{len(names)}.db")
            if migrated:
                shutil.copyfile(request.getfixturevalue("migrated_file"), tmp_path / names[-1])
            return sqlite_url(tmp_path / names[-1])
        names.append(await (server.create_migrated() if migrated else server.create_database()))
        return server.address(names[-1])

    if database_kind == "sqlite":
        yield make
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    yield make
    for name in names:
        await server.drop_database(name)


@pytest.fixture
async def empty_database(new_database: NewDatabase) -> DatabaseAddress:
    """Where a database without any table is."""
    return await new_database()


@pytest.fixture
async def migrated_database(new_database: NewDatabase) -> DatabaseAddress:
    """Where a database without rows is; opening it brings the newest schema, if it is not there already."""
    return await new_database(migrated=True)


@pytest.fixture
def read_raw(
    migrated_database: DatabaseAddress, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], Awaitable[bytes]]:
    """What returns every byte on disk of a test: the database and its log, keys, whatever else it wrote."""

    def read_files() -> bytes:
        return b"".join(path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file())

    async def read() -> bytes:
        raw = read_files()
        if isinstance(migrated_database, PostgresAddress):
            server: PostgresServer = request.getfixturevalue("postgres")
            raw += await server.read_raw(migrated_database.database)
        return raw

    return read


@pytest.fixture
async def control(tmp_path: Path, migrated_database: DatabaseAddress) -> AsyncIterator[Control]:
    """As the demo: a password is enough. Tests of the second factor take `strict_control`."""
    async with build_control(tmp_path, migrated_database, AuthRules(second_factor=False)) as one:
        yield one


@pytest.fixture
async def strict_control(tmp_path: Path, migrated_database: DatabaseAddress) -> AsyncIterator[Control]:
    """As installed: officers and administrators need a second factor."""
    async with build_control(tmp_path, migrated_database, AuthRules()) as one:
        yield one


@asynccontextmanager
async def build_control(
    tmp_path: Path,
    address: DatabaseAddress,
    rules: AuthRules,
    password: str = PASSWORD,
    *,
    sign_on: SignOnRules | None = None,
    sign_on_http: OutgoingHttp | None = None,
) -> AsyncIterator[Control]:
    """Build a control process with one person, a city's administrator; end it afterwards."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True, exist_ok=True)
    (static / "index.html").write_text('<meta name="bk-csp-nonce" content="__BK_NONCE__">', encoding="utf-8")
    (static / "assets" / "index-1a2b.js").write_text("export {};", encoding="utf-8")
    clock, entropy = ManualClock(), SystemEntropy()
    metrics = ControlMetrics(clock)
    database = await open_database(address)
    sealers = await load_sealers(database, kek_source=f"file:{tmp_path / 'kek'}", entropy=entropy, clock=clock)
    passwords = PasswordPool(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)))
    supervisor, recorders = Supervisor(clock, entropy), KeptRecorders()
    nodes = NodeRegistry((NODE, OTHER_NODE), clock=clock, metrics=metrics)
    signer = LocalSigner(tmp_path / "signer", clock)
    ground = Ground(
        database=database,
        sealers=sealers,
        nodes=nodes,
        guard=NetGuard(GuardPolicy()),
        passwords=passwords,
        rules=rules,
        supervisor=supervisor,
        metrics=metrics,
        evidence=EvidenceGround(
            folder=EvidenceFolder(tmp_path / "evidence"),
            signer=signer,
            nodes=HttpNodes(nodes, {}, "127.0.0.1"),
            marker=MarkingProcess(""),
            stamper=StampingProcess(signer),
        ),
        time_zone="Asia/Shanghai",
        clock=clock,
        entropy=entropy,
        sign_on=sign_on or SignOnRules(),
        sign_on_http=sign_on_http,
    )
    built = await build_services(ground, recorders)
    services, users = built.services, built.services.users
    async with database.write() as connection:
        await save_regions(connection, REGIONS)
    options = WebOptions(
        origins=(ORIGIN, "http://localhost:8080"),
        media_ports={NODE: 8081, OTHER_NODE: 8082},
        version="0.1.0",
        city="鞍山市",
        time_zone="Asia/Shanghai",
        static_dir=static,
        outlines_file=tmp_path / "outlines.geojson",
    )
    if not await users.has_anybody():
        city = (Grant(Role.CITY_ADMIN),)
        await users.create_user(LOCAL, USERNAME, grants=city, display_name="管理员", password=password)
    yield Control(
        services,
        options,
        built.keys,
        database,
        clock,
        built.operations,
        make_app(services, options),
        recorders.kept_journal,
        supervisor,
        recorders.kept_exports,
        built.evidence,
        signer,
    )
    await supervisor.close()
    passwords.close()
    await database.close()


LogIn = Callable[[httpx.AsyncClient], Awaitable[None]]


async def log_in(
    client: httpx.AsyncClient,
    username: str = USERNAME,
    password: str = PASSWORD,
    *,
    totp: tuple[str, ManualClock] | None = None,
) -> None:
    """Log in. totp: the secret of an enrolled person and the clock that their phone goes by (see `enrol_totp`)."""
    client.headers.update(UNSAFE)
    answer = await client.post("/api/v1/session", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    keep_cookies(client, answer)
    if totp is not None:
        key, clock = totp
        step = {"ticket": answer.json()["ticket"], "totp": code_at(key, clock.utc())}
        answer = await client.post("/api/v1/session/factor", json=step)
        assert answer.status_code == 200, answer.text
        keep_cookies(client, answer)


def keep_cookies(client: httpx.AsyncClient, answer: httpx.Response) -> None:
    """Do as a browser does: httpx keeps `Secure` cookies for https only, browsers keep them on loopback (tested in e2e)."""
    jar = dict(pair.split("=", 1) for pair in client.headers.get("cookie", "").split("; ") if "=" in pair)
    for line in answer.headers.get_list("set-cookie"):
        name, _, value = line.partition(";")[0].partition("=")
        gone = "max-age=0" in line.lower()
        jar = {key: each for key, each in jar.items() if key != name} | ({} if gone else {name: value})
    client.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())


async def enrol_totp(client: httpx.AsyncClient, clock: ManualClock) -> tuple[str, list[str]]:
    """Set up one-time codes for whoever is logged in there. returns: the secret and the recovery codes.

    The code of the present step is used up: the next log-in needs `clock.jump(30)`.
    """
    setup = await client.post("/api/v1/account/totp")
    assert setup.status_code == 200, setup.text
    key: str = setup.json()["key"]
    confirmed = await client.post("/api/v1/account/totp/confirm", json={"code": code_at(key, clock.utc())})
    assert confirmed.status_code == 200, confirmed.text
    keep_cookies(client, confirmed)
    codes: list[str] = confirmed.json()["recovery_codes"]
    return key, codes


@pytest.fixture
async def anonymous(control: Control) -> AsyncIterator[httpx.AsyncClient]:
    async with control.client() as client:
        yield client


@pytest.fixture
async def admin(control: Control) -> AsyncIterator[httpx.AsyncClient]:
    async with control.client() as client:
        await log_in(client)
        yield client


async def add_camera(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:  # Any: JSON
    body = {
        "name": "烹饪间1号",
        "premises_name": "站前小学食堂",
        "zone": "COOK",
        "url": "rtsp://10.1.2.3/main",
    } | fields
    answer = await client.post("/api/v1/cameras", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def add_premises(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:  # Any: JSON
    body = {
        "name": "站前小学食堂",
        "category": "PRIMARY_SCHOOL",
        "region": "210302006",
        "address": "站前街1号",
    } | fields
    answer = await client.post("/api/v1/premises", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found
