"""Pictures and sound by libav, inside the jailed worker. The codec is always named, never guessed; one thread.

Rules of this file: whatever a camera's bytes cause is a `DecodeError`; sizes are checked before they are allocated by us, and by
`max_pixels` and the process's memory limit before libav allocates them.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
import simplejpeg
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from brightkitchen.media.decode.messages import MAX_PICTURE_PX, Jpeg

AAC_FRAME_SAMPLES: Final = 1024
VIDEO_CODECS: Final = {"h264": "h264", "h265": "hevc"}
START_CODE: Final = b"\x00\x00\x00\x01"
_JPEG_FORMAT: Final = "yuvj420p"
_SOUND_BIT_RATE: Final = {1: 32_000, 2: 64_000}
_SOUND_RATES_HZ: Final = frozenset((8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000))


class DecodeError(Exception):
    """The bytes cannot be made into what was asked."""


def draw_jpeg(job: Jpeg) -> tuple[bytes, int, int, int]:
    """Return JPEG, its time, its width and its height. raises: DecodeError."""
    frame = decode_frame(job)
    if frame.width > MAX_PICTURE_PX or frame.height > MAX_PICTURE_PX:
        raise DecodeError(f"a picture of {frame.width}x{frame.height}")
    time = int(frame.pts) if frame.pts is not None else job.wanted
    width_px, height_px = _choose_size(frame.width, frame.height, job.width_px)
    try:
        if (width_px, height_px) != (frame.width, frame.height) or frame.format.name != _JPEG_FORMAT:
            frame = frame.reformat(
                width_px, height_px, format=_JPEG_FORMAT, dst_colorspace="ITU601", interpolation="AREA", threads=1
            )
        y, u, v = (_plane(frame, index) for index in range(3))
        return simplejpeg.encode_jpeg_yuv_planes(y, u, v, quality=job.quality), time, width_px, height_px
    except (av.FFmpegError, ValueError, MemoryError) as cause:
        raise DecodeError(f"the picture cannot be drawn: {cause}") from cause


def decode_frame(job: Jpeg) -> av.VideoFrame:
    """Return the frame with the greatest time <= `job.wanted`. raises: DecodeError."""
    if job.codec not in VIDEO_CODECS:
        raise DecodeError(f"no decoder is named {job.codec[:20]!r}")
    if not job.units or len(job.times) != len(job.units):
        raise DecodeError("as many times as units are needed, and at least one")
    shown: av.VideoFrame | None = None
    try:
        for frame in _decode(job):
            if frame.pts is not None and frame.pts <= job.wanted and (shown is None or frame.pts >= (shown.pts or 0)):
                shown = frame
    except (av.FFmpegError, ValueError, MemoryError) as cause:
        raise DecodeError(f"the units cannot be decoded: {cause}") from cause
    if shown is None:
        raise DecodeError("no picture came out of these units")
    return shown


def _decode(job: Jpeg) -> Iterator[av.VideoFrame]:
    context = av.CodecContext.create(VIDEO_CODECS[job.codec], "r")
    if not isinstance(context, VideoCodecContext):
        raise DecodeError("that decoder is not for pictures")
    context.thread_count = 1
    context.options = {"max_pixels": str(MAX_PICTURE_PX * MAX_PICTURE_PX)}
    head = b"".join(START_CODE + nal for nal in job.parameter_sets)
    for unit, time in zip(job.units, job.times, strict=True):
        packet = av.Packet(head + build_annex_b(unit))
        packet.pts = packet.dts = time
        packet.time_base = Fraction(1, 1_000_000)
        head = b""
        yield from context.decode(packet)
    yield from context.decode(None)


def build_annex_b(unit: bytes) -> bytes:
    """Return an AVCC access unit with start codes. raises: DecodeError if its lengths do not fit."""
    parts = []
    at = 0
    while at < len(unit):
        size_bytes = int.from_bytes(unit[at : at + 4])
        if at + 4 + size_bytes > len(unit):
            raise DecodeError("a NAL unit is longer than its access unit")
        parts += [START_CODE, unit[at + 4 : at + 4 + size_bytes]]
        at += 4 + size_bytes
    return b"".join(parts)


def _choose_size(width_px: int, height_px: int, wanted_px: int) -> tuple[int, int]:
    if wanted_px <= 0 or wanted_px >= width_px:
        return width_px, height_px
    return wanted_px, max(2, round(height_px * wanted_px / width_px / 2) * 2)


def _plane(frame: av.VideoFrame, index: int) -> NDArray[np.uint8]:
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(plane.height, plane.line_size)
    return np.ascontiguousarray(rows[:, : plane.width])


def _build_g711_table(*, a_law: bool) -> NDArray[np.int16]:
    """Return the 16-bit sample of each of the 256 codes (ITU-T G.711 §3, tables 1a and 2a)."""
    table = np.empty(256, dtype=np.int16)
    for code in range(256):
        if a_law:
            bits = code ^ 0x55
            exponent, mantissa = (bits >> 4) & 7, bits & 15
            size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
            table[code] = size if bits & 0x80 else -size
        else:
            bits = ~code & 0xFF
            size = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84
            table[code] = -size if bits & 0x80 else size
    return table


G711_TABLES: Final = {"pcma": _build_g711_table(a_law=True), "pcmu": _build_g711_table(a_law=False)}


class SoundEncoder:
    """Turns G.711 into AAC-LC of the same rate: FFmpeg's own encoder, which delays by one frame of 1024 samples."""

    def __init__(self, codec: str, sample_rate_hz: int, channels: int) -> None:
        if codec not in G711_TABLES or sample_rate_hz not in _SOUND_RATES_HZ or channels not in _SOUND_BIT_RATE:
            raise DecodeError(f"no sound of {codec[:20]!r}, {sample_rate_hz} Hz, {channels} channels")
        self._table = G711_TABLES[codec]
        self._channels = channels
        self._rate_hz = sample_rate_hz
        self._layout = "mono" if channels == 1 else "stereo"
        self._context = AudioCodecContext.create("aac", "w")
        self._context.sample_rate = sample_rate_hz
        self._context.layout = self._layout
        self._context.format = "fltp"
        self._context.bit_rate = _SOUND_BIT_RATE[channels]
        self._context.thread_count = 1
        self._context.open()
        self._samples = 0
        self.config = bytes(self._context.extradata or b"")[:2]

    def encode(self, data: bytes, *, last: bool) -> tuple[bytes, ...]:
        """Return the AAC frames that are ready. raises: DecodeError."""
        try:
            frames = []
            if len(data) >= self._channels:
                whole = len(data) - len(data) % self._channels
                samples = self._table[np.frombuffer(data[:whole], dtype=np.uint8)].reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(samples, "s16", self._layout)
                frame.sample_rate = self._rate_hz
                frame.pts = self._samples
                frame.time_base = Fraction(1, self._rate_hz)
                self._samples += whole // self._channels
                frames += [bytes(packet) for packet in self._context.encode(frame)]
            if last:
                frames += [bytes(packet) for packet in self._context.encode(None)]
            return tuple(frames)
        except (av.FFmpegError, ValueError, MemoryError) as cause:
            raise DecodeError(f"the sound cannot be encoded: {cause}") from cause
