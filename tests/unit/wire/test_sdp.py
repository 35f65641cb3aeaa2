from pathlib import Path

import pytest

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.au import Codec
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.sdp import SessionDescription, choose_base, parse_sdp, resolve_control

VECTORS = Path(__file__).parents[2] / "vectors"


def described(name: str) -> SessionDescription:
    data = (VECTORS / f"{name}.txt").read_bytes()
    split = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
    return parse_sdp(data.partition(split)[2])


def video_of(*lines: str) -> TrackDescription | None:
    track = parse_sdp("\r\n".join(["v=0", *lines]).encode()).video
    return track.description if track is not None else None


def audio_of(*lines: str) -> TrackDescription | None:
    track = parse_sdp("\r\n".join(["v=0", *lines]).encode()).audio
    return track.description if track is not None else None


def test_sdp_hikvision_gives_absolute_controls() -> None:
    found = described("hikvision_ds2cd_describe")
    assert found.control == "rtsp://192.0.2.10:554/Streaming/Channels/101/"
    assert found.video is not None and found.audio is not None
    assert found.video.control.endswith("/trackID=1") and found.audio.control.endswith("/trackID=2")
    assert found.video.description == TrackDescription(
        0,
        Codec.H264,
        96,
        90_000,
        1,
        {
            "profile-level-id": "420029",
            "packetization-mode": "1",
            "sprop-parameter-sets": "Z0IAKeKQDwBE/LgC1AQEBpB4kRU=,aM48gA==",
        },
    )
    assert found.audio.description == TrackDescription(1, Codec.PCMA, 8, 8000)


def test_sdp_dahua_takes_h265_and_aac_and_leaves_the_backchannel() -> None:
    found = described("dahua_ipc_describe")
    assert found.video is not None and found.audio is not None
    assert found.video.description.codec is Codec.H265
    assert found.video.description.fmtp["sprop-pps"] == "RAHA8vA8kA=="
    assert (found.audio.description.codec, found.audio.description.clock_rate_hz) == (Codec.AAC, 48_000)
    assert found.audio.control == "trackID=1"


def test_sdp_reolink_fmtp_ends_in_a_semicolon() -> None:
    found = described("reolink_rlc_describe")
    assert found.audio is not None and found.audio.description.fmtp["config"] == "1408"


def test_sdp_xiongmai_encodings_in_lower_case() -> None:
    found = described("xiongmai_h264dvr_describe")
    assert found.video is not None and found.audio is not None
    assert (found.video.description.codec, found.audio.description.codec) == (Codec.H264, Codec.PCMA)


def test_sdp_tplink_section_without_numbers_is_passed_over() -> None:
    found = described("tplink_tapo_describe")
    assert found.control == "" and found.video is not None and found.video.control == "track1"


def test_sdp_lf_only_payload_type_of_the_map_wins() -> None:
    found = described("lineend_lf_only_describe")
    assert found.video is not None and found.video.description.payload_type == 96
    assert found.video.description.fmtp == {"packetization-mode": "1"}
    assert found.audio is not None and found.audio.description == TrackDescription(1, Codec.PCMU, 0, 8000)


def test_sdp_fmtp_of_another_number_is_taken_if_it_is_the_only_one() -> None:
    track = video_of("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:97 packetization-mode=1")
    assert track is not None and track.fmtp == {"packetization-mode": "1"}


def test_sdp_two_maps_two_formats_do_not_mix() -> None:
    lines = ("m=video 0 RTP/AVP 95 96", "a=rtpmap:95 JPEG/90000", "a=rtpmap:96 H264/90000", "a=fmtp:95 x=1")
    assert video_of(*lines) == TrackDescription(0, Codec.H264, 96, 90_000)


@pytest.mark.parametrize("rate", ["", "/0", "/8000", "/9999999"])
def test_sdp_video_clock_is_always_90000(rate: str) -> None:
    track = video_of("m=video 0 RTP/AVP 96", f"a=rtpmap: 96  H264{rate}")
    assert track is not None and track.clock_rate_hz == 90_000


def test_sdp_dynamic_g711_keeps_rate_and_channels() -> None:
    assert audio_of("m=audio 0 RTP/AVP 98", "a=rtpmap:98 PCMU/16000/2") == TrackDescription(
        1, Codec.PCMU, 98, 16_000, 2
    )


