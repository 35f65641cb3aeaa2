"""S07: the event socket opens for a session at our own origin only, ends with it, and says what changed."""

import httpx
import pytest
from tests.contract.asgi_socket import AsgiSocket
from tests.contract.conftest import NODE, ORIGIN, Control, add_camera

from brightkitchen.domain.cameras.live import MAX_PENDING
from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.ids import CameraId

PATH = "/api/v1/events"


def _headers(admin: httpx.AsyncClient, **other: str) -> dict[str, str]:
    return {"host": "127.0.0.1:8080", "origin": ORIGIN, "cookie": admin.headers["cookie"]} | other


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:8081", "http://localhost:8080", ""]
)
async def test_socket_of_another_origin_is_refused_before_the_upgrade(
    control: Control, admin: httpx.AsyncClient, origin: str
) -> None:
    async with AsgiSocket(control.app, PATH, _headers(admin, origin=origin)) as socket:
        assert (socket.accepted, socket.close_code) == (False, 1008)


async def test_socket_without_an_origin_is_refused(control: Control, admin: httpx.AsyncClient) -> None:
    headers = _headers(admin)
    del headers["origin"]
    async with AsgiSocket(control.app, PATH, headers) as socket:
        assert socket.accepted is False


@pytest.mark.parametrize("cookie", ["", "__Host-bk_session=" + "a" * 43])
async def test_socket_without_a_session_is_refused(control: Control, admin: httpx.AsyncClient, cookie: str) -> None:
    async with AsgiSocket(control.app, PATH, _headers(admin, cookie=cookie)) as socket:
        assert socket.accepted is False


async def test_socket_tells_of_a_report_a_change_and_a_removal(control: Control, admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin, name="烹饪间")
    async with AsgiSocket(control.app, PATH, _headers(admin)) as socket:
        assert socket.accepted
        report = StreamReport(camera=camera["id"], profile="main", state=CameraState.LIVE, fps=25.0)
        await control.services.cameras.note_reports(NODE, [report])
        heard = await socket.hear()
        assert (heard["type"], heard["camera"]["id"]) == ("camera", camera["id"])
        assert heard["camera"]["streams"]["main"]["state"] == "live"
        await admin.patch(f"/api/v1/cameras/{camera['id']}", json={"name": "洗消间"})
        assert (await socket.hear())["camera"]["name"] == "洗消间"
        await admin.delete(f"/api/v1/cameras/{camera['id']}")
        assert await socket.hear() == {"type": "removed", "id": camera["id"]}


async def test_same_report_again_says_nothing(control: Control, admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    report = StreamReport(camera=camera["id"], profile="main", state=CameraState.LIVE)
    await control.services.cameras.note_reports(NODE, [report])
    feed = control.services.board.subscribe()
    await control.services.cameras.note_reports(NODE, [report])
    assert await feed.take(0.0) == ()


async def test_log_out_closes_the_socket(control: Control, admin: httpx.AsyncClient) -> None:
    async with AsgiSocket(control.app, PATH, _headers(admin)) as socket:
        await admin.delete("/api/v1/session")
        with pytest.raises(ConnectionError):
            await socket.hear()
        assert socket.close_code == 1008


async def test_sixth_socket_of_a_session_is_refused(control: Control, admin: httpx.AsyncClient) -> None:
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(AsgiSocket(control.app, PATH, _headers(admin))) for _ in range(6)]
        assert [socket.accepted for socket in sockets] == [True] * 5 + [False]


async def test_page_that_talks_too_much_is_closed(control: Control, admin: httpx.AsyncClient) -> None:
    async with AsgiSocket(control.app, PATH, _headers(admin)) as socket:
        socket.say("x" * 4097)
        with pytest.raises(ConnectionError):
            await socket.hear()
        assert socket.close_code == 1009


async def test_page_that_fell_behind_is_told_to_begin_again(control: Control, admin: httpx.AsyncClient) -> None:
    async with AsgiSocket(control.app, PATH, _headers(admin)) as socket:
        for number in range(MAX_PENDING + 1):
            control.services.board.announce(CameraId(f"cam_{number:016d}"))
        with pytest.raises(ConnectionError):
            await socket.hear()
        assert socket.close_code == 1013
