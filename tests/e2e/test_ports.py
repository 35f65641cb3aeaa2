"""Open sockets of all our processes are those of docs/ref/ports.md, no more and no fewer (SECURITY.md S60)."""

import re
from typing import Final

import psutil
import pytest
from tests.e2e.caller import Caller
from tests.e2e.product import ROOT, Product

from brightkitchen.kernel.config import Config

pytestmark = pytest.mark.e2e
CAMERAS: Final = 2
_ROW: Final = re.compile(r"^\| (?P<process>[\w ]+) \| (?P<place>.+?) \| (?P<default>.*?) \|")
_NAMES: Final = {
    "control": "control",
    "signer": "signer",
    "media node n": "media-node",
    "demo cameras": "brightkitchen_sim",
}


def documented(product: Product) -> set[tuple[str, str]]:
    """Return (process, place) of every row, the default ports moved to where this product is."""
    moved = product.port - Config().web.port
    found = set()
    for line in (ROOT / "docs" / "ref" / "ports.md").read_text("utf-8").splitlines():
        row = _ROW.match(line)
        if row is None or row["process"] == "process":
            continue
        name = _NAMES[row["process"]]
        if unix := re.search(r"<data>(\S+?)`", row["place"]):
            found.add((name, str(product.data) + unix.group(1)))
            continue
        port = int((re.findall(r"\d{4,5}", row["default"]) or [""])[0])
        many = CAMERAS if "demo.first_port" in row["place"] else 1
        found |= {(name, f"127.0.0.1:{port + moved + index}") for index in range(many)}
    return found


def opened(product: Product) -> set[tuple[str, str]]:
    """Return (process, place) of everything that any of our processes listens on or is bound to."""
    found = set()
    for process in (psutil.Process(product.pid), *product.processes()):
        words = process.cmdline()
        name = next((each for each in _NAMES.values() if each in words), " ".join(words))
        for each in process.net_connections(kind="inet"):
            if each.status == psutil.CONN_LISTEN or (each.status == psutil.CONN_NONE and not each.raddr):
                found.add((name, f"{each.laddr.ip}:{each.laddr.port}"))
        found |= {(name, str(each.laddr)) for each in process.net_connections(kind="unix") if each.laddr}
    return found


def test_open_sockets_are_those_of_the_table(product: Product, caller: Caller) -> None:
    caller.clock_camera()
    caller.pattern_camera()
    wanted = documented(product)
    assert len(wanted) == 10
    assert opened(product) == wanted
