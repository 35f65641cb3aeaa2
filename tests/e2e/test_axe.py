"""No screen has a serious violation of WCAG 2.2 AA, in both themes (UI §7)."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Page
from tests.e2e.browsing import chromium
from tests.e2e.product import ROOT
from tests.e2e.screens import SCREENS, Screen
from tests.e2e.seeding import start_seeded
from tests.e2e.visiting import Language, Theme, Visitor, turn_theme

pytestmark = pytest.mark.e2e
AXE: Final = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
IN_ENGLISH: Final = ("log-in", "overview", "live", "play", "premises-file", "cameras", "evidence-item")
"""Names and roles come from the same code in both languages; what the longer words do is looked at on these."""
_RUN: Final = """async () => (await axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
})).violations.filter(({impact}) => impact === 'serious' || impact === 'critical').map(({id, help, nodes}) => ({
    id, help, nodes: nodes.map(({target, failureSummary}) => `${target.join(' ')}: ${failureSummary}`),
}))"""


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with start_seeded(tmp_path_factory.mktemp("axe"), "--cameras", "2") as (product, things), chromium() as browser:
        one = Visitor(browser, product, things)
        yield one
        one.close()


def _violations(page: Page, screen: Screen) -> list[str]:
    found: list[dict[str, Any]] = page.evaluate(_RUN)  # Any: JSON
    return [
        f"{each['id']} ({each['help']})\n    " + "\n    ".join(node.replace("\n", " ") for node in each["nodes"][:5])
        for each in found
        if each["id"] not in screen.allowed
    ]


LOOKED_AT: Final = [
    pytest.param(screen, language, id=f"{screen.name}-{language}")
    for screen in SCREENS
    for language in ("zh-CN", "en")
    if language == "zh-CN" or screen.name in IN_ENGLISH
]


@pytest.mark.parametrize(("screen", "language"), LOOKED_AT)
def test_screen_in_both_themes_has_no_serious_violation(visitor: Visitor, screen: Screen, language: Language) -> None:
    page = visitor.open(screen, language, "light")
    found: list[str] = []
    try:
        page.evaluate(AXE.read_text("utf-8"))
        found += [f"light: {each}" for each in _violations(page, screen)]
        if not turn_theme(page):
            page.close()
            page = visitor.open(screen, language, "dark")
            page.evaluate(AXE.read_text("utf-8"))
        assert page.evaluate("document.documentElement.style.colorScheme") == "dark"
        found += [f"dark: {each}" for each in _violations(page, screen)]
    finally:
        page.close()
    assert not found, "\n".join(found)
