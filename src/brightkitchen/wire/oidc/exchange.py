"""The two messages of the code flow: where the browser is sent, and code for token. RFC 6749 §4.1, RFC 7636 S256, OIDC Core §3.1.

Left out: every other flow, refresh, request objects.
Rules of this file: random values are handed in; no code, verifier, secret or token appears in a repr.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus, urlencode

import msgspec

from brightkitchen.wire.oidc.discovery import Provider
from brightkitchen.wire.oidc.refusal import OidcRefused

MAX_TOKEN_CHARS: Final = 16_384


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to the provider. secret: "" = a public client, whom PKCE alone protects."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """What is posted to the token endpoint."""

    form: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """What came for a code. access_token: only to be compared with `at_hash`; "" = none came."""

    id_token: str
    access_token: str


class _Answer(msgspec.Struct):
    id_token: str
    access_token: str = ""
    token_type: str = "Bearer"


def build_challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def build_authorize_url(
    provider: Provider,
    client: Client,
    *,
    redirect_uri: str,
    state: str,
    nonce: str,
    challenge: str,
    scopes: Sequence[str],
    acr_values: Sequence[str] = (),
) -> str:
    """Return where the browser is sent to. acr_values: what is asked for, not demanded."""
    wanted = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if acr_values:
        wanted["acr_values"] = " ".join(acr_values)
    joint = "&" if "?" in provider.authorization_endpoint else "?"
    return provider.authorization_endpoint + joint + urlencode(wanted)


def build_token_request(
    provider: Provider, client: Client, *, code: str, verifier: str, redirect_uri: str
) -> TokenRequest:
    """Return the request that turns a code into an ID token; the secret goes where the provider takes it."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    if client.secret and provider.secret_in_header:
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"
        return TokenRequest(form, {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()})
    form["client_id"] = client.client_id
    if client.secret:
        form["client_secret"] = client.secret
    return TokenRequest(form, {})


def parse_token_answer(body: bytes) -> Tokens:
    """Read the answer of the token endpoint. raises: OidcRefused "token_answer"."""
    try:
        found = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise OidcRefused("token_answer") from cause
    texts = (found.id_token, found.access_token)
    if found.token_type.lower() != "bearer" or any(len(text) > MAX_TOKEN_CHARS or not text.isascii() for text in texts):
        raise OidcRefused("token_answer")
    return Tokens(found.id_token, found.access_token)
