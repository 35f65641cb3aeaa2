"""The city's single sign-on in a real browser, through a provider that we did not write (oidc-provider-mock)."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from tests.e2e.browsing import chromium, shoot
from tests.e2e.product import free_port_base
from tests.e2e.test_control_process import Running, start

from brightkitchen.kernel.clock import SystemClock, wait_until

pytestmark = pytest.mark.e2e
LABEL = "鞍山市统一身份认证"
FIRST, NEW = "seven-lanterns-over-soup", "a-quiet-kettle-sings"
SIZES = {"desk": (1366, 768), "phone": (390, 844)}
SECRET = "porridge-and-pickles"


@dataclass(frozen=True, slots=True)
class City:
    """A control process and the provider it trusts."""

    control: Running
    issuer: str


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


async def _answers(url: str) -> bool:
    def is_there() -> bool:
        try:
            return httpx.get(url, trust_env=False, timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    return await wait_until(is_there, SystemClock(), timeout_s=20)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A provider that lets everybody in under the name they type."""
    port = _free_port()
    log = (tmp_path_factory.mktemp("provider") / "log").open("w")
    command = [
        sys.executable,
        "-m",
        "oidc_provider_mock",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--require-nonce",
    ]
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        assert asyncio.run(_answers(f"{url}/.well-known/openid-configuration"))
        yield url
    finally:
        process.terminate()
        process.wait(10)
        log.close()


@pytest.fixture(scope="module")
def city(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    secret = folder / "oidc-secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    secret.chmod(0o600)
    settings = {
        "BRIGHTKITCHEN_AUTH__OIDC__ISSUER": issuer,
        "BRIGHTKITCHEN_AUTH__OIDC__CLIENT_ID": "brightkitchen",
        "BRIGHTKITCHEN_AUTH__OIDC__CLIENT_SECRET": f"file:{secret}",
        "BRIGHTKITCHEN_AUTH__OIDC__LABEL": LABEL,
        "BRIGHTKITCHEN_NETGUARD__ALLOW_ENDPOINTS": f'["{issuer.removeprefix("http://")}"]',
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setitem(os.environ, name, value)
        control = start(folder / "data", free_port_base() + 160)
    try:
        yield City(control, issuer)
        assert SECRET not in control.log.read_text("utf-8", "replace")
    finally:
        control.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    context.route(re.compile(r"^https://"), lambda route: _refuse(route))
    yield context.new_page()
    context.close()


def _refuse(route: Route) -> None:
    """The provider's page wants a style sheet of the Internet; nothing leaves this machine."""
    route.abort()


def _shoot_all(page: Page, name: str, part: Locator | None = None) -> None:
    """part: what shall be in the picture."""
    for language, other in (("zh", "English"), ("en", "中文")):
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(200)
            if part is not None:
                part.scroll_into_view_if_needed()
            shoot(page, f"{name}-{language}-{size}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, language, size)
        page.set_viewport_size({"width": 1366, "height": 768})
        page.get_by_role("button", name=other).click()


def _shoot_person(page: Page) -> None:
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.get_by_role("button", name="提交申请").scroll_into_view_if_needed()
        page.wait_for_timeout(400)  # the drawer has come in
        shoot(page, f"sso-person-zh-{size}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), size
    page.set_viewport_size({"width": 1366, "height": 768})


def _answer_provider(page: Page, city: City, subject: str) -> None:
    page.wait_for_url(re.compile(re.escape(city.issuer)))
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize", exact=True).click()


def _log_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("的菜单")).click()
    page.get_by_text("退出登录").click()
    expect(page.get_by_label("账号", exact=True)).to_be_visible()


def test_person_links_logs_in_and_unlinks(city: City, page: Page) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    made = city.control.command("user", "create", "liu", "--role", "OPERATOR_PM", "--password-file", _kept(city, FIRST))
    assert made.returncode == 0, made.stderr
    made = city.control.command("user", "create", "installer", "--role", "OPERATOR_INSTALLER")
    assert made.returncode == 0, made.stderr
    page.goto(f"{city.control.url}/")
    expect(page.get_by_role("button", name=LABEL)).to_be_visible()
    _shoot_all(page, "sso-login")

    # an account there that is linked with nobody opens nothing
    page.get_by_role("button", name=LABEL).click()
    _answer_provider(page, city, "liu-8823")
    expect(page.get_by_role("alert")).to_contain_text("没有通过统一登录")
    assert page.url == f"{city.control.url}/login/sso"
    _shoot_all(page, "sso-refused")
    page.get_by_role("link", name="返回登录页").click()

    page.get_by_label("账号", exact=True).fill("liu")
    page.get_by_label("密码", exact=True).fill(FIRST)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_label("当前密码").fill(FIRST)
    page.get_by_label("新密码", exact=True).fill(NEW)
    page.get_by_label("再输入一次新密码").fill(NEW)
    page.get_by_role("button", name="修改并继续").click()
    page.wait_for_url(re.compile("/onboarding"))
    page.goto(f"{city.control.url}/account")
    page.get_by_role("button", name=f"关联{LABEL}").click()
    _answer_provider(page, city, "liu-8823")
    part = page.get_by_role("region", name="统一登录")
    expect(part.get_by_text("liu-8823", exact=True)).to_be_visible()
    _shoot_all(page, "sso-account", page.locator(".bk-account-part", has=page.locator(".anticon-idcard")))

    page.goto(f"{city.control.url}/people")
    page.get_by_text("installer").first.click()
    page.get_by_role("button", name="关联账号").click()
    page.get_by_label("统一登录标识（sub）").fill("installer-4711")
    _shoot_person(page)
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("把统一登录账号“installer-4711”关联给installer")).to_be_visible()
    expect(page.get_by_text("尚未关联统一登录账号。")).to_be_visible()  # a second person has to agree
    page.goto(f"{city.control.url}/account")

    _log_out(page)
    page.goto(f"{city.control.url}/login?next=/account")
    page.get_by_role("button", name=LABEL).click()
    _answer_provider(page, city, "liu-8823")
    page.wait_for_url(f"{city.control.url}/account")
    expect(part.get_by_text(re.compile("最近使用"))).to_be_visible()

    part.get_by_role("button", name="解除关联 liu-8823").click()
    page.get_by_role("dialog").get_by_role("button", name="解除关联").click()
    proof = page.get_by_role("dialog").get_by_label("密码", exact=True)
    expect(proof).to_be_visible()  # single sign-on proved nothing to us just now
    proof.fill(NEW)
    proof.press("Enter")
    expect(part.get_by_role("button", name=f"关联{LABEL}")).to_be_visible()

    _log_out(page)
    page.get_by_role("button", name=LABEL).click()
    _answer_provider(page, city, "liu-8823")
    expect(page.get_by_role("alert")).to_contain_text("没有通过统一登录")
    elsewhere = {url for url in addresses if not url.startswith((city.control.url, city.issuer, "https://cdn."))}
    assert elsewhere == set()


def test_person_who_says_no_there_is_told_so_here(city: City, page: Page) -> None:
    page.goto(f"{city.control.url}/login")
    page.get_by_role("button", name=LABEL).click()
    page.wait_for_url(re.compile(re.escape(city.issuer)))
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("alert")).to_contain_text("没有通过统一登录")


def _kept(city: City, password: str) -> str:
    file = city.control.data.parent / "chosen"
    file.write_text(password, encoding="utf-8")
    return str(file)
