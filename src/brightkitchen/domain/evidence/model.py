"""What control knows of an item of evidence, of an export, and what somebody may ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from brightkitchen.domain.authz.model import NOWHERE, Place
from brightkitchen.domain.evidence.states import EvidenceState
from brightkitchen.kernel.ids import CameraId, NodeId, PremisesId, UserId
from brightkitchen.kernel.units import Utc


class EvidenceKind(StrEnum):
    """What it is."""

    SNAPSHOT = "snapshot"
    CLIP = "clip"


class Purpose(StrEnum):
    """What somebody takes, looks at or exports evidence for."""

    PATROL = "PATROL"
    COMPLAINT = "COMPLAINT"
    VIOLATION = "VIOLATION"
    PENALTY = "PENALTY"
    COURT = "COURT"
    OTHER = "OTHER"


class HoldState(StrEnum):
    """Whether the recording around it is kept from being deleted."""

    SET = "set"
    NONE = "none"  # not yet written
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureWish:
    """at: the instant of the frame, None = now; from_at, to_at: of a clip. note: what the officer writes beside it."""

    kind: EvidenceKind
    camera: str
    profile: str
    at: Utc | None = None
    from_at: Utc | None = None
    to_at: Utc | None = None
    purpose: Purpose
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item. place: of its premises as it is now; permissions are decided by it.

    frame_at: of the frame, or of a clip's first. drift_us: camera minus node, None = unknown. is_assured: both clocks were kept right.
    seq, hash: its place in the chain, 0 and "" until it is sealed. manifest: canonical; a draft until then.
    """

    id: str
    number: str
    kind: EvidenceKind
    state: EvidenceState
    camera: CameraId
    camera_name: str
    premises: PremisesId | None
    premises_name: str
    place: Place = NOWHERE
    zone: str
    profile: str
    source: str
    node: NodeId
    captured_at: Utc
    frame_at: Utc
    from_at: Utc
    to_at: Utc
    operator: UserId
    operator_name: str
    purpose: Purpose
    note: str
    size_bytes: int
    drift_us: int | None
    is_assured: bool
    hold: str
    hold_state: HoldState
    manifest: str
    seal: str = ""
    seq: int = 0
    hash: str = ""
    sealed_at: Utc | None = None
    case_no: str = ""
    ended_at: Utc | None = None
    waiting_for: str = ""


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What a list is narrowed by; "" and None = everything. text: part of number, premises, camera or case."""

    camera: str = ""
    premises: str = ""
    region: str = ""
    kind: EvidenceKind | None = None
    state: EvidenceState | None = None
    text: str = ""
    from_at: Utc | None = None
    to_at: Utc | None = None


@dataclass(frozen=True, slots=True)
class ItemEvent:
    """Something that happened to an item after it was captured."""

    event: str
    state: EvidenceState
    actor: str
    actor_name: str
    at: Utc
    text: str


class ExportState(StrEnum):
    """Where an export job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    READY = "READY"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


OPEN_EXPORTS = (ExportState.QUEUED, ExportState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export job. It belongs to its maker alone. failure: code of a sentence."""

    id: str
    made_by: UserId
    maker_name: str
    state: ExportState
    items: Sequence[str]
    numbers: Sequence[str]
    purpose: Purpose
    case_no: str
    recipient: str
    total_bytes: int
    done_bytes: int
    file_bytes: int
    sha256: str
    failure: str
    created_at: Utc
    updated_at: Utc
    expires_at: Utc | None
