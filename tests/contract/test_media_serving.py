"""A media node as viewers meet it: real server, store, hub, recorder and worker (docs/design/media-path.md §4)."""

import asyncio
import contextlib
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image
from tests.encoding import Clip, encode_numbers, read_number
from tests.media_node import (
    CAMERA,
    FOREIGN_CAMERA,
    G711,
    KEY,
    ORIGIN,
    OTHER_CAMERA,
    NodeBench,
    at_s,
    build_tone,
    build_units,
    iso,
    running_node,
)

from brightkitchen.kernel.mediatoken import Act
from brightkitchen.media.decode.codecs import SoundEncoder
from brightkitchen.media.serve.app import make_admin_app
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec

RANGE = f"profile=main&from={iso(0)}&to={iso(60)}"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeBench]:
    async with running_node(tmp_path / "store") as bench:
        yield bench


def shown_number(jpeg: bytes) -> int:
    return read_number(np.asarray(Image.open(io.BytesIO(jpeg)).convert("L")))


def uris_of(playlist: bytes) -> list[str]:
    return [line for line in playlist.decode().splitlines() if line and not line.startswith("#")]


# -- tokens and handles ----------------------------------------------------------------------------------------------


async def post_session(node: NodeBench, body: object, **headers: str) -> tuple[int, bytes]:
    async with node.client.post(node.url("/media/session"), json=body, headers={"Origin": ORIGIN, **headers}) as answer:
        return answer.status, await answer.read()


async def test_session_good_token_gives_a_handle_of_256_bits(node: NodeBench) -> None:
    status, body = await post_session(node, {"token": node.token(Act.PLAY, from_at=at_s(0), to_at=at_s(9))})
    answer = json.loads(body)
    handle = answer.pop("handle")
    assert (status, len(handle)) == (200, 43)
    assert answer == {"camera": CAMERA, "act": "play", "from": iso(0), "to": iso(9), "expires_in_s": 120}


async def test_session_every_refusal_looks_the_same(node: NodeBench) -> None:
    used = node.token(Act.PLAY)
    assert (await post_session(node, {"token": used}))[0] == 200
    refusals = [
        await post_session(node, {"token": used}),
        await post_session(node, {"token": "bk1.AAAA.AAAA"}),
        await post_session(node, {"token": node.token(Act.LIVE)}),
        await post_session(node, {"token": node.token(Act.PLAY, cam=FOREIGN_CAMERA)}),
        await post_session(node, {"token": node.token(Act.PLAY, org="https://thief.example")}),
        await post_session(node, {"token": node.token(Act.PLAY)}, Origin="https://thief.example"),
        await post_session(node, {"nonsense": 1}),
        await post_session(node, [[[[]]]]),
    ]
    assert {status for status, _ in refusals} == {401}
    assert len({body for _, body in refusals}) == 1
    assert dict(node.server.guard.refused) == {
        "replayed": 1,
        "malformed": 1,
        "act": 1,
        "camera": 1,
        "origin": 1,
        "origin_unknown": 1,
        "malformed_body": 2,
    }


@pytest.mark.parametrize("key", ["token", "t", "auth", "access_token", "sig"])
@pytest.mark.parametrize(
    "path", ["/healthz", f"/play/{CAMERA}/index.m3u8", f"/live/{CAMERA}/ws", f"/live/{CAMERA}/whep", "/nowhere"]
)
async def test_token_in_query_is_refused_everywhere(node: NodeBench, key: str, path: str) -> None:
    assert (await node.get(f"{path}?{key}=x", None))[0] == 400


async def test_handle_opens_its_camera_act_profile_and_origin_only(node: NodeBench) -> None:
    await node.record(encode_numbers(30))
    handle = await node.open_handle(Act.PLAY)
    timeline = f"timeline?{RANGE}"
    assert (await node.get(f"/play/{CAMERA}/{timeline}", handle))[0] == 200
    assert (await node.get(f"/play/{CAMERA}/{timeline}", None))[0] == 401
    assert (await node.get(f"/play/{CAMERA}/{timeline}", "A" * 43))[0] == 401
    assert (await node.get(f"/play/{OTHER_CAMERA}/{timeline}", handle))[0] == 401
    assert (await node.get(f"/play/{CAMERA}/{timeline.replace('main', 'sub')}", handle))[0] == 401
    assert (await node.get(f"/snapshot/{CAMERA}", handle))[0] == 401
    assert (await node.get(f"/play/{CAMERA}/{timeline}", handle, Origin="https://thief.example"))[0] == 401
    node.server.set_allowed_origins([ORIGIN, "https://other.example"])
    assert (await node.get(f"/play/{CAMERA}/{timeline}", handle, Origin="https://other.example"))[0] == 401


