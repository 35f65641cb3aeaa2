"""The simulated cameras against clients that are not ours: ffmpeg, and a probe that shares no code with them."""

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.contract.rtsp_probe import Probe

from brightkitchen_sim.clip import VideoCodec, open_audio_clip, open_clip
from brightkitchen_sim.clock import SystemClock
from brightkitchen_sim.control import ControlServer, FaultDirector, send_request
from brightkitchen_sim.faults import FaultError
from brightkitchen_sim.fleet import CameraPlan, Workshop, build_clip_camera, build_clock_camera
from brightkitchen_sim.livesource import build_plain_background
from brightkitchen_sim.server.auth import AuthMode, Credentials
from brightkitchen_sim.server.camera import Camera, CameraLabel
from brightkitchen_sim.server.listener import Listener
from brightkitchen_sim.server.pacer import Pacer
from brightkitchen_sim.server.track import AudioLoop, VideoLoop
from brightkitchen_sim.testpicture import ensure_pattern_clip, write_aac_clip
from brightkitchen_sim.tone import ToneSource

LOGIN = ("admin", "pass-word_1")
PLAN = CameraPlan(1, CameraLabel("pattern", "Pattern"), "h264", "pcma", 0)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of both codecs and an AAC sound, made once."""
    folder = tmp_path_factory.mktemp("clips")
    codecs: tuple[VideoCodec, ...] = ("h264", "h265")
    for codec in codecs:
        for name, width in (("main", 640), ("sub", 320)):
            ensure_pattern_clip(
                folder / f"{codec}-{name}.clip",
                codec=codec,
                width_px=width,
                height_px=width * 9 // 16,
                gop=25,
                duration_s=2.0,
                bitrate_bps=width * 1000,
            )
    write_aac_clip(folder / "aac.sound")
    return folder


@dataclass(frozen=True, slots=True)
class City:
    """Cameras for one test: 1 = H.264 + A-law, 2 = H.265 + AAC, 3 = H.264 + µ-law, each on its own port."""

    cameras: dict[int, Camera]
    listeners: dict[int, Listener]
    director: FaultDirector
    control_port: int
    probes: list[Probe] = field(default_factory=list)

    def url(self, number: int, stream: str = "main", *, login: tuple[str, str] | None = None) -> str:
        user = f"{login[0]}:{login[1]}@" if login else ""
        return f"rtsp://{user}127.0.0.1:{self.listeners[number].port}/{stream}"

    async def probe(self, number: int = 1, stream: str = "main") -> Probe:
        probe = await Probe.open(self.url(number, stream), LOGIN)
        self.probes.append(probe)
        return probe


def build_workshop(auth_mode: AuthMode = AuthMode.DIGEST) -> Workshop:
    clock = SystemClock()
    return Workshop(clock, Pacer(clock), auth_mode, Credentials(*LOGIN))


def build_camera(workshop: Workshop, clips: Path, plan: CameraPlan) -> Camera:
    main = VideoLoop(open_clip(clips / f"{plan.main_codec}-main.clip"))
    sub = VideoLoop(open_clip(clips / "h264-sub.clip"))
    source = open_audio_clip(clips / "aac.sound") if plan.audio_codec == "aac" else ToneSource(plan.audio_codec)
    return build_clip_camera(workshop, plan, main, sub, AudioLoop(source))


@pytest.fixture
async def city(clips: Path) -> AsyncIterator[City]:
    workshop = build_workshop()
    plans = [
        PLAN,
        replace(PLAN, number=2, main_codec="h265", audio_codec="aac"),
        replace(PLAN, number=3, audio_codec="pcmu"),
    ]
    cameras = {plan.number: build_camera(workshop, clips, plan) for plan in plans}
    listeners: dict[int, Listener] = {}
    for number, camera in cameras.items():
        listeners[number] = Listener(workshop.clock)
        listeners[number].add_camera(camera)
        listeners[number].open()
    director = FaultDirector(cameras, workshop.clock)
    control = ControlServer(cameras, director)
    city = City(cameras, listeners, director, await control.open(0))
    yield city
    for probe in city.probes:
        await probe.close()
    director.close()
    control.close()
    for listener in listeners.values():
        listener.close()
    workshop.pacer.close()


async def run_tool(*arguments: str, timeout_s: float = 30.0) -> tuple[int, str]:
    """Run a program; return its exit status and all it said."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout_s)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, output.decode()


