"""The direct stream and downloads of a media node (docs/design/media-path.md §4.5, §4.6), judged by programs that are not ours."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor
from pathlib import Path

import aiohttp
import av
import numpy as np
import pytest
from tests.contract.recorded_files import complaints_of, examine
from tests.encoding import TICKS_PER_FRAME, Clip, encode_numbers, read_number
from tests.media_node import CAMERA, G711, KEY, ORIGIN, NodeBench, at_s, build_tone, iso, running_node

from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.mediatoken import Act
from brightkitchen.kernel.units import Utc, parse_utc, ticks_to_us
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, Codec

GOP = 25


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeBench]:
    async with running_node(tmp_path / "store") as bench:
        yield bench


@lru_cache
def long_clip() -> Clip:
    """100 s: two files at least."""
    return encode_numbers(100 * 25, gop=GOP)


def numbers_in(mp4: bytes) -> list[int]:
    with av.open(io.BytesIO(mp4), "r", format="mp4") as container:
        return [
            read_number(np.asarray(frame.to_ndarray(format="gray"), np.uint8)) for frame in container.decode(video=0)
        ]


def times_in(mp4: bytes) -> list[float]:
    """Return when each picture is shown, in the order of showing."""
    with av.open(io.BytesIO(mp4), "r", format="mp4") as container:
        return [float(frame.time) for frame in container.decode(video=0) if frame.time is not None]


async def record_again(node: NodeBench, clip: Clip, *, begin_s: float) -> None:
    """The camera comes back at `begin_s` (from START_AT) and sends the clip, with sound."""
    node.clock.jump((at_s(begin_s) - node.clock.utc()) / 1e6)
    node.sources.last.connect({VIDEO_TRACK: clip.format, AUDIO_TRACK: G711})
    units = []
    for index, unit in enumerate(clip.units):
        received_at = Utc(at_s(begin_s) + ticks_to_us(index * TICKS_PER_FRAME))
        units.append(AccessUnit(VIDEO_TRACK, unit.pts, unit.data, unit.is_key, received_at))
        tone = build_tone(index * 320, 320)
        units.append(AccessUnit(AUDIO_TRACK, index * TICKS_PER_FRAME, tone, True, received_at))
    node.feed(units)
    node.sources.last.break_off()
    node.recorder.hand_over()
    node.store.wait_idle(5)


async def fetch(node: NodeBench, act: Act, path: str) -> tuple[bytes, dict[str, str]]:
    status, body, headers = await node.get(path, await node.open_handle(act))
    assert status == 200, body
    return body, headers


def query(from_s: float, to_s: float, more: str = "") -> str:
    return f"from={iso(from_s)}&to={iso(to_s)}{more}"


async def kept(folder: Path, data: bytes) -> Path:
    file = folder / "answer.mp4"
    await asyncio.to_thread(file.write_bytes, data)
    return file


# -- the direct stream --------------------------------------------------------------------------------------------------


async def test_stream_over_two_files_is_one_unbroken_movie(node: NodeBench, tmp_path: Path) -> None:
    await node.record(long_clip())
    body, headers = await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(10.5, 80)}")
    assert len(node.store.segments_between(KEY, at_s(10), at_s(80))) >= 2
    # From the key frame before 10.5 s to the one at 80 s.
    assert numbers_in(body) == [number % 256 for number in range(250, 2000)]
    assert headers["BK-Zero-At"] == headers["BK-From-At"] == iso(10)
    assert headers["BK-End-At"] == iso(80)
    assert headers["Content-Type"] == f'video/mp4; codecs="{long_clip().format.codec_string}, alaw"'
    file = await kept(tmp_path, body)
    heard = await examine(file)
    assert await complaints_of(file) == ""
    assert (heard["video"].frames, heard["video"].is_monotonic, heard["audio"].is_monotonic) == (1750, True, True)
    steps = [later - earlier for earlier, later in pairwise(heard["video"].times_s)]
    assert max(steps) < 0.041 and min(steps) > 0.039
    assert heard["audio"].times_s[-1] == pytest.approx(70, abs=0.1)


async def test_stream_keeps_the_distance_of_a_gap(node: NodeBench) -> None:
    await node.record(encode_numbers(75, gop=GOP))
    await record_again(node, encode_numbers(50, gop=GOP, first=100), begin_s=20)
    body, headers = await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(0, 60)}")
    assert numbers_in(body) == [*range(75), *range(100, 150)]
    times = times_in(body)
    assert times[74] == pytest.approx(74 * 0.04, abs=0.001)
    assert times[75] == pytest.approx(20, abs=0.001)
    assert headers["BK-End-At"] == iso(22)


async def test_stream_asked_for_in_parts_joins_without_a_picture_twice(node: NodeBench) -> None:
    await node.record(long_clip())
    handle = await node.open_handle(Act.PLAY)
    seen: list[int] = []
    at = iso(5)
    for _ in range(4):
        path = (
            f"/play/{CAMERA}/stream.mp4?from={at}&to={iso(5 + 20 * (len(seen) // 500 + 1) - 0.4)}&joins=1&tracks=video"
        )
        status, body, headers = await node.get(path, handle)
        assert status == 200
        seen += numbers_in(body)
        at = headers["BK-End-At"]
    assert seen == [number % 256 for number in range(125, 125 + 2000)]


@pytest.mark.parametrize("b_frames", [0, 2])
async def test_stream_at_eight_times_sends_key_frames_with_their_true_times(node: NodeBench, b_frames: int) -> None:
    await node.record(encode_numbers(1250, gop=GOP, b_frames=b_frames), with_sound=b_frames == 0)
    whole, _ = await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(0, 50, '&tracks=video')}")
    thin, headers = await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(0, 50, '&rate=8')}")
    assert numbers_in(thin) == [number % 256 for number in range(0, 1250, GOP)]
    times = times_in(thin)
    # Eighty seconds in ten: the times are the recording's own, whatever the speed.
    assert times == pytest.approx([number * 1.0 for number in range(50)], abs=0.001)
    assert len(thin) < len(whole) / 4
    assert headers["BK-Zero-At"] == iso(-b_frames / 25)  # as in `test_clip_exact…`
    sparse, _ = await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(0, 50, '&rate=16')}")
    assert times_in(sparse) == pytest.approx([number * 2.0 for number in range(25)], abs=0.001)


async def test_stream_of_sound_alone_is_aac_without_a_hole(node: NodeBench, tmp_path: Path) -> None:
    await node.record(long_clip())
    body, headers = await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(50, 70, '&tracks=sound')}")
    heard = await examine(await kept(tmp_path, body))
    assert headers["Content-Type"] == 'video/mp4; codecs="mp4a.40.2"'
    assert heard["audio"].codec == "aac"
    steps = [later - earlier for earlier, later in pairwise(heard["audio"].times_s)]
    assert max(steps) < 0.2 and min(steps) > 0.1
    assert parse_utc(headers["BK-Zero-At"]) == pytest.approx(at_s(50), abs=130_000)


async def test_stream_of_nothing_says_so(node: NodeBench) -> None:
    await node.record(encode_numbers(30, gop=GOP))
    handle = await node.open_handle(Act.PLAY)
    path = f"/play/{CAMERA}/stream.mp4?"
    assert (await node.get(path + query(30, 60), handle))[0] == 204
    assert (await node.get(path + query(9, 3), handle))[0] == 400
    assert (await node.get(path + query(0, 1, "&rate=3"), handle))[0] == 400
    assert (await node.get(path + query(0, 1, "&tracks=all"), handle))[0] == 400
    assert (await node.get(path + query(0, 7 * 3600), handle))[0] == 400


async def test_stream_reaches_no_further_than_the_token(node: NodeBench) -> None:
    await node.record(long_clip())
    handle = await node.open_handle(Act.PLAY, from_at=at_s(20), to_at=at_s(24))
    status, body, _ = await node.get(f"/play/{CAMERA}/stream.mp4?{query(0, 90, '&tracks=video')}", handle)
    assert (status, numbers_in(body)) == (200, [number % 256 for number in range(500, 600)])
    assert (await node.get(f"/play/{CAMERA}/stream.mp4?{query(30, 40)}", handle))[0] == 400


async def test_stream_ends_at_once_when_the_session_is_revoked(node: NodeBench) -> None:
    await node.record(long_clip())
    handle = await node.open_handle(Act.PLAY)
    headers = {"Origin": ORIGIN, "X-BK-Media": handle}
    async with node.client.get(
        node.url(f"/play/{CAMERA}/stream.mp4?{query(0, 90)}"), headers=headers, read_bufsize=1024
    ) as answer:
        await answer.content.readexactly(1000)
        assert node.server.revoke(sid="s1") == 1
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def test_stream_stops_where_the_pictures_are_coded_differently(node: NodeBench) -> None:
    await node.record(encode_numbers(50, gop=GOP))
    await record_again(node, encode_numbers(50, codec=Codec.H265, gop=GOP), begin_s=2)
    body, headers = await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(0, 60)}")
    assert (len(numbers_in(body)), headers["BK-End-At"]) == (50, iso(2))
    body, headers = await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(2, 60)}")
    assert "hvc1" in headers["Content-Type"]


async def test_stream_is_counted_as_watched(node: NodeBench) -> None:
    await node.record(long_clip())
    await fetch(node, Act.PLAY, f"/play/{CAMERA}/stream.mp4?{query(20, 30)}")
    node.server.views.close()
    batch = node.server.views.take()
    assert batch is not None
    assert [(view.act, view.from_at, view.to_at) for view in batch.reports] == [("play", at_s(20), at_s(30))]


# -- downloads ----------------------------------------------------------------------------------------------------------


async def test_clip_is_cut_on_key_frames_and_its_index_comes_first(node: NodeBench, tmp_path: Path) -> None:
    await node.record(long_clip())
    body, headers = await fetch(node, Act.CLIP, f"/play/{CAMERA}/clip.mp4?{query(30.3, 70.7)}")
    assert int(headers["Content-Length"]) == len(body)
    assert headers["Content-Disposition"].startswith('attachment; filename="')
    assert (headers["BK-From-At"], headers["BK-End-At"]) == (iso(30), iso(71))
    assert [body[4:8], body[body.index(b"moov") - 4 :][4:8]] == [b"ftyp", b"moov"]
    assert body.index(b"moov") < body.index(b"mdat")
    assert numbers_in(body) == [number % 256 for number in range(750, 1775)]
    file = await kept(tmp_path, body)
    heard = await examine(file)
    assert await complaints_of(file) == ""
    assert (heard["video"].frames, heard["audio"].codec) == (1025, "pcm_alaw")
    assert heard["video"].times_s[0] == 0
    assert heard["audio"].times_s[-1] == pytest.approx(41, abs=0.1)
    assert await probed_duration_s(file) == pytest.approx(41, abs=0.05)


async def probed_duration_s(file: Path) -> float:
    process = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "json", str(file)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    return float(json.loads(out)["format"]["duration"])


@pytest.mark.parametrize(("from_s", "to_s"), [(30.32, 31.6), (30.0, 30.04), (58.3, 62.1), (0.96, 1.04)])
@pytest.mark.parametrize("b_frames", [0, 2])
async def test_clip_exact_shows_the_asked_pictures_and_no_other(
    node: NodeBench, tmp_path: Path, from_s: float, to_s: float, b_frames: int
) -> None:
    clip = long_clip() if not b_frames else encode_numbers(70 * 25, gop=GOP, b_frames=2)
    await node.record(clip, with_sound=not b_frames)
    body, headers = await fetch(node, Act.CLIP, f"/play/{CAMERA}/clip.mp4?{query(from_s, to_s, '&exact=1')}")
    # The clock of a camera with B-frames is read from its earliest unit: two pictures ahead of what is shown.
    wanted = range(floor(from_s * 25 + 0.01) + b_frames, ceil(to_s * 25 - 0.01) + b_frames)
    assert numbers_in(body) == [number % 256 for number in wanted]
    assert headers["BK-From-At"] == iso((wanted[0] - b_frames) / 25)
    file = await kept(tmp_path, body)
    assert (await examine(file))["video"].frames == len(wanted)
    assert await probed_duration_s(file) == pytest.approx(to_s - from_s, abs=0.05)


async def test_clip_exact_between_two_pictures_begins_with_the_one_shown_then(node: NodeBench) -> None:
    await node.record(encode_numbers(100, gop=GOP))
    body, headers = await fetch(node, Act.CLIP, f"/play/{CAMERA}/clip.mp4?{query(1.33, 2.0, '&exact=1')}")
    assert numbers_in(body) == list(range(33, 50))
    assert headers["BK-From-At"] == iso(1.32)


async def test_clip_over_a_gap_keeps_its_length(node: NodeBench, tmp_path: Path) -> None:
    await node.record(encode_numbers(75, gop=GOP))
    await record_again(node, encode_numbers(50, gop=GOP, first=100), begin_s=20)
    body, _ = await fetch(node, Act.CLIP, f"/play/{CAMERA}/clip.mp4?{query(1, 60)}")
    assert numbers_in(body) == [*range(25, 75), *range(100, 150)]
    file = await kept(tmp_path, body)
    heard = await examine(file)
    assert heard["video"].times_s[50] == pytest.approx(19, abs=0.001)
    assert next(at for at in heard["audio"].times_s if at > 3) == pytest.approx(19, abs=0.05)
    assert await complaints_of(file) == ""


async def test_clip_of_two_codings_is_refused_with_the_moment(node: NodeBench) -> None:
    await node.record(encode_numbers(50, gop=GOP))
    await record_again(node, encode_numbers(50, codec=Codec.H265, gop=GOP), begin_s=2)
    handle = await node.open_handle(Act.CLIP)
    status, body, _ = await node.get(f"/play/{CAMERA}/clip.mp4?{query(0, 60)}", handle)
    problem = json.loads(body)
    assert (status, problem["code"], problem["params"]) == (409, "media.clip_format_changes", {"at": iso(2)})


async def test_clip_needs_its_own_act(node: NodeBench) -> None:
    await node.record(encode_numbers(50, gop=GOP))
    play, clip = await node.open_handle(Act.PLAY), await node.open_handle(Act.CLIP)
    assert (await node.get(f"/play/{CAMERA}/clip.mp4?{query(0, 1)}", play))[0] == 401
    assert (await node.get(f"/play/{CAMERA}/stream.mp4?{query(0, 1)}", clip))[0] == 401
    assert (await node.get(f"/play/{CAMERA}/clip.mp4?{query(0, 1)}", clip))[0] == 200
    assert (await node.get(f"/play/{CAMERA}/clip.mp4?{query(0, 7 * 3600)}", clip))[0] == 400


# -- downloads by the browser itself ------------------------------------------------------------------------------------


async def prepare(node: NodeBench, handle: str, **more: object) -> tuple[int, dict[str, object]]:
    headers = {"Origin": ORIGIN, "X-BK-Media": handle}
    body = {"from": iso(0), "to": iso(2), **more}
    async with node.client.post(node.url(f"/play/{CAMERA}/clips"), json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def follow(node: NodeBench, path: str) -> tuple[int, bytes, dict[str, str]]:
    """As a browser follows a link: no Origin, no header of ours."""
    async with node.client.get(node.url(path)) as answer:
        return answer.status, await answer.read(), dict(answer.headers)


async def test_download_link_opens_once_with_the_name_that_was_given(node: NodeBench) -> None:
    await node.record(encode_numbers(100, gop=GOP))
    handle = await node.open_handle(Act.CLIP)
    status, made = await prepare(node, handle, name="站前小学食堂_烹饪间_20261123-084107")
    assert (status, made["pictures"], made["from"], made["to"]) == (200, 50, iso(0), iso(2))
    progress = f"/play/{CAMERA}/clips/{made['download']}"
    assert json.loads((await node.get(progress, handle))[1])["state"] == "waiting"
    status, body, headers = await follow(node, str(made["path"]))
    assert (status, len(body), numbers_in(body)) == (200, made["size_bytes"], list(range(50)))
    assert "filename*=UTF-8''%E7%AB%99%E5%89%8D" in headers["Content-Disposition"]
    said = json.loads((await node.get(progress, handle))[1])
    assert said == {"state": "done", "sent_bytes": len(body), "size_bytes": len(body)}
    assert (await follow(node, str(made["path"])))[0] == 401


async def test_download_name_cannot_leave_its_header(node: NodeBench) -> None:
    await node.record(encode_numbers(100, gop=GOP))
    _, made = await prepare(node, await node.open_handle(Act.CLIP), name='a"\r\nX-Evil: 1/../b')
    _, _, headers = await follow(node, str(made["path"]))
    assert "X-Evil" not in headers
    assert headers["Content-Disposition"].startswith('attachment; filename="a---X-Evil- 1-..-b.mp4"; ')


async def test_download_link_dies_with_the_session_and_after_a_minute(node: NodeBench) -> None:
    await node.record(encode_numbers(100, gop=GOP))
    handle = await node.open_handle(Act.CLIP)
    _, first = await prepare(node, handle)
    _, second = await prepare(node, handle)
    await node.clock.advance(61)
    assert (await follow(node, str(first["path"])))[0] == 401
    _, third = await prepare(node, handle)
    node.server.revoke(sid="s1")
    assert (await follow(node, str(third["path"])))[0] == 401
    assert (await follow(node, str(second["path"])))[0] == 401
    assert (await follow(node, f"/s/{'A' * 43}/clip.mp4"))[0] == 401


async def test_download_wishes_that_cannot_be_read_are_refused(node: NodeBench) -> None:
    await node.record(encode_numbers(100, gop=GOP))
    handle = await node.open_handle(Act.CLIP)
    assert (await prepare(node, handle, exact="yes"))[0] == 400
    assert (await prepare(node, handle, to="tomorrow"))[0] == 400
    assert (await prepare(node, handle, name="x" * 200))[0] == 400
    assert (await prepare(node, handle, profile="sub"))[0] == 401
    assert (await prepare(node, await node.open_handle(Act.PLAY)))[0] == 401


# -- pictures along a timeline ------------------------------------------------------------------------------------------


async def test_thumb_that_nobody_waits_for_any_more_is_not_drawn(node: NodeBench) -> None:
    await node.record(encode_numbers(100, gop=GOP))
    with pytest.raises(BrightKitchenError, match=r"media\.no_picture"):
        await node.server.stills.thumb(KEY, at_s(2), 160, is_wanted=lambda: False)
    assert node.pool.starts == 0
    still = await node.server.stills.thumb(KEY, at_s(2.9), 160, is_wanted=lambda: True)
    assert (still.frame_at, node.pool.starts) == (at_s(2), 1)
    # Remembered by the key frame: another moment of the same group needs nobody's patience.
    assert await node.server.stills.thumb(KEY, at_s(2.1), 160, is_wanted=lambda: False) == still


async def test_thumbs_asked_in_a_storm_are_bounded(node: NodeBench) -> None:
    await node.record(long_clip())
    asked = [asyncio.create_task(node.server.stills.thumb(KEY, at_s(second), 64)) for second in range(80)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [result for result in results if isinstance(result, BrightKitchenError)]
    assert {error.code for error in refused} <= {"media.decode_busy"}
    assert 64 <= len(results) - len(refused) <= 80
