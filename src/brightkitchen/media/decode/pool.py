"""The node's side of decoding: owns the workers, bounds what waits for them, and notices which camera kills them.

Each lane owns at most one worker process and does one job at a time, so that a crash has exactly one culprit. Pictures and sound
have lanes of their own: a burst of snapshots never makes the sound stutter. So has each stream that is transcoded (`open_lane`). A lane
starts its process at its first job.
"""

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

import brightkitchen
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.log import Repeats, get_logger
from brightkitchen.kernel.tasks import Supervisor, back_off_s
from brightkitchen.media.decode.messages import (
    LENGTH,
    MAX_MESSAGE_BYTES,
    Answer,
    Failed,
    Job,
    Jpeg,
    Picture,
    Ready,
    Sound,
    SoundClose,
    SoundFeed,
    SoundOpen,
    build_frame,
    parse_answer,
)
from brightkitchen.wire.au import AudioFormat, VideoFormat

log = get_logger(__name__)

JOB_TIMEOUT_S: Final = 5.0
START_TIMEOUT_S: Final = 20.0
QUEUE_JOBS: Final = 32
CRASHES_TO_PAUSE: Final = 3
CRASH_WINDOW_S: Final = 600.0
_YIELDING: Final = 10  # nice: recording goes before whatever is transcoded


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture. time: in the unit of the times that were given."""

    jpeg: bytes
    time: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class AacFrames:
    """config: the AudioSpecificConfig. frames: 1024 samples each; the first of a session is the encoder's priming."""

    config: bytes
    frames: tuple[bytes, ...]


@dataclass(slots=True)
class PoolCounters:
    """Since the node started; read by the metrics page."""

    jobs: int = 0
    failed: int = 0
    crashes: int = 0
    timeouts: int = 0
    refused_busy: int = 0
    refused_paused: int = 0
    starts: int = 0


class _WorkerDied(Exception):
    """The process ended, or was ended because it took too long or spoke nonsense."""


class _NoWorker(Exception):
    """No process could be started: nobody's bytes are to blame."""


class CrashRecord:
    """Which cameras killed a worker lately. Three times in ten minutes pause the decoding of that camera alone."""

    def __init__(self) -> None:
        self._crashes_s: dict[str, deque[float]] = {}

    def add(self, camera: str, now_s: float) -> None:
        self._crashes_s.setdefault(camera, deque(maxlen=CRASHES_TO_PAUSE)).append(now_s)

    def is_paused(self, camera: str, now_s: float) -> bool:
        """True while the third last crash is less than ten minutes old."""
        crashes_s = self._crashes_s.get(camera)
        if not crashes_s:
            return False
        if now_s - crashes_s[-1] >= CRASH_WINDOW_S:
            del self._crashes_s[camera]
            return False
        return len(crashes_s) == CRASHES_TO_PAUSE and now_s - crashes_s[0] < CRASH_WINDOW_S


@dataclass(slots=True)
class _Request:
    camera: str
    job: Job
    answer: asyncio.Future[Answer]


class _Lane:
    """One worker process and what waits for it. is_yielding: whenever the machine is busy, others go first."""

    def __init__(self, name: str, pool: "DecodePool", *, is_yielding: bool = False) -> None:
        self.name = name
        self.is_yielding = is_yielding
        self.queue: asyncio.Queue[_Request | None] = asyncio.Queue(QUEUE_JOBS)  # None: look whether it is over
        self.is_over = False
        self._pool = pool
        self._process: asyncio.subprocess.Process | None = None
        self._failed_starts = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def run(self) -> None:
        """Do jobs until `end`, or cancelled."""
        try:
            while not self.is_over:
                request = await self.queue.get()
                if request is not None:
                    await self._do(request)
        finally:
            while not self.queue.empty():
                if (request := self.queue.get_nowait()) is not None:
                    _refuse(request)
            await self._stop()

    def end(self) -> None:
        """Kill the process and let `run` return; whoever waits is refused."""
        self.is_over = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if not self.queue.full():
            self.queue.put_nowait(None)

    async def _do(self, request: _Request) -> None:
        if request.answer.done():  # nobody waits any more
            return
        try:
            process = await self._ready_process()
            if self.is_over:
                raise _NoWorker
            async with asyncio.timeout(self._pool.job_timeout_s):
                answer = await _exchange(process, request.job)
            if not request.answer.done():
                request.answer.set_result(answer)
        except TimeoutError:
            self._pool.counters.timeouts += 1
            await self._bury(request, "it took too long")
        except (_WorkerDied, OSError) as cause:
            await self._bury(request, str(cause))
        except _NoWorker:
            pass
        finally:
            _refuse(request)

    async def _bury(self, request: _Request, why: str) -> None:
        """End the process and write down whose job it was."""
        if self.is_over:  # that was us
            return
        self._pool.note_crash(request.camera, self.name, why)
        await self._stop()

    async def _ready_process(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self._stop()
        while True:
            try:
                async with asyncio.timeout(START_TIMEOUT_S):
                    self._process = await self._start()
                self._failed_starts = 0
                return self._process
            except (TimeoutError, OSError, _WorkerDied) as cause:
                await self._stop()
                self._failed_starts += 1
                log.error("decode worker does not start", lane=self.name, why=str(cause), attempt=self._failed_starts)
                if self._failed_starts >= 3 or self.is_over:
                    self._failed_starts = 0
                    raise _NoWorker from cause
                await self._pool.clock.sleep(back_off_s(self._failed_starts, self._pool.entropy))

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *self._pool.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_build_environment(),
            cwd="/",
            close_fds=True,
            start_new_session=True,
            limit=1 << 20,
        )
        self._process = process
        answer = await _read_answer(process)
        if not isinstance(answer, Ready) or "seccomp" not in answer.jail:
            raise _WorkerDied("the worker is not jailed")
        if self.is_yielding:
            os.setpriority(os.PRIO_PROCESS, process.pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + _YIELDING))
        self._pool.counters.starts += 1
        log.info("decode worker started", lane=self.name, pid=process.pid, jail=",".join(answer.jail))
        return process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        waiting = asyncio.ensure_future(process.wait())
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await waiting  # it was killed and ends in a moment; it must not stay behind as a zombie
            raise


