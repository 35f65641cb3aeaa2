"""What every `Recordings` must answer, asked of the store while a file is open and after it was closed."""

import itertools
import os
import shutil
import sqlite3
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.media_synthetic import AUDIO, START_AT, VIDEO, HandSources, key_of, stretch

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import SegmentId
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.store.model import EndReason, Gap, Span
from brightkitchen.media.store.ports import Recordings
from brightkitchen.media.store.store import Store
from brightkitchen.wire.fmp4 import writer
from brightkitchen.wire.fmp4.reader import parse_init

KEY = key_of(1)


@dataclass
class Bench:
    """A store with a recorder before it and a source that the test feeds."""

    clock: ManualClock
    store: Store
    recorder: Recorder
    sources: HandSources
    hub: Hub
    supervisor: Supervisor

    async def record(self, first: int, count: int, *, gop: int = 50, at: Utc = START_AT) -> None:
        units = stretch(first, count, gop=gop, at=at)
        for number in range(0, len(units), 18):  # as reads bring them: key frames in the middle of a batch
            self.sources.last.feed(units[number : number + 18])
        self.clock.jump(count / 25)
        self.recorder.hand_over()

    def settle(self) -> None:
        """Wait until both threads have done what they were given."""
        self.store.wait_idle(5)


@contextmanager
def opened(folder: Path, clock: ManualClock, *, segment_s: float = 60.0, seed: int = 7) -> Iterator[Bench]:
    store = Store.open(folder, clock, reserve_bytes=0, commit_every_s=0.0)
    store.start()
    entropy = SeededEntropy(seed)
    supervisor = Supervisor(clock, entropy)
    hub = Hub(clock=clock, entropy=entropy, supervisor=supervisor)
    recorder = Recorder(store, writer, clock=clock, entropy=entropy, segment_s=segment_s)
    try:
        yield Bench(clock, store, recorder, HandSources(), hub, supervisor)
    finally:
        store.close()


async def begin(bench: Bench) -> None:
    stream = bench.hub.add(KEY, bench.sources)
    bench.recorder.start(stream)
    await bench.clock.advance(0)
    bench.sources.last.connect()


def at_s(seconds: float) -> Utc:
    return Utc(START_AT + int(seconds * US_PER_S))


async def finish(bench: Bench) -> None:
    bench.recorder.close()
    bench.settle()
    await bench.hub.close()
    await bench.supervisor.close()


