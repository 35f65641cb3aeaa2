"""`brightkitchen-sim serve`: a fleet of cameras, the first at once, the others as their clips get made."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from brightkitchen_sim.clip import ClipError, open_audio_clip, open_clip
from brightkitchen_sim.clock import Clock
from brightkitchen_sim.control import ControlServer, FaultDirector
from brightkitchen_sim.faults import FaultError, build_schedule, parse_fault
from brightkitchen_sim.fleet import (
    CLOCK_SIZES,
    CameraPlan,
    Workshop,
    build_announcement,
    build_clip_camera,
    build_clock_camera,
    plan_cameras,
)
from brightkitchen_sim.livesource import LiveClockSource, build_plain_background
from brightkitchen_sim.provision import load_library
from brightkitchen_sim.server.auth import AuthMode, Credentials
from brightkitchen_sim.server.camera import Camera
from brightkitchen_sim.server.listener import Listener
from brightkitchen_sim.server.pacer import Pacer
from brightkitchen_sim.server.track import AudioLoop, VideoLoop

_JOB_TIMEOUT_S = 900.0
_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """base_port: port of camera 0, the next ones follow; 0 = any free port for each.

    scenes: "kitchen" or "pattern"; faults: (camera number or None for all, text NAME[=VALUE]).
    random_seed, fault_log: a random schedule of faults on all cameras but the first for `random_for_s` seconds.
    """

    cameras: int
    base_port: int
    cache: Path
    auth_mode: AuthMode
    credentials: Credentials
    host: str = "127.0.0.1"
    control_port: int = 0
    scenes: str = "kitchen"
    each_packet: bool = True
    session_timeout_s: float = 60.0
    h265_every: int = 8
    ready_file: Path | None = None
    faults: Sequence[tuple[int | None, str]] = ()
    random_seed: int | None = None
    random_for_s: float = 1800.0
    fault_log: Path | None = None


class ClipProvider:
    """Talks with the process that makes clips; one job at a time, each only once."""

    def __init__(self, cache: Path, scenes: str) -> None:
        self._arguments = ["-m", "brightkitchen_sim.provision", "--cache", str(cache), "--scenes", scenes]
        self._process: asyncio.subprocess.Process | None = None
        self._made: dict[str, Path] = {}

    async def make(self, job: dict[str, str]) -> Path:
        """Return the path of what the job names. Raises ClipError when it cannot be made."""
        line = json.dumps(job)
        if (known := self._made.get(line)) is not None:
            return known
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable, *self._arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
        assert process.stdin is not None and process.stdout is not None  # both are pipes
        process.stdin.write(line.encode() + b"\n")
        answer = await asyncio.wait_for(process.stdout.readline(), _JOB_TIMEOUT_S)
        if not answer:
            raise ClipError("the clip maker has ended")
        fields = json.loads(answer)
        if "path" not in fields:
            raise ClipError(str(fields.get("error")))
        self._made[line] = Path(fields["path"])
        return self._made[line]

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)


class Simulator:
    """One run of `serve`."""

    def __init__(self, options: ServeOptions, clock: Clock, announce_to: TextIO) -> None:
        self._options = options
        self._clock = clock
        self._announce_to = announce_to
        self._pacer = Pacer(clock)
        self._workshop = Workshop(clock, self._pacer, options.auth_mode, options.credentials)
        self._provider = ClipProvider(options.cache, options.scenes)
        self._video: dict[Path, VideoLoop] = {}
        self._audio: dict[Path, AudioLoop] = {}
        self._sources: list[LiveClockSource] = []
        self.cameras: dict[int, Camera] = {}
        self.listeners: dict[int, Listener] = {}
        self._director = FaultDirector(self.cameras, clock)
        self._control = ControlServer(self.cameras, self._director)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises OSError when a port is taken."""
        filling: asyncio.Task[None] | None = None
        try:
            self._options.cache.mkdir(parents=True, exist_ok=True)
            self._announce({"control": await self._control.open(self._options.control_port)})
            self._start_clock_camera()
            self._start_schedule()
            filling = asyncio.create_task(self._fill())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({filling, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if filling.done():
                filling.result()
            await stopping
        finally:
            if filling is not None:
                filling.cancel()
                with suppress(asyncio.CancelledError):
                    await filling
            await self._close()

    async def _close(self) -> None:
        self._director.close()
        self._control.close()
        for listener in self.listeners.values():
            listener.close()
        self._pacer.close()
        for source in self._sources:
            source.close()
        await self._provider.close()

    def _start_clock_camera(self) -> None:
        camera, sources = build_clock_camera(self._workshop, 0, build_plain_background)
        self._sources += sources
        self._open(camera)

    async def _fill(self) -> None:
        """Start the cameras that show clips, in order. One that fails is told and left out."""
        await self._hang_background()
        count = self._options.cameras - 1
        if count <= 0:
            return
        library = load_library(self._options.scenes)
        for plan in plan_cameras(count, library.SCENES, first=1, h265_every=self._options.h265_every):
            try:
                self._open(await self._build(plan))
            except (ClipError, TimeoutError) as error:
                self._announce({"camera": plan.number, "error": str(error) or "making its clips took too long"})
        self._announce({"ready": len(self.cameras)})
        await self._provider.close()  # the maker holds several hundred megabytes of scenes that nobody needs any more

    async def _hang_background(self) -> None:
        """Put the kitchen behind the clock; it takes seconds to draw the first time, and the clock does not wait."""
        try:
            paths = [await self._provider.make({"background": f"{width}x{height}"}) for width, height in CLOCK_SIZES]
            pictures = [np.load(path) for path in paths]
        except (ClipError, TimeoutError, OSError, ValueError) as error:
            self._announce({"camera": 0, "error": f"no background: {error}"})
            return
        by_size = dict(zip(CLOCK_SIZES, pictures, strict=True))
        for source in self._sources:
            source.background = lambda width, height: by_size[width, height]

    async def _build(self, plan: CameraPlan) -> Camera:
        main, sub, audio = [await self._provider.make(job) for job in plan.jobs()]
        for path in (main, sub):
            if path not in self._video:
                self._video[path] = VideoLoop(open_clip(path))
        if audio not in self._audio:
            self._audio[audio] = AudioLoop(open_audio_clip(audio))
        return build_clip_camera(self._workshop, plan, self._video[main], self._video[sub], self._audio[audio])

    def _open(self, camera: Camera) -> None:
        options = self._options
        listener = Listener(
            self._clock,
            host=options.host,
            port=options.base_port + camera.number if options.base_port else 0,
            each_packet=options.each_packet,
            session_timeout_s=options.session_timeout_s,
        )
        listener.add_camera(camera)
        listener.open()
        self.cameras[camera.number] = camera
        self.listeners[camera.number] = listener
        for number, text in options.faults:
            if number in (None, camera.number):
                self._begin_fault(camera, text)
        self._announce(build_announcement(camera, options.host, listener.port))

    def _begin_fault(self, camera: Camera, text: str) -> None:
        try:
            self._director.begin(camera, *parse_fault(text))
        except FaultError as error:
            self._announce({"camera": camera.number, "error": str(error)})

    def _start_schedule(self) -> None:
        options = self._options
        if options.random_seed is None or options.fault_log is None:
            return
        plan = build_schedule(options.random_seed, range(1, options.cameras), options.random_for_s)
        self._director.start_schedule(plan, options.fault_log)

    def _announce(self, line: dict[str, object]) -> None:
        """Tell that something is ready: the file first, so that who has read the line finds it in the file."""
        text = json.dumps(line, ensure_ascii=False) + "\n"
        if self._options.ready_file is not None:
            with self._options.ready_file.open("a", encoding="utf-8") as file:
                file.write(text)
        self._announce_to.write(text)
        self._announce_to.flush()
