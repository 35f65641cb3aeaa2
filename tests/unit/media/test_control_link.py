"""The line to control, against a control of a few lines on a real Unix socket."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web
from yarl import URL

from brightkitchen.kernel.cameraspec import CameraSpec, Credential, StreamSpec
from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.mediatoken import Act, MediaClaims
from brightkitchen.kernel.nodeprotocol import (
    CredentialAnswer,
    CredentialRequest,
    Deletions,
    DeletionsKept,
    Desired,
    Hello,
    Holds,
    HoldsKept,
    ProbeAnswer,
    ProbeRequest,
    Reports,
    Revoke,
    Revoked,
    ToControl,
    ToNode,
    Views,
    ViewsKept,
    Vitals,
    Volumes,
    Welcome,
    build_message,
    parse_to_control,
)
from brightkitchen.kernel.recordingplan import DeletedRange, Hold, VolumeState
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import Utc
from brightkitchen.media.control_link import CHANNEL_URL, ControlLink, Handlers
from brightkitchen.media.deletions import DeletionReports
from brightkitchen.media.serve.views import ViewLog

SPEC = CameraSpec(camera="cam_0000000000000001", epoch=4, name="热厨", host="10.0.0.7", main=StreamSpec(path="/main"))
VITALS = Vitals(
    version="0.1.0",
    started_at=Utc(1),
    cpu_percent=12.5,
    memory_bytes=1000,
    host_cores=2,
    host_used_percent=50.0,
    host_memory_bytes=4000,
    host_memory_free_bytes=2000,
)
CREDENTIAL = Credential(camera=SPEC.camera, host=SPEC.host, username="admin", password="p4ss")


class SmallControl:
    """Control's end: keeps what arrives, says what the test wants."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[ToControl] = asyncio.Queue()
        self.lines: list[web.WebSocketResponse] = []

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        self.lines.append(line)
        async for message in line:
            if message.type is WSMsgType.TEXT:
                self.got.put_nowait(parse_to_control(message.data))
        return line

    async def say(self, message: ToNode) -> None:
        await self.lines[-1].send_str(build_message(message).decode())

    async def expect(self, kind: type[ToControl]) -> ToControl:
        """Return the next message of that kind, passing over others."""
        async with asyncio.timeout(5):
            while True:
                message = await self.got.get()
                if isinstance(message, kind):
                    return message


class Rows:
    """Proofs as a store keeps them."""

    def __init__(self) -> None:
        self.waiting: dict[int, DeletedRange] = {}

    def put(self, number: int) -> None:
        self.waiting[number] = DeletedRange(
            id=f"del_{number}",
            camera=SPEC.camera,
            profile="main",
            from_at=Utc(1),
            to_at=Utc(2),
            files=1,
            size_bytes=10,
            digest="0" * 64,
            why="age",
            plan_version=1,
        )

    def load_proofs(self, limit: int) -> list[tuple[int, DeletedRange]]:
        return list(self.waiting.items())[:limit]

    def drop_proofs(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            del self.waiting[number]


class Bench:
    def __init__(self, socket: Path) -> None:
        self.control = SmallControl()
        self.socket = socket
        self.supervisor = Supervisor(SystemClock(), SeededEntropy(1))
        self.welcomed: list[Welcome] = []
        self.desired: asyncio.Queue[Desired] = asyncio.Queue()
        self.reports = [StreamReport(camera=SPEC.camera, profile="main", state=CameraState.LIVE)]
        self.views = ViewLog(SystemClock(), SeededEntropy(3))
        self.rows = Rows()
        self.volumes = (VolumeState(name="store", state="ok"),)
        self.holds: list[Holds] = []
        self.refusals = 0
        self.link = ControlLink(
            socket,
            Hello(node="node-0", secret="5ec2e7", port=8081),
            Handlers(
                on_welcome=self.welcomed.append,
                on_desired=self.on_desired,
                on_revoke=self.on_revoke,
                on_probe=self.on_probe,
                reports=lambda: list(self.reports),
                on_holds=self.on_holds,
                volumes=lambda: self.volumes,
                vitals=lambda: VITALS,
            ),
            views=self.views,
            deletions=DeletionReports(self.rows, SystemClock()),
            clock=SystemClock(),
            entropy=SeededEntropy(2),
            supervisor=self.supervisor,
        )

    async def on_desired(self, desired: Desired) -> None:
        self.desired.put_nowait(desired)

    async def on_revoke(self, revoke: Revoke) -> int:
        return 2

    async def on_holds(self, holds: Holds) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OSError
        self.holds.append(holds)

    async def on_probe(self, request: ProbeRequest) -> ProbeAnswer:
        if request.spec.host == "10.0.0.9":
            raise TimeoutError
        return ProbeAnswer(request=request.request, reason=None, fps=25.0)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "control.sock")
    app = web.Application()
    app.router.add_get(URL(CHANNEL_URL).path, bench.control.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(bench.socket)).start()
    yield bench
    await bench.supervisor.close()
    await runner.cleanup()


