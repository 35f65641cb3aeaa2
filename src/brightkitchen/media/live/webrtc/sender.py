"""One stream on behalf of all its WebRTC viewers: the hub's reader; packetises each picture once (docs/design/media-path.md §4.5).

RTP timestamps are UTC: microseconds since 1970 in ticks of 90 kHz (8 kHz for sound), modulo 2**32. So a page reads from a picture's
timestamp when it was filmed, and pictures and sound need no further map.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.units import TICKS_PER_S
from brightkitchen.media.live.webrtc.frames import PAYLOAD_BYTES, Frame
from brightkitchen.media.live.wsfmp4.muxer import LiveStream
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec, Format, VideoFormat
from brightkitchen.wire.rtp.payloads import build_h264_payloads

_SAMPLES_PER_S: Final = 8_000
_SOUND_SLACK: Final = _SAMPLES_PER_S // 10
_USUAL_TICKS: Final = TICKS_PER_S // 25


class Receiver(Protocol):
    """Structurally `media.live.webrtc.peer.Peer`: one viewer as its stream sees it."""

    wants_start: bool

    @property
    def has_backlog(self) -> bool: ...

    def catch_up(self, frames: Sequence[Frame]) -> None: ...

    def send_picture(self, frame: Frame) -> None: ...

    def send_sound(self, frame: Frame) -> None: ...


class CameraSender:
    """Attached to its stream while anybody is interested. on_unfit: called when the camera turns out to send what WebRTC cannot show;
    on_backlog: when a viewer has more to be sent a little later."""

    def __init__(
        self,
        key: StreamKey,
        stream: LiveStream,
        *,
        on_unfit: Callable[["CameraSender"], None],
        on_backlog: Callable[[], None],
    ) -> None:
        self.key = key
        self.peers: list[Receiver] = []
        self.video: VideoFormat | None = None
        self.audio: AudioFormat | None = None
        self.is_known = asyncio.Event()  # set while the camera's formats are
        self.is_reordered = False
        self._stream = stream
        self._on_unfit = on_unfit
        self._on_backlog = on_backlog
        self._interested = 0
        self._ring: list[Frame] = []
        self._last_pts = -1
        self._last_ticks = 0
        self._shift = 0
        self._next_sample = 0

    @property
    def stream(self) -> LiveStream:
        return self._stream

    @property
    def is_idle(self) -> bool:
        return self._interested == 0

    @property
    def has_sound(self) -> bool:
        """The camera has sound that can go this way."""
        return self.audio is not None and is_passed_through(self.audio)

    def hold(self) -> None:
        """Somebody is interested; each call needs one `release`."""
        self._interested += 1
        if self._interested == 1:
            self._stream.attach(self)

    def release(self) -> None:
        """One is interested no more."""
        self._interested -= 1
        if self._interested == 0:
            self._stream.detach(self)
            self.on_stop()

    def start(self, peer: Receiver) -> None:
        """Begin, or begin anew, with the current group of pictures."""
        peer.wants_start = False
        peer.catch_up(self._ring)

    # -- what the stream says (media.ports.Reader) -------------------------------------------------------------------

    def on_start(self, formats: dict[int, Format]) -> None:
        video, audio = formats.get(VIDEO_TRACK), formats.get(AUDIO_TRACK)
        if not isinstance(video, VideoFormat):
            return
        self._ring = []
        self._last_pts = -1
        self.is_reordered = False
        self.video = video
        self.audio = audio if isinstance(audio, AudioFormat) else None
        self.is_known.set()
        if video.codec is not Codec.H264:
            self._on_unfit(self)

    def on_units(self, units: list[AccessUnit]) -> None:
        for unit in units:
            if unit.track == VIDEO_TRACK:
                self._send_picture(unit)
            elif self.peers:
                self._send_sound(unit)

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        pass  # the page hears it by its own line

    def on_stop(self) -> None:
        self._ring = []
        self.video = self.audio = None
        self.is_known.clear()

    # -- sending -----------------------------------------------------------------------------------------------------

    def _send_picture(self, unit: AccessUnit) -> None:
        video = self.video
        if video is None or video.codec is not Codec.H264:
            return
        if unit.pts < self._last_pts and not self.is_reordered:
            self.is_reordered = True
            self._on_unfit(self)
        self._last_pts = unit.pts
        sets = video.parameter_sets if unit.is_key else ()
        try:
            payloads = build_h264_payloads(unit.data, limit_bytes=PAYLOAD_BYTES, parameter_sets=sets)
        except TheirError:  # a reader never raises; viewers ask for what is missing
            return
        if not payloads:
            return
        frame = Frame(payloads, self._place(unit.pts), is_key=unit.is_key)
        if unit.is_key:
            self._ring = []
        self._ring.append(frame)
        is_left = False
        for peer in self.peers:
            peer.send_picture(frame)
            is_left = is_left or peer.has_backlog
        if is_left:
            self._on_backlog()

    def _place(self, pts: int) -> int:
        """Return the picture's UTC in ticks; always after the last one's, also when the clock was set back."""
        ticks = self._stream.wall.utc(pts) * 9 // 100 + self._shift
        if ticks <= self._last_ticks - TICKS_PER_S:
            self._shift += self._last_ticks + _USUAL_TICKS - ticks
            ticks = self._last_ticks + _USUAL_TICKS
        self._last_ticks = max(ticks, self._last_ticks + 1)
        return self._last_ticks

    def _send_sound(self, unit: AccessUnit) -> None:
        if not self.has_sound or len(unit.data) > PAYLOAD_BYTES:
            return
        sample = self._stream.wall.utc(unit.pts) // (1_000_000 // _SAMPLES_PER_S)
        if abs(sample - self._next_sample) < _SOUND_SLACK:
            sample = self._next_sample  # exactly behind the last one, as long as that is about true
        self._next_sample = sample + len(unit.data)
        frame = Frame((unit.data,), sample, is_key=True)
        for peer in self.peers:
            peer.send_sound(frame)


def is_passed_through(audio: AudioFormat) -> bool:
    """True for the sound that browsers take as cameras send it."""
    return audio.codec in (Codec.PCMA, Codec.PCMU) and audio.sample_rate_hz == _SAMPLES_PER_S and audio.channels == 1
