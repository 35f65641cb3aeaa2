"""`make slow-viewer`: some viewers read nothing for a minute; neither the node's memory nor the others' pictures may notice.

One node with one camera of 2 Mbit/s, viewers that keep up, viewers that stop to read. Half of those say now and then that they are there
(an unasked pong), so that the node has to keep them for the whole minute; the others are silent, and the node lets them go after half
a minute. Memory of the node (anonymous RSS, PSS) and the added delay of the others before, during and after; how many bytes the
node's sockets have for them; whether all come back with a key frame. Loopback only; ends by itself; exit code 1 if violated.
"""

import argparse
import asyncio
import json
import os
import platform
import socket
import struct
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop
from tests.bench.live_viewers import speaking
from tests.bench.processes import cost_of
from tests.bench.recorder import PORT, source
from tests.bench.viewers_crowd import Crowd
from tests.bench.viewers_node import ORIGIN
from tests.bench.webrtc_viewers import read
from tests.live_viewer import KEY, PICTURE, LiveViewer

from brightkitchen.kernel.clock import SystemClock, wait_until

BEFORE_S = 15.0
AFTER_S = 15.0
PONG_EVERY_S = 8.0
SAMPLE_S = 1.0
GONE_WITHIN_S = 40.0  # a ping each 20 s, ten to answer it, two to be cut off, and a loaded machine
MAX_GROWTH_BYTES_EACH = 1_500_000  # a GOP of the stream is 0.5 MB; the bound of this stream is one GOP and one picture
MAX_DRIFT_BYTES = 3_000_000  # between the first and the last third of the time in which they do not read
MAX_DELAY_RATIO, MAX_DELAY_MORE_MS = 1.5, 15.0
RECEIVE_BYTES = 64 * 1024
_STAMP = struct.Struct(">Q")


@dataclass(slots=True)
class Look:
    """Of a viewer that does not always read. first_key: whether it went on with a key frame; None: not yet."""

    viewer: LiveViewer
    answers: bool
    lags: list[int] = field(default_factory=list)
    first_key: bool | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    own_bytes: int
    pss_bytes: int
    connections: int


