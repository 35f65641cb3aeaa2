"""Streams without a camera: formats, units and a source that a test feeds by hand."""

import asyncio
import struct
from collections.abc import Mapping, Sequence

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.kernel.units import TICKS_PER_S, Utc, ticks_to_us
from brightkitchen.media.ports import SourceSink
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec, Format, VideoFormat

START_AT = Utc(1_795_392_000_000_000)
FRAME_TICKS = TICKS_PER_S // 25
AUDIO_TICKS = TICKS_PER_S // 50
SPS = bytes.fromhex("67640028acd940780227e5c044000003000400000300c83c60c658")
PPS = bytes.fromhex("68ebe3cb22c0")
VIDEO = VideoFormat(Codec.H264, 1920, 1080, (SPS, PPS), "avc1.640028")
SMALL_VIDEO = VideoFormat(Codec.H264, 640, 360, (SPS[:-1] + b"\x59", PPS), "avc1.640028")
AUDIO = AudioFormat(Codec.PCMA, 8000, 1, "alaw")


def key_of(number: int, profile: Profile = Profile.MAIN) -> StreamKey:
    """Return the key of the camera with this number, 0 <= number < 1000."""
    return StreamKey(CameraId(f"cam_0000000000000{number:03d}"), profile)


def picture(number: int, *, gop: int = 50, size_bytes: int = 1000, at: Utc = START_AT) -> AccessUnit:
    """Return frame `number` of a 25 fps stream: a key frame each `gop`, its number in its bytes."""
    pts = number * FRAME_TICKS
    body = struct.pack(">I", number) * (size_bytes // 4 - 1)
    data = struct.pack(">I", len(body)) + body
    return AccessUnit(VIDEO_TRACK, pts, data, number % gop == 0, Utc(at + ticks_to_us(pts)))


def sound(number: int, *, at: Utc = START_AT) -> AccessUnit:
    """Return 20 ms of G.711, number 0 at tick 0."""
    pts = number * AUDIO_TICKS
    return AccessUnit(AUDIO_TRACK, pts, bytes([number % 256]) * 160, True, Utc(at + ticks_to_us(pts)))


def stretch(first: int, count: int, *, gop: int = 50, size_bytes: int = 1000, at: Utc = START_AT) -> list[AccessUnit]:
    """Return `count` pictures from number `first` on, with their sound behind each."""
    units: list[AccessUnit] = []
    for number in range(first, first + count):
        units.append(picture(number, gop=gop, size_bytes=size_bytes, at=at))
        units.extend((sound(2 * number, at=at), sound(2 * number + 1, at=at)))
    return units


class HandCounters:
    """Counters that a test sets."""

    def __init__(self) -> None:
        self.bytes_received = 0
        self.packets_received = 0
        self.packets_lost = 0
        self.frames = 0
        self.attempts = 0
        self.clock_drift_us: int | None = None


class HandSource:
    """A source that does what the test says."""

    def __init__(self, sink: SourceSink) -> None:
        self.sink = sink
        self.counters = HandCounters()
        self.is_low_latency = False
        self.is_running = False
        self.failure: asyncio.Future[None] | None = None

    async def run(self) -> None:
        self.is_running = True
        self.failure = asyncio.get_running_loop().create_future()
        try:
            await self.failure
        finally:
            self.is_running = False

    def set_low_latency(self, wanted: bool) -> None:
        self.is_low_latency = wanted

    def connect(self, formats: Mapping[int, Format] = {VIDEO_TRACK: VIDEO, AUDIO_TRACK: AUDIO}) -> None:
        self.sink.on_connected()
        for track, format in formats.items():
            self.sink.on_format(track, format)
        self.sink.on_state(CameraState.LIVE, None, "")

    def feed(self, units: Sequence[AccessUnit]) -> None:
        self.counters.bytes_received += sum(len(unit.data) for unit in units)
        self.counters.frames += sum(unit.track == VIDEO_TRACK for unit in units)
        self.counters.packets_received += len(units)
        self.sink.on_units(list(units))

    def break_off(self, reason: Reason = Reason.ENDED) -> None:
        self.sink.on_state(CameraState.OFFLINE, reason, "the camera closed the connection")


class HandSources:
    """Opens `HandSource`s and keeps them all."""

    def __init__(self) -> None:
        self.opened: list[HandSource] = []

    def __call__(self, sink: SourceSink) -> HandSource:
        source = HandSource(sink)
        self.opened.append(source)
        return source

    @property
    def last(self) -> HandSource:
        return self.opened[-1]


class Watcher:
    """A reader that writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.units: list[AccessUnit] = []
        self.formats: dict[int, Format] = {}

    def on_start(self, formats: dict[int, Format]) -> None:
        self.events.append("start")
        self.formats = formats
        self.units = []

    def on_units(self, units: list[AccessUnit]) -> None:
        self.units.extend(units)

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        self.events.append(state.value if reason is None else f"{state.value}:{reason.value}")

    def on_stop(self) -> None:
        self.events.append("stop")
