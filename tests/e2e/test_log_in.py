"""The first log-in of an installation as it ships, in a real browser: new password, codes, recovery codes, passkey, account."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from tests.e2e.browsing import chromium, shoot
from tests.e2e.product import free_port_base
from tests.e2e.test_control_process import ADMIN, Running, start

from brightkitchen.domain.users.totp import STEP_S, code_at
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.units import US_PER_S, Utc

pytestmark = pytest.mark.e2e
NEW = "a-quiet-kettle-sings"
SIZES = {"desk": (1366, 768), "phone": (390, 844)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    one = start(tmp_path_factory.mktemp("installed") / "data", free_port_base() + 80)
    yield one
    one.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    yield context.new_page()
    context.close()


def _give(page: Page, url: str, password: str) -> None:
    page.goto(url)
    page.get_by_label("账号", exact=True).fill(ADMIN["username"])
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def _shoot_all(page: Page, name: str) -> None:
    """Keep pictures of the page in both languages and sizes; nothing may stick out at the side."""
    for language, other in (("zh", "English"), ("en", "中文")):
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(200)
            shoot(page, f"{name}-{language}-{size}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, language, size)
        page.set_viewport_size({"width": 1366, "height": 768})
        page.get_by_role("button", name=other).click()


def _add_authenticator(page: Page) -> CDPSession:
    """Give the browser an authenticator that verifies its person."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return tools


def test_first_log_in_changes_the_password_sets_up_codes_and_a_passkey(installed: Running, page: Page) -> None:
    _add_authenticator(page)
    refusals: list[str] = []
    page.on("console", lambda said: refusals.append(said.text) if "Content Security Policy" in said.text else None)
    url = f"http://localhost:{installed.port}/"
    page.goto(url)
    expect(page.get_by_label("账号", exact=True)).to_be_visible()
    _shoot_all(page, "login")
    _give(page, url, ADMIN["password"])

    expect(page.get_by_role("heading", name="请先修改密码")).to_be_visible()
    _shoot_all(page, "login-password")
    page.get_by_label("当前密码").fill(ADMIN["password"])
    page.get_by_label("新密码", exact=True).fill("password1234")
    page.get_by_label("再输入一次新密码").fill("password1234")
    page.get_by_role("button", name="修改并继续").click()
    expect(page.get_by_role("alert")).to_contain_text("这个密码太常见")
    page.get_by_label("新密码", exact=True).fill(NEW)
    page.get_by_label("再输入一次新密码").fill(NEW)
    page.get_by_role("button", name="修改并继续").click()

    expect(page.get_by_role("heading", name="请先设置双因素登录")).to_be_visible()
    key = page.locator(".bk-key").inner_text().replace(" ", "")
    _shoot_all(page, "login-enrol")
    page.get_by_label("动态码（6位数字）").fill(code_at(key, SystemClock().utc()))
    expect(page.locator(".bk-recovery li")).to_have_count(10)
    codes = page.locator(".bk-recovery li").all_inner_texts()
    _shoot_all(page, "login-recovery")
    page.get_by_role("button", name="已保存，进入系统").click()
    page.wait_for_url(re.compile("/overview"))

    page.get_by_role("button", name=re.compile("的菜单")).click()
    page.get_by_text("我的账号").click()
    expect(page.get_by_role("heading", name="我的账号")).to_be_visible()
    expect(page.get_by_text("市局管理员")).to_be_visible()
    page.get_by_role("button", name="添加通行密钥").click()
    expect(page.locator(".bk-rows").first.locator("li")).to_have_count(2)
    page.wait_for_timeout(3500)  # the note that it was added leaves the picture
    _shoot_all(page, "account")

    _log_out(page)
    page.get_by_role("button", name="用通行密钥登录").click()
    page.get_by_role("button", name="用通行密钥确认").click()
    page.wait_for_url(re.compile("/account$"))  # back to where the log-out was

    _log_out(page)
    _give(page, url, NEW)
    expect(page.get_by_role("heading", name="第2步：确认是您本人")).to_be_visible()
    _shoot_all(page, "login-step2")
    ahead = Utc(SystemClock().utc() + STEP_S * US_PER_S)  # the present code may be used up; one step ahead is taken
    page.get_by_label("动态码（6位数字）").fill(code_at(key, ahead))
    page.wait_for_url(re.compile("/overview"))
    page.goto(f"{url}account")
    page.get_by_role("button", name="重新生成").click()  # within five minutes of the log-in: nobody asks again
    expect(page.locator(".bk-recovery li")).to_have_count(10)
    fresh = page.locator(".bk-recovery li").all_inner_texts()
    page.get_by_role("button", name="已保存").click()

    _log_out(page)
    _give(page, url, NEW)
    page.get_by_role("button", name="改用恢复码").click()
    page.get_by_label("恢复码", exact=True).fill(codes[0])  # replaced since
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("还可再试4次")
    page.get_by_label("恢复码", exact=True).fill(fresh[0])
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(re.compile("/overview"))
    assert refusals == []


def _log_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("的菜单")).click()
    page.get_by_text("退出登录").click()
    expect(page.get_by_label("账号", exact=True)).to_be_visible()


def test_wrong_code_and_step_up_are_said_in_words(installed: Running, page: Page, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    chosen.write_text("seven-lanterns-over-soup", encoding="utf-8")
    made = installed.command("user", "create", "liu", "--role", "OPERATOR_PM", "--password-file", str(chosen))
    assert made.returncode == 0, made.stderr
    page.goto(f"{installed.url}/")
    page.get_by_label("账号", exact=True).fill("liu")
    page.get_by_label("密码", exact=True).fill("seven-lanterns-over-soup")
    started = time.perf_counter()
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", name="请先修改密码")).to_be_visible()
    print(f"log-in: the next page after {(time.perf_counter() - started) * 1000:.0f} ms")
    page.get_by_label("当前密码").fill("seven-lanterns-over-soup")
    page.get_by_label("新密码", exact=True).fill(NEW)
    page.get_by_label("再输入一次新密码").fill(NEW)
    page.get_by_role("button", name="修改并继续").click()
    page.wait_for_url(re.compile("/onboarding"))
    page.goto(f"{installed.url}/account")
    expect(page.get_by_text("运营商项目经理")).to_be_visible()
    expect(page.get_by_role("button", name="添加通行密钥")).to_have_count(0)  # opened by address
    expect(page.get_by_text("用IP地址打开本系统时不能使用通行密钥，请用域名打开。")).to_be_visible()
