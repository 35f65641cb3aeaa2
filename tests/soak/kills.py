"""`python -m tests.soak.kills --minutes 5`: a node records cameras on two small volumes and is killed with SIGKILL again and again.

Afterwards: the store checks clean with every file read, every file that is listed plays (each is demuxed and its pictures are counted, some
are decoded by ffmpeg), no gap is without a reason or without a kill or a deletion that explains it, and what was held is there. Loopback
only; ends by itself; exit code 1 if violated.
"""

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import av
import msgspec
from tests.recording_node import FOREVER, key_of
from tests.soak.soak import START_TIMEOUT_S, Child, child

from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.nodeprotocol import Holds
from brightkitchen.kernel.recordingplan import Hold
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.checker import Checker
from brightkitchen.media.store.layout import final_names
from brightkitchen.media.store.model import SegmentInfo
from brightkitchen.media.store.store import Store, StoreRules
from brightkitchen.media.store.volumes import VolumePlace

LIVES_S = (0.3, 1.0, 3.0, 8.0, 20.0)
GROUP_S = 2.0  # of the simulator's streams
UNWRITTEN_S = GROUP_S + 1.0 + 0.15 + 1.0  # the group, what waits in the kernel, the hand-over, a machine that is shared
EXPLAINED = ("node_stopped", "retention")


