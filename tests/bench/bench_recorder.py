"""CPU and memory of hub, recorder, muxer and writing, without network: `python -m tests.bench.bench_recorder [cameras] [seconds]`.

Each camera: 1080p 25 fps, 2 Mbit/s, a key frame each 2 s, G.711 in 20 ms packets; lists as a 64 KiB low-water mark brings
them. CPU is that of the whole process (loop and both threads), without making the units.
"""

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import psutil
from tests.media_synthetic import AUDIO_TICKS, FRAME_TICKS, START_AT, HandSources, key_of

from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import Utc
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.recorder.stream_recorder import Muxer
from brightkitchen.media.store.store import Store
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit
from brightkitchen.wire.fmp4 import writer

FRAME_BYTES: Final = 10_000
KEY_BYTES: Final = 60_000
BATCHES_PER_S: Final = 4


def make_second(second: int, frame: bytes, key: bytes, sound: bytes) -> list[list[AccessUnit]]:
    """Return what one camera sends in one second, as lists in arrival order."""
    units: list[AccessUnit] = []
    for number in range(second * 25, second * 25 + 25):
        is_key = number % 50 == 0
        at = Utc(START_AT + number * 40_000)
        units.append(
            AccessUnit(VIDEO_TRACK, number * FRAME_TICKS, bytes(bytearray(key if is_key else frame)), is_key, at)
        )
        for half in range(2):
            units.append(AccessUnit(AUDIO_TRACK, (2 * number + half) * AUDIO_TICKS, sound, True, at))
    size = -(-len(units) // BATCHES_PER_S)
    return [units[at : at + size] for at in range(0, len(units), size)]


def find_muxer() -> Muxer:
    """Return the product's muxer."""
    return writer


async def run(cameras: int, seconds: int, folder: Path) -> None:
    clock, entropy = SystemClock(), SystemEntropy()
    process = psutil.Process()
    store = Store.open(folder, clock)
    store.start()
    supervisor = Supervisor(clock, entropy)
    hub = Hub(clock=clock, entropy=entropy, supervisor=supervisor)
    recorder = Recorder(store, find_muxer(), clock=clock, entropy=entropy)
    before_bytes = process.memory_info().rss
    fed: list[HandSources] = []
    for number in range(cameras):
        sources = HandSources()
        recorder.start(hub.add(key_of(number), sources))
        fed.append(sources)
    await clock.sleep(0)
    for sources in fed:
        sources.last.connect()
    frame, key, sound = bytes(8000), bytes(50_000), bytes(160)
    turns: list[float] = []
    cpu_s = peak = 0.0
    for second in range(seconds):
        work = [make_second(second, frame, key, sound) for _ in fed]
        started_s = time.process_time()
        for batch in range(BATCHES_PER_S):
            turn_s = time.perf_counter()
            for sources, lists in zip(fed, work, strict=True):
                if batch < len(lists):
                    sources.last.sink.on_units(lists[batch])
            recorder.hand_over()
            turns.append(time.perf_counter() - turn_s)
            await clock.sleep(0)
        store.wait_written(30)
        cpu_s += time.process_time() - started_s
        del work
        peak = max(peak, process.memory_info().rss)
    started_s = time.process_time()
    recorder.close()
    store.wait_idle(60)
    cpu_s += time.process_time() - started_s
    frames = sum(
        info.frames for number in range(cameras) for info in store.segments_between(key_of(number), Utc(0), Utc(2**60))
    )
    await hub.close()
    await supervisor.close()
    store.close()
    turns.sort()
    print(f"cameras {cameras}, seconds {seconds}, frames written {frames} of {cameras * seconds * 25}")
    print(f"CPU {cpu_s * 1000 / cameras / seconds:.3f} ms per camera-second")
    print(f"memory {(peak - before_bytes) / cameras / 1e6:.2f} MB per camera (with the second being fed)")
    print(
        f"one quarter second of all cameras on the loop: p50 {turns[len(turns) // 2] * 1000:.1f} ms, worst {turns[-1] * 1000:.1f} ms"
    )
    print(
        f"dropped {recorder.dropped_bytes} bytes; max RSS {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    )


def main() -> None:
    cameras = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(cameras, seconds, Path(folder)))


if __name__ == "__main__":
    main()
