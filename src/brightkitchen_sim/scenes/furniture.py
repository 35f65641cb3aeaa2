"""Furniture of kitchens: each function returns the solids of one thing standing at a place of the room."""

from __future__ import annotations

import numpy as np

from .bake import Panel
from .solids import Solid, ball, bowl, box, drum

RGB = tuple[float, float, float]
Span = tuple[float, float]
GREENS: RGB = (0.10, 0.30, 0.05)
CARROT: RGB = (0.72, 0.24, 0.04)
MEAT: RGB = (0.45, 0.13, 0.10)
RICE: RGB = (0.78, 0.76, 0.68)
TOMATO: RGB = (0.62, 0.06, 0.04)
POTATO: RGB = (0.52, 0.38, 0.18)
BLUE: RGB = (0.05, 0.18, 0.50)
YELLOW: RGB = (0.75, 0.55, 0.08)
RED: RGB = (0.55, 0.05, 0.04)
WHITE: RGB = (0.8, 0.8, 0.78)


def shell(
    width_m: float, depth_m: float, height_m: float, floor: str, wall: str = "wall_tiles", ceiling: str = "ceiling"
) -> Solid:
    """The room itself."""
    half = (width_m / 2, depth_m / 2, height_m / 2)
    return Solid("room", half, half, f"{floor}/{wall}/{ceiling}")


def lamps(
    height_m: float,
    places: list[tuple[float, float]],
    *,
    power: float = 3.6,
    half: tuple[float, float] = (0.6, 0.15),
    colour: RGB = (1.0, 0.98, 0.93),
) -> tuple[list[Solid], list[Panel]]:
    """Ceiling lamps: what one sees of them and the light they give."""
    seen, light = [], []
    for x, y in places:
        seen.append(
            box(
                (x - half[0], x + half[0]),
                (y - half[1], y + half[1]),
                (height_m - 0.05, height_m),
                "lamp",
                casts=False,
                tint=colour,
            )
        )
        light.append(Panel((x, y, height_m - 0.06), half, power, colour))
    return seen, light


def bench(x: Span, y: Span, *, top_m: float = 0.82, shelf_m: float | None = 0.28, splash: str = "") -> list[Solid]:
    """A steel work bench on legs with a lower shelf; `splash` is the side with an upstand (n, e, w)."""
    out = [box(x, y, (top_m - 0.045, top_m), "steel")]
    if shelf_m is not None:
        out.append(box((x[0] + 0.04, x[1] - 0.04), (y[0] + 0.04, y[1] - 0.04), (shelf_m - 0.03, shelf_m), "steel"))
    for lx in (x[0] + 0.04, x[1] - 0.04):
        for ly in (y[0] + 0.04, y[1] - 0.04):
            out.append(drum(lx, ly, (0, top_m - 0.045), 0.024, "steel"))
    if splash == "n":
        out.append(box(x, (y[1] - 0.02, y[1]), (top_m, top_m + 0.12), "steel"))
    elif splash == "e":
        out.append(box((x[1] - 0.02, x[1]), y, (top_m, top_m + 0.12), "steel"))
    elif splash == "w":
        out.append(box((x[0], x[0] + 0.02), y, (top_m, top_m + 0.12), "steel"))
    return out


