"""How cameras are to be recorded, what may not be deleted, and which recordings are missing now. docs/design/recording-plan.md.

Values and pure decisions only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Final

from brightkitchen.domain.authz.model import Place
from brightkitchen.domain.premises.hours import OpenSpan, day_bounds, open_intervals
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.recordingplan import FLOOR_DAYS, MOST_DAYS, USUAL_DAYS, RecordingPlan, Window
from brightkitchen.kernel.units import US_PER_S, Utc

PUBLIC_FLOOR_DAYS: Final = 30
"""Where guests are, recordings are kept for a month at least (SECURITY P5)."""
AHEAD_DAYS: Final = 8
MARGIN_US: Final = 3600 * US_PER_S
"""Cooking begins before the doors open and cleaning ends after they close."""
MAX_REASON_CHARS: Final = 200


class Mode(StrEnum):
    """When which stream of a camera is recorded."""

    ALWAYS = "always"
    OPEN_HOURS = "open_hours"
    SUB_WHEN_CLOSED = "sub_when_closed"
    NEVER = "never"


class Level(StrEnum):
    """What a rule is about. A rule of a later level goes before one of an earlier level."""

    CATEGORY = "category"
    PREMISES = "premises"
    CAMERA = "camera"


class HoldWhy(StrEnum):
    """What a hold is for."""

    HAND = "hand"
    EVIDENCE = "evidence"
    FINDING = "finding"
    REPORT = "report"


class AlarmReason(StrEnum):
    """Why something that should be recorded is not, beside every `camerastate.Reason`."""

    NODE_AWAY = "node_away"  # the media node does not answer
    UNREPORTED = "unreported"  # the node answers and does not speak of this camera
    NOT_WRITING = "not_writing"  # pictures come and the node says itself that it does not write
    BEHIND = "behind"  # the node says that it writes, and what it wrote ends long ago
    NO_PICTURES = "no_pictures"  # not connected, without a more particular reason


@dataclass(frozen=True, slots=True)
class Rule:
    """What a city said for a kind of premises, one premises or one camera. None: what the level before says.

    subject: code of the category, id of the premises or of the camera. version: number of the change that made it so.
    """

    level: Level
    subject: str
    keep_days: int | None
    mode: Mode | None
    reason: str
    version: int
    set_by: UserId | None
    set_at: Utc


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One row of the history of rules. None in old: there was no rule; None in new: the level before decides from then on."""

    version: int
    level: Level
    subject: str
    at: Utc
    set_by: UserId | None
    reason: str
    old_keep_days: int | None
    new_keep_days: int | None
    old_mode: Mode | None
    new_mode: Mode | None


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds for one camera, and where each part of it was said; None: nobody said anything, it is the usual.

    floor_days: less than this nobody can say for its zone. version: newest of the changes it follows from.
    """

    keep_days: int
    mode: Mode
    floor_days: int
    keep_from: Level | None
    mode_from: Level | None
    version: int


@dataclass(frozen=True, slots=True)
class Subject:
    """A camera as rules are about it. zones: the primary and the further ones. has_sub: it has a second stream.

    streams: what whoever installed it wants recorded besides the main stream. usual_days: what its category keeps unless somebody says otherwise.
    """

    camera: CameraId
    premises: PremisesId | None
    category: str
    zones: tuple[str, ...]
    hours: tuple[OpenSpan, ...]
    has_sub: bool
    streams: tuple[str, ...] = ("main",)
    usual_days: int = USUAL_DAYS


@dataclass(frozen=True, slots=True)
class HeldRange:
    """A hold, as it is kept.

    belongs_to: id of the evidence, finding or report; "" for one set by hand. change: number of the newest change of it, for the nodes.
    is_in_force: the node that records the camera has it on its disk.
    """

    id: str
    camera: CameraId
    camera_name: str
    place: Place
    premises_name: str
    from_at: Utc
    to_at: Utc | None
    why: HoldWhy
    belongs_to: str
    note: str
    placed_by: UserId | None
    placed_at: Utc
    released_by: UserId | None
    released_at: Utc | None
    release_reason: str
    change: int
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """A stream that should be recorded and is not. closed_at None: it still is not.

    since_at: from when nothing was recorded, as far as is known.
    """

    id: str
    camera: CameraId
    camera_name: str
    place: Place
    premises_name: str
    zone: str
    profile: str
    reason: str
    since_at: Utc
    opened_at: Utc
    closed_at: Utc | None


def floor_of(zones: Iterable[str], public_zones: frozenset[str]) -> int:
    """Return how many days recordings of a camera with these zones are kept at least."""
    return PUBLIC_FLOOR_DAYS if public_zones.intersection(zones) else FLOOR_DAYS


def merge_rules(rules: Mapping[tuple[Level, str], Rule], subject: Subject, floor_days: int) -> Effective:
    """Return what holds for a camera: the most particular rule that says something, field by field, never under the floor."""
    keep_days, mode = subject.usual_days, Mode.ALWAYS
    keep_from: Level | None = None
    mode_from: Level | None = None
    version = 0
    for level, name in (
        (Level.CATEGORY, subject.category),
        (Level.PREMISES, subject.premises or ""),
        (Level.CAMERA, subject.camera),
    ):
        rule = rules.get((level, name)) if name else None
        if rule is None:
            continue
        version = max(version, rule.version)
        if rule.keep_days is not None:
            keep_days, keep_from = rule.keep_days, level
        if rule.mode is not None:
            mode, mode_from = rule.mode, level
    return Effective(min(max(keep_days, floor_days), MOST_DAYS), mode, floor_days, keep_from, mode_from, version)


def build_plan(effective: Effective, subject: Subject, *, now: Utc, zone: tzinfo) -> RecordingPlan:
    """Return what a node is told, with the quiet windows of the coming eight days."""
    if effective.mode is Mode.NEVER:
        return RecordingPlan(version=effective.version, keep_days=effective.keep_days, record=())
    record = ("main", "sub") if subject.has_sub and "sub" in subject.streams else ("main",)
    if effective.mode is Mode.ALWAYS or not subject.hours:
        return RecordingPlan(version=effective.version, keep_days=effective.keep_days, record=record)
    in_quiet = ("sub",) if effective.mode is Mode.SUB_WHEN_CLOSED and subject.has_sub else ()
    return RecordingPlan(
        version=effective.version,
        keep_days=effective.keep_days,
        record=record,
        quiet=build_quiet(subject.hours, now=now, zone=zone) if _rests(effective.mode, subject) else (),
        quiet_record=in_quiet,
    )


def _rests(mode: Mode, subject: Subject) -> bool:
    """A camera without a second stream that should show at least that goes on with its only one."""
    return mode is Mode.OPEN_HOURS or subject.has_sub


def build_quiet(hours: Sequence[OpenSpan], *, now: Utc, zone: tzinfo) -> tuple[Window, ...]:
    """Return when premises with these hours are closed, margins taken off: from yesterday on, for the eight days after today.

    The same all day long, so that a node which is told again has nothing to do.
    """
    today = datetime.fromtimestamp(now // US_PER_S, tz=UTC).astimezone(zone).date()
    days = [today + timedelta(days=ahead) for ahead in range(-1, AHEAD_DAYS + 1)]
    begin_at, end_at = day_bounds(days[0], zone)[0], day_bounds(days[-1], zone)[1]
    busy: list[tuple[Utc, Utc]] = [(begin_at, begin_at)]
    for begin, end in (each for day in days for each in open_intervals(hours, day, zone)):
        if begin - MARGIN_US <= busy[-1][1]:
            busy[-1] = (busy[-1][0], Utc(max(end + MARGIN_US, busy[-1][1])))
        else:
            busy.append((Utc(begin - MARGIN_US), Utc(end + MARGIN_US)))
    closed = pairwise([*busy, (end_at, end_at)])
    return tuple(Window(from_at=one[1], to_at=other[0]) for one, other in closed if one[1] < other[0])
