"""Cameras over HTTP: adding, changing, retiring, and what never comes back."""

import secrets
from collections.abc import Awaitable, Callable

import httpx
from tests.contract.conftest import NODE, OTHER_NODE, Control, add_camera
from tests.contract.people import acting_as
from tests.contract.register import COUNTY, KITCHEN, OTHER_COUNTY, insert_premises

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.cameras import store
from brightkitchen.kernel.cameraspec import Credential
from brightkitchen.kernel.camerastate import CameraState, Reason, StreamReport
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import CameraId, NodeId
from brightkitchen.kernel.units import Utc

CANARY = "k4nar1envogel"


async def _credential(control: Control, node: NodeId, camera: str, epoch: int) -> Credential | str | None:
    try:
        return await control.services.cameras.release_credential(node, camera, epoch)
    except BrightKitchenError as refused:
        return refused.code


async def test_add_camera_with_login_in_url_splits_it_off(admin: httpx.AsyncClient, control: Control) -> None:
    camera = await add_camera(admin, url=f"rtsp://viewer:{CANARY}@10.1.2.3:8554/main?ch=1")
    assert camera["address"] == "rtsp://10.1.2.3:8554/main?ch=1"
    assert camera["has_password"] is True
    assert await _credential(control, NODE, camera["id"], 1) == Credential(
        camera=camera["id"], host="10.1.2.3", username="viewer", password=CANARY
    )


