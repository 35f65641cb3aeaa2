"""The control process: people, cameras, permissions, the page. Built here once, from its parts."""

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import uvloop

from brightkitchen.bootstrap.democity.seed import keep_approving, seed_city, seed_live_premises
from brightkitchen.bootstrap.evidence import EvidenceGround, HttpNodes, MarkingProcess
from brightkitchen.bootstrap.guard import build_guard
from brightkitchen.bootstrap.inforce import build_in_force
from brightkitchen.bootstrap.inherited import FirstPerson, Inheritance, read_inheritance, watch_launcher
from brightkitchen.bootstrap.operations import build_fault_rules
from brightkitchen.bootstrap.reach import authority_file_of, describe_shown, site_origins, tls_files_of
from brightkitchen.bootstrap.services import Built, Ground, build_services
from brightkitchen.bootstrap.sign_on import build_sign_on
from brightkitchen.bootstrap.signer import signer_socket_of
from brightkitchen.bootstrap.stamping import build_stamper
from brightkitchen.cli.admin_socket import make_local_app
from brightkitchen.domain.audit.anchoring import Anchorer
from brightkitchen.domain.audit.anchors import AnchorFolder
from brightkitchen.domain.audit.checking import run_nightly
from brightkitchen.domain.audit.keys import AuditKeys
from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.premises.denominators import DenominatorLog
from brightkitchen.domain.premises.initials import initials_aside
from brightkitchen.domain.premises.store import load_ids_by_external_no
from brightkitchen.domain.users.model import AuthRules, Profile
from brightkitchen.domain.users.passwords import PasswordPool
from brightkitchen.domain.users.service import UserService
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.database import Database, open_database, sqlite_url
from brightkitchen.kernel.databaseurl import read_database_address
from brightkitchen.kernel.datakeys import Purpose, load_sealers
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.forwarding import TrustedProxies
from brightkitchen.kernel.ids import NodeId
from brightkitchen.kernel.log import configure_logging
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.signer.client import SignerClient
from brightkitchen.web.admin import make_admin_app, serve_admin
from brightkitchen.web.app import make_app
from brightkitchen.web.housekeeping import run_housekeeping
from brightkitchen.web.metrics import ControlMetrics
from brightkitchen.web.nodechannel import NodeChannel, NodeRegistry, serve_on_socket
from brightkitchen.web.options import WebOptions
from brightkitchen.web.redirect import RedirectPort
from brightkitchen.web.server import Listener, WebServer

