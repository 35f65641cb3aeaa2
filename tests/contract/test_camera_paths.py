"""Cameras whose path carries the log-in (XM and others): sealed like a password, masked wherever it is shown, whole at the node only."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest
from tests.contract.conftest import NODE, Control, add_camera
from tests.contract.generated_city import add_words
from tests.contract.test_import import PREMISES_HEADER, a_premises, run, upload

from brightkitchen.bootstrap.node import address_of
from brightkitchen.domain.cameras import store
from brightkitchen.kernel.cameraspec import Credential
from brightkitchen.kernel.ids import Profile
from brightkitchen.kernel.nodeprotocol import ProbeRequest
from brightkitchen.web.nodechannel import NodeLink
from brightkitchen.web.spreadsheets import Sheet, build_xlsx

ReadRaw = Callable[[], Awaitable[bytes]]
SHOWN = "/user=***&password=***&channel=1&stream=0.sdp?real_stream"
SUB_SHOWN = "/user=***_password=***_channel=1_stream=1.sdp"
CAMERA_HEADER = ("单位编号", "摄像头名称", "区域", "RTSP地址", "子码流路径")


def new_canary() -> str:
    """Return a password of this test alone: the database server's log of changes holds other tests' too."""
    return f"k4nar1{secrets.token_hex(8)}"


def main_path(canary: str) -> str:
    return f"/user=admin&password={canary}&channel=1&stream=0.sdp?real_stream"


def sub_path(canary: str) -> str:
    return f"/user=admin_password={canary}_channel=1_stream=1.sdp"


async def add(admin: httpx.AsyncClient, canary: str, **more: object) -> dict[str, Any]:  # Any: JSON
    given = {"url": f"rtsp://10.1.2.3{main_path(canary)}", "sub_path": sub_path(canary)}
    return await add_camera(admin, **(given | more))


async def asked_by_node(control: Control, camera: str) -> tuple[str, str, Credential | None]:
    """Return what the node that records the camera asks it for, main and sub, and what it was told to get there."""
    (spec,) = [each for each in (await control.services.cameras.build_desired(NODE)).cameras if each.camera == camera]
    credential = None
    if spec.has_credential:
        credential = await control.services.cameras.release_credential(NODE, camera, spec.epoch)
    paths = [address_of(spec, profile, credential).path for profile in (Profile.MAIN, Profile.SUB)]
    return paths[0], paths[1], credential


async def test_log_in_in_a_path_is_in_no_answer_no_log_and_no_raw_byte(
    admin: httpx.AsyncClient, control: Control, read_raw: ReadRaw, capfd: pytest.CaptureFixture[str]
) -> None:
    canary = new_canary()
    camera = await add(admin, canary)
    assert (camera["address"], camera["sub_path"], camera["has_password"]) == (
        f"rtsp://10.1.2.3:554{SHOWN}",
        SUB_SHOWN,
        True,
    )
    path = f"/api/v1/cameras/{camera['id']}"
    url = f"rtsp://10.1.2.3{main_path(canary)}"
    answers = [
        await admin.get("/api/v1/cameras"),
        await admin.get(path),
        await admin.patch(path, json={"url": url, "sub_path": sub_path(canary), "name": "乙"}),
        await admin.post("/api/v1/cameras", json={"name": "x", "url": url}),
        await admin.post("/api/v1/cameras/probe", json={"url": url}),
        await admin.post("/api/v1/cameras", json={"name": "x", "url": f"http://10.1.2.3{main_path(canary)}"}),
        await admin.get("/api/v1/audit"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 409, 503, 422, 200]
    assert all(canary not in answer.text for answer in answers)
    desired = await control.services.cameras.build_desired(NODE)
    assert canary not in repr(desired) and canary.encode() not in msgspec.json.encode(desired)
    raw = await read_raw()
    assert canary.encode() not in raw
    assert SHOWN.encode() in raw, "the search would have found it"
    said = capfd.readouterr()
    assert canary not in said.out + said.err


async def test_node_gets_the_whole_path_and_no_log_in_that_was_not_given(
    admin: httpx.AsyncClient, control: Control
) -> None:
    canary = new_canary()
    camera = await add(admin, canary)
    main, sub, credential = await asked_by_node(control, camera["id"])
    assert (main, sub) == (main_path(canary), sub_path(canary))
    assert credential is not None
    assert (credential.username, credential.password, canary in repr(credential)) == ("", "", False)
    both = await add_camera(admin, url=f"rtsp://viewer:{canary}@10.1.2.4/live?token={canary}")
    login = await _login(control, both["id"])
    assert (login.username, login.password, login.main_path) == ("viewer", canary, f"/live?token={canary}")


async def _login(control: Control, camera: str) -> Any:  # Any: of `CameraLogin`
    async with control.database.read() as connection:
        found = (await store.load_cameras(connection, [camera]))[camera]
        return await store.load_login(connection, control.services.cameras._sealer, found)


async def test_masked_address_that_is_given_back_keeps_what_it_stands_for(
    admin: httpx.AsyncClient, control: Control
) -> None:
    canary = new_canary()
    camera = await add(admin, canary)
    path = f"/api/v1/cameras/{camera['id']}"
    for change in (
        {"url": camera["address"], "sub_path": camera["sub_path"]},
        {"name": "乙"},
        {"username": "", "password": ""},
        {"username": "viewer", "password": "dumplings"},
        {"username": "", "password": ""},
    ):
        assert (await admin.patch(path, json=change)).status_code == 200, change
        assert (await asked_by_node(control, camera["id"]))[:2] == (main_path(canary), sub_path(canary))
    other = new_canary()
    changed = await admin.patch(path, json={"url": f"rtsp://10.1.2.3{main_path(other)}"})
    assert changed.json()["address"] == camera["address"]
    assert (await asked_by_node(control, camera["id"]))[:2] == (main_path(other), sub_path(canary))
    plain = await admin.patch(path, json={"url": "rtsp://10.1.2.3/plain", "sub_path": "/small"})
    assert (plain.json()["has_password"], plain.json()["address"]) == (False, "rtsp://10.1.2.3:554/plain")
    assert (await asked_by_node(control, camera["id"]))[:2] == ("/plain", "/small")


async def test_masked_path_is_refused_where_it_stands_for_nothing_we_may_send(
    admin: httpx.AsyncClient, control: Control
) -> None:
    canary = new_canary()
    camera = await add(admin, canary)
    path = f"/api/v1/cameras/{camera['id']}"
    body = {"name": "x", "url": f"rtsp://10.1.2.9{SHOWN}"}
    answers = [
        await admin.post("/api/v1/cameras", json=body),
        await admin.patch(path, json={"url": body["url"]}),
        await admin.patch(path, json={"url": f"rtsp://10.1.2.9{main_path(canary)}"}),
        await admin.patch(path, json={"url": f"rtsp://10.1.2.3{SHOWN}&more=1"}),
        await admin.patch(path, json={"sub_path": "/live?password=***"}),
    ]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(422, "camera.path_masked")] * 5
    assert (await asked_by_node(control, camera["id"]))[:2] == (main_path(canary), sub_path(canary))


async def test_changed_password_is_fetched_by_the_node(admin: httpx.AsyncClient, control: Control) -> None:
    """A node asks again when the epoch is another one."""
    camera = await add_camera(admin, username="viewer", password="dumplings")
    await admin.patch(f"/api/v1/cameras/{camera['id']}", json={"password": "noodles"})
    (spec,) = (await control.services.cameras.build_desired(NODE)).cameras
    assert spec.epoch == 2
    await admin.patch(f"/api/v1/cameras/{camera['id']}", json={"password": "noodles", "name": "乙"})
    (spec,) = (await control.services.cameras.build_desired(NODE)).cameras
    assert spec.epoch == 2, "it is the same one"


async def test_probe_of_a_masked_address_uses_what_is_known_for_this_host_only(
    admin: httpx.AsyncClient, control: Control
) -> None:
    canary, asked, seen = new_canary(), list[ProbeRequest](), asyncio.Event()
    camera = await add(admin, canary)

    async def send(message: object) -> None:
        if isinstance(message, ProbeRequest):
            asked.append(message)
            seen.set()

    async def close() -> None:
        return None

    await control.services.nodes.admit(NodeLink(NODE, 8081, send, close))
    body = {"url": f"rtsp://10.1.2.9{SHOWN}", "camera": camera["id"]}
    for wrong in (body, {"url": f"rtsp://10.1.2.3{SHOWN}"}):
        assert (await admin.post("/api/v1/cameras/probe", json=wrong)).json()["code"] == "camera.path_masked"
    probing = asyncio.ensure_future(admin.post("/api/v1/cameras/probe", json=body | {"url": camera["address"]}))
    async with asyncio.timeout(10):
        await seen.wait()
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    assert [request.spec.main.path for request in asked] == [main_path(canary)]
    assert canary not in repr(asked)


async def test_paths_of_an_older_version_are_sealed_at_the_start(admin: httpx.AsyncClient, control: Control) -> None:
    canary = new_canary()
    camera = await add_camera(admin, url="rtsp://viewer:dumplings@10.1.2.3/a", sub_path="/b")
    gone = await add_camera(admin, url="rtsp://10.1.2.4/a")
    await admin.delete(f"/api/v1/cameras/{gone['id']}")
    async with control.database.write() as connection:
        await connection.execute(
            store.cameras.update().values(path_main=main_path(canary), path_sub=f"/b?pwd={canary}")
        )
    assert await control.services.cameras.seal_open_paths() == 2
    assert await control.services.cameras.seal_open_paths() == 0
    shown = (await admin.get(f"/api/v1/cameras/{camera['id']}")).json()
    assert (shown["address"], shown["sub_path"]) == (f"rtsp://10.1.2.3:554{SHOWN}", "/b?pwd=***")
    main, sub, credential = await asked_by_node(control, camera["id"])
    assert (main, sub) == (main_path(canary), f"/b?pwd={canary}")
    assert credential is not None and (credential.username, credential.password) == ("viewer", "dumplings")
    async with control.database.read() as connection:
        assert canary not in repr((await connection.execute(store.cameras.select())).all())


async def test_imported_paths_are_sealed_at_once_and_known_again(
    control: Control, admin: httpx.AsyncClient, read_raw: ReadRaw
) -> None:
    canary = new_canary()
    async with control.database.write() as connection:
        await add_words(connection)

    def a_book(url: str, sub: str) -> bytes:
        row = ("A00001", "后厨1号", "烹饪", url, sub)
        return build_xlsx([Sheet("单位", PREMISES_HEADER, [a_premises(1)]), Sheet("摄像头", CAMERA_HEADER, [row])])

    book = a_book(f"rtsp://10.9.9.9{main_path(canary)}", sub_path(canary))
    job = await upload(control, admin, book)
    assert canary.encode() not in await read_raw()
    assert canary not in (await admin.get(f"/api/v1/imports/{job['id']}/rows")).text
    await run(control, admin, job["id"])
    raw = await read_raw()
    assert canary.encode() not in raw and SHOWN.encode() in raw
    (camera,) = (await admin.get("/api/v1/cameras")).json()["items"]
    assert (await asked_by_node(control, camera["id"]))[:2] == (main_path(canary), sub_path(canary))
    assert (await upload(control, admin, book))["counts"]["unchanged"] == 1
    masked = await upload(control, admin, a_book(camera["address"], camera["sub_path"]))
    assert masked["counts"]["unchanged"] == 1
    unknown = await upload(control, admin, a_book(f"rtsp://10.9.9.8{SHOWN}", ""))
    assert unknown["counts"]["wrong"] == 1
    broken = await upload(control, admin, a_book(f"http://10.9.9.7{main_path(canary)}", ""))
    assert broken["counts"]["wrong"] == 1
    assert canary.encode() not in await read_raw()
