"""One owner per stream: who gets what, when the camera is asked, what is reported."""

import pytest
from tests.media_synthetic import AUDIO, SMALL_VIDEO, VIDEO, HandSources, Watcher, key_of, sound, stretch

from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.hub.stream import Stream
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK

KEY = key_of(1)


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        entropy = SeededEntropy()
        self.supervisor = Supervisor(self.clock, entropy)
        self.hub = Hub(clock=self.clock, entropy=entropy, supervisor=self.supervisor)
        self.sources = HandSources()
        self.stream: Stream = self.hub.add(KEY, self.sources)

    async def watch(self, *, is_viewer: bool = True, connect: bool = True) -> Watcher:
        watcher = Watcher()
        self.stream.attach(watcher, is_viewer=is_viewer)
        await self.clock.advance(0)
        if connect:
            self.sources.last.connect()
        return watcher


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_stream_without_readers_asks_no_camera(bench: Bench) -> None:
    assert (bench.sources.opened, bench.stream.state) == ([], CameraState.STANDBY)


async def test_first_reader_starts_the_source_and_gets_from_the_key_frame(bench: Bench) -> None:
    watcher = await bench.watch()
    bench.sources.last.feed(stretch(45, 10))
    assert watcher.events == ["connecting", "live", "start"]
    assert watcher.formats == {VIDEO_TRACK: VIDEO, AUDIO_TRACK: AUDIO}
    assert [unit.pts for unit in watcher.units] == [unit.pts for unit in stretch(50, 5)]


async def test_late_reader_gets_the_whole_group_at_once_then_every_list(bench: Bench) -> None:
    first = await bench.watch()
    for number in range(0, 70, 7):
        bench.sources.last.feed(stretch(number, 7))
    second = Watcher()
    bench.stream.attach(second)
    assert (second.units[0].is_key, second.units[0].pts, len(second.units)) == (True, 50 * 3600, 60)
    bench.sources.last.feed(stretch(70, 7))
    assert second.units == first.units[150:]
    assert len(bench.sources.opened) == 1


async def test_key_frame_is_always_first_of_its_list(bench: Bench) -> None:
    lists: list[list[bool]] = []

    class Lists(Watcher):
        def on_units(self, units: list) -> None:  # type: ignore[type-arg]  # narrower than needed, to look at the lists
            lists.append([unit.is_key and unit.track == VIDEO_TRACK for unit in units])

    bench.stream.attach(Lists())
    await bench.clock.advance(0)
    bench.sources.last.connect()
    bench.sources.last.feed(stretch(0, 130))
    assert [sum(keys) for keys in lists] == [1, 1, 1]
    assert all(keys[0] for keys in lists)


async def test_source_stops_15_s_after_the_last_reader_went(bench: Bench) -> None:
    watcher = await bench.watch()
    bench.stream.detach(watcher)
    await bench.clock.advance(14)
    before = bench.sources.last.is_running
    await bench.clock.advance(2)
    assert (before, bench.sources.last.is_running) == (True, False)
    assert (bench.stream.state, bench.stream.gop_units) == (CameraState.STANDBY, 0)


async def test_reader_coming_back_in_time_keeps_the_source(bench: Bench) -> None:
    watcher = await bench.watch()
    bench.stream.detach(watcher)
    bench.stream.detach(watcher)
    await bench.clock.advance(10)
    bench.stream.attach(watcher)
    await bench.clock.advance(30)
    assert (bench.sources.last.is_running, len(bench.sources.opened)) == (True, 1)


async def test_low_latency_is_wanted_only_while_somebody_watches(bench: Bench) -> None:
    await bench.watch(is_viewer=False)
    assert (bench.sources.last.is_low_latency, bench.stream.viewers) == (False, 0)
    viewer = await bench.watch(connect=False)
    assert (bench.sources.last.is_low_latency, bench.stream.viewers) == (True, 1)
    bench.stream.detach(viewer)
    assert (bench.sources.last.is_low_latency, bench.stream.viewers) == (False, 0)


async def test_broken_connection_stops_readers_and_starts_them_anew(bench: Bench) -> None:
    watcher = await bench.watch()
    bench.sources.last.feed(stretch(0, 10))
    run = bench.stream.run
    bench.sources.last.break_off()
    bench.sources.last.feed(stretch(50, 1))
    bench.sources.last.connect()
    bench.sources.last.feed(stretch(0, 3))
    before = ["connecting", "live", "start", "stop", "offline:ended"]
    assert watcher.events == [*before, "start", "stop", "live", "start"]
    assert bench.stream.run != run


