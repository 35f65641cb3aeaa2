"""H.265 made H.264 for who cannot play it (docs/design/media-path.md §4.7): the real node, worker and jail, judged by libav."""

import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import aiohttp
import av
import numpy as np
import pytest
from tests.encoding import Clip, encode_numbers, read_number
from tests.media_node import (
    CAMERA,
    G711,
    ORIGIN,
    OTHER_CAMERA,
    NodeBench,
    at_s,
    build_units,
    iso,
    running_node,
)
from tests.media_synthetic import HandSources

from brightkitchen.kernel.clock import SystemClock, wait_until
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.kernel.mediatoken import Act
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, Codec, Format

GOP = 25


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeBench]:
    async with running_node(tmp_path / "store", transcodes=1) as bench:
        yield bench


def h265(count: int, *, first: int = 0, b_frames: int = 0) -> Clip:
    return encode_numbers(count, codec=Codec.H265, gop=GOP, first=first, b_frames=b_frames)


def pictures_of(clip: Clip, from_number: int, to_number: int) -> list[AccessUnit]:
    return build_units(clip, with_sound=False)[from_number:to_number]


async def watch(
    node: NodeBench, camera: CameraId = CAMERA, *, codec: str | None = "h264"
) -> aiohttp.ClientWebSocketResponse:
    socket = await node.client.ws_connect(node.url(f"/live/{camera}/ws"), headers={"Origin": ORIGIN})
    opening = {"token": node.token(Act.LIVE, cam=camera), "audio": False}
    await socket.send_json(opening if codec is None else {**opening, "codec": codec})
    return socket


class Seen:
    """What a live viewer got."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.texts: list[dict[str, object]] = []
        self.inits: list[bytes] = []
        self.pictures: list[tuple[int, bool, bytes]] = []  # (UTC, key, MP4)
        self.close_code: int | None = None

    async def read(self, *, pictures: int = 10_000, until: str = "") -> "Seen":
        """Go on until so many pictures in all were got, a text of this type, or the end."""
        while len(self.pictures) < pictures:
            message = await self.socket.receive(timeout=20)
            if message.type is aiohttp.WSMsgType.TEXT:
                self.texts.append(json.loads(message.data))
                if self.texts[-1]["type"] == until:
                    return self
            elif message.type is aiohttp.WSMsgType.BINARY:
                self._take(message.data)
            else:
                self.close_code = self.socket.close_code
                return self
        return self

    def _take(self, data: bytes) -> None:
        if data[0] == 1:
            self.inits.append(data[10:])
        else:
            self.pictures.append((int.from_bytes(data[2:10]), bool(data[1] & 1), data[10:]))

    def text(self, kind: str) -> dict[str, object]:
        return next(text for text in self.texts if text["type"] == kind)

    def numbers(self) -> list[int]:
        return numbers_in(self.inits[-1] + b"".join(mp4 for _, _, mp4 in self.pictures))


def numbers_in(mp4: bytes) -> list[int]:
    return [number for number, _ in shown_in(mp4)]


def shown_in(mp4: bytes) -> list[tuple[int, float]]:
    """Return the number that each picture shows, and when; judged by FFmpeg's own H.264 decoder."""
    with av.open(io.BytesIO(mp4), "r", format="mp4") as container:
        assert container.streams.video[0].codec_context.name == "h264"
        return [
            (read_number(np.asarray(frame.to_ndarray(format="gray"), np.uint8)), round(float(frame.time or 0), 3))
            for frame in container.decode(video=0)
        ]


async def until(node: NodeBench, condition: object) -> None:
    assert callable(condition)
    assert await wait_until(condition, SystemClock(), timeout_s=20)


# -- live ----------------------------------------------------------------------------------------------------------------


async def test_live_h265_asked_for_as_h264_shows_every_picture_with_its_time(node: NodeBench) -> None:
    clip = h265(75)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 40))
    seen = await Seen(await watch(node)).read(pictures=1)
    node.feed(pictures_of(clip, 40, 75))
    await seen.read(pictures=36)
    hello = seen.text("hello")
    video = hello["video"]
    assert isinstance(video, dict)
    assert (video["width"], video["height"], video["transcoded"]) == (160, 96, True)
    assert str(video["mime"]).startswith('video/mp4; codecs="avc1.42')
    # The newest picture of the group at once, then every one.
    assert seen.numbers() == list(range(39, 75))
    assert [at for at, _, _ in seen.pictures] == [at_s(number * 0.04) for number in range(39, 75)]
    assert seen.pictures[0][1]
    await seen.socket.close()


