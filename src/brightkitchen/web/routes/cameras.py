"""Cameras over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from brightkitchen.domain.cameras import policy
from brightkitchen.domain.cameras.model import Camera, CameraChange, CameraFilter, NewCamera
from brightkitchen.domain.cameras.service import MAX_PAGE
from brightkitchen.kernel.errors import BrightKitchenError, EditConflict, Kind
from brightkitchen.kernel.ids import is_id
from brightkitchen.kernel.nodeprotocol import ProbeAnswer
from brightkitchen.kernel.text import choose_language, has_sentence, say
from brightkitchen.web.auth import Human, Proven, Signed, check_proven, services_of
from brightkitchen.web.params import CodeQuery, IfMatch, NodeQuery, RegionQuery, TextQuery, read_etag, write_etag
from brightkitchen.web.present.cameras import (
    ActivityName,
    CameraIn,
    CameraListOut,
    CameraOut,
    CameraPatchIn,
    ProbeIn,
    ProbeOut,
    QuarantineIn,
    ReleaseAskedOut,
    present_camera,
    present_cameras,
    present_probe,
)
from brightkitchen.web.present.premises import GradeName

router = APIRouter(prefix="/cameras", tags=["cameras"])


def read_filter(
    premises: Annotated[str, Query(max_length=40)] = "",
    region: RegionQuery = "",
    category: CodeQuery = "",
    grade: GradeName | None = None,
    zone: CodeQuery = "",
    must_zones: bool = False,
    activity: ActivityName | None = None,
    online: bool = False,
    text: TextQuery = "",
    connected: bool | None = None,
    placed: bool | None = None,
    abnormal: bool = False,
    node: NodeQuery = "",
    ids: Annotated[list[str] | None, Query(alias="id", max_length=64)] = None,
) -> CameraFilter:
    """Return what a list of cameras is narrowed by."""
    return CameraFilter(
        premises=premises,
        region=region,
        category=category,
        grade=grade or "",
        zone=zone,
        must_zones=must_zones,
        activity=activity or "",
        online=online,
        text=text.strip(),
        connected=connected,
        placed=placed,
        is_abnormal=abnormal,
        node=node,
        ids=tuple(each for each in ids or () if is_id(each, "cam")) or (("",) if ids else ()),
    )


Narrowed = Annotated[CameraFilter, Depends(read_filter)]


@router.get("", operation_id="list_cameras", response_model=CameraListOut)
async def list_cameras(
    request: Request,
    caller: Signed,
    asked: Narrowed,
    cursor: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> CameraListOut:
    """List the cameras in the caller's scope, by premises and name.

    text: each word is in the name of the camera or its premises, in the pinyin initials of the latter, or (with a dot or
    colon in it) in the host. grade: the official risk grade of the premises. must_zones: only those that count for a zone which
    the premises has to show. online: only those that the online rate counts. connected: whether a device serves the channel.
    placed: whether it belongs to a premises. abnormal: only those that are offline or degraded, or are not recorded as they should be. node: the media
    node that serves it. id: only these, as far as they are in the scope.
    """
    if cursor and not is_id(cursor, "cam"):
        raise BrightKitchenError(Kind.INVALID, "web.cursor", field="cursor")
    services = services_of(request)
    page = await services.cameras.list_cameras(caller.actor, asked, after=cursor, limit=limit)
    return CameraListOut(
        items=present_cameras(page.items, caller.actor, services), next_cursor=page.next_after, total=page.total
    )


@router.post("", operation_id="add_camera", status_code=201, response_model=CameraOut)
async def add_camera(request: Request, response: Response, caller: Human, given: CameraIn) -> CameraOut:
    """Put a camera in service. A log-in inside the URL is split off at once."""
    services = services_of(request)
    camera = await services.cameras.add_camera(caller.actor, read_new_camera(given))
    response.headers["location"] = f"/api/v1/cameras/{camera.id}"
    response.headers["etag"] = write_etag(camera.version)
    return present_camera(camera, caller.actor, services)


@router.post("/probe", operation_id="probe_camera", response_model=ProbeOut)
async def probe_camera(request: Request, caller: Human, given: ProbeIn) -> ProbeOut:
    """Let a media node try an address and say what is there; nothing is kept."""
    services = services_of(request)
    services.cameras.check(caller.actor, policy.PROBE)
    request.app.state.probes.take(caller.user.id)
    wish = NewCamera(
        name="probe",
        url=given.url,
        username=given.username,
        password=given.password,
        transport=given.transport,
        allow_basic=given.allow_basic,
    )
    answer = await services.cameras.probe_address(caller.actor, wish, camera=given.camera)
    return worded_probe(answer, choose_language(request.headers.get("accept-language", "")))


@router.get("/{camera_id}", operation_id="get_camera", response_model=CameraOut)
async def get_camera(request: Request, response: Response, caller: Signed, camera_id: str) -> CameraOut:
    """Show one camera; to officers also one that was removed and whose recordings are still there."""
    services = services_of(request)
    camera = await services.cameras.access_recorded(caller.actor, camera_id, policy.VIEW)
    response.headers["etag"] = write_etag(camera.version)
    return present_camera(camera, caller.actor, services)


@router.patch("/{camera_id}", operation_id="change_camera", response_model=CameraOut)
async def change_camera(
    request: Request, response: Response, caller: Human, camera_id: str, given: CameraPatchIn, if_match: IfMatch = None
) -> CameraOut:
    """Change a camera. Another host, port or encryption drops the stored log-in unless a new one comes along.

    Saying that an approved camera shows another zone or belongs to another premises needs a fresh proof.
    """
    services, change = services_of(request), _read_change(given)
    if await services.cameras.is_sensitive(caller.actor, camera_id, change):
        check_proven(request, caller)
    try:
        camera = await services.cameras.change_camera(
            caller.actor, camera_id, change, expected_version=read_etag(if_match)
        )
    except EditConflict as conflict:
        assert isinstance(conflict.current, Camera)
        shown = present_camera(conflict.current, caller.actor, services)
        raise conflict.showing(shown.model_dump(mode="json")) from conflict
    response.headers["etag"] = write_etag(camera.version)
    return present_camera(camera, caller.actor, services)


@router.post("/{camera_id}/quarantine", operation_id="quarantine_camera", response_model=CameraOut)
async def quarantine_camera(request: Request, caller: Human, camera_id: str, given: QuarantineIn) -> CameraOut:
    """Stop a channel that shows a place which no camera may show: no picture, no recording, for anybody."""
    services = services_of(request)
    camera = await services.quarantine.quarantine(caller.actor, camera_id, zone=given.zone, reason=given.reason)
    return present_camera(camera, caller.actor, services)


@router.post("/{camera_id}/release", operation_id="ask_camera_release", status_code=202, response_model=ReleaseAskedOut)
async def ask_camera_release(request: Request, caller: Proven, camera_id: str, given: QuarantineIn) -> ReleaseAskedOut:
    """Ask for a channel in quarantine to come back; an administrator of another organisation decides (`/approvals`)."""
    asked = await services_of(request).quarantine.ask_release(
        caller.actor, camera_id, zone=given.zone, reason=given.reason
    )
    return ReleaseAskedOut(approval=asked.id)


@router.delete("/{camera_id}", operation_id="remove_camera", status_code=204)
async def remove_camera(request: Request, caller: Human, camera_id: str, if_match: IfMatch = None) -> None:
    """Take a camera out of service. What it recorded stays."""
    await services_of(request).cameras.retire_camera(caller.actor, camera_id, expected_version=read_etag(if_match))


def read_new_camera(given: CameraIn) -> NewCamera:
    """Return what the body asks for."""
    return NewCamera(
        name=given.name,
        url=given.url,
        premises=given.premises_id,
        premises_name=given.premises_name,
        zone=given.zone,
        more_zones=tuple(given.zones),
        username=given.username,
        password=given.password,
        sub_path=given.sub_path,
        transport=given.transport,
        record=tuple(dict.fromkeys(given.record)),
        audio=given.audio,
        allow_basic=given.allow_basic,
    )


def worded_probe(answer: ProbeAnswer, language: str) -> ProbeOut:
    """Return what a try found, with the sentence and the advice for its reason."""
    if answer.reason is None:
        return present_probe(answer, sentence=say("camera.probe_ok", language), advice="")
    sentence, advice = f"camera.reason.{answer.reason}", f"camera.advice.{answer.reason}"
    if not has_sentence(sentence):
        sentence, advice = "camera.reason.server_error", "camera.advice.server_error"
    return present_probe(answer, sentence=say(sentence, language), advice=say(advice, language))


def _read_change(given: CameraPatchIn) -> CameraChange:
    removes_sub = "sub_path" in given.model_fields_set and given.sub_path is None
    leaves_premises = "premises_id" in given.model_fields_set and given.premises_id is None
    return CameraChange(
        name=given.name,
        url=given.url,
        premises="" if leaves_premises else given.premises_id,
        premises_name=given.premises_name,
        zone=given.zone,
        more_zones=None if given.zones is None else tuple(given.zones),
        username=given.username,
        password=given.password,
        sub_path="" if removes_sub else given.sub_path,
        transport=given.transport,
        record=None if given.record is None else tuple(dict.fromkeys(given.record)),
        audio=given.audio,
        allow_basic=given.allow_basic,
    )