async def record(url: str, transport: str, target: Path) -> dict[str, int]:
    """Record three seconds with ffmpeg, which must have nothing to complain of; return packets by codec."""
    status, said = await run_tool(
        *("ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-rtsp_transport", transport),
        *("-i", url, "-t", "3", "-c", "copy", str(target)),
    )
    assert (status, said) == (0, "")
    status, said = await run_tool("ffmpeg", "-v", "error", "-xerror", "-i", str(target), "-f", "null", "-")
    assert (status, said) == (0, "")
    status, said = await run_tool(
        *("ffprobe", "-v", "error", "-count_packets", "-of", "json"),
        *("-show_entries", "stream=codec_name,nb_read_packets", str(target)),
    )
    assert status == 0
    return {stream["codec_name"]: int(stream["nb_read_packets"]) for stream in json.loads(said)["streams"]}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("number", "video", "audio", "per_s"),
    [(1, "h264", "pcm_alaw", 50.0), (2, "hevc", "aac", 15.625), (3, "h264", "pcm_mulaw", 50.0)],
)
async def test_ffmpeg_records_picture_and_sound_without_a_complaint(
    city: City, tmp_path: Path, transport: str, number: int, video: str, audio: str, per_s: float
) -> None:
    counts = await record(city.url(number, login=LOGIN), transport, tmp_path / "out.mkv")
    assert set(counts) == {video, audio}
    assert 70 <= counts[video] <= 77  # three seconds of 25 a second, over a loop point of the two-second clip
    assert per_s * 3 - 5 <= counts[audio] <= per_s * 3 + 5


_GSTREAMER = """
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
pipeline = Gst.parse_launch(sys.argv[1])
pipeline.set_state(Gst.State.PLAYING)
kinds = Gst.MessageType.ERROR | Gst.MessageType.EOS | Gst.MessageType.WARNING
message = pipeline.get_bus().timed_pop_filtered(20 * Gst.SECOND, kinds)
ended = message is not None and message.type == Gst.MessageType.EOS
print("eos" if ended else message.get_structure().to_string() if message is not None else "timeout")
pipeline.set_state(Gst.State.NULL)
"""


@pytest.mark.parametrize("protocols", ["tcp", "udp"])
async def test_gstreamer_plays_until_it_has_enough(city: City, protocols: str) -> None:
    status, said = await run_tool("/usr/bin/python3", "-c", "import gi; gi.require_version('Gst', '1.0')")
    if status != 0:
        pytest.skip("GStreamer for Python is not installed")
    source = f"rtspsrc location={city.url(1)} user-id={LOGIN[0]} user-pw={LOGIN[1]} protocols={protocols} latency=100"
    pipeline = f"{source} ! rtph264depay ! h264parse ! avdec_h264 ! fakesink num-buffers=60"
    status, said = await run_tool("/usr/bin/python3", "-c", _GSTREAMER, pipeline)
    assert (status, said.split()[:1]) == (0, ["eos"])


async def test_ffmpeg_with_wrong_password_is_refused(city: City) -> None:
    url = city.url(1, login=("admin", "wrong"))
    status, said = await run_tool("ffmpeg", "-nostdin", "-hide_banner", "-i", url, "-t", "1", "-f", "null", "-")
    assert status != 0
    assert "401 Unauthorized" in said


