"""Looks after what is kept: room on the volumes, age, holds, hashes still to be read. One thread; decisions and P5 of docs/design/storage.md.

Deleting waits for two things: a list of holds that was had once, and a clock that can be believed (for age). It never takes what is
held, works in bounded batches, and leaves a proof of each range in the same transaction.
"""

import heapq
import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import xxhash

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import SegmentId
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.recordingplan import FLOOR_DAYS, DeletedRange, Hold, VolumeState
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.ageclock import AgeClock
from brightkitchen.media.store.deletion import BATCH_FILES, Why, doom, group_by_stream, sweep
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import final_names, open_names
from brightkitchen.media.store.ledger import HOLDS_VERSION, Ledger, Stored, StreamRow
from brightkitchen.media.store.model import SegmentInfo, Span
from brightkitchen.media.store.opened import OpenSegments
from brightkitchen.media.store.queries import windows_between
from brightkitchen.media.store.recovery import recover
from brightkitchen.media.store.volumes import Volume, Volumes, is_still_there, open_volume
from brightkitchen.media.store.writerate import WriteRate

log = get_logger(__name__)

LOOK_EVERY_S: Final = 2.0
PACE_S: Final = 0.2
LOCK_TIMEOUT_S: Final = 4.0
AGE_EVERY_S: Final = 60.0
HELD_EVERY_S: Final = 300.0
OLDEST_EVERY_S: Final = 30.0
PROBE_EVERY_S: Final = 15.0
STAYS_FILLING_S: Final = 120.0
AGE_STRETCH_US: Final = 6 * 3600 * US_PER_S
_LUMP_US: Final = 3600 * US_PER_S
_DAY_US: Final = 24 * 3600 * US_PER_S
_READ_BYTES: Final = 1 << 20
_BELIEVED: Final = "believed_us"
_DOUBTED: Final = "doubted_us"


@dataclass(frozen=True, slots=True)
class RoomRules:
    """When a volume is filling: less than `mark_bytes`, or than `mark_ratio` of it, is free. Deleting then makes an eighth more room."""

    mark_bytes: int = 2 * 1024 * 1024 * 1024
    mark_ratio: float = 0.02

    def mark(self, total_bytes: int) -> int:
        return max(self.mark_bytes, int(total_bytes * self.mark_ratio))


