"""The wall in a real browser, judged by the clock that is drawn into the pictures (R-VID-4)."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.e2e.browsing import chromium, log_in, see, shoot, wait_seen
from tests.e2e.caller import Caller, Json, parse_utc_ms, until
from tests.e2e.product import Product, start_product

pytestmark = pytest.mark.e2e
CAMERAS = 4
BACK_MS = 30_000
KEYS = {"1": 1, "4": 4, "6": 6, "9": 9, "0": 16}

# On every animation frame: is a decoded picture of the tile on the screen, how wide is its stream, is it anything but black?
# While an element that showed a picture seeks, it keeps that one on the screen, and none can be drawn from it.
_WATCH = """(tile) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [16, 9];
    const drawing = canvas.getContext('2d', {willReadFrequently: true});
    window.bkFrames = [];
    const showed = new WeakSet();
    const look = () => {
        const video = tile.querySelector('.bk-screen-shown');
        const box = video?.getBoundingClientRect();
        let luma = 0;
        if (video && video.readyState >= 2) {
            showed.add(video);
            drawing.drawImage(video, 0, 0, 16, 9);
            const bytes = drawing.getImageData(0, 0, 16, 9).data;
            for (let at = 0; at < bytes.length; at += 4) luma += bytes[at + 1] / (bytes.length / 4);
        }
        const style = video && getComputedStyle(video);
        window.bkFrames.push({
            isShown: Boolean(video && box.width > 0 && style.visibility === 'visible' && style.opacity === '1'),
            hasPicture: Boolean(video && (video.readyState >= 2 || (video.seeking && showed.has(video)))),
            isDrawn: Boolean(video && video.readyState >= 2),
            width: video?.videoWidth ?? 0,
            luma,
            videos: tile.querySelectorAll('.bk-screens video').length,
        });
        window.bkWatch = requestAnimationFrame(look);
    };
    look();
}"""
_FRAMES = "() => { cancelAnimationFrame(window.bkWatch); return window.bkFrames; }"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with start_product(tmp_path_factory.mktemp("wall"), "--cameras", str(CAMERAS)) as one:
        yield one


@pytest.fixture(scope="module")
def person(running: Product) -> Iterator[Caller]:
    one = Caller(running)
    yield one
    one.close()


@pytest.fixture(scope="module")
def ids(person: Caller) -> list[str]:
    """The demo's cameras, the one with the true clock first."""
    clock = person.clock_camera()["id"]
    others = [camera["id"] for camera in person.cameras() if camera["address"] and camera["id"] != clock]
    return [clock, *others]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser, running: Product) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    one = context.new_page()
    log_in(one, running)
    expect(one.locator(".bk-wall")).to_be_visible()
    yield one
    context.close()


def hang(page: Page, product: Product, layout: int, ids: list[str], more: str = "") -> None:
    page.goto(f"{product.url}live?wall={layout}&c={','.join(ids)}{more}")
    expect(page.locator(f".bk-wall-{layout}")).to_be_visible()


def place(page: Page, number: int) -> Locator:
    return page.locator(f'[data-place="{number}"]')


def shown(page: Page, number: int) -> Locator:
    return place(page, number).locator(".bk-screen-shown")


def wait_playing(page: Page, number: int) -> None:
    until(
        lambda: (
            shown(page, number).count() == 1
            and shown(page, number).evaluate(
                "(video) => video.readyState >= 2 && getComputedStyle(video).visibility === 'visible'"
            )
        ),
        30,
        f"a picture at place {number}",
    )


def hung(page: Page) -> list[str]:
    return str(page.evaluate("new URLSearchParams(location.search).get('c')")).split(",")


def carry(page: Page, source: Locator, target: tuple[float, float]) -> None:
    """Take something up and bring it there, without letting go."""
    box = source.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(*target, steps=8)


def middle(of: Locator) -> tuple[float, float]:
    box = of.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_each_layout_by_its_key_shows_its_places_and_pictures(running: Product, ids: list[str], page: Page) -> None:
    hang(page, running, 4, ids)
    for key, layout in KEYS.items():
        page.keyboard.press(key)
        expect(page.locator(f".bk-wall-{layout}")).to_be_visible()
        assert page.locator("[data-place]").count() == layout
        wait_playing(page, 0)
        shoot(page, f"wall-{layout}")
    assert page.locator(".bk-strip-bar").first.evaluate("(bar) => bar.clientHeight") == 20


def test_dragging_puts_swaps_and_closes_and_says_so_before(running: Product, ids: list[str], page: Page) -> None:
    clock, second, third, fourth = ids[:4]
    hang(page, running, 4, [clock, second, third])
    wait_playing(page, 1)
    video = shown(page, 1).element_handle()
    carry(page, place(page, 1).locator(".bk-picture"), middle(place(page, 0)))
    expect(place(page, 0).get_by_text("交换")).to_be_visible()
    shoot(page, "wall-swap")
    page.mouse.up()
    assert hung(page) == [second, clock, third]
    assert video is not None and video.evaluate("(video) => video.isConnected && !video.paused")
    entry = page.locator('.bk-picker-entry[aria-pressed="false"]').first
    carry(page, entry, middle(place(page, 3)))
    expect(place(page, 3).get_by_text("放入")).to_be_visible()
    page.mouse.up()
    assert hung(page) == [second, clock, third, fourth]
    carry(page, place(page, 2).locator(".bk-picture"), middle(page.get_by_role("complementary")))
    expect(page.get_by_text("移出画面", exact=True)).to_be_visible()
    page.mouse.up()
    assert hung(page) == [second, clock, "", fourth]


