"""What a simulated camera does wrong, and when.

`Faults` is the state of one camera; the servers read its plain attributes on the hot path and are told of
changes. `build_schedule` plans a seeded run of faults; `control.py` carries it out and writes it down.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

FaultValue = float | str | bool
_Kind = Literal["flag", "number", "choice"]


class FaultError(ValueError):
    """There is no such fault, or its value makes no sense. The text is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """kind: what value it takes; outage: whether a recorder can get no whole picture meanwhile."""

    kind: _Kind
    default: FaultValue
    outage: bool
    meaning: str
    choices: tuple[str, ...] = ()
    minimum: float = 0.0
    maximum: float = 0.0


FAULTS: dict[str, FaultSpec] = {
    "refuse": FaultSpec("flag", True, True, "listener and connections closed: connection refused"),
    "drop": FaultSpec("number", 0.0, True, "connections closed this many seconds after PLAY", maximum=86_400),
    "stall": FaultSpec(
        "choice",
        "all",
        True,
        "connections stay open; all: nothing is sent or answered; media: no media",
        ("all", "media"),
    ),
    "wrong_password": FaultSpec("flag", True, True, "the camera has another password; sessions are closed"),
    "garbage": FaultSpec("number", 5.0, False, "percent of packets followed by random bytes", maximum=100),
    "timestamp_jump": FaultSpec(
        "number", 3600.0, False, "RTP timestamps jump once by this many seconds", minimum=-86_400, maximum=86_400
    ),
    "resolution_change": FaultSpec("flag", True, False, "picture of another size with its parameter sets in band"),
    "loss": FaultSpec("number", 2.0, False, "percent of RTP packets left out", maximum=100),
    "sdp_lies": FaultSpec("choice", "profile", False, "the description is wrong", ("profile", "size", "payload_type")),
    "silence": FaultSpec("flag", True, False, "no sound packets"),
    "no_rtp_info": FaultSpec("flag", True, False, "PLAY answered without RTP-Info"),
    "no_marker": FaultSpec("flag", True, False, "no marker bits"),
}

DEFAULT_RANDOM_KINDS = ("refuse", "drop", "stall", "garbage", "loss", "timestamp_jump", "resolution_change")


def parse_fault(text: str) -> tuple[str, FaultValue]:
    """Read NAME or NAME=VALUE. Raises FaultError."""
    name, equals, value = text.partition("=")
    return name, check_value(name, value if equals else None)


def check_value(name: str, value: object) -> FaultValue:
    """Return the value the fault will have; None means its default. Raises FaultError."""
    spec = FAULTS.get(name)
    if spec is None:
        raise FaultError(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
    if value is None:
        return spec.default
    if spec.kind == "flag":
        if value in (True, "true", "1", "on"):
            return True
        raise FaultError(f"{name} takes no value (clear it to end it)")
    if spec.kind == "choice":
        if value not in spec.choices:
            raise FaultError(f"{name} must be one of {', '.join(spec.choices)}")
        return str(value)
    try:
        number = float(str(value))
    except ValueError:
        raise FaultError(f"{name} must be a number") from None
    if not spec.minimum <= number <= spec.maximum:
        raise FaultError(f"{name} must be {spec.minimum:g} to {spec.maximum:g}")
    return number


class Faults:
    """The faults of one camera. `set` and `clear` tell the listener given to `watch`."""

    def __init__(self, seed: int = 0) -> None:
        self.active: dict[str, FaultValue] = {}
        self.random = random.Random(seed)
        self._watch: Callable[[str, FaultValue | None], None] = lambda name, value: None
        self.no_answers = self.no_media = self.silent = self.no_marker = self.alters_packets = False
        self.loss = self.garbage = 0.0
        self.lie: str | None = None

    def watch(self, listener: Callable[[str, FaultValue | None], None]) -> None:
        """Call `listener(name, value)` after each change, with None when a fault ends."""
        self._watch = listener

    def set(self, name: str, value: FaultValue | None = None) -> None:
        """Begin a fault, or give it another value. Raises FaultError."""
        checked = check_value(name, value)
        self.active[name] = checked
        self._refresh()
        self._watch(name, checked)

    def clear(self, name: str) -> None:
        """End a fault; nothing happens when it was not active."""
        if self.active.pop(name, None) is not None:
            self._refresh()
            self._watch(name, None)

    def _refresh(self) -> None:
        active = self.active
        self.no_answers = active.get("stall") == "all"
        self.no_media = "stall" in active
        self.silent = "silence" in active
        self.no_marker = "no_marker" in active
        self.loss = float(active.get("loss", 0.0)) / 100
        self.garbage = float(active.get("garbage", 0.0)) / 100
        lie = active.get("sdp_lies")
        self.lie = str(lie) if lie is not None else None
        self.alters_packets = bool(self.loss or self.garbage or self.no_marker or self.lie == "payload_type")


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """at_s: seconds after the schedule begins."""

    at_s: float
    for_s: float
    camera: int
    name: str
    value: FaultValue


def build_schedule(
    seed: int,
    cameras: Sequence[int],
    duration_s: float,
    *,
    kinds: Sequence[str] = DEFAULT_RANDOM_KINDS,
    mean_gap_s: float = 60.0,
    min_fault_s: float = 2.0,
    max_fault_s: float = 20.0,
) -> list[PlannedFault]:
    """Plan faults in order of time; those of one camera never overlap and all end before `duration_s`.

    The plan of a camera depends on the seed and its number alone. Raises FaultError for an unknown kind.
    """
    for kind in kinds:
        check_value(kind, None)
    plan: list[PlannedFault] = []
    for camera in cameras:
        source = random.Random(f"{seed}/{camera}")
        at_s = source.expovariate(1 / mean_gap_s)
        while True:
            for_s = source.uniform(min_fault_s, max_fault_s)
            if at_s + for_s >= duration_s:
                break
            name = source.choice(list(kinds))
            plan.append(PlannedFault(round(at_s, 3), round(for_s, 3), camera, name, FAULTS[name].default))
            at_s += for_s + min_fault_s + source.expovariate(1 / mean_gap_s)
    return sorted(plan, key=lambda fault: (fault.at_s, fault.camera))
