"""A TCP port with one camera behind it, or with many on different paths."""

import asyncio
import socket

from brightkitchen_sim.clock import Clock
from brightkitchen_sim.server.camera import Camera, Stream
from brightkitchen_sim.server.connection import Connection
from brightkitchen_sim.server.session import REPORT_INTERVAL_S, Session
from brightkitchen_sim.server.track import Track

_ACCEPT_BATCH = 64
_BACKLOG = 512
_IDLE_TIMEOUT_S = 120.0
_CONGESTED_TIMEOUT_S = 15.0
_HOUSEKEEPING_S = 1.0
_MAX_CONNECTIONS = 2000


class Listener:
    """each_packet: write each RTP packet by itself, as most cameras do; otherwise a frame at once.

    session_timeout_s: a session that says nothing for so long is ended, with its connection.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        each_packet: bool = True,
        session_timeout_s: float = 60.0,
    ) -> None:
        self.clock = clock
        self.host = host
        self.port = port
        self.each_packet = each_packet
        self.session_timeout_s = session_timeout_s
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self._paths: dict[str, tuple[Camera, Stream]] = {}
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reported_s = 0.0
        self._congested_since_s: dict[Connection, float] = {}

    def add_camera(self, camera: Camera, prefix: str = "") -> None:
        """Serve the camera's streams at PREFIX/main and PREFIX/sub, and the main one at PREFIX too if there is one."""
        for name, stream in camera.streams.items():
            self._paths[f"{prefix}/{name}"] = camera, stream
        if prefix:
            self._paths[prefix] = camera, camera.streams["main"]
        else:
            camera.on_refuse = self._refuse

    def open(self) -> None:
        """Begin to listen. Raises OSError when the port is taken."""
        self._listen()
        self._reported_s = self.clock.mono_s()
        self._timer = asyncio.get_running_loop().call_later(_HOUSEKEEPING_S, self._keep_house)

    def close(self) -> None:
        """Close the port and every connection."""
        self._stop_listening()
        if self._timer is not None:
            self._timer.cancel()
        for connection in list(self.connections):
            connection.close()
        for session in list(self.sessions.values()):
            session.end()
        self.sessions.clear()

    def finish(self) -> None:
        """Close the port; let every client read what is under way."""
        self._stop_listening()
        for connection in list(self.connections):
            connection.finish()

    def find(self, path: str) -> tuple[Camera, Stream] | None:
        return self._paths.get(path)

    def forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._congested_since_s.pop(connection, None)

    def _listen(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((self.host, self.port))
            sock.listen(_BACKLOG)
        except OSError:
            sock.close()
            raise
        self.port = int(sock.getsockname()[1])
        self._socket = sock
        asyncio.get_running_loop().add_reader(sock.fileno(), self._accept)

    def _stop_listening(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _refuse(self, refuses: bool) -> None:
        if refuses:
            self._stop_listening()
        elif self._socket is None:
            self._listen()

    def _accept(self) -> None:
        for _ in range(_ACCEPT_BATCH):
            if self._socket is None:
                return
            try:
                sock, address = self._socket.accept()
            except OSError:
                return
            if len(self.connections) >= _MAX_CONNECTIONS:
                sock.close()
                continue
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.add(Connection(self, sock, address[0]))

    def _keep_house(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_HOUSEKEEPING_S, self._keep_house)
        now_s = self.clock.mono_s()
        for session in list(self.sessions.values()):
            if now_s - session.seen_s > self.session_timeout_s:
                self._expire(session)
        for connection in list(self.connections):
            if not connection.sessions and now_s - connection.heard_s > _IDLE_TIMEOUT_S:
                connection.close()
            elif not connection.is_congested():
                self._congested_since_s.pop(connection, None)
            elif now_s - self._congested_since_s.setdefault(connection, now_s) > _CONGESTED_TIMEOUT_S:
                connection.close()
        all_due = now_s - self._reported_s >= REPORT_INTERVAL_S
        if all_due:
            self._reported_s = now_s
        self._send_reports([session for session in self.sessions.values() if all_due or not session.reported])

    def _send_reports(self, sessions: list[Session]) -> None:
        """Send sender reports: to a new session within a second, then to all every few seconds."""
        tracks: dict[int, Track] = {}
        for session in sessions:
            if session.playing:
                session.reported = True
                tracks |= {id(item.track): item.track for item in session.tracks.values()}
        for track in tracks.values():
            track.send_report()

    def _expire(self, session: Session) -> None:
        for connection in list(self.connections):
            if session.session_id in connection.sessions:
                connection.close()
        if self.sessions.pop(session.session_id, None) is not None:
            session.end()