class Keeper:
    """Owns a writing connection of its own; its lock serialises the keeper's thread with what control says."""

    def __init__(
        self,
        index: Index,
        volumes: Volumes,
        opened: OpenSegments,
        *,
        clock: Clock,
        entropy: Entropy,
        rules: RoomRules,
    ) -> None:
        self._index = index
        self._ledger = Ledger(index)
        self._volumes = volumes
        self.opened = opened
        self._clock = clock
        self._entropy = entropy
        self._rules = rules
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_ending = False
        self._thread: threading.Thread | None = None
        self._age_clock: AgeClock | None = None
        self._looked_s = clock.mono_s()
        self._next_age_s = 0.0
        self._next_held_s = 0.0
        self._next_probe_s = 0.0
        self._filling: dict[int, float] = {}  # volume → until when it says so
        self._full: set[int] = set()
        self._is_pressed = False  # said that it is filling, and has to delete at the next turn
        self._held: dict[int, int] = {}
        self._next_oldest_s = 0.0
        self._oldest: dict[int, Utc | None] = {}
        self._rate = WriteRate()
        self._counted_no = 0
        self._states: tuple[VolumeState, ...] = ()
        self._unread_after: SegmentId | None = None
        self.deleted_files = 0
        self.deleted_bytes = 0
        self.on_hidden: Callable[[frozenset[int]], None] = lambda volumes: None
        self.tell: Callable[[], None] = lambda: None

    # -- what control says: from any thread; raises: TimeoutError while a disk does not answer; sqlite3.Error ----------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Between two turns of the keeper, which may hang with a disk: whoever asks shall not hang with it."""
        if not self._lock.acquire(timeout=LOCK_TIMEOUT_S):
            raise TimeoutError("the keeper waits for a disk")
        try:
            yield
        finally:
            self._lock.release()

    def keep_holds(self, version: int, holds: Sequence[Hold]) -> None:
        """Replace the list of holds; when this returns it is on the disk, and nothing that it names will be deleted."""
        with self._alone(), self._index.transaction():
            self._ledger.save_holds(version, holds)
        self._next_held_s = 0.0
        self._wake.set()

    @property
    def holds_version(self) -> int | None:
        """Of the list that was had last; None: never, and nothing is deleted."""
        with self._alone():
            return self._ledger.load_note(HOLDS_VERSION)

    def keep_plans(self, plans: Iterable[tuple[str, int, int]]) -> None:
        """Keep (camera, keep_days, plan version) of each; what was known of other cameras stays."""
        with self._alone(), self._index.transaction():
            for camera, keep_days, version in plans:
                self._ledger.save_plan(camera, max(FLOOR_DAYS, keep_days), version)

    def load_proofs(self, limit: int) -> list[tuple[int, DeletedRange]]:
        with self._alone():
            return self._ledger.load_proofs(limit)

    def drop_proofs(self, numbers: Sequence[int]) -> None:
        """Control has them in the audit."""
        with self._alone(), self._index.transaction():
            self._ledger.drop_proofs(numbers)

    # -- the thread ---------------------------------------------------------------------------------------------------

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="bk-keep", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now: something was refused for lack of room."""
        self._wake.set()

    def end_soon(self) -> None:
        """End after the batch that is under way."""
        self._is_ending = True
        self._wake.set()

    def stop(self, timeout_s: float) -> bool:
        """End after the batch that is under way. Return False if that took longer."""
        self.end_soon()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def close(self) -> None:
        self._index.close()

    def _run(self) -> None:
        while not self._is_ending:
            try:
                wait_s = self.step()
            except (OSError, sqlite3.Error) as error:
                log.error("keeping what is kept failed", error=type(error).__name__, detail=str(error))
                wait_s = LOOK_EVERY_S
            self._wake.wait(wait_s)
            self._wake.clear()

    # -- one turn -----------------------------------------------------------------------------------------------------

    def step(self) -> float:
        """Do one bounded piece of work; return after how many seconds there is more. raises: OSError, sqlite3.Error."""
        with self._lock:
            self._look_at_volumes()
            self._look_at_clock()
            if sweep(self._index, self._ledger, self._volumes):  # garbage of a life before, or that was refused
                return PACE_S
            self._is_pressed = False
            deleted = self._make_room() or self._delete_old()
            if deleted:
                sweep(self._index, self._ledger, self._volumes)
            if deleted:
                self._next_oldest_s = 0.0
            self._count()
            self._update_states()
        return PACE_S if deleted or self._is_pressed or self._read_one() else LOOK_EVERY_S

    @property
    def states(self) -> tuple[VolumeState, ...]:
        """Every volume as it was at the last turn."""
        return self._states

    @property
    def is_making_room(self) -> bool:
        """True while a full volume still has something that may be deleted."""
        return any(number not in self._full for number in self._filling)

    @property
    def is_clock_doubted(self) -> bool:
        """True: nothing is deleted by age, because the wall clock is suddenly far ahead."""
        return self._age_clock is not None and self._age_clock.is_doubted

    # -- volumes ------------------------------------------------------------------------------------------------------

    def _look_at_volumes(self) -> None:
        for volume in self._volumes.all:
            if volume.files is not None and not is_still_there(volume):
                log.error("volume is gone", volume=volume.name)
                self._volumes.retire(volume)
                self._share_hidden()
            elif volume.files is None:
                self._bring_back(volume)
        if self._clock.mono_s() >= self._next_probe_s:
            self._next_probe_s = self._clock.mono_s() + PROBE_EVERY_S
            for volume in self._volumes.all:
                if volume.is_failing and self._probe(volume):
                    log.info("volume takes writes again", volume=volume.name)
                    volume.is_failing = False

    def _bring_back(self, volume: Volume) -> None:
        """Recover what is on it (P4) before anything is written there."""
        files = open_volume(volume)
        if files is None:
            return
        self._share_hidden(but=volume.no)
        recover(files, self._index, volume=volume.no, leave={opened.label.id for opened in self.opened.all()})
        self._volumes.publish(volume, files)
        log.info("volume is back", volume=volume.name)

    def _share_hidden(self, but: int = 0) -> None:
        self._index.hidden = self._volumes.missing - {but}
        self.on_hidden(self._index.hidden)

    def _probe(self, volume: Volume) -> bool:
        """Write a little where a write was refused."""
        files, names = volume.files, ("probe",)
        if files is None:
            return False
        try:
            if files.has(names):
                files.unlink(names)
            fd = files.create(names)
            try:
                files.write_at(fd, [bytes(4096)], 0)
                files.sync_data(fd)
            finally:
                files.close(fd)
            files.unlink(names)
        except OSError:
            return False
        return True

    def _update_states(self) -> None:
        used = self._ledger.load_used()
        states = tuple(self._state_of(volume, used.get(volume.no, (0, 0))[1]) for volume in self._volumes.all)
        before = {state.name: state.state for state in self._states}
        now = {state.name: state.state for state in states}
        self._states = states
        if now != before:
            if before or set(now.values()) != {"ok"}:
                log.warning("volumes changed", states=now)
            self.tell()

    def _state_of(self, volume: Volume, used_bytes: int) -> VolumeState:
        is_there = volume.files is not None
        if not is_there:
            word = "missing"
        elif volume.is_failing:
            word = "failing"
        elif volume.no in self._full:
            word = "full"
        else:
            word = "filling" if volume.no in self._filling else "ok"
        written_bytes, written_s = self._rate.of(volume.no, self._clock.utc())
        return VolumeState(
            name=volume.name,
            state=word,  # type: ignore[arg-type]  # one of the four words above
            total_bytes=volume.total_bytes if is_there else 0,
            free_bytes=volume.free_bytes if is_there else 0,
            used_bytes=used_bytes,
            quota_bytes=volume.quota_bytes,
            held_bytes=self._held.get(volume.no, 0),
            oldest_at=self._oldest.get(volume.no),
            room_bytes=self._room_of(volume, used_bytes) if is_there else 0,
            written_bytes=written_bytes,
            written_s=written_s,
        )

    def _room_of(self, volume: Volume, used_bytes: int) -> int:
        """Return how much may be written before something has to go."""
        room = volume.free_bytes - self._rules.mark(volume.total_bytes)
        return max(0, min(room, volume.quota_bytes - used_bytes) if volume.quota_bytes else room)

    def _count(self) -> None:
        """Count now and then what only the volumes' states say."""
        now_s = self._clock.mono_s()
        if now_s >= self._next_held_s:
            self._next_held_s = now_s + HELD_EVERY_S
            self._held = self._ledger.count_held_bytes(self._ledger.load_holds())
        if now_s >= self._next_oldest_s:
            self._next_oldest_s = now_s + OLDEST_EVERY_S
            self._oldest = {volume.no: self._ledger.load_oldest(frozenset({volume.no})) for volume in self._volumes.all}
            now = self._clock.utc()
            self._counted_no, written = self._ledger.load_written(self._counted_no, WriteRate.begin_of(now))
            self._rate.note(written, now)

    # -- room ---------------------------------------------------------------------------------------------------------

    def _make_room(self) -> int:
        """Delete the oldest of a volume that is filling; return how many files. The first turn only says that it is filling."""
        used = self._ledger.load_used()
        now_s = self._clock.mono_s()
        deleted = 0
        for volume in self._volumes.all:
            if volume.files is None:
                continue
            why, needed = self._needed(volume, used.get(volume.no, (0, 0))[1])
            if needed <= 0:
                self._full.discard(volume.no)
                if self._filling.get(volume.no, now_s + 1) <= now_s:
                    del self._filling[volume.no]
                continue
            is_new = volume.no not in self._filling
            self._filling[volume.no] = now_s + STAYS_FILLING_S
            if is_new:
                log.error("volume is filling", volume=volume.name, free_bytes=volume.free_bytes, why=why)
                self._update_states()
                self._is_pressed = True
                continue
            freed = self._delete_oldest(volume, needed, why)
            deleted += freed
            self._full.discard(volume.no)
            if not freed:
                self._full.add(volume.no)
        return deleted

    def _needed(self, volume: Volume, used_bytes: int) -> tuple[Why, int]:
        """Return why and how many bytes have to go; 0: none. Once begun, an eighth of the mark (a 64th of the quota) more."""
        assert volume.files is not None
        volume.total_bytes, volume.free_bytes = volume.files.space()
        is_begun = volume.no in self._filling
        mark = volume.mark_bytes = self._rules.mark(volume.total_bytes)
        short = mark - volume.free_bytes
        over = used_bytes - volume.quota_bytes if volume.quota_bytes else 0
        if short > 0:
            return "full", short + mark // 8
        if over > 0:
            return "quota", over + (volume.quota_bytes // 64 if is_begun else 0)
        return "full", 0

    def _delete_oldest(self, volume: Volume, needed_bytes: int, why: Why) -> int:
        """The oldest hour of all cameras first, camera by camera, so that one proof stands for many files."""
        if self._ledger.load_note(HOLDS_VERSION) is None:
            if not self._full:
                log.error("nothing is deleted before control told its holds once", volume=volume.name)
            return 0
        holds = self._ledger.load_holds()
        on = frozenset({volume.no})
        walks = [self._deletable(stream, holds, 1 << 62, on) for stream in self._ledger.load_streams()]
        chosen: list[Stored] = []
        for file in _by_lumps(walks):
            if needed_bytes <= 0 or len(chosen) >= BATCH_FILES:
                break
            chosen.append(file)
            needed_bytes -= file.size_bytes
        return self._doom(chosen, holds, why)

    # -- age ----------------------------------------------------------------------------------------------------------

    def _look_at_clock(self) -> None:
        now, now_s = self._clock.utc(), self._clock.mono_s()
        before = self._age_clock
        if before is None:
            believed, doubted = self._ledger.load_note(_BELIEVED), self._ledger.load_note(_DOUBTED)
            before = AgeClock(Utc(believed) if believed is not None else now, doubted or 0)
        self._age_clock = before.look(now, max(0, int((now_s - self._looked_s) * US_PER_S)))
        self._looked_s = now_s
        if self._age_clock.is_doubted and not before.is_doubted:
            log.error(
                "the wall clock is far ahead: nothing is deleted by age",
                believed_us=self._age_clock.believed_at,
                now_us=now,
            )
            self.tell()

    def _delete_old(self) -> int:
        """Delete what is older than its plan keeps, a few hours of a camera at a time; return how many files."""
        now_s = self._clock.mono_s()
        if now_s < self._next_age_s:
            return 0
        assert self._age_clock is not None
        clock = self._age_clock
        with self._index.transaction():
            self._ledger.save_note(_BELIEVED, clock.believed_at)
            self._ledger.save_note(_DOUBTED, clock.doubted_us)
        deleted = 0
        if not clock.is_doubted and self._ledger.load_note(HOLDS_VERSION) is not None:
            deleted = self._doom_old(self._clock.utc())
        if not deleted:
            self._next_age_s = now_s + AGE_EVERY_S
        return deleted

    def _doom_old(self, now: Utc) -> int:
        holds = self._ledger.load_holds()
        chosen: list[Stored] = []
        for stream in self._ledger.load_streams():
            until = now - max(FLOOR_DAYS, stream.keep_days) * _DAY_US
            walk = self._deletable(stream, holds, until, self._volumes.there)
            first = next(walk, None)
            if first is None or first.end_at > until - AGE_STRETCH_US:
                continue  # in a while there is more to be told in one proof
            chosen.extend(itertools.islice(itertools.chain((first,), walk), BATCH_FILES - len(chosen)))
            if len(chosen) >= BATCH_FILES:
                break
        return self._doom(chosen, holds, "age")

    # -- both ---------------------------------------------------------------------------------------------------------

    def _deletable(
        self, stream: StreamRow, holds: Mapping[str, Sequence[Span]], until: int, volumes: frozenset[int]
    ) -> Iterator[Stored]:
        """Yield what of a stream may go: whole files before `until` that touch no hold and are done with (P3.4), by start."""
        for from_at, to_at in windows_between(holds.get(stream.key.camera, ()), until):
            for file in self._ledger.walk(stream.no, from_at, to_at, volumes):
                if self.opened.get(file.id) is None:
                    yield file

    def _doom(self, chosen: Sequence[Stored], holds: Mapping[str, Sequence[Span]], why: Why) -> int:
        """P5.1. Nobody else deletes rows or changes holds meanwhile: both need the keeper's lock."""
        if not chosen:
            return 0
        streams = {stream.no: stream for stream in self._ledger.load_streams()}
        now = self._clock.utc()
        with self._index.transaction():
            for number, files in group_by_stream(chosen).items():
                stream = streams[number]
                held = holds.get(stream.key.camera, ())
                doom(self._ledger, stream, files, why=why, held=held, now=now, entropy=self._entropy)
        size = sum(file.size_bytes for file in chosen)
        self.deleted_files += len(chosen)
        self.deleted_bytes += size
        log.info("recordings deleted", why=why, files=len(chosen), size_bytes=size)
        self.tell()
        return len(chosen)

    # -- hashes -------------------------------------------------------------------------------------------------------

    def _read_one(self) -> bool:
        """Read a file that has no hash yet: one that P4 found, or of an older version. Return whether there was one."""
        info = self._index.load_unread(self._unread_after)
        if info is None:
            return False
        self._unread_after = info.id
        try:
            content_hash = hash_file(self._volumes, info)
        except OSError as error:
            log.error("file cannot be read", segment=info.id, errno=error.errno)
            return True
        with self._lock, self._index.transaction():
            self._index.save_hash(info.id, content_hash)
        return True


def hash_file(volumes: Volumes, info: SegmentInfo) -> str:
    """Read a closed file from beginning to end; return its XXH3-128, hex. raises: OSError."""
    files = volumes.files_of(info.volume)
    try:
        fd = files.open_read(final_names(info.id, info.key, info.start_at))
    except FileNotFoundError:
        fd = files.open_read(open_names(info.id))
    try:
        hashing = xxhash.xxh3_128()
        at = 0
        while data := files.read_at(fd, _READ_BYTES, at):
            hashing.update(data)
            at += len(data)
        return hashing.hexdigest()
    finally:
        files.close(fd)


def _by_lumps(walks: Sequence[Iterator[Stored]]) -> Iterator[Stored]:
    """Yield the files of the oldest hour that any stream has, stream by stream; then those of the next."""
    waiting: list[tuple[int, int, Stored]] = []
    for number, walk in enumerate(walks):
        first = next(walk, None)
        if first is not None:
            heapq.heappush(waiting, (first.start_at, number, first))
    horizon = -(1 << 62)
    while waiting:
        start, number, file = heapq.heappop(waiting)
        if start >= horizon:
            horizon = start + _LUMP_US
        yield file
        for after in walks[number]:
            if after.start_at >= horizon:
                heapq.heappush(waiting, (after.start_at, number, after))
                break
            yield after
