"""One continuous fragmented MP4 over many files (docs/design/media-path.md §4.5).

Decode times count from the first picture and keep their distance on the wall clock, so UTC of a picture = zero_at + its time, also behind a
gap. From four times the true speed on only key frames are sent, at most eight for each second of watching: the times stay true, so a
player that runs eight times as fast shows eighty seconds in ten.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.units import TICKS_PER_S, US_PER_S, Utc, ticks_to_us, us_to_ticks
from brightkitchen.media.playback.pieces import opened, read_exactly, read_moof, split_fragments
from brightkitchen.media.playback.plan import Plan, Stretch, make_plan
from brightkitchen.media.playback.service import LONGEST_LIST_US, Playback
from brightkitchen.media.store.model import JOIN_TOLERANCE_US, Fragment
from brightkitchen.media.store.ports import Recordings
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, Format
from brightkitchen.wire.fmp4.reader import parse_init
from brightkitchen.wire.fmp4.retime import move_fragment, parse_table
from brightkitchen.wire.fmp4.writer import build_fragment, build_init, timescale_of

RATES: Final = (1, 2, 4, 8, 16)
THINNED_FROM: Final = 4
_PICTURES_PER_S: Final = 8
_JITTER_US: Final = 40_000
_SOUND_RUN_TICKS: Final = 2 * TICKS_PER_S

Tracks = Literal["both", "video", "sound"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. rate: one of RATES; tracks: "sound" is always AAC, "both" is as it was recorded."""

    key: StreamKey
    from_at: Utc
    to_at: Utc
    rate: int = 1
    tracks: Tracks = "both"
    joins: bool = False


@dataclass(frozen=True, slots=True)
class Direct:
    """Ready to be sent. zero_at: UTC of time 0; end_at: where to go on, a key frame if one was recorded by now."""

    wish: Wish
    plan: Plan
    zero_at: Utc
    zero_ticks: int

    @property
    def end_at(self) -> Utc:
        return self.plan.end_at

    @property
    def codecs(self) -> str:
        """What the stream is coded with, in the words of RFC 6381."""
        sound = self.plan.audio.codec_string if self.plan.audio is not None else ""
        if self.wish.tracks == "sound":
            return sound if sound.startswith("mp4a") else "mp4a.40.2"
        with_sound = self.wish.tracks == "both" and self.wish.rate < THINNED_FROM and sound
        return f"{self.plan.video.codec_string}, {sound}" if with_sound else self.plan.video.codec_string


@dataclass(frozen=True, slots=True)
class _Picked:
    stretch: Stretch
    fragment: Fragment
    at: Utc


