"""A recording as H.264 for who cannot play it as it was recorded (docs/design/media-path.md §4.7). Pictures only, times as they are.

Nothing recorded changes: what is read is decoded and made anew for this one answer.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.units import TICKS_PER_S, Utc, us_to_ticks
from brightkitchen.media.playback.direct import THINNED_FROM, Direct, DirectStreams, shift_of
from brightkitchen.media.playback.pieces import opened, read_exactly, split_fragments
from brightkitchen.media.playback.plan import Stretch
from brightkitchen.media.store.model import JOIN_TOLERANCE_US, Fragment
from brightkitchen.media.store.ports import Recordings
from brightkitchen.media.transcode.play import PlayTranscode, Transcoded
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Codec, VideoFormat
from brightkitchen.wire.fmp4.retime import parse_table, read_moof_size
from brightkitchen.wire.fmp4.writer import build_fragment, build_init

_MDAT_HEAD_BYTES: Final = 8
_SEAM_TICKS: Final = TICKS_PER_S // 200


@dataclass(frozen=True, slots=True)
class TranscodedAnswer:
    """Ready to be sent. direct: what it is made of, with its times; codecs: RFC 6381."""

    direct: Direct
    codecs: str
    pieces: AsyncIterator[bytes]


class TranscodedStreams:
    """Makes direct streams (§4.5) anew as H.264."""

    def __init__(self, recordings: Recordings, streams: DirectStreams) -> None:
        self._recordings = recordings
        self._streams = streams

    @staticmethod
    def is_needed(direct: Direct) -> bool:
        """False if a browser that wants H.264 can have the answer as it was recorded."""
        return direct.wish.tracks != "sound" and direct.plan.video.codec is not Codec.H264

    async def open(self, direct: Direct, transcode: PlayTranscode) -> TranscodedAnswer:
        """Return the answer once its first picture is there. raises: as `PlayTranscode.transcode`."""
        from_pts = None
        if not direct.plan.stretches[0].fragments[0].is_key:
            # It goes on exactly where an answer ended; to decode that, one begins at the key frame before.
            direct = await self._streams.prepare(replace(direct.wish, joins=False))
            from_pts = us_to_ticks(direct.wish.from_at - direct.zero_at) - _SEAM_TICKS
        if direct.wish.rate >= THINNED_FROM:
            ends: dict[int, int] = {}
            made = transcode.transcode(direct.plan.video, self._keys(direct, ends), is_all_keys=True)
        else:
            ends = _ends_before_gaps(direct)
            made = transcode.transcode(direct.plan.video, self._whole(direct), from_pts=from_pts)
        try:
            first = await anext(made)
        except StopAsyncIteration:
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.transcode_failed") from None
        is_thinned = direct.wish.rate >= THINNED_FROM
        end_ticks = us_to_ticks(direct.end_at - direct.zero_at)
        pieces = _build_pieces(first, made, ends if not is_thinned else {}, ends if is_thinned else {}, end_ticks)
        return TranscodedAnswer(direct, first.format.codec_string, pieces)

    async def _whole(self, direct: Direct) -> AsyncIterator[list[AccessUnit]]:
        for stretch in direct.plan.stretches:
            for fragment in stretch.fragments:
                try:
                    yield await asyncio.to_thread(self._read_units, direct, stretch, fragment)
                except TheirError as cause:
                    raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged") from cause

    def _read_units(self, direct: Direct, stretch: Stretch, fragment: Fragment) -> list[AccessUnit]:
        with opened(self._recordings, stretch.segment.id) as fd:
            data = read_exactly(fd, fragment.video_bytes, fragment.offset)
        shift = shift_of(direct, stretch)
        units = []
        for part in split_fragments(data):
            table = parse_table(part)
            at = read_moof_size(part) + _MDAT_HEAD_BYTES
            ticks = table.decode_time + shift
            for number, size_bytes in enumerate(table.sizes):
                pts = ticks + (table.offsets[number] if table.offsets else 0)
                is_key = number in table.key_numbers
                units.append(AccessUnit(VIDEO_TRACK, pts, part[at : at + size_bytes], is_key, Utc(0)))
                at += size_bytes
                ticks += table.durations[number]
        return units

    async def _keys(self, direct: Direct, ends: dict[int, int]) -> AsyncIterator[list[AccessUnit]]:
        async for unit, end_ticks in self._streams.key_pictures(direct):
            ends[unit.pts] = end_ticks
            yield [unit]


def _ends_before_gaps(direct: Direct) -> dict[int, int]:
    """Return where nothing is recorded for a second or more: the first tick behind each gap → where the gap begins."""
    gaps = {}
    stretches = direct.plan.stretches
    for one, following in pairwise(stretches):
        end_at, begin_at = one.end_of(one.fragments[-1]), following.begin_of(following.fragments[0])
        if begin_at - end_at >= JOIN_TOLERANCE_US:
            gaps[us_to_ticks(begin_at - direct.zero_at)] = us_to_ticks(end_at - direct.zero_at)
    return gaps


async def _build_pieces(
    first: Transcoded,
    rest: AsyncGenerator[Transcoded],
    gaps: dict[int, int],
    ends: dict[int, int],
    end_ticks: int,
) -> AsyncIterator[bytes]:
    """Yield the init segment and fragments. The last picture waits for the one after it, which says how long it is shown.

    ends: when each picture ends, where that is known (by its time).
    """
    yield build_init({VIDEO_TRACK: first.format})
    sequence = 0
    held: AccessUnit | None = None
    batch: Sequence[AccessUnit] = first.pictures
    async with aclosing(rest) as following:
        while True:
            group = [] if held is None else [held]
            for unit in batch:
                end = _end_between(group[-1].pts, unit.pts, gaps, ends) if group else None
                if end is not None:
                    sequence += 1
                    yield _build_fragment(first.format, group, sequence, end)
                    group = []
                group.append(unit)
            held = group.pop()
            if group:
                sequence += 1
                yield _build_fragment(first.format, group, sequence, held.pts)
            try:
                batch = (await anext(following)).pictures
            except StopAsyncIteration:
                break
    yield _build_fragment(first.format, [held], sequence + 1, max(held.pts + 1, ends.get(held.pts, end_ticks)))


def _end_between(pts: int, next_pts: int, gaps: dict[int, int], ends: dict[int, int]) -> int | None:
    """Return when a picture ends if that is not when the next begins."""
    if pts in ends:
        return ends[pts] if ends[pts] < next_pts else None
    return next(
        (
            max(pts + 1, end)
            for begin, end in gaps.items()
            if pts < end + _SEAM_TICKS and next_pts >= begin - _SEAM_TICKS
        ),
        None,
    )


def _build_fragment(format: VideoFormat, units: list[AccessUnit], sequence: int, end_ticks: int) -> bytes:
    return b"".join(build_fragment(VIDEO_TRACK, format, units, sequence=sequence, base_ticks=0, end_ticks=end_ticks))
