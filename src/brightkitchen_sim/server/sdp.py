"""Session descriptions (RFC 4566, RFC 6184 §8.2, RFC 7798 §7.1, RFC 3640 §4.1). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from brightkitchen_sim.clip import AudioHeader
from brightkitchen_sim.payload import build_base64

VIDEO_PAYLOAD_TYPE = 96
LIE_PAYLOAD_TYPE = 98
LIE_PROFILE = "42001e"
_AUDIO_PAYLOAD_TYPES = {"pcma": 8, "pcmu": 0, "aac": 97}


@dataclass(frozen=True, slots=True)
class VideoDescription:
    """What the description says of the picture; with the fault `sdp_lies` it is not what is sent."""

    codec: str
    fps: float
    bitrate_bps: int
    parameter_sets: tuple[bytes, ...]
    payload_type: int = VIDEO_PAYLOAD_TYPE
    profile: str | None = None


def audio_payload_type(codec: str) -> int:
    return _AUDIO_PAYLOAD_TYPES[codec]


def build_sdp(video: VideoDescription | None, audio: AudioHeader | None) -> bytes:
    """Return the description; tracks are `trackID=0` for the picture and `trackID=1` for the sound."""
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=simulated camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=tool:brightkitchen-sim",
        "a=control:*",
        "a=range:npt=now-",
    ]
    if video is not None:
        lines += _build_video(video)
    if audio is not None:
        lines += _build_audio(audio)
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def _build_video(video: VideoDescription) -> list[str]:
    number = video.payload_type
    name = "H264" if video.codec == "h264" else "H265"
    return [
        f"m=video 0 RTP/AVP {number}",
        f"b=AS:{max(1, video.bitrate_bps // 1000)}",
        f"a=rtpmap:{number} {name}/90000",
        f"a=fmtp:{number} {_build_video_format(video)}",
        f"a=framerate:{video.fps:g}",
        "a=control:trackID=0",
    ]


def _build_video_format(video: VideoDescription) -> str:
    sets: Sequence[bytes] = video.parameter_sets
    if video.codec == "h265":
        kinds = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
        return ";".join(f"{kinds[(unit[0] >> 1) & 0x3F]}={build_base64(unit)}" for unit in sets)
    profile = video.profile or next(unit[1:4].hex() for unit in sets if unit[0] & 0x1F == 7)
    sprop = ",".join(build_base64(unit) for unit in sets)
    return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sprop}"


def _build_audio(audio: AudioHeader) -> list[str]:
    number = audio_payload_type(audio.codec)
    name = {"pcma": "PCMA", "pcmu": "PCMU", "aac": "mpeg4-generic"}[audio.codec]
    channels = f"/{audio.channels}" if audio.channels > 1 or audio.codec == "aac" else ""
    lines = [f"m=audio 0 RTP/AVP {number}", f"a=rtpmap:{number} {name}/{audio.sample_rate_hz}{channels}"]
    if audio.codec == "aac":
        lines.append(
            f"a=fmtp:{number} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
            f"indexdeltalength=3;config={audio.config.hex()}"
        )
    return [*lines, "a=control:trackID=1"]
