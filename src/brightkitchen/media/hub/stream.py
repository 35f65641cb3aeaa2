"""One stream of one camera and everybody who wants it (docs/design/media-path.md §2; time.md).

The stream is the only owner of its source, its group of pictures and its readers. All of it runs on the event loop, nothing
here waits. With 200 recorded cameras `on_units` is called some thousand times a second: work is per batch, not per unit.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.camerastate import CameraState, Reason, StreamReport
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import StreamKey, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import Utc
from brightkitchen.media.hub.wallmap import WallMap
from brightkitchen.media.ports import Reader, Source, SourceSink
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec, Format, VideoFormat

log = get_logger(__name__)

IDLE_STOP_S: Final = 15.0
GOP_LIMIT_BYTES: Final = 64 * 1024 * 1024  # SECURITY row 4
WINDOW_SAMPLES: Final = 6  # one a second: the first and the last are 5 s apart

OpenSource = Callable[[SourceSink], Source]


@dataclass(frozen=True, slots=True)
class _Sample:
    mono_s: float
    bytes_received: int
    packets_received: int
    packets_lost: int
    frames: int


class Stream:
    """A `SourceSink` for one source and the fan-out to any number of readers.

    A key frame is always the first unit of the list that readers get it in.
    """

    def __init__(
        self,
        key: StreamKey,
        open_source: OpenSource,
        *,
        clock: Clock,
        entropy: Entropy,
        supervisor: Supervisor,
        idle_stop_s: float = IDLE_STOP_S,
        on_changed: Callable[[StreamKey], None] = lambda key: None,
    ) -> None:
        self.key = key
        self.wall = WallMap()
        self.run = ""
        self.formats: dict[int, Format] = {}
        self.state = CameraState.STANDBY
        self.reason: Reason | None = None
        self.detail = ""
        self.since_at = clock.utc()
        self.last_frame_at: Utc | None = None
        self._clock = clock
        self._entropy = entropy
        self._supervisor = supervisor
        self._idle_stop_s = idle_stop_s
        self._open_source = open_source
        self._on_changed = on_changed
        self._source: Source | None = None
        self._task: asyncio.Task[None] | None = None
        self._idle: asyncio.Task[None] | None = None
        self._gop: list[AccessUnit] = []
        self._gop_from_bytes = 0
        self._playing: list[Reader] = []  # get every batch
        self._waiting: list[Reader] = []  # get the next key frame
        self._viewers = 0
        self._viewing: set[int] = set()
        self._samples: deque[_Sample] = deque(maxlen=WINDOW_SAMPLES)
        self._is_closed = False

    # -- readers -------------------------------------------------------------------------------------------------

    def attach(self, reader: Reader, *, is_viewer: bool = True) -> None:
        """Serve `reader` from now on: the current GOP at once if there is one, else from the next key frame.

        is_viewer: somebody looks at it now, so the source shall not collect packets; False for the recorder.
        """
        if self._is_closed:
            reader.on_state(CameraState.STANDBY, None)
            return
        if is_viewer:
            self._viewing.add(id(reader))
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._task is None:
            self._start_source()
        self._set_latency()
        reader.on_state(self.state, self.reason)
        if self._gop:
            self._playing = [*self._playing, reader]
            reader.on_start(dict(self.formats))
            reader.on_units(self._gop.copy())
        else:
            self._waiting = [*self._waiting, reader]
        self._on_changed(self.key)

    def detach(self, reader: Reader) -> None:
        """Stop serving `reader`; harmless if it is not attached. The source stops 15 s after the last one went."""
        before = len(self._playing) + len(self._waiting)
        self._playing = [other for other in self._playing if other is not reader]
        self._waiting = [other for other in self._waiting if other is not reader]
        if len(self._playing) + len(self._waiting) == before:
            return
        self._viewing.discard(id(reader))
        self._set_latency()
        if self._task is not None and before == 1:
            self._idle = self._supervisor.start(f"idle {self.key}", self._stop_when_idle())
        self._on_changed(self.key)

    @property
    def viewers(self) -> int:
        return len(self._viewing)

    @property
    def clock_drift_us(self) -> int | None:
        """The camera's wall clock minus ours; None while it has not said its time."""
        return self._source.counters.clock_drift_us if self._source is not None else None

    @property
    def gop_units(self) -> int:
        """How many units the ring holds now."""
        return len(self._gop)

    # -- what the source says (media.ports.SourceSink) ---------------------------------------------------------------

    def on_connected(self) -> None:
        self._interrupt()
        self.run = new_id("run", self._entropy)
        self.formats = {}
        self.wall = WallMap()
        self._samples.clear()

    def on_format(self, track: int, format: Format) -> None:
        if self.formats.get(track) == format:
            return
        self.formats = {**self.formats, track: format}  # before the interruption: readers see why they are stopped
        self._interrupt()
        self._on_changed(self.key)

    def on_units(self, units: list[AccessUnit]) -> None:
        if not units or self._is_closed:
            return
        last = units[-1]
        self.last_frame_at = last.received_at
        if self.wall.observe(last.pts, last.received_at):
            log.warning("wall clock jumped", stream=str(self.key))
        keys = [at for at, unit in enumerate(units) if unit.is_key and unit.track == VIDEO_TRACK]
        if not keys:
            self._continue(units)
            return
        if keys[0] > 0:
            self._continue(units[: keys[0]])
        for number, at in enumerate(keys):
            end = keys[number + 1] if number + 1 < len(keys) else len(units)
            self._begin_gop(units[at:end])

    def on_state(self, state: CameraState, reason: Reason | None, detail: str) -> None:
        if self._is_closed:
            return
        if state in (CameraState.OFFLINE, CameraState.CONNECTING, CameraState.STANDBY):
            self._interrupt()
        if (state, reason) != (self.state, self.reason):
            if state is not self.state:
                self.since_at = self._clock.utc()
            self.state, self.reason = state, reason
            for reader in [*self._playing, *self._waiting]:
                reader.on_state(state, reason)
            self._on_changed(self.key)
        self.detail = detail

    def _continue(self, units: list[AccessUnit]) -> None:
        if not self._gop:
            return
        self._gop.extend(units)
        for reader in self._playing:
            reader.on_units(units)
        if self._received_bytes() - self._gop_from_bytes > GOP_LIMIT_BYTES:
            log.warning("group of pictures too long", stream=str(self.key), limit_bytes=GOP_LIMIT_BYTES)
            self._interrupt()

    def _begin_gop(self, units: list[AccessUnit]) -> None:
        if VIDEO_TRACK not in self.formats:
            return
        self._gop = units.copy()
        self._gop_from_bytes = self._received_bytes()
        if self._waiting:
            starting, self._waiting = self._waiting, []
            for reader in starting:
                reader.on_start(dict(self.formats))
            self._playing = [*self._playing, *starting]
        for reader in self._playing:
            reader.on_units(units)

    def _interrupt(self) -> None:
        """Nobody gets anything until the next key frame, which then is a start."""
        self._gop = []
        stopping, self._playing = self._playing, []
        self._waiting = [*self._waiting, *stopping]
        for reader in stopping:
            reader.on_stop()

    def _received_bytes(self) -> int:
        return self._source.counters.bytes_received if self._source is not None else 0

    # -- the source ---------------------------------------------------------------------------------------------------

    async def replace_source(self, open_source: OpenSource) -> None:
        """Connect anew, to another address or with another password; readers stay."""
        self._open_source = open_source
        if self._task is not None and not self._is_closed:
            await self._stop_source()
            self._start_source()

    async def close(self) -> None:
        """Stop the source and let every reader go."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        await self._stop_source()
        self._is_closed = True
        self._playing, self._waiting = [], []
        self._viewing.clear()

    def _start_source(self) -> None:
        self.on_state(CameraState.CONNECTING, None, "")
        self._task = self._supervisor.keep(f"source {self.key}", self._run_source)

    async def _run_source(self) -> None:
        """A source runs until it is cancelled; one that ends by itself is a bug: the supervisor starts it again."""
        source = self._source = self._open_source(self)
        self._set_latency()
        try:
            await source.run()
        finally:
            if self._source is source:
                self.on_state(CameraState.OFFLINE, Reason.PROTOCOL_ERROR, "the source ended by itself")
                self._source = None

    async def _stop_source(self) -> None:
        task, self._task, self._source = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=5)
        self._samples.clear()
        self.on_state(CameraState.STANDBY, None, "")

    async def _stop_when_idle(self) -> None:
        await self._clock.sleep(self._idle_stop_s)
        self._idle = None
        if not self._playing and not self._waiting:
            await self._stop_source()

    def _set_latency(self) -> None:
        if self._source is not None:
            self._source.set_low_latency(bool(self._viewing))

    # -- what is reported ---------------------------------------------------------------------------------------------

    def sample(self) -> None:
        """Remember the counters; called once a second."""
        if self._source is None:
            return
        now = self._source.counters
        self._samples.append(
            _Sample(self._clock.mono_s(), now.bytes_received, now.packets_received, now.packets_lost, now.frames)
        )

    def report(self) -> StreamReport:
        """Return what this stream is now; rates are over the last 5 s. Recording is the recorder's to add."""
        bitrate_bps, fps, loss_ratio = self._rates()
        video = self.formats.get(VIDEO_TRACK)
        width_px, height_px = (video.width_px, video.height_px) if isinstance(video, VideoFormat) else (0, 0)
        return StreamReport(
            camera=self.key.camera,
            profile=self.key.profile.value,
            state=self.state,
            reason=self.reason,
            detail=self.detail,
            since_at=self.since_at,
            last_frame_at=self.last_frame_at,
            bitrate_bps=bitrate_bps,
            fps=fps,
            lost_packets=self._source.counters.packets_lost if self._source is not None else 0,
            loss_ratio=loss_ratio,
            video_codec=video.codec_string if video is not None else "",
            width_px=width_px,
            height_px=height_px,
            audio_codec=audio_word(self.formats.get(AUDIO_TRACK)),
            viewers=self.viewers,
            attempt=self._source.counters.attempts if self._source is not None else 0,
        )

    def _rates(self) -> tuple[int, float, float]:
        if len(self._samples) < 2:
            return 0, 0.0, 0.0
        first, last = self._samples[0], self._samples[-1]
        elapsed_s = last.mono_s - first.mono_s
        if elapsed_s <= 0 or last.bytes_received < first.bytes_received:
            return 0, 0.0, 0.0
        lost = max(0, last.packets_lost - first.packets_lost)
        expected = lost + max(0, last.packets_received - first.packets_received)
        return (
            int((last.bytes_received - first.bytes_received) * 8 / elapsed_s),
            round((last.frames - first.frames) / elapsed_s, 2),
            round(lost / expected, 4) if expected else 0.0,
        )


def audio_word(format: Format | None) -> str:
    """Return the word for a sound track in reports and rows: "pcma", "pcmu", RFC 6381 for AAC, "" for none."""
    if not isinstance(format, AudioFormat):
        return ""
    return format.codec_string if format.codec is Codec.AAC else format.codec.value