class OwnLane:
    """A worker of one's own; `DecodePool.open_lane` makes it."""

    def __init__(self, pool: "DecodePool", lane: _Lane, task: asyncio.Task[None]) -> None:
        self._pool = pool
        self._lane = lane
        self._task = task

    async def ask(self, camera: str, make: Callable[[int], Job]) -> Answer:
        """Have the worker do a job. raises: as `DecodePool.draw_jpeg`; what the worker was told before is then forgotten."""
        if self._lane.is_over or self._task.done():
            raise _unavailable("media.decode_failed")
        return await self._pool.ask_lane(self._lane, camera, make)

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._lane.pid

    def close(self) -> None:
        """End the worker; it is not waited for."""
        self._lane.end()


class DecodePool:
    """Pictures and AAC for the whole node. Call `start` before, `close` after.

    workers: how many pictures are decoded side by side. command: how a worker is started (a test may replace it).
    """

    def __init__(
        self,
        clock: Clock,
        entropy: Entropy,
        *,
        workers: int = 1,
        job_timeout_s: float = JOB_TIMEOUT_S,
        command: Sequence[str] | None = None,
    ) -> None:
        self.clock = clock
        self.entropy = entropy
        self.job_timeout_s = job_timeout_s
        self.command = tuple(command or (sys.executable, "-P", "-m", "brightkitchen.media.decode.worker"))
        self.counters = PoolCounters()
        self._pictures = [_Lane(f"picture-{index}", self) for index in range(workers)]
        self._sound = _Lane("sound", self)
        self._supervisor = Supervisor(clock, entropy)
        self._crashes = CrashRecord()
        self._repeats = Repeats()
        self._next_id = 1

    def start(self) -> None:
        """Wait for jobs; no process is started before the first."""
        for lane in (*self._pictures, self._sound):
            self._supervisor.keep(f"decode {lane.name}", lane.run)

    async def close(self) -> None:
        """End the workers."""
        await self._supervisor.close()

    @property
    def starts(self) -> int:
        """How many worker processes were started so far."""
        return self.counters.starts

    async def draw_jpeg(
        self,
        camera: str,
        format: VideoFormat,
        units: Sequence[bytes],
        times: Sequence[int],
        *,
        wanted: int,
        width_px: int = 0,
        quality: int = 90,
    ) -> Shot:
        """Decode `units` (AVCC, decoding order, key frame first) and return the picture with the greatest time <= `wanted`.

        raises: BrightKitchenError: media.decode_failed, media.decode_paused, media.decode_busy.
        """
        lane = min(self._pictures, key=lambda lane: lane.queue.qsize())
        answer = await self.ask_lane(
            lane,
            camera,
            lambda id: Jpeg(
                id=id,
                codec=format.codec.value,
                parameter_sets=format.parameter_sets,
                units=tuple(units),
                times=tuple(times),
                wanted=wanted,
                width_px=width_px,
                quality=quality,
            ),
        )
        if not isinstance(answer, Picture):
            raise _unavailable("media.decode_failed")
        return Shot(answer.jpeg, answer.time, answer.width_px, answer.height_px)

    async def open_sound(self, camera: str, format: AudioFormat) -> tuple[int, bytes]:
        """Begin a session from G.711 to AAC; return its number and the AudioSpecificConfig. raises: as `draw_jpeg`."""
        session = self._next_id
        answer = await self.ask_lane(
            self._sound,
            camera,
            lambda id: SoundOpen(
                id=id,
                session=session,
                codec=format.codec.value,
                sample_rate_hz=format.sample_rate_hz,
                channels=format.channels,
            ),
        )
        return session, _expect_sound(answer).config

    async def feed_sound(self, camera: str, session: int, data: bytes, *, last: bool = False) -> AacFrames:
        """Return the AAC frames that these samples complete. raises: as `draw_jpeg`; the session is then gone."""
        answer = await self.ask_lane(
            self._sound, camera, lambda id: SoundFeed(id=id, session=session, data=data, last=last)
        )
        return _expect_sound(answer)

    async def close_sound(self, camera: str, session: int) -> None:
        """Forget a session. raises: as `draw_jpeg`."""
        await self.ask_lane(self._sound, camera, lambda id: SoundClose(id=id, session=session))

    async def transcode_clip(self, camera: str, format: AudioFormat, data: bytes) -> AacFrames:
        """Turn a whole stretch of G.711 into AAC. raises: as `draw_jpeg`."""
        session, config = await self.open_sound(camera, format)
        sound = await self.feed_sound(camera, session, data, last=True)
        return AacFrames(config, sound.frames)

    async def ask(self, camera: str, make: Callable[[int], Job]) -> Answer:
        """Have a picture worker do any job, for its self-tests. raises: as `draw_jpeg`."""
        return await self.ask_lane(self._pictures[0], camera, make)

    def open_lane(self, name: str) -> OwnLane:
        """Return a worker for one long job, at low priority; no process is started before its first question."""
        lane = _Lane(name, self, is_yielding=True)
        return OwnLane(self, lane, self._supervisor.start(f"decode {name}", lane.run()))

    def note_crash(self, camera: str, lane: str, why: str) -> None:
        """Count a dead worker against the camera whose bytes it was chewing."""
        self.counters.crashes += 1
        self._crashes.add(camera, self.clock.mono_s())
        log.warning("decode worker died", camera=camera, lane=lane, why=why, crashes=self.counters.crashes)

    async def ask_lane(self, lane: _Lane, camera: str, make: Callable[[int], Job]) -> Answer:
        """Have this worker do a job. raises: as `draw_jpeg`."""
        if self._crashes.is_paused(camera, self.clock.mono_s()):
            self.counters.refused_paused += 1
            raise _unavailable("media.decode_paused")
        self._next_id += 1
        request = _Request(camera, make(self._next_id), asyncio.get_running_loop().create_future())
        try:
            lane.queue.put_nowait(request)
        except asyncio.QueueFull as cause:
            self.counters.refused_busy += 1
            raise BrightKitchenError(Kind.EXHAUSTED, "media.decode_busy") from cause
        self.counters.jobs += 1
        answer = await request.answer
        if isinstance(answer, Failed):
            self.counters.failed += 1
            if (times := self._repeats.count(camera, self.clock.mono_s())) is not None:
                log.warning("decode failed", camera=camera, why=answer.why, times=times)
        return answer


