"""A node's line to control (docs/design/media-path.md §6): a WebSocket over a Unix socket, kept connected.

Nothing here is needed to record: without control the node goes on with what it was told last. Log-ins pass through and are
never logged; neither is the secret in `Hello`.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import aiohttp

from brightkitchen.kernel.cameraspec import Credential
from brightkitchen.kernel.camerastate import StreamReport
from brightkitchen.kernel.clock import Clock, wait_until
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.nodeprotocol import (
    MAX_MESSAGE_BYTES,
    CredentialAnswer,
    CredentialRequest,
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
    ViewsKept,
    Vitals,
    Volumes,
    Welcome,
    build_message,
    parse_to_node,
)
from brightkitchen.kernel.recordingplan import VolumeState
from brightkitchen.kernel.tasks import HEALTHY_AFTER_S, Supervisor, back_off_s
from brightkitchen.media.deletions import DeletionReports
from brightkitchen.media.serve.views import RESEND_S, ViewLog

log = get_logger(__name__)

CHANNEL_URL: Final = "http://control/"
REPORT_EVERY_S: Final = 1.0
ALL_REPORTS_EVERY: Final = 5  # turns
REQUEST_TIMEOUT_S: Final = 5.0
CONNECT_TIMEOUT_S: Final = 5.0
SEND_TIMEOUT_S: Final = 5.0
SILENCE_S: Final = 20.0  # a ping goes out after it, and the line is given up when nothing comes back
PROBE_TIMEOUT_S: Final = 20.0
PROBES_AT_ONCE: Final = 4
PROBES_WAITING: Final = 16
VOLUMES_EVERY_S: Final = 30.0
VITALS_EVERY_S: Final = 30.0
HOLDS_RETRY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the node does when control speaks.

    on_desired:  makes it so; may take long and may ask for log-ins meanwhile. A newer list waits, only the newest one.
    on_revoke:   returns how many viewers were closed.
    on_probe:    tries an address; ends by itself.
    on_holds:    returns when the list is on the disk. raises: OSError, sqlite3.Error.
    volumes:     returns every place that is recorded to, as it is now.
    vitals:      returns how the node is.
    """

    on_welcome: Callable[[Welcome], None]
    on_desired: Callable[[Desired], Awaitable[None]]
    on_revoke: Callable[[Revoke], Awaitable[int]]
    on_probe: Callable[[ProbeRequest], Awaitable[ProbeAnswer]]
    reports: Callable[[], list[StreamReport]]
    on_holds: Callable[[Holds], Awaitable[None]]
    volumes: Callable[[], tuple[VolumeState, ...]]
    vitals: Callable[[], Vitals]


