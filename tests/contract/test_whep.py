"""WHEP at a real node (docs/design/media-path.md §4.5; SECURITY.md §2.4 and §3 row 14)."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.encoding import Clip, encode_numbers
from tests.media_node import CAMERA, FOREIGN_CAMERA, G711, ORIGIN, OTHER_CAMERA, NodeBench, build_units, running_node
from tests.whep_viewer import Credentials, WhepViewer, build_loss_report, build_nack, build_pli, read_rtp

from brightkitchen.kernel.clock import settle
from brightkitchen.kernel.mediatoken import Act
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, Codec, Format
from brightkitchen.wire.h26x import split_avcc
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.receiver import RtpReceiver
from brightkitchen.wire.rtp.rtcp import SenderReport, parse_compound

FRAME = 3600
Makes = Callable[..., WhepViewer]


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeBench]:
    async with running_node(tmp_path / "store") as bench:
        yield bench


@pytest.fixture
async def viewers() -> AsyncIterator[Makes]:
    """Makes viewers; all are closed at the end."""
    made: list[WhepViewer] = []

    def make(credentials: Credentials | None = None) -> WhepViewer:
        made.append(WhepViewer(credentials))
        return made[-1]

    yield make
    for viewer in made:
        viewer.close()
    await settle()


class Answer:
    def __init__(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        self.status, self.body, self.headers = status, body, headers

    @property
    def place(self) -> str:
        return f"/live/{CAMERA}/{self.headers['Location']}"


async def post(
    node: NodeBench, offer: str, token: str | None = None, *, kind: str = "application/sdp", **changes: Any
) -> Answer:
    """Any: the fields of `MediaClaims`."""
    token = token if token is not None else node.token(**{"act": Act.LIVE, **changes})
    headers = {"Origin": ORIGIN, "Content-Type": kind, "Authorization": f"Bearer {token}"}
    async with node.client.post(node.url(f"/live/{CAMERA}/whep"), data=offer.encode(), headers=headers) as answer:
        return Answer(answer.status, await answer.text(), answer.headers)


async def send(node: NodeBench, method: str, path: str, token: str) -> int:
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {token}"}
    async with node.client.request(method, node.url(path), headers=headers) as answer:
        return answer.status


async def begin(node: NodeBench, clip: Clip | None = None, *, sound: bool = False) -> None:
    clip = clip or encode_numbers(5)
    formats: dict[int, Format] = {VIDEO_TRACK: clip.format}
    if sound:
        formats[AUDIO_TRACK] = G711
    await node.connect(formats)
    node.feed(build_units(clip, with_sound=sound))


async def watch(node: NodeBench, viewer: WhepViewer, **offer: Any) -> Answer:  # Any: what `WhepViewer.offer` takes
    answer = await post(node, viewer.offer(**offer))
    assert answer.status == 201, answer.body
    await viewer.connect(answer.body)
    return answer


def pictures(viewer: WhepViewer) -> int:
    return sum(read_rtp(packet)[4] for packet in viewer.packets if read_rtp(packet)[3] != 8)


def _has_pictures(viewer: WhepViewer, count: int) -> bool:
    return pictures(viewer) == count


def video_ssrc(viewer: WhepViewer) -> int:
    return read_rtp(viewer.packets[0])[2]


def joined(packets: list[bytes]) -> list[AccessUnit]:
    """Return what our own receiver makes of these packets of video; one more picture is needed behind the last."""
    receiver = RtpReceiver([TrackDescription(0, Codec.H264, 96, 90_000)])
    return receiver.receive_rtp(0, packets, Utc(1))


def following(clip: Clip, first: int) -> list[AccessUnit]:
    return build_units(clip, first_pts=first * FRAME, with_sound=False)


async def test_viewer_gets_the_group_of_pictures_and_then_every_picture_byte_for_byte(
    node: NodeBench, viewers: Makes
) -> None:
    clip = encode_numbers(8)
    await begin(node, clip)
    viewer = viewers()
    answer = await watch(node, viewer)
    assert re.fullmatch(r"whep/[\w-]{43}", answer.headers["Location"])
    assert answer.headers["ETag"]
    assert answer.headers["BK-Sound"] == "0"
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]
    await viewer.wait_for(lambda: pictures(viewer) == 8)
    node.feed(following(clip, 8))
    node.feed(following(clip, 16)[:1])
    await viewer.wait_for(lambda: pictures(viewer) == 17)
    units = joined(viewer.packets)
    sent = [list(map(bytes, split_avcc(unit.data))) for unit in clip.units]
    got = [list(map(bytes, split_avcc(unit.data))) for unit in units]
    sets = list(clip.format.parameter_sets)
    assert [[nal for nal in nals if nal not in sets] for nals in got[:16]] == [
        [nal for nal in nals if nal not in sets] for nals in sent * 2
    ]
    assert all(nal in got[0] for nal in sets)
    assert viewer.suite == b"SRTP_AEAD_AES_128_GCM"


async def test_beginning_is_shown_at_once_and_live_pictures_tell_when_they_were_filmed(
    node: NodeBench, viewers: Makes
) -> None:
    clip = encode_numbers(25)
    await begin(node, clip)
    viewer = viewers()
    await watch(node, viewer)
    await viewer.wait_for(lambda: pictures(viewer) == 25)
    node.feed(following(clip, 25)[:1])
    await viewer.wait_for(lambda: pictures(viewer) == 26)
    times = [read_rtp(packet)[1] for packet in viewer.packets if read_rtp(packet)[4]]
    assert times[24] - times[0] <= 900  # ticks: ten milliseconds
    stream = node.hub.get(node.key)
    assert stream is not None
    assert times[25] == stream.wall.utc(25 * FRAME) * 9 // 100 & 0xFFFFFFFF


async def test_viewer_without_gcm_is_served_too(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers(Credentials(b"SRTP_AES128_CM_SHA1_80"))
    await watch(node, viewer)
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    assert viewer.suite == b"SRTP_AES128_CM_SHA1_80"


async def test_lost_packet_is_sent_again_and_only_while_it_is_known(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    await watch(node, viewer)
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    wanted = viewer.packets[2]
    sequence = read_rtp(wanted)[0]
    viewer.packets.clear()
    # libsrtp would call the second one a replay: look at the sealed bytes
    sealed: list[bytes] = []
    viewer.on_rtp = sealed.append
    viewer.send_rtcp(build_nack(read_rtp(wanted)[2], [sequence, (sequence - 9_000) & 0xFFFF]))
    await viewer.wait_for(lambda: bool(sealed))
    assert [read_rtp(packet) for packet in sealed] == [read_rtp(wanted)]


async def test_packet_of_a_large_picture_is_sent_again_from_far_back(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    await watch(node, viewer)
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    first = len(viewer.packets)
    slice_of = b"\x41" + bytes(400_000)
    data = len(slice_of).to_bytes(4) + slice_of
    node.feed([AccessUnit(VIDEO_TRACK, 5 * FRAME, data, False, node.clock.utc())])
    # Asked after each packet: it must not take long, or the socket overflows.
    await viewer.wait_for(lambda: len(viewer.packets) > first and read_rtp(viewer.packets[-1])[4])
    assert len(viewer.packets) - first > 300
    sealed: list[bytes] = []
    viewer.on_rtp = sealed.append
    viewer.send_rtcp(build_nack(video_ssrc(viewer), [read_rtp(viewer.packets[first])[0]]))
    await viewer.wait_for(lambda: bool(sealed))
    assert read_rtp(sealed[0]) == read_rtp(viewer.packets[first])


async def test_viewer_that_lost_the_picture_begins_anew_once_and_then_waits_for_a_key_frame(
    node: NodeBench, viewers: Makes
) -> None:
    clip = encode_numbers(5)
    await begin(node, clip)
    viewer = viewers()
    await watch(node, viewer)
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    ssrc = video_ssrc(viewer)
    viewer.send_rtcp(build_pli(ssrc))
    await viewer.wait_for(lambda: pictures(viewer) == 10)
    times = [read_rtp(packet)[1] for packet in viewer.packets if read_rtp(packet)[4]]
    assert times == sorted(times)
    assert len(set(times)) == 10
    viewer.send_rtcp(build_pli(ssrc))
    viewer.send_rtcp(build_nack(ssrc, [read_rtp(viewer.packets[-1])[0]]))  # answered: so the PLI before it was read
    sealed: list[bytes] = []
    viewer.on_rtp = sealed.append
    await viewer.wait_for(lambda: len(sealed) == 1)
    node.feed(following(clip, 5)[:5])  # begins with a key frame
    await viewer.wait_for(lambda: sum(read_rtp(packet)[4] for packet in sealed[1:]) == 5)


async def test_viewer_that_loses_much_misses_the_rest_of_its_group_alone(node: NodeBench, viewers: Makes) -> None:
    clip = encode_numbers(10, gop=5)
    await node.connect({VIDEO_TRACK: clip.format})
    units = build_units(clip, with_sound=False)
    node.feed(units[:2])
    lossy, fine = viewers(), viewers()
    for viewer in (lossy, fine):
        await watch(node, viewer)
        await viewer.wait_for(partial(_has_pictures, viewer, 2))
    ssrc = video_ssrc(lossy)
    lossy.send_rtcp(build_loss_report(ssrc, 200))
    lossy.send_rtcp(build_loss_report(ssrc, 200))
    seen = len(lossy.reports)
    lossy.check(nominates=True)  # answered: what went before was read
    before = lossy.answers
    await asyncio.wait_for(_until(lambda: lossy.answers > before), 10)
    node.feed(units[2:7])
    await fine.wait_for(lambda: pictures(fine) == 7)
    await lossy.wait_for(lambda: pictures(lossy) == 4)  # two before, and the new group's two
    assert len(lossy.reports) >= seen


async def _until(condition: Any) -> None:  # Any: a predicate
    while not condition():
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


async def test_sound_passes_through_when_camera_and_viewer_have_the_same_law(node: NodeBench, viewers: Makes) -> None:
    await begin(node, sound=True)
    viewer = viewers()
    answer = await watch(node, viewer, sound=True)
    assert answer.headers["BK-Sound"] == "1"
    assert "a=rtpmap:8 PCMA/8000" in answer.body
    assert "a=group:BUNDLE 0 1" in answer.body
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    node.feed(build_units(encode_numbers(5), first_pts=5 * FRAME))
    await viewer.wait_for(lambda: sum(read_rtp(packet)[3] == 8 for packet in viewer.packets) == 5)
    times = [read_rtp(packet)[1] for packet in viewer.packets if read_rtp(packet)[3] == 8]
    assert [after - before for before, after in pairwise(times)] == [320] * 4


async def test_sender_report_tells_the_utc_of_timestamps(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    await watch(node, viewer)
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    await node.clock.advance(1.1)
    await viewer.wait_for(lambda: bool(viewer.reports))
    report = parse_compound(viewer.reports[0])[0]
    assert isinstance(report, SenderReport)
    assert report.ssrc == video_ssrc(viewer)
    ahead = report.timestamp - report.sent_us * 9 // 100 & 0xFFFFFFFF
    assert ahead in (0, 1)  # the report's clock has 32 bits for a fraction


# -- what is refused ---------------------------------------------------------------------------------------------------


async def test_every_refusal_of_a_token_looks_the_same(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    offer = viewers().offer()
    used = node.token(Act.LIVE)
    assert (await post(node, offer, used)).status == 201
    refusals = [
        await post(node, offer, used),
        await post(node, offer, "bk1.AAAA.AAAA"),
        await post(node, offer, "x" * 3000),
        await post(node, offer, act=Act.PLAY),
        await post(node, offer, cam=OTHER_CAMERA),
        await post(node, offer, cam=FOREIGN_CAMERA),
        await post(node, offer, org="https://thief.example"),
        await post(node, "nonsense", aud="node_x"),
    ]
    assert {answer.status for answer in refusals} == {401}
    assert len({answer.body for answer in refusals}) == 1
    async with node.client.post(
        node.url(f"/live/{CAMERA}/whep"), data=offer, headers={"Origin": ORIGIN, "Content-Type": "application/sdp"}
    ) as bare:
        assert (bare.status, await bare.text()) == (401, refusals[0].body)


async def test_token_in_the_address_is_refused(node: NodeBench) -> None:
    token = node.token(Act.LIVE)
    async with node.client.post(node.url(f"/live/{CAMERA}/whep?token={token}"), headers={"Origin": ORIGIN}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "media.token_in_query")


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ("v=0\r\n", "application/sdp", 400, "media.offer_invalid"),
        ("", "application/sdp", 400, "media.offer_invalid"),
        ("{}", "application/json", 415, "media.offer_type"),
        ("v=0\r\n" + "a=x\r\n" * 4000, "application/sdp", 413, "media.request_too_big"),
    ],
)
async def test_offer_that_is_none_is_refused(node: NodeBench, body: str, kind: str, status: int, code: str) -> None:
    await begin(node)
    answer = await post(node, body, kind=kind)
    assert (answer.status, f'"{code}"' in answer.body) == (status, True)
    assert len(node.server.leases) == 0


async def test_camera_without_a_stream_here_is_not_found(node: NodeBench, viewers: Makes) -> None:
    answer = await post(node, viewers().offer())
    assert (answer.status, "media.not_found" in answer.body) == (404, True)
    assert len(node.server.leases) == 0


@pytest.mark.parametrize(
    ("clip", "profiles", "why"),
    [
        ({"codec": Codec.H265}, None, "codec"),
        ({"b_frames": 2}, None, "b_frames"),
        ({}, {98: "f4001f"}, "offer"),
    ],
)
async def test_what_webrtc_cannot_show_is_refused_with_its_own_code(
    node: NodeBench,
    clip: dict[str, Any],
    profiles: dict[int, str] | None,
    why: str,
    viewers: Makes,
) -> None:
    await begin(node, encode_numbers(10, **clip))
    answer = await post(node, viewers().offer(profiles=profiles))
    assert answer.status == 422, answer.body
    assert '"code":"media.webrtc_cannot"' in answer.body
    assert f'"why":"{why}"' in answer.body
    assert len(node.server.leases) == 0


async def test_camera_that_begins_to_send_another_codec_lets_the_viewer_go(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    await watch(node, viewer)
    clip = encode_numbers(5, codec=Codec.H265)
    node.sources.last.break_off()
    node.sources.last.connect({VIDEO_TRACK: clip.format})
    node.feed(build_units(clip, with_sound=False))
    async with asyncio.timeout(10):
        await viewer.is_over.wait()
    assert len(node.server.leases) == 0
    stream = node.hub.get(node.key)
    assert stream is not None
    assert stream.viewers == 0
    node.feed(build_units(clip, first_pts=5 * FRAME, with_sound=False))  # nobody is left who could choke on it


# -- the lease ---------------------------------------------------------------------------------------------------------


async def test_revoked_viewer_gets_nothing_more_from_that_moment_on(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    await watch(node, viewer)
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    assert node.server.revoke(camera=CAMERA) == 1
    async with asyncio.timeout(10):
        await viewer.is_over.wait()
    count = len(viewer.packets)
    node.feed(following(encode_numbers(5), 5))
    viewer.check(nominates=True)
    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    assert len(viewer.packets) == count
    assert node.server.count_webrtc() == 0
    stream = node.hub.get(node.key)
    assert stream is not None
    assert stream.viewers == 0


async def test_lease_ends_unless_renewed_by_the_same_session(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    answer = await watch(node, viewer)

    async def stay(seconds: int) -> None:
        for _ in range(seconds):
            await node.clock.advance(1)
            before = viewer.answers
            viewer.check(nominates=True)
            await asyncio.wait_for(_until(lambda before=before: viewer.answers > before or viewer.is_over.is_set()), 10)

    await stay(100)
    assert await send(node, "POST", answer.place + "/renew", node.token(Act.LIVE, sid="s2")) == 401
    assert await send(node, "POST", answer.place + "/renew", node.token(Act.LIVE)) == 204
    await stay(100)
    assert len(node.server.leases) == 1
    await stay(21)
    assert len(node.server.leases) == 0
    assert viewer.is_over.is_set()


async def test_resource_is_ended_by_the_token_that_opened_it_and_by_no_other(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    token = node.token(Act.LIVE)
    answer = await post(node, viewer.offer(), token)
    await viewer.connect(answer.body)
    stranger = node.token(Act.LIVE, sid="s2")
    assert await send(node, "DELETE", answer.place, stranger) == 401
    assert await send(node, "DELETE", f"/live/{CAMERA}/whep/{'x' * 43}", token) == 401
    assert await send(node, "DELETE", answer.place.replace(CAMERA, OTHER_CAMERA), token) == 401
    assert len(node.server.leases) == 1
    assert await send(node, "DELETE", answer.place, token) == 200
    assert len(node.server.leases) == 0
    assert await send(node, "DELETE", answer.place, token) == 401
    assert await send(node, "PATCH", answer.place, token) == 405


async def test_limits_are_those_of_all_viewers(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    for _ in range(64):
        assert (await post(node, viewers().offer())).status == 201
    assert (await post(node, viewers().offer())).status == 429
    assert node.server.count_webrtc() == 64
    await node.clock.advance(11)  # none of them came
    assert node.server.count_webrtc() == 0
    assert len(node.server.leases) == 0


async def test_viewer_that_falls_silent_is_let_go(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    await watch(node, viewer)
    await node.clock.advance(16)
    assert node.server.count_webrtc() == 0


async def test_node_that_stops_lets_every_viewer_go_and_takes_no_more(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    await watch(node, viewer)
    assert node.server.close() == 1
    async with asyncio.timeout(10):
        await viewer.is_over.wait()
    assert (await post(node, viewer.offer())).status == 503


# -- datagrams of strangers ----------------------------------------------------------------------------------------------


async def test_addresses_in_an_offer_are_never_spoken_to(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    canary = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    canary.bind(("127.0.0.1", 0))
    canary.setblocking(False)
    port = canary.getsockname()[1]
    planted = "".join(f"a=candidate:{n} 1 udp 2113937151 127.0.0.1 {port} typ host\r\n" for n in range(50))
    viewer = viewers()
    await watch(node, viewer, extra=planted)
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    with pytest.raises(BlockingIOError):
        canary.recvfrom(2048)
    canary.close()


async def test_who_does_not_know_the_password_gets_no_answer(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer, thief = viewers(), viewers()
    answer = await post(node, viewer.offer())
    await thief.open(answer.body)
    thief.fragment = viewer.fragment
    thief.check(nominates=True, password="guessed-guessed-guessed")
    thief.send(b"\x16\xfe\xfd" + bytes(60))  # a handshake from an address that proved nothing
    thief.send(b"\x80\xc9" + bytes(60))
    thief.send(b"\x00")
    await viewer.connect(answer.body)
    await viewer.wait_for(lambda: pictures(viewer) == 5)
    assert thief.answers == 0
    assert not thief.has_path.is_set()


async def test_certificate_that_the_offer_did_not_name_gets_no_picture(node: NodeBench, viewers: Makes) -> None:
    await begin(node)
    viewer = viewers()
    offer = viewer.offer()
    answer = await post(node, offer.replace(viewer.credentials.fingerprint.hex(":").upper(), ":".join(["AB"] * 32)))
    await viewer.connect(answer.body)
    await asyncio.wait_for(_until(lambda: node.server.count_webrtc() == 0), 10)
    assert viewer.packets == []
    assert len(node.server.leases) == 0


async def test_pictures_moved_to_an_address_that_proves_nothing_end(node: NodeBench, viewers: Makes) -> None:
    """Somebody who may watch names an address that is not theirs: only the way of ICE, never a sealed packet, comes from there."""
    await begin(node)
    viewer, elsewhere = viewers(), viewers()
    answer = await watch(node, viewer)
    await elsewhere.open(answer.body)
    elsewhere.fragment = viewer.fragment
    elsewhere._receiving = viewer._receiving  # no handshake of its own
    elsewhere.check(nominates=True)
    await asyncio.wait_for(_until(lambda: elsewhere.answers == 1), 10)
    assert node.server.count_webrtc() == 1
    await node.clock.advance(6)
    assert node.server.count_webrtc() == 0
