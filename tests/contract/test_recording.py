"""The same recorder before three cameras that share no code: our simulator, GStreamer's RTSP server, and ipycam.

Whatever a camera sends is in files that other people's programs decode from start to end without a complaint, and index, files and
decoder agree on every single picture. The simulator also says what it sent: nothing of it is missing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from tests.contract.camera_programs import camera_program, gstreamer, ipycam, needs_gstreamer
from tests.contract.recorded_files import complaints_of, examine
from tests.recording_node import Recorded, RecordingNode, key_of, recording_node

from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.clock import SystemClock as ProductClock
from brightkitchen.kernel.clock import settle, wait_until
from brightkitchen.kernel.units import US_PER_S
from brightkitchen.media.store.layout import final_names
from brightkitchen.media.store.model import SegmentInfo
from brightkitchen_sim.clip import VideoCodec, open_audio_clip, open_clip
from brightkitchen_sim.clock import SystemClock
from brightkitchen_sim.fleet import CameraPlan, Workshop, build_clip_camera
from brightkitchen_sim.server.auth import AuthMode, Credentials
from brightkitchen_sim.server.camera import Camera, CameraLabel
from brightkitchen_sim.server.listener import Listener
from brightkitchen_sim.server.pacer import Pacer
from brightkitchen_sim.server.track import AudioLoop, VideoLoop
from brightkitchen_sim.testpicture import ensure_pattern_clip, write_aac_clip
from brightkitchen_sim.tone import ToneSource

pytestmark = pytest.mark.slow
LOGIN = ("viewer", "s3cret-Pa55")
WANTED_FRAMES = 100  # four seconds
WALL_ERROR_US = US_PER_S
LIVE_TIMEOUT_S = 20.0
DECODED = {"h264": "h264", "h265": "hevc", "pcma": "pcm_alaw", "pcmu": "pcm_mulaw", "aac": "aac"}


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A moving pattern in both codecs and an AAC sound, made once."""
    folder = tmp_path_factory.mktemp("clips")
    codecs: tuple[VideoCodec, ...] = ("h264", "h265")
    for codec in codecs:
        ensure_pattern_clip(
            folder / f"{codec}.clip",
            codec=codec,
            width_px=640,
            height_px=360,
            gop=25,
            duration_s=2,
            bitrate_bps=600_000,
        )
    write_aac_clip(folder / "aac.sound")
    return folder


@dataclass(frozen=True, slots=True)
class Simulated:
    """One simulated camera that listens."""

    camera: Camera
    pacer: Pacer
    listener: Listener

    async def end(self) -> None:
        """Send nothing new, let what was sent arrive, then say that it was all."""
        self.pacer.close()
        await settle()
        self.listener.finish()


@asynccontextmanager
async def simulated(clips: Path, video: str, audio: str | None) -> AsyncIterator[Simulated]:
    workshop = Workshop(clock := SystemClock(), Pacer(clock), AuthMode.DIGEST, Credentials(*LOGIN))
    sound = None
    if audio is not None:
        sound = AudioLoop(open_audio_clip(clips / "aac.sound") if audio == "aac" else ToneSource(audio))
    plan = CameraPlan(1, CameraLabel("pattern", "Pattern"), video, audio or "", 0)
    camera = build_clip_camera(workshop, plan, VideoLoop(open_clip(clips / f"{video}.clip")), None, sound)
    listener = Listener(clock)
    listener.add_camera(camera)
    listener.open()
    try:
        yield Simulated(camera, workshop.pacer, listener)
    finally:
        listener.close()
        workshop.pacer.close()


@asynccontextmanager
async def recording(folder: Path, camera: Recorded) -> AsyncIterator[RecordingNode]:
    """Record until four seconds are written; what comes then is the caller's."""
    async with recording_node(folder, [camera]) as node:
        await node.begin()
        assert await node.wait_live(LIVE_TIMEOUT_S), node.node.reports()
        clock = node.machine.clock
        assert await wait_until(lambda: node.frames() >= WANTED_FRAMES, clock, timeout_s=20), node.frames()
        yield node


def path_of(folder: Path, segment: SegmentInfo) -> Path:
    """Return where the closed file of a segment lies."""
    return (folder / "store").joinpath(*final_names(segment.id, segment.key, segment.start_at))


