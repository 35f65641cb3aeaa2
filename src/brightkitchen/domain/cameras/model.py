"""What control knows of a camera."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from brightkitchen.domain.authz.model import NOWHERE, Place
from brightkitchen.kernel.cameraspec import CameraSpec, StreamSpec
from brightkitchen.kernel.ids import CameraId, NodeId, PremisesId, UserId
from brightkitchen.kernel.recordingplan import RecordingPlan
from brightkitchen.kernel.units import Utc


class Activity(StrEnum):
    """Whether a channel shows its zone (R-CAM-2): ACTIVE only after a regulator approved its first frame."""

    NEW = "NEW"
    ACTIVE = "ACTIVE"
    DEGRADED = "DEGRADED"
    OFFLINE = "OFFLINE"


ONLINE: Final = (Activity.ACTIVE, Activity.DEGRADED)
"""Approved channels that pictures arrive from: what every online rate counts."""
TROUBLED: Final = (Activity.OFFLINE, Activity.DEGRADED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """One camera: a channel of a premises. place: what permissions are decided by. version counts changes (ETag); epoch fences nodes that lease it (SECURITY §2.5).

    retired_at: the camera was removed from service; what it recorded lives on.
    zone: the code of the primary zone, "" if nobody said; cameras older than the register have a word instead.
    quarantine_zone: the refused zone that it was found to show. more_zones: codes of what else it shows. premises_name: of the premises, else what somebody wrote.
    """

    id: CameraId
    name: str
    premises_name: str
    zone: str
    host: str
    port: int
    tls: bool
    path_main: str
    path_sub: str | None
    transport: str
    record: tuple[str, ...]
    audio: bool
    allow_basic: bool
    has_credential: bool
    node: NodeId
    epoch: int
    created_at: Utc
    updated_at: Utc
    version: int
    retired_at: Utc | None = None
    premises: PremisesId | None = None
    place: Place = NOWHERE
    activity: Activity = Activity.NEW
    activity_at: Utc
    approved_by: UserId | None = None
    approved_at: Utc | None = None
    added_by: UserId | None = None
    more_zones: tuple[str, ...] = ()
    quarantined_at: Utc | None = None
    quarantine_zone: str = ""

    @property
    def is_quarantined(self) -> bool:
        """True for a channel that showed a refused zone: no picture of it for anybody (SECURITY P1)."""
        return self.quarantined_at is not None

    @property
    def address(self) -> str:
        """The RTSP URL without a log-in, masked where its path has one; "" for a channel of the register that nothing is connected to yet."""
        if not self.has_address:
            return ""
        return build_address(self.host, self.port, self.tls, self.path_main)

    @property
    def has_address(self) -> bool:
        """False for a channel that the register knows and no device serves yet: no node is told of it."""
        return self.host != ""

    @property
    def is_approved(self) -> bool:
        """True once a regulator has approved the first frame."""
        return self.approved_at is not None or self.activity is not Activity.NEW

    @property
    def network_place(self) -> tuple[str, int, bool]:
        """Where a password of this camera may be sent."""
        return self.host, self.port, self.tls

    def to_spec(self, plan: RecordingPlan) -> CameraSpec:
        """Return what the node that leases it is told."""
        return CameraSpec(
            camera=self.id,
            epoch=self.epoch,
            name=self.name,
            host=self.host,
            port=self.port,
            tls=self.tls,
            main=StreamSpec(path=self.path_main),
            sub=StreamSpec(path=self.path_sub) if self.path_sub is not None else None,
            has_credential=self.has_credential,
            transport=self.transport,
            plan=plan,
            audio=self.audio,
            allow_basic=self.allow_basic,
        )


@dataclass(frozen=True, slots=True)
class CameraLogin:
    """A camera's user name and password, and what its paths carry of a log-in.

    main_path, sub_path: the whole path where the one in the register is masked (`kernel.camerapath`), else "".
    """

    username: str
    password: str
    main_path: str = ""
    sub_path: str = ""

    @property
    def is_needed(self) -> bool:
        """False if there is nothing in it."""
        return bool(self.username or self.password or self.main_path or self.sub_path)

    def __repr__(self) -> str:
        return "CameraLogin(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCamera:
    """What somebody wants to add. url may carry a log-in; it is split off at once. zone, more_zones: codes, or their names."""

    name: str
    url: str
    premises: str | None = None
    premises_name: str = ""
    zone: str = ""
    more_zones: tuple[str, ...] = ()
    username: str = ""
    password: str = ""
    sub_path: str | None = None
    transport: str = "auto"
    record: tuple[str, ...] = ("main",)
    audio: bool = True
    allow_basic: bool = False

    def __repr__(self) -> str:
        return f"NewCamera(name={self.name!r}, …)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraChange:
    """What is to become different; None = stays. sub_path "" = no sub-stream; username "" and password "" = no log-in.

    premises "" = belongs to none.
    """

    name: str | None = None
    url: str | None = None
    premises: str | None = None
    premises_name: str | None = None
    zone: str | None = None
    more_zones: tuple[str, ...] | None = None
    username: str | None = None
    password: str | None = None
    sub_path: str | None = None
    transport: str | None = None
    record: tuple[str, ...] | None = None
    audio: bool | None = None
    allow_basic: bool | None = None

    def __repr__(self) -> str:
        return "CameraChange(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFilter:
    """What a list is narrowed by; "", None or () = not.

    zone: the primary one. grade: the premises' official one. must_zones: only what counts for a zone that its premises has to show.
    online: only what `ONLINE` names. placed: whether it belongs to a premises. text: each of its words is in a name of camera or premises, in the latter's initials, or in the
    host. connected: True = with an address. is_abnormal: True = its activity is OFFLINE or DEGRADED, or it is among `failing`,
    or it is among `unrecorded` and its main stream is to be recorded. ids: these only. node: the media node that it is placed on.
    """

    premises: str = ""
    region: str = ""
    category: str = ""
    grade: str = ""
    zone: str = ""
    must_zones: bool = False
    activity: str = ""
    online: bool = False
    text: str = ""
    connected: bool | None = None
    placed: bool | None = None
    is_abnormal: bool = False
    failing: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    node: str = ""


@dataclass(frozen=True, slots=True)
class MediaWish:
    """One token that somebody asks for."""

    camera: str
    act: str
    profile: str
    from_at: Utc | None = None
    to_at: Utc | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and the node it opens."""

    camera: CameraId
    act: str
    token: str
    node: NodeId

    def __repr__(self) -> str:
        return f"IssuedToken(camera={self.camera!r}, act={self.act!r}, token=…)"


def build_address(host: str, port: int, tls: bool, path: str) -> str:
    """Return ``rtsp://host:port/path``."""
    shown = f"[{host}]" if ":" in host else host
    return f"{'rtsps' if tls else 'rtsp'}://{shown}:{port}{path}"
