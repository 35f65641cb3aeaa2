"""Low-Latency HLS at a real node (docs/design/media-path.md §4.8; SECURITY.md §2.4 and §3 row 14)."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from tests.contract.test_media_serving import encode_aac, with_aac
from tests.encoding import Clip, encode_numbers, read_number
from tests.media_node import (
    CAMERA,
    FOREIGN_CAMERA,
    G711,
    KEY,
    ORIGIN,
    OTHER_CAMERA,
    START_AT,
    NodeBench,
    build_units,
    running_node,
)

from brightkitchen.kernel.clock import SystemClock, settle, wait_until
from brightkitchen.kernel.mediatoken import Act
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc
from brightkitchen.media.live.llhls.route import BLOCK_TIMEOUT_S, FIRST_TIMEOUT_S, IDLE_S, MAX_WAITING_OF_VIEWER
from brightkitchen.media.store.model import GapReason
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, Codec, Format

FRAME = 3600
NOBODY = f"/live/{CAMERA}/hls/{'x' * 43}"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeBench]:
    async with running_node(tmp_path / "store") as bench:
        yield bench


async def post(node: NodeBench, token: str | None = None, *, camera: str = CAMERA, **changes: Any) -> tuple[int, Any]:
    """Any: the fields of `MediaClaims`; JSON. Return status and body of an opening by the page."""
    token = token if token is not None else node.token(**{"act": Act.LIVE, **changes})
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {token}"}
    async with node.client.post(node.url(f"/live/{camera}/hls"), headers=headers) as answer:
        body = await answer.json(content_type=None)
        if answer.status == 201:
            assert answer.headers["Location"] == body["path"].removeprefix(f"/live/{camera}/")
        return answer.status, body


async def open_address(node: NodeBench, **changes: Any) -> str:
    """Any: the fields of `MediaClaims`. Return the path of all that can be fetched, without the slash."""
    status, body = await post(node, **changes)
    assert status == 201, body
    return str(body["path"].removesuffix("/index.m3u8"))


async def get(node: NodeBench, path: str, **headers: str) -> tuple[int, bytes]:
    """GET as a player does, which is no page and knows of no token."""
    async with node.client.get(node.url(path), headers=headers) as answer:
        return answer.status, await answer.read()


async def read_list(node: NodeBench, address: str, query: str = "") -> list[str]:
    status, body = await get(node, f"{address}/video.m3u8{query}")
    assert status == 200, body
    return body.decode().splitlines()


async def begin(node: NodeBench) -> Clip:
    clip = encode_numbers(40)
    await node.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    return clip


async def watch(node: NodeBench, clip: Clip | None = None, *, sound: bool = False, **changes: Any) -> tuple[Clip, str]:
    """Any: the fields of `MediaClaims`. Return what is shown, and an address that has been read since its first picture."""
    clip = clip or encode_numbers(40)
    formats: dict[int, Format] = {VIDEO_TRACK: clip.format}
    if sound:
        formats[AUDIO_TRACK] = G711
    await node.connect(formats)
    address = await open_address(node, **changes)
    first = await until_waiting(node, lambda: get(node, f"{address}/index.m3u8"))
    node.feed(build_units(clip, with_sound=sound))
    assert (await asyncio.wait_for(first, 10))[0] == 200
    return clip, address


def feed(node: NodeBench, clip: Clip, first: int, *, sound: bool = False) -> None:
    """Go on with the clip from picture `first` of the stream on."""
    node.feed(build_units(clip, first_pts=first * FRAME, with_sound=sound))


async def read_first(node: NodeBench, clip: Clip, address: str) -> None:
    """Read the list as its first reader, who waits for a whole segment; forty pictures more come meanwhile."""
    first = await until_waiting(node, lambda: read_list(node, address))
    feed(node, clip, 40)
    await asyncio.wait_for(first, 10)


def pick(lines: list[str], tag: str) -> list[str]:
    return [line.removeprefix(f"{tag}:") for line in lines if line.startswith(f"{tag}:")]


def uris(lines: list[str], tag: str) -> list[str]:
    return [str(re.findall(r'URI="([^"]+)"', line)[0]) for line in pick(lines, tag)]


def decode(init: bytes, *media: bytes) -> list[int]:
    """Return the numbers that the pictures show."""
    with av.open(BytesIO(init + b"".join(media)), "r", format="mp4") as container:
        return [
            read_number(np.asarray(frame.to_ndarray(format="gray"), np.uint8)) for frame in container.decode(video=0)
        ]


async def until_waiting(node: NodeBench, work: Callable[[], Awaitable[Any]]) -> "asyncio.Task[Any]":
    """Any: what the request gives. Return the request once the node has it and it is not answered."""
    task = asyncio.ensure_future(work())
    done, _ = await asyncio.wait((task,), timeout=0.15)
    assert not done, "it was answered at once"
    return task


def _has_jobs(node: NodeBench, count: int) -> bool:
    return node.pool.counters.jobs >= count


# -- what is served ------------------------------------------------------------------------------------------------------


async def test_player_follows_the_lists_and_gets_every_picture_with_its_time(node: NodeBench) -> None:
    clip, address = await watch(node)
    status, index = await get(node, f"{address}/index.m3u8")
    assert status == 200
    text = index.decode()
    assert f'CODECS="{clip.format.codec_string}"' in text
    assert "RESOLUTION=160x96" in text
    assert re.search(r"#EXT-X-STREAM-INF:BANDWIDTH=[1-9]\d+,AVERAGE-BANDWIDTH=[1-9]\d+,", text)
    assert text.splitlines()[-1] == "video.m3u8"
    lines = await read_list(node, address)
    assert pick(lines, "#EXT-X-TARGETDURATION") == ["4"]
    assert pick(lines, "#EXT-X-PART-INF") == ["PART-TARGET=0.352"]
    assert pick(lines, "#EXT-X-SERVER-CONTROL") == ["CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.056,HOLD-BACK=12.000"]
    # A second (the group of pictures) is whole; of the next, 14 pictures are there and one waits for its end.
    assert [line for line in lines if not line.startswith("#")] == ["0.m4s"]
    assert pick(lines, "#EXTINF") == ["1.000000,"]
    parts = pick(lines, "#EXT-X-PART")
    assert [part.partition(",")[0] for part in parts] == [
        *["DURATION=0.320000"] * 3,
        "DURATION=0.040000",
        "DURATION=0.320000",
    ]
    assert ["INDEPENDENT=YES" in part for part in parts] == [True, False, False, False, True]
    assert uris(lines, "#EXT-X-PRELOAD-HINT") == ["1.1.m4s"]
    times = pick(lines, "#EXT-X-PROGRAM-DATE-TIME")
    stream = node.hub.get(KEY)
    assert stream is not None
    assert times == [format_utc(stream.wall.utc(0)), format_utc(stream.wall.utc(25 * FRAME))]
    init = (await get(node, f"{address}/{uris(lines, '#EXT-X-MAP')[0]}"))[1]
    segment = (await get(node, f"{address}/0.m4s"))[1]
    assert decode(init, segment) == list(range(25))
    pieces = [(await get(node, f"{address}/{uri}"))[1] for uri in uris(lines, "#EXT-X-PART")]
    assert b"".join(pieces[:4]) == segment
    assert decode(init, *pieces) == list(range(33))


async def test_pictures_out_of_order_are_shown_in_order(node: NodeBench) -> None:
    clip, address = await watch(node, encode_numbers(50, b_frames=2))
    lines = await read_list(node, address)
    init = (await get(node, f"{address}/init/1.mp4"))[1]
    segment = (await get(node, f"{address}/0.m4s"))[1]
    assert clip.format.reorder_depth == 2
    assert decode(init, segment) == list(range(25))
    with av.open(BytesIO(init + segment), "r", format="mp4") as container:
        shown = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
    assert [after - before for before, after in pairwise(shown)] == [FRAME] * 24
    assert float(pick(lines, "#EXTINF")[0].rstrip(",")) == pytest.approx(1.0, abs=0.1)


async def test_h265_passes_through_with_its_own_word(node: NodeBench) -> None:
    _, address = await watch(node, encode_numbers(40, codec=Codec.H265))
    index = (await get(node, f"{address}/index.m3u8"))[1].decode()
    assert 'CODECS="hvc1.' in index
    init, segment = [(await get(node, f"{address}/{name}"))[1] for name in ("init/1.mp4", "0.m4s")]
    assert decode(init, segment) == list(range(25))


async def test_sound_of_telephones_comes_as_aac_in_the_same_segments(node: NodeBench) -> None:
    clip, address = await watch(node, encode_numbers(50), sound=True)
    status, index = await get(node, f"{address}/index.m3u8")
    assert status == 200
    assert "mp4a.40.2" in index.decode()
    for first in (50, 100):
        # The worker takes real time; what comes later than its pictures is in a later segment.
        given = partial(_has_jobs, node, first + 1)  # packets, and the opening
        assert await wait_until(given, SystemClock(), timeout_s=10)
        feed(node, clip, first, sound=True)
    init = (await get(node, f"{address}/init/1.mp4"))[1]
    media = [(await get(node, f"{address}/{number}.m4s"))[1] for number in range(5)]
    with av.open(BytesIO(init + b"".join(media)), "r", format="mp4") as container:
        frames = list(container.decode(audio=0))
        assert container.streams.video[0].codec_context.name == "h264"
    assert {frame.sample_rate for frame in frames} == {8000}
    spoken_s = sum(frame.samples for frame in frames) / 8000
    assert spoken_s > 3.0
    assert max(abs(int(sample)) for frame in frames[4:] for sample in (frame.to_ndarray() * 1000).flat) > 50


async def test_aac_passes_through_untouched(node: NodeBench) -> None:
    clip = encode_numbers(50)
    format, frames = encode_aac(30)
    await node.connect({VIDEO_TRACK: clip.format, AUDIO_TRACK: format})
    address = await open_address(node)
    first = await until_waiting(node, lambda: get(node, f"{address}/index.m3u8"))
    node.feed(with_aac(clip, frames))
    status, index = await first
    assert status == 200
    assert f'CODECS="{clip.format.codec_string},{format.codec_string}"' in index.decode()
    init, segment = [(await get(node, f"{address}/{name}"))[1] for name in ("init/1.mp4", "0.m4s")]
    assert decode(init, segment) == list(range(25))
    with av.open(BytesIO(init + segment), "r", format="mp4") as container:
        got = [(packet.pts, bytes(packet)) for packet in container.demux(audio=0) if packet.size]
    assert [data for _, data in got] == frames[: len(got)]
    assert [pts for pts, _ in got] == [1024 * number for number in range(len(got))]
    assert len(got) == 8  # those that begin before a second is over


async def test_camera_that_announces_sound_and_sends_none_is_shown_without(node: NodeBench) -> None:
    clip = encode_numbers(40)
    await node.connect({VIDEO_TRACK: clip.format, AUDIO_TRACK: G711})
    node.feed(build_units(clip, with_sound=False))
    address = await open_address(node)
    waiting = await until_waiting(node, lambda: get(node, f"{address}/index.m3u8"))
    await node.clock.advance(3.1)
    feed(node, clip, 40)
    status, index = await waiting
    assert status == 200
    assert "mp4a" not in index.decode()
    lines = await read_list(node, address)
    init = (await get(node, f"{address}/{uris(lines, '#EXT-X-MAP')[0]}"))[1]
    assert decode(init, (await get(node, f"{address}/0.m4s"))[1]) == [*range(25, 40), *range(25)]


# -- blocking ------------------------------------------------------------------------------------------------------------


async def test_reload_is_answered_when_the_part_is_there_and_not_before(node: NodeBench) -> None:
    clip, address = await watch(node)
    task = await until_waiting(node, lambda: read_list(node, address, "?_HLS_msn=1&_HLS_part=1"))
    hint = await until_waiting(node, lambda: get(node, f"{address}/1.1.m4s"))
    feed(node, clip, 40)
    lines = await task
    assert "1.1.m4s" in uris(lines, "#EXT-X-PART")
    status, part = await hint
    assert status == 200
    assert part == (await get(node, f"{address}/1.1.m4s"))[1]


async def test_reload_for_a_whole_segment_waits_for_its_end(node: NodeBench) -> None:
    clip, address = await watch(node)
    task = await until_waiting(node, lambda: read_list(node, address, "?_HLS_msn=1"))
    following = build_units(clip, first_pts=40 * FRAME, with_sound=False)
    node.feed(following[:20])  # a key frame, 0.6 s after the last: the segment goes on
    done, _ = await asyncio.wait((task,), timeout=0.1)
    assert not done
    node.feed(following[20:])
    assert "1.m4s" in await task


@pytest.mark.parametrize(
    "query",
    [
        "?_HLS_part=1",
        "?_HLS_msn=x",
        "?_HLS_msn=-1",
        "?_HLS_msn=9",
        "?_HLS_msn=1&_HLS_part=99",
        "?_HLS_msn=1&_HLS_part=x",
    ],
)
async def test_reload_for_what_is_far_away_or_no_number_is_refused_at_once(node: NodeBench, query: str) -> None:
    _, address = await watch(node)
    status, body = await get(node, f"{address}/video.m3u8{query}")
    assert (status, msgspec.json.decode(body)["code"]) == (400, "media.hls_invalid")


async def test_reload_ends_in_time_when_the_camera_is_gone_and_says_why(node: NodeBench) -> None:
    _, address = await watch(node)
    node.sources.last.break_off()
    task = await until_waiting(node, lambda: get(node, f"{address}/video.m3u8?_HLS_msn=2"))
    for _ in range(int(BLOCK_TIMEOUT_S) + 2):
        await node.clock.advance(1)
    status, body = await task
    problem = msgspec.json.decode(body)
    assert (status, problem["code"]) == (503, "media.no_picture")
    assert problem["params"] == {"state": "offline", "reason": "ended"}


async def test_first_list_of_a_silent_camera_says_in_time_that_there_is_no_picture(node: NodeBench) -> None:
    await node.connect({VIDEO_TRACK: encode_numbers(1).format})
    address = await open_address(node)
    task = await until_waiting(node, lambda: get(node, f"{address}/index.m3u8"))
    for _ in range(int(FIRST_TIMEOUT_S) + 2):
        await node.clock.advance(1)
    status, body = await task
    assert (status, msgspec.json.decode(body)["code"]) == (503, "media.no_picture")


async def test_too_many_waiting_requests_of_one_viewer_are_refused_and_of_another_are_not(node: NodeBench) -> None:
    clip, address = await watch(node)
    other = await open_address(node)
    waiting = [
        await until_waiting(node, lambda: read_list(node, address, "?_HLS_msn=1&_HLS_part=1"))
        for _ in range(MAX_WAITING_OF_VIEWER)
    ]
    status, _ = await get(node, f"{address}/video.m3u8?_HLS_msn=1&_HLS_part=1")
    assert status == 429
    fair = await until_waiting(node, lambda: read_list(node, other, "?_HLS_msn=1&_HLS_part=1"))
    feed(node, clip, 40)
    assert all("1.1.m4s" in uris(lines, "#EXT-X-PART") for lines in await asyncio.gather(fair, *waiting))


# -- timelines -----------------------------------------------------------------------------------------------------------


async def test_camera_that_comes_back_is_a_discontinuity_with_its_own_init(node: NodeBench) -> None:
    clip, address = await watch(node)
    node.sources.last.break_off()
    lines = await read_list(node, address)
    assert [line for line in lines if not line.startswith("#")] == ["0.m4s", "1.m4s"]
    again = encode_numbers(40, first=100)
    await node.clock.advance(5)
    node.sources.last.connect({VIDEO_TRACK: again.format})
    feed(node, again, 0)
    lines = await read_list(node, address)
    assert lines.count("#EXT-X-DISCONTINUITY") == 1
    assert uris(lines, "#EXT-X-MAP") == ["init/1.mp4", "init/2.mp4"]
    assert lines.index("#EXT-X-DISCONTINUITY") > lines.index("1.m4s")
    old, new = [(await get(node, f"{address}/init/{number}.mp4"))[1] for number in (1, 2)]
    assert decode(old, (await get(node, f"{address}/1.m4s"))[1]) == list(range(25, 40))
    assert decode(new, (await get(node, f"{address}/2.m4s"))[1]) == list(range(100, 125))
    assert clip.format == again.format


async def test_camera_that_changes_its_codec_is_followed(node: NodeBench) -> None:
    _, address = await watch(node)
    other = encode_numbers(40, codec=Codec.H265, first=50)
    node.sources.last.connect({VIDEO_TRACK: other.format})
    feed(node, other, 0)
    lines = await read_list(node, address)
    init = (await get(node, f"{address}/{uris(lines, '#EXT-X-MAP')[1]}"))[1]
    assert decode(init, (await get(node, f"{address}/2.m4s"))[1]) == list(range(50, 75))


async def test_window_slides_and_what_left_it_is_fetched_for_a_while_longer(node: NodeBench) -> None:
    clip, address = await watch(node, encode_numbers(50))
    for turn in range(1, 20):
        feed(node, clip, 50 * turn)
    lines = await read_list(node, address)
    listed = [int(line.removesuffix(".m4s")) for line in lines if not line.startswith("#")]
    assert listed == list(range(listed[0], 39))
    assert pick(lines, "#EXT-X-MEDIA-SEQUENCE") == [str(listed[0])]
    assert len(listed) == 12
    assert (await get(node, f"{address}/{listed[0] - 10}.m4s"))[0] == 200
    assert (await get(node, f"{address}/0.m4s"))[0] == 404
    assert node.server.count_hls_bytes() < 40 * len((await get(node, f"{address}/{listed[0]}.m4s"))[1])


# -- who may -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"act": Act.PLAY}, "act"),
        ({"cam": OTHER_CAMERA}, "camera"),
        ({"aud": "node_0000000000000009"}, "audience"),
        ({"org": "https://elsewhere.example"}, "origin"),
        ({"exp": Utc(START_AT - 1)}, "expired"),
        ({"iat": Utc(START_AT - 61 * US_PER_S)}, "expired"),
        ({"kid": "k2"}, "key_unknown"),
    ],
    ids=str,
)
async def test_token_that_is_not_for_this_is_the_one_refusal(
    node: NodeBench, changes: dict[str, Any], cause: str
) -> None:
    await begin(node)
    status, body = await post(node, **changes)
    _, plain = await get(node, f"{NOBODY}/index.m3u8")
    assert (status, body) == (401, msgspec.json.decode(plain))
    assert node.server.guard.refused[cause] == 1
    assert len(node.server.leases) == 0


async def test_token_opens_one_address_only_and_never_stands_in_one(node: NodeBench) -> None:
    await begin(node)
    token = node.token(Act.LIVE)
    status, body = await post(node, token)
    assert status == 201
    assert token not in str(body)
    assert (await post(node, token))[0] == 401
    assert node.server.guard.refused["replayed"] == 1
    assert (await get(node, f"/live/{CAMERA}/hls/{token}/index.m3u8"))[0] == 401
    assert (await get(node, f"{body['path']}?token={node.token(Act.LIVE)}"))[0] == 400


async def test_address_is_of_one_camera_and_one_page(node: NodeBench) -> None:
    _, address = await watch(node)
    assert (await get(node, f"{address.replace(CAMERA, OTHER_CAMERA)}/index.m3u8"))[0] == 401
    assert (await get(node, f"{address.replace(CAMERA, FOREIGN_CAMERA)}/index.m3u8"))[0] == 401
    assert (await get(node, f"{address}/index.m3u8", Origin=ORIGIN))[0] == 200
    node.server.set_allowed_origins([ORIGIN, "https://other.example"])
    assert (await get(node, f"{address}/index.m3u8", Origin="https://other.example"))[0] == 401


@pytest.mark.parametrize("name", ["index.m3u8", "video.m3u8", "init/1.mp4", "0.m4s", "0.0.m4s"])
async def test_nothing_is_given_without_an_address(node: NodeBench, name: str) -> None:
    _, address = await watch(node)
    assert (await get(node, f"{address}/{name}"))[0] == 200
    status, body = await get(node, f"{NOBODY}/{name}")
    assert (status, msgspec.json.decode(body)["code"]) == (401, "media.unauthorised")


@pytest.mark.parametrize(
    "name", ["99.m4s", "0.9.m4s", "1.2.m4s", "init/9.mp4", "init/1.1.mp4", "00.m4s", "..m4s", "x.m4s", "1.m4s"]
)
async def test_what_is_not_there_is_not_found(node: NodeBench, name: str) -> None:
    _, address = await watch(node)
    assert (await get(node, f"{address}/{name}"))[0] == 404


async def test_camera_without_this_stream_is_not_found_and_keeps_no_lease(node: NodeBench) -> None:
    assert (await post(node))[0] == 404
    assert len(node.server.leases) == 0


async def test_revocation_ends_what_waits_and_everything_after(node: NodeBench) -> None:
    clip, address = await watch(node)
    other = await open_address(node, sid="s2")
    await read_list(node, other)
    task = await until_waiting(node, lambda: get(node, f"{address}/video.m3u8?_HLS_msn=1&_HLS_part=1"))
    assert node.server.revoke(sid="s1") == 1
    assert (await task)[0] == 401
    for name in ("index.m3u8", "video.m3u8", "init/1.mp4", "0.m4s", "1.0.m4s"):
        assert (await get(node, f"{address}/{name}"))[0] == 401
    feed(node, clip, 40)
    assert "1.1.m4s" in uris(await read_list(node, other), "#EXT-X-PART")


async def test_lease_runs_out_unless_it_is_renewed_by_the_same_session(node: NodeBench) -> None:
    clip = await begin(node)
    address = await open_address(node)

    async def renew(**changes: Any) -> int:  # Any: the fields of `MediaClaims`
        headers = {"Origin": ORIGIN, "Authorization": f"Bearer {node.token(Act.LIVE, **changes)}"}
        async with node.client.post(node.url(f"{address}/renew"), headers=headers) as answer:
            return answer.status

    await read_first(node, clip, address)
    pictures = 80
    for step in range(30):  # 150 s
        await node.clock.advance(5)
        feed(node, clip, pictures)
        pictures += 40
        if step == 11:
            assert await renew(sid="s2") == 401
            assert await renew(prof="sub") == 401
            assert await renew() == 204
        assert (await get(node, f"{address}/video.m3u8"))[0] == 200, step
    await node.clock.advance(15)
    assert (await get(node, f"{address}/video.m3u8"))[0] == 401


async def test_viewer_goes_with_the_token_that_it_came_with(node: NodeBench) -> None:
    clip = await begin(node)
    token = node.token(Act.LIVE)
    _, body = await post(node, token)
    place = body["path"].removesuffix("/index.m3u8")
    await read_first(node, clip, place)

    async def end(shown: str) -> int:
        headers = {"Origin": ORIGIN, "Authorization": f"Bearer {shown}"}
        async with node.client.delete(node.url(place), headers=headers) as answer:
            return answer.status

    assert await end(node.token(Act.LIVE)) == 401
    assert (await get(node, body["path"]))[0] == 200
    assert await end(token) == 200
    assert (await get(node, body["path"]))[0] == 401


# -- nothing is left -----------------------------------------------------------------------------------------------------


async def test_nothing_is_read_before_the_first_request_and_nothing_is_left_after_the_last(node: NodeBench) -> None:
    clip = await begin(node)
    stream = node.hub.get(KEY)
    assert stream is not None
    tasks = len(node.supervisor)
    address = await open_address(node)
    assert (stream.viewers, node.server.count_hls()) == (0, 0)
    await read_first(node, clip, address)
    assert (stream.viewers, node.server.count_hls()) == (1, 1)
    assert node.server.count_hls_bytes() > 0
    for _ in range(int(IDLE_S) - 2):
        await node.clock.advance(1)
    assert stream.viewers == 1
    feed(node, clip, 80)
    await read_list(node, address)
    for _ in range(int(IDLE_S) + 2):
        await node.clock.advance(1)
    assert (stream.viewers, node.server.count_hls(), node.server.count_hls_bytes()) == (0, 0, 0)
    assert len(node.server.leases) == 0
    await settle()
    assert len(node.supervisor) == tasks
    assert (await get(node, f"{address}/video.m3u8"))[0] == 401


async def test_stream_that_nothing_records_is_closed_fifteen_seconds_after_the_viewer_is_gone(node: NodeBench) -> None:
    clip = await begin(node)
    node.recorder.stop(KEY, GapReason.NOT_PLANNED)
    address = await open_address(node)
    await read_first(node, clip, address)
    for second in range(12):
        await node.clock.advance(5)
        feed(node, clip, 40 * (second + 2))
        await read_list(node, address)
    assert node.sources.last.is_running
    for _ in range(int(IDLE_S) + 14):
        await node.clock.advance(1)
    assert node.sources.last.is_running
    for _ in range(4):
        await node.clock.advance(1)
    assert not node.sources.last.is_running


async def test_all_requests_of_one_viewer_are_one_view_and_viewers_share_one_reader(node: NodeBench) -> None:
    clip, first = await watch(node)
    second = await open_address(node, sid="s2")
    for address in (first, second):
        await get(node, f"{address}/index.m3u8")
        for name in ("video.m3u8", "init/1.mp4", "0.m4s", "0.0.m4s", "0.1.m4s"):
            assert (await get(node, f"{address}/{name}"))[0] == 200
    stream = node.hub.get(KEY)
    assert stream is not None
    assert stream.viewers == 1
    assert node.server.count_hls() == 2
    feed(node, clip, 40)
    node.server.revoke(camera=CAMERA)
    views = node.server.views.take()
    assert views is not None
    assert sorted((report.sid, report.act, report.profile, report.count) for report in views.reports) == [
        ("s1", "live", "main", 1),
        ("s2", "live", "main", 1),
    ]
