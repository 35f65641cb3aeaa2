"""What a session description promises about one track; made by `wire.sdp`, believed with care by `wire.rtp`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from brightkitchen.wire.au import Codec


@dataclass(frozen=True, slots=True)
class TrackDescription:
    """One media section, reduced to what a receiver needs.

    track: 0 = video, 1 = audio (`wire.au.VIDEO_TRACK`, `AUDIO_TRACK`).
    fmtp:  format parameters, names in lower case, values as sent (`sprop-parameter-sets`, `config`, `sizelength` …).
    """

    track: int
    codec: Codec
    payload_type: int
    clock_rate_hz: int
    channels: int = 1
    fmtp: Mapping[str, str] = field(default_factory=dict)
    ssrc: int | None = None
