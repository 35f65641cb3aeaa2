"""One stream made into parts and segments of Low-Latency HLS, once for all its viewers (docs/design/media-path.md §4.8).

The muxer is the hub's reader. A picture waits for the one behind it, so that every part says exactly how long it lasts; a part ends before
it would be longer than the target, a segment ends at a key frame, or after four seconds without one. Everything runs on the event loop
and nothing waits but those who asked for what is not there yet (`wait_for`).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import TICKS_PER_S, US_PER_S, Utc, ticks_to_us
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.live.llhls.window import TARGET_S, Window
from brightkitchen.media.live.wsfmp4.muxer import LiveStream
from brightkitchen.media.live.wsfmp4.sound import AAC_FRAME_SAMPLES, LiveSound
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec, Format, VideoFormat
from brightkitchen.wire.fmp4.interleave import join_tracks
from brightkitchen.wire.fmp4.retime import parse_table
from brightkitchen.wire.fmp4.writer import DtsAssigner, build_fragment, build_init
from brightkitchen.wire.hls.live import Place, Reload, judge_reload

PART_TICKS: Final = TICKS_PER_S * 32 // 100
MIN_SEGMENT_TICKS: Final = TICKS_PER_S * 8 // 10  # groups of a second, come what may
SOUND_PATIENCE_S: Final = 3.0  # pictures wait so long for the first sound, or go without
SOUND_GONE_TICKS: Final = 3 * TICKS_PER_S
MAX_SOUND_UNITS: Final = 512  # ten seconds
_MARGIN: Final = 1.1  # of the part target over the parts meant: pictures come a little early and late, and 85% is the least (§4.4.4.9)
_LONGEST_SEGMENT_US: Final = TARGET_S * US_PER_S + US_PER_S // 2  # what is shorter is rounded to the target (§4.4.3.1)
_USUAL_FPS: Final = 25.0
_KNOWN_PICTURES: Final = 3


class Waiter:
    """One request that waits until something is there. deadline_s: monotonic."""

    __slots__ = ("deadline_s", "woken")

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self.woken = asyncio.get_running_loop().create_future()


class HlsMuxer:
    """The reader of one stream on behalf of all who fetch its parts. Attached from `start` to `stop`."""

    def __init__(
        self, key: StreamKey, stream: LiveStream, *, pool: DecodePool, clock: Clock, supervisor: Supervisor
    ) -> None:
        self.key = key
        self.stream = stream
        self.window = Window()
        self.state = CameraState.STANDBY
        self.reason: Reason | None = None
        self.codecs: tuple[str, ...] = ()  # of the newest timeline
        self.width_px = self.height_px = 0
        self._pool = pool
        self._clock = clock
        self._supervisor = supervisor
        self._waiters: set[Waiter] = set()
        self._forget()

    def _forget(self) -> None:
        """Nothing of the old timeline is valid any more; what is in the window stays."""
        self._video: VideoFormat | None = None
        self._audio: AudioFormat | None = None  # as the camera sends it
        self._aac: AudioFormat | None = None  # as viewers get it; None while unknown
        self._has_sound = False  # the timeline's segments have a track of sound
        self._is_begun = False  # the timeline has an init segment
        self._waiting: deque[AccessUnit] = deque()  # pictures before it has
        self._part: list[AccessUnit] = []
        self._units: deque[AccessUnit] = deque(maxlen=MAX_SOUND_UNITS)  # sound for the parts to come
        self._sound_pts: int | None = None  # of the newest sound
        self._sound_due_s = 0.0
        self._order = DtsAssigner(0)
        self._usual_ticks = 1
        self._meant_ticks = 1  # of a part
        self._part_ticks = 1  # no part is longer
        self._segment_us = 0
        self._segment_is_key = False
        self._sequence = 0
        self._sound: LiveSound | None = None
        self._sound_task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take what comes from now on."""
        self.stream.attach(self)

    def stop(self) -> None:
        """Take nothing more, and forget what there is."""
        self.stream.detach(self)
        self._stop_sound()
        self._forget()
        self.window = Window()
        self.wake()

    # -- who waits ---------------------------------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """There is something to see, and more of it comes."""
        return self._is_begun and not self.window.is_empty

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    async def wait_for(self, is_there: Callable[[], bool], timeout_s: float) -> bool:
        """Return True as soon as `is_there()`, False after `timeout_s`; asked again whenever something is new."""
        if is_there():
            return True
        deadline_s = self._clock.mono_s() + timeout_s
        while self._clock.mono_s() < deadline_s:
            waiter = Waiter(deadline_s)
            self._waiters.add(waiter)
            try:
                await waiter.woken
            finally:
                self._waiters.discard(waiter)
            if is_there():
                return True
        return False

    def wake(self, *, overdue_only: bool = False) -> None:
        """Have those who wait look again, or only those whose time is over."""
        now_s = self._clock.mono_s()
        for waiter in self._waiters:
            if not waiter.woken.done() and (not overdue_only or waiter.deadline_s <= now_s):
                waiter.woken.set_result(None)

    def judge(self, wanted: Place) -> Reload:
        """Return what becomes of a request for a playlist that contains this."""
        return Reload.WAIT if self.window.is_empty else judge_reload(self.window.present(), wanted)

    # -- what the stream says (media.ports.Reader) -------------------------------------------------------------------

    def on_start(self, formats: dict[int, Format]) -> None:
        video, audio = formats.get(VIDEO_TRACK), formats.get(AUDIO_TRACK)
        self.on_stop()
        if not isinstance(video, VideoFormat):
            return
        self._video = video
        self._order = DtsAssigner(video.reorder_depth)
        self._sound_due_s = self._clock.mono_s()
        if isinstance(audio, AudioFormat):
            self._audio = audio
            self._sound_due_s += SOUND_PATIENCE_S
            if audio.codec is Codec.AAC:
                self._aac = audio
            else:
                self._start_sound(audio)

    def on_units(self, units: list[AccessUnit]) -> None:
        if self._video is None:
            return
        for unit in units:
            if unit.track == VIDEO_TRACK:
                self._waiting.append(unit)
            elif self._sound is not None:
                self._sound.feed(unit)
            elif self._audio is not None and self._audio.codec is Codec.AAC:
                self._take_sound(unit.pts, unit.data)
        self._go_on()

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        self.state, self.reason = state, reason

    def on_stop(self) -> None:
        if self._video is not None and self._is_begun and self._part:
            self._end_part(self._part[-1].pts + self._usual_ticks)
        self.window.close_segment()
        self._stop_sound()
        self._forget()
        self.wake()

    # -- timelines ---------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Place the pictures that wait, once it is known whether there is sound and how fast they come."""
        video = self._video
        if video is None or not self._waiting:
            return
        if not self._is_begun:
            is_sound_awaited = self._sound_pts is None and self._clock.mono_s() < self._sound_due_s
            if len(self._waiting) < _KNOWN_PICTURES or is_sound_awaited:
                return
            self._usual_ticks = find_usual_ticks([unit.pts for unit in self._waiting], video.fps_hint)
            self._meant_ticks = max(1, round(PART_TICKS / self._usual_ticks)) * self._usual_ticks
            self._part_ticks = round(self._meant_ticks * _MARGIN)
            self._begin_timeline(video, has_sound=self._sound_pts is not None)
        while self._waiting:
            self._place(self._waiting.popleft(), video)
        self.wake()

    def _begin_timeline(self, video: VideoFormat, *, has_sound: bool) -> None:
        tracks: dict[int, Format] = {VIDEO_TRACK: video}
        if has_sound and self._aac is not None:
            tracks[AUDIO_TRACK] = self._aac
        self._is_begun, self._has_sound = True, AUDIO_TRACK in tracks
        self.codecs = tuple(format.codec_string for format in tracks.values())
        self.width_px, self.height_px = video.width_px, video.height_px
        self.window.begin_timeline(build_init(tracks), ticks_to_us(self._part_ticks))

    def _place(self, unit: AccessUnit, video: VideoFormat) -> None:
        """Put a picture into the part that grows; end part and segment before it where it is time."""
        if not self._part:  # the first of its timeline
            self._end_segment(unit)
            self._part.append(unit)
            return
        is_shuffled = video.reorder_depth > 0
        part_ticks = len(self._part) * self._usual_ticks if is_shuffled else unit.pts - self._part[0].pts
        step_ticks = self._usual_ticks if is_shuffled else unit.pts - self._part[-1].pts
        if step_ticks < 1.5 * self._usual_ticks:  # it trembles; more is a camera that has become slower
            step_ticks = self._usual_ticks
        segment_us = self._segment_us + ticks_to_us(part_ticks)
        is_cut = unit.is_key and (not self._segment_is_key or segment_us >= ticks_to_us(MIN_SEGMENT_TICKS))
        is_long = part_ticks + step_ticks // 2 > self._meant_ticks or part_ticks + step_ticks > self._part_ticks
        if is_cut or is_long:
            self._end_part(unit.pts)
            if is_cut:
                self._cut(unit, video)
            elif segment_us + self.window.part_target_us >= _LONGEST_SEGMENT_US or self.window.is_full:
                self._end_segment(unit)
        self._part.append(unit)

    def _cut(self, key: AccessUnit, video: VideoFormat) -> None:
        """A segment begins with this picture. Sound that is gone would hold up the pictures: then a timeline without it begins
        (§4.4.4.3: the tracks are others). It comes back with the next connection: few players take a track that appears.
        """
        is_gone = self._sound_pts is None or key.pts - self._sound_pts >= SOUND_GONE_TICKS
        if self._has_sound and is_gone:
            self._begin_timeline(video, has_sound=False)
        self._end_segment(key)

    def _end_segment(self, following: AccessUnit) -> None:
        """What there is is whole; the next segment will begin with this picture."""
        self.window.close_segment()
        self._segment_us = 0
        self._segment_is_key = following.is_key

    def _end_part(self, end_pts: int) -> None:
        """Write the pictures of the part and the sound that is there for them; end_pts: when the next picture is shown."""
        video, pictures = self._video, self._part
        if video is None:
            return
        if self._segment_us == 0:
            self.window.open_segment(self.stream.wall.utc(pictures[0].pts))
        self._sequence += 1
        head = build_fragment(
            VIDEO_TRACK, video, pictures, sequence=1, base_ticks=0, end_ticks=end_pts, order=self._order
        )
        fragments = [b"".join(head)]
        duration_us = ticks_to_us(sum(parse_table(head[0]).durations))
        if sound := self._take_units(end_pts):
            fragments.append(self._build_sound(sound))
        self.window.add_part(
            join_tracks(fragments, sequence=self._sequence), duration_us, is_independent=pictures[0].is_key
        )
        self._segment_us += duration_us
        self._part = []

    # -- sound -------------------------------------------------------------------------------------------------------

    def _take_units(self, end_pts: int) -> list[AccessUnit]:
        """Return the sound up to an instant; sound that comes later than its pictures goes into a later part."""
        taken: list[AccessUnit] = []
        while self._units and self._units[0].pts < end_pts:
            taken.append(self._units.popleft())
        return taken if self._has_sound else []

    def _build_sound(self, units: list[AccessUnit]) -> bytes:
        assert self._aac is not None
        end_pts = units[-1].pts + AAC_FRAME_SAMPLES * TICKS_PER_S // self._aac.sample_rate_hz
        return b"".join(build_fragment(AUDIO_TRACK, self._aac, units, sequence=1, base_ticks=0, end_ticks=end_pts))

    def _take_sound(self, pts: int, frame: bytes) -> None:
        if pts < 0:
            return
        self._sound_pts = pts
        self._units.append(AccessUnit(AUDIO_TRACK, pts, frame, True, Utc(0)))

    def _start_sound(self, audio: AudioFormat) -> None:
        """Transcode while somebody asks: there is one list for all of them."""

        def on_open(format: AudioFormat) -> None:
            if self._sound is sound:
                self._aac = format

        def on_frame(pts: int, frame: bytes) -> None:
            if self._sound is sound:
                self._take_sound(pts, frame)
                if not self._is_begun:
                    self._go_on()

        sound = LiveSound(self.key.camera, audio, self._pool, self._clock, on_open=on_open, on_frame=on_frame)
        self._sound = sound
        self._sound_task = self._supervisor.keep(f"hls sound {self.key}", sound.run)

    def _stop_sound(self) -> None:
        if self._sound_task is not None:
            self._sound_task.cancel()
        self._sound = self._sound_task = None


def find_usual_ticks(shown: list[int], fps_hint: float | None) -> int:
    """Return how many ticks apart pictures usually are. shown: their times, at least two, in whatever order."""
    ordered = sorted(shown)
    steps = sorted(later - earlier for earlier, later in pairwise(ordered) if later > earlier)
    return steps[len(steps) // 2] if steps else round(TICKS_PER_S / (fps_hint or _USUAL_FPS))
