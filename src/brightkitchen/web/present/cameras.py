"""Cameras, as they leave and enter the server."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.cameras.model import Activity, Camera
from brightkitchen.kernel.camerastate import StreamReport
from brightkitchen.kernel.ids import NodeId
from brightkitchen.kernel.nodeprotocol import ProbeAnswer
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.options import Services
from brightkitchen.web.params import write_etag
from brightkitchen.web.present.base import In, Instant, Out, Secret, Text, present_instant

Transport = Literal["auto", "tcp", "udp"]
ProfileName = Literal["main", "sub"]
_PROFILES: Final[tuple[ProfileName, ...]] = ("main", "sub")
ActivityName = Literal["NEW", "ACTIVE", "DEGRADED", "OFFLINE"]
ShortId = Annotated[str, StringConstraints(max_length=40)]
ZoneText = Annotated[str, StringConstraints(max_length=40)]
_ACTIVITIES: Final[dict[Activity, ActivityName]] = {
    Activity.NEW: "NEW",
    Activity.ACTIVE: "ACTIVE",
    Activity.DEGRADED: "DEGRADED",
    Activity.OFFLINE: "OFFLINE",
}


class StreamReportOut(Out):
    state: Literal["standby", "connecting", "live", "degraded", "offline"]
    reason: str | None
    detail: str
    since_at: Instant | None
    last_frame_at: Instant | None
    recording: bool
    recorded_until_at: Instant | None
    bitrate_bps: int
    fps: float
    lost_packets: int
    loss_ratio: float
    video_codec: str
    width_px: int
    height_px: int
    audio_codec: str
    viewers: int
    attempt: int


class StreamsOut(Out):
    """null: the node has not reported on that stream yet, or there is none."""

    main: StreamReportOut | None
    sub: StreamReportOut | None


class NodeOut(Out):
    """port: where viewers reach the node on this host; null while it is not connected to control."""

    id: str
    port: int | None
    connected: bool


class CameraOut(Out):
    """A camera; `abilities` says what the caller may do to it. The log-in never comes back.

    zone: the code of the primary zone, "" if nobody said; old cameras may have a word. zones: codes of what else it shows.

    quarantined_at: since when nobody sees it, because it showed quarantine_zone, which no camera may show.
    retired_at: when it was removed; only its recordings are left then, and only officers are told.
    """

    id: str
    name: str
    premises_id: str | None
    premises_name: str
    zone: str
    zones: list[str]
    activity: ActivityName
    quarantined_at: Instant | None
    retired_at: Instant | None
    quarantine_zone: str
    address: str
    sub_path: str | None
    has_password: bool
    transport: Transport
    record: list[ProfileName]
    audio: bool
    allow_basic: bool
    streams: StreamsOut
    node: NodeOut
    abilities: list[str]
    created_at: Instant
    etag: str


class CameraListOut(Out):
    items: list[CameraOut]
    next_cursor: str | None
    total: int


class CameraIn(In):
    name: Text
    url: Text
    premises_id: ShortId | None = None
    premises_name: Text = ""
    zone: ZoneText = ""
    zones: Annotated[list[ZoneText], Field(max_length=16)] = []  # noqa: RUF012 - pydantic copies it
    username: Secret = ""
    password: Secret = ""
    sub_path: Text | None = None
    transport: Transport = "auto"
    record: Annotated[list[ProfileName], Field(max_length=2)] = ["main"]  # noqa: RUF012 - pydantic copies it
    audio: bool = True
    allow_basic: bool = False


class CameraPatchIn(In):
    """Only what is to change. sub_path "" or null removes the sub-stream; username "" with no password, the log-in.

    premises_id null takes the camera out of its premises.
    """

    name: Text | None = None
    url: Text | None = None
    premises_id: ShortId | None = None
    premises_name: Text | None = None
    zone: ZoneText | None = None
    zones: Annotated[list[ZoneText], Field(max_length=16)] | None = None
    username: Secret | None = None
    password: Secret | None = None
    sub_path: Text | None = None
    transport: Transport | None = None
    record: Annotated[list[ProfileName], Field(max_length=2)] | None = None
    audio: bool | None = None
    allow_basic: bool | None = None


class QuarantineIn(In):
    """zone: the refused zone that it shows, by code or name; of a release: the zone that it shows now."""

    zone: ZoneText
    reason: Text


class ReleaseAskedOut(Out):
    """approval: the request that a second person decides."""

    approval: str


class ProbeIn(In):
    """camera: use the log-in that is stored for this camera, if the address is the one it was given for."""

    url: Text
    username: Secret = ""
    password: Secret = ""
    sub_path: Text | None = None
    transport: Transport = "auto"
    allow_basic: bool = False
    camera: Annotated[str, StringConstraints(max_length=40)] | None = None


class ProbeTrackOut(Out):
    codec: str
    codec_string: str
    width_px: int
    height_px: int
    sample_rate_hz: int


class ProbeOut(Out):
    """reason null: the first picture came. sentence, advice: for people, in the language they asked for."""

    reason: str | None
    detail: str
    sentence: str
    advice: str
    tracks: list[ProbeTrackOut]
    fps: float
    bitrate_bps: int
    server: str
    elapsed_s: float


def present_camera(camera: Camera, actor: Actor, services: Services) -> CameraOut:
    """Return what `actor` may know of the camera."""
    streams = services.board.of(camera.id)
    return CameraOut(
        id=camera.id,
        name=camera.name,
        premises_id=camera.premises,
        premises_name=camera.premises_name,
        zone=camera.zone,
        zones=list(camera.more_zones),
        activity=_ACTIVITIES[camera.activity],
        quarantined_at=present_instant(camera.quarantined_at),
        retired_at=present_instant(camera.retired_at),
        quarantine_zone=camera.quarantine_zone,
        address=camera.address,
        sub_path=camera.path_sub,
        has_password=camera.has_credential,
        transport=_transport(camera.transport),
        record=[name for name in _PROFILES if name in camera.record and services.board.is_planned(camera.id, name)],
        audio=camera.audio,
        allow_basic=camera.allow_basic,
        streams=StreamsOut(
            main=_present_stream(streams.get("main")),
            sub=_present_stream(streams.get("sub")) if camera.path_sub is not None else None,
        ),
        node=_present_node(camera.node, services),
        abilities=list(services.cameras.abilities(actor, camera)),
        created_at=format_utc(camera.created_at),
        etag=write_etag(camera.version),
    )


def present_cameras(cameras: Iterable[Camera], actor: Actor, services: Services) -> list[CameraOut]:
    """Return several."""
    return [present_camera(camera, actor, services) for camera in cameras]


def present_probe(answer: ProbeAnswer, *, sentence: str, advice: str) -> ProbeOut:
    """Return what a try found."""
    return ProbeOut(
        reason=answer.reason,
        detail=answer.detail[:500],
        sentence=sentence,
        advice=advice,
        tracks=[
            ProbeTrackOut(
                codec=track.codec,
                codec_string=track.codec_string,
                width_px=track.width_px,
                height_px=track.height_px,
                sample_rate_hz=track.sample_rate_hz,
            )
            for track in answer.tracks[:8]
        ],
        fps=round(answer.fps, 2),
        bitrate_bps=answer.bitrate_bps,
        server=answer.server[:200],
        elapsed_s=round(answer.elapsed_s, 3),
    )


def _transport(text: str) -> Transport:
    return "tcp" if text == "tcp" else "udp" if text == "udp" else "auto"


def _present_node(node: NodeId, services: Services) -> NodeOut:
    port = services.nodes.port_of(node)
    return NodeOut(id=node, port=port, connected=port is not None)


def _present_stream(report: StreamReport | None) -> StreamReportOut | None:
    if report is None:
        return None
    return StreamReportOut(
        state=report.state.value,
        reason=report.reason.value if report.reason else None,
        detail=report.detail[:500],
        since_at=present_instant(report.since_at),
        last_frame_at=present_instant(report.last_frame_at),
        recording=report.recording,
        recorded_until_at=present_instant(report.recorded_until_at),
        bitrate_bps=report.bitrate_bps,
        fps=round(report.fps, 2),
        lost_packets=report.lost_packets,
        loss_ratio=round(report.loss_ratio, 5),
        video_codec=report.video_codec,
        width_px=report.width_px,
        height_px=report.height_px,
        audio_codec=report.audio_codec,
        viewers=report.viewers,
        attempt=report.attempt,
    )
