"""The simulated cameras of one run: which there are, and how each is put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from brightkitchen_sim.clock import Clock
from brightkitchen_sim.faults import Faults
from brightkitchen_sim.livesource import Background, LiveClockSource
from brightkitchen_sim.provision import Scene
from brightkitchen_sim.server.auth import AuthMode, Credentials
from brightkitchen_sim.server.camera import Camera, CameraLabel, Stream, build_authenticator
from brightkitchen_sim.server.pacer import Pacer
from brightkitchen_sim.server.track import AUDIO_CHANNEL, VIDEO_CHANNEL, AudioLoop, LoopTrack, VideoLoop
from brightkitchen_sim.tone import ToneSource

_GOLDEN = 0.6180339887  # multiples of it, modulo 1, lie evenly however many there are
_PHASE_SPAN_S = 0.04
_AUDIO_CODECS = ("pcma", "pcmu", "aac", "pcma")
CLOCK_LABEL = CameraLabel("clock", "实时时钟", "clock", "校时画面", "演示·校时测试点")
CLOCK_SIZES = ((1280, 720), (640, 360))
_CLOCK_BITRATES_BPS = (2_000_000, 500_000)


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """turn: how often this scene was used before; the loops of its cameras begin at different places."""

    number: int
    label: CameraLabel
    main_codec: str
    audio_codec: str
    turn: int

    def jobs(self) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """Return what has to be made: main picture, sub picture (always H.264), sound."""
        return (
            {"scene": self.label.key, "codec": self.main_codec, "profile": "main"},
            {"scene": self.label.key, "codec": "h264", "profile": "sub"},
            {"audio": self.audio_codec},
        )


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every camera is made with."""

    clock: Clock
    pacer: Pacer
    auth_mode: AuthMode
    credentials: Credentials


def plan_cameras(count: int, scenes: Sequence[Scene], *, first: int, h265_every: int) -> list[CameraPlan]:
    """Plan `count` cameras numbered from `first`; every `h265_every`-th has H.265 as main picture (0 = none)."""
    plans = []
    for i in range(count):
        scene, turn = scenes[i % len(scenes)], i // len(scenes)
        title = scene.title if turn == 0 else f"{scene.title} {turn + 1}"
        label = CameraLabel(scene.key, title, scene.zone_code, scene.zone_name, scene.site_name)
        codec = "h265" if h265_every and (i + 1) % h265_every == 0 else "h264"
        plans.append(CameraPlan(first + i, label, codec, _AUDIO_CODECS[i % len(_AUDIO_CODECS)], turn))
    return plans


def build_clip_camera(
    workshop: Workshop, plan: CameraPlan, main: VideoLoop, sub: VideoLoop | None, audio: AudioLoop | None
) -> Camera:
    """Return a camera that loops clips. Loops may be shared by many cameras."""
    faults = Faults(seed=plan.number)
    same_codec = sub is not None and sub.header.codec == main.header.codec
    phase = plan.number * _GOLDEN % 1
    streams: dict[str, Stream] = {}
    for name, loop, other in (("main", main, sub), ("sub", sub, main)):
        if loop is None:
            continue
        other_loop = other if same_codec else None
        start_frame = int(loop.frame_count * (plan.turn * _GOLDEN % 1))
        video = LoopTrack(
            loop,
            workshop.pacer,
            clock_rate_hz=90_000,
            channel=VIDEO_CHANNEL,
            is_video=True,
            faults=faults,
            clock=workshop.clock,
            phase_s=phase * _PHASE_SPAN_S,
            start_frame=start_frame,
            other=other_loop,
        )
        streams[name] = Stream(
            loop.header,
            video,
            _build_sound(workshop, audio, faults, phase),
            audio.header if audio is not None else None,
            other_loop.header.parameter_sets if other_loop is not None else (),
        )
    return _join(workshop, plan.number, plan.label, streams, faults)


def build_clock_camera(workshop: Workshop, number: int, background: Background) -> tuple[Camera, list[LiveClockSource]]:
    """Return the camera with the true clock, and its encoders, which must be closed at the end."""
    faults = Faults(seed=number)
    audio = AudioLoop(ToneSource("pcma"))
    streams: dict[str, Stream] = {}
    sources = []
    for i, name in enumerate(("main", "sub")):
        source = LiveClockSource(
            workshop.clock,
            faults,
            size=CLOCK_SIZES[i],
            other_size=CLOCK_SIZES[1 - i],
            bitrate_bps=_CLOCK_BITRATES_BPS[i],
            background=background,
        )
        sources.append(source)
        sound = _build_sound(workshop, audio, faults, 0.0)
        streams[name] = Stream(source.header, source.track, sound, audio.header, source.other_sets)
    return _join(workshop, number, CLOCK_LABEL, streams, faults), sources


def build_announcement(camera: Camera, host: str, port: int) -> dict[str, object]:
    """Return the line that says a camera can be used. It has no password."""
    main = camera.streams["main"]
    line: dict[str, object] = {
        "camera": camera.number,
        "key": camera.label.key,
        "name": camera.label.name,
        "site": camera.label.site_name,
        "zone": camera.label.zone_code,
        "zone_name": camera.label.zone_name,
        "rtsp": f"rtsp://{host}:{port}/main",
        "sub": f"rtsp://{host}:{port}/sub" if "sub" in camera.streams else None,
        "codec": main.header.codec,
        "width": main.header.width_px,
        "height": main.header.height_px,
        "fps": main.header.fps,
        "audio": main.audio_header.codec if main.audio_header is not None else None,
        "clock": camera.label.key == CLOCK_LABEL.key,
    }
    return line


def _build_sound(workshop: Workshop, audio: AudioLoop | None, faults: Faults, phase: float) -> LoopTrack | None:
    if audio is None:
        return None
    return LoopTrack(
        audio,
        workshop.pacer,
        clock_rate_hz=audio.header.sample_rate_hz,
        channel=AUDIO_CHANNEL,
        is_video=False,
        faults=faults,
        clock=workshop.clock,
        phase_s=phase * _PHASE_SPAN_S,
    )


def _join(workshop: Workshop, number: int, label: CameraLabel, streams: dict[str, Stream], faults: Faults) -> Camera:
    auth = build_authenticator(f"{number:04d}", workshop.auth_mode, workshop.credentials, workshop.clock)
    return Camera(number, label, streams, auth, faults)
