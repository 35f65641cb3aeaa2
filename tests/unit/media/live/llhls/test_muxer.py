import pytest
from tests.media_synthetic import START_AT, VIDEO, key_of

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import TICKS_PER_S, Utc, ticks_to_us
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.live.llhls.muxer import HlsMuxer, find_usual_ticks
from brightkitchen.media.live.llhls.streams import NODE_LIMIT_BYTES, HlsStreams
from brightkitchen.media.live.llhls.window import LIMIT_BYTES
from brightkitchen.media.ports import Reader
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec
from brightkitchen.wire.hls.live import LiveSegment


class HandWall:
    def utc(self, pts: int) -> Utc:
        return Utc(START_AT + ticks_to_us(pts))


class HandStream:
    def __init__(self) -> None:
        self.wall = HandWall()
        self.since_at = START_AT
        self.readers: list[Reader] = []

    def attach(self, reader: Reader, *, is_viewer: bool = True) -> None:
        self.readers.append(reader)

    def detach(self, reader: Reader) -> None:
        self.readers.remove(reader)


class HandStreams(dict[StreamKey, HandStream]):
    """A node's streams that a test adds and removes."""


def build_muxer(clock: ManualClock | None = None) -> HlsMuxer:
    """Return a muxer that has begun; nothing here reaches its pool, which is never started."""
    clock, entropy = clock or ManualClock(), SeededEntropy(1)
    pool = DecodePool(clock, entropy)
    muxer = HlsMuxer(key_of(1), HandStream(), pool=pool, clock=clock, supervisor=Supervisor(clock, entropy))
    muxer.start()
    muxer.on_start({VIDEO_TRACK: VIDEO})
    return muxer


def picture(pts: int, *, is_key: bool, size_bytes: int = 100) -> AccessUnit:
    body = bytes(size_bytes)
    return AccessUnit(VIDEO_TRACK, pts, len(body).to_bytes(4) + body, is_key, START_AT)


def feed(muxer: HlsMuxer, times: list[int], *, gop: int, size_bytes: int = 100) -> None:
    for number, pts in enumerate(times):
        muxer.on_units([picture(pts, is_key=number % gop == 0, size_bytes=size_bytes)])


def steady(fps: float, duration_s: float) -> list[int]:
    return [round(number * TICKS_PER_S / fps) for number in range(int(duration_s * fps))]


def listed(muxer: HlsMuxer) -> list[LiveSegment]:
    return [segment for segment in muxer.window.present().segments if segment.is_whole]


@pytest.mark.parametrize("fps", [4, 5, 6, 7, 8, 10, 12, 12.5, 15, 16, 18, 20, 24, 25, 29.97, 30, 50, 60])
def test_parts_of_any_rate_are_between_85_percent_and_all_of_the_target(fps: float) -> None:
    muxer = build_muxer()
    feed(muxer, steady(fps, 12), gop=round(2 * fps))
    target_us = muxer.window.part_target_us
    assert 200_000 < target_us <= 600_000
    for segment in listed(muxer):
        assert all(part.duration_us <= target_us for part in segment.parts)
        assert all(part.duration_us >= 0.85 * target_us for part in segment.parts[:-1])  # 8216bis §4.4.4.9
        assert segment.parts[0].is_independent
        assert not any(part.is_independent for part in segment.parts[1:])
        assert segment.duration_us == pytest.approx(round(2 * fps) / fps * 1e6, abs=100)


def test_trembling_times_never_make_a_part_longer_than_its_target() -> None:
    muxer = build_muxer()
    times = [pts + (-1) ** number * (number * 37 % 700) for number, pts in enumerate(steady(25, 20))]
    feed(muxer, times, gop=50)
    assert all(part.duration_us <= muxer.window.part_target_us for each in listed(muxer) for part in each.parts)


def test_camera_with_a_picture_a_second_has_parts_of_one_picture() -> None:
    muxer = build_muxer()
    feed(muxer, steady(1, 20), gop=2)
    assert muxer.window.part_target_us == 1_100_000
    assert {len(segment.parts) for segment in listed(muxer)} == {2}


@pytest.mark.parametrize(("gop_s", "segment_s"), [(0.2, 0.8), (0.5, 1.0), (1, 1), (1.5, 1.5), (2, 2), (3, 3), (4, 4)])
def test_segments_are_whole_groups_of_pictures(gop_s: float, segment_s: float) -> None:
    muxer = build_muxer()
    feed(muxer, steady(20, 16), gop=round(gop_s * 20))
    assert {round(segment.duration_us / 1e6, 2) for segment in listed(muxer)} == {segment_s}
    assert all(segment.parts[0].is_independent for segment in listed(muxer))


