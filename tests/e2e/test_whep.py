"""Live pictures by WebRTC (docs/design/media-path.md §4.5): Chromium, the real node, the camera with the true clock."""

import asyncio
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route
from tests.e2e.browsing import chromium, log_in, see, shoot, wait_seen
from tests.e2e.caller import Caller, until
from tests.e2e.product import Product
from tests.whep_viewer import WhepViewer

pytestmark = pytest.mark.e2e

# What a WHEP player does, in the page: returns the answer's status and, if it plays, leaves window.whep behind.
_PLAY = """async ({camera, profile}) => {
    const item = {camera, act: 'live', profile};
    const asked = await fetch('/api/v1/media/tokens', {
        method: 'POST', headers: {'Content-Type': 'application/json', 'X-BK': '1'}, body: JSON.stringify({items: [item]}),
    });
    const {token, media_url} = (await asked.json()).items[0];
    const connection = new RTCPeerConnection();
    connection.addTransceiver('video', {direction: 'recvonly'});
    const stream = new MediaStream();
    connection.ontrack = ({track}) => stream.addTrack(track);
    await connection.setLocalDescription(await connection.createOffer());
    const answer = await fetch(`${media_url}/live/${camera}/whep`, {
        method: 'POST', body: connection.localDescription.sdp,
        headers: {'Content-Type': 'application/sdp', Authorization: `Bearer ${token}`},
    });
    const body = await answer.text();
    if (answer.status !== 201) return {status: answer.status, body};
    const began = performance.now();
    await connection.setRemoteDescription({type: 'answer', sdp: body});
    const video = Object.assign(document.createElement('video'), {id: 'whep', muted: true, autoplay: true});
    video.srcObject = stream;
    video.style = 'position:fixed;left:0;top:0;z-index:9999;width:640px';
    document.body.append(video);
    window.whep = {connection, token, location: new URL(answer.headers.get('Location'), answer.url).href};
    video.addEventListener('loadeddata', () => { window.whep.firstMs = performance.now() - began; });
    return {status: answer.status, body, etag: answer.headers.get('ETag')};
}"""


def play(page: Page, camera: str, profile: str = "main") -> dict[str, Any]:  # Any: JSON
    answer: dict[str, Any] = page.evaluate(_PLAY, {"camera": camera, "profile": profile})
    return answer


def test_picture_in_chromium_is_true_and_less_than_a_second_old(product: Product, caller: Caller) -> None:
    camera = caller.clock_camera()["id"]
    with chromium() as browser:
        page = browser.new_page()
        log_in(page, product)
        answer = play(page, camera)
        assert answer["status"] == 201, answer
        video = page.locator("#whep")
        first = wait_seen(page, video)
        ages = []
        for _ in range(40):
            page.wait_for_timeout(50)
            seen = see(video)
            assert seen is not None
            ages.append(seen.age_ms)
        last = wait_seen(page, video)
        shoot(page, "whep")
        first_ms = page.evaluate("window.whep.firstMs")
        ages.sort()
        print(f"first picture {first_ms:.0f} ms after the answer; age p50 {ages[20]} ms, p95 {ages[38]} ms")
        assert last.clock_ms - first.clock_ms > 1_500
        assert ages[38] <= 1_000


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
        yield context.new_page()


def test_tile_switched_to_low_delay_shows_the_true_clock_and_keeps_the_choice(
    product: Product, caller: Caller, page: Page
) -> None:
    camera = caller.clock_camera()
    log_in(page, product)
    tile = page.get_by_role("group", name=camera["name"])
    video = tile.locator("video.bk-screen-shown")
    wait_seen(page, video)
    tile.hover()
    tile.get_by_role("button", name="低延迟").click()
    until(lambda: video.evaluate("video => video.srcObject !== null"), 10, "a picture by WebRTC")
    first = wait_seen(page, video)
    page.wait_for_timeout(1_500)
    ages = [wait_seen(page, video).age_ms for _ in range(10)]
    assert wait_seen(page, video).clock_ms - first.clock_ms > 1_000
    assert all(-100 < age < 1_000 for age in ages), ages
    assert video.evaluate("video => video.srcObject !== null")
    shoot(page, "whep-tile")
    page.reload()
    tile.hover()
    wait_seen(page, video)
    assert video.evaluate("video => video.srcObject !== null")
    tile.get_by_role("button", name="低延迟").click()
    until(lambda: video.evaluate("video => video.srcObject === null"), 10, "the standard way")
    wait_seen(page, video)


