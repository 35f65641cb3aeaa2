"""Control's end of the channel to its media nodes (docs/design/media-path.md §6).

A Unix socket of mode 0600; the peer must run under our own user and say the secret of this start first. A node may ask
for the passwords of cameras it leases, and report on those. Everything else is refused, counted and logged; what no
honest node would send closes the channel.
"""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from aiohttp import WSMsgType, web

from brightkitchen.domain.recording.nodes import NodeStanding
from brightkitchen.kernel.cameraspec import CameraSpec, Credential
from brightkitchen.kernel.camerastate import StreamReport
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.ids import NodeId
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.nodeprotocol import (
    MAX_MESSAGE_BYTES,
    PROTOCOL,
    CredentialAnswer,
    CredentialRequest,
    Deletions,
    DeletionsKept,
    Desired,
    Hello,
    Holds,
    HoldsKept,
    ProbeAnswer,
    ProbeRequest,
    Reports,
    Revoke,
    Revoked,
    ToControl,
    ToNode,
    VerifyKey,
    ViewReport,
    Views,
    ViewsKept,
    Vitals,
    Volumes,
    Welcome,
    build_message,
    parse_to_control,
)
from brightkitchen.kernel.privatesocket import open_private_socket, read_peer_uid
from brightkitchen.kernel.recordingplan import DeletedRange, VolumeState
from brightkitchen.kernel.units import Utc
from brightkitchen.web.metrics import ControlMetrics

log = get_logger(__name__)

HELLO_TIMEOUT_S: Final = 5.0
SEND_TIMEOUT_S: Final = 10.0
ACKNOWLEDGE_S: Final = 5.0
PROBE_TIMEOUT_S: Final = 25.0
HEARTBEAT_S: Final = 20.0
MAX_STRANGERS: Final = 8
MAX_PROBES: Final = 32


class CameraAuthority(Protocol):
    """What decides on cameras: `CameraService` fits."""

    async def build_desired(self, node: NodeId) -> Desired: ...
    async def release_credential(self, node: NodeId, camera: str, epoch: int) -> Credential | None: ...
    async def note_reports(self, node: NodeId, reports: Sequence[StreamReport]) -> int: ...
    async def note_views(self, node: NodeId, reports: Sequence[ViewReport], *, lost: int = 0) -> int: ...


class HoldAuthority(Protocol):
    """What decides on what may not be deleted: `HoldService` fits."""

    async def build_holds(self, node: NodeId) -> Holds: ...
    async def note_kept(self, node: NodeId, version: int) -> None: ...


class RecordingAuthority(Protocol):
    """What hears how the nodes' recordings are: `RecordingWatch` fits."""

    async def note_deletions(self, node: NodeId, ranges: Sequence[DeletedRange]) -> int: ...
    def note_volumes(self, node: NodeId, volumes: Sequence[VolumeState]) -> None: ...


@dataclass(slots=True, eq=False)
class NodeLink:
    """One connected node. Only its handler's tasks write to the socket."""

    node: NodeId
    port: int
    send: Callable[[ToNode], Awaitable[None]]
    close: Callable[[], Awaitable[object]]
    statement_key: str = ""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    wants_welcome: bool = True
    wants_desired: bool = True
    wants_holds: bool = True
    waiting: dict[int, "asyncio.Future[Revoked | ProbeAnswer]"] = field(default_factory=dict)