def stove(x: float, y_back: float, food: RGB, *, has_wok: bool = True) -> list[Solid]:
    """One place of a wok range, 1.3 m wide, its back at y_back; returns front to back 1.05 m."""
    front = y_back - 1.05
    out = [
        box((x, x + 1.3), (front, y_back), (0.10, 0.78), "steel"),
        box((x, x + 1.3), (y_back - 0.16, y_back), (0.78, 1.18), "steel"),
        box((x, x + 1.3), (front - 0.02, front), (0.62, 0.66), "dark_steel"),
        drum(x + 0.65, y_back - 0.60, (0.78, 0.86), 0.385, "dark_steel"),
        drum(x + 0.65, y_back - 0.60, (0.86, 0.862), 0.30, "dark"),
        box((x + 0.62, x + 0.68), (y_back - 0.19, y_back - 0.10), (1.18, 1.30), "steel"),
        box((x + 0.63, x + 0.67), (y_back - 0.42, y_back - 0.10), (1.29, 1.32), "steel"),
    ]
    if has_wok:
        out.append(bowl(x + 0.65, y_back - 0.60, 1.03, 0.37, 0.20, "wok"))
        out.append(ball(x + 0.65, y_back - 0.60, 0.905, (0.25, 0.25, 0.055), "heap", tint=food))
    for k in range(3):
        out.append(
            ball(
                x + 0.30 + 0.35 * k,
                front - 0.03,
                0.52,
                (0.035, 0.028, 0.035),
                "gloss",
                tint=RED if k == 1 else (0.04, 0.04, 0.04),
            )
        )
    out.append(box((x + 0.14, x + 0.60), (front - 0.012, front), (0.16, 0.44), "dark_steel"))
    out.append(box((x + 0.70, x + 1.16), (front - 0.012, front), (0.16, 0.44), "dark_steel"))
    return out


def hood(x: Span, y: Span, z: Span = (1.98, 2.5)) -> list[Solid]:
    """An extractor hood with filters on its underside, a gutter and lamps."""
    out = [box(x, y, z, "steel"), box(x, (y[0] - 0.03, y[0]), (z[0] - 0.04, z[0] + 0.05), "steel")]
    steps = int((x[1] - x[0]) / 0.5)
    for n in range(steps):
        left = x[0] + 0.06 + n * 0.5
        out.append(box((left, left + 0.44), (y[0] + 0.08, y[1] - 0.1), (z[0] - 0.02, z[0]), "dark_steel", casts=False))
    middle = (x[0] + x[1]) / 2
    out.append(box((middle - 0.3, middle + 0.3), (y[0] + 0.3, y[1]), (z[1], z[1] + 0.6), "steel"))
    return out


def sink(x: Span, y: Span, tubs: int = 3, *, top_m: float = 0.82) -> list[Solid]:
    """A row of deep tubs along x with swan-neck taps at the back (high y) side."""
    out = [box(x, (y[1] - 0.02, y[1]), (top_m, top_m + 0.18), "steel")]
    step = (x[1] - x[0]) / tubs
    for n in range(tubs):
        a, b = x[0] + n * step, x[0] + (n + 1) * step
        rim = 0.06
        out += [
            box((a, b), (y[0], y[0] + rim), (top_m - 0.36, top_m), "steel"),
            box((a, b), (y[1] - rim - 0.05, y[1]), (top_m - 0.36, top_m), "steel"),
            box((a, a + rim), y, (top_m - 0.36, top_m), "steel"),
            box((b - rim, b), y, (top_m - 0.36, top_m), "steel"),
            box((a, b), y, (top_m - 0.38, top_m - 0.34), "steel"),
            box(
                (a + rim, b - rim),
                (y[0] + rim, y[1] - rim),
                (top_m - 0.34, top_m - 0.13),
                "gloss",
                tint=(0.30, 0.38, 0.40),
            ),
        ]
        middle = (a + b) / 2
        out += [
            drum(middle, y[1] - 0.05, (top_m, top_m + 0.32), 0.016, "steel"),
            box((middle - 0.014, middle + 0.014), (y[1] - 0.27, y[1] - 0.04), (top_m + 0.30, top_m + 0.33), "steel"),
            drum(middle, y[1] - 0.26, (top_m + 0.24, top_m + 0.31), 0.014, "steel"),
            ball(middle + 0.07, y[1] - 0.05, top_m + 0.05, (0.02, 0.02, 0.02), "gloss", tint=BLUE if n % 2 else RED),
        ]
    for lx in (x[0] + 0.05, (x[0] + x[1]) / 2, x[1] - 0.05):
        out += [
            drum(lx, y[0] + 0.05, (0, top_m - 0.36), 0.025, "steel"),
            drum(lx, y[1] - 0.05, (0, top_m - 0.36), 0.025, "steel"),
        ]
    return out


