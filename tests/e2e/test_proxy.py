"""Behind nginx with our example: page, API and pictures under one origin, and the audit still knows who asked."""

import shutil
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import av
import httpx
import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect
from tests.e2e.browsing import chromium, log_in, see, shoot, wait_seen
from tests.e2e.caller import Caller, Json, build_utc, until
from tests.e2e.nginx import PROXY_ADDRESS, running_nginx, write_site
from tests.e2e.product import TLS, Product, free_port_base

from brightkitchen.kernel.certificatefiles import HostNames
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.ownauthority import OwnAuthority

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed"),
]
RECORDED_MS = 12_000
FORGED = "203.0.113.66"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Product, Path, ssl.SSLContext]]:
    """A product on loopback by plain HTTP, and nginx before it. Yields the folder of nginx and whom to believe as well."""
    folder = tmp_path_factory.mktemp("nginx")
    base = free_port_base()
    authority = OwnAuthority(folder / "office", SystemClock(), SystemEntropy())
    authority.ensure(HostNames(("localhost",), (ip_address("127.0.0.1"),)))
    origin = f"https://localhost:{base + TLS}"
    settings = {
        "BRIGHTKITCHEN_WEB__PUBLIC_URL": origin,
        "BRIGHTKITCHEN_WEB__TRUSTED_PROXIES": f'["{PROXY_ADDRESS}"]',
        "BRIGHTKITCHEN_MEDIA__PUBLIC_URL": "/media",
    }
    write_site(
        folder,
        pem=authority.files.certificate,
        port=base + TLS,
        plain_port=base + 2,
        page_port=base,
        node_port=base + 1,
    )
    product = Product(folder / "data", base, ("--cameras", "1"), settings)
    try:
        product.start()
        with running_nginx(folder, base + TLS):
            yield product, folder, ssl.create_default_context(cafile=authority.ca_file)
        assert product.stop() == 0
    finally:
        product.kill()


@pytest.fixture(scope="module")
def person(site: tuple[Product, Path, ssl.SSLContext]) -> Iterator[Caller]:
    product, _folder, trust = site
    one = Caller(product, verify=trust)
    one.node.base_url = httpx.URL(f"{product.url}media/node-0/")
    yield one
    one.close()


@pytest.fixture(scope="module")
def browser(site: tuple[Product, Path, ssl.SSLContext]) -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser, site: tuple[Product, Path, ssl.SSLContext]) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1600, "height": 900}, locale="zh-CN", ignore_https_errors=True, accept_downloads=True
    )
    yield context.new_page()
    context.close()


def audit_of(person: Caller, kind: str) -> list[Json]:
    """Return the newest rows of a kind, by the API."""
    answer = person.http.get("/api/v1/audit", params={"kind": kind, "limit": "20"})
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


def test_page_events_and_live_picture_come_from_one_origin(
    site: tuple[Product, Path, ssl.SSLContext], person: Caller, page: Page
) -> None:
    product, _folder, _trust = site
    assert product.url == f"https://localhost:{product.port + TLS}/"
    person.clock_camera()
    asked: set[str] = set()
    sockets: list[WebSocket] = []
    page.on("request", lambda request: asked.add(request.url))
    page.on("websocket", lambda socket: sockets.append(socket))
    log_in(page, product)
    assert page.evaluate("isSecureContext")
    video = page.locator("video").first
    first = wait_seen(page, video, 40)
    later = wait_seen(page, video, after_s=first.at_s + 2)
    assert later.clock_ms - first.clock_ms >= 1900
    shoot(page, "proxy-live")
    base = product.url.replace("https", "wss")
    live = [each for each in sockets if each.url.startswith(f"{base}media/node-0/live/")]
    events = [each for each in sockets if each.url == f"{base}api/v1/events"]
    assert live and events and not events[-1].is_closed()
    assert {url for url in asked if not url.startswith((product.url, "blob:", "data:"))} == set()
    policy = page.request.get(product.url).headers["content-security-policy"]
    assert f"connect-src 'self' {base.rstrip('/')};" in policy


