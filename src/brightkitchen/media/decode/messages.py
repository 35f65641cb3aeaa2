"""What a media node and its decode worker say to each other: msgpack behind a 4-byte big-endian length, over pipes.

Rules of this file: values only; nothing of libav, so that the node can import it.
"""

import struct
from typing import Final

import msgspec

MAX_MESSAGE_BYTES: Final = 96 * 1024 * 1024  # one GOP of at most 64 MiB and what surrounds it
MAX_PICTURE_PX: Final = 8192
LENGTH: Final = struct.Struct(">I")


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    id: int


class Jpeg(_Message, frozen=True, kw_only=True, tag="jpeg"):
    """Decode `units` and send back one picture.

    codec:          "h264" or "h265".
    parameter_sets: NAL units without start code or length.
    units:          AVCC access units in decoding order; the first is a key frame.
    times:          the presentation time of each unit, in any one unit of time.
    wanted:         the picture with the greatest time <= wanted is shown.
    width_px:       0 = as it is; else scaled down to that width (never up), even height.
    quality:        JPEG quality, 1..95.
    """

    codec: str
    parameter_sets: tuple[bytes, ...]
    units: tuple[bytes, ...]
    times: tuple[int, ...]
    wanted: int
    width_px: int = 0
    quality: int = 90


class SoundOpen(_Message, frozen=True, kw_only=True, tag="sound_open"):
    """Begin to turn one stream of G.711 into AAC-LC. codec: "pcma" or "pcmu"."""

    session: int
    codec: str
    sample_rate_hz: int
    channels: int


class SoundFeed(_Message, frozen=True, kw_only=True, tag="sound_feed"):
    """Samples that follow on those before; last: also what the encoder still holds, and the session ends."""

    session: int
    data: bytes
    last: bool = False


class SoundClose(_Message, frozen=True, kw_only=True, tag="sound_close"):
    session: int


class TranscodeOpen(_Message, frozen=True, kw_only=True, tag="transcode_open"):
    """Begin to make one stream of pictures anew as H.264; ends what was begun before.

    codec, parameter_sets: as `Jpeg`. most_width_px, most_height_px: scaled down to fit, never up.
    most_fps: pictures that follow sooner are decoded and left out; 0 = all are kept. is_all_keys: each can be shown by itself.
    """

    codec: str
    parameter_sets: tuple[bytes, ...]
    most_width_px: int
    most_height_px: int
    most_fps: int = 0
    is_all_keys: bool = False


class TranscodeFeed(_Message, frozen=True, kw_only=True, tag="transcode_feed"):
    """Access units that follow on those before. times: of presentation, 90 kHz.

    is_restart: units were left out, and the first of these is a key frame. from_time: what is shown earlier is only decoded.
    is_last: also what the codecs still hold.
    """

    units: tuple[bytes, ...]
    times: tuple[int, ...]
    is_restart: bool = False
    from_time: int | None = None
    is_last: bool = False


class ProbeJail(_Message, frozen=True, kw_only=True, tag="probe_jail"):
    """Try what the jail forbids. path: a file that this user could read if there were no jail."""

    path: str


Job = Jpeg | SoundOpen | SoundFeed | SoundClose | TranscodeOpen | TranscodeFeed | ProbeJail


class Ready(_Message, frozen=True, kw_only=True, tag="ready"):
    """The worker is jailed and waits for jobs (id 0). jail: what was put in force."""

    jail: tuple[str, ...]


class Picture(_Message, frozen=True, kw_only=True, tag="picture"):
    """time: of the picture shown, in the job's unit."""

    jpeg: bytes
    time: int
    width_px: int
    height_px: int


class Sound(_Message, frozen=True, kw_only=True, tag="sound"):
    """frames: raw AAC access units of 1024 samples. The first of a session is the encoder's priming: it lies 1024 samples
    before the first sample that was fed. config: the AudioSpecificConfig."""

    config: bytes
    frames: tuple[bytes, ...]


class Transcoded(_Message, frozen=True, kw_only=True, tag="transcoded"):
    """units: AVCC, in the order shown and decoded; times: of presentation, rising, 90 kHz; keys: which are IDR pictures.

    parameter_sets: SPS and PPS of all units; empty, and sizes 0, before the first. decoded, broken: units that became pictures
    or could not. cpu_us: what this job cost.
    """

    parameter_sets: tuple[bytes, ...]
    width_px: int
    height_px: int
    units: tuple[bytes, ...]
    times: tuple[int, ...]
    keys: tuple[bool, ...]
    decoded: int
    broken: int
    cpu_us: int


class Failed(_Message, frozen=True, kw_only=True, tag="failed"):
    """The job's bytes could not be made into what was asked. why: one English sentence."""

    why: str


class Probed(_Message, frozen=True, kw_only=True, tag="probed"):
    """attempts: what was tried -> "denied" or "allowed"."""

    attempts: dict[str, str]


Answer = Ready | Picture | Sound | Transcoded | Failed | Probed

_encode = msgspec.msgpack.Encoder().encode
_decode_job = msgspec.msgpack.Decoder(Job).decode
_decode_answer = msgspec.msgpack.Decoder(Answer).decode


def build_frame(message: Job | Answer) -> bytes:
    """Return the message behind its length. raises: ValueError if it is too long to be sent."""
    body = _encode(message)
    if len(body) > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message of {len(body)} bytes")
    return LENGTH.pack(len(body)) + body


def parse_job(body: bytes) -> Job:
    """raises: msgspec.MsgspecError."""
    job: Job = _decode_job(body)
    return job


def parse_answer(body: bytes) -> Answer:
    """raises: msgspec.MsgspecError. The worker handles hostile bytes, so its answers are checked like a stranger's."""
    answer: Answer = _decode_answer(body)
    return answer
