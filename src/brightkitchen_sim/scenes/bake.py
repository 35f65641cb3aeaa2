"""Draw a room once: find surfaces, light them softly, reflect the floor, and make the picture a camera would.

Light is computed on every fifth pixel and spread only among pixels of the same surface, which keeps edges sharp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from .lens import F32, Lens
from .soften import blur, resize
from .solids import FAR, Solid, find_first, is_blocked, normal_at
from .surfaces import SURFACES, Spot, plane_uv

LIGHT_STEP_PX = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """A lamp in the ceiling: centre and half size in metres, strength, colour."""

    centre: tuple[float, float, float]
    half: tuple[float, float]
    power: float = 1.0
    colour: tuple[float, float, float] = (1.0, 0.98, 0.93)


@dataclass(frozen=True, slots=True)
class Room:
    """Everything that stands still in a scene."""

    lens: Lens
    solids: tuple[Solid, ...]
    panels: tuple[Panel, ...]
    ambient: tuple[float, float, float] = (0.34, 0.35, 0.36)
    exposure: float = 1.7
    mirrors_z: tuple[float, ...] = (0.0,)
    cast: tuple[float, float, float] = (0.985, 1.0, 0.985)
    pictures: Mapping[str, npt.NDArray[np.uint8]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The drawn room: picture (h, w, 3) uint8 RGB, distance from the eye (h, w) in metres, unit rays (h, w, 3)."""

    room: Room
    rgb: npt.NDArray[np.uint8]
    distance_m: F32
    rays: F32
    vignette: F32


@dataclass(frozen=True, slots=True)
class _Seen:
    which: npt.NDArray[np.int16]
    distance: F32
    point: F32
    normal: F32
    rays: F32


def _see(room: Room, px: F32, py: F32, size_px: tuple[int, int], mirror_z: float | None = None) -> tuple[_Seen, F32]:
    """Surfaces behind pixel positions and their colour before light; own light is negative-free and added later."""
    which, distance, origin, rays = find_first(room.solids, room.lens, (px, py), size_px, mirror_z)
    point = (origin + rays * np.minimum(distance, 60.0)[:, None]).astype(np.float32)
    normal = np.zeros_like(point)
    normal[:, 2] = 1
    coat = np.zeros((px.shape[0], 8), np.float32)  # colour 0..2, shine 3, metal 4, glow 5..7
    focal = room.lens.focal() * size_px[0]
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(room.solids) + 1))
    for index, solid in enumerate(room.solids):
        rows = order[bounds[index] : bounds[index + 1]]
        if rows.size == 0:
            continue
        normal[rows], local = normal_at(solid, point[rows], rays[rows])
        grazing = np.maximum(np.abs((normal[rows] * rays[rows]).sum(1)), 0.12)
        pixel_m = (distance[rows] / focal / grazing).astype(np.float32)
        surfaces = (
            _room_surfaces(solid, normal[rows]) if solid.kind == "room" else [(solid.surface, np.arange(rows.size))]
        )
        for name, part in surfaces:
            if part.size:
                at = rows[part]
                spot = Spot(
                    local[part],
                    plane_uv(solid, local[part], normal[at]),
                    normal[at],
                    pixel_m[part],
                    solid,
                    room.pictures,
                )
                made = SURFACES[name](spot)
                coat[at, :3] = made.colour * np.asarray(solid.tint, np.float32)
                coat[at, 3], coat[at, 4] = made.shine, made.metal
                if made.glow is not None:
                    coat[at, 5:8] = made.glow
    return _Seen(which, distance, point, normal, rays), coat


def _room_surfaces(solid: Solid, normal: F32) -> list[tuple[str, npt.NDArray[np.intp]]]:
    floor, wall, ceiling = solid.surface.split("/")
    up = normal[:, 2]
    return [
        (floor, np.flatnonzero(up > 0.5)),
        (wall, np.flatnonzero(np.abs(up) <= 0.5)),
        (ceiling, np.flatnonzero(up < -0.5)),
    ]