async def test_handle_lease_expires_after_two_minutes_unless_renewed(node: NodeBench) -> None:
    await node.record(encode_numbers(5))
    kept, left = await node.open_handle(Act.PLAY), await node.open_handle(Act.PLAY)
    await node.clock.advance(100)
    renewal = {"Origin": ORIGIN, "X-BK-Media": kept}
    body = {"token": node.token(Act.PLAY)}
    async with node.client.post(node.url("/media/session/renew"), json=body, headers=renewal) as answer:
        assert answer.status == 200
    await node.clock.advance(30)
    path = f"/play/{CAMERA}/timeline?{RANGE}"
    assert ((await node.get(path, kept))[0], (await node.get(path, left))[0]) == (200, 401)


@pytest.mark.parametrize("changes", [{"sid": "s2"}, {"cam": OTHER_CAMERA}, {"act": Act.THUMB}, {"prof": "sub"}])
async def test_handle_renewal_by_a_token_for_another_thing_is_refused(
    node: NodeBench, changes: dict[str, object]
) -> None:
    handle = await node.open_handle(Act.PLAY)
    headers = {"Origin": ORIGIN, "X-BK-Media": handle}
    body = {"token": node.token(**{"act": Act.PLAY, **changes})}  # type: ignore[arg-type]  # a table of claims
    async with node.client.post(node.url("/media/session/renew"), json=body, headers=headers) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("what", [{"sid": "s1"}, {"camera": CAMERA}, {"kid": "k1"}])
async def test_handle_revoked_is_closed_at_once(node: NodeBench, what: dict[str, str]) -> None:
    await node.record(encode_numbers(5))
    handle = await node.open_handle(Act.PLAY)
    assert node.server.revoke(sid="nobody") == 0
    assert (await node.get(f"/play/{CAMERA}/timeline?{RANGE}", handle))[0] == 200
    assert node.server.revoke(**what) == 1
    assert (await node.get(f"/play/{CAMERA}/timeline?{RANGE}", handle))[0] == 401


async def test_handle_deleted_is_closed(node: NodeBench) -> None:
    handle = await node.open_handle(Act.PLAY)
    headers = {"Origin": ORIGIN, "X-BK-Media": handle}
    async with node.client.delete(node.url("/media/session"), headers=headers) as answer:
        assert answer.status == 204
    assert (await node.get(f"/play/{CAMERA}/timeline?{RANGE}", handle))[0] == 401


# -- headers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/healthz", "/", "/media/", f"/play/{CAMERA}/index.m3u8", f"/live/{CAMERA}/ws", f"/live/{CAMERA}/whep"]
)
async def test_headers_are_on_every_answer(node: NodeBench, path: str) -> None:
    _, _, headers = await node.get(path, None)
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-site"
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Server"] == "brightkitchen"


async def test_preflight_names_our_headers_to_listed_origins_only(node: NodeBench) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-bk-media,range"}
    async with node.client.options(node.url("/media/session"), headers={"Origin": ORIGIN, **asked}) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type, Range, X-BK-Media"
    async with node.client.options(node.url("/media/session"), headers={"Origin": "null", **asked}) as answer:
        assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (401, None)


async def test_healthz_on_the_viewers_port_says_ok_and_nothing_else(node: NodeBench) -> None:
    status, body, _ = await node.get("/healthz", None)
    assert (status, body) == (200, b"ok")
    assert (await node.get("/metrics", None))[0] == 404


async def test_big_header_and_big_body_are_refused(node: NodeBench) -> None:
    headers = {f"X-{n}": "x" * 6000 for n in range(3)}
    assert (await node.get("/healthz", None, **headers))[0] == 431
    assert (await post_session(node, {"token": "x" * 20_000}))[0] == 413


async def test_slow_header_is_cut_off_and_a_used_connection_is_not(node: NodeBench) -> None:
    slow_in, slow_out = await asyncio.open_connection("127.0.0.1", node.port.port)
    used_in, used_out = await asyncio.open_connection("127.0.0.1", node.port.port)
    slow_out.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    for _ in range(2):
        used_out.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await asyncio.wait_for(used_in.readuntil(b"\r\n\r\nok"), 5)).startswith(b"HTTP/1.1 200")
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(slow_in.read(), 5) == b""
    for writer in (slow_out, used_out):
        writer.close()


