from pathlib import Path
from weakref import ref

import pytest
from tests.unit.wire.rtsp.pure_camera import PureCamera, answer, pump

from brightkitchen.kernel.camerastate import Reason
from brightkitchen.kernel.errors import OurError, TheirError
from brightkitchen.wire.digest import Login
from brightkitchen.wire.rtsp.session import (
    Closed,
    Described,
    Event,
    Failed,
    MediaBatch,
    Playing,
    PortsNeeded,
    Redirected,
    RtspSession,
    SessionOptions,
    reason_of_status,
)

VECTORS = Path(__file__).parents[3] / "vectors"
LOGIN = Login("admin", "hunter2")
CHALLENGE = 'WWW-Authenticate: Digest realm="cam", nonce="n1"'
UNAUTHORIZED = answer("401 Unauthorized", CHALLENGE)
UDP_ANSWER = answer("200 OK", "Session: S1", "Transport: RTP/AVP;unicast;server_port=6000-6001;source=192.0.2.1")


def new_session(transport: str = "auto", login: Login | None = LOGIN, want_audio: bool = True) -> RtspSession:
    session = RtspSession(SessionOptions("rtsp://cam/p", transport, want_audio), login, cnonce=b"12345678")
    session.start(0.0)
    return session


def playing(camera: PureCamera, now_s: float = 0.0) -> RtspSession:
    session = new_session()
    assert any(isinstance(event, Playing) for event in pump(session, camera, now_s))
    return session


def frame(channel: int, text: str) -> bytes:
    payload = b"\x80\x60" + text.encode()
    return b"$" + bytes((channel,)) + len(payload).to_bytes(2) + payload


def events_of(session: RtspSession) -> list[Event]:
    found: list[Event] = []
    while (event := session.next_event()) is not None:
        found.append(event)
    return found


def texts(batch: Event) -> tuple[list[tuple[int, list[str]]], list[tuple[int, list[str]]]]:
    assert isinstance(batch, MediaBatch)
    rtp, rtcp = (
        [(track, [bytes(packet[2:]).decode() for packet in packets]) for track, packets in group]
        for group in (batch.rtp, batch.rtcp)
    )
    return rtp, rtcp


def vector(name: str) -> bytes:
    return (VECTORS / f"{name}.txt").read_bytes()


# -- to PLAY


@pytest.mark.parametrize("piece_bytes", [1, 17, 1 << 20])
def test_session_two_tracks_come_to_play(piece_bytes: int) -> None:
    session, camera = new_session(), PureCamera()
    described, play = pump(session, camera, 0.0, piece_bytes=piece_bytes)
    assert isinstance(described, Described) and described.server == "Pure"
    assert isinstance(play, Playing) and not play.udp
    assert camera.methods == ["OPTIONS", "DESCRIBE", "SETUP", "SETUP", "PLAY"]
    assert [request.url for request in camera.requests[2:]] == ["rtsp://cam/p/t1", "rtsp://cam/p/t2", "rtsp://cam/p/"]
    assert [(track.sequence, track.rtptime) for track in play.tracks] == [(7, 8), (9, 10)]
    assert [track.description.ssrc for track in play.tracks] == [0xAA, None]
    assert camera.requests[3].headers.get("session") == "S1"


def test_session_without_audio_sets_up_video_alone() -> None:
    camera = PureCamera()
    pump(new_session(want_audio=False), camera, 0.0)
    assert camera.methods == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]


def test_session_starts_once() -> None:
    with pytest.raises(OurError):
        new_session().start(0.0)


def test_session_answers_without_cseq_belong_to_the_oldest_request() -> None:
    camera = PureCamera()
    camera.numbered = False
    assert isinstance(pump(new_session(), camera, 0.0)[-1], Playing)


