"""The recording half of a media node for tests: `build_node` with the real store, hub, recorder and RTSP, on real sockets."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from brightkitchen.bootstrap.guard import build_guard
from brightkitchen.bootstrap.node import Machine, build_node
from brightkitchen.kernel.cameraspec import CameraSpec, Credential, StreamSpec
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.clock import SystemClock, wait_until
from brightkitchen.kernel.config import load_config
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.kernel.nodeprotocol import Desired
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import Utc
from brightkitchen.media.node import MediaNode
from brightkitchen.media.store.model import SegmentInfo

FOREVER = Utc(1 << 60)
SEEING = (CameraState.LIVE, CameraState.DEGRADED)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One camera on 127.0.0.1 to be recorded. login: (user, password), or None."""

    port: int
    path: str = "/main"
    transport: str = "tcp"
    audio: bool = True
    login: tuple[str, str] | None = None


def key_of(number: int) -> StreamKey:
    """Return the stream of the camera at place `number` of the list."""
    return StreamKey(CameraId(f"cam_{number:016d}"), Profile.MAIN)


@dataclass
class RecordingNode:
    """A node that records `cameras`, in their order."""

    node: MediaNode
    machine: Machine
    cameras: Sequence[Recorded]

    async def begin(self) -> None:
        """Start the node's tasks and tell it what to record."""
        self.node.start()
        specs = tuple(_spec_of(number, camera) for number, camera in enumerate(self.cameras))
        await self.node.apply(Desired(version=1, cameras=specs), self._fetch)

    async def wait_live(self, timeout_s: float) -> bool:
        """Return True when pictures come from every camera."""
        return await wait_until(lambda: self.live() == len(self.cameras), self.machine.clock, timeout_s=timeout_s)

    def live(self) -> int:
        return sum(stream.state in SEEING for stream in self.node.hub)

    def segments(self, number: int = 0) -> list[SegmentInfo]:
        """Return all files of a camera, in order."""
        return self.node.store.segments_between(key_of(number), Utc(0), FOREVER)

    def frames(self, number: int = 0) -> int:
        """Return the pictures of a camera that the index knows."""
        return sum(segment.frames for segment in self.segments(number))

    async def finish(self) -> None:
        await self.node.stop()

    async def _fetch(self, camera: str, _epoch: int) -> Credential | None:
        login = self.cameras[int(camera.removeprefix("cam_"))].login
        if login is None:
            return None
        return Credential(camera=camera, host="127.0.0.1", username=login[0], password=login[1])


@asynccontextmanager
async def recording_node(
    folder: Path, cameras: Sequence[Recorded], flags: Mapping[str, object] | None = None
) -> AsyncIterator[RecordingNode]:
    """Build the node in `folder` and, at the end, stop its tasks. The caller begins and finishes it. flags: further settings."""
    endpoints = tuple(sorted({f"127.0.0.1:{camera.port}" for camera in cameras}))
    config = load_config(None, {}, {"netguard.allow_endpoints": endpoints, **(flags or {})})
    clock, entropy = SystemClock(), SystemEntropy()
    machine = Machine(clock, entropy, Supervisor(clock, entropy))
    node = build_node(config, "node-0", folder, build_guard(config), machine)
    try:
        yield RecordingNode(node, machine, cameras)
    finally:
        await machine.supervisor.close()


def _spec_of(number: int, camera: Recorded) -> CameraSpec:
    return CameraSpec(
        camera=key_of(number).camera,
        epoch=1,
        name=f"camera {number}",
        host="127.0.0.1",
        port=camera.port,
        main=StreamSpec(path=camera.path),
        has_credential=camera.login is not None,
        transport=camera.transport,
        audio=camera.audio,
    )
