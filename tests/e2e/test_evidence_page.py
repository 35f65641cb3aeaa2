"""An officer seals what is on the screen, finds it again, checks it and takes an export away (UI §4.9)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.browsing import chromium, log_in, seal, shoot, wait_seen
from tests.e2e.caller import Caller, build_utc
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def test_officer_seals_finds_checks_and_exports(product: Product, caller: Caller, browser: Browser) -> None:
    camera = caller.clock_camera()
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    log_in(page, product)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(f"{said.text} {said.location}") if said.type == "error" else None)
    page.goto(f"{product.url}live?wall=1&c={camera['id']}")
    wait_seen(page, page.locator("video").first)
    page.keyboard.press("s")
    live = seal(page, "实时画面")
    until_ms = caller.wait_recording(camera["id"])
    until_ms = caller.wait_recording(camera["id"], after_ms=until_ms + 5000)
    page.goto(f"{product.url}play?c={camera['id']}&t={build_utc(until_ms - 5000)}")
    wait_seen(page, page.locator("video").first)
    page.keyboard.press("s")
    replay = seal(page, "回放画面")
    page.goto(f"{product.url}evidence")
    for number in (live, replay):
        expect(page.get_by_role("link", name=number)).to_be_visible()
    page.wait_for_function("() => [...document.images].every(i => i.complete && i.naturalWidth > 0)")
    shoot(page, "evidence-list")
    page.get_by_role("link", name=live).click()
    expect(page.get_by_text("实时画面", exact=True)).to_be_visible()
    page.get_by_role("button", name="校 验").or_(page.get_by_role("button", name="校验", exact=True)).click()
    expect(page.get_by_text("校验通过")).to_be_visible(timeout=10_000)
    page.wait_for_function("() => [...document.images].every(i => i.complete && i.naturalWidth > 0)")
    shoot(page, "evidence-item")
    page.get_by_role("button", name="导 出").or_(page.get_by_role("button", name="导出", exact=True)).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("行政处罚").click()
    dialog.get_by_label("案件编号").fill("鞍市监罚〔2026〕12号")
    dialog.get_by_label("接收方").fill("铁东区人民法院")
    shoot(page, "evidence-export")
    dialog.locator(".ant-modal-footer .ant-btn-primary").click()
    # The panel lists all exports of the person: others may stand there already.
    row = page.locator(".bk-evidence-exports > li").filter(has_text=live)
    download = row.get_by_role("link", name="下载")
    expect(download).to_be_visible(timeout=20_000)
    shoot(page, "evidence-exported")
    with page.expect_download() as taken:
        download.click()
    assert taken.value.suggested_filename.startswith(f"evidence-{live}")
    with open(taken.value.path(), "rb") as file:
        assert file.read(4) == b"PK\x03\x04"
    assert complaints == []
    page.context.close()