def _refuse(request: _Request) -> None:
    """Tell whoever still waits that nothing comes."""
    if not request.answer.done():
        request.answer.set_exception(_unavailable("media.decode_failed"))


def _expect_sound(answer: Answer) -> AacFrames:
    if not isinstance(answer, Sound):
        raise _unavailable("media.decode_failed")
    return AacFrames(answer.config, answer.frames)


def _unavailable(code: str) -> BrightKitchenError:
    return BrightKitchenError(Kind.UNAVAILABLE, code)


def _build_environment() -> dict[str, str]:
    """Nothing of ours goes along: only where the package is, and that nobody starts threads."""
    return {
        "PYTHONPATH": str(Path(brightkitchen.__file__).parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        "PATH": os.defpath,
    }


async def _exchange(process: asyncio.subprocess.Process, job: Job) -> Answer:
    assert process.stdin is not None
    process.stdin.write(build_frame(job))
    await process.stdin.drain()
    answer = await _read_answer(process)
    if answer.id != job.id:
        raise _WorkerDied("the worker answered another question")
    return answer


async def _read_answer(process: asyncio.subprocess.Process) -> Answer:
    assert process.stdout is not None
    try:
        head = await process.stdout.readexactly(LENGTH.size)
        size_bytes = LENGTH.unpack(head)[0]
        if size_bytes > MAX_MESSAGE_BYTES:
            raise _WorkerDied("the worker's answer is too long")
        return parse_answer(await process.stdout.readexactly(size_bytes))
    except asyncio.IncompleteReadError as cause:
        raise _WorkerDied("it crashed") from cause
    except msgspec.MsgspecError as cause:
        raise _WorkerDied("the worker's answer makes no sense") from cause
