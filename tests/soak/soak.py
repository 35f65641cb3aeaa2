"""`make soak`: a node records cameras that keep failing, and afterwards memory, tasks and timelines must be as they should.

Simulated cameras with a seeded schedule of faults that write down what they did; one recorder process. At the end: memory of the last
third of the samples against the first third after a warm-up, tasks and descriptors against the beginning, and each camera's
timeline against the log: a gap for each outage, and none without. Loopback only; ends by itself; exit code 1 if violated.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from tests.bench.processes import cost_of

from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.units import US_PER_S, parse_utc

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_EVERY_S = 10.0
START_TIMEOUT_S = 180.0
RECOVER_S = 75.0  # after the last fault, until every camera is back: a connection attempt and the longest back-off
WARM_UP = 1 / 6  # of the samples
MAX_GROWTH = 0.05
MAX_TASK_DRIFT = 3
MAX_FD_DRIFT = 12  # the index opens a reading connection for each thread that asks
MAX_OBJECTS_GROWN = 3000  # the fragments of open files come and go
MAX_OBJECTS_GROWN_PER_MINUTE = 20  # a cycle left by each connection would be 160
EDGE_US = (
    1_500_000  # a gap may begin so much after (or before) its outage: last low-water batch, last picture, key frame
)
RETURN_US = (
    60 * US_PER_S
)  # a gap may last so long after its outage: a timed-out attempt (15 s), the longest back-off (30 s)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in microseconds UTC, and what it is."""

    from_us: int
    to_us: int
    what: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the recorder. Bytes of the process; the rest as the process counts itself."""

    at_s: float
    rss_bytes: int
    pss_bytes: int
    cpu_s: float
    tasks: int
    fds: int
    objects: int
    live: int


class Child:
    """A process that speaks JSON lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def read(self, wanted: str, timeout_s: float) -> dict[str, Any]:
        """Return the next line with the key or the event `wanted`. raises: SystemExit if it does not come."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(timeout_s):
                while line := await self.process.stdout.readline():
                    said: dict[str, Any] = json.loads(line)
                    if wanted in said or said.get("event") == wanted:
                        return said
        except TimeoutError:
            raise SystemExit(f"no {wanted!r} within {timeout_s:g} s") from None
        raise SystemExit(f"a process ended before it said {wanted!r}")


@asynccontextmanager
async def child(*arguments: str, errors: Path) -> AsyncIterator[Child]:
    """Run a Python module of ours; end it at the end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with errors.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments),
            cwd=ROOT,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            limit=1 << 26,
        )
        try:
            yield Child(process)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 20)
                except TimeoutError:
                    process.kill()
                    await process.wait()


