"""How long questions to the store take: `python -m tests.bench.bench_store [cameras] [days]`; one row a minute, files of one day."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.crash.test_store_crash import append, begin
from tests.media_synthetic import START_AT, key_of

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.ids import SegmentId
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import final_folder, final_names
from brightkitchen.media.store.model import EndReason, Fragment
from brightkitchen.media.store.store import Store


def fill(folder: Path, cameras: int, days: int) -> None:
    """One real file of a minute, linked for every row of the first camera's first day; rows for everybody."""
    segment = begin(key_of(0), 0)
    data = segment.head
    for second in range(60):
        command = append(segment, second)
        segment.add(Fragment(second * 90_000, 90_000, len(data), command.video_bytes, command.audio_bytes, 25, True))
        data += b"".join(command.buffers)
    info, fragments = segment.info(EndReason.FULL), segment.fragments
    index = Index(folder / "index.sqlite3")
    for number in range(cameras):
        key = key_of(number)
        with index.transaction():
            for minute in range(1440 * days):
                text = f"seg_{number:06d}{minute:010d}"
                at = Utc(START_AT + minute * 60 * US_PER_S)
                index.save_segment(replace(info, id=SegmentId(text), key=key, start_at=at), fragments)
                if number == 0 and minute < 1440:
                    (folder / Path(*final_folder(key, at))).mkdir(parents=True, exist_ok=True)
                    (folder / Path(*final_names(SegmentId(text), key, at))).write_bytes(data)
    index.close()


def main() -> None:
    cameras = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, cameras, days)
        print(f"{cameras * days * 1440} rows, index {os.stat(folder / 'index.sqlite3').st_size / 1e6:.0f} MB")
        store = Store.open(folder, ManualClock(Utc(START_AT + days * 86_400 * US_PER_S)))
        key, day = key_of(0), 86_400 * US_PER_S
        asks: dict[str, Callable[[int], object]] = {
            "timeline of a day": lambda n: store.timeline(key, START_AT, Utc(START_AT + day)),
            "segments of a day": lambda n: store.segments_between(key, START_AT, Utc(START_AT + day)),
            "locate": lambda n: store.locate(key, Utc(START_AT + n * 7_919_123_457 % day)),
            "locate_key": lambda n: store.locate_key(key, Utc(START_AT + n * 7_919_123_457 % day)),
        }
        for what, ask in asks.items():
            took: list[float] = []
            for number in range(200):
                started_s = time.perf_counter()
                assert ask(number) is not None
                took.append((time.perf_counter() - started_s) * 1000)
            took.sort()
            print(f"{what}: p50 {took[100]:.2f} ms, p95 {took[190]:.2f} ms")
        store.start()
        store.close()


if __name__ == "__main__":
    main()