def test_long_group_is_cut_before_it_would_be_longer_than_the_target_and_again_at_its_end() -> None:
    muxer = build_muxer()
    feed(muxer, steady(25, 30), gop=250)
    segments = listed(muxer)
    assert all(segment.duration_us < 4_500_000 for segment in segments)
    begins = [segment for segment in segments if segment.parts[0].is_independent]
    assert [(each.start_at - START_AT) % 10_000_000 for each in begins] == [0] * len(begins)
    assert begins


def test_segment_of_very_many_bytes_ends_early() -> None:
    muxer = build_muxer()
    muxer.window.limit_bytes = 400_000
    feed(muxer, steady(25, 10), gop=250, size_bytes=5_000)
    assert muxer.window.size_bytes <= 400_000 + 10 * 5_200
    assert len(listed(muxer)) >= 1


def test_pictures_that_stop_end_the_segment_and_come_back_as_another_timeline() -> None:
    muxer = build_muxer()
    feed(muxer, steady(25, 3), gop=50)
    was_live = muxer.is_live
    muxer.on_stop()
    assert (was_live, muxer.is_live) == (True, False)
    before = muxer.window.present()
    assert before.segments[-1].is_whole
    assert sum(segment.duration_us for segment in before.segments) == 3_000_000
    muxer.on_start({VIDEO_TRACK: VIDEO})
    feed(muxer, steady(25, 3), gop=50)
    after = muxer.window.present().segments
    assert [segment.is_discontinuity for segment in after] == [False, False, True, False]
    assert [segment.number for segment in after] == [0, 1, 2, 3]


def test_sound_that_stops_ends_its_timeline_and_does_not_come_back_in_the_middle() -> None:
    muxer = build_muxer()
    aac = AudioFormat(Codec.AAC, 8000, 1, "mp4a.40.2", bytes.fromhex("1588"))
    muxer.on_start({VIDEO_TRACK: VIDEO, AUDIO_TRACK: aac})
    for number, pts in enumerate(steady(25, 12)):
        heard = [AccessUnit(AUDIO_TRACK, pts, b"heard", True, START_AT)] if number < 75 or number > 200 else []
        muxer.on_units([picture(pts, is_key=number % 25 == 0), *heard])
    segments = listed(muxer)
    assert [segment.number for segment in segments if segment.is_discontinuity] == [6]  # three seconds after the last
    assert {segment.init for segment in segments} == {1, 2}
    assert muxer.codecs == (VIDEO.codec_string,)
    assert [b"heard" in b"".join(muxer.window.segment(segment.number) or ()) for segment in segments] == [
        *[True] * 3,
        *[False] * (len(segments) - 3),
    ]


def test_nothing_is_kept_after_the_end() -> None:
    muxer = build_muxer()
    feed(muxer, steady(25, 3), gop=50)
    assert muxer.window.size_bytes > 0
    muxer.stop()
    assert (muxer.window.size_bytes, muxer.window.is_empty, muxer.is_live) == (0, True, False)


def test_usual_ticks_are_those_of_most_pictures_in_whatever_order() -> None:
    assert find_usual_ticks([0, 10_800, 3_600, 7_200, 100_000], None) == 3_600
    assert find_usual_ticks([0], 10.0) == 9_000
    assert find_usual_ticks([0], None) == 3_600


def test_many_streams_share_what_a_node_may_keep() -> None:
    clock, entropy = ManualClock(), SeededEntropy(1)
    provider = HandStreams({key_of(number): HandStream() for number in range(64)})
    streams = HlsStreams(provider, pool=DecodePool(clock, entropy), clock=clock, supervisor=Supervisor(clock, entropy))
    first = streams.open(key_of(0))
    assert first.window.limit_bytes == LIMIT_BYTES
    others = [streams.open(key_of(number)) for number in range(1, 64)]
    assert sum(muxer.window.limit_bytes for muxer in streams) <= NODE_LIMIT_BYTES
    for muxer in others:
        streams.close(muxer)
    assert first.window.limit_bytes == LIMIT_BYTES
    assert streams.open(key_of(0)) is first
    streams.close(first)
    assert provider[key_of(0)].readers == [first]
    streams.close(first)
    assert provider[key_of(0)].readers == []
    assert len(streams) == 0
