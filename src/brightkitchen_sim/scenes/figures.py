"""People (and a mouse) built of rounded cones, drawn per frame into the room with its light and its depth.

Body axes: x to the person's right, y forward, z up, origin on the floor between the feet, metres for a person of 1.7 m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from .bake import Backdrop, develop_curve
from .canvas import Patch, build_patch
from .lens import F32
from .surfaces import _ROUGH as CLOTH
from .surfaces import NOISE_PX

Vec = tuple[float, float, float]
Colour = tuple[float, float, float]

WHITE: Colour = (0.56, 0.57, 0.57)
MASK_BLUE: Colour = (0.30, 0.55, 0.72)
DARK: Colour = (0.02, 0.021, 0.025)


@dataclass(frozen=True, slots=True)
class Bone:
    """A cone with round ends from `a` to `b`. `squash` > 1 flattens it front to back; `front` colours its front side."""

    a: Vec
    b: Vec
    ra: float
    rb: float
    colour: Colour
    squash: float = 1.0
    front: Colour | None = None
    front_y: float = 0.03
    cloth: float = 1.0
    glow: float = 0.0


@dataclass(frozen=True, slots=True)
class Outfit:
    """How a person is dressed and built. hat: toque, cap, net, hood or none."""

    hat: str = "toque"
    hat_colour: Colour = WHITE
    mask: Colour | None = MASK_BLUE
    jacket: Colour = WHITE
    apron: Colour | None = (0.44, 0.48, 0.53)
    trousers: Colour = (0.06, 0.065, 0.08)
    shoes: Colour = (0.03, 0.03, 0.035)
    skin: Colour = (0.55, 0.33, 0.22)
    hair: Colour = (0.018, 0.015, 0.014)
    gloves: Colour | None = None
    height_m: float = 1.70
    girth: float = 1.0
    long_hair: bool = False
    scarf: Colour | None = None


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a person is and what the limbs do.

    hands: left and right target in body axes; stride: (phase 0..1, strength 0..1); lean and head angles in radians.
    """

    x: float
    y: float
    heading: float
    left: Vec = (-0.24, 0.12, 0.86)
    right: Vec = (0.24, 0.12, 0.86)
    lean: float = 0.06
    nod: float = 0.15
    turn: float = 0.0
    stride: tuple[float, float] = (0.0, 0.0)
    sits: bool = False
    props: tuple[Bone, ...] = field(default=())


def _joint(start: F32, end: F32, first: float, second: float, pole: Sequence[float]) -> tuple[F32, F32]:
    """Elbow or knee between start and end for two bones of given length; end is pulled in when out of reach."""
    way = end - start
    length = float(np.linalg.norm(way))
    reach = min(max(length, abs(first - second) + 0.02), first + second - 0.01)
    way = way / max(length, 1e-6)
    end = start + way * reach
    along = (first * first - second * second + reach * reach) / (2 * reach)
    side = np.asarray(pole, np.float32) - way * float(np.dot(way, np.asarray(pole, np.float32)))
    side = side / max(float(np.linalg.norm(side)), 1e-6)
    out = float(np.sqrt(max(first * first - along * along, 0.0)))
    return (start + way * along + side * out).astype(np.float32), end.astype(np.float32)


def _v(p: F32) -> Vec:
    return float(p[0]), float(p[1]), float(p[2])


def _legs(outfit: Outfit, pose: Pose, hip_z: float) -> list[Bone]:
    bones = []
    phase, strength = pose.stride
    for side in (-1, 1):
        swing = 2 * np.pi * (phase + (0.5 if side > 0 else 0.0))
        hip = np.array([0.078 * side, 0.0, hip_z], np.float32)
        if pose.sits:
            foot = np.array([0.11 * side, 0.42, 0.08], np.float32)
        else:
            foot = np.array(
                [0.105 * side, 0.30 * strength * np.cos(swing), 0.07 + 0.11 * strength * max(0.0, -np.sin(swing))],
                np.float32,
            )
        knee, foot = _joint(hip, foot, 0.44, 0.43, (0.05 * side, 1.0, 0.1))
        r = outfit.girth
        bones.append(Bone(_v(hip), _v(knee), 0.082 * r, 0.068 * r, outfit.trousers))
        bones.append(Bone(_v(knee), _v(foot), 0.072 * r, 0.056 * r, outfit.trousers))
        toe = foot + np.array([0.02 * side, 0.15, -0.025], np.float32)
        bones.append(
            Bone(_v(foot - np.array([0, 0.03, 0.02], np.float32)), _v(toe), 0.052, 0.042, outfit.shoes, cloth=0.2)
        )
    return bones