async def check_files(folder: Path, segments: list[SegmentInfo], video: str, audio: str | None) -> int:
    """Check every file of a stream with other people's programs; return the pictures they decoded."""
    decoded = 0
    for segment in segments:
        assert not segment.is_open
        file = path_of(folder, segment)
        assert await complaints_of(file) == ""
        tracks = await examine(file)
        assert set(tracks) == ({"video", "audio"} if audio else {"video"})
        assert tracks["video"].codec == DECODED[video]
        assert tracks["video"].frames == segment.frames == len(tracks["video"].times_s)
        assert tracks["video"].is_monotonic and tracks["video"].times_s[0] == 0
        assert abs(tracks["video"].times_s[-1] - segment.duration_ticks / 90_000) < 0.2
        if audio:
            assert tracks["audio"].codec == DECODED[audio] and tracks["audio"].is_monotonic
            assert abs(tracks["audio"].times_s[-1] - tracks["video"].times_s[-1]) < 1.2
        decoded += tracks["video"].frames
    assert all(earlier.end_at <= later.start_at + WALL_ERROR_US for earlier, later in pairwise(segments))
    return decoded


async def record_simulated(folder: Path, clips: Path, video: str, audio: str | None, transport: str) -> None:
    clock = ProductClock()
    async with simulated(clips, video, audio) as source:
        camera = Recorded(source.listener.port, transport=transport, login=LOGIN)
        before_at = clock.utc()
        async with recording(folder, camera) as node:
            await source.end()
            ended_at = clock.utc()
            stream = node.node.hub.get(key_of(0))
            assert stream is not None
            assert await wait_until(lambda: stream.state is CameraState.OFFLINE, clock, timeout_s=15)
            await node.finish()
            segments = node.segments()
            decoded = await check_files(folder, segments, video, audio)
        sessions = [counts for counts in source.camera.sessions_ended if counts.video_frames]
        assert [counts.transport for counts in sessions] == [transport]
        assert decoded == sessions[0].video_frames
        assert sessions[0].dropped_frames == 0
        assert before_at - WALL_ERROR_US < segments[0].start_at < before_at + WALL_ERROR_US * LIVE_TIMEOUT_S
        assert abs(segments[-1].end_at - ended_at) < WALL_ERROR_US
        length_us = sum(segment.end_at - segment.start_at for segment in segments)
        assert abs(length_us - decoded * 40_000) < 40_000


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("video", "audio"),
    [("h264", None), ("h264", "pcma"), ("h264", "aac"), ("h265", None), ("h265", "pcmu"), ("h265", "aac")],
)
async def test_recording_simulator_every_picture_sent_is_in_the_files(
    tmp_path: Path, clips: Path, video: str, audio: str | None, transport: str
) -> None:
    await record_simulated(tmp_path, clips, video, audio, transport)


async def record_program(folder: Path, command: tuple[str, ...], camera: Recorded, audio: str | None) -> None:
    clock = ProductClock()
    async with camera_program(*command) as port:
        before_at = clock.utc()
        async with recording(folder, replace(camera, port=port)) as node:
            await node.finish()
            ended_at = clock.utc()
            segments = node.segments()
            assert sum(report.lost_packets for report in node.node.reports()) == 0
            decoded = await check_files(folder, segments, "h264", audio)
    assert decoded >= WANTED_FRAMES
    assert before_at - WALL_ERROR_US < segments[0].start_at < before_at + WALL_ERROR_US * LIVE_TIMEOUT_S
    # the camera was still sending: what the low-water mark held back, up to a second, was never read
    assert ended_at - 2 * WALL_ERROR_US < segments[-1].end_at < ended_at + WALL_ERROR_US


@needs_gstreamer
@pytest.mark.parametrize("audio", [None, "pcma"])
@pytest.mark.parametrize("path", ["/cam", "/udp"])
async def test_recording_gstreamer_files_play_and_agree(tmp_path: Path, path: str, audio: str | None) -> None:
    extra = ("--audio",) if audio else ()
    command = gstreamer("--user", LOGIN[0], "--password", LOGIN[1], *extra)
    await record_program(tmp_path, command, Recorded(0, path, "auto", login=LOGIN), audio)


async def test_recording_ipycam_files_play_and_agree(tmp_path: Path) -> None:
    await record_program(tmp_path, ipycam(), Recorded(0, "/video_main"), None)
