"""Flames, steam, the mouse's run, the lens cover: what moves besides people. All repeat with whole periods."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import cos, pi, sin

import numpy as np
from PIL import Image

from .bake import Backdrop
from .canvas import U8, Canvas, Patch, build_patch
from .figures import Bone
from .lens import F32
from .soften import blur, resize
from .surfaces import build_noise

FLAME_PERIOD_S = 2.0
STEAM_PERIOD_S = 4.0


@lru_cache(maxsize=4)
def _noise(seed: int) -> F32:
    return build_noise(seed, (3, 5, 8, 13))


def draw_flame(
    backdrop: Backdrop, at: tuple[float, float, float], phase: float, seed: int, *, radius_m: float = 0.31
) -> Patch | None:
    """A ring of gas flames licking up round a wok at `at` (burner level), phase 0..1 of its period."""
    height, width = backdrop.distance_m.shape
    ring = 26
    steps = np.arange(ring)
    angle = 2 * pi * steps / ring
    foot = np.stack([at[0] + radius_m * np.cos(angle), at[1] + radius_m * np.sin(angle), np.full(ring, at[2])], 1)
    x, y, depth = backdrop.room.lens.project(foot, width, height)
    metre = backdrop.room.lens.focal() * width / float(depth.mean())
    reach = 0.34 * metre
    left, top = int(max(x.min() - reach * 0.4, 0)) & ~1, int(max(y.min() - reach, 0)) & ~1
    right, bottom = int(min(x.max() + reach * 0.4, width)) & ~1, int(min(y.max() + reach * 0.3, height)) & ~1
    if right - left < 4 or bottom - top < 4:
        return None
    gy, gx = np.mgrid[top:bottom, left:right].astype(np.float32)
    heat = np.zeros(gx.shape, np.float32)
    blue = np.zeros(gx.shape, np.float32)
    rng = np.random.default_rng(seed)
    own = rng.random(ring)
    for n in range(ring):
        beat = 0.5 + 0.28 * sin(2 * pi * (2 * phase + own[n])) + 0.22 * sin(2 * pi * (5 * phase + own[n] * 7.3))
        tall = metre * (0.05 + 0.15 * beat**1.3)
        sway = metre * 0.02 * sin(2 * pi * (3 * phase + own[n] * 3))
        up = (y[n] - gy) / tall
        inside = (up > -0.12) & (up < 1)
        wide = metre * 0.026 * np.clip(1 - up, 0, 1) ** 0.7
        off = np.abs(gx - x[n] - sway * np.clip(up, 0, 1)) / np.maximum(wide, 0.6)
        body = np.where(inside, np.exp(-off * off), 0)
        heat += body * np.clip(1.15 - up, 0, 1)
        blue += body * np.clip(1 - up * 3.0, 0, 1)
    heat, blue = np.clip(heat, 0, 1.6), np.clip(blue, 0, 1)
    rgb = np.stack([heat * 235 - blue * 90, heat**1.5 * 150 + blue * 40, heat**3 * 60 + blue * 190], -1)
    glow = blur(heat, max(2.0, metre * 0.05)) * 70
    rgb += glow[..., None] * np.array([1.0, 0.55, 0.18], np.float32)
    alpha = np.clip(heat * 150, 0, 170)
    hidden = backdrop.distance_m[top:bottom, left:right] < float(depth.mean()) * 0.9
    rgb[hidden] = 0
    alpha[hidden] = 0
    rgb = np.clip(rgb, 0, 255)
    alpha = np.maximum(alpha, rgb.max(-1))  # premultiplied colour never exceeds its coverage
    return build_patch(left, top, rgb.astype(np.uint8), alpha.astype(np.uint8), depth_m=float(depth.mean()))


def steam_cover(size_px: tuple[int, int], phase: float, seed: int) -> F32:
    """Coverage 0..1 of drifting steam at quarter size, (h/4, w/4); phase 0..1 of its period."""
    cols, rows = max(size_px[0] // 4, 2), max(size_px[1] // 4, 2)
    gy, gx = np.mgrid[0:rows, 0:cols].astype(np.float32)
    gx, gy = gx / cols, gy / rows
    cover = np.zeros((rows, cols), np.float32)
    rng = np.random.default_rng(seed)
    for n in range(11):
        own = rng.random(4)
        life = (phase + n / 11 + 0.03 * own[0]) % 1.0
        cx = 0.5 + 0.16 * (own[1] - 0.5) + 0.18 * (own[2] - 0.4) * life + 0.05 * sin(2 * pi * (life * 1.5 + own[3]))
        cy = 0.95 - 0.80 * life**0.85
        size = 0.07 + 0.19 * life
        strength = 0.36 * sin(pi * min(1.0, life * 1.02)) ** 1.3
        cover += strength * np.exp(-(((gx - cx) / size) ** 2 + ((gy - cy) / (size * 0.9)) ** 2))
    table = _noise(77)
    curl = table[((gy * 90 + phase * 256) % 256).astype(int), ((gx * 90 + 40 * np.sin(gy * 3)) % 256).astype(int)]
    cover *= np.clip(0.78 + 0.42 * curl, 0.15, 1.3)
    edge = np.clip(np.minimum(np.minimum(gx, 1 - gx), np.minimum(gy, 1 - gy)) * 9, 0, 1)
    return np.asarray(np.clip(cover * edge, 0, 0.72), np.float32)


def build_steam(
    cover: F32,
    at: tuple[int, int],
    size_px: tuple[int, int],
    picture_px: tuple[int, int],
    depth_m: float,
    white: int = 205,
) -> Patch | None:
    """Turn a quarter-size coverage into a patch whose left top is `at`, cut to the picture."""
    width, height = size_px
    full = resize(cover, width & ~1, height & ~1)
    left, top = at[0] & ~1, at[1] & ~1
    x0, y0 = max(0, -left), max(0, -top)
    x1, y1 = min(full.shape[1], picture_px[0] - left), min(full.shape[0], picture_px[1] - top)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    part = full[y0:y1, x0:x1]
    half = part[0::2, 0::2]
    return Patch(
        left + x0,
        top + y0,
        depth_m,
        ((1 - part) * 256).astype(np.uint16),
        (part * (white * 256)).astype(np.uint16),
        ((1 - half) * 256).astype(np.uint16),
        (half * (128 * 256)).astype(np.uint16),
        (half * (128 * 256)).astype(np.uint16),
    )


def mouse_bones(gait: float) -> list[Bone]:
    """A mouse in body axes (runs along +y), drawn a little large, as a rat of a canteen is."""
    grey = (0.045, 0.038, 0.033)
    hop = 0.012 * abs(sin(2 * pi * gait))
    bones = [
        Bone((0, -0.08, 0.05 + hop), (0, 0.05, 0.055), 0.055, 0.042, grey),
        Bone((0, 0.07, 0.055), (0, 0.14, 0.04), 0.036, 0.014, grey),
        Bone((-0.025, 0.075, 0.09), (-0.026, 0.075, 0.095), 0.018, 0.018, (0.12, 0.07, 0.06)),
        Bone((0.025, 0.075, 0.09), (0.026, 0.075, 0.095), 0.018, 0.018, (0.12, 0.07, 0.06)),
    ]
    tail = [(0.02 * sin(2 * pi * gait + n * 0.9) * n / 4, -0.13 - 0.06 * n, 0.03) for n in range(5)]
    bones += [
        Bone(a, b, 0.012 - 0.002 * n, 0.010 - 0.002 * n, (0.10, 0.06, 0.055), cloth=0)
        for n, (a, b) in enumerate(pairwise(tail))
    ]
    for n, (side, y) in enumerate(((-1, 0.05), (1, 0.05), (-1, -0.08), (1, -0.08))):
        step = 0.03 * cos(2 * pi * gait + n * 2)
        bones.append(Bone((0.035 * side, y, 0.03), (0.04 * side, y + step, 0.008), 0.012, 0.008, grey, cloth=0))
    return bones


def draw_cover(width_px: int, height_px: int, seed: int) -> U8:
    """What a camera sees through a plastic bag put over it, (h, w, 3) uint8: dim folds, no shapes."""
    cols, rows = max(width_px // 8, 8), max(height_px // 8, 8)
    gy, gx = np.mgrid[0:rows, 0:cols].astype(np.float32)
    table = _noise(seed)
    folds = table[(gy * 1.1 % 256).astype(int), ((gx * 0.7 + gy * 0.25) % 256).astype(int)]
    crease = np.abs(table[(gy * 0.5 % 256).astype(int), ((gx * 0.4 + 90 + gy * 0.6) % 256).astype(int)])
    tone = np.clip(
        78
        + 16 * folds
        - 26 * np.exp(-crease * 14)
        + 34 * np.exp(-((gx / cols - 0.6) ** 2 + (gy / rows - 0.2) ** 2) * 5),
        0,
        255,
    )
    rgb = np.clip(blur(tone, 2)[..., None] * np.array([0.92, 0.86, 0.80], np.float32), 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(rgb).resize((width_px, height_px), Image.Resampling.BICUBIC))


def dim(canvas: Canvas, level: float) -> None:
    """Turn the light down: 1 leaves the picture, 0 leaves the black of a sensor without light."""
    table = (17 + (np.arange(256) - 16) * level + 0.5).clip(16, 235).astype(np.uint8)
    canvas.y = table[canvas.y]
    fade = min(1.0, 0.15 + level * 0.85)
    colour = (128 + (np.arange(256) - 128) * fade + 0.5).clip(16, 240).astype(np.uint8)
    canvas.u, canvas.v = colour[canvas.u], colour[canvas.v]


def slide_cover(canvas: Canvas, cover: Canvas, share: float) -> None:
    """Pull the cover down over the picture, 0..1 of the height."""
    height = canvas.y.shape[0]
    rows = round(height * share) & ~1
    canvas.y[:rows], canvas.u[: rows // 2], canvas.v[: rows // 2] = (
        cover.y[:rows],
        cover.u[: rows // 2],
        cover.v[: rows // 2],
    )
    band = min(height - rows, height // 14) & ~1
    if rows and band > 2:
        fade = np.linspace(0.35, 1, band, dtype=np.float32)[:, None]
        canvas.y[rows : rows + band] = (16 + (canvas.y[rows : rows + band] - 16.0) * fade).astype(np.uint8)
