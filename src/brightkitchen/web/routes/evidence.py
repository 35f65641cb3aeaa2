"""Evidence over HTTP: taking it, finding it, looking, checking, exporting, ending."""

import asyncio
import os
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.types import Receive, Scope, Send

from brightkitchen.domain.evidence import policy
from brightkitchen.domain.evidence.model import EvidenceKind, ItemFilter
from brightkitchen.domain.evidence.service import MAX_PAGE, Shown
from brightkitchen.domain.evidence.states import Event, EvidenceState
from brightkitchen.kernel.text import choose_language
from brightkitchen.media.serve.ranges import ByteRange, RangeNotSatisfiable, parse_range
from brightkitchen.web.auth import Human, Proven, Signed, services_of
from brightkitchen.web.params import RegionQuery, TextQuery, read_optional_instant
from brightkitchen.web.present.evidence import (
    CaptureIn,
    CheckOut,
    DownloadIn,
    EndIn,
    EvidenceListOut,
    EvidenceOut,
    EvidenceViewOut,
    ExportIn,
    ExportListOut,
    ExportOut,
    LinkIn,
    present_export,
    present_findings,
    present_item,
    present_view,
    read_wish,
)
from brightkitchen.web.present.onboarding import build_cursor
from brightkitchen.web.routes.onboarding import Cursor, read_cursor

router = APIRouter(prefix="/evidence", tags=["evidence"])

_CHUNK_BYTES: Final = 256 * 1024
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": _BINARY}}
}  # Any: FastAPI's
_ZIP: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"application/zip": _BINARY}}}
ObjectQuery = Annotated[str, Query(max_length=40, pattern="^[a-z0-9_]*$")]
When = Annotated[str, Query(max_length=40)]