def _light(room: Room, point: F32, normal: F32, rays: F32, rng: np.random.Generator) -> F32:
    """Light arriving at points (n, 3): lamps with soft shadows, plus the grey of the room where corners let it in."""
    n = point.shape[0]
    start = (point + normal * 0.012).astype(np.float32)
    total = np.zeros((n, 3), np.float32)
    for panel in room.panels:
        taps = 5
        for tap in range(taps):
            jitter = rng.random((n, 2), np.float32)
            spread = np.empty((n, 3), np.float32)
            spread[:, 0] = panel.centre[0] + panel.half[0] * (2 * ((tap + jitter[:, 0]) / taps) - 1)
            spread[:, 1] = panel.centre[1] + panel.half[1] * (2 * jitter[:, 1] - 1)
            spread[:, 2] = panel.centre[2] - 0.03
            way = spread - start
            length = np.sqrt((way * way).sum(1))
            way /= length[:, None]
            facing = np.clip((way * normal).sum(1), 0, 1) * np.clip(way[:, 2], 0, 1)
            power = panel.power * facing / np.maximum(length, 0.5) ** 2 / taps
            lit = np.flatnonzero(power > 0.002)
            power[lit] *= ~is_blocked(room.solids, start[lit], way[lit], length[lit] - 0.02)
            total += power[:, None] * np.asarray(panel.colour, np.float32)
    open_share = np.zeros(n, np.float32)
    taps = 14
    for tap in range(taps):
        u, v = rng.random(n, np.float32), rng.random(n, np.float32)
        angle = 2 * np.pi * (v + tap / taps)
        radius = np.sqrt((tap + u) / taps) * 0.985
        ball = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1 - radius * radius)], 1)
        side = np.where(
            np.abs(normal[:, 2:3]) > 0.7, np.array([[1, 0, 0]], np.float32), np.array([[0, 0, 1]], np.float32)
        )
        tangent = np.cross(side, normal)
        tangent /= np.sqrt((tangent * tangent).sum(1, keepdims=True)) + 1e-9
        way = ball[:, :1] * tangent + ball[:, 1:2] * np.cross(normal, tangent) + ball[:, 2:] * normal
        open_share += ~is_blocked(room.solids, start, way.astype(np.float32), 1.1)
    open_share /= taps
    tint = 0.62 + 0.38 * np.clip(normal[:, 2:3] * 0.5 + 0.5, 0, 1)
    total += np.asarray(room.ambient, np.float32) * (0.12 + 0.88 * open_share[:, None]) * tint
    return total.astype(np.float32)


