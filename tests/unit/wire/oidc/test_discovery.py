import json

import pytest

from brightkitchen.wire.oidc.discovery import build_discovery_url, is_issuer, parse_provider, read_host
from brightkitchen.wire.oidc.refusal import OidcRefused

ISSUER = "https://sso.example/realms/city"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://sso.example/auth?realm=city",
    "token_endpoint": "https://sso.example/token",
    "jwks_uri": "https://keys.example:8443/jwks",
}


def _parse(hosts: tuple[str, ...] = ("keys.example:8443",), changed: dict[str, object] | None = None) -> object:
    body = json.dumps(DOCUMENT | (changed or {})).encode()
    return parse_provider(body, issuer=ISSUER, hosts=hosts)


def test_document_with_what_we_need_is_read() -> None:
    found = parse_provider(json.dumps(DOCUMENT).encode(), issuer=ISSUER, hosts=("keys.example:8443",))
    assert (found.token_endpoint, found.secret_in_header, found.names_itself) == (
        "https://sso.example/token",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"issuer": ISSUER + "/"}, "issuer"),
        ({"issuer": "https://sso.example/realms/CITY"}, "issuer"),
        ({"token_endpoint": "https://sso.example.evil.example/token"}, "endpoint"),
        ({"token_endpoint": "https://sso.example:444/token"}, "endpoint"),
        ({"token_endpoint": "http://sso.example/token"}, "endpoint"),
        ({"token_endpoint": "https://sso.example#@evil.example/"}, "endpoint"),
        ({"token_endpoint": "https://sso.example\\@evil.example/"}, "endpoint"),
        ({"token_endpoint": "https://evil.example/?sso.example"}, "endpoint"),
        ({"token_endpoint": ["https://sso.example/token"]}, "discovery"),
        ({"code_challenge_methods_supported": []}, "pkce"),
        ({"response_types_supported": ["token"]}, "flow"),
    ],
)
def test_document_that_cannot_be_used_is_refused(changed: dict[str, object], why: str) -> None:
    with pytest.raises(OidcRefused) as refused:
        _parse(changed=changed)
    assert refused.value.why == why


def test_host_elsewhere_needs_to_be_configured_with_its_port() -> None:
    for hosts in ((), ("keys.example",), ("other.example:8443",)):
        with pytest.raises(OidcRefused):
            _parse(hosts)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://SSO.example/x", "sso.example:443"),
        ("https://[fd00::1]:8443/", "[fd00::1]:8443"),
        ("http://127.0.0.1:9/", "127.0.0.1:9"),
        ("http://localhost/", "localhost:80"),
        ("http://[::1]:9/", "[::1]:9"),
        ("http://sso.example/", None),
        ("http://127.0.0.1.evil.example/", None),
        ("ftp://sso.example/", None),
        ("https://user@sso.example/", None),
        ("https://sso.example:0/", None),
        ("https://sso.example:99999/", None),
        ("https://sso.example/ x", None),
        ("https://统一.example/", None),
        ("https:///x", None),
        ("//sso.example/", None),
        ("", None),
        ("https://sso.example/" + "x" * 1024, None),
    ],
)
def test_host_of_an_address_is_read_or_the_address_refused(url: str, host: str | None) -> None:
    assert read_host(url) == host


def test_issuer_has_no_query_and_leads_to_its_document() -> None:
    assert is_issuer(ISSUER) and not is_issuer(ISSUER + "?x=1") and not is_issuer("sso.example")
    assert build_discovery_url(ISSUER) == build_discovery_url(ISSUER + "/")
    assert build_discovery_url(ISSUER) == ISSUER + "/.well-known/openid-configuration"
