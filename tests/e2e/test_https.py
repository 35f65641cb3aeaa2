"""The product by HTTPS, without a proxy: what a person at another machine gets, and what an operator may get wrong."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from http.client import HTTPSConnection
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser
from tests.e2e.browsing import chromium, log_in, shoot, wait_seen
from tests.e2e.caller import Caller, until
from tests.e2e.product import TLS, Product, free_port_base, run_command, start_product

from brightkitchen.kernel.certificatefiles import HostNames
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.ownauthority import OwnAuthority

pytestmark = pytest.mark.e2e
CAMERA_FLAGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started with --tls and nothing else."""
    with start_product(tmp_path_factory.mktemp("secure"), "--cameras", "1", "--tls") as one:
        yield one


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
        heard = page.evaluate(
            "navigator.mediaDevices.getUserMedia({audio: true, video: true})"
            ".then((stream) => stream.getTracks().map((track) => `${track.kind} ${track.readyState}`).sort())"
        )
        assert heard == ["audio live", "video live"]
        kept = {each["name"]: each for each in context.cookies()}
        session = kept["__Host-bk_session"]
        assert (session["secure"], session["httpOnly"], session["sameSite"]) == (True, True, "Strict")
    finally:
        context.close()


def shown_at(port: int, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    """Return the certificate that a port shows, DER. raises: OSError if it speaks no TLS up to `newest`."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, newest
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as line:
        return line.getpeercert(binary_form=True) or b""


def test_both_ports_speak_tls_only(secure: Product) -> None:
    for port in (secure.port + TLS, secure.port + 1):
        assert shown_at(port) == shown_at(port, newest=ssl.TLSVersion.TLSv1_2) != b""
        with pytest.raises(httpx.RemoteProtocolError), httpx.Client(trust_env=False) as plain:
            plain.get(f"http://127.0.0.1:{port}/healthz")


def test_plain_port_sends_pages_on_and_takes_nothing(secure: Product) -> None:
    secure_origin = f"https://127.0.0.1:{secure.port + TLS}"
    with httpx.Client(base_url=f"http://127.0.0.1:{secure.port}", trust_env=False) as plain:
        page = plain.get("/live?c=cam_1")
        assert (page.status_code, page.headers["location"]) == (307, f"{secure_origin}/live?c=cam_1")
        assert page.headers["cache-control"] == "no-store"
        local = plain.get("/", headers={"Host": f"localhost:{secure.port}"})
        assert local.headers["location"] == f"https://localhost:{secure.port + TLS}/"
        lured = plain.get("/login", headers={"Host": "evil.example"})
        assert lured.headers["location"] == f"{secure_origin}/login"
        said = {"username": secure.username, "password": secure.password}
        sent = plain.post("/api/v1/session", json=said, headers={"X-BK": "1", "Origin": str(plain.base_url)})
        assert (sent.status_code, "set-cookie" in sent.headers) == (403, False)
        assert "https://" in sent.text


def test_made_certificate_is_announced_and_can_be_fetched_and_asks_for_no_hsts(
    secure: Product, trust: ssl.SSLContext
) -> None:
    authority = x509.load_pem_x509_certificate((secure.data / "tls" / "ca.crt").read_bytes())
    said = secure.wait_for(r"install (\S+) there.*SHA-256: ([0-9A-F:]+)", 10)
    with httpx.Client(trust_env=False, verify=trust) as http:
        answer = http.get(said[1])
        assert answer.content == authority.public_bytes(Encoding.DER)
        assert answer.headers["content-type"] == "application/x-x509-ca-cert"
        assert said[2].replace(":", "").lower() == authority.fingerprint(authority.signature_hash_algorithm).hex()  # type: ignore[arg-type]  # SHA-256
        page = http.get(secure.url)
        assert page.status_code == 200
        assert "strict-transport-security" not in page.headers
        origin = secure.url.rstrip("/")
        assert f" {origin.replace('https', 'wss')} " in page.headers["content-security-policy"]


def test_control_fetches_evidence_from_the_node_by_tls(person: Caller) -> None:
    camera = person.clock_camera()["id"]
    answer = person.http.post("/api/v1/evidence", json={"camera": camera, "purpose": "PENALTY", "kind": "snapshot"})
    assert answer.status_code == 201, answer.text


# -- a given certificate ---------------------------------------------------------------------------------------------------


def issue(authority: OwnAuthority, *names: str) -> bytes:
    """Have the operator's certificate made for these names; return what is in its file."""
    authority.ensure(HostNames(names, (ip_address("127.0.0.1"),)))
    return authority.files.certificate.read_bytes()


def test_given_certificate_is_used_and_its_successor_without_a_restart(tmp_path: Path) -> None:
    authority = OwnAuthority(tmp_path / "office", SystemClock(), SystemEntropy())
    issue(authority, "localhost", "canteen.example.cn", "kitchen.example.cn")
    first = issue(authority, "localhost")
    certificate, key = tmp_path / "fullchain.pem", tmp_path / "privkey.pem"
    parts = first.partition(b"-----BEGIN CERTIFICATE-----")
    certificate.write_bytes(parts[1] + parts[2])
    key.write_bytes(parts[0])
    trust = ssl.create_default_context(cafile=authority.ca_file)
    words = ("--cameras", "1", "--tls-cert", str(certificate), "--tls-key", str(key))
    product = Product(tmp_path / "data", free_port_base(), words)
    try:
        product.start()
        assert product.url == f"https://localhost:{product.port + TLS}/"
        person = Caller(product, verify=trust)
        camera = person.clock_camera()["id"]
        page = person.http.get("/")
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert person.http.get("/ca.crt").status_code == 404
        ports = (product.port + TLS, product.port + 1)
        before = {port: shown_at(port) for port in ports}
        assert set(before.values()) == {x509.load_pem_x509_certificate(first).public_bytes(Encoding.DER)}
        processes = [product.pid_of(name) for name in ("control", "media-node")]
        viewer = HTTPSConnection("127.0.0.1", product.port + 1, context=trust, timeout=30)  # open all the while
        viewer.request("GET", "/healthz")
        assert viewer.getresponse().read() == b"ok"
        line = viewer.sock
        second = issue(authority, "kitchen.example.cn", "localhost")
        parts = second.partition(b"-----BEGIN CERTIFICATE-----")
        certificate.write_bytes(parts[1] + parts[2])
        key.write_bytes(parts[0])
        wanted = x509.load_pem_x509_certificate(second).public_bytes(Encoding.DER)
        until(lambda: all(shown_at(port) == wanted for port in ports), 30, "the new certificate on both ports")
        viewer.request("GET", "/healthz")
        assert viewer.getresponse().read() == b"ok"
        assert viewer.sock is line
        viewer.close()
        assert [product.pid_of(name) for name in ("control", "media-node")] == processes
        person.wait_recording(camera, after_ms=person.wait_recording(camera))
        assert person.http.get("/api/v1/session").status_code == 200
        person.close()
        assert product.stop() == 0
    finally:
        product.kill()


@pytest.mark.parametrize("language", [pytest.param({}, id="en"), pytest.param({"LANG": "zh_CN.UTF-8"}, id="zh")])
def test_certificate_that_cannot_serve_is_refused_in_one_sentence_before_anything_starts(
    tmp_path: Path, language: dict[str, str]
) -> None:
    authority = OwnAuthority(tmp_path / "office", SystemClock(), SystemEntropy())
    issue(authority, "localhost")
    good, rubbish = authority.files.certificate, tmp_path / "rubbish"
    rubbish.write_text("no certificate")
    other = OwnAuthority(tmp_path / "other", SystemClock(), SystemEntropy())
    issue(other, "localhost")
    data = tmp_path / "data"
    for certificate, key, names in (
        (tmp_path / "none.pem", good, "none.pem"),
        (rubbish, good, "rubbish"),
        (good, rubbish, "rubbish"),
        (good, other.files.key, "other"),
    ):
        words = ("--tls-cert", str(certificate), "--tls-key", str(key), "--data", str(data))
        done = run_command("serve", *words, environment=language)
        (line,) = (done.stdout + done.stderr).splitlines()
        assert (done.returncode, names in line) == (2, True), line
        assert any("\u4e00" <= letter <= "\u9fff" for letter in line) == bool(language)
    alone = run_command("serve", "--tls-cert", str(good), "--data", str(data), environment=language)
    assert (alone.returncode, "--tls-key" in alone.stderr) == (2, True)
    assert not (data / "control.sqlite3").exists()
