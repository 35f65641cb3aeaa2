"""A display on a wall is let in by the code it shows, and goes on without anybody (SECURITY §2.1)."""

import pytest
from playwright.sync_api import expect
from tests.e2e.browsing import chromium, log_in, shoot
from tests.e2e.product import start_product

pytestmark = pytest.mark.e2e


def test_display_shows_the_city_after_an_officer_typed_its_code(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_product(tmp_path_factory.mktemp("kiosk"), "--cameras", "1") as product, chromium() as browser:
        desk = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768}).new_page()
        wall = browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080}).new_page()
        wall.goto(product.url + "screen")
        wall.get_by_role("link", name="这是墙上的大屏？用配对码连接").click()
        shown = wall.locator(".bk-kiosk-code")
        expect(shown).to_be_visible()
        code = "".join(shown.locator("span").all_inner_texts())
        log_in(desk, product)
        desk.goto(product.url + "overview")
        desk.get_by_role("button", name="连接大屏").click()
        dialog = desk.get_by_role("dialog", name="连接大屏")
        dialog.get_by_label("大屏上显示的配对码").fill(f"{code[:4]} {code[4:].lower()}")
        dialog.get_by_role("button", name="下一步").click()
        expect(dialog.get_by_text("该大屏来自127.0.0.1")).to_be_visible()
        shoot(desk, "kiosk-pair")
        dialog.get_by_role("button", name="允许连接").click()
        expect(desk.get_by_text("指挥中心大屏已连接。")).to_be_visible()
        # Within seconds, and nobody touches it.
        wall.wait_for_url("**/screen", timeout=20_000)
        expect(wall.get_by_role("heading", name="互联网+明厨亮灶")).to_be_visible()
        wall.reload()
        expect(wall.get_by_role("heading", name="互联网+明厨亮灶")).to_be_visible()
        shoot(wall, "kiosk-wall")
        # It is nobody's way to more.
        wall.goto(product.url + "evidence")
        expect(wall.get_by_role("heading", name="证据")).to_have_count(0)
        desk.goto(product.url + "account")
        desk.get_by_role("button", name="吊销令牌指挥中心大屏").click()
        desk.get_by_role("dialog").get_by_role("button", name="吊销").click()
        expect(desk.get_by_role("button", name="吊销令牌指挥中心大屏")).to_have_count(0)
        wall.goto(product.url + "screen")
        wall.wait_for_url("**/login**", timeout=20_000)
