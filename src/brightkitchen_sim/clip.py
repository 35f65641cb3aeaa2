"""Clip files: coded pictures or sound made once, mapped into memory and looped for ever without coding again.

Layout (all integers little-endian): 8 bytes magic, u32 length of the JSON header, the header, u32 number of
units n, n times (u64 offset from the start of the data, u32 size in bytes, u32 flags: bit 0 = key), the data.
A file is written under a temporary name and renamed, so a file that has its name is whole.
"""

import base64
import json
import mmap
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

VideoCodec = Literal["h264", "h265"]
AudioCodec = Literal["pcma", "pcmu", "aac"]

_VIDEO_MAGIC = b"BKCLIP1\n"
_AUDIO_MAGIC = b"BKSOUND1"
_ENTRY = struct.Struct("<QII")
_KEY_FLAG = 1
_MAX_HEADER_BYTES = 1 << 20


class ClipError(ValueError):
    """A clip file is not what it should be, or what is to be written cannot be a clip."""


@dataclass(frozen=True, slots=True)
class ClipHeader:
    """What a video clip holds.

    gop:            frames from one key frame to the next.
    bitrate_bps:    what it was coded for, or measured.
    parameter_sets: NAL units without start code or length; H.264: SPS, PPS; H.265: VPS, SPS, PPS.
    scene:          key of the scene it shows.
    """

    codec: VideoCodec
    width_px: int
    height_px: int
    fps: float
    gop: int
    duration_s: float
    bitrate_bps: int
    parameter_sets: tuple[bytes, ...]
    scene: str


@dataclass(frozen=True, slots=True)
class AudioHeader:
    """What a sound clip holds.

    samples_per_packet: 160 for 20 ms of G.711 at 8 kHz, 1024 for AAC.
    config:             AudioSpecificConfig for AAC, empty for G.711.
    """

    codec: AudioCodec
    sample_rate_hz: int
    channels: int
    samples_per_packet: int
    config: bytes = b""


class _MappedFile:
    """The units of one clip file, as views into a shared mapping."""

    def __init__(self, path: Path, magic: bytes) -> None:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < len(magic) + 8:
                raise ClipError(f"{path}: too short for a clip file")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._map[: len(magic)] != magic:
            raise ClipError(f"{path}: not a clip file of this kind")
        position = len(magic)
        (header_size,) = struct.unpack_from("<I", self._map, position)
        if header_size > _MAX_HEADER_BYTES or position + 8 + header_size > len(self._map):
            raise ClipError(f"{path}: header of {header_size} bytes")
        position += 4
        self.fields: dict[str, Any] = json.loads(self._map[position : position + header_size])
        position += header_size
        (self.count,) = struct.unpack_from("<I", self._map, position)
        position += 4
        self._data_at = position + self.count * _ENTRY.size
        if self._data_at > len(self._map) or self.count == 0:
            raise ClipError(f"{path}: index of {self.count} units")
        self._index = list(_ENTRY.iter_unpack(self._map[position : self._data_at]))
        last_offset, last_size, _ = self._index[-1]
        if self._data_at + last_offset + last_size != len(self._map):
            raise ClipError(f"{path}: cut short")
        self._view = memoryview(self._map)

    def unit(self, i: int) -> memoryview:
        offset, size, _ = self._index[i]
        start = self._data_at + offset
        return self._view[start : start + size]

    def is_key(self, i: int) -> bool:
        return bool(self._index[i][2] & _KEY_FLAG)


class Clip:
    """A video clip. Frame i is shown at i / fps seconds: there are no B-frames."""

    def __init__(self, path: Path) -> None:
        self._file = _MappedFile(path, _VIDEO_MAGIC)
        fields = dict(self._file.fields)
        fields["parameter_sets"] = tuple(base64.b64decode(text) for text in fields["parameter_sets"])
        self.header = ClipHeader(**fields)
        self.frame_count = self._file.count

    def frame(self, i: int) -> memoryview:
        """Return frame `i` (0-based) as AVCC: each NAL unit behind its 4-byte big-endian length."""
        return self._file.unit(i)

    def is_key(self, i: int) -> bool:
        return self._file.is_key(i)


class AudioClip:
    """A sound clip: packets of `samples_per_packet` samples each."""

    def __init__(self, path: Path) -> None:
        self._file = _MappedFile(path, _AUDIO_MAGIC)
        fields = dict(self._file.fields)
        fields["config"] = base64.b64decode(fields["config"])
        self.header = AudioHeader(**fields)
        self.packet_count = self._file.count

    def packet(self, i: int) -> memoryview:
        """Return packet `i` (0-based): G.711 samples, or one AAC frame without ADTS header."""
        return self._file.unit(i)


def write_clip(path: Path, header: ClipHeader, frames: Sequence[tuple[bytes, bool]]) -> None:
    """Write `frames`, each (AVCC bytes, is_key), in showing order. The first must be a key frame.

    Raises ClipError when there are no frames or the first cannot be decoded alone.
    """
    if not frames or not frames[0][1]:
        raise ClipError("a clip begins with a key frame")
    fields = asdict(header)
    fields["parameter_sets"] = [base64.b64encode(unit).decode("ascii") for unit in header.parameter_sets]
    _write(path, _VIDEO_MAGIC, fields, frames)


def write_audio_clip(path: Path, header: AudioHeader, packets: Sequence[bytes]) -> None:
    """Write `packets` in order. Raises ClipError when there are none."""
    if not packets:
        raise ClipError("a sound clip without packets")
    fields = asdict(header)
    fields["config"] = base64.b64encode(header.config).decode("ascii")
    _write(path, _AUDIO_MAGIC, fields, [(packet, True) for packet in packets])


def open_clip(path: Path) -> Clip:
    """Map the clip at `path`. Raises ClipError when it is not a whole clip, OSError when it cannot be read."""
    return Clip(path)


def open_audio_clip(path: Path) -> AudioClip:
    """Map the sound clip at `path`. Raises ClipError or OSError as `open_clip` does."""
    return AudioClip(path)


def _write(path: Path, magic: bytes, fields: dict[str, Any], units: Sequence[tuple[bytes, bool]]) -> None:
    header = json.dumps(fields).encode("utf-8")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(magic + struct.pack("<I", len(header)) + header + struct.pack("<I", len(units)))
        file.write(b"".join(_build_index(units)))
        file.writelines(data for data, _ in units)
    temporary.replace(path)


def _build_index(units: Iterable[tuple[bytes, bool]]) -> Iterable[bytes]:
    offset = 0
    for data, is_key in units:
        yield _ENTRY.pack(offset, len(data), _KEY_FLAG if is_key else 0)
        offset += len(data)