class ControlLink:
    """One node's end of the line."""

    def __init__(
        self,
        socket: Path,
        hello: Hello,
        handlers: Handlers,
        *,
        views: ViewLog,
        deletions: DeletionReports,
        clock: Clock,
        entropy: Entropy,
        supervisor: Supervisor,
    ) -> None:
        self._socket = socket
        self._hello = hello
        self._handlers = handlers
        self._views = views
        self._has_views = asyncio.Event()
        views.tell = self._has_views.set
        self._deletions = deletions
        self._has_deletions = asyncio.Event()
        self._has_volumes = asyncio.Event()
        self._newest_holds: Holds | None = None
        self._has_holds = asyncio.Event()
        self._clock = clock
        self._entropy = entropy
        self._supervisor = supervisor
        self._line: aiohttp.ClientWebSocketResponse | None = None
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Credential | None]] = {}
        self._newest: Desired | None = None
        self._has_desired = asyncio.Event()
        self._probing = asyncio.Semaphore(PROBES_AT_ONCE)
        self._probes = 0
        self._told: dict[tuple[str, str], tuple[object, ...]] = {}

    @property
    def is_connected(self) -> bool:
        return self._line is not None

    def start(self) -> None:
        """Connect, and stay connected until the supervisor is closed."""
        self._supervisor.keep("control link", self._keep_connected)
        self._supervisor.keep("control desired", self._keep_applying)
        self._supervisor.keep("control holds", self._keep_holding)

    async def fetch_credential(self, camera: str, epoch: int) -> Credential | None:
        """Ask control for a camera's log-in. raises: BrightKitchenError(UNAVAILABLE, "node.no_control")."""
        number = next(self._numbers)
        answer: asyncio.Future[Credential | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._send(CredentialRequest(request=number, camera=camera, epoch=epoch))
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                return await answer
        except TimeoutError as cause:
            raise _no_control() from cause
        finally:
            del self._waiting[number]

    # -- the line -----------------------------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        attempt = 0
        while True:
            started_s = self._clock.mono_s()
            try:
                await self._connect_once()
                log.warning("control went away")
            except (aiohttp.ClientError, OSError, TimeoutError, TheirError, BrightKitchenError) as error:
                log.warning("no line to control", error=type(error).__name__)
            attempt = 1 if self._clock.mono_s() - started_s >= HEALTHY_AFTER_S else attempt + 1
            await self._clock.sleep(back_off_s(attempt, self._entropy))

    async def _connect_once(self) -> None:
        connector = aiohttp.UnixConnector(path=str(self._socket))
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                line = await session.ws_connect(CHANNEL_URL, max_msg_size=MAX_MESSAGE_BYTES, heartbeat=SILENCE_S)
            async with line:
                self._line = line
                tasks: list[asyncio.Task[None]] = []
                try:
                    await self._send(self._hello)
                    tasks.append(self._supervisor.start("reports", self._keep_reporting(line)))
                    tasks.append(self._supervisor.start("view reports", self._keep_telling_views(line)))
                    tasks.append(self._supervisor.start("deletions", self._keep_telling_deletions(line)))
                    tasks.append(self._supervisor.start("volumes", self._keep_telling_volumes(line)))
                    tasks.append(self._supervisor.start("vitals", self._keep_telling_vitals(line)))
                    await self._receive(line)
                finally:
                    self._line = None
                    for task in tasks:
                        task.cancel()
                    self._views.forget_sending()
                    self._deletions.forget_sending()
                    self._fail_waiting()

    async def _receive(self, line: aiohttp.ClientWebSocketResponse) -> None:
        async for message in line:
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise TheirError("control sent something else than text")
            self._handle(parse_to_node(message.data))

    def _handle(self, message: ToNode) -> None:
        if isinstance(message, Welcome):
            log.info("control welcomed this node", keys=len(message.keys))
            self._told.clear()
            self._handlers.on_welcome(message)
        elif isinstance(message, Desired):
            self._newest = message
            self._has_desired.set()
        elif isinstance(message, CredentialAnswer):
            answer = self._waiting.get(message.request)
            if answer is not None and not answer.done():
                answer.set_result(message.credential)
        elif isinstance(message, Revoke):
            self._supervisor.start("revoke", self._revoke(message))
        elif isinstance(message, ViewsKept):
            self._views.keep(message.request)
        elif isinstance(message, Holds):
            self._newest_holds = message
            self._has_holds.set()
        elif isinstance(message, DeletionsKept):
            self._supervisor.start("deletions kept", self._keep_deletions(message.request))
        elif self._probes >= PROBES_WAITING:
            busy = ProbeAnswer(request=message.request, reason="camera_busy", detail="too many tries at once")
            self._supervisor.start("probe refused", self._send_if_connected(busy))
        else:
            self._probes += 1
            self._supervisor.start("probe", self._probe(message))

    async def _keep_applying(self) -> None:
        while True:
            await self._has_desired.wait()
            self._has_desired.clear()
            if self._newest is not None:
                await self._handlers.on_desired(self._newest)

    async def _keep_holding(self) -> None:
        """Take the newest list of holds, and say so only when it is on the disk."""
        while True:
            await self._has_holds.wait()
            self._has_holds.clear()
            holds = self._newest_holds
            if holds is None:
                continue
            try:
                await self._handlers.on_holds(holds)
            except (OSError, sqlite3.Error) as error:
                log.error("holds not kept", error=type(error).__name__)
                self._has_holds.set()
                await self._clock.sleep(HOLDS_RETRY_S)
                continue
            await self._send_if_connected(HoldsKept(version=holds.version))

    async def _keep_deletions(self, request: int) -> None:
        try:
            if await self._deletions.keep(request):
                self._has_deletions.set()
        except (OSError, sqlite3.Error) as error:  # they are sent again, and control knows them by their ids
            log.error("proofs not dropped", error=type(error).__name__)

    async def _revoke(self, revoke: Revoke) -> None:
        closed = await self._handlers.on_revoke(revoke)
        await self._send_if_connected(Revoked(request=revoke.request, closed=closed))

    async def _probe(self, request: ProbeRequest) -> None:
        try:
            async with self._probing, asyncio.timeout(PROBE_TIMEOUT_S):
                answer = await self._handlers.on_probe(request)
        except TimeoutError:
            answer = ProbeAnswer(request=request.request, reason="no_packets", detail="the try took too long")
        finally:
            self._probes -= 1
        await self._send_if_connected(answer)

    # -- reports ------------------------------------------------------------------------------------------------------

    async def _keep_reporting(self, line: aiohttp.ClientWebSocketResponse) -> None:
        for turn in count():
            reports = self._handlers.reports()
            if turn % ALL_REPORTS_EVERY:
                reports = [report for report in reports if self._told.get(_name(report)) != _gist(report)]
            if reports or turn % ALL_REPORTS_EVERY == 0:
                try:
                    await self._send(Reports(reports=tuple(reports)))
                except BrightKitchenError:
                    await line.close()  # a line that takes nothing is no line
                    return
                self._told.update((_name(report), _gist(report)) for report in reports)
            await self._clock.sleep(REPORT_EVERY_S)

    async def _keep_telling_views(self, line: aiohttp.ClientWebSocketResponse) -> None:
        """Send what was watched, one message at a time, each until control says that it is written."""
        while True:
            message = self._views.take()
            if message is not None:
                try:
                    await self._send(message)
                except BrightKitchenError:
                    await line.close()
                    return
            self._has_views.clear()
            await _wait_for(self._has_views, RESEND_S)

    def tell_kept(self) -> None:
        """Something was deleted, or a volume changed its state."""
        self._has_deletions.set()
        self._has_volumes.set()

    async def _keep_telling_deletions(self, line: aiohttp.ClientWebSocketResponse) -> None:
        """Send proofs, one message at a time, each until control says that it is in the audit."""
        while True:
            self._has_deletions.clear()
            try:
                message = await self._deletions.take()
                if message is not None:
                    await self._send(message)
            except (OSError, sqlite3.Error) as error:
                log.error("proofs cannot be read", error=type(error).__name__)
            except BrightKitchenError:
                await line.close()
                return
            await _wait_for(self._has_deletions, RESEND_S)

    async def _keep_telling_volumes(self, line: aiohttp.ClientWebSocketResponse) -> None:
        told: list[tuple[str, str]] | None = None
        told_s = -VOLUMES_EVERY_S
        while True:
            self._has_volumes.clear()
            volumes = self._handlers.volumes()
            now_s = self._clock.mono_s()
            words: list[tuple[str, str]] = [(volume.name, volume.state) for volume in volumes]
            if volumes and (words != told or now_s - told_s >= VOLUMES_EVERY_S):
                try:
                    await self._send(Volumes(volumes=volumes))
                except BrightKitchenError:
                    await line.close()
                    return
                told, told_s = words, now_s
            await _wait_for(self._has_volumes, VOLUMES_EVERY_S)

    async def _keep_telling_vitals(self, line: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            try:
                await self._send(self._handlers.vitals())
            except BrightKitchenError:
                await line.close()
                return
            await self._clock.sleep(VITALS_EVERY_S)

    async def flush_views(self, timeout_s: float) -> None:
        """Wait until control has all that was watched, at most `timeout_s`; for a node that stops."""
        await wait_until(lambda: not self._views or not self.is_connected, self._clock, timeout_s=timeout_s)

    # -- sending ------------------------------------------------------------------------------------------------------

    async def _send(self, message: ToControl) -> None:
        """raises: BrightKitchenError(UNAVAILABLE, "node.no_control")."""
        line = self._line
        if line is None:
            raise _no_control()
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await line.send_str(build_message(message).decode())
        except (OSError, TimeoutError, aiohttp.ClientError) as cause:
            raise _no_control() from cause

    async def _send_if_connected(self, message: ToControl) -> None:
        try:
            await self._send(message)
        except BrightKitchenError:
            log.warning("answer lost with the line", message=type(message).__name__)

    def _fail_waiting(self) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(_no_control())


async def _wait_for(event: asyncio.Event, timeout_s: float) -> None:
    """Return when `event` is set, or after `timeout_s`."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return


def _name(report: StreamReport) -> tuple[str, str]:
    return report.camera, report.profile


def _gist(report: StreamReport) -> tuple[object, ...]:
    """What is worth telling at once; rates and times wait for the next full report."""
    return (
        (report.state, report.reason, report.detail, report.since_at),
        (report.recording, report.viewers, report.attempt),
        (report.video_codec, report.audio_codec, report.width_px, report.height_px),
    )


def _no_control() -> BrightKitchenError:
    return BrightKitchenError(Kind.UNAVAILABLE, "node.no_control")
