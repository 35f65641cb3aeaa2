"""A media node's runtime: makes the streams be what control desires, and says what is.

Nothing relies on an event not being lost: `apply` may be called again with the same list, and every 60 s what is wanted is
compared with what is there. What differs then is repaired and logged, because it should not have happened.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from brightkitchen.kernel.cameraspec import CameraSpec, Credential
from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey, is_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.nodeprotocol import Desired, Holds
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.hub.stream import OpenSource, Stream
from brightkitchen.media.ports import Source, SourceFactory, SourceSink
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.store.model import GapReason
from brightkitchen.media.store.store import Store

log = get_logger(__name__)

SAMPLE_EVERY_S: Final = 1.0
REPAIR_EVERY_S: Final = 60.0
RETRY_CREDENTIALS_S: Final = 5.0
STALE_US: Final = 60 * US_PER_S
_FRESH_US: Final = 10 * US_PER_S
_REQUESTS_AT_ONCE: Final = 32
_NEVER: Final = Utc(1 << 62)

FetchCredential = Callable[[str, int], Awaitable[Credential | None]]
"""(camera, epoch) → its log-in. raises: BrightKitchenError(UNAVAILABLE) if control does not answer."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One stream as it is wanted: all that makes a new connection necessary when it changes."""

    spec: CameraSpec
    profile: Profile
    credential: Credential | None

    def differs(self, other: "_Target") -> bool:
        return self._address() != other._address()

    def _address(self) -> tuple[object, ...]:
        spec = self.spec
        stream = spec.main if self.profile is Profile.MAIN else spec.sub
        return (
            (spec.host, spec.port, spec.tls, stream.path if stream is not None else ""),
            (spec.transport, spec.audio, spec.allow_basic, spec.has_credential),
            self.credential,
        )


