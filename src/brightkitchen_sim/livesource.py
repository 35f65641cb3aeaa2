"""The camera that is encoded while it is watched: a kitchen with a true clock in it.

One thread per stream, which lives only while somebody plays it. The wall clock is read right before a picture is
drawn and encoded, so what the clock shows is when the picture was made.
"""

import asyncio
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
from av.video.frame import PictureType

from brightkitchen_sim.clip import ClipHeader
from brightkitchen_sim.clock import Clock
from brightkitchen_sim.faults import Faults
from brightkitchen_sim.liveclock import Picture, draw_clock
from brightkitchen_sim.payload import build_avcc, split_annexb
from brightkitchen_sim.server.track import LiveTrack

FPS = 25
GOP = 25
_FINAL_WAIT_S = 2.0

Background = Callable[[int, int], Picture]


def build_plain_background(width_px: int, height_px: int) -> Picture:
    """Return soft stripes (height, width, 3), for a clock without a kitchen behind it."""
    shade = np.linspace(70, 150, height_px, dtype=np.float64)[:, np.newaxis]
    stripes = 12 * ((np.arange(width_px) // 80) % 2)[np.newaxis, :]
    return np.repeat((shade + stripes)[:, :, np.newaxis], 3, axis=2).astype(np.uint8)


def build_planes(background: Picture) -> Picture:
    """Return the picture as yuv420p planes (height * 3 / 2, width), colourless where the clock will be drawn."""
    picture = background.copy()
    draw_clock(picture, 0)
    return cast(Picture, av.VideoFrame.from_ndarray(picture, format="rgb24").to_ndarray(format="yuv420p"))


def open_encoder(width_px: int, height_px: int, bitrate_bps: int) -> Any:
    """Return an x264 context that gives out each frame at once, parameter sets apart."""
    encoder = cast(Any, av.CodecContext.create("libx264", "w"))
    encoder.width, encoder.height = width_px, height_px
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, FPS)
    encoder.framerate = Fraction(FPS, 1)
    encoder.bit_rate = bitrate_bps
    encoder.thread_count = 1
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:vbv-maxrate={bitrate_bps // 1000}"
        f":vbv-bufsize={bitrate_bps // 1000}",
    }
    encoder.flags |= av.codec.context.Flags.global_header.value
    encoder.open()
    return encoder


def read_parameter_sets(encoder: Any) -> tuple[bytes, ...]:
    """Return SPS and PPS of an opened encoder."""
    return tuple(unit for unit in split_annexb(bytes(encoder.extradata)) if unit[0] & 0x1F in (7, 8))


class LiveClockSource:
    """Feeds one `LiveTrack`.

    other_size: what the fault `resolution_change` changes to.
    """

    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        *,
        size: tuple[int, int],
        other_size: tuple[int, int],
        bitrate_bps: int,
        background: Background = build_plain_background,
    ) -> None:
        self._clock = clock
        self.background = background  # may be exchanged while it runs
        self._bitrate_bps = bitrate_bps
        self._sizes = (size, other_size)
        self._size = size
        self._loop = asyncio.get_running_loop()
        self._stop: threading.Event | None = None
        self._key_wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self.frames_encoded = 0
        self.track = LiveTrack(
            fps=FPS, faults=faults, clock=clock, on_demand=self._on_demand, ask_for_key=self._key_wanted.set
        )
        self.track.change_size = self._change_size
        self.header = self._build_header(size)
        self.other_sets = self._build_header(other_size).parameter_sets

    def close(self) -> None:
        """Stop encoding and wait for the thread."""
        self._on_demand(False)
        if self._thread is not None:
            self._thread.join(_FINAL_WAIT_S)

    def _build_header(self, size: tuple[int, int]) -> ClipHeader:
        sets = read_parameter_sets(open_encoder(*size, self._bitrate_bps))
        return ClipHeader("h264", *size, float(FPS), GOP, 0.0, self._bitrate_bps, sets, "clock")

    def _change_size(self, other: bool) -> None:
        self._size = self._sizes[1 if other else 0]

    def _on_demand(self, wanted: bool) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None
        if wanted:
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name="live-clock", daemon=True)
            self._thread.start()

    def _run(self, stop: threading.Event) -> None:
        origin_s = self.track.origin_s
        size: tuple[int, int] | None = None
        background: Background | None = None
        encoder: Any = None
        sets: tuple[bytes, ...] = ()
        scene = canvas = np.zeros((0, 0), np.uint8)
        number = int((self._clock.mono_s() - origin_s) * FPS) + 1
        while not stop.wait(max(0.0, origin_s + number / FPS - self._clock.mono_s())):
            if size != self._size:
                size = self._size
                encoder = open_encoder(*size, self._bitrate_bps)
                sets = read_parameter_sets(encoder)
                background = None
            if background is not self.background:
                background = self.background
                scene = build_planes(background(*size))
                canvas = scene.copy()
            np.copyto(canvas, scene)
            captured_s = self._clock.mono_s()
            draw_clock(canvas[: size[1]], self._clock.utc_us() // 1000)
            self._encode(encoder, canvas, sets, number, captured_s, stop)
            number = max(number + 1, int((self._clock.mono_s() - origin_s) * FPS) + 1)

    def _encode(
        self,
        encoder: Any,
        canvas: Picture,
        sets: tuple[bytes, ...],
        number: int,
        captured_s: float,
        stop: threading.Event,
    ) -> None:
        frame = av.VideoFrame.from_ndarray(canvas, format="yuv420p")
        frame.pts = number
        frame.time_base = Fraction(1, FPS)
        if self._key_wanted.is_set():
            self._key_wanted.clear()
            frame.pict_type = PictureType.I
        for packet in encoder.encode(frame):
            data = build_avcc(split_annexb(bytes(packet)))
            self.frames_encoded += 1
            self._deliver(data, sets, captured_s, packet.is_keyframe, stop)

    def _deliver(
        self, data: bytes, sets: tuple[bytes, ...], captured_s: float, is_key: bool, stop: threading.Event
    ) -> None:
        def push() -> None:
            if not stop.is_set():
                self.track.push(data, sets, captured_s, is_key=is_key)

        try:
            self._loop.call_soon_threadsafe(push)
        except RuntimeError:  # the loop has closed: the program ends
            stop.set()