async def test_live_h265_with_b_frames_comes_out_in_order(node: NodeBench) -> None:
    clip = h265(75, b_frames=2)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 30))
    seen = await Seen(await watch(node)).read(until="lease")
    node.feed(pictures_of(clip, 30, 75))
    await seen.read(pictures=30)
    numbers = seen.numbers()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    await seen.socket.close()


async def test_live_h264_camera_asked_for_as_h264_is_passed_on_as_it_is(node: NodeBench) -> None:
    clip = encode_numbers(20, gop=GOP)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 20))
    seen = await Seen(await watch(node)).read(pictures=20)
    assert "transcoded" not in str(seen.text("hello"))
    assert (seen.numbers(), node.pool.starts) == (list(range(20)), 0)
    await seen.socket.close()


async def test_live_h265_without_the_wish_is_passed_on_as_it_is(node: NodeBench) -> None:
    clip = h265(10)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 10))
    seen = await Seen(await watch(node, codec=None)).read(pictures=10)
    assert (clip.format.codec_string in str(seen.text("hello")), node.pool.starts) == (True, 0)
    await seen.socket.close()


async def test_live_viewers_of_one_camera_share_one_worker(node: NodeBench) -> None:
    clip = h265(100)
    await node.connect({VIDEO_TRACK: clip.format, AUDIO_TRACK: G711})
    node.feed(pictures_of(clip, 0, 30))
    viewers = [await Seen(await watch(node)).read(pictures=1) for _ in range(3)]
    node.feed(pictures_of(clip, 30, 50))
    for viewer in viewers:
        await viewer.read(pictures=20)
        assert viewer.numbers()[-1] == 48
        await viewer.socket.close()
    assert (len(node.server.transcodes.slots), node.pool.starts) == (1, 1)
    assert node.server.transcodes.counters.cpu_us > 0


async def test_live_transcode_ends_15_s_after_the_last_viewer(node: NodeBench) -> None:
    clip = h265(30)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 30))
    seen = await Seen(await watch(node)).read(pictures=1)
    [pid] = node.server.transcodes.pids
    await seen.socket.close()
    await until(node, lambda: node.server.transcoded_muxers.viewers == 0)
    await node.clock.advance(14)
    assert (len(node.server.transcodes.slots), node.server.transcodes.pids) == (1, [pid])
    await node.clock.advance(2)
    assert len(node.server.transcodes.slots) == 0
    await until(node, lambda: not os.path.exists(f"/proc/{pid}"))


async def test_live_over_the_limit_is_refused_in_words_until_a_place_is_free(node: NodeBench) -> None:
    clip = h265(30)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 30))
    others = HandSources()
    node.hub.add(StreamKey(OTHER_CAMERA, Profile.MAIN), others)
    first = await Seen(await watch(node)).read(pictures=1)
    waiting = await Seen(await watch(node, OTHER_CAMERA)).read(until="state")
    formats: dict[int, Format] = {VIDEO_TRACK: clip.format}
    others.last.connect(formats)
    others.last.feed(pictures_of(clip, 0, 10))
    await waiting.read()
    assert waiting.text("end") == {"type": "end", "code": "media.transcode_full", "limit": 1}
    assert (waiting.close_code, node.server.transcodes.slots.refused) == (4000, 1)
    again = await Seen(await watch(node, OTHER_CAMERA)).read()
    assert again.text("end")["code"] == "media.transcode_full"
    # The first camera's place rests as soon as nobody watches it, and whoever asks may have it at once.
    await first.socket.close()
    await until(node, lambda: node.server.transcoded_muxers.viewers == 0)
    last = await Seen(await watch(node, OTHER_CAMERA)).read(pictures=1)
    assert last.numbers() == [9]
    assert len(node.server.transcodes.slots) == 1
    await last.socket.close()


