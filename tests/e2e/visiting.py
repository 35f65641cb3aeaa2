"""Going to every screen as the person who sees it, in either language and theme, by the words that the page itself uses."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from tests.e2e.product import ROOT, Product
from tests.e2e.screens import Click, Key, Press, Screen, Step

Theme = Literal["light", "dark"]
Language = Literal["zh-CN", "en"]
DESK: Final = (1366, 768)
_TEXTS: Final = ROOT / "ui" / "src" / "shared" / "i18n"
_LOG_IN: Final = """async (said) => (await fetch('/api/v1/session', {
    method: 'POST', headers: {'X-BK': '1', 'Content-Type': 'application/json'}, body: JSON.stringify(said),
})).status"""
_SETTLED: Final = """() => document.fonts.status === 'loaded'
    && !document.querySelector('[aria-busy="true"], .ant-skeleton, .ant-spin-spinning')
    && [...document.images].every((image) => image.complete)
    && document.getAnimations().every((each) => each.playState !== 'running' || each.effect.getTiming().iterations > 9)"""
_SETTLE_MS: Final = 4_000


@cache
def texts_of(language: Language) -> Mapping[str, str]:
    """Return the words of the page by key."""
    found: dict[str, str] = {}
    for path in sorted(_TEXTS.glob("*.json")):
        if path.name.endswith(f"{language}.json"):
            found |= json.loads(path.read_text("utf-8"))
    return found


def name_of(key: str, language: Language) -> re.Pattern[str]:
    """Return what the accessible name of something with these words is like, whatever is put into them."""
    parts = re.split(r"\{\{\w+\}\}", texts_of(language)[key])
    return re.compile(r"\s*" + ".*".join(re.escape(part) for part in parts) + r"\s*$")


class Visitor:
    """One browser before a product; each person keeps the own session and window."""

    def __init__(self, browser: Browser, product: Product, things: Mapping[str, str]) -> None:
        self._browser = browser
        self._product = product
        self._things = things
        self._contexts: dict[tuple[str, Language], BrowserContext] = {}

    def open(self, screen: Screen, language: Language, theme: Theme, size: tuple[int, int] = DESK) -> Page:
        """Return a fresh page with the screen on it, its dialog open. raises: what is missing, as a failed expectation."""
        page = self._context(screen.who, language).new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.set_default_timeout(10_000)
        page.add_init_script(f"localStorage.setItem('bk.theme', '{theme}')")
        page.goto(self._product.url + screen.path.format(**self._things).removeprefix("/"))
        expect(page.locator(screen.ready).first).to_be_visible(timeout=10_000)
        for step in screen.steps:
            settle(page)
            self._take(page, step, language)
        if screen.shows:
            expect(page.locator(screen.shows).first).to_be_visible(timeout=10_000)
        settle(page)
        return page

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()

    def _take(self, page: Page, step: Step, language: Language) -> None:
        match step:
            case Press(word, role):
                found: Locator = page.get_by_role(role, name=name_of(word, language))  # type: ignore[arg-type]  # a role
                found.first.click()
            case Click(selector):
                page.locator(selector.format(**self._things)).first.click()
            case Key(name):
                page.keyboard.press(name)

    def _context(self, who: str, language: Language) -> BrowserContext:
        if (who, language) not in self._contexts:
            context = self._browser.new_context(locale=language, reduced_motion="reduce")
            context.add_init_script(f"localStorage.setItem('bk.lang', '{language}')")
            if who:
                known = self._contexts.get((who, "en" if language == "zh-CN" else "zh-CN"))
                self._bring_session(context, who, known)
            self._contexts[who, language] = context
        return self._contexts[who, language]

    def _bring_session(self, context: BrowserContext, who: str, known: BrowserContext | None) -> None:
        """Take the session that the person has in the other language, or log in as the page does."""
        if known is not None:
            context.add_cookies(known.storage_state()["cookies"])  # type: ignore[arg-type]  # the same keys
            return
        page = context.new_page()
        page.goto(self._product.url + "login")
        status = page.evaluate(_LOG_IN, {"username": who, "password": self._product.password})
        assert status == 200, f"{who} could not log in: {status}"
        page.close()


def settle(page: Page) -> None:
    """Wait until nothing loads or moves, at most four seconds: live pictures go on."""
    for _ in range(_SETTLE_MS // 100):
        if page.evaluate(_SETTLED):
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(100)


def turn_theme(page: Page) -> bool:
    """Press the page's own button for the other theme. returns: False if the page has none."""
    button = page.locator(".bk-theme-button")
    if button.count() == 0:
        return False
    button.first.evaluate("(button) => button.click()")  # a dialog may lie over it
    settle(page)
    return True
