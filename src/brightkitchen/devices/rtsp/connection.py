"""One connection to one camera: sockets and timers round `wire.rtsp.session`. Lives once, from connect to the end."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from brightkitchen.devices.ports import MediaSink, SourceCounters, StreamAddress
from brightkitchen.devices.rtsp.environment import FormatChanges, MediaReceiver, RtspEnvironment
from brightkitchen.devices.rtsp.startgate import StartGate
from brightkitchen.devices.rtsp.udp import UdpPair
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.errors import BrightKitchenError, TheirError
from brightkitchen.kernel.netguard import Endpoint
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit
from brightkitchen.wire.digest import Login
from brightkitchen.wire.rtsp.session import (
    Closed,
    Described,
    Failed,
    MediaBatch,
    Playing,
    PortsNeeded,
    Redirected,
    RtspSession,
    SessionOptions,
)

CONNECT_TIMEOUT_S: Final = 5.0
HANDSHAKE_TIMEOUT_S: Final = 15.0  # a camera that dawdles keeps a place in the connect gate
CHECK_INTERVAL_S: Final = 5.0
SILENCE_S: Final = 10.0
SECOND_LOOK_S: Final = 1.0
CLOSE_TIMEOUT_S: Final = 1.0
MAX_LOSS_RATIO: Final = 0.01
MIN_LOW_WATER_BYTES: Final = 4096
_MAX_UNSENT_BYTES: Final = 64 * 1024

_DEGRADING_NOTES: Final = {"codec_differs": Reason.FORMAT_MISMATCH, "timestamp_jump": Reason.TIMESTAMP_JUMP}

StateHandler = Callable[[CameraState, Reason | None, str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why a connection is over. was_live: a picture came. redirect: where the camera sent us, unchecked."""

    reason: Reason
    detail: str
    was_live: bool = False
    redirect: str | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """The counters as they were at one moment."""

    at_s: float
    bytes_received: int
    packets_received: int
    packets_lost: int


