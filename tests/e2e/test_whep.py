"""Live pictures by WebRTC (docs/design/media-path.md §4.5): Chromium, the real node, the camera with the true clock."""

from typing import Any

import pytest
from playwright.sync_api import Page
from tests.e2e.browsing import chromium, log_in, see, shoot, wait_seen
from tests.e2e.caller import Caller
from tests.e2e.product import Product

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
