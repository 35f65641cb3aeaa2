"""What a browser fetches before the first screen is there: an officer's office has a line of a few megabits."""

import gzip
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Response, expect
from tests.e2e.browsing import chromium
from tests.e2e.product import Product, start_product

pytestmark = pytest.mark.e2e
MOST_BYTES = {"log-in": 350_000, "overview": 412_000, "live": 415_000}
"""350 kB is the budget of the first screen. The others are a little above what they are: nobody makes them worse unseen (docs/benchmarks.md)."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with start_product(tmp_path_factory.mktemp("first-load"), "--cameras", "1") as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


class Fetched:
    """The page's own files, by name, with what gzip makes of each."""

    def __init__(self, page: Page) -> None:
        self.sizes: dict[str, int] = {}
        page.on("response", self._note)

    def _note(self, response: Response) -> None:
        if "/assets/" in response.url and response.ok:
            self.sizes[response.url.rsplit("/", 1)[1]] = len(gzip.compress(response.body(), 6))

    def total(self) -> int:
        return sum(self.sizes.values())

    def say(self, what: str) -> None:
        print(f"{what}: {self.total() / 1000:.0f} kB in {len(self.sizes)} files")
        for name, size in sorted(self.sizes.items(), key=lambda item: -item[1])[:12]:
            print(f"  {size / 1000:6.1f} {name}")


@pytest.mark.parametrize(("path", "shown"), [("overview", ".bk-overview"), ("live", ".bk-stage")])
def test_first_screen_fetches_no_more_than_it_did(browser: Browser, running: Product, path: str, shown: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    page = context.new_page()
    log_in = Fetched(page)
    page.goto(running.url)
    page.get_by_label("账号", exact=True).fill(running.username)
    page.get_by_label("密码", exact=True).fill(running.password)
    log_in.say("log-in")
    assert 0 < log_in.total() <= MOST_BYTES["log-in"]
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")
    page.close()

    # The next morning: whoever is logged in opens the page in a browser that kept nothing.
    page = context.new_page()
    first = Fetched(page)
    page.goto(running.url + path)
    expect(page.locator(shown).first).to_be_visible(timeout=20_000)
    page.wait_for_load_state("networkidle")
    first.say(path)
    assert 0 < first.total() <= MOST_BYTES[path]
    context.close()
