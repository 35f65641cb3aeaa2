"""The net guard as this machine is configured; apart, so that a media node does not load what only control needs."""

import ipaddress
from collections.abc import Sequence

import psutil

from brightkitchen.kernel.config import Config
from brightkitchen.kernel.netguard import GuardPolicy, IPAddress, NetGuard, parse_endpoint, parse_networks


def build_guard(config: Config, allow_networks: Sequence[str] | None = None) -> NetGuard:
    """Return the guard of every address a camera may name. allow_networks: of something else than cameras."""
    own: set[IPAddress] = set()
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            try:
                own.add(ipaddress.ip_address(each.address.partition("%")[0]))
            except ValueError:
                continue  # a hardware address
    guard = config.netguard
    return NetGuard(
        GuardPolicy(
            allow_networks=parse_networks(guard.allow_networks if allow_networks is None else allow_networks),
            deny_networks=parse_networks(guard.deny_networks),
            own_addresses=frozenset(own),
            allow_endpoints=tuple(parse_endpoint(text) for text in guard.allow_endpoints),
            allow_public=guard.allow_public,
        )
    )