async def test_new_parameter_sets_restart_readers_at_the_key_frame(bench: Bench) -> None:
    watcher = await bench.watch()
    bench.sources.last.feed(stretch(0, 10))
    bench.sources.last.sink.on_format(VIDEO_TRACK, VIDEO)
    assert watcher.events[-1] == "start"
    bench.sources.last.sink.on_format(VIDEO_TRACK, SMALL_VIDEO)
    assert watcher.events[-1] == "stop"
    bench.sources.last.feed(stretch(10, 41))
    assert watcher.events[-1] == "start"
    assert watcher.formats[VIDEO_TRACK] == SMALL_VIDEO
    assert len(watcher.units) == 3


async def test_group_over_the_limit_is_dropped_until_the_next_key_frame(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brightkitchen.media.hub.stream.GOP_LIMIT_BYTES", 20_000)
    watcher = await bench.watch()
    for number in range(0, 40, 2):
        bench.sources.last.feed(stretch(number, 2))
    assert watcher.events[-1] == "stop"
    assert bench.stream.gop_units == 0
    bench.sources.last.feed(stretch(50, 2))
    assert watcher.events[-1] == "start"


async def test_units_before_the_picture_format_is_known_reach_nobody(bench: Bench) -> None:
    watcher = await bench.watch(connect=False)
    bench.sources.last.connect({AUDIO_TRACK: AUDIO})
    bench.sources.last.feed(stretch(0, 2))
    bench.sources.last.feed([sound(9)])
    bench.sources.last.sink.on_units([])
    assert (watcher.events[-1], watcher.units) == ("live", [])


async def test_replaced_source_connects_anew_and_keeps_readers(bench: Bench) -> None:
    watcher = await bench.watch()
    bench.sources.last.feed(stretch(0, 2))
    other = HandSources()
    await bench.stream.replace_source(other)
    await bench.clock.advance(0)
    assert not bench.sources.last.is_running
    other.last.connect()
    other.last.feed(stretch(0, 2))
    assert watcher.events == ["connecting", "live", "start", "stop", "standby", "connecting", "live", "start"]


async def test_failed_source_is_started_again_by_the_supervisor(bench: Bench) -> None:
    watcher = await bench.watch()
    failure = bench.sources.last.failure
    assert failure is not None
    failure.set_exception(RuntimeError("a bug"))
    await bench.clock.advance(1)
    assert watcher.events[-1] == "offline:protocol_error"
    assert (len(bench.sources.opened), bench.sources.last.is_running) == (2, True)
    bench.sources.last.connect()
    assert bench.stream.state is CameraState.LIVE


async def test_report_counts_rates_over_five_seconds(bench: Bench) -> None:
    await bench.watch()
    source = bench.sources.last
    for second in range(10):
        source.feed(stretch(second * 25, 25))
        source.counters.packets_lost += 1
        await bench.clock.advance(1)
        bench.hub.sample()
    report = bench.stream.report()
    assert (report.fps, report.bitrate_bps) == (25.0, (25 * 1000 + 50 * 160) * 8)
    assert (report.loss_ratio, report.lost_packets) == (round(5 / 380, 4), 10)
    assert (report.state, report.viewers, report.video_codec, report.audio_codec) == (
        CameraState.LIVE,
        1,
        "avc1.640028",
        "pcma",
    )
    assert (report.width_px, report.height_px) == (1920, 1080)


async def test_report_of_a_stream_nobody_wants_is_standby_without_rates(bench: Bench) -> None:
    bench.hub.sample()
    report = bench.stream.report()
    assert (report.state, report.fps, report.bitrate_bps, report.video_codec, report.width_px) == (
        CameraState.STANDBY,
        0.0,
        0,
        "",
        0,
    )


async def test_since_at_is_when_the_state_was_entered(bench: Bench) -> None:
    await bench.watch()
    entered_at = bench.stream.since_at
    await bench.clock.advance(5)
    bench.sources.last.sink.on_state(CameraState.LIVE, None, "still")
    assert (bench.stream.since_at, bench.stream.detail) == (entered_at, "still")
    bench.sources.last.break_off(Reason.NO_PACKETS)
    assert bench.stream.since_at == bench.clock.utc()


async def test_closed_stream_serves_nobody(bench: Bench) -> None:
    watcher = await bench.watch()
    source = bench.sources.last
    await bench.hub.remove(KEY)
    await bench.hub.remove(KEY)
    assert not source.is_running
    source.sink.on_state(CameraState.LIVE, None, "")
    source.sink.on_units(stretch(0, 1))
    late = Watcher()
    bench.stream.attach(late)
    assert (watcher.events[-1], late.events, bench.hub.get(KEY), len(bench.hub)) == ("standby", ["standby"], None, 0)


async def test_hub_refuses_the_same_stream_twice(bench: Bench) -> None:
    with pytest.raises(ValueError, match="exists"):
        bench.hub.add(KEY, bench.sources)
    changed: list[StreamKey] = []
    bench.hub.on_changed = changed.append
    await bench.watch()
    assert KEY in changed
    await bench.hub.close()
    assert [*bench.hub] == []
