"""One media node: cameras in, files and viewers out. Built here once, from its parts.

`build_node` is what records (hub, recorder, store, RTSP); `run_node` adds the line to control and the viewers' port. The benchmark uses
the first alone.
"""

import asyncio
import gc
import json
import os
import signal
import ssl
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import uvloop
from aiohttp import web
from prometheus_client import CollectorRegistry

from brightkitchen.bootstrap.guard import build_guard
from brightkitchen.bootstrap.inherited import Inheritance, read_inheritance, watch_launcher
from brightkitchen.bootstrap.reach import tls_files_of
from brightkitchen.bootstrap.vitals import VitalSigns
from brightkitchen.devices.ports import StreamAddress
from brightkitchen.devices.rtsp.environment import RtspEnvironment
from brightkitchen.devices.rtsp.limiter import ConnectLimiter
from brightkitchen.devices.rtsp.probe import probe
from brightkitchen.devices.rtsp.source import RtspSource
from brightkitchen.kernel.camerapath import is_masked
from brightkitchen.kernel.cameraspec import CameraSpec, Credential
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.forwarding import TrustedProxies
from brightkitchen.kernel.ids import Profile
from brightkitchen.kernel.log import configure_logging, get_logger
from brightkitchen.kernel.netguard import NetGuard
from brightkitchen.kernel.nodeprotocol import (
    Desired,
    Hello,
    ProbeAnswer,
    ProbeRequest,
    ProbeTrack,
    Revoke,
    Welcome,
)
from brightkitchen.kernel.sealing import Sealer, open_kek
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.control_link import ControlLink, Handlers
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.deletions import DeletionReports
from brightkitchen.media.desired_file import DesiredFile, SavedDesired
from brightkitchen.media.evidence.service import EvidenceSource
from brightkitchen.media.evidence.statement import open_statement_key
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.live.webrtc.settings import WebRtcSettings
from brightkitchen.media.node import MediaNode
from brightkitchen.media.ports import Source, SourceSink
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.serve.app import ViewersPort, make_admin_app
from brightkitchen.media.serve.server import MediaServer
from brightkitchen.media.store.keeper import RoomRules
from brightkitchen.media.store.metrics import add_store_metrics
from brightkitchen.media.store.store import Store, StoreRules
from brightkitchen.media.store.volumes import store_places
from brightkitchen.wire.au import VideoFormat
from brightkitchen.wire.fmp4 import writer

log = get_logger(__name__)
STOP_TIMEOUT_S = 6.0
VIEWS_TIMEOUT_S = 2.0
_GB = 10**9
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Machine:
    """What every part of one node shares."""

    clock: SystemClock
    entropy: SystemEntropy
    supervisor: Supervisor


def calm_collector() -> None:
    """Let Python look for reference cycles seldom.

    Two hundred cameras make 50,000 short-lived slices and units a second, none of them in a cycle, and every few hundred of them
    started a search: a third of the node's time. Closing a connection leaves no cycle behind (`make soak` counts objects), so that
    nothing waits for the collector; it still comes, for what a library may leave.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def build_node(config: Config, name: str, folder: Path, guard: NetGuard, machine: Machine) -> MediaNode:
    """Open the store in `folder` (recovering what a fall left) and build the node round it; it does nothing yet."""
    clock, entropy, supervisor = machine.clock, machine.entropy, machine.supervisor
    environment = RtspEnvironment(
        guard=guard,
        clock=clock,
        entropy=entropy,
        limiter=ConnectLimiter(config.media.connects_at_once),
        low_water_bytes=config.media.low_water_bytes,
    )

    def open_source(spec: CameraSpec, profile: Profile, credential: Credential | None, sink: SourceSink) -> Source:
        return RtspSource(address_of(spec, profile, credential), sink, environment)

    store = Store.open(folder / "store", clock, rules=store_rules(config, name), entropy=entropy)
    node = MediaNode(
        name,
        hub=Hub(clock=clock, entropy=entropy, supervisor=supervisor, idle_stop_s=config.media.idle_close_s),
        recorder=Recorder(
            store,
            writer,
            clock=clock,
            entropy=entropy,
            segment_s=config.media.segment_s,
            queue_limit_bytes=queue_limit_bytes(
                os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), config.media.nodes
            ),
        ),
        store=store,
        source_factory=open_source,
        clock=clock,
        supervisor=supervisor,
    )
    return node


def queue_limit_bytes(memory_bytes: int, nodes: int) -> int:
    """Return how much of what is recorded may wait for the disk, bytes.

    A disk that writes back what lay in the page cache answers nobody for a second or two, and 200 cameras send 60 MB in that time: a
    sixteenth of the machine's memory for all its nodes, 64 to 512 MiB for each. Only a stalled disk fills it.
    """
    return max(64 * _MIB, min(512 * _MIB, memory_bytes // 16 // nodes))


def store_rules(config: Config, name: str) -> StoreRules:
    """Return how the store of node `name` behaves. Quotas are shared out among the nodes."""
    store, nodes = config.store, config.media.nodes
    return StoreRules(
        room=RoomRules(int(store.keep_free_gb * _GB), store.keep_free_percent / 100),
        quota_bytes=int(store.quota_gb * _GB) // nodes,
        places=store_places(config, name),
    )


def webrtc_settings(config: Config, index: int) -> WebRtcSettings:
    """Return where node number `index` is reached by UDP: at the number of its own port, unless another was chosen."""
    media = config.media
    return WebRtcSettings(
        is_on=media.webrtc,
        host=media.webrtc_host or config.web.host,
        port=(media.first_webrtc_port or media.first_port) + index,
        addresses=media.webrtc_addresses,
    )


def address_of(spec: CameraSpec, profile: Profile, credential: Credential | None) -> StreamAddress:
    """Return where a stream of `spec` is. The main stream stands in for a sub-stream that does not exist."""
    is_sub = profile is Profile.SUB and spec.sub is not None
    stream = spec.sub if is_sub and spec.sub is not None else spec.main
    sealed = ""
    if credential is not None and credential.host == spec.host:
        sealed = credential.sub_path if is_sub else credential.main_path
    return StreamAddress(
        camera=spec.camera,
        profile=profile,
        host=spec.host,
        port=spec.port,
        tls=spec.tls,
        path=sealed if sealed and is_masked(stream.path) else stream.path,
        transport=spec.transport,
        want_audio=spec.audio,
        allow_basic=spec.allow_basic,
        credential=credential if credential is not None and credential.host == spec.host else None,
    )


def run_node(config: Config, index: int, inherit_fd: int) -> int:
    """Run one media node until SIGTERM or until the launcher is gone. returns: 1 if the disk's thread died."""
    name = f"node-{index}"
    configure_logging(process=name, level=config.log.level)
    inheritance = read_inheritance(inherit_fd)
    code: int = uvloop.run(_Node(config, index, name, inheritance).serve(inherit_fd))
    return code