class MediaNode:
    """Owns hub, recorder and store of one process."""

    def __init__(
        self,
        node_id: str,
        *,
        hub: Hub,
        recorder: Recorder,
        store: Store,
        source_factory: SourceFactory,
        clock: Clock,
        supervisor: Supervisor,
    ) -> None:
        self.node_id = node_id
        self.hub = hub
        self.recorder = recorder
        self.store = store
        self._source_factory = source_factory
        self._clock = clock
        self._supervisor = supervisor
        self._desired = Desired(version=0, cameras=())
        self._fetch: FetchCredential | None = None
        self._credentials: dict[str, tuple[int, Credential | None]] = {}
        self._running: dict[StreamKey, _Target] = {}
        self._lock = asyncio.Lock()
        self._missing: set[str] = set()  # cameras whose log-in control did not give yet
        self._kept_plans: list[tuple[str, int, int]] = []
        self._next_edge_at = Utc(0)  # when a quiet window begins or ends next
        self._looked_at = Utc(0)
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = asyncio.Event()  # the store's threads ended: this process must be started anew

    def start(self) -> None:
        """Start the tasks that look after everything."""
        self.store.start()
        keep = self._supervisor.keep
        self._tasks = [
            keep("recorder", self.recorder.run),
            keep("node sample", self._keep_sampling),
            keep("node repair", self._keep_repairing),
            keep("node credentials", self._keep_asking),
        ]

    async def stop(self) -> None:
        """Close every file in order and let the cameras go; takes at most 5 s even if the disk hangs."""
        async with self._lock:
            for task in self._tasks:  # or they would find that the store is closed, and call that a failure
                task.cancel()
            self._desired = Desired(version=self._desired.version, cameras=())
            self._running.clear()
            self.recorder.close()
            await self.hub.close()
            if not await asyncio.to_thread(self.store.close, 4.0):
                log.error("disk did not answer, the next start recovers")

    # -- desired state ------------------------------------------------------------------------------------------------

    async def apply(self, desired: Desired, fetch: FetchCredential) -> None:
        """Make streams and recordings what `desired` says. Only what changed is touched."""
        async with self._lock:
            self._desired, self._fetch = desired, fetch
            await self._keep_plans(desired.cameras)
            await self._load_credentials(desired.cameras, fetch)
            await self._reconcile()

    async def _keep_plans(self, cameras: tuple[CameraSpec, ...]) -> None:
        """Keep on the disk how long recordings stay, so that it outlasts a camera that is listed no more."""
        plans = [(spec.camera, spec.plan.keep_days, spec.plan.version) for spec in cameras if is_id(spec.camera, "cam")]
        if plans == self._kept_plans:
            return
        try:
            await asyncio.to_thread(self.store.keeper.keep_plans, plans)  # a few seconds at most, also if a disk hangs
            self._kept_plans = plans
        except (OSError, sqlite3.Error) as error:  # the next list, or the repair, tries again
            log.error("plans not kept", error=type(error).__name__)

    async def keep_holds(self, holds: Holds) -> None:
        """Return when the list is on the disk. raises: OSError, sqlite3.Error."""
        await asyncio.to_thread(self.store.keeper.keep_holds, holds.version, holds.holds)

    @property
    def desired(self) -> Desired:
        return self._desired

    @property
    def credentials(self) -> dict[str, Credential]:
        """The log-ins in use, by camera, to be kept sealed for a start without control."""
        return {camera: known for camera, (_, known) in self._credentials.items() if known is not None}

    async def _load_credentials(self, cameras: tuple[CameraSpec, ...], fetch: FetchCredential) -> None:
        """Ask for what is new; a camera's epoch grows whenever its address or its log-in changes."""
        wanted = {spec.camera: spec for spec in cameras if spec.has_credential}
        self._credentials = {camera: known for camera, known in self._credentials.items() if camera in wanted}
        unknown = [spec for spec in wanted.values() if self._credentials.get(spec.camera, (-1,))[0] != spec.epoch]
        gate = asyncio.Semaphore(_REQUESTS_AT_ONCE)
        self._missing = set()

        async def ask(spec: CameraSpec) -> None:
            async with gate:
                try:
                    self._credentials[spec.camera] = (spec.epoch, await fetch(spec.camera, spec.epoch))
                except BrightKitchenError as error:
                    self._missing.add(spec.camera)
                    log.warning("no answer about a camera's log-in", camera=spec.camera, code=error.code)

        await asyncio.gather(*(ask(spec) for spec in unknown))

    async def _reconcile(self) -> int:
        """Return how many streams or recordings had to be touched."""
        targets, now = self._targets(), self._clock.utc()
        changes = 0
        for key in [stream.key for stream in self.hub if stream.key not in targets]:
            self.recorder.stop(key, GapReason.NOT_PLANNED)
            await self.hub.remove(key)
            self._running.pop(key, None)
            changes += 1
        for key, target in targets.items():
            stream = self.hub.get(key)
            if stream is None:
                stream = self.hub.add(key, self._opener(target))
                changes += 1
            elif key not in self._running or self._running[key].differs(target):
                await stream.replace_source(self._opener(target))
                changes += 1
            self._running[key] = target
            changes += self._set_recording(stream, key.profile.value in target.spec.plan.recorded_at(now))
        self._note_edges(now)
        return changes

    def _note_edges(self, now: Utc) -> None:
        self._looked_at = now
        windows = (window for target in self._running.values() for window in target.spec.plan.quiet)
        edges = (edge for window in windows for edge in (window.from_at, window.to_at) if edge > now)
        self._next_edge_at = min(edges, default=_NEVER)

    async def _follow_plans(self) -> None:
        """Begin or end recording where a quiet window begins or ends; also when the clock went back over one."""
        now = self._clock.utc()
        if self._looked_at <= now < self._next_edge_at:
            self._looked_at = now
            return
        async with self._lock:
            changes = 0
            for key, target in self._running.items():
                stream = self.hub.get(key)
                if stream is not None:
                    changes += self._set_recording(stream, key.profile.value in target.spec.plan.recorded_at(now))
            self._note_edges(now)
        if changes:
            log.info("plans followed", changes=changes)

    def _set_recording(self, stream: Stream, is_wanted: bool) -> int:
        if is_wanted == (stream.key in self.recorder.keys):
            return 0
        if is_wanted:
            self.recorder.start(stream)
        else:
            self.recorder.stop(stream.key, GapReason.NOT_PLANNED)
        return 1

    def _targets(self) -> dict[StreamKey, _Target]:
        targets: dict[StreamKey, _Target] = {}
        for spec in self._desired.cameras:
            if not is_id(spec.camera, "cam"):
                log.error("desired camera without a proper id left out")
                continue
            known = self._credentials.get(spec.camera)
            if spec.has_credential and known is None:
                continue  # never knock without the password: cameras lock accounts
            for profile in (Profile.MAIN, Profile.SUB):
                if profile is Profile.MAIN or spec.sub is not None:
                    key = StreamKey(CameraId(spec.camera), profile)
                    targets[key] = _Target(spec, profile, known[1] if known is not None else None)
        return targets

    def _opener(self, target: _Target) -> OpenSource:
        def open_source(sink: SourceSink) -> Source:
            return self._source_factory(target.spec, target.profile, target.credential, sink)

        return open_source

    # -- keeping it so ------------------------------------------------------------------------------------------------

    async def repair(self) -> int:
        """Compare what is wanted with what is there, mend it, and return how much differed."""
        async with self._lock:
            await self._keep_plans(self._desired.cameras)
            changes = await self._reconcile()
            for key in self.recorder.keys:
                changes += self._restart_if_stale(key)
        if changes:
            log.error("drift repaired", changes=changes)
        return changes

    def _restart_if_stale(self, key: StreamKey) -> int:
        """Pictures come and nothing is written: that a recording stops silently is what must never happen."""
        stream, now = self.hub.get(key), self._clock.utc()
        if stream is None or stream.state is not CameraState.LIVE or self.recorder.pause is not None:
            return 0
        last_frame_at, until_at = stream.last_frame_at, self.recorder.state(key).recorded_until_at
        is_fresh = last_frame_at is not None and last_frame_at > now - _FRESH_US
        is_new = stream.since_at > now - STALE_US
        if not is_fresh or is_new or (until_at is not None and until_at > now - STALE_US):
            return 0
        log.error("recording had stopped without a reason", stream=str(key))
        self.recorder.stop(key, GapReason.UNKNOWN)
        self.recorder.start(stream)
        return 1

    async def _keep_sampling(self) -> None:
        while True:
            await self._clock.sleep(SAMPLE_EVERY_S)
            self.hub.sample()
            await self._follow_plans()
            if not self.store.is_alive:
                self.failed.set()

    async def _keep_repairing(self) -> None:
        while True:
            await self._clock.sleep(REPAIR_EVERY_S)
            await self.repair()

    async def _keep_asking(self) -> None:
        """Log-ins that control did not give are asked for again."""
        while True:
            await self._clock.sleep(RETRY_CREDENTIALS_S)
            if self._missing and self._fetch is not None:
                await self.apply(self._desired, self._fetch)

    # -- what is ------------------------------------------------------------------------------------------------------

    def reports(self) -> list[StreamReport]:
        """Return every stream as it is now."""
        return [self._report(stream) for stream in self.hub]

    def _report(self, stream: Stream) -> StreamReport:
        state = self.recorder.state(stream.key)
        return msgspec.structs.replace(
            stream.report(), recording=state.is_recording, recorded_until_at=state.recorded_until_at
        )
