"""Clips to measure and test with: a moving pattern with noise, so that the bit rate is really used.

The kitchens of the demo are drawn in `scenes`; these clips need nothing but an encoder.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np

from brightkitchen_sim.clip import AudioHeader, Clip, ClipHeader, VideoCodec, open_clip, write_audio_clip, write_clip
from brightkitchen_sim.payload import build_avcc, nal_type, split_annexb
from brightkitchen_sim.tone import ToneSource

_PARAMETER_SETS = {"h264": (7, 8), "h265": (32, 33, 34)}
_DROPPED = {"h264": (9,), "h265": (35,)}


def ensure_pattern_clip(
    path: Path,
    *,
    codec: VideoCodec = "h264",
    width_px: int = 1920,
    height_px: int = 1080,
    fps: int = 25,
    gop: int = 50,
    duration_s: float = 8.0,
    bitrate_bps: int = 2_000_000,
) -> Clip:
    """Make the clip unless it is there, and open it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        frames = int(duration_s * fps) // gop * gop
        sets, coded = _encode(codec, width_px, height_px, fps, gop, frames, bitrate_bps)
        measured_bps = int(sum(len(data) for data, _ in coded) * 8 * fps / frames)
        header = ClipHeader(codec, width_px, height_px, float(fps), gop, frames / fps, measured_bps, sets, "pattern")
        write_clip(path, header, coded)
    return open_clip(path)


def write_aac_clip(path: Path, *, sample_rate_hz: int = 16_000, duration_s: float = 4.0) -> None:
    """Write a sound clip of a quiet 440 Hz tone as AAC-LC."""
    encoder = cast(Any, av.CodecContext.create("aac", "w"))
    encoder.sample_rate = sample_rate_hz
    encoder.layout = "mono"
    encoder.format = "fltp"
    encoder.bit_rate = 32_000
    encoder.flags |= av.codec.context.Flags.global_header.value
    packets: list[bytes] = []
    for i in range(int(duration_s * sample_rate_hz) // 1024):
        moments = (np.arange(1024) + i * 1024) / sample_rate_hz
        samples = (0.1 * np.sin(2 * np.pi * 440 * moments)).astype(np.float32)[np.newaxis, :]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = sample_rate_hz
        frame.pts = i * 1024
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    write_audio_clip(path, AudioHeader("aac", sample_rate_hz, 1, 1024, bytes(encoder.extradata)), packets)


def write_tone_clip(path: Path, codec: str) -> None:
    """Write one second of beep as G.711; `codec` is "pcma" or "pcmu"."""
    tone = ToneSource(codec)
    write_audio_clip(path, tone.header, [tone.packet(i) for i in range(tone.packet_count)])


def _encode(
    codec: VideoCodec, width: int, height: int, fps: int, gop: int, frames: int, bitrate_bps: int
) -> tuple[tuple[bytes, ...], list[tuple[bytes, bool]]]:
    encoder = cast(Any, av.CodecContext.create("libx264" if codec == "h264" else "libx265", "w"))
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, fps)
    encoder.framerate = Fraction(fps, 1)
    encoder.bit_rate = bitrate_bps
    kbps = bitrate_bps // 1000
    shared = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:vbv-maxrate={kbps}:vbv-bufsize={kbps}"
    name = "x264-params" if codec == "h264" else "x265-params"
    quiet = "" if codec == "h264" else ":log-level=error:open-gop=0"
    encoder.options = {"preset": "ultrafast", name: shared + quiet}
    encoder.flags |= av.codec.context.Flags.global_header.value
    encoder.open()
    sets = tuple(
        unit for unit in split_annexb(bytes(encoder.extradata)) if nal_type(codec, unit) in _PARAMETER_SETS[codec]
    )
    coded: list[tuple[bytes, bool]] = []
    for picture in [*_draw_frames(width, height, frames), None]:
        for packet in encoder.encode(picture):
            units = [unit for unit in split_annexb(bytes(packet)) if nal_type(codec, unit) not in _DROPPED[codec]]
            coded.append((build_avcc(units), bool(packet.is_keyframe)))
    return sets, coded


def _draw_frames(width: int, height: int, frames: int) -> Any:
    """Yield luma ramps that move, with a patch of noise, as yuv420p frames."""
    source = np.random.default_rng(5)
    ramp = (np.arange(width)[np.newaxis, :] + np.arange(height)[:, np.newaxis]) // 4
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    for i in range(frames):
        picture[:height] = (ramp + 3 * i) % 200 + 20
        picture[: height // 4, : width // 4] = source.integers(60, 110, (height // 4, width // 4), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = i
        yield frame