def _head(outfit: Outfit, pose: Pose) -> list[Bone]:
    """The head in its own axes, origin at the base of the skull."""
    skin, hair = outfit.skin, outfit.hair
    bones = [
        Bone((0, -0.01, -0.09), (0, 0.0, 0.02), 0.055, 0.052, skin, cloth=0),
        Bone((0, 0.018, 0.035), (0, 0.0, 0.135), 0.078, 0.098, skin, cloth=0),
        Bone((0, 0.080, 0.088), (0, 0.098, 0.070), 0.012, 0.016, skin, cloth=0),
        Bone((-0.098, -0.005, 0.085), (-0.098, -0.012, 0.105), 0.02, 0.024, skin, cloth=0),
        Bone((0.098, -0.005, 0.085), (0.098, -0.012, 0.105), 0.02, 0.024, skin, cloth=0),
    ]
    for side in (-1, 1):
        bones.append(
            Bone(
                (0.036 * side - 0.008, 0.084, 0.112),
                (0.036 * side + 0.008, 0.084, 0.112),
                0.0100,
                0.0100,
                DARK,
                cloth=0,
            )
        )
        bones.append(
            Bone(
                (0.036 * side - 0.016, 0.084, 0.136),
                (0.036 * side + 0.016, 0.083, 0.137),
                0.0045,
                0.0045,
                hair,
                cloth=0,
            )
        )
    if outfit.hat != "hood":
        bones.append(Bone((0, -0.035, 0.075), (0, -0.014, 0.158), 0.088, 0.098, hair, cloth=0.6))
    if outfit.long_hair:
        bones.append(Bone((0, -0.10, 0.10), (0, -0.13, -0.10), 0.05, 0.035, hair, cloth=0.8))
    if outfit.mask is not None:
        bones.append(Bone((-0.022, 0.050, 0.028), (0.022, 0.050, 0.028), 0.060, 0.060, outfit.mask, cloth=0.4))
        bones.append(Bone((-0.012, 0.066, 0.066), (0.012, 0.066, 0.066), 0.054, 0.054, outfit.mask, cloth=0.4))
        for side in (-1, 1):
            bones.append(
                Bone((0.06 * side, 0.06, 0.055), (0.097 * side, 0.0, 0.09), 0.012, 0.005, outfit.mask, cloth=0)
            )
    white = outfit.hat_colour
    if outfit.hat == "toque":
        bones.append(Bone((0, -0.014, 0.150), (0, -0.018, 0.205), 0.106, 0.106, white, cloth=0.5))
        bones.append(Bone((0, -0.024, 0.24), (0, -0.030, 0.285), 0.126, 0.118, white, cloth=1.6))
    elif outfit.hat == "cap":
        bones.append(Bone((0, -0.012, 0.150), (0, -0.018, 0.178), 0.108, 0.100, white, cloth=0.7))
        bones.append(Bone((-0.055, 0.098, 0.150), (0.055, 0.098, 0.150), 0.014, 0.014, white, squash=0.34, cloth=0.2))
    elif outfit.hat == "net":
        bones.append(Bone((0, -0.03, 0.125), (0, -0.028, 0.175), 0.112, 0.104, white, cloth=1.5))
    elif outfit.hat == "hood":
        bones.append(Bone((0, -0.045, 0.02), (0, -0.035, 0.14), 0.115, 0.118, outfit.jacket, cloth=1.2))
    elif not outfit.long_hair:
        bones.append(Bone((0, -0.012, 0.150), (0, -0.02, 0.175), 0.094, 0.082, hair, cloth=1.0))
    return bones


def _turn(bones: Sequence[Bone], pitch: float, yaw: float, move: F32) -> list[Bone]:
    cp, sp, cy, sy = np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw)
    pitch_m = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    yaw_m = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    turn = (yaw_m @ pitch_m).astype(np.float32)

    def place(p: Vec) -> Vec:
        return _v(turn @ np.asarray(p, np.float32) + move)

    return [
        Bone(place(b.a), place(b.b), b.ra, b.rb, b.colour, b.squash, b.front, b.front_y, b.cloth, b.glow) for b in bones
    ]


