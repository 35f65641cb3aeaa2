"""How large the index is and how long questions take: `python -m tests.bench.bench_store [cameras] [days] [--city] [--in DIR]`.

Rows of a minute with fragments of a second and random sizes, inserted in the order in which they would be recorded; files behind 200
of them. --city: rows of an hour with a short fragment list and the index by time made at the end, so that 18,000 cameras x 30 days fit on
a disk, and rows of a minute for the camera that is asked about: right for looking among so many streams, not for bytes per row. Cold:
page cache of index and files dropped, new connections.
"""

import argparse
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.crash.test_store_crash import append, begin
from tests.media_synthetic import START_AT, key_of

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.ids import CameraId, Profile, SegmentId, StreamKey, id_text
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import final_folder, final_names, pack_fragments
from brightkitchen.media.store.model import EndReason, Fragment
from brightkitchen.media.store.store import Store

DAY_US = 86_400 * US_PER_S
FILES = 200
ASKS = 200
LOOKED_AT = 0.4  # which of the cameras is asked about


@dataclass(frozen=True, slots=True)
class Plan:
    cameras: int
    days: int
    row_s: int
    is_city: bool

    @property
    def rows_per_day(self) -> int:
        return 86_400 // self.row_s

    @property
    def asked(self) -> int:
        return int(self.cameras * LOOKED_AT)


def camera(number: int) -> StreamKey:
    return StreamKey(CameraId(f"cam_{number:016d}"), Profile.MAIN)


def packed_fragments(plan: Plan, rng: random.Random) -> list[bytes]:
    """Some packed lists as recordings have them; short ones in the city."""
    lists = []
    for _ in range(300):
        fragments, at = [], 1420
        for second in range(60 if not plan.is_city else 10):
            video = rng.randrange(150_000, 400_000)
            fragments.append(Fragment(second * 90_000, 90_000, at, video, 8300, 25, second % 2 == 0))
            at += video + 8300
        lists.append(pack_fragments(fragments))
    return lists


def rows_of(plan: Plan, rng: random.Random) -> Iterator[tuple[object, ...]]:
    lists = packed_fragments(plan, rng)
    shapes = plan.cameras
    for slot in range(plan.rows_per_day * plan.days):
        at = START_AT + slot * plan.row_s * US_PER_S
        noise = rng.randbytes(26 * plan.cameras)
        for number in range(plan.cameras):
            chaff = noise[26 * number : 26 * number + 26]
            spread = (number * 7919) % (plan.row_s * US_PER_S)
            pieces = plan.row_s // 60 if number == plan.asked else 1
            row_s = plan.row_s // pieces
            for piece in range(pieces):
                yield (
                    chaff[:10] if pieces == 1 else rng.randbytes(10), number + 1, 1, number % shapes + 1,
                    at + spread + piece * row_s * US_PER_S, row_s * 90_000,
                    15_000_000 + chaff[0] * 4000, 25 * row_s, "full", chaff[10:], lists[chaff[1]],
                )  # fmt: skip


