"""Each way of being wrong is tested through a real provider in tests/contract/test_oidc_hostile_idp.py; here: the edges."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from brightkitchen.wire.oidc.idtoken import Claims, Expected, check_id_token, find_keys
from brightkitchen.wire.oidc.keys import SigningKey, parse_keys
from brightkitchen.wire.oidc.refusal import OidcRefused

NOW_S = 1_795_392_000
EXPECTED = Expected("https://sso.example", "us", "nonce-1", ("ES256", "ES384", "RS256"), NOW_S - 20)


@cache
def _key(kind: str) -> ECKey | RSAKey:
    if kind == "rsa":
        return RSAKey.generate_key(2048, {"kid": kind})
    return ECKey.generate_key(kind, {"kid": kind})


def _keys(*kinds: str) -> tuple[SigningKey, ...]:
    body = json.dumps({"keys": [_key(kind).as_dict(private=False) for kind in kinds]}).encode()
    return parse_keys(body, EXPECTED.algorithms)


def _token(alg: str = "ES256", kind: str = "P-256", **changed: Any) -> str:  # Any: JSON
    good = {
        "iss": "https://sso.example",
        "aud": "us",
        "sub": "7c1b",
        "nonce": "nonce-1",
        "iat": NOW_S,
        "exp": NOW_S + 60,
    }
    claims = {key: each for key, each in (good | changed).items() if each is not None}
    return jws.serialize_compact({"alg": alg, "kid": kind}, json.dumps(claims), _key(kind), algorithms=[alg])


def _check(token: str, keys: Sequence[SigningKey], now_s: float = NOW_S) -> Claims:
    return check_id_token(token, "", find_keys(token, keys, EXPECTED.algorithms), EXPECTED, now_s=now_s)


@pytest.mark.parametrize(("alg", "kind"), [("ES256", "P-256"), ("ES384", "P-384"), ("RS256", "rsa")])
def test_token_of_each_kind_of_key_says_who_it_was(alg: str, kind: str) -> None:
    token = _token(alg, kind, name="王志远", acr="two", amr=["pwd", "otp", 7])
    assert _check(token, _keys("P-256", "P-384", "rsa")) == Claims("7c1b", "王志远", "two", frozenset({"pwd", "otp"}))


@pytest.mark.parametrize(
    ("changed", "now_s", "why"),
    [
        ({}, NOW_S + 119.9, None),
        ({}, NOW_S + 120.0, "expired"),
        ({}, NOW_S - 60.0, None),
        ({}, NOW_S - 60.1, "issued_at"),
        ({"iat": NOW_S - 80}, NOW_S, None),
        ({"iat": NOW_S - 81}, NOW_S, "issued_at"),
        ({"nbf": NOW_S + 60}, NOW_S, None),
        ({"nbf": NOW_S + 61}, NOW_S, "issued_at"),
        ({"aud": ["us"]}, NOW_S, None),
        ({"aud": ["us", "them"], "azp": "us"}, NOW_S, None),
        ({"aud": ["them"] * 32 + ["us"], "azp": "us"}, NOW_S, "audience"),
        ({"aud": []}, NOW_S, "audience"),
        ({"exp": True}, NOW_S, "malformed"),
        ({"exp": 10**400}, NOW_S, None),
        ({"sub": "a\nb"}, NOW_S, "subject"),
        ({"preferred_username": "\x1b[31m", "name": 7}, NOW_S, None),
    ],
)
def test_edges_of_a_token(changed: dict[str, Any], now_s: float, why: str | None) -> None:  # Any: JSON
    found = None
    try:
        assert _check(_token(**changed), _keys("P-256"), now_s).label == ""
    except OidcRefused as refused:
        found = refused.why
    assert found == why


def test_key_of_another_algorithm_or_use_is_not_tried() -> None:
    assert find_keys(_token(), _keys("rsa", "P-384"), EXPECTED.algorithms) == ()
    only = json.dumps({"keys": [_key("rsa").as_dict(private=False) | {"use": "enc"}]}).encode()
    with pytest.raises(OidcRefused, match="keys"):
        parse_keys(only, EXPECTED.algorithms)
    bound = parse_keys(
        json.dumps({"keys": [_key("rsa").as_dict(private=False) | {"alg": "RS256"}]}).encode(), ("RS256",)
    )
    assert (bound[0].fits("rsa", "RS256"), bound[0].fits("rsa", "PS256")) == (True, False)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"x": "AA"},
        {"x": "!!"},
        {"crv": "secp256k1"},
        {"kty": "OKP"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kid": "k" * 257},
        {"key_ops": ["sign"]},
        {"alg": "HS256"},
        {"y": "A" * 97},
        {"kid": 7},
    ],
)
def test_key_that_is_none_for_us_is_left_out(spoiled: dict[str, Any]) -> None:  # Any: JSON
    good, other = _key("P-256").as_dict(private=False), _key("P-384").as_dict(private=False)
    found = parse_keys(json.dumps({"keys": [good | spoiled, other]}).encode(), EXPECTED.algorithms)
    assert [each.kid for each in found] == ["P-384"]
