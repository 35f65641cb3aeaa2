from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tests.media_synthetic import AUDIO, FRAME_TICKS, PPS, SPS, START_AT, VIDEO, key_of, sound

from brightkitchen.kernel.units import Utc, ticks_to_us
from brightkitchen.media.live.webrtc.frames import Frame
from brightkitchen.media.live.webrtc.sender import CameraSender
from brightkitchen.media.ports import Reader
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit
from brightkitchen.wire.h26x import build_avcc


class HandWall:
    offset_us = START_AT

    def utc(self, pts: int) -> Utc:
        return Utc(self.offset_us + ticks_to_us(pts))


class HandStream:
    def __init__(self) -> None:
        self.wall = HandWall()
        self.since_at = START_AT
        self.readers: list[Reader] = []

    def attach(self, reader: Reader, *, is_viewer: bool = True) -> None:
        self.readers.append(reader)

    def detach(self, reader: Reader) -> None:
        self.readers.remove(reader)


class HandReceiver:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.wants_start = False
        self.has_backlog = False
        self.frames: list[Frame] = []
        self.sounds: list[Frame] = []

    def catch_up(self, frames: Sequence[Frame]) -> None:
        self.frames = list(frames)

    def send_picture(self, frame: Frame) -> None:
        self.frames.append(frame)

    def send_sound(self, frame: Frame) -> None:
        self.sounds.append(frame)


class Bench:
    def __init__(self, formats: Any = None) -> None:  # Any: what a reader is told
        self.stream = HandStream()
        self.unfit = 0
        self.sender = CameraSender(key_of(1), self.stream, on_unfit=self._on_unfit, on_backlog=lambda: None)
        self.peer = HandReceiver()
        self.sender.hold()
        self.sender.peers.append(self.peer)
        self.sender.on_start(formats or {VIDEO_TRACK: VIDEO, AUDIO_TRACK: AUDIO})

    def _on_unfit(self, _sender: CameraSender) -> None:
        self.unfit += 1

    def picture(self, number: int, *nals: bytes, is_key: bool = False) -> None:
        data = build_avcc(nals or (b"\x41picture",))
        self.sender.on_units([AccessUnit(VIDEO_TRACK, number * FRAME_TICKS, data, is_key, START_AT)])


def test_timestamp_is_utc_in_ticks() -> None:
    bench = Bench()
    for number in range(3):
        bench.picture(number)
    assert [frame.timestamp for frame in bench.peer.frames] == [START_AT * 9 // 100 + n * FRAME_TICKS for n in range(3)]


def test_timestamps_grow_also_when_the_clock_is_set_back() -> None:
    bench = Bench()
    for number in range(3):
        bench.picture(number)
    bench.stream.wall.offset_us = Utc(START_AT - 3_600_000_000)
    for number in range(3, 6):
        bench.picture(number)
    times = [frame.timestamp for frame in bench.peer.frames]
    assert [after - before for before, after in pairwise(times)] == [FRAME_TICKS] * 5


def test_timestamps_grow_when_the_map_slews_back_a_little() -> None:
    bench = Bench()
    bench.picture(0)
    bench.stream.wall.offset_us = Utc(START_AT - 50_000)
    bench.picture(1)
    times = [frame.timestamp for frame in bench.peer.frames]
    assert times[1] == times[0] + 1


def test_key_frame_without_its_sets_gets_them() -> None:
    bench = Bench()
    bench.picture(0, b"\x65key", is_key=True)
    bench.picture(1)
    assert SPS in bench.peer.frames[0].payloads[0]
    assert PPS in bench.peer.frames[0].payloads[0]
    assert bench.peer.frames[1].payloads == [b"\x41picture"]


def test_pictures_out_of_order_are_told_once() -> None:
    bench = Bench()
    for number in (0, 3, 1, 2, 6, 4):
        bench.picture(number)
    assert (bench.unfit, bench.sender.is_reordered) == (1, True)


def test_unit_that_is_none_is_left_out_and_nothing_is_raised() -> None:
    bench = Bench()
    bench.sender.on_units([AccessUnit(VIDEO_TRACK, 0, b"\x00\x00\xff\xff\x41", False, START_AT)])
    bench.picture(1)
    assert len(bench.peer.frames) == 1


def test_sound_goes_on_without_seams_and_follows_a_real_gap() -> None:
    bench = Bench()
    bench.sender.on_units([sound(number) for number in range(5)])
    bench.stream.wall.offset_us = Utc(START_AT + 40_000)  # the map moved by less than a tenth of a second
    bench.sender.on_units([sound(5)])
    bench.sender.on_units([sound(60)])
    times = [frame.timestamp for frame in bench.peer.sounds]
    assert [after - before for before, after in pairwise(times)][:5] == [160] * 5
    assert times[6] == (START_AT + 40_000 + 60 * 20_000) // 125


def test_viewer_begins_with_the_group_that_the_camera_is_in() -> None:
    bench = Bench()
    bench.picture(0, b"\x65key", is_key=True)
    bench.picture(1)
    bench.picture(2, b"\x65key", is_key=True)
    bench.picture(3)
    late = HandReceiver()
    late.wants_start = True
    bench.sender.start(late)
    assert [frame.is_key for frame in late.frames] == [True, False]
    assert late.frames == bench.peer.frames[2:]
    assert not late.wants_start


def test_stream_is_left_when_nobody_holds_it() -> None:
    bench = Bench()
    assert bench.stream.readers == [bench.sender]
    bench.sender.hold()
    held = []
    for _ in range(2):
        bench.sender.release()
        held.append((bench.sender.is_idle, list(bench.stream.readers)))
    assert held == [(False, [bench.sender]), (True, [])]
    assert not bench.sender.is_known.is_set()
