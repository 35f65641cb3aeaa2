"""How cameras are recorded, holds, alarms and found events, as they leave and enter the server."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.recording import policy as rules
from brightkitchen.domain.recording.model import Alarm, HeldRange, HoldWhy, Level, Mode, Rule, RuleChange
from brightkitchen.domain.recording.plans import CameraPlan
from brightkitchen.domain.recording.search import Event, EventKind, Found
from brightkitchen.kernel.recordingplan import FLOOR_DAYS, MOST_DAYS, Window
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.options import Services
from brightkitchen.web.present.base import In, Instant, Out, Text, present_instant

Days = Annotated[int, Field(ge=FLOOR_DAYS, le=MOST_DAYS)]


class RuleIn(In):
    """Neither days nor mode: what was said is taken back."""

    keep_days: int | None = None
    mode: Mode | None = None
    reason: Text = ""


class RuleOut(Out):
    """name: what the premises or camera is called; "" for a category."""

    level: Level
    subject: str
    name: str
    keep_days: int | None
    mode: Mode | None
    reason: str
    set_at: Instant
    etag: str


class RuleListOut(Out):
    items: list[RuleOut]
    abilities: list[str]


class RuleChangeOut(Out):
    version: int
    level: Level
    at: Instant
    reason: str
    old_keep_days: int | None
    new_keep_days: int | None
    old_mode: Mode | None
    new_mode: Mode | None


class WindowOut(Out):
    from_at: Annotated[str, Field(alias="from", json_schema_extra={"format": "date-time"})]
    to_at: Annotated[str, Field(alias="to", json_schema_extra={"format": "date-time"})]


class CameraPlanOut(Out):
    """keep_from, mode_from: at which level it was said; None: nowhere, it is the usual. quiet: when less is recorded."""

    camera_id: str
    keep_days: int
    mode: Mode
    floor_days: int
    keep_from: Level | None
    mode_from: Level | None
    recorded: list[str]
    quiet: list[WindowOut]
    rules: list[RuleOut]
    changes: list[RuleChangeOut]
    abilities: list[str]


class HoldIn(In):
    from_at: Annotated[Text, Field(alias="from")]
    to_at: Annotated[Text, Field(alias="to")]
    camera_id: Text
    note: Text = ""


class ReleaseIn(In):
    reason: Text = ""


class HoldOut(Out):
    """is_in_force: the node that records the camera has it on its disk. to: None = until it is released."""

    id: str
    camera_id: str
    camera_name: str
    premises_id: str | None
    premises_name: str
    from_at: Annotated[str, Field(alias="from", json_schema_extra={"format": "date-time"})]
    to_at: Annotated[str | None, Field(alias="to", json_schema_extra={"format": "date-time"})]
    why: HoldWhy
    belongs_to: str
    note: str
    placed_at: Instant
    released_at: str | None
    release_reason: str
    is_in_force: bool
    abilities: list[str]


class HoldListOut(Out):
    items: list[HoldOut]
    next_cursor: str | None


class AlarmOut(Out):
    """since_at: from when nothing was recorded. reason: a word of `camera.reason.*` or `recording.reason.*`."""

    id: str
    camera_id: str
    camera_name: str
    premises_id: str | None
    premises_name: str
    region: str
    zone: str
    profile: str
    reason: str
    since_at: Instant
    opened_at: Instant
    closed_at: str | None


class AlarmListOut(Out):
    items: list[AlarmOut]
    next_cursor: str | None
    open: int


class EventOut(Out):
    """to: None = it lasts, or is a moment. what: a code of its kind."""

    kind: EventKind
    camera_id: str
    from_at: Annotated[str, Field(alias="from", json_schema_extra={"format": "date-time"})]
    to_at: Annotated[str | None, Field(alias="to", json_schema_extra={"format": "date-time"})]
    what: str
    object_id: str


class MarkListOut(Out):
    items: list[EventOut]


class FoundOut(Out):
    event: EventOut
    camera_name: str
    premises_id: str | None
    premises_name: str
    zone: str


class FoundListOut(Out):
    """has_more: narrow the search to see the rest."""

    items: list[FoundOut]
    has_more: bool


def present_rule(rule: Rule, name: str = "") -> RuleOut:
    return RuleOut(
        level=rule.level,
        subject=rule.subject,
        name=name,
        keep_days=rule.keep_days,
        mode=rule.mode,
        reason=rule.reason,
        set_at=format_utc(rule.set_at),
        etag=f'"{rule.version}"',
    )


def present_rules(found: Iterable[Rule], names: Mapping[str, str], actor: Actor, services: Services) -> RuleListOut:
    return RuleListOut(
        items=[present_rule(rule, names.get(rule.subject, "")) for rule in found],
        abilities=list(services.policy.abilities(actor, (rules.SET_RULE, rules.SET_CATEGORY_RULE))),
    )


def present_plan(found: CameraPlan, actor: Actor, services: Services) -> CameraPlanOut:
    now = services.clock.utc()
    return CameraPlanOut(
        camera_id=found.camera.id,
        keep_days=found.effective.keep_days,
        mode=found.effective.mode,
        floor_days=found.effective.floor_days,
        keep_from=found.effective.keep_from,
        mode_from=found.effective.mode_from,
        recorded=list(found.plan.recorded_at(now)),
        quiet=[_window(window) for window in found.plan.quiet if window.to_at > now],
        rules=[present_rule(rule) for rule in found.rules],
        changes=[_change(change) for change in found.changes],
        abilities=list(services.policy.abilities(actor, rules.CAMERA_ACTIONS, found.camera)),
    )


def present_hold(hold: HeldRange, actor: Actor, services: Services) -> HoldOut:
    return HoldOut.model_validate(
        {
            "id": hold.id,
            "camera_id": hold.camera,
            "camera_name": hold.camera_name,
            "premises_id": hold.place.premises,
            "premises_name": hold.premises_name,
            "from": format_utc(hold.from_at),
            "to": present_instant(hold.to_at),
            "why": hold.why,
            "belongs_to": hold.belongs_to,
            "note": hold.note,
            "placed_at": format_utc(hold.placed_at),
            "released_at": present_instant(hold.released_at),
            "release_reason": hold.release_reason,
            "is_in_force": hold.is_in_force,
            "abilities": list(services.recording.holds.abilities(actor, hold)),
        }
    )


def present_alarm(alarm: Alarm) -> AlarmOut:
    return AlarmOut(
        id=alarm.id,
        camera_id=alarm.camera,
        camera_name=alarm.camera_name,
        premises_id=alarm.place.premises,
        premises_name=alarm.premises_name,
        region=alarm.place.region,
        zone=alarm.zone,
        profile=alarm.profile,
        reason=alarm.reason,
        since_at=format_utc(alarm.since_at),
        opened_at=format_utc(alarm.opened_at),
        closed_at=present_instant(alarm.closed_at),
    )


def present_event(event: Event) -> EventOut:
    return EventOut.model_validate(
        {
            "kind": event.kind,
            "camera_id": event.camera,
            "from": format_utc(event.from_at),
            "to": present_instant(event.to_at),
            "what": event.what,
            "object_id": event.object,
        }
    )


def present_found(found: Found) -> FoundOut:
    return FoundOut(
        event=present_event(found.event),
        camera_name=found.camera_name,
        premises_id=found.premises,
        premises_name=found.premises_name,
        zone=found.zone,
    )


def _change(change: RuleChange) -> RuleChangeOut:
    return RuleChangeOut(
        version=change.version,
        level=change.level,
        at=format_utc(change.at),
        reason=change.reason,
        old_keep_days=change.old_keep_days,
        new_keep_days=change.new_keep_days,
        old_mode=change.old_mode,
        new_mode=change.new_mode,
    )


def _window(window: Window) -> WindowOut:
    return WindowOut.model_validate({"from": format_utc(window.from_at), "to": format_utc(window.to_at)})
