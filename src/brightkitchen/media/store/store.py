"""The store of one node: files, index, and the answers. Invariants and procedures: docs/design/storage.md."""

import errno
import fcntl
import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy, SystemEntropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import SegmentId, StreamKey
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import Utc, ticks_to_us
from brightkitchen.media.store.appender import Appender, WriteFailure
from brightkitchen.media.store.closer import Closer
from brightkitchen.media.store.commands import Command, ForIndex
from brightkitchen.media.store.deletion import sweep
from brightkitchen.media.store.files import Files, Names, RealFiles
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.keeper import Keeper, RoomRules
from brightkitchen.media.store.layout import OPEN, SEGMENTS, final_names, open_names
from brightkitchen.media.store.ledger import Ledger
from brightkitchen.media.store.model import (
    JOIN_TOLERANCE_US,
    Fragment,
    FrameLocation,
    GapReason,
    OpenFile,
    SampleRange,
    SegmentInfo,
    Span,
    Timeline,
)
from brightkitchen.media.store.opened import OpenSegments
from brightkitchen.media.store.queries import clip_spans, explain_holes, holes_between, join_spans, overlay_gaps
from brightkitchen.media.store.recovery import Recovered, note_stop, recover
from brightkitchen.media.store.samples import read_samples
from brightkitchen.media.store.volumes import VolumePlace, Volumes, register_volumes
from brightkitchen.media.store.worker import Worker

log = get_logger(__name__)

RESERVE_BYTES: Final = 256 * 1024 * 1024
COMMIT_EVERY_S: Final = 0.5
_REORDER_TICKS: Final = 90_000


@dataclass(frozen=True, slots=True)
class StoreRules:
    """How a store behaves; the defaults are the product's.

    reserve_bytes: below it writing stops like on a full disk. room: when the oldest is deleted. quota_bytes: of the store's own folder,
    0: all that the disk has. places: further volumes.
    """

    reserve_bytes: int = RESERVE_BYTES
    commit_every_s: float = COMMIT_EVERY_S
    room: RoomRules = field(default_factory=RoomRules)
    quota_bytes: int = 0
    places: tuple[VolumePlace, ...] = ()