@pytest.mark.parametrize("mode", [AuthMode.DIGEST, AuthMode.DIGEST_SHA256])
async def test_digest_opens_only_with_the_right_password(clips: Path, mode: AuthMode) -> None:
    workshop = build_workshop(mode)
    listener = Listener(workshop.clock)
    listener.add_camera(build_camera(workshop, clips, PLAN))
    listener.open()
    url = f"rtsp://127.0.0.1:{listener.port}/main"
    for login, status in [(None, 401), (("admin", "wrong"), 401), (LOGIN, 200)]:
        probe = await Probe.open(url, login)
        assert (await probe.ask("DESCRIBE")).status == status
        assert (await probe.ask("SETUP", "/trackID=0", Transport="RTP/AVP/TCP;interleaved=0-1")).status == status
        await probe.close()
    listener.close()
    workshop.pacer.close()


async def test_many_clients_get_the_same_packets_and_paths_are_known(city: City) -> None:
    first, second, sub = await city.probe(), await city.probe(), await city.probe(1, "sub")
    info = (await first.play()).headers["rtp-info"]
    await second.play()
    await sub.play()
    head = (await first.packets(1, channel=0))[0]
    assert f"trackID=0;seq={head.sequence};" in info
    rtptime = int(info.split("rtptime=")[1].split(",")[0])
    assert 0 <= (head.timestamp - rtptime) & 0xFFFFFFFF <= 3700  # the next frame after PLAY
    ours = {packet.sequence: packet.data for packet in await first.packets(200, channel=0)}
    theirs = {packet.sequence: packet.data for packet in await second.packets(60, channel=0)}
    both = ours.keys() & theirs.keys()
    assert len(both) > 20
    assert all(ours[number] == theirs[number] for number in both)
    assert (await sub.packets(1, channel=0))[0].data[8:12] != head.data[8:12]
    for path, status in [("/trackID=7", 404), ("/../sub", 404)]:
        assert (await first.ask("SETUP", path, Transport="RTP/AVP/TCP;interleaved=0-1")).status == status
    assert (await first.ask("RECORD")).status == 405


async def test_session_pauses_plays_on_and_ends(city: City) -> None:
    probe = await city.probe()
    await probe.play()
    await probe.packets(5)
    assert (await probe.ask("GET_PARAMETER")).status == 200
    assert (await probe.ask("PAUSE")).status == 200
    await probe.drain()
    assert (await probe.ask("PLAY")).status == 200
    assert (await probe.packets(1, channel=0))[0].payload[0] & 0x1F == 7
    assert (await probe.ask("TEARDOWN")).status == 200
    assert (await probe.ask("PLAY")).status == 454
    assert [counts.path for counts in city.cameras[1].sessions_ended] == ["/main"]
    await probe.close()


async def test_session_that_says_nothing_is_ended(clips: Path) -> None:
    workshop = build_workshop()
    listener = Listener(workshop.clock, session_timeout_s=0.5)
    listener.add_camera(build_camera(workshop, clips, PLAN))
    listener.open()
    probe = await Probe.open(f"rtsp://127.0.0.1:{listener.port}/main", LOGIN)
    await probe.play()
    await probe.wait_for_end()
    await probe.close()
    assert listener.sessions == {}
    listener.close()
    workshop.pacer.close()


async def test_sender_report_comes_within_seconds(city: City) -> None:
    probe = await city.probe()
    await probe.play()
    report = (await probe.packets(1, channel=1))[0].data
    assert report[1] == 200
    assert (int.from_bytes(report[8:12], "big") - 2_208_988_800) > 1_700_000_000
    await probe.close()


async def test_client_that_never_reads_is_bounded_and_others_go_on(city: City) -> None:
    deaf, other = await city.probe(), await city.probe()
    await deaf.play()
    await other.play()
    kept_bytes = 0
    for _ in range(3):
        await other.packets(100)
        kept_bytes = max(connection.backlog_bytes for connection in city.listeners[1].connections)
    assert kept_bytes <= 1 << 20


# The faults, each by what a client sees


async def test_fault_refuse_closes_everything_until_it_ends(city: City) -> None:
    probe = await city.probe()
    await probe.play()
    city.director.begin(city.cameras[1], "refuse")
    await probe.wait_for_end()
    with pytest.raises(ConnectionRefusedError):
        await city.probe()
    city.director.end(city.cameras[1], "refuse")
    assert (await (await city.probe()).play()).status == 200


