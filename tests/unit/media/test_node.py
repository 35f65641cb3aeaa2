"""Desired state becomes streams and recordings; what drifts is mended."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from tests.media_synthetic import START_AT, HandSource, key_of, stretch

from brightkitchen.kernel.cameraspec import CameraSpec, Credential, StreamSpec
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import Profile
from brightkitchen.kernel.nodeprotocol import Desired, Holds
from brightkitchen.kernel.recordingplan import Hold, RecordingPlan, Window
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import Utc
from brightkitchen.media.desired_file import CONTEXT, DesiredFile, SavedDesired
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.node import MediaNode
from brightkitchen.media.ports import SourceSink
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.store.model import GapReason
from brightkitchen.media.store.store import Store
from brightkitchen.wire.fmp4 import writer

ONE, TWO = key_of(1), key_of(2)


def spec(number: int, **changes: object) -> CameraSpec:
    base = CameraSpec(
        camera=key_of(number).camera,
        epoch=1,
        name="热厨",
        host="10.0.0.7",
        main=StreamSpec(path="/main"),
        plan=RecordingPlan(),
    )
    return msgspec.structs.replace(base, **changes)


def credential(number: int, password: str = "p4ss") -> Credential:
    return Credential(camera=key_of(number).camera, host="10.0.0.7", username="admin", password=password)


def at_end(frames: int) -> Utc:
    return Utc(START_AT + frames * 40_000)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        entropy = SeededEntropy(5)
        self.supervisor = Supervisor(self.clock, entropy)
        self.store = Store.open(folder, self.clock, reserve_bytes=0, commit_every_s=0.0)
        self.recorder = Recorder(self.store, writer, clock=self.clock, entropy=entropy)
        self.hub = Hub(clock=self.clock, entropy=entropy, supervisor=self.supervisor)
        self.opened: list[tuple[CameraSpec, Profile, Credential | None, HandSource]] = []
        self.asked: list[tuple[str, int]] = []
        self.answers: dict[str, Credential] = {}
        self.is_control_there = True
        self.node = MediaNode(
            "node-0",
            hub=self.hub,
            recorder=self.recorder,
            store=self.store,
            source_factory=self.open_source,
            clock=self.clock,
            supervisor=self.supervisor,
        )
        self.node.start()

    def open_source(self, spec: CameraSpec, profile: Profile, known: Credential | None, sink: SourceSink) -> HandSource:
        source = HandSource(sink)
        self.opened.append((spec, profile, known, source))
        return source

    async def fetch(self, camera: str, epoch: int) -> Credential | None:
        self.asked.append((camera, epoch))
        if not self.is_control_there:
            raise BrightKitchenError(Kind.UNAVAILABLE, "node.no_control")
        return self.answers.get(camera)

    async def apply(self, *cameras: CameraSpec) -> None:
        await self.node.apply(Desired(version=1, cameras=cameras), self.fetch)
        await self.clock.advance(0)

    async def close(self) -> None:
        await self.node.stop()
        await self.supervisor.close()


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_desired_cameras_become_streams_and_recordings(bench: Bench) -> None:
    await bench.apply(spec(1, sub=StreamSpec(path="/sub")), spec(2, plan=RecordingPlan(record=())))
    assert {stream.key for stream in bench.hub} == {ONE, key_of(1, Profile.SUB), TWO}
    assert bench.recorder.keys == {ONE}
    assert [(s.camera, profile) for s, profile, _, _ in bench.opened] == [(ONE.camera, Profile.MAIN)]
    await bench.close()


async def test_same_list_again_touches_nothing(bench: Bench) -> None:
    await bench.apply(spec(1), spec(2))
    await bench.apply(spec(1, name="凉菜间"), spec(2))
    assert len(bench.opened) == 2
    await bench.close()


async def test_changed_address_restarts_only_that_stream(bench: Bench) -> None:
    await bench.apply(spec(1), spec(2))
    await bench.apply(spec(1, host="10.0.0.8"), spec(2))
    assert [s.host for s, _, _, _ in bench.opened] == ["10.0.0.7", "10.0.0.7", "10.0.0.8"]
    assert [source.is_running for _, _, _, source in bench.opened] == [False, True, True]
    await bench.close()


async def test_changed_log_in_is_asked_for_once_per_epoch_and_restarts(bench: Bench) -> None:
    bench.answers[ONE.camera] = credential(1)
    await bench.apply(spec(1, has_credential=True))
    await bench.apply(spec(1, has_credential=True))
    bench.answers[ONE.camera] = credential(1, "other")
    await bench.apply(spec(1, has_credential=True, epoch=2))
    assert bench.asked == [(ONE.camera, 1), (ONE.camera, 2)]
    assert [known.password if known else None for _, _, known, _ in bench.opened] == ["p4ss", "other"]
    assert bench.node.credentials == {ONE.camera: credential(1, "other")}
    await bench.close()


async def test_camera_is_not_knocked_at_before_its_log_in_is_known(bench: Bench) -> None:
    bench.is_control_there = False
    bench.answers[ONE.camera] = credential(1)
    await bench.apply(spec(1, has_credential=True))
    assert bench.opened == []
    bench.is_control_there = True
    await bench.clock.advance(6)
    assert [known for _, _, known, _ in bench.opened] == [credential(1)]
    await bench.close()


async def test_control_gone_keeps_the_log_in_that_is_known(bench: Bench) -> None:
    bench.answers[ONE.camera] = credential(1)
    await bench.apply(spec(1, has_credential=True))
    bench.is_control_there = False
    await bench.apply(spec(1, has_credential=True, epoch=2))
    assert [source.is_running for _, _, _, source in bench.opened] == [True]
    await bench.close()


async def test_removed_camera_is_let_go_and_its_file_closed(bench: Bench) -> None:
    await bench.apply(spec(1), spec(2))
    source = bench.opened[0][3]
    source.connect()
    source.feed(stretch(0, 60))
    await bench.apply(spec(2))
    assert not source.is_running
    assert (bench.hub.get(ONE), bench.recorder.keys) == (None, frozenset({TWO}))
    bench.recorder.hand_over()
    assert bench.store.wait_idle(5)
    (info,) = bench.store.segments_between(ONE, START_AT, at_end(60))
    assert (info.is_open, info.frames) == (False, 60)
    await bench.close()


async def test_recording_switched_off_leaves_the_stream(bench: Bench) -> None:
    await bench.apply(spec(1))
    await bench.apply(spec(1, plan=RecordingPlan(record=())))
    assert (bench.recorder.keys, bench.hub.get(ONE) is not None) == (frozenset(), True)
    await bench.close()


async def test_quiet_window_begins_and_ends_within_a_second(bench: Bench) -> None:
    now = bench.clock.utc()
    quiet = (Window(from_at=Utc(now + 10_000_000), to_at=Utc(now + 30_000_000)),)
    plan = RecordingPlan(record=("main",), quiet=quiet, quiet_record=("sub",))
    await bench.apply(spec(1, plan=plan, sub=StreamSpec(path="/sub")))
    source = bench.opened[0][3]
    source.connect()
    seen = []
    for second in range(33):
        source.feed(stretch(second * 25, 25, gop=25))
        await bench.clock.advance(1)
        seen.append({key.profile for key in bench.recorder.keys})
    main, sub = {Profile.MAIN}, {Profile.SUB}
    assert seen[:9] == [main] * 9
    assert seen[10:29] == [sub] * 19
    assert seen[30:] == [main] * 3
    bench.recorder.hand_over()
    assert bench.store.wait_idle(5)
    (gap,) = bench.store.timeline(ONE, START_AT, at_end(40 * 25)).gaps
    assert gap.reason == "not_planned"
    assert 18_000_000 <= gap.to_at - gap.from_at <= 22_000_000
    await bench.close()


async def test_clock_set_back_over_an_edge_follows_the_plan_again(bench: Bench) -> None:
    now = bench.clock.utc()
    quiet = (Window(from_at=Utc(now + 3_000_000), to_at=Utc(now + 90_000_000)),)
    await bench.apply(spec(1, plan=RecordingPlan(quiet=quiet)))
    await bench.clock.advance(5)
    assert bench.recorder.keys == frozenset()
    bench.clock.step_utc(-5_000_000)
    await bench.clock.advance(1)
    assert bench.recorder.keys == {ONE}
    await bench.close()


async def test_plans_and_holds_are_kept_by_the_store(bench: Bench) -> None:
    await bench.apply(spec(1, plan=RecordingPlan(keep_days=8, version=4)), spec(2))
    await bench.apply(spec(2, plan=RecordingPlan(keep_days=90, version=5)))
    await bench.node.keep_holds(Holds(version=11, holds=(Hold(id="hold_1", camera=ONE.camera, from_at=Utc(1)),)))
    assert bench.store.keeper.holds_version == 11
    with closing(sqlite3.connect(bench.folder / "index.sqlite3")) as db:
        rows = db.execute("SELECT camera, keep_days, plan_version FROM stream WHERE profile = 'main' ORDER BY 1")
        assert rows.fetchall() == [(ONE.camera, 8, 4), (TWO.camera, 90, 5)]
    await bench.close()


async def test_camera_without_a_proper_id_is_left_out(bench: Bench) -> None:
    await bench.apply(spec(1, camera="../etc"))
    assert len(bench.hub) == 0
    await bench.close()


async def test_drift_is_mended_each_minute(bench: Bench) -> None:
    await bench.apply(spec(1))
    bench.recorder.stop(ONE, GapReason.UNKNOWN)
    await bench.hub.remove(ONE)
    await bench.clock.advance(61)
    assert (bench.hub.get(ONE) is not None, bench.recorder.keys) == (True, frozenset({ONE}))
    assert await bench.node.repair() == 0
    await bench.close()


async def test_recording_that_stopped_silently_is_begun_anew(bench: Bench) -> None:
    await bench.apply(spec(1))
    source = bench.opened[0][3]
    source.connect()
    for second in range(130):  # pictures come, never a key frame: nothing can be written
        source.feed(stretch(second * 25 + 1, 20, gop=10**6))
        await bench.clock.advance(1)
    stream = bench.hub.get(ONE)
    assert stream is not None
    assert stream.state is CameraState.LIVE
    assert await bench.node.repair() == 1
    await bench.close()


async def test_reports_join_stream_and_recording(bench: Bench) -> None:
    await bench.apply(spec(1))
    source = bench.opened[0][3]
    source.connect()
    for number in range(0, 60, 5):
        source.feed(stretch(number, 5))
    await bench.clock.advance(1)
    assert bench.store.wait_idle(5)
    (report,) = bench.node.reports()
    assert (report.camera, report.profile, report.state) == (ONE.camera, "main", CameraState.LIVE)
    assert (report.recording, report.recorded_until_at) == (True, START_AT + 2_000_000)
    await bench.close()
    assert bench.node.reports() == []


async def test_dead_store_is_told(bench: Bench) -> None:
    await bench.apply(spec(1))
    await bench.clock.advance(2)
    before = bench.node.failed.is_set()
    bench.store.close()
    await bench.clock.advance(2)
    assert (before, bench.node.failed.is_set()) == (False, True)
    await bench.supervisor.close()


async def test_stop_in_order_is_no_failure(bench: Bench) -> None:
    await bench.apply(spec(1))
    await bench.node.stop()
    await bench.clock.advance(5)
    assert (bench.node.failed.is_set(), bench.supervisor.failures) == (False, {})
    await bench.supervisor.close()


class XorSealer:
    """Not a seal: it only shows that the file goes through one."""

    def seal(self, plain: bytes, context: str) -> bytes:
        assert context == CONTEXT
        return bytes(byte ^ 0x5A for byte in plain)

    def open(self, blob: bytes, context: str) -> bytes:
        if not blob.startswith(b"!"):
            raise BrightKitchenError(Kind.DATA_LOSS, "secrets.seal_broken")
        return bytes(byte ^ 0x5A for byte in blob)


def test_desired_file_gives_back_what_was_written_and_hides_it(tmp_path: Path) -> None:
    file = DesiredFile(tmp_path, XorSealer())
    assert file.read() is None
    saved = SavedDesired(desired=Desired(version=3, cameras=(spec(1),)), credentials=(credential(1),))
    file.write(saved)
    blob = (tmp_path / "desired.sealed").read_bytes()
    assert b"p4ss" not in blob
    assert ((tmp_path / "desired.sealed").stat().st_mode & 0o777) == 0o600
    assert file.read() == saved
    (tmp_path / "desired.sealed").unlink()
    file.write(saved)
    assert file.read() is None  # the same again is not written again
    (tmp_path / "desired.sealed").write_bytes(b"{}")
    assert file.read() is None
    assert "p4ss" not in repr(saved)
