"""Around a real `RtspSource`: a sink that remembers, a receiver that knows only markers, and a scripted camera."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from tests.unit.wire.rtsp.pure_camera import PureCamera

from brightkitchen.devices.ports import ProbeResult, StreamAddress
from brightkitchen.devices.rtsp.environment import FormatChange, ReceiverFactory, ReceiverNote, RtspEnvironment
from brightkitchen.devices.rtsp.probe import probe
from brightkitchen.kernel.cameraspec import Credential
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import Clock, SystemClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.ids import Profile
from brightkitchen.kernel.netguard import AllowedEndpoint, GuardPolicy, NetGuard, parse_endpoint
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AccessUnit, AudioFormat, Codec, Format
from brightkitchen.wire.rtp.description import TrackDescription

WAIT_S = 8.0
USER, PASSWORD = "viewer", "s3cret-Pa55"


class MarkerReceiver:
    """A unit for each RTP packet with the marker bit; gaps in sequence numbers are losses."""

    def __init__(self, tracks: Sequence[TrackDescription], udp: bool) -> None:
        self.tracks = tracks
        self.changes: list[FormatChange] = []
        self.notes: list[ReceiverNote] = []
        self.packets_received = 0
        self.packets_lost = 0
        self._next: dict[int, int] = {}

    def receive_rtp(self, track: int, packets: Sequence[memoryview], received_at: Utc) -> list[AccessUnit]:
        for packet in packets:
            number = int.from_bytes(packet[2:4])
            self.packets_lost += (number - self._next.get(track, number)) & 0xFFFF
            self._next[track] = number + 1
        if not self.packets_received:  # all are known at once: the start gate has nothing to wait for
            self.changes += [_Change(0, about.track, sound(8000)) for about in self.tracks]
        self.packets_received += len(packets)
        return [AccessUnit(track, 0, bytes(p), True, received_at) for p in packets if p[1] & 0x80]

    @property
    def clock_drift_us(self) -> int | None:
        return None

    def receive_rtcp(self, track: int, packet: memoryview, received_at: Utc) -> None:
        return None

    def set_rtp_info(self, track: int, sequence: int | None, rtptime: int | None) -> None:
        return None

    def build_report(self, track: int, received_at: Utc) -> bytes:
        return b"\x80\xc9\x00\x01\x00\x00\x00\x01"


class ChangingReceiver(MarkerReceiver):
    """Announces a format before the first unit and another before the third of the first read."""

    def receive_rtp(self, track: int, packets: Sequence[memoryview], received_at: Utc) -> list[AccessUnit]:
        first = self.packets_received == 0
        units = super().receive_rtp(track, packets, received_at)
        if first:
            self.changes = [_Change(0, track, sound(8000)), _Change(2, track, sound(16_000))]
        return units


class NotingReceiver(MarkerReceiver):
    """Notes a foreign codec when a packet of 50 bytes comes."""

    def receive_rtp(self, track: int, packets: Sequence[memoryview], received_at: Utc) -> list[AccessUnit]:
        if any(len(packet) == 50 for packet in packets):
            self.notes.append(_Note("codec_differs", "another codec than described"))
        return super().receive_rtp(track, packets, received_at)


class _Note:
    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail


class _Change:
    def __init__(self, index: int, track: int, format: Format) -> None:
        self.index, self.track, self.format = index, track, format


def sound(rate_hz: int) -> AudioFormat:
    return AudioFormat(Codec.PCMA, rate_hz, 1, "pcma")


class MemorySink:
    """Remembers everything; `until` waits for a condition."""

    def __init__(self) -> None:
        self.states: list[tuple[CameraState, Reason | None]] = []
        self.details: list[str] = []
        self.units: list[AccessUnit] = []
        self.log: list[str] = []
        self._changed = asyncio.Event()

    def on_connected(self) -> None:
        self.log.append("connected")
        self._changed.set()

    def on_format(self, track: int, format: Format) -> None:
        self.log.append(f"format {format.sample_rate_hz if isinstance(format, AudioFormat) else format.codec_string}")

    def on_units(self, units: list[AccessUnit]) -> None:
        self.units += units
        self.log.append(f"units {len(units)}")
        self._changed.set()

    def on_state(self, state: CameraState, reason: Reason | None, detail: str) -> None:
        self.states.append((state, reason))
        self.details.append(detail)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_state(self, state: CameraState, reason: Reason | None = None) -> None:
        await self.until(lambda: bool(self.states) and self.states[-1] == (state, reason))


def environment(*ports: int, clock: Clock | None = None, receiver: ReceiverFactory = MarkerReceiver) -> RtspEnvironment:
    """Loopback is allowed for these ports alone."""
    allowed: tuple[AllowedEndpoint, ...] = tuple(parse_endpoint(f"127.0.0.1:{port}") for port in ports)
    return RtspEnvironment(
        guard=NetGuard(GuardPolicy(allow_endpoints=allowed)),
        clock=clock or SystemClock(),
        entropy=SeededEntropy(1),
        receiver=receiver,
    )


def address(
    port: int, path: str = "/p", *, transport: str = "auto", password: str | None = PASSWORD, host: str = "127.0.0.1"
) -> StreamAddress:
    login = None if password is None else Credential(camera="cam_1", host=host, username=USER, password=password)
    return StreamAddress("cam_1", Profile.MAIN, host, port, False, path, transport, True, False, login)


class ScriptedCamera:
    """A TCP server that answers like the `PureCamera` in memory and sends frames when the test says so."""

    def __init__(self, pure: PureCamera) -> None:
        self.pure = pure
        self.port = 0
        self.connections = 0
        self.received = bytearray()
        self._writers: list[asyncio.StreamWriter] = []
        self._serving: list[asyncio.Future[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._serving.append(ended)
        pending = b""
        try:
            while data := await reader.read(65536):
                self.received += data
                pending += data
                head, found, pending = pending.rpartition(b"\r\n\r\n")
                if found:
                    writer.write(self.pure.receive(_without_frames(head) + found))
        except ConnectionError:
            return
        finally:
            writer.close()
            self._serving.remove(ended)
            ended.set_result(None)

    def send(self, data: bytes) -> None:
        self._writers[-1].write(data)

    async def close(self) -> None:
        """Close what is still open and wait until each connection's reader has ended."""
        for writer in self._writers:
            writer.close()
        async with asyncio.timeout(WAIT_S):
            while self._serving:
                await asyncio.wait({self._serving[0]})

    def hang_up(self) -> None:
        self._writers[-1].close()


def _without_frames(data: bytes) -> bytes:
    """Drop interleaved reports that stand before a request."""
    while data[:1] == b"$":
        data = data[4 + int.from_bytes(data[2:4]) :]
    return data


@asynccontextmanager
async def scripted_camera(
    pure: PureCamera | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedCamera]:
    camera = ScriptedCamera(pure or PureCamera())
    server = await asyncio.start_server(camera.serve, "127.0.0.1", 0, ssl=tls)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        server.close()
        await camera.close()
        await server.wait_closed()


def picture(number: int, size_bytes: int = 200) -> bytes:
    """One interleaved RTP packet of the first track that completes a picture."""
    payload = b"\x80\xe0" + (number & 0xFFFF).to_bytes(2) + bytes(size_bytes)
    return b"$\x00" + len(payload).to_bytes(2) + payload


async def probe_with(env: RtspEnvironment, where: StreamAddress, timeout_s: float = 10.0) -> ProbeResult:
    """Probe with the parts of `env`."""
    return await probe(
        where, guard=env.guard, clock=env.clock, entropy=env.entropy, receiver=env.receiver, timeout_s=timeout_s
    )
