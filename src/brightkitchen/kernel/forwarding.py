"""Who asks, when the way leads through proxies: headers count only if they come from a proxy of ours (SECURITY §2.1)."""

import ipaddress
from collections.abc import Iterable

from brightkitchen.kernel.netguard import IPNetwork, parse_networks

MAX_HOPS = 16


def is_loopback(host: str) -> bool:
    """True if only this machine reaches `host`, an address or a name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class TrustedProxies:
    """The addresses and networks of our own proxies."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """texts: "10.0.0.4", "10.0.0.0/28". raises: BrightKitchenError "config.network_invalid"."""
        self._networks: tuple[IPNetwork, ...] = parse_networks(tuple(texts))

    def is_trusted(self, address: str) -> bool:
        """True if what comes from this address was passed on by a proxy of ours."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)

    def client_of(self, peer: str, forwarded_for: Iterable[str]) -> str:
        """Return who asked: the peer, or the last one in `X-Forwarded-For` that is no proxy of ours.

        peer: the address at the other end of the connection. forwarded_for: the header's values, in their order.
        What a stranger wrote stands further left than what our proxy added, and is not looked at.
        """
        if not self.is_trusted(peer):
            return peer
        client = peer
        hops = [each.strip() for value in forwarded_for for each in value.split(",")]
        for hop in reversed(hops[-MAX_HOPS:]):
            try:
                client = str(ipaddress.ip_address(hop))
            except ValueError:
                return client
            if not self.is_trusted(client):
                return client
        return client
