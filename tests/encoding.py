"""Real bitstreams for tests, made with PyAV's encoders: numbered pictures that can be told apart after decoding."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from brightkitchen.wire.au import Codec, VideoFormat

WIDTH_PX = 160
HEIGHT_PX = 96
TICKS_PER_FRAME = 3600  # 25 fps
_BITS = 8


@dataclass(frozen=True, slots=True)
class EncodedUnit:
    """One AVCC access unit in decoding order. pts, dts: 90 kHz."""

    data: bytes
    pts: int
    dts: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Clip:
    format: VideoFormat
    units: tuple[EncodedUnit, ...]


def draw_number(number: int) -> NDArray[np.uint8]:
    """Return a yuv420p picture whose eight vertical bars spell `number` in white and black."""
    luma = np.empty((HEIGHT_PX, WIDTH_PX), np.uint8)
    for bit in range(_BITS):
        luma[:, bit * 20 : bit * 20 + 20] = 220 if number >> bit & 1 else 30
    chroma = np.full((HEIGHT_PX // 2, WIDTH_PX), 128, np.uint8)
    return np.concatenate((luma, chroma))


def read_number(gray: NDArray[np.uint8]) -> int:
    """Return the number that a decoded gray picture of any size shows."""
    bar_px = gray.shape[1] / _BITS
    middle = gray[gray.shape[0] // 2]
    return sum(1 << bit for bit in range(_BITS) if middle[int((bit + 0.5) * bar_px)] > 125)


def encode_numbers(count: int, *, codec: Codec = Codec.H264, gop: int = 25, b_frames: int = 0, first: int = 0) -> Clip:
    """Encode pictures `first`, `first` + 1, … at 25 fps; times count from 0."""
    name: Literal["libx264", "libx265"] = "libx264" if codec is Codec.H264 else "libx265"
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
    context.time_base = Fraction(1, 25)
    context.gop_size = gop
    context.thread_count = 1
    if codec is Codec.H264:
        context.options = {
            "preset": "ultrafast",
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:b-adapt=0:annexb=1",
        }
    else:
        context.options = {
            "preset": "ultrafast",
            "x265-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:b-adapt=0:pools=none"
            ":frame-threads=1:log-level=none:info=0",
        }
    packets = []
    for index in range(count):
        frame = av.VideoFrame.from_ndarray(draw_number((first + index) % 256), "yuv420p")
        frame.pts = index
        packets += context.encode(frame)
    packets += context.encode(None)
    return _build_clip(codec, packets, b_frames)


def _build_clip(codec: Codec, packets: "list[av.Packet[av.VideoStream]]", b_frames: int) -> Clip:
    parameter_sets: dict[bytes, None] = {}
    units = []
    for packet in packets:
        kept = []
        for nal in split_annex_b(bytes(packet)):
            if _is_parameter_set(codec, nal):
                parameter_sets[nal] = None
            else:
                kept.append(len(nal).to_bytes(4) + nal)
        assert packet.pts is not None and packet.dts is not None
        units.append(
            EncodedUnit(b"".join(kept), packet.pts * TICKS_PER_FRAME, packet.dts * TICKS_PER_FRAME, packet.is_keyframe)
        )
    sets = tuple(parameter_sets)
    string = "avc1." + sets[0][1:4].hex() if codec is Codec.H264 else "hvc1.1.6.L30.90"
    return Clip(VideoFormat(codec, WIDTH_PX, HEIGHT_PX, sets, string, reorder_depth=min(b_frames, 2)), tuple(units))


def split_annex_b(data: bytes) -> list[bytes]:
    parts = data.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [part for part in parts if part]


def _is_parameter_set(codec: Codec, nal: bytes) -> bool:
    return nal[0] & 31 in (7, 8) if codec is Codec.H264 else nal[0] >> 1 & 63 in (32, 33, 34)