def rack(x: Span, y: Span, levels: tuple[float, ...] = (0.3, 0.8, 1.3, 1.75)) -> list[Solid]:
    """Open shelving on four posts."""
    out = [box(x, y, (z - 0.03, z), "steel") for z in levels]
    for px in (x[0] + 0.02, x[1] - 0.02):
        for py in (y[0] + 0.02, y[1] - 0.02):
            out.append(box((px - 0.02, px + 0.02), (py - 0.02, py + 0.02), (0, levels[-1] + 0.06), "steel"))
    return out


def cabinet(x: Span, y: Span, height_m: float, face: str, *, doors: int = 2, glass: bool = True) -> list[Solid]:
    """A refrigerator or disinfection cabinet; `face` is the side with doors: s (low y), w (low x) or e."""
    out = [
        box(x, y, (0.10, height_m), "steel"),
        box((x[0] + 0.03, x[1] - 0.03), (y[0] + 0.03, y[1] - 0.03), (0, 0.10), "dark"),
    ]
    surface = "glass_door" if glass else "steel"
    for n in range(doors):
        if face == "s":
            step = (x[1] - x[0]) / doors
            a, b = x[0] + n * step + 0.05, x[0] + (n + 1) * step - 0.05
            out.append(box((a, b), (y[0] - 0.02, y[0]), (0.22, height_m - 0.22), surface))
            out.append(
                box((b - 0.05, b - 0.02), (y[0] - 0.06, y[0] - 0.02), (height_m * 0.45, height_m * 0.62), "dark")
            )
        else:
            step = (y[1] - y[0]) / doors
            a, b = y[0] + n * step + 0.05, y[0] + (n + 1) * step - 0.05
            at = x[0] if face == "w" else x[1]
            span = (at - 0.02, at) if face == "w" else (at, at + 0.02)
            out.append(box(span, (a, b), (0.22, height_m - 0.22), surface))
            out.append(
                box((span[0] - 0.03, span[1] + 0.03), (b - 0.05, b - 0.02), (height_m * 0.45, height_m * 0.62), "dark")
            )
    return out


def crate(
    x: float,
    y: float,
    z: float,
    colour: RGB,
    fill: RGB | None,
    *,
    size: tuple[float, float, float] = (0.52, 0.36, 0.24),
) -> list[Solid]:
    """A plastic crate with its corner at x, y, z, heaped with `fill`."""
    w, d, h = size
    out = [
        box((x, x + w), (y, y + 0.02), (z, z + h), "plastic", tint=colour),
        box((x, x + w), (y + d - 0.02, y + d), (z, z + h), "plastic", tint=colour),
        box((x, x + 0.02), (y, y + d), (z, z + h), "plastic", tint=colour),
        box((x + w - 0.02, x + w), (y, y + d), (z, z + h), "plastic", tint=colour),
        box((x, x + w), (y, y + d), (z, z + 0.03), "plastic", tint=colour),
    ]
    if fill is not None:
        rng = np.random.default_rng(int(1000 * (x + 7 * y + 31 * z)) % 100_000)
        for _ in range(16):
            bx, by = x + 0.07 + (w - 0.14) * rng.random(), y + 0.07 + (d - 0.14) * rng.random()
            r = 0.05 + 0.03 * rng.random()
            shade = 0.75 + 0.5 * rng.random()
            out.append(
                ball(
                    bx,
                    by,
                    z + h - 0.05 + 0.05 * rng.random(),
                    (r * 1.2, r, r * 0.85),
                    "heap",
                    tint=(fill[0] * shade, fill[1] * shade, fill[2] * shade),
                )
            )
    return out