class Store:
    """One folder, one process (I1). Writing is handed over in lists and done on two threads; questions are synchronous.

    `submit` must come from one thread (the event loop's). Everything of `ports.Recordings` may be asked from any. `keeper` looks
    after what is kept, on a third thread.
    """

    def __init__(
        self, volumes: Volumes, index: Index, lock_fd: int, clock: Clock, rules: StoreRules, keeper: Keeper
    ) -> None:
        self.volumes = volumes
        self._index = index
        self._lock_fd = lock_fd
        self._clock = clock
        self.keeper = keeper
        self._opened = keeper.opened
        self._closer = Closer(volumes, index, self._opened)
        self._closing: Worker[ForIndex] = Worker("bk-index", self._closer.handle, gather_s=rules.commit_every_s)
        self._appender = Appender(volumes, self._opened, pass_on=self._closing.put, on_full=keeper.wake)
        self._writing: Worker[Command] = Worker("bk-write", self._appender.handle)
        self._submitted_bytes = 0
        self.recovered = Recovered()

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Clock,
        *,
        files: Files | None = None,
        rules: StoreRules | None = None,
        entropy: Entropy | None = None,
        reserve_bytes: int | None = None,
        commit_every_s: float | None = None,
    ) -> Self:
        """Lock, create or open, and recover (P4) the store in `folder`; then writing may begin.

        reserve_bytes, commit_every_s: instead of those of `rules`.
        raises: BrightKitchenError(CONFLICT, "store.locked") while another process has it, (CONFLICT, "store.newer").
        """
        rules, entropy = rules or StoreRules(), entropy or SystemEntropy()
        if reserve_bytes is not None:
            rules = replace(rules, reserve_bytes=reserve_bytes)
        if commit_every_s is not None:
            rules = replace(rules, commit_every_s=commit_every_s)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock_fd = lock_store(folder)
        try:
            own = files or RealFiles(folder)
            own.make_dir((OPEN,))
            own.make_dir((SEGMENTS,))
            path = folder / "index.sqlite3"
            index, keeping = Index(path), Index(path)
            volumes = register_volumes(index, own, rules.places, entropy)
            volumes.reserve_bytes = rules.reserve_bytes
            volumes.all[0].quota_bytes = rules.quota_bytes
            volumes.look_for_room()
            index.hidden = keeping.hidden = volumes.missing
            keeper = Keeper(keeping, volumes, OpenSegments(), clock=clock, entropy=entropy, rules=rules.room)
            store = cls(volumes, index, lock_fd, clock, rules, keeper)
            keeper.on_hidden = store._hide
            store.recovered = store._recover()
        except BaseException:
            os.close(lock_fd)
            raise
        return store

    def _recover(self) -> Recovered:
        found = Recovered()
        for volume in self.volumes.all:
            if volume.files is not None:
                found += recover(volume.files, self._index, volume=volume.no)
        note_stop(self._index)
        try:
            sweep(self._index, Ledger(self._index), self.volumes)  # P4.5
        except OSError as error:
            log.error("garbage left for the keeper", errno=error.errno)
        return found

    def _hide(self, volumes: frozenset[int]) -> None:
        self._index.hidden = volumes

    # -- writing ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads."""
        self._closing.start()
        self._writing.start()
        self.keeper.start()

    def submit(self, commands: list[Command], size_bytes: int) -> None:
        """Hand over work in order. size_bytes: of all media in it. Never blocks; ask `queued_bytes` before."""
        self._submitted_bytes += size_bytes
        self._writing.put(commands)

    @property
    def queued_bytes(self) -> int:
        """Media handed over and not written yet."""
        return self._submitted_bytes - self._appender.done_bytes

    @property
    def has_room(self) -> bool:
        """False: every volume is full, as the writing thread saw it at the last `submit`."""
        return self.volumes.has_room

    @property
    def can_write(self) -> bool:
        """True if some volume has room and did not refuse its last write."""
        return self.volumes.can_write

    @property
    def is_making_room(self) -> bool:
        """True while a full volume still has something that may be deleted: it is worth trying again soon."""
        return self.keeper.is_making_room

    @property
    def is_alive(self) -> bool:
        """False: a thread ended by a bug; this process must be started anew."""
        return self._writing.is_alive and self._closing.is_alive and self.keeper.is_alive

    def take_failures(self) -> list[WriteFailure]:
        """Return the segments that could not be written since the last call."""
        failures: list[WriteFailure] = []
        while self._appender.failures:
            failures.append(self._appender.failures.popleft())
        return failures

    def wait_idle(self, timeout_s: float) -> bool:
        """Return True when all that was handed over is written, closed and indexed; False if that took longer."""
        return self._writing.wait_idle(timeout_s / 2) and self._closing.wait_idle(timeout_s / 2)

    def wait_written(self, timeout_s: float) -> bool:
        """Return True when all that was handed over is in the files; False if that took longer."""
        return self._writing.wait_idle(timeout_s)

    def close(self, timeout_s: float = 4.0) -> bool:
        """Finish what was handed over and release the folder. Return False if the disk did not answer in time.

        Then nothing is lost but time: the next start recovers what stayed under open/ (P4).
        """
        self.keeper.end_soon()
        in_time = self._writing.stop(timeout_s / 2) and self._closing.stop(timeout_s / 2)
        in_time = self.keeper.stop(timeout_s / 4) and in_time
        if in_time:
            self._index.close()
            self.keeper.close()
            self.volumes.close()
        os.close(self._lock_fd)
        return in_time

    # -- questions (ports.Recordings) ---------------------------------------------------------------------------------

    def timeline(self, key: StreamKey, from_at: Utc, to_at: Utc) -> Timeline:
        open_now = [Span(info.start_at, info.end_at) for info in self._open_infos(key)]
        bounds = self._index.load_bounds(key)
        every = [*open_now, *([bounds] if bounds is not None else [])]
        first_at = min((span.from_at for span in every), default=None)
        last_at = max((span.to_at for span in every), default=None)
        known_from_at = self._index.load_deleted_since(key) or first_at
        if known_from_at is None:
            return Timeline(from_at, to_at, None, None, (), ())
        stored = self._index.load_spans(key, from_at, to_at)
        joined = join_spans([*(span for span, is_there in stored if is_there), *open_now])
        until = Utc(min(to_at, self._clock.utc()))
        since = Utc(max(from_at, known_from_at))
        holes = [hole for hole in holes_between(joined, since, until) if self._is_hole(hole, last_at)]
        away = join_spans(span for span, is_there in stored if not is_there)
        noted = self._index.load_gaps(key, since, until) if holes else []
        gaps = explain_holes(holes, overlay_gaps(noted, away, GapReason.VOLUME_MISSING.value))
        return Timeline(from_at, to_at, first_at, last_at, tuple(clip_spans(joined, from_at, to_at)), tuple(gaps))

    def _is_hole(self, hole: Span, last_at: Utc | None) -> bool:
        """The stretch from what is written to this moment is no gap while a file is open and a second or two behind."""
        return last_at is None or hole.from_at < last_at or hole.to_at - hole.from_at >= 3 * JOIN_TOLERANCE_US

    def segments_between(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[SegmentInfo]:
        open_infos = self._open_infos(key)  # first: a segment that gets its row meanwhile is then seen twice, not never
        rows = self._index.load_segments(key, from_at, to_at)
        known = {row.id for row in rows}
        touching = [i for i in open_infos if i.id not in known and i.start_at < to_at and i.end_at > from_at]
        return sorted([*rows, *touching], key=lambda info: info.start_at)

    def segment(self, segment_id: SegmentId) -> SegmentInfo | None:
        opened = self._opened.get(segment_id)
        return opened.info() if opened is not None else self._index.load_segment(segment_id)

    def fragments(self, segment_id: SegmentId) -> Sequence[Fragment]:
        opened = self._opened.get(segment_id)
        found = opened.fragments if opened is not None else self._index.load_fragments(segment_id)
        if not found:
            raise _unknown(segment_id)
        return found

    def locate(self, key: StreamKey, at: Utc) -> FrameLocation | None:
        info = self._segment_at(key, at)
        return self._locate_in(info, at) if info is not None else None

    def locate_key(self, key: StreamKey, at: Utc) -> FrameLocation | None:
        info = self._segment_at(key, at)
        if info is None:
            return None
        group = _group_of(self.fragments(info.id), info, at)
        samples = self._samples(info, group[:1])[:1]
        return FrameLocation(info, group[0].start_ticks, tuple(samples), samples[0].at)

    def open_segment(self, segment_id: SegmentId) -> OpenFile:
        info = self.segment(segment_id)
        if info is None:
            raise _unknown(segment_id)
        return OpenFile(self._open_file(info), info.size_bytes, info.is_open)

    def init_bytes(self, segment_id: SegmentId) -> bytes:
        info = self.segment(segment_id)
        if info is None:
            raise _unknown(segment_id)
        fd = self._open_file(info)
        try:
            return os.pread(fd, info.init_bytes, 0)
        finally:
            os.close(fd)

    def _open_infos(self, key: StreamKey) -> list[SegmentInfo]:
        return [opened.info() for opened in self._opened.of(key)]

    def _segment_at(self, key: StreamKey, at: Utc) -> SegmentInfo | None:
        """Return the segment that shows something at `at`: the latest that began, if it did not end long before."""
        began = [info for info in self._open_infos(key) if info.start_at <= at]
        row = self._index.load_last_before(key, at)
        if row is not None:
            began.append(row)
        if not began:
            return None
        info = max(began, key=lambda one: one.start_at)
        return info if at < info.end_at + JOIN_TOLERANCE_US else None

    def _locate_in(self, info: SegmentInfo, at: Utc) -> FrameLocation:
        """Within a group, a picture shown earlier may be stored later (B-frames), by less than _REORDER_TICKS."""
        group = _group_of(self.fragments(info.id), info, at)
        samples = self._samples(info, group)
        shown = [number for number, sample in enumerate(samples) if sample.at <= at]
        last = max(shown, key=lambda number: samples[number].at, default=0)
        return FrameLocation(info, group[0].start_ticks, tuple(samples[: last + 1]), samples[last].at)

    def _samples(self, info: SegmentInfo, fragments: Sequence[Fragment]) -> list[SampleRange]:
        fd = self._open_file(info)

        def read(offset: int, size_bytes: int) -> bytes:
            return os.pread(fd, size_bytes, offset)

        try:
            return [
                SampleRange(
                    sample.offset, sample.size_bytes, Utc(info.start_at + ticks_to_us(sample.pts)), sample.is_key
                )
                for fragment in fragments
                for sample in read_samples(read, fragment, info.init_bytes)
            ]
        finally:
            os.close(fd)

    def _open_file(self, info: SegmentInfo) -> int:
        """Look in both places, twice: P3 may move the file between two looks (I3)."""
        places: tuple[Names, ...] = (open_names(info.id), final_names(info.id, info.key, info.start_at))
        for names in (*places, *places):
            try:
                return self.volumes.files_of(info.volume).open_read(names)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno != errno.ENODEV:
                    raise
        if self.segment(info.id) is not None:  # else it was deleted meanwhile, or its volume went away
            log.error("file of a listed segment is missing", segment=info.id)
        raise _unknown(info.id)


def _group_of(fragments: Sequence[Fragment], info: SegmentInfo, at: Utc) -> Sequence[Fragment]:
    """Return the fragments of the group of pictures shown at `at`, as far as its picture can be stored."""
    ticks = (at - info.start_at) * 9 // 100
    here = max(0, bisect_right(fragments, ticks, key=lambda fragment: fragment.start_ticks) - 1)
    first = here
    while first > 0 and not fragments[first].is_key:
        first -= 1
    last = here + 1
    while (
        last < len(fragments) and not fragments[last].is_key and fragments[last].start_ticks <= ticks + _REORDER_TICKS
    ):
        last += 1
    return fragments[first:last]


def _unknown(segment_id: SegmentId) -> BrightKitchenError:
    return BrightKitchenError(Kind.NOT_FOUND, "store.segment_unknown", segment=segment_id)


def lock_store(folder: Path) -> int:
    fd = os.open(folder / "store.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as cause:
        os.close(fd)
        raise BrightKitchenError(Kind.CONFLICT, "store.locked", folder=str(folder)) from cause
    return fd
