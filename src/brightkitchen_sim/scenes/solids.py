"""Solids of the room and the rays that find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin

import numpy as np

from .lens import F32, Lens

FAR = np.float32(1e6)


@dataclass(frozen=True, slots=True)
class Solid:
    """One body. `half` are half sizes in metres (box), radii (ball, bowl) or radius, radius, half height (drum).

    kind "room" is a box seen from inside; "bowl" is the lower half of a ball, open at the top.
    """

    kind: str
    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    surface: str
    yaw: float = 0.0
    casts: bool = True
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    picture: str = ""


def box(
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    surface: str,
    *,
    yaw: float = 0.0,
    casts: bool = True,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
    picture: str = "",
) -> Solid:
    """A box between the given coordinates; `yaw` turns it about its own vertical axis."""
    centre = ((x[0] + x[1]) / 2, (y[0] + y[1]) / 2, (z[0] + z[1]) / 2)
    half = (abs(x[1] - x[0]) / 2, abs(y[1] - y[0]) / 2, abs(z[1] - z[0]) / 2)
    return Solid("box", centre, half, surface, yaw, casts, tint, picture)


def drum(
    x: float,
    y: float,
    z: tuple[float, float],
    radius: float,
    surface: str,
    *,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Solid:
    """An upright cylinder."""
    return Solid("drum", (x, y, (z[0] + z[1]) / 2), (radius, radius, (z[1] - z[0]) / 2), surface, tint=tint)


def ball(
    x: float,
    y: float,
    z: float,
    radii: tuple[float, float, float],
    surface: str,
    *,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Solid:
    """An upright ellipsoid; too small to be worth a cast shadow."""
    return Solid("ball", (x, y, z), radii, surface, casts=False, tint=tint)


def bowl(
    x: float,
    y: float,
    rim_z: float,
    radius: float,
    depth: float,
    surface: str,
    *,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Solid:
    """A wok, pan or bowl: round, open at the top, its rim at height `rim_z`."""
    return Solid("bowl", (x, y, rim_z), (radius, radius, depth), surface, casts=False, tint=tint)


def to_local(solid: Solid, points: F32) -> F32:
    """Turn room vectors (…, 3) into the solid's own axes (rotation only)."""
    if solid.yaw == 0.0:
        return points
    c, s = np.float32(cos(solid.yaw)), np.float32(sin(solid.yaw))
    x, y = points[..., 0], points[..., 1]
    return np.stack([c * x + s * y, c * y - s * x, points[..., 2]], axis=-1)


def to_room(solid: Solid, points: F32) -> F32:
    """The inverse of `to_local`."""
    if solid.yaw == 0.0:
        return points
    c, s = np.float32(cos(solid.yaw)), np.float32(sin(solid.yaw))
    x, y = points[..., 0], points[..., 1]
    return np.stack([c * x - s * y, c * y + s * x, points[..., 2]], axis=-1)


def reach(solid: Solid, origin: F32, direction: F32) -> F32:
    """Distance along each ray (n,) to the solid, FAR where it misses. `origin` is (3,) or (n, 3)."""
    o = to_local(solid, origin - np.asarray(solid.centre, np.float32))
    d = to_local(solid, direction)
    half = np.asarray(solid.half, np.float32)
    if solid.kind in ("box", "room"):
        return _reach_box(o, d, half, inside=solid.kind == "room")
    if solid.kind == "drum":
        return _reach_drum(o, d, half)
    return _reach_ball(o, d, half, is_bowl=solid.kind == "bowl")


def _reach_box(o: F32, d: F32, half: F32, *, inside: bool) -> F32:
    near = np.full(d.shape[0], -FAR, np.float32)
    far = np.full(d.shape[0], FAR, np.float32)
    for axis in range(3):
        inverse = 1 / np.where(np.abs(d[:, axis]) < 1e-7, np.float32(1e-7), d[:, axis])
        middle = -o[..., axis] * inverse
        span = np.abs(half[axis] * inverse)
        np.maximum(near, middle - span, out=near)
        np.minimum(far, middle + span, out=far)
    if inside:
        return far
    return np.where((near <= far) & (near > 1e-4), near, FAR)


def _reach_drum(o: F32, d: F32, half: F32) -> F32:
    dx, dy, dz = d[:, 0], d[:, 1], d[:, 2]
    ox, oy, oz = o[..., 0], o[..., 1], o[..., 2]
    a = np.maximum(dx * dx + dy * dy, 1e-9)
    b = ox * dx + oy * dy
    h = b * b - a * (ox * ox + oy * oy - half[0] * half[0])
    root = np.sqrt(np.maximum(h, 0))
    inverse = 1 / np.where(np.abs(dz) < 1e-7, np.float32(1e-7), dz)
    middle, span = -oz * inverse, np.abs(half[2] * inverse)
    near = np.maximum((-b - root) / a, middle - span)
    far = np.minimum((-b + root) / a, middle + span)
    return np.where((h > 0) & (near <= far) & (near > 1e-4), near, FAR).astype(np.float32)


