"""A store with closed files of many days, made the way the recorder makes them, and a keeper that a test steps by hand."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from tests.media_synthetic import AUDIO, FRAME_TICKS, START_AT, VIDEO, stretch

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.ids import SegmentId, StreamKey
from brightkitchen.kernel.recordingplan import DeletedRange
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.appender import Appender
from brightkitchen.media.store.closer import Closer
from brightkitchen.media.store.commands import Append, Close
from brightkitchen.media.store.files import Files, RealFiles
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.keeper import Keeper, RoomRules
from brightkitchen.media.store.layout import OPEN, SEGMENTS, SegmentLabel
from brightkitchen.media.store.model import EndReason
from brightkitchen.media.store.opened import OpenSegment, OpenSegments
from brightkitchen.media.store.volumes import Volumes
from brightkitchen.wire.fmp4 import writer

DAY_US = 86_400 * US_PER_S
HOUR_US = 3600 * US_PER_S
FILE_S = 2
NO_MARK = RoomRules(mark_bytes=0, mark_ratio=0.0)


def day(number: float) -> Utc:
    """Return an instant `number` days after the first recording."""
    return Utc(START_AT + int(number * DAY_US))


@cache
def _second(number: int) -> tuple[bytes, ...]:
    units = stretch(number * 25, 25, gop=25, size_bytes=200)
    pictures = [unit for unit in units if unit.track == 0]
    end = (number + 1) * 25 * FRAME_TICKS
    return tuple(writer.build_fragment(0, VIDEO, pictures, sequence=number, base_ticks=0, end_ticks=end))


def closed_file(key: StreamKey, name: int, at: Utc) -> tuple[OpenSegment, list[Append]]:
    """Return a file of FILE_S seconds that begins at `at`, and what writes it."""
    label = SegmentLabel(
        segment=SegmentId(f"seg_{name:016d}"),
        camera=key.camera,
        profile=key.profile.value,
        run=f"run_{at // DAY_US}",
        start_at=at,
        video_codec="avc1.640028",
        audio_codec="",
        width_px=1920,
        height_px=1080,
    )
    segment = OpenSegment(label, writer.build_init({0: VIDEO, 1: AUDIO}))
    commands = [
        Append(
            segment=segment,
            buffers=list(_second(number)),
            video_bytes=sum(map(len, _second(number))),
            audio_bytes=0,
            start_ticks=number * 90_000,
            duration_ticks=90_000,
            frames=25,
            is_key=True,
        )
        for number in range(FILE_S)
    ]
    return segment, commands


def record(volumes: Volumes, index: Index, starts: Sequence[tuple[StreamKey, Utc]], *, first_name: int = 0) -> None:
    """Write and close a file for each start."""
    opened = OpenSegments()
    closer = Closer(volumes, index, opened)
    appender = Appender(volumes, opened, pass_on=closer.handle)
    for number, (key, at) in enumerate(starts, start=first_name):
        segment, commands = closed_file(key, number, at)
        appender.handle([*commands, Close(segment, EndReason.FULL)])
        assert not appender.failures
        assert closer.backlog == 0


def make_store(folder: Path, starts: Sequence[tuple[StreamKey, Utc]]) -> None:
    """A store folder with these files, closed in order."""
    folder.mkdir()
    (folder / OPEN).mkdir()
    (folder / SEGMENTS).mkdir()
    files = RealFiles(folder)
    with closing(Index(folder / "index.sqlite3")) as index:
        record(Volumes.of(files), index, starts)
    files.close_root()


class Bench:
    """Keeper, clock and what they look after; nothing runs by itself."""

    def __init__(self, index: Index, volumes: Volumes, clock: ManualClock, rules: RoomRules) -> None:
        self.index = index
        self.volumes = volumes
        self.clock = clock
        self.opened = OpenSegments()
        self.told = 0
        self.keeper = Keeper(index, volumes, self.opened, clock=clock, entropy=SeededEntropy(3), rules=rules)
        self.keeper.tell = self._count

    def _count(self) -> None:
        self.told += 1

    def work(self, turns: int = 50) -> None:
        """Step until nothing is left to do at this time."""
        for _ in range(turns):
            if self.keeper.step() >= 1:
                return
        raise AssertionError("the keeper finds no end")

    def state(self, number: int = 0) -> str:
        return self.keeper.states[number].state

    def starts(self, key: StreamKey) -> list[Utc]:
        """Return when the files of a stream begin."""
        return [info.start_at for info in self.index.load_segments(key, Utc(0), Utc(START_AT * 2))]

    def proofs(self) -> list[DeletedRange]:
        return [proof for _, proof in self.keeper.load_proofs(10_000)]


@contextmanager
def kept(
    folder: Path,
    clock: ManualClock,
    *,
    rules: RoomRules = NO_MARK,
    files: Files | None = None,
    index: Index | None = None,
) -> Iterator[Bench]:
    """The keeper of the store in `folder`."""
    own = files or RealFiles(folder)
    rows = index or Index(folder / "index.sqlite3")
    try:
        yield Bench(rows, Volumes.of(own), clock, rules)
    finally:
        rows.close()
        own.close_root()