async def test_admin_port_tells_health_readiness_and_numbers(node: NodeBench) -> None:
    await post_session(node, {"token": "bk1.AAAA.AAAA"})
    await node.open_handle(Act.PLAY)
    is_ready = False
    async with TestClient(TestServer(make_admin_app(node.server, is_ready=lambda: is_ready))) as admin:
        assert await (await admin.get("/healthz")).text() == "ok"
        assert (await admin.get("/readyz")).status == 503
        is_ready = True
        assert (await admin.get("/readyz")).status == 200
        metrics = (await (await admin.get("/metrics")).text()).splitlines()
    assert 'bk_media_refused_total{cause="malformed"} 1.0' in metrics
    assert "bk_media_leases 1.0" in metrics


# -- playback ------------------------------------------------------------------------------------------------------------


async def test_timeline_of_a_recording_has_its_span(node: NodeBench) -> None:
    await node.record(encode_numbers(75))
    status, body, _ = await node.get(f"/play/{CAMERA}/timeline?{RANGE}", await node.open_handle(Act.PLAY))
    timeline = json.loads(body)
    assert status == 200
    assert timeline["spans"] == [{"from": iso(0), "to": iso(3)}]
    assert (timeline["first_at"], timeline["last_at"]) == (iso(0), iso(3))


@pytest.mark.parametrize(
    "query",
    ["", "from=now&to=then", f"from={iso(0)}", f"from={iso(9)}&to={iso(0)}", "from=0&to=9999999999999999999999"],
)
async def test_playlist_of_no_time_is_invalid(node: NodeBench, query: str) -> None:
    handle = await node.open_handle(Act.PLAY)
    assert (await node.get(f"/play/{CAMERA}/video.m3u8?{query}", handle))[0] == 400


@pytest.mark.parametrize("with_sound", [True, False])
async def test_ffmpeg_plays_the_list_without_an_error_line(node: NodeBench, with_sound: bool, tmp_path: Path) -> None:
    await node.record(encode_numbers(150, gop=50), with_sound=with_sound)
    handle = await node.open_handle(Act.PLAY, org="")
    frames = tmp_path / "frames.raw"
    command = ["ffmpeg", "-hide_banner", "-v", "warning", "-headers", f"X-BK-Media: {handle}\r\n"]
    command += ["-i", node.url(f"/play/{CAMERA}/index.m3u8?{RANGE}"), "-map", "0:v", "-pix_fmt", "gray"]
    command += ["-f", "rawvideo", str(frames)]
    if with_sound:
        command += ["-map", "0:a", "-f", "f32le", "-ac", "1", str(tmp_path / "sound.raw")]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert errors.decode() == ""
    pictures = np.fromfile(frames, np.uint8).reshape(-1, 96, 160)
    assert [read_number(picture) for picture in pictures] == list(range(150))
    if with_sound:
        sound = np.fromfile(tmp_path / "sound.raw", np.float32)
        assert abs(sound.size - 6 * 8000) <= 2048
        spectrum = np.abs(np.fft.rfft(sound[8000:40000]))
        assert abs(int(spectrum.argmax()) * 8000 / 32000 - 440) < 2
        assert np.abs(sound[8000:40000]).max() < 1.5 * 12000 / 32768  # no click where two parts join


async def test_video_parts_are_the_stored_pictures_alone(node: NodeBench) -> None:
    await node.record(encode_numbers(100, gop=25))
    handle = await node.open_handle(Act.PLAY)
    _, playlist, _ = await node.get(f"/play/{CAMERA}/video.m3u8?{RANGE}", handle)
    parts = uris_of(playlist)
    assert len(parts) == 2
    _, part, headers = await node.get(f"/play/{CAMERA}/{parts[0]}", handle)
    assert headers["Content-Type"] == "video/mp4"
    assert part.count(b"moof") == 2 and part.count(b"mdat") == 2
    init_uri = re.findall(r'MAP:URI="(.*)"', playlist.decode())[0]
    _, init, _ = await node.get(f"/play/{CAMERA}/{init_uri}", handle)
    assert init.count(b"trak") == 1 and b"avc1" in init and b"alaw" not in init