class Stage:
    """A store whose recordings are in one of three conditions: being written, closed in order, found after a death."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    @asynccontextmanager
    async def holding(self, *stretches: tuple[int, int, float]) -> AsyncIterator[Recordings]:
        """Record each (first frame, frames, gap in seconds before it) and yield the store in this stage."""
        with opened(self.folder, ManualClock()) as bench:
            await begin(bench)
            for first, count, gap_s in stretches:
                if gap_s:
                    bench.sources.last.break_off()
                    bench.clock.jump(gap_s)
                    bench.sources.last.connect()
                await bench.record(first, count, at=Utc(bench.clock.utc() - first * 40_000))
            bench.settle()
            if self.name == "open":
                yield bench.store
                await finish(bench)
                return
            if self.name == "closed":
                await finish(bench)
                yield bench.store
                return
            copy = self.folder / "copy"
            shutil.copytree(self.folder, copy, ignore=shutil.ignore_patterns("copy"))
            with opened(copy, bench.clock) as other:
                yield other.store
            await finish(bench)


@pytest.fixture(params=["open", "closed", "recovered"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(request.param, tmp_path)


def read_number(store: Recordings, segment: SegmentId, offset: int) -> int:
    """Return the number that `picture` wrote into its bytes."""
    file = store.open_segment(segment)
    try:
        return int(struct.unpack(">I", os.pread(file.fd, 4, offset + 4))[0])
    finally:
        os.close(file.fd)


async def test_segments_between_one_recording_found_by_any_touching_range(stage: Stage) -> None:
    async with stage.holding((0, 101, 0)) as store:
        (info,) = store.segments_between(KEY, at_s(1), at_s(2))
        assert (info.start_at, info.has_audio, info.video_codec, info.width_px) == (at_s(0), True, "avc1.640028", 1920)
        assert info.is_open == (stage.name == "open")
        assert store.segment(info.id) == info
        assert store.segments_between(KEY, at_s(100), at_s(200)) == []
        assert store.segments_between(key_of(2), at_s(0), at_s(100)) == []


async def test_fragments_of_a_segment_cover_the_file_without_a_hole(stage: Stage) -> None:
    async with stage.holding((0, 101, 0)) as store:
        (info,) = store.segments_between(KEY, at_s(0), at_s(9))
        fragments = store.fragments(info.id)
        assert [fragment.is_key for fragment in fragments[:4]] == [True, False, True, False]
        assert sum(fragment.frames for fragment in fragments) == info.frames
        for before, after in itertools.pairwise(fragments):
            assert before.end_offset == after.offset
            assert before.start_ticks + before.duration_ticks == after.start_ticks
            assert before.audio_bytes > 0
        assert fragments[-1].end_offset == info.size_bytes
        file = store.open_segment(info.id)
        assert file.size_bytes == info.size_bytes
        assert os.pread(file.fd, 8, fragments[1].offset)[4:] == b"moof"
        assert os.pread(file.fd, 8, fragments[1].audio_offset)[4:] == b"moof"
        os.close(file.fd)


async def test_locate_any_frame_is_exact_and_decodable(stage: Stage) -> None:
    async with stage.holding((0, 101, 0)) as store:
        for number in (0, 1, 24, 25, 49, 50, 51, 99):
            found = store.locate(KEY, Utc(at_s(number / 25) + 39_000))
            assert found is not None
            assert found.frame_at == at_s(number / 25)
            assert found.samples[0].is_key
            assert len(found.samples) == number % 50 + 1
            assert read_number(store, found.segment.id, found.samples[-1].offset) == number
            assert read_number(store, found.segment.id, found.samples[0].offset) == number // 50 * 50


async def test_locate_key_between_key_frames_gives_the_one_before(stage: Stage) -> None:
    async with stage.holding((0, 101, 0)) as store:
        found = store.locate_key(KEY, at_s(3.9))
        assert found is not None
        assert (found.frame_at, len(found.samples)) == (at_s(2), 1)
        assert read_number(store, found.segment.id, found.samples[0].offset) == 50


async def test_locate_outside_recording_gives_none(stage: Stage) -> None:
    async with stage.holding((0, 101, 0)) as store:
        for at in (at_s(-1), at_s(30)):
            assert store.locate(KEY, at) is None
            assert store.locate_key(KEY, at) is None
        assert store.locate(key_of(2), at_s(1)) is None


async def test_timeline_interrupted_recording_has_spans_and_a_reason(stage: Stage) -> None:
    async with stage.holding((0, 101, 0), (0, 101, 60)) as store:
        timeline = store.timeline(KEY, at_s(-10), at_s(65))
        assert timeline.first_at == at_s(0)
        first, second = timeline.spans
        assert (first.from_at, first.to_at) == (at_s(0), at_s(4.04))
        assert second.from_at == at_s(64.04)
        assert [(gap.from_at, gap.to_at, gap.reason) for gap in timeline.gaps] == [(at_s(4.04), at_s(64.04), "ended")]


async def test_timeline_of_an_unknown_stream_is_empty(stage: Stage) -> None:
    async with stage.holding((0, 101, 0)) as store:
        timeline = store.timeline(key_of(2), at_s(0), at_s(100))
        assert (timeline.first_at, timeline.last_at, timeline.spans, timeline.gaps) == (None, None, (), ())


async def test_init_bytes_of_a_segment_are_ftyp_and_moov_only(stage: Stage) -> None:
    async with stage.holding((0, 101, 0)) as store:
        (info,) = store.segments_between(KEY, at_s(0), at_s(9))
        init = store.init_bytes(info.id)
        assert len(init) == info.init_bytes == store.fragments(info.id)[0].offset
        formats = parse_init(init)
        assert (formats[1], formats[0].codec_string) == (AUDIO, VIDEO.codec_string)


async def test_unknown_segment_is_not_found(stage: Stage) -> None:
    unknown = SegmentId("seg_0000000000000000")
    async with stage.holding((0, 101, 0)) as store:
        assert store.segment(unknown) is None
        for ask in (store.fragments, store.open_segment, store.init_bytes):
            with pytest.raises(BrightKitchenError) as caught:
                ask(unknown)
            assert (caught.value.kind, caught.value.code) == (Kind.NOT_FOUND, "store.segment_unknown")


async def test_timeline_while_recording_has_no_gap_at_its_end(tmp_path: Path) -> None:
    with opened(tmp_path, ManualClock()) as bench:
        await begin(bench)
        await bench.record(0, 101)
        bench.settle()
        timeline = bench.store.timeline(KEY, at_s(1), at_s(3600))
        assert timeline.spans == (Span(at_s(1), at_s(4)),)
        assert timeline.gaps == ()
        await finish(bench)


async def test_timeline_after_orderly_stop_says_node_stopped_until_now(tmp_path: Path) -> None:
    with opened(tmp_path, ManualClock()) as bench:
        await begin(bench)
        await bench.record(0, 100)
        await finish(bench)
        bench.clock.jump(100)
        timeline = bench.store.timeline(KEY, at_s(0), at_s(3600))
        assert timeline.gaps == (Gap(at_s(4), bench.clock.utc(), "node_stopped"),)


async def test_timeline_after_a_death_says_node_stopped_until_recorded_again(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with opened(tmp_path, ManualClock()) as bench:
        await begin(bench)
        await bench.record(0, 101)
        bench.settle()
        shutil.copytree(tmp_path, copy, ignore=shutil.ignore_patterns("copy"))
        await finish(bench)
    clock = ManualClock(at_s(100))
    with opened(copy, clock, seed=8) as bench:
        assert bench.store.recovered.segments == 1
        await begin(bench)
        await bench.record(0, 101, at=at_s(100))
        await finish(bench)
        timeline = bench.store.timeline(KEY, at_s(0), at_s(104))
        assert timeline.gaps == (Gap(at_s(4), at_s(100), "node_stopped"),)
        assert [info.end_reason for info in bench.store.segments_between(KEY, at_s(0), at_s(200))] == [
            EndReason.RECOVERED,
            EndReason.STOPPED,
        ]


async def test_long_recording_is_cut_at_key_frames_and_loses_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, ManualClock(), segment_s=10) as bench:
        await begin(bench)
        for second in range(40):
            await bench.record(second * 25, 25)
        await finish(bench)
        infos = bench.store.segments_between(KEY, at_s(0), at_s(3600))
        assert sum(info.frames for info in infos) == 1000
        assert [info.end_reason for info in infos[:-1]] == [EndReason.FULL] * (len(infos) - 1)
        assert all(before.end_at == after.start_at for before, after in itertools.pairwise(infos))
        assert all(bench.store.fragments(info.id)[0].is_key for info in infos)
        assert bench.store.timeline(KEY, at_s(0), at_s(3600)).spans == (Span(at_s(0), at_s(40)),)
        assert len({info.run for info in infos}) == 1


async def test_second_process_on_the_same_store_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, ManualClock()), pytest.raises(BrightKitchenError) as caught:
        Store.open(tmp_path, ManualClock())
    assert (caught.value.kind, caught.value.code) == (Kind.CONFLICT, "store.locked")


async def test_store_of_a_newer_version_is_refused_and_unlocked(tmp_path: Path) -> None:
    with opened(tmp_path, ManualClock()):
        pass
    with closing(sqlite3.connect(tmp_path / "index.sqlite3")) as db:
        db.execute("PRAGMA user_version=99")
    for _ in range(2):
        with pytest.raises(BrightKitchenError) as caught:
            Store.open(tmp_path, ManualClock())
        assert caught.value.code == "store.newer"


async def test_file_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with opened(tmp_path / "store", ManualClock()) as bench:
        await begin(bench)
        await bench.record(0, 100)
        await finish(bench)
        (info,) = bench.store.segments_between(KEY, at_s(0), at_s(9))
        path = tmp_path / "store" / "segments" / KEY.camera / "20261123" / f"{info.id}.mp4"
        path.unlink()
        path.symlink_to(tmp_path / "secret")
        with pytest.raises(OSError, match="Too many levels of symbolic links"):
            bench.store.open_segment(info.id)
        path.unlink()
        with pytest.raises(BrightKitchenError) as caught:
            bench.store.open_segment(info.id)
        assert caught.value.kind is Kind.NOT_FOUND
