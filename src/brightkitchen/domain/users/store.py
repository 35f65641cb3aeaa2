"""Rows of people and sessions."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.authz.store import organisations
from brightkitchen.domain.users.model import FactorKind, Session, User
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import PremisesId, SessionId, UserId
from brightkitchen.kernel.units import Utc, optional_utc

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("username", sa.String(64), nullable=False, unique=True),
    sa.Column("display_name", sa.String(100), nullable=False),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("disabled_at", sa.BigInteger, nullable=True),
    sa.Column("organisation_id", sa.String(40), sa.ForeignKey(organisations.c.id), nullable=True),
    sa.Column("password_set_at", sa.BigInteger, nullable=False),
    # somebody else saw the password: it has to be changed at the first log-in
    sa.Column("password_is_temporary", sa.Boolean, nullable=False),
    sa.Column("created_by", sa.String(40), nullable=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
)

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("role", sa.String(24), nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("categories", sa.String(400), nullable=False),
    sa.Column("premises_id", sa.String(40), nullable=True, index=True),
    sa.Column("granted_by", sa.String(40), nullable=True),
    sa.Column("approved_by", sa.String(40), nullable=True),
    sa.Column("granted_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=True),
    sa.Column("revoked_at", sa.BigInteger, nullable=True),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("token_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("pseudonym", sa.String(40), nullable=False),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_input_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger, nullable=True),
    sa.Column("factor", sa.String(12), nullable=False),
    sa.Column("stepped_up_at", sa.BigInteger, nullable=False),
    sa.Column("device", sa.String(40), nullable=False),
    sa.Column("network", sa.String(50), nullable=False),
)

# What proves a person besides the password: one-time codes or a passkey; `confirmed_at` is null until it was used once.
factors = sa.Table(
    "factors",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("confirmed_at", sa.BigInteger, nullable=True),
    sa.Column("last_used_at", sa.BigInteger, nullable=True),
    sa.Column("totp_sealed", sa.LargeBinary, nullable=True),
    sa.Column("totp_step", sa.BigInteger, nullable=True),
    sa.Column("credential_sha256", sa.String(64), nullable=True, unique=True),
    sa.Column("credential_id", sa.LargeBinary, nullable=True),
    sa.Column("public_key", sa.LargeBinary, nullable=True),
    sa.Column("sign_count", sa.BigInteger, nullable=True),
    sa.Column("rp_id", sa.String(255), nullable=True),
)


async def load_user_by_name(connection: AsyncConnection, username: str, now: Utc) -> User | None:
    """Return the person of that name with the roles held at `now`."""
    row = (await connection.execute(sa.select(users).where(users.c.username == username))).one_or_none()
    return await _complete(connection, row, now) if row else None


async def load_user(connection: AsyncConnection, user: UserId, now: Utc) -> User | None:
    """Return a person with the roles held at `now`."""
    row = (await connection.execute(sa.select(users).where(users.c.id == user))).one_or_none()
    return await _complete(connection, row, now) if row else None


async def load_grants(connection: AsyncConnection, user: UserId, now: Utc) -> tuple[Grant, ...]:
    """Return the roles a person holds at `now`: neither revoked nor expired."""
    held = sa.and_(
        grants.c.user_id == user,
        grants.c.revoked_at.is_(None),
        sa.or_(grants.c.expires_at.is_(None), grants.c.expires_at > now),
    )
    rows = await connection.execute(sa.select(grants).where(held).order_by(grants.c.granted_at, grants.c.id))
    return tuple(_grant(row) for row in rows)


async def save_new_grant(connection: AsyncConnection, grant_id: str, user: UserId, grant: Grant, now: Utc) -> None:
    await connection.execute(
        grants.insert().values(
            id=grant_id,
            user_id=user,
            role=grant.role.value,
            region=grant.scope.region,
            categories=",".join(sorted(grant.scope.categories)),
            premises_id=grant.scope.premises,
            granted_at=now,
        )
    )


async def count_users(connection: AsyncConnection) -> int:
    return int((await connection.execute(sa.select(sa.func.count()).select_from(users))).scalar_one())


async def save_new_user(connection: AsyncConnection, user: User, now: Utc) -> None:
    await connection.execute(
        users.insert().values(
            id=user.id,
            username=user.username,
            display_name=user.display_name,
            password_hash=user.password_hash,
            created_at=now,
            updated_at=now,
            password_set_at=now,
            password_is_temporary=user.is_temporary,
        )
    )


async def save_password(
    connection: AsyncConnection, user: UserId, password_hash: str, now: Utc, *, is_temporary: bool
) -> None:
    changed = users.update().where(users.c.id == user)
    await connection.execute(
        changed.values(
            password_hash=password_hash, updated_at=now, password_set_at=now, password_is_temporary=is_temporary
        )
    )


async def save_new_session(connection: AsyncConnection, session: Session, token_sha256: str) -> None:
    await connection.execute(
        sessions.insert().values(
            id=session.id,
            token_sha256=token_sha256,
            pseudonym=session.pseudonym,
            user_id=session.user,
            created_at=session.created_at,
            last_input_at=session.last_input_at,
            expires_at=session.expires_at,
            factor=session.factor,
            stepped_up_at=session.stepped_up_at,
            device=session.device,
            network=session.network,
        )
    )


async def save_proof(connection: AsyncConnection, session: Session, token_sha256: str) -> None:
    """Keep what proved the person again, and the token that takes the place of the old one."""
    await connection.execute(
        sessions.update()
        .where(sessions.c.id == session.id, sessions.c.ended_at.is_(None))
        .values(token_sha256=token_sha256, factor=session.factor, stepped_up_at=session.stepped_up_at)
    )


async def load_open_sessions(connection: AsyncConnection, user: UserId, now: Utc) -> list[Session]:
    """Return a person's sessions that were neither ended nor are too old, the one used last first; idle ones are among them."""
    mine = sa.select(sessions).where(
        sessions.c.user_id == user, sessions.c.ended_at.is_(None), sessions.c.expires_at > now
    )
    rows = await connection.execute(mine.order_by(sessions.c.last_input_at.desc(), sessions.c.id))
    return [_session(row) for row in rows]