async def test_file_still_being_written_is_served_to_its_last_whole_fragment(node: NodeBench) -> None:
    await node.record(encode_numbers(110, gop=25), is_closed=False)
    handle = await node.open_handle(Act.PLAY)
    _, playlist, _ = await node.get(f"/play/{CAMERA}/video.m3u8?{RANGE}", handle)
    segment = uris_of(playlist)[0].split("/")[1]
    status, whole, _ = await node.get(f"/play/{CAMERA}/segments/{segment}.mp4", handle)
    assert status == 200 and whole[4:8] == b"ftyp" and len(whole) == node.store.segment(segment).size_bytes  # type: ignore[arg-type,union-attr]
    status, part, headers = await node.get(f"/play/{CAMERA}/segments/{segment}.mp4", handle, Range="bytes=4-7")
    assert (status, part, headers["Content-Range"]) == (206, b"ftyp", f"bytes 4-7/{len(whole)}")
    for bad in ("bytes=0-1,4-5", "bytes=9-4", f"bytes={len(whole)}-", "pages=1-2", "bytes=-", "bytes=-0", "bytes=x"):
        assert (await node.get(f"/play/{CAMERA}/segments/{segment}.mp4", handle, Range=bad))[0] == 416, bad


async def test_token_range_is_kept_for_every_part_and_byte(node: NodeBench) -> None:
    await node.record(encode_numbers(250, gop=50))
    everything = await node.open_handle(Act.PLAY)
    _, playlist, _ = await node.get(f"/play/{CAMERA}/video.m3u8?{RANGE}", everything)
    parts = uris_of(playlist)
    segment = parts[0].split("/")[1]
    narrow = await node.open_handle(Act.PLAY, from_at=at_s(4), to_at=at_s(6))
    _, clipped, _ = await node.get(f"/play/{CAMERA}/video.m3u8?{RANGE}", narrow)
    assert uris_of(clipped) == [parts[2]]
    assert [(await node.get(f"/play/{CAMERA}/{part}", narrow))[0] for part in parts] == [404, 404, 200, 404, 404]
    sound = [part.replace("video/", "audio/") for part in parts]
    assert [(await node.get(f"/play/{CAMERA}/{part}", narrow))[0] for part in sound] == [404, 404, 200, 404, 404]
    assert (await node.get(f"/play/{CAMERA}/video/{segment}/0-9.m4s", narrow))[0] == 404
    assert (await node.get(f"/play/{CAMERA}/segments/{segment}.mp4", narrow))[0] == 416
    assert (await node.get(f"/play/{CAMERA}/segments/{segment}.mp4", narrow, Range="bytes=0-99"))[0] == 206
    fragments = node.store.fragments(segment)  # type: ignore[arg-type]  # a text that is an id
    inside, outside = fragments[4].offset, fragments[0].offset
    for start, status in ((inside, 206), (outside, 416)):
        path = f"/play/{CAMERA}/segments/{segment}.mp4"
        assert (await node.get(path, narrow, Range=f"bytes={start}-{start + 9}"))[0] == status
    later = await node.open_handle(Act.PLAY, from_at=at_s(40), to_at=at_s(50))
    assert (await node.get(f"/play/{CAMERA}/init/{segment}.mp4", later))[0] == 404
    assert (await node.get(f"/play/{CAMERA}/video.m3u8?{RANGE}", later))[0] == 404


async def test_segment_of_another_camera_is_not_found(node: NodeBench) -> None:
    await node.record(encode_numbers(30))
    mine = await node.open_handle(Act.PLAY)
    _, playlist, _ = await node.get(f"/play/{CAMERA}/video.m3u8?{RANGE}", mine)
    part = uris_of(playlist)[0]
    other = await node.open_handle(Act.PLAY, cam=OTHER_CAMERA)
    status, body, _ = await node.get(f"/play/{OTHER_CAMERA}/{part}", other)
    absent = await node.get(f"/play/{OTHER_CAMERA}/video/seg_0000000000000000/0-0.m4s", other)
    assert (status, body) == (404, absent[1])


# -- pictures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("b_frames", [0, 2])
async def test_snapshot_of_any_frame_is_exact(node: NodeBench, b_frames: int) -> None:
    await node.record(encode_numbers(60, gop=30, b_frames=b_frames))
    handle = await node.open_handle(Act.SNAPSHOT)
    for number in (0, 1, 17, 30, 31, 44):
        status, jpeg, headers = await node.get(f"/snapshot/{CAMERA}?at={iso(number * 0.04 + 0.02)}", handle)
        assert (status, headers["Content-Type"], headers["BK-Frame-At"]) == (200, "image/jpeg", iso(number * 0.04))
        assert shown_number(jpeg) == number


