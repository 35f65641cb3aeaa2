"""What surfaces look like: colour and shine as a function of the place on the solid, in metres."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .lens import F32
from .solids import Solid

NOISE_PX = 256


def build_noise(seed: int, octaves: tuple[int, ...] = (2, 4, 8, 16, 32, 64)) -> F32:
    """A tileable noise picture (256, 256), mean 0, about -1..1."""
    rng = np.random.default_rng(seed)
    total = np.zeros((NOISE_PX, NOISE_PX), np.float32)
    for octave in octaves:
        coarse = rng.standard_normal((octave, octave)).astype(np.float32)
        at = np.arange(NOISE_PX) * octave / NOISE_PX
        low = np.floor(at).astype(int)
        part = (at - low).astype(np.float32)
        part = part * part * (3 - 2 * part)
        rows = coarse[low] * (1 - part)[:, None] + coarse[(low + 1) % octave] * part[:, None]
        total += (rows[:, low] * (1 - part) + rows[:, (low + 1) % octave] * part) / np.float32(octave**0.75)
    return np.asarray(total / (2.0 * total.std()), np.float32)


_SMOOTH = build_noise(11, (2, 3, 5, 9))
_ROUGH = build_noise(12)
_GRAIN = build_noise(13, (64, 128))


def noise_at(table: F32, u: F32, v: F32, period_m: float) -> F32:
    """The noise picture laid over a plane, repeating after `period_m`, bilinear."""
    x, y = (u / period_m * NOISE_PX) % NOISE_PX, (v / period_m * NOISE_PX) % NOISE_PX
    x0, y0 = x.astype(np.int32) % NOISE_PX, y.astype(np.int32) % NOISE_PX
    fx, fy = x - np.floor(x), y - np.floor(y)
    x1, y1 = (x0 + 1) % NOISE_PX, (y0 + 1) % NOISE_PX
    top = table[y0, x0] * (1 - fx) + table[y0, x1] * fx
    low = table[y1, x0] * (1 - fx) + table[y1, x1] * fx
    return np.asarray(top * (1 - fy) + low * fy, np.float32)


@dataclass(frozen=True, slots=True)
class Spot:
    """The places to be coloured: own axes `local` and plane `uv` in metres, room normal, size of a pixel there."""

    local: F32
    uv: F32
    normal: F32
    pixel_m: F32
    solid: Solid
    pictures: Mapping[str, npt.NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Coat:
    """Linear colour (n, 3), mirror share 0..1 (n,), share of metal 0..1, own light (n, 3) or None."""

    colour: F32
    shine: F32
    metal: float = 0.0
    glow: F32 | None = None


def _rgb(hexa: str) -> F32:
    """Linear light of an sRGB colour such as "c8ccd0"."""
    value = np.array([int(hexa[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / 255
    return np.asarray(value**2.2, np.float32)


def _even(spot: Spot, hexa: str, *, rough: float = 0.06, shine: float = 0.02) -> Coat:
    n = spot.uv.shape[0]
    stain = (
        1
        + rough * noise_at(_SMOOTH, spot.uv[:, 0], spot.uv[:, 1], 1.7)
        + rough * noise_at(_ROUGH, spot.uv[:, 1], spot.uv[:, 0], 0.9)
    )
    return Coat(_rgb(hexa) * stain[:, None], np.full(n, shine, np.float32))


def _tiles(
    spot: Spot, hexa: str, grout: str, pitch: tuple[float, float], *, gap_m: float, vary: float, shine: float
) -> Coat:
    u, v = spot.uv[:, 0] / pitch[0], spot.uv[:, 1] / pitch[1]
    iu, iv = np.floor(u), np.floor(v)
    edge = np.minimum(
        np.minimum(u - iu, 1 - (u - iu)) * pitch[0],
        np.minimum(v - iv, 1 - (v - iv)) * pitch[1],
    )
    soft = np.maximum(spot.pixel_m, 0.001)
    joint = np.clip((gap_m / 2 + soft / 2 - edge) / soft, 0, 1) * np.minimum(1, gap_m / soft * 1.2)
    each = np.sin(iu * 127.1 + iv * 311.7) * 43758.5453
    tone = 1 + vary * ((each - np.floor(each)) - 0.5)
    stain = (
        1
        + 0.07 * noise_at(_SMOOTH, spot.uv[:, 0], spot.uv[:, 1], 3.1)
        + 0.035 * noise_at(_ROUGH, spot.uv[:, 0], spot.uv[:, 1], 0.8)
    )
    colour = _rgb(hexa) * (tone * stain)[:, None]
    colour += (_rgb(grout) * stain[:, None] - colour) * joint[:, None]
    return Coat(colour.astype(np.float32), (shine * (1 - joint)).astype(np.float32))


def _wall_tiles(spot: Spot) -> Coat:
    coat = _tiles(spot, "dfe1dd", "a9aaa5", (0.30, 0.20), gap_m=0.006, vary=0.07, shine=0.06)
    if spot.solid.kind == "room":  # grease and splashes low on the wall
        low = np.exp(-np.maximum(spot.local[:, 2] + spot.solid.half[2], 0) / 0.35)
        grime = low * np.clip(0.5 + noise_at(_ROUGH, spot.uv[:, 0], spot.uv[:, 1], 2.3), 0, 1)
        coat.colour[:] *= (1 - grime[:, None] * np.array([0.22, 0.25, 0.32], np.float32)).astype(np.float32)
    return coat


def _floor_tiles(spot: Spot) -> Coat:
    coat = _tiles(spot, "8f8a80", "4e4b46", (0.30, 0.30), gap_m=0.008, vary=0.16, shine=0.13)
    wet = np.clip(noise_at(_SMOOTH, spot.uv[:, 0], spot.uv[:, 1], 5.3) - 0.15, 0, 1)
    coat.colour[:] *= (1 - 0.35 * wet)[:, None]
    coat.shine[:] += 0.16 * wet
    return coat


def _red_floor(spot: Spot) -> Coat:
    return _tiles(spot, "96604c", "55453c", (0.30, 0.30), gap_m=0.009, vary=0.2, shine=0.10)


def _hall_floor(spot: Spot) -> Coat:
    return _tiles(spot, "b9b2a2", "87816f", (0.60, 0.60), gap_m=0.004, vary=0.06, shine=0.16)


def _ceiling(spot: Spot) -> Coat:
    return _tiles(spot, "d3d5d4", "9a9c9c", (0.60, 0.60), gap_m=0.012, vary=0.03, shine=0.03)


def _steel(spot: Spot) -> Coat:
    n = spot.uv.shape[0]
    brush = noise_at(_GRAIN, spot.uv[:, 0] * 0.05, spot.uv[:, 1], 0.45)
    cloud = noise_at(_SMOOTH, spot.uv[:, 0], spot.uv[:, 1], 1.3)
    scratch = noise_at(_ROUGH, spot.uv[:, 0], spot.uv[:, 1] * 2, 0.7)
    tone = 1 + 0.06 * brush + 0.10 * cloud + 0.05 * scratch
    return Coat((_rgb("a9adaf") * tone[:, None]).astype(np.float32), np.full(n, 0.42, np.float32), metal=1.0)


def _dark_steel(spot: Spot) -> Coat:
    coat = _even(spot, "4a4a49", rough=0.2, shine=0.15)
    return Coat(coat.colour, coat.shine, metal=0.6)


def _wok(spot: Spot) -> Coat:
    coat = _even(spot, "2a2826", rough=0.3, shine=0.16)
    return Coat(coat.colour, coat.shine, metal=0.35)


def _lamp(spot: Spot) -> Coat:
    n = spot.uv.shape[0]
    return Coat(
        np.full((n, 3), 0.8, np.float32),
        np.zeros(n, np.float32),
        glow=np.full((n, 3), 5.5, np.float32) * np.asarray(spot.solid.tint, np.float32),
    )


def _board(spot: Spot) -> Coat:
    grain = noise_at(_GRAIN, spot.uv[:, 0] * 0.1, spot.uv[:, 1], 0.5)
    cuts = noise_at(_ROUGH, spot.uv[:, 0], spot.uv[:, 1], 0.25)
    tone = 1 + 0.07 * grain + 0.06 * cuts
    return Coat((_rgb("e8e6e0") * tone[:, None]).astype(np.float32), np.full(tone.shape[0], 0.02, np.float32))


def _carton(spot: Spot) -> Coat:
    coat = _even(spot, "a98356", rough=0.07, shine=0.01)
    half = np.asarray(spot.solid.half, np.float32)
    tape = (np.abs(spot.local[:, 0]) < 0.025) & (np.abs(spot.local[:, 2]) > half[2] * 0.55)
    coat.colour[tape] *= np.array([1.2, 1.15, 1.05], np.float32)
    mark = (
        (np.abs(spot.local[:, 0]) < half[0] * 0.5)
        & (np.abs(spot.local[:, 2] + half[2] * 0.15) < half[2] * 0.22)
        & (np.abs(spot.normal[:, 2]) < 0.5)
    )
    coat.colour[mark] *= np.array([0.55, 0.62, 0.60], np.float32)
    return coat


def _sack(spot: Spot) -> Coat:
    weave = noise_at(_GRAIN, spot.uv[:, 0], spot.uv[:, 1], 0.35)
    folds = noise_at(_ROUGH, spot.uv[:, 0], spot.uv[:, 1], 0.8)
    tone = 1 + 0.08 * weave + 0.14 * folds
    colour = _rgb("e2ddcf") * tone[:, None]
    band = np.abs(spot.local[:, 0]) < spot.solid.half[0] * 0.30
    colour[band & (np.abs(spot.local[:, 1]) < spot.solid.half[1] * 0.6)] *= np.array([0.75, 0.22, 0.18], np.float32)
    return Coat(colour.astype(np.float32), np.full(tone.shape[0], 0.015, np.float32))


def _heap(spot: Spot) -> Coat:
    """Chopped vegetables, rice, meat: a fine mottle in the solid's tint."""
    fine = noise_at(_GRAIN, spot.uv[:, 0], spot.uv[:, 1], 0.5)
    rough = noise_at(_ROUGH, spot.uv[:, 1], spot.uv[:, 0], 0.3)
    tone = np.clip(1 + 0.30 * fine + 0.34 * rough, 0.25, 2)
    return Coat((np.ones(3, np.float32) * tone[:, None]).astype(np.float32), np.full(tone.shape[0], 0.05, np.float32))


