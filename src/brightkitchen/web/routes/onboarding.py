"""The road to service and first frames over HTTP."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from brightkitchen.domain.onboarding.service import MAX_PAGE
from brightkitchen.domain.onboarding.states import Event
from brightkitchen.domain.onboarding.store import Filter
from brightkitchen.domain.premises.states import PremisesState as State
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.web.auth import Caller, Human, Signed, services_of
from brightkitchen.web.params import read_optional_instant
from brightkitchen.web.present.cameras import CameraOut, present_camera
from brightkitchen.web.present.onboarding import (
    ApproveIn,
    BoardOut,
    DenominatorChangeListOut,
    DueIn,
    EventIn,
    FrameListOut,
    RefuseIn,
    RoadOut,
    present_board,
    present_case,
    present_changes,
    present_road,
    read_handed_in,
)

router = APIRouter(tags=["onboarding"])
_CURSOR: Final = re.compile(r"([0-9]{1,18})\.([a-z]{1,4}_[0-9a-z]{16})")
Cursor = Annotated[str, Query(max_length=60)]


@router.get("/onboarding", operation_id="list_onboarding", response_model=BoardOut)
async def list_onboarding(
    request: Request,
    caller: Signed,
    state: State | None = None,
    region: Annotated[str, Query(max_length=12, pattern="^[0-9]*$")] = "",
    category: Annotated[str, Query(max_length=24)] = "",
    q: Annotated[str, Query(max_length=60)] = "",
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> BoardOut:
    """Count the premises in the caller's scope by state, and list those of one state (or all under way), longest there first."""
    wish = Filter(state, region, category, q.strip())
    board = await services_of(request).onboarding.list_board(caller.actor, wish, after=read_cursor(cursor), limit=limit)
    return present_board(board, await services_of(request).premises.load_region_names())


@router.get("/onboarding/changes", operation_id="list_denominator_changes", response_model=DenominatorChangeListOut)
async def list_denominator_changes(request: Request, caller: Signed, cursor: Cursor = "") -> DenominatorChangeListOut:
    """List what changed in what 100 % is counted from: who is to be connected, exemptions, suspensions."""
    found, after = await services_of(request).onboarding.list_denominator_changes(
        caller.actor, before=read_cursor(cursor)
    )
    return present_changes(found, after)


@router.get("/premises/{premises_id}/onboarding", operation_id="get_onboarding", response_model=RoadOut)
async def get_onboarding(request: Request, caller: Signed, premises_id: str) -> RoadOut:
    """Show where a premises stands: what may happen next and what it needs, history, acceptance checklist."""
    return await _shown_road(request, caller, premises_id)


@router.post("/premises/{premises_id}/onboarding/{event}", operation_id="move_premises", response_model=RoadOut)
async def move_premises(request: Request, caller: Human, premises_id: str, event: Event, given: EventIn) -> RoadOut:
    """Move a premises along the road."""
    onboarding = services_of(request).onboarding
    await onboarding.apply_event(caller.actor, premises_id, event, read_handed_in(given))
    return await _shown_road(request, caller, premises_id)


@router.put("/premises/{premises_id}/due", operation_id="set_premises_due", response_model=RoadOut)
async def set_premises_due(request: Request, caller: Human, premises_id: str, given: DueIn) -> RoadOut:
    """Say whether a premises is to be connected or exempt; each change is logged with its reason."""
    onboarding = services_of(request).onboarding
    await onboarding.set_due(
        caller.actor, premises_id, is_due=given.is_due, exempt_reason=given.exempt_reason, reason=given.reason
    )
    return await _shown_road(request, caller, premises_id)


@router.get("/frames", operation_id="list_first_frames", response_model=FrameListOut)
async def list_first_frames(request: Request, caller: Signed) -> FrameListOut:
    """List the channels whose first frame no officer approved yet, those that can be judged now first."""
    services = services_of(request)
    cases = await services.frames.list_cases(caller.actor)
    return FrameListOut(items=[present_case(case, caller.actor, services) for case in cases])


@router.post("/cameras/{camera_id}/approve", operation_id="approve_first_frame", response_model=CameraOut)
async def approve_first_frame(request: Request, caller: Human, camera_id: str, given: ApproveIn) -> CameraOut:
    """Let a channel count: its picture shows the zone it claims."""
    services = services_of(request)
    camera = await services.frames.approve(
        caller.actor, camera_id, frame_at=read_optional_instant(given.frame_at, "frame_at")
    )
    return present_camera(camera, caller.actor, services)


@router.post("/cameras/{camera_id}/refuse", operation_id="refuse_first_frame", response_model=CameraOut)
async def refuse_first_frame(request: Request, caller: Human, camera_id: str, given: RefuseIn) -> CameraOut:
    """Send a channel back to be mended, with the reason."""
    services = services_of(request)
    camera = await services.frames.refuse(
        caller.actor, camera_id, reason=given.reason, frame_at=read_optional_instant(given.frame_at, "frame_at")
    )
    return present_camera(camera, caller.actor, services)


async def _shown_road(request: Request, caller: Caller, premises_id: str) -> RoadOut:
    services = services_of(request)
    road = await services.onboarding.load_road(caller.actor, premises_id)
    return present_road(road, await services.premises.load_region_names())


def read_cursor(text: str) -> tuple[int, str] | None:
    """raises: BrightKitchenError "web.cursor"."""
    if not text:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise BrightKitchenError(Kind.INVALID, "web.cursor", field="cursor")
    return int(match[1]), match[2]
