"""One stream through one worker: access units in, H.264 access units out. The worker's answers are checked like a stranger's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.media.decode.messages import Transcoded, TranscodeFeed, TranscodeOpen
from brightkitchen.media.decode.pool import OwnLane
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Codec, VideoFormat
from brightkitchen.wire.h26x import build_video_format, split_avcc

MOST_WIDTH_PX: Final = 1280
MOST_HEIGHT_PX: Final = 720
MOST_FPS: Final = 30
MOST_FPS_LARGE: Final = 15
_LARGE_PX: Final = 1920 * 1088  # above, decoding alone takes half a core


@dataclass(slots=True)
class TranscodeCounters:
    """Since the node started; read by the metrics page. dropped_units: left out because a worker lagged behind."""

    started: int = 0
    failed: int = 0
    pictures: int = 0
    broken_units: int = 0
    dropped_units: int = 0
    cpu_us: int = 0


class Coding:
    """Owns one worker. One question at a time, so that nothing can pile up inside."""

    def __init__(self, camera: str, lane: OwnLane, clock: Clock, counters: TranscodeCounters) -> None:
        self._camera = camera
        self._lane = lane
        self._clock = clock
        self._counters = counters
        self._last_pts: int | None = None
        self.format: VideoFormat | None = None
        """What comes out; None before the first picture."""

    @property
    def pid(self) -> int | None:
        return self._lane.pid

    async def open(self, format: VideoFormat, *, is_all_keys: bool = False) -> None:
        """Begin a stream; what was begun before is forgotten. raises: BrightKitchenError UNAVAILABLE."""
        is_large = format.width_px * format.height_px > _LARGE_PX
        self.format = None
        self._last_pts = None
        self._counters.started += 1
        await self._lane.ask(
            self._camera,
            lambda id: TranscodeOpen(
                id=id,
                codec=format.codec.value,
                parameter_sets=format.parameter_sets,
                most_width_px=MOST_WIDTH_PX,
                most_height_px=MOST_HEIGHT_PX,
                most_fps=MOST_FPS_LARGE if is_large else MOST_FPS,
                is_all_keys=is_all_keys,
            ),
        )

    async def feed(
        self,
        units: Sequence[AccessUnit],
        *,
        is_restart: bool = False,
        from_pts: int | None = None,
        is_last: bool = False,
    ) -> list[AccessUnit]:
        """Return the pictures that these units complete, in order, with the times they came with.

        is_restart: units were left out before the first of these, a key frame. from_pts: what is shown earlier is decoded only.
        raises: BrightKitchenError UNAVAILABLE: the worker failed, and `open` is needed.
        """
        answer = await self._lane.ask(
            self._camera,
            lambda id: TranscodeFeed(
                id=id,
                units=tuple(unit.data for unit in units),
                times=tuple(unit.pts for unit in units),
                is_restart=is_restart,
                from_time=from_pts,
                is_last=is_last,
            ),
        )
        if not isinstance(answer, Transcoded):
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.decode_failed")
        self._counters.cpu_us += max(0, answer.cpu_us)
        self._counters.broken_units += max(0, answer.broken)
        try:
            return self._check(answer)
        except TheirError as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.decode_failed") from cause

    def close(self) -> None:
        """End the worker; it is not waited for."""
        self._lane.close()

    def _check(self, answer: Transcoded) -> list[AccessUnit]:
        if not len(answer.units) == len(answer.times) == len(answer.keys):
            raise TheirError("a worker's answer does not fit together")
        if answer.units and (self.format is None or self.format.parameter_sets != answer.parameter_sets):
            if self.format is not None or not answer.keys[0]:
                raise TheirError("a transcoded stream begins without a key frame")
            self.format = build_video_format(Codec.H264, answer.parameter_sets)
        units = []
        for data, pts, is_key in zip(answer.units, answer.times, answer.keys, strict=True):
            if self._last_pts is not None and pts <= self._last_pts:
                raise TheirError("a transcoded stream goes back in time")
            for _ in split_avcc(data):
                pass  # raises where a length does not fit
            self._last_pts = pts
            units.append(AccessUnit(VIDEO_TRACK, pts, data, is_key, self._clock.utc()))
        self._counters.pictures += len(units)
        return units
