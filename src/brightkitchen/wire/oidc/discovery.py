"""What a provider says of itself: OpenID Connect Discovery 1.0 §3 and §4.3, RFC 8414, RFC 9207 §3.

Left out: registration, logout, userinfo, everything but the code flow.
Rules of this file: a document is believed only if it names the configured issuer, and its addresses only if they are of
the configured hosts: what a document may say is where we send people and requests to.
"""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from brightkitchen.wire.oidc.refusal import OidcRefused

WELL_KNOWN: Final = "/.well-known/openid-configuration"
MAX_URL_CHARS: Final = 1024
_PORTS: Final = {"https": 443, "http": 80}


class _Document(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] | None = None
    code_challenge_methods_supported: list[str] | None = None
    response_types_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider takes people and requests. names_itself: its answers always carry `iss` (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    secret_in_header: bool
    names_itself: bool


def is_loopback_host(host: str) -> bool:
    """True for a name or address that can only be this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_host(url: str) -> str | None:
    """Return ``host:port`` of an address that may be used at all, or None.

    https always; http on loopback only. No user, no fragment, no spaces, ASCII.
    """
    if not 0 < len(url) <= MAX_URL_CHARS or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        return None
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or "#" in url or port == 0:
        return None
    if parts.scheme == "http" and not is_loopback_host(host):
        return None
    return f"[{host}]:{port or _PORTS[parts.scheme]}" if ":" in host else f"{host}:{port or _PORTS[parts.scheme]}"


def is_issuer(text: str) -> bool:
    """True for what may be configured as an issuer: an address as above, without a query."""
    return read_host(text) is not None and "?" not in text


def build_discovery_url(issuer: str) -> str:
    """Return where an issuer's document is (Discovery §4)."""
    return issuer.rstrip("/") + WELL_KNOWN


def parse_provider(body: bytes, *, issuer: str, hosts: Collection[str]) -> Provider:
    """Read the document of the configured issuer.

    hosts:  ``host`` (any port of it that is the default one) or ``host:port``, beside the issuer's own.
    raises: OidcRefused "discovery" for what is no document, "issuer" for another's, "endpoint" for an address elsewhere,
            "pkce" and "flow" for a provider that says it cannot do what we need.
    """
    try:
        found = msgspec.json.decode(body, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise OidcRefused("discovery") from cause
    if found.issuer != issuer:
        raise OidcRefused("issuer")
    allowed = {read_host(issuer), *(each if ":" in each else f"{each}:443" for each in hosts)}
    for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
        host = read_host(url)
        if host is None or host not in allowed:
            raise OidcRefused("endpoint")
    # Silence means nothing here: many providers do PKCE without saying so.
    if found.code_challenge_methods_supported is not None and "S256" not in found.code_challenge_methods_supported:
        raise OidcRefused("pkce")
    if found.response_types_supported is not None and "code" not in found.response_types_supported:
        raise OidcRefused("flow")
    methods = found.token_endpoint_auth_methods_supported
    return Provider(
        found.issuer,
        found.authorization_endpoint,
        found.token_endpoint,
        found.jwks_uri,
        secret_in_header=methods is None or "client_secret_basic" in methods,
        names_itself=found.authorization_response_iss_parameter_supported,
    )