def heap(x: float, y: float, z: float, radius_m: float, colour: RGB, seed: int = 0, pieces: int = 22) -> list[Solid]:
    """A loose heap of cut food."""
    rng = np.random.default_rng(seed)
    out = [ball(x, y, z, (radius_m, radius_m * 0.8, radius_m * 0.42), "heap", tint=colour)]
    for _ in range(pieces):
        angle, away = 6.283 * rng.random(), radius_m * 1.15 * rng.random() ** 0.6
        size, shade = radius_m * (0.10 + 0.14 * rng.random()), 0.7 + 0.6 * rng.random()
        tint = (colour[0] * shade, colour[1] * shade, colour[2] * shade)
        lift = max(0.0, 0.42 * radius_m * (1 - (away / radius_m) ** 2))
        out.append(
            ball(
                x + away * np.cos(angle),
                y + 0.8 * away * np.sin(angle),
                z + lift,
                (size * 1.4, size, size * 0.8),
                "heap",
                tint=tint,
            )
        )
    return out


def board(x: Span, y: Span, z: float, colour: RGB = WHITE) -> list[Solid]:
    """A chopping board lying on a bench top."""
    return [box(x, y, (z, z + 0.035), "board", tint=colour)]


def basin(x: float, y: float, z: float, radius_m: float, fill: RGB | None, *, depth_m: float = 0.13) -> list[Solid]:
    """A steel basin with food in it."""
    out = [bowl(x, y, z + depth_m, radius_m, depth_m, "steel")]
    if fill is not None:
        out.append(ball(x, y, z + depth_m * 0.55, (radius_m * 0.8, radius_m * 0.8, depth_m * 0.36), "heap", tint=fill))
    return out


def pot(x: float, y: float, z: float, radius_m: float, height_m: float, fill: RGB | None = None) -> list[Solid]:
    """A stock pot; with `fill` it is open and full to near the rim."""
    out = [drum(x, y, (z, z + height_m), radius_m, "steel")]
    if fill is None:
        out += [
            drum(x, y, (z + height_m, z + height_m + 0.015), radius_m * 1.03, "steel"),
            ball(x, y, z + height_m + 0.04, (0.03, 0.03, 0.03), "dark"),
        ]
    else:
        out.append(drum(x, y, (z + height_m, z + height_m + 0.004), radius_m * 0.93, "heap", tint=fill))
    for side in (-1, 1):
        out.append(
            box(
                (x + side * radius_m - 0.03, x + side * radius_m + 0.03),
                (y - 0.07, y + 0.07),
                (z + height_m * 0.72, z + height_m * 0.78),
                "steel",
            )
        )
    return out


def plates(x: float, y: float, z: float, count: int, radius_m: float = 0.11) -> list[Solid]:
    """A stack of plates or bowls."""
    out = []
    for n in range(count):
        out.append(
            drum(x + 0.004 * (n % 3 - 1), y, (z + 0.022 * n, z + 0.022 * n + 0.016), radius_m, "gloss", tint=WHITE)
        )
    return out


def bin_(x: float, y: float, colour: RGB = (0.06, 0.20, 0.12)) -> list[Solid]:
    """A lidded pedal bin."""
    return [
        box((x - 0.2, x + 0.2), (y - 0.2, y + 0.2), (0, 0.56), "plastic", tint=colour),
        box(
            (x - 0.22, x + 0.22),
            (y - 0.22, y + 0.22),
            (0.56, 0.62),
            "plastic",
            tint=(colour[0] * 1.4, colour[1] * 1.4, colour[2] * 1.4),
        ),
    ]


def carton(x: float, y: float, z: float, size: tuple[float, float, float], tint: RGB = (1, 1, 1)) -> list[Solid]:
    """A cardboard box with its corner at x, y, z."""
    return [box((x, x + size[0]), (y, y + size[1]), (z, z + size[2]), "carton", tint=tint)]