async def test_snapshot_live_is_the_newest_frame(node: NodeBench) -> None:
    await node.record(encode_numbers(40, gop=30), is_closed=False)
    status, jpeg, headers = await node.get(f"/snapshot/{CAMERA}", await node.open_handle(Act.SNAPSHOT))
    assert (status, shown_number(jpeg), headers["BK-Frame-At"]) == (200, 39, iso(39 * 0.04))


async def test_snapshot_where_nothing_was_recorded_is_not_found(node: NodeBench) -> None:
    await node.record(encode_numbers(10))
    handle = await node.open_handle(Act.SNAPSHOT)
    assert (await node.get(f"/snapshot/{CAMERA}?at={iso(-60)}", handle))[0] == 404
    assert (await node.get(f"/snapshot/{CAMERA}?at=yesterday", handle))[0] == 400


async def test_thumb_is_the_key_frame_before_small_and_drawn_once(node: NodeBench) -> None:
    await node.record(encode_numbers(60, gop=30))
    handle = await node.open_handle(Act.THUMB)
    status, jpeg, headers = await node.get(f"/thumb/{CAMERA}?at={iso(2)}&width=80", handle)
    assert (status, shown_number(jpeg), headers["BK-Frame-At"]) == (200, 30, iso(1.2))
    assert Image.open(io.BytesIO(jpeg)).width == 80
    jobs = node.pool.counters.jobs
    assert (await node.get(f"/thumb/{CAMERA}?at={iso(1.9)}&width=80", handle))[1] == jpeg
    assert node.pool.counters.jobs == jobs
    assert (await node.get(f"/thumb/{CAMERA}?width=99999", handle))[0] == 400


# Any: the fields of `MediaClaims`.

# -- live ----------------------------------------------------------------------------------------------------------------


async def open_live(node: NodeBench, *, audio: bool = False, **changes: Any) -> aiohttp.ClientWebSocketResponse:
    socket = await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": ORIGIN})
    await socket.send_json({"token": node.token(Act.LIVE, **changes), "audio": audio})
    return socket


async def read_until(
    socket: aiohttp.ClientWebSocketResponse, count: int
) -> tuple[list[dict[str, object]], list[bytes]]:
    """Return texts and binaries received until `count` binaries came."""
    texts: list[dict[str, object]] = []
    binaries: list[bytes] = []
    while len(binaries) < count:
        message = await socket.receive(timeout=10)
        if message.type is aiohttp.WSMsgType.TEXT:
            texts.append(json.loads(message.data))
        else:
            assert message.type is aiohttp.WSMsgType.BINARY, message
            binaries.append(message.data)
    return texts, binaries


async def read_end(socket: aiohttp.ClientWebSocketResponse) -> tuple[str | None, int | None]:
    """Return the end code that was said, and the close code."""
    said = None
    while True:
        message = await socket.receive(timeout=10)
        if message.type is aiohttp.WSMsgType.TEXT and json.loads(message.data)["type"] == "end":
            said = json.loads(message.data)["code"]
        elif message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
            return said, socket.close_code


async def test_live_viewer_gets_the_current_gop_and_what_follows(node: NodeBench) -> None:
    clip = encode_numbers(60, gop=30)
    units = build_units(clip, with_sound=False)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(units[:40])
    socket = await open_live(node)
    texts, binaries = await read_until(socket, 11)
    assert [text["type"] for text in texts] == ["lease", "state", "hello"]
    assert texts[1]["state"] == "live"
    assert texts[2] == {
        "type": "hello",
        "profile": "main",
        "video": {"mime": f'video/mp4; codecs="{clip.format.codec_string}"', "width": 160, "height": 96},
        "audio": None,
    }
    assert [(data[0], data[1] & 1) for data in binaries] == [(1, 0), (2, 1)] + [(2, 0)] * 9
    stamps = [int.from_bytes(data[2:10]) for data in binaries[1:]]
    assert stamps == [at_s(number * 0.04) for number in range(30, 40)]
    node.feed(units[40:])
    _, more = await read_until(socket, 20)
    assert decode_numbers(binaries[0][10:] + b"".join(data[10:] for data in [*binaries[1:], *more])) == list(
        range(30, 60)
    )
    await socket.close()


async def test_live_b_frames_are_shown_in_order(node: NodeBench) -> None:
    clip = encode_numbers(30, gop=30, b_frames=2)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    socket = await open_live(node)
    _, binaries = await read_until(socket, 31)
    assert decode_numbers(b"".join(data[10:] for data in binaries)) == list(range(30))
    await socket.close()


