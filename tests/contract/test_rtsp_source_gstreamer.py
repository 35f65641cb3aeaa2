"""`RtspSource` and `probe` against GStreamer's RTSP server: an independent implementation, H.264 + PCMA, Digest."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import uvloop
from tests.contract.rtsp_fakes import PASSWORD, USER, MemorySink, address, environment, probe_with

from brightkitchen.devices.rtsp.environment import rtp_receiver
from brightkitchen.devices.rtsp.source import RtspSource
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, Codec, VideoFormat

SERVER = Path(__file__).with_name("gst_rtsp_server.py")
LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
NewLoop = Callable[[], asyncio.AbstractEventLoop]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("python3", path="/usr/bin") is None or not Path("/usr/lib/python3/dist-packages/gi").exists(),
        reason="needs Debian's python3-gi and gir1.2-gst-rtsp-server-1.0",
    ),
]


@asynccontextmanager
async def gstreamer_camera() -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        "/usr/bin/python3",
        str(SERVER),
        *("--user", USER, "--password", PASSWORD, "--audio"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        async with asyncio.timeout(20):
            yield json.loads(await process.stdout.readline())["port"]
    finally:
        process.stdin.close()
        async with asyncio.timeout(10):
            await process.wait()


async def play(path: str, transport: str, *, low_latency: bool) -> MemorySink:
    """Return the sink after two seconds' worth of pictures, the source stopped."""
    async with gstreamer_camera() as port:
        env, sink = environment(port, receiver=rtp_receiver), MemorySink()
        source = RtspSource(address(port, path, transport=transport), sink, env)
        source.set_low_latency(low_latency)
        task = asyncio.create_task(source.run())
        await sink.until(lambda: sum(unit.track == VIDEO_TRACK for unit in sink.units) >= 50)
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        assert source.counters.packets_lost == 0
    return sink


@LOOPS
@pytest.mark.parametrize(("path", "transport"), [("/cam", "auto"), ("/cam", "udp"), ("/udp", "auto")])
def test_source_gstreamer_pictures_and_sound_arrive(new_loop: NewLoop, path: str, transport: str) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        sink = runner.run(play(path, transport, low_latency=True))
    assert sink.states == [(CameraState.CONNECTING, None), (CameraState.LIVE, None)]
    video = [unit for unit in sink.units if unit.track == VIDEO_TRACK]
    assert video[0].is_key and 1 <= sum(unit.is_key for unit in video) <= 5
    steps = {second.pts - first.pts for first, second in pairwise(video)}
    assert all(abs(step - 3600) <= 1 for step in steps)
    assert any(unit.track == AUDIO_TRACK for unit in sink.units)


async def test_probe_gstreamer_says_what_is_there() -> None:
    async with gstreamer_camera() as port:
        env = environment(port, receiver=rtp_receiver)
        found = await probe_with(env, address(port, "/cam"))
    video = found.formats[0]
    assert found.reason is None and found.server.startswith("GStreamer")
    assert isinstance(video, VideoFormat)
    assert (video.codec, video.width_px, video.height_px) == (Codec.H264, 320, 240)
    assert found.formats[1].codec is Codec.PCMA
    assert 20 < found.fps < 30 and found.bitrate_bps > 10_000


@pytest.mark.parametrize(
    ("path", "password", "reason"),
    [
        ("/cam", "wrong", Reason.WRONG_PASSWORD),
        ("/cam", None, Reason.WRONG_PASSWORD),
        ("/nothing", PASSWORD, Reason.NO_SUCH_PATH),
        ("/sound", PASSWORD, Reason.NO_VIDEO_TRACK),
    ],
)
async def test_probe_gstreamer_refusal_is_named(path: str, password: str | None, reason: Reason) -> None:
    async with gstreamer_camera() as port:
        env = environment(port, receiver=rtp_receiver)
        found = await probe_with(env, address(port, path, password=password))
    assert found.reason is reason and found.formats == ()
