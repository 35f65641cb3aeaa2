"""Code pictures into clip files with libx264 or libx265: constant rate, closed groups, no B-frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av

from .canvas import U8

VideoCodec = Literal["h264", "h265"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How one stream is coded; `gop` in frames."""

    codec: VideoCodec
    width_px: int
    height_px: int
    fps: float
    gop: int
    bitrate_bps: int


def split_annexb(data: bytes) -> list[bytes]:
    """NAL units of a byte stream with start codes (ISO/IEC 14496-10 annex B), without the codes."""
    units = []
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        following = data.find(b"\x00\x00\x01", start + 3)
        unit = data[start + 3 : following if following >= 0 else len(data)]
        units.append(unit.rstrip(b"\x00") if following >= 0 else unit)
        start = following
    return [u for u in units if u]


class Coder:
    """One running encoder. `units` collects (AVCC bytes, is_key) of each picture in order."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.units: list[tuple[bytes, bool]] = []
        context = av.CodecContext.create("libx264" if plan.codec == "h264" else "libx265", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = plan.width_px, plan.height_px, "yuv420p"
        rate = Fraction(plan.fps).limit_denominator(1000)
        context.framerate, context.time_base = rate, 1 / rate
        context.bit_rate, context.gop_size, context.max_b_frames = plan.bitrate_bps, plan.gop, 0
        context.thread_count = 2
        context.options = self._options()
        context.flags |= av.codec.context.Flags.global_header
        context.color_range, context.colorspace = 1, 1  # limited range, BT.709
        context.color_primaries, context.color_trc = 1, 1
        self._context = context
        self._count = 0

    def _options(self) -> dict[str, str]:
        plan = self.plan
        top, buffer = int(plan.bitrate_bps * 1.15), plan.bitrate_bps * 2
        if plan.codec == "h264":
            return {
                "preset": "veryfast",
                "profile": "high",
                "maxrate": str(top),
                "bufsize": str(buffer),
                "x264-params": f"keyint={plan.gop}:min-keyint={plan.gop}:scenecut=0:open-gop=0:bframes=0:rc-lookahead=10:aud=0",
            }
        return {
            "preset": "ultrafast",
            "x265-params": (
                f"keyint={plan.gop}:min-keyint={plan.gop}:scenecut=0:open-gop=0:bframes=0:repeat-headers=0:aud=0:info=0"
                f":vbv-maxrate={top // 1000}:vbv-bufsize={buffer // 1000}:log-level=none:pools=2"
            ),
        }

    def add(self, frame: av.VideoFrame) -> None:
        """Code one picture; frames must come in order and are given their time here."""
        frame.pts = self._count
        frame.time_base = self._context.time_base
        self._count += 1
        self._take(self._context.encode(frame))

    def finish(self) -> tuple[bytes, ...]:
        """Flush; returns the parameter sets (SPS, PPS or VPS, SPS, PPS)."""
        self._take(self._context.encode(None))
        extra = self._context.extradata or b""
        kinds = {7, 8} if self.plan.codec == "h264" else {32, 33, 34}
        return tuple(u for u in split_annexb(bytes(extra)) if self._kind(u) in kinds)

    def _kind(self, unit: bytes) -> int:
        return unit[0] & 0x1F if self.plan.codec == "h264" else (unit[0] >> 1) & 0x3F

    def _take(self, packets: Sequence[av.Packet[av.VideoStream]]) -> None:
        drop = {6, 7, 8, 9} if self.plan.codec == "h264" else {32, 33, 34, 35, 39, 40}
        for packet in packets:
            units = [u for u in split_annexb(bytes(packet)) if self._kind(u) not in drop]
            self.units.append((b"".join(len(u).to_bytes(4, "big") + u for u in units), bool(packet.is_keyframe)))


def build_frame(planes: U8) -> av.VideoFrame:
    """A frame of (h * 3 / 2, w) planes."""
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.colorspace, frame.color_range = 1, 1
    return frame