async def test_live_worker_killed_is_said_and_the_stream_goes_on(node: NodeBench) -> None:
    clip = h265(150)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 30))
    seen = await Seen(await watch(node)).read(pictures=1)
    [pid] = node.server.transcodes.pids
    os.kill(pid, signal.SIGKILL)
    node.feed(pictures_of(clip, 30, 40))
    await seen.read(until="transcode")
    assert seen.texts[-1] == {"type": "transcode", "state": "restarting"}
    await node.while_time_passes(seen.read(until="transcode"), seconds=20)
    assert seen.texts[-1] == {"type": "transcode", "state": "running"}
    node.feed(pictures_of(clip, 40, 60))
    await seen.read(pictures=1 + 60 - 30)
    # Nothing is shown twice, nothing of what the camera's current group still held is lost, and a key frame begins it.
    assert seen.numbers() == list(range(29, 60))
    assert [key for _, key, _ in seen.pictures[:2]] == [True, True]
    assert node.server.transcodes.counters.failed == 1
    assert pid not in node.server.transcodes.pids
    await seen.socket.close()


async def test_live_camera_that_kills_the_worker_again_and_again_is_given_up_in_words(node: NodeBench) -> None:
    clip = h265(30)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 30))
    seen = await Seen(await watch(node)).read(pictures=1)
    for _ in range(3):
        node.pool.note_crash(CAMERA, "test", "planted")
    node.sources.last.feed(pictures_of(h265(60), 30, 31))
    await seen.read()
    assert (seen.text("end")["code"], seen.close_code) == ("media.transcode_failed", 4000)
    assert len(node.server.transcodes.slots) == 0


async def test_live_damaged_pictures_cost_pictures_not_the_stream(node: NodeBench) -> None:
    clip = h265(100)
    units = pictures_of(clip, 0, 100)
    broken = [
        AccessUnit(unit.track, unit.pts, b"\0\0\0\4\x02\x01\xff\xff", unit.is_key, unit.received_at) for unit in units
    ]
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(units[:26])
    seen = await Seen(await watch(node)).read(pictures=1)
    node.feed([*units[26:30], *broken[30:35], *units[35:75]])
    while seen.pictures[-1][0] < at_s(74 * 0.04):
        await seen.read(pictures=len(seen.pictures) + 1)
    # From the next key frame on, at the latest, everything is right again.
    assert seen.numbers()[-25:] == list(range(50, 75))
    assert node.server.transcodes.counters.failed == 0
    await seen.socket.close()


async def test_live_worker_runs_jailed_and_yields_to_the_recorder(node: NodeBench) -> None:
    clip = h265(10)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 10))
    seen = await Seen(await watch(node)).read(pictures=1)
    [pid] = node.server.transcodes.pids
    status = await asyncio.to_thread(Path(f"/proc/{pid}/status").read_text)
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, own + 10)
    await seen.socket.close()


async def test_live_transcoding_leaves_the_recording_as_it_came(node: NodeBench) -> None:
    clip = h265(50)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(pictures_of(clip, 0, 30))
    seen = await Seen(await watch(node)).read(pictures=1)
    node.feed(pictures_of(clip, 30, 50))
    await seen.read(pictures=20)
    node.sources.last.break_off()
    node.recorder.hand_over()
    node.store.wait_idle(5)
    body = await play(node, await node.open_handle(Act.PLAY), 0, 10, codec="")
    with av.open(io.BytesIO(body[0]), "r", format="mp4") as container:
        assert container.streams.video[0].codec_context.name == "hevc"
        assert sum(1 for _ in container.decode(video=0)) == 50
    await seen.socket.close()


# -- recordings ------------------------------------------------------------------------------------------------------------


async def play(
    node: NodeBench, handle: str, from_s: float, to_s: float, more: str = "", *, codec: str = "&codec=h264"
) -> tuple[bytes, dict[str, str]]:
    path = f"/play/{CAMERA}/stream.mp4?from={iso(from_s)}&to={iso(to_s)}&tracks=video{codec}{more}"
    status, body, headers = await node.get(path, handle)
    assert status == 200, body
    return body, headers


