"""The decode worker as a process: jailed, crashing, hanging, fed with rubbish (SECURITY.md §3 row 5)."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from tests.encoding import Clip, encode_numbers

from brightkitchen.kernel.clock import ManualClock, SystemClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.media.decode.messages import Probed, ProbeJail
from brightkitchen.media.decode.pool import DecodePool, Shot
from brightkitchen.wire.au import AudioFormat, Codec

GOOD = "cam_0000000000000001"
BAD = "cam_0000000000000002"

# A worker with a flaw: some bitstreams kill it, some make it loop. Everything else of it, the jail too, is the real one.
_FLAWED = """
import ctypes
from brightkitchen.media.decode import worker
real = worker.draw_jpeg
def flawed(job):
    if job.units[0] == b"die":
        ctypes.memset(8, 0, 1)
    while job.units[0] == b"loop":
        pass
    return real(job)
worker.draw_jpeg = flawed
worker.main()
"""


@pytest.fixture
def clip() -> Clip:
    return encode_numbers(3)


@pytest.fixture
async def pool() -> AsyncIterator[DecodePool]:
    pool = DecodePool(SystemClock(), SeededEntropy())
    pool.start()
    yield pool
    await pool.close()


@pytest.fixture
async def flawed() -> AsyncIterator[tuple[DecodePool, ManualClock]]:
    clock = ManualClock()
    pool = DecodePool(clock, SeededEntropy(), job_timeout_s=1.0, command=(sys.executable, "-P", "-c", _FLAWED))
    pool.start()
    yield pool, clock
    await pool.close()


async def draw(pool: DecodePool, clip: Clip, camera: str = GOOD) -> Shot:
    async with asyncio.timeout(30):
        return await pool.draw_jpeg(
            camera, clip.format, [u.data for u in clip.units], [u.pts for u in clip.units], wanted=7200
        )


async def feed(pool: DecodePool, clip: Clip, camera: str, data: bytes) -> str:
    """Return the code of the refusal."""
    with pytest.raises(BrightKitchenError) as refused:
        async with asyncio.timeout(30):
            await pool.draw_jpeg(camera, clip.format, [data], [0], wanted=0)
    return refused.value.code


async def test_worker_jail_denies_files_network_and_processes(pool: DecodePool, tmp_path: Path) -> None:
    readable = Path("/etc/passwd")  # anybody may read it: only the jail can say no
    assert os.access(readable, os.R_OK)
    async with asyncio.timeout(30):
        answer = await pool.ask(GOOD, lambda id: ProbeJail(id=id, path=str(readable)))
    assert isinstance(answer, Probed)
    assert len(answer.attempts) == 16
    assert set(answer.attempts.values()) == {"denied"}


async def test_worker_sees_no_environment_of_ours(
    pool: DecodePool, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIGHTKITCHEN_CANARY", "5ecret")
    await draw(pool, clip)
    environments = [child.environ() for child in psutil.Process().children()]
    assert any("OPENBLAS_NUM_THREADS" in environment for environment in environments)
    assert not any("5ecret" in environment.values() for environment in environments)


async def test_worker_starts_at_the_first_job_only(pool: DecodePool, clip: Clip) -> None:
    assert pool.starts == 0
    await draw(pool, clip)
    await draw(pool, clip)
    assert pool.starts == 1


async def test_worker_corrupted_bitstreams_fail_alone(pool: DecodePool, clip: Clip) -> None:
    chance = random.Random(7)
    codes = set()
    for _ in range(60):
        data = bytearray(clip.units[0].data)
        for _ in range(chance.randint(1, 40)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            async with asyncio.timeout(30):
                await pool.draw_jpeg(BAD, clip.format, [bytes(data)], [0], wanted=0)
        except BrightKitchenError as refused:
            codes.add(refused.code)
    assert codes <= {"media.decode_failed"}
    assert (await draw(pool, clip)).time == 7200


async def test_worker_gigantic_picture_is_refused_within_its_memory(pool: DecodePool, clip: Clip) -> None:
    """An SPS of 65536x65536 luma samples, which would be 6 GiB a picture."""
    sps = bytes.fromhex("6742c033d900010000400004000040")
    format = type(clip.format)(Codec.H264, 16, 16, (sps, clip.format.parameter_sets[-1]), "avc1.42c033")
    with pytest.raises(BrightKitchenError, match=r"media\.decode_failed"):
        await pool.draw_jpeg(BAD, format, [clip.units[0].data], [0], wanted=0)
    assert (await draw(pool, clip)).time == 7200


async def test_crash_is_restarted_and_others_go_on(flawed: tuple[DecodePool, ManualClock], clip: Clip) -> None:
    pool, _ = flawed
    assert await feed(pool, clip, BAD, b"die") == "media.decode_failed"
    assert (await draw(pool, clip)).time == 7200
    assert (pool.counters.crashes, pool.starts) == (1, 2)


async def test_loop_is_ended_after_its_time(flawed: tuple[DecodePool, ManualClock], clip: Clip) -> None:
    pool, _ = flawed
    assert await feed(pool, clip, BAD, b"loop") == "media.decode_failed"
    assert pool.counters.timeouts == 1
    assert (await draw(pool, clip)).time == 7200


async def test_three_crashes_pause_that_camera_for_ten_minutes(
    flawed: tuple[DecodePool, ManualClock], clip: Clip
) -> None:
    pool, clock = flawed
    for _ in range(3):
        assert await feed(pool, clip, BAD, b"die") == "media.decode_failed"
    assert await feed(pool, clip, BAD, clip.units[0].data) == "media.decode_paused"
    assert (await draw(pool, clip, GOOD)).time == 7200
    await clock.advance(601)
    assert (await draw(pool, clip, BAD)).time == 7200


async def test_queue_full_refuses_at_once(flawed: tuple[DecodePool, ManualClock], clip: Clip) -> None:
    pool, _ = flawed
    asked = [
        asyncio.create_task(pool.draw_jpeg(GOOD, clip.format, [u.data for u in clip.units], [0, 1, 2], wanted=2))
        for _ in range(40)
    ]
    done = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each.code for each in done if isinstance(each, BrightKitchenError)]
    assert set(refused) == {"media.decode_busy"}
    assert sum(isinstance(each, Shot) for each in done) + len(refused) == 40
    assert pool.counters.refused_busy == len(refused) > 0


async def test_close_lets_nobody_wait(clip: Clip) -> None:
    pool = DecodePool(SystemClock(), SeededEntropy(), command=(sys.executable, "-P", "-c", _FLAWED))
    pool.start()
    looping = asyncio.create_task(feed(pool, clip, BAD, b"loop"))
    waiting = asyncio.create_task(feed(pool, clip, BAD, b"loop"))
    await asyncio.wait([waiting], timeout=0.05)
    await pool.close()
    async with asyncio.timeout(5):
        assert list(await asyncio.gather(looping, waiting)) == ["media.decode_failed"] * 2


async def test_sound_session_ends_with_its_worker_and_says_so(pool: DecodePool) -> None:
    format = AudioFormat(Codec.PCMA, 8000, 1, "pcma")
    async with asyncio.timeout(30):
        session, config = await pool.open_sound(GOOD, format)
        sound = await pool.feed_sound(GOOD, session, b"\xd5" * 8000)
        assert (config[:2].hex(), len(sound.frames)) == ("1588", 6)
        await pool.close_sound(GOOD, session)
        with pytest.raises(BrightKitchenError, match=r"media\.decode_failed"):
            await pool.feed_sound(GOOD, session, b"\xd5" * 160)
