from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from brightkitchen.bootstrap import reach
from brightkitchen.kernel.certificatefiles import ServerCertificate
from brightkitchen.kernel.config import load_config
from brightkitchen.kernel.units import Utc

ADDRESSES = tuple(map(ip_address, ("10.0.0.5", "192.168.1.5", "fd00::5", "127.0.0.1", "::1")))


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand on a machine with these interfaces and this name."""
    texts = ["fe80::1%eth0", "00:16:3e:00:00:01", "169.254.7.7", *map(str, reversed(ADDRESSES))]
    monkeypatch.setattr("psutil.net_if_addrs", lambda: {"eth0": [SimpleNamespace(address=each) for each in texts]})
    monkeypatch.setattr("socket.gethostname", lambda: "Kitchen-PC")


def certificate(*names: str) -> ServerCertificate:
    return ServerCertificate(names, (), Utc(0), Utc(1), b"")


GIVEN = {"tls.certificate": "a", "tls.key": "b"}
MADE = {"tls.generated": True}


@pytest.mark.parametrize(
    ("flags", "names", "origins"),
    [
        pytest.param({}, None, ("http://127.0.0.1:8080", "http://localhost:8080"), id="plain_loopback"),
        pytest.param({"web.host": "::1"}, None, ("http://[::1]:8080",), id="plain_ipv6_loopback"),
        pytest.param(
            {"web.host": "0.0.0.0", "web.port": 80},
            None,
            ("http://10.0.0.5", "http://192.168.1.5", "http://127.0.0.1", "http://kitchen-pc", "http://localhost"),
            id="plain_everywhere",
        ),
        pytest.param(
            MADE,
            ("kitchen-pc", "localhost"),
            ("https://127.0.0.1:8443", "https://localhost:8443", "https://kitchen-pc:8443"),
            id="made_loopback",
        ),
        pytest.param(
            MADE | {"web.host": "0.0.0.0", "tls.names": ["kitchen.lan"]},
            ("kitchen.lan", "kitchen-pc", "localhost"),
            (
                *("https://10.0.0.5:8443", "https://192.168.1.5:8443", "https://127.0.0.1:8443"),
                *("https://kitchen.lan:8443", "https://kitchen-pc:8443", "https://localhost:8443"),
            ),
            id="made_everywhere",
        ),
        pytest.param(
            GIVEN | {"web.host": "192.168.1.5", "web.tls_port": 443},
            ("kitchen.example.cn", "*.example.cn"),
            ("https://kitchen.example.cn", "https://192.168.1.5"),
            id="given_names_first_and_no_wildcards",
        ),
        pytest.param(
            {"web.public_url": "https://kitchen.example.cn/"},
            None,
            ("https://kitchen.example.cn",),
            id="behind_a_proxy",
        ),
    ],
)
def test_origins_are_all_ways_to_the_page_the_best_first(
    flags: dict[str, object], names: tuple[str, ...] | None, origins: tuple[str, ...]
) -> None:
    found = reach.site_origins(load_config(None, {}, flags), certificate(*names) if names is not None else None)
    assert found == origins


def test_printed_addresses_lead_here_from_other_machines_too() -> None:
    config = load_config(None, {}, MADE | {"web.host": "0.0.0.0"})
    shown = reach.shown_urls(config, certificate("kitchen-pc", "localhost"))
    assert shown == ("https://10.0.0.5:8443/", "https://192.168.1.5:8443/", "https://kitchen-pc:8443/")


def test_public_address_is_printed_alone() -> None:
    config = load_config(None, {}, {"web.host": "0.0.0.0", "web.public_url": "https://localhost:9443"})
    assert reach.shown_urls(config, None) == ("https://localhost:9443/",)


def test_machine_without_addresses_or_name_still_prints_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.net_if_addrs", dict)
    monkeypatch.setattr("socket.gethostname", lambda: "厨房")
    assert reach.shown_urls(load_config(None, {}, {"web.host": "0.0.0.0"}), None) == ("http://localhost:8080/",)


def test_made_certificate_names_host_further_names_and_all_addresses() -> None:
    names = reach.read_host_names(load_config(None, {}, MADE | {"tls.names": ["Kitchen.LAN"]}))
    assert names.names == ("kitchen.lan", "kitchen-pc", "kitchen-pc.local", "localhost")
    assert names.addresses == ADDRESSES
