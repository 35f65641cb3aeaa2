"""The first start in an empty folder: log in, watch, go back in time, keep the picture; then the second start."""

import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, log_in, seal, see, shoot, wait_seen
from tests.e2e.caller import Caller, build_utc, parse_utc_ms, until
from tests.e2e.product import Product, free_port_base

from brightkitchen_sim.liveclock import read_clock

pytestmark = [pytest.mark.e2e, pytest.mark.alone]
BACK_MS = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}, accept_downloads=True)
    yield context.new_page()
    context.close()


def test_live_picture_shows_the_true_clock_within_a_second(product: Product, caller: Caller, page: Page) -> None:
    camera = caller.clock_camera()
    log_in(page, product)
    tile = page.get_by_role("group", name=camera["name"])
    video = tile.locator("video.bk-screen-shown")  # while another stream is opened below it, there are two
    first = wait_seen(page, video)
    tile.locator(".bk-picture").dblclick()
    expect(page.locator(".bk-wall-1")).to_be_visible()
    # The small stream stays until the large one has its picture, which may be a little older.
    expect(video).to_have_js_property("videoWidth", 1280, timeout=10_000)
    enlarged = wait_seen(page, video)
    later = wait_seen(page, video, after_s=enlarged.at_s + 1)
    assert later.clock_ms > enlarged.clock_ms, "the picture stands still"
    # A new picture begins with the current group of pictures, which may be older, and catches up.
    fresh = until(lambda: seen if (seen := see(video)) and seen.age_ms < 1000 else None, 15, "a picture of this second")
    shoot(page, "live-clock")
    print(f"live: pictures are {[seen.age_ms for seen in (first, enlarged, later, fresh)]} ms old")
    assert all(-100 < seen.age_ms < 1000 for seen in (first, fresh))


def test_play_thirty_seconds_ago_shows_that_moment_and_snapshot_is_that_frame(
    product: Product, caller: Caller, page: Page
) -> None:
    camera = caller.clock_camera()
    started_ms = parse_utc_ms(camera["streams"]["main"]["since_at"])
    recorded_ms = caller.wait_recording(camera["id"], after_ms=started_ms + 35_000, timeout_s=60)
    log_in(page, product)
    wanted_ms = recorded_ms - BACK_MS
    page.goto(f"{product.url}play?c={camera['id']}&t={build_utc(wanted_ms)}")
    video = page.locator(".bk-desk-picture video")
    first = wait_seen(page, video)
    page.get_by_role("button", name="暂停").click()
    print(f"play: first picture seen {first.clock_ms - wanted_ms} ms after the moment wanted")
    assert abs(first.clock_ms - wanted_ms) < 1000
    shown = page.locator(".bk-shown time")
    expect(page.get_by_role("button", name="播放")).to_be_visible()
    paused = until(lambda: see(video), 10, "a picture while paused")
    assert abs(parse_utc_ms(shown.get_attribute("datetime") or "") - paused.clock_ms) < 1000

    page.keyboard.press("ArrowRight")
    forward = wait_seen(page, video, after_s=paused.at_s + 3)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    back = until(
        lambda: seen if (seen := see(video)) and seen.at_s < forward.at_s - 8 else None,
        10,
        "the picture ten seconds back",
    )
    assert abs(forward.clock_ms - paused.clock_ms - 5000) < 1000
    assert abs(forward.clock_ms - back.clock_ms - 10_000) < 1000
    shoot(page, "play-thirty-seconds-ago")

    page.get_by_role("button", name="截图").click()
    number = seal(page, "三十秒前的画面")
    shoot(page, "play-snapshot-saved")
    item = caller.http.get("/api/v1/evidence", params={"text": number}).json()["items"][0]
    original = caller.http.get(f"/api/v1/evidence/{item['id']}/files/original.jpg")
    picture = np.asarray(Image.open(io.BytesIO(original.content)).convert("RGB"))
    clock_ms = read_clock(picture)
    assert clock_ms is not None
    print(f"snapshot: {clock_ms - back.clock_ms} ms from the picture shown, sealed as {number}")
    assert clock_ms == back.clock_ms, "the snapshot is another frame than the one on the screen"


def test_nothing_in_the_data_folder_is_open_to_others(product: Product, caller: Caller) -> None:
    caller.clock_camera()
    for path in (product.data, *product.data.rglob("*")):
        try:
            mode = stat.S_IMODE(path.lstat().st_mode)
        except FileNotFoundError:
            continue  # a recording that was closed meanwhile
        assert mode & 0o077 == 0, f"{path.relative_to(product.data)} has mode {mode:o}"


def test_two_installations_share_no_password_key_or_camera_log_in(product: Product, tmp_path: Path) -> None:
    other = Product(tmp_path / "data", free_port_base(), ("--cameras", "1"))
    try:
        other.start()
        with_keys = [_secrets(each) for each in (product, other)]
        assert other.stop() == 0
    finally:
        other.kill()
    ours, theirs = with_keys
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] == theirs[name]] == []


def _secrets(product: Product) -> dict[str, bytes]:
    logins = json.loads((product.data / "demo" / "logins.json").read_text())
    caller = Caller(product)
    token = caller.token(caller.clock_camera()["id"], "live")
    caller.close()
    return {
        "admin": logins["admin"]["password"].encode(),
        "camera": logins["password"].encode(),
        "kek": (product.data / "keys" / "kek").read_bytes(),
        "node key": (product.data / "node-0" / "node.key").read_bytes(),
        "signing key id": token.split(".")[1][:32].encode(),
    }


def test_second_start_keeps_cameras_recordings_and_log_in(tmp_path: Path) -> None:
    data = tmp_path / "data"
    port = free_port_base()
    first = Product(data, port, ("--cameras", "1"))
    second = Product(data, port, ("--cameras", "1"))
    try:
        first.start()
        caller = Caller(first)
        camera = caller.clock_camera()
        until_ms = caller.wait_recording(camera["id"])
        caller.close()
        assert first.stop() == 0
        begun_s = os.times().elapsed
        second.start()
        print(f"second start: log-in shown after {os.times().elapsed - begun_s:.2f} s")
        assert (second.username, second.password) == (first.username, first.password)
        caller = Caller(second)
        assert [each["id"] for each in caller.cameras()] == [camera["id"]]
        caller.wait_recording(camera["id"], after_ms=until_ms + 3000)
        handle = caller.open_handle(camera["id"], "play")
        spans = caller.timeline(camera["id"], handle, camera["created_at"], build_utc(until_ms + 3000))["spans"]
        assert parse_utc_ms(spans[0]["from"]) < until_ms <= parse_utc_ms(spans[0]["to"]) + 2000
        caller.close()
        assert second.stop() == 0
    finally:
        first.kill()
        second.kill()
