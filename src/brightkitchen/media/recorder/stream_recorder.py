"""Cuts one stream into fragments and segment files. Pure of I/O: it only makes commands for the store.

Rules: a file begins at a key frame; a fragment holds at most one group of pictures, or about a second of one; the last
picture seen stays for the next fragment, because only the one after it says how long it lasts.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import SegmentId, StreamKey, new_id
from brightkitchen.kernel.units import TICKS_PER_S, Utc, ticks_to_us
from brightkitchen.media.hub.stream import Stream, audio_word
from brightkitchen.media.store.commands import Append, AppendAudio, Close, Command, GapEnd, GapStart
from brightkitchen.media.store.layout import SegmentLabel
from brightkitchen.media.store.model import EndReason, GapReason
from brightkitchen.media.store.opened import OpenSegment
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, Format, VideoFormat
from brightkitchen.wire.fmp4.writer import DtsAssigner

_FRAGMENT_TICKS: Final = TICKS_PER_S
_REORDERED_TICKS: Final = (
    10 * TICKS_PER_S
)  # a picture shown before a cut may come after it: cut inside only huge groups
_LAST_FRAME_TICKS: Final = TICKS_PER_S // 25  # how long the last picture of a file lasts if nothing says otherwise
MAX_SEGMENT_BYTES: Final = 1 << 30
_HOLE_TICKS: Final = TICKS_PER_S * 3 // 2  # so long without a picture, on a connection that lives, is not recorded
_HOLE_STEPS: Final = 4  # and so many times the usual distance of pictures: some cameras send one each few seconds
_WRITING: Final = (CameraState.LIVE, CameraState.DEGRADED)


class Muxer(Protocol):
    """`wire.fmp4.writer`, as it is used here."""

    def build_init(self, tracks: Mapping[int, Format]) -> bytes: ...

    def build_fragment(
        self,
        track: int,
        format: Format,
        units: Sequence[AccessUnit],
        *,
        sequence: int,
        base_ticks: int,
        end_ticks: int,
        order: DtsAssigner | None = None,
    ) -> list[bytes]: ...


class Desk(Protocol):
    """The `Recorder`, as one stream sees it."""

    @property
    def pause(self) -> GapReason | None: ...

    def put(self, command: Command) -> bool: ...

    def told_written(self) -> None: ...


@dataclass(slots=True)
class _File:
    """The file being written. origin: the stream's tick that is 0 in it. due: it ends at the first key frame from there."""

    segment: OpenSegment
    origin: int
    due: int
    wall_epoch: int
    order: DtsAssigner | None  # for pictures that are shown in another order than they come
    sequence: int = 0


