"""The sound of a kitchen: extractor hum, sizzling, clanks and distant chopping; a loop without a seam."""

from __future__ import annotations

from typing import Literal

import av
import numpy as np
import numpy.typing as npt

LENGTH_S = 16
I16 = npt.NDArray[np.int16]


def _shaped_noise(
    rng: np.random.Generator, count: int, rate_hz: int, low_hz: float, high_hz: float
) -> npt.NDArray[np.float64]:
    """Noise between two frequencies; built in the spectrum, so it repeats without a seam."""
    frequency = np.fft.rfftfreq(count, 1 / rate_hz)
    spectrum = rng.standard_normal(frequency.size) + 1j * rng.standard_normal(frequency.size)
    shape = 1 / (1 + (low_hz / np.maximum(frequency, 1)) ** 4) / (1 + (frequency / high_hz) ** 4)
    wave = np.fft.irfft(spectrum * shape, count)
    return np.asarray(wave / wave.std())


def build_ambience(rate_hz: int, seed: int = 4) -> I16:
    """Mono samples (16 s * rate_hz,), int16."""
    rng = np.random.default_rng(seed)
    count = LENGTH_S * rate_hz
    at = np.arange(count) / rate_hz
    wave = 0.055 * _shaped_noise(rng, count, rate_hz, 90, 420)
    for hertz, level in ((49.0, 0.030), (98.0, 0.040), (147.0, 0.018), (196.0, 0.012)):  # whole periods in 16 s
        wave += level * np.sin(2 * np.pi * hertz * at)
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * at / LENGTH_S * 3 + 1) * np.sin(2 * np.pi * at / LENGTH_S * 5)
    crackle = _shaped_noise(rng, count, rate_hz, 1800, 3800) * (
        0.6 + 0.5 * np.abs(_shaped_noise(rng, count, rate_hz, 4, 30))
    )
    wave += 0.030 * swell * crackle
    for _ in range(11):  # ladle on wok, plates
        wave += _ring(
            rng,
            count,
            rate_hz,
            start=int(rng.integers(count)),
            pitch=float(rng.uniform(900, 2600)),
            level=float(rng.uniform(0.05, 0.16)),
        )
    for burst in range(2):
        for stroke in range(12):
            start = int((3.0 + burst * 7 + stroke * 0.26) * rate_hz)
            wave += _ring(rng, count, rate_hz, start=start, pitch=190, level=0.09, decay_s=0.03)
    return np.asarray(np.clip(wave, -0.98, 0.98) * 32767, np.int16)


def _ring(
    rng: np.random.Generator, count: int, rate_hz: int, *, start: int, pitch: float, level: float, decay_s: float = 0.16
) -> npt.NDArray[np.float64]:
    length = int(decay_s * 6 * rate_hz)
    at = np.arange(length) / rate_hz
    tone = sum(
        np.sin(2 * np.pi * pitch * ratio * at + rng.uniform(0, 6)) / (n + 1)
        for n, ratio in enumerate((1.0, 1.53, 2.31))
        if pitch * ratio < rate_hz / 2
    )
    out = np.zeros(count)
    out[(start + np.arange(length)) % count] = level * np.exp(-at / decay_s) * tone
    return out


def code_g711(samples: I16, codec: Literal["pcma", "pcmu"]) -> list[bytes]:
    """Packets of 160 samples (20 ms at 8 kHz)."""
    context = av.CodecContext.create("pcm_alaw" if codec == "pcma" else "pcm_mulaw", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = 8000, "mono", "s16"
    packets = []
    for start in range(0, samples.size - 159, 160):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 160], format="s16", layout="mono")
        frame.sample_rate = 8000
        packets += [bytes(p) for p in context.encode(frame)]
    return packets


def code_aac(samples: I16, rate_hz: int = 16_000) -> tuple[list[bytes], bytes]:
    """AAC-LC frames of 1024 samples without ADTS, and the AudioSpecificConfig."""
    context = av.CodecContext.create("aac", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format, context.bit_rate = rate_hz, "mono", "fltp", 48_000
    context.flags |= av.codec.context.Flags.global_header
    packets = []
    for start in range(0, samples.size - 1023, 1024):
        part = samples[None, start : start + 1024].astype(np.float32) / 32768
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        packets += [bytes(p) for p in context.encode(frame)]
    packets += [bytes(p) for p in context.encode(None)]
    return packets[1:], bytes(context.extradata or b"")[:2]  # without the "no SBR" note
