"""T01: to an officer of 铁东 whatever lies in 海城 does not exist."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from tests.contract.asgi_socket import AsgiSocket
from tests.contract.conftest import NODE, ORIGIN, Control
from tests.contract.people import join, officer_of
from tests.contract.register import COUNTY, FOREIGN_WORDS, OTHER_COUNTY, County, add_county

from brightkitchen.kernel.camerastate import CameraState, StreamReport


@dataclass(slots=True)
class Scene:
    control: Control
    admin: httpx.AsyncClient
    officer: httpx.AsyncClient
    ours: County
    foreign: County


@pytest.fixture
async def scene(control: Control, admin: httpx.AsyncClient) -> AsyncIterator[Scene]:
    ours = await add_county(control, admin, COUNTY, name="站前小学食堂", host="10.1.1.1")
    foreign = await add_county(control, admin, OTHER_COUNTY, name=FOREIGN_WORDS[0], host=FOREIGN_WORDS[2])
    officer = await join(control, "tiedong", officer_of(COUNTY))
    yield Scene(control, admin, officer, ours, foreign)
    await officer.aclose()


async def test_list_holds_the_own_county_only(scene: Scene) -> None:
    answer = await scene.officer.get("/api/v1/cameras")
    assert [camera["id"] for camera in answer.json()["items"]] == [scene.ours.camera]
    assert not any(word in answer.text for word in FOREIGN_WORDS)
    assert len((await scene.admin.get("/api/v1/cameras")).json()["items"]) == 2


@pytest.mark.parametrize("act", ["live", "play", "snapshot", "thumb"])
async def test_media_token_of_another_county_is_not_found(scene: Scene, act: str) -> None:
    def wish(camera: str) -> dict[str, object]:
        return {"items": [{"camera": camera, "act": act, "profile": "main"}]}

    assert (await scene.officer.post("/api/v1/media/tokens", json=wish(scene.ours.camera))).status_code == 200
    refused = await scene.officer.post("/api/v1/media/tokens", json=wish(scene.foreign.camera))
    missing = await scene.officer.post("/api/v1/media/tokens", json=wish("cam_0000000000000000"))
    assert refused.status_code == missing.status_code == 404
    assert {**refused.json(), "instance": ""} == {**missing.json(), "instance": ""}


async def test_event_socket_is_silent_about_another_county(scene: Scene) -> None:
    headers = {"host": "127.0.0.1:8080", "origin": ORIGIN, "cookie": scene.officer.headers["cookie"]}
    async with AsgiSocket(scene.control.app, "/api/v1/events", headers) as socket:
        for camera in (scene.foreign.camera, scene.ours.camera):
            report = StreamReport(camera=camera, profile="main", state=CameraState.LIVE)
            await scene.control.services.cameras.note_reports(NODE, [report])
        assert (await socket.hear())["camera"]["id"] == scene.ours.camera
        for camera in (scene.foreign.camera, scene.ours.camera):
            assert (await scene.admin.delete(f"/api/v1/cameras/{camera}")).status_code == 204
        assert await socket.hear() == {"type": "removed", "id": scene.ours.camera}


async def test_list_by_ids_holds_the_own_county_only(scene: Scene) -> None:
    wanted = {"id": [scene.foreign.camera, scene.ours.camera, "nonsense"]}
    answer = (await scene.officer.get("/api/v1/cameras", params=wanted)).json()
    assert ([camera["id"] for camera in answer["items"]], answer["total"]) == ([scene.ours.camera], 1)
    only_foreign = (await scene.officer.get("/api/v1/cameras", params={"id": scene.foreign.camera})).json()
    assert (only_foreign["items"], only_foreign["total"]) == ([], 0)
    nothing = (await scene.officer.get("/api/v1/cameras", params={"id": "nonsense"})).json()
    assert (nothing["items"], nothing["total"]) == ([], 0)
