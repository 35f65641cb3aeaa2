"""What the nodes say of each stream now, kept in memory, and who wants to hear when it changes."""

import asyncio
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.ids import CameraId

MAX_PENDING: Final = 4096
MAX_TROUBLED: Final = 10_000
"""Cameras that one question about trouble names: below what a database takes as parameters of one statement."""

_TROUBLED: Final = frozenset({CameraState.OFFLINE, CameraState.DEGRADED})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Cameras whose main stream is not as it should be, `MAX_TROUBLED` in all at most.

    failing: offline or degraded. unrecorded: pictures arrive and are not recorded, which is wrong only where it is planned.
    """

    failing: tuple[CameraId, ...] = ()
    unrecorded: tuple[CameraId, ...] = ()


class Feed:
    """One listener's changed cameras, each named once however often it changed; bounded.

    A listener that falls behind by more than `MAX_PENDING` cameras is told to begin again.
    """

    def __init__(self) -> None:
        self._pending: dict[CameraId, None] = {}
        self._work: set[CameraId] = set()
        self._wake = asyncio.Event()
        self.is_overrun = False
        self.is_closed = False

    def put(self, camera: CameraId, *, is_work: bool = False) -> None:
        """Note that `camera` changed. is_work: an alarm or a ticket of it did."""
        if len(self._pending) >= MAX_PENDING and camera not in self._pending:
            self.is_overrun = True
        else:
            self._pending[camera] = None
            if is_work:
                self._work.add(camera)
        self._wake.set()

    def wake(self) -> None:
        """Let the listener look around though nothing changed: what it may see may have."""
        self._wake.set()

    def close(self) -> None:
        """Let the listener know that there will be no more."""
        self.is_closed = True
        self._wake.set()

    def take_work(self) -> frozenset[CameraId]:
        """Return those of the cameras handed out by `take` whose alarms or tickets changed, since the last call."""
        work = frozenset(self._work - self._pending.keys())
        self._work -= work
        return work

    async def take(self, timeout_s: float) -> tuple[CameraId, ...]:
        """Return the cameras that changed since the last call; () when `timeout_s` pass without any."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            return ()
        self._wake.clear()
        changed = tuple(self._pending)
        self._pending.clear()
        return changed


class LiveBoard:
    """The newest report of every stream. One per process; only the event loop touches it."""

    def __init__(self) -> None:
        self._reports: dict[CameraId, dict[str, StreamReport]] = {}
        self._feeds: set[Feed] = set()
        self._resting: frozenset[tuple[CameraId, str]] = frozenset()

    def note(self, report: StreamReport) -> None:
        """Keep the report; listeners hear of the camera if anything in it is new."""
        camera = CameraId(report.camera)
        streams = self._reports.setdefault(camera, {})
        if streams.get(report.profile) != report:
            streams[report.profile] = report
            self.announce(camera)

    def of(self, camera: CameraId) -> dict[str, StreamReport]:
        """Return profile → report; {} if nothing is known."""
        return dict(self._reports.get(camera, {}))

    def note_resting(self, resting: frozenset[tuple[CameraId, str]]) -> None:
        """Keep which streams (camera, profile) are not to be recorded now; listeners hear of cameras where that changed."""
        changed = {camera for camera, _ in self._resting ^ resting}
        self._resting = resting
        for camera in changed:
            self.announce(camera)

    def is_planned(self, camera: CameraId, profile: str) -> bool:
        """False while a rule says that this stream is not recorded now."""
        return (camera, profile) not in self._resting

    def find_trouble(self) -> Trouble:
        """Return which cameras are in trouble by what the nodes said last."""
        failing: list[CameraId] = []
        unrecorded: list[CameraId] = []
        for camera, streams in self._reports.items():
            main = streams.get("main")
            if main is None:
                continue
            if main.state in _TROUBLED:
                failing.append(camera)
            elif main.state is CameraState.LIVE and not main.recording and self.is_planned(camera, "main"):
                unrecorded.append(camera)
            if len(failing) + len(unrecorded) >= MAX_TROUBLED:
                break
        return Trouble(tuple(failing), tuple(unrecorded))

    def forget(self, camera: CameraId) -> None:
        """Drop what is known of a camera that was retired or moved, and tell the listeners."""
        self._reports.pop(camera, None)
        self.announce(camera)

    def announce(self, camera: CameraId) -> None:
        """Tell every listener that something about the camera changed."""
        for feed in self._feeds:
            feed.put(camera)

    def announce_work(self, camera: CameraId) -> None:
        """Tell every listener that an alarm or a fault ticket of the camera began, moved or ended."""
        for feed in self._feeds:
            feed.put(camera, is_work=True)

    def subscribe(self) -> Feed:
        """Return a feed of the changes from now on."""
        feed = Feed()
        self._feeds.add(feed)
        return feed

    def unsubscribe(self, feed: Feed) -> None:
        """End a feed."""
        self._feeds.discard(feed)
