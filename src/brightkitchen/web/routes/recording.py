"""How cameras are recorded, what is held, what is missing, and finding recordings, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from brightkitchen.domain.recording import holds, watch
from brightkitchen.domain.recording.model import Level
from brightkitchen.domain.recording.search import Asked, EventKind
from brightkitchen.kernel.errors import EditConflict
from brightkitchen.web.auth import Human, Proven, Signed, services_of
from brightkitchen.web.params import CodeQuery, IfMatch, NodeQuery, RegionQuery, TextQuery, read_etag, read_instant
from brightkitchen.web.present.onboarding import build_cursor
from brightkitchen.web.present.recording import (
    AlarmListOut,
    CameraPlanOut,
    FoundListOut,
    HoldIn,
    HoldListOut,
    HoldOut,
    MarkListOut,
    ReleaseIn,
    RuleIn,
    RuleListOut,
    RuleOut,
    present_alarm,
    present_event,
    present_found,
    present_hold,
    present_plan,
    present_rule,
    present_rules,
)
from brightkitchen.web.routes.onboarding import Cursor, read_cursor

router = APIRouter(prefix="/recording", tags=["recording"])

ObjectQuery = Annotated[str, Query(max_length=40, pattern="^[a-z0-9_]*$")]


@router.get("/rules", operation_id="list_recording_rules", response_model=RuleListOut)
async def list_rules(request: Request, caller: Signed) -> RuleListOut:
    """List what was said about how long and when is recorded, in the caller's scope."""
    services = services_of(request)
    found, names = await services.recording.plans.list_rules(caller.actor)
    return present_rules(found, names, caller.actor, services)


@router.put("/rules/{level}/{subject}", operation_id="set_recording_rule", response_model=RuleOut)
async def set_rule(
    request: Request, caller: Proven, level: Level, subject: str, given: RuleIn, if_match: IfMatch = None
) -> RuleOut:
    """Say how a kind of premises, a premises or a camera is recorded; with neither days nor mode, take it back."""
    services = services_of(request)
    try:
        rule = await services.recording.plans.set_rule(
            caller.actor,
            level,
            subject,
            keep_days=given.keep_days,
            mode=given.mode,
            reason=given.reason,
            expected_version=read_etag(if_match),
        )
    except EditConflict as conflict:
        current = conflict.current
        shown = present_rule(current).model_dump(mode="json") if current is not None else {}  # type: ignore[arg-type]
        raise conflict.showing(shown) from conflict
    return present_rule(rule)


@router.get("/cameras/{camera_id}", operation_id="get_camera_plan", response_model=CameraPlanOut)
async def get_camera_plan(request: Request, caller: Signed, camera_id: str) -> CameraPlanOut:
    """Show how one camera is recorded, and why so."""
    services = services_of(request)
    found = await services.recording.plans.load_camera_plan(caller.actor, camera_id)
    return present_plan(found, caller.actor, services)


@router.get("/cameras/{camera_id}/marks", operation_id="list_marks", response_model=MarkListOut)
async def list_marks(
    request: Request,
    caller: Signed,
    camera_id: str,
    begin: Annotated[str, Query(alias="from", max_length=40)],
    end: Annotated[str, Query(alias="to", max_length=40)],
) -> MarkListOut:
    """List what happened on a camera's timeline, at most 31 days of it."""
    services = services_of(request)
    events = await services.recording.search.load_marks(caller.actor, camera_id, read_instant(begin), read_instant(end))
    return MarkListOut(items=[present_event(event) for event in events])


@router.get("/search", operation_id="search_recordings", response_model=FoundListOut)
async def search_recordings(
    request: Request,
    caller: Signed,
    begin: Annotated[str, Query(alias="from", max_length=40)],
    end: Annotated[str, Query(alias="to", max_length=40)],
    kind: Annotated[list[EventKind], Query(max_length=6)] = [],  # noqa: B006 - FastAPI copies it
    region: RegionQuery = "",
    category: CodeQuery = "",
    zone: CodeQuery = "",
    premises: ObjectQuery = "",
    camera: ObjectQuery = "",
    q: TextQuery = "",
) -> FoundListOut:
    """Find recordings by time, place and event; the newest 200, at most 31 days."""
    services = services_of(request)
    asked = Asked(
        from_at=read_instant(begin),
        to_at=read_instant(end),
        kinds=tuple(dict.fromkeys(kind)),
        region=region,
        category=category,
        zone=zone,
        premises=premises,
        camera=camera,
        text=q.strip(),
    )
    found, has_more = await services.recording.search.search(caller.actor, asked)
    return FoundListOut(items=[present_found(each) for each in found], has_more=has_more)


@router.get("/holds", operation_id="list_holds", response_model=HoldListOut)
async def list_holds(
    request: Request,
    caller: Signed,
    camera: ObjectQuery = "",
    open: bool | None = None,
    due: bool = False,
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=holds.MAX_PAGE)] = holds.MAX_PAGE,
) -> HoldListOut:
    """List holds in the caller's scope, the newest first. due: those that have stood for 180 days."""
    services = services_of(request)
    found, after = await services.recording.holds.list_holds(
        caller.actor, camera=camera, is_open=open, is_due=due, before=read_cursor(cursor), limit=limit
    )
    return HoldListOut(
        items=[present_hold(hold, caller.actor, services) for hold in found], next_cursor=build_cursor(after)
    )


@router.post("/holds", operation_id="place_hold", status_code=201, response_model=HoldOut)
async def place_hold(request: Request, caller: Human, given: HoldIn) -> HoldOut:
    """Hold a stretch of a camera's recordings: nothing deletes it until it is released."""
    services = services_of(request)
    hold = await services.recording.holds.place_hold(
        caller.actor,
        given.camera_id,
        from_at=read_instant(given.from_at),
        to_at=read_instant(given.to_at),
        note=given.note,
    )
    return present_hold(hold, caller.actor, services)


@router.post("/holds/{hold_id}/release", operation_id="release_hold", response_model=HoldOut)
async def release_hold(request: Request, caller: Proven, hold_id: str, given: ReleaseIn) -> HoldOut:
    """Let a held stretch go; its recordings are then kept as long as the rules say."""
    services = services_of(request)
    hold = await services.recording.holds.release_hold(caller.actor, hold_id, reason=given.reason)
    return present_hold(hold, caller.actor, services)


@router.get("/alarms", operation_id="list_recording_alarms", response_model=AlarmListOut)
async def list_alarms(
    request: Request,
    caller: Signed,
    open: bool | None = None,
    region: RegionQuery = "",
    node: NodeQuery = "",
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=watch.MAX_PAGE)] = watch.MAX_PAGE,
) -> AlarmListOut:
    """List the cameras that should be recorded and are not, or were not, the newest first."""
    services = services_of(request)
    found, after, count = await services.recording.watch.list_alarms(
        caller.actor, is_open=open, region=region, node=node, before=read_cursor(cursor), limit=limit
    )
    return AlarmListOut(items=[present_alarm(alarm) for alarm in found], next_cursor=build_cursor(after), open=count)