def test_session_stray_and_provisional_answers_change_nothing() -> None:
    session = new_session()
    session.receive(b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\nRTSP/1.0 100 Trying\r\nCSeq: 1\r\n\r\n", 0.0)
    assert session.stray_answers == 1
    assert isinstance(pump(session, PureCamera(), 0.0)[-1], Playing)
    session.receive(b"RTSP/1.0 200 OK\r\n\r\n", 0.0)
    assert session.stray_answers == 2


def test_session_options_refused_goes_on() -> None:
    assert isinstance(pump(new_session(), PureCamera(OPTIONS=answer("501 Not Implemented")), 0.0)[-1], Playing)


@pytest.mark.parametrize(
    ("describe", "reason"),
    [
        (answer("404 Not Found"), Reason.NO_SUCH_PATH),
        (answer("453 Not Enough Bandwidth"), Reason.CAMERA_BUSY),
        (answer("503 Service Unavailable"), Reason.CAMERA_BUSY),
        (answer("500 Oops"), Reason.SERVER_ERROR),
        (answer("403 Forbidden"), Reason.WRONG_PASSWORD),
        (answer("200 OK", body="<html>"), Reason.PROTOCOL_ERROR),
        (answer("200 OK", body="v=0\r\nm=audio 0 RTP/AVP 0\r\n"), Reason.NO_VIDEO_TRACK),
        (answer("200 OK", body="v=0\r\nm=video 0 RTP/AVP 26\r\n"), Reason.CODEC_UNSUPPORTED),
    ],
)
def test_describe_failure_is_named(describe: bytes, reason: Reason) -> None:
    session = new_session()
    failed = pump(session, PureCamera(DESCRIBE=describe), 0.0)[-1]
    assert isinstance(failed, Failed) and failed.reason is reason
    assert session.timer() is None


def test_setup_audio_refused_plays_video_alone() -> None:
    camera = PureCamera()
    camera.answers["SETUP"] = [camera.answers["SETUP"][0], answer("500 No")]
    play = pump(new_session(), camera, 0.0)[-1]
    assert isinstance(play, Playing) and len(play.tracks) == 1


def test_setup_refused_is_named() -> None:
    failed = pump(new_session(), PureCamera(SETUP=answer("453 Not Enough Bandwidth")), 0.0)[-1]
    assert failed == Failed(Reason.CAMERA_BUSY, "SETUP was answered 453 Not Enough Bandwidth", 453)


def test_setup_same_channel_for_two_tracks_is_a_protocol_error() -> None:
    both = answer("200 OK", "Session: S1", "Transport: RTP/AVP/TCP;interleaved=0-1")
    failed = pump(new_session(), PureCamera(SETUP=both), 0.0)[-1]
    assert isinstance(failed, Failed) and failed.reason is Reason.PROTOCOL_ERROR


def test_setup_multicast_is_refused() -> None:
    failed = pump(new_session(), PureCamera(SETUP=answer("200 OK", "Transport: RTP/AVP;multicast;port=1-2")), 0.0)[-1]
    assert isinstance(failed, Failed) and failed.reason is Reason.TRANSPORT_REFUSED


def test_play_refused_is_named_and_ends() -> None:
    session = new_session()
    failed = pump(session, PureCamera(PLAY=frame(0, "early") + answer("454 Session Not Found")), 0.0)[-1]
    assert isinstance(failed, Failed) and failed.reason is Reason.ENDED
    session.receive(frame(0, "late"), 1.0)
    assert events_of(session) == []


# -- UDP


@pytest.mark.parametrize("refusal", [answer("461 Unsupported Transport"), UDP_ANSWER])
def test_setup_tcp_refused_falls_back_to_udp(refusal: bytes) -> None:
    session, camera = new_session(), PureCamera(SETUP=[refusal, UDP_ANSWER])
    assert pump(session, camera, 0.0)[-1] == PortsNeeded(2)
    session.use_ports(((5000, 5001), (5002, 5003)), 0.0)
    play = pump(session, camera, 0.0)[-1]
    assert isinstance(play, Playing) and play.udp
    assert (play.tracks[0].server_ports, play.tracks[0].source) == ((6000, 6001), "192.0.2.1")
    assert camera.requests[-2].headers.get("transport") == "RTP/AVP;unicast;client_port=5002-5003"
    session.send_rtcp(0, b"\x80")
    assert session.to_send() == b""


def test_setup_tcp_refused_is_final_if_the_operator_wants_tcp() -> None:
    failed = pump(new_session("tcp"), PureCamera(SETUP=answer("461 Unsupported Transport")), 0.0)[-1]
    assert isinstance(failed, Failed) and failed.reason is Reason.TRANSPORT_REFUSED


def test_setup_udp_refused_too_is_transport_refused() -> None:
    session, camera = new_session("udp"), PureCamera(SETUP=answer("461 Unsupported Transport"))
    assert pump(session, camera, 0.0)[-1] == PortsNeeded(2)
    session.use_ports(((5000, 5001), (5002, 5003)), 0.0)
    failed = pump(session, camera, 0.0)[-1]
    assert isinstance(failed, Failed) and failed.reason is Reason.TRANSPORT_REFUSED


def test_use_ports_unasked_or_too_few_is_our_error() -> None:
    with pytest.raises(OurError):
        new_session().use_ports(((1, 2),), 0.0)
    session = new_session("udp")
    pump(session, PureCamera(), 0.0)
    with pytest.raises(OurError):
        session.use_ports(((1, 2),), 0.0)


# -- log-in


def test_login_is_given_when_asked_and_kept() -> None:
    camera = PureCamera()
    camera.answers["DESCRIBE"].insert(0, UNAUTHORIZED)
    assert isinstance(pump(new_session(), camera, 0.0)[-1], Playing)
    given = [request.headers.get("authorization") is not None for request in camera.requests]
    assert given == [False, False, True, True, True, True]
    assert not any("hunter2" in str(request) for request in camera.requests)


@pytest.mark.parametrize(
    ("login", "challenge", "reason"),
    [
        (LOGIN, CHALLENGE, Reason.WRONG_PASSWORD),
        (None, CHALLENGE, Reason.WRONG_PASSWORD),
        (LOGIN, "WWW-Authenticate: Basic realm=x", Reason.INSECURE_AUTH),
        (LOGIN, "WWW-Authenticate: Bearer", Reason.SERVER_ERROR),
    ],
)
def test_login_refused_is_named(login: Login | None, challenge: str, reason: Reason) -> None:
    failed = pump(new_session(login=login), PureCamera(DESCRIBE=answer("401 Unauthorized", challenge)), 0.0)[-1]
    assert isinstance(failed, Failed) and failed.reason is reason and failed.status == 401


def test_login_nonce_expired_during_play_is_renewed() -> None:
    camera = PureCamera(
        GET_PARAMETER=[answer("401 Unauthorized", 'WWW-Authenticate: Digest realm="cam", nonce="n2"'), answer()]
    )
    camera.answers["DESCRIBE"].insert(0, UNAUTHORIZED)
    session = playing(camera)
    session.handle_timer(30.0)
    assert pump(session, camera, 30.0) == []
    assert 'nonce="n2"' in (camera.requests[-1].headers.get("authorization") or "")


# -- elsewhere


def test_redirect_is_an_event_and_the_end() -> None:
    for status in ("301 Moved", "302 Found", "305 Use Proxy"):
        session = new_session()
        assert pump(session, PureCamera(DESCRIBE=answer(status, "Location: rtsp://else/x")), 0.0) == [
            Redirected("rtsp://else/x")
        ]
    assert pump(new_session(), PureCamera(OPTIONS=answer("302 Found")), 0.0) == [Redirected("")]


@pytest.mark.parametrize(("method", "reason"), [("OPTIONS", Reason.NOT_RTSP), ("SETUP", Reason.SERVER_ERROR)])
def test_no_answer_fails_after_ten_seconds(method: str, reason: Reason) -> None:
    session = new_session()
    pump(session, PureCamera(**{method: None}), 0.0)
    assert session.timer() == 10.0
    session.handle_timer(9.9)
    assert events_of(session) == []
    session.handle_timer(10.0)
    assert events_of(session) == [Failed(reason, f"no answer to {method}")]


def test_bytes_that_are_no_rtsp_are_their_error_and_the_end() -> None:
    session = new_session()
    with pytest.raises(TheirError):
        session.receive(b"\x16\x03\x01", 0.0)
    assert not session.has_spoken
    session.receive(b"RTSP/1.0 200 OK\r\n\r\n", 0.0)
    assert session.stray_answers == 0 and session.garbage_bytes == 0


# -- media


def test_media_of_one_read_is_one_batch() -> None:
    session = playing(PureCamera())
    data = frame(0, "v1") + frame(2, "a1") + frame(0, "v2") + frame(1, "r") + frame(9, "x")
    session.receive(data, 1.0)
    (batch,) = events_of(session)
    assert texts(batch) == ([(0, ["v1", "v2"]), (1, ["a1"])], [(0, ["r"])])
    assert session.unassigned_frames == 1


def test_media_before_the_answer_to_play_is_kept() -> None:
    camera = PureCamera()
    play = camera.answers["PLAY"][0]
    assert isinstance(play, bytes)
    camera.answers["PLAY"] = [frame(0, "one") + play + frame(0, "two")]
    session = new_session()
    events = pump(session, camera, 0.0, piece_bytes=30)
    assert isinstance(events[1], Playing)
    assert [text for event in events[2:] for _, found in texts(event)[0] for text in found] == ["one", "two"]


def test_media_before_play_is_bounded() -> None:
    camera = PureCamera(PLAY=None)
    session = new_session()
    pump(session, camera, 0.0)
    for _ in range(20):
        session.receive(frame(0, "x" * 60_000), 0.0)
    session.receive(b"RTSP/1.0 200 OK\r\n\r\n" + frame(0, "end"), 0.0)
    batch = events_of(session)[-1]
    assert isinstance(batch, MediaBatch) and len(batch.rtp) == 9


def test_media_comes_before_the_end_in_the_same_read() -> None:
    session = playing(PureCamera())
    session.receive(frame(0, "last") + b"TEARDOWN rtsp://cam/p RTSP/1.0\r\nCSeq: 1\r\n\r\n", 1.0)
    batch, end = events_of(session)
    assert texts(batch)[0] == [(0, ["last"])]
    assert end == Failed(Reason.ENDED, "the camera ended the session")


def test_report_is_sent_on_the_tracks_channel() -> None:
    session = playing(PureCamera())
    session.send_rtcp(1, b"\x80\xc9\x00\x00")
    assert session.to_send() == b"$\x03\x00\x04\x80\xc9\x00\x00"


# -- alive


def test_keepalive_is_sent_at_half_the_timeout() -> None:
    camera = PureCamera()
    session = playing(camera)
    assert session.timer() == 30.0
    session.handle_timer(30.0)
    assert pump(session, camera, 30.0) == [] and camera.methods[-1] == "GET_PARAMETER"
    assert session.timer() == 60.0


@pytest.mark.parametrize("status", ["405 Method Not Allowed", "501 Not Implemented", "451 Parameter Not Understood"])
def test_keepalive_refused_becomes_options_at_once(status: str) -> None:
    camera = PureCamera(GET_PARAMETER=answer(status))
    session = playing(camera)
    session.handle_timer(30.0)
    pump(session, camera, 30.0)
    assert camera.methods[-2:] == ["GET_PARAMETER", "OPTIONS"]
    session.handle_timer(60.0)
    pump(session, camera, 60.0)
    assert camera.methods[-1] == "OPTIONS" and camera.methods[-2] == "OPTIONS"


def test_keepalive_not_in_public_is_options() -> None:
    camera = PureCamera(OPTIONS=answer("200 OK", "Public: DESCRIBE, SETUP, PLAY"))
    session = playing(camera)
    session.handle_timer(30.0)
    pump(session, camera, 30.0)
    assert camera.methods[-1] == "OPTIONS"


def test_keepalive_session_forgotten_is_the_end() -> None:
    camera = PureCamera(GET_PARAMETER=answer("454 Session Not Found"))
    session = playing(camera)
    session.handle_timer(30.0)
    assert pump(session, camera, 30.0) == [Failed(Reason.ENDED, "the camera has forgotten the session", 454)]


def test_keepalive_never_answered_is_counted_and_bounded() -> None:
    camera = PureCamera(GET_PARAMETER=None, SETUP=answer("200 OK", "Session: S;timeout=1", "Transport: RTP/AVP/TCP"))
    session = new_session(want_audio=False)
    pump(session, camera, 0.0)
    for tenth in range(0, 1000, 1):
        session.handle_timer(tenth / 10)
        assert pump(session, camera, tenth / 10) == []
    assert session.unanswered_keepalives == 35


def test_keepalive_without_session_id_is_each_thirty_seconds() -> None:
    camera = PureCamera(SETUP=answer("200 OK", "Transport: RTP/AVP/TCP"), PLAY=answer())
    session = new_session(want_audio=False)
    assert isinstance(pump(session, camera, 0.0)[-1], Playing)
    assert session.timer() == 30.0
    session.close(1.0)
    assert events_of(session) == [Closed()] and "TEARDOWN" not in camera.methods


# -- the end


@pytest.mark.parametrize("teardown", [answer(), answer("454 Session Not Found"), UNAUTHORIZED])
def test_close_answered_is_closed(teardown: bytes) -> None:
    camera = PureCamera(TEARDOWN=teardown)
    session = playing(camera)
    session.close(1.0)
    assert session.is_closing
    assert pump(session, camera, 1.0) == [Closed()]
    session.close(2.0)
    assert events_of(session) == [] and session.to_send() == b""


def test_close_never_answered_is_closed_after_a_second() -> None:
    camera = PureCamera(TEARDOWN=None)
    session = playing(camera)
    session.close(1.0)
    pump(session, camera, 1.0)
    session.receive(frame(0, "still sending"), 1.5)
    assert session.timer() == 2.0
    session.handle_timer(2.0)
    assert isinstance(events_of(session)[-1], Closed)


# -- what the camera asks


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("OPTIONS", b"200 OK"),
        ("SET_PARAMETER", b"200 OK"),
        ("GET_PARAMETER", b"200 OK"),
        ("ANNOUNCE", b"200 OK"),
        ("RECORD", b"501 Not Implemented"),
    ],
)
def test_request_of_the_camera_is_answered(method: str, expected: bytes) -> None:
    session = playing(PureCamera())
    session.receive(f"{method} rtsp://cam/p RTSP/1.0\r\nCSeq: 44\r\n\r\n".encode(), 1.0)
    reply = session.to_send()
    assert reply.startswith(b"RTSP/1.0 " + expected + b"\r\nCSeq: 44\r\n")
    assert events_of(session) == []


