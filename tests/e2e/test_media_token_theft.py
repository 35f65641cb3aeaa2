"""A media token in the wrong hands, and where tokens and handles must never be read (SECURITY.md S18, S19)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import aiohttp
import httpx
import pytest
from tests.e2e.browsing import chromium, log_in, seal, wait_seen
from tests.e2e.caller import Caller, build_utc, parse_utc_ms, until
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e
REFUSED = 4401


@pytest.fixture(scope="module")
def camera(caller: Caller) -> str:
    return str(caller.clock_camera()["id"])


async def _watch(
    session: aiohttp.ClientSession, caller: Caller, camera: str, token: str
) -> aiohttp.ClientWebSocketResponse:
    socket = await session.ws_connect(
        f"{caller.product.node_url}/live/{camera}/ws", headers={"Origin": caller.origin}, max_msg_size=1 << 24
    )
    await socket.send_json({"token": token, "audio": False})
    return socket


async def _hello(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Wait until the node says what it will send: the token was taken."""
    for _ in range(5):
        if (await socket.receive_json(timeout=15))["type"] == "hello":
            return
    raise AssertionError("no hello")


async def _close_code(socket: aiohttp.ClientWebSocketResponse, timeout_s: float = 15) -> tuple[int | None, list[str]]:
    """Read to the end. returns: the close code and the texts that came before it."""
    texts = []
    while True:
        message = await socket.receive(timeout=timeout_s)
        if message.type is aiohttp.WSMsgType.TEXT:
            texts.append(str(message.data))
        elif message.type is not aiohttp.WSMsgType.BINARY:
            return socket.close_code, texts


async def test_token_is_good_once_and_for_its_camera_only(caller: Caller, camera: str) -> None:
    other = str(caller.pattern_camera()["id"])
    token = caller.token(camera, "live")
    async with aiohttp.ClientSession() as session:
        first = await _watch(session, caller, camera, token)
        await _hello(first)
        stolen = await _watch(session, caller, camera, token)
        assert await _close_code(stolen) == (REFUSED, [])
        elsewhere = await _watch(session, caller, other, caller.token(camera, "live"))
        assert await _close_code(elsewhere) == (REFUSED, [])
        other_act = await _watch(session, caller, camera, caller.token(camera, "play"))
        assert await _close_code(other_act) == (REFUSED, [])
        await first.close()


async def test_token_of_another_page_opens_nothing(caller: Caller, camera: str) -> None:
    token = caller.token(camera, "live")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
            await session.ws_connect(
                f"{caller.product.node_url}/live/{camera}/ws", headers={"Origin": "https://evil.example"}
            )
        # "localhost" is an allowed page, but not the one that asked for this token.
        socket = await session.ws_connect(
            f"{caller.product.node_url}/live/{camera}/ws",
            headers={"Origin": f"http://localhost:{caller.product.port}"},
        )
        await socket.send_json({"token": token, "audio": False})
        assert await _close_code(socket) == (REFUSED, [])


def test_refusals_of_a_door_all_look_the_same(caller: Caller, camera: str) -> None:
    spent = caller.token(camera, "play")
    assert caller.node.post("/media/session", json={"token": spent}).status_code == 200
    good = caller.token(camera, "play")
    head, claims, seal = good.split(".")
    forged = f"{head}.{claims[:-4]}AAAA.{seal}"
    answers = [
        caller.node.post("/media/session", json={"token": token})
        for token in (spent, forged, "bk1.e30.AAAA", "", good.replace("bk1", "bk2"))
    ]
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
    assert caller.node.get(f"/play/{camera}/timeline", headers={"X-BK-Media": good}).text == answers[0].text
    in_url = caller.node.get(f"/snapshot/{camera}", params={"token": good})
    assert in_url.status_code == 400


async def test_log_out_closes_what_is_watched_within_ten_seconds(product: Product, camera: str) -> None:
    leaving = Caller(product)
    late = leaving.token(camera, "live")
    handle = leaving.open_handle(camera, "play")
    async with aiohttp.ClientSession() as session:
        socket = await _watch(session, leaving, camera, leaving.token(camera, "live"))
        await _hello(socket)
        begun = datetime.now(UTC)  # noqa: TID251  the product runs on the real clock
        leaving.log_out()
        code, texts = await _close_code(socket, timeout_s=10)
        took_s = (datetime.now(UTC) - begun).total_seconds()  # noqa: TID251
        print(f"log-out: viewer closed after {took_s:.2f} s with {code}")
        assert code == 4000
        assert any('"revoked"' in text for text in texts)
        assert took_s < 10
        assert await _close_code(await _watch(session, leaving, camera, late)) == (REFUSED, [])
    refused = leaving.node.get(f"/play/{camera}/timeline", headers=handle)
    assert refused.status_code == 401
    assert leaving.http.post("/api/v1/media/tokens", json={"items": []}).status_code == 401
    leaving.close()


@pytest.fixture
def spoken(product: Product, caller: Caller, camera: str) -> Iterator[list[tuple[str, dict[str, str], str]]]:
    """Everything the page asked for while a person watched, went back, and took a picture: URL, headers, body."""
    said: list[tuple[str, dict[str, str], str]] = []
    with chromium() as browser:
        context = browser.new_context(locale="zh-CN")
        page = context.new_page()
        page.on("request", lambda each: said.append((each.url, each.headers, each.post_data or "")))
        page.on("websocket", lambda each: said.append((each.url, {}, "")))
        log_in(page, product)
        wait_seen(page, page.locator("video").first)
        started_ms = parse_utc_ms(caller.camera(camera)["streams"]["main"]["since_at"])
        recorded_ms = caller.wait_recording(camera, after_ms=started_ms + 8000)
        page.goto(f"{product.url}play?c={camera}&t={build_utc(recorded_ms - 6000)}")
        wait_seen(page, page.locator(".bk-desk-picture video"))
        page.get_by_role("button", name="截图").click()
        seal(page, "令牌检查")
        context.close()
    yield said


def test_no_token_or_handle_in_any_url_log_or_referer(
    product: Product, caller: Caller, spoken: list[tuple[str, dict[str, str], str]]
) -> None:
    handles = {headers["x-bk-media"] for _url, headers, _body in spoken if "x-bk-media" in headers}
    tokens = set(re.findall(r"bk1\.[\w.-]+", " ".join(body for _url, _headers, body in spoken)))
    assert handles, "the page used no handle: this test would prove nothing"
    assert tokens, "the page spent no token: this test would prove nothing"
    secrets = [*handles, *(token.rsplit(".", 1)[1] for token in tokens), caller.cookie.partition("=")[2]]
    for url, headers, _body in spoken:
        assert not re.search(r"[?&](token|auth|sig|access_token|handle)=", url), url
        for secret in secrets:
            assert secret not in url
            assert secret not in headers.get("referer", "")
    logs = "".join(path.read_text("utf-8") for path in (product.data / "logs").glob("*.log"))
    metrics = "".join(
        httpx.get(f"http://127.0.0.1:{product.port + offset}/metrics", trust_env=False).text for offset in (10, 11)
    )
    assert logs
    assert metrics
    assert [secret for secret in secrets if secret in logs or secret in metrics] == []
    assert "bk1." not in logs
    until(lambda: caller.cameras(), 5, "the product still answers")