@dataclass(slots=True)
class Phase:
    """delays_us: from the instant the node stamped a picture with to its last byte at a viewer that keeps up."""

    name: str
    samples: list[Sample] = field(default_factory=list)
    delays_us: list[int] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)
    elapsed_s: float = 0.0

    def delay_ms(self, share: float) -> float:
        ordered = sorted(self.delays_us)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000

    def most(self, name: str) -> int:
        return max(int(getattr(sample, name)) for sample in self.samples)

    def mean(self, name: str, *, first: bool) -> float:
        third = max(1, len(self.samples) // 3)
        part = self.samples[:third] if first else self.samples[-third:]
        return sum(int(getattr(sample, name)) for sample in part) / len(part)

    @property
    def least_fps(self) -> float:
        return min(self.pictures) / self.elapsed_s


class Run:
    """Everybody who watches, in this process; the node is another one."""

    def __init__(self, node: int, port: int) -> None:
        self.clock = SystemClock()
        self.phases: list[Phase] = []
        self._tokens = Crowd(1, 1)
        self._node = psutil.Process(node)
        self._port = port
        self._viewers = 0
        self._brisk: list[LiveViewer] = []
        self.slow: list[Look] = []
        self._phase = Phase("start")

    async def add_brisk(self, count: int) -> None:
        """Connect viewers that keep up."""
        for number in range(count):
            self._brisk.append(await self._connect(self._make_note(number)))

    async def add_slow(self, count: int) -> None:
        """Connect viewers that will stop; every other one goes on to say that it is there."""
        for number in range(count):
            look: list[Look] = []

            def on_media(head: bytes, _size_bytes: int, look: list[Look] = look) -> None:
                if look and look[0].lags and look[0].first_key is None and head[0] == PICTURE:
                    look[0].first_key = bool(head[1] & KEY)

            def on_text(said: dict[str, object], look: list[Look] = look) -> None:
                if look and said["type"] == "lag":
                    look[0].lags.append(int(str(said["dropped_gops"])))

            viewer = await self._connect(on_media, on_text)
            look.append(Look(viewer, answers=number % 2 == 0))
            self.slow.append(look[0])

    async def _connect(
        self, on_media: Callable[[bytes, int], None], on_text: Callable[[dict[str, object]], None] = lambda said: None
    ) -> LiveViewer:
        self._viewers += 1
        plain = socket.socket()
        plain.setblocking(False)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(plain, ("127.0.0.1", self._port))
        token, path = self._tokens.token(self._viewers), f"/live/{self._tokens.camera(0)}/ws"
        _, viewer = await loop.create_connection(
            lambda: LiveViewer(path, origin=ORIGIN, token=token, on_media=on_media, on_text=on_text), sock=plain
        )
        return viewer

    def _make_note(self, number: int) -> Callable[[bytes, int], None]:
        def note(head: bytes, _size_bytes: int) -> None:
            if head[0] == PICTURE and self._phase.pictures:
                self._phase.pictures[number] += 1
                self._phase.delays_us.append(self.clock.utc() - _STAMP.unpack_from(head, 2)[0])

        return note

    async def watch(self, name: str, duration_s: float, *, pongs: bool = False) -> Phase:
        """Look once a second for so long."""
        phase = self._phase = Phase(name, pictures=[0] * len(self._brisk))
        self.phases.append(phase)
        began_s = self.clock.mono_s()
        pongs_at_s = 0.0
        while self.clock.mono_s() - began_s < duration_s:
            await self.clock.sleep(SAMPLE_S)
            phase.samples.append(self._sample())
            if pongs and self.clock.mono_s() - began_s >= pongs_at_s:
                pongs_at_s += PONG_EVERY_S
                for look in self.slow:
                    if look.answers:
                        look.viewer.pong()
        phase.elapsed_s = self.clock.mono_s() - began_s
        return phase

    def _sample(self) -> Sample:
        status = (Path("/proc") / str(self._node.pid) / "status").read_text()
        own = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon:"))
        connections = sum(
            one.status == psutil.CONN_ESTABLISHED and one.laddr.port == self._port
            for one in self._node.net_connections("tcp")
        )
        return Sample(own, cost_of([self._node.pid]).pss_bytes, connections)

    async def read_again(self) -> bool:
        """Let the slow read; return whether all who are still there got a key frame after the gap within 20 s."""
        kept = [look for look in self.slow if look.answers]
        for look in self.slow:
            if not look.viewer.ended.done() and look.viewer.transport is not None:
                look.viewer.read_again()
        return await wait_until(lambda: all(look.first_key is not None for look in kept), self.clock, timeout_s=20)

    async def close(self) -> None:
        for viewer in [*self._brisk, *(look.viewer for look in self.slow)]:
            if viewer.transport is not None:
                viewer.transport.abort()
        await self.clock.sleep(0.1)


def find_violations(run: Run, seconds: float, is_back: bool) -> list[str]:
    """Return what was not as promised, a sentence each."""
    before, during, _ = run.phases
    kept = [look for look in run.slow if look.answers]
    silent = [look for look in run.slow if not look.answers]
    found = []
    grown = during.most("own_bytes") - before.mean("own_bytes", first=False)
    if grown > len(run.slow) * MAX_GROWTH_BYTES_EACH:
        found.append(f"the node's memory grew by {grown / 1e6:.1f} MB for {len(run.slow)} viewers")
    drift = during.mean("own_bytes", first=False) - during.mean("own_bytes", first=True)
    if drift > MAX_DRIFT_BYTES:
        found.append(f"the node's memory went on growing, by {drift / 1e6:.1f} MB")
    limit_ms = max(before.delay_ms(0.95) * MAX_DELAY_RATIO, before.delay_ms(0.95) + MAX_DELAY_MORE_MS)
    if during.delay_ms(0.95) > limit_ms:
        found.append(f"others' delay p95 rose from {before.delay_ms(0.95):.1f} to {during.delay_ms(0.95):.1f} ms")
    if during.least_fps < before.least_fps * 0.97:
        found.append(f"others' pictures fell from {before.least_fps:.1f} to {during.least_fps:.1f} a second")
    if not is_back or not all(look.first_key for look in kept):
        found.append("not every viewer went on with a key frame")
    if any(len(look.lags) != 1 or look.lags[0] < seconds / 2 - 5 for look in kept):
        found.append(f"groups left out: {[look.lags for look in kept]}")
    if seconds >= GONE_WITHIN_S and during.samples[-1].connections > before.samples[-1].connections - len(silent):
        found.append(f"silent viewers are still connected: {during.samples[-1].connections}")
    return found


def report(run: Run) -> str:
    lines = [
        "| | node's own memory MB, mean and most | PSS MB, most | connections at the end | others' delay p50, p95 ms | others' pictures/s, least |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for phase in run.phases:
        own = [sample.own_bytes for sample in phase.samples]
        lines.append(
            f"| {phase.name} | {sum(own) / len(own) / 1e6:.1f}, {max(own) / 1e6:.1f} | {phase.most('pss_bytes') / 1e6:.1f} "
            f"| {phase.samples[-1].connections} | {phase.delay_ms(0.5):.1f}, {phase.delay_ms(0.95):.1f} | {phase.least_fps:.1f} |"
        )
    return "\n".join(lines)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Run]:
    """A camera, a node, and nobody who watches yet."""
    with source("packet", 1, folder / "report.json"):
        words = ("--port", str(PORT), "--data", str(folder / "node"))
        with speaking("tests.bench.viewers_node", *words) as node:
            said = await asyncio.to_thread(read, node)
            if not said["live"]:
                raise SystemExit("the camera did not come up")
            run = Run(node.pid, said["port"])
            try:
                yield run
            finally:
                await run.close()


async def soak(arguments: argparse.Namespace) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="bk-soak-") as folder:
        async with running(Path(folder)) as run:
            await run.add_brisk(arguments.viewers)
            await run.add_slow(arguments.slow)
            await run.clock.sleep(5.0)
            await run.watch("all read", BEFORE_S)
            for look in run.slow:
                look.viewer.stop_reading()
            await run.watch(f"{arguments.slow} read nothing", arguments.seconds, pongs=True)
            is_back = await run.read_again()
            await run.watch("all read again", AFTER_S)
            print(
                f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
                f"{arguments.viewers} viewers keep up, {arguments.slow} read nothing for {arguments.seconds:g} s\n"
            )
            print(report(run))
            lags = json.dumps([look.lags for look in run.slow if look.answers])
            print(f"\ngroups of 2 s left out of those that the node kept: {lags}")
            return find_violations(run, arguments.seconds, is_back)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for which the slow read nothing; at most 70")
    parser.add_argument("--viewers", type=int, default=20, help="that keep up")
    parser.add_argument("--slow", type=int, default=10)
    arguments = parser.parse_args()
    if not 5 <= arguments.seconds <= 70:
        parser.error("5 to 70 seconds: a lease that nobody renews ends after 120")
    violations = uvloop.run(soak(arguments))
    print("\n" + ("\n".join(f"VIOLATED: {each}" for each in violations) if violations else "held"))
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
