"""Still pictures (docs/design/media-path.md §4.4): the exact picture shown at an instant, and small key frames for lists.

The node reads access units, from the ring of the hub or from a file by its index; only the jailed worker decodes them.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.units import Utc
from brightkitchen.media.cache import ByteCache, SingleFlight
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.live.wsfmp4.muxer import StreamProvider
from brightkitchen.media.ports import Reader
from brightkitchen.media.store.model import FrameLocation
from brightkitchen.media.store.ports import Recordings
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Format, VideoFormat
from brightkitchen.wire.fmp4.reader import parse_init

SNAPSHOT_QUALITY: Final = 90
THUMB_QUALITY: Final = 75
MAX_THUMB_PX: Final = 1280
MAX_THUMBS_AT_ONCE: Final = 4
MAX_THUMBS_WAITING: Final = 60
_FIRST_PICTURE_S: Final = 10.0
_CACHE_BYTES: Final = 16 * 1024 * 1024
_MAX_GOP_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG and the instant of the picture."""

    jpeg: bytes
    frame_at: Utc


@dataclass(frozen=True, slots=True)
class Units:
    """What the decoder needs: from a key frame on, in decoding order. times: UTC of each unit; wanted: of the picture to be shown.

    location: where they are stored; None if they come from the ring of a live stream.
    """

    format: VideoFormat
    data: tuple[bytes, ...]
    times: tuple[Utc, ...]
    wanted: Utc
    location: FrameLocation | None = None


class _GopCatcher:
    """A reader that wants the current group of pictures once."""

    def __init__(self) -> None:
        self.caught: asyncio.Future[tuple[VideoFormat, list[AccessUnit]]] = asyncio.get_running_loop().create_future()
        self._format: VideoFormat | None = None

    def on_start(self, formats: dict[int, Format]) -> None:
        video = formats.get(VIDEO_TRACK)
        self._format = video if isinstance(video, VideoFormat) else None

    def on_units(self, units: list[AccessUnit]) -> None:
        pictures = [unit for unit in units if unit.track == VIDEO_TRACK]
        if self._format is not None and pictures and not self.caught.done():
            self.caught.set_result((self._format, pictures))

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        """A camera that is offline may come back within our patience."""

    def on_stop(self) -> None:
        self._format = None


