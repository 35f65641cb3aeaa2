"""S21 and S23: the node channel over its real socket, with honest and with rogue nodes."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import msgspec
import pytest
import sqlalchemy as sa
from aiohttp import web
from tests.contract.conftest import NODE, ORIGIN, OTHER_NODE, Control, add_camera
from tests.contract.register import KITCHEN, insert_premises

from brightkitchen.domain.audit.model import MEDIA_VIEW, Filters
from brightkitchen.kernel.cameraspec import Credential
from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.mediatoken import Act, TokenRefused, TokenVerifier
from brightkitchen.kernel.nodeprotocol import (
    MAX_MESSAGE_BYTES,
    CredentialAnswer,
    CredentialRequest,
    Desired,
    Hello,
    Holds,
    ProbeAnswer,
    ProbeRequest,
    Reports,
    Revoke,
    Revoked,
    ToControl,
    ToNode,
    ViewReport,
    Views,
    ViewsKept,
    Welcome,
    build_message,
    parse_to_node,
)
from brightkitchen.web.nodechannel import NodeChannel, serve_on_socket

SECRET = bytes(range(32))
TIMEOUT_S = 5.0


@dataclass(slots=True)
class Node:
    """A node's end of the channel."""

    socket: aiohttp.ClientWebSocketResponse
    holds: Holds | None = None

    async def say(self, message: ToControl) -> None:
        await self.socket.send_str(build_message(message).decode())

    async def hear(self) -> ToNode:
        """Return the next message; lists of holds come whenever they like and are kept apart."""
        while isinstance(message := parse_to_node(await self.socket.receive_str(timeout=TIMEOUT_S)), Holds):
            self.holds = message
        return message

    async def hear_holds(self) -> Holds:
        """Return the next list of holds."""
        while not isinstance(message := parse_to_node(await self.socket.receive_str(timeout=TIMEOUT_S)), Holds):
            pass
        return message

    async def is_closed(self) -> bool:
        message = await self.socket.receive(timeout=TIMEOUT_S)
        while message.type is aiohttp.WSMsgType.TEXT:
            message = await self.socket.receive(timeout=TIMEOUT_S)
        return message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)


@pytest.fixture
async def place(control: Control, tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "run" / "control.sock"
    channel = NodeChannel(
        control.services.nodes,
        control.services.cameras,
        holds=control.services.recording.holds,
        recordings=control.services.recording.watch,
        secret=SECRET,
        verify_keys=control.keys.verify_keys,
        allowed_origins=control.options.origins,
        clock=control.clock,
    )
    runner = await serve_on_socket(channel.make_app(), path)
    yield path
    await runner.cleanup()


@asynccontextmanager
async def connect(place: Path) -> AsyncIterator[Node]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(place))) as session,
        session.ws_connect("http://control/", max_msg_size=0) as socket,
    ):
        yield Node(socket)


@asynccontextmanager
async def join(place: Path, node: str = NODE) -> AsyncIterator[tuple[Node, Welcome, Desired]]:
    async with connect(place) as one:
        await one.say(Hello(node=node, secret=SECRET.hex(), port=8081))
        welcome, desired = await one.hear(), await one.hear()
        assert isinstance(welcome, Welcome)
        assert isinstance(desired, Desired)
        yield one, welcome, desired