class Soak:
    """One run."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._clock = SystemClock()
        self._fault_log = folder / "faults.jsonl"
        self.samples: list[Sample] = []
        self.problems: list[str] = []

    async def run(self) -> None:
        """Record for the time given; fill `samples` and `problems`."""
        cameras: int = self._options.cameras
        simulator = child(
            *("brightkitchen_sim", "serve", "--scenes", "pattern", "--auth", "none", "--base-port", "0"),
            *("--cameras", str(cameras + 1), "--cache", str(self._options.cache or self._folder / "cache")),
            errors=self._folder / "simulator.log",
        )
        async with simulator as sim:
            control: int = (await sim.read("control", START_TIMEOUT_S))["control"]
            ports = await self._await_cameras(sim, cameras)
            (self._folder / "ports.json").write_text(json.dumps(ports))
            recorder = child(
                *("tests.soak.recorder_node", "--cameras", str(self._folder / "ports.json")),
                *("--data", str(self._folder / "node")),
                errors=self._folder / "recorder.log",
            )
            async with recorder as node:
                if not (await node.read("live", START_TIMEOUT_S))["all"]:
                    raise SystemExit("not every camera came up")
                await self._watch(sim, node, control, cameras)
                node.process.send_signal(signal.SIGTERM)
                said = await node.read("timelines", 60)
        if said["failures"]:
            self.problems.append(f"tasks failed: {said['failures']}")
        self._judge_memory()
        self._judge_leaks()
        self._judge_timelines(said["cameras"])

    async def _await_cameras(self, sim: Child, cameras: int) -> list[int]:
        """Return the ports of cameras 1, 2, …; camera 0, which encodes as it goes, is left in peace."""
        ports: dict[int, int] = {}
        while len(ports) < cameras:
            line = await sim.read("camera", START_TIMEOUT_S)
            if line["camera"] > 0 and "rtsp" in line:
                ports[line["camera"]] = int(line["rtsp"].rpartition(":")[2].partition("/")[0])
        return [ports[number] for number in sorted(ports)]

    async def _watch(self, sim: Child, node: Child, control: int, cameras: int) -> None:
        """Sample at rest, then while things fail, then at rest again."""
        await self._clock.sleep(5)
        await self._sample(node)
        duration_s: float = self._options.minutes * 60
        request = {
            "op": "random",
            "cameras": list(range(1, cameras + 1)),
            "seed": self._options.seed,
            "duration_s": duration_s,
            "log": str(self._fault_log),
        }
        print(f"faults: {await ask(control, request)}", flush=True)
        begin_s = self._clock.mono_s()
        while self._clock.mono_s() < begin_s + duration_s:
            await self._clock.sleep(SAMPLE_EVERY_S)
            await self._sample(node)
            if sim.process.returncode is not None:
                raise SystemExit("the simulator ended")
        while self._clock.mono_s() < begin_s + duration_s + RECOVER_S:
            await self._clock.sleep(SAMPLE_EVERY_S)
            await self._sample(node)
        if self.samples[-1].live != cameras:
            self.problems.append(f"{cameras - self.samples[-1].live} cameras did not come back")

    async def _sample(self, node: Child) -> None:
        node.process.send_signal(signal.SIGUSR1)
        status = await node.read("status", 30)
        cost = cost_of([node.process.pid])
        text = (Path("/proc") / str(node.process.pid) / "status").read_text()
        rss = next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmRSS:"))
        fields = {name: int(status[name]) for name in ("tasks", "fds", "objects", "live")}
        sample = Sample(round(self._clock.mono_s(), 1), rss, cost.pss_bytes, cost.cpu_s, **fields)
        self.samples.append(sample)
        if status["dropped_bytes"]:
            self.problems.append(f"the disk was too slow: {status['dropped_bytes']} bytes dropped")
        print(
            f"{sample.at_s - self.samples[0].at_s:7.0f} s  rss {sample.rss_bytes / 1e6:6.1f}  pss {sample.pss_bytes / 1e6:6.1f} MB  "
            f"cpu {sample.cpu_s:6.1f} s  tasks {sample.tasks:3}  fds {sample.fds:3}  objects {sample.objects:6}  live {sample.live}",
            flush=True,
        )

    # -- judgement ----------------------------------------------------------------------------------------------------

    def _judge_memory(self) -> None:
        warm = self.samples[int(len(self.samples) * WARM_UP) + 1 :]
        third = max(1, len(warm) // 3)
        for name in ("rss_bytes", "pss_bytes"):
            first = mean(getattr(sample, name) for sample in warm[:third])
            last = mean(getattr(sample, name) for sample in warm[-third:])
            growth = last / first - 1
            print(f"{name}: first third {first / 1e6:.1f} MB, last third {last / 1e6:.1f} MB, {growth:+.1%}")
            if growth > MAX_GROWTH:
                self.problems.append(f"{name} grew by {growth:.1%}")

    def _judge_leaks(self) -> None:
        first, last = self.samples[0], self.samples[-1]
        print(f"tasks {first.tasks} -> {last.tasks}, descriptors {first.fds} -> {last.fds}")
        if last.tasks - first.tasks > MAX_TASK_DRIFT:
            self.problems.append(f"{last.tasks - first.tasks} tasks more than at the beginning")
        print(f"objects {first.objects} -> {last.objects}")
        grown = last.objects - first.objects
        if grown > MAX_OBJECTS_GROWN + MAX_OBJECTS_GROWN_PER_MINUTE * self._options.minutes:
            self.problems.append(
                f"{grown} objects more than at the beginning: something is kept, or waits for the collector"
            )
        if last.fds - first.fds > MAX_FD_DRIFT:
            self.problems.append(f"{last.fds - first.fds} descriptors more than at the beginning")

    def _judge_timelines(self, timelines: Sequence[dict[str, Any]]) -> None:
        faults = read_faults(self._fault_log)
        shown: dict[str, int] = {}
        total: dict[str, int] = {}
        returns_s: list[float] = []
        spurious = 0
        for number, timeline in enumerate(timelines, start=1):
            gaps = [Window(*gap) for gap in timeline["gaps"]]
            own = faults.get(number, [])
            for outage in (fault for fault in own if fault.what in OUTAGES):
                total[outage.what] = total.get(outage.what, 0) + 1
                missing_us = uncovered_us(outage, gaps)
                if missing_us <= 0:
                    shown[outage.what] = shown.get(outage.what, 0) + 1
                    returns_s.append((end_of(outage, gaps) - outage.to_us) / US_PER_S)
                else:
                    self.problems.append(
                        f"camera {number}: {describe(outage)} has {missing_us / 1e6:.1f} s without a gap"
                    )
            for gap in gaps:
                if not any(is_explained(gap, fault) for fault in own if fault.what in OUTAGES):
                    spurious += 1
                    near = [fault.what for fault in own if is_explained(gap, fault)]
                    self.problems.append(f"camera {number}: gap {describe(gap)} without an outage; meanwhile: {near}")
        print("outage           in the log   shown as gaps")
        for what in sorted(total):
            print(f"{what:16} {total[what]:10} {shown.get(what, 0):15}")
        others = [fault.what for own in faults.values() for fault in own if fault.what not in OUTAGES]
        print("other faults: " + ", ".join(f"{what} {others.count(what)}" for what in sorted(set(others))))
        print(f"gaps in all {sum(len(timeline['gaps']) for timeline in timelines)}, without an outage {spurious}")
        if returns_s:
            print(f"back after the end of an outage: median {median(returns_s):.1f} s, longest {max(returns_s):.1f} s")


OUTAGES = ("refuse", "drop", "stall", "wrong_password")


async def ask(port: int, request: dict[str, Any]) -> dict[str, Any]:
    """Say one line to the simulator's control port and return the answer."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await reader.readline())
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if not answer["ok"]:
        raise SystemExit(f"the simulator refused: {answer}")
    return answer


