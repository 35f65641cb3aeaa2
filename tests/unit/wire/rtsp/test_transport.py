import pytest

from brightkitchen.wire.rtsp.transport import (
    RtpInfo,
    SessionId,
    Transport,
    match_rtp_info,
    parse_rtp_info,
    parse_session,
    parse_transport,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=4cacc3d1;mode=play",
            Transport(True, False, (0, 1), None, None, 0x4CACC3D1),
        ),
        (
            "RTP/AVP;unicast;client_port=5000-5001; server_port = 6000 - 6001 ;source=192.0.2.1;ssrc=  5CFA",
            Transport(False, False, None, (6000, 6001), "192.0.2.1", 0x5CFA),
        ),
        ("RTP/AVP;multicast;port=1-2", Transport(False, True, None, None, None, None)),
        ("RTP/AVP;interleaved=4;ssrc=0x1,RTP/AVP/TCP", Transport(True, False, (4, 5), None, None, 1)),
        ("RTP/AVP/TCP;interleaved=5-5;ssrc=zz", Transport(True, False, (5, 5), None, None, None)),
        ("RTP/AVP/TCP;interleaved=300-301;source=", Transport(True, False, None, None, None, None)),
        ("RTP/AVP/TCP;interleaved=3-2", Transport(True, False, None, None, None, None)),
        ("", Transport(False, False, None, None, None, None)),
    ],
)
def test_transport_value_is_read_with_care(value: str, expected: Transport) -> None:
    assert parse_transport(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("   1109162014;timeout=60", SessionId("1109162014", 60)),
        ("abc", SessionId("abc", 60)),
        ("abc; Timeout = 30 ", SessionId("abc", 30)),
        ('abc;timeout="90"', SessionId("abc", 90)),
        ("abc;timeout=0", SessionId("abc", 60)),
        ("abc;timeout=1", SessionId("abc", 5)),
        ("abc;timeout=999999", SessionId("abc", 3600)),
        ("abc;timeout=soon", SessionId("abc", 60)),
        (";timeout=60", None),
        ("x" * 513, None),
    ],
)
def test_session_value_odd_timeouts_become_sensible(value: str, expected: SessionId | None) -> None:
    assert parse_session(value) == expected


def test_rtp_info_is_read_with_what_is_there() -> None:
    value = 'url=rtsp://h/a,b/trackID=1;seq=1;rtptime=2, url="trackID=2";seq=70000;rtptime=4294967296,URL=c;x'
    assert parse_rtp_info(value) == (
        RtpInfo("rtsp://h/a,b/trackID=1", 1, 2),
        RtpInfo("trackID=2", None, None),
        RtpInfo("c", None, None),
    )
    assert parse_rtp_info("") == ()
    assert parse_rtp_info("seq=5") == (RtpInfo("", 5, None),)


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (("rtsp://h/t1", "rtsp://h/t2"), (1, 2)),
        (("rtsp://other/t2",), (2,)),
        (("rtsp://h/x", "rtsp://h/y"), (1, 2)),
        (("rtsp://h/",), (None,)),
        (("nowhere",), (None,)),
    ],
)
def test_rtp_info_is_matched_by_url_then_name_then_place(
    urls: tuple[str, ...], expected: tuple[int | None, ...]
) -> None:
    infos = (RtpInfo("rtsp://h/t1", 1, None), RtpInfo("t2", 2, None))
    found = match_rtp_info(infos, urls)
    assert tuple(info.sequence if info is not None else None for info in found) == expected
