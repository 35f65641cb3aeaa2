"""Any bytes as what an identity provider says: what we asked for, or their error."""

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from brightkitchen.wire.oidc.discovery import parse_provider, read_host
from brightkitchen.wire.oidc.exchange import parse_token_answer
from brightkitchen.wire.oidc.idtoken import ALGORITHMS, Expected, check_id_token, find_keys
from brightkitchen.wire.oidc.keys import parse_keys
from brightkitchen.wire.oidc.refusal import OidcRefused

NOW_S = 1_795_392_000
ISSUER = "https://sso.example"
KEY = ECKey.generate_key("P-256", {"kid": "first"})
CLAIMS = {"iss": ISSUER, "aud": "us", "sub": "7c1b", "nonce": "n", "iat": NOW_S, "exp": NOW_S + 60}
TOKEN = jws.serialize_compact({"alg": "ES256", "kid": "first"}, json.dumps(CLAIMS), KEY, algorithms=["ES256"])
DOCUMENTS = [
    json.dumps({"keys": [KEY.as_dict(private=False)]}).encode(),
    json.dumps({"id_token": TOKEN, "access_token": "x", "token_type": "Bearer"}).encode(),
    json.dumps(
        {"issuer": ISSUER} | dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), f"{ISSUER}/x")
    ).encode(),
]
EXPECTED = Expected(ISSUER, "us", "n", ALGORITHMS, NOW_S)
KEYS = parse_keys(DOCUMENTS[0], ALGORITHMS)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def _read_all(data: bytes) -> None:
    for read in (
        lambda: parse_provider(data, issuer=ISSUER, hosts=()),
        lambda: parse_keys(data, ALGORITHMS),
        lambda: parse_token_answer(data),
    ):
        with suppress(OidcRefused):
            read()


def _check(token: str) -> bool:
    try:
        keys = find_keys(token, KEYS, ALGORITHMS)
        return check_id_token(token, "", keys, EXPECTED, now_s=NOW_S).subject == "7c1b"
    except OidcRefused:
        return False


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_all(data)
    _check(data.decode("utf-8", "replace"))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_damaged_document_is_read_or_refused(document: bytes, at: int, put: bytes) -> None:
    _read_all(document[:at] + put + document[at + len(put) :])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["kty", "kid", "use", "alg", "key_ops", "crv", "x", "y", "n", "e"]), JSON)
def test_key_with_any_value_is_read_or_refused(name: str, value: object) -> None:
    key = KEY.as_dict(private=False) | {name: value}
    _read_all(json.dumps({"keys": [key]}).encode())


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CLAIMS)), JSON)
def test_signed_token_with_any_claim_is_checked_or_refused(name: str, value: object) -> None:
    claims = json.dumps(CLAIMS | {name: value})
    token = jws.serialize_compact({"alg": "ES256", "kid": "first"}, claims, KEY, algorithms=["ES256"])
    assert _check(token) == (_is_same(name, value))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="utf-8"))
def test_token_with_a_changed_character_is_refused(at: int, put: str) -> None:
    changed = TOKEN[:at] + put + TOKEN[at + 1 :]
    # the last character of each part carries bits that mean nothing; then it is the same token
    assert not _check(changed) or changed[at] == TOKEN[at] or at + 1 == len(TOKEN)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_address_is_read_or_refused(text: str) -> None:
    for url in (text, "https://" + text, "http://127.0.0.1" + text):
        host = read_host(url)
        assert host is None or ("@" not in host and " " not in host)


def _is_same(name: str, value: object) -> bool:
    """True if the claim still says what it has to."""
    if name == "aud":
        return value in ("us", ["us"])
    if name in ("iat", "exp"):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and _is_time(name, float(value))  # type: ignore[arg-type]  # a number, as asked just now
    return bool(value == CLAIMS[name])


def _is_time(name: str, value: float) -> bool:
    return value > NOW_S - 60 if name == "exp" else abs(value - NOW_S) <= 60
