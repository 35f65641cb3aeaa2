"""What people do: work at a place in a short repeated movement, or walk between places on a closed round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import atan2, cos, hypot, pi, sin

from .figures import Bone, Outfit, Pose, Vec

STEEL = (0.40, 0.41, 0.43)
BLACK = (0.02, 0.02, 0.022)
CLOTH = (0.25, 0.42, 0.60)
CARTON = (0.42, 0.26, 0.12)
STEP_S = 1.12  # one full gait cycle of 1.25 m takes this long
CYCLE_M = 1.25


@dataclass(frozen=True, slots=True)
class Gesture:
    """A working movement: limbs at phase 0..1 of a period in seconds."""

    period_s: float
    at: Callable[[float], dict[str, object]]


def _chop(u: float) -> dict[str, object]:
    beat = abs(sin(2 * pi * u * 4))
    slide = 0.05 * sin(2 * pi * u)
    hand: Vec = (0.10, 0.36, 0.94 + 0.09 * beat)
    knife = Bone(
        (hand[0] - 0.01, hand[1] + 0.06, hand[2] - 0.035),
        (hand[0] - 0.05, hand[1] + 0.22, hand[2] - 0.05 - 0.03 * (1 - beat)),
        0.03,
        0.014,
        STEEL,
        cloth=0,
    )
    return {"right": hand, "left": (-0.10 + slide, 0.38, 0.90), "lean": 0.22, "nod": 0.42, "props": (knife,)}


def _wok(u: float) -> dict[str, object]:
    swing = 2 * pi * u * 2
    hand: Vec = (0.16 + 0.08 * cos(swing), 0.42 + 0.08 * sin(swing), 1.08)
    ladle = Bone(
        (hand[0], hand[1], hand[2]), (hand[0] - 0.08, hand[1] + 0.30, hand[2] - 0.14), 0.011, 0.016, STEEL, cloth=0
    )
    spoon = Bone(
        (hand[0] - 0.09, hand[1] + 0.31, hand[2] - 0.15),
        (hand[0] - 0.10, hand[1] + 0.35, hand[2] - 0.15),
        0.05,
        0.05,
        STEEL,
        cloth=0,
    )
    rock = 0.035 * sin(swing + 1)
    return {
        "right": hand,
        "left": (-0.22, 0.36 + rock, 1.04),
        "lean": 0.14 + 0.02 * sin(swing),
        "nod": 0.36,
        "props": (ladle, spoon),
    }


def _toss(u: float) -> dict[str, object]:
    """Toss the whole wok: pull it up and back, the food flies a short arc."""
    jerk = max(0.0, sin(4 * pi * u)) ** 2
    wok_y, wok_z = 0.62 - 0.12 * jerk, 0.96 + 0.13 * jerk
    wok = Bone((-0.06, wok_y - 0.02, wok_z), (-0.06, wok_y + 0.02, wok_z), 0.21, 0.21, BLACK, squash=1.0, cloth=0.2)
    handle = Bone((-0.20, wok_y - 0.22, wok_z + 0.04), (-0.12, wok_y - 0.1, wok_z + 0.03), 0.02, 0.02, BLACK, cloth=0)
    fly = []
    for n in range(7):
        rise = max(0.0, sin(4 * pi * u - 0.5 + 0.12 * n)) * 0.34
        fly.append(
            Bone(
                (-0.16 + 0.035 * n, wok_y + 0.05 * sin(n * 2.1), wok_z + 0.17 + rise),
                (-0.13 + 0.035 * n, wok_y, wok_z + 0.18 + rise),
                0.030,
                0.024,
                (0.5, 0.22, 0.06) if n % 2 else (0.14, 0.33, 0.06),
                cloth=0,
            )
        )
    return {
        "left": (-0.22, 0.34 - 0.06 * jerk, 1.0 + 0.12 * jerk),
        "right": (0.2, 0.40, 1.02 + 0.05 * jerk),
        "lean": 0.12 - 0.05 * jerk,
        "nod": 0.3,
        "props": (wok, handle, *fly),
    }


def _wash(u: float) -> dict[str, object]:
    a = 2 * pi * u * 2
    plate = Bone(
        (-0.11, 0.40, 0.83 + 0.02 * sin(a)),
        (-0.10, 0.42, 0.86 + 0.02 * sin(a)),
        0.11,
        0.11,
        (0.7, 0.7, 0.68),
        squash=2.5,
        cloth=0,
    )
    return {
        "left": (-0.15, 0.36, 0.80 + 0.02 * sin(a)),
        "right": (0.02 + 0.08 * cos(a), 0.38 + 0.03 * sin(a), 0.85),
        "lean": 0.30,
        "nod": 0.4,
        "props": (plate,),
    }


def _plate(u: float) -> dict[str, object]:
    a = 2 * pi * u
    return {
        "left": (-0.16, 0.38 + 0.04 * sin(a), 0.92),
        "right": (0.12 + 0.10 * sin(a), 0.36 + 0.10 * cos(a), 0.95 + 0.06 * abs(sin(a))),
        "lean": 0.2,
        "nod": 0.4,
        "turn": 0.15 * sin(a),
    }


def _ladle(u: float) -> dict[str, object]:
    dip = 0.5 - 0.5 * cos(2 * pi * u)
    hand: Vec = (0.24 - 0.22 * dip, 0.40, 1.10 - 0.08 * dip)
    spoon = Bone(
        (hand[0], hand[1] + 0.03, hand[2]),
        (hand[0] - 0.02, hand[1] + 0.2, hand[2] - 0.15),
        0.012,
        0.045,
        STEEL,
        cloth=0,
    )
    tray = Bone((-0.24, 0.40, 0.99), (-0.10, 0.40, 0.99), 0.09, 0.09, (0.45, 0.46, 0.47), cloth=0)
    return {
        "left": (-0.17, 0.36, 0.96),
        "right": hand,
        "lean": 0.14,
        "nod": 0.34,
        "turn": 0.2 - 0.4 * dip,
        "props": (spoon, tray),
    }


def _stand(u: float) -> dict[str, object]:
    a = 2 * pi * u
    return {
        "left": (-0.10, 0.24, 1.02),
        "right": (0.10, 0.26, 1.00),
        "lean": 0.05 + 0.01 * sin(a),
        "nod": 0.2,
        "turn": 0.25 * sin(a),
    }


def _write(u: float) -> dict[str, object]:
    a = 2 * pi * u
    pad = Bone((-0.09, 0.30, 1.06), (0.03, 0.32, 1.10), 0.075, 0.075, (0.70, 0.70, 0.66), squash=3.0, cloth=0)
    return {
        "left": (-0.13, 0.27, 1.00),
        "right": (0.04 + 0.03 * sin(a * 3), 0.27, 1.12),
        "lean": 0.08,
        "nod": 0.5,
        "props": (pad,),
    }


def _stack(u: float) -> dict[str, object]:
    up = 0.5 - 0.5 * cos(2 * pi * u)
    z = 0.75 + 0.42 * up
    carton = Bone((-0.11, 0.42, z), (0.11, 0.42, z), 0.13, 0.13, CARTON, cloth=0.3)
    return {
        "left": (-0.25, 0.34, z),
        "right": (0.25, 0.34, z),
        "lean": 0.34 - 0.28 * up,
        "nod": 0.25,
        "props": (carton,),
    }


def _eat(u: float) -> dict[str, object]:
    up = max(0.0, sin(2 * pi * u)) ** 0.7
    hand: Vec = (0.10 - 0.06 * up, 0.34 - 0.14 * up, 0.82 + 0.30 * up)
    sticks = Bone(
        hand, (hand[0] - 0.05, hand[1] + 0.05 - 0.08 * up, hand[2] + 0.10), 0.008, 0.006, (0.35, 0.18, 0.07), cloth=0
    )
    bowl = Bone((-0.12, 0.36, 0.80), (-0.12, 0.37, 0.81), 0.065, 0.07, (0.72, 0.72, 0.70), cloth=0)
    return {
        "left": (-0.16, 0.32, 0.80),
        "right": hand,
        "lean": 0.18 + 0.06 * up,
        "nod": 0.25,
        "sits": True,
        "props": (sticks, bowl),
    }


def _chat(u: float) -> dict[str, object]:
    a = 2 * pi * u
    return {
        "left": (-0.2, 0.36, 0.80),
        "right": (0.18 + 0.04 * sin(a), 0.36, 0.84 + 0.05 * abs(sin(a))),
        "lean": 0.08,
        "nod": 0.1,
        "turn": 0.35 * sin(a),
        "sits": True,
    }


def _phone(u: float) -> dict[str, object]:
    a = 2 * pi * u
    phone = Bone((0.005, 0.30, 1.245), (0.005, 0.27, 1.36), 0.038, 0.038, BLACK, squash=2.2, cloth=0)
    screen = Bone(
        (0.005, 0.283, 1.262), (0.005, 0.258, 1.345), 0.029, 0.029, (0.55, 0.72, 0.95), squash=3.0, cloth=0, glow=1.2
    )
    return {
        "left": (-0.05 + 0.01 * sin(a), 0.22, 1.22),
        "right": (0.05 + 0.012 * sin(3 * a), 0.23, 1.24),
        "lean": 0.02,
        "nod": 0.62,
        "props": (phone, screen),
    }


def _smoke(u: float) -> dict[str, object]:
    up = 0.5 - 0.5 * cos(2 * pi * u)
    hand: Vec = (0.16 - 0.10 * up, 0.20, 1.15 + 0.28 * up)
    stick = Bone(
        (hand[0] - 0.05, hand[1] + 0.05, hand[2] + 0.07),
        (hand[0] - 0.05, hand[1] + 0.14, hand[2] + 0.08),
        0.009,
        0.009,
        (0.8, 0.8, 0.78),
        cloth=0,
    )
    ember = Bone(
        (hand[0] - 0.05, hand[1] + 0.145, hand[2] + 0.08),
        (hand[0] - 0.05, hand[1] + 0.16, hand[2] + 0.081),
        0.011,
        0.011,
        (0.9, 0.15, 0.02),
        cloth=0,
        glow=3.0,
    )
    return {
        "left": (-0.22, 0.12, 0.95),
        "right": hand,
        "lean": 0.0,
        "nod": 0.05,
        "turn": -0.2 + 0.2 * up,
        "props": (stick, ember),
    }


def _carry(u: float) -> dict[str, object]:
    carton = Bone((-0.12, 0.36, 1.02), (0.12, 0.36, 1.02), 0.13, 0.13, CARTON, cloth=0.3)
    return {"left": (-0.26, 0.30, 1.0), "right": (0.26, 0.30, 1.0), "lean": -0.02, "props": (carton,)}


def _tray(u: float) -> dict[str, object]:
    tray = Bone((-0.15, 0.38, 1.05), (0.15, 0.38, 1.05), 0.035, 0.035, (0.62, 0.63, 0.64), squash=0.35, cloth=0)
    food = Bone((-0.07, 0.36, 1.10), (-0.06, 0.36, 1.10), 0.055, 0.055, (0.5, 0.25, 0.08), cloth=1.5)
    rice = Bone((0.09, 0.37, 1.10), (0.10, 0.37, 1.10), 0.05, 0.05, (0.75, 0.74, 0.70), cloth=0.5)
    return {"left": (-0.22, 0.28, 1.03), "right": (0.22, 0.28, 1.03), "props": (tray, food, rice)}


GESTURES: Mapping[str, Gesture] = {
    "chop": Gesture(2.0, _chop),
    "wok": Gesture(2.0, _wok),
    "toss": Gesture(2.0, _toss),
    "wash": Gesture(2.0, _wash),
    "plate": Gesture(2.0, _plate),
    "ladle": Gesture(2.0, _ladle),
    "stand": Gesture(2.0, _stand),
    "write": Gesture(2.0, _write),
    "stack": Gesture(2.0, _stack),
    "eat": Gesture(2.0, _eat),
    "chat": Gesture(2.0, _chat),
    "phone": Gesture(2.0, _phone),
    "smoke": Gesture(2.0, _smoke),
    "carry": Gesture(2.0, _carry),
    "tray": Gesture(2.0, _tray),
}


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on the floor where someone faces `heading_deg` (0 looks at the back wall, 90 at the left) and works."""

    x: float
    y: float
    heading_deg: float
    gesture: str
    share: float = 1.0
    load: str = ""  # what is carried on the way to the next stop


