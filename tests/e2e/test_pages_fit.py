"""Every page, in both languages and three widths: nothing sticks out at the side, nothing fails behind the scenes."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect
from tests.e2e.browsing import chromium, log_in, shoot
from tests.e2e.caller import Caller
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e
SIZES = ((1920, 1080), (1366, 768), (390, 844))
LANGUAGES = ("zh-CN", "en")
PAGES = (
    *(
        "/overview",
        "/overview?r=210302",
        "/screen",
        "/live",
        "/play",
        "/premises",
        "/premises/{premises}",
        "/onboarding",
        "/onboarding/{premises}",
    ),
    *("/approvals/frames", "/devices", "/devices/inventory", "/faults", "/people", "/organisations"),
    *("/numbers", "/audit", "/imports", "/account", "/account/nothing-here"),
)
STICKS_OUT = """() => [document.documentElement, document.querySelector('main')]
    .filter(Boolean).map((box) => box.scrollWidth - box.clientWidth).filter((extra) => extra > 0)"""
_THUMB = re.compile(r"/thumb/|/api/v1/media/tokens$")
"""A product that has just started has no picture yet of some moments and cameras; the page says so in words."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    yield context.new_page()
    context.close()


def _listen(page: Page) -> list[str]:
    """Return a list that fills with whatever fails on the page."""
    wrong: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        source = str(message.location.get("url", ""))
        if message.type == "error" and not _THUMB.search(source.partition("?")[0]):
            wrong.append(f"console: {message.text} {source}")

    def on_response(response: Response) -> None:
        path = response.url.partition("?")[0]
        if response.status >= 500 or (response.status >= 400 and not _THUMB.search(path)):
            wrong.append(f"{response.status} {response.url}")

    page.on("console", on_console)
    page.on("response", on_response)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    return wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_fits_every_width_and_nothing_fails(product: Product, caller: Caller, page: Page, language: str) -> None:
    premises = caller.http.get("/api/v1/premises?limit=1").json()["items"][0]["id"]
    log_in(page, product)
    page.evaluate(f"localStorage.setItem('bk.lang', '{language}')")
    wrong = _listen(page)
    found: list[str] = []
    for path in PAGES:
        page.goto(product.url + path.format(premises=premises).removeprefix("/"))
        expect(page.locator("main").locator("h1, .bk-panel, .bk-desk, .bk-live").first).to_be_visible()
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(250)
            extra = page.evaluate(STICKS_OUT)
            if extra:
                name = re.sub(r"\W+", "-", path).strip("-")
                shoot(page, f"sticks-out-{name}-{language}-{width}")
                found.append(f"{path} {language} {width}: {extra} px (test-results/sticks-out-{name}-*.png)")
    assert found == []
    assert wrong == []
