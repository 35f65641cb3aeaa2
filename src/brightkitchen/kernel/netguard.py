"""Which addresses we may connect to on behalf of a user or a camera (SECURITY.md: server-side request forgery).

A name is resolved once, the answer is judged, and the caller connects to that very IP; again at every reconnect and
for every address that a device names. Judging is pure (`NetGuard.decide`); only `resolve` touches the network.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from brightkitchen.kernel.errors import BrightKitchenError, Kind

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[list[str]]]

RESOLVE_TIMEOUT_S: Final = 5.0
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_METADATA: Final = (ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200"))
_MAX_ANSWERS: Final = 16


def parse_networks(texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """raises: BrightKitchenError ``config.network_invalid`` for what is no network such as ``10.0.0.0/8``."""
    networks: list[IPNetwork] = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text.strip()))
        except ValueError as cause:
            raise BrightKitchenError(Kind.INVALID, "config.network_invalid", text=text[:64]) from cause
    return tuple(networks)


@dataclass(frozen=True, slots=True)
class AllowedEndpoint:
    """One exact address and a range of ports (both ends included) that is allowed although its network is not."""

    address: IPAddress
    first_port: int
    last_port: int


_ENDPOINT: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<v4>[0-9.]+)):(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?"
)


def parse_endpoint(text: str) -> AllowedEndpoint:
    """Read ``127.0.0.1:18554``, ``127.0.0.1:18554-18953`` or ``[::1]:18554``.

    raises: BrightKitchenError ``config.endpoint_invalid``.
    """
    found = _ENDPOINT.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError("not address:port")
        first = int(found["first"])
        last = int(found["last"] or first)
        if not 1 <= first <= last <= 65535:
            raise ValueError("no such ports")
        return AllowedEndpoint(ipaddress.ip_address(found["v6"] or found["v4"]), first, last)
    except ValueError as cause:
        raise BrightKitchenError(Kind.INVALID, "config.endpoint_invalid", text=text[:64]) from cause


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """allow_networks: where cameras live. deny_networks: control, database, nodes; wins over allow_networks.

    own_addresses: this host's interfaces, always denied. allow_public: any global address too.
    allow_endpoints: exact exceptions from everything, for the demo's simulated cameras on loopback.
    """

    allow_networks: tuple[IPNetwork, ...] = field(default_factory=lambda: parse_networks(_PRIVATE))
    deny_networks: tuple[IPNetwork, ...] = ()
    own_addresses: frozenset[IPAddress] = frozenset()
    allow_endpoints: tuple[AllowedEndpoint, ...] = ()
    allow_public: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect: an IP, never a name."""

    address: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the host's resolver. raises: OSError."""
    answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(answer[4][0]) for answer in answers]


def embedded_addresses(address: IPAddress) -> tuple[IPAddress, ...]:
    """Return the address and every IPv4 address that it carries (mapped, compatible, 6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    found: list[IPAddress] = [address]
    if address.ipv4_mapped is not None:
        found.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    number = int(address)
    if address in _NAT64 or address in _NAT64_LOCAL or 0xFFFF < number < 1 << 32:
        found.append(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return tuple(found)


def _is_never_allowed(address: IPAddress) -> bool:
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _METADATA
        or (isinstance(address, ipaddress.IPv4Address) and (address.is_reserved or int(address) >> 24 == 0))
        or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)
    )


class NetGuard:
    """Judges addresses by one policy; immutable, shared by everything that connects."""

    def __init__(self, policy: GuardPolicy, resolver: Resolver = resolve_by_system) -> None:
        self._policy = policy
        self._resolver = resolver

    def decide(self, address: IPAddress, port: int) -> bool:
        """Return whether we may connect there. Pure."""
        policy = self._policy
        if not 1 <= port <= 65535 or getattr(address, "scope_id", None):
            return False
        if any(e.address == address and e.first_port <= port <= e.last_port for e in policy.allow_endpoints):
            return True
        forms = embedded_addresses(address)
        if any(_is_never_allowed(form) or form in policy.own_addresses for form in forms):
            return False
        if any(form in network for form in forms for network in policy.deny_networks):
            return False
        if len(forms) > 1:  # a camera has no business behind a translation prefix
            return False
        if any(address in network for network in policy.allow_networks):
            return True
        return policy.allow_public and address.is_global

    def decide_text(self, address: str, port: int) -> bool:
        """Like `decide` for a literal; a text that is no IP address is refused."""
        try:
            return self.decide(ipaddress.ip_address(address), port)
        except ValueError:
            return False

    async def check_address(self, host: str, port: int, *, timeout_s: float = RESOLVE_TIMEOUT_S) -> Endpoint:
        """Resolve `host` once and return the first answer if all answers are allowed.

        All, not any: a name that points both at a camera and at something forbidden is an attack or a mistake.
        raises: BrightKitchenError ``camera.host_unknown``, ``camera.address_not_allowed``.
        """
        name = host.strip().removeprefix("[").removesuffix("]")
        try:
            found = [ipaddress.ip_address(name)]
        except ValueError:
            found = await self._resolve(name, port, timeout_s)
        if not all(self.decide(address, port) for address in found):
            raise BrightKitchenError(Kind.FORBIDDEN, "camera.address_not_allowed", host=host[:253])
        return Endpoint(str(found[0]), port)

    async def _resolve(self, name: str, port: int, timeout_s: float) -> list[IPAddress]:
        try:
            async with asyncio.timeout(timeout_s):
                answers = await self._resolver(name, port)
            found = [ipaddress.ip_address(answer) for answer in answers[:_MAX_ANSWERS]]
        except (OSError, UnicodeError, ValueError) as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "camera.host_unknown", host=name[:253]) from cause
        if not found:
            raise BrightKitchenError(Kind.UNAVAILABLE, "camera.host_unknown", host=name[:253])
        return found


MAX_URL_CHARS: Final = 2048
MAX_PATH_CHARS: Final = 512
_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<userinfo>[^/?#]*)@)?"
    r"(?:\[(?P<v6>[^\]/?#@]*)\]|(?P<host>[^:/?#@\[\]]*))(?::(?P<port>[^/?#@]*))?(?P<path>[/?][^#]*)?(?:#.*)?",
)
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(rf"(?=.{{1,254}}$){_LABEL}(?:\.{_LABEL})*\.?")
_DEFAULT_PORTS: Final = {"rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class CameraUrl:
    """A camera's address, taken apart. host: a name or an IP without brackets. path: with query, begins with "/"."""

    host: str
    port: int
    tls: bool
    path: str
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"CameraUrl(host={self.host!r}, port={self.port}, tls={self.tls}, path={self.path!r}, log-in hidden)"


