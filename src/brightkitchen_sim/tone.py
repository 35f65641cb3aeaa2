"""Sound without a file: a short beep each second over faint noise, as G.711."""

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from brightkitchen_sim.clip import AudioHeader

SAMPLE_RATE_HZ = 8000
_PACKET_SAMPLES = 160
_BEEP_HZ = 1000
_BEEP_S = 0.08


class AudioSource(Protocol):
    """Packets of sound to be looped; an `AudioClip` is one."""

    header: AudioHeader
    packet_count: int

    def packet(self, i: int) -> bytes | memoryview: ...


class ToneSource:
    """One second of beep and noise, the same bytes each time."""

    def __init__(self, codec: str = "pcma") -> None:
        encode: Callable[[Any], Any] = encode_alaw if codec == "pcma" else encode_ulaw
        self.header = AudioHeader("pcma" if codec == "pcma" else "pcmu", SAMPLE_RATE_HZ, 1, _PACKET_SAMPLES)
        coded: bytes = encode(_build_second()).tobytes()
        self._packets: list[bytes] = [coded[i : i + _PACKET_SAMPLES] for i in range(0, len(coded), _PACKET_SAMPLES)]
        self.packet_count = len(self._packets)

    def packet(self, i: int) -> bytes:
        return self._packets[i]


def _build_second() -> Any:
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    noise = np.random.default_rng(7).normal(0.0, 60.0, SAMPLE_RATE_HZ)
    beep = np.where(time_s < _BEEP_S, 8000.0 * np.sin(2 * math.pi * _BEEP_HZ * time_s), 0.0)
    return np.clip(beep + noise, -32768, 32767).astype(np.int16)


def encode_alaw(samples: Any) -> Any:
    """ITU-T G.711 A-law of int16 samples, as uint8."""
    value = samples.astype(np.int32) >> 3
    mask = np.where(value >= 0, 0xD5, 0x55)
    value = np.where(value >= 0, value, -value - 1)
    segment = np.clip(np.floor(np.log2(np.maximum(value, 1))).astype(np.int32) - 4, 0, 7)
    mantissa = np.where(segment < 2, value >> 1, value >> segment) & 0x0F
    return ((segment << 4 | mantissa) ^ mask).astype(np.uint8)


def encode_ulaw(samples: Any) -> Any:
    """ITU-T G.711 µ-law of int16 samples, as uint8."""
    value = samples.astype(np.int32) >> 2
    sign = np.where(value < 0, 0x7F, 0xFF)
    value = np.minimum(np.abs(value), 8158) + 33
    segment = np.clip(np.floor(np.log2(value)).astype(np.int32) - 5, 0, 7)
    mantissa = (value >> (segment + 1)) & 0x0F
    return ((segment << 4 | mantissa) ^ sign).astype(np.uint8)
