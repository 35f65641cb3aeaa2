"""One RTSP session as a client (RFC 2326), from OPTIONS to TEARDOWN, without a socket and without a clock.

The shell calls `start`, then: `receive` what came, `handle_timer` when `timer()` is due, drain `next_event`, send
`to_send`. One request is on its way at a time until PLAY is answered; keep-alives may then go unanswered, as long as
media flows (several cameras never answer them).
Left out: recording, announcing, multicast, RTSP/2.0, backchannel.
Rules of this file: addresses that a camera names come out as events, never as actions; a password never leaves
through an event or an error.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final
from weakref import ref

from brightkitchen.kernel.camerastate import Reason
from brightkitchen.kernel.errors import OurError, TheirError
from brightkitchen.wire.digest import Authenticator, Login, Verdict
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtsp.message import Message, Request, Response, build_request, build_response
from brightkitchen.wire.rtsp.parser import StreamSplitter
from brightkitchen.wire.rtsp.transport import (
    RtpInfo,
    SessionId,
    Transport,
    match_rtp_info,
    parse_rtp_info,
    parse_session,
    parse_transport,
)
from brightkitchen.wire.sdp import MediaTrack, SessionDescription, choose_base, parse_sdp, resolve_control

REQUEST_TIMEOUT_S: Final = 10.0
TEARDOWN_TIMEOUT_S: Final = 1.0
MAX_HELD_BYTES: Final = 512 * 1024
MAX_UNASKED: Final = 200
_MAX_KEEPALIVE_S: Final = 30.0
_REDIRECTS: Final = frozenset({301, 302, 303, 305, 307, 308})
_NOT_KNOWN: Final = frozenset({400, 405, 451, 455, 501, 551})
_OUR_METHODS: Final = "OPTIONS, GET_PARAMETER, SET_PARAMETER, ANNOUNCE, TEARDOWN, REDIRECT"


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """url: ``rtsp://host[:port]/path`` without a log-in. transport: "auto", "tcp" or "udp"."""

    url: str
    transport: str = "auto"
    want_audio: bool = True
    basic_allowed: bool = False
    user_agent: str = "BrightKitchen"


@dataclass(frozen=True, slots=True)
class Described:
    """The camera's own words about its stream. server: its Server header, "" if none."""

    description: SessionDescription
    server: str


@dataclass(frozen=True, slots=True)
class PortsNeeded:
    """Media comes by UDP: open `count` pairs of ports and call `use_ports`."""

    count: int


@dataclass(frozen=True, slots=True)
class PlayingTrack:
    """A track that was set up. server_ports, source: for UDP, where its packets come from, if the camera said so."""

    description: TrackDescription
    sequence: int | None
    rtptime: int | None
    server_ports: tuple[int, int] | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Playing:
    """PLAY was accepted. tracks: video first; their position is the track number of every `MediaBatch`."""

    tracks: tuple[PlayingTrack, ...]
    udp: bool


class MediaBatch:
    """What one `receive` brought. The slices are valid until the next `receive`.

    rtp, rtcp: (position of the track in `Playing.tracks`, packets in order of arrival).
    """

    __slots__ = ("rtcp", "rtp")

    def __init__(self) -> None:
        self.rtp: list[tuple[int, list[memoryview]]] = []
        self.rtcp: list[tuple[int, list[memoryview]]] = []