def _glass_door(spot: Spot) -> Coat:
    coat = _even(spot, "b7c6c8", rough=0.05, shine=0.25)
    glare = np.clip(noise_at(_SMOOTH, spot.uv[:, 0] + spot.uv[:, 1], spot.uv[:, 1], 2.0), 0, 1)
    coat.colour[:] *= (0.75 + 0.4 * glare)[:, None]
    return coat


def _frost(spot: Spot) -> Coat:
    snow = noise_at(_ROUGH, spot.uv[:, 0], spot.uv[:, 1], 1.9)
    panel = np.minimum(spot.uv[:, 0] % 1.0, 1 - spot.uv[:, 0] % 1.0)
    seam = np.clip(1 - panel / 0.012, 0, 1) * 0.25
    tone = 1 + 0.10 * snow - seam
    return Coat((_rgb("cfd8dd") * tone[:, None]).astype(np.float32), np.full(tone.shape[0], 0.04, np.float32))


def _picture(spot: Spot) -> Coat:
    """A picture fixed flat on the face that looks into the room; x of the picture runs to the viewer's right."""
    pixels = spot.pictures.get(spot.solid.picture)
    n = spot.uv.shape[0]
    if pixels is None:
        return _even(spot, "3a6ea5")
    half = np.asarray(spot.solid.half, np.float32)
    along = 0 if half[0] >= half[1] else 1
    flip = -1 if (along == 0 and spot.normal[:, 1].mean() > 0) or (along == 1 and spot.normal[:, 0].mean() < 0) else 1
    height, width = pixels.shape[:2]
    x = np.clip((flip * spot.local[:, along] / half[along] + 1) / 2 * width, 0, width - 1).astype(int)
    y = np.clip((1 - spot.local[:, 2] / half[2]) / 2 * height, 0, height - 1).astype(int)
    return Coat(((pixels[y, x].astype(np.float32) / 255) ** 2.2 * 0.9).astype(np.float32), np.full(n, 0.04, np.float32))