def decode_numbers(mp4: bytes) -> list[int]:
    with av.open(io.BytesIO(mp4), "r", format="mp4") as container:
        return [
            read_number(np.asarray(frame.to_ndarray(format="gray"), np.uint8)) for frame in container.decode(video=0)
        ]


async def test_live_g711_becomes_aac_once_for_all_listeners(node: NodeBench) -> None:
    clip = encode_numbers(150, gop=30)
    units = build_units(clip)
    await node.connect({VIDEO_TRACK: clip.format, AUDIO_TRACK: G711})
    node.feed(units[:20])
    listeners = [await open_live(node, audio=True) for _ in range(2)]
    for socket in listeners:
        texts, _ = await read_until(socket, 2)
        assert texts[-1]["audio"] == {"mime": 'audio/mp4; codecs="mp4a.40.2"', "transcoded": True}
    for at in range(20, len(units), 2):
        node.sources.last.feed(units[at : at + 2])
    heard = []
    for socket in listeners:
        sound: list[bytes] = []
        while sum(data[0] == 4 for data in sound) < 30:
            _, binaries = await read_until(socket, 1)
            sound += [data for data in binaries if data[0] >= 3]
        assert sound[0][0] == 3
        heard.append(b"".join(data[10:] for data in sound))
        await socket.close()
    assert heard[0] == heard[1]
    assert node.pool.starts == 1
    with av.open(io.BytesIO(heard[0]), "r", format="mp4") as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    spectrum = np.abs(np.fft.rfft(samples[4096:20480]))
    assert abs(int(spectrum.argmax()) * 8000 / 16384 - 440) < 2


def encode_aac(count: int) -> tuple[AudioFormat, list[bytes]]:
    """Return `count` AAC frames of the tone, 1024 samples of 8 kHz each."""
    encoder = SoundEncoder("pcma", 8000, 1)
    frames = encoder.encode(build_tone(0, (count + 2) * 1024), last=True)[1 : count + 1]
    return AudioFormat(Codec.AAC, 8000, 1, "mp4a.40.2", encoder.config), list(frames)


def with_aac(clip: Clip, frames: list[bytes]) -> list[AccessUnit]:
    """Return the clip's pictures with those AAC frames in between, at their times."""
    sound = [AccessUnit(AUDIO_TRACK, n * 11520, data, True, at_s(n * 0.128)) for n, data in enumerate(frames)]
    return sorted([*build_units(clip, with_sound=False), *sound], key=lambda unit: (unit.pts, unit.track))


async def test_live_and_recorded_aac_passes_through_untouched(node: NodeBench) -> None:
    clip = encode_numbers(100, gop=25)
    format, frames = encode_aac(30)
    units = with_aac(clip, frames)
    await node.connect({VIDEO_TRACK: clip.format, AUDIO_TRACK: format})
    node.feed(units[:4])
    socket = await open_live(node, audio=True)
    texts, _ = await read_until(socket, 2)
    assert texts[-1]["audio"] == {"mime": 'audio/mp4; codecs="mp4a.40.2"', "transcoded": False}
    node.feed(units[4:])
    _, binaries = await read_until(socket, len(units) - 4)
    assert [data[-len(frames[-1]) :] for data in binaries if data[0] == 4][-1] == frames[-1]
    await socket.close()
    node.sources.last.break_off()
    node.recorder.hand_over()
    node.store.wait_idle(5)
    handle = await node.open_handle(Act.PLAY)
    _, playlist, _ = await node.get(f"/play/{CAMERA}/audio.m3u8?{RANGE}", handle)
    parts = [(await node.get(f"/play/{CAMERA}/{uri}", handle))[1] for uri in uris_of(playlist)]
    jobs = node.pool.counters.jobs
    assert all(any(frame in part for part in parts) for frame in frames)
    assert jobs == 0


async def test_live_slow_viewer_loses_pictures_alone(node: NodeBench) -> None:
    """One viewer does not read at all; the other gets every picture, and the slow one is told what it lost when it reads again."""
    clip = encode_numbers(8, gop=8)
    await node.connect({VIDEO_TRACK: clip.format})
    filler = (99_996).to_bytes(4) + b"\x0c" + b"\xff" * 99_995  # a NAL unit of filler data: 100 kB a picture
    heavy = [AccessUnit(0, u.pts, u.data + filler, u.is_key, at_s(0)) for u in clip.units]
    node.sources.last.feed(heavy[:1])
    slow, good = await open_live(node), await open_live(node)
    await read_until(good, 2)
    await read_until(slow, 1)
    assert node.server.muxers.viewers_of(KEY) == 2
    seen = 0
    for round_number in range(30):
        shifted = [AccessUnit(0, u.pts + (round_number + 1) * 8 * 3600, u.data, u.is_key, at_s(0)) for u in heavy]
        node.sources.last.feed(shifted)
        seen += len((await read_until(good, 8))[1])
    assert seen == 240
    texts, _ = await read_until(slow, 10)
    while not any(text["type"] == "lag" for text in texts):
        node.sources.last.feed([AccessUnit(0, u.pts + 10_000_000, u.data, u.is_key, at_s(0)) for u in heavy])
        more, _ = await read_until(slow, 1)
        texts += more
    assert next(text for text in texts if text["type"] == "lag")["dropped_gops"] in range(1, 60)
    await slow.close()
    await good.close()