def test_enlarging_and_going_back_never_shows_a_frame_without_a_picture(
    running: Product, ids: list[str], page: Page
) -> None:
    hang(page, running, 4, ids)
    wait_playing(page, 0)
    small = shown(page, 0).evaluate("(video) => video.videoWidth")
    tile = place(page, 0)
    tile.evaluate(_WATCH)
    tile.locator(".bk-picture").dblclick()
    expect(page.locator(".bk-wall-1")).to_be_visible()
    until(lambda: shown(page, 0).evaluate("(video) => video.videoWidth") > small, 30, "the main stream")
    large = shown(page, 0).evaluate("(video) => video.videoWidth")
    page.keyboard.press("Escape")
    expect(page.locator(".bk-wall-4")).to_be_visible()
    until(lambda: shown(page, 0).evaluate("(video) => video.videoWidth") == small, 30, "the sub-stream again")
    page.wait_for_timeout(500)
    frames: list[dict[str, Any]] = page.evaluate(_FRAMES)
    drawn = [frame["luma"] for frame in frames if frame["isDrawn"]]
    print(f"enlarge: {len(frames)} frames, {len(drawn)} drawn, {small} to {large} px, darkest {min(drawn):.0f}")
    assert {small, large} <= {frame["width"] for frame in frames}
    assert max(frame["videos"] for frame in frames) == 2, "the new stream was not opened below the old one"
    assert [frame for frame in frames if not (frame["isShown"] and frame["hasPicture"])] == []
    assert min(drawn) > 16, "a black frame"
    assert len(drawn) > 0.8 * len(frames)
    assert frames[-1]["videos"] == 1


def test_back_thirty_seconds_plays_in_the_tile_and_returns_to_live(
    running: Product, person: Caller, ids: list[str], page: Page
) -> None:
    camera: Json = person.camera(ids[0])
    begun_ms = parse_utc_ms(camera["streams"]["main"]["since_at"])
    person.wait_recording(ids[0], after_ms=begun_ms + BACK_MS + 8_000, timeout_s=90)
    hang(page, running, 4, ids)
    wait_playing(page, 0)
    live = wait_seen(page, shown(page, 0))
    page.keyboard.press("r")
    replay = place(page, 0).locator(".bk-replay")
    first = wait_seen(page, replay)
    later = wait_seen(page, replay, after_s=first.at_s + 1)
    print(f"back: live {live.age_ms} ms old, then {first.age_ms} and {later.age_ms} ms")
    assert later.clock_ms > first.clock_ms, "the recording stands still"
    assert BACK_MS - 1_000 < first.age_ms < BACK_MS + 8_000
    strip = place(page, 0).locator(".bk-strip-replay")
    told_ms = parse_utc_ms(strip.locator("time").get_attribute("datetime") or "")
    assert abs(told_ms - later.clock_ms) < 2_500
    shoot(page, "wall-back")
    strip.get_by_role("button", name="回到实时").click()
    expect(replay).to_have_count(0)
    again = until(lambda: seen if (seen := see(shown(page, 0))) and seen.age_ms < 1_500 else None, 15, "live again")
    assert again.age_ms < 1_500


def test_rotation_opens_the_next_ahead_and_changes_the_pictures(running: Product, ids: list[str], page: Page) -> None:
    hang(page, running, 1, ids[:1], "&turn=5")
    bar = page.get_by_role("region", name="轮巡")
    expect(bar).to_be_visible()
    wait_playing(page, 0)
    turns: list[str | None] = []
    ahead = 0
    for _ in range(500):
        camera = place(page, 0).get_attribute("data-camera")
        if not turns or turns[-1] != camera:
            turns.append(camera)
        ahead = max(ahead, page.locator(".bk-tile-behind video").count())
        if len(turns) > CAMERAS:
            break
        page.wait_for_timeout(100)
    shoot(page, "wall-rotation")
    assert len(turns) > CAMERAS, turns
    assert set(turns[:CAMERAS]) == set(ids), "somebody was left out of the round"
    assert ahead >= 1, "the next one was not opened ahead of its turn"
    place(page, 0).locator(".bk-picture").click()
    expect(bar.get_by_text("已暂停，正在看选中的画面")).to_be_visible()
    page.keyboard.press(" ")
    expect(bar.get_by_text("已暂停")).to_have_count(0)


def test_saved_wall_is_kept_and_opened_again(running: Product, ids: list[str], page: Page) -> None:
    hang(page, running, 6, ids)
    page.get_by_role("button", name="画面集").click()
    page.get_by_label("画面集名称").fill("早餐高峰")
    page.get_by_role("button", name="保存当前画面").click()
    expect(page.get_by_text("已保存画面集“早餐高峰”。")).to_be_visible()
    hang(page, running, 1, ids[1:2])
    page.get_by_role("button", name="画面集").click()
    page.get_by_role("button", name="早餐高峰").click()
    expect(page.locator(".bk-wall-6")).to_be_visible()
    assert hung(page) == ids
