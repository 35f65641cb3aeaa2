"""The node's half of evidence (docs/design/evidence.md §6): the exact bytes, what they were made of, and its word for it.

Nothing is kept here: pieces leave as they are read. Only the jailed worker decodes.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.evidence import (
    LONGEST_CLIP_S,
    FileFact,
    SourceFact,
    Statement,
    hash_bytes,
)
from brightkitchen.kernel.evidencestream import PIECE_BYTES, FileHead, Piece, Refusal, build_piece
from brightkitchen.kernel.hostclock import read_host_clock
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc, ticks_to_us, us_to_ticks
from brightkitchen.media.evidence.statement import StatementKey
from brightkitchen.media.snapshot.service import Stills, Units
from brightkitchen.media.store.model import Fragment, SegmentInfo
from brightkitchen.media.store.ports import Recordings
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Format, VideoFormat
from brightkitchen.wire.fmp4.reader import parse_init
from brightkitchen.wire.fmp4.rebase import Timeline, list_fragments, rebase
from brightkitchen.wire.fmp4.writer import DtsAssigner, build_fragment, build_init

RECORDED_WITHIN_S: Final = 4.0
CAPTURES_AT_ONCE: Final = 4
_STEP_S: Final = 0.1
_LATE_US: Final = 500_000
_LAST_US: Final = 40_000
JPEG_NAME: Final = "original.jpg"
GROUP_NAME: Final = "group.mp4"
POSTER_NAME: Final = "poster.jpg"
_MP4: Final = "video/mp4"
DriftOf = Callable[[StreamKey], int | None]
"""The camera's clock minus ours in µs as last measured; None = unknown."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring fragments of one segment."""

    segment: SegmentInfo
    init: bytes
    formats: dict[int, Format]
    fragments: Sequence[Fragment]

    @property
    def from_at(self) -> Utc:
        return Utc(self.segment.start_at + ticks_to_us(self.fragments[0].start_ticks))

    @property
    def to_at(self) -> Utc:
        last = self.fragments[-1]
        return Utc(self.segment.start_at + ticks_to_us(last.start_ticks + last.duration_ticks))