async def test_fault_drop_ends_each_connection_after_a_while(city: City) -> None:
    city.director.begin(city.cameras[1], "drop", 0.3)
    probe = await city.probe()
    assert (await probe.play()).status == 200
    await probe.packets(5)
    await probe.wait_for_end()


async def test_fault_stall_leaves_the_connection_open_and_silent(city: City) -> None:
    probe = await city.probe()
    await probe.play()
    await probe.packets(5)
    city.director.begin(city.cameras[1], "stall", for_s=1.5)
    await probe.drain()
    late = await city.probe()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(late.ask("DESCRIBE"), 0.3)
    first = (await probe.packets(1, channel=0))[0]  # it ends by itself
    assert first.payload[0] & 0x1F == 7


async def test_fault_stall_of_media_still_answers(city: City) -> None:
    probe = await city.probe()
    await probe.play()
    city.director.begin(city.cameras[1], "stall", "media")
    await probe.drain()
    assert (await probe.ask("GET_PARAMETER")).status == 200


async def test_fault_wrong_password_refuses_the_old_one(city: City) -> None:
    probe = await city.probe()
    await probe.play()
    city.director.begin(city.cameras[1], "wrong_password")
    await probe.wait_for_end()
    assert (await (await city.probe()).ask("DESCRIBE")).status == 401
    city.director.end(city.cameras[1], "wrong_password")
    assert (await (await city.probe()).ask("DESCRIBE")).status == 200


async def test_fault_garbage_puts_bytes_between_packets(city: City) -> None:
    city.director.begin(city.cameras[1], "garbage", 50)
    probe = await city.probe()
    await probe.play()
    await probe.packets(40)
    assert probe.garbage_bytes > 200


async def test_fault_timestamp_jump_moves_the_timeline_once(city: City) -> None:
    probe = await city.probe()
    await probe.play()
    before = (await probe.packets(10, channel=2))[-1]
    city.director.begin(city.cameras[1], "timestamp_jump", 100)
    after = await probe.packets(30, channel=2)
    steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip([before, *after], after, strict=False)]
    assert sorted(set(steps)) == [160, 160 + 800_000]
    assert steps.count(160 + 800_000) == 1


async def test_fault_resolution_change_brings_new_parameter_sets(city: City) -> None:
    probe = await city.probe()
    await probe.play(0)
    first = (await probe.packets(1, channel=0))[0].payload
    city.director.begin(city.cameras[1], "resolution_change")
    sets = [packet.payload for packet in await probe.packets(120, channel=0) if packet.payload[0] & 0x1F == 7]
    assert first[0] & 0x1F == 7
    assert sets[-1] == city.cameras[1].streams["sub"].header.parameter_sets[0]
    assert sets[-1] != first
    with pytest.raises(FaultError, match="no picture of another size"):
        city.director.begin(city.cameras[2], "resolution_change")


async def test_fault_loss_leaves_gaps_in_the_numbers(city: City) -> None:
    city.director.begin(city.cameras[1], "loss", 30)
    probe = await city.probe()
    await probe.play()
    packets = await probe.packets(100, channel=0)
    lost = sum((b.sequence - a.sequence - 1) & 0xFFFF for a, b in itertools.pairwise(packets))
    assert 15 < lost < 90


async def test_fault_sdp_lies_says_other_than_is_sent(city: City) -> None:
    true = (await (await city.probe()).ask("DESCRIBE")).body
    descriptions = []
    for lie in ("profile", "size"):
        city.director.begin(city.cameras[1], "sdp_lies", lie)
        descriptions.append((await (await city.probe()).ask("DESCRIBE")).body)
    assert b"profile-level-id=42001e" in descriptions[0]
    assert b"profile-level-id=42001e" not in true
    assert descriptions[1].split(b"sprop")[1] != true.split(b"sprop")[1]
    city.director.begin(city.cameras[1], "sdp_lies", "payload_type")
    probe = await city.probe()
    await probe.play(0)
    assert {packet.payload_type for packet in await probe.packets(10, channel=0)} == {98}
    assert b"rtpmap:96 " in (await (await city.probe()).ask("DESCRIBE")).body