def sacks(x: float, y: float, z: float, count: int, tint: RGB = (1, 1, 1)) -> list[Solid]:
    """A pile of rice sacks, each lying along x."""
    rng = np.random.default_rng(int(x * 100 + y * 10))
    out = []
    for n in range(count):
        dx, dy = 0.04 * (rng.random() - 0.5), 0.05 * (rng.random() - 0.5)
        out.append(
            Solid(
                "ball",
                (x + 0.4 + dx, y + 0.25 + dy, z + 0.09 + n * 0.15),
                (0.47, 0.30, 0.115),
                "sack",
                casts=True,
                tint=tint,
            )
        )
        out.append(
            box(
                (x + dx + 0.06, x + 0.74 + dx),
                (y + dy + 0.05, y + 0.45 + dy),
                (z + n * 0.15 + 0.015, z + 0.155 + n * 0.15),
                "sack",
                tint=tint,
            )
        )
    return out


def pallet(x: Span, y: Span) -> list[Solid]:
    """A wooden pallet that keeps goods off the floor."""
    out = []
    n = max(3, int((y[1] - y[0]) / 0.16))
    step = (y[1] - y[0]) / n
    for k in range(n):
        out.append(box(x, (y[0] + k * step, y[0] + k * step + step * 0.72), (0.11, 0.14), "wood"))
    for share in (0.0, 0.5, 1.0):
        left = x[0] + share * (x[1] - x[0] - 0.1)
        out.append(box((left, left + 0.1), y, (0, 0.11), "wood", tint=(0.8, 0.8, 0.8)))
    return out


def door(x: Span, y_wall: float, *, height_m: float = 2.05, tint: RGB = (0.42, 0.50, 0.52)) -> list[Solid]:
    """A door with a small window in the back wall, and the rat guard at its foot."""
    return [
        box((x[0] - 0.06, x[1] + 0.06), (y_wall - 0.05, y_wall), (0, height_m + 0.06), "plain", tint=(0.5, 0.52, 0.52)),
        box(x, (y_wall - 0.07, y_wall - 0.02), (0.02, height_m), "plastic", tint=tint),
        box((x[0] + 0.2, x[1] - 0.2), (y_wall - 0.08, y_wall - 0.06), (1.3, 1.75), "glass_door"),
        box(x, (y_wall - 0.11, y_wall - 0.07), (0, 0.6), "steel"),
        ball(x[1] - 0.1, y_wall - 0.1, 1.0, (0.03, 0.03, 0.03), "steel"),
    ]


def notice(x: Span, y_wall: float, z: Span, picture: str) -> list[Solid]:
    """A framed picture on the back wall."""
    return [box(x, (y_wall - 0.02, y_wall), z, "picture", casts=False, picture=picture)]


def notice_side(x_wall: float, y: Span, z: Span, picture: str) -> list[Solid]:
    """A framed picture on the right wall."""
    return [box((x_wall - 0.02, x_wall), y, z, "picture", casts=False, picture=picture)]


def extinguishers(x: float, y: float) -> list[Solid]:
    """Two fire extinguishers standing in a red box."""
    out = [box((x - 0.26, x + 0.26), (y - 0.12, y + 0.12), (0, 0.10), "plastic", tint=RED)]
    for dx in (-0.11, 0.11):
        out += [
            drum(x + dx, y, (0.05, 0.48), 0.075, "gloss", tint=RED),
            ball(x + dx, y, 0.48, (0.074, 0.074, 0.05), "gloss", tint=RED),
            drum(x + dx, y, (0.5, 0.58), 0.022, "dark"),
        ]
    return out


def knives(x: float, y_wall: float, z: float, count: int = 4) -> list[Solid]:
    """Knives and ladles on a rail of the back wall."""
    out = [box((x - 0.05, x + 0.13 * count), (y_wall - 0.03, y_wall), (z, z + 0.05), "steel", casts=False)]
    for n in range(count):
        left = x + 0.13 * n
        out.append(box((left, left + 0.06), (y_wall - 0.04, y_wall - 0.03), (z - 0.18, z + 0.02), "steel", casts=False))
        out.append(
            box((left + 0.018, left + 0.042), (y_wall - 0.05, y_wall - 0.02), (z + 0.03, z + 0.14), "dark", casts=False)
        )
    return out