async def test_node_introduces_itself_and_is_welcomed(bench: Bench) -> None:
    bench.link.start()
    assert await bench.control.expect(Hello) == Hello(node="node-0", secret="5ec2e7", port=8081)
    assert bench.link.is_connected
    await bench.control.say(Welcome(allowed_origins=("http://127.0.0.1:8080",), keys=(), server_at=Utc(1)))
    await bench.control.say(Desired(version=1, cameras=(SPEC,)))
    async with asyncio.timeout(5):
        assert await bench.desired.get() == Desired(version=1, cameras=(SPEC,))
    assert bench.welcomed[0].allowed_origins == ("http://127.0.0.1:8080",)


async def test_log_in_is_asked_for_and_answered(bench: Bench) -> None:
    bench.link.start()
    await bench.control.expect(Hello)
    asking = asyncio.create_task(bench.link.fetch_credential(SPEC.camera, 4))
    request = await bench.control.expect(CredentialRequest)
    assert isinstance(request, CredentialRequest)
    assert (request.camera, request.epoch) == (SPEC.camera, 4)
    await bench.control.say(CredentialAnswer(request=99, credential=None))
    await bench.control.say(CredentialAnswer(request=request.request, credential=CREDENTIAL))
    async with asyncio.timeout(5):
        assert await asking == CREDENTIAL


async def test_log_in_without_a_line_is_unavailable(bench: Bench) -> None:
    with pytest.raises(BrightKitchenError) as caught:
        await bench.link.fetch_credential(SPEC.camera, 4)
    assert caught.value.code == "node.no_control"


async def test_log_in_asked_while_control_goes_away_is_unavailable(bench: Bench) -> None:
    bench.link.start()
    await bench.control.expect(Hello)
    asking = asyncio.create_task(bench.link.fetch_credential(SPEC.camera, 4))
    await bench.control.expect(CredentialRequest)
    await bench.control.lines[-1].close()
    with pytest.raises(BrightKitchenError) as caught:
        async with asyncio.timeout(5):
            await asking
    assert caught.value.code == "node.no_control"


async def test_revoke_and_probe_are_answered(bench: Bench) -> None:
    bench.link.start()
    await bench.control.expect(Hello)
    await bench.control.say(Revoke(request=7, sid="ses_1"))
    assert await bench.control.expect(Revoked) == Revoked(request=7, closed=2)
    await bench.control.say(ProbeRequest(request=8, spec=SPEC, username="admin", password="p4ss"))
    assert await bench.control.expect(ProbeAnswer) == ProbeAnswer(request=8, reason=None, fps=25.0)


async def test_probe_that_takes_too_long_is_answered_so(bench: Bench) -> None:
    bench.link.start()
    await bench.control.expect(Hello)
    slow = CameraSpec(camera=SPEC.camera, epoch=1, name="", host="10.0.0.9", main=StreamSpec(path="/"))
    await bench.control.say(ProbeRequest(request=9, spec=slow))
    answer = await bench.control.expect(ProbeAnswer)
    assert isinstance(answer, ProbeAnswer)
    assert (answer.request, answer.reason) == (9, "no_packets")


