"""Recorded video for players: lists, init segments and media segments (docs/design/media-path.md §4.3).

One HLS segment is a run of stored fragments of one track, read piece by piece and sent as they are. It begins at a key frame and lasts
about two seconds, and is named by the index of its first and last fragment, which never changes, even while the file grows.
G.711 becomes AAC segment by segment: the encoder is fed two frames before and one after, so that neighbours join without a click, and
the frames lie on the file's grid of 1024 samples, so that sound and pictures stay together however far one seeks.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.ids import CameraId, SegmentId, StreamKey
from brightkitchen.kernel.units import TICKS_PER_S, US_PER_S, Utc, ticks_to_us
from brightkitchen.media.cache import ByteCache
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.store.model import Fragment, SegmentInfo, Timeline
from brightkitchen.media.store.ports import Recordings
from brightkitchen.wire.au import AUDIO_TRACK, AccessUnit, AudioFormat, Codec, Format
from brightkitchen.wire.fmp4.reader import build_video_init_from, parse_init, scan_fragments
from brightkitchen.wire.fmp4.writer import build_fragment, build_init
from brightkitchen.wire.hls.playlist import (
    FileParts,
    Part,
    Piece,
    Variant,
    build_media_playlist,
    build_multivariant_playlist,
    group_pieces,
)

LONGEST_LIST_US: Final = 6 * 3600 * US_PER_S
LONGEST_TIMELINE_US: Final = 31 * 24 * 3600 * US_PER_S
_SHORTEST_PART_US: Final = 2 * US_PER_S
_LONGEST_RUN_FRAGMENTS: Final = 128
_LONGEST_RUN_BYTES: Final = 96 * 1024 * 1024
_AAC_SAMPLES: Final = 1024
_LEAD_FRAMES: Final = 2
_CACHE_BYTES: Final = 8 * 1024 * 1024
_SILENCE: Final = {Codec.PCMA: b"\xd5", Codec.PCMU: b"\xff"}
_T = TypeVar("_T")
_NO_SOUND: Final = AudioFormat(Codec.PCMA, 8000, 1, "pcma")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """What a viewer may see: [from_at, to_at), None = no bound on that side."""

    from_at: Utc | None
    to_at: Utc | None

    def clip(self, from_at: Utc, to_at: Utc) -> tuple[Utc, Utc]:
        """Return the part of [from_at, to_at) that may be seen; empty if its end is not after its start."""
        return (
            from_at if self.from_at is None else max(from_at, self.from_at),
            to_at if self.to_at is None else min(to_at, self.to_at),
        )

    def touches(self, from_at: int, to_at: int) -> bool:
        """True if any instant of [from_at, to_at) may be seen."""
        return (self.to_at is None or from_at < self.to_at) and (self.from_at is None or to_at > self.from_at)


class Playback:
    """Answers the playback routes. Files and the index are read in threads, never on the event loop."""

    def __init__(self, recordings: Recordings, pool: DecodePool) -> None:
        self._recordings = recordings
        self._pool = pool
        self._sound = ByteCache(_CACHE_BYTES)

    async def timeline(self, key: StreamKey, from_at: Utc, to_at: Utc) -> Timeline:
        """raises: INVALID if more than 31 days, or no time at all, is asked for."""
        _check_range(from_at, to_at, LONGEST_TIMELINE_US)
        return await asyncio.to_thread(self._recordings.timeline, key, from_at, to_at)

    async def multivariant(self, key: StreamKey, from_at: Utc, to_at: Utc, query: str) -> str:
        """Return the list of lists. raises: NOT_FOUND if nothing is recorded there; INVALID as `timeline` (6 h)."""
        segments = await self._segments(key, from_at, to_at)
        newest = segments[-1]
        peak_bps = max(s.size_bytes * 8 * TICKS_PER_S // max(s.duration_ticks, TICKS_PER_S) for s in segments)
        variant = Variant(
            video_codec=newest.video_codec,
            audio_codec=_shown_audio_codec(segments),
            width_px=newest.width_px,
            height_px=newest.height_px,
            peak_bps=peak_bps,
        )
        return build_multivariant_playlist(variant, video_uri=f"video.m3u8?{query}", audio_uri=f"audio.m3u8?{query}")

    async def video_list(self, key: StreamKey, from_at: Utc, to_at: Utc) -> str:
        """Return the list of the pictures. raises: as `multivariant`."""
        return await self._list(key, from_at, to_at, init_uri="init/{id}.mp4", part_uri="video/{id}/{run}.m4s")

    async def audio_list(self, key: StreamKey, from_at: Utc, to_at: Utc) -> str:
        """Return the list of the sound, cut where the pictures are cut. raises: as `multivariant`."""
        return await self._list(key, from_at, to_at, init_uri="audio/{id}/init.mp4", part_uri="audio/{id}/{run}.m4s")

    async def video_init(self, camera: CameraId, segment_id: SegmentId) -> bytes:
        """Return an init segment of the pictures alone. raises: NOT_FOUND."""
        segment = await self._segment(camera, segment_id)
        init = await asyncio.to_thread(self._recordings.init_bytes, segment.id)
        return _read_own(lambda: build_video_init_from(init))

    async def audio_init(self, camera: CameraId, segment_id: SegmentId) -> bytes:
        """Return an init segment of the sound alone, always AAC. raises: NOT_FOUND."""
        segment = await self._segment(camera, segment_id)
        if _passes_through(segment):
            return build_init({AUDIO_TRACK: await self._stored_sound(segment)})
        source = await self._stored_sound(segment)
        aac, _ = await self._transcode(camera, source, bytes(_AAC_SAMPLES * source.channels))
        return build_init({AUDIO_TRACK: aac})

    async def video_run(self, camera: CameraId, segment_id: SegmentId, run: str, allowed: TimeRange) -> bytes:
        """Return the pictures of the fragments `run` ("first-last"). raises: NOT_FOUND, UNAUTHENTICATED."""
        segment = await self._segment(camera, segment_id)
        fragments = await self._run_fragments(segment, run, allowed)
        return await asyncio.to_thread(self._read, segment.id, [(f.offset, f.video_bytes) for f in fragments])

    async def audio_run(self, camera: CameraId, segment_id: SegmentId, run: str, allowed: TimeRange) -> bytes:
        """Return the sound of the fragments `run` as AAC. raises: as `video_run`, and those of `DecodePool`."""
        segment = await self._segment(camera, segment_id)
        return await self.sound_of(segment, await self._run_fragments(segment, run, allowed))

    async def sound_of(self, segment: SegmentInfo, fragments: Sequence[Fragment]) -> bytes:
        """Return the sound of neighbouring fragments as AAC, at the file's own times. raises: those of `DecodePool`."""
        if _passes_through(segment):
            return await asyncio.to_thread(self._read, segment.id, [(f.audio_offset, f.audio_bytes) for f in fragments])
        return await self._transcoded_run(segment, fragments)

    async def _transcoded_run(self, segment: SegmentInfo, fragments: Sequence[Fragment]) -> bytes:
        source = await self._stored_sound(segment)
        rate_hz = source.sample_rate_hz
        first = _frame_at(fragments[0].start_ticks, rate_hz)
        end = max(first + 1, _frame_at(fragments[-1].start_ticks + fragments[-1].duration_ticks, rate_hz))
        name = (segment.id, first, end)
        known = self._sound.get(name)
        if known is not None:
            return known
        lead = (first - _LEAD_FRAMES) * _AAC_SAMPLES
        samples, is_whole = await asyncio.to_thread(self._read_samples, segment, source, lead, (end + 1) * _AAC_SAMPLES)
        aac, frames = await self._transcode(segment.key.camera, source, samples)
        wanted = frames[_LEAD_FRAMES + 1 : _LEAD_FRAMES + 1 + end - first]
        ticks = _AAC_SAMPLES * TICKS_PER_S // rate_hz
        units = [
            AccessUnit(AUDIO_TRACK, (first + index) * ticks, frame, True, Utc(0)) for index, frame in enumerate(wanted)
        ]
        buffers = build_fragment(
            AUDIO_TRACK, aac, units, sequence=first + 1, base_ticks=0, end_ticks=(first + len(units)) * ticks
        )
        data = b"".join(buffers)
        if is_whole:
            self._sound.put(name, data)
        return data

    async def _transcode(
        self, camera: CameraId, source: AudioFormat, data: bytes
    ) -> tuple[AudioFormat, tuple[bytes, ...]]:
        sound = await self._pool.transcode_clip(camera, source, data)
        aac = AudioFormat(Codec.AAC, source.sample_rate_hz, source.channels, "mp4a.40.2", sound.config)
        return aac, sound.frames

    async def _stored_sound(self, segment: SegmentInfo) -> AudioFormat:
        """Return how the sound of this file is coded; silence of 8 kHz for a file without sound between others that have some."""
        if not segment.has_audio:
            return _NO_SOUND
        init = await asyncio.to_thread(self._recordings.init_bytes, segment.id)
        formats: dict[int, Format] = _read_own(lambda: parse_init(init))
        sound = formats.get(AUDIO_TRACK)
        if not isinstance(sound, AudioFormat):
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
        return sound

    def _read_samples(self, segment: SegmentInfo, source: AudioFormat, start: int, end: int) -> tuple[bytes, bool]:
        """Return the samples [start, end) of the file, silence where there are none, and whether more may yet come.

        Runs in a thread. start may be negative: silence before the file begins.
        """
        wide = source.channels
        samples = bytearray(_SILENCE[source.codec] * ((end - start) * wide))
        if not segment.has_audio:
            return bytes(samples), True
        fragments = self._recordings.fragments(segment.id)
        low, high = (sample * TICKS_PER_S // source.sample_rate_hz for sample in (start, end))
        near = [
            f
            for f in fragments
            if f.audio_bytes
            and f.start_ticks < high + TICKS_PER_S
            and f.start_ticks + f.duration_ticks > low - TICKS_PER_S
        ]
        data = self._recordings.init_bytes(segment.id)
        data += self._read(segment.id, [(f.audio_offset, f.audio_bytes) for f in near])
        found = _read_own(lambda: list(scan_fragments(lambda at, size: data[at : at + size], len(data))))
        for stored in (sample for fragment in found for sample in fragment.samples):
            at = (stored.decode_time - start) * wide
            skipped = max(0, -at)
            kept = data[stored.offset_bytes : stored.offset_bytes + stored.size_bytes][
                skipped : max(0, len(samples) - at)
            ]
            samples[max(0, at) : max(0, at) + len(kept)] = kept
        last = fragments[-1]
        return bytes(samples), not segment.is_open or last.start_ticks > high

    async def _list(self, key: StreamKey, from_at: Utc, to_at: Utc, *, init_uri: str, part_uri: str) -> str:
        segments = await self._segments(key, from_at, to_at)
        return await asyncio.to_thread(self._build_list, segments, from_at, to_at, init_uri, part_uri)

    def _build_list(
        self, segments: Sequence[SegmentInfo], from_at: Utc, to_at: Utc, init_uri: str, part_uri: str
    ) -> str:
        files = []
        for segment in segments:
            fragments = self._recordings.fragments(segment.id)
            pieces = [Piece(i, ticks_to_us(f.duration_ticks), f.is_key) for i, f in enumerate(fragments)]
            parts = []
            for group in group_pieces(pieces, shortest_us=_SHORTEST_PART_US):
                start_at = Utc(segment.start_at + ticks_to_us(fragments[group[0].index].start_ticks))
                duration_us = sum(piece.duration_us for piece in group)
                if start_at < to_at and start_at + duration_us > from_at:
                    run = f"{group[0].index}-{group[-1].index}"
                    parts.append(Part(part_uri.format(id=segment.id, run=run), start_at, duration_us))
            files.append(FileParts(init_uri.format(id=segment.id), tuple(parts)))
        return build_media_playlist(files)

    async def _segments(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[SegmentInfo]:
        _check_range(from_at, to_at, LONGEST_LIST_US)
        segments = await asyncio.to_thread(self._recordings.segments_between, key, from_at, to_at)
        if not segments:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.nothing_recorded")
        return segments

    async def _segment(self, camera: CameraId, segment_id: SegmentId) -> SegmentInfo:
        """raises: NOT_FOUND, the same for a segment of another camera as for none."""
        segment = await asyncio.to_thread(self._recordings.segment, segment_id)
        if segment is None or segment.key.camera != camera:
            raise _no_such_segment()
        return segment

    async def check_visible(
        self, camera: CameraId, segment_id: SegmentId, profile: str, allowed: TimeRange
    ) -> SegmentInfo:
        """Return the segment. raises: NOT_FOUND if no instant of it may be seen, as if it did not exist."""
        segment = await self._segment(camera, segment_id)
        if segment.key.profile.value != profile or not allowed.touches(
            segment.start_at, max(segment.end_at, segment.start_at + 1)
        ):
            raise _no_such_segment()
        return segment

    async def visible_bytes(self, segment: SegmentInfo, allowed: TimeRange) -> tuple[int, int]:
        """Return [start, end) of the file's bytes that hold nothing outside `allowed`, by whole fragments."""
        fragments = await asyncio.to_thread(self._recordings.fragments, segment.id)
        if allowed.from_at is None and allowed.to_at is None:
            return 0, fragments[-1].end_offset if fragments else segment.init_bytes
        seen = [f for f in fragments if _is_visible(segment, f, allowed)]
        return (seen[0].offset, seen[-1].end_offset) if seen else (0, 0)

    async def _run_fragments(self, segment: SegmentInfo, run: str, allowed: TimeRange) -> Sequence[Fragment]:
        """raises: NOT_FOUND if the run does not exist or no instant of it may be seen."""
        first_text, _, last_text = run.partition("-")
        if not (first_text.isascii() and first_text.isdigit() and last_text.isascii() and last_text.isdigit()):
            raise _no_such_segment()
        if len(first_text) > 9 or len(last_text) > 9:
            raise _no_such_segment()
        first, last = int(first_text), int(last_text)
        fragments = await asyncio.to_thread(self._recordings.fragments, segment.id)
        if not first <= last < len(fragments) or last - first >= _LONGEST_RUN_FRAGMENTS:
            raise _no_such_segment()
        chosen = fragments[first : last + 1]
        start_at = segment.start_at + ticks_to_us(chosen[0].start_ticks)
        end_at = segment.start_at + ticks_to_us(chosen[-1].start_ticks + chosen[-1].duration_ticks)
        too_big = chosen[-1].end_offset - chosen[0].offset > _LONGEST_RUN_BYTES
        if too_big or not allowed.touches(start_at, end_at) or not _is_one_part(fragments, first, last):
            raise _no_such_segment()
        return chosen

    def _read(self, segment_id: SegmentId, pieces: Sequence[tuple[int, int]]) -> bytes:
        """Return pieces (offset, size) of a file, joined. Runs in a thread. raises: DATA_LOSS if the file is too short."""
        opened = self._recordings.open_segment(segment_id)
        try:
            parts = [os.pread(opened.fd, size, offset) for offset, size in pieces]
        finally:
            os.close(opened.fd)
        if any(len(part) != size for part, (_, size) in zip(parts, pieces, strict=True)):
            raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
        return b"".join(parts)


def _is_one_part(fragments: Sequence[Fragment], first: int, last: int) -> bool:
    """True if the run is one that a list names: a range is asked for part by part, so that each part is checked."""
    pieces = [Piece(i, ticks_to_us(f.duration_ticks), f.is_key) for i, f in enumerate(fragments)]
    for group in group_pieces(pieces, shortest_us=_SHORTEST_PART_US):
        if group[0].index == first:
            # The last part of a file that grows may have been shorter when the list was made.
            return last <= group[-1].index
    return False


def _is_visible(segment: SegmentInfo, fragment: Fragment, allowed: TimeRange) -> bool:
    start_at = segment.start_at + ticks_to_us(fragment.start_ticks)
    return allowed.touches(start_at, start_at + ticks_to_us(fragment.duration_ticks))


def _frame_at(ticks: int, rate_hz: int) -> int:
    """Return the first frame of the file's grid that does not begin before `ticks`."""
    return -(-(ticks * rate_hz) // (TICKS_PER_S * _AAC_SAMPLES))


def _passes_through(segment: SegmentInfo) -> bool:
    return segment.audio_codec.startswith("mp4a")


def _shown_audio_codec(segments: Sequence[SegmentInfo]) -> str:
    codecs = [segment.audio_codec for segment in segments if segment.has_audio]
    return next((codec for codec in codecs if codec.startswith("mp4a")), "mp4a.40.2") if codecs else ""


def _check_range(from_at: Utc, to_at: Utc, longest_us: int) -> None:
    if not 0 < to_at - from_at <= longest_us:
        raise BrightKitchenError(Kind.INVALID, "media.range_invalid", longest_h=longest_us // US_PER_S // 3600)


def _no_such_segment() -> BrightKitchenError:
    return BrightKitchenError(Kind.NOT_FOUND, "media.not_found")


def _read_own(read: Callable[[], _T]) -> _T:
    """Return what `read` reads of a file of ours; a file that cannot be read is damaged. raises: DATA_LOSS."""
    try:
        return read()
    except TheirError as cause:
        raise BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged") from cause