def test_playback_seeks_and_a_clip_is_downloaded(
    site: tuple[Product, Path, ssl.SSLContext], person: Caller, page: Page, tmp_path: Path
) -> None:
    product, _folder, _trust = site
    camera = person.clock_camera()["id"]
    begin_ms = person.wait_recording(camera)
    until_ms = person.wait_recording(camera, after_ms=begin_ms + RECORDED_MS)
    log_in(page, product)
    for at_ms in (until_ms - 4_000, until_ms - RECORDED_MS):
        page.goto(f"{product.url}play?c={camera}&t={build_utc(at_ms)}")
        video = page.locator(".bk-desk-picture video").first
        until(lambda: s if (s := see(video)) and abs(s.clock_ms - at_ms) < 1_500 else None, 15, f"{at_ms} ms")  # noqa: B023  # asked at once
    page.keyboard.press("KeyI")
    until(lambda: s if (s := see(video)) and s.clock_ms > until_ms - RECORDED_MS + 3_000 else None, 15, "three seconds")
    page.keyboard.press("KeyO")
    expect(page.get_by_role("region", name="选区")).to_be_visible()
    with page.expect_download(timeout=30_000) as saving:
        page.get_by_role("button", name="下载").click()
    assert saving.value.url.startswith(f"{product.url}media/node-0/s/")
    file = tmp_path / "clip.mp4"
    saving.value.save_as(file)
    with av.open(str(file)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 50


def test_audit_names_the_browser_and_not_the_proxy_nor_what_a_stranger_claims(
    site: tuple[Product, Path, ssl.SSLContext], person: Caller
) -> None:
    product, _folder, trust = site
    said = {"username": product.username, "password": product.password}
    transport = httpx.HTTPTransport(local_address="127.0.0.2", verify=trust)
    with httpx.Client(base_url=product.url, transport=transport) as browser:
        headers = {"X-BK": "1", "Origin": person.origin, "X-Forwarded-For": FORGED, "X-Forwarded-Proto": "http"}
        assert browser.post("/api/v1/session", json=said, headers=headers).status_code == 200
    assert audit_of(person, "login.ok")[0]["address"] == "127.0.0.2"
    direct = httpx.HTTPTransport(local_address="127.0.0.4")
    with httpx.Client(base_url=f"http://127.0.0.1:{product.port}", transport=direct) as stranger:
        host = person.origin.removeprefix("https://")
        claims = {"X-Forwarded-For": f"{FORGED}, {PROXY_ADDRESS}", "X-Real-IP": FORGED, "Forwarded": f"for={FORGED}"}
        answer = stranger.post("/api/v1/session", json=said, headers=headers | claims | {"Host": host})
        assert answer.status_code == 200
        refused = stranger.get("/api/v1/system", headers={"X-Forwarded-Host": host, "X-Forwarded-Proto": "https"})
        assert (refused.status_code, refused.json()["code"]) == (421, "web.host")
    assert audit_of(person, "login.ok")[0]["address"] == "127.0.0.4"


def test_node_behind_the_proxy_opens_for_a_handle_and_for_nothing_else(person: Caller) -> None:
    camera = person.clock_camera()["id"]
    person.wait_recording(camera)
    closed = person.node.get(f"/play/{camera}/timeline")
    assert closed.status_code == 401
    handle = person.open_handle(camera, "snapshot", "sub")
    del person.node.headers["origin"]  # as a browser asks within one origin
    try:
        picture = person.node.get(f"/snapshot/{camera}", headers=handle, params={"profile": "sub"})
    finally:
        person.node.headers["origin"] = person.origin
    assert (picture.status_code, picture.content[:2]) == (200, b"\xff\xd8"), picture.text[:200]


def test_plain_http_is_sent_on_by_the_proxy(site: tuple[Product, Path, ssl.SSLContext]) -> None:
    product, _folder, _trust = site
    answer = httpx.get(f"http://localhost:{product.port + 2}/live?x=1", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (301, f"{product.url}live?x=1")


def test_log_of_the_proxy_holds_no_query_and_no_address_of_a_download(
    site: tuple[Product, Path, ssl.SSLContext], person: Caller
) -> None:
    _product, folder, _trust = site
    person.http.get("/api/v1/system?canary=opensesame")
    person.node.get("/s/dl_opensesame/clip.mp4")

    def logged() -> list[str]:
        lines = (folder / "brightkitchen.log").read_text().splitlines()
        return lines if any('"GET /media/node-0/s/"' in each for each in lines) else []

    lines = until(logged, 10, "nginx writes its log")
    assert any('"GET /api/v1/system"' in each for each in lines)
    assert not any("opensesame" in each or "?" in each for each in lines)