def parse_camera_url(text: str) -> CameraUrl:
    """Take ``rtsp://user:p%40ss@host:554/path?query`` apart; the log-in is split off at once and decoded.

    A password may hold any character but "/", "?" and "#" unescaped: the last "@" before the path ends it.
    raises: BrightKitchenError, one of ``camera.url_{invalid,scheme,host,port,path_too_long,login}``; no parameter of it
    ever holds a part of the log-in.
    """
    text = text.strip()
    if len(text) > MAX_URL_CHARS or not text.isprintable() or " " in text:
        raise BrightKitchenError(Kind.INVALID, "camera.url_invalid")
    found = _URL.fullmatch(text)
    if found is None:
        raise BrightKitchenError(Kind.INVALID, "camera.url_invalid")
    scheme = found["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise BrightKitchenError(Kind.INVALID, "camera.url_scheme", scheme=scheme[:16])
    path = found["path"] or "/"
    path = path if path.startswith("/") else "/" + path
    if len(path) > MAX_PATH_CHARS:
        raise BrightKitchenError(Kind.INVALID, "camera.url_path_too_long", limit=MAX_PATH_CHARS)
    username, password = _parse_userinfo(found["userinfo"])
    return CameraUrl(
        host=_parse_host(found["v6"], found["host"]),
        port=_parse_port(found["port"], _DEFAULT_PORTS[scheme]),
        tls=scheme == "rtsps",
        path=path,
        username=username,
        password=password,
    )


def _parse_host(v6: str | None, name: str | None) -> str:
    if v6 is not None:
        try:
            return str(ipaddress.IPv6Address(v6))
        except ValueError as cause:
            raise BrightKitchenError(Kind.INVALID, "camera.url_host") from cause
    text = name or ""
    if text and all(part.isdigit() for part in text.split(".")):
        try:
            return str(ipaddress.IPv4Address(text))  # 127.1 and 2130706433 are no names either
        except ValueError as cause:
            raise BrightKitchenError(Kind.INVALID, "camera.url_host") from cause
    if not text.isascii() or _HOST.fullmatch(text) is None or re.fullmatch(r"0[xX][0-9A-Fa-f.xX]+", text):
        raise BrightKitchenError(Kind.INVALID, "camera.url_host")
    return text.lower()


def _parse_port(text: str | None, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise BrightKitchenError(Kind.INVALID, "camera.url_port")
    return int(text)


def _parse_userinfo(text: str | None) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    name, _, secret = text.partition(":")
    try:
        username, password = unquote(name, errors="strict"), unquote(secret, errors="strict")
    except UnicodeDecodeError:
        raise BrightKitchenError(Kind.INVALID, "camera.url_login") from None
    if not (username + password).isprintable() or len(username) > 128 or len(password) > 256:
        raise BrightKitchenError(Kind.INVALID, "camera.url_login")
    return username, password