async def test_list_cameras_shows_what_was_added(admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    answer = await admin.get("/api/v1/cameras")
    assert answer.json() == {"items": [camera], "next_cursor": None, "total": 1}
    assert camera["abilities"] == [
        "camera.view",
        "camera.change",
        "camera.rezone",
        "camera.remove",
        "camera.live",
        "camera.play",
        "camera.snapshot",
        "camera.thumb",
        "camera.clip",
        "camera.quarantine",
    ]


async def test_list_cameras_in_pages_names_each_once(admin: httpx.AsyncClient) -> None:
    ids = {(await add_camera(admin, url=f"rtsp://10.1.2.3/{number}"))["id"] for number in range(5)}
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await admin.get("/api/v1/cameras", params={"limit": 2, "cursor": cursor})).json()
        seen += [camera["id"] for camera in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted(ids)


async def test_add_camera_twice_is_refused_with_the_other_name(admin: httpx.AsyncClient) -> None:
    await add_camera(admin, name="切配间")
    body = {"name": "又一个", "url": "rtsp://10.1.2.3:554/main"}
    answer = await admin.post("/api/v1/cameras", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "camera.duplicate")
    assert answer.json()["params"] == {"field": "url", "name": "切配间"}


async def test_add_camera_on_refused_addresses_gives_one_answer(admin: httpx.AsyncClient) -> None:
    answers = set()
    for host in ("127.0.0.1", "169.254.169.254", "8.8.8.8", "[::1]"):
        answer = await admin.post("/api/v1/cameras", json={"name": "x", "url": f"rtsp://{host}/a"})
        answers.add((answer.status_code, answer.json()["code"]))
    assert answers == {(422, "camera.address_not_allowed")}


async def test_add_camera_with_unknown_field_is_refused_without_echo(admin: httpx.AsyncClient) -> None:
    body = {"name": "x", "url": "rtsp://10.1.2.3/a", "pasword": CANARY, "password": {"a": CANARY}}
    answer = await admin.post("/api/v1/cameras", json=body)
    assert answer.status_code == 422
    assert sorted(each["field"] for each in answer.json()["errors"]) == ["password", "pasword"]
    assert CANARY not in answer.text


async def test_change_host_drops_the_stored_password(admin: httpx.AsyncClient, control: Control) -> None:
    camera = await add_camera(admin, username="viewer", password=CANARY)
    answer = await admin.patch(f"/api/v1/cameras/{camera['id']}", json={"url": "rtsp://10.9.9.9/main"})
    assert answer.json()["has_password"] is False
    assert await _credential(control, NODE, camera["id"], 2) is None
    assert await _credential(control, NODE, camera["id"], 1) == "node.forbidden"


async def test_change_host_with_a_new_password_keeps_only_the_new_one(
    admin: httpx.AsyncClient, control: Control
) -> None:
    camera = await add_camera(admin, username="viewer", password=CANARY)
    body = {"url": "rtsp://10.9.9.9/main", "username": "viewer", "password": "another-secret"}
    answer = await admin.patch(f"/api/v1/cameras/{camera['id']}", json=body)
    assert answer.json()["has_password"] is True
    found = await _credential(control, NODE, camera["id"], 2)
    assert found == Credential(camera=camera["id"], host="10.9.9.9", username="viewer", password="another-secret")


async def test_change_to_plain_rtsp_drops_the_password_given_for_tls(
    admin: httpx.AsyncClient, control: Control
) -> None:
    camera = await add_camera(admin, url="rtsps://10.1.2.3:554/main", username="viewer", password=CANARY)
    answer = await admin.patch(f"/api/v1/cameras/{camera['id']}", json={"url": "rtsp://10.1.2.3:554/main"})
    assert answer.json()["has_password"] is False


async def test_change_name_keeps_the_password_and_raises_the_etag(admin: httpx.AsyncClient, control: Control) -> None:
    camera = await add_camera(admin, username="viewer", password=CANARY)
    answer = await admin.patch(f"/api/v1/cameras/{camera['id']}", json={"name": "洗消间"})
    assert (answer.json()["name"], answer.json()["etag"], answer.json()["has_password"]) == ("洗消间", '"2"', True)
    assert isinstance(await _credential(control, NODE, camera["id"], 1), Credential)


async def test_change_with_an_old_etag_is_refused_and_changes_nothing(admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    path = f"/api/v1/cameras/{camera['id']}"
    assert (await admin.patch(path, json={"name": "甲"}, headers={"If-Match": camera["etag"]})).status_code == 200
    answer = await admin.patch(path, json={"name": "乙"}, headers={"If-Match": camera["etag"]})
    assert (answer.status_code, answer.json()["code"]) == (412, "edit.conflict")
    assert (await admin.get(path)).json()["name"] == "甲"


async def test_removed_camera_is_not_found_and_its_password_is_forgotten(
    admin: httpx.AsyncClient, control: Control
) -> None:
    camera = await add_camera(admin, username="viewer", password=CANARY)
    path = f"/api/v1/cameras/{camera['id']}"
    assert (await admin.delete(path)).status_code == 204
    async with acting_as(control, "kuang", Grant(Role.OPERATOR_PM)) as other:
        gone, never = await other.get(path), await other.get("/api/v1/cameras/cam_0000000000000000")
    assert gone.status_code == 404
    assert {**gone.json(), "instance": ""} == {**never.json(), "instance": ""}
    async with control.database.read() as connection:
        rows = (await connection.execute(store.cameras.select())).all()
        logins = (await connection.execute(store.camera_credentials.select())).all()
    assert [(row.id, row.retired_at) for row in rows] == [(camera["id"], control.clock.utc())]
    assert logins == []


async def test_removed_camera_leaves_its_recordings_to_officers_and_nothing_else(
    admin: httpx.AsyncClient, control: Control
) -> None:
    await insert_premises(control, id=KITCHEN)
    camera = await add_camera(admin, premises_id=KITCHEN)
    path = f"/api/v1/cameras/{camera['id']}"
    assert (await admin.delete(path)).status_code == 204
    owner = Grant(Role.OWNER, Scope(premises=KITCHEN))
    wish = {"camera": camera["id"], "profile": "main", "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:01:00Z"}
    held = {"camera_id": camera["id"], "from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:10:00Z", "note": "投诉核查"}
    async with (
        acting_as(control, "officer", Grant(Role.COUNTY_OFFICER, Scope(COUNTY))) as officer,
        acting_as(control, "stranger", Grant(Role.COUNTY_OFFICER, Scope(OTHER_COUNTY))) as stranger,
        acting_as(control, "owner", owner) as site,
    ):
        found = (await officer.get(path)).json()
        assert found["retired_at"] is not None
        assert found["abilities"] == ["camera.view", "camera.play", "camera.snapshot", "camera.thumb", "camera.clip"]
        assert camera["id"] not in (await officer.get("/api/v1/cameras")).text
        for act, status in (("play", 200), ("thumb", 200), ("live", 404)):
            answer = await officer.post("/api/v1/media/tokens", json={"items": [wish | {"act": act}]})
            assert (act, answer.status_code) == (act, status)
        for change in ({"zone": "STORE"}, {"name": "别的"}):
            assert (await officer.patch(path, json=change, headers={"If-Match": "*"})).status_code == 404
        assert (await officer.delete(path)).status_code == 404
        assert (await officer.post("/api/v1/recording/holds", json=held)).status_code == 201
        for other in (stranger, site):
            assert (await other.get(path)).status_code == 404
            answer = await other.post("/api/v1/media/tokens", json={"items": [wish | {"act": "play"}]})
            assert answer.status_code == 404


async def test_removed_camera_leaves_the_address_free(admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    await admin.delete(f"/api/v1/cameras/{camera['id']}")
    assert (await add_camera(admin))["id"] != camera["id"]


async def test_credential_is_released_to_the_leasing_node_at_the_current_epoch_only(
    admin: httpx.AsyncClient, control: Control
) -> None:
    camera = await add_camera(admin, username="viewer", password=CANARY)
    wrong = [
        (OTHER_NODE, camera["id"], 1),
        (NODE, camera["id"], 0),
        (NODE, camera["id"], 2),
        (NODE, "cam_0000000000000000", 1),
        (NODE, "../../etc/passwd", 1),
        (NODE, "", 1),
    ]
    assert {await _credential(control, *each) for each in wrong} == {"node.forbidden"}


async def test_cameras_are_spread_over_the_nodes(admin: httpx.AsyncClient, control: Control) -> None:
    for number in range(4):
        await add_camera(admin, url=f"rtsp://10.1.2.3/{number}")
    counts = [len((await control.services.cameras.build_desired(node)).cameras) for node in (NODE, OTHER_NODE)]
    assert counts == [2, 2]


async def test_desired_state_carries_no_password_and_grows_in_version(
    admin: httpx.AsyncClient, control: Control
) -> None:
    await add_camera(admin, username="viewer", password=CANARY)
    first = await control.services.cameras.build_desired(NODE)
    second = await control.services.cameras.build_desired(NODE)
    assert CANARY not in repr(first)
    assert second.version > first.version
    assert [spec.has_credential for spec in first.cameras] == [True]


async def test_report_of_the_leasing_node_shows_in_the_camera(admin: httpx.AsyncClient, control: Control) -> None:
    camera = await add_camera(admin)
    report = StreamReport(
        camera=camera["id"], profile="main", state=CameraState.OFFLINE, reason=Reason.WRONG_PASSWORD, since_at=Utc(1)
    )
    assert await control.services.cameras.note_reports(NODE, [report]) == 0
    shown = (await admin.get(f"/api/v1/cameras/{camera['id']}")).json()["streams"]["main"]
    assert (shown["state"], shown["reason"], shown["since_at"]) == (
        "offline",
        "wrong_password",
        "1970-01-01T00:00:00.000001Z",
    )


async def test_report_of_another_node_is_refused_and_changes_nothing(
    admin: httpx.AsyncClient, control: Control
) -> None:
    camera = await add_camera(admin)
    forged = [
        StreamReport(camera=camera["id"], profile="main", state=CameraState.LIVE),
        StreamReport(camera="cam_0000000000000000", profile="main", state=CameraState.LIVE),
        StreamReport(camera=camera["id"], profile="third", state=CameraState.LIVE),
    ]
    assert await control.services.cameras.note_reports(OTHER_NODE, forged) == 3
    assert control.services.board.of(CameraId(camera["id"])) == {}


async def test_cameras_of_a_node_that_is_gone_move_with_a_new_epoch(admin: httpx.AsyncClient, control: Control) -> None:
    camera = await add_camera(admin, username="viewer", password=CANARY)
    async with control.database.write() as connection:
        await connection.execute(store.cameras.update().values(node="node-9"))
    assert await control.services.cameras.place_lost_cameras() == 1
    assert await _credential(control, NODE, camera["id"], 1) == "node.forbidden"
    assert isinstance(await _credential(control, NODE, camera["id"], 2), Credential)


async def test_password_is_in_no_answer_and_no_raw_byte_of_the_database(
    admin: httpx.AsyncClient, read_raw: Callable[[], Awaitable[bytes]]
) -> None:
    canary = f"k4nar1{secrets.token_hex(8)}"  # of this test alone: the server's log of changes holds other tests' too
    camera = await add_camera(admin, url=f"rtsp://viewer:{canary}@10.1.2.3/main")
    path = f"/api/v1/cameras/{camera['id']}"
    answers = [
        await admin.get("/api/v1/cameras"),
        await admin.get(path),
        await admin.patch(path, json={"password": canary}),
        await admin.post("/api/v1/cameras", json={"name": "x", "url": f"rtsp://a:{canary}@10.1.2.3/main"}),
        await admin.post("/api/v1/cameras/probe", json={"url": f"rtsp://a:{canary}@10.1.2.3/main"}),
        await admin.post("/api/v1/cameras", json={"name": "x", "url": f"http://a:{canary}@10.1.2.3/main"}),
        await admin.get("/api/openapi.json"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 409, 503, 422, 200]
    assert all(canary not in answer.text for answer in answers)
    raw = await read_raw()
    assert canary.encode() not in raw
    assert "站前小学食堂".encode() in raw  # the search would have found it


async def _names(admin: httpx.AsyncClient, **asked: object) -> list[str]:
    page = (await admin.get("/api/v1/cameras", params=asked)).json()  # type: ignore[arg-type]  # httpx takes bool and int
    assert page["total"] == len(page["items"])
    return [camera["name"] for camera in page["items"]]


async def test_list_of_abnormal_cameras_has_what_nodes_report_now(admin: httpx.AsyncClient, control: Control) -> None:
    cameras = {
        name: await add_camera(admin, name=name, url=f"rtsp://10.1.2.{host}/main", sub_path="/sub", record=record)
        for host, (name, record) in enumerate(
            {
                "offline": ["main"],
                "degraded": ["main"],
                "unrecorded": ["main"],
                "not planned": ["main"],
                "sub offline": ["main"],
                "healthy": ["main"],
                "unreported": ["main"],
            }.items(),
            start=1,
        )
    }

    def report(name: str, state: CameraState, *, recording: bool = False, profile: str = "main") -> StreamReport:
        return StreamReport(camera=cameras[name]["id"], profile=profile, state=state, recording=recording)

    reports = [
        report("offline", CameraState.OFFLINE),
        report("degraded", CameraState.DEGRADED, recording=True),
        report("unrecorded", CameraState.LIVE),
        report("not planned", CameraState.LIVE),
        report("sub offline", CameraState.LIVE, recording=True),
        report("sub offline", CameraState.OFFLINE, profile="sub"),
        report("healthy", CameraState.LIVE, recording=True),
    ]
    rule = {"mode": "never", "reason": "设备间"}
    path = f"/api/v1/recording/rules/camera/{cameras['not planned']['id']}"
    assert (await admin.put(path, json=rule)).status_code == 200
    await control.services.recording.watch.look()
    assert await control.services.cameras.note_reports(NODE, reports[:1]) == 0
    assert await _names(admin, abnormal=True) == ["offline"]
    for each in reports:  # whichever node it is placed on
        for node in (NODE, OTHER_NODE):
            await control.services.cameras.note_reports(node, [each])
    assert await _names(admin, abnormal=True) == ["degraded", "offline", "unrecorded"]
    assert await _names(admin, abnormal=True, text="off") == ["offline"]
    for node in (NODE, OTHER_NODE):
        await control.services.cameras.note_reports(node, [report("offline", CameraState.LIVE, recording=True)])
    assert await _names(admin, abnormal=True) == ["degraded", "unrecorded"]


async def test_list_of_abnormal_cameras_has_what_the_register_calls_so(
    admin: httpx.AsyncClient, control: Control
) -> None:
    for host, activity in enumerate(("ACTIVE", "DEGRADED", "NEW", "OFFLINE"), start=1):
        camera = await add_camera(admin, name=activity, url=f"rtsp://10.1.2.{host}/main")
        async with control.database.write() as connection:
            there = store.cameras.c.id == camera["id"]
            await connection.execute(store.cameras.update().where(there).values(activity=activity))
    assert await _names(admin, abnormal=True) == ["DEGRADED", "OFFLINE"]


async def test_list_cameras_stands_by_premises_and_name_over_pages(admin: httpx.AsyncClient) -> None:
    wanted = [("a", "1"), ("a", "2"), ("b", "1"), ("b", "3"), ("c", "0")]
    for host, (premises, name) in enumerate(reversed(wanted)):
        await add_camera(admin, name=name, premises_name=premises, url=f"rtsp://10.1.2.{host + 1}/main")
    seen: list[tuple[str, str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await admin.get("/api/v1/cameras", params={"limit": 2, "cursor": cursor})).json()
        seen += [(camera["premises_name"], camera["name"]) for camera in page["items"]]
        cursor = page["next_cursor"]
    assert seen == wanted


async def test_list_cameras_after_one_that_was_removed_goes_on(admin: httpx.AsyncClient) -> None:
    ids = [
        (await add_camera(admin, name=name, url=f"rtsp://10.1.2.{host}/main"))["id"]
        for host, name in enumerate("abc", start=1)
    ]
    page = (await admin.get("/api/v1/cameras", params={"limit": 2})).json()
    assert (await admin.delete(f"/api/v1/cameras/{ids[1]}")).status_code == 204
    rest = (await admin.get("/api/v1/cameras", params={"cursor": page["next_cursor"]})).json()
    assert [camera["id"] for camera in rest["items"]] == ids[2:]


async def test_text_of_several_words_finds_what_has_each_of_them(admin: httpx.AsyncClient) -> None:
    await add_camera(admin, name="烹饪间", premises_name="站前小学", url="rtsp://10.1.2.3/main")
    await add_camera(admin, name="洗消间", premises_name="站前小学", url="rtsp://10.1.2.30/main")
    await add_camera(admin, name="烹饪间", premises_name="和平饭店", url="rtsp://10.9.9.9/main")
    assert await _names(admin, text="烹饪 站前") == ["烹饪间"]
    assert await _names(admin, text="站前 和平") == []
    assert sorted(await _names(admin, text="10.1.2.3")) == sorted(["烹饪间", "洗消间"])
    assert await _names(admin, text="10") == []  # a bare number is no address
