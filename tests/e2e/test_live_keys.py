"""The wall by keyboard alone, and the mark that is made there seen again on the timeline (UI §5.1)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, log_in, shoot, wait_seen
from tests.e2e.caller import Caller, build_utc, parse_utc_ms, until
from tests.e2e.product import Product, start_product

pytestmark = pytest.mark.e2e
BACK_MS = 30_000
# How many pixels of the timeline have the colour of a mark.
_FLAGS = """(canvas) => {
    const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let found = 0;
    for (let at = 0; at < bytes.length; at += 4)
        found += bytes[at] === 255 && bytes[at + 1] === 194 && bytes[at + 2] === 77;
    return found;
}"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with start_product(tmp_path_factory.mktemp("keys"), "--cameras", "2") as one:
        yield one


@pytest.fixture(scope="module")
def person(running: Product) -> Iterator[Caller]:
    one = Caller(running)
    yield one
    one.close()


@pytest.fixture(scope="module")
def ids(person: Caller) -> list[str]:
    """Both cameras with a device, the one with the true clock first."""
    clock = person.clock_camera()["id"]
    return [clock, *(each["id"] for each in person.cameras() if each["address"] and each["id"] != clock)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser, running: Product) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
    one = context.new_page()
    log_in(one, running)
    expect(one.locator(".bk-wall")).to_be_visible()
    yield one
    context.close()