def test_sdp_absurd_audio_numbers_are_replaced() -> None:
    track = audio_of("m=audio 0 RTP/AVP 98", "a=rtpmap:98 PCMU/9/99")
    assert track is not None and (track.clock_rate_hz, track.channels) == (8000, 8)


@pytest.mark.parametrize("fmtp", ["mode=generic;config=1188", "mode=AAC-hbr", "sizelength=13"])
def test_sdp_aac_without_what_it_needs_is_left_out(fmtp: str) -> None:
    assert audio_of("m=audio 0 RTP/AVP 97", "a=rtpmap:97 MPEG4-GENERIC/48000", f"a=fmtp:97 {fmtp}") is None


def test_sdp_only_sound_towards_the_camera_is_still_sound() -> None:
    assert audio_of("m=audio 0 RTP/AVP 0", "a=sendonly") == TrackDescription(1, Codec.PCMU, 0, 8000)


def test_sdp_unusable_video_is_named() -> None:
    found = parse_sdp(
        b"v=0\nm=video 0 RTP/AVP 26 99 x 200\na=rtpmap:99 MP4V-ES/90000\na=rtpmap:x\na=fmtp:y\na=framerate:25"
    )
    assert found.video is None and found.refused == ("MP4V-ES/90000/",)
    assert parse_sdp(b"m=video 0 RTP/AVP 26").refused == ("type 26",)


def test_sdp_without_video_names_nothing() -> None:
    found = parse_sdp(b"v=0\na=tool:x\na=control: rtsp://h/x \nm=audio 0 RTP/AVP 0\nnoise\n")
    assert found.video is None and found.refused == () and found.control == "rtsp://h/x"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>no</html>", b"v=0\n" + b"x" * 70_000, b"v=0\n" + b"a=x\n" * 1001, b"m=audio 0 x 0\n" * 33],
)
def test_sdp_senseless_or_huge_is_their_error(body: bytes) -> None:
    with pytest.raises(TheirError):
        parse_sdp(body)


@pytest.mark.parametrize(
    ("content_base", "location", "expected"),
    [
        ("rtsp://192.0.2.1/x/", None, "rtsp://192.0.2.1/x/"),
        (' "rtsp://192.0.2.1/x" ', None, "rtsp://192.0.2.1/x"),
        ("rtsp://0.0.0.0:554/x", None, "rtsp://asked/p"),
        ("rtsp://u:p@h/x", "rtsps://h/loc", "rtsps://h/loc"),
        ("/only/a/path", "", "rtsp://asked/p"),
        ("rtsp://h/a b", None, "rtsp://asked/p"),
        (None, None, "rtsp://asked/p"),
    ],
)
def test_base_is_what_the_camera_says_if_it_makes_sense(
    content_base: str | None, location: str | None, expected: str
) -> None:
    assert choose_base("rtsp://asked/p", content_base, location) == expected


@pytest.mark.parametrize(
    ("base", "control", "expected"),
    [
        ("rtsp://h/p", "", "rtsp://h/p"),
        ("rtsp://h/p", " * ", "rtsp://h/p"),
        ("rtsp://h/p", "trackID=1", "rtsp://h/p/trackID=1"),
        ("rtsp://h/p/", "trackID=1", "rtsp://h/p/trackID=1"),
        ("rtsp://h/p?c=1&s=0/", "trackID=0", "rtsp://h/p?c=1&s=0/trackID=0"),
        ("rtsp://h/p?c=1", "trackID=0", "rtsp://h/p?c=1/trackID=0"),
        ("rtsp://h/p", "/trackID=0", "rtsp://h/p/trackID=0"),
        ("rtsp://h/p", "rtsp://h/other", "rtsp://h/other"),
        ("rtsp://h/p", "rtsp://0.0.0.0/t1", "rtsp://h/p/t1"),
        ("rtsp://h/p", "http://evil/t1", "rtsp://h/p/t1"),
        ("rtsp://h/p", "a b", "rtsp://h/p"),
        ("rtsp://h/p", "a\x00", "rtsp://h/p"),
    ],
)
def test_control_extends_the_base_as_cameras_compare_text(base: str, control: str, expected: str) -> None:
    assert resolve_control(base, control) == expected