async def test_live_ping_between_media_is_answered_and_frames_stay_whole(node: NodeBench) -> None:
    clip = encode_numbers(50, gop=50)
    units = build_units(clip, with_sound=False)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(units[:1])
    socket = await open_live(node)
    await read_until(socket, 2)
    for unit in units[1:]:
        await socket.ping(b"x" * 100)
        node.sources.last.feed([unit])
        _, binaries = await read_until(socket, 1)
        assert binaries[0].endswith(unit.data)
    await socket.close()


async def test_live_restart_of_the_stream_says_hello_again(node: NodeBench) -> None:
    clip = encode_numbers(20, gop=10)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    socket = await open_live(node)
    await read_until(socket, 11)
    node.sources.last.break_off()
    node.sources.last.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    texts, binaries = await read_until(socket, 2)
    assert [(text["type"], text.get("state"), text.get("reason")) for text in texts] == [
        ("state", "offline", "ended"),
        ("state", "live", None),
        ("hello", None, None),
    ]
    assert [data[:2] for data in binaries] == [b"\x01\x00", b"\x02\x03"]
    await socket.close()


@pytest.mark.parametrize(
    "changes", [{"cam": OTHER_CAMERA}, {"act": Act.PLAY}, {"org": "https://thief.example"}, {"aud": "node_x"}]
)
async def test_live_bad_token_is_closed_without_a_word(node: NodeBench, changes: dict[str, object]) -> None:
    clip = encode_numbers(5)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    socket = await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": ORIGIN})
    token = node.token(**{"act": Act.LIVE, **changes})  # type: ignore[arg-type]  # a table of claims
    await socket.send_json({"token": token})
    message = await socket.receive(timeout=10)
    assert (message.type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, 4401)


async def test_live_stolen_token_is_worth_nothing_after_its_use(node: NodeBench) -> None:
    token = node.token(Act.LIVE)
    closed = []
    for _ in range(2):
        socket = await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": ORIGIN})
        await socket.send_json({"token": token})
        closed.append(await read_end(socket))
    assert closed == [(None, 4404), (None, 4401)]  # no such stream yet; then: spent


async def test_live_origin_not_listed_gets_no_socket(node: NodeBench) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": "https://thief.example"})
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "frame", ['{"token":', "[" * 2000, '{"token":"' + "x" * 2100 + '"}', '{"token":"x","more":1}', ""]
)
async def test_live_malformed_opening_is_closed(node: NodeBench, frame: str) -> None:
    socket = await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": ORIGIN})
    await socket.send_str(frame)
    assert await read_end(socket) == (None, 4401)


async def test_live_sockets_waiting_for_a_token_are_bounded_per_address(node: NodeBench) -> None:
    sockets = [
        await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": ORIGIN}) for _ in range(64)
    ]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": ORIGIN})
    assert refused.value.status == 429
    await sockets[0].close()
    again = await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": ORIGIN})
    for socket in (*sockets, again):
        await socket.close()


async def test_live_silent_socket_is_closed_in_time(node: NodeBench) -> None:
    socket = await node.client.ws_connect(node.url(f"/live/{CAMERA}/ws"), headers={"Origin": ORIGIN})
    assert await read_end(socket) == (None, 4401)
    assert node.server.guard.refused["token_timeout"] == 1


async def begin_live(node: NodeBench) -> aiohttp.ClientWebSocketResponse:
    clip = encode_numbers(5)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    socket = await open_live(node)
    await read_until(socket, 2)
    return socket


async def test_live_flood_of_frames_is_closed(node: NodeBench) -> None:
    socket = await begin_live(node)
    for _ in range(25):
        await socket.send_str("{}")
    assert await read_end(socket) == (None, 4429)


