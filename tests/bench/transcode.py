"""What transcoding one camera costs and by how much it delays: `python -m tests.bench.transcode [SECONDS]`.

H.265 of noise and movement, 25 pictures a second, in real time through the jailed worker. CPU is the worker's own count of user and system
time; the delay runs from giving a picture to the worker to having it back, the first second (in which the process starts) left out.
"""

import asyncio
import sys
from fractions import Fraction
from statistics import median, quantiles

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.transcode.coding import Coding, TranscodeCounters
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Codec, VideoFormat
from brightkitchen.wire.h26x import build_avcc, build_video_format, split_annex_b

_FPS = 25
_SIZES = ((1280, 720), (1920, 1080), (3840, 2160))
_SETS = (32, 33, 34)


def encode(width_px: int, height_px: int, count: int) -> tuple[VideoFormat, list[AccessUnit]]:
    """Return a moving picture with noise, a key frame each two seconds, about 2 Mbit/s."""
    context = av.CodecContext.create("libx265", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width_px, height_px, "yuv420p"
    context.time_base, context.bit_rate, context.thread_count = Fraction(1, _FPS), 2_000_000, 1
    context.options = {
        "preset": "ultrafast",
        "x265-params": "keyint=50:min-keyint=50:scenecut=0:bframes=0:pools=none:frame-threads=1:log-level=none:info=0",
    }
    random = np.random.default_rng(1)
    noises = [random.integers(0, 16, (height_px * 3 // 2, width_px), dtype=np.uint8) for _ in range(5)]
    packets = []
    for number in range(count):
        picture = 100 + np.roll(noises[number % 5], number * 7, axis=1)
        left, top = number * 9 % (width_px // 2), number * 5 % (height_px // 2)
        picture[top : top + 200, left : left + 200] = 200
        frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), "yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    sets: list[bytes] = []
    units = []
    for packet in packets:
        nals = list(split_annex_b(bytes(packet)))
        sets += [nal for nal in nals if nal[0] >> 1 & 63 in _SETS and nal not in sets]
        data = build_avcc([nal for nal in nals if nal[0] >> 1 & 63 not in _SETS])
        pts = (packet.pts or 0) * 90_000 // _FPS
        units.append(AccessUnit(VIDEO_TRACK, pts, data, packet.is_keyframe, SystemClock().utc()))
    return build_video_format(Codec.H265, sets), units


async def run(width_px: int, height_px: int, seconds: int) -> str:
    """Return one row of the table."""
    clock = SystemClock()
    pool = DecodePool(clock, SystemEntropy())
    counters = TranscodeCounters()
    format, units = await asyncio.to_thread(encode, width_px, height_px, seconds * _FPS)
    coding = Coding("camera", pool.open_lane("bench"), clock, counters)
    await coding.open(format)
    delays_ms: list[float] = []
    made = sent_bytes = 0
    begin_s = clock.mono_s()
    for number, unit in enumerate(units):
        await clock.sleep(begin_s + number / _FPS - clock.mono_s())
        given_s = clock.mono_s()
        pictures = await coding.feed([unit])
        made += len(pictures)
        sent_bytes += sum(len(picture.data) for picture in pictures)
        if pictures and number >= _FPS:
            delays_ms.append((clock.mono_s() - given_s) * 1000)
    coding.close()
    await pool.close()
    cpu_ms = counters.cpu_us / 1000 / seconds
    p95_ms = quantiles(delays_ms, n=20)[-1]
    return (
        f"| {width_px}x{height_px} | {sum(len(unit.data) for unit in units) * 8 / seconds / 1e6:.1f} | {cpu_ms:.0f} "
        f"| {made / seconds:.1f} | {sent_bytes * 8 / seconds / 1e6:.1f} | {median(delays_ms):.0f} | {p95_ms:.0f} |"
    )


async def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    print(
        "| camera, H.265 25 fps | Mbit/s in | worker, CPU ms per camera-second | pictures/s out | Mbit/s out | delay p50 ms | p95 |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|")
    for width_px, height_px in _SIZES:
        print(await run(width_px, height_px, seconds), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
