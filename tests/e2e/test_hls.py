"""Low-Latency HLS of the running product: what FFmpeg and hls.js make of it, and that a log-out ends it."""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page
from tests.e2e.browsing import chromium, log_in, see, shoot, wait_seen
from tests.e2e.caller import Caller, until
from tests.e2e.product import ROOT, Product

pytestmark = pytest.mark.e2e
HLS_JS = ROOT / "ui" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
FOR_S = 10

# Opens an address as the page's driver does; leaves window.hls behind.
_OPEN = """async ({camera, profile}) => {
    const asked = await fetch('/api/v1/media/tokens', {
        method: 'POST', headers: {'Content-Type': 'application/json', 'X-BK': '1'},
        body: JSON.stringify({items: [{camera, act: 'live', profile}]}),
    });
    const {token, media_url} = (await asked.json()).items[0];
    const answer = await fetch(`${media_url}/live/${camera}/hls`, {method: 'POST', headers: {Authorization: `Bearer ${token}`}});
    const video = Object.assign(document.createElement('video'), {id: 'hls', muted: true, autoplay: true});
    video.style = 'position:fixed;left:0;top:0;z-index:9999;width:640px';
    document.body.append(video);
    window.hls = {video, errors: [], url: new URL(answer.headers.get('Location'), answer.url).href};
    return {status: answer.status};
}"""
_PLAY_JS = """() => {
    const player = new Hls({lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5, enableWorker: false});
    Object.assign(window.hls, {player, parts: 0});
    player.on(Hls.Events.ERROR, (_, data) => window.hls.errors.push(`${data.type} ${data.details} ${data.fatal}`));
    player.on(Hls.Events.FRAG_LOADED, (_, data) => { window.hls.parts += data.part ? 1 : 0; });
    player.loadSource(window.hls.url);
    player.attachMedia(window.hls.video);
}"""


def open_address(caller: Caller, camera: str) -> str:
    """Return the address for a player that knows of no token."""
    headers = {"Authorization": f"Bearer {caller.token(camera, 'live')}"}
    answer = caller.node.post(f"/live/{camera}/hls", headers=headers)
    assert answer.status_code == 201, answer.text
    return f"{caller.product.node_url}{answer.json()['path']}"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a program of FFmpeg for at most a minute."""
    return subprocess.run(words, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def test_ffmpeg_reads_on_for_ten_seconds_without_an_error(product: Product, caller: Caller) -> None:
    camera = caller.clock_camera()["id"]
    url = open_address(caller, camera)
    probed = run("ffprobe", "-v", "warning", "-print_format", "json", "-show_streams", url)
    assert (probed.returncode, probed.stderr) == (0, "")
    kinds = {each["codec_type"]: each["codec_name"] for each in json.loads(probed.stdout)["streams"]}
    assert kinds["video"] == "h264"
    # Not "warning": at each reload FFmpeg 5.1 forgets that it has the init segment, reads it again and says so.
    words = ["-v", "error", "-stats_period", "1", "-progress", "pipe:1", "-i", url, "-t", str(FOR_S)]
    played = run("ffmpeg", *words, "-f", "null", "-")
    counts = [int(count) for count in re.findall(r"^frame=\s*(\d+)", played.stdout, re.M)]
    print(f"ffmpeg: pictures by the second {counts}; streams {kinds}; said {played.stderr!r}")
    assert (played.returncode, played.stderr) == (0, "")
    assert len(counts) >= 4
    assert counts == sorted(counts)
    assert counts[-1] >= FOR_S * 10


@pytest.fixture
def page(product: Product) -> Iterator[Page]:
    with chromium() as browser:
        # What stands in the page here is a foreign player, which the page's own policy would not let in.
        context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}, bypass_csp=True)
        page = context.new_page()
        log_in(page, product)
        yield page


def begin(page: Page, camera: str, profile: str = "main") -> dict[str, Any]:  # Any: JSON
    answer: dict[str, Any] = page.evaluate(_OPEN, {"camera": camera, "profile": profile})
    assert answer["status"] == 201, answer
    return answer


def watch(page: Page, name: str) -> list[int]:
    """Return the ages of what is shown during ten seconds, ms, sorted; it has to go on all the time."""
    video = page.locator("#hls")
    first = wait_seen(page, video)
    page.wait_for_timeout(2_000)
    ages: list[int] = []
    for _ in range(100):
        page.wait_for_timeout(100)
        if (seen := see(video)) is not None:
            ages.append(seen.age_ms)
    last = wait_seen(page, video)
    shoot(page, name)
    ages.sort()
    print(f"{name}: age p50 {ages[len(ages) // 2]} ms, p95 {ages[len(ages) * 95 // 100]} ms, most {ages[-1]} ms")
    assert last.clock_ms - first.clock_ms > FOR_S * 800
    return ages


@pytest.mark.parametrize("profile", ["main", "sub"])
def test_hls_js_plays_parts_with_a_low_delay(product: Product, caller: Caller, page: Page, profile: str) -> None:
    camera = caller.clock_camera()["id"]
    begin(page, camera, profile)
    page.add_script_tag(path=HLS_JS)
    page.evaluate(_PLAY_JS)
    ages = watch(page, "hls-js")
    state = page.evaluate("({parts: hls.parts, errors: hls.errors, latency: hls.player.latency})")
    print(state)
    assert state["parts"] > 20
    # Whatever it gets over by itself shows in the age and in the parts.
    assert [error for error in state["errors"] if error.endswith(" true")] == []
    assert ages[len(ages) // 2] < 3_000


def test_log_out_ends_the_address_within_ten_seconds(product: Product, caller: Caller) -> None:
    camera = caller.clock_camera()["id"]
    leaving = Caller(product)
    url = open_address(leaving, camera)
    with httpx.Client(trust_env=False, timeout=20) as player:
        assert player.get(url).status_code == 200
        media = url.replace("index.m3u8", "video.m3u8")
        assert player.get(media).status_code == 200
        leaving.log_out()
        until(lambda: player.get(media).status_code == 401, 10, "an address that is closed")
        assert player.get(url).status_code == 401
    leaving.close()