OUTLINES_FILE: Final = "outlines.geojson"
"""In the data folder, if the installation has outlines of its areas (docs/ref/outlines.md)."""


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
    tls = tls_files_of(config)
    certificate = describe_shown(config)
    async with AsyncExitStack() as ending:
        database = await open_database(read_database_address(config.database) or sqlite_url(data / "control.sqlite3"))
        ending.push_async_callback(database.close)
        sealers = await load_sealers(database, kek_source=f"file:{data / 'keys' / 'kek'}", entropy=entropy, clock=clock)
        passwords = PasswordPool()
        ending.callback(passwords.close)
        ports = {NodeId(f"node-{index}"): config.media.first_port + index for index in range(config.media.nodes)}
        nodes = NodeRegistry(tuple(ports), clock=clock, metrics=metrics)
        signer = SignerClient(signer_socket_of(config), inheritance.signer_secret)
        ending.callback(signer.close)
        supervisor = Supervisor(clock, entropy)
        ending.push_async_callback(supervisor.close)
        sign_on = build_sign_on(config)
        built = await build_services(
            Ground(
                database=database,
                sealers=sealers,
                nodes=nodes,
                guard=build_guard(config),
                passwords=passwords,
                rules=AuthRules(Profile(config.auth.profile), second_factor=config.auth.second_factor == "required"),
                supervisor=supervisor,
                metrics=metrics,
                evidence=EvidenceGround(
                    folder=EvidenceFolder(data / "evidence"),
                    signer=signer,
                    nodes=HttpNodes(nodes, ports, config.web.host, tls),
                    marker=MarkingProcess(config.evidence.font),
                    stamper=build_stamper(signer, is_wanted=config.evidence.c2pa),
                ),
                time_zone=config.time_zone,
                clock=clock,
                entropy=entropy,
                initials=initials_aside,
                fault_rules=build_fault_rules(config),
                sign_on=sign_on.rules,
                sign_on_http=sign_on.http,
                anchors=AnchorFolder(anchor_dir_of(config)),
                in_force=build_in_force(config),
            )
        )
        services, keys = built.services, built.keys
        await services.imports.interrupt_all()
        if config.demo.enabled:
            denominators = DenominatorLog(clock=clock, entropy=entropy, zone=ZoneInfo(config.time_zone))
            await seed_live_premises(database, sealers[Purpose.PERSON], denominators, clock=clock, entropy=entropy)
        options = WebOptions(
            origins=site_origins(config, certificate),
            media_ports=ports,
            version=version("brightkitchen"),
            city=config.city,
            time_zone=config.time_zone,
            demo=config.demo.enabled,
            media_base=config.media.public_url,
            proxies=TrustedProxies(config.web.trusted_proxies),
            has_hsts=config.tls.hsts and not config.tls.generated,
            authority_file=authority_file_of(config),
            outlines_file=data / OUTLINES_FILE,
        )
        await services.cameras.place_lost_cameras()
        await services.cameras.seal_open_paths()
        await services.quarantine.sweep()
        made_first = await _ensure_first_people(
            database, services.users, inheritance.first_people, is_demo=config.demo.enabled
        )

        channel = NodeChannel(
            nodes,
            services.cameras,
            holds=services.recording.holds,
            recordings=services.recording.watch,
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
            city = seed_city(
                database,
                sealers[Purpose.PERSON],
                denominators,
                clock=clock,
                entropy=entropy,
                most=config.demo.premises,
            )
            supervisor.start("demo-city", city)

        _keep_running(supervisor, config, built, database, AuditKeys(sealers[Purpose.AUDIT], entropy), metrics)
        port = config.web.port if tls is None else config.web.tls_port
        server = WebServer(
            make_app(services, options),
            Listener(config.web.host, port, tls=tls, insecure_http=_may_be_plain(config)),
        )
        if tls is not None:
            from brightkitchen.kernel.certificates import CertificateWatch  # 8 MB that only TLS needs

            supervisor.keep("certificate", lambda: CertificateWatch(tls, clock).run(server.reload))
            redirect = RedirectPort(options)
            await redirect.open(config.web.host, config.web.port)
            ending.push_async_callback(redirect.close)
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


def _keep_running(
    supervisor: Supervisor,
    config: Config,
    built: Built,
    database: Database,
    audit_keys: AuditKeys,
    metrics: ControlMetrics,
) -> None:
    """Start what goes on as long as control does."""
    services, zone = built.services, ZoneInfo(config.time_zone)
    folder, clock = AnchorFolder(anchor_dir_of(config)), services.clock
    anchorer = Anchorer(database, services.audit, audit_keys, folder, clock=clock, zone=zone)
    supervisor.keep("audit anchors", anchorer.run)
    supervisor.keep(
        "audit check",
        lambda: run_nightly(
            database,
            services.audit,
            anchorer,
            metrics,
            clock=clock,
            zone=zone,
            trusted_root=config.audit.trusted_key,
            accepted_lines=config.audit.accepted_restores,
        ),
    )
    supervisor.keep(
        "housekeeping",
        lambda: run_housekeeping(
            built.keys, services.users, services.people.roster, services.quarantine, services.nodes, clock
        ),
    )
    supervisor.keep("presence", built.operations.presence.run)
    built.evidence.keep_running(supervisor)
    supervisor.keep("numbers", services.numbers.keep_recording)
    supervisor.keep("recording watch", services.recording.watch.run)
    supervisor.keep("recording plans", services.recording.plans.keep_telling)


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


def _may_be_plain(config: Config) -> bool:
    """Behind a TLS proxy, or said loudly."""
    return config.web.insecure_http or config.web.public_url.startswith("https://")