class Stills:
    """Draws snapshots and thumbnails; each question once at a time, thumbnails remembered."""

    def __init__(self, streams: StreamProvider, recordings: Recordings, pool: DecodePool) -> None:
        self._streams = streams
        self._recordings = recordings
        self._pool = pool
        self._thumbs = ByteCache(_CACHE_BYTES)
        self._thumb_places = asyncio.Semaphore(MAX_THUMBS_AT_ONCE)
        self._thumbs_asked = 0
        self._flights: SingleFlight[Still] = SingleFlight()

    async def snapshot(self, key: StreamKey, at: Utc | None) -> Still:
        """Return the picture that was shown at `at`, or the newest one.

        raises: NOT_FOUND media.nothing_recorded, UNAVAILABLE media.no_picture, and those of `DecodePool`.
        """
        return await self._flights.ask((key, at), lambda: self._draw_snapshot(key, at))

    async def thumb(
        self, key: StreamKey, at: Utc | None, width_px: int, *, is_wanted: Callable[[], bool] = lambda: True
    ) -> Still:
        """Return the nearest key frame at or before `at`, or the newest, at most `width_px` wide.

        Pictures of recordings are made a few at a time: somebody moves a pointer along a timeline, and all but the last place was passed by.
        is_wanted: asked when its turn comes; False: nobody waits for it any more, and nothing is read or decoded.
        raises: as `snapshot`; EXHAUSTED media.decode_busy if too many wait; UNAVAILABLE media.no_picture if it was not wanted.
        """
        if at is None:
            return await self._flights.ask((key, None, width_px), lambda: self._draw_newest(key, width_px))
        location = await self._locate(key, at, key_only=True)
        known = self._thumbs.get((key, location.frame_at, width_px))
        if known is not None:
            return Still(known, location.frame_at)
        if self._thumbs_asked >= MAX_THUMBS_AT_ONCE + MAX_THUMBS_WAITING:
            raise BrightKitchenError(Kind.EXHAUSTED, "media.decode_busy")
        self._thumbs_asked += 1
        try:
            async with self._thumb_places:
                if not is_wanted():
                    raise BrightKitchenError(Kind.UNAVAILABLE, "media.no_picture")
                name = (key, location.frame_at, width_px)
                return await self._flights.ask(name, lambda: self._draw_located(key, location, width_px))
        finally:
            self._thumbs_asked -= 1

    async def _draw_snapshot(self, key: StreamKey, at: Utc | None) -> Still:
        units = await (self.live_units(key) if at is None else self.recorded_units(key, at))
        return await self.draw(key, units)

    async def live_units(self, key: StreamKey) -> Units:
        """Return the group of pictures that is shown now, up to its newest. raises: as `snapshot`."""
        return await self._live_units(key)

    async def recorded_units(self, key: StreamKey, at: Utc) -> Units:
        """Return what is stored from the key frame up to the picture shown at `at`. raises: as `snapshot`."""
        return await asyncio.to_thread(self._read_units, await self._locate(key, at, key_only=False))

    async def draw(self, key: StreamKey, units: Units) -> Still:
        """Return the wanted picture of `units`, whole. raises: those of `DecodePool`."""
        return await self._draw(key, units, width_px=0, quality=SNAPSHOT_QUALITY)

    async def _draw_newest(self, key: StreamKey, width_px: int) -> Still:
        live = await self._live_units(key)
        units = Units(live.format, live.data[:1], live.times[:1], live.times[0])
        return await self._draw_thumb(key, units, width_px)

    async def _draw_located(self, key: StreamKey, location: FrameLocation, width_px: int) -> Still:
        return await self._draw_thumb(key, await asyncio.to_thread(self._read_units, location), width_px)

    async def _draw_thumb(self, key: StreamKey, units: Units, width_px: int) -> Still:
        name = (key, units.wanted, width_px)
        known = self._thumbs.get(name)
        if known is not None:
            return Still(known, units.wanted)
        still = await self._draw(key, units, width_px=width_px, quality=THUMB_QUALITY)
        self._thumbs.put(name, still.jpeg)
        return still

    async def _draw(self, key: StreamKey, units: Units, *, width_px: int, quality: int) -> Still:
        shot = await self._pool.draw_jpeg(
            key.camera,
            units.format,
            units.data,
            units.times,
            wanted=units.wanted,
            width_px=width_px,
            quality=quality,
        )
        return Still(shot.jpeg, Utc(shot.time))

    async def _live_units(self, key: StreamKey) -> Units:
        stream = self._streams.get(key)
        if stream is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        catcher = _GopCatcher()
        reader: Reader = catcher
        stream.attach(reader, is_viewer=False)
        try:
            async with asyncio.timeout(_FIRST_PICTURE_S):
                format, pictures = await catcher.caught
        except TimeoutError as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.no_picture") from cause
        finally:
            stream.detach(reader)
        times = tuple(stream.wall.utc(unit.pts) for unit in pictures)
        return Units(format, tuple(unit.data for unit in pictures), times, max(times))

    async def _locate(self, key: StreamKey, at: Utc, *, key_only: bool) -> FrameLocation:
        locate = self._recordings.locate_key if key_only else self._recordings.locate
        location = await asyncio.to_thread(locate, key, at)
        if location is None or not location.samples:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.nothing_recorded")
        return location

    def _read_units(self, location: FrameLocation) -> Units:
        """Runs in a thread. raises: DATA_LOSS if the file is not what the index says."""
        samples = location.samples
        if sum(sample.size_bytes for sample in samples) > _MAX_GOP_BYTES:
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
        init = self._recordings.init_bytes(location.segment.id)
        opened = self._recordings.open_segment(location.segment.id)
        try:
            data = tuple(os.pread(opened.fd, sample.size_bytes, sample.offset) for sample in samples)
        finally:
            os.close(opened.fd)
        if any(len(read) != sample.size_bytes for read, sample in zip(data, samples, strict=True)):
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
        times = tuple(sample.at for sample in samples)
        return Units(_read_format(init), data, times, samples[-1].at, location)


def _read_format(init: bytes) -> VideoFormat:
    try:
        video = parse_init(init).get(VIDEO_TRACK)
    except TheirError as cause:
        raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged") from cause
    if not isinstance(video, VideoFormat):
        raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
    return video