def _plain(hexa: str, *, rough: float = 0.06, shine: float = 0.03) -> Callable[[Spot], Coat]:
    return lambda spot: _even(spot, hexa, rough=rough, shine=shine)


SURFACES: Mapping[str, Callable[[Spot], Coat]] = {
    "wall_tiles": _wall_tiles,
    "floor_tiles": _floor_tiles,
    "red_floor": _red_floor,
    "hall_floor": _hall_floor,
    "ceiling": _ceiling,
    "paint": _plain("d9d4c6", rough=0.05),
    "steel": _steel,
    "dark_steel": _dark_steel,
    "wok": _wok,
    "lamp": _lamp,
    "board": _board,
    "carton": _carton,
    "sack": _sack,
    "heap": _heap,
    "glass_door": _glass_door,
    "frost": _frost,
    "picture": _picture,
    "plain": _plain("ffffff"),
    "plastic": _plain("ffffff", rough=0.03, shine=0.10),
    "gloss": _plain("ffffff", rough=0.03, shine=0.2),
    "wood": lambda spot: Coat(
        (_rgb("a87b4d") * (1 + 0.2 * noise_at(_GRAIN, spot.uv[:, 0] * 0.08, spot.uv[:, 1], 0.8))[:, None]).astype(
            np.float32
        ),
        np.full(spot.uv.shape[0], 0.07, np.float32),
    ),
    "dark": _plain("1d1e20", rough=0.1, shine=0.05),
}


def plane_uv(solid: Solid, local: F32, normal: F32) -> F32:
    """Metres in the plane of the face, from the solid's corner; (n, 2)."""
    corner = local + np.asarray(solid.half, np.float32)
    axis = np.argmax(np.abs(normal), axis=1)
    u = np.where(axis == 0, corner[:, 1], corner[:, 0])
    v = np.where(axis == 2, corner[:, 1], corner[:, 2])
    return np.stack([u, v], axis=1).astype(np.float32)