def test_tile_takes_the_standard_way_when_no_datagram_gets_through(
    product: Product, caller: Caller, page: Page
) -> None:
    camera = caller.clock_camera()
    # As behind a firewall: the answer names a port where nobody answers.
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    page.route(
        "**/live/*/whep",
        lambda route: (
            route.continue_() if route.request.method != "POST" else _answer_elsewhere(route, silent.getsockname()[1])
        ),
    )
    log_in(page, product)
    page.evaluate("localStorage.setItem('bk.live.way', 'webrtc')")
    page.reload()
    tile = page.get_by_role("group", name=camera["name"])
    seen = wait_seen(page, tile.locator("video.bk-screen-shown"))
    assert seen.age_ms < 2_000
    assert tile.locator("video.bk-screen-shown").evaluate("video => video.srcObject === null")
    silent.close()


def _answer_elsewhere(route: Route, port: int) -> None:
    answer = route.fetch()
    body = re.sub(r"(a=candidate:\S+ 1 udp \d+ \S+) \d+", rf"\1 {port}", answer.text())
    route.fulfill(response=answer, body=body)


# -- who may ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def officer(product: Product, tmp_path: Path) -> Iterator[Caller]:
    """An officer of the county of 台安, who has nothing to do with the demo's first camera."""
    secret = tmp_path / "password"
    secret.write_text("dumplings-before-nine")
    place = ["--role", "COUNTY_OFFICER", "--region", "210321", "--password-file", str(secret)]
    made = product.command("user", "create", "whep-county", *place)
    assert made.returncode == 0, made.stderr
    one = Caller(replace(product, username="whep-county", password="dumplings-before-nine"))
    yield one
    one.close()


def test_officer_of_another_county_is_answered_as_if_there_were_no_camera(caller: Caller, officer: Caller) -> None:
    camera, none = caller.clock_camera()["id"], "cam_0000000000000000"
    asked = [
        officer.http.post("/api/v1/media/tokens", json={"items": [{"camera": each, "act": "live", "profile": "main"}]})
        for each in (camera, none)
    ]
    assert [each.status_code for each in asked] == [404, 404]
    assert asked[0].json()["code"] == asked[1].json()["code"]
    stolen = caller.token(camera, "live")  # for a camera of another's, and shown at one that is not there
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {stolen}"}
    elsewhere = officer.node.post(f"/live/{none}/whep", content="v=0", headers=headers)
    bare = officer.node.post(f"/live/{camera}/whep", content="v=0", headers={"Content-Type": "application/sdp"})
    assert (elsewhere.status_code, elsewhere.text) == (bare.status_code, bare.text) == (401, bare.text)


async def test_picture_ends_within_ten_seconds_of_a_log_out(product: Product, caller: Caller) -> None:
    camera = caller.clock_camera()["id"]
    leaving = Caller(product)
    viewer = WhepViewer()
    token = leaving.token(camera, "live")
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"}
    answer = leaving.node.post(f"/live/{camera}/whep", content=viewer.offer(), headers=headers)
    assert answer.status_code == 201, answer.text
    await viewer.connect(answer.text)
    await viewer.wait_for(lambda: len(viewer.packets) > 10)
    began_s = asyncio.get_running_loop().time()
    leaving.log_out()
    async with asyncio.timeout(10):
        await viewer.is_over.wait()
    print(f"log-out: viewer closed after {asyncio.get_running_loop().time() - began_s:.2f} s")
    count = len(viewer.packets)
    viewer.check(nominates=True)
    with pytest.raises(TimeoutError):
        await viewer.wait_for(lambda: len(viewer.packets) > count, timeout_s=1)
    renewal = leaving.node.post(f"/live/{camera}/{answer.headers['Location']}/renew", headers=headers)
    assert renewal.status_code == 401
    viewer.close()
    leaving.close()
