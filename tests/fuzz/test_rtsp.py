"""Any bytes from a camera become events or *their* error, in any pieces, and nothing else."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.digest import Authenticator, Login, parse_challenges
from brightkitchen.wire.rtsp.parser import StreamSplitter
from brightkitchen.wire.rtsp.session import PortsNeeded, RtspSession, SessionOptions
from brightkitchen.wire.rtsp.transport import match_rtp_info, parse_rtp_info, parse_session, parse_transport
from brightkitchen.wire.sdp import choose_base, parse_sdp, resolve_control

VECTORS = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "vectors").glob("*_*.txt"))]
FRAGMENTS = [
    *VECTORS,
    b"RTSP/1.0 200 OK\r\n\r\n",
    b"RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm=x, nonce=y\r\n\r\n",
    b"RTSP/1.0 461 No\r\nCSeq: 3\r\n\r\n",
    b"RTSP/1.0 302 x\r\nLocation: rtsp://a/\r\n\r\n",
    b"OPTIONS * RTSP/1.0\r\n\r\n",
    b"TEARDOWN * RTSP/1.0\r\n\r\n",
    b"$\x00\x00\x05\x80\x60abc",
    b"$\x02\xff\xff\x80",
    b"$",
    b"\r\n",
    b"RTSP/1.",
    b"Content-Length: 70000\r\n",
]
PIECES = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=40)), max_size=12)
CUTS = st.lists(st.integers(1, 200), min_size=1, max_size=20)
LINES = st.one_of(st.text(max_size=200), st.sampled_from([v.decode("utf-8", "replace") for v in VECTORS]))


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    found: list[bytes] = []
    position = turn = 0
    while position < len(data):
        found.append(data[position : position + cuts[turn % len(cuts)]])
        position += len(found[-1])
        turn += 1
    return found


@settings(max_examples=300, deadline=None)
@given(PIECES, CUTS, st.sampled_from(["auto", "tcp", "udp"]))
def test_session_any_bytes_give_events_or_their_error(pieces: list[bytes], cuts: list[int], transport: str) -> None:
    session = RtspSession(SessionOptions("rtsp://cam/p", transport), Login("u", "p"), cnonce=b"12345678")
    session.start(0.0)
    now_s = 0.0
    try:
        for piece in in_pieces(b"".join(pieces), cuts):
            now_s += 0.5
            session.receive(bytearray(piece), now_s)
            while (event := session.next_event()) is not None:
                if isinstance(event, PortsNeeded):
                    session.use_ports(((2, 3),) * event.count, now_s)
            session.to_send()
            due_s = session.timer()
            if due_s is not None and due_s <= now_s:
                session.handle_timer(now_s)
    except TheirError:
        return
    session.close(now_s)


def build_frame(channel: int, payload: bytes) -> bytes:
    return b"$" + bytes((channel,)) + len(payload).to_bytes(2) + payload


FRAMES = st.builds(build_frame, st.sampled_from([0, 2]), st.binary(max_size=300))
OTHERS = st.builds(build_frame, st.just(7), st.binary(max_size=20).map(b"\x80".__add__))
UNITS = st.lists(st.one_of(st.sampled_from([*VECTORS, b"OPTIONS * RTSP/1.0\r\n\r\n"]), FRAMES, OTHERS), max_size=15)


@settings(max_examples=300, deadline=None)
@given(UNITS, CUTS)
def test_splitter_pieces_do_not_change_what_is_found(units: list[bytes], cuts: list[int]) -> None:
    data = b"".join(units)
    whole = found_in([data])
    assert whole == found_in(in_pieces(data, cuts))
    assert not isinstance(whole, str)
    frames = [unit for unit in units if unit[:1] == b"$" and unit[1] != 7]
    assert sum(map(len, whole[1].values())) == len(frames)


def found_in(pieces: list[bytes]) -> tuple[list[object], dict[int, list[bytes]]] | str:
    """What a splitter finds; the number of messages and all frames, or that it gave up."""
    messages: list[object] = []
    splitter = StreamSplitter(messages.append)
    splitter.assign(0)
    splitter.assign(2)
    frames: dict[int, list[bytes]] = {}
    for piece in pieces:
        try:
            splitter.feed(piece)
        except TheirError:
            return "gave up"
        for channel, packets in splitter.take_frames():
            frames.setdefault(channel, []).extend(map(bytes, packets))
    return messages, frames


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=500), LINES.map(str.encode)))
def test_sdp_any_bytes_give_tracks_or_their_error(body: bytes) -> None:
    try:
        found = parse_sdp(body)
    except TheirError:
        return
    for track in (found.video, found.audio):
        if track is not None:
            assert 1000 <= track.description.clock_rate_hz <= 1_000_000
            assert resolve_control("rtsp://h/p", track.control).startswith("rtsp")


@settings(max_examples=300, deadline=None)
@given(LINES, LINES)
def test_header_values_any_text_is_taken(one: str, two: str) -> None:
    parse_transport(one)
    parse_session(one)
    infos = parse_rtp_info(one)
    assert len(match_rtp_info(infos, ("rtsp://h/1", two))) == 2
    assert choose_base("rtsp://h/p", one, two).lower().startswith("rtsp")
    auth = Authenticator(Login("u", "secret"), cnonce=b"12345678", basic_allowed=False)
    auth.on_refused([one, two])
    header = auth.build_header("PLAY", "rtsp://h/p") or ""
    assert "secret" not in header and all(challenge.strength >= 0 for challenge in parse_challenges([one]))
