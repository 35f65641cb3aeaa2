"""Two hundred cameras go away in the same moment and come back: the node connects to 16 at a time, and they come back apart."""

from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.recording_node import Recorded, RecordingNode, recording_node

from brightkitchen.kernel.camerastate import Reason
from brightkitchen.kernel.clock import SystemClock as ProductClock
from brightkitchen.kernel.clock import wait_until
from brightkitchen_sim.clip import open_clip
from brightkitchen_sim.clock import SystemClock
from brightkitchen_sim.fleet import CameraPlan, Workshop, build_clip_camera
from brightkitchen_sim.server.auth import AuthMode, Credentials
from brightkitchen_sim.server.camera import Camera, CameraLabel
from brightkitchen_sim.server.listener import Listener
from brightkitchen_sim.server.pacer import Pacer
from brightkitchen_sim.server.track import VideoLoop
from brightkitchen_sim.testpicture import ensure_pattern_clip

pytestmark = [pytest.mark.slow, pytest.mark.alone]
CAMERAS = 200
AT_ONCE = 16  # the default of media.connects_at_once
STEP_S = 0.005
WINDOW_S = 0.5
TURNED_AWAY = {Reason.PORT_CLOSED, Reason.NOT_RTSP}  # the connections that hung are closed without a word


@dataclass
class Crowd:
    """Simulated cameras, each on its own port. most: the highest number of unfinished connections ever seen."""

    cameras: list[Camera]
    listeners: list[Listener]
    clock: SystemClock
    most: int = 0

    def connecting(self) -> int:
        """Return how many connections are open that do not play, and remember the most."""
        count = 0
        for listener in self.listeners:
            for connection in listener.connections:
                count += not any(session.playing for session in connection.sessions.values())
        self.most = max(self.most, count)
        return count

    def set(self, fault: str) -> None:
        for camera in self.cameras:
            camera.faults.set(fault)

    def clear(self, fault: str) -> None:
        for camera in self.cameras:
            camera.faults.clear(fault)

    def played_s(self) -> list[float]:
        """Return when each camera's running session began to play, in order."""
        sessions = [session for listener in self.listeners for session in listener.sessions.values()]
        return sorted(session.played_at_s for session in sessions if session.played_at_s is not None)


@asynccontextmanager
async def crowd(clip: Path) -> AsyncIterator[Crowd]:
    workshop = Workshop(clock := SystemClock(), Pacer(clock), AuthMode.NONE, Credentials("", ""))
    video = VideoLoop(open_clip(clip), keep=True)
    cameras, listeners = [], []
    for number in range(CAMERAS):
        plan = CameraPlan(number, CameraLabel("pattern", f"Pattern {number}"), "h264", "", number)
        cameras.append(build_clip_camera(workshop, plan, video, None, None))
        listeners.append(Listener(clock))
        listeners[-1].add_camera(cameras[-1])
        listeners[-1].open()
    try:
        yield Crowd(cameras, listeners, clock)
    finally:
        for listener in listeners:
            listener.close()
        workshop.pacer.close()


def reasons_of(node: RecordingNode) -> set[Reason | None]:
    return {stream.reason for stream in node.node.hub}


def most_within(times_s: list[float], window_s: float) -> int:
    """Return the highest number of `times_s` (in order) in any window."""
    return max(bisect_left(times_s, time_s + window_s) - index for index, time_s in enumerate(times_s))


async def test_stampede_two_hundred_cameras_return_sixteen_at_a_time_and_apart(tmp_path: Path) -> None:
    clip = tmp_path / "small.clip"
    ensure_pattern_clip(clip, width_px=160, height_px=96, fps=5, gop=5, duration_s=2.0, bitrate_bps=40_000)
    clock = ProductClock()
    async with crowd(clip) as cameras:
        recorded = [Recorded(listener.port) for listener in cameras.listeners]
        async with recording_node(tmp_path / "node", recorded) as node:

            def all_live() -> bool:
                cameras.connecting()
                return node.live() == CAMERAS

            await node.begin()
            assert await wait_until(all_live, clock, timeout_s=20, step_s=STEP_S), node.live()

            # all go at once; each that comes back gets no answer, so what is being connected piles up at the gate
            cameras.set("stall")
            cameras.set("refuse")
            cameras.clear("refuse")
            assert await wait_until(lambda: cameras.connecting() == AT_ONCE, clock, timeout_s=10, step_s=STEP_S)
            assert not await wait_until(lambda: cameras.connecting() > AT_ONCE, clock, timeout_s=2, step_s=STEP_S)
            assert node.live() == 0

            # now they refuse, until every one was turned away
            cameras.set("refuse")
            cameras.clear("stall")
            assert await wait_until(lambda: reasons_of(node) <= TURNED_AWAY, clock, timeout_s=10), reasons_of(node)
            assert cameras.connecting() == 0

            # and are there again, in the same moment
            back_s = cameras.clock.mono_s()
            cameras.clear("refuse")
            assert await wait_until(all_live, clock, timeout_s=25, step_s=STEP_S), node.live()
            played_s = cameras.played_s()
            assert len(played_s) == CAMERAS and played_s[0] >= back_s
            assert 0 < cameras.most <= AT_ONCE
            # Without the chance in the back-off all come within one window, sixteen at a time; a busy machine gathers some too.
            assert most_within(played_s, WINDOW_S) <= CAMERAS * 0.6
            assert played_s[CAMERAS * 9 // 10] - played_s[CAMERAS // 10] > 1.0
            await node.finish()
        assert node.machine.supervisor.failures == {}