def read_faults(log: Path) -> dict[int, list[Window]]:
    """Return what ended, by camera: the log's `end` lines repeat the start."""
    found: dict[int, list[Window]] = {}
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        if entry["event"] == "end":
            window = Window(parse_utc(entry["start"]), parse_utc(entry["end"]), entry["fault"])
            assert entry["outage"] == (window.what in OUTAGES)
            found.setdefault(entry["camera"], []).append(window)
    return found


def uncovered_us(outage: Window, gaps: Iterable[Window]) -> int:
    """Return how much of an outage, but for its first and last moments, no gap covers."""
    from_us, to_us = outage.from_us + EDGE_US, outage.to_us - EDGE_US // 3
    if to_us <= from_us:  # too short for that: then a gap must at least touch it
        touched = any(gap.from_us <= outage.to_us + EDGE_US and gap.to_us >= outage.from_us for gap in gaps)
        return 0 if touched else outage.to_us - outage.from_us
    return to_us - from_us - sum(max(0, min(gap.to_us, to_us) - max(gap.from_us, from_us)) for gap in gaps)


def is_explained(gap: Window, fault: Window) -> bool:
    """True if the gap began with or during the fault, or soon after it, and did not outlast it by much."""
    return fault.from_us - EDGE_US <= gap.from_us <= fault.to_us + RETURN_US and gap.to_us <= fault.to_us + RETURN_US


def end_of(outage: Window, gaps: Iterable[Window]) -> int:
    """Return when the gap of an outage ended."""
    touching = (gap.to_us for gap in gaps if gap.from_us <= outage.to_us + EDGE_US and gap.to_us >= outage.from_us)
    return max(touching, default=outage.to_us)


def describe(window: Window) -> str:
    return f"{window.what} at {window.from_us / 1e6:.1f} for {(window.to_us - window.from_us) / 1e6:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--cameras", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="where the simulator's clips are kept; else made anew")
    parser.add_argument("--keep", type=Path, help="work in this new folder and leave it there")
    options = parser.parse_args()
    with contextlib.ExitStack() as ending:
        folder = options.keep or Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="bk-soak-")))
        folder.mkdir(parents=True, exist_ok=True)
        soak = Soak(options, folder)
        asyncio.run(soak.run())
        complaints = (folder / "recorder.log").read_text("utf-8", "replace").splitlines()
        loud = [line for line in complaints if '"level": "error"' in line]
        print(f"the recorder's log: {len(complaints)} warnings and errors, {len(loud)} errors")
        for line in loud[:5]:
            print(line)
        if loud:
            soak.problems.append(f"the recorder logged {len(loud)} errors")
    for problem in soak.problems:
        print(f"VIOLATED {problem}")
    print("soak passed" if not soak.problems else f"soak failed: {len(soak.problems)}")
    sys.exit(1 if soak.problems else 0)


if __name__ == "__main__":
    main()
