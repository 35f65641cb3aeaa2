import pytest

from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.forwarding import MAX_HOPS, TrustedProxies, is_loopback

PROXIES = TrustedProxies(("127.0.0.1", "10.0.0.0/28", "fd00::/64"))


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        pytest.param("198.51.100.7", ["203.0.113.9"], "198.51.100.7", id="stranger_claims_another"),
        pytest.param("198.51.100.7", ["127.0.0.1"], "198.51.100.7", id="stranger_claims_the_proxy"),
        pytest.param("", ["203.0.113.9"], "", id="no_peer"),
        pytest.param("127.0.0.1", [], "127.0.0.1", id="proxy_says_nothing"),
        pytest.param("127.0.0.1", ["203.0.113.9"], "203.0.113.9", id="proxy_names_the_client"),
        pytest.param("::ffff:127.0.0.1", ["203.0.113.9"], "203.0.113.9", id="proxy_at_a_mapped_address"),
        pytest.param("127.0.0.1", ["192.0.2.1, 203.0.113.9"], "203.0.113.9", id="client_forged_one_before"),
        pytest.param("127.0.0.1", ["192.0.2.1", "203.0.113.9"], "203.0.113.9", id="forged_as_a_header_of_its_own"),
        pytest.param("127.0.0.1", ["192.0.2.1, 203.0.113.9, 10.0.0.3"], "203.0.113.9", id="two_proxies_of_ours"),
        pytest.param("fd00::1", ["2001:DB8::0:9"], "2001:db8::9", id="ipv6_in_its_one_spelling"),
        pytest.param("127.0.0.1", ["203.0.113.9, evil"], "127.0.0.1", id="no_address_is_not_believed"),
        pytest.param("127.0.0.1", ["203.0.113.9:4711"], "127.0.0.1", id="nor_one_with_a_port"),
        pytest.param("127.0.0.1", ["10.0.0.3, 10.0.0.4"], "10.0.0.3", id="a_proxy_asks_for_itself"),
    ],
)
def test_client_of_a_request_is_what_our_own_proxies_say(peer: str, headers: list[str], client: str) -> None:
    assert PROXIES.client_of(peer, headers) == client


def test_client_behind_an_endless_list_is_looked_for_in_its_end_only() -> None:
    assert PROXIES.client_of("127.0.0.1", ["203.0.113.9" + ", 10.0.0.1" * MAX_HOPS]) == "10.0.0.1"


def test_without_proxies_nobody_is_believed() -> None:
    assert TrustedProxies().client_of("127.0.0.1", ["203.0.113.9"]) == "127.0.0.1"


def test_proxy_that_is_no_network_is_refused() -> None:
    with pytest.raises(BrightKitchenError) as refused:
        TrustedProxies(("proxy.example",))
    assert refused.value.code == "config.network_invalid"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a", False)],
)
def test_loopback_is_told_from_the_rest(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
