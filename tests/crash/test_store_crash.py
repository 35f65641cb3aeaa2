"""Kill after every step of every procedure of docs/design/storage.md, open again, and look whether the invariants hold."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.crash.crashing_files import CrashingFiles, PlugPulledError
from tests.media_synthetic import AUDIO, FRAME_TICKS, START_AT, VIDEO, key_of, stretch

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.ids import SegmentId, StreamKey
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.appender import Appender
from brightkitchen.media.store.closer import Closer
from brightkitchen.media.store.commands import Append, AppendAudio, Close, Command, GapEnd, GapStart
from brightkitchen.media.store.files import RealFiles
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, SEGMENTS, SegmentLabel
from brightkitchen.media.store.model import EndReason, GapReason
from brightkitchen.media.store.opened import OpenSegment, OpenSegments
from brightkitchen.media.store.recovery import recover
from brightkitchen.media.store.samples import scan_whole
from brightkitchen.media.store.store import Store
from brightkitchen.media.store.volumes import Volumes
from brightkitchen.wire.fmp4 import writer

KEYS = (key_of(1), key_of(2))
FRAMES = 25


def append(segment: OpenSegment, number: int, *, audio: bool = True) -> Append:
    """One second: pictures number*25 … and their sound."""
    units = stretch(number * FRAMES, FRAMES, gop=FRAMES, size_bytes=400)
    end = (number + 1) * FRAMES * FRAME_TICKS
    video = writer.build_fragment(0, VIDEO, [u for u in units if u.track == 0], sequence=1, base_ticks=0, end_ticks=end)
    sound = writer.build_fragment(1, AUDIO, [u for u in units if u.track == 1], sequence=2, base_ticks=0, end_ticks=end)
    return Append(
        segment=segment,
        buffers=[*video, *(sound if audio else [])],
        video_bytes=sum(map(len, video)),
        audio_bytes=sum(map(len, sound)) if audio else 0,
        start_ticks=number * FRAMES * FRAME_TICKS,
        duration_ticks=FRAMES * FRAME_TICKS,
        frames=FRAMES,
        is_key=True,
    )


def late_sound(segment: OpenSegment) -> AppendAudio:
    units = [unit for unit in stretch(0, 2) if unit.track == 1]
    buffers = writer.build_fragment(1, AUDIO, units, sequence=3, base_ticks=0, end_ticks=4 * 1800)
    return AppendAudio(segment, buffers, sum(map(len, buffers)))


def begin(key: StreamKey, number: int) -> OpenSegment:
    label = SegmentLabel(
        segment=SegmentId(f"seg_0{key.camera[-1]}0000000000000{number}"),
        camera=key.camera,
        profile=key.profile.value,
        run="run_1",
        start_at=Utc(START_AT + number * 3_000_000),
        video_codec="avc1.640028",
        audio_codec="pcma",
        width_px=1920,
        height_px=1080,
    )
    return OpenSegment(label, writer.build_init({0: VIDEO, 1: AUDIO}))


def story() -> list[list[Command]]:
    """Two cameras, two files each, sound that comes late, a pause; as hand-overs."""
    turns: list[list[Command]] = []
    for number in range(2):
        segments = [begin(key, number) for key in KEYS]
        turns.append([GapEnd(segment.label.key, segment.label.start_at) for segment in segments])
        turns.extend([append(segment, second) for segment in segments] for second in range(2))
        turns.append([append(segments[0], 2, audio=False), append(segments[1], 2)])
        turns.append([late_sound(segments[0]), Close(segments[0], EndReason.FULL)])
        turns.append([Close(segments[1], EndReason.CONNECTION), GapStart(KEYS[1], Utc(START_AT + 1), "ended")])
    left_open = begin(KEYS[0], 2)
    turns.append([append(left_open, 0), append(left_open, 1)])
    return turns


def tell(folder: Path, files: CrashingFiles) -> int:
    """Play `story` with `files` until it ends or dies; return the frames whose write had returned."""
    written = 0
    with closing(Index(folder / "index.sqlite3")) as index:
        opened, volumes = OpenSegments(), Volumes.of(files)
        closer = Closer(volumes, index, opened)
        appender = Appender(volumes, opened, pass_on=closer.handle)
        try:
            for turn in story():
                for command in turn:
                    appender.handle([command])
                    written += command.frames if isinstance(command, Append) else 0
        except PlugPulledError:
            pass
        for segment in opened.all():
            if segment.fd >= 0:
                os.close(segment.fd)
    return written


def prepare(folder: Path) -> Path:
    folder.mkdir()
    (folder / OPEN).mkdir()
    (folder / SEGMENTS).mkdir()
    return folder


def check_invariants(folder: Path) -> int:
    """Open the store and compare rows with files, both ways; return the frames that are listed."""
    store = Store.open(folder, ManualClock(), reserve_bytes=0)
    files = RealFiles(folder)
    try:
        listed: set[str] = set()
        frames = 0
        for key in KEYS:
            infos = store.segments_between(key, Utc(0), Utc(START_AT * 2))
            for info in infos:
                opened = store.open_segment(info.id)
                try:
                    size = os.fstat(opened.fd).st_size
                    assert size == info.size_bytes == opened.size_bytes
                    fragments = store.fragments(info.id)
                    found = scan_whole(lambda at, n, fd=opened.fd: os.pread(fd, n, at), size)  # type: ignore[misc]  # a default binds the loop's value
                    assert found == tuple(fragments)
                    assert found[-1].end_offset == size
                finally:
                    os.close(opened.fd)
                assert store.locate(key, info.start_at) is not None
                frames += info.frames
                listed.add(f"{info.id}.mp4")
            assert all(before.end_at <= after.start_at for before, after in itertools.pairwise(infos))
        assert os.listdir(folder / OPEN) == []
        assert {path.name for path in (folder / SEGMENTS).rglob("*.mp4")} == listed
        return frames
    finally:
        files.close_root()
        store.start()
        store.close()


def count_steps(folder: Path) -> int:
    files = CrashingFiles(prepare(folder))
    tell(folder, files)
    files.close_root()
    return files.steps


def count_listed(folder: Path) -> int:
    """Return the frames that the index promises."""
    with closing(Index(folder / "index.sqlite3")) as index:
        return sum(info.frames for key in KEYS for info in index.load_segments(key, Utc(0), Utc(START_AT * 2)))


def test_every_step_of_create_append_close_killed_loses_nothing_written(tmp_path: Path) -> None:
    total = count_steps(tmp_path / "dry")
    assert total > 30
    print(f"{total} steps of P1 to P3 killed")
    for step in range(total + 1):
        folder = prepare(tmp_path / f"kill{step}")
        files = CrashingFiles(folder, die_at=step)
        written = tell(folder, files)
        files.close_root()
        frames = check_invariants(folder)
        assert frames >= written, step
        assert frames - written <= FRAMES, step  # the one that died behind its last byte


def test_every_step_of_create_append_close_without_power_keeps_the_index_true(tmp_path: Path) -> None:
    total = count_steps(tmp_path / "dry")
    for step in range(total + 1):
        folder = prepare(tmp_path / f"power{step}")
        files = CrashingFiles(folder, die_at=step)
        tell(folder, files)
        promised = count_listed(folder)
        files.lose_power()
        files.close_root()
        assert check_invariants(folder) == promised, step


@pytest.mark.parametrize("loses_power", [False, True])
def test_every_step_of_recovery_killed_recovers_the_same(tmp_path: Path, loses_power: bool) -> None:
    total = count_steps(tmp_path / "dry")
    dead = range(3, total + 1, 4)
    killed = 0
    for step in dead:
        template = prepare(tmp_path / f"dead{step}")
        files = CrashingFiles(template, die_at=step)
        written = tell(template, files)
        files.close_root()
        for again in range(40):
            folder = tmp_path / f"dead{step}_{again}"
            shutil.copytree(template, folder)
            second = CrashingFiles(folder, die_at=again)
            with closing(Index(folder / "index.sqlite3")) as index:
                try:
                    recover(second, index)
                    is_done = True
                except PlugPulledError:
                    is_done, killed = False, killed + 1
            if loses_power:
                promised = count_listed(folder)
                second.lose_power()
                second.close_root()
                assert check_invariants(folder) >= promised
            else:
                second.close_root()
                assert check_invariants(folder) >= written
            if is_done:
                break
        else:
            pytest.fail("recovery takes more than 40 steps")
    print(f"{killed} steps of P4 killed after {len(dead)} deaths, power lost: {loses_power}")


def test_recovery_after_a_death_notes_since_when_the_node_was_stopped(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "store")
    files = CrashingFiles(folder)
    tell(folder, files)
    files.close_root()
    clock = ManualClock(Utc(START_AT + 60_000_000))
    store = Store.open(folder, clock)
    gaps = store.timeline(KEYS[0], START_AT, clock.utc()).gaps
    assert [(gap.from_at, gap.reason) for gap in gaps] == [(START_AT + 8_000_000, GapReason.NODE_STOPPED.value)]
    store.start()
    store.close()


def test_file_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "store")
    for name in ("lost+found.mp4", "seg_notanid.mp4", "readme"):
        (folder / OPEN / name).write_bytes(b"x")
    store = Store.open(folder, ManualClock())
    store.start()
    store.close()
    assert len(os.listdir(folder / OPEN)) == 3


def test_file_with_half_a_head_is_removed(tmp_path: Path) -> None:
    segment = begin(KEYS[0], 0)
    for size in range(0, len(segment.head) + 40, 61):
        folder = prepare(tmp_path / f"head{size}")
        whole = segment.head + b"".join(append(segment, 0).buffers)
        (folder / OPEN / f"{segment.label.id}.mp4").write_bytes(whole[:size])
        assert check_invariants(folder) == 0


_CHILD = """
import asyncio, sys
from pathlib import Path
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.store.store import Store
from brightkitchen.media.store.volumes import Volumes
from brightkitchen.wire.fmp4 import writer
from tests.media_synthetic import HandSources, key_of, stretch