class RtspConnection(asyncio.BufferedProtocol):
    """Connects, plays, feeds the sink; `run` returns when it is over. See `Outcome`."""

    def __init__(
        self,
        address: StreamAddress,
        sink: MediaSink,
        environment: RtspEnvironment,
        counters: SourceCounters,
        on_state: StateHandler,
    ) -> None:
        self._address = address
        self._sink = sink
        self._env = environment
        self._counters = counters
        self._on_state = on_state
        self._session = RtspSession(_options(address), _login(address), cnonce=environment.entropy.token_bytes(16))
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._peer = ""
        self._done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._settled = asyncio.Event()  # it plays, or it is over
        self._is_playing = False
        self._gone = asyncio.Event()
        self._receiver: MediaReceiver | None = None
        self._gate: StartGate | None = None
        self._track_count = 0
        self._pairs: list[UdpPair] = []
        self._udp = False
        self._low_latency = False
        self._mark = 1
        self._last_bytes_s = 0.0
        self._last_picture_s = 0.0
        self._next_check_s = 0.0
        self._looked_again = False
        self._last_look = _Look(0.0, 0, 0, 0)
        self._rate_bytes_s = 0.0
        self._loss_ratio = 0.0
        self._notes_seen = 0
        self._state: CameraState = CameraState.CONNECTING
        self.server = ""

    # -- life

    async def run(self) -> Outcome:
        """Return when the connection is over; a cancelled run says TEARDOWN first."""
        keeper: asyncio.Task[None] | None = None
        try:
            async with self._env.limiter:
                outcome = await self._connect()
                if outcome is not None:
                    return outcome
                keeper = asyncio.create_task(self._keep())
                await self._wait_for_play()
            return await self._done
        finally:
            if keeper is not None:
                keeper.cancel()
            await self._close()

    async def _wait_for_play(self) -> None:
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                await self._settled.wait()
        except TimeoutError:
            self._finish(Reason.SERVER_ERROR, "the camera takes too long to answer")

    async def _connect(self) -> Outcome | None:
        address = self._address
        try:
            endpoint = await self._env.guard.check_address(address.host, address.port)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._open(endpoint)
        except BrightKitchenError as cause:
            known = cause.code == "camera.address_not_allowed"
            return Outcome(Reason.ADDRESS_NOT_ALLOWED if known else Reason.HOST_UNKNOWN, str(cause))
        except ConnectionRefusedError:
            return Outcome(Reason.PORT_CLOSED, f"port {address.port} refuses the connection")
        except OSError as cause:  # also ssl.SSLError and TimeoutError
            if self._peer:
                return Outcome(Reason.NOT_RTSP, f"something listens, but it does not speak TLS: {type(cause).__name__}")
            words = "no answer" if isinstance(cause, TimeoutError) else cause.strerror or type(cause).__name__
            return Outcome(Reason.HOST_UNREACHABLE, f"cannot connect: {words}")
        return None

    async def _open(self, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, (endpoint.address, endpoint.port))
            self._peer = endpoint.address
            self._socket = sock
            tls = self._env.tls if self._address.tls else None
            name = self._address.host if self._address.tls else None
            await loop.create_connection(lambda: self, sock=sock, ssl=tls, server_hostname=name)
        except BaseException:
            self._socket = None
            sock.close()
            raise

    async def _close(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._set_mark(1)
            self._session.close(self._env.clock.mono_s())
            self._drain()
            if self._session.is_closing:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_TIMEOUT_S):
                        await self._gone.wait()
            self._transport.close()
        for pair in self._pairs:
            pair.close()
        self._pairs.clear()
        self._socket = None

    def why_no_picture(self) -> tuple[Reason, str]:
        """Say what the connection is waiting for; for a caller that waits no longer."""
        if not self._peer:
            return Reason.HOST_UNREACHABLE, "no answer to the connection"
        if not self._session.has_spoken:
            return Reason.NOT_RTSP, "connected, but nothing answers"
        if not self._is_playing:
            return Reason.SERVER_ERROR, "the camera takes too long to answer"
        if self._counters.packets_received:
            return Reason.FORMAT_MISMATCH, "packets arrive, but no picture can be made of them"
        return Reason.NO_PACKETS, "PLAY was answered, but nothing arrives"

    def _finish(self, reason: Reason, detail: str, redirect: str | None = None) -> None:
        if not self._done.done():
            was_live = self._state is not CameraState.CONNECTING
            self._done.set_result(Outcome(reason, detail, was_live, redirect))
            self._settled.set()

    # -- asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, of the same shape
        now_s = self._env.clock.mono_s()
        self._last_bytes_s = self._last_picture_s = now_s
        self._session.start(now_s)
        self._drain()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._env.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        now_s = self._env.clock.mono_s()
        self._last_bytes_s = now_s
        self._counters.bytes_received += nbytes
        try:
            self._session.receive(self._env.read_buffer[:nbytes], now_s)
            self._drain()
        except TheirError as cause:
            self._finish(Reason.PROTOCOL_ERROR if self._session.has_spoken else Reason.NOT_RTSP, str(cause))

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()
        if self._session.has_spoken:
            self._finish(Reason.ENDED, "the camera closed the connection")
        else:
            self._finish(Reason.NOT_RTSP, "the connection was closed without an answer")

    # -- the session's events

    def _drain(self) -> None:
        while (event := self._session.next_event()) is not None:
            if type(event) is MediaBatch:
                self._on_batch(event)
            elif isinstance(event, Failed):
                self._finish(event.reason, event.detail)
            elif isinstance(event, Redirected):
                self._finish(Reason.SERVER_ERROR, "the camera sends us elsewhere", event.url)
            elif isinstance(event, Closed):
                self._gone.set()
            elif isinstance(event, PortsNeeded):
                self._on_ports_needed(event)
            elif isinstance(event, Described):
                self.server = event.server
            elif isinstance(event, Playing):
                self._on_playing(event)
        self._flush()

    def _flush(self) -> None:
        data = self._session.to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
                self._finish(Reason.ENDED, "the camera does not read what we send")

    def _on_ports_needed(self, event: PortsNeeded) -> None:
        sock = self._socket
        if sock is None:
            return
        local = str(sock.getsockname()[0])
        try:
            for _ in range(event.count):
                self._pairs.append(UdpPair.open(local, self._env.entropy, self._env.read_buffer))
        except OSError as cause:
            self._finish(Reason.TRANSPORT_REFUSED, f"no UDP ports here: {cause}")
            return
        self._session.use_ports(tuple(pair.ports for pair in self._pairs), self._env.clock.mono_s())

    def _on_playing(self, event: Playing) -> None:
        receiver = self._env.receiver([track.description for track in event.tracks], event.udp)
        self._receiver = receiver
        self._gate = StartGate(len(event.tracks))
        self._track_count = len(event.tracks)
        self._udp = event.udp
        for position, track in enumerate(event.tracks):
            receiver.set_rtp_info(position, track.sequence, track.rtptime)
        if event.udp and not self._start_udp(event):
            return
        now_s = self._env.clock.mono_s()
        self._last_bytes_s = self._last_picture_s = now_s
        self._next_check_s = now_s + CHECK_INTERVAL_S
        self._last_look = _Look(now_s, self._counters.bytes_received, 0, 0)
        self._sink.on_connected()
        self._is_playing = True
        self._settled.set()

    def _start_udp(self, event: Playing) -> bool:
        for position, (pair, track) in enumerate(zip(self._pairs, event.tracks, strict=False)):
            source = track.source if track.source is not None and _is_ip(track.source) else self._peer
            port = track.server_ports[0] if track.server_ports is not None else self._address.port
            if source != self._peer and not self._env.guard.decide_text(source, port):
                self._finish(Reason.ADDRESS_NOT_ALLOWED, "the camera names a source that is not allowed")
                return False
            pair.start(source, track.server_ports, self._rtp_handler(position), self._rtcp_handler(position))
        return True

    def _rtp_handler(self, position: int) -> Callable[[list[memoryview]], None]:
        def on_packets(packets: list[memoryview]) -> None:
            self._last_bytes_s = self._env.clock.mono_s()
            self._counters.bytes_received += sum(map(len, packets))
            batch = MediaBatch()
            batch.rtp.append((position, packets))
            self._on_batch(batch)

        return on_packets

    def _rtcp_handler(self, position: int) -> Callable[[list[memoryview]], None]:
        def on_packets(packets: list[memoryview]) -> None:
            batch = MediaBatch()
            batch.rtcp.append((position, packets))
            self._on_batch(batch)

        return on_packets

    # -- media

    def _on_batch(self, batch: MediaBatch) -> None:
        receiver = self._receiver
        if receiver is None or self._done.done():
            return
        now_at = self._env.clock.utc()
        for track, packets in batch.rtp:
            units = receiver.receive_rtp(track, packets, now_at)
            self._deliver(receiver, units)
            if units and track == VIDEO_TRACK:
                self._counters.frames += len(units)
                self._last_picture_s = self._last_bytes_s
                if self._state is CameraState.CONNECTING:
                    self._enter(CameraState.LIVE, None, "")
        for track, packets in batch.rtcp:
            for packet in packets:
                receiver.receive_rtcp(track, packet, now_at)
        self._counters.packets_received = receiver.packets_received
        self._counters.packets_lost = receiver.packets_lost
        self._counters.clock_drift_us = receiver.clock_drift_us

    def _deliver(self, receiver: MediaReceiver, units: list[AccessUnit]) -> None:
        changes = receiver.changes
        if self._gate is not None and self._hold(self._gate, changes, units):
            return
        if changes:
            start = 0
            for change in changes:
                if change.index > start:
                    self._sink.on_units(units[start : change.index])
                    start = change.index
                self._sink.on_format(change.track, change.format)
            changes.clear()
            units = units[start:]
        if units:
            self._sink.on_units(units)

    def _hold(self, gate: StartGate, changes: FormatChanges, units: list[AccessUnit]) -> bool:
        """True if the gate took these units; what it lets through goes on at once."""
        told = [(change.track, change.format) for change in changes]
        contradicted = gate.is_contradicted(told)
        held = gate.open() if contradicted else gate.take(told, units, self._env.clock.mono_s())
        if not contradicted:
            changes.clear()
        if held is not None:
            self._gate = None
            for track, form in sorted(held.formats.items()):
                self._sink.on_format(track, form)
            if held.units:
                self._sink.on_units(held.units)
        return not contradicted

    def _enter(self, state: CameraState, reason: Reason | None, detail: str) -> None:
        self._state = state
        self._on_state(state, reason, detail)

    # -- time

    async def _keep(self) -> None:
        """Drive the session's timers, watch for silence and loss, send reports; until cancelled."""
        clock = self._env.clock
        while not self._done.done():
            now_s = clock.mono_s()
            due_s = now_s + SECOND_LOOK_S
            if self._is_playing:
                due_s = self._next_check_s
                timer_s = self._session.timer()
                if timer_s is not None:
                    due_s = min(due_s, timer_s)
            await clock.sleep(max(due_s - now_s, 0.01))
            self._tick(clock.mono_s())

    def _tick(self, now_s: float) -> None:
        timer_s = self._session.timer()
        if timer_s is not None and timer_s <= now_s:
            self._session.handle_timer(now_s)
            self._drain()
        if self._is_playing and now_s >= self._next_check_s:
            self._next_check_s = now_s + CHECK_INTERVAL_S
            self._take_look(now_s)
            self._check_silence(now_s)
            self._check_quality()
            self._send_reports()
            self._apply_mark()

    def _take_look(self, now_s: float) -> None:
        counters, before = self._counters, self._last_look
        look = _Look(now_s, counters.bytes_received, counters.packets_received, counters.packets_lost)
        received = look.packets_received - before.packets_received
        lost = max(look.packets_lost - before.packets_lost, 0)
        self._loss_ratio = lost / (received + lost) if received + lost else 0.0
        self._rate_bytes_s = (look.bytes_received - before.bytes_received) / max(now_s - before.at_s, 0.001)
        self._last_look = look

    def _check_silence(self, now_s: float) -> None:
        silent_s = now_s - self._last_picture_s
        if silent_s < SILENCE_S:
            self._looked_again = False
            return
        if self._mark > 1 and not self._looked_again:  # perhaps the kernel holds back what came
            self._looked_again = True
            self._set_mark(1)
            self._next_check_s = now_s + SECOND_LOOK_S
            return
        if now_s - self._last_bytes_s < SILENCE_S:
            self._finish(Reason.FORMAT_MISMATCH, f"bytes arrive, but no picture for {silent_s:.0f} s")
        else:
            self._finish(Reason.NO_PACKETS, f"nothing arrived for {silent_s:.0f} s")

    def _check_quality(self) -> None:
        """LIVE or DEGRADED, by the interval that has just ended."""
        if self._state is CameraState.CONNECTING or self._receiver is None:
            return
        fresh = self._receiver.notes[self._notes_seen :]
        self._notes_seen += len(fresh)
        told = next((note for note in fresh if note.code in _DEGRADING_NOTES), None)
        if told is not None:
            self._enter(CameraState.DEGRADED, _DEGRADING_NOTES[told.code], told.detail)
        elif self._loss_ratio > MAX_LOSS_RATIO:
            self._enter(CameraState.DEGRADED, Reason.PACKET_LOSS, f"{self._loss_ratio:.1%} of the packets are missing")
        elif self._state is CameraState.DEGRADED:
            self._enter(CameraState.LIVE, None, "")

    def _send_reports(self) -> None:
        receiver = self._receiver
        if receiver is None:
            return
        now_at = self._env.clock.utc()
        for position in range(self._track_count):
            report = receiver.build_report(position, now_at)
            if self._udp:
                self._pairs[position].send_rtcp(report)
            else:
                self._session.send_rtcp(position, report)
        self._flush()

    # -- low-water mark

    def set_low_latency(self, wanted: bool) -> None:
        """True: deliver each packet at once. False: let the kernel collect up to about one second."""
        self._low_latency = wanted
        self._apply_mark()

    def _apply_mark(self) -> None:
        """Choose the mark from the last look's rate, so that a slow stream is held back by a second at most."""
        mark = min(self._env.low_water_bytes, int(self._rate_bytes_s))
        immediate = self._low_latency or self._udp or self._looked_again or mark < MIN_LOW_WATER_BYTES
        self._set_mark(1 if immediate else mark)

    def _set_mark(self, mark: int) -> None:
        if self._socket is None or mark == self._mark:
            return
        with contextlib.suppress(OSError):  # the socket may have been closed under us: then nothing is held back
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, mark)
            self._mark = mark


def _is_ip(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, text)
            return True
    return False


def _options(address: StreamAddress) -> SessionOptions:
    host = f"[{address.host}]" if ":" in address.host else address.host
    default_port = 322 if address.tls else 554
    port = "" if address.port == default_port else f":{address.port}"
    return SessionOptions(
        url=f"{'rtsps' if address.tls else 'rtsp'}://{host}{port}{address.path}",
        transport=address.transport,
        want_audio=address.want_audio,
        basic_allowed=address.allow_basic or address.tls,
    )


def _login(address: StreamAddress) -> Login | None:
    """Return the log-in if it may be said to this host."""
    credential = address.credential
    if credential is None or credential.host != address.host or not (credential.username or credential.password):
        return None
    return Login(credential.username, credential.password)