def forbidden(control: Control) -> dict[tuple[str, str], float]:
    return {
        (sample.labels["node"], sample.labels["cause"]): sample.value
        for metric in control.services.metrics.forbidden.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


async def test_socket_is_private(place: Path) -> None:
    assert [stat.S_IMODE(os.stat(each).st_mode) for each in (place, place.parent)] == [0o600, 0o700]


async def test_second_control_on_the_same_socket_is_refused(place: Path, control: Control) -> None:
    with pytest.raises(BrightKitchenError, match=r"control\.already_running"):
        await serve_on_socket(web.Application(), place)


async def test_other_user_is_refused(control: Control, tmp_path: Path) -> None:
    channel = NodeChannel(
        control.services.nodes,
        control.services.cameras,
        holds=control.services.recording.holds,
        recordings=control.services.recording.watch,
        secret=SECRET,
        verify_keys=control.keys.verify_keys,
        allowed_origins=(),
        clock=control.clock,
        uid=os.getuid() + 1,
    )
    runner = await serve_on_socket(channel.make_app(), tmp_path / "other" / "control.sock")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        async with connect(tmp_path / "other" / "control.sock"):
            pass
    await runner.cleanup()
    assert forbidden(control) == {("", "other_user"): 1.0}


async def test_node_that_says_the_secret_gets_keys_and_cameras(
    place: Path, control: Control, admin: httpx.AsyncClient
) -> None:
    camera = await add_camera(admin, username="viewer", password="s3cret-pass")
    async with join(place) as (_node, welcome, desired):
        assert welcome.allowed_origins == (ORIGIN, "http://localhost:8080")
        assert welcome.keys == control.keys.verify_keys()
        assert [(spec.camera, spec.host, spec.has_credential) for spec in desired.cameras] == [
            (camera["id"], "10.1.2.3", True)
        ]
        shown = (await admin.get(f"/api/v1/cameras/{camera['id']}")).json()["node"]
        assert shown == {"id": NODE, "port": 8081, "connected": True}


@pytest.mark.parametrize(
    ("hello", "cause"),
    [
        (Hello(node=NODE, secret="00" * 32, port=8081), "not_greeted"),
        (Hello(node=NODE, secret="", port=8081), "not_greeted"),
        (Hello(node=NODE, secret="é", port=8081), "not_greeted"),
        (Hello(node="node-9", secret=SECRET.hex(), port=8081), "wrong_hello"),
        (Hello(node=NODE, secret=SECRET.hex(), port=8081, protocol=99), "wrong_hello"),
        (Hello(node=NODE, secret=SECRET.hex(), port=0), "wrong_hello"),
        (CredentialRequest(request=1, camera="cam_0000000000000000", epoch=1), "not_greeted"),
    ],
)
async def test_stranger_is_closed_and_counted_and_hears_nothing(
    place: Path, control: Control, hello: ToControl, cause: str
) -> None:
    async with connect(place) as stranger:
        await stranger.say(hello)
        message = await stranger.socket.receive(timeout=TIMEOUT_S)
        assert message.type is aiohttp.WSMsgType.CLOSE
    assert {found for _node, found in forbidden(control)} == {cause}
    assert control.services.nodes.connected() == ()


async def test_added_camera_reaches_the_node_and_its_password_only_on_request(
    place: Path, control: Control, admin: httpx.AsyncClient
) -> None:
    async with join(place) as (node, _welcome, empty):
        camera = await add_camera(admin, username="viewer", password="s3cret-pass")
        desired = await node.hear()
        assert isinstance(desired, Desired)
        assert desired.version > empty.version
        assert "s3cret-pass" not in build_message(desired).decode()
        await node.say(CredentialRequest(request=7, camera=camera["id"], epoch=desired.cameras[0].epoch))
        assert await node.hear() == CredentialAnswer(
            request=7,
            credential=Credential(camera=camera["id"], host="10.1.2.3", username="viewer", password="s3cret-pass"),
        )
    assert forbidden(control) == {}


async def test_new_opening_hours_reach_the_node_at_once(
    place: Path, control: Control, admin: httpx.AsyncClient
) -> None:
    await insert_premises(control, id=KITCHEN, hours="1-7 08:00-20:00")
    await add_camera(admin, premises_id=KITCHEN)
    rule = {"mode": "open_hours", "reason": "夜间无人"}
    answer = await admin.put(f"/api/v1/recording/rules/premises/{KITCHEN}", json=rule, headers={"If-None-Match": "*"})
    assert answer.status_code == 200, answer.text
    async with join(place) as (node, _welcome, before):
        answer = await admin.patch(f"/api/v1/premises/{KITCHEN}", json={"hours": "1-7 03:00-04:00"})
        assert answer.status_code == 200, answer.text
        after = await node.hear()
        assert isinstance(after, Desired)
        assert after.cameras[0].plan.quiet != before.cameras[0].plan.quiet


async def test_rogue_node_gets_no_password_of_others_and_is_counted(
    place: Path, control: Control, admin: httpx.AsyncClient
) -> None:
    mine = await add_camera(admin, url="rtsp://10.1.2.3/0", username="viewer", password="s3cret-pass")
    theirs = await add_camera(admin, url="rtsp://10.1.2.3/1", username="viewer", password="s3cret-pass")
    asked = [(theirs["id"], 1), (mine["id"], 0), (mine["id"], 2), ("cam_0000000000000000", 1), ("../kek", 1), ("", 1)]
    async with join(place) as (node, _welcome, desired):
        assert [spec.camera for spec in desired.cameras] == [mine["id"]]
        for number, (camera, epoch) in enumerate(asked):
            await node.say(CredentialRequest(request=number, camera=camera, epoch=epoch))
            assert await node.hear() == CredentialAnswer(request=number, credential=None)
    assert forbidden(control) == {(NODE, "node.forbidden"): float(len(asked))}


async def test_rogue_node_cannot_report_on_cameras_of_others(
    place: Path, control: Control, admin: httpx.AsyncClient
) -> None:
    await add_camera(admin, url="rtsp://10.1.2.3/0")
    theirs = await add_camera(admin, url="rtsp://10.1.2.3/1")
    async with join(place) as (node, _welcome, _desired):
        forged = StreamReport(camera=theirs["id"], profile="main", state=CameraState.LIVE)
        await node.say(Reports(reports=(forged,)))
        await node.say(CredentialRequest(request=1, camera="", epoch=0))
        await node.hear()  # messages are handled in order: the report was, too
    assert forbidden(control)[NODE, "report_of_other_camera"] == 1.0
    assert (await admin.get(f"/api/v1/cameras/{theirs['id']}")).json()["streams"]["main"] is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{}", "garbage"),
        ("not json", "garbage"),
        ('{"type":"desired","version":1,"cameras":[]}', "garbage"),
        ('{"type":"reports","reports":[],"extra":1}', "garbage"),
        ('{"type":"credential_request","request":"1","camera":1,"epoch":"x"}', "garbage"),
        (build_message(Hello(node=OTHER_NODE, secret=SECRET.hex(), port=1)).decode(), "second_hello"),
        ('{"type":"reports","reports":[' + " " * MAX_MESSAGE_BYTES + "]}", "oversized"),
    ],
    ids=["empty", "no json", "control's own", "extra field", "wrong types", "second hello", "oversized"],
)
async def test_what_no_honest_node_sends_closes_the_channel(
    place: Path, control: Control, text: str, cause: str
) -> None:
    async with join(place) as (node, _welcome, _desired):
        with suppress(ConnectionError):  # control hangs up in the middle of what is too long
            await node.socket.send_str(text)
        assert await node.is_closed()
    assert forbidden(control) == {(NODE, cause): 1.0}
    async with join(place):  # an honest start afterwards is welcome
        assert control.services.nodes.connected() == (NODE,)


