"""Try a camera out: connect, play for about two seconds, say what is there. Nothing is kept."""

import asyncio
from typing import Final

from brightkitchen.devices.ports import ProbeResult, SourceCounters, StreamAddress
from brightkitchen.devices.rtsp.connection import Outcome, RtspConnection
from brightkitchen.devices.rtsp.environment import ReceiverFactory, RtspEnvironment, rtp_receiver
from brightkitchen.devices.rtsp.source import MAX_REDIRECTS, follow_redirect
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.netguard import NetGuard
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Format

LISTEN_S: Final = 2.5


class _ProbeSink:
    """Counts what comes; `seen` is set by the first picture."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.formats: dict[int, Format] = {}
        self.pictures = 0
        self.first_s = self.last_s = 0.0
        self.bytes_after_first = 0
        self.seen = asyncio.Event()

    def on_connected(self) -> None:
        self.formats.clear()

    def on_format(self, track: int, format: Format) -> None:
        self.formats[track] = format

    def on_units(self, units: list[AccessUnit]) -> None:
        now_s = self._clock.mono_s()
        for unit in units:
            if self.pictures:
                self.bytes_after_first += len(unit.data)
            if unit.track == VIDEO_TRACK:
                self.pictures += 1
                self.last_s = now_s
                if self.pictures == 1:
                    self.first_s = now_s
                    self.seen.set()

    def on_state(self, state: CameraState, reason: Reason | None, detail: str) -> None:
        return None

    @property
    def fps(self) -> float:
        span_s = self.last_s - self.first_s
        return (self.pictures - 1) / span_s if span_s > 0 else 0.0

    @property
    def bitrate_bps(self) -> int:
        span_s = self.last_s - self.first_s
        return int(self.bytes_after_first * 8 / span_s) if span_s > 0 else 0


async def probe(
    address: StreamAddress,
    *,
    guard: NetGuard,
    clock: Clock,
    entropy: Entropy,
    timeout_s: float = 10.0,
    receiver: ReceiverFactory = rtp_receiver,
) -> ProbeResult:
    """Return within about `timeout_s` + 3 s what the camera delivers, or the one reason why it does not."""
    environment = RtspEnvironment(guard, clock, entropy, receiver)
    started_s = clock.mono_s()
    sink = _ProbeSink(clock)
    server = ""
    outcome: Outcome | None = None
    try:
        async with asyncio.timeout(timeout_s + LISTEN_S):
            for _ in range(MAX_REDIRECTS + 1):
                outcome, server = await _try(address, sink, environment, timeout_s)
                if outcome is None or outcome.redirect is None:
                    break
                address = follow_redirect(address, outcome.redirect)
    except TimeoutError:
        outcome = Outcome(Reason.NO_PACKETS, f"no picture within {timeout_s:.0f} s")
    except BrightKitchenError as cause:
        outcome = Outcome(Reason.SERVER_ERROR, f"an unusable redirect: {cause.code}")
    if sink.pictures:
        outcome = None
    return ProbeResult(
        reason=outcome.reason if outcome is not None else None,
        detail=outcome.detail if outcome is not None else "",
        formats=tuple(sink.formats[track] for track in sorted(sink.formats)),
        fps=round(sink.fps, 2),
        bitrate_bps=sink.bitrate_bps,
        server=server,
        elapsed_s=round(clock.mono_s() - started_s, 3),
    )


async def _try(
    address: StreamAddress, sink: _ProbeSink, environment: RtspEnvironment, timeout_s: float
) -> tuple[Outcome | None, str]:
    """Return (None, server) once the pictures have been counted, else why none came."""
    connection = RtspConnection(address, sink, environment, SourceCounters(), sink.on_state)
    connection.set_low_latency(True)
    running = asyncio.create_task(connection.run())
    seen = asyncio.create_task(sink.seen.wait())
    try:
        await asyncio.wait({running, seen}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result(), connection.server
        if not seen.done():
            return Outcome(*connection.why_no_picture()), connection.server
        await asyncio.wait({running}, timeout=LISTEN_S)
        return None, connection.server
    finally:
        seen.cancel()
        running.cancel()
        await asyncio.wait({running}, timeout=2.0)
