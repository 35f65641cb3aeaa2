"""API tokens for machines: told once, kept as a hash, never stronger than their maker is now (SECURITY §2.2).

``bkt_`` + 16 characters of its id + 64 hexadecimal digits (256 random bits). What a token may do is decided at each use: the grants it was given, shrunk
to those its maker holds at that moment; acts for people are refused by the policy (`human_only`).
"""

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from brightkitchen.domain.authz.model import Actor, Grant, Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.users import policy as rules
from brightkitchen.domain.users import token_store
from brightkitchen.domain.users.access import AccessChanges
from brightkitchen.domain.users.grants import shrink
from brightkitchen.domain.users.model import User
from brightkitchen.domain.users.people_model import LONGEST_TOKEN_US, ApiToken, MadeToken, TokenKind
from brightkitchen.domain.users.ports import AuditPort
from brightkitchen.domain.users.store import load_user
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import UserId, is_id, new_id
from brightkitchen.kernel.units import US_PER_S, Utc

PREFIX: Final = "bkt_"
MAX_TOKENS: Final = 20
MAX_GRANTS: Final = 10
MAX_NETWORKS: Final = 10
MAX_NAME_CHARS: Final = 60
_SECRET: Final = re.compile(r"bkt_[0-9a-hjkmnp-tv-z]{16}[0-9a-f]{64}")
_TOUCH_EVERY_US: Final = 60 * US_PER_S


class TokenService:
    """Making, showing and revoking one's own API tokens, and who comes with one."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        audit: AuditPort,
        access: AccessChanges,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._access = access
        self._clock = clock
        self._entropy = entropy

    async def make_token(
        self,
        actor: Actor,
        name: str,
        *,
        grants: Sequence[Grant],
        networks: Sequence[str],
        expires_at: Utc,
        kind: TokenKind = TokenKind.MACHINE,
    ) -> MadeToken:
        """Make a token of the actor's own. networks: e.g. ("10.1.0.0/16",); () = from anywhere.

        raises: BrightKitchenError "token.name", "token.grants", "token.networks", "token.expiry", "token.too_many".
        """
        user = self._check(actor)
        now = self._clock.utc()
        text = name.strip()
        if not 0 < len(text) <= MAX_NAME_CHARS or not text.isprintable():
            raise BrightKitchenError(Kind.INVALID, "token.name", longest=MAX_NAME_CHARS, field="name")
        if not now < expires_at <= now + LONGEST_TOKEN_US:
            raise BrightKitchenError(Kind.INVALID, "token.expiry", field="expires_at")
        asked = tuple(dict.fromkeys(grants))
        if not 0 < len(asked) <= MAX_GRANTS or any(each not in shrink((each,), actor.grants) for each in asked):
            raise BrightKitchenError(Kind.INVALID, "token.grants", most=MAX_GRANTS, field="grants")
        token = ApiToken(
            id=new_id("tkn", self._entropy),
            user=user,
            name=text,
            pseudonym=new_id("sid", self._entropy),
            grants=asked,
            networks=_checked_networks(networks),
            created_at=now,
            expires_at=expires_at,
            kind=kind,
        )
        secret = PREFIX + token.id.removeprefix("tkn_") + self._entropy.token_bytes(32).hex()
        async with self._database.write() as connection:
            good = [each for each in await token_store.load_tokens(connection, user) if each.expires_at > now]
            if len(good) >= MAX_TOKENS:
                raise BrightKitchenError(Kind.CONFLICT, "token.too_many", most=MAX_TOKENS)
            await token_store.save_new_token(connection, token, _sha256(secret))
            await self._audit.append(
                connection,
                "token.made",
                actor=actor,
                object_kind="api_token",
                object_id=token.id,
                detail={
                    "name": text,
                    "networks": ",".join(token.networks),
                    "expires_at": expires_at,
                    "kind": kind.value,
                },
            )
        return MadeToken(token, secret)

    async def list_tokens(self, actor: Actor) -> tuple[ApiToken, ...]:
        """Return the actor's own tokens, newest first."""
        user = self._check(actor)
        async with self._database.read() as connection:
            return await token_store.load_tokens(connection, user)

    async def revoke_token(self, actor: Actor, token_id: str) -> None:
        """Revoke one of the actor's own tokens; what it fetches closes within 10 s. raises: "access.none"."""
        user = self._check(actor)
        async with self._database.write() as connection:
            mine = await token_store.load_tokens(connection, user) if is_id(token_id, "tkn") else ()
            if token_id not in {each.id for each in mine}:
                raise not_found()
            closing = await self._access.end_tokens(connection, user, only=token_id)
            await self._audit.append(
                connection, "token.revoked", actor=actor, object_kind="api_token", object_id=token_id
            )
        await self._access.tell(closing)

    async def authenticate(
        self, secret: str, *, address: str, kind: TokenKind = TokenKind.MACHINE
    ) -> tuple[Actor, ApiToken, User] | None:
        """Return who comes with that token from that address, None if it is good for nothing (any more), or comes another kind's way."""
        if not _SECRET.fullmatch(secret):
            return None
        now = self._clock.utc()
        async with self._database.read() as connection:
            token = await token_store.load_token_by_secret(connection, _sha256(secret))
            if token is None or token.kind is not kind or token.revoked_at is not None or token.expires_at <= now:
                return None
            maker = await load_user(connection, token.user, now)
        if maker is None or maker.disabled_at is not None or not _is_from(address, token.networks):
            return None
        if token.last_used_at is None or now - token.last_used_at >= _TOUCH_EVERY_US:
            async with self._database.write() as connection:
                await token_store.save_token_use(connection, token.id, now, address)
        grants = shrink(token.grants, maker.grants)
        is_kiosk = kind is TokenKind.KIOSK
        return Actor(grants, maker.id, None, token.pseudonym, token.id, address, is_kiosk), token, maker

    async def end_kiosk(self, actor: Actor) -> None:
        """A display gives up its own credential. raises: "access.none" for everybody else."""
        if not actor.kiosk or actor.user is None:
            raise not_found()
        async with self._database.write() as connection:
            closing = await self._access.end_tokens(connection, actor.user, only=actor.token)
            await self._audit.append(
                connection, "token.revoked", actor=actor, object_kind="api_token", object_id=actor.token
            )
        await self._access.tell(closing)

    def _check(self, actor: Actor) -> UserId:
        if actor.user is None or Role.LOCAL in actor.roles or not self._policy.check(actor, rules.TOKENS).allowed:
            raise not_found()
        return actor.user


def _checked_networks(texts: Sequence[str]) -> tuple[str, ...]:
    try:
        if len(texts) > MAX_NETWORKS:
            raise ValueError("too many")
        return tuple(str(ipaddress.ip_network(text.strip())) for text in texts)
    except ValueError as cause:
        raise BrightKitchenError(Kind.INVALID, "token.networks", most=MAX_NETWORKS, field="networks") from cause


def _is_from(address: str, networks: Sequence[str]) -> bool:
    if not networks:
        return True
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in ipaddress.ip_network(each) for each in networks)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii", "replace")).hexdigest()