class _Node:
    """The process: joins the node to control and to its viewers."""

    def __init__(self, config: Config, index: int, name: str, inheritance: Inheritance) -> None:
        self._config = config
        self._name = name
        self._index = index
        self._port = config.media.first_port + index
        self._admin_port = config.media.first_admin_port + index
        self._inheritance = inheritance
        self._data = Path(config.data_dir).resolve()
        self._folder = self._data / name
        clock, entropy = SystemClock(), SystemEntropy()
        self._machine = Machine(clock, entropy, Supervisor(clock, entropy))

    async def serve(self, inherit_fd: int) -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        watch_launcher(inherit_fd, stop.set)
        clock, entropy, supervisor = self._machine.clock, self._machine.entropy, self._machine.supervisor
        self._folder.mkdir(mode=0o700, exist_ok=True)
        async with AsyncExitStack() as ending:
            ending.push_async_callback(supervisor.close)
            self._guard = build_guard(self._config)
            self._node = build_node(self._config, self._name, self._folder, self._guard, self._machine)
            ending.push_async_callback(self._stop_node)
            calm_collector()
            self._node.start()
            pool = DecodePool(clock, entropy, workers=self._config.media.decode_workers)
            self._server = MediaServer(
                node=self._name,
                is_leased=self._is_leased,
                streams=self._node.hub,
                recordings=self._node.store,
                pool=pool,
                clock=clock,
                entropy=entropy,
                supervisor=supervisor,
                transcodes=self._config.media.transcodes,
                webrtc=webrtc_settings(self._config, index=self._index),
                proxies=TrustedProxies(self._config.web.trusted_proxies),
            )
            self._file = DesiredFile(self._folder, self._open_sealer())
            self._statement_key = open_statement_key(self._folder / "statement.key", entropy)
            await self._resume()
            await self._start_serving(ending, pool)
            link = self._connect()
            link.start()
            print(json.dumps({"event": "ready", "port": self._port}), flush=True)
            failing = asyncio.create_task(self._node.failed.wait())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((failing, stopping), return_when=asyncio.FIRST_COMPLETED)
            failed = failing.done()
            for task in (failing, stopping):
                task.cancel()
            self._server.close()
            await self._link.flush_views(VIEWS_TIMEOUT_S)
        return 1 if failed else 0

    async def _start_serving(self, ending: AsyncExitStack, pool: DecodePool) -> None:
        pool.start()
        ending.push_async_callback(pool.close)
        self._server.start()
        viewers = ViewersPort(self._server, self._build_evidence())
        await viewers.open(self._config.web.host, self._port, self._open_tls())
        ending.push_async_callback(viewers.close)
        registry = CollectorRegistry()
        add_store_metrics(self._node.store.keeper, registry)
        admin = web.AppRunner(
            make_admin_app(
                self._server,
                is_ready=lambda: self._link.is_connected and self._node.store.is_alive,
                registry=registry,
            ),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=2.0,
        )
        await admin.setup()
        ending.push_async_callback(admin.cleanup)
        await web.TCPSite(admin, "127.0.0.1", self._admin_port).start()

    def _open_tls(self) -> ssl.SSLContext | None:
        """Return what viewers are shown; a certificate that is replaced counts for the next connection, those that are open go on."""
        files = tls_files_of(self._config)
        if files is None:
            return None
        from brightkitchen.kernel.certificates import CertificateWatch, make_context  # 8 MB that only TLS needs

        context = make_context(files)
        watch = CertificateWatch(files, self._machine.clock)
        self._machine.supervisor.keep(
            "certificate", lambda: watch.run(lambda: context.load_cert_chain(files.certificate, files.key))
        )
        return context

    def _build_evidence(self) -> EvidenceSource:
        return EvidenceSource(
            self._node.store,
            self._server.stills,
            self._statement_key,
            node=self._name,
            software=f"brightkitchen {version('brightkitchen')}",
            drift_of=self._node.hub.clock_drift_us,
            clock=self._machine.clock,
        )

    def _connect(self) -> ControlLink:
        self._link = ControlLink(
            self._data / "run" / "control.sock",
            Hello(
                node=self._name,
                secret=self._inheritance.secret,
                port=self._port,
                statement_key=self._statement_key.public_key,
            ),
            Handlers(
                on_welcome=self._on_welcome,
                on_desired=self._on_desired,
                on_revoke=self._on_revoke,
                on_probe=self._on_probe,
                reports=self._node.reports,
                on_holds=self._node.keep_holds,
                volumes=lambda: self._node.store.keeper.states,
                vitals=VitalSigns(version("brightkitchen"), self._machine.clock).read,
            ),
            views=self._server.views,
            deletions=DeletionReports(self._node.store.keeper, self._machine.clock),
            clock=self._machine.clock,
            entropy=self._machine.entropy,
            supervisor=self._machine.supervisor,
        )
        loop = asyncio.get_running_loop()
        link = self._link

        def tell() -> None:  # on the keeper's thread, which may outlive the loop by a moment
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(link.tell_kept)

        self._node.store.keeper.tell = tell
        return self._link

    async def _stop_node(self) -> None:
        try:
            await asyncio.wait_for(self._node.stop(), STOP_TIMEOUT_S)
        except TimeoutError:
            log.error("stopping took too long; the next start recovers", timeout_s=STOP_TIMEOUT_S)

    # -- what control says ---------------------------------------------------------------------------------------------

    def _on_welcome(self, welcome: Welcome) -> None:
        self._server.set_keys(welcome.keys)
        self._server.set_allowed_origins(welcome.allowed_origins)

    async def _on_desired(self, desired: Desired) -> None:
        await self._node.apply(desired, self._link.fetch_credential)
        saved = SavedDesired(desired=desired, credentials=tuple(self._node.credentials.values()))
        await asyncio.to_thread(self._file.write, saved)

    async def _on_revoke(self, revoke: Revoke) -> int:
        return self._server.revoke(sid=revoke.sid, camera=revoke.camera, kid=revoke.kid)

    async def _on_probe(self, request: ProbeRequest) -> ProbeAnswer:
        credential = None
        if request.username or request.password:
            credential = Credential(
                camera=request.spec.camera,
                host=request.spec.host,
                username=request.username,
                password=request.password,
            )
        address = address_of(request.spec, Profile.MAIN, credential)
        found = await probe(address, guard=self._guard, clock=self._machine.clock, entropy=self._machine.entropy)
        return ProbeAnswer(
            request=request.request,
            reason=found.reason.value if found.reason is not None else None,
            detail=found.detail,
            tracks=tuple(
                ProbeTrack(
                    codec=form.codec.value,
                    codec_string=form.codec_string,
                    width_px=form.width_px if isinstance(form, VideoFormat) else 0,
                    height_px=form.height_px if isinstance(form, VideoFormat) else 0,
                    sample_rate_hz=0 if isinstance(form, VideoFormat) else form.sample_rate_hz,
                )
                for form in found.formats
            ),
            fps=found.fps,
            bitrate_bps=found.bitrate_bps,
            server=found.server,
            elapsed_s=found.elapsed_s,
        )

    # -- a start without control ---------------------------------------------------------------------------------------

    def _open_sealer(self) -> Sealer:
        return open_kek(f"file:{self._folder / 'node.key'}", self._machine.entropy, sealed_rows_exist=False)

    async def _resume(self) -> None:
        """Record again at once what this node recorded before, whether control is there or not."""
        saved = await asyncio.to_thread(self._file.read)
        if saved is None:
            return
        known = {credential.camera: credential for credential in saved.credentials}

        async def remembered(camera: str, _epoch: int) -> Credential | None:
            return known.get(camera)

        await self._node.apply(saved.desired, remembered)
        log.info("resumed without control", cameras=len(saved.desired.cameras))

    def _is_leased(self, camera: str) -> bool:
        return any(spec.camera == camera for spec in self._node.desired.cameras)