async def test_fault_silence_stops_sound_alone(city: City) -> None:
    probe = await city.probe()
    await probe.play()
    city.director.begin(city.cameras[1], "silence")
    late = await city.probe()
    await late.play()
    assert {packet.channel for packet in await late.packets(60)} <= {0, 1}


async def test_fault_no_rtp_info_and_no_marker(city: City) -> None:
    city.director.begin(city.cameras[1], "no_rtp_info")
    city.director.begin(city.cameras[1], "no_marker")
    probe = await city.probe()
    assert "rtp-info" not in (await probe.play()).headers
    assert not any(packet.marker for packet in await probe.packets(60, channel=0))


async def test_random_faults_are_written_down_as_they_happen(city: City, tmp_path: Path) -> None:
    log = tmp_path / "faults.jsonl"
    request = {
        "op": "random",
        "seed": 5,
        "cameras": [1, 3],
        "duration_s": 3.0,
        "mean_gap_s": 1.0,
        "min_fault_s": 0.2,
        "max_fault_s": 0.3,
        "kinds": ["stall"],
        "log": str(log),
    }
    probe = await city.probe()
    await probe.play()
    answer = await send_request(city.control_port, request)
    assert answer["ok"] and answer["planned"] > 0
    lines: list[dict[str, object]] = []
    async with asyncio.timeout(15):
        while sum(line["event"] == "end" for line in lines) < answer["planned"]:
            await probe.packet()
            lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    starts = {(line["camera"], line["start"]) for line in lines if line["event"] == "start"}
    ends = {(line["camera"], line["start"]): line["end"] for line in lines if line["event"] == "end"}
    assert starts == ends.keys()
    assert all(str(start) < str(end) for (_, start), end in ends.items())
    assert all(line["outage"] is True and line["fault"] == "stall" for line in lines)


async def test_control_port_sets_lists_clears_and_refuses_nonsense(city: City) -> None:
    port = city.control_port
    answer = await send_request(port, {"op": "set", "camera": 1, "fault": "loss", "value": 7, "for_s": 60})
    assert answer["cameras"][0]["faults"] == {"loss": 7.0}
    listed = await send_request(port, {"op": "list"})
    assert [camera["faults"] for camera in listed["cameras"]] == [{"loss": 7.0}, {}, {}]
    await send_request(port, {"op": "set", "camera": "all", "fault": "silence"})
    cleared = await send_request(port, {"op": "clear", "camera": "all"})
    assert [camera["faults"] for camera in cleared["cameras"]] == [{}, {}, {}]
    for nonsense in (
        {"op": "set", "camera": 77, "fault": "stall"},
        {"op": "set", "camera": 1, "fault": "fire"},
        {"op": "set", "camera": 1, "fault": "stall", "for_s": -1},
        {"op": "set", "camera": 1, "fault": "stall", "for_s": "soon"},
        {"op": "fly"},
        {},
    ):
        assert (await send_request(port, nonsense))["ok"] is False
    assert city.cameras[1].faults.active == {}


# The camera with the true clock


async def test_live_clock_camera_encodes_only_while_somebody_plays(tmp_path: Path) -> None:
    workshop = build_workshop()
    camera, sources = build_clock_camera(workshop, 0, build_plain_background)
    listener = Listener(workshop.clock)
    listener.add_camera(camera)
    listener.open()
    assert sources[0].frames_encoded == 0
    url = f"rtsp://{LOGIN[0]}:{LOGIN[1]}@127.0.0.1:{listener.port}/main"
    before_ms = workshop.clock.utc_us() // 1000
    counts = await record(url, "tcp", tmp_path / "clock.mkv")
    after_ms = workshop.clock.utc_us() // 1000
    assert counts["h264"] >= 25  # it leaves out pictures when the machine is busy, never shows a wrong time
    shown = await asyncio.to_thread(read_shown_times, tmp_path / "clock.mkv")
    assert len(shown) == counts["h264"]
    assert before_ms <= shown[0] < shown[-1] <= after_ms
    assert all(0 < b - a <= 1000 for a, b in itertools.pairwise(shown))
    for source in sources:
        source.close()
    encoded = sources[0].frames_encoded
    assert encoded >= counts["h264"]
    assert sources[1].frames_encoded == 0
    listener.close()
    workshop.pacer.close()