def tab_to(page: Page, selector: str) -> None:
    """Go with the Tab key to the first thing of that kind. raises: AssertionError if it cannot be reached."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
    shoot(page, "keys-unreachable")
    raise AssertionError(f"{selector} cannot be reached by Tab")


def marks_of(person: Caller, camera: str) -> list[dict[str, str]]:
    answer = person.http.get(f"/api/v1/recording/cameras/{camera}/marks", params=span_of(person))
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["kind"] == "mark"]


def span_of(person: Caller) -> dict[str, str]:
    now_ms = parse_utc_ms(person.http.get("/api/v1/system").json()["server_at"])
    return {"from": build_utc(now_ms - 3_600_000), "to": build_utc(now_ms + 60_000)}


def test_wall_is_worked_by_keys_alone_and_the_mark_is_on_the_timeline(
    running: Product, person: Caller, ids: list[str], page: Page
) -> None:
    clock, other = ids[0], ids[1]
    begun_ms = parse_utc_ms(person.camera(clock)["streams"]["main"]["since_at"])
    page.goto(f"{running.url}live?wall=4&c={clock}")
    tile = page.locator('[data-place="0"]')
    shown = tile.locator(".bk-screen-shown")
    expect(shown).to_have_count(1, timeout=30_000)

    # the keys are told
    page.keyboard.press("?")
    help_page = page.get_by_role("dialog", name="快捷键")
    expect(help_page.get_by_text("回看30秒，再按再往前30秒")).to_be_visible()
    shoot(page, "keys-help")
    page.keyboard.press("Escape")
    expect(help_page).to_have_count(0)

    # choose a camera from the list for the second place
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-place="1"]')).to_be_focused()
    tab_to(page, '.bk-picker-entry[aria-pressed="false"]')
    page.keyboard.press("Enter")
    expect(page.locator('[data-place="1"]')).to_have_attribute("data-camera", other)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(tile).to_be_focused()

    # how the picture does
    tab_to(page, '[data-place="0"] .bk-health > button')
    panel = tile.get_by_role("note")
    expect(panel).to_contain_text("码率")
    expect(panel).to_contain_text("丢包")
    shoot(page, "keys-health")
    page.evaluate("document.activeElement.blur()")

    # sound, snapshot, mark
    expect(page.get_by_role("button", name="打开声音 M", exact=True).last).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="关闭声音 M", exact=True).last).to_be_visible()
    page.keyboard.press("m")
    page.keyboard.press("s")
    sealing = page.get_by_role("dialog", name="固定截图")
    expect(sealing).to_be_visible()
    page.keyboard.press("Escape")
    expect(sealing).to_have_count(0)
    seen = wait_seen(page, shown)
    page.keyboard.press("b")
    expect(page.get_by_role("status").filter(has_text="已标记")).to_be_visible(timeout=15_000)
    shoot(page, "keys-marked")
    (made,) = marks_of(person, clock)
    away_ms = parse_utc_ms(made["from"]) - seen.clock_ms
    print(f"mark: {away_ms} ms after the clock in the picture read just before")
    assert -500 < away_ms < 3_000

    # enlarge, go back 30 s, mark with a note what is replayed
    page.keyboard.press("Enter")
    expect(page.locator(".bk-wall-1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".bk-wall-4")).to_be_visible()
    person.wait_recording(clock, after_ms=begun_ms + BACK_MS + 8_000, timeout_s=90)
    page.keyboard.press("r")
    replayed = wait_seen(page, tile.locator(".bk-replay"), 30)
    assert BACK_MS - 1_000 < replayed.age_ms < BACK_MS + 10_000
    page.keyboard.press("Shift+B")
    note = page.get_by_label("说明（可不填）")
    expect(note).to_be_focused()
    page.keyboard.type("b 疑似鼠迹")
    expect(page.get_by_role("status").filter(has_text="已标记")).to_be_visible(timeout=15_000)
    page.keyboard.press("Enter")
    expect(note).to_have_count(0)
    page.keyboard.press("Escape")
    expect(tile.locator(".bk-replay")).to_have_count(0)
    made_two = marks_of(person, clock)
    assert sorted(each["note"] for each in made_two) == ["", "b 疑似鼠迹"], "a letter in the note was taken for a key"
    noted = next(each for each in made_two if each["note"])
    assert -3_000 < parse_utc_ms(noted["from"]) - replayed.clock_ms < 6_000

    # full screen and out of it
    page.keyboard.press("Shift+F")
    until(lambda: page.evaluate("document.fullscreenElement?.classList.contains('bk-stage')"), 10, "full screen")
    page.keyboard.press("Shift+F")
    until(lambda: page.evaluate("document.fullscreenElement === null"), 10, "out of full screen")

    # the marks are on the timeline, in the list beside it, and found
    page.goto(f"{running.url}play?c={clock}&t={noted['from']}")
    timeline = page.get_by_role("slider")
    expect(page.get_by_role("button", name="标记2")).to_be_visible(timeout=15_000)
    until(lambda: timeline.evaluate(_FLAGS) > 20, 15, "a flag on the timeline")
    page.get_by_role("button", name="标记2").press("Enter")
    listed = page.get_by_role("dialog", name="标记")
    expect(listed.get_by_text("b 疑似鼠迹")).to_be_visible()
    shoot(page, "keys-timeline")
    page.goto(f"{running.url}recordings/search?kind=mark")
    expect(page.get_by_text("b 疑似鼠迹")).to_be_visible(timeout=15_000)
    shoot(page, "keys-search")


def test_keys_of_one_character_can_be_turned_off(running: Product, ids: list[str], page: Page) -> None:
    page.goto(f"{running.url}live?wall=4&c={','.join(ids)}")
    expect(page.locator("[data-place]")).to_have_count(4)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="快捷键").get_by_role("switch").press("Space")
    page.keyboard.press("Escape")
    page.keyboard.press("9")
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-place="1"]')).to_be_focused()
    expect(page.locator(".bk-wall-4")).to_be_visible()
    page.get_by_role("button", name="快捷键 ?").press("Enter")
    page.get_by_role("dialog", name="快捷键").get_by_role("switch").press("Space")
    page.keyboard.press("Escape")
    page.keyboard.press("9")
    expect(page.locator(".bk-wall-9")).to_be_visible()


def test_favourite_is_kept_and_dragged_to_the_wall(running: Product, ids: list[str], page: Page) -> None:
    page.goto(f"{running.url}live?wall=4&c={ids[0]}")
    entry = page.locator(".bk-picker-row").filter(has=page.locator('[aria-pressed="false"].bk-picker-entry')).first
    entry.hover()
    entry.locator(".bk-star").click()
    expect(entry.locator(".bk-star-kept")).to_be_visible()
    page.get_by_text("收藏", exact=True).click()
    kept = page.locator(".bk-favourites .bk-picker-entry")
    expect(kept).to_have_count(1)
    shoot(page, "keys-favourites")
    source, target = kept.bounding_box(), page.locator('[data-place="2"]').bounding_box()
    assert source is not None and target is not None
    page.mouse.move(source["x"] + 20, source["y"] + 10)
    page.mouse.down()
    page.mouse.move(target["x"] + 100, target["y"] + 100, steps=8)
    page.mouse.up()
    expect(page.locator('[data-place="2"]')).to_have_attribute("data-camera", ids[1])