@pytest.mark.parametrize("message", [b"OPTIONS * RTSP/1.0\r\n\r\n", b"RTSP/1.0 200 OK\r\nCSeq: 999\r\n\r\n"])
def test_request_without_end_is_their_error_but_many_over_time_are_not(message: bytes) -> None:
    camera = PureCamera()
    session = playing(camera)
    for turn in range(1, 5):
        session.receive(message * 199, 30.0 * turn)
        session.handle_timer(30.0 * turn)
        session.to_send()
    with pytest.raises(TheirError):
        session.receive(message * 201, 130.0)


def test_request_redirect_of_the_camera_is_an_event() -> None:
    session = playing(PureCamera())
    again = b"REDIRECT rtsp://cam/p RTSP/1.0\r\nLocation: rtsp://else/\r\n\r\n"
    session.receive(again + again, 1.0)
    assert events_of(session) == [Redirected("rtsp://else/")]


# -- vendors


def from_vector(name: str, cseq_header: bytes = b"CSeq") -> bytes:
    """The vector with the number of whatever request it answers."""
    lines = vector(name).split(b"\n", 12)
    return b"\n".join(b"CSeq: {cseq}\r" if line.lower().startswith(b"cseq") else line for line in lines)


def run_vendor(describe: str, setups: list[bytes], play: bytes | None = None) -> tuple[Playing, PureCamera]:
    camera = PureCamera(DESCRIBE=from_vector(describe), SETUP=list(setups))
    if play is not None:
        camera.answers["PLAY"] = [play]
    event = pump(new_session(), camera, 0.0)[-1]
    assert isinstance(event, Playing)
    return event, camera


