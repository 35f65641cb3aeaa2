"""What depacketising and fragmenting cost: µs per packet, CPU ms per camera-second.

    python tests/bench/bench_depacketise.py [cameras] [seconds]

Synthetic 2 Mbit/s, 25 fps, GOP 50, FU-A of 1400 bytes, G.711A in 20 ms packets; each camera's second comes in reads of about
64 KiB, as with a receive low-water mark, and again one packet at a time.
"""

import random
import sys
from collections.abc import Callable
from time import process_time

from tests.unit.wire.rtp.packetiser import Sender, h264_payloads

from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AccessUnit, Codec, VideoFormat
from brightkitchen.wire.fmp4.writer import DtsAssigner, build_fragment
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.receiver import RtpReceiver

FPS, GOP = 25, 50
SPS = bytes.fromhex("67640028ac2b402802dd80b501010140000003004000000ca3c60ca8")
PPS = bytes.fromhex("68ee3cb0")
TRACKS = (TrackDescription(0, Codec.H264, 96, 90_000), TrackDescription(1, Codec.PCMA, 8, 8_000))


def build_video(seconds: int) -> list[bytes]:
    chance = random.Random(1)
    sender, packets = Sender(sequence=100), []
    for frame in range(seconds * FPS):
        if frame % GOP == 0:
            nals = [SPS, PPS, b"\x65\x88" + chance.randbytes(60_000)]
        else:
            nals = [b"\x41\x9a" + chance.randbytes(9_000)]
        packets += sender.send(h264_payloads(nals, 1414), frame * 3600)
    return packets


def build_audio(seconds: int) -> list[bytes]:
    sender = Sender(sequence=7, payload_type=8)
    return [packet for n in range(seconds * 50) for packet in sender.send([b"\xd5" * 160], n * 160, marker=False)]


def batches(packets: list[bytes], size: int) -> list[list[memoryview]]:
    return [[memoryview(p) for p in packets[at : at + size]] for at in range(0, len(packets), size)]


def measure(work: Callable[[], object]) -> float:
    begin = process_time()
    work()
    return process_time() - begin


def feed(track: int, reads: list[list[memoryview]], receivers: list[RtpReceiver]) -> tuple[list[AccessUnit], float]:
    """Return what one receiver makes of the reads, and the CPU seconds that all of them took."""
    begin = process_time()
    for receiver in receivers:
        waiting: list[AccessUnit] = []
        for number, packets in enumerate(reads):
            waiting += receiver.receive_rtp(track, packets, Utc(number * 40_000))
            if len(waiting) >= FPS:  # as a recorder, which writes once a second and lets go
                waiting.clear()
    spent_s = process_time() - begin
    receiver = RtpReceiver(TRACKS)
    return [unit for packets in reads for unit in receiver.receive_rtp(track, packets, Utc(0))], spent_s


def main() -> None:
    cameras, seconds = (int(text) for text in (*sys.argv[1:3], "20", "10")[:2])
    video, audio = build_video(seconds), build_audio(seconds)
    print(
        f"{cameras} cameras x {seconds} s: {len(video) / seconds:.0f} video, {len(audio) / seconds:.0f} audio packets/s"
    )
    receivers: list[RtpReceiver] = []
    kept: list[list[AccessUnit]] = []
    for size in (45, 8, 1):
        receivers = [RtpReceiver(TRACKS) for _ in range(cameras)]
        video_units, video_s = feed(0, batches(video, size), receivers)
        audio_units, audio_s = feed(1, batches(audio, max(size // 4, 1)), receivers)
        kept = [video_units, audio_units]
        per = 1e6 / cameras
        print(
            f"reads of {size:2} packets: video {video_s * per / len(video):.2f} µs/packet, audio"
            f" {audio_s * per / len(audio):.2f} µs/packet, {(video_s + audio_s) * 1e3 / cameras / seconds:.3f} ms per camera-second"
        )
    print_fragments(cameras, seconds, kept, receivers[0])


def print_fragments(cameras: int, seconds: int, kept: list[list[AccessUnit]], receiver: RtpReceiver) -> None:
    format = receiver.formats[0]
    assert isinstance(format, VideoFormat)
    video = [kept[0][at : at + FPS] for at in range(0, len(kept[0]), FPS)]
    audio = [kept[1][at : at + 50] for at in range(0, len(kept[1]), 50)]

    def write() -> None:
        for _ in range(cameras):
            order = DtsAssigner(format.reorder_depth)
            for sequence, units in enumerate(video):
                build_fragment(
                    0, format, units, sequence=sequence, base_ticks=0, end_ticks=units[-1].pts + 3600, order=order
                )
            for sequence, units in enumerate(audio):
                build_fragment(1, receiver.formats[1], units, sequence=sequence, base_ticks=0, end_ticks=units[-1].pts)

    print(f"fragments of 1 s, both tracks: {measure(write) * 1e3 / cameras / seconds:.3f} ms per camera-second")


if __name__ == "__main__":
    main()
