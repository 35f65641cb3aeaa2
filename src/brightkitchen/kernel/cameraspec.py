"""What a media node is told about one camera: desired state, without the password.

The password travels apart (`Credential`), is asked for by the node per camera it leases, and is never logged:
its `repr` hides it.
"""

import msgspec

from brightkitchen.kernel.recordingplan import RecordingPlan


class StreamSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where one stream is. path: path and query of the RTSP URL, beginning with "/"; masked if it carries a log-in (`Credential`)."""

    path: str

    def __repr__(self) -> str:
        return "StreamSpec(…)"


class CameraSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One camera as control wants it to be.

    transport: "auto" = TCP interleaved, UDP if the camera insists; "tcp"; "udp".
    plan:      when which stream is recorded, and how long that is kept.
    allow_basic: the operator accepted that this camera's password goes over the wire in clear text.
    """

    camera: str
    epoch: int
    name: str
    host: str
    port: int = 554
    tls: bool = False
    main: StreamSpec
    sub: StreamSpec | None = None
    has_credential: bool = False
    transport: str = "auto"
    plan: RecordingPlan = RecordingPlan()
    audio: bool = True
    allow_basic: bool = False


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's log-in, bound to the host it may be sent to.

    main_path, sub_path: what to ask for instead of the stream's path, which is masked; "": the path says all.
    """

    camera: str
    host: str
    username: str
    password: str
    main_path: str = ""
    sub_path: str = ""

    def __repr__(self) -> str:
        return f"Credential(camera={self.camera!r}, host={self.host!r}, username=…, password=…)"
