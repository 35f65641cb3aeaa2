import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from brightkitchen.wire.oidc.discovery import Provider
from brightkitchen.wire.oidc.exchange import (
    Client,
    build_authorize_url,
    build_challenge,
    build_token_request,
    parse_token_answer,
)
from brightkitchen.wire.oidc.refusal import OidcRefused

CLIENT = Client("bright kitchen", "p&p:100%")


def _provider(endpoint: str = "https://sso.example/auth", *, secret_in_header: bool = True) -> Provider:
    return Provider(
        "https://sso.example", endpoint, "https://sso.example/t", "https://sso.example/k", secret_in_header, False
    )


def test_challenge_is_that_of_rfc_7636() -> None:
    assert (
        build_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize("endpoint", ["https://sso.example/auth", "https://sso.example/auth?realm=city"])
def test_authorize_url_carries_each_value_once_and_keeps_the_providers_own(endpoint: str) -> None:
    url = build_authorize_url(
        _provider(endpoint),
        CLIENT,
        redirect_uri="https://ours.example/login/sso",
        state="s&1",
        nonce="n",
        challenge="c",
        scopes=("openid", "profile"),
        acr_values=("urn:two",),
    )
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert query.pop("realm", ["city"]) == ["city"]
    assert query == {
        "response_type": ["code"],
        "client_id": ["bright kitchen"],
        "redirect_uri": ["https://ours.example/login/sso"],
        "scope": ["openid profile"],
        "state": ["s&1"],
        "nonce": ["n"],
        "code_challenge": ["c"],
        "code_challenge_method": ["S256"],
        "acr_values": ["urn:two"],
    }


def test_secret_is_shown_where_the_provider_takes_it_and_nowhere_else() -> None:
    in_header = build_token_request(_provider(), CLIENT, code="c", verifier="v", redirect_uri="r")
    in_body = build_token_request(_provider(secret_in_header=False), CLIENT, code="c", verifier="v", redirect_uri="r")
    public = build_token_request(_provider(), Client("x", ""), code="c", verifier="v", redirect_uri="r")
    scheme, _, pair = in_header.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"bright+kitchen:p%26p%3A100%25")
    assert "client_secret" not in in_header.form and not in_body.headers and not public.headers
    assert (in_body.form["client_id"], in_body.form["client_secret"]) == ("bright kitchen", "p&p:100%")
    assert (public.form["client_id"], "client_secret" in public.form) == ("x", False)
    assert "p&p" not in repr(CLIENT) + repr(in_body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"id_token": 1}',
        b'{"id_token": "a.b.c", "token_type": "mac"}',
        b'{"id_token": "\xff"}',
        '{"id_token": "ä.b.c"}'.encode(),
        b'{"id_token": "' + b"x" * 16_385 + b'"}',
    ],
)
def test_answer_without_a_token_is_refused(body: bytes) -> None:
    with pytest.raises(OidcRefused, match="token_answer"):
        parse_token_answer(body)


def test_answer_may_leave_out_what_we_do_not_need() -> None:
    assert parse_token_answer(b'{"id_token": "a.b.c", "token_type": "bearer", "x": {}}').access_token == ""
