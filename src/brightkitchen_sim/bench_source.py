"""Many cameras in one process, to load a recorder: `python -m brightkitchen_sim.bench_source`.

All show one 1080p clip of about 2 Mbit/s with G.711A, at rtsp://HOST:PORT/cam/N/main, each at its own moments and with its own
numbering. At the end it reports what each session was sent, so that a recorder's loss can be told from the source's.
"""

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import uvloop

from brightkitchen_sim.clock import SystemClock
from brightkitchen_sim.fleet import CameraPlan, Workshop, build_clip_camera
from brightkitchen_sim.secretfile import NO_CREDENTIALS, read_credentials
from brightkitchen_sim.server.auth import AuthMode
from brightkitchen_sim.server.camera import Camera, CameraLabel
from brightkitchen_sim.server.listener import Listener
from brightkitchen_sim.server.pacer import Pacer
from brightkitchen_sim.server.track import AudioLoop, LoopTrack, VideoLoop
from brightkitchen_sim.testpicture import ensure_pattern_clip
from brightkitchen_sim.tone import ToneSource

_CLIENTS_WAIT_S = 120.0
_DRAIN_WAIT_S = 5.0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="brightkitchen_sim.bench_source", description=__doc__)
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--port", type=int, default=0, help="0 = any; the first line on standard output names it")
    parser.add_argument(
        "--mode", choices=("packet", "frame"), default="packet", help="one write per packet or per frame"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="from the first PLAY on")
    parser.add_argument("--clip", type=Path, help="clip file to show; made when it is not there")
    parser.add_argument("--no-audio", action="store_true")
    parser.add_argument(
        "--credentials", type=Path, help='JSON file {"user": ..., "password": ...}; without it no password'
    )
    parser.add_argument("--report", type=Path, help="write the report here and not to standard output")
    return parser


class Bench:
    """The cameras and what came of them."""

    def __init__(self, options: argparse.Namespace, clip_path: Path) -> None:
        self._options = options
        self._clock = SystemClock()
        self._pacer = Pacer(self._clock)
        self._listener = Listener(self._clock, port=options.port, each_packet=options.mode == "packet")
        credentials = read_credentials(options.credentials) if options.credentials else NO_CREDENTIALS
        mode = AuthMode.DIGEST if options.credentials else AuthMode.NONE
        workshop = Workshop(self._clock, self._pacer, mode, credentials)
        video = VideoLoop(ensure_pattern_clip(clip_path), keep=True)
        audio = None if options.no_audio else AudioLoop(ToneSource("pcma"))
        self.header = video.header
        self.cameras: list[Camera] = []
        for number in range(options.cameras):
            plan = CameraPlan(number, CameraLabel("pattern", f"bench {number}"), "h264", "pcma", number)
            camera = build_clip_camera(workshop, plan, video, None, audio)
            self._listener.add_camera(camera, f"/cam/{number}")
            self.cameras.append(camera)

    async def run(self) -> dict[str, object]:
        """Serve until the time is over or somebody stops us; return the report."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        self._listener.open()
        print(
            json.dumps({"port": self._listener.port, "path": "/cam/N/main", "cameras": len(self.cameras)}), flush=True
        )
        begin_s = await self._wait_for_play(stop)
        cpu_before_s, wall_before_s = self._clock.cpu_s(), self._clock.mono_s()
        await _wait(stop, max(0.0, begin_s + self._options.seconds - self._clock.mono_s()))
        cpu_s, wall_s = self._clock.cpu_s() - cpu_before_s, self._clock.mono_s() - wall_before_s
        self._pacer.close()
        self._listener.finish()
        deadline_s = self._clock.mono_s() + _DRAIN_WAIT_S
        while self._listener.connections and self._clock.mono_s() < deadline_s:
            await _wait(asyncio.Event(), 0.05)
        self._listener.close()
        return self._build_report(cpu_s, wall_s)

    async def _wait_for_play(self, stop: asyncio.Event) -> float:
        deadline_s = self._clock.mono_s() + _CLIENTS_WAIT_S
        while not any(session.playing for session in self._listener.sessions.values()):
            if stop.is_set() or self._clock.mono_s() > deadline_s:
                break
            await _wait(stop, 0.05)
        return self._clock.mono_s()

    def _build_report(self, cpu_s: float, wall_s: float) -> dict[str, object]:
        sessions = [len(camera.sessions_ended) for camera in self.cameras]
        played = sum(1 for count in sessions if count)
        tracks = [stream.video for camera in self.cameras for stream in camera.streams.values()]
        skipped = sum(track.skipped_frames for track in tracks if isinstance(track, LoopTrack))
        return {
            "mode": self._options.mode,
            "bitrate_bps": self.header.bitrate_bps,
            "wall_s": round(wall_s, 3),
            "cpu_s": round(cpu_s, 3),
            "cpu_ms_per_camera_second": round(cpu_s * 1000 / max(1, played) / max(wall_s, 0.001), 4),
            "cameras_played": played,
            "frames_skipped_by_a_late_source": skipped,
            "cameras": [
                {"camera": camera.number, "sessions": [asdict(counts) for counts in camera.sessions_ended]}
                for camera in self.cameras
            ],
        }


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return


def main() -> None:
    options = build_parser().parse_args()
    clip_path = options.clip or Path.home() / ".cache" / "brightkitchen-sim" / "bench-1080p.clip"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(_run(options, clip_path))
    text = json.dumps(report)
    if options.report is not None:
        options.report.write_text(text, encoding="utf-8")
    else:
        print(text, flush=True)
    if not report["cameras_played"]:
        sys.exit("nobody came")


async def _run(options: argparse.Namespace, clip_path: Path) -> dict[str, object]:
    return await Bench(options, clip_path).run()


if __name__ == "__main__":
    main()