@pytest.mark.parametrize("b_frames", [0, 2])
async def test_play_h265_as_h264_shows_every_picture_with_its_time(node: NodeBench, b_frames: int) -> None:
    await node.record(h265(150, b_frames=b_frames))
    body, headers = await play(node, await node.open_handle(Act.PLAY), 2.5, 4.5)
    shown = shown_in(body)
    assert [number for number, _ in shown] == list(range(50, 125))
    steps = {round(later[1] - earlier[1], 3) for earlier, later in pairwise(shown)}
    assert steps == {0.04}
    assert headers["BK-Transcoded"] == "1"
    assert headers["Content-Type"].startswith('video/mp4; codecs="avc1.42')
    assert (headers["BK-From-At"], headers["BK-End-At"]) == (iso(2), iso(5))


async def test_play_h264_asked_for_as_h264_is_sent_as_recorded(node: NodeBench) -> None:
    await node.record(encode_numbers(50, gop=GOP))
    handle = await node.open_handle(Act.PLAY)
    body, headers = await play(node, handle, 0, 2)
    assert body == (await play(node, handle, 0, 2, codec=""))[0]
    assert ("BK-Transcoded" in headers, node.pool.starts) == (False, 0)


async def test_play_in_parts_joins_without_a_picture_twice_by_one_worker(node: NodeBench) -> None:
    await node.record(h265(250))
    handle = await node.open_handle(Act.PLAY)
    seen: list[int] = []
    at = iso(1)
    for part in range(3):
        path = f"/play/{CAMERA}/stream.mp4?from={at}&to={iso(3 + 3 * part)}&joins=1&tracks=video&codec=h264"
        status, body, headers = await node.get(path, handle)
        assert status == 200
        seen += numbers_in(body)
        at = headers["BK-End-At"]
    assert seen == list(range(25, 225))
    assert node.pool.starts == 1


async def test_play_goes_on_exactly_where_a_growing_file_ended(node: NodeBench) -> None:
    clip = encode_numbers(200, codec=Codec.H265, gop=125)  # groups of five seconds, stored second by second
    units = build_units(clip, with_sound=False)
    stream = node.hub.add(node.key, node.sources)
    node.recorder.start(stream)
    await node.clock.advance(0)
    node.sources.last.connect({VIDEO_TRACK: clip.format})
    node.feed(units[:100])
    handle = await node.open_handle(Act.PLAY)
    body, headers = await play(node, handle, 0, 12, "&joins=1")
    seen = numbers_in(body)
    assert 25 <= len(seen) <= 100 and seen == list(range(len(seen)))
    node.feed(units[100:])
    path = f"/play/{CAMERA}/stream.mp4?from={headers['BK-End-At']}&to={iso(5)}&tracks=video&codec=h264&joins=1"
    status, body, headers = await node.get(path, handle)
    assert (status, headers["BK-End-At"]) == (200, iso(5))
    assert seen + numbers_in(body) == list(range(125))


async def test_play_from_between_key_frames_has_the_picture_of_that_moment(node: NodeBench) -> None:
    await node.record(encode_numbers(250, codec=Codec.H265, gop=125))
    body, headers = await play(node, await node.open_handle(Act.PLAY), 2.51, 3, "&joins=1")
    assert (numbers_in(body)[0], headers["BK-Zero-At"]) == (0, iso(0))


async def test_play_keeps_the_distance_of_a_gap(node: NodeBench) -> None:
    await node.record(h265(50), with_sound=False)
    node.clock.jump((at_s(20) - node.clock.utc()) / 1e6)
    clip = h265(50, first=100)
    node.sources.last.connect({VIDEO_TRACK: clip.format})
    units = [
        AccessUnit(VIDEO_TRACK, unit.pts, unit.data, unit.is_key, at_s(20 + index * 0.04))
        for index, unit in enumerate(clip.units)
    ]
    node.feed(units)
    node.sources.last.break_off()
    node.recorder.hand_over()
    node.store.wait_idle(5)
    body, headers = await play(node, await node.open_handle(Act.PLAY), 0, 60)
    shown = shown_in(body)
    assert [number for number, _ in shown] == [*range(50), *range(100, 150)]
    assert [shown[49][1], shown[50][1]] == pytest.approx([1.96, 20], abs=0.002)
    assert headers["BK-End-At"] == iso(22)
    with av.open(io.BytesIO(body), "r", format="mp4") as container:
        durations = [
            float((packet.duration or 0) * packet.time_base)
            for packet in container.demux(video=0)
            if packet.dts is not None
        ]
    assert max(durations) < 0.1  # the last picture before the gap does not stand for eighteen seconds