def build_person(outfit: Outfit, pose: Pose) -> list[Bone]:
    """All bones of a person in body axes, for a height of 1.7 m; the caller scales by height."""
    bob = 0.018 * pose.stride[1] * float(np.cos(4 * np.pi * pose.stride[0]))
    hip_z = 0.50 if pose.sits else 0.90 + bob - 0.02 * pose.stride[1]
    r = outfit.girth
    bones = _legs(outfit, pose, hip_z)
    hip = np.array([0, 0, hip_z], np.float32)

    def lift(x: float, y: float, z: float) -> F32:
        c, s = np.cos(pose.lean), np.sin(pose.lean)
        return hip + np.array([x, y * c + z * s, z * c - y * s], np.float32)

    jacket, apron = outfit.jacket, outfit.apron
    bones.append(Bone(_v(lift(0, 0, -0.03)), _v(lift(0, 0, 0.10)), 0.158 * r, 0.150 * r, jacket, 1.35, apron, 0.02))
    bones.append(Bone(_v(lift(0, 0, 0.08)), _v(lift(0, 0, 0.40)), 0.150 * r, 0.172 * r, jacket, 1.42, apron, 0.045))
    bones.append(
        Bone(
            _v(lift(-0.135 * r, -0.005, 0.485)),
            _v(lift(0.135 * r, -0.005, 0.485)),
            0.074 * r,
            0.074 * r,
            jacket,
            cloth=0.6,
        )
    )
    bones.append(Bone(_v(lift(0, -0.01, 0.47)), _v(lift(0, 0.0, 0.56)), 0.085, 0.06, jacket, cloth=0.6))
    if not pose.sits:  # the jacket's hem hides the hips
        bones.append(Bone(_v(lift(0, 0, 0.02)), (0, 0.01, hip_z - 0.15), 0.160 * r, 0.178 * r, jacket, 1.08))
    if apron is not None and not pose.sits:
        sway = 0.03 * pose.stride[1] * float(np.sin(2 * np.pi * pose.stride[0]))
        bones.append(
            Bone(_v(lift(0, 0.035, 0.0)), (sway, 0.055, hip_z - 0.34), 0.162 * r, 0.190 * r, apron, 1.16, cloth=1.3)
        )
    for side, target in ((-1, pose.left), (1, pose.right)):
        shoulder = lift(0.185 * r * side, 0.0, 0.475)
        elbow, wrist = _joint(shoulder, np.asarray(target, np.float32), 0.29, 0.27, (0.75 * side, -0.45, -0.75))
        bones.append(Bone(_v(shoulder), _v(elbow), 0.064 * r, 0.052 * r, jacket))
        cuff = elbow + (wrist - elbow) * 0.86
        bones.append(Bone(_v(elbow), _v(cuff), 0.052 * r, 0.043 * r, jacket))
        hand = wrist + (wrist - elbow) / 0.27 * 0.06
        bones.append(
            Bone(_v(wrist - (wrist - elbow) * 0.1), _v(hand), 0.030, 0.036, outfit.gloves or outfit.skin, cloth=0)
        )
    if outfit.scarf is not None:
        bones.append(
            Bone(_v(lift(-0.03, 0.005, 0.555)), _v(lift(0.03, 0.005, 0.555)), 0.068, 0.068, outfit.scarf, cloth=1.5)
        )
        bones.append(Bone(_v(lift(0, 0.085, 0.52)), _v(lift(0.01, 0.115, 0.44)), 0.03, 0.014, outfit.scarf))
    if apron is not None and not pose.sits:  # the apron's bow at the back
        string = (apron[0] * 0.7, apron[1] * 0.7, apron[2] * 0.7)
        for side in (-1, 1):
            bones.append(
                Bone(_v(lift(0, -0.132 * r, 0.10)), _v(lift(0.055 * side, -0.148 * r, 0.07)), 0.012, 0.020, string)
            )
            bones.append(
                Bone(
                    _v(lift(0.01 * side, -0.138 * r, 0.09)),
                    _v(lift(0.03 * side, -0.182 * r, -0.08)),
                    0.010,
                    0.012,
                    string,
                )
            )
            bones.append(
                Bone(
                    _v(lift(0.02 * side, -0.122 * r, 0.10)),
                    _v(lift(0.12 * r * side, -0.072 * r, 0.10)),
                    0.014,
                    0.016,
                    string,
                )
            )
    bones += _turn(_head(outfit, pose), pose.nod + pose.lean * 0.5, pose.turn, lift(0, 0.012, 0.625))
    bones += pose.props
    return bones


