"""One simulated camera: its streams, its password, its faults, and who is connected to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from brightkitchen_sim.clip import AudioHeader, ClipHeader
from brightkitchen_sim.clock import Clock
from brightkitchen_sim.faults import FaultError, Faults, FaultValue
from brightkitchen_sim.server.auth import Authenticator, AuthMode, Credentials
from brightkitchen_sim.server.sdp import LIE_PAYLOAD_TYPE, LIE_PROFILE, VIDEO_PAYLOAD_TYPE, VideoDescription, build_sdp
from brightkitchen_sim.server.track import Track

VIDEO_TRACK_ID = 0
AUDIO_TRACK_ID = 1
_WRONG_SUFFIX = "-changed"


@dataclass(frozen=True, slots=True)
class Stream:
    """What one path of a camera sends.

    other_sets: parameter sets of the other picture size, if there is one.
    """

    header: ClipHeader
    video: Track
    audio: Track | None = None
    audio_header: AudioHeader | None = None
    other_sets: tuple[bytes, ...] = ()

    def tracks(self) -> dict[int, Track]:
        found = {VIDEO_TRACK_ID: self.video}
        if self.audio is not None:
            found[AUDIO_TRACK_ID] = self.audio
        return found


class Attached(Protocol):
    """A connection, as its camera sees it."""

    def close(self) -> None: ...

    def drop_after(self, duration_s: float) -> None:
        """Close the connection so many seconds after its PLAY, if the fault `drop` is still active then."""


@dataclass(frozen=True, slots=True)
class CameraLabel:
    """What the camera is called; `key` is the scene it shows."""

    key: str
    name: str
    zone_code: str = ""
    zone_name: str = ""
    site_name: str = ""


@dataclass(slots=True)
class SessionCounts:
    """What one session was sent, kept after its end."""

    path: str
    transport: str
    video_frames: int = 0
    video_packets: int = 0
    audio_packets: int = 0
    dropped_frames: int = 0


@dataclass(slots=True)
class Camera:
    """streams: by the last part of the path, "main" and "sub"."""

    number: int
    label: CameraLabel
    streams: dict[str, Stream]
    auth: Authenticator
    faults: Faults
    connections: set[Attached] = field(default_factory=set)
    sessions_ended: list[SessionCounts] = field(default_factory=list)
    on_refuse: Callable[[bool], None] | None = None
    _usual_credentials: Credentials | None = None

    def __post_init__(self) -> None:
        self._usual_credentials = self.auth.credentials
        self.faults.watch(self._on_fault)

    def build_description(self, stream: Stream) -> bytes:
        """Return the SDP of a stream, wrong when the fault `sdp_lies` says so."""
        header, lie = stream.header, self.faults.lie
        is_h264 = header.codec == "h264"
        video = VideoDescription(
            codec=header.codec,
            fps=header.fps,
            bitrate_bps=header.bitrate_bps,
            parameter_sets=stream.other_sets if lie == "size" and stream.other_sets else header.parameter_sets,
            payload_type=VIDEO_PAYLOAD_TYPE,
            profile=LIE_PROFILE if lie == "profile" and is_h264 else None,
        )
        return build_sdp(video, stream.audio_header)

    def set_fault(self, name: str, value: FaultValue | None = None) -> None:
        """Begin a fault. Raises FaultError when this camera cannot have it."""
        if name == "resolution_change" and not any(stream.other_sets for stream in self.streams.values()):
            raise FaultError(f"camera {self.number} has no picture of another size with the same codec")
        self.faults.set(name, value)

    def close_connections(self) -> None:
        for connection in list(self.connections):
            connection.close()

    def _on_fault(self, name: str, value: FaultValue | None) -> None:
        began = value is not None
        if name == "refuse":
            if self.on_refuse is not None:
                self.on_refuse(began)
            if began:
                self.close_connections()
        elif name == "wrong_password":
            self._change_password(began)
        elif name == "drop" and value is not None:
            for connection in list(self.connections):
                connection.drop_after(float(value))
        elif name == "timestamp_jump" and value is not None:
            for stream in self.streams.values():
                for track in stream.tracks().values():
                    track.jump(float(value))
        elif name == "resolution_change":
            for stream in self.streams.values():
                stream.video.use_other_source(began)

    def _change_password(self, changed: bool) -> None:
        usual = self._usual_credentials
        if usual is None:
            return
        self.auth.credentials = Credentials(usual.user, usual.password + _WRONG_SUFFIX) if changed else usual
        self.close_connections()


def build_authenticator(camera_key: str, mode: AuthMode, credentials: Credentials, clock: Clock) -> Authenticator:
    """Return the authenticator of a camera; the realm names it, as cameras do with their serial number."""
    return Authenticator(mode, f"SIM-{camera_key}", credentials, clock)


__all__ = [
    "AUDIO_TRACK_ID",
    "LIE_PAYLOAD_TYPE",
    "VIDEO_TRACK_ID",
    "Attached",
    "Camera",
    "CameraLabel",
    "SessionCounts",
    "Stream",
    "build_authenticator",
]
