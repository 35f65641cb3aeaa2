"""Child processes of the launcher: started, watched, restarted with back-off, ended together."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import msgspec

from brightkitchen.bootstrap.inherited import Inheritance, write_inheritance
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.tasks import HEALTHY_AFTER_S, back_off_s

STOP_TIMEOUT_S: Final = 8.0
LOG_LIMIT_BYTES: Final = 10 * 1024 * 1024
LONGEST_RESTART_S: Final = 5.0  # a node must be recording again within 5 s of its first fall


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """argv: without the descriptor's number, which is appended as ``--inherit N`` when `inheritance` is given.

    environment: the child's; None: ours.
    """

    name: str
    argv: tuple[str, ...]
    inheritance: Inheritance | None = None
    on_line: Callable[[dict[str, object]], None] = field(default=lambda line: None)
    on_exit: Callable[[int], None] = field(default=lambda code: None)
    niceness: int = 0
    environment: Mapping[str, str] | None = None


class LogFile:
    """A child's standard error: into a bounded file and its one predecessor, or straight through."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def write(self, line: bytes) -> None:
        if self._path is None:
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()
            return
        if self._file is None:
            self._file = self._path.open("ab")
        if self._file.tell() + len(line) > LOG_LIMIT_BYTES:
            self._file.close()
            self._path.replace(self._path.with_suffix(".1.log"))
            self._file = self._path.open("ab")
        self._file.write(line)
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Child:
    """One process that shall always run. `run` is a task of the launcher's group."""

    def __init__(self, spec: ChildSpec, clock: Clock, entropy: Entropy, log_path: Path | None) -> None:
        self.spec = spec
        self.ready = asyncio.Event()
        self.starts = 0
        self._clock = clock
        self._entropy = entropy
        self._log = LogFile(log_path)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def run(self) -> None:
        """Start the process and start it again whenever it ends, until `stop`."""
        attempt = 0
        while not self._stopping.is_set():
            started_s = self._clock.mono_s()
            code = await self._run_once()
            self.ready.clear()
            if self._stopping.is_set():
                break
            self.spec.on_exit(code)
            attempt = 1 if self._clock.mono_s() - started_s > HEALTHY_AFTER_S else attempt + 1
            await self._clock.sleep(back_off_s(attempt, self._entropy, first_s=0.3, longest_s=LONGEST_RESTART_S))
        self._log.close()

    async def _run_once(self) -> int:
        read_end, write_end = os.pipe()
        try:
            argv = list(self.spec.argv)
            if self.spec.inheritance is not None:
                write_inheritance(write_end, self.spec.inheritance)
                argv += ["--inherit", str(read_end)]
            self.starts += 1
            self._process = await asyncio.create_subprocess_exec(
                *argv,
                # Who inherits no pipe can tell by the end of its standard input that the launcher is gone.
                stdin=asyncio.subprocess.DEVNULL if self.spec.inheritance is not None else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(read_end,) if self.spec.inheritance is not None else (),
                env=self.spec.environment,
                start_new_session=True,  # Ctrl-C reaches the launcher alone, which ends the children in order
                limit=1024 * 1024,
            )
            os.close(read_end)
            read_end = -1
            if self.spec.niceness:
                os.setpriority(os.PRIO_PROCESS, self._process.pid, self.spec.niceness)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read_lines(self._process.stdout))
                group.create_task(self._read_log(self._process.stderr))
            return await self._process.wait()
        finally:
            os.close(write_end)
            if read_end >= 0:
                os.close(read_end)

    async def _read_lines(self, stream: asyncio.StreamReader | None) -> None:
        """Each line on standard output is a JSON object; ``{"event":"ready"}`` says that the process serves."""
        async for line in _lines(stream):
            try:
                said = msgspec.json.decode(line, type=dict[str, object])
            except msgspec.DecodeError:
                self._log.write(line)
                continue
            if said.get("event") == "ready":
                self.ready.set()
            self.spec.on_line(said)

    async def _read_log(self, stream: asyncio.StreamReader | None) -> None:
        async for line in _lines(stream):
            self._log.write(line)

    async def stop(self) -> None:
        """Ask the process to end, wait, and kill it if it does not."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        if number is signal.SIGKILL:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[bytes]:
    """Yield whole lines; one that is longer than the reader's limit is cut, not fatal."""
    if stream is None:
        return
    while True:
        try:
            line = await stream.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            if end.partial:
                yield end.partial
            return
        except asyncio.LimitOverrunError as long:
            yield await stream.readexactly(long.consumed) + b"\n"
            continue
        yield line
