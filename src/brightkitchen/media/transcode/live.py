"""A live stream as H.264, once for all who cannot play it as it comes (docs/design/media-path.md §4.7).

It is a reader of the hub's stream and itself a stream: the muxer on top does not know the difference. Sound passes through. Times pass
through too, so that the wall clock of the hub's stream holds. Everything but the questions to the worker runs at once, on the loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.tasks import Supervisor, back_off_s
from brightkitchen.kernel.units import TICKS_PER_S, Utc
from brightkitchen.media.live.wsfmp4.muxer import LiveStream, WallTime
from brightkitchen.media.ports import Reader
from brightkitchen.media.transcode.coding import Coding, TranscodeCounters
from brightkitchen.media.transcode.slots import Slot, Slots
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Format, VideoFormat

log = get_logger(__name__)

_UNITS_AT_ONCE: Final = 12
_MOST_WAITING_UNITS: Final = 1024
_MOST_WAITING_BYTES: Final = 32 * 1024 * 1024
_MOST_LATE_TICKS: Final = 3 * TICKS_PER_S
_LONGEST_BACK_OFF_S: Final = 8.0

Tell = Callable[[str, BrightKitchenError | None], None]
"""(state, why): "running", "restarting", or "refused" with the error: then nothing follows."""


class LiveTranscode:
    """One camera's stream, transcoded while somebody reads it and `IDLE_S` longer."""

    def __init__(
        self,
        key: StreamKey,
        source: LiveStream,
        *,
        slots: Slots,
        open_coding: Callable[[StreamKey], Coding],
        clock: Clock,
        entropy: Entropy,
        supervisor: Supervisor,
        counters: TranscodeCounters,
        on_unused: Callable[["LiveTranscode"], None],
    ) -> None:
        self.key = key
        self.source = source
        self.listeners: list[Tell] = []
        self._slots = slots
        self._open_coding = open_coding
        self._clock = clock
        self._entropy = entropy
        self._supervisor = supervisor
        self._counters = counters
        self._on_unused = on_unused
        self._readers: list[Reader] = []
        self._state: tuple[CameraState, Reason | None] | None = None
        self._is_attached = False
        self._slot: Slot | None = None
        self._coding: Coding | None = None
        self._task: asyncio.Task[None] | None = None
        self._formats: dict[int, Format] = {}  # as the camera sends them
        self._waiting: deque[AccessUnit] = deque()
        self._waiting_bytes = 0
        self._woken = asyncio.Event()
        self._needs_key = True  # what comes is left out until a key frame does
        self._is_new = True  # the next unit begins a timeline
        self._is_restart = False  # units were left out before the next
        self._is_interrupted = False  # readers were told that pictures stop for a moment
        self._is_resuming = False  # the source tells again what it told before
        self._timeline = 0
        self._live_pts: int | None = None  # where what is shown begins: what lies before is decoded only
        self._out: dict[int, Format] = {}  # as readers get them; empty before the first picture
        self._gop: list[AccessUnit] = []
        self._last_pts: int | None = None

    # -- for readers (structurally `LiveStream`) -----------------------------------------------------------------------

    @property
    def wall(self) -> WallTime:
        return self.source.wall

    @property
    def since_at(self) -> Utc:
        return self.source.since_at

    @property
    def pid(self) -> int | None:
        """The worker's process; None while none runs."""
        return self._coding.pid if self._coding is not None else None

    def attach(self, reader: Reader, *, is_viewer: bool = True) -> None:
        """Serve the reader; the first has the stream transcoded."""
        self._readers.append(reader)
        if self._slot is not None and self._formats:
            self._slots.wake(self._slot)
        if not self._is_attached:
            self._is_attached = True
            self.source.attach(self, is_viewer=is_viewer)
            return
        if self._slot is None and self._formats:  # there was no place, or the worker was given up
            self.source.detach(self)
            self.source.attach(self, is_viewer=is_viewer)
            return
        if self._state is not None:
            reader.on_state(*self._state)
        if self._out:
            reader.on_start(dict(self._out))
            reader.on_units(self._gop.copy())

    def detach(self, reader: Reader) -> None:
        """Serve the reader no more; the last one's going ends it, after a while."""
        if reader not in self._readers:
            return
        self._readers.remove(reader)
        if self._readers:
            return
        if self._slot is not None:
            self._slots.rest(self._slot, is_yielding=True)
        else:
            self._leave()

    # -- what the camera's stream says (media.ports.Reader) ------------------------------------------------------------

    def on_start(self, formats: dict[int, Format]) -> None:
        if not isinstance(formats.get(VIDEO_TRACK), VideoFormat):
            return
        self._drop_waiting()
        if self._is_resuming and formats == self._formats and self._last_pts is not None:
            self._live_pts = self._last_pts + 1  # what was sent already is decoded only
            return
        self._stop_readers()
        self._formats = formats
        self._timeline += 1
        self._is_new, self._last_pts = True, None
        try:
            self._take_slot()
        except BrightKitchenError as full:
            self._tell("refused", full)

    def on_units(self, units: list[AccessUnit]) -> None:
        pictures = [unit for unit in units if unit.track == VIDEO_TRACK]
        if len(pictures) != len(units) and self._out:
            sound = [unit for unit in units if unit.track != VIDEO_TRACK]
            for reader in self._readers:
                reader.on_units(sound)
        if self._slot is not None and pictures:
            self._queue(pictures)

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        self._state = (state, reason)
        for reader in self._readers:
            reader.on_state(state, reason)

    def on_stop(self) -> None:
        self._stop_readers()
        self._formats = {}
        self._timeline += 1
        self._drop_waiting()
        if self._slot is not None:
            self._slots.rest(self._slot, is_yielding=True)

    # -- the place -----------------------------------------------------------------------------------------------------

    def _take_slot(self) -> None:
        if self._slot is not None:
            if self._readers:
                self._slots.wake(self._slot)
            return
        self._slot = self._slots.take(str(self.key), self._on_slot_end)
        self._coding = self._open_coding(self.key)
        self._task = self._supervisor.keep(f"transcode {self.key}", self._run)

    def _on_slot_end(self) -> None:
        """The place is gone: nobody watches, or the camera is away."""
        self._slot = None
        if self._task is not None:
            self._task.cancel()
        if self._coding is not None:
            self._coding.close()
        self._task = self._coding = None
        self._drop_waiting()
        self._stop_readers()
        if not self._readers:
            self._leave()

    def _leave(self) -> None:
        if self._is_attached:
            self._is_attached = False
            self.source.detach(self)
        self._formats = {}
        self._timeline += 1
        self._on_unused(self)

    def close(self) -> None:
        """End it, whoever reads."""
        self._readers.clear()
        if self._slot is not None:
            self._slots.end(self._slot)
        else:
            self._leave()

    def _tell(self, state: str, why: BrightKitchenError | None = None) -> None:
        for listener in list(self.listeners):
            listener(state, why)

    # -- what waits for the worker -------------------------------------------------------------------------------------

    def _queue(self, pictures: list[AccessUnit]) -> None:
        """Put pictures behind those that wait; a worker that lags loses whole groups, never the loop its memory."""
        if self._needs_key:
            first = next((at for at, unit in enumerate(pictures) if unit.is_key), None)
            if first is None:
                self._counters.dropped_units += len(pictures)
                return
            pictures = pictures[first:]
            self._needs_key = False
            # Of what was filmed before anybody could see it, only the last picture is of use.
            self._live_pts = max(unit.pts for unit in pictures) if self._is_new else self._live_pts
        self._waiting.extend(pictures)
        self._waiting_bytes += sum(len(unit.data) for unit in pictures)
        if self._is_lagging():
            self._counters.dropped_units += len(self._waiting)
            self._drop_waiting()
            log.warning("transcoding lags behind, pictures left out", stream=str(self.key))
        self._woken.set()

    def _is_lagging(self) -> bool:
        if len(self._waiting) > _MOST_WAITING_UNITS or self._waiting_bytes > _MOST_WAITING_BYTES:
            return True
        oldest, newest = self._waiting[0].pts, self._waiting[-1].pts
        is_catching_up = self._live_pts is not None and oldest < self._live_pts
        return not is_catching_up and newest - oldest > _MOST_LATE_TICKS

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0
        self._needs_key = self._is_restart = True

    async def _next_units(self) -> list[AccessUnit]:
        while not self._waiting:
            self._woken.clear()
            await self._woken.wait()
        units = [self._waiting.popleft() for _ in range(min(_UNITS_AT_ONCE, len(self._waiting)))]
        self._waiting_bytes -= sum(len(unit.data) for unit in units)
        return units

    # -- the worker ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Transcode until cancelled. A worker that fails is replaced, after a while; the stream goes on where it was."""
        attempt = 0
        while self._coding is not None:
            try:
                await self._transcode(self._coding)
            except BrightKitchenError as failure:
                self._counters.failed += 1
                if failure.code == "media.decode_paused":
                    self._give_up()
                    await self._clock.sleep(0)  # ends here: the place is gone
                    return
                attempt += 1
                log.warning("transcoding failed", stream=str(self.key), code=failure.code, attempt=attempt)
                self._is_interrupted = True
                self._tell("restarting")
                await self._clock.sleep(back_off_s(attempt, self._entropy, longest_s=_LONGEST_BACK_OFF_S))
                self._begin_again()

    async def _transcode(self, coding: Coding) -> None:
        is_open = False
        while True:
            units = await self._next_units()
            if self._is_new or not is_open:
                format = self._formats.get(VIDEO_TRACK)
                if not isinstance(format, VideoFormat):
                    continue
                self._is_new = self._is_restart = False
                is_open = True
                await coding.open(format)
            is_restart, self._is_restart = self._is_restart, False
            timeline = self._timeline
            pictures = await coding.feed(units, is_restart=is_restart, from_pts=self._live_pts)
            if timeline == self._timeline and pictures and coding.format is not None:
                self._send(coding.format, pictures)

    def _send(self, format: VideoFormat, pictures: list[AccessUnit]) -> None:
        out = {**self._formats, VIDEO_TRACK: format}
        if out != self._out:
            self._stop_readers()
            self._out = out
            for reader in self._readers:
                reader.on_start(dict(out))
        if self._is_interrupted:
            self._is_interrupted = False
            self._tell("running")
        for unit in pictures:
            if unit.is_key:
                self._gop = []
            self._gop.append(unit)
        self._last_pts = pictures[-1].pts
        for reader in self._readers:
            reader.on_units(pictures)

    def _begin_again(self) -> None:
        """Take the camera's current group of pictures anew, and go on behind what was sent."""
        self._is_resuming = True
        self.source.detach(self)
        self.source.attach(self)
        self._is_resuming = False

    def _give_up(self) -> None:
        """This camera's pictures have killed the worker too often: it is left alone for some minutes."""
        self._tell("refused", BrightKitchenError(Kind.UNAVAILABLE, "media.transcode_failed"))
        if self._slot is not None:
            self._slots.end(self._slot)

    def _stop_readers(self) -> None:
        if not self._out:
            return
        self._out = {}
        self._gop = []
        for reader in self._readers:
            reader.on_stop()
