"""The control process: people, cameras, permissions, the page. Built here once, from its parts."""

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import uvloop

from brightkitchen.bootstrap import audit_rules
from brightkitchen.bootstrap.democity.seed import keep_approving, seed_city, seed_live_premises
from brightkitchen.bootstrap.exports import AuditedExports
from brightkitchen.bootstrap.guard import build_guard
from brightkitchen.bootstrap.inherited import FirstPerson, Inheritance, read_inheritance, watch_launcher
from brightkitchen.bootstrap.journal import AuditJournal
from brightkitchen.cli.admin_socket import make_local_app
from brightkitchen.domain.audit.anchoring import Anchorer
from brightkitchen.domain.audit.anchors import AnchorFolder
from brightkitchen.domain.audit.checking import run_nightly
from brightkitchen.domain.audit.keys import AuditKeys
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.keyring import KeyRing
from brightkitchen.domain.authz.minter import MediaTokenMinter
from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import policy as camera_policy
from brightkitchen.domain.cameras.channels import Channels
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.service import CameraService
from brightkitchen.domain.intake import policy as import_policy
from brightkitchen.domain.intake.reading import Spreadsheets
from brightkitchen.domain.intake.registering import ImportRegister
from brightkitchen.domain.intake.service import ImportService
from brightkitchen.domain.numbers import policy as number_policy
from brightkitchen.domain.numbers.service import NumberService
from brightkitchen.domain.premises import policy as premises_policy
from brightkitchen.domain.premises.service import PremisesService
from brightkitchen.domain.premises.store import load_ids_by_external_no
from brightkitchen.domain.users import policy as user_policy
from brightkitchen.domain.users.model import AuthRules, Profile
from brightkitchen.domain.users.passwords import PasswordPool
from brightkitchen.domain.users.people_audit import PeopleAudit
from brightkitchen.domain.users.people_services import build_people
from brightkitchen.domain.users.service import UserService
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.database import Database, open_database, sqlite_url
from brightkitchen.kernel.databaseurl import read_database_address
from brightkitchen.kernel.datakeys import Purpose, load_sealers
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.ids import NodeId
from brightkitchen.kernel.log import configure_logging
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.web.admin import make_admin_app, serve_admin
from brightkitchen.web.app import make_app
from brightkitchen.web.housekeeping import run_housekeeping
from brightkitchen.web.metrics import ControlMetrics
from brightkitchen.web.nodechannel import NodeChannel, NodeRegistry, serve_on_socket
from brightkitchen.web.options import Services, WebOptions
from brightkitchen.web.server import Listener, WebServer


def run_control(config: Config, inherit_fd: int) -> int:
    """Run the control process until SIGTERM or until the launcher is gone."""
    configure_logging(process="control", level=config.log.level)
    inheritance = read_inheritance(inherit_fd)
    uvloop.run(_serve(config, inheritance, inherit_fd))
    return 0


