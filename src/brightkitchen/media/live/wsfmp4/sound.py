"""G.711 to AAC for all listeners of one stream: one session in the decode worker while anybody listens."""

import asyncio
from collections.abc import Callable
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.units import TICKS_PER_S
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.wire.au import AccessUnit, AudioFormat, Codec

AAC_FRAME_SAMPLES: Final = 1024
_QUEUE_UNITS: Final = 128
_HOLE_TICKS: Final = TICKS_PER_S // 5
_RETRY_S: Final = 5.0


class LiveSound:
    """on_open is told the AAC format at each beginning; on_frame each AAC frame with its presentation time, in order."""

    def __init__(
        self,
        camera: str,
        format: AudioFormat,
        pool: DecodePool,
        clock: Clock,
        *,
        on_open: Callable[[AudioFormat], None],
        on_frame: Callable[[int, bytes], None],
    ) -> None:
        self._camera = camera
        self._format = format
        self._pool = pool
        self._clock = clock
        self._on_open = on_open
        self._on_frame = on_frame
        self._units: asyncio.Queue[AccessUnit] = asyncio.Queue(_QUEUE_UNITS)
        self.dropped_units = 0

    def feed(self, unit: AccessUnit) -> None:
        """Take one packet of sound; the oldest is dropped when the worker cannot keep up."""
        if self._units.full():
            self._units.get_nowait()
            self.dropped_units += 1
        self._units.put_nowait(unit)

    async def run(self) -> None:
        """Transcode until cancelled. A worker that fails costs sound for some seconds, never pictures."""
        unit = await self._units.get()
        while True:
            try:
                unit = await self._run_session(unit)
            except BrightKitchenError:
                await self._clock.sleep(_RETRY_S)
                while not self._units.empty():
                    unit = self._units.get_nowait()

    async def _run_session(self, unit: AccessUnit) -> AccessUnit:
        """Transcode from `unit` on as long as the sound is unbroken; return the unit after the hole."""
        session, config = await self._pool.open_sound(self._camera, self._format)
        rate_hz = self._format.sample_rate_hz
        self._on_open(AudioFormat(Codec.AAC, rate_hz, self._format.channels, "mp4a.40.2", config))
        start = unit.pts
        fed_samples = frames = 0
        try:
            while abs(unit.pts - start - fed_samples * TICKS_PER_S // rate_hz) < _HOLE_TICKS:
                fed_samples += len(unit.data) // self._format.channels
                sound = await self._pool.feed_sound(self._camera, session, unit.data)
                for frame in sound.frames:
                    if frames > 0:  # the first is the encoder's priming and lies before the start
                        self._on_frame(start + (frames - 1) * AAC_FRAME_SAMPLES * TICKS_PER_S // rate_hz, frame)
                    frames += 1
                unit = await self._units.get()
            return unit
        finally:
            await self._pool.close_sound(self._camera, session)
