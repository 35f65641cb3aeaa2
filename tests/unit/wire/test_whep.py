import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.au import Codec
from brightkitchen.wire.whep import (
    PLAYOUT_DELAY,
    Answering,
    Encoding,
    Offer,
    Section,
    Sending,
    build_answer,
    choose_g711,
    choose_h264,
    parse_offer,
)

PRINT = ":".join(["A1"] * 32)


def offer_text(*, setup: str = "actpass", video: str = "a=recvonly\r\n", head: str = "") -> str:
    return (
        f"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n{head}"
        f"m=video 9 UDP/TLS/RTP/SAVPF 96 102 104 97\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:{'p' * 22}\r\n"
        f"a=fingerprint:sha-256 {PRINT}\r\na=setup:{setup}\r\na=rtcp-mux\r\n{video}"
        f"a=extmap:5 {PLAYOUT_DELAY}\r\na=rtpmap:96 VP8/90000\r\n"
        "a=rtpmap:102 H264/90000\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
        "a=rtpmap:104 H264/90000\r\na=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=64001f\r\n"
        "a=rtpmap:97 H264/90000\r\na=fmtp:97 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 8 0\r\na=mid:1\r\na=rtcp-mux\r\na=recvonly\r\na=rtpmap:111 opus/48000/2\r\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
    )


def read(text: str) -> Offer:
    return parse_offer(text.encode())


def video_of(offer: Offer) -> Section:
    section = offer.first("video")
    assert section is not None
    return section


def test_offer_gives_what_an_answer_needs_and_nothing_of_its_candidates() -> None:
    offer = read(offer_text(head="a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"))
    assert (offer.fragment, offer.fingerprint) == ("abcd", b"\xa1" * 32)
    assert offer.bundled == {"0", "1", "2"}
    assert [section.kind for section in offer.sections] == ["video", "audio", "application"]
    assert video_of(offer).extensions == {PLAYOUT_DELAY: 5}
    assert "192.0.2.1" not in repr(offer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m=video 9 x 1",
        offer_text(setup="passive"),
        offer_text().replace("sha-256", "sha-1"),
        offer_text().replace("a=ice-ufrag:abcd\r\n", ""),
        offer_text().replace("a=ice-ufrag:abcd", "a=ice-ufrag:ab cd"),
        offer_text() + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 20,
        offer_text() + "m=audio 9\r\n",
        offer_text() + "a=x\r\n" * 1000,
        offer_text() + "a=" + "x" * 16_384,
    ],
)
def test_offer_that_cannot_be_answered_safely_is_their_error(text: str) -> None:
    with pytest.raises(TheirError):
        read(text)


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (offer_text() + text).encode()))
def test_any_bytes_are_an_offer_or_their_error(data: bytes) -> None:
    try:
        offer = parse_offer(data)
    except TheirError:
        return
    assert len(offer.sections) <= 16


@pytest.mark.parametrize("line", ["a=sendonly\r\n", "a=inactive\r\n"])
def test_section_that_does_not_receive_is_no_video(line: str) -> None:
    assert read(offer_text(video=line)).first("video") is None


@pytest.mark.parametrize(
    ("sps", "payload_type", "identity"),
    [
        ("42c028", 102, "42e028"),  # constrained baseline
        ("42001f", 102, "42e01f"),  # baseline as cameras mean it
        ("4d0028", 97, "640028"),  # main: the high decoder takes it
        ("4d8028", 102, "42e028"),  # main that says it is also constrained baseline
        ("640033", 97, "640033"),
        ("640c28", 97, "640028"),
    ],
)
def test_payload_type_fits_the_cameras_profile(sps: str, payload_type: int, identity: str) -> None:
    found = choose_h264(video_of(read(offer_text())), bytes.fromhex(sps))
    assert found is not None
    encoding, fmtp = found
    assert encoding.payload_type == payload_type
    assert fmtp == f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={identity}"


@pytest.mark.parametrize("sps", ["6e0028", "f40028", "580028"])
def test_profile_that_browsers_do_not_decode_is_not_chosen(sps: str) -> None:
    assert choose_h264(video_of(read(offer_text())), bytes.fromhex(sps)) is None


def test_high_camera_is_not_given_to_a_viewer_that_decodes_baseline_alone() -> None:
    text = offer_text().replace("a=rtpmap:97 H264/90000", "a=rtpmap:97 VP9/90000")
    assert choose_h264(video_of(read(text)), bytes.fromhex("640028")) is None


@pytest.mark.parametrize(("codec", "payload_type"), [(Codec.PCMA, 8), (Codec.PCMU, 0)])
def test_static_payload_types_of_g711_need_no_map(codec: Codec, payload_type: int) -> None:
    section = read(offer_text()).first("audio")
    assert section is not None
    encoding = choose_g711(section, codec)
    assert encoding is not None
    assert (encoding.payload_type, encoding.clock_hz) == (payload_type, 8000)


def test_law_that_was_not_offered_is_not_chosen() -> None:
    section = read(offer_text().replace("111 8 0", "111 0")).first("audio")
    assert section is not None
    assert choose_g711(section, Codec.PCMA) is None


def test_answer_has_a_section_for_each_and_says_where_we_are() -> None:
    offer = read(offer_text())
    sending = Sending("0", Encoding(97, "H264", 90_000, {}), 77, "x=1", (5, PLAYOUT_DELAY))
    answering = Answering(
        9, "ours", "pass", b"\xb2" * 32, (("203.0.113.9", 8081), ("2001:db8::9", 8081)), "n", (sending,)
    )
    answer = build_answer(offer, answering).decode()
    lines = answer.split("\r\n")
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 8081 UDP/TLS/RTP/SAVPF 97",
        "m=audio 0 UDP/TLS/RTP/SAVPF 111",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    ]
    assert "a=ice-lite" in lines
    assert "a=group:BUNDLE 0" in lines
    assert "a=setup:passive" in lines
    assert f"a=extmap:5 {PLAYOUT_DELAY}" in lines
    assert [line.split()[4] for line in lines if line.startswith("a=candidate:")] == ["203.0.113.9", "2001:db8::9"]
    assert "c=IN IP4 203.0.113.9" in lines
    assert answer.endswith("\r\n")