async def test_unasked_answers_change_nothing(place: Path, control: Control) -> None:
    async with join(place) as (node, _welcome, _desired):
        await node.say(Revoked(request=99, closed=1))
        await node.say(ProbeAnswer(request=99, reason=None))
        await node.say(CredentialRequest(request=1, camera="", epoch=0))
        await node.hear()
    assert forbidden(control)[NODE, "answer_to_nothing"] == 2.0


async def test_log_out_waits_until_the_node_closed_the_session(
    place: Path, control: Control, admin: httpx.AsyncClient
) -> None:
    async with join(place) as (node, _welcome, _desired), asyncio.TaskGroup() as tasks:
        leaving = tasks.create_task(admin.delete("/api/v1/session"))
        revoke = await node.hear()
        assert isinstance(revoke, Revoke)
        assert revoke.sid is not None
        assert not leaving.done()
        await node.say(Revoked(request=revoke.request, closed=3))
        assert (await leaving).status_code == 204
    assert control.services.metrics.unacknowledged._value.get() == 0


async def test_removed_camera_is_revoked_on_the_node(place: Path, control: Control, admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    async with join(place) as (node, _welcome, _desired), asyncio.TaskGroup() as tasks:
        tasks.create_task(admin.delete(f"/api/v1/cameras/{camera['id']}"))
        heard = [await node.hear(), await node.hear()]
        revoke = next(message for message in heard if isinstance(message, Revoke))
        desired = next(message for message in heard if isinstance(message, Desired))
        assert revoke.camera == camera["id"]
        assert desired.cameras == ()
        await node.say(Revoked(request=revoke.request, closed=0))


async def test_probe_goes_to_a_node_and_its_answer_is_worded(
    place: Path, control: Control, admin: httpx.AsyncClient
) -> None:
    async with join(place) as (node, _welcome, _desired), asyncio.TaskGroup() as tasks:
        body = {"url": "rtsp://viewer:s3cret-pass@10.1.2.3/main"}
        asking = tasks.create_task(admin.post("/api/v1/cameras/probe", json=body))
        request = await node.hear()
        assert isinstance(request, ProbeRequest)
        assert (request.spec.host, request.username, request.password) == ("10.1.2.3", "viewer", "s3cret-pass")
        assert "s3cret-pass" not in repr(request)
        await node.say(ProbeAnswer(request=request.request, reason="wrong_password", detail="401", elapsed_s=0.5))
        answer = (await asking).json()
    assert (answer["reason"], answer["detail"], answer["elapsed_s"]) == ("wrong_password", "401", 0.5)


async def test_probe_of_a_camera_uses_its_password_at_its_own_address_only(
    place: Path, control: Control, admin: httpx.AsyncClient
) -> None:
    camera = await add_camera(admin, username="viewer", password="s3cret-pass")
    sent: list[tuple[str, str]] = []
    async with join(place) as (node, _welcome, _desired), asyncio.TaskGroup() as tasks:
        for url in (
            camera["address"],
            "rtsp://10.6.6.6/main",
            "rtsp://10.1.2.3:8554/main",
            "rtsps://10.1.2.3:554/main",
        ):
            asking = tasks.create_task(admin.post("/api/v1/cameras/probe", json={"url": url, "camera": camera["id"]}))
            request = await node.hear()
            assert isinstance(request, ProbeRequest)
            sent.append((request.username, request.password))
            await node.say(ProbeAnswer(request=request.request, reason=None))
            assert (await asking).status_code == 200
    assert sent == [("viewer", "s3cret-pass"), ("", ""), ("", ""), ("", "")]


async def test_eleventh_probe_in_a_minute_is_429(control: Control, admin: httpx.AsyncClient) -> None:
    body = {"url": "rtsp://10.1.2.3/main"}
    codes = [(await admin.post("/api/v1/cameras/probe", json=body)).json()["code"] for _ in range(11)]
    assert codes == ["node.none_connected"] * 10 + ["camera.too_many_probes"]
    control.clock.jump(61)
    assert (await admin.post("/api/v1/cameras/probe", json=body)).json()["code"] == "node.none_connected"


async def test_token_opens_the_door_of_its_node_once(place: Path, control: Control, admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    async with join(place) as (_node, welcome, _desired):
        wish = {"camera": camera["id"], "act": "live", "profile": "sub"}
        answer = await admin.post("/api/v1/media/tokens", json={"items": [wish]})
        item: dict[str, Any] = answer.json()["items"][0]
        assert {**item, "token": ""} == {
            "camera": camera["id"],
            "act": "live",
            "token": "",
            "expires_in_s": 60,
            "media_url": "http://127.0.0.1:8081",
        }
        verifier = TokenVerifier(NODE, is_leased=lambda _camera: True, keys=welcome.keys)
        now = control.clock.utc()
        claims = verifier.verify(item["token"], act=Act.LIVE, camera=camera["id"], origin=ORIGIN, now=now)
        assert (claims.prof, claims.cls, claims.iss) == ("sub", "officer", "control")
        with pytest.raises(TokenRefused):
            verifier.verify(item["token"], act=Act.LIVE, camera=camera["id"], origin=ORIGIN, now=now)


async def test_token_for_a_camera_that_is_not_there_refuses_the_whole_batch(admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    wishes = [{"camera": each, "act": "live", "profile": "main"} for each in (camera["id"], "cam_0000000000000000")]
    answer = await admin.post("/api/v1/media/tokens", json={"items": wishes})
    assert (answer.status_code, answer.json()["code"]) == (404, "access.none")
    assert "bk1." not in answer.text


async def test_new_key_reaches_the_node_before_it_signs(place: Path, control: Control) -> None:
    async with join(place) as (node, welcome, _desired):
        control.clock.jump(30 * 86_400 - 9 * 60)
        assert await control.keys.refresh()
        await control.services.nodes.keys_changed()
        renewed = await node.hear()
        assert isinstance(renewed, Welcome)
        assert len(renewed.keys) == 2
        assert control.keys.current().kid == welcome.keys[0].kid  # not in use yet
        control.clock.jump(10 * 60)
        assert control.keys.current().kid == renewed.keys[1].kid
        assert {key.kid for key in control.keys.verify_keys()} == {key.kid for key in renewed.keys}
        control.clock.jump(16 * 60)
        assert await control.keys.refresh()
        assert [key.kid for key in control.keys.verify_keys()] == [renewed.keys[1].kid]


async def test_watched_is_confirmed_once_it_is_in_the_audit(
    control: Control, place: Path, admin: httpx.AsyncClient
) -> None:
    camera = (await add_camera(admin))["id"]
    seen = ViewReport(
        view="vw_0000000000000001",
        camera=camera,
        sid="sid_1",
        act="live",
        profile="main",
        started_at=control.clock.utc(),
        ended_at=control.clock.utc(),
        seconds=5,
    )
    foreign = msgspec.structs.replace(seen, view="vw_0000000000000002", camera="cam_0000000000000000")
    async with join(place) as (node, _, _):
        await node.say(Views(request=7, reports=(seen, foreign)))
        assert await node.hear() == ViewsKept(request=7)
    found = await control.services.audit.search(Filters(kinds=(MEDIA_VIEW,)))
    assert [(each.row.object_id, each.row.camera_id) for each in found.rows] == [(seen.view, camera)]
    assert forbidden(control) == {(NODE, "view_of_unknown_camera"): 1}


async def test_watched_is_not_confirmed_while_the_audit_cannot_be_written(
    control: Control, place: Path, admin: httpx.AsyncClient
) -> None:
    camera = (await add_camera(admin))["id"]
    now = control.clock.utc()
    seen = ViewReport(
        view="vw_1", camera=camera, sid="s", act="live", profile="main", started_at=now, ended_at=now, seconds=5
    )
    async with join(place) as (node, _, _):
        async with control.database.write() as connection:
            await connection.execute(sa.text("ALTER TABLE audit_head RENAME TO audit_head_away"))
        await node.say(Views(request=1, reports=(seen,)))
        await node.say(CredentialRequest(request=2, camera=camera, epoch=1))
        assert await node.hear() == CredentialAnswer(request=2, credential=None)  # no confirmation came before it
        async with control.database.write() as connection:
            await connection.execute(sa.text("ALTER TABLE audit_head_away RENAME TO audit_head"))
        await node.say(Views(request=3, reports=(seen,)))
        assert await node.hear() == ViewsKept(request=3)
