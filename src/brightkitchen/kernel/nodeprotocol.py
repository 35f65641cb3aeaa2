"""What control and a media node say to each other (docs/design/media-path.md §6). JSON text over one WebSocket.

Every message is one of two tagged unions; `parse_*` refuses anything else. Ids travel, never paths or names of files.
"""

from typing import Annotated, Literal

import msgspec

from brightkitchen.kernel.cameraspec import CameraSpec, Credential
from brightkitchen.kernel.camerastate import StreamReport
from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.recordingplan import DeletedRange, Hold, VolumeState
from brightkitchen.kernel.units import Utc

PROTOCOL = 1
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


class VerifyKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public half of a media-token key. public_key: 32 bytes, Ed25519."""

    kid: str
    public_key: bytes


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="welcome", forbid_unknown_fields=True):
    """The first answer: whom to believe and whom to serve."""

    allowed_origins: tuple[str, ...]
    keys: tuple[VerifyKey, ...]
    server_at: Utc


class Desired(msgspec.Struct, frozen=True, kw_only=True, tag="desired", forbid_unknown_fields=True):
    """All cameras of this node, always the whole list: what is not in it is let go."""

    version: int
    cameras: tuple[CameraSpec, ...]


class CredentialAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="credential_answer", forbid_unknown_fields=True):
    """credential None: this node does not lease that camera at that epoch, or it has no log-in."""

    request: int
    credential: Credential | None


class Revoke(msgspec.Struct, frozen=True, kw_only=True, tag="revoke", forbid_unknown_fields=True):
    """Close every viewer that matches all the fields given, and accept no such token any more."""

    request: int
    sid: str | None = None
    camera: str | None = None
    kid: str | None = None


class ProbeRequest(msgspec.Struct, frozen=True, kw_only=True, tag="probe_request", forbid_unknown_fields=True):
    """Try this address and say what is there; nothing is kept. The password is only for this try."""

    request: int
    spec: CameraSpec
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"ProbeRequest(request={self.request}, spec={self.spec!r}, username=…, password=…)"


class ViewsKept(msgspec.Struct, frozen=True, kw_only=True, tag="views_kept", forbid_unknown_fields=True):
    """The reports of that message are in the audit; the node may forget them."""

    request: int


class Holds(msgspec.Struct, frozen=True, kw_only=True, tag="holds", forbid_unknown_fields=True):
    """All holds on cameras whose recordings this node may have, always the whole list. Answered with `HoldsKept`.

    A node deletes nothing before it has had such a list once; it keeps the newest one on its disk.
    """

    version: int
    holds: tuple[Hold, ...]


class DeletionsKept(msgspec.Struct, frozen=True, kw_only=True, tag="deletions_kept", forbid_unknown_fields=True):
    """The proofs of that message are in the audit; the node may forget them."""

    request: int


ToNode = Welcome | Desired | CredentialAnswer | Revoke | ProbeRequest | ViewsKept | Holds | DeletionsKept


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello", forbid_unknown_fields=True):
    """The node introduces itself. secret: hex of the per-start secret both inherited. port: where viewers reach it.

    statement_key: hex of the public key under its evidence statements, "" = it makes none.
    """

    node: str
    secret: str
    port: int
    protocol: int = PROTOCOL
    statement_key: str = ""

    def __repr__(self) -> str:
        return f"Hello(node={self.node!r}, secret=…, port={self.port}, protocol={self.protocol})"


class CredentialRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag="credential_request", forbid_unknown_fields=True
):
    request: int
    camera: str
    epoch: int


class Reports(msgspec.Struct, frozen=True, kw_only=True, tag="reports", forbid_unknown_fields=True):
    """What changed, at most once a second; everything each 5 s."""

    reports: tuple[StreamReport, ...]


class Revoked(msgspec.Struct, frozen=True, kw_only=True, tag="revoked", forbid_unknown_fields=True):
    request: int
    closed: int


class ProbeTrack(msgspec.Struct, frozen=True, kw_only=True):
    codec: str
    codec_string: str
    width_px: int = 0
    height_px: int = 0
    sample_rate_hz: int = 0


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="probe_answer", forbid_unknown_fields=True):
    """reason None: the first picture came. detail: one English sentence, without secrets."""

    request: int
    reason: str | None
    detail: str = ""
    tracks: tuple[ProbeTrack, ...] = ()
    fps: float = 0.0
    bitrate_bps: int = 0
    server: str = ""
    elapsed_s: float = 0.0


ViewAct = Literal["live", "play", "snapshot", "thumb", "clip", "talk", "ptz"]


class ViewReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a session really watched of one stream, or a piece of it: at most ten minutes of a long view.

    view: random, so that a report sent twice counts once. act: as in the token. seconds: watched, without pauses; 0 for pictures.
    count: views, or pictures that were sent. from_at, to_at: the recorded time that was looked at, where it was a recording.
    """

    view: str
    camera: str
    sid: str
    act: ViewAct
    profile: str
    started_at: Utc
    ended_at: Utc
    seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)]
    count: Annotated[int, msgspec.Meta(ge=0)] = 1
    from_at: Utc | None = None
    to_at: Utc | None = None


