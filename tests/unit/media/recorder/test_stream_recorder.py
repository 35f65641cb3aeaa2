"""Groups of pictures in, commands for the store out; every way a file can end."""

import dataclasses
import itertools
from dataclasses import dataclass, field

import pytest
from tests.media_synthetic import SMALL_VIDEO, START_AT, VIDEO, HandSources, key_of, picture, sound, stretch

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.store.appender import WriteFailure
from brightkitchen.media.store.commands import Append, AppendAudio, Close, Command, GapEnd, GapStart
from brightkitchen.media.store.model import EndReason, Fragment, GapReason
from brightkitchen.media.store.opened import OpenSegment
from brightkitchen.media.store.samples import scan_whole
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit
from brightkitchen.wire.fmp4 import writer
from brightkitchen.wire.fmp4.reader import scan_fragments

KEY = key_of(1)


@dataclass
class PaperStore:
    """`recorder.Writing` on paper: keeps what it is handed; a test says how full and how fast it is."""

    commands: list[Command] = field(default_factory=list)
    failures: list[WriteFailure] = field(default_factory=list)
    queued_bytes: int = 0
    has_room: bool = True
    can_write: bool = True
    is_making_room: bool = False
    is_alive: bool = True
    probes: int = 0

    def submit(self, commands: list[Command], size_bytes: int) -> None:
        self.probes += not commands
        assert size_bytes == sum(c.size_bytes for c in commands if isinstance(c, Append | AppendAudio))
        for command in commands:
            if isinstance(command, Append):
                offset = command.segment.size_bytes or len(command.segment.head)
                command.segment.add(
                    Fragment(
                        command.start_ticks,
                        command.duration_ticks,
                        offset,
                        command.video_bytes,
                        command.audio_bytes,
                        command.frames,
                        command.is_key,
                    )
                )
        self.commands.extend(commands)

    def take_failures(self) -> list[WriteFailure]:
        taken, self.failures = self.failures, []
        return taken

    def of(self, kind: type) -> list[Command]:
        return [command for command in self.commands if isinstance(command, kind)]

    @property
    def appends(self) -> list[Append]:
        return [command for command in self.commands if isinstance(command, Append)]

    @property
    def closes(self) -> list[tuple[OpenSegment, EndReason]]:
        return [(command.segment, command.reason) for command in self.commands if isinstance(command, Close)]

    @property
    def gaps(self) -> list[str]:
        """What is noted, seconds from the start: "4.0 ended" and "10.0 ok"."""
        noted = []
        for command in self.commands:
            if isinstance(command, GapStart | GapEnd):
                word = command.reason if isinstance(command, GapStart) else "ok"
                noted.append(f"{(command.at - START_AT) / US_PER_S} {word}")
        return noted


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        entropy = SeededEntropy(3)
        self.hub = Hub(clock=self.clock, entropy=entropy, supervisor=Supervisor(self.clock, entropy))
        self.store = PaperStore()
        self.recorder = Recorder(self.store, writer, clock=self.clock, entropy=entropy, segment_s=60)
        self.sources = HandSources()

    async def begin(self) -> None:
        self.recorder.start(self.hub.add(KEY, self.sources))
        await self.clock.advance(0)
        self.sources.last.connect()

    def feed(self, first: int, count: int, *, gop: int = 50, at: Utc = START_AT, size_bytes: int = 1000) -> None:
        units = stretch(first, count, gop=gop, at=at, size_bytes=size_bytes)
        for number in range(0, len(units), 15):
            self.sources.last.feed(units[number : number + 15])
        self.clock.jump(count / 25)
        self.recorder.hand_over()


@pytest.fixture
async def bench() -> Bench:
    bench = Bench()
    await bench.begin()
    return bench


async def test_group_of_two_seconds_becomes_two_fragments(bench: Bench) -> None:
    bench.feed(0, 101)
    assert [(a.start_ticks, a.frames, a.is_key) for a in bench.store.appends] == [
        (0, 29, True),
        (29 * 3600, 21, False),
        (50 * 3600, 29, True),
        (79 * 3600, 21, False),
    ]
    assert all(a.duration_ticks == a.frames * 3600 and a.audio_bytes > 0 for a in bench.store.appends)
    assert bench.store.gaps == ["0.0 ok"]


async def test_recording_state_tells_until_when_it_is_written(bench: Bench) -> None:
    state = bench.recorder.state(KEY)
    assert (state.is_recording, state.recorded_until_at) == (False, None)
    bench.feed(0, 101)
    state = bench.recorder.state(KEY)
    assert (state.is_recording, state.recorded_until_at) == (True, START_AT + 4 * US_PER_S)
    bench.sources.last.break_off()
    state = bench.recorder.state(KEY)
    assert (state.is_recording, state.recorded_until_at) == (False, START_AT + 4 * US_PER_S)
    assert not bench.recorder.state(key_of(2)).is_recording