def _spread_light(seen: _Seen, light: F32, size_px: tuple[int, int], step: int) -> tuple[F32, npt.NDArray[np.intp]]:
    """Interpolate the coarse light (rows, cols, 3) to all pixels, mixing only samples of the same face.

    Returns the light (n, 3) and the pixels of faces so thin that no sample fell on them near by.
    """
    width, height = size_px
    cols, rows = light.shape[1], light.shape[0]
    face = seen.which.astype(np.int32) * 8 + np.argmax(np.abs(seen.normal), 1) * 2 + (seen.normal.sum(1) > 0)
    face2 = face.reshape(height, width)
    coarse_face = face2[step // 2 :: step, step // 2 :: step][:rows, :cols]
    # one smoothing pass among equal faces removes the grain of the shadow rays
    for _ in range(3):
        total, weight = light * 2, np.full((rows, cols), 2.0, np.float32)
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1)):
            same = (np.roll(coarse_face, (dy, dx), (0, 1)) == coarse_face).astype(np.float32)
            total = total + np.roll(light, (dy, dx), (0, 1)) * same[..., None]
            weight = weight + same
        light = total / weight[..., None]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    gx, gy = (x - step // 2) / step, (y - step // 2) / step
    x0, y0 = np.floor(gx).astype(np.int32), np.floor(gy).astype(np.int32)
    out = np.zeros((height, width, 3), np.float32)
    weight = np.zeros((height, width), np.float32)
    for oy in (0, 1):
        for ox in (0, 1):
            cx, cy = np.clip(x0 + ox, 0, cols - 1), np.clip(y0 + oy, 0, rows - 1)
            w = np.maximum(1 - np.abs(gx - (x0 + ox)), 0) * np.maximum(1 - np.abs(gy - (y0 + oy)), 0)
            w = (w + 1e-4) * (coarse_face[cy, cx] == face2) + 1e-7
            out += light[cy, cx] * w[..., None]
            weight += w
    return np.asarray((out / weight[..., None]).reshape(-1, 3), np.float32), np.flatnonzero(weight < 1e-4)


def _shine(room: Room, seen: _Seen, coat: F32, light: F32) -> F32:
    """Colour of every pixel in linear light: matt part, metal's reflection of ceiling and floor, lamp glints."""
    colour = coat[:, :3] * light
    toward = seen.rays - 2 * (seen.rays * seen.normal).sum(1, keepdims=True) * seen.normal
    up = toward[:, 2]
    sky = np.interp(up, [-1, -0.3, -0.02, 0.12, 0.5, 1], [0.10, 0.16, 0.24, 0.52, 0.72, 0.5]).astype(np.float32)
    metal = coat[:, 4:5]
    mirrored = coat[:, :3] * sky[:, None] * (0.35 + 0.65 * light / (light.mean() + 1e-6)) * 1.5
    colour = colour * (1 - 0.62 * metal) + mirrored * 0.62 * metal
    glint = np.zeros(colour.shape[0], np.float32)
    for panel in room.panels:
        t = (panel.centre[2] - seen.point[:, 2]) / np.maximum(up, 0.05)
        hx = seen.point[:, 0] + toward[:, 0] * t - panel.centre[0]
        hy = seen.point[:, 1] + toward[:, 1] * t - panel.centre[1]
        blur = 0.16 + 0.10 * t
        away = np.maximum(np.abs(hx) - panel.half[0], 0) ** 2 + np.maximum(np.abs(hy) - panel.half[1], 0) ** 2
        glint += np.where(up > 0.05, np.exp(-away / (blur * blur)), 0) * min(panel.power, 4.0) * 0.25
    edge_on = (1 - np.abs((seen.rays * seen.normal).sum(1))) ** 4
    open_share = np.clip(light.mean(1) / 0.5, 0, 1)
    colour += (coat[:, 3] * (0.55 + 1.6 * edge_on) * glint * open_share)[:, None]
    return np.asarray(colour + coat[:, 5:8], np.float32)


def _mirror(room: Room, seen: _Seen, coat: F32, colour: F32, size_px: tuple[int, int]) -> None:
    """Add the blurred reflection of the room in wet floors and polished tops."""
    width, height = size_px
    step = 3
    for level in room.mirrors_z:
        flat = (np.abs(seen.point[:, 2] - level) < 0.03) & (seen.normal[:, 2] > 0.9)
        flat2 = flat.reshape(height, width)[1::step, 1::step]
        ys, xs = np.nonzero(flat2)
        if ys.size == 0:
            continue
        px, py = (xs * step + 1).astype(np.float32), (ys * step + 1).astype(np.float32)
        _, image_coat = _see(room, px, py, size_px, level)
        bright = image_coat[:, :3] * (np.asarray(room.ambient, np.float32) * 1.9) + np.minimum(image_coat[:, 5:8], 3.0)
        grid = np.zeros((*flat2.shape, 4), np.float32)
        grid[ys, xs, :3], grid[ys, xs, 3] = bright, 1
        smooth = resize(blur(grid, max(1.0, width / 640)), width, height).reshape(-1, 4)
        rows = np.flatnonzero(flat)
        reflected = smooth[rows, :3] / np.maximum(smooth[rows, 3:], 0.05)
        fresnel = coat[rows, 3] * (0.45 + 1.7 * (1 - np.abs(seen.rays[rows, 2])) ** 3)
        colour[rows] += (reflected - colour[rows] * 0.5) * np.minimum(fresnel, 0.75)[:, None]


def _develop(room: Room, linear: F32, size_px: tuple[int, int], vignette: F32) -> npt.NDArray[np.uint8]:
    """Bloom, tone curve, white balance and vignette; (h, w, 3) uint8."""
    width, height = size_px
    picture = linear.reshape(height, width, 3)
    bright = np.maximum(picture - 0.9, 0).clip(0, 4)
    glow = resize(bright, max(width // 4, 1), max(height // 4, 1), shrink=True)
    picture = picture + 0.16 * resize(blur(glow, width / 160), width, height)
    picture = picture * room.exposure * np.asarray(room.cast, np.float32) * (vignette[..., None] ** 2.2)
    tone = develop_curve(picture)
    return np.asarray(tone * 255 + 0.5).astype(np.uint8)


def develop_curve(linear: F32) -> F32:
    """The camera's curve: linear light to 0..1 display value, with lifted blacks and soft highlights."""
    x = np.maximum(linear, 0)
    x = np.clip(x * (1 + x / 9.0) / (1 + x * 0.60), 0, 1) ** (1 / 2.2)
    return np.asarray(np.clip(0.018 + 0.982 * (x + 0.16 * x * (1 - x) * (2 * x - 1) * 2), 0, 1), np.float32)


def build_vignette(width_px: int, height_px: int) -> F32:
    """Fall-off towards the corners, 1 in the middle."""
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    radius = ((x / width_px - 0.5) ** 2 + ((y / height_px - 0.5) * 0.8) ** 2) / 0.41
    return np.asarray(1 - 0.32 * radius**1.5, np.float32)


def bake(room: Room, width_px: int, height_px: int, seed: int = 0) -> Backdrop:
    """Draw the room. Deterministic in its arguments."""
    size = (width_px, height_px)
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    px, py = x.ravel() + 0.5, y.ravel() + 0.5
    seen, coat = _see(room, px, py, size)
    step = LIGHT_STEP_PX if width_px >= 960 else 3
    coarse = np.arange(px.size).reshape(height_px, width_px)[step // 2 :: step, step // 2 :: step]
    at = coarse.ravel()
    light_small = _light(room, seen.point[at], seen.normal[at], seen.rays[at], rng).reshape(*coarse.shape, 3)
    light, missed = _spread_light(seen, light_small, size, step)
    light[missed] = _light(room, seen.point[missed], seen.normal[missed], seen.rays[missed], rng)
    colour = _shine(room, seen, coat, light)
    _mirror(room, seen, coat, colour, size)
    _smooth_edges(room, seen, coat, light, colour, size)
    vignette = build_vignette(width_px, height_px)
    rgb = _develop(room, colour, size, vignette)
    soft = Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(0.55 * width_px / 1920))
    distance = np.where(seen.distance >= FAR, 60, seen.distance).astype(np.float32)
    return Backdrop(
        room,
        np.asarray(soft),
        distance.reshape(height_px, width_px),
        seen.rays.reshape(height_px, width_px, 3),
        vignette,
    )


def _smooth_edges(room: Room, seen: _Seen, coat: F32, light: F32, colour: F32, size_px: tuple[int, int]) -> None:
    """Redraw pixels on outlines and fine texture with four samples each."""
    width, height = size_px
    which = seen.which.reshape(height, width)
    tone = (coat[:, :3].sum(1)).reshape(height, width)
    edge = np.zeros((height, width), np.bool_)
    for dy, dx in ((0, 1), (1, 0)):
        differs = (np.roll(which, (dy, dx), (0, 1)) != which) | (np.abs(np.roll(tone, (dy, dx), (0, 1)) - tone) > 0.25)
        edge |= differs | np.roll(differs, (-dy, -dx), (0, 1))
    rows = np.flatnonzero(edge)
    if rows.size == 0:
        return
    own = light[rows]
    total = colour[rows].clip(0, 2.5)
    for ox, oy in ((-0.25, -0.35), (0.35, -0.25), (-0.35, 0.25), (0.25, 0.35)):
        px = (rows % width + 0.5 + ox).astype(np.float32)
        py = (rows // width + 0.5 + oy).astype(np.float32)
        part, part_coat = _see(room, px, py, size_px)
        near = _borrow_light(part, seen, light, rows, size_px, own)
        total += _shine(room, part, part_coat, near).clip(0, 2.5)
    colour[rows] = total / 5


def _borrow_light(
    part: _Seen, seen: _Seen, light: F32, rows: npt.NDArray[np.intp], size_px: tuple[int, int], own: F32
) -> F32:
    """Light for a sub-pixel sample: that of the neighbour pixel which shows the same solid."""
    width, height = size_px
    out = own.copy()
    todo = part.which != seen.which[rows]
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        y, x = np.clip(rows // width + dy, 0, height - 1), np.clip(rows % width + dx, 0, width - 1)
        other = y * width + x
        use = todo & (part.which == seen.which[other])
        out[use] = light[other[use]]
        todo &= ~use
    return out