class DirectStreams:
    """Makes streams of recordings."""

    def __init__(self, recordings: Recordings, playback: Playback) -> None:
        self._recordings = recordings
        self._playback = playback

    async def prepare(self, wish: Wish) -> Direct:
        """Return what will be sent. raises: INVALID (6 h at most), NOT_FOUND media.nothing_recorded."""
        if not 0 < wish.to_at - wish.from_at <= LONGEST_LIST_US:
            longest_h = LONGEST_LIST_US // US_PER_S // 3600
            raise BrightKitchenError(Kind.INVALID, "media.range_invalid", longest_h=longest_h)
        plan = await make_plan(self._recordings, wish.key, wish.from_at, wish.to_at, joins=wish.joins)
        first = plan.stretches[0]
        zero_ticks = first.fragments[0].start_ticks
        if wish.rate < THINNED_FROM:
            zero_ticks = await asyncio.to_thread(self._first_ticks, plan, wish.tracks)
        return Direct(wish, plan, Utc(first.zero_at + ticks_to_us(zero_ticks)), zero_ticks)

    def _first_ticks(self, plan: Plan, tracks: Tracks) -> int:
        """Return when the first sample is decoded: before it is shown, where pictures come out of order; sound may be first."""
        stretch = plan.stretches[0]
        fragment = stretch.fragments[0]
        try:
            with opened(self._recordings, stretch.segment.id) as fd:
                ticks = parse_table(read_moof(fd, fragment.offset).data).decode_time
                if tracks != "video" and plan.audio is not None and stretch.has_sound and fragment.audio_bytes:
                    sound = parse_table(read_moof(fd, fragment.audio_offset).data).decode_time
                    ticks = min(ticks, sound * TICKS_PER_S // timescale_of(plan.audio))
                return ticks
        except TheirError as cause:
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged") from cause

    async def send(self, direct: Direct) -> AsyncIterator[bytes]:
        """Yield the stream, fragment by fragment, read when it is wanted. raises: NOT_FOUND, DATA_LOSS."""
        wish, plan = direct.wish, direct.plan
        if wish.tracks == "sound":
            pieces = self._sound(direct)
        elif wish.rate >= THINNED_FROM:
            yield build_init({VIDEO_TRACK: plan.video})
            pieces = self._thinned(direct)
        else:
            formats: dict[int, Format] = {VIDEO_TRACK: plan.video}
            if plan.audio is not None and wish.tracks == "both":
                formats[AUDIO_TRACK] = plan.audio
            yield build_init(formats)
            pieces = self._whole(direct, with_sound=AUDIO_TRACK in formats)
        try:
            async for piece in pieces:
                yield piece
        except TheirError as cause:
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged") from cause

    async def _whole(self, direct: Direct, *, with_sound: bool) -> AsyncIterator[bytes]:
        sequence = 0
        for index, stretch in enumerate(direct.plan.stretches):
            following = direct.plan.stretches[index + 1] if index + 1 < len(direct.plan.stretches) else None
            for fragment in stretch.fragments:
                is_last = fragment is stretch.fragments[-1]
                extra = hole_after(stretch, following) if is_last and following is not None else 0
                sound = with_sound and stretch.has_sound
                data = await asyncio.to_thread(self._read_moved, direct, stretch, fragment, sequence, extra, sound)
                sequence += 2
                yield data

    def _read_moved(
        self, direct: Direct, stretch: Stretch, fragment: Fragment, sequence: int, extra: int, with_sound: bool
    ) -> bytes:
        size_bytes = fragment.video_bytes + (fragment.audio_bytes if with_sound else 0)
        with opened(self._recordings, stretch.segment.id) as fd:
            data = read_exactly(fd, size_bytes, fragment.offset)
        shift = shift_of(direct, stretch)
        moved = []
        for number, part in enumerate(split_fragments(data)):
            if number == 0:
                moved.append(move_fragment(part, sequence=sequence + 1, shift=shift, extra=extra))
            elif direct.plan.audio is not None:
                moved.extend(_move_sound(part, sequence + 2, shift, timescale_of(direct.plan.audio)))
        return b"".join(moved)

    async def _thinned(self, direct: Direct) -> AsyncIterator[bytes]:
        sequence = 0
        async for unit, end_ticks in self.key_pictures(direct):
            sequence += 1
            yield b"".join(
                build_fragment(
                    VIDEO_TRACK, direct.plan.video, [unit], sequence=sequence, base_ticks=0, end_ticks=end_ticks
                )
            )

    async def key_pictures(self, direct: Direct) -> AsyncIterator[tuple[AccessUnit, int]]:
        """Yield the key frames that a fast speed shows, each with when it ends; ticks of the answer."""
        picked = _pick(direct.plan, direct.wish.rate)
        for number, one in enumerate(picked):
            following = picked[number + 1] if number + 1 < len(picked) else None
            until = following.at if following is not None else direct.end_at
            # Where the recording stops, the picture stops too: a gap stays a gap.
            lasting_us = until - one.at
            if following is not None and following.stretch is not one.stretch:
                end_at = one.stretch.end_of(one.stretch.fragments[-1])
                lasting_us = lasting_us if until - end_at < JOIN_TOLERANCE_US else end_at - one.at
            picture = await asyncio.to_thread(self._read_key, one)
            pts = us_to_ticks(one.at - direct.zero_at)
            unit = AccessUnit(VIDEO_TRACK, max(0, pts), picture, True, Utc(0))
            yield unit, max(pts + 1, us_to_ticks(one.at + lasting_us - direct.zero_at))

    def _read_key(self, one: _Picked) -> bytes:
        with opened(self._recordings, one.stretch.segment.id) as fd:
            moof = read_moof(fd, one.fragment.offset)
            return read_exactly(fd, parse_table(moof.data).sizes[0], moof.body_offset)

    async def _sound(self, direct: Direct) -> AsyncIterator[bytes]:
        """The sound of each file as AAC; silence where a file has none, for a player waits for what is missing."""
        camera = direct.wish.key.camera
        sequence = 0
        timescale = 0
        for stretch in direct.plan.stretches:
            init = await self._playback.audio_init(camera, stretch.segment.id)
            rate_hz = timescale_of(parse_init(init)[AUDIO_TRACK])
            if not timescale:
                timescale = rate_hz
                yield init
            elif rate_hz != timescale:
                return
            shift = shift_of(direct, stretch) * timescale // TICKS_PER_S
            for run in _runs(stretch.fragments):
                data = await self._playback.sound_of(stretch.segment, run)
                for part in split_fragments(data):
                    sequence += 1
                    late = -parse_table(part).decode_time
                    if late <= shift:  # what lies before the first picture is not heard
                        yield move_fragment(part, sequence=sequence, shift=shift)


def shift_of(direct: Direct, stretch: Stretch) -> int:
    """Return how many 90 kHz ticks the file's times are moved by."""
    first = direct.plan.stretches[0]
    return us_to_ticks(stretch.zero_at - first.zero_at) - direct.zero_ticks


def _move_sound(part: bytes, sequence: int, shift: int, timescale: int) -> list[bytes]:
    moved = shift * timescale // TICKS_PER_S
    # Sound that began before the first picture has no place.
    if parse_table(part).decode_time + moved < 0:
        return []
    return [move_fragment(part, sequence=sequence, shift=moved)]


def hole_after(stretch: Stretch, following: Stretch) -> int:
    """Return the ticks between two files that are no gap but a rounding, a slewed clock or a reconnection below a second."""
    hole_us = following.begin_of(following.fragments[0]) - stretch.end_of(stretch.fragments[-1])
    return us_to_ticks(hole_us) if 0 < hole_us < JOIN_TOLERANCE_US else 0


def _pick(plan: Plan, rate: int) -> Sequence[_Picked]:
    """Return the key frames that are shown: as dense as they are recorded, at most eight a second of watching."""
    nearest_us = rate * US_PER_S // _PICTURES_PER_S
    picked: list[_Picked] = []
    for stretch in plan.stretches:
        for fragment in stretch.fragments:
            at = stretch.begin_of(fragment)
            if fragment.is_key and (not picked or at - picked[-1].at >= nearest_us - _JITTER_US):
                picked.append(_Picked(stretch, fragment, at))
    return picked


def _runs(fragments: Sequence[Fragment]) -> list[tuple[Fragment, ...]]:
    runs: list[list[Fragment]] = []
    for fragment in fragments:
        if not runs or fragment.start_ticks - runs[-1][0].start_ticks >= _SOUND_RUN_TICKS:
            runs.append([])
        runs[-1].append(fragment)
    return [tuple(run) for run in runs]