class NodeRegistry:
    """Which nodes there are and which of them are connected."""

    def __init__(self, nodes: Sequence[NodeId], *, clock: Clock, metrics: ControlMetrics) -> None:
        """nodes: every node of this installation, connected or not; at least one."""
        if not nodes:
            raise ValueError("an installation has at least one media node")
        self._nodes = tuple(nodes)
        self._clock = clock
        self._metrics = metrics
        self._links: dict[NodeId, NodeLink] = {}
        self._since_at: dict[NodeId, Utc] = {}
        self._vitals: dict[NodeId, Vitals] = {}
        self._began_at = clock.utc()
        self._last_request = 0

    def all(self) -> Sequence[NodeId]:
        """Every node that cameras may be placed on."""
        return self._nodes

    def connected(self) -> tuple[NodeId, ...]:
        """Those that are on the channel now."""
        return tuple(self._links)

    def port_of(self, node: NodeId) -> int | None:
        """Return where viewers reach a connected node."""
        link = self._links.get(node)
        return link.port if link else None

    def standing_of(self, node: NodeId) -> NodeStanding:
        """Return whether a node is on the channel, since when, and what it said last of itself."""
        return NodeStanding(
            is_connected=node in self._links,
            since_at=self._since_at.get(node, self._began_at),
            has_come=node in self._since_at,
            port=self.port_of(node),
            vitals=self._vitals.get(node),
        )

    def note_vitals(self, node: NodeId, vitals: Vitals) -> None:
        """Keep how a node said that it is."""
        self._vitals[node] = vitals

    def statement_key_of(self, node: NodeId) -> str:
        """Return the key (hex) that a connected node told us its evidence statements are signed with; "" if it is away or has none."""
        link = self._links.get(node)
        return link.statement_key if link else ""

    def desired_changed(self, node: NodeId) -> None:
        """Send `node` its cameras again soon; nothing to do while it is away, it gets them when it comes."""
        link = self._links.get(node)
        if link is not None:
            link.wants_desired = True
            link.wake.set()

    def holds_changed(self) -> None:
        """Send every node what may not be deleted again soon; one that is away gets it when it comes."""
        for link in self._links.values():
            link.wants_holds = True
            link.wake.set()

    async def keys_changed(self) -> None:
        """Tell every node the public keys again."""
        for link in self._links.values():
            link.wants_welcome = True
            link.wake.set()

    async def session_ended(self, pseudonym: str) -> None:
        """Close everything that session is watching."""
        await self.revoke(sid=pseudonym)

    async def access_narrowed(self, pseudonym: str) -> None:
        """The same: what that session may still see, it opens again under its new pseudonym."""
        await self.revoke(sid=pseudonym)

    async def revoke(self, *, sid: str | None = None, camera: str | None = None, kid: str | None = None) -> bool:
        """Close what matches on every connected node. True if all of them acknowledged within 5 s."""
        request = self._next_request()
        message = Revoke(request=request, sid=sid, camera=camera, kid=kid)
        links = list(self._links.values())
        answers = await asyncio.gather(*(self._ask(link, message, request, ACKNOWLEDGE_S) for link in links))
        silent = [link.node for link, answer in zip(links, answers, strict=True) if answer is None]
        for node in silent:
            self._metrics.unacknowledged.inc()
            log.error("revocation not acknowledged", node=node)
        return not silent

    async def probe(self, spec: CameraSpec, username: str, password: str) -> ProbeAnswer:
        """Let a connected node try the address. raises: BrightKitchenError "node.none_connected", "node.no_answer"."""
        link = next(iter(self._links.values()), None)
        if link is None:
            raise BrightKitchenError(Kind.UNAVAILABLE, "node.none_connected")
        if len(link.waiting) >= MAX_PROBES:
            raise BrightKitchenError(Kind.EXHAUSTED, "node.busy", retry_after_s=5)
        request = self._next_request()
        message = ProbeRequest(request=request, spec=spec, username=username, password=password)
        answer = await self._ask(link, message, request, PROBE_TIMEOUT_S)
        if not isinstance(answer, ProbeAnswer):
            raise BrightKitchenError(Kind.UNAVAILABLE, "node.no_answer")
        return answer

    async def admit(self, link: NodeLink) -> None:
        """Take a node in; an older connection of the same node is closed, it can only be a dead one."""
        old = self._links.get(link.node)
        self._links[link.node] = link
        self._since_at[link.node] = self._clock.utc()
        self._metrics.nodes.set(len(self._links))
        if old is not None:
            await old.close()

    def dismiss(self, link: NodeLink) -> None:
        """A connection is gone: whoever waits for its answers hears so."""
        if self._links.get(link.node) is link:
            del self._links[link.node]
            self._since_at[link.node] = self._clock.utc()
        self._metrics.nodes.set(len(self._links))
        for future in link.waiting.values():
            if not future.done():
                future.cancel()

    def note_forbidden(self, node: str, cause: str) -> None:
        """Count and log something that a node may not do."""
        self._metrics.forbidden.labels(node, cause).inc()
        log.warning("message of a node refused", node=node, cause=cause)

    async def _ask(
        self, link: NodeLink, message: ToNode, request: int, timeout_s: float
    ) -> Revoked | ProbeAnswer | None:
        answer: asyncio.Future[Revoked | ProbeAnswer] = asyncio.get_running_loop().create_future()
        link.waiting[request] = answer
        try:
            async with asyncio.timeout(timeout_s):
                await link.send(message)
                await asyncio.wait((answer,))
        except (TimeoutError, ConnectionError):
            return None
        finally:
            link.waiting.pop(request, None)
        return None if answer.cancelled() else answer.result()

    def _next_request(self) -> int:
        self._last_request += 1
        return self._last_request


