"""A download of any range as one MP4 whose index comes first (docs/design/media-path.md §4.6).

The index is made from the small headers of the stored fragments; pictures and sound go from the files to the viewer as they are stored, so
nothing is decoded, coded anew or copied aside, and the length is known before the first byte.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind, OurError, TheirError
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.units import TICKS_PER_S, US_PER_S, Utc, format_utc, ticks_to_us, us_to_ticks
from brightkitchen.media.playback.pieces import FilePiece, StoredMoof, opened, read_moof, read_pieces
from brightkitchen.media.playback.plan import Plan, Stretch, make_plan
from brightkitchen.media.store.model import Fragment
from brightkitchen.media.store.ports import Recordings
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK
from brightkitchen.wire.fmp4.movie import TrackTables, build_movie
from brightkitchen.wire.fmp4.retime import FragmentTable, parse_table
from brightkitchen.wire.fmp4.writer import timescale_of

LONGEST_CLIP_US: Final = 6 * 3600 * US_PER_S
_MOST_AT_ONCE: Final = 2
_MOST_WAITING: Final = 8


@dataclass(frozen=True, slots=True)
class Clip:
    """Ready to be sent. from_at, to_at: what is shown, [from_at, to_at); pictures: how many of them are shown."""

    head: bytes
    pieces: tuple[FilePiece, ...]
    size_bytes: int
    from_at: Utc
    to_at: Utc
    pictures: int


class Clips:
    """Cuts clips; at most two indexes are made at a time, a few may wait."""

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._asked = 0

    async def cut(self, key: StreamKey, from_at: Utc, to_at: Utc, *, is_exact: bool, has_sound: bool = True) -> Clip:
        """Return the clip from the key frame at or before `from_at` to the first one at or after `to_at`.

        is_exact: from the picture shown at `from_at` to the last one before `to_at`; the pictures before the first are in the file
                  for the decoder and hidden by an edit list.
        raises:   INVALID if the range is empty or longer than 6 h; NOT_FOUND media.nothing_recorded; EXHAUSTED media.too_many_clips;
                  CONFLICT media.clip_format_changes if the pictures are coded differently from some moment on.
        """
        if not 0 < to_at - from_at <= LONGEST_CLIP_US:
            longest_h = LONGEST_CLIP_US // US_PER_S // 3600
            raise BrightKitchenError(Kind.INVALID, "media.range_invalid", longest_h=longest_h)
        if self._asked >= _MOST_AT_ONCE + _MOST_WAITING:
            raise BrightKitchenError(Kind.EXHAUSTED, "media.too_many_clips")
        self._asked += 1
        try:
            async with self._places:
                return await self._cut(key, from_at, to_at, is_exact=is_exact, has_sound=has_sound)
        finally:
            self._asked -= 1

    async def send(self, clip: Clip) -> AsyncIterator[bytes]:
        """Yield the file from its first byte to its last. raises: NOT_FOUND, DATA_LOSS if a recording went meanwhile."""
        yield clip.head
        async for data in read_pieces(self._recordings, clip.pieces):
            yield data

    async def _cut(self, key: StreamKey, from_at: Utc, to_at: Utc, *, is_exact: bool, has_sound: bool) -> Clip:
        plan = await make_plan(self._recordings, key, from_at, to_at, to_next_key=not is_exact)
        if plan.changes_at is not None:
            raise BrightKitchenError(Kind.CONFLICT, "media.clip_format_changes", at=format_utc(plan.changes_at))
        maker = _ClipMaker(self._recordings, plan, to_at if is_exact else None, has_sound=has_sound)
        for stretch in plan.stretches:
            await asyncio.to_thread(maker.add, stretch)
        return await asyncio.to_thread(maker.finish, from_at if is_exact else None)


@dataclass(slots=True)
class _ClipMaker:
    """until: pictures from this instant on are left out; None: none are. Tick 0 of the movie is that of its first file."""

    recordings: Recordings
    plan: Plan
    until: Utc | None
    has_sound: bool
    tracks: dict[int, TrackTables] = field(default_factory=dict)
    pieces: list[FilePiece] = field(default_factory=list)
    size_bytes: int = 0
    shown: list[int] = field(default_factory=list)
    end_ticks: int = 0

    def __post_init__(self) -> None:
        self.tracks[VIDEO_TRACK] = TrackTables(self.plan.video)
        if self.plan.audio is not None and self.has_sound:
            self.tracks[AUDIO_TRACK] = TrackTables(self.plan.audio)

    def add(self, stretch: Stretch) -> None:
        """Append what belongs to the clip of one file. Runs in a thread. raises: DATA_LOSS."""
        try:
            with opened(self.recordings, stretch.segment.id) as fd:
                for fragment in stretch.fragments:
                    for moof in _moofs_of(fd, fragment, with_sound=stretch.has_sound and AUDIO_TRACK in self.tracks):
                        self._add_moof(stretch, moof)
        except (TheirError, OurError) as cause:
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged") from cause

    def _add_moof(self, stretch: Stretch, moof: StoredMoof) -> None:
        table = parse_table(moof.data)
        track = self.tracks[table.track]
        timescale = timescale_of(track.format)
        late_ticks = us_to_ticks(stretch.zero_at - self._zero_at)
        decode_time = table.decode_time + late_ticks * timescale // TICKS_PER_S
        if self.until is not None:
            table = _before(table, decode_time, us_to_ticks(self.until - self._zero_at) * timescale // TICKS_PER_S)
            if not table.sizes:
                return
        # Neighbours may lie a rounding or a slewed clock too near: never before the end of what is there.
        decode_time = max(decode_time, track.end)
        if table.track == VIDEO_TRACK:
            self._note_pictures(table, decode_time)
        track.add(table, decode_time=decode_time, offset_bytes=self.size_bytes)
        body_bytes = sum(table.sizes)
        self.pieces.append(FilePiece(stretch.segment.id, moof.body_offset, body_bytes))
        self.size_bytes += body_bytes

    @property
    def _zero_at(self) -> Utc:
        return self.plan.stretches[0].zero_at

    def _note_pictures(self, table: FragmentTable, decode_time: int) -> None:
        at = decode_time
        for number, duration in enumerate(table.durations):
            shown_at = at + (table.offsets[number] if table.offsets else 0)
            self.shown.append(shown_at)
            self.end_ticks = max(self.end_ticks, shown_at + duration)
            at += duration

    def finish(self, from_at: Utc | None) -> Clip:
        """Return the clip; from_at: begins with the picture shown then, None: with the first one. Runs in a thread."""
        if not self.shown:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.nothing_recorded")
        begin = self.shown[0]
        if from_at is not None:
            wanted = us_to_ticks(from_at - self._zero_at)
            begin = max((at for at in self.shown if at <= wanted), default=min(self.shown))
        end = self.end_ticks
        if self.until is not None:
            end = min(end, us_to_ticks(self.until - self._zero_at))
        head = build_movie(self.tracks, shown_from=begin, shown_ticks=end - begin, mdat_bytes=self.size_bytes)
        return Clip(
            head=head,
            pieces=tuple(self.pieces),
            size_bytes=len(head) + self.size_bytes,
            from_at=Utc(self._zero_at + ticks_to_us(begin)),
            to_at=Utc(self._zero_at + ticks_to_us(end)),
            pictures=sum(begin <= at < end for at in self.shown),
        )


def _before(table: FragmentTable, decode_time: int, end: int) -> FragmentTable:
    """Return the samples up to the last one, in decoding order, that is shown before `end`."""
    at, kept = decode_time, 0
    for number, duration in enumerate(table.durations):
        if at + (table.offsets[number] if table.offsets else 0) < end:
            kept = number + 1
        at += duration
    return table if kept == len(table) else table.first(kept)


def _moofs_of(fd: int, fragment: Fragment, *, with_sound: bool) -> Iterator[StoredMoof]:
    """Yield the headers of a fragment's pictures and of its sound, of which there may be several."""
    at = fragment.offset
    end = fragment.end_offset if with_sound else fragment.audio_offset
    while at < end:
        moof = read_moof(fd, at)
        yield moof
        at = moof.body_offset + sum(parse_table(moof.data).sizes)
