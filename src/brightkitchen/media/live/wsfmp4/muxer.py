"""One stream made into live messages, once for all its viewers (docs/design/media-path.md §4.1).

The muxer is the hub's reader. Each picture becomes one fragment at once; the messages of the current group of pictures are kept
so that a viewer who comes late gets them in one go. Everything runs on the event loop and nothing waits.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import TICKS_PER_S, Utc, format_utc
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.live.wsfmp4.frames import MessageFlag, MessageKind, build_media_message, build_text_message
from brightkitchen.media.live.wsfmp4.sound import AAC_FRAME_SAMPLES, LiveSound
from brightkitchen.media.live.wsfmp4.viewer import MAX_BUFFER_BYTES, MIN_BUFFER_BYTES, Viewer
from brightkitchen.media.ports import Reader
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec, Format, VideoFormat
from brightkitchen.wire.fmp4.writer import DtsAssigner, build_fragment, build_init

_USUAL_FPS: Final = 25.0
_MAX_RING_BYTES: Final = 64 * 1024 * 1024


class WallTime(Protocol):
    def utc(self, pts: int) -> Utc: ...


class LiveStream(Protocol):
    """Structurally `media.hub.stream.Stream`."""

    @property
    def wall(self) -> WallTime: ...

    @property
    def since_at(self) -> Utc: ...

    def attach(self, reader: Reader, *, is_viewer: bool = True) -> None: ...

    def detach(self, reader: Reader) -> None: ...


class StreamProvider(Protocol):
    """Structurally `media.hub.hub.Hub`."""

    def get(self, key: StreamKey) -> LiveStream | None: ...


class LiveMuxer:
    """The reader of one stream on behalf of all its viewers. Attached while there is at least one."""

    def __init__(
        self, key: StreamKey, stream: LiveStream, *, pool: DecodePool, clock: Clock, supervisor: Supervisor
    ) -> None:
        self._key = key
        self._stream = stream
        self._pool = pool
        self._clock = clock
        self._supervisor = supervisor
        self._viewers: list[Viewer] = []
        self._state_message: bytes | None = None
        self._hello: bytes | None = None
        self._video: VideoFormat | None = None
        self._audio: AudioFormat | None = None  # as the camera sends it
        self._aac: AudioFormat | None = None  # as viewers get it; None while unknown
        self._inits: dict[MessageKind, bytes] = {}
        self._ring: list[tuple[bool, bytes]] = []  # (is sound, message) of the current GOP
        self._ring_bytes = 0
        self._gop_bytes = 0
        self._order = DtsAssigner(0)
        self._usual_ticks = 1
        self._last_pts: int | None = None
        self._sequence = 0
        self._is_new_timeline = False
        self._sound: LiveSound | None = None
        self._sound_task: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    @property
    def waiting_bytes(self) -> int:
        """What waits to be taken by its viewers."""
        return sum(viewer.waiting_bytes for viewer in self._viewers)

    def add(self, viewer: Viewer) -> None:
        """Send the viewer what there is now and everything that follows."""
        if not self._viewers:
            self._stream.attach(self)
        if self._state_message is not None:
            viewer.send(self._state_message)
        if self._hello is not None:
            viewer.send(self._hello + self._inits[MessageKind.VIDEO_INIT])
            viewer.send(self._inits.get(MessageKind.AUDIO_INIT, b"") if viewer.wants_audio else b"")
            viewer.send_group([message for is_sound, message in self._ring if viewer.wants_audio or not is_sound])
        self._viewers.append(viewer)
        self._start_or_stop_sound()

    def remove(self, viewer: Viewer) -> None:
        """Send the viewer nothing more; harmless if it is not there."""
        if viewer not in self._viewers:
            return
        self._viewers.remove(viewer)
        self._start_or_stop_sound()
        if not self._viewers:
            self._stream.detach(self)
            self._forget()
            self._state_message = None

    def set_audio(self, viewer: Viewer, wanted: bool) -> None:
        """The viewer switched its sound on or off."""
        if wanted and not viewer.wants_audio:
            viewer.send(self._inits.get(MessageKind.AUDIO_INIT, b""))
        viewer.wants_audio = wanted
        self._start_or_stop_sound()

    # -- what the stream says (media.ports.Reader) -------------------------------------------------------------------

    def on_start(self, formats: dict[int, Format]) -> None:
        video, audio = formats.get(VIDEO_TRACK), formats.get(AUDIO_TRACK)
        if not isinstance(video, VideoFormat):
            return
        self._forget()
        self._video = video
        self._audio = audio if isinstance(audio, AudioFormat) else None
        self._aac = self._audio if self._audio is not None and self._audio.codec is Codec.AAC else None
        self._order = DtsAssigner(video.reorder_depth)
        self._usual_ticks = round(TICKS_PER_S / (video.fps_hint or _USUAL_FPS))
        self._is_new_timeline = True
        self._hello = self._build_hello(video)
        self._inits[MessageKind.VIDEO_INIT] = self._build_init_message(MessageKind.VIDEO_INIT, VIDEO_TRACK, video)
        for viewer in self._viewers:
            viewer.restart()
            viewer.send(self._hello + self._inits[MessageKind.VIDEO_INIT])
        if self._aac is not None:
            self._set_aac(self._aac)
        self._start_or_stop_sound()

    def on_units(self, units: list[AccessUnit]) -> None:
        for unit in units:
            if unit.track == VIDEO_TRACK:
                self._send_picture(unit)
            elif self._sound is not None:
                self._sound.feed(unit)
            elif self._audio is not None and self._audio.codec is Codec.AAC:
                self._send_sound(unit.pts, unit.data)

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        self._state_message = build_text_message(
            type="state",
            state=state.value,
            reason=reason.value if reason is not None else None,
            since=format_utc(self._stream.since_at),
        )
        for viewer in self._viewers:
            viewer.send(self._state_message)

    def on_stop(self) -> None:
        self._forget()

    # -- making messages ----------------------------------------------------------------------------------------------

    def _send_picture(self, unit: AccessUnit) -> None:
        if self._video is None:
            return
        if self._last_pts is not None and 0 < unit.pts - self._last_pts < 10 * self._usual_ticks:
            self._usual_ticks = unit.pts - self._last_pts
        self._last_pts = unit.pts
        is_key = unit.is_key
        flags = MessageFlag.KEY if is_key else MessageFlag.NONE
        if self._is_new_timeline:
            flags |= MessageFlag.DISCONTINUITY
            self._is_new_timeline = False
        mp4 = self._build_fragment(VIDEO_TRACK, self._video, unit, unit.pts + self._usual_ticks)
        message = build_media_message(MessageKind.VIDEO, flags, self._stream.wall.utc(unit.pts), mp4)
        if is_key:
            self._gop_bytes = self._ring_bytes
            self._ring.clear()
            self._ring_bytes = 0
        self._keep(False, message)
        limit_bytes = min(MAX_BUFFER_BYTES, max(MIN_BUFFER_BYTES, self._gop_bytes, self._ring_bytes))
        for viewer in self._viewers:
            viewer.send_video(message, is_key, limit_bytes)

    def _send_sound(self, pts: int, frame: bytes) -> None:
        if self._aac is None or not self._ring or pts < 0:
            return
        end_pts = pts + AAC_FRAME_SAMPLES * TICKS_PER_S // self._aac.sample_rate_hz
        mp4 = self._build_fragment(AUDIO_TRACK, self._aac, AccessUnit(AUDIO_TRACK, pts, frame, True, Utc(0)), end_pts)
        message = build_media_message(MessageKind.AUDIO, MessageFlag.KEY, self._stream.wall.utc(pts), mp4)
        self._keep(True, message)
        for viewer in self._viewers:
            viewer.send_audio(message)

    def _build_fragment(self, track: int, format: Format, unit: AccessUnit, end_pts: int) -> bytes:
        self._sequence += 1
        return b"".join(
            build_fragment(
                track, format, [unit], sequence=self._sequence, base_ticks=0, end_ticks=end_pts, order=self._order
            )
        )

    def _keep(self, is_sound: bool, message: bytes) -> None:
        if self._ring_bytes + len(message) <= _MAX_RING_BYTES:
            self._ring.append((is_sound, message))
            self._ring_bytes += len(message)

    def _build_hello(self, video: VideoFormat) -> bytes:
        audio = None
        if self._audio is not None:
            string = self._audio.codec_string if self._audio.codec is Codec.AAC else "mp4a.40.2"
            audio = {"mime": f'audio/mp4; codecs="{string}"', "transcoded": self._audio.codec is not Codec.AAC}
        return build_text_message(
            type="hello",
            profile=self._key.profile.value,
            video={
                "mime": f'video/mp4; codecs="{video.codec_string}"',
                "width": video.width_px,
                "height": video.height_px,
            },
            audio=audio,
        )

    def _build_init_message(self, kind: MessageKind, track: int, format: Format) -> bytes:
        return build_media_message(kind, MessageFlag.NONE, self._clock.utc(), build_init({track: format}))

    def _forget(self) -> None:
        """Nothing of the old timeline is valid any more."""
        self._hello = None
        self._video = self._audio = self._aac = None
        self._inits.clear()
        self._ring.clear()
        self._ring_bytes = self._gop_bytes = 0
        self._last_pts = None
        self._stop_sound()

    # -- sound --------------------------------------------------------------------------------------------------------

    def _start_or_stop_sound(self) -> None:
        """Transcode exactly while somebody listens to a stream whose sound no browser takes."""
        needed = (
            self._audio is not None
            and self._audio.codec is not Codec.AAC
            and any(viewer.wants_audio for viewer in self._viewers)
        )
        if not needed:
            self._stop_sound()
        elif self._sound is None and self._audio is not None:
            sound = self._sound = LiveSound(
                self._key.camera,
                self._audio,
                self._pool,
                self._clock,
                on_open=lambda format: self._set_aac(format) if self._sound is sound else None,
                on_frame=lambda pts, frame: self._send_sound(pts, frame) if self._sound is sound else None,
            )
            self._sound_task = self._supervisor.keep(f"live sound {self._key}", self._sound.run)

    def _stop_sound(self) -> None:
        if self._sound_task is not None:
            self._sound_task.cancel()
        self._sound = self._sound_task = None

    def _set_aac(self, format: AudioFormat) -> None:
        self._aac = format
        message = self._build_init_message(MessageKind.AUDIO_INIT, AUDIO_TRACK, format)
        self._inits[MessageKind.AUDIO_INIT] = message
        for viewer in self._viewers:
            if viewer.wants_audio:
                viewer.send(message)


class LiveMuxers:
    """The muxers of this node, one for each stream that somebody watches."""

    def __init__(self, streams: StreamProvider, *, pool: DecodePool, clock: Clock, supervisor: Supervisor) -> None:
        self._streams = streams
        self._make: Callable[[StreamKey, LiveStream], LiveMuxer] = lambda key, stream: LiveMuxer(
            key, stream, pool=pool, clock=clock, supervisor=supervisor
        )
        self._muxers: dict[StreamKey, tuple[LiveStream, LiveMuxer]] = {}

    def open(self, key: StreamKey, viewer: Viewer) -> LiveMuxer | None:
        """Attach the viewer; None if this node has no such stream."""
        stream = self._streams.get(key)
        if stream is None:
            return None
        known = self._muxers.get(key)
        if known is None or known[0] is not stream:
            known = self._muxers[key] = (stream, self._make(key, stream))
        known[1].add(viewer)
        return known[1]

    def close(self, key: StreamKey, muxer: LiveMuxer, viewer: Viewer) -> None:
        """Detach the viewer; the last one ends the muxer."""
        muxer.remove(viewer)
        known = self._muxers.get(key)
        if muxer.viewers == 0 and known is not None and known[1] is muxer:
            del self._muxers[key]

    def viewers_of(self, key: StreamKey) -> int:
        """Return how many watch this stream; for the hub they are one reader."""
        known = self._muxers.get(key)
        return known[1].viewers if known is not None else 0

    @property
    def viewers(self) -> int:
        return sum(muxer.viewers for _, muxer in self._muxers.values())

    @property
    def waiting_bytes(self) -> int:
        """What waits to be taken by all viewers: each has at most one GOP (4 MiB) more than it began with."""
        return sum(muxer.waiting_bytes for _, muxer in self._muxers.values())
