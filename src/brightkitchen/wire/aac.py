"""AudioSpecificConfig: what an AAC track must say once (ISO/IEC 14496-3 §1.6.2.1).

Left out: everything behind the first fields. The configuration is kept and stored byte for byte; only rate, channels and
object type are read from it.
"""

from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.au import AudioFormat, Codec

SAMPLES_PER_FRAME: Final = 1024
_RATES_HZ: Final = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_CHANNELS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}


@dataclass(frozen=True, slots=True)
class AacConfig:
    """rate_hz: of the core coder; with SBR what is heard has twice that."""

    object_type: int
    rate_hz: int
    channels: int


def parse_config(config: bytes) -> AacConfig:
    """Read the head of an AudioSpecificConfig. raises: TheirError if it is short or names no rate or channels."""
    bits, left = int.from_bytes(config[:8].ljust(8, b"\0"), "big"), 64
    if len(config) < 2:
        raise TheirError("an audio configuration is too short", sample=config)

    def read(count: int) -> int:
        nonlocal left
        left -= count
        return bits >> left & ((1 << count) - 1)

    object_type = read(5)
    if object_type == 31:
        object_type = 32 + read(6)
    index = read(4)
    rate_hz = read(24) if index == 15 else _RATES_HZ[index] if index < len(_RATES_HZ) else 0
    channels = _CHANNELS.get(read(4), 0)
    if not (7000 <= rate_hz <= 96_000 and channels and object_type):
        raise TheirError("an audio configuration names no usable rate or channels", sample=config)
    return AacConfig(object_type, rate_hz, channels)


def build_config(rate_hz: int, channels: int) -> bytes:
    """Return the configuration of plain AAC-LC. rate_hz: one of the 13 rates of the standard, else TheirError."""
    if rate_hz not in _RATES_HZ or channels not in (1, 2):
        raise TheirError(f"AAC with {rate_hz} Hz and {channels} channels needs a configuration")
    return (2 << 11 | _RATES_HZ.index(rate_hz) << 7 | channels << 3).to_bytes(2, "big")


def build_audio_format(config: bytes) -> AudioFormat:
    """Return the format that an AudioSpecificConfig describes. raises: TheirError."""
    parsed = parse_config(config)
    return AudioFormat(Codec.AAC, parsed.rate_hz, parsed.channels, f"mp4a.40.{parsed.object_type}", config)