async def test_file_ends_at_a_key_frame_after_its_minute_first_one_sooner(bench: Bench) -> None:
    bench.feed(0, 25 * 200)
    starts = sorted({a.segment.label.start_at - START_AT for a in bench.store.appends})
    lengths = [(after - before) // US_PER_S for before, after in itertools.pairwise(starts)]
    assert 15 <= lengths[0] <= 60
    assert lengths[1:] == [60] * len(lengths[1:])
    assert [reason for _, reason in bench.store.closes] == [EndReason.FULL] * len(lengths)


async def test_recording_state_at_the_turn_of_a_file_is_the_end_of_the_one_before(bench: Bench) -> None:
    other = Bench()
    await other.begin()
    other.feed(0, 25 * 70)
    turn = max(a.segment.label.start_at for a in other.store.appends) - START_AT
    bench.feed(0, turn * 25 // US_PER_S)  # nobody asks for the state meanwhile
    bench.feed(turn * 25 // US_PER_S, 1)  # the second file is begun, and nothing of it written
    assert bench.recorder.state(KEY).recorded_until_at == START_AT + turn - US_PER_S * 21 // 25


async def test_first_files_of_many_cameras_end_in_many_different_seconds() -> None:
    bench = Bench()
    for number in range(100):
        sources = HandSources()
        bench.recorder.start(bench.hub.add(key_of(number), sources))
        await bench.clock.advance(0)
        sources.last.connect()
        sources.last.feed([picture(n, gop=25, size_bytes=8) for n in range(25 * 61)])
    bench.recorder.hand_over()
    ends = [a.segment.label.start_at for a in bench.store.appends if a.segment.label.start_at > START_AT]
    assert len({(end - START_AT) // US_PER_S for end in ends}) > 25


async def test_sound_that_comes_late_goes_into_the_file_it_belongs_to(bench: Bench) -> None:
    for first in range(0, 25 * 62, 25):  # each second's first sound is from before its key frame
        late = [sound(2 * first - 1)] if first else []
        bench.sources.last.feed([picture(first, gop=25), *late, *stretch(first + 1, 24, gop=25)])
    bench.recorder.hand_over()
    first_file, second_file = list(dict.fromkeys(a.segment.label.segment for a in bench.store.appends))
    late_ids = [c.segment.label.segment for c in bench.store.commands if isinstance(c, AppendAudio)]
    assert late_ids == [first_file]
    order = [
        type(c).__name__
        for c in bench.store.commands
        if isinstance(c, Append | AppendAudio | Close) and c.segment.label.segment == first_file
    ]
    assert order[-3:] == ["Append", "AppendAudio", "Close"]
    assert second_file != first_file


async def test_broken_connection_writes_what_came_and_notes_the_reason(bench: Bench) -> None:
    bench.feed(0, 30)
    bench.sources.last.break_off(Reason.ENDED)
    bench.clock.jump(10)
    bench.sources.last.break_off(Reason.HOST_UNREACHABLE)
    bench.clock.jump(10)
    bench.sources.last.connect()
    bench.feed(0, 51, at=bench.clock.utc())
    assert sum(a.frames for a in bench.store.appends) == 30 + 50
    assert [reason for _, reason in bench.store.closes] == [EndReason.CONNECTION]
    assert bench.store.gaps == ["0.0 ok", "1.2 ended", "11.2 host_unreachable", "21.2 ok"]


async def test_silence_on_a_living_connection_is_a_gap_until_the_next_key_frame(bench: Bench) -> None:
    bench.feed(0, 60)
    bench.feed(150, 60)  # 3.6 s later, at a key frame, as after a stall
    assert bench.store.gaps == ["0.0 ok", "2.4 no_packets", "6.0 ok"]
    assert [reason for _, reason in bench.store.closes] == [EndReason.SILENT]
    first = [a for a in bench.store.appends if a.segment is bench.store.closes[0][0]]
    assert (sum(a.frames for a in first), sum(a.duration_ticks for a in first)) == (60, 60 * 3600)


async def test_silence_that_lost_packets_waits_for_a_key_frame(bench: Bench) -> None:
    bench.feed(0, 60)
    broken = picture(125)
    bench.sources.last.feed(
        [AccessUnit(VIDEO_TRACK, broken.pts, broken.data, broken.is_key, broken.received_at, lost=40)]
    )
    bench.feed(126, 60)
    assert bench.store.gaps == ["0.0 ok", "2.4 no_packets", "6.0 ok"]


async def test_late_picture_before_which_nothing_was_lost_stays_in_its_file(bench: Bench) -> None:
    bench.feed(0, 60)
    bench.feed(110, 60)
    assert bench.store.gaps == ["0.0 ok"] and bench.store.closes == []


async def test_camera_with_a_picture_each_two_seconds_fills_its_files(bench: Bench) -> None:
    for number in range(0, 25 * 120, 50):
        bench.sources.last.feed([picture(number)])
    bench.recorder.hand_over()
    assert [reason for _, reason in bench.store.closes].count(EndReason.SILENT) == 1  # its pace is learned once
    assert len(bench.store.gaps) == 3


async def test_single_picture_before_the_end_lasts_a_twentyfifth(bench: Bench) -> None:
    bench.sources.last.feed([picture(0)])
    bench.sources.last.break_off()
    bench.recorder.hand_over()
    assert [(a.frames, a.duration_ticks) for a in bench.store.appends] == [(1, 3600)]


async def test_new_format_begins_a_new_file_in_the_same_run(bench: Bench) -> None:
    bench.feed(0, 50)
    bench.sources.last.sink.on_format(VIDEO_TRACK, SMALL_VIDEO)
    bench.feed(50, 51)
    ((segment, reason),) = bench.store.closes
    assert reason is EndReason.FORMAT
    other = bench.store.appends[-1].segment
    assert (other.label.run, other.label.width_px) == (segment.label.run, 640)
    assert other.label.start_at == START_AT + 2 * US_PER_S


async def test_wall_clock_jump_begins_a_new_file_at_the_next_key_frame(bench: Bench) -> None:
    bench.feed(0, 60)
    hour_earlier = Utc(START_AT - 3600 * US_PER_S)
    bench.feed(60, 141, at=hour_earlier)
    ((_, reason),) = bench.store.closes
    assert reason is EndReason.WALL_JUMP
    assert bench.store.appends[-1].segment.label.start_at == hour_earlier + 4 * US_PER_S


async def test_sound_without_a_format_is_not_written(bench: Bench) -> None:
    bench.sources.last.connect({VIDEO_TRACK: VIDEO})
    bench.feed(0, 51)
    assert [a.audio_bytes for a in bench.store.appends] == [0, 0]
    assert bench.store.appends[0].segment.label.audio_codec == ""


async def test_stop_closes_the_file_and_says_why(bench: Bench) -> None:
    bench.feed(0, 30)
    bench.recorder.stop(KEY, GapReason.NOT_PLANNED)
    bench.recorder.stop(KEY, GapReason.NOT_PLANNED)
    bench.recorder.hand_over()
    assert [reason for _, reason in bench.store.closes] == [EndReason.STOPPED]
    assert bench.store.gaps == ["0.0 ok", "1.2 not_planned"]
    assert bench.recorder.keys == frozenset()
    await bench.clock.advance(16)
    assert not bench.sources.last.is_running


async def test_close_ends_every_recording_as_node_stopped(bench: Bench) -> None:
    bench.feed(0, 30)
    bench.recorder.start(bench.hub.get(KEY) or pytest.fail())
    bench.recorder.close()
    assert bench.store.gaps[-1] == "1.2 node_stopped"


async def test_slow_disk_drops_whole_groups_counts_and_notes_them(bench: Bench) -> None:
    bench.feed(0, 51)
    bench.store.queued_bytes = 64 * 1024 * 1024
    bench.feed(51, 149)
    assert bench.recorder.dropped_bytes > 0
    assert bench.store.closes[0][1] is EndReason.DISK_SLOW
    bench.store.queued_bytes = 0
    bench.feed(200, 51)
    assert bench.store.gaps[:2] == ["0.0 ok", "2.0 disk_slow"]
    assert bench.store.gaps[-1].endswith(" ok")
    last = bench.store.appends[-1]
    assert last.segment is not bench.store.appends[0].segment
    assert next(a for a in bench.store.appends if a.segment is last.segment).is_key


async def test_full_disk_pauses_everything_and_goes_on_when_there_is_room(bench: Bench) -> None:
    bench.feed(0, 51)
    segment = bench.store.appends[-1].segment
    bench.store.has_room = bench.store.can_write = False
    bench.store.failures.append(WriteFailure(segment, EndReason.DISK_FULL))
    bench.feed(51, 49)
    assert (bench.recorder.pause, bench.recorder.state(KEY).is_recording) == (GapReason.DISK_FULL, False)
    bench.recorder.hand_over()
    assert [reason for _, reason in bench.store.closes] == [EndReason.DISK_FULL]
    written = len(bench.store.appends)
    for second in range(6, 70):
        bench.feed(second * 25, 25)
    assert len(bench.store.appends) == written
    assert bench.store.probes > 0
    bench.store.has_room = bench.store.can_write = True
    bench.clock.jump(60)
    bench.recorder.hand_over()
    bench.feed(70 * 25, 101)
    assert (bench.recorder.pause, bench.recorder.state(KEY).is_recording) == (None, True)
    assert bench.store.gaps[0] == "0.0 ok"
    assert "disk_full" in bench.store.gaps[1]
    assert bench.store.gaps[-1].endswith("ok")


async def test_refused_write_is_taken_by_another_volume_at_the_next_key_frame(bench: Bench) -> None:
    bench.feed(0, 51)
    segment = bench.store.appends[-1].segment
    bench.store.failures.append(WriteFailure(segment, EndReason.DISK_ERROR))
    bench.recorder.hand_over()
    bench.feed(51, 100)
    bench.recorder.hand_over()
    assert bench.recorder.pause is None
    assert bench.store.appends[-1].segment is not segment
    assert bench.store.closes[0][1] is EndReason.DISK_ERROR
    assert bench.store.gaps[-1].endswith("ok")


async def test_full_disk_that_is_being_cleared_is_tried_again_at_once(bench: Bench) -> None:
    bench.feed(0, 51)
    bench.store.has_room = bench.store.can_write = False
    bench.store.failures.append(WriteFailure(bench.store.appends[-1].segment, EndReason.DISK_FULL))
    bench.recorder.hand_over()
    bench.store.is_making_room = True
    bench.clock.jump(0.15)
    bench.recorder.hand_over()
    assert (bench.recorder.pause, bench.store.probes) == (GapReason.DISK_FULL, 1)
    bench.store.has_room = bench.store.can_write = True
    bench.clock.jump(0.15)
    bench.recorder.hand_over()
    assert bench.recorder.pause is None


async def test_late_failure_of_an_older_file_leaves_the_new_one_alone(bench: Bench) -> None:
    bench.feed(0, 51)
    recording = bench.recorder
    other = OpenSegment(bench.store.appends[0].segment.label, b"")
    bench.store.failures.append(WriteFailure(other, EndReason.DISK_ERROR))
    bench.store.can_write = False
    recording.hand_over()
    assert recording.pause is GapReason.DISK_ERROR
    bench.store.can_write = True
    bench.clock.jump(60)
    recording.hand_over()
    assert recording.pause is None


async def test_dead_writer_is_told_to_whoever_runs_the_recorder(bench: Bench) -> None:
    supervisor = Supervisor(bench.clock, SeededEntropy())
    supervisor.keep("recorder", bench.recorder.run)
    await bench.clock.advance(1)
    assert supervisor.failures == {}
    bench.store.is_alive = False
    await bench.clock.advance(1)
    assert supervisor.failures["recorder"] >= 1
    assert not bench.recorder.state(KEY).is_recording
    await supervisor.close()


async def test_state_without_a_reason_notes_nothing(bench: Bench) -> None:
    bench.sources.last.sink.on_state(CameraState.CONNECTING, None, "")
    bench.recorder.hand_over()
    assert bench.store.gaps == []


async def test_reordered_pictures_are_cut_where_a_group_ends_and_can_be_decoded_in_order(bench: Bench) -> None:
    reordered = dataclasses.replace(VIDEO, reorder_depth=1)
    bench.sources.last.connect({VIDEO_TRACK: reordered})
    for group in range(3):
        shown = [0, *[n for pair in range(24) for n in (2 * pair + 2, 2 * pair + 1)], 49]
        units = [picture(group * 50 + n) for n in shown]
        bench.sources.last.feed(units[:20])
        bench.sources.last.feed(units[20:])
    bench.recorder.hand_over()
    assert [(a.frames, a.is_key, a.start_ticks) for a in bench.store.appends] == [(50, True, 0), (50, True, 180_000)]
    segment = bench.store.appends[0].segment
    data = segment.head + b"".join(b"".join(a.buffers) for a in bench.store.appends)
    first, second = list(scan_fragments(lambda at, size: data[at : at + size], len(data)))
    assert first.decode_time + first.duration == second.decode_time
    found = scan_whole(lambda at, size: data[at : at + size], len(data))
    assert [(f.start_ticks, f.duration_ticks) for f in found][1:] == [(180_000, 180_000)]
    assert sorted(s.decode_time + s.composition_offset for s in first.samples) == [n * 3600 for n in range(50)]