def fill(folder: Path, plan: Plan) -> None:
    """Rows for everybody, and files behind some of one camera's first day."""
    path, rng = folder / "index.sqlite3", random.Random(1)
    Index(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA cache_size=-400000")
        db.execute("BEGIN")
        keys = [camera(number) for number in range(plan.cameras)]
        db.executemany("INSERT INTO stream (camera, profile) VALUES (?, 'main')", [(key.camera,) for key in keys])
        db.executemany(
            "INSERT INTO shape (run, init_bytes, video_codec, audio_codec, width_px, height_px, files) VALUES (?, 1420,"
            " 'avc1.640028', 'pcma', 1920, 1080, 1)",
            [(f"run_{number:016d}",) for number in range(plan.cameras)],
        )
        if plan.is_city:
            db.execute("DROP INDEX segment_by_time")
        db.execute("COMMIT")
        rows = rows_of(plan, rng)
        while True:
            db.execute("BEGIN")
            some = [row for _, row in zip(range(100_000), rows, strict=False)]
            db.executemany(
                "INSERT INTO segment (id, stream, volume, shape, start_us, duration_ticks, size_bytes, frames, end_reason, hash,"
                " fragments) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                some,
            )
            db.execute("COMMIT")
            if len(some) < 100_000:
                break
        if plan.is_city:
            db.execute("CREATE INDEX segment_by_time ON segment (stream, start_us, duration_ticks, volume)")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    write_files(folder, plan)


def write_files(folder: Path, plan: Plan) -> None:
    """Put a real minute behind FILES rows of the camera that is asked about."""
    segment = begin(key_of(0), 0)
    data = segment.head
    for second in range(60):
        command = append(segment, second)
        segment.add(Fragment(second * 90_000, 90_000, len(data), command.video_bytes, command.audio_bytes, 25, True))
        data += b"".join(command.buffers)
    packed, key = pack_fragments(segment.fragments), camera(plan.asked)
    with closing(sqlite3.connect(folder / "index.sqlite3")) as db:
        ids = db.execute(
            "SELECT no, id, start_us FROM segment WHERE stream = ? AND start_us < ? ORDER BY start_us",
            (plan.asked + 1, START_AT + DAY_US),
        ).fetchall()
        db.execute("UPDATE shape SET init_bytes = ? WHERE no = ?", (len(segment.head), plan.asked + 1))
        for no, own, start in random.Random(2).sample(ids, min(FILES, len(ids))):
            name, at = SegmentId(id_text("seg", own)), Utc(start)
            (folder / Path(*final_folder(key, at))).mkdir(parents=True, exist_ok=True)
            (folder / Path(*final_names(name, key, at))).write_bytes(data)
            db.execute(
                "UPDATE segment SET fragments = ?, size_bytes = ?, end_reason = ? WHERE no = ?",
                (packed, len(data), EndReason.STOPPED.value, no),
            )
        db.commit()


def with_files(folder: Path, plan: Plan) -> list[Utc]:
    with closing(sqlite3.connect(folder / "index.sqlite3")) as db:
        rows = db.execute(
            "SELECT start_us FROM segment WHERE stream = ? AND end_reason = 'stopped' ORDER BY id", (plan.asked + 1,)
        )
        return [Utc(row[0]) for row in rows]


def forget_pages(folder: Path) -> None:
    """Have the system forget what it read of index and files."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def ask_all(folder: Path, plan: Plan, *, is_cold: bool) -> None:
    """Print p50 and p95 of each question; cold: every time anew from the disk."""
    starts, rng = with_files(folder, plan), random.Random(3)
    key = camera(plan.asked)

    def some_day() -> Utc:
        return Utc(START_AT + rng.randrange(plan.days) * DAY_US)

    clock = ManualClock(Utc(START_AT + plan.days * DAY_US))
    asks: dict[str, Callable[[Store, int], object]] = {
        "timeline of a day": lambda store, n: (lambda at: store.timeline(key, at, Utc(at + DAY_US)))(some_day()),
        "any moment -> file, offset": lambda store, n: store.locate(key, Utc(starts[n % len(starts)] + rng.randrange(59) * US_PER_S)),
        "any moment -> key frame": lambda store, n: store.locate_key(key, Utc(starts[n % len(starts)] + rng.randrange(59) * US_PER_S)),
    }  # fmt: skip
    if not is_cold:
        asks["segments of a day"] = lambda store, n: store.segments_between(key, START_AT, Utc(START_AT + DAY_US))
    for what, ask in asks.items():
        took: list[float] = []
        store = Store.open(folder, clock)
        for number in range(ASKS if not is_cold else 60):
            if is_cold:
                store.start()
                store.close()
                forget_pages(folder)
                store = Store.open(folder, clock)
                store._index._idle.clear()  # connections that have pages
                forget_pages(folder)
            started_s = time.perf_counter()
            assert ask(store, number) is not None
            took.append((time.perf_counter() - started_s) * 1000)
        store.start()
        store.close()
        took.sort()
        word = "cold" if is_cold else "warm"
        print(
            f"{what}, {word}: p50 {took[len(took) // 2]:.2f} ms, p95 {took[len(took) * 95 // 100]:.2f} ms", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cameras", type=int, nargs="?", default=20)
    parser.add_argument("days", type=int, nargs="?", default=3)
    parser.add_argument("--city", action="store_true")
    parser.add_argument(
        "--in", dest="place", type=Path, help="make it here, and leave it; one that is there is used again"
    )
    options = parser.parse_args()
    plan = Plan(options.cameras, options.days, 3600 if options.city else 60, options.city)
    with tempfile.TemporaryDirectory() as name:
        folder = options.place or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        started_s = time.perf_counter()
        if not (folder / "index.sqlite3").exists():
            fill(folder, plan)
        with closing(sqlite3.connect(folder / "index.sqlite3")) as db:
            (rows,) = db.execute("SELECT count(*) FROM segment").fetchone()
        size = (folder / "index.sqlite3").stat().st_size
        camera_days = plan.cameras * plan.days
        print(
            f"{rows} rows, index {size / 1e6:.0f} MB: {size / rows:.0f} bytes a row, {size / camera_days / 1000:.0f} kB a camera-day"
            f" (made in {time.perf_counter() - started_s:.0f} s)",
            flush=True,
        )
        started_s = time.perf_counter()
        store = Store.open(folder, ManualClock(Utc(START_AT + plan.days * DAY_US)))
        print(f"open: {(time.perf_counter() - started_s) * 1000:.0f} ms")
        started_s = time.perf_counter()
        store.keeper.keep_holds(1, [])
        store.keeper.step()
        print(f"a turn of the keeper: {(time.perf_counter() - started_s) * 1000:.0f} ms", flush=True)
        store.start()
        store.close()
        ask_all(folder, plan, is_cold=False)
        ask_all(folder, plan, is_cold=True)


if __name__ == "__main__":
    main()