def _cone(o: F32, d: F32, bone: Bone, limit: F32) -> tuple[npt.NDArray[np.intp], F32, F32]:
    """Rays from `o` (3,) along unit `d` (n, 3) that meet the bone nearer than `limit` (n,): rows, distance, unit normal."""
    pa, pb = np.asarray(bone.a, np.float32), np.asarray(bone.b, np.float32)
    stretch: F32 | None = None
    if bone.squash != 1.0:
        scale = np.array([1, bone.squash, 1], np.float32)
        o, d, pa, pb = o * scale, d * scale, pa * scale, pb * scale
        stretch = np.sqrt(np.einsum("ij,ij->i", d, d))
        d = d / stretch[:, None]
    ra, rb = np.float32(bone.ra), np.float32(bone.rb)
    ba, oa, ob = pb - pa, o - pa, o - pb
    rr = ra - rb
    m0, m1, m5, m7 = ba @ ba, ba @ oa, oa @ oa, ob @ ob
    m2, m3, m6 = (d @ np.stack([ba, oa, ob], 1)).T
    d2 = m0 - rr * rr
    k2 = d2 - m2 * m2
    k1 = d2 * m3 + m2 * (rr * ra - m1)
    k0 = d2 * m5 - m1 * m1 + m1 * rr * ra * 2 - m0 * ra * ra
    h = k1 * k1 - k0 * k2
    t = (-np.sqrt(np.maximum(h, 0)) - k1) / np.where(np.abs(k2) < 1e-9, np.float32(1e-9), k2)
    y = m1 - ra * rr + t * m2
    on_side = (h > 0) & (y > 0) & (y < d2)
    h1, h2 = m3 * m3 - (m5 - ra * ra), m6 * m6 - (m7 - rb * rb)
    t1 = np.where(h1 > 0, -m3 - np.sqrt(np.maximum(h1, 0)), np.float32(1e4))
    t2 = np.where(h2 > 0, -m6 - np.sqrt(np.maximum(h2, 0)), np.float32(1e4))
    best = np.where(on_side, t, np.minimum(t1, t2))
    real = best if stretch is None else best / stretch
    rows = np.flatnonzero((real < limit) & (real > 0.02))
    hit = oa + d[rows] * best[rows][:, None]
    side = on_side[rows]
    normal = np.where(t1[rows, None] <= t2[rows, None], hit / ra, (hit - ba) / rb)
    normal[side] = d2 * hit[side] - ba * y[rows][side, None]
    if stretch is not None:
        normal *= np.array([1, bone.squash, 1], np.float32)
    normal /= np.sqrt(np.einsum("ij,ij->i", normal, normal))[:, None] + 1e-9
    return rows, real[rows].astype(np.float32), normal.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Place:
    """Where body axes lie in the room: floor point, height of the origin, heading (0 looks along +y), scale."""

    x: float
    y: float
    heading: float
    scale: float = 1.0
    z: float = 0.0