@dataclass(frozen=True, slots=True)
class Redirected:
    """Ask there instead. The session is over. url: the camera's text, unchecked."""

    url: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The session is over. detail: one sentence in English, without secrets. status: 0 if it was no answer."""

    reason: Reason
    detail: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Closed:
    """Our TEARDOWN was answered, or no answer came within a second."""


Event = Described | PortsNeeded | Playing | MediaBatch | Redirected | Failed | Closed


class _State(Enum):
    NEW = "new"
    ASKING = "asking"
    PORTS = "ports"
    PLAYING = "playing"
    CLOSING = "closing"
    OVER = "over"


@dataclass(slots=True)
class _Pending:
    method: str
    url: str
    fields: tuple[tuple[str, str], ...]
    on_answer: Callable[[Response, float], None]
    deadline_s: float
    with_login: bool = False


@dataclass(slots=True)
class _SetUp:
    track: MediaTrack
    url: str
    description: TrackDescription
    channels: tuple[int, int]
    transport: Transport | None = None


class RtspSession:
    """See the module. login: None if the camera has none. cnonce: at least 8 random bytes, fresh each time."""

    def __init__(self, options: SessionOptions, login: Login | None, *, cnonce: bytes) -> None:
        self._options = options
        self._auth = Authenticator(login, cnonce=cnonce, basic_allowed=options.basic_allowed)
        me = ref(self)  # not in a cycle, or every closed connection waits for the collector

        def on_message(message: Message) -> None:
            session = me()
            assert session is not None  # it owns the splitter
            session._on_message(message)

        self._splitter = StreamSplitter(on_message)
        self._events: deque[Event] = deque()
        self._last_event: Event | None = None
        self._out: list[bytes] = []
        self._pending: dict[int, _Pending] = {}
        self._cseq = 0
        self._state = _State.NEW
        self._now_s = 0.0
        self._udp = options.transport == "udp"
        self._ports: tuple[tuple[int, int], ...] = ()
        self._base = options.url
        self._wanted: list[MediaTrack] = []
        self._tracks: list[_SetUp] = []
        self._channels: dict[int, tuple[int, bool]] = {}
        self._session: SessionId | None = None
        self._keepalive_method = "GET_PARAMETER"
        self._next_keepalive_s: float | None = None
        self._control = ""
        self._held: list[tuple[int, list[memoryview]]] = []
        self._held_bytes = 0
        self._announced = False
        self._unasked = 0
        self.server = ""
        self.stray_answers = 0
        self.unanswered_keepalives = 0

    # -- what the shell calls

    @property
    def garbage_bytes(self) -> int:
        return self._splitter.garbage_bytes

    @property
    def has_spoken(self) -> bool:
        """True once the peer sent one well-formed RTSP message."""
        return self._splitter.has_message

    @property
    def is_closing(self) -> bool:
        """True between our TEARDOWN and its `Closed`."""
        return self._state is _State.CLOSING

    @property
    def unassigned_frames(self) -> int:
        return self._splitter.unassigned_frames

    def start(self, now_s: float) -> None:
        """The connection stands: ask. raises: OurError if called twice."""
        if self._state is not _State.NEW:
            raise OurError("a session starts once")
        self._now_s = now_s
        self._state = _State.ASKING
        self._ask("OPTIONS", self._options.url, self._handle_options)

    def receive(self, data: bytes | bytearray | memoryview, now_s: float) -> None:
        """Take bytes of any length. raises: TheirError if they make no sense; the session is then over."""
        if self._state is _State.OVER:
            return
        self._now_s = now_s
        try:
            self._splitter.feed(data)
        except TheirError:
            self._state = _State.OVER
            raise
        frames = self._splitter.take_frames()
        if frames:
            self._emit_frames(frames)
        self._flush_last_event()

    def to_send(self) -> bytes:
        """Return what must be written to the connection, and forget it."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def timer(self) -> float | None:
        """Return the instant (same clock as `now_s`) at which `handle_timer` must be called, or None."""
        due = [pending.deadline_s for pending in self._pending.values()]
        if self._next_keepalive_s is not None:
            due.append(self._next_keepalive_s)
        return min(due, default=None)

    def handle_timer(self, now_s: float) -> None:
        """Time has passed: expire requests, keep the session alive."""
        self._now_s = now_s
        expired = [cseq for cseq, pending in self._pending.items() if pending.deadline_s <= now_s]
        for pending in [self._pending.pop(cseq) for cseq in expired]:
            self._on_no_answer(pending)
        if self._next_keepalive_s is not None and self._next_keepalive_s <= now_s:
            self._send_keepalive()
        self._flush_last_event()

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def use_ports(self, ports: tuple[tuple[int, int], ...], now_s: float) -> None:
        """The answer to `PortsNeeded`: (RTP, RTCP) ports of ours, one pair for each track."""
        if self._state is not _State.PORTS or len(ports) < len(self._wanted):
            raise OurError("ports were not asked for, or too few are given")
        self._now_s = now_s
        self._ports = ports
        self._state = _State.ASKING
        self._set_up_next()

    def send_rtcp(self, track: int, packet: bytes) -> None:
        """Send a report on an interleaved track (its position in `Playing.tracks`); nothing happens on UDP."""
        if self._state is _State.PLAYING and not self._udp:
            self._out.append(b"$" + bytes((self._tracks[track].channels[1],)) + len(packet).to_bytes(2) + packet)

    def close(self, now_s: float) -> None:
        """Say TEARDOWN if there is a session; `Closed` follows within a second."""
        self._now_s = now_s
        if self._state in (_State.CLOSING, _State.OVER):
            return
        self._pending.clear()
        self._next_keepalive_s = None
        if self._session is None:
            self._state = _State.OVER
            self._events.append(Closed())
            return
        self._state = _State.CLOSING
        self._ask("TEARDOWN", self._play_url(), self._handle_teardown, timeout_s=TEARDOWN_TIMEOUT_S)

    # -- requests and their answers

    def _ask(
        self,
        method: str,
        url: str,
        on_answer: Callable[[Response, float], None],
        *fields: tuple[str, str],
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        pending = _Pending(method, url, fields, on_answer, self._now_s + timeout_s)
        self._send(pending)

    def _send(self, pending: _Pending) -> None:
        self._cseq += 1
        fields = [*pending.fields, ("User-Agent", self._options.user_agent)]
        authorization = self._auth.build_header(pending.method, pending.url)
        pending.with_login = authorization is not None
        if authorization is not None:
            fields.append(("Authorization", authorization))
        if self._session is not None:
            fields.append(("Session", self._session.text))
        self._pending[self._cseq] = pending
        self._out.append(build_request(pending.method, pending.url, self._cseq, tuple(fields)))

    def _on_message(self, message: Message) -> None:
        if isinstance(message, Request):
            self._count_unasked()
            self._answer_request(message)
            return
        if message.status < 200:
            return  # the answer follows
        pending = self._take_pending(message.cseq)
        if pending is None:
            self.stray_answers += 1
            self._count_unasked()
        else:
            self._handle_answer(pending, message)

    def _count_unasked(self) -> None:
        """raises: TheirError if the camera sends more than 200 messages nobody asked for between two keep-alives."""
        self._unasked += 1
        if self._unasked > MAX_UNASKED:
            raise TheirError("messages without end that nobody asked for")

    def _take_pending(self, cseq: int | None) -> _Pending | None:
        if cseq is None and self._pending:
            return self._pending.pop(next(iter(self._pending)))
        return self._pending.pop(cseq, None) if cseq is not None else None

    def _handle_answer(self, pending: _Pending, response: Response) -> None:
        if response.status == 401:
            self._handle_401(pending, response)
            return
        if pending.with_login and response.status < 300:
            self._auth.on_accepted()
        self.server = self.server or (response.headers.get("server") or "")[:128]
        if response.status in _REDIRECTS and self._state is _State.ASKING:
            self._end(Redirected(response.headers.get("location") or ""))
            return
        pending.on_answer(response, self._now_s)

    def _handle_401(self, pending: _Pending, response: Response) -> None:
        if self._state is _State.CLOSING:
            self._end(Closed())
            return
        verdict = self._auth.on_refused(response.headers.get_all("www-authenticate"))
        if verdict is Verdict.RETRY:
            pending.deadline_s = self._now_s + REQUEST_TIMEOUT_S
            self._send(pending)
        elif verdict is Verdict.WRONG_PASSWORD:
            self._fail(Reason.WRONG_PASSWORD, "the camera refuses the log-in", 401)
        elif verdict is Verdict.INSECURE:
            self._fail(Reason.INSECURE_AUTH, "the camera wants the password in clear text", 401)
        else:
            self._fail(Reason.SERVER_ERROR, "the camera wants a kind of log-in that is not supported", 401)

    def _on_no_answer(self, pending: _Pending) -> None:
        if self._state is _State.CLOSING:
            self._end(Closed())
        elif self._state is _State.PLAYING:
            self.unanswered_keepalives += 1
        else:
            self._fail(Reason.NOT_RTSP if self._cseq == 1 else Reason.SERVER_ERROR, f"no answer to {pending.method}")

    def _fail_status(self, method: str, response: Response) -> None:
        detail = f"{method} was answered {response.status} {response.phrase[:64]}".strip()
        self._fail(reason_of_status(response.status), detail, response.status)

    def _fail(self, reason: Reason, detail: str, status: int = 0) -> None:
        self._end(Failed(reason, detail, status))

    def _end(self, event: Event) -> None:
        """The last event. It waits until the media of this `receive` has been handed out."""
        self._state = _State.OVER
        self._pending.clear()
        self._next_keepalive_s = None
        self._last_event = event

    def _flush_last_event(self) -> None:
        if self._last_event is not None:
            self._events.append(self._last_event)
            self._last_event = None

    # -- the way to PLAY

    def _handle_options(self, response: Response, now_s: float) -> None:
        # Whatever else it says, DESCRIBE decides: some cameras answer OPTIONS with 404 or 501 and play well.
        public = response.headers.get("public")
        if public is not None and "GET_PARAMETER" not in public.upper():
            self._keepalive_method = "OPTIONS"
        self._ask("DESCRIBE", self._options.url, self._handle_describe, ("Accept", "application/sdp"))

    def _handle_describe(self, response: Response, now_s: float) -> None:
        if response.status >= 300:
            self._fail_status("DESCRIBE", response)
            return
        headers = response.headers
        try:
            description = parse_sdp(response.body)
        except TheirError as cause:
            self._fail(Reason.PROTOCOL_ERROR, cause.what)
            return
        self._base = choose_base(self._options.url, headers.get("content-base"), headers.get("content-location"))
        self._events.append(Described(description, self.server))
        if description.video is None:
            refused = ", ".join(description.refused)[:200]
            reason = Reason.CODEC_UNSUPPORTED if refused else Reason.NO_VIDEO_TRACK
            self._fail(reason, f"video is offered as {refused}" if refused else "no video is offered")
            return
        self._control = description.control
        self._wanted = [description.video]
        if description.audio is not None and self._options.want_audio:
            self._wanted.append(description.audio)
        if self._udp:
            self._ask_for_ports()
        else:
            self._set_up_next()

    def _ask_for_ports(self) -> None:
        self._udp = True
        self._state = _State.PORTS
        self._events.append(PortsNeeded(len(self._wanted)))

    def _set_up_next(self) -> None:
        position = len(self._tracks)
        track = self._wanted[position]
        url = resolve_control(self._base, track.control)
        setup = _SetUp(track, url, track.description, (2 * position, 2 * position + 1))
        if self._udp:
            first, second = self._ports[position]
            transport = f"RTP/AVP;unicast;client_port={first}-{second}"
        else:
            transport = f"RTP/AVP/TCP;unicast;interleaved={2 * position}-{2 * position + 1}"
        self._ask("SETUP", url, lambda response, _: self._handle_setup(setup, response), ("Transport", transport))

    def _handle_setup(self, setup: _SetUp, response: Response) -> None:
        if response.status >= 300:
            self._handle_refused_setup(response)
            return
        transport = parse_transport(response.headers.get("transport") or "RTP/AVP/TCP")
        if not self._udp and not transport.tcp and transport.server_ports is not None:
            self._fall_back_to_udp("the camera answered a request for TCP with UDP", response.status)
            return
        if transport.multicast:
            self._fail(Reason.TRANSPORT_REFUSED, "the camera insists on multicast", response.status)
            return
        self._take_session(response)
        if not self._udp and not self._assign_channels(setup, transport):
            return
        setup.transport = transport
        setup.description = replace(setup.description, ssrc=transport.ssrc)
        self._tracks.append(setup)
        self._continue_setup()

    def _take_session(self, response: Response) -> None:
        """Keep the first id; a later answer matters only if it names a timeout (PLAY often repeats the bare id)."""
        value = response.headers.get("session") or ""
        if self._session is None or "timeout" in value.lower():
            self._session = parse_session(value) or self._session

    def _assign_channels(self, setup: _SetUp, transport: Transport) -> bool:
        setup.channels = transport.channels or setup.channels
        if any(channel in self._channels for channel in setup.channels):
            self._fail(Reason.PROTOCOL_ERROR, f"the camera gave channel {setup.channels[0]} to two tracks")
            return False
        position = len(self._tracks)
        for channel, is_rtcp in ((setup.channels[1], True), (setup.channels[0], False)):
            self._channels[channel] = (position, is_rtcp)  # one number for both: RTP
            self._splitter.assign(channel)
        return True

    def _continue_setup(self) -> None:
        if len(self._tracks) < len(self._wanted):
            self._set_up_next()
        else:
            self._ask("PLAY", self._play_url(), self._handle_play, ("Range", "npt=0.000-"))

    def _handle_refused_setup(self, response: Response) -> None:
        if self._tracks:  # sound is refused: pictures are what matters
            self._wanted = self._wanted[: len(self._tracks)]
            self._continue_setup()
        elif response.status == 461 and not self._udp:
            self._fall_back_to_udp("the camera refuses TCP", response.status)
        else:
            self._fail_status("SETUP", response)

    def _fall_back_to_udp(self, detail: str, status: int) -> None:
        if self._options.transport == "tcp":
            self._fail(Reason.TRANSPORT_REFUSED, detail, status)
        else:
            self._session = None
            self._ask_for_ports()

    def _play_url(self) -> str:
        return resolve_control(self._base, self._control)

    def _handle_play(self, response: Response, now_s: float) -> None:
        if response.status >= 300:
            self._fail_status("PLAY", response)
            return
        self._take_session(response)
        infos = parse_rtp_info(response.headers.get("rtp-info") or "")
        matched = match_rtp_info(infos, tuple(setup.url for setup in self._tracks))
        tracks = tuple(_playing(setup, info) for setup, info in zip(self._tracks, matched, strict=True))
        self._state = _State.PLAYING
        self._announced = True
        self._events.append(Playing(tracks, self._udp))
        self._plan_keepalive()

    # -- while it plays

    def _plan_keepalive(self) -> None:
        timeout_s = self._session.timeout_s if self._session is not None else _MAX_KEEPALIVE_S * 2
        self._unasked = 0
        self._next_keepalive_s = self._now_s + min(timeout_s / 2, _MAX_KEEPALIVE_S)

    def _send_keepalive(self) -> None:
        """At most four are on their way: they expire after 10 s and are at least 2.5 s apart."""
        self._plan_keepalive()
        self._ask(self._keepalive_method, self._play_url(), self._handle_keepalive)

    def _handle_keepalive(self, response: Response, now_s: float) -> None:
        if response.status == 454:
            self._fail(Reason.ENDED, "the camera has forgotten the session", 454)
        elif response.status in _NOT_KNOWN and self._keepalive_method == "GET_PARAMETER":
            self._keepalive_method = "OPTIONS"
            self._send_keepalive()

    def _handle_teardown(self, response: Response, now_s: float) -> None:
        self._end(Closed())

    def _emit_frames(self, frames: list[tuple[int, list[memoryview]]]) -> None:
        if not self._announced:
            self._hold(frames)
            return
        batch = MediaBatch()
        for channel, packets in (*self._held, *frames):
            track, is_rtcp = self._channels[channel]
            (batch.rtcp if is_rtcp else batch.rtp).append((track, packets))
        self._held.clear()
        self._events.append(batch)

    def _hold(self, frames: list[tuple[int, list[memoryview]]]) -> None:
        """Keep copies of what comes before the answer to PLAY (several cameras): it begins with a key frame."""
        for channel, packets in frames:
            size = sum(map(len, packets))
            if self._held_bytes + size <= MAX_HELD_BYTES:
                self._held_bytes += size
                self._held.append((channel, [memoryview(bytes(packet)) for packet in packets]))

    # -- what the camera asks of us

    def _answer_request(self, request: Request) -> None:
        if request.method == "OPTIONS":
            self._out.append(build_response(200, "OK", request.cseq, (("Public", _OUR_METHODS),)))
        elif request.method in ("GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE", "PLAY_NOTIFY", "TEARDOWN", "REDIRECT"):
            self._out.append(build_response(200, "OK", request.cseq))
        else:
            self._out.append(build_response(501, "Not Implemented", request.cseq))
        if self._state is _State.OVER:
            return
        if request.method == "TEARDOWN":
            self._fail(Reason.ENDED, "the camera ended the session")
        elif request.method == "REDIRECT":
            self._end(Redirected(request.headers.get("location") or ""))


def _playing(setup: _SetUp, info: RtpInfo | None) -> PlayingTrack:
    return PlayingTrack(
        description=setup.description,
        sequence=info.sequence if info is not None else None,
        rtptime=info.rtptime if info is not None else None,
        server_ports=setup.transport.server_ports if setup.transport is not None else None,
        source=setup.transport.source if setup.transport is not None else None,
    )


_REASONS: Final = {
    401: Reason.WRONG_PASSWORD,
    403: Reason.WRONG_PASSWORD,
    404: Reason.NO_SUCH_PATH,
    410: Reason.NO_SUCH_PATH,
    453: Reason.CAMERA_BUSY,
    454: Reason.ENDED,
    461: Reason.TRANSPORT_REFUSED,
    503: Reason.CAMERA_BUSY,
}


def reason_of_status(status: int) -> Reason:
    """Say what a refusal means to the user; SERVER_ERROR for what is not in RFC 2326 or means nothing special."""
    return _REASONS.get(status, Reason.SERVER_ERROR)