async def test_live_frame_too_long_is_closed(node: NodeBench) -> None:
    socket = await begin_live(node)
    await socket.send_str(" " * 5000)
    assert await read_end(socket) == (None, 1009)


async def test_live_revoked_viewer_is_told_and_closed(node: NodeBench) -> None:
    socket = await begin_live(node)
    assert node.server.revoke(camera=CAMERA) == 1
    assert await read_end(socket) == ("revoked", 4000)
    assert node.server.muxers.viewers == 0


async def test_live_lease_ends_unless_renewed_in_band(node: NodeBench) -> None:
    socket = await begin_live(node)
    await node.clock.advance(100)
    await socket.send_json({"renew": node.token(Act.LIVE)})
    message = await socket.receive(timeout=10)
    while message.type is aiohttp.WSMsgType.BINARY:
        message = await socket.receive(timeout=10)
    assert json.loads(message.data) == {"type": "lease", "expires_in_s": 120}
    await node.clock.advance(100)
    assert len(node.server.leases) == 1
    await node.clock.advance(25)
    assert await read_end(socket) == ("lease_expired", 4000)


async def test_live_renewal_for_another_session_ends_it(node: NodeBench) -> None:
    socket = await begin_live(node)
    await socket.send_json({"renew": node.token(Act.LIVE, sid="s2")})
    assert await read_end(socket) == (None, 4401)


async def test_live_node_stopping_tells_every_viewer(node: NodeBench) -> None:
    socket = await begin_live(node)
    assert node.server.close() == 1
    assert await read_end(socket) == ("node_stopping", 4000)
    assert (await node.get(f"/live/{CAMERA}/ws", None))[0] == 503


async def test_live_last_viewer_leaves_the_stream(node: NodeBench) -> None:
    socket = await begin_live(node)
    stream = node.hub.get(KEY)
    assert stream is not None and stream.viewers == 1
    await socket.close()
    async with asyncio.timeout(5):
        while stream.viewers:
            await node.clock.advance(0)
    assert len(node.server.leases) == 0


async def test_live_h265_is_announced_as_such(node: NodeBench) -> None:
    clip = encode_numbers(5, codec=Codec.H265)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    socket = await open_live(node)
    texts, binaries = await read_until(socket, 6)
    assert texts[-1]["video"] == {"mime": 'video/mp4; codecs="hvc1.1.6.L30.90"', "width": 160, "height": 96}
    assert decode_numbers(b"".join(data[10:] for data in binaries)) == list(range(5))
    await socket.close()


# -- what was watched ------------------------------------------------------------------------------------------------------


async def test_live_recorded_and_still_pictures_are_reported_as_watched(node: NodeBench) -> None:
    clip = encode_numbers(60)
    await node.record(clip)
    play, snapshot, thumb = [await node.open_handle(act, sid="s7") for act in (Act.PLAY, Act.SNAPSHOT, Act.THUMB)]
    _, playlist, _ = await node.get(f"/play/{CAMERA}/video.m3u8?{RANGE}", play)
    parts = uris_of(playlist)
    assert node.server.views.take() is None  # a list shows nothing
    for part in parts:
        assert (await node.get(f"/play/{CAMERA}/{part}", play))[0] == 200
    for path, handle in (("snapshot", snapshot), ("snapshot", snapshot), ("thumb", thumb)):
        assert (await node.get(f"/{path}/{CAMERA}?at={iso(1).replace('+', '%2B')}", handle))[0] == 200
    assert (await node.get(f"/snapshot/{CAMERA}?at={iso(900)}", snapshot))[0] == 404
    node.server.views.close()
    message = node.server.views.take()
    assert message is not None
    told = {report.act: report for report in message.reports}
    assert {act: (report.count, report.sid, report.camera) for act, report in told.items()} == {
        "play": (len(parts), "s7", CAMERA),
        "snapshot": (2, "s7", CAMERA),
        "thumb": (1, "s7", CAMERA),
    }
    assert (told["play"].from_at, told["play"].to_at) == (at_s(0), at_s(2.4))


async def test_live_viewer_is_reported_when_it_goes(node: NodeBench) -> None:
    clip = encode_numbers(30)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    socket = await open_live(node, sid="s8")
    await read_until(socket, 5)
    node.clock.jump(42)
    await socket.close()
    async with asyncio.timeout(5):
        while (message := node.server.views.take()) is None:
            await node.clock.advance(0)
            await asyncio.to_thread(lambda: None)
    assert [(report.act, report.sid, report.seconds) for report in message.reports] == [("live", "s8", 42)]
