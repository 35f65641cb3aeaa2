"""Evidence as it leaves and enters the server."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.evidence.checking import files_of
from brightkitchen.domain.evidence.exporting import MAX_ITEMS
from brightkitchen.domain.evidence.model import (
    CaptureWish,
    EvidenceKind,
    Export,
    ExportState,
    HoldState,
    Item,
    ItemEvent,
    Purpose,
)
from brightkitchen.domain.evidence.stamps import Stamp, stamp_of
from brightkitchen.domain.evidence.states import EvidenceState
from brightkitchen.domain.evidence.verify import Finding, Trouble
from brightkitchen.kernel.text import has_sentence, say
from brightkitchen.kernel.units import Utc, format_utc
from brightkitchen.web.options import Services
from brightkitchen.web.present.base import In, Instant, Out, present_instant
from brightkitchen.web.present.cameras import ProfileName

Id = Annotated[str, StringConstraints(max_length=40)]
Note = Annotated[str, StringConstraints(max_length=500)]
CaseNo = Annotated[str, StringConstraints(max_length=60)]
Reason = Annotated[str, StringConstraints(max_length=200)]


class CaptureIn(In):
    """at: of the frame, null = now; from and to: of a clip."""

    kind: EvidenceKind
    camera: Id
    profile: ProfileName = "main"
    at: Instant | None = None
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None
    purpose: Purpose
    note: Note = ""


class DownloadIn(In):
    file: Annotated[str, StringConstraints(max_length=64)]
    purpose: Purpose
    note: Note = ""


class LinkIn(In):
    case_no: CaseNo


class EndIn(In):
    reason: Reason


class ExportIn(In):
    """items: ids or numbers. case_no: of those that belong to no case yet, and on the export."""

    items: Annotated[list[Id], Field(min_length=1, max_length=MAX_ITEMS)]
    purpose: Purpose
    case_no: CaseNo
    recipient: Annotated[str, StringConstraints(max_length=100)]
    note: Note = ""


class EvidenceOut(Out):
    """camera_drift_us null: unknown. is_drift_warned: over 10 s (R-VID-10). waiting: somebody asked for its end."""

    id: str
    number: str
    kind: EvidenceKind
    state: EvidenceState
    camera_id: str
    camera_name: str
    premises_id: str | None
    premises_name: str
    zone: str
    source: Literal["recording", "live"]
    captured_at: Instant
    sealed_at: Instant | None
    frame_at: Instant
    from_at: Instant
    to_at: Instant
    operator_name: str
    purpose: Purpose
    note: str
    size_bytes: int
    camera_drift_us: int | None
    is_drift_warned: bool
    is_time_assured: bool
    hold: HoldState
    seq: int | None
    hash: str
    case_no: str
    waiting: bool
    abilities: list[str]


class EvidenceListOut(Out):
    items: list[EvidenceOut]
    next_cursor: str | None
    total: int
    abilities: list[str]


class EvidenceFileOut(Out):
    name: str
    role: str
    type: str
    size_bytes: int
    sha256: str


class EvidenceEventOut(Out):
    event: str
    state: EvidenceState
    actor_name: str
    at: Instant
    text: str


class EvidenceViewOut(EvidenceOut):
    """c2pa: what the display copy carries; null for items from before there was C2PA."""

    files: list[EvidenceFileOut]
    events: list[EvidenceEventOut]
    manifest: str
    seal: str
    c2pa: Stamp | None


class FindingOut(Out):
    trouble: Trouble
    file: str
    number: str
    sentence: str


class CheckOut(Out):
    """Nothing found: as it was sealed."""

    findings: list[FindingOut]


class ExportOut(Out):
    id: str
    state: ExportState
    numbers: list[str]
    purpose: Purpose
    case_no: str
    recipient: str
    total_bytes: int
    done_bytes: int
    file_bytes: int
    sha256: str
    failure: str
    created_at: Instant
    updated_at: Instant
    expires_at: Instant | None


class ExportListOut(Out):
    items: list[ExportOut]


DRIFT_WARNING_US = 10_000_000


def present_item(item: Item, actor: Actor, services: Services) -> EvidenceOut:
    """Return one item of a list."""
    return EvidenceOut(**_fields(item, actor, services))


def _fields(item: Item, actor: Actor, services: Services) -> dict[str, Any]:  # Any: fields of `EvidenceOut`
    return {
        "id": item.id,
        "number": item.number,
        "kind": item.kind,
        "state": item.state,
        "camera_id": item.camera,
        "camera_name": item.camera_name,
        "premises_id": item.premises,
        "premises_name": item.premises_name,
        "zone": item.zone,
        "source": item.source,
        "captured_at": format_utc(item.captured_at),
        "sealed_at": present_instant(item.sealed_at),
        "frame_at": format_utc(item.frame_at),
        "from_at": format_utc(item.from_at),
        "to_at": format_utc(item.to_at),
        "operator_name": item.operator_name,
        "purpose": item.purpose,
        "note": item.note,
        "size_bytes": item.size_bytes,
        "camera_drift_us": item.drift_us,
        "is_drift_warned": item.drift_us is not None and abs(item.drift_us) > DRIFT_WARNING_US,
        "is_time_assured": item.is_assured,
        "hold": item.hold_state,
        "seq": item.seq or None,
        "hash": item.hash,
        "case_no": item.case_no,
        "waiting": bool(item.waiting_for),
        "abilities": list(services.evidence.abilities(actor, item)),
    }


def present_view(item: Item, events: Iterable[ItemEvent], actor: Actor, services: Services) -> EvidenceViewOut:
    """Return everything about one item."""
    return EvidenceViewOut(
        **_fields(item, actor, services),
        files=[
            EvidenceFileOut(
                name=fact.name, role=fact.role, type=fact.type, size_bytes=fact.size_bytes, sha256=fact.sha256
            )
            for fact in files_of(item)
        ],
        events=[
            EvidenceEventOut(
                event=each.event, state=each.state, actor_name=each.actor_name, at=format_utc(each.at), text=each.text
            )
            for each in events
        ],
        manifest=item.manifest,
        seal=item.seal,
        c2pa=stamp_of(item.manifest),
    )


def present_findings(findings: Sequence[Finding], language: str) -> CheckOut:
    """Return what was found, each in a sentence."""
    return CheckOut(
        findings=[
            FindingOut(
                trouble=finding.trouble,
                file=finding.file,
                number=finding.item,
                sentence=say(f"evidence.found.{finding.trouble.value}", language, file=finding.file),
            )
            for finding in findings
        ]
    )


def present_export(export: Export, language: str) -> ExportOut:
    """Return a job; why it failed in words."""
    failure = say(export.failure, language) if has_sentence(export.failure) else export.failure
    return ExportOut(
        id=export.id,
        state=export.state,
        numbers=list(export.numbers),
        purpose=export.purpose,
        case_no=export.case_no,
        recipient=export.recipient,
        total_bytes=export.total_bytes,
        done_bytes=min(export.done_bytes, export.total_bytes),
        file_bytes=export.file_bytes,
        sha256=export.sha256,
        failure=failure,
        created_at=format_utc(export.created_at),
        updated_at=format_utc(export.updated_at),
        expires_at=present_instant(export.expires_at),
    )


def read_wish(given: CaptureIn, read: Callable[[str | None], Utc | None]) -> CaptureWish:
    """Return what the body asks for. read: of an instant or null."""
    return CaptureWish(
        kind=given.kind,
        camera=given.camera,
        profile=given.profile,
        at=read(given.at),
        from_at=read(given.from_),
        to_at=read(given.to),
        purpose=given.purpose,
        note=given.note,
    )