def draw_bones(
    backdrop: Backdrop, bones: Sequence[Bone], place: Place, *, shadow_m: float = 0.33, detail: int = 1
) -> Patch | None:
    """Render bones into a picture patch, hidden behind nearer things of the room; None when nothing is in view."""
    height, width = backdrop.distance_m.shape
    c, s = np.cos(place.heading), np.sin(place.heading)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)  # body -> room
    origin = np.array([place.x, place.y, place.z], np.float32)
    lens = backdrop.room.lens
    eye: F32 = np.asarray((turn.T @ (np.asarray(lens.eye_m, np.float32) - origin)) / place.scale, np.float32)
    boxes = _bounds(backdrop, bones, turn, origin, place.scale)
    area = _area(boxes, shadow_box(backdrop, place, shadow_m), width, height)
    if area is None:
        return None
    left, top, right, bottom = area
    rays = backdrop.rays[top:bottom, left:right]
    body_rays = rays @ turn
    shape = body_rays.shape[:2]
    near = np.full(shape, 60, np.float32)
    normal = np.zeros((*shape, 3), np.float32)
    albedo = np.zeros((*shape, 3), np.float32)
    cloth = np.zeros(shape, np.float32)
    glow = np.zeros(shape, np.float32)
    for bone, (x0, y0, x1, y1) in zip(bones, boxes, strict=True):
        x0, y0, x1, y1 = max(x0 - left, 0), max(y0 - top, 0), min(x1 - left, shape[1]), min(y1 - top, shape[0])
        if x0 >= x1 or y0 >= y1:
            continue
        window = body_rays[y0:y1, x0:x1]
        old = near[y0:y1, x0:x1]
        rows, t, n = _cone(eye, np.asarray(window.reshape(-1, 3), np.float32), bone, old.ravel())
        if rows.size == 0:
            continue
        ys, xs = rows // old.shape[1] + y0, rows % old.shape[1] + x0
        near[ys, xs] = t
        normal[ys, xs] = n
        colour = np.broadcast_to(np.asarray(bone.colour, np.float32), (rows.size, 3))
        if bone.front is not None:
            is_front = eye[1] + body_rays[ys, xs, 1] * t > bone.front_y
            colour = np.where(is_front[:, None], np.asarray(bone.front, np.float32), colour)
        albedo[ys, xs] = colour
        cloth[ys, xs] = bone.cloth
        glow[ys, xs] = bone.glow
    mask = (near * place.scale < backdrop.distance_m[top:bottom, left:right] + 0.015) & (near < 59)
    shade = _shadow(backdrop, place, shadow_m, area)
    if not mask.any() and (shade is None or float(shade.max()) < 0.02):
        return None
    rgb = _paint(backdrop, (eye, body_rays, near, normal, albedo, cloth, glow), mask, turn, place, area)
    used = mask if shade is None else mask | (shade > 0.012)
    ys, xs = np.flatnonzero(used.any(1)), np.flatnonzero(used.any(0))
    y0, y1 = max(int(ys[0]) - 2, 0) & ~1, min((int(ys[-1]) + 4) & ~1, shape[0])
    x0, x1 = max(int(xs[0]) - 2, 0) & ~1, min((int(xs[-1]) + 4) & ~1, shape[1])
    cut = (slice(y0, y1), slice(x0, x1))
    image = np.zeros((y1 - y0, x1 - x0, 4), np.uint8)
    image[..., :3] = rgb[cut]
    image[..., 3] = mask[cut] * np.uint8(255)
    if width >= 900:
        image = np.asarray(Image.fromarray(image, "RGBA").filter(ImageFilter.BoxBlur(0.62 * width / 1920)))
    part = None if shade is None else shade[cut]
    return build_patch(
        left + x0, top + y0, image[..., :3], image[..., 3], part, depth_m=float(np.linalg.norm(eye)) * place.scale
    )


def _bounds(
    backdrop: Backdrop, bones: Sequence[Bone], turn: F32, origin: F32, scale: float
) -> list[tuple[int, int, int, int]]:
    height, width = backdrop.distance_m.shape
    ends = np.array([[b.a, b.b] for b in bones], np.float32)
    radii = np.array([[b.ra, b.rb] for b in bones], np.float32)
    room = (ends.reshape(-1, 3) @ turn.T) * scale + origin
    x, y, depth = backdrop.room.lens.project(room, width, height)
    focal = backdrop.room.lens.focal() * width
    reach = radii.ravel() * scale * focal / np.maximum(depth, 0.15) * 1.18 + 2
    x, y, reach = x.reshape(-1, 2), y.reshape(-1, 2), reach.reshape(-1, 2)
    low_x, low_y = np.floor((x - reach).min(1)), np.floor((y - reach).min(1))
    high_x, high_y = np.ceil((x + reach).max(1)), np.ceil((y + reach).max(1))
    behind = depth.reshape(-1, 2).min(1) < 0.12
    high_x = np.where(behind, low_x, high_x)
    limit = 8000
    return [
        (
            int(np.clip(a, -limit, limit)),
            int(np.clip(b, -limit, limit)),
            int(np.clip(c, -limit, limit)),
            int(np.clip(d, -limit, limit)),
        )
        for a, b, c, d in zip(low_x, low_y, high_x, high_y, strict=True)
    ]


