"""The road to service, as it leaves and enters the server."""

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from pydantic import Field

from brightkitchen.domain.authz.model import Actor, Role
from brightkitchen.domain.onboarding.frames import FrameCase
from brightkitchen.domain.onboarding.model import (
    MAX_POINTS,
    CheckItem,
    DenominatorChange,
    HandedIn,
    HistoryRow,
    Light,
    Outcome,
    Payer,
    SurveyResult,
    Talk,
)
from brightkitchen.domain.onboarding.service import Board, Road, Standing, Step
from brightkitchen.domain.onboarding.states import MAIN_ROAD, SIDE_STATES, Event, Need
from brightkitchen.domain.premises.counted import Counts
from brightkitchen.domain.premises.model import SuspensionKind
from brightkitchen.domain.premises.states import PremisesState as State
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.options import Services
from brightkitchen.web.present.base import In, Instant, Out, Text, present_instant
from brightkitchen.web.present.cameras import CameraOut, present_camera
from brightkitchen.web.present.premises import name_region


class StepOut(Out):
    """to null: back to where it was. roles: who may do it; `allowed`: whether the caller may."""

    event: Event
    to: State | None
    needs: list[Need]
    roles: list[Role]
    allowed: bool


class StandingOut(Out):
    """Where a premises stands; steps[0] is the next step where there is one."""

    premises_id: str
    name: str
    region: str
    region_name: str
    category: str
    state: State
    state_at: Instant
    due_at: Instant | None
    is_due: bool
    exempt_reason: str | None
    is_complete: bool
    steps: list[StepOut]


class HistoryRowOut(Out):
    """actor "": the system itself."""

    event: Event
    from_state: State
    to_state: State
    at: Instant
    actor: str
    role: Role | None
    reason: str
    fields: dict[str, object]


class CheckItemOut(Out):
    what: str
    outcome: Outcome
    subjects: list[str]
    percent: float | None


class RoadOut(Out):
    standing: StandingOut
    history: list[HistoryRowOut]
    checklist: list[CheckItemOut]


class StateCountOut(Out):
    state: State
    count: int


class BoardOut(Out):
    counts: list[StateCountOut]
    items: list[StandingOut]
    next_cursor: str | None


class DenominatorChangeOut(Out):
    """from_*: what it left, the others: what it came into. counts: some of "due", "base", "signed"."""

    premises_id: str
    premises_name: str
    at: Instant
    actor: str
    what: str
    old: str
    new: str
    reason: str
    from_region: str
    from_category: str
    from_counts: list[str]
    region: str
    category: str
    counts: list[str]


class DenominatorChangeListOut(Out):
    items: list[DenominatorChangeOut]
    next_cursor: str | None


class FrameCaseOut(Out):
    """waiting: look at it now. own: the caller added or installed it and may not decide."""

    camera: CameraOut
    premises_id: str
    has_pictures: bool
    waiting: bool
    own: bool
    refused_at: Instant | None
    refused_reason: str


class FrameListOut(Out):
    items: list[FrameCaseOut]


class ContractIn(In):
    number: Text
    party: Text
    credit_code: Text
    from_on: Text
    to_on: Text
    payer: Payer
    data_clause_agreed: bool
    signed_on: Text
    manager: Text
    operator: Text = ""


class SurveyPointIn(In):
    zone: Text
    place: Text
    has_power: bool
    up_mbps: float
    light: Light
    height_m: float
    obstacles: Text = ""


class SurveyIn(In):
    points: Annotated[list[SurveyPointIn], Field(max_length=MAX_POINTS)]
    result: SurveyResult
    materials: Text = ""
    note: Text = ""


class PlannedCameraIn(In):
    sn: Text
    model: Text
    mac: Text
    gb_id: Text = ""


class WorkOrderIn(In):
    installer: Text
    planned_on: Text
    cameras: Annotated[list[PlannedCameraIn], Field(max_length=MAX_POINTS)]


class InstalledCameraIn(In):
    camera: Text
    zone: Text
    height_m: float
    angle_deg: float
    up_mbps: float


class InstallationIn(In):
    cameras: Annotated[list[InstalledCameraIn], Field(max_length=MAX_POINTS)]
    note: Text = ""


class AcceptanceIn(In):
    """notice_sign_note: where the sign hangs, or the number of its photo; a photo cannot be uploaded yet."""

    talk: Talk
    notice_sign_confirmed: bool
    notice_sign_note: Text = ""
    police_filing_no: Text = ""
    note: Text = ""


