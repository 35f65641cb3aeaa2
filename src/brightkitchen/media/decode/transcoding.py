"""Pictures of one stream made anew as H.264 for browsers without a decoder for it, inside the jailed worker.

Made to be cheap and without delay, not small: x264's fastest preset, one thread, no reordering, no look-ahead. Times pass through
unchanged, so that what comes out lies on the timeline of what went in.

Rules of this file: as `codecs.py`. A unit that cannot be decoded costs its picture, not the stream.
"""

import resource
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from brightkitchen.media.decode.codecs import START_CODE, VIDEO_CODECS, DecodeError, build_annex_b
from brightkitchen.media.decode.messages import MAX_PICTURE_PX, Transcoded, TranscodeFeed, TranscodeOpen

KEY_EVERY_TICKS: Final = 180_000
"""So often a viewer can begin: two seconds."""
_TICKS: Final = Fraction(1, 90_000)
_NEAR_TICKS: Final = 900  # cameras' times waver by some milliseconds
_QUALITY: Final = "25"
_MOST_BPS: Final = 2_500_000
_PARAMETER_SETS: Final = frozenset((7, 8))
_LEFT_OUT: Final = frozenset((7, 8, 9))


class Transcoder:
    """One decoder and one encoder. The encoder is made at the first picture, whose size it keeps."""

    def __init__(self, wish: TranscodeOpen) -> None:
        """raises: DecodeError if no decoder is named so, or the wish makes no sense."""
        if wish.codec not in VIDEO_CODECS:
            raise DecodeError(f"no decoder is named {wish.codec[:20]!r}")
        if min(wish.most_width_px, wish.most_height_px) < 16 or wish.most_fps < 0:
            raise DecodeError("that is no size to transcode to")
        self._wish = wish
        self._head = b"".join(START_CODE + nal for nal in wish.parameter_sets)
        self._apart_ticks = 90_000 / wish.most_fps - _NEAR_TICKS if wish.most_fps else 0.0
        self._decoder = self._open_decoder()
        self._encoder: VideoCodecContext | None = None
        self._parameter_sets: tuple[bytes, ...] = ()
        self._needs_head = True
        self._needs_key = True
        self._last_pts: int | None = None
        self._last_key_pts = 0

    def feed(self, job: TranscodeFeed) -> Transcoded:
        """Return what these units complete. raises: DecodeError if encoding fails, or nothing can be told of a picture."""
        if len(job.times) != len(job.units):
            raise DecodeError("as many times as units are needed")
        if job.is_restart:
            self._decoder = self._open_decoder()
            self._needs_head = self._needs_key = True
        before_us = _used_us()
        packets: list[av.Packet[av.VideoStream]] = []
        broken = decoded = 0
        try:
            for unit, time in [*zip(job.units, job.times, strict=True), *([(None, 0)] if job.is_last else [])]:
                frames = self._decode(unit, time)
                broken += frames is None
                for frame in frames or ():
                    decoded += 1
                    if job.from_time is None or (frame.pts or 0) >= job.from_time:
                        packets += self._encode(frame)
            if job.is_last and self._encoder is not None:
                packets += self._encoder.encode(None)
        except (av.FFmpegError, ValueError, MemoryError) as cause:
            raise DecodeError(f"the pictures cannot be transcoded: {cause}") from cause
        encoder = self._encoder
        return Transcoded(
            id=job.id,
            parameter_sets=self._parameter_sets,
            width_px=encoder.width if encoder is not None else 0,
            height_px=encoder.height if encoder is not None else 0,
            units=tuple(_build_unit(bytes(packet)) for packet in packets),
            times=tuple(int(packet.pts or 0) for packet in packets),
            keys=tuple(bool(packet.is_keyframe) for packet in packets),
            decoded=decoded,
            broken=broken,
            cpu_us=_used_us() - before_us,
        )

    def _open_decoder(self) -> VideoCodecContext:
        decoder = av.CodecContext.create(VIDEO_CODECS[self._wish.codec], "r")
        if not isinstance(decoder, VideoCodecContext):
            raise DecodeError("that decoder is not for pictures")
        decoder.thread_count = 1
        decoder.options = {"max_pixels": str(MAX_PICTURE_PX * MAX_PICTURE_PX)}
        return decoder

    def _decode(self, unit: bytes | None, time: int) -> list[av.VideoFrame] | None:
        """Return the pictures that become whole; None if the unit is broken. unit: None: there are no more."""
        try:
            if unit is None:
                return self._decoder.decode(None)
            packet = av.Packet((self._head if self._needs_head else b"") + build_annex_b(unit))
            self._needs_head = False
            packet.pts = packet.dts = time
            packet.time_base = _TICKS
            return self._decoder.decode(packet)
        except (av.InvalidDataError, DecodeError):
            return None

    def _encode(self, frame: av.VideoFrame) -> "Iterator[av.Packet[av.VideoStream]]":
        pts = int(frame.pts) if frame.pts is not None else 0
        is_later = self._last_pts is None or pts - self._last_pts >= max(1.0, self._apart_ticks)
        if not is_later and not (self._needs_key and (self._last_pts is None or pts > self._last_pts)):
            return
        if frame.width > MAX_PICTURE_PX or frame.height > MAX_PICTURE_PX:
            raise DecodeError(f"a picture of {frame.width}x{frame.height}")
        encoder = self._encoder or self._open_encoder(frame)
        if (frame.width, frame.height, frame.format.name) != (encoder.width, encoder.height, "yuv420p"):
            frame = frame.reformat(encoder.width, encoder.height, format="yuv420p", interpolation="BILINEAR", threads=1)
        is_key = self._needs_key or self._wish.is_all_keys or pts - self._last_key_pts >= KEY_EVERY_TICKS - _NEAR_TICKS
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        frame.pts, frame.time_base = pts, _TICKS
        self._last_pts = pts
        if is_key:
            self._last_key_pts, self._needs_key = pts, False
        yield from encoder.encode(frame)

    def _open_encoder(self, frame: av.VideoFrame) -> VideoCodecContext:
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, VideoCodecContext)
        wish = self._wish
        encoder.width, encoder.height = choose_size(frame.width, frame.height, wish.most_width_px, wish.most_height_px)
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = _TICKS
        encoder.framerate = Fraction(wish.most_fps or 25, 1)
        encoder.thread_count = 1
        encoder.flags |= Flags.global_header
        encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": _QUALITY,
            "maxrate": str(_MOST_BPS),
            "bufsize": str(_MOST_BPS),
            "forced-idr": "1",
            "x264-params": "threads=1:lookahead-threads=1:scenecut=0:keyint=1000",
        }
        encoder.open()
        self._encoder = encoder
        self._parameter_sets = tuple(
            nal for nal in split_annex_b(bytes(encoder.extradata or b"")) if nal[0] & 31 in _PARAMETER_SETS
        )
        return encoder


def choose_size(width_px: int, height_px: int, most_width_px: int, most_height_px: int) -> tuple[int, int]:
    """Return the largest size of the same shape that fits and is even; never larger than it is."""
    scale = min(1.0, most_width_px / width_px, most_height_px / height_px)
    return max(16, int(width_px * scale + 0.5) // 2 * 2), max(16, int(height_px * scale + 0.5) // 2 * 2)


def split_annex_b(data: bytes) -> list[bytes]:
    """Return the NAL units between start codes, trailing zero bytes removed."""
    return [nal for part in data.split(b"\0\0\1")[1:] if (nal := part.rstrip(b"\0"))]


def _build_unit(packet: bytes) -> bytes:
    """Return the picture alone, each NAL unit behind its length; parameter sets are said once."""
    nals = [nal for nal in split_annex_b(packet) if nal[0] & 31 not in _LEFT_OUT]
    return b"".join(piece for nal in nals for piece in (len(nal).to_bytes(4), nal))


def _used_us() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1_000_000)
