"""The city's identity provider as we see it: its document and keys, kept for an hour, and a code turned into claims.

What it answers decides nothing here but who somebody is there; tokens are looked at and dropped.
"""

import asyncio
from typing import Final

from brightkitchen.domain.users.model import SignOnRules
from brightkitchen.domain.users.oidc_flows import Flow, Sent
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.outgoing import Answer, OutgoingError, OutgoingHttp
from brightkitchen.kernel.units import US_PER_S
from brightkitchen.wire.oidc.discovery import Provider, build_discovery_url, parse_provider
from brightkitchen.wire.oidc.exchange import (
    Client,
    build_authorize_url,
    build_challenge,
    build_token_request,
    parse_token_answer,
)
from brightkitchen.wire.oidc.idtoken import Claims, Expected, check_id_token, find_keys
from brightkitchen.wire.oidc.keys import SigningKey, parse_keys
from brightkitchen.wire.oidc.refusal import OidcRefused

KEPT_S: Final = 3600.0
RETRY_S: Final = 10.0
"""How long an unreachable provider is not asked again for its document."""
NEW_KEYS_EVERY_S: Final = 60.0
"""How often a token that names an unknown key may make us ask for keys."""
MAX_DOCUMENT_BYTES: Final = 65_536
MAX_KEYS_BYTES: Final = 131_072
MAX_TOKEN_BYTES: Final = 65_536
_LONG_AGO_S: Final = -1e9


class ProviderDesk:
    """Speaks with the provider; every request goes through the net guard, within five seconds, without redirects."""

    def __init__(self, rules: SignOnRules, http: OutgoingHttp, clock: Clock) -> None:
        self._rules = rules
        self._http = http
        self._clock = clock
        self._client = Client(rules.client_id, rules.client_secret)
        self._lock = asyncio.Lock()
        self._provider: Provider | None = None
        self._provider_at_s = _LONG_AGO_S
        self._failed_at_s = _LONG_AGO_S
        self._failure = ""
        self._keys: tuple[SigningKey, ...] = ()
        self._keys_at_s = _LONG_AGO_S
        self._keys_asked_at_s = _LONG_AGO_S

    async def authorize_url(self, sent: Sent) -> str:
        """Return where this round trip sends its browser. raises: OidcRefused."""
        return build_authorize_url(
            await self._load_provider(),
            self._client,
            redirect_uri=sent.flow.redirect_uri,
            state=sent.state,
            nonce=sent.flow.nonce,
            challenge=build_challenge(sent.flow.verifier),
            scopes=self._rules.scopes,
            acr_values=self._rules.strong_acr,
        )

    async def redeem(self, flow: Flow, code: str, issuer: str) -> Claims:
        """Return who the provider says it was. issuer: what came beside the code, "" = nothing (RFC 9207).

        raises: OidcRefused.
        """
        provider = await self._load_provider()
        if (issuer or provider.names_itself) and issuer != provider.issuer:
            raise OidcRefused("answer_issuer")
        request = build_token_request(
            provider, self._client, code=code, verifier=flow.verifier, redirect_uri=flow.redirect_uri
        )
        try:
            answer = await self._http.post_form(
                provider.token_endpoint, request.form, request.headers, most_bytes=MAX_TOKEN_BYTES
            )
        except OutgoingError as cause:
            raise OidcRefused(f"token_{cause.why}") from cause
        if answer.status != 200:
            raise OidcRefused("code")
        tokens = parse_token_answer(answer.body)
        keys = await self._keys_for(provider, tokens.id_token)
        expected = Expected(provider.issuer, self._rules.client_id, flow.nonce, self._rules.algorithms, flow.started_s)
        now_s = self._clock.utc() / US_PER_S
        return check_id_token(tokens.id_token, tokens.access_token, keys, expected, now_s=now_s)

    async def _load_provider(self) -> Provider:
        """Return the document, at most an hour old. A failure is remembered for a moment: it shall not become a flood."""
        async with self._lock:
            now_s = self._clock.mono_s()
            if self._provider is not None and now_s - self._provider_at_s < KEPT_S:
                return self._provider
            if now_s - self._failed_at_s < RETRY_S:
                raise OidcRefused(self._failure)
            try:
                answer = await self._get(
                    build_discovery_url(self._rules.issuer), "discovery", most_bytes=MAX_DOCUMENT_BYTES
                )
                self._provider = parse_provider(
                    answer.body, issuer=self._rules.issuer, hosts=self._rules.endpoint_hosts
                )
            except OidcRefused as refused:
                self._provider, self._failed_at_s, self._failure = None, now_s, refused.why
                raise
            self._provider_at_s = now_s
            return self._provider

    async def _keys_for(self, provider: Provider, token: str) -> tuple[SigningKey, ...]:
        """Return the keys that may have signed `token`: of those we have, or else of those the provider has now."""
        async with self._lock:
            now_s = self._clock.mono_s()
            if now_s - self._keys_at_s < KEPT_S:
                found = find_keys(token, self._keys, self._rules.algorithms)
                if found or now_s - self._keys_asked_at_s < NEW_KEYS_EVERY_S:
                    return found
            self._keys_asked_at_s = now_s
            answer = await self._get(provider.jwks_uri, "keys", most_bytes=MAX_KEYS_BYTES)
            self._keys, self._keys_at_s = parse_keys(answer.body, self._rules.algorithms), now_s
            return find_keys(token, self._keys, self._rules.algorithms)

    async def _get(self, url: str, what: str, *, most_bytes: int) -> Answer:
        try:
            answer = await self._http.get(url, most_bytes=most_bytes)
        except OutgoingError as cause:
            raise OidcRefused(f"{what}_{cause.why}") from cause
        if answer.status != 200:
            raise OidcRefused(f"{what}_status")
        return answer
