from collections.abc import Sequence

from tests.unit.sim.stepclock import StepClock

from brightkitchen_sim.faults import Faults
from brightkitchen_sim.payload import Template, build_video_template, split_packets
from brightkitchen_sim.server.pacer import Pacer
from brightkitchen_sim.server.track import LoopTrack, Player


class FiveFrames:
    """25 fps; frames 0 and 3 are key frames; each frame's payload says its number."""

    frame_count = 5
    ticks_per_frame = 3600.0

    def template(self, i: int) -> Template:
        unit = bytes([0x65 if self.is_key(i) else 0x41, i])
        return build_video_template(
            "h264",
            b"\0\0\0\2" + unit,
            is_key=self.is_key(i),
            parameter_sets=(b"\x67s",),
            channel=0,
            payload_type=96,
        )

    def is_key(self, i: int) -> bool:
        return i in (0, 3)

    def packet_count(self, i: int) -> int:
        return 2 if self.is_key(i) else 1


class Collector:
    """Keeps (sequence, timestamp, frame number) of each frame's last packet."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, int, int]] = []
        self.packets: list[bytes] = []
        self.room = True

    def write_frame(self, data: bytearray, offsets: Sequence[int]) -> bool:
        if self.room:
            for packet in split_packets(data, offsets):
                self.write_packet(packet)
            last = self.packets[-1]
            self.frames.append((int.from_bytes(last[6:8], "big"), int.from_bytes(last[8:12], "big"), last[-1]))
        return self.room

    def write_packet(self, packet: bytes | memoryview) -> None:
        self.packets.append(bytes(packet))

    def write_noise(self, noise: bytes) -> None:
        self.packets.append(b"noise")

    def write_rtcp(self, report: bytes) -> None:
        self.packets.append(report)

    def close(self) -> None:
        pass


def build_track(clock: StepClock, faults: Faults | None = None) -> tuple[LoopTrack, Pacer]:
    pacer = Pacer(clock)
    track = LoopTrack(
        FiveFrames(),
        pacer,
        clock_rate_hz=90_000,
        channel=0,
        is_video=True,
        faults=faults or Faults(),
        clock=clock,
    )
    return track, pacer


def run(clock: StepClock, pacer: Pacer, duration_s: float) -> None:
    for _ in range(round(duration_s / 0.01)):
        clock.advance(0.01)
        pacer.run_due()


async def test_loop_begins_with_a_key_frame_and_goes_on_without_a_break() -> None:
    clock = StepClock()
    track, pacer = build_track(clock)
    out = Collector()
    clock.advance(0.05)
    sequence = track.next_sequence()
    track.add_player(Player(out))
    run(clock, pacer, 1.0)
    assert len(out.frames) == 25
    assert [number for _, _, number in out.frames[:8]] == [3, 4, 0, 1, 2, 3, 4, 0]
    steps = {(b[1] - a[1]) & 0xFFFFFFFF for a, b in zip(out.frames, out.frames[1:], strict=False)}
    assert steps == {3600}
    numbers = [int.from_bytes(packet[6:8], "big") for packet in out.packets]
    assert numbers == [(sequence + i) & 0xFFFF for i in range(len(numbers))]
    assert out.frames[0][1] == track.timestamp_at(100.08)
    pacer.close()


async def test_second_player_begins_at_the_announced_key_frame() -> None:
    clock = StepClock()
    track, pacer = build_track(clock)
    first, second = Collector(), Collector()
    track.add_player(Player(first))
    run(clock, pacer, 0.06)
    sequence = track.next_sequence()
    track.add_player(Player(second))
    run(clock, pacer, 0.5)
    assert int.from_bytes(second.packets[0][6:8], "big") == sequence
    assert second.frames == first.frames[-len(second.frames) :]
    pacer.close()


async def test_time_goes_on_while_nobody_plays() -> None:
    clock = StepClock()
    track, pacer = build_track(clock)
    first, second = Player(Collector()), Collector()
    track.add_player(first)
    before = track.timestamp_at(clock.mono_s())
    run(clock, pacer, 0.2)
    track.remove_player(first)
    run(clock, pacer, 10.0)
    track.add_player(Player(second))
    run(clock, pacer, 0.1)
    assert abs(((second.frames[0][1] - before) & 0xFFFFFFFF) / 90_000 - 10.2) < 0.08
    pacer.close()


async def test_player_without_room_gets_nothing_until_the_next_key_frame() -> None:
    clock = StepClock()
    track, pacer = build_track(clock)
    out = Collector()
    player = Player(out)
    track.add_player(player)
    run(clock, pacer, 0.08)
    shown = len(out.frames)
    out.room = False
    run(clock, pacer, 0.04)
    out.room = True
    run(clock, pacer, 1.0)
    assert player.dropped_frames == 1
    assert player.frames == len(out.frames)
    assert out.frames[shown][2] in (0, 3)
    pacer.close()


async def test_track_that_stood_still_long_skips_to_now() -> None:
    clock = StepClock()
    track, pacer = build_track(clock)
    out = Collector()
    track.add_player(Player(out))
    run(clock, pacer, 0.2)
    before = len(out.frames)
    clock.advance(60.0)
    pacer.run_due()
    assert track.skipped_frames >= 1490
    assert len(out.frames) - before <= 2
    run(clock, pacer, 0.5)
    assert abs(((out.frames[-1][1] - out.frames[0][1]) & 0xFFFFFFFF) / 90_000 - 60.66) < 0.1
    pacer.close()


async def test_packet_faults_change_packets() -> None:
    clock = StepClock()
    faults = Faults(seed=4)
    track, pacer = build_track(clock, faults)
    out = Collector()
    track.add_player(Player(out))
    faults.set("no_marker")
    run(clock, pacer, 1.0)
    assert {packet[5] & 0x80 for packet in out.packets} == {0}
    faults.clear("no_marker")
    faults.set("loss", 50.0)
    out.packets.clear()
    run(clock, pacer, 4.0)
    assert 40 < len(out.packets) < 100  # of 140
    faults.clear("loss")
    faults.set("garbage", 100.0)
    out.packets.clear()
    run(clock, pacer, 1.0)
    assert out.packets.count(b"noise") * 2 == len(out.packets)
    pacer.close()


async def test_sender_report_goes_to_players_and_matches_the_frames() -> None:
    clock = StepClock()
    track, pacer = build_track(clock)
    out = Collector()
    track.add_player(Player(out))
    run(clock, pacer, 1.0)
    frames, octets = len(out.packets), sum(len(packet) - 16 for packet in out.packets)
    track.send_report()
    report = out.packets[-1]
    assert (int.from_bytes(report[20:24], "big"), int.from_bytes(report[24:28], "big")) == (frames, octets)
    lag = (int.from_bytes(report[16:20], "big") - out.frames[-1][1]) & 0xFFFFFFFF
    assert lag < 3600 + 90
    pacer.close()