@dataclass(frozen=True, slots=True)
class Change:
    """From start to end (s) a person wears another outfit and/or does something else at the place where they are."""

    start_s: float
    end_s: float
    outfit: Outfit | None = None
    gesture: str | None = None
    heading_deg: float | None = None
    away: bool = False


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of a scene: clothes and the closed round of stops; one stop means staying there."""

    outfit: Outfit
    stops: tuple[Stop, ...]
    offset: float = 0.0
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """How a person is at one time; `key` names the picture when it will come again, None when it will not."""

    outfit: Outfit
    pose: Pose
    key: tuple[object, ...] | None


def _ease(u: float) -> float:
    return u * u * (3 - 2 * u)


def _blend_angle(a: float, b: float, u: float) -> float:
    return a + (((b - a + pi) % (2 * pi)) - pi) * u


def moment_at(staff: Staff, at_s: float, length_s: float, fps: float) -> Moment | None:
    """The person at time `at_s` of a loop of `length_s`; None while out of the picture. Periodic in `length_s`."""
    change = next((c for c in staff.changes if c.start_s <= at_s < c.end_s), None)
    if change is not None and change.away:
        return None
    outfit = change.outfit if change is not None and change.outfit is not None else staff.outfit
    index, walked, u = _leg_at(staff, (at_s + staff.offset * length_s) % length_s, length_s)
    stop = staff.stops[index]
    if walked is None:
        name = change.gesture if change is not None and change.gesture else stop.gesture
        gesture = GESTURES[name]
        step = round(at_s * fps) % max(1, round(gesture.period_s * fps))
        limbs = gesture.at(step / (gesture.period_s * fps))
        heading = change.heading_deg if change is not None and change.heading_deg is not None else stop.heading_deg
        pose = replace(Pose(stop.x, stop.y, heading * pi / 180), **limbs)  # type: ignore[arg-type]  # limbs are Pose fields
        return Moment(outfit, pose, (id(staff), index, name, step, outfit.hat, outfit.mask, heading))
    return Moment(outfit, _walk(stop, staff.stops[(index + 1) % len(staff.stops)], walked, u, name=stop.load), None)


def _leg_at(staff: Staff, at_s: float, length_s: float) -> tuple[int, float | None, float]:
    """Stop index, seconds walked since leaving it (None while there), share of the way."""
    stops = staff.stops
    if len(stops) == 1:
        return 0, None, 0.0
    ways = [
        hypot(b.x - a.x, b.y - a.y) / (CYCLE_M / STEP_S) + 0.7
        for a, b in zip(stops, (*stops[1:], stops[0]), strict=True)
    ]
    rest = max(length_s - sum(ways), 0.0)
    shares = sum(s.share for s in stops)
    for index, (stop, way) in enumerate(zip(stops, ways, strict=True)):
        stay = rest * stop.share / shares
        if at_s < stay:
            return index, None, 0.0
        at_s -= stay
        if at_s < way:
            return index, at_s, at_s / way
        at_s -= way
    return 0, None, 0.0


def _walk(a: Stop, b: Stop, walked_s: float, u: float, *, name: str) -> Pose:
    eased = _ease(u) * 0.5 + u * 0.5
    x, y = a.x + (b.x - a.x) * eased, a.y + (b.y - a.y) * eased
    toward = atan2(-(b.x - a.x), b.y - a.y)
    heading = toward
    if u < 0.18:
        heading = _blend_angle(a.heading_deg * pi / 180, toward, _ease(u / 0.18))
    elif u > 0.85:
        heading = _blend_angle(toward, b.heading_deg * pi / 180, _ease((u - 0.85) / 0.15))
    strength = min(1.0, u / 0.15, (1 - u) / 0.12)
    length = hypot(b.x - a.x, b.y - a.y)
    phase = (eased * length / CYCLE_M) % 1.0
    swing = 0.24 * strength * cos(2 * pi * phase)
    limbs: dict[str, object] = {
        "left": (-0.27, 0.06 - swing, 0.88),
        "right": (0.27, 0.06 + swing, 0.88),
        "lean": 0.06 * strength,
        "nod": 0.12,
    }
    if name:
        limbs.update(GESTURES[name].at(0.0))
    return replace(Pose(x, y, heading), stride=(phase, strength), **limbs)  # type: ignore[arg-type]  # limbs are Pose fields