async def _serve(config: Config, inheritance: Inheritance, inherit_fd: int) -> None:
    clock, entropy = SystemClock(), SystemEntropy()
    metrics = ControlMetrics(clock)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    watch_launcher(inherit_fd, stop.set)
    data = folder_of(config)
    async with AsyncExitStack() as ending:
        database = await open_database(read_database_address(config.database) or sqlite_url(data / "control.sqlite3"))
        ending.push_async_callback(database.close)
        sealers = await load_sealers(database, kek_source=f"file:{data / 'keys' / 'kek'}", entropy=entropy, clock=clock)
        zone = ZoneInfo(config.time_zone)
        audit = AuditTrail(database, clock=clock, entropy=entropy, zone=zone)
        policy = Policy()
        audit_rules.register_actions(policy)
        camera_policy.register_actions(policy)
        premises_policy.register_actions(policy)
        user_policy.register_actions(policy)
        import_policy.register_actions(policy)
        number_policy.register_actions(policy)
        keys = KeyRing(database, sealers[Purpose.SIGNING], entropy, clock)
        await keys.refresh()
        passwords = PasswordPool()
        ending.callback(passwords.close)
        rules = AuthRules(Profile(config.auth.profile), second_factor=config.auth.second_factor == "required")
        users = UserService(
            database, policy, passwords, sealers[Purpose.TOTP], audit=audit, clock=clock, entropy=entropy, rules=rules
        )
        people = build_people(
            database, policy, passwords, users.attempts, PeopleAudit(audit), clock=clock, entropy=entropy
        )
        ports = {NodeId(f"node-{index}"): config.media.first_port + index for index in range(config.media.nodes)}
        nodes = NodeRegistry(tuple(ports), clock=clock, metrics=metrics)
        users.add_listener(nodes)
        people.access.add_listener(nodes)
        board = LiveBoard()
        cameras = CameraService(
            database,
            policy,
            sealers[Purpose.CAMERA],
            guard=build_guard(config),
            nodes=nodes,
            board=board,
            minter=MediaTokenMinter(keys, clock=clock, entropy=entropy),
            audit=audit,
            clock=clock,
            entropy=entropy,
        )
        supervisor = Supervisor(clock, entropy)
        ending.push_async_callback(supervisor.close)
        zone = ZoneInfo(config.time_zone)
        journal = AuditJournal(audit)
        imports = ImportService(
            database,
            policy,
            sealers[Purpose.CAMERA],
            reader=Spreadsheets(),
            guard=build_guard(config),
            nodes=nodes,
            background=supervisor,
            clock=clock,
            entropy=entropy,
            zone=zone,
            register=ImportRegister(journal),
            field_actions=dict(premises_policy.FIELD_ACTIONS),
        )
        await imports.interrupt_all()
        numbers = NumberService(database, policy, exports=AuditedExports(audit), clock=clock, zone=zone)
        premises = PremisesService(
            database,
            policy,
            sealers[Purpose.PERSON],
            channels=Channels(),
            journal=journal,
            clock=clock,
            entropy=entropy,
            zone=zone,
        )
        await premises.prepare()
        if config.demo.enabled:
            await seed_live_premises(database, sealers[Purpose.PERSON], clock=clock, entropy=entropy)
        services = Services(
            users=users,
            people=people,
            cameras=cameras,
            premises=premises,
            audit=audit,
            policy=policy,
            board=board,
            nodes=nodes,
            metrics=metrics,
            clock=clock,
            entropy=entropy,
            imports=imports,
            numbers=numbers,
        )
        options = WebOptions(
            origins=site_origins(config),
            media_ports=ports,
            version=version("brightkitchen"),
            city=config.city,
            time_zone=config.time_zone,
            demo=config.demo.enabled,
            trusted_proxy=config.web.trusted_proxy,
        )
        await cameras.place_lost_cameras()
        made_first = await _ensure_first_people(database, users, inheritance.first_people, is_demo=config.demo.enabled)

        channel = NodeChannel(
            nodes,
            cameras,
            secret=bytes.fromhex(inheritance.secret),
            verify_keys=keys.verify_keys,
            allowed_origins=options.origins,
            clock=clock,
        )
        for runner in (
            await serve_on_socket(channel.make_app(), data / "run" / "control.sock"),
            await serve_on_socket(make_local_app(services), data / "run" / "admin.sock"),
            await serve_admin(make_admin_app(services), host="127.0.0.1", port=config.web.admin_port),
        ):
            ending.push_async_callback(runner.cleanup)
        if config.demo.enabled:
            supervisor.keep("demo-approvals", lambda: keep_approving(database, clock))
            city = seed_city(database, sealers[Purpose.PERSON], clock=clock, entropy=entropy, most=config.demo.premises)
            supervisor.start("demo-city", city)

        folder = AnchorFolder(anchor_dir_of(config))
        anchorer = Anchorer(database, audit, AuditKeys(sealers[Purpose.AUDIT], entropy), folder, clock=clock, zone=zone)
        supervisor.keep("audit anchors", anchorer.run)
        supervisor.keep(
            "audit check",
            lambda: run_nightly(
                database,
                audit,
                anchorer,
                metrics,
                clock=clock,
                zone=zone,
                trusted_root=config.audit.trusted_key,
                accepted_lines=config.audit.accepted_restores,
            ),
        )
        supervisor.keep("housekeeping", lambda: run_housekeeping(keys, users, people.roster, nodes, clock))
        supervisor.keep("numbers", numbers.keep_recording)
        server = WebServer(
            make_app(services, options),
            Listener(config.web.host, config.web.port, insecure_http=_may_be_plain(config)),
        )
        serving = asyncio.create_task(server.run(), name="web")
        await server.wait_listening(clock)
        print(json.dumps({"event": "ready", "first_people": made_first}), flush=True)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
            sys.exit(1)
        serving.cancel()
        await asyncio.wait((serving,), timeout=5)


async def _ensure_first_people(
    database: Database, users: UserService, wanted: tuple[FirstPerson, ...], *, is_demo: bool
) -> bool:
    """Create the first people if there is nobody yet. returns: whether that was done.

    Their passwords were shown on the terminal, so the first log-in has to change them; the demo's stay what it says there.
    """
    if not wanted or await users.has_anybody():
        return False
    async with database.read() as connection:
        premises = await load_ids_by_external_no(connection, {each.premises_no for each in wanted})
    hashed: dict[str, str] = {}
    for each in wanted:
        if each.premises_no and each.premises_no not in premises:
            continue  # its premises is not in this city; a role without a reach would be of no use
        scope = Scope(each.region, frozenset(each.categories), premises.get(each.premises_no))
        created = await users.create_user(
            LOCAL,
            each.username,
            grants=(Grant(Role(each.role), scope),),
            display_name=each.name,
            password=each.password,
            password_hash=hashed.get(each.password),
            is_temporary=not is_demo,
        )
        hashed[each.password] = created.user.password_hash
    return True


def folder_of(config: Config) -> Path:
    """Return the data folder, absolute."""
    return Path(config.data_dir).resolve()


def anchor_dir_of(config: Config) -> Path:
    """Return the folder of the audit's anchors, absolute."""
    return Path(config.audit.anchor_dir).resolve() if config.audit.anchor_dir else folder_of(config) / "anchors"


def site_origins(config: Config) -> tuple[str, ...]:
    """Return every origin the page may be opened by: the public one, else the address, and localhost beside loopback."""
    if config.web.public_url:
        return (config.web.public_url.rstrip("/"),)
    host = f"[{config.web.host}]" if ":" in config.web.host else config.web.host
    origins = [f"http://{host}:{config.web.port}"]
    if config.web.host == "127.0.0.1":
        origins.append(f"http://localhost:{config.web.port}")
    return tuple(origins)


def _may_be_plain(config: Config) -> bool:
    """Behind a TLS proxy, or said loudly."""
    return config.web.insecure_http or config.web.public_url.startswith("https://")