class Kills:
    """One run."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._clock = SystemClock()
        self._rng = random.Random(options.seed)
        self._place = VolumePlace("second", folder / "second" / "node-0")
        self.kills: list[int] = []
        self.problems: list[str] = []

    async def run(self) -> None:
        """Record and kill for the time given, then judge."""
        cameras: int = self._options.cameras
        (self._folder / "second").mkdir()
        simulator = child(
            *("brightkitchen_sim", "serve", "--scenes", "pattern", "--auth", "none", "--base-port", "0"),
            *("--cameras", str(cameras + 1), "--cache", str(self._options.cache or self._folder / "cache")),
            errors=self._folder / "simulator.log",
        )
        async with simulator as sim:
            await sim.read("control", START_TIMEOUT_S)
            ports = await self._await_cameras(sim, cameras)
            (self._folder / "ports.json").write_text(json.dumps(ports))
            self._write_holds(self._clock.utc())
            end_s = self._clock.mono_s() + self._options.minutes * 60
            while self._clock.mono_s() < end_s:
                await self._live_once()
        self._judge()

    async def _await_cameras(self, sim: Child, cameras: int) -> list[int]:
        ports: dict[int, int] = {}
        while len(ports) < cameras:
            line = await sim.read("camera", START_TIMEOUT_S)
            if line["camera"] > 0 and "rtsp" in line:
                ports[line["camera"]] = int(line["rtsp"].rpartition(":")[2].partition("/")[0])
        return [ports[number] for number in sorted(ports)]

    def _write_holds(self, now: Utc) -> None:
        self.held = Hold(
            id="hold_1",
            camera=key_of(0).camera,
            from_at=Utc(now + 20 * US_PER_S),
            to_at=Utc(now + 50 * US_PER_S),
        )
        (self._folder / "holds.json").write_bytes(msgspec.json.encode(Holds(version=1, holds=(self.held,))))

    async def _live_once(self) -> None:
        """Start the node, let it live for a while, kill it."""
        life_s = self._rng.choice(LIVES_S) * self._rng.uniform(0.5, 1.5)
        node = child(
            *("tests.soak.kills_node", "--cameras", str(self._folder / "ports.json")),
            *("--data", str(self._folder / "node-0"), "--second", str(self._folder / "second")),
            *("--holds", str(self._folder / "holds.json"), "--quota-mb", str(self._options.quota_mb)),
            errors=self._folder / f"node-{len(self.kills)}.log",
        )
        async with node as started:
            if life_s >= 1:  # shorter ones die while they import, open, recover
                await started.read("begun", 60)
            await self._clock.sleep(life_s)
            if started.process.returncode is not None:
                self.problems.append(f"the node ended by itself in its life {len(self.kills)}")
            started.process.send_signal(signal.SIGKILL)
            self.kills.append(self._clock.utc())
            await started.process.wait()
        print(f"killed {len(self.kills)}, lived {life_s:.1f} s", flush=True)

    # -- judgement ----------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        folder = self._folder / "node-0" / "store"
        store = Store.open(folder, self._clock, rules=StoreRules(places=(self._place,)))
        infos = [
            info for n in range(self._options.cameras) for info in store.segments_between(key_of(n), Utc(0), FOREVER)
        ]
        report = Checker(folder, [self._place], reads_all=True, is_running=True).run()
        print(
            f"check --hash: {report.files} files, {len(report.findings)} findings, {report.unhashed} without a hash yet"
        )
        self.problems.extend(f"{finding.invariant} {finding.file} {finding.detail}" for finding in report.findings)
        self._judge_files(folder, infos)
        self._judge_gaps(store)
        proofs = [proof for _, proof in store.keeper.load_proofs(1_000_000)]
        print(f"deleted by quota: {sum(proof.files for proof in proofs)} files in {len(proofs)} proofs")
        store.start()
        store.close()

    def _judge_files(self, folder: Path, infos: list[SegmentInfo]) -> None:
        roots = {1: folder, 2: self._place.folder}
        for info in infos:
            path = roots[info.volume] / Path(*final_names(info.id, info.key, info.start_at))
            try:
                with av.open(str(path)) as container:
                    pictures = sum(packet.size > 0 for packet in container.demux(video=0))
            except (OSError, av.error.FFmpegError) as error:
                self.problems.append(f"{path.name} does not open: {error}")
                continue
            if pictures != info.frames:
                self.problems.append(f"{path.name} has {pictures} pictures, listed are {info.frames}")
        some = self._rng.sample(infos, min(40, len(infos)))
        for info in some:
            path = roots[info.volume] / Path(*final_names(info.id, info.key, info.start_at))
            said = subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"],
                capture_output=True,
                check=False,
                timeout=60,
            )
            if said.returncode or said.stderr:
                self.problems.append(f"ffmpeg on {path.name}: {said.stderr[:200]!r}")
        print(
            f"{len(infos)} files listed, all demuxed, {len(some)} decoded; on volumes {[sum(i.volume == v for i in infos) for v in (1, 2)]}"
        )

    def _judge_gaps(self, store: Store) -> None:
        lost_s: list[float] = []
        reasons: dict[str, int] = {}
        for number in range(self._options.cameras):
            timeline = store.timeline(key_of(number), Utc(0), self._clock.utc())
            for gap in timeline.gaps:
                reasons[gap.reason] = reasons.get(gap.reason, 0) + 1
                if gap.reason not in EXPLAINED:
                    self.problems.append(f"camera {number}: a gap because of {gap.reason} that nobody explains")
                if gap.reason == "node_stopped":
                    after = [kill for kill in self.kills if kill > gap.from_at]
                    if not after:
                        self.problems.append(f"camera {number}: node_stopped without a kill")
                    else:
                        lost_s.append((after[0] - gap.from_at) / US_PER_S)
                is_held = self.held.camera == key_of(number).camera
                if (
                    gap.reason == "retention"
                    and is_held
                    and gap.from_at < (self.held.to_at or 0)
                    and gap.to_at > self.held.from_at
                ):
                    overlap = [gap.from_at, gap.to_at]
                    self.problems.append(f"something of the hold was deleted: {overlap}")
        print(f"gaps by reason: {reasons}")
        if lost_s:
            late = sum(lost > UNWRITTEN_S for lost in lost_s)
            print(f"not written when killed: median {median(lost_s):.2f} s, longest {max(lost_s):.2f} s, over {UNWRITTEN_S:.2f} s: {late} of {len(lost_s)}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--cameras", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quota-mb", type=float, default=250.0, help="of each of both volumes")
    parser.add_argument("--cache", type=Path, help="where the simulator's clips are kept; else made anew")
    parser.add_argument("--keep", type=Path, help="work in this new folder and leave it there")
    options = parser.parse_args()
    with ExitStack() as ending:
        folder = options.keep or Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="bk-kills-")))
        folder.mkdir(parents=True, exist_ok=True)
        kills = Kills(options, folder)
        asyncio.run(kills.run())
    print(f"{len(kills.kills)} kills")
    for problem in kills.problems[:40]:
        print(f"VIOLATED {problem}")
    print("kills passed" if not kills.problems else f"kills failed: {len(kills.problems)}")
    sys.exit(1 if kills.problems else 0)


if __name__ == "__main__":
    main()
