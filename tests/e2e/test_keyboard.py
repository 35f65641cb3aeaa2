"""Everything by the keyboard alone: in at the door, past the menu, down a list, into a dialog and back (UI §1.6, §7)."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, shoot
from tests.e2e.product import Product
from tests.e2e.visiting import settle

pytestmark = pytest.mark.e2e
PAGES: Final = (
    *("overview", "premises", "onboarding", "approvals/frames", "devices", "devices/inventory", "faults"),
    *("recordings/search", "recordings/holds", "people", "organisations", "evidence", "numbers", "audit", "imports"),
    *("account", "live", "play"),
)
MOST: Final = 45
"""Places of a page that are tabbed through; a list repeats itself below."""

# What shows where the focus is: compared with what the same things look like without it.
_RING: Final = """async () => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const chain = [at];
    for (let up = at.parentElement; up && chain.length < 5; up = up.parentElement) chain.push(up);
    const marks = [...chain, ...[at, at.parentElement].map((each) => each?.nextElementSibling).filter(Boolean)];
    const look = () => marks.flatMap((each) => [null, '::before', '::after'].map((part) => {
        const style = getComputedStyle(each, part);
        const outline = style.outlineStyle === 'none' ? '' : style.outline;
        return [outline, style.boxShadow, style.borderColor, style.backgroundColor].join();
    })).join('|');
    const focused = look();
    const box = (at.closest('label') ?? at).getBoundingClientRect();
    at.blur();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const plain = look();
    at.focus({preventScroll: true});
    return {
        name: `${at.tagName} ${at.getAttribute('aria-label') ?? at.innerText ?? at.getAttribute('placeholder') ?? ''} `
            + `.${at.className}`,
        isSeen: focused !== plain,
        isShown: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
    };
}"""
_STILL: Final = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important }');
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
_INSIDE: Final = """() => Boolean(document.activeElement?.closest('[role="dialog"], .ant-drawer'))"""
_BEHIND: Final = """() => document.activeElement !== document.body && !document.activeElement.closest('[role="dialog"], .ant-drawer')"""
"""Between the last thing of a document and its first, the focus is with the browser's own buttons: nothing of ours has it."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def page(browser: Browser, product: Product) -> Iterator[Page]:
    """Somebody who logged in without a mouse."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.goto(product.url)
    expect(page.get_by_label("账号", exact=True)).to_be_focused(timeout=30_000)
    page.keyboard.type(product.username)
    page.keyboard.press("Tab")
    expect(page.get_by_label("密码", exact=True)).to_be_focused()
    page.keyboard.type(product.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/overview")
    yield page
    context.close()


def _go(page: Page, product: Product, path: str) -> None:
    page.goto(product.url + path)
    expect(page.locator("main")).to_be_visible()
    settle(page)


def _focused(page: Page) -> str:
    """Return the words of what has the focus."""
    words: str = page.evaluate(
        "() => (document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText ?? '').trim()"
    )
    return words


def _tab_to(page: Page, words: str, most: int = 60) -> None:
    """Press Tab until what is named so has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if _focused(page) == words:
            return
    shoot(page, "keyboard-lost")
    raise AssertionError(f"{words} was not reached within {most} tabs (test-results/keyboard-lost.png)")


def _check_kept_inside(page: Page) -> None:
    """A dialog is open: the focus is in it, and stays in it all round in both directions."""
    page.wait_for_function(_INSIDE)
    for key in (*("Tab",) * 20, *("Shift+Tab",) * 25):
        page.keyboard.press(key)
        assert not page.evaluate(_BEHIND), f"{key} left the dialog for {_focused(page)!r}"
    for _ in range(3):
        if page.evaluate(_INSIDE):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the focus did not come back into the dialog")


def test_first_tab_offers_to_skip_the_menu_and_does(product: Product, page: Page) -> None:
    _go(page, product, "premises")
    page.keyboard.press("Tab")
    assert _focused(page) == "跳到正文"
    expect(page.get_by_role("link", name="跳到正文")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("() => Boolean(document.activeElement.closest('main'))")


def test_menu_list_row_and_file_are_opened_by_tab_and_enter(product: Product, page: Page) -> None:
    _go(page, product, "overview")
    _tab_to(page, "单位")
    page.keyboard.press("Enter")
    page.wait_for_url("**/premises")
    first = page.locator(".ant-table-tbody a").first
    expect(first).to_be_visible()
    name = first.inner_text()
    page.locator("main").focus()
    _tab_to(page, name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/premises/prm_*")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_dialog_and_drawer_keep_the_focus_and_end_with_escape(product: Product, page: Page) -> None:
    for path, opener in (("organisations", "添加机构"), ("people", "邀请人员"), ("devices", "添加摄像头")):
        _go(page, product, path)
        page.locator("main").focus()
        _tab_to(page, opener)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        _check_kept_inside(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_closed_dialog_gives_the_focus_back_to_what_opened_it(product: Product, page: Page) -> None:
    _go(page, product, "organisations")
    page.locator("main").focus()
    _tab_to(page, "添加机构")
    page.keyboard.press("Enter")
    page.wait_for_function(_INSIDE)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    returned = "(words) => document.activeElement.innerText?.trim() === words"
    page.wait_for_function(returned, arg="添加机构", timeout=5_000)


def test_person_menu_and_choices_are_used_by_arrows(product: Product, page: Page) -> None:
    _go(page, product, "devices")
    page.locator("main").focus()
    group = page.locator("main .ant-segmented").first
    for _ in range(20):
        page.keyboard.press("Tab")
        if group.evaluate("(box) => box !== document.activeElement && box.contains(document.activeElement)"):
            break
    expect(group.get_by_role("radio", name="已接入")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(group.get_by_role("radio", name="未接入")).to_be_checked(timeout=30_000)
    _go(page, product, "people")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.classList.contains('bk-user')"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="我的账号")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")


@pytest.mark.parametrize("path", PAGES)
def test_whatever_has_the_focus_shows_it(product: Product, page: Page, path: str) -> None:
    _go(page, product, path)
    page.evaluate(_STILL)
    wrong: list[str] = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        place = page.evaluate(_RING)
        if place is None:
            break
        if not place["isSeen"]:
            wrong.append(f"no ring: {place['name']}")
        if not place["isShown"]:
            wrong.append(f"not in sight: {place['name']}")
    assert wrong == []