class ClosedDaysIn(In):
    kind: SuspensionKind
    from_on: Text
    to_on: Text


class EventIn(In):
    """What is handed in with an event; `needs` of the step says what must be."""

    reason: Text = ""
    contract: ContractIn | None = None
    survey: SurveyIn | None = None
    work_order: WorkOrderIn | None = None
    installation: InstallationIn | None = None
    acceptance: AcceptanceIn | None = None
    suspension: ClosedDaysIn | None = None


class DueIn(In):
    """exempt_reason "": not exempt."""

    is_due: bool
    exempt_reason: Text = ""
    reason: Text


class ApproveIn(In):
    """frame_at: the instant of the frame that was looked at."""

    frame_at: Text | None = None


class RefuseIn(In):
    reason: Text
    frame_at: Text | None = None


def read_handed_in(given: EventIn) -> HandedIn:
    """Return the domain's value of a body; pydantic has checked every type already."""
    return msgspec.convert(given.model_dump(mode="json", exclude_none=True), HandedIn)


def present_road(road: Road, regions: Mapping[str, str]) -> RoadOut:
    """Return everything of one premises."""
    return RoadOut(
        standing=present_standing(road.standing, regions),
        history=[_present_history(row) for row in road.history],
        checklist=[_present_item(item) for item in road.checklist],
    )


def present_board(board: Board, regions: Mapping[str, str]) -> BoardOut:
    """Return counts in the order of the road, and the page."""
    after = board.next_after
    return BoardOut(
        counts=[StateCountOut(state=state, count=board.counts.get(state, 0)) for state in (*MAIN_ROAD, *SIDE_STATES)],
        items=[present_standing(each, regions) for each in board.items],
        next_cursor=build_cursor(after),
    )


def present_standing(standing: Standing, regions: Mapping[str, str]) -> StandingOut:
    """Return where one premises stands."""
    premises = standing.premises
    return StandingOut(
        premises_id=premises.id,
        name=premises.name,
        region=premises.place.region,
        region_name=name_region(premises.place.region, regions),
        category=premises.place.category,
        state=premises.state,
        state_at=format_utc(premises.state_at),
        is_due=premises.is_due,
        exempt_reason=premises.exempt_reason,
        is_complete=premises.is_complete,
        due_at=present_instant(standing.due_at),
        steps=[_present_step(step) for step in standing.steps],
    )


def present_changes(found: Iterable[DenominatorChange], after: tuple[int, str] | None) -> DenominatorChangeListOut:
    """Return a page of the change log."""
    items = [
        DenominatorChangeOut(
            premises_id=each.premises,
            premises_name=each.premises_name,
            at=format_utc(each.at),
            actor=each.actor_name,
            what=each.what,
            old=each.old,
            new=each.new,
            reason=each.reason,
            from_region=each.from_region,
            from_category=each.from_category,
            from_counts=_names_of(each.from_counts),
            region=each.region,
            category=each.category,
            counts=_names_of(each.counts),
        )
        for each in found
    ]
    return DenominatorChangeListOut(items=items, next_cursor=build_cursor(after))


def _names_of(counts: Counts) -> list[str]:
    return [str(each.name).lower() for each in counts]


def present_case(case: FrameCase, actor: Actor, services: Services) -> FrameCaseOut:
    """Return one channel of the queue."""
    return FrameCaseOut(
        camera=present_camera(case.camera, actor, services),
        premises_id=case.camera.premises or "",
        has_pictures=case.has_pictures,
        waiting=case.is_waiting,
        own=case.is_own,
        refused_at=present_instant(case.refused_at),
        refused_reason=case.refused_reason,
    )


def build_cursor(after: tuple[int, str] | None) -> str | None:
    """Return a place in a list that is sorted by an instant and an id."""
    return f"{after[0]}.{after[1]}" if after else None


def _present_step(step: Step) -> StepOut:
    return StepOut(
        event=step.event, to=step.to, needs=list(step.needs), roles=list(step.roles), allowed=step.is_allowed
    )


def _present_history(row: HistoryRow) -> HistoryRowOut:
    return HistoryRowOut(
        event=row.event,
        from_state=row.from_state,
        to_state=row.to_state,
        at=format_utc(row.at),
        actor=row.actor_name,
        role=row.role,
        reason=row.reason,
        fields=dict(row.fields),
    )


def _present_item(item: CheckItem) -> CheckItemOut:
    return CheckItemOut(what=item.what, outcome=item.outcome, subjects=list(item.subjects), percent=item.percent)