async def load_session(connection: AsyncConnection, token_sha256: str, now: Utc) -> tuple[Session, User] | None:
    """Return the session of that token and its person, over or not."""
    row = (await connection.execute(sa.select(sessions).where(sessions.c.token_sha256 == token_sha256))).one_or_none()
    if row is None:
        return None
    user = await load_user(connection, UserId(row.user_id), now)
    return (_session(row), user) if user else None


async def save_input(connection: AsyncConnection, session: SessionId, now: Utc) -> None:
    await connection.execute(sessions.update().where(sessions.c.id == session).values(last_input_at=now))


async def end_sessions(
    connection: AsyncConnection, user: UserId, now: Utc, *, keep: SessionId | None = None
) -> tuple[str, ...]:
    """End all of a person's sessions but `keep`, and return the pseudonyms of those that were open."""
    mine = (sessions.c.user_id == user) & sessions.c.ended_at.is_(None) & (sessions.c.id != (keep or ""))
    pseudonyms = tuple((await connection.execute(sa.select(sessions.c.pseudonym).where(mine))).scalars())
    await connection.execute(sessions.update().where(mine).values(ended_at=now))
    return pseudonyms


async def end_session(connection: AsyncConnection, session: SessionId, now: Utc) -> None:
    await connection.execute(
        sessions.update().where((sessions.c.id == session) & sessions.c.ended_at.is_(None)).values(ended_at=now)
    )


async def delete_sessions_before(connection: AsyncConnection, at: Utc) -> None:
    """Forget sessions that ended by age before `at`."""
    await connection.execute(sessions.delete().where(sessions.c.expires_at < at))


async def _complete(connection: AsyncConnection, row: sa.Row[tuple[object, ...]], now: Utc) -> User:
    user = UserId(row.id)
    confirmed = sa.select(factors.c.kind).where(factors.c.user_id == user, factors.c.confirmed_at.is_not(None))
    return User(
        user,
        row.username,
        row.display_name,
        await load_grants(connection, user, now),
        row.password_hash,
        optional_utc(row.disabled_at),
        Utc(row.password_set_at),
        row.password_is_temporary,
        frozenset(FactorKind(kind) for kind in (await connection.execute(confirmed)).scalars()),
    )


def _grant(row: sa.Row[tuple[object, ...]]) -> Grant:
    categories = frozenset(part for part in row.categories.split(",") if part)
    premises = PremisesId(row.premises_id) if row.premises_id is not None else None
    return Grant(Role(row.role), Scope(row.region, categories, premises))


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    return Session(
        SessionId(row.id),
        row.pseudonym,
        UserId(row.user_id),
        Utc(row.created_at),
        Utc(row.last_input_at),
        Utc(row.expires_at),
        optional_utc(row.ended_at),
        row.factor,
        Utc(row.stepped_up_at),
        row.device,
        row.network,
    )


_regions = sa.table("regions", sa.column("code"), sa.column("name"))
# The slice of premises lies above this one; only the name is read, to say how far a role reaches.
_premises = sa.table("premises", sa.column("id"), sa.column("name"))


async def load_reach_names(connection: AsyncConnection, held: Sequence[Grant]) -> dict[str, str]:
    """Return the names of the regions and premises that these roles reach, by code and id."""
    regions = {grant.scope.region for grant in held if grant.scope.region}
    places = {grant.scope.premises for grant in held if grant.scope.premises is not None}
    found = await connection.execute(sa.select(_regions.c.code, _regions.c.name).where(_regions.c.code.in_(regions)))
    named = await connection.execute(sa.select(_premises.c.id, _premises.c.name).where(_premises.c.id.in_(places)))
    return {row.code: row.name for row in found} | {row.id: row.name for row in named}