class _Closed(Exception):
    """The channel ended, or had to."""


class NodeChannel:
    """The server side of the channel."""

    def __init__(
        self,
        registry: NodeRegistry,
        cameras: CameraAuthority,
        *,
        holds: HoldAuthority,
        recordings: RecordingAuthority,
        secret: bytes,
        verify_keys: Callable[[], tuple[VerifyKey, ...]],
        allowed_origins: tuple[str, ...],
        clock: Clock,
        uid: int | None = None,
    ) -> None:
        """secret: of this start, inherited by the nodes. uid: whose processes may connect; our own by default."""
        self._registry = registry
        self._cameras = cameras
        self._holds = holds
        self._recordings = recordings
        self._secret_hex = secret.hex()
        self._verify_keys = verify_keys
        self._origins = allowed_origins
        self._clock = clock
        self._uid = os.getuid() if uid is None else uid
        self._strangers = 0

    def make_app(self) -> web.Application:
        """Return the aiohttp application to serve on the socket."""
        app = web.Application()
        app.router.add_get("/", self._on_request)
        return app

    async def _on_request(self, request: web.Request) -> web.StreamResponse:
        if peer_uid(request) != self._uid:
            self._registry.note_forbidden("", "other_user")
            return web.Response(status=403)
        if self._strangers >= MAX_STRANGERS:
            return web.Response(status=503)
        channel = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE_BYTES, timeout=2.0, compress=False
        )
        await channel.prepare(request)
        self._strangers += 1
        try:
            link = await self._greet(channel)
        finally:
            self._strangers -= 1
        if link is None:
            await channel.close(code=4401)
            return channel
        await self._registry.admit(link)
        log.info("node connected", node=link.node, port=link.port)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._push(link))
                tasks.create_task(self._listen(link, channel))
        except* (_Closed, ConnectionError, TimeoutError):
            pass
        finally:
            self._registry.dismiss(link)
            await channel.close()
            log.info("node gone", node=link.node)
        return channel

    async def _greet(self, channel: web.WebSocketResponse) -> NodeLink | None:
        """Return the link of a node that said the secret; None if it did not within 5 s."""
        try:
            message = await channel.receive(timeout=HELLO_TIMEOUT_S)
            hello = parse_to_control(message.data) if message.type is WSMsgType.TEXT else None
        except (TimeoutError, TheirError):
            hello = None
        if not isinstance(hello, Hello) or not hmac.compare_digest(hello.secret.encode(), self._secret_hex.encode()):
            self._registry.note_forbidden("", "not_greeted")
            return None
        known = NodeId(hello.node) in self._registry.all()
        if not known or hello.protocol != PROTOCOL or not 0 < hello.port < 65536:
            self._registry.note_forbidden(hello.node[:40] if known else "", "wrong_hello")
            return None

        async def send(message: ToNode) -> None:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await channel.send_str(build_message(message).decode())

        return NodeLink(NodeId(hello.node), hello.port, send, channel.close, hello.statement_key)

    async def _push(self, link: NodeLink) -> None:
        """Send keys and desired state at the beginning and whenever they changed; always the newest, never a backlog."""
        while True:
            if link.wants_welcome:
                link.wants_welcome = False
                await link.send(
                    Welcome(allowed_origins=self._origins, keys=self._verify_keys(), server_at=self._clock.utc())
                )
            if link.wants_desired:
                link.wants_desired = False
                await link.send(await self._cameras.build_desired(link.node))
            if link.wants_holds:
                link.wants_holds = False
                await link.send(await self._holds.build_holds(link.node))
            if not (link.wants_welcome or link.wants_desired or link.wants_holds):
                await link.wake.wait()
                link.wake.clear()

    async def _listen(self, link: NodeLink, channel: web.WebSocketResponse) -> None:
        while True:
            message = await channel.receive()
            if message.type is not WSMsgType.TEXT:
                if message.type is WSMsgType.ERROR or channel.close_code == 1009:
                    self._registry.note_forbidden(link.node, "oversized")
                elif message.type is WSMsgType.BINARY:
                    self._registry.note_forbidden(link.node, "garbage")
                raise _Closed
            try:
                said = parse_to_control(message.data)
            except TheirError as cause:
                self._registry.note_forbidden(link.node, "garbage")
                raise _Closed from cause
            await self._handle(link, said)

    async def _handle(self, link: NodeLink, said: ToControl) -> None:
        if isinstance(said, Reports):
            refused = await self._cameras.note_reports(link.node, said.reports)
            for _ in range(refused):
                self._registry.note_forbidden(link.node, "report_of_other_camera")
        elif isinstance(said, Views):
            await self._handle_views(link, said)
        elif isinstance(said, CredentialRequest):
            await self._handle_credential_request(link, said)
        elif isinstance(said, Hello):
            self._registry.note_forbidden(link.node, "second_hello")
            raise _Closed
        elif isinstance(said, HoldsKept):
            await self._holds.note_kept(link.node, said.version)
        elif isinstance(said, Deletions):
            await self._handle_deletions(link, said)
        elif isinstance(said, Volumes):
            self._recordings.note_volumes(link.node, said.volumes)
        elif isinstance(said, Vitals):
            self._registry.note_vitals(link.node, said)
        else:
            waiting = link.waiting.get(said.request)
            if waiting is None or waiting.done():
                # an answer after our time-out is late, not hostile; it still changes nothing
                self._registry.note_forbidden(link.node, "answer_to_nothing")
            else:
                waiting.set_result(said)

    async def _handle_views(self, link: NodeLink, said: Views) -> None:
        """Answer only once it is written: until then the node keeps what it said, and says it again."""
        try:
            refused = await self._cameras.note_views(link.node, said.reports, lost=said.lost)
        except BrightKitchenError as error:
            log.error("views not written into the audit", node=link.node, code=error.code, reports=len(said.reports))
            return
        for _ in range(refused):
            self._registry.note_forbidden(link.node, "view_of_unknown_camera")
        await link.send(ViewsKept(request=said.request))

    async def _handle_deletions(self, link: NodeLink, said: Deletions) -> None:
        """As for views: the node keeps its proofs until they are in the audit."""
        try:
            refused = await self._recordings.note_deletions(link.node, said.ranges)
        except BrightKitchenError as error:
            log.error("deletions not written into the audit", node=link.node, code=error.code, ranges=len(said.ranges))
            return
        for _ in range(refused):
            self._registry.note_forbidden(link.node, "deletion_of_unknown_camera")
        await link.send(DeletionsKept(request=said.request))

    async def _handle_credential_request(self, link: NodeLink, said: CredentialRequest) -> None:
        try:
            credential = await self._cameras.release_credential(link.node, said.camera, said.epoch)
        except BrightKitchenError as refused:
            self._registry.note_forbidden(link.node, refused.code)
            credential = None
        await link.send(CredentialAnswer(request=said.request, credential=credential))


def peer_uid(request: web.Request) -> int | None:
    """Return the user id of the process that sent the request over a Unix socket."""
    connection = request.transport.get_extra_info("socket") if request.transport else None
    return None if connection is None else read_peer_uid(connection)


async def serve_on_socket(app: web.Application, path: Path) -> web.AppRunner:
    """Serve `app` on a private Unix socket; `await runner.cleanup()` ends it."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    await web.SockSite(runner, open_private_socket(path)).start()
    return runner
