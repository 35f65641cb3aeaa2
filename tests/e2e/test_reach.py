"""The product for other machines: which addresses it says, and who reaches page and pictures by them."""

import base64
import hashlib
import socket
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, BrowserContext
from tests.e2e.browsing import chromium, log_in, wait_seen
from tests.e2e.product import TLS, Product, free_port_base, run_command

from brightkitchen.bootstrap.reach import read_host_addresses

pytestmark = pytest.mark.e2e


def open_as_another_machine(browser: Browser, url: str, product: Product) -> BrowserContext:
    """Log in at `url` and see a picture. returns: the context, to be closed."""
    context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN")
    product.url = url
    page = context.new_page()
    log_in(page, product)
    video = page.locator("video").first
    first = wait_seen(page, video, 60)
    wait_seen(page, video, after_s=first.at_s + 1)
    return context


@pytest.mark.parametrize("is_secure", [True, False], ids=["tls", "insecure"])
def test_other_machines_are_told_the_address_and_reach_page_and_picture_by_it(tmp_path: Path, is_secure: bool) -> None:
    words = ("--cameras", "1", "--listen", "0.0.0.0", "--demo-public", "--tls" if is_secure else "--insecure-http")
    settings = {"BRIGHTKITCHEN_TLS__NAMES": '["kitchen.lan"]'}
    product = Product(tmp_path / "data", free_port_base(), words, settings)
    scheme, port = ("https", product.port + TLS) if is_secure else ("http", product.port)
    name = "kitchen.lan" if is_secure else socket.gethostname().lower()
    flags = [f"--host-resolver-rules=MAP {name} 127.0.0.1"]
    try:
        product.start()
        said = "".join(product.lines)
        for address in read_host_addresses():
            if address.version == 4 and not address.is_loopback:
                assert f"{scheme}://{address}:{port}/" in said
        assert f"{scheme}://{name}:{port}/" in said
        assert ("WARNING" in said) is not is_secure
        if is_secure:
            flags.append(f"--ignore-certificate-errors-spki-list={read_key_hash(product)}")
        with chromium(*flags) as browser:
            context = open_as_another_machine(browser, f"{scheme}://{name}:{port}/", product)
            kept = {each["name"]: each for each in context.cookies()}
            session = kept["__Host-bk_session" if is_secure else "bk_session"]
            assert (session["secure"], session["httpOnly"]) == (is_secure, True)
            context.close()
        assert product.stop() == 0
    finally:
        product.kill()


def read_key_hash(product: Product) -> str:
    """Return the hash of the server's public key as Chromium wants it."""
    pem = (product.data / "tls" / "server.pem").read_bytes()
    key = x509.load_pem_x509_certificate(pem).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@pytest.mark.parametrize("words", [(), ("--tls",)], ids=["clear", "demo_beyond_this_machine"])
def test_address_of_others_needs_tls_and_a_word_for_the_demo(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run_command("demo", "--listen", "0.0.0.0", *words, "--data", str(tmp_path / "data"))
    assert done.returncode != 0
    assert ("--demo-public" if words else "--tls") in done.stderr
