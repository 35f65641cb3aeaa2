"""Rows of API tokens, and the pseudonyms that tokens and sessions go by."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.users.grants import read_grant, write_grant
from brightkitchen.domain.users.people_model import ApiToken, TokenKind
from brightkitchen.domain.users.store import sessions
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc, optional_utc

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("secret_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("pseudonym", sa.String(40), nullable=False),
    sa.Column("grants", sa.Text, nullable=False),
    sa.Column("networks", sa.String(800), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", sa.BigInteger, nullable=True),
    sa.Column("last_used_from", sa.String(64), nullable=False),
    sa.Column("revoked_at", sa.BigInteger, nullable=True),
    sa.Column("kind", sa.String(8), nullable=False, server_default=TokenKind.MACHINE.value),
)


async def save_new_token(connection: AsyncConnection, token: ApiToken, secret_sha256: str) -> None:
    await connection.execute(
        api_tokens.insert().values(
            id=token.id,
            user_id=token.user,
            name=token.name,
            secret_sha256=secret_sha256,
            pseudonym=token.pseudonym,
            grants=json.dumps([write_grant(each) for each in token.grants]),
            networks=",".join(token.networks),
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_from="",
            kind=token.kind.value,
        )
    )


async def load_token_by_secret(connection: AsyncConnection, secret_sha256: str) -> ApiToken | None:
    row = (
        await connection.execute(sa.select(api_tokens).where(api_tokens.c.secret_sha256 == secret_sha256))
    ).one_or_none()
    return _token(row) if row is not None else None


async def load_tokens(connection: AsyncConnection, user: UserId) -> tuple[ApiToken, ...]:
    """Return a person's tokens that were not revoked, newest first."""
    rows = await connection.execute(
        sa.select(api_tokens)
        .where(api_tokens.c.user_id == user, api_tokens.c.revoked_at.is_(None))
        .order_by(api_tokens.c.created_at.desc(), api_tokens.c.id)
    )
    return tuple(_token(row) for row in rows)


async def revoke_tokens(connection: AsyncConnection, user: UserId, now: Utc, *, only: str = "") -> tuple[str, ...]:
    """Revoke one token or all of a person; return the pseudonyms of those that were good."""
    mine = (api_tokens.c.user_id == user) & api_tokens.c.revoked_at.is_(None)
    if only:
        mine &= api_tokens.c.id == only
    names = tuple((await connection.execute(sa.select(api_tokens.c.pseudonym).where(mine))).scalars())
    await connection.execute(api_tokens.update().where(mine).values(revoked_at=now))
    return names


async def save_token_use(connection: AsyncConnection, token_id: str, at: Utc, address: str) -> None:
    await connection.execute(
        api_tokens.update().where(api_tokens.c.id == token_id).values(last_used_at=at, last_used_from=address[:64])
    )


async def replace_pseudonyms(
    connection: AsyncConnection, user: UserId, make: Callable[[], str], now: Utc
) -> tuple[str, ...]:
    """Give the person's open sessions and good API tokens another pseudonym each; return the old ones."""
    old: list[str] = []
    for table, is_good in (
        (sessions, sessions.c.ended_at.is_(None) & (sessions.c.expires_at > now)),
        (api_tokens, api_tokens.c.revoked_at.is_(None) & (api_tokens.c.expires_at > now)),
    ):
        mine = sa.select(table.c.id, table.c.pseudonym).where(table.c.user_id == user, is_good)
        for row in (await connection.execute(mine)).all():
            old.append(row.pseudonym)
            await connection.execute(table.update().where(table.c.id == row.id).values(pseudonym=make()))
    return tuple(old)


def _token(row: sa.Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        user=UserId(row.user_id),
        name=row.name,
        pseudonym=row.pseudonym,
        grants=tuple(read_grant(each) for each in json.loads(row.grants)),
        networks=tuple(part for part in row.networks.split(",") if part),
        created_at=Utc(row.created_at),
        expires_at=Utc(row.expires_at),
        last_used_at=optional_utc(row.last_used_at),
        last_used_from=row.last_used_from,
        revoked_at=optional_utc(row.revoked_at),
        kind=TokenKind(row.kind),
    )