def read_shown_times(path: Path) -> list[int]:
    import av
    import numpy as np

    from brightkitchen_sim.liveclock import read_clock

    with av.open(str(path)) as container:
        times = [read_clock(frame.to_ndarray(format="rgb24").astype(np.uint8)) for frame in container.decode(video=0)]
    assert None not in times
    return [utc_ms for utc_ms in times if utc_ms is not None]


# The command


async def test_command_announces_its_cameras_and_obeys(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps({"user": LOGIN[0], "password": LOGIN[1]}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "brightkitchen_sim.main", "serve", "--cameras", "3", "--base-port", "0"),
        *("--scenes", "pattern", "--cache", str(tmp_path / "cache"), "--credentials", str(credentials)),
        *("--ready-file", str(tmp_path / "ready.jsonl"), "--fault", "2:silence"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines: list[dict[str, object]] = []
    async with asyncio.timeout(60):
        while not lines or "ready" not in lines[-1]:
            lines.append(json.loads(await process.stdout.readline()))
    control, *cameras, ready = lines
    assert [line["camera"] for line in cameras] == [0, 1, 2]
    assert [line["clock"] for line in cameras] == [True, False, False]
    assert ready == {"ready": 3}
    assert LOGIN[1] not in json.dumps(lines)
    assert [json.loads(line) for line in (tmp_path / "ready.jsonl").read_text().splitlines()] == lines
    probe = await Probe.open(str(cameras[1]["sub"]), LOGIN)
    assert (await probe.play()).status == 200
    await probe.packets(10)
    arguments = (sys.executable, "-m", "brightkitchen_sim.main", "fault", "--control", str(control["control"]))
    status, said = await run_tool(*arguments, "--camera", "1", "--set", "stall=media", "--for", "30")
    assert status == 0
    assert json.loads(said)["cameras"][0]["faults"] == {"stall": "media"}
    status, said = await run_tool(*arguments, "--list")
    assert [camera["faults"] for camera in json.loads(said)["cameras"]] == [{}, {"stall": "media"}, {"silence": True}]
    status, said = await run_tool(*arguments, "--camera", "1", "--set", "nonsense")
    assert status == 2
    await probe.close()
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.mark.parametrize("mode", ["packet", "frame"])
async def test_bench_source_reports_exactly_what_arrived(clips: Path, tmp_path: Path, mode: str) -> None:
    report = tmp_path / "report.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "brightkitchen_sim.bench_source", "--cameras", "2", "--mode", mode, "--seconds", "1"),
        *("--clip", str(clips / "h264-main.clip"), "--report", str(report)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    port = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))["port"]
    probe = await Probe.open(f"rtsp://127.0.0.1:{port}/cam/1/main")
    await probe.play()
    arrived = {0: 0, 2: 0}
    marked = 0
    with pytest.raises(EOFError):
        while True:
            packet = await probe.packet()
            arrived[packet.channel] = arrived.get(packet.channel, 0) + 1
            marked += packet.channel == 0 and packet.marker
    await probe.close()
    assert await asyncio.wait_for(process.wait(), 20) == 0
    idle, played = json.loads(report.read_text())["cameras"]
    assert idle["sessions"] == []
    (counts,) = played["sessions"]
    assert counts["video_packets"] == arrived[0] > 20
    assert counts["audio_packets"] == arrived[2] > 20
    assert counts["video_frames"] == marked
    assert counts["dropped_frames"] == 0