def test_hikvision_session_id_after_blanks_and_absolute_rtp_info() -> None:
    second = answer("200 OK", "Session: 1109162014", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3")
    play, camera = run_vendor(
        "hikvision_ds2cd_describe", [from_vector("hikvision_ds2cd_setup"), second], from_vector("hikvision_ds2cd_play")
    )
    assert camera.requests[-1].url == "rtsp://192.0.2.10:554/Streaming/Channels/101/"
    assert camera.requests[-1].headers.get("session") == "1109162014"
    assert [(track.sequence, track.rtptime) for track in play.tracks] == [(24104, 1270711678), (1, 99)]


def test_dahua_control_is_appended_behind_the_query() -> None:
    second = answer("200 OK", "Session: 634214675641", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3")
    play, camera = run_vendor(
        "dahua_ipc_describe", [from_vector("dahua_ipc_setup"), second], from_vector("dahua_ipc_play")
    )
    base = "rtsp://192.0.2.11:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/"
    assert [request.url for request in camera.requests[2:]] == [base + "trackID=0", base + "trackID=1", base]
    assert [(track.sequence, track.rtptime) for track in play.tracks] == [(47121, 3475222385), (1, 5)]


def test_reolink_rtp_info_of_one_track_only() -> None:
    setups = [
        answer("200 OK", "Session: F8F8E425", f"Transport: RTP/AVP/TCP;interleaved={pair}") for pair in ("0-1", "2-3")
    ]
    play, _ = run_vendor("reolink_rlc_describe", setups, from_vector("reolink_rlc_play"))
    assert [track.sequence for track in play.tracks] == [16852, None]


def test_xiongmai_channels_and_ssrc_of_its_own() -> None:
    second = answer("200 OK", "Session: 4042457452", "Transport: RTP/AVP/TCP;interleaved=0-1")
    play, camera = run_vendor("xiongmai_h264dvr_describe", [from_vector("xiongmai_h264dvr_setup"), second], answer())
    assert play.tracks[0].description.ssrc == 0x5CFA and play.tracks[0].sequence is None
    assert camera.requests[2].url == "rtsp://cam/p/trackID=3"


def test_lf_only_answers_are_understood() -> None:
    setups = [answer("200 OK", "Session: 1", f"Transport: RTP/AVP/TCP;interleaved={pair}") for pair in ("0-1", "2-3")]
    _, camera = run_vendor("lineend_lf_only_describe", [s.replace(b"\r\n", b"\n") for s in setups])
    assert camera.requests[2].url == "rtsp://192.0.2.15/live/track1"
    assert camera.requests[3].url == "rtsp://192.0.2.15/live"


def test_reason_of_status_unknown_is_a_server_error() -> None:
    assert reason_of_status(599) is Reason.SERVER_ERROR


def test_session_let_go_is_gone_without_the_collector() -> None:
    session = playing(PureCamera())
    gone = ref(session)
    del session
    assert gone() is None
