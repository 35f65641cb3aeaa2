"""S19: whoever loses a role, a session or the account loses the running picture within ten seconds."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from tests.e2e.caller import Caller
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e
WITHIN_S = 10
PASSWORD = "dumplings-before-nine"
Act = Callable[[Caller, str], None]


@pytest.fixture(scope="module")
def camera(caller: Caller) -> str:
    return str(caller.clock_camera()["id"])


@pytest.fixture
def viewer(product: Product, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Caller]:
    """Somebody of the operator, who may watch every camera live."""
    username = f"pm-{request.node.callspec.id if hasattr(request.node, 'callspec') else request.node.name}"[:64]
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    place = ["--role", "OPERATOR_PM", "--region", "210300", "--password-file", str(secret)]
    made: subprocess.CompletedProcess[str] = product.command("user", "create", username, *place)
    assert made.returncode == 0, made.stderr
    one = Caller(replace(product, username=username, password=PASSWORD))
    yield one
    one.close()


def _id_of(admin: Caller, viewer: Caller) -> str:
    found = admin.http.get("/api/v1/people", params={"q": viewer.product.username}).json()["items"]
    return str(found[0]["id"])


def _take_role(admin: Caller, user: str) -> None:
    grant = admin.http.get(f"/api/v1/people/{user}").json()["grants"][0]["id"]
    assert admin.http.delete(f"/api/v1/people/{user}/grants/{grant}").status_code == 204


def _disable(admin: Caller, user: str) -> None:
    assert admin.http.post(f"/api/v1/people/{user}/disable").status_code == 200


def _end_sessions(admin: Caller, user: str) -> None:
    assert admin.http.post(f"/api/v1/people/{user}/end-sessions").status_code == 204


def _offboard(admin: Caller, user: str) -> None:
    username = admin.http.get(f"/api/v1/people/{user}").json()["username"]
    left = admin.product.command("user", "offboard", username)
    assert left.returncode == 0, left.stderr


async def _open(session: aiohttp.ClientSession, viewer: Caller, camera: str) -> aiohttp.ClientWebSocketResponse:
    socket = await session.ws_connect(
        f"{viewer.product.node_url}/live/{camera}/ws", headers={"Origin": viewer.origin}, max_msg_size=1 << 24
    )
    await socket.send_json({"token": viewer.token(camera, "live"), "audio": False})
    while True:
        message = await socket.receive(timeout=15)
        if message.type is aiohttp.WSMsgType.BINARY:
            return socket
        assert message.type is aiohttp.WSMsgType.TEXT, message


async def _wait_closed(socket: aiohttp.ClientWebSocketResponse) -> tuple[int | None, str]:
    said = ""
    while True:
        message = await socket.receive(timeout=WITHIN_S + 5)
        if message.type is aiohttp.WSMsgType.TEXT:
            said = str(message.data)
        elif message.type is not aiohttp.WSMsgType.BINARY:
            return socket.close_code, said


@pytest.mark.parametrize("act", [_take_role, _disable, _end_sessions, _offboard], ids=lambda act: act.__name__[1:])
async def test_picture_ends_within_ten_seconds_of(caller: Caller, viewer: Caller, camera: str, act: Act) -> None:
    user = _id_of(caller, viewer)
    async with aiohttp.ClientSession() as session:
        socket = await _open(session, viewer, camera)
        unspent = viewer.token(camera, "live")
        begun = datetime.now(UTC)  # noqa: TID251  the product runs on the real clock
        act(caller, user)
        code, said = await _wait_closed(socket)
        took_s = (datetime.now(UTC) - begun).total_seconds()  # noqa: TID251
        print(f"{act.__name__[1:]}: closed after {took_s:.2f} s with {code}")
        assert code == 4000
        assert '"revoked"' in said
        assert took_s < WITHIN_S
        # a token that was minted before and not spent yet opens nothing any more
        late = await session.ws_connect(
            f"{viewer.product.node_url}/live/{camera}/ws", headers={"Origin": viewer.origin}, max_msg_size=1 << 24
        )
        await late.send_json({"token": unspent, "audio": False})
        assert (await late.receive(timeout=15)).type is aiohttp.WSMsgType.CLOSE
        assert late.close_code == 4401
    item = {"camera": camera, "act": "live", "profile": "main"}
    refused = viewer.http.post("/api/v1/media/tokens", json={"items": [item]})
    assert refused.status_code == (404 if act is _take_role else 401)


async def test_one_who_keeps_another_role_goes_on_watching_by_a_new_token(
    caller: Caller, viewer: Caller, camera: str
) -> None:
    user = _id_of(caller, viewer)
    caller.prove()
    given = caller.http.post(f"/api/v1/people/{user}/grants", json={"role": "CITY_OFFICER", "region": "210300"})
    assert given.status_code == 201, given.text
    async with aiohttp.ClientSession() as session:
        socket = await _open(session, viewer, camera)
        _take_role(caller, user)
        assert (await _wait_closed(socket))[0] == 4000
        again = await _open(session, viewer, camera)
        await again.close()