class EvidenceSource:
    """Hands out evidence of this node's cameras, a few at a time."""

    def __init__(
        self,
        recordings: Recordings,
        stills: Stills,
        key: StatementKey,
        *,
        node: str,
        software: str,
        drift_of: DriftOf,
        clock: Clock,
    ) -> None:
        self._recordings = recordings
        self._stills = stills
        self._key = key
        self._node = node
        self._software = software
        self._drift_of = drift_of
        self._clock = clock
        self._running = 0

    async def snapshot(self, key: StreamKey, at: Utc | None) -> AsyncGenerator[bytes, None]:
        """Yield the pieces of one frame: the one shown at `at`, or the newest.

        raises: BrightKitchenError before the first piece: "evidence.node_busy", and as `Stills.snapshot`.
        """
        with _Place(self):
            units = await (self._newest(key) if at is None else self._shown_at(key, at))
            still = await self._stills.draw(key, units)
            group = await asyncio.to_thread(_build_group, units)
            sources = await asyncio.to_thread(self._snapshot_sources, units)
            facts = []
            for head, data in (
                (FileHead(name=JPEG_NAME, role="original", type="image/jpeg"), still.jpeg),
                (FileHead(name=GROUP_NAME, role="group", type=_MP4), group),
            ):
                facts.append(_fact(head, len(data), hash_bytes(data)))
                yield build_piece(Piece.FILE, msgspec.json.encode(head))
                for start in range(0, len(data), PIECE_BYTES):
                    yield build_piece(Piece.DATA, data[start : start + PIECE_BYTES])
            statement = self._statement(
                key,
                "snapshot",
                units.format,
                facts,
                sources,
                asked_at=at,
                frame_at=still.frame_at,
                from_at=min(units.times),
                to_at=still.frame_at,
                source="live" if units.location is None else "recording",
            )
            yield self._signed(statement)

    async def clip(self, key: StreamKey, from_at: Utc, to_at: Utc) -> AsyncGenerator[bytes, None]:
        """Yield the pieces of what was recorded in [from_at, to_at], from the key frame before it on.

        raises: BrightKitchenError before the first piece: "evidence.range", "evidence.node_busy", "media.nothing_recorded".
        """
        if not 0 < to_at - from_at <= LONGEST_CLIP_S * US_PER_S or to_at > self._clock.utc() + US_PER_S:
            raise BrightKitchenError(Kind.INVALID, "evidence.range", minutes=LONGEST_CLIP_S // 60)
        with _Place(self):
            await self._wait_recorded(key, to_at)
            runs = await asyncio.to_thread(self._find_runs, key, from_at, to_at)
            if not runs:
                raise BrightKitchenError(Kind.NOT_FOUND, "media.nothing_recorded")
            poster = await self._stills.draw(key, await self._stills.recorded_units(key, runs[0].from_at))
            head = FileHead(name=POSTER_NAME, role="poster", type="image/jpeg")
            facts = [_fact(head, len(poster.jpeg), hash_bytes(poster.jpeg))]
            sources: list[SourceFact] = []
            yield build_piece(Piece.FILE, msgspec.json.encode(head))
            for start in range(0, len(poster.jpeg), PIECE_BYTES):
                yield build_piece(Piece.DATA, poster.jpeg[start : start + PIECE_BYTES])
            for number, part in enumerate(_split_by_format(runs), 1):
                head = FileHead(name=f"original-{number}.mp4", role="original", type=_MP4)
                yield build_piece(Piece.FILE, msgspec.json.encode(head))
                digest, size_bytes = hashlib.sha256(), 0
                async for data in self._assemble(part, sources):
                    digest.update(data)
                    size_bytes += len(data)
                    for start in range(0, len(data), PIECE_BYTES):
                        yield build_piece(Piece.DATA, data[start : start + PIECE_BYTES])
                facts.append(_fact(head, size_bytes, digest.hexdigest()))
            video = runs[0].formats[VIDEO_TRACK]
            assert isinstance(video, VideoFormat)  # _find_runs looked
            statement = self._statement(
                key,
                "clip",
                video,
                facts,
                sources,
                asked_at=from_at,
                frame_at=runs[0].from_at,
                from_at=runs[0].from_at,
                to_at=runs[-1].to_at,
                source="recording",
                gaps=await asyncio.to_thread(self._gaps, key, from_at, to_at),
            )
            yield self._signed(statement)

    # -- which frame ---------------------------------------------------------------------------------------------------

    async def _newest(self, key: StreamKey) -> Units:
        """Return the newest picture as it was recorded; from the ring if the camera is not recorded.

        The recording's clock may differ from the ring's by a frame, so that the picture is looked up by its bytes.
        """
        live = await self._stills.live_units(key)
        wanted = live.data[live.times.index(live.wanted)]
        if await self._wait_recorded(key, Utc(live.wanted + _LAST_US)):
            try:
                found = await self._stills.recorded_units(key, Utc(live.wanted + _LATE_US))
            except BrightKitchenError as error:
                if error.kind is not Kind.NOT_FOUND:
                    raise
                return live
            if wanted in found.data:
                end = found.data.index(wanted) + 1
                return await self._stills.recorded_units(key, found.times[end - 1])
        return live

    async def _shown_at(self, key: StreamKey, at: Utc) -> Units:
        """Return the picture shown at `at`, waiting a little for what is not written yet."""
        await self._wait_recorded(key, at)
        return await self._stills.recorded_units(key, at)

    async def _wait_recorded(self, key: StreamKey, at: Utc) -> bool:
        """Return True once the recording reaches past `at`; False if it does not within some seconds, or long ago never did."""
        deadline_s = self._clock.mono_s() + RECORDED_WITHIN_S
        while True:
            location = await asyncio.to_thread(self._recordings.locate_key, key, at)
            if location is not None and location.segment.end_at > at:
                return True
            is_past = at < self._clock.utc() - int(RECORDED_WITHIN_S * US_PER_S)
            if is_past or self._clock.mono_s() >= deadline_s:
                return False
            await self._clock.sleep(_STEP_S)

    # -- what it was made of -------------------------------------------------------------------------------------------

    def _snapshot_sources(self, units: Units) -> list[SourceFact]:
        if units.location is None:
            return []
        segment, samples = units.location.segment, units.location.samples
        first, last = samples[0].offset, max(sample.offset for sample in samples)
        used = [f for f in self._recordings.fragments(segment.id) if first < f.audio_offset and f.offset <= last]
        return [self._source(segment, used)]

    def _source(self, segment: SegmentInfo, fragments: Sequence[Fragment]) -> SourceFact:
        from_byte, to_byte = fragments[0].offset, fragments[-1].end_offset
        opened = self._recordings.open_segment(segment.id)
        digest = hashlib.sha256()
        try:
            for at in range(from_byte, to_byte, PIECE_BYTES):
                digest.update(_read_exactly(opened.fd, at, min(PIECE_BYTES, to_byte - at)))
        finally:
            os.close(opened.fd)
        return _source_fact(segment, fragments, digest.hexdigest())

    def _find_runs(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[_Run]:
        runs = []
        for segment in self._recordings.segments_between(key, from_at, to_at):
            fragments = self._recordings.fragments(segment.id)
            wanted = _cut(fragments, us_to_ticks(from_at - segment.start_at), us_to_ticks(to_at - segment.start_at))
            if not wanted:
                continue
            init = self._recordings.init_bytes(segment.id)
            try:
                formats = parse_init(init)
            except TheirError as cause:
                raise _damaged() from cause
            if not isinstance(formats.get(VIDEO_TRACK), VideoFormat):
                raise _damaged()
            runs.append(_Run(segment, init, formats, wanted))
        return runs

    async def _assemble(self, runs: Sequence[_Run], sources: list[SourceFact]) -> AsyncIterator[bytes]:
        """Yield one MP4: a new head, then the stored fragments on one timeline that keeps its gaps."""
        timeline = Timeline(runs[0].formats)
        yield build_init(runs[0].formats)
        base_at: Utc | None = None
        for run in runs:
            opened = await asyncio.to_thread(self._recordings.open_segment, run.segment.id)
            digest = hashlib.sha256()
            try:
                for fragment in run.fragments:
                    size_bytes = fragment.end_offset - fragment.offset
                    data = await asyncio.to_thread(_read_exactly, opened.fd, fragment.offset, size_bytes)
                    digest.update(data)
                    try:
                        if base_at is None:
                            first_ticks = list_fragments(run.init, data)[0].decode_time
                            base_at = Utc(run.segment.start_at + ticks_to_us(first_ticks))
                        yield rebase(timeline, run.init, data, us_to_ticks(run.segment.start_at - base_at))
                    except TheirError as cause:
                        raise _damaged() from cause
            finally:
                os.close(opened.fd)
            sources.append(_source_fact(run.segment, run.fragments, digest.hexdigest()))

    def _gaps(self, key: StreamKey, from_at: Utc, to_at: Utc) -> tuple[str, ...]:
        gaps = self._recordings.timeline(key, from_at, to_at).gaps
        return tuple(f"{format_utc(gap.from_at)}/{format_utc(gap.to_at)}" for gap in gaps)

    # -- what is said --------------------------------------------------------------------------------------------------

    def _statement(
        self,
        key: StreamKey,
        kind: str,
        video: VideoFormat,
        files: Sequence[FileFact],
        sources: Sequence[SourceFact],
        *,
        asked_at: Utc | None,
        frame_at: Utc,
        from_at: Utc,
        to_at: Utc,
        source: str,
        gaps: tuple[str, ...] = (),
    ) -> Statement:
        return Statement(
            node=self._node,
            camera=key.camera,
            profile=key.profile.value,
            kind="clip" if kind == "clip" else "snapshot",
            source="live" if source == "live" else "recording",
            asked_at=format_utc(asked_at) if asked_at is not None else "",
            frame_at=format_utc(frame_at),
            from_at=format_utc(from_at),
            to_at=format_utc(to_at),
            taken_at=format_utc(self._clock.utc()),
            clock=read_host_clock(),
            drift_us=self._drift_of(key),
            codec=video.codec_string,
            width_px=video.width_px,
            height_px=video.height_px,
            files=tuple(files),
            sources=tuple(sources),
            gaps=gaps,
            software=self._software,
        )

    def _signed(self, statement: Statement) -> bytes:
        return build_piece(Piece.STATEMENT, self._key.sign(statement).spell())

    def take_place(self) -> None:
        """raises: BrightKitchenError "evidence.node_busy" if four are under way."""
        if self._running >= CAPTURES_AT_ONCE:
            raise BrightKitchenError(Kind.EXHAUSTED, "evidence.node_busy", retry_after_s=5)
        self._running += 1

    def leave_place(self) -> None:
        """One is done."""
        self._running -= 1


class _Place:
    """One of the few captures under way."""

    def __init__(self, source: EvidenceSource) -> None:
        self._source = source

    def __enter__(self) -> None:
        self._source.take_place()

    def __exit__(self, *_: object) -> None:
        self._source.leave_place()


def build_refusal(error: BrightKitchenError) -> bytes:
    """Return the last piece of an answer that cannot be finished."""
    return build_piece(Piece.ERROR, msgspec.json.encode(Refusal(code=error.code)))


def _cut(fragments: Sequence[Fragment], from_ticks: int, to_ticks: int) -> Sequence[Fragment]:
    """Return from the key frame at or before `from_ticks` to the fragment that is shown at `to_ticks`."""
    touched = [
        number
        for number, fragment in enumerate(fragments)
        if fragment.start_ticks <= to_ticks and fragment.start_ticks + fragment.duration_ticks > from_ticks
    ]
    if not touched:
        return ()
    first = touched[0]
    while first > 0 and not fragments[first].is_key:
        first -= 1
    return fragments[first : touched[-1] + 1]


def _split_by_format(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Return the runs by files: a new one begins where the format changes, for a file has one head."""
    parts: list[list[_Run]] = []
    for run in runs:
        if parts and parts[-1][-1].formats == run.formats:
            parts[-1].append(run)
        else:
            parts.append([run])
    return parts


def _build_group(units: Units) -> bytes:
    """Return the coded pictures as they are, in an MP4 that begins at the key frame."""
    start_at = min(units.times)
    pictures = [
        AccessUnit(VIDEO_TRACK, us_to_ticks(at - start_at), data, number == 0, at)
        for number, (data, at) in enumerate(zip(units.data, units.times, strict=True))
    ]
    end_ticks = max(picture.pts for picture in pictures) + us_to_ticks(_LAST_US)
    order = DtsAssigner(units.format.reorder_depth)
    fragment = build_fragment(
        VIDEO_TRACK, units.format, pictures, sequence=1, base_ticks=0, end_ticks=end_ticks, order=order
    )
    return b"".join([build_init({VIDEO_TRACK: units.format}), *fragment])


def _source_fact(segment: SegmentInfo, fragments: Sequence[Fragment], sha256: str) -> SourceFact:
    last = fragments[-1]
    return SourceFact(
        segment=segment.id,
        starts_at=format_utc(segment.start_at),
        from_at=format_utc(Utc(segment.start_at + ticks_to_us(fragments[0].start_ticks))),
        to_at=format_utc(Utc(segment.start_at + ticks_to_us(last.start_ticks + last.duration_ticks))),
        from_byte=fragments[0].offset,
        to_byte=last.end_offset,
        sha256=sha256,
    )


def _fact(head: FileHead, size_bytes: int, sha256: str) -> FileFact:
    return FileFact(name=head.name, role=head.role, type=head.type, size_bytes=size_bytes, sha256=sha256)


def _read_exactly(fd: int, offset: int, size_bytes: int) -> bytes:
    data = os.pread(fd, size_bytes, offset)
    if len(data) != size_bytes:
        raise _damaged()
    return data


def _damaged() -> BrightKitchenError:
    return BrightKitchenError(Kind.DATA_LOSS, "media.recording_damaged")