class StreamRecorder:
    """A hub reader that makes commands. Called on the loop by its stream; owned by the `Recorder`."""

    def __init__(
        self, stream: Stream, muxer: Muxer, desk: Desk, *, clock: Clock, entropy: Entropy, segment_s: float
    ) -> None:
        self._stream = stream
        self._muxer = muxer
        self._desk = desk
        self._clock = clock
        self._entropy = entropy
        self._segment_ticks = int(segment_s * TICKS_PER_S)
        self._formats: dict[int, Format] = {}
        self._pictures: list[AccessUnit] = []  # not written yet; none only while waiting
        self._sounds: list[AccessUnit] = []  # that came since the first of them
        self._file: _File | None = None
        self._previous: tuple[_File, EndReason] | None = None  # may still get sound that comes late
        self._step = 0  # the mean distance of pictures in the fragment before; ticks
        self._is_waiting = True  # for a key frame
        self._is_in_gap = True  # a gap is noted, or may be, and has to be ended
        self._is_noted = False  # this gap's first reason was noted
        self._until_at: Utc | None = None  # the end of what was cut last
        self._recorded_until_at: Utc | None = None

    @property
    def is_writing(self) -> bool:
        return self._file is not None

    @property
    def recorded_until_at(self) -> Utc | None:
        """The end of what is in a file; None before the first fragment since the start."""
        if self._file is not None:
            self._recorded_until_at = self._file.segment.last_at or self._recorded_until_at
        return self._recorded_until_at

    # -- media.ports.Reader -------------------------------------------------------------------------------------------

    def on_start(self, formats: dict[int, Format]) -> None:
        self._formats = formats
        self._drop_pending()
        self._is_waiting = True

    def on_units(self, units: list[AccessUnit]) -> None:
        if not self._is_waiting:
            units = self._cut_at_hole(units)
            if not units:
                return
        first = units[0]
        if first.is_key and first.track == VIDEO_TRACK:
            self._begin_group(units)
        elif not self._is_waiting:
            self._add(units)
            longest = _REORDERED_TICKS if self._file is not None and self._file.order is not None else _FRAGMENT_TICKS
            if units[-1].pts - self._pictures[0].pts >= longest:
                self._cut_inside_group()

    def on_state(self, state: CameraState, reason: Reason | None) -> None:
        if reason is not None and state not in _WRITING and self._file is None:
            self._note_gap(reason.value)

    def on_stop(self) -> None:
        is_same_run = self._file is not None and self._file.segment.label.run == self._stream.run
        is_new_format = is_same_run and self._stream.formats != self._formats
        self._end(EndReason.FORMAT if is_new_format else EndReason.CONNECTION)

    # -- what the Recorder says ---------------------------------------------------------------------------------------

    def stop(self, reason: GapReason) -> None:
        """Let the stream go; what was received is written."""
        self._stream.detach(self)
        self._end(EndReason.STOPPED)
        self._note_gap(reason.value)

    def on_failure(self, segment: OpenSegment, reason: EndReason) -> None:
        """A file of this stream takes no more."""
        if self._file is not None and segment is self._file.segment:
            self._give_up(reason)

    def on_pause(self, reason: EndReason) -> None:
        """The volume takes nothing more from anybody."""
        self._give_up(reason)

    # -- cutting ------------------------------------------------------------------------------------------------------

    def _add(self, units: list[AccessUnit]) -> None:
        pictures = [unit for unit in units if unit.track == VIDEO_TRACK]
        self._pictures += pictures
        if len(pictures) < len(units):
            self._sounds += [unit for unit in units if unit.track == AUDIO_TRACK]

    def _drop_pending(self) -> None:
        self._pictures = []
        self._sounds = []

    def _cut_at_hole(self, units: list[AccessUnit]) -> list[AccessUnit]:
        """End the file where the camera sent no picture for a while; return what may be recorded now.

        A picture after a hole that is no key frame, but before which nothing was lost, was simply late: no hole.
        """
        newest = self._pictures[-1].pts
        if units[-1].pts - newest <= _HOLE_TICKS:  # the common batch costs no more than this
            return units
        least = max(_HOLE_TICKS, _HOLE_STEPS * self._step)
        for at, unit in enumerate(units):
            if unit.track != VIDEO_TRACK:
                continue
            if unit.pts - newest > least and (unit.is_key or unit.lost):
                self._add(units[:at])
                self._end(EndReason.SILENT)
                self._note_gap(Reason.NO_PACKETS.value)
                self._step = unit.pts - newest
                return units[at:] if unit.is_key else []
            newest = max(newest, unit.pts)
        return units

    def _begin_group(self, units: list[AccessUnit]) -> None:
        key = units[0]
        if not self._is_waiting:
            self._write(self._pictures, self._sounds, key.pts)
        self._drop_pending()
        if self._desk.pause is not None:
            self._is_waiting = True
            return
        reason = self._why_new_file(key)
        if reason is not None:
            self._begin_segment(key, reason)
        self._add(units)
        self._is_waiting = False

    def _why_new_file(self, key: AccessUnit) -> EndReason | None:
        file = self._file
        if file is None:
            return EndReason.CONNECTION
        if self._stream.wall.epoch != file.wall_epoch:
            return EndReason.WALL_JUMP
        if key.pts >= file.due or file.segment.size_bytes >= MAX_SEGMENT_BYTES:
            return EndReason.FULL
        return None

    def _begin_segment(self, key: AccessUnit, reason: EndReason) -> None:
        length = self._segment_ticks
        if self._file is not None:
            self._recorded_until_at = self.recorded_until_at
            self._close_previous()
            self._previous = (self._file, reason)
        else:  # the first file of a run is shorter, for each camera by another part: not all end in the same second
            length = length // 4 + length * 3 // 4 * (_spread(self._stream.key) % 1000) // 1000
        video, audio = self._formats[VIDEO_TRACK], self._formats.get(AUDIO_TRACK)
        assert isinstance(video, VideoFormat)
        label = SegmentLabel(
            segment=SegmentId(new_id("seg", self._entropy)),
            camera=self._stream.key.camera,
            profile=self._stream.key.profile.value,
            run=self._stream.run,
            start_at=self._stream.wall.utc(key.pts),
            video_codec=video.codec_string,
            audio_codec=audio_word(audio),
            width_px=video.width_px,
            height_px=video.height_px,
        )
        self._file = _File(
            segment=OpenSegment(label, self._muxer.build_init(self._formats)),
            origin=key.pts,
            due=key.pts + length,
            wall_epoch=self._stream.wall.epoch,
            order=DtsAssigner(video.reorder_depth) if video.reorder_depth else None,
        )

    def _cut_inside_group(self) -> None:
        """Write all but the last picture."""
        if len(self._pictures) > 1:
            *pictures, last = self._pictures
            sounds = self._sounds
            self._pictures, self._sounds = [last], []
            self._write(pictures, sounds, last.pts)

    def _write(self, pictures: list[AccessUnit], sounds: list[AccessUnit], end_pts: int) -> None:
        """Make one fragment; if it finds no room in the queue, give up until the next key frame."""
        file = self._file
        if file is None or not pictures:
            return
        if AUDIO_TRACK not in self._formats:
            sounds = []
        if file.sequence == 0:
            sounds = self._give_late_audio(file, sounds)
        start_pts = pictures[0].pts
        buffers = self._build(file, VIDEO_TRACK, pictures, end_pts)
        video_bytes, audio_bytes = sum(map(len, buffers)), 0
        if sounds:
            more = self._build(file, AUDIO_TRACK, sounds, end_pts)
            audio_bytes = sum(map(len, more))
            buffers += more
        command = Append(
            segment=file.segment,
            buffers=buffers,
            video_bytes=video_bytes,
            audio_bytes=audio_bytes,
            start_ticks=start_pts - file.origin,
            duration_ticks=end_pts - start_pts,
            frames=len(pictures),
            is_key=pictures[0].is_key,
        )
        if not self._desk.put(command):
            self._give_up(EndReason.DISK_SLOW)
            return
        self._step = (end_pts - start_pts) // len(pictures)
        self._until_at = Utc(file.segment.label.start_at + ticks_to_us(end_pts - file.origin))
        if self._is_in_gap:
            self._is_in_gap = self._is_noted = False
            self._desk.put(GapEnd(self._stream.key, file.segment.label.start_at))
            self._desk.told_written()

    def _build(self, file: _File, track: int, units: list[AccessUnit], end_pts: int) -> list[bytes]:
        file.sequence += 1
        return self._muxer.build_fragment(
            track,
            self._formats[track],
            units,
            sequence=file.sequence,
            base_ticks=file.origin,
            end_ticks=end_pts,
            order=file.order if track == VIDEO_TRACK else None,
        )

    def _give_late_audio(self, file: _File, audio: list[AccessUnit]) -> list[AccessUnit]:
        """Sound from before this file's first picture belongs to the file before; return the rest."""
        late = [unit for unit in audio if unit.pts < file.origin]
        if self._previous is not None and late:
            previous = self._previous[0]
            buffers = self._build(previous, AUDIO_TRACK, late, file.origin)
            self._desk.put(AppendAudio(previous.segment, buffers, sum(map(len, buffers))))
        self._close_previous()
        return [unit for unit in audio if unit.pts >= file.origin] if late else audio

    # -- ending -------------------------------------------------------------------------------------------------------

    def _end(self, reason: EndReason) -> None:
        """Write what is pending and close the file; the last picture lasts as long as the one before it."""
        if self._file is not None and not self._is_waiting:
            shown = [unit.pts for unit in self._pictures]
            lasts = shown[-1] - shown[-2] if len(shown) > 1 else self._step or _LAST_FRAME_TICKS
            self._write(self._pictures, self._sounds, max(shown) + max(1, lasts))
        self._give_up(reason, is_gap=False)

    def _give_up(self, reason: EndReason, *, is_gap: bool = True) -> None:
        """Close the file without what is pending, and wait for a key frame."""
        self._drop_pending()
        self._is_waiting = True
        if self._file is not None:
            self._recorded_until_at = self.recorded_until_at
            file, self._file = self._file, None
            self._close_previous()
            self._desk.put(Close(file.segment, reason))
            self._is_in_gap = True
        if is_gap:
            self._note_gap(reason.value)

    def _close_previous(self) -> None:
        if self._previous is not None:
            (file, reason), self._previous = self._previous, None
            self._desk.put(Close(file.segment, reason))

    def _note_gap(self, reason: str) -> None:
        """The first reason counts from the last picture on, a later one from now."""
        at = self._clock.utc() if self._is_noted or self._until_at is None else self._until_at
        self._is_in_gap = self._is_noted = True
        self._desk.put(GapStart(self._stream.key, at, reason))


def _spread(key: StreamKey) -> int:
    """Return a number that is the same at every start and different for neighbours."""
    return zlib.crc32(str(key).encode())