@router.get("", operation_id="list_evidence", response_model=EvidenceListOut)
async def list_evidence(
    request: Request,
    caller: Signed,
    camera: ObjectQuery = "",
    premises: ObjectQuery = "",
    region: RegionQuery = "",
    kind: EvidenceKind | None = None,
    state: EvidenceState | None = None,
    text: TextQuery = "",
    from_: Annotated[When, Query(alias="from")] = "",
    to: When = "",
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> EvidenceListOut:
    """List the evidence in the caller's scope, newest first. text: words in number, premises, camera or case."""
    services = services_of(request)
    asked = ItemFilter(
        camera,
        premises,
        region,
        kind,
        state,
        text.strip(),
        read_optional_instant(from_ or None),
        read_optional_instant(to or None),
    )
    page = await services.evidence.list_items(caller.actor, asked, before=read_cursor(cursor), limit=limit)
    return EvidenceListOut(
        items=[present_item(item, caller.actor, services) for item in page.items],
        next_cursor=build_cursor(page.next_before),
        total=page.total,
        abilities=list(services.policy.abilities(caller.actor, policy.ACTIONS)),
    )


@router.post("", operation_id="capture_evidence", status_code=201, response_model=EvidenceOut)
async def capture_evidence(request: Request, response: Response, caller: Human, given: CaptureIn) -> EvidenceOut:
    """Take a frame or a clip from what is recorded, seal it, and hold the recording around it."""
    services = services_of(request)
    item = await services.evidence.capture(caller.actor, read_wish(given, read_optional_instant))
    response.headers["location"] = f"/api/v1/evidence/{item.id}"
    return present_item(item, caller.actor, services)


@router.get("/exports", operation_id="list_evidence_exports", response_model=ExportListOut)
async def list_exports(request: Request, caller: Signed) -> ExportListOut:
    """List the caller's own exports, newest first."""
    found = await services_of(request).evidence_exports.list_exports(caller.actor)
    return ExportListOut(items=[present_export(each, _language(request)) for each in found])


@router.post("/exports", operation_id="begin_evidence_export", status_code=202, response_model=ExportOut)
async def begin_export(request: Request, caller: Proven, given: ExportIn) -> ExportOut:
    """Queue an export. Who, when, why and for whom is kept, before the first byte is written."""
    services = services_of(request)
    export = await services.evidence_exports.begin(
        caller.actor,
        given.items,
        purpose=given.purpose,
        case_no=given.case_no,
        recipient=given.recipient,
        note=given.note,
    )
    return present_export(export, _language(request))


@router.get("/exports/{export_id}", operation_id="get_evidence_export", response_model=ExportOut)
async def get_export(request: Request, caller: Signed, export_id: str) -> ExportOut:
    """Say how far an export is."""
    export = await services_of(request).evidence_exports.access_export(caller.actor, export_id)
    return present_export(export, _language(request))


@router.post("/exports/{export_id}/cancel", operation_id="cancel_evidence_export", response_model=ExportOut)
async def cancel_export(request: Request, caller: Human, export_id: str) -> ExportOut:
    """Stop an export."""
    export = await services_of(request).evidence_exports.cancel(caller.actor, export_id)
    return present_export(export, _language(request))


@router.get(
    "/exports/{export_id}/file", operation_id="get_evidence_export_file", responses=_ZIP, response_class=Response
)
async def get_export_file(request: Request, caller: Signed, export_id: str) -> Response:
    """Fetch a ready export."""
    export, path = await services_of(request).evidence_exports.open_file(caller.actor, export_id)
    file = await asyncio.to_thread(path.open, "rb")
    name = f"evidence-{export.numbers[0]}-{export.id[-6:]}.zip"
    return _send(request, Shown(file, name, "application/zip", export.file_bytes), attached=True)


@router.get("/{item_id}", operation_id="get_evidence", response_model=EvidenceViewOut)
async def get_evidence(request: Request, caller: Signed, item_id: str) -> EvidenceViewOut:
    """Show one item, by id or number: files, manifest, seal, and what happened to it."""
    services = services_of(request)
    item = await services.evidence.access_item(caller.actor, item_id, policy.VIEW)
    return present_view(item, await services.evidence.load_events(item), caller.actor, services)


@router.get("/{item_id}/files/{name}", operation_id="show_evidence_file", responses=_FILE, response_class=Response)
async def show_file(request: Request, caller: Signed, item_id: str, name: str) -> Response:
    """Show a file of an item in the page. To take one away: POST …/download, with a purpose."""
    shown = await services_of(request).evidence.show(caller.actor, item_id, name)
    return _send(request, shown, attached=False)


@router.post("/{item_id}/download", operation_id="download_evidence_file", responses=_FILE, response_class=Response)
async def download_file(request: Request, caller: Proven, item_id: str, given: DownloadIn) -> Response:
    """Take a file of an item away. Who, when and why is kept, before the first byte leaves."""
    evidence = services_of(request).evidence
    shown = await evidence.download(caller.actor, item_id, given.file, purpose=given.purpose, note=given.note)
    return _send(request, shown, attached=True)


@router.post("/{item_id}/check", operation_id="check_evidence", response_model=CheckOut)
async def check_evidence(request: Request, caller: Human, item_id: str) -> CheckOut:
    """Compare an item with what was sealed."""
    findings = await services_of(request).evidence.check_item(caller.actor, item_id)
    return present_findings(findings, _language(request))


@router.post("/{item_id}/link", operation_id="link_evidence", response_model=EvidenceOut)
async def link_evidence(request: Request, caller: Human, item_id: str, given: LinkIn) -> EvidenceOut:
    """Say which case an item belongs to."""
    services = services_of(request)
    item = await services.evidence.link(caller.actor, item_id, given.case_no)
    return present_item(item, caller.actor, services)


@router.post("/{item_id}/release", operation_id="release_evidence", status_code=202, response_model=EvidenceOut)
async def release_evidence(request: Request, caller: Proven, item_id: str, given: EndIn) -> EvidenceOut:
    """Ask that nothing depends on an item any more; a second person of another unit decides."""
    services = services_of(request)
    item = await services.evidence.ask_ending(caller.actor, item_id, Event.RELEASE, given.reason)
    return present_item(item, caller.actor, services)


@router.post("/{item_id}/dispose", operation_id="dispose_evidence", status_code=202, response_model=EvidenceOut)
async def dispose_evidence(request: Request, caller: Proven, item_id: str, given: EndIn) -> EvidenceOut:
    """Ask that a released item's files go; a second person decides. Manifest, seal and row stay."""
    services = services_of(request)
    item = await services.evidence.ask_ending(caller.actor, item_id, Event.DISPOSE, given.reason)
    return present_item(item, caller.actor, services)


def _language(request: Request) -> str:
    return choose_language(request.headers.get("accept-language", ""))


def _send(request: Request, shown: Shown, *, attached: bool) -> Response:
    """Send a file, or the one range of it that a player asks for; it is closed at the end."""
    size_bytes = os.fstat(shown.file.fileno()).st_size
    headers = {
        "accept-ranges": "bytes",
        "content-disposition": f'{"attachment" if attached else "inline"}; filename="{shown.name}"',
    }
    try:
        wanted = parse_range(request.headers.get("range"), size_bytes)
    except RangeNotSatisfiable:
        shown.file.close()
        return Response(status_code=416, headers={"content-range": f"bytes */{size_bytes}"})
    chosen = wanted or ByteRange(0, size_bytes)
    headers["content-length"] = str(chosen.size_bytes)
    if wanted is not None:
        headers["content-range"] = f"bytes {chosen.start}-{chosen.end - 1}/{size_bytes}"
    return _FileResponse(shown, chosen, 206 if wanted is not None else 200, headers)


class _FileResponse(Response):
    """A stretch of an opened file, piece by piece; the file is closed whatever happens.

    Starlette's own streaming listens for the end of the connection meanwhile, which after a body that was read is always at hand.
    """

    def __init__(self, shown: Shown, chosen: ByteRange, status: int, headers: dict[str, str]) -> None:
        super().__init__(None, status, headers, shown.type)
        self._file = shown.file
        self._chosen = chosen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        at, fd = self._chosen.start, self._file.fileno()
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while at < self._chosen.end:
                piece = await asyncio.to_thread(os.pread, fd, min(_CHUNK_BYTES, self._chosen.end - at), at)
                if not piece:
                    raise OSError("the file became shorter")
                at += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": at < self._chosen.end})
        finally:
            self._file.close()
