"""One RTSP connection: reads requests, answers them, starts and stops what is sent."""

import asyncio
import re
import socket
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from brightkitchen_sim.clock import Clock
from brightkitchen_sim.server.auth import Verdict
from brightkitchen_sim.server.camera import Camera, Stream
from brightkitchen_sim.server.message import Interleaved, ProtocolError, Request, RequestParser, build_response
from brightkitchen_sim.server.outlet import Outlet, SocketWriter, TcpOutlet, UdpOutlet
from brightkitchen_sim.server.session import Session

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
_QUERY_TRACK = re.compile(r"/trackID=\d{1,3}/?$")
_TRACK = re.compile(r"^(?P<base>.*?)/?(?:trackID=(?P<track>\d{1,3}))?/?$")
_READ_BYTES = 65536
_MAX_TRACK_PORT = 65535

Header = tuple[str, str]
Answer = tuple[int, list[Header], bytes]


class Host(Protocol):
    """What a connection needs of the server it came to."""

    clock: Clock
    each_packet: bool
    session_timeout_s: float
    host: str
    sessions: dict[str, Session]

    def find(self, path: str) -> tuple[Camera, Stream] | None:
        """Return what stands behind a path such as /main."""

    def forget(self, connection: "Connection") -> None: ...


class Connection:
    """Lives from accept until either side closes."""

    def __init__(self, host: Host, sock: socket.socket, peer: str) -> None:
        self._host = host
        self._sock = sock
        self._peer = peer
        self._parser = RequestParser()
        self._writer = SocketWriter(sock, self._on_closed)
        self._camera: Camera | None = None
        self._loop = asyncio.get_running_loop()
        self._handlers: dict[str, Callable[[Request, Camera, Stream, int | None], Answer]] = {
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "TEARDOWN": self._teardown,
            "GET_PARAMETER": self._keep_alive,
            "SET_PARAMETER": self._keep_alive,
        }
        self.sessions: dict[str, Session] = {}
        self.heard_s = host.clock.mono_s()
        self._loop.add_reader(sock.fileno(), self._on_readable)

    def close(self) -> None:
        self._writer.close()

    def finish(self) -> None:
        """Stop sending, let the client read what is under way, then say that nothing more comes."""
        for session in self.sessions.values():
            session.pause()
        self._writer.finish()

    def drop_after(self, duration_s: float) -> None:
        now_s = self._host.clock.mono_s()
        for session in self.sessions.values():
            if session.playing and session.played_at_s is not None:
                self._loop.call_later(max(0.0, session.played_at_s + duration_s - now_s), self._drop)

    @property
    def backlog_bytes(self) -> int:
        """What waits because the client does not read fast enough."""
        return self._writer.backlog_bytes

    def is_congested(self) -> bool:
        return not self._writer.has_room()

    def _drop(self) -> None:
        if self._camera is not None and "drop" in self._camera.faults.active:
            self.close()

    def _on_closed(self) -> None:
        for session in list(self.sessions.values()):
            self._end(session)
        if self._camera is not None:
            self._camera.connections.discard(self)
        self._host.forget(self)

    def _on_readable(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self.heard_s = self._host.clock.mono_s()
        try:
            items = self._parser.feed(data)
        except ProtocolError:
            self._writer.write(build_response(400, None))
            self.close()
            return
        for item in items:
            if self._writer.closed:
                return
            if isinstance(item, Interleaved):
                for session in self.sessions.values():
                    session.seen_s = self.heard_s
            else:
                self._answer(item)

    def _answer(self, request: Request) -> None:
        match = _TRACK.match(_path_of(request.url))
        found = self._host.find(match["base"]) if match is not None else None
        if found is not None and not self._attach(found[0]):
            return
        if self._camera is not None and self._camera.faults.no_answers:
            return
        cseq = request.headers.get("cseq")
        answer: Answer = 400, [], b""
        if cseq is not None:
            track_id = int(match["track"]) if match is not None and match["track"] else None
            answer = self._decide(request, found, track_id)
        status, headers, body = answer
        self._writer.write(build_response(status, cseq, headers, body))
        if request.method == "PLAY" and status == 200:
            self._start(request)

    def _attach(self, camera: Camera) -> bool:
        """Remember whose connection this is; False when the camera refuses all connections."""
        if "refuse" in camera.faults.active:
            self.close()
            return False
        if self._camera is None:
            self._camera = camera
            camera.connections.add(self)
        return True

    def _decide(self, request: Request, found: tuple[Camera, Stream] | None, track_id: int | None) -> Answer:
        if request.method == "OPTIONS":
            self._touch(request)
            return 200, [("Public", _METHODS)], b""
        handler = self._handlers.get(request.method)
        if handler is None:
            return 405, [("Allow", _METHODS)], b""
        if found is None:
            return 404, [], b""
        camera, stream = found
        verdict = camera.auth.check(request)
        if verdict is not Verdict.OK:
            return 401, camera.auth.build_challenges(stale=verdict is Verdict.STALE), b""
        return handler(request, camera, stream, track_id)

    def _describe(self, request: Request, camera: Camera, stream: Stream, track_id: int | None) -> Answer:
        base = request.url.rstrip("/") + "/"
        body = camera.build_description(stream)
        return 200, [("Content-Base", base), ("Content-Type", "application/sdp")], body

    def _setup(self, request: Request, camera: Camera, stream: Stream, track_id: int | None) -> Answer:
        track = stream.tracks().get(track_id) if track_id is not None else None
        if track is None or track_id is None:
            return 404, [], b""
        session = self._find_session(request)
        if session is None and "session" in request.headers:
            return 454, [], b""
        if session is not None and session.playing:
            return 455, [], b""
        for offer in request.headers.get("transport", "").split(","):
            opened = self._open(offer.strip(), track.channel)
            if opened is None:
                continue
            outlet, answer = opened
            on_connection = isinstance(outlet, TcpOutlet)
            if session is None:
                path = _path_of(request.url).rpartition("/")[0]
                session = Session(camera, stream, path, on_connection, self.heard_s)
                self.sessions[session.session_id] = self._host.sessions[session.session_id] = session
            session.on_connection = on_connection
            session.set_up(track_id, track, outlet)
            return 200, [("Transport", f"{answer};ssrc={track.ssrc:08X}"), self._session_header(session)], b""
        return 461, [], b""

    def _open(self, offer: str, default_channel: int) -> tuple[Outlet, str] | None:
        """Open the transport that one offer of a SETUP asks for; None when it is not one of ours."""
        parts = offer.split(";")
        values = {name.strip().lower(): value for name, _, value in (part.partition("=") for part in parts)}
        profile = parts[0].strip().upper()
        if profile == "RTP/AVP/TCP":
            pair = _read_pair(values.get("interleaved", f"{default_channel}-{default_channel + 1}"), 254)
            if pair is None:
                return None
            outlet = TcpOutlet(self._writer, pair[0], default_channel, each_packet=self._host.each_packet)
            return outlet, f"RTP/AVP/TCP;unicast;interleaved={pair[0]}-{pair[0] + 1}"
        if profile not in ("RTP/AVP", "RTP/AVP/UDP") or "multicast" in values:
            return None
        pair = _read_pair(values.get("client_port", ""), _MAX_TRACK_PORT)
        if pair is None or pair[0] == 0:
            return None
        udp = UdpOutlet(self._host.host, self._peer, pair, self._on_receiver_report)
        ports = f"client_port={pair[0]}-{pair[1]};server_port={udp.server_ports[0]}-{udp.server_ports[1]}"
        return udp, f"RTP/AVP;unicast;{ports}"

    def _on_receiver_report(self) -> None:
        for session in self.sessions.values():
            session.seen_s = self._host.clock.mono_s()

    def _play(self, request: Request, camera: Camera, stream: Stream, track_id: int | None) -> Answer:
        session = self._find_session(request)
        if session is None or not session.tracks:
            return 454, [], b""
        headers = [self._session_header(session), ("Range", "npt=now-")]
        if "no_rtp_info" not in camera.faults.active:
            headers.append(("RTP-Info", _build_rtp_info(request, session, self._host.clock.mono_s())))
        return 200, headers, b""

    def _start(self, request: Request) -> None:
        """Begin to send, after the answer has gone out."""
        session = self._find_session(request)
        if session is None or self._writer.closed:
            return
        session.play(self._host.clock.mono_s())
        drop = session.camera.faults.active.get("drop")
        if drop is not None:
            self.drop_after(float(drop))

    def _pause(self, request: Request, camera: Camera, stream: Stream, track_id: int | None) -> Answer:
        session = self._find_session(request)
        if session is None:
            return 454, [], b""
        session.pause()
        return 200, [self._session_header(session)], b""

    def _teardown(self, request: Request, camera: Camera, stream: Stream, track_id: int | None) -> Answer:
        session = self._find_session(request)
        if session is None:
            return 454, [], b""
        self._end(session)
        return 200, [], b""

    def _keep_alive(self, request: Request, camera: Camera, stream: Stream, track_id: int | None) -> Answer:
        if "session" not in request.headers:
            return 200, [], b""
        session = self._find_session(request)
        return (454, [], b"") if session is None else (200, [self._session_header(session)], b"")

    def _find_session(self, request: Request) -> Session | None:
        session_id = request.headers.get("session", "").partition(";")[0].strip()
        session = self._host.sessions.get(session_id)
        if session is None:
            return None
        if session_id not in self.sessions:
            if session.on_connection:  # another connection's packets are not this one's to command
                return None
            self.sessions[session_id] = session
        session.seen_s = self.heard_s
        return session

    def _touch(self, request: Request) -> None:
        if "session" in request.headers:
            self._find_session(request)

    def _session_header(self, session: Session) -> Header:
        return "Session", f"{session.session_id};timeout={self._host.session_timeout_s:g}"

    def _end(self, session: Session) -> None:
        self.sessions.pop(session.session_id, None)
        if self._host.sessions.pop(session.session_id, None) is not None:
            session.end()


def _build_rtp_info(request: Request, session: Session, now_s: float) -> str:
    """Name each track's first packet, and what its timestamp is at one instant that is the same for all (RFC 2326 §12.33)."""
    base = request.url.rstrip("/")
    return ",".join(
        f"url={base}/trackID={number};seq={item.track.next_sequence()};rtptime={item.track.timestamp_at(now_s)}"
        for number, item in sorted(session.tracks.items())
    )


def _path_of(url: str) -> str:
    """Return the path; a query is what the camera was given, and clients put the track behind it."""
    parts = urlsplit(url)
    track = _QUERY_TRACK.search(parts.query)
    return parts.path + (track[0] if track is not None else "")


def _read_pair(text: str, maximum: int) -> tuple[int, int] | None:
    first, _, second = text.partition("-")
    if not first.isdigit() or (second and not second.isdigit()):
        return None
    pair = int(first), int(second) if second else int(first) + 1
    return pair if max(pair) <= maximum + 1 and pair[0] <= maximum else None