async def main() -> None:
    clock, entropy = SystemClock(), SystemEntropy()
    store = Store.open(Path(sys.argv[1]), clock, reserve_bytes=0, commit_every_s=0.02)
    store.start()
    hub = Hub(clock=clock, entropy=entropy, supervisor=Supervisor(clock, entropy))
    recorder = Recorder(store, writer, clock=clock, entropy=entropy, segment_s=4)
    fed = []
    for key in (key_of(1), key_of(2)):
        sources = HandSources()
        recorder.start(hub.add(key, sources))
        fed.append(sources)
    await clock.sleep(0)
    for sources in fed:
        sources.last.connect()
    for number in range(0, 1_000_000, 10):
        for sources in fed:
            sources.last.feed(stretch(number, 10, gop=25, size_bytes=4000))
        recorder.hand_over()
        assert store.wait_idle(10)
        print(number + 10, flush=True)
        await clock.sleep(0)

asyncio.run(main())
"""


def test_process_killed_while_writing_loses_at_most_one_group_of_pictures(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for frames in (300, 1110):
        folder = tmp_path / f"store{frames}"
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"},
        )
        assert child.stdout is not None
        with child, child.stdout:
            for line in child.stdout:
                if int(line) >= frames:
                    child.send_signal(signal.SIGKILL)
                    break
            told = max([frames, *(int(line) for line in child.stdout)])
        assert child.returncode == -signal.SIGKILL
        listed = check_invariants(folder)
        assert 2 * (told - FRAMES) <= listed <= 2 * (told + 10)