async def test_play_at_eight_times_makes_key_frames_only(node: NodeBench) -> None:
    await node.record(h265(250))
    body, _ = await play(node, await node.open_handle(Act.PLAY), 0, 10, "&rate=8")
    assert shown_in(body) == [(number, number * 0.04) for number in range(0, 250, 25)]
    with av.open(io.BytesIO(body), "r", format="mp4") as container:
        assert all(packet.is_keyframe for packet in container.demux(video=0) if packet.size)


async def test_play_over_the_limit_is_refused_in_words(node: NodeBench) -> None:
    await node.record(h265(50), is_closed=False)
    seen = await Seen(await watch(node)).read(pictures=1)
    path = f"/play/{CAMERA}/stream.mp4?from={iso(0)}&to={iso(2)}&tracks=video&codec=h264"
    handle = await node.open_handle(Act.PLAY)
    status, body, _ = await node.get(path, handle, **{"Accept-Language": "zh-CN"})
    problem = json.loads(body)
    assert (status, problem["code"], problem["params"]) == (429, "media.transcode_full", {"limit": 1})
    assert "转码名额已满（最多同时 1 路）" in problem["detail"]
    await seen.socket.close()
    await until(node, lambda: node.server.transcoded_muxers.viewers == 0)
    assert (await node.get(path, handle))[0] == 200


async def test_play_asked_for_elsewhere_ends_the_answer_before(node: NodeBench) -> None:
    await node.record(h265(250))
    handle = await node.open_handle(Act.PLAY)
    path = f"/play/{CAMERA}/stream.mp4?from={iso(0)}&to={iso(10)}&tracks=video&codec=h264"
    headers = {"Origin": ORIGIN, "X-BK-Media": handle}
    async with node.client.get(node.url(path), headers=headers) as old:
        await old.content.readany()
        body, _ = await play(node, handle, 6, 8)
        assert numbers_in(body) == list(range(150, 200))
    assert (len(node.server.transcodes.slots), node.pool.starts) == (1, 1)


async def test_play_of_another_codec_is_refused(node: NodeBench) -> None:
    await node.record(h265(25))
    path = f"/play/{CAMERA}/stream.mp4?from={iso(0)}&to={iso(2)}&codec=vp9"
    status, body, _ = await node.get(path, await node.open_handle(Act.PLAY))
    assert (status, json.loads(body)["code"]) == (400, "media.codec_invalid")


async def test_transcoding_switched_off_says_so(tmp_path: Path) -> None:
    async with running_node(tmp_path / "store", transcodes=0) as node:
        await node.record(h265(50), is_closed=False)
        seen = await Seen(await watch(node)).read()
        assert seen.text("end")["code"] == "media.transcode_off"
        path = f"/play/{CAMERA}/stream.mp4?from={iso(0)}&to={iso(2)}&tracks=video&codec=h264"
        status, body, _ = await node.get(path, await node.open_handle(Act.PLAY))
        assert (status, json.loads(body)["code"]) == (503, "media.transcode_off")


async def test_play_place_goes_with_its_handle_and_to_its_own_session(node: NodeBench) -> None:
    await node.record(h265(50))
    path = f"/play/{CAMERA}/stream.mp4?from={iso(0)}&to={iso(2)}&tracks=video&codec=h264"
    first, other = await node.open_handle(Act.PLAY), await node.open_handle(Act.PLAY, sid="s2")
    assert (await node.get(path, first))[0] == 200
    assert (await node.get(path, other))[0] == 429  # the first one's player only pauses
    again = await node.open_handle(Act.PLAY)  # the page was loaded anew
    assert (await node.get(path, again))[0] == 200
    headers = {"Origin": ORIGIN, "X-BK-Media": again}
    async with node.client.delete(node.url("/media/session"), headers=headers) as answer:
        assert answer.status == 204
    assert (await node.get(path, other))[0] == 200
    node.server.revoke(sid="s2")
    assert len(node.server.transcodes.slots) == 0
