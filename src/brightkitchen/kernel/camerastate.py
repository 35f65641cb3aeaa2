"""What a camera's connection is, in the words that every plane shares.

`devices` decides it, `media` reports it, `domain/cameras` stores it, `web` and `ui` say it in the user's language
(the sentence for each reason is in `kernel/text` under ``camera.reason.<reason>``).
"""

from enum import StrEnum

import msgspec

from brightkitchen.kernel.units import Utc


class CameraState(StrEnum):
    """The connection of one stream."""

    STANDBY = "standby"  # nobody needs it: not connected, on purpose
    CONNECTING = "connecting"  # trying; the first packet has not come
    LIVE = "live"  # pictures arrive
    DEGRADED = "degraded"  # pictures arrive, but not all or not as promised
    OFFLINE = "offline"  # no pictures; the reason says why


class Reason(StrEnum):
    """Why a stream is not simply LIVE."""

    HOST_UNKNOWN = "host_unknown"  # the name does not resolve
    HOST_UNREACHABLE = "host_unreachable"  # no route, or no answer to the connection
    PORT_CLOSED = "port_closed"  # connection refused
    ADDRESS_NOT_ALLOWED = "address_not_allowed"  # the net guard refuses this address
    NOT_RTSP = "not_rtsp"  # something answers, but it is not RTSP
    WRONG_PASSWORD = "wrong_password"  # 401/403 after we authenticated
    INSECURE_AUTH = "insecure_auth"  # asks for the password in clear text
    NO_SUCH_PATH = "no_such_path"  # 404 and its like
    NO_VIDEO_TRACK = "no_video_track"  # SDP without video
    CODEC_UNSUPPORTED = "codec_unsupported"  # neither H.264 nor H.265
    TRANSPORT_REFUSED = "transport_refused"  # neither TCP interleaved nor UDP was accepted
    CAMERA_BUSY = "camera_busy"  # 453, 503: too many viewers
    SERVER_ERROR = "server_error"  # another RTSP status
    PROTOCOL_ERROR = "protocol_error"  # bytes that make no sense
    NO_PACKETS = "no_packets"  # connected, PLAY was answered, nothing comes
    ENDED = "ended"  # the camera closed the connection
    PACKET_LOSS = "packet_loss"  # DEGRADED: packets are missing
    FORMAT_MISMATCH = "format_mismatch"  # DEGRADED: RTP is not what SDP said
    TIMESTAMP_JUMP = "timestamp_jump"  # DEGRADED: the camera's media clock jumped


class StreamReport(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of one camera as its owner sees it now. Sent by a node whenever it changes, else each 5 s."""

    camera: str
    profile: str  # "main" | "sub"
    state: CameraState
    reason: Reason | None = None
    detail: str = ""  # one English sentence for the engineer; never a secret
    since_at: Utc = Utc(0)  # when `state` was entered
    last_frame_at: Utc | None = None
    recording: bool = False
    recorded_until_at: Utc | None = None
    bitrate_bps: int = 0  # over the last 5 s
    fps: float = 0.0  # over the last 5 s
    lost_packets: int = 0  # since the connection was made
    loss_ratio: float = 0.0  # 0..1 over the last 5 s
    video_codec: str = ""  # RFC 6381, e.g. "avc1.640028"; "" while unknown
    width_px: int = 0
    height_px: int = 0
    audio_codec: str = ""  # "pcma", "pcmu", "mp4a.40.2", "" = no audio
    viewers: int = 0
    attempt: int = 0  # connection attempts since it was last LIVE