async def test_reports_come_at_once_and_again_when_something_changed(bench: Bench) -> None:
    bench.link.start()
    first = await bench.control.expect(Reports)
    assert first == Reports(reports=tuple(bench.reports))
    bench.reports = [StreamReport(camera=SPEC.camera, profile="main", state=CameraState.OFFLINE)]
    second = await bench.control.expect(Reports)
    assert second == Reports(reports=tuple(bench.reports))


async def test_lost_line_is_made_anew(bench: Bench) -> None:
    bench.link.start()
    await bench.control.expect(Hello)
    await bench.control.lines[-1].send_str("no message of ours")
    await bench.control.expect(Hello)
    assert len(bench.control.lines) == 2


def _watched(views: ViewLog) -> None:
    claims = MediaClaims(
        kid="k",
        iss="control",
        aud="node-0",
        cam=SPEC.camera,
        act=Act.SNAPSHOT,
        prof="main",
        sid="sid_1",
        cls="officer",
        iat=Utc(1),
        exp=Utc(2),
        jti="j",
        org="",
        wm="w",
    )
    views.note(claims)
    views.close()


async def test_what_was_watched_is_told_once_control_confirms(bench: Bench) -> None:
    bench.link.start()
    await bench.control.expect(Hello)
    _watched(bench.views)
    said = await bench.control.expect(Views)
    assert isinstance(said, Views)
    assert [(report.act, report.count, report.sid) for report in said.reports] == [("snapshot", 1, "sid_1")]
    assert len(bench.views) == 1
    await bench.control.say(ViewsKept(request=said.request))
    await bench.link.flush_views(5.0)
    assert len(bench.views) == 0


async def test_what_was_watched_is_told_again_on_the_next_line(bench: Bench) -> None:
    bench.link.start()
    await bench.control.expect(Hello)
    _watched(bench.views)
    first = await bench.control.expect(Views)
    await bench.control.lines[-1].close()
    again = await bench.control.expect(Views)
    assert isinstance(first, Views)
    assert isinstance(again, Views)
    assert again.reports == first.reports


async def test_holds_are_answered_when_they_are_on_the_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brightkitchen.media.control_link.HOLDS_RETRY_S", 0.01)
    bench.link.start()
    await bench.control.expect(Hello)
    bench.refusals = 2
    holds = Holds(version=5, holds=(Hold(id="hold_1", camera=SPEC.camera, from_at=Utc(1)),))
    await bench.control.say(holds)
    assert await bench.control.expect(HoldsKept) == HoldsKept(version=5)
    assert (bench.holds, bench.refusals) == ([holds], 0)


async def test_proofs_of_deletions_are_told_until_control_has_them(bench: Bench) -> None:
    bench.rows.put(1)
    bench.link.start()
    first = await bench.control.expect(Deletions)
    assert isinstance(first, Deletions)
    assert [proof.id for proof in first.ranges] == ["del_1"]
    bench.rows.put(2)
    await bench.control.lines[-1].close()
    again = await bench.control.expect(Deletions)
    assert isinstance(again, Deletions)
    assert [proof.id for proof in again.ranges] == ["del_1", "del_2"]
    bench.rows.put(3)
    await bench.control.say(DeletionsKept(request=first.request))  # of the line before: not what was asked last
    await bench.control.say(DeletionsKept(request=again.request))
    last = await bench.control.expect(Deletions)
    assert isinstance(last, Deletions)
    assert [proof.id for proof in last.ranges] == ["del_3"]


async def test_volume_that_changes_is_told_at_once(bench: Bench) -> None:
    bench.link.start()
    assert await bench.control.expect(Volumes) == Volumes(volumes=bench.volumes)
    bench.volumes = (VolumeState(name="store", state="filling"),)
    bench.link.tell_kept()
    assert await bench.control.expect(Volumes) == Volumes(volumes=bench.volumes)


async def test_node_says_how_it_is_as_soon_as_the_line_is_there(bench: Bench) -> None:
    bench.link.start()
    assert await bench.control.expect(Vitals) == VITALS
