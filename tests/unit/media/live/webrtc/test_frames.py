import struct
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.media.live.webrtc.frames import HISTORY_BYTES, HISTORY_FRAMES, Frame, Track, find_runs
from brightkitchen.media.live.webrtc.udp import MAX_RUN


def plain(packet: bytes) -> bytes:
    return packet


class Wire:
    def __init__(self) -> None:
        self.runs: list[list[bytes]] = []

    def emit(self, packets: Sequence[bytes]) -> bool:
        self.runs.append(list(packets))
        return True

    def send(self, track: Track, frame: Frame, timestamp: int = 0) -> None:
        for run in track.seal(frame, timestamp, plain):
            self.emit(run)

    @property
    def sequences(self) -> list[int]:
        return [struct.unpack_from(">H", packet, 2)[0] for run in self.runs for packet in run]


@given(sizes=st.lists(st.sampled_from([30, 1164, 1164, 1164, 700]), max_size=150))
def test_runs_cover_everything_and_the_kernel_can_cut_them(sizes: list[int]) -> None:
    runs = find_runs(sizes)
    assert [at for run in runs for at in range(len(sizes))[run]] == list(range(len(sizes)))
    for run in runs:
        of_run = sizes[run]
        assert 1 <= len(of_run) <= MAX_RUN
        assert set(of_run[:-1]) <= {of_run[0]}
        assert of_run[-1] <= of_run[0]


def test_picture_is_one_run_and_its_last_packet_has_the_marker() -> None:
    wire, track = Wire(), Track(0xABCD, 97, 65_535)
    wire.send(track, Frame([b"x" * 9, b"y" * 9, b"z"], 3_600, is_key=True), (1 << 32) + 3_600)
    assert len(wire.runs) == 1
    assert [packet[1] for packet in wire.runs[0]] == [97, 97, 0x80 | 97]
    assert wire.sequences == [65_535, 0, 1]
    assert [packet[:1] + packet[4:] for packet in wire.runs[0]] == [
        b"\x80" + struct.pack(">II", 3_600, 0xABCD) + body for body in (b"x" * 9, b"y" * 9, b"z")
    ]
    assert (track.packets, track.payload_bytes) == (3, 19)


def test_extension_stands_in_every_packet() -> None:
    wire, track = Wire(), Track(1, 97, 0, 0x52000000)
    wire.send(track, Frame([b"a", b"b"], 0, is_key=True), 0)
    for run in wire.runs:
        for packet in run:
            assert packet[0] == 0x90
            assert packet[12:20] == bytes.fromhex("bede000152000000")


def test_packets_are_sent_again_as_they_were_across_the_turn_of_numbers() -> None:
    wire, track = Wire(), Track(1, 97, 65_530, keeps=True)
    for number in range(20):
        wire.send(track, Frame([b"%d" % number, b"tail"], number, is_key=False), number)
    sent = [packet for run in wire.runs for packet in run]
    wire.runs.clear()
    track.send_again([65_531, 3, 9], 10_000, plain, wire.emit)
    assert [packet for run in wire.runs for packet in run] == [sent[1], sent[9], sent[15]]


def test_packets_long_gone_or_never_sent_are_not_invented() -> None:
    wire, track = Wire(), Track(1, 97, 0, keeps=True)
    for number in range(HISTORY_FRAMES + 10):
        wire.send(track, Frame([b"x"], number, is_key=False), number)
    wire.runs.clear()
    assert track.send_again([0, 9, HISTORY_FRAMES + 10, 40_000], 10_000, plain, wire.emit) == 0
    assert wire.runs == []


def test_what_is_sent_again_is_bounded() -> None:
    wire, track = Wire(), Track(1, 97, 0, keeps=True)
    wire.send(track, Frame([b"x" * 1000] * 5, 0, is_key=True), 0)
    wire.runs.clear()
    track.send_again(range(5), 2_100, plain, wire.emit)
    assert len(wire.sequences) == 2


def test_large_pictures_are_not_remembered_for_long() -> None:
    wire, track = Wire(), Track(1, 97, 0, keeps=True)
    for number in range(6):
        wire.send(track, Frame([bytes(1000)] * 1500, number, is_key=True), number)
    wire.runs.clear()
    kept = HISTORY_BYTES // 1_500_000
    track.send_again([at * 1500 for at in range(6)], 1 << 30, plain, wire.emit)
    assert wire.sequences == [at * 1500 for at in range(6 - kept, 6)]
