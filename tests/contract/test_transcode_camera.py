"""A simulated H.265 camera by RTSP, recorded, and transcoded for live viewers by the real worker (docs/design/media-path.md §4.7)."""

import os
import signal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from tests.contract.test_recording import LOGIN, recording, simulated
from tests.media_synthetic import Watcher
from tests.recording_node import Recorded, key_of

from brightkitchen.kernel.clock import wait_until
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.transcode.service import Transcodes
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, Codec, VideoFormat
from brightkitchen.wire.h26x import build_annex_b
from brightkitchen_sim.testpicture import ensure_pattern_clip

TIMEOUT_S = 40


def pictures_in(format: VideoFormat, units: list[AccessUnit]) -> list[tuple[int, int, int]]:
    """Return width, height and time of each picture that FFmpeg's decoder makes of the units."""
    context = av.CodecContext.create("h264", "r")
    head = b"".join(b"\0\0\0\1" + nal for nal in format.parameter_sets)
    shown = []
    for unit in units:
        packet = av.Packet(head + build_annex_b(unit.data))
        packet.pts = packet.dts = unit.pts
        packet.time_base = Fraction(1, 90_000)
        shown += context.decode(packet)
        head = b""
    shown += context.decode(None)
    return [(frame.width, frame.height, int(frame.pts or 0)) for frame in shown if isinstance(frame, av.VideoFrame)]


async def test_simulated_h265_camera_is_decodable_h264_also_after_its_worker_was_killed(tmp_path: Path) -> None:
    ensure_pattern_clip(
        tmp_path / "h265.clip", codec="h265", width_px=640, height_px=360, gop=25, duration_s=2, bitrate_bps=600_000
    )
    async with (
        simulated(tmp_path, "h265", "pcma") as simulator,
        recording(tmp_path, Recorded(simulator.listener.port, login=LOGIN)) as node,
    ):
        machine = node.machine
        pool = DecodePool(machine.clock, machine.entropy)
        transcodes = Transcodes(
            node.node.hub,
            limit=1,
            pool=pool,
            clock=machine.clock,
            entropy=machine.entropy,
            supervisor=machine.supervisor,
        )
        transcode = transcodes.get(key_of(0))
        assert transcode is not None
        watcher = Watcher()
        transcode.attach(watcher)

        def pictures() -> list[AccessUnit]:
            return [unit for unit in watcher.units if unit.track == VIDEO_TRACK]

        async def wait_pictures(count: int) -> None:
            assert await wait_until(lambda: len(pictures()) >= count, machine.clock, timeout_s=TIMEOUT_S), len(
                pictures()
            )

        await wait_pictures(50)
        [pid] = transcodes.pids
        os.kill(pid, signal.SIGKILL)
        killed_at = len(pictures())
        await wait_pictures(killed_at + 60)
        transcode.detach(watcher)
        format = watcher.formats[VIDEO_TRACK]
        assert isinstance(format, VideoFormat) and format.codec is Codec.H264
        assert watcher.formats[AUDIO_TRACK].codec is Codec.PCMA
        units = pictures()
        shown = pictures_in(format, units)
        assert len(shown) == len(units)
        assert {(width, height) for width, height, _ in shown} == {(640, 360)}
        times = [time for _, _, time in shown]
        assert times == [unit.pts for unit in units]
        # 25 pictures a second; where the worker was killed, at most what the pause and the group before it cost.
        holes = [later - earlier for earlier, later in pairwise(times) if later - earlier > 2 * 3600]
        assert len(holes) <= 1 + transcodes.counters.failed
        assert transcodes.counters.failed >= 1
        assert len([unit for unit in units if unit.is_key]) >= 3
        frames = node.frames()
        assert await wait_until(lambda: node.frames() > frames, machine.clock, timeout_s=TIMEOUT_S)  # recording goes on
        await pool.close()
        await simulator.end()
        await node.finish()