class Views(msgspec.Struct, frozen=True, kw_only=True, tag="views", forbid_unknown_fields=True):
    """Kept by the node until control answers `ViewsKept`. lost: reports dropped since the last one because too many waited."""

    request: int
    reports: Annotated[tuple[ViewReport, ...], msgspec.Meta(max_length=500)]
    lost: Annotated[int, msgspec.Meta(ge=0)] = 0


class HoldsKept(msgspec.Struct, frozen=True, kw_only=True, tag="holds_kept", forbid_unknown_fields=True):
    """The list of that version is on the node's disk: nothing that it holds will be deleted from now on."""

    version: int


class Deletions(msgspec.Struct, frozen=True, kw_only=True, tag="deletions", forbid_unknown_fields=True):
    """Proofs of what is gone. Kept by the node, on its disk, until control answers `DeletionsKept`."""

    request: int
    ranges: Annotated[tuple[DeletedRange, ...], msgspec.Meta(max_length=500)]


class Volumes(msgspec.Struct, frozen=True, kw_only=True, tag="volumes", forbid_unknown_fields=True):
    """Every place that this node records to. Sent when one changes its state, else every 30 s."""

    volumes: Annotated[tuple[VolumeState, ...], msgspec.Meta(max_length=64)]


class Vitals(msgspec.Struct, frozen=True, kw_only=True, tag="vitals", forbid_unknown_fields=True):
    """How the node's processes and its machine are. Sent when the line is new, then every 30 s.

    started_at: when the node began. cpu_percent: of one core, by the node and its decoders, since the message before. memory_bytes: of the
    same processes. host_used_percent: processor time of the whole machine in use, 0..100.
    """

    version: str
    started_at: Utc
    cpu_percent: Annotated[float, msgspec.Meta(ge=0)]
    memory_bytes: Annotated[int, msgspec.Meta(ge=0)]
    host_cores: Annotated[int, msgspec.Meta(ge=1)]
    host_used_percent: Annotated[float, msgspec.Meta(ge=0, le=100)]
    host_memory_bytes: Annotated[int, msgspec.Meta(ge=0)]
    host_memory_free_bytes: Annotated[int, msgspec.Meta(ge=0)]


ToControl = (
    Hello | CredentialRequest | Reports | Revoked | ProbeAnswer | Views | HoldsKept | Deletions | Volumes | Vitals
)

_to_node: msgspec.json.Decoder[ToNode] = msgspec.json.Decoder(ToNode)
_to_control: msgspec.json.Decoder[ToControl] = msgspec.json.Decoder(ToControl)


def build_message(message: ToNode | ToControl) -> bytes:
    """Return one JSON text message."""
    return msgspec.json.encode(message)


def parse_to_node(data: bytes | str) -> ToNode:
    """raises: TheirError if it is no message for a node."""
    try:
        return _to_node.decode(data)
    except msgspec.MsgspecError as cause:
        raise TheirError(f"not a message for a node: {cause}") from cause


def parse_to_control(data: bytes | str) -> ToControl:
    """raises: TheirError if it is no message for control."""
    try:
        return _to_control.decode(data)
    except msgspec.MsgspecError as cause:
        raise TheirError(f"not a message for control: {cause}") from cause
