"""Scripted events: what happens when, to whom, and what the ground truth says about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import atan2, hypot
from typing import Literal

from .acts import Change, Staff, Stop, moment_at
from .rooms import Stage

EventKind = Literal["hat_off", "smoking", "phone", "mouse", "covered", "moved", "dim", "black", "frozen", "flame_left"]

CODES: dict[str, str] = {
    "hat_off": "P01",
    "smoking": "P06",
    "phone": "P07",
    "mouse": "E01",
    "covered": "V03",
    "moved": "V04",
    "dim": "V05",
    "black": "V02",
    "frozen": "V06",
    "flame_left": "F01",
}
WHOLE_PICTURE = frozenset({"covered", "moved", "dim", "black", "frozen"})


@dataclass(frozen=True, slots=True)
class Event:
    """Something a supervisor should notice, from start to end seconds of the loop; `who` is the index of the person."""

    kind: EventKind
    start_s: float
    end_s: float
    who: int = 0
    heading_deg: float | None = None

    def code(self) -> str:
        """The violation code (DOMAIN.md 1.7)."""
        return CODES[self.kind]


def apply_events(stage: Stage, events: tuple[Event, ...]) -> Stage:
    """The stage in which the people take part in the events."""
    staff = list(stage.staff)
    for event in events:
        if event.kind == "flame_left":
            cook = staff[0]
            place = cook.stops[0]
            eye = stage.room.lens.eye_m
            leaves = (replace(place, gesture="wok", share=1.0), Stop(eye[0], eye[1] - 0.1, 180, "stand", 1.1))
            staff = [Staff(cook.outfit, leaves)]
            stage = replace(stage, flames=stage.flames[:1], steams=stage.steams[:1])
            continue
        if event.kind in WHOLE_PICTURE or event.kind == "mouse":
            continue
        person = staff[event.who]
        outfit = None
        if event.kind == "hat_off":
            outfit = replace(person.outfit, hat="none")
        elif event.kind == "smoking":
            outfit = replace(person.outfit, mask=None)
        gesture = {"smoking": "smoke", "phone": "phone"}.get(event.kind)
        change = Change(event.start_s, event.end_s, outfit, gesture, event.heading_deg)
        staff[event.who] = replace(person, stops=person.stops[:1], changes=(*person.changes, change))
    if any(event.kind == "mouse" for event in events):
        staff = []  # mice come out when nobody is there
        stage = replace(stage, flames=(), steams=())
    return replace(stage, staff=tuple(staff))


def away_window(stage: Stage, length_s: float, *, far_m: float = 1.6) -> tuple[float, float]:
    """First and last second at which nobody is within `far_m` of the first flame."""
    flame = stage.flames[0]
    alone = []
    for tenth in range(int(length_s * 10)):
        moments = [moment_at(person, tenth / 10, length_s, 25) for person in stage.staff]
        near = any(m is not None and hypot(m.pose.x - flame[0], m.pose.y - flame[1]) < far_m for m in moments)
        if not near:
            alone.append(tenth / 10)
    return (alone[0], alone[-1]) if alone else (0.0, 0.0)


def mouse_at(stage: Stage, event: Event, at_s: float) -> tuple[float, float, float, float] | None:
    """Mouse position x, y, heading (rad) and gait phase while it runs its path; pauses to sniff at every corner."""
    if not event.start_s <= at_s < event.end_s:
        return None
    path = stage.mouse_path
    legs = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(path)]
    u = (at_s - event.start_s) / (event.end_s - event.start_s) * sum(legs)
    for (a, b), leg in zip(pairwise(path), legs, strict=True):
        if u <= leg:
            share = u / leg
            share = min(1.0, max(0.0, (share - 0.06) / 0.88))
            x, y = a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
            return x, y, atan2(-(b[0] - a[0]), b[1] - a[1]), share * leg / 0.16
        u -= leg
    return None
