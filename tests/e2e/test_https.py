"""The product by HTTPS, without a proxy: what a person at another machine gets, and what an operator may get wrong."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.e2e.browsing import chromium, log_in, shoot, wait_seen
from tests.e2e.caller import Caller
from tests.e2e.product import Product, free_port_base

pytestmark = pytest.mark.e2e
CAMERA_FLAGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started with --tls and nothing else."""
    one = Product(tmp_path_factory.mktemp("secure") / "data", free_port_base(), ("--cameras", "1", "--tls"))
    try:
        one.start()
        yield one
        assert one.stop() == 0
    finally:
        one.kill()


@pytest.fixture(scope="module")
def trust(secure: Product) -> ssl.SSLContext:
    """Believes the product's own authority and nobody else."""
    return ssl.create_default_context(cafile=secure.data / "tls" / "ca.crt")


@pytest.fixture(scope="module")
def person(secure: Product, trust: ssl.SSLContext) -> Iterator[Caller]:
    one = Caller(secure, verify=trust)
    yield one
    one.close()


@pytest.fixture(scope="module")
def browser(secure: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose user installed the authority's certificate."""
    home = tmp_path_factory.mktemp("home")
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    tool = shutil.which("certutil")
    assert tool is not None
    subprocess.run([tool, "-N", "--empty-password", "-d", f"sql:{store}"], check=True, timeout=20)
    words = ["-A", "-n", "BrightKitchen", "-t", "C,,", "-i", str(secure.data / "tls" / "ca.crt"), "-d", f"sql:{store}"]
    subprocess.run([tool, *words], check=True, timeout=20)
    with chromium(*CAMERA_FLAGS, home=home) as one:
        yield one


def test_person_with_the_authority_installed_sees_a_live_picture(
    secure: Product, person: Caller, browser: Browser
) -> None:
    person.clock_camera()
    context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN")
    page = context.new_page()
    try:
        log_in(page, secure)
        assert page.evaluate("isSecureContext")
        video = page.locator("video").first
        first = wait_seen(page, video, 40)
        later = wait_seen(page, video, after_s=first.at_s + 2)
        assert later.clock_ms - first.clock_ms >= 1900
        assert later.age_ms < 5000
        shoot(page, "https-live")
        kept = {each["name"]: each for each in context.cookies()}
        session = kept["__Host-bk_session"]
        assert (session["secure"], session["httpOnly"], session["sameSite"]) == (True, True, "Strict")
    finally:
        context.close()
