"""Which stored fragments make up an answer that runs over many files (docs/design/media-path.md §4.5).

Times keep their distance on the wall clock: a gap in the recording is a gap in the answer, never cut out. Where two files overlap, because the
wall clock slewed or was set back, what was shown already is not shown again.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.units import Utc, ticks_to_us
from brightkitchen.media.store.model import JOIN_TOLERANCE_US, Fragment, SegmentInfo
from brightkitchen.media.store.ports import Recordings
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AudioFormat, VideoFormat
from brightkitchen.wire.fmp4.movie import is_same_format
from brightkitchen.wire.fmp4.reader import parse_init

_SEAM_US: Final = 1_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring fragments of one file. late_us: how much later than the file says they are placed, below a second.

    has_sound: the sound of this file is coded like that of the others.
    """

    segment: SegmentInfo
    fragments: tuple[Fragment, ...]
    late_us: int
    has_sound: bool

    @property
    def zero_at(self) -> Utc:
        """The instant of tick 0 of the file, as it is placed."""
        return Utc(self.segment.start_at + self.late_us)

    def begin_of(self, fragment: Fragment) -> Utc:
        return Utc(self.zero_at + ticks_to_us(fragment.start_ticks))

    def end_of(self, fragment: Fragment) -> Utc:
        return Utc(self.zero_at + ticks_to_us(fragment.start_ticks + fragment.duration_ticks))


@dataclass(frozen=True, slots=True)
class Plan:
    """At least one stretch. end_at: the first instant that it does not cover.

    changes_at: where a file begins whose pictures are coded differently and cannot follow in one stream; None: nowhere.
    """

    stretches: tuple[Stretch, ...]
    video: VideoFormat
    audio: AudioFormat | None
    changes_at: Utc | None

    @property
    def from_at(self) -> Utc:
        first = self.stretches[0]
        return first.begin_of(first.fragments[0])

    @property
    def end_at(self) -> Utc:
        last = self.stretches[-1]
        return last.end_of(last.fragments[-1])


async def make_plan(
    recordings: Recordings, key: StreamKey, from_at: Utc, to_at: Utc, *, joins: bool = False, to_next_key: bool = True
) -> Plan:
    """Choose from the key frame at or before `from_at` to the first one at or after `to_at`.

    joins:       an answer ended at `from_at`: goes on exactly there if a fragment begins there, key frame or not.
    to_next_key: False: only to the last fragment that begins before `to_at`.
    raises:      NOT_FOUND media.nothing_recorded.
    """
    planner = _Planner(recordings, from_at, to_at, joins=joins, to_next_key=to_next_key)
    for segment in await asyncio.to_thread(recordings.segments_between, key, from_at, to_at):
        # File by file, so that six hours do not keep the interpreter from the recorder.
        if not await asyncio.to_thread(planner.add, segment):
            break
    return planner.finish()


class _Planner:
    def __init__(self, recordings: Recordings, from_at: Utc, to_at: Utc, *, joins: bool, to_next_key: bool) -> None:
        self._recordings = recordings
        self._from_at = from_at
        self._to_at = to_at
        self._joins = joins
        self._to_next_key = to_next_key
        self._stretches: list[Stretch] = []
        self._video: VideoFormat | None = None
        self._audio: AudioFormat | None = None
        self._changes_at: Utc | None = None
        self._end_at: Utc | None = None

    def add(self, segment: SegmentInfo) -> bool:
        """Take what belongs to the answer from one file, in order; False: nothing behind it belongs. Runs in a thread."""
        fragments = self._recordings.fragments(segment.id)
        first = self._first_of(segment, fragments)
        if first is None:
            return True
        begins_at = _begin(segment, fragments[first])
        if begins_at >= self._to_at:
            return False
        video, audio = self._read_formats(segment)
        if self._video is None:
            self._video = video
        elif not is_same_format(self._video, video):
            self._changes_at = begins_at
            return False
        if self._audio is None:
            self._audio = audio
        late_us = max(0, self._end_at - begins_at) if self._end_at is not None else 0
        chosen = tuple(fragments[first : self._end_of(segment, fragments, first)])
        has_sound = audio is not None and self._audio is not None and is_same_format(self._audio, audio)
        stretch = Stretch(segment, chosen, late_us, has_sound)
        self._stretches.append(stretch)
        self._end_at = stretch.end_of(chosen[-1])
        return True

    def finish(self) -> Plan:
        if not self._stretches or self._video is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.nothing_recorded")
        return Plan(tuple(self._stretches), self._video, self._audio, self._changes_at)

    def _first_of(self, segment: SegmentInfo, fragments: Sequence[Fragment]) -> int | None:
        if self._end_at is not None:
            earliest = self._end_at - JOIN_TOLERANCE_US
            return next((n for n, f in enumerate(fragments) if f.is_key and _begin(segment, f) >= earliest), None)
        if self._joins:
            seam = next(
                (n for n, f in enumerate(fragments) if abs(_begin(segment, f) - self._from_at) <= _SEAM_US), None
            )
            if seam is not None:
                return seam
        here = bisect_right(fragments, self._from_at, key=lambda f: _begin(segment, f)) - 1
        while here > 0 and not fragments[here].is_key:
            here -= 1
        return max(here, 0)

    def _end_of(self, segment: SegmentInfo, fragments: Sequence[Fragment], first: int) -> int:
        end = first + 1
        while end < len(fragments) and (
            _begin(segment, fragments[end]) < self._to_at or (self._to_next_key and not fragments[end].is_key)
        ):
            end += 1
        return end

    def _read_formats(self, segment: SegmentInfo) -> tuple[VideoFormat, AudioFormat | None]:
        try:
            formats = parse_init(self._recordings.init_bytes(segment.id))
        except TheirError as cause:
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged") from cause
        video, audio = formats.get(VIDEO_TRACK), formats.get(AUDIO_TRACK)
        if not isinstance(video, VideoFormat):
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
        return video, audio if isinstance(audio, AudioFormat) else None


def _begin(segment: SegmentInfo, fragment: Fragment) -> Utc:
    return Utc(segment.start_at + ticks_to_us(fragment.start_ticks))
