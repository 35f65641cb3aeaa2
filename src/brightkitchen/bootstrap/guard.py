"""The net guard as this machine is configured; apart, so that a media node does not load what only control needs."""

import ipaddress

import psutil

from brightkitchen.kernel.config import Config
from brightkitchen.kernel.netguard import GuardPolicy, IPAddress, NetGuard, parse_endpoint, parse_networks


def build_guard(config: Config) -> NetGuard:
    """Return the guard of every address a camera may name."""
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
            allow_networks=parse_networks(guard.allow_networks),
            deny_networks=parse_networks(guard.deny_networks),
            own_addresses=frozenset(own),
            allow_endpoints=tuple(parse_endpoint(text) for text in guard.allow_endpoints),
            allow_public=guard.allow_public,
        )
    )