def shadow_box(backdrop: Backdrop, place: Place, radius_m: float) -> tuple[int, int, int, int]:
    """Pixel bounds of the soft shadow round the feet."""
    height, width = backdrop.distance_m.shape
    r = radius_m * 2.0
    ring = [(place.x + dx * r, place.y + dy * r, place.z) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    x, y, depth = backdrop.room.lens.project(ring, width, height)
    if float(depth.min()) < 0.2:
        return 0, 0, 0, 0
    return int(x.min()), int(y.min()), int(x.max()), int(y.max())


def _area(
    boxes: Sequence[tuple[int, int, int, int]], shadow: tuple[int, int, int, int], width: int, height: int
) -> tuple[int, int, int, int] | None:
    whole = [b for b in (*boxes, shadow) if b[2] > b[0]]
    if not whole:
        return None
    left, top = max(min(b[0] for b in whole) - 4, 0) & ~1, max(min(b[1] for b in whole) - 4, 0) & ~1
    right, bottom = min(max(b[2] for b in whole) + 4, width), min(max(b[3] for b in whole) + 4, height)
    right, bottom = left + ((right - left) & ~1), top + ((bottom - top) & ~1)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _shadow(backdrop: Backdrop, place: Place, radius_m: float, area: tuple[int, int, int, int]) -> F32 | None:
    """Darkness 0..1 that the body throws on the floor and on low things round it."""
    if radius_m <= 0:
        return None
    left, top, right, bottom = area
    rays = backdrop.rays[top:bottom, left:right]
    at = backdrop.distance_m[top:bottom, left:right]
    eye = backdrop.room.lens.eye_m
    dx, dy = eye[0] + rays[..., 0] * at - place.x, eye[1] + rays[..., 1] * at - place.y
    z = eye[2] + rays[..., 2] * at - place.z
    away = (dx * dx + dy * dy) / (radius_m * radius_m)
    high = np.clip(1 - z / 0.9, 0, 1)
    return np.asarray((0.50 * np.exp(-away * 2.2) + 0.22 * np.exp(-away * 0.75)) * high, np.float32)


def _paint(
    backdrop: Backdrop,
    layers: tuple[npt.NDArray[np.float32], ...],
    mask: npt.NDArray[np.bool_],
    turn: F32,
    place: Place,
    area: tuple[int, int, int, int],
) -> npt.NDArray[np.uint8]:
    """Light the found surface like the room and develop it with the camera's curve; (h, w, 3) uint8."""
    eye, body_rays, near, normal, albedo, cloth, glow = layers
    room = backdrop.room
    rows = np.nonzero(mask)
    n = normal[rows]
    point = eye + body_rays[rows] * near[rows][:, None]
    # folds of the cloth: a nearest-sample noise over the body tilts the normal a little
    u = ((point[:, 0] + point[:, 1] * 0.6) * (NOISE_PX / 0.9)).astype(np.int32) % NOISE_PX
    v = (point[:, 2] * (NOISE_PX / 1.3)).astype(np.int32) % NOISE_PX
    fold = CLOTH[v, u] * cloth[rows] * np.float32(0.27)
    n = n + fold[:, None] * np.array([0.7, 0.5, 0.9], np.float32)
    n = n @ turn.T
    light = np.asarray(room.ambient, np.float32) * (0.62 + 0.50 * np.clip(n[:, 2:3], -0.6, 1))
    chest = np.array([place.x, place.y, place.z + 1.2 * place.scale], np.float32)
    for panel in room.panels:
        way = np.asarray(panel.centre, np.float32) - chest
        length = max(float(np.linalg.norm(way)), 0.9)
        way = way / length
        facing = np.clip((n @ way) * 0.82 + 0.18, 0, 1.2)
        light = light + (facing * panel.power * max(float(way[2]), 0.15) / length**2 * 0.8)[:, None] * np.asarray(
            panel.colour, np.float32
        )
    low = np.clip(0.62 + point[:, 2:3] * 0.36, 0, 1)
    rim = np.clip(1 + (body_rays[rows] * normal[rows]).sum(1), 0, 1) ** 2
    colour = albedo[rows] * light * low * (1 - 0.35 * rim)[:, None] * (1 + fold[:, None] * 0.5)
    colour += albedo[rows] * glow[rows][:, None]
    left, top, right, bottom = area
    fade = backdrop.vignette[top:bottom, left:right][rows] ** 2.2
    colour = colour * room.exposure * np.asarray(room.cast, np.float32) * fade[:, None]
    out = np.zeros((*mask.shape, 3), np.uint8)
    out[rows] = (develop_curve(colour.astype(np.float32)) * 255 + 0.5).astype(np.uint8)
    return out
