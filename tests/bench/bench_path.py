"""From the bytes of a read to the buffers for the disk, without sockets and files: `python -m tests.bench.bench_path [cameras] [seconds]`.

Always the same bytes, in reads of 256 KiB as a low-water mark brings them: what a change of the hot path gives can be told here to
one or two per cent on a machine where `make bench` varies by a fifth. Compare two checkouts by turns, several runs each, and take the
least: CPU ms per camera-second. The digest is of all bytes that would be written; it stays what it was unless the change means to.

Each camera: 2 Mbit/s, 25 fps, a key frame each 2 s, two slices a picture in packets of 1400 bytes; G.711 in 20 ms packets.
"""

import asyncio
import hashlib
import sys
from time import process_time
from typing import Final, cast

from tests.bench.bench_depacketise import PPS, SPS
from tests.media_synthetic import HandSources, key_of
from tests.unit.wire.rtp.packetiser import Sender, h264_payloads
from tests.unit.wire.rtsp.pure_camera import PureCamera

from brightkitchen.bootstrap.node import calm_collector
from brightkitchen.devices.ports import SourceCounters, StreamAddress
from brightkitchen.devices.rtsp.connection import RtspConnection
from brightkitchen.devices.rtsp.environment import RtspEnvironment
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.ids import Profile
from brightkitchen.kernel.netguard import GuardPolicy, NetGuard
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.store.appender import WriteFailure
from brightkitchen.media.store.commands import Append, AppendAudio, Command
from brightkitchen.wire.fmp4 import writer

READ_BYTES: Final = 256 * 1024
FPS, GOP = 25, 50
ADDRESS: Final = StreamAddress("cam", Profile.MAIN, "127.0.0.1", 554, False, "/p", "tcp", True, False, None)


def build_stream(seconds: int) -> bytes:
    """Return what a camera sends after PLAY: interleaved frames, RTP of video on channel 0, of sound on channel 2."""
    video, audio, frames = Sender(ssrc=0xAA), Sender(sequence=7, payload_type=8, ssrc=0xBB), bytearray()
    for number in range(seconds * FPS):
        size_bytes = 30_000 if number % GOP == 0 else 8_500
        nals = [b"\x65\x88", b"\x65\x41"] if number % GOP == 0 else [b"\x41\x9a", b"\x41\x52"]
        slices = [nals[0] + b"\x11" * size_bytes, nals[1] + b"\x22" * 500]
        pictures = video.send(h264_payloads([SPS, PPS, *slices] if number % GOP == 0 else slices), number * 3600)
        sounds = [audio.send([b"\xd5" * 160], (2 * number + half) * 160, marker=False)[0] for half in range(2)]
        for channel, packets in ((0, pictures), (2, sounds)):
            for packet in packets:
                frames += b"$" + bytes((channel,)) + len(packet).to_bytes(2) + packet
    return bytes(frames)


class PaperStore:
    """Takes what the recorder hands over, as if written at once."""

    queued_bytes, has_room, can_write, is_making_room, is_alive = 0, True, True, False, True

    def __init__(self) -> None:
        self.is_reading = False
        self.digest = hashlib.sha256()
        self.frames = 0

    def submit(self, commands: list[Command], size_bytes: int) -> None:
        for command in commands:
            self.frames += command.frames if isinstance(command, Append) else 0
            if self.is_reading and isinstance(command, Append | AppendAudio):
                self.digest.update(b"".join(command.buffers))

    def take_failures(self) -> list[WriteFailure]:
        return []


class PureTransport:
    """Carries requests to a camera in memory, and keeps its answers until the connection can take them."""

    def __init__(self) -> None:
        self.camera, self.answers = PureCamera(), [b""]

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        self.answers.append(self.camera.receive(data))


async def run(cameras: int, stream: bytes, seconds: int, *, is_reading: bool) -> tuple[float, PaperStore]:
    """Return the CPU seconds of all cameras together and where their recordings went."""
    clock, entropy, store = ManualClock(), SeededEntropy(), PaperStore()
    store.is_reading = is_reading
    supervisor = Supervisor(clock, entropy)
    hub, recorder = (
        Hub(clock=clock, entropy=entropy, supervisor=supervisor),
        Recorder(store, writer, clock=clock, entropy=entropy),
    )
    environment = RtspEnvironment(NetGuard(GuardPolicy()), clock, entropy)
    connections: list[RtspConnection] = []
    for number in range(cameras):
        sources, transport = HandSources(), PureTransport()
        recorder.start(hub.add(key_of(number), sources))
        await clock.sleep(0)
        source = sources.last
        connection = RtspConnection(ADDRESS, source.sink, environment, SourceCounters(), source.sink.on_state)
        connection.connection_made(cast(asyncio.Transport, transport))
        while transport.answers:
            give(connection, transport.answers.pop(0))
        connections.append(connection)
    calm_collector()
    reads = range(0, len(stream), READ_BYTES)
    spent_s = 0.0
    for start in reads:
        data = stream[start : start + READ_BYTES]
        await clock.advance(seconds / len(reads))
        began_s = process_time()
        for connection in connections:
            give(connection, data)
            recorder.hand_over()
        spent_s += process_time() - began_s
    recorder.close()
    await hub.close()
    await supervisor.close()
    return spent_s, store


def give(connection: RtspConnection, data: bytes) -> None:
    """As the loop does with one read."""
    connection.get_buffer(-1)[: len(data)] = data
    connection.buffer_updated(len(data))


def main() -> None:
    cameras, seconds = (int(text) for text in (*sys.argv[1:3], "100", "20")[:2])
    stream = build_stream(seconds)
    spent_s, store = asyncio.run(run(cameras, stream, seconds, is_reading=False))
    print(f"{cameras} cameras x {seconds} s, {store.frames} of {cameras * seconds * FPS} pictures")
    print(f"CPU {spent_s * 1000 / cameras / seconds:.4f} ms per camera-second")
    _, store = asyncio.run(run(1, stream, seconds, is_reading=True))
    print(f"digest {store.digest.hexdigest()[:16]}")


if __name__ == "__main__":
    main()