def _reach_ball(o: F32, d: F32, half: F32, *, is_bowl: bool) -> F32:
    o, d = o / half, d / half
    a = (d * d).sum(1)
    b = (o * d).sum(-1)
    h = b * b - a * ((o * o).sum(-1) - 1)
    root = np.sqrt(np.maximum(h, 0))
    near = (-b - root) / a
    if not is_bowl:
        return np.where((h > 0) & (near > 1e-4), near, FAR).astype(np.float32)
    far = (-b + root) / a
    below_near = o[..., 2] + near * d[:, 2] < 0
    below_far = o[..., 2] + far * d[:, 2] < 0
    t = np.where(below_near, near, np.where(below_far, far, FAR))
    return np.where((h > 0) & (t > 1e-4), t, FAR).astype(np.float32)


def normal_at(solid: Solid, point: F32, direction: F32) -> tuple[F32, F32]:
    """Unit normal facing the ray, and the point in the solid's own axes relative to its centre; both (n, 3)."""
    local = to_local(solid, point - np.asarray(solid.centre, np.float32))
    half = np.asarray(solid.half, np.float32)
    if solid.kind in ("box", "room"):
        axis = np.argmax(np.abs(local) / half - (np.abs(local) > half * 1.5), axis=1)
        normal = np.zeros_like(local)
        rows = np.arange(local.shape[0])
        normal[rows, axis] = np.sign(local[rows, axis]) * (-1 if solid.kind == "room" else 1)
    elif solid.kind == "drum":
        on_cap = np.abs(local[:, 2]) > half[2] - 1e-3
        normal = np.stack([local[:, 0], local[:, 1], np.zeros_like(local[:, 2])], axis=1) / half[0]
        normal[on_cap] = (0, 0, 1)
    else:
        normal = local / (half * half)
        normal /= np.sqrt((normal * normal).sum(1, keepdims=True)) + 1e-9
    normal = to_room(solid, normal)
    facing = (normal * direction).sum(1) > 0
    normal[facing] *= -1
    return normal.astype(np.float32), local


def outline_px(
    solid: Solid, lens: Lens, size_px: tuple[int, int], mirror_z: float | None
) -> tuple[float, float, float, float]:
    """Left, top, right, bottom pixel bounds of the solid (of its mirror image in the plane z = mirror_z)."""
    width, height = size_px
    steps = np.array([-1, -0.5, 0, 0.5, 1], np.float32)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    points = to_room(solid, grid * np.asarray(solid.half, np.float32)) + np.asarray(solid.centre, np.float32)
    if mirror_z is not None:
        points[:, 2] = 2 * mirror_z - points[:, 2]
    x, y, depth = lens.project(points, width, height)
    if (depth > 0.1).all() and solid.kind != "room":
        return float(x.min()) - 3, float(y.min()) - 3, float(x.max()) + 3, float(y.max()) + 3
    if (depth <= 0.1).all():
        return 1.0, 1.0, 0.0, 0.0
    return -1e9, -1e9, 1e9, 1e9


def find_first(
    solids: Sequence[Solid], lens: Lens, at: tuple[F32, F32], size_px: tuple[int, int], mirror_z: float | None = None
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int16]], F32, F32, F32]:
    """Index of the first solid, distance, origin (3,) and directions (n, 3) for pixel positions `at`.

    With `mirror_z` the ray is the one reflected by that horizontal plane, seen as coming from the mirrored camera.
    """
    px, py = at
    rays = lens.rays(px, py, *size_px)
    origin = np.asarray(lens.eye_m, np.float32)
    floor_t = np.zeros(px.shape[0], np.float32)
    if mirror_z is not None:
        floor_t = (np.float32(mirror_z) - origin[2]) / np.minimum(rays[:, 2], -1e-4)
        rays = rays * np.array([1, 1, -1], np.float32)
        origin = np.array([origin[0], origin[1], 2 * mirror_z - origin[2]], np.float32)
    best = np.full(px.shape[0], FAR, np.float32)
    which = np.full(px.shape[0], -1, np.int16)
    for index, solid in enumerate(solids):
        left, top, right, bottom = outline_px(solid, lens, size_px, mirror_z)
        if left > right:
            continue
        rows = np.flatnonzero((px >= left) & (px <= right) & (py >= top) & (py <= bottom))
        if rows.size == 0:
            continue
        t = reach(solid, origin, rays[rows])
        if mirror_z is not None:
            t = np.where(t > floor_t[rows] + 1e-3, t, FAR)
        closer = t < best[rows]
        won = rows[closer]
        best[won] = t[closer]
        which[won] = index
    return which, best, origin, rays


def is_blocked(
    solids: Sequence[Solid], origin: F32, direction: F32, limit_m: F32 | float
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """True per ray where any casting solid lies nearer than `limit_m`."""
    hit = np.zeros(origin.shape[0], np.bool_)
    for solid in solids:
        if solid.casts and solid.kind != "room":
            hit |= reach(solid, origin, direction) < limit_m
    return hit
