"""Rows of people and sessions."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.users.model import Session, User
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import SessionId, UserId
from brightkitchen.kernel.units import Utc

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("username", sa.String(64), nullable=False, unique=True),
    sa.Column("display_name", sa.String(100), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("disabled_at", sa.BigInteger, nullable=True),
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
)


async def load_user_by_name(connection: AsyncConnection, username: str) -> User | None:
    row = (await connection.execute(sa.select(users).where(users.c.username == username))).one_or_none()
    return _user(row) if row else None


async def load_user(connection: AsyncConnection, user: UserId) -> User | None:
    row = (await connection.execute(sa.select(users).where(users.c.id == user))).one_or_none()
    return _user(row) if row else None


async def count_users(connection: AsyncConnection) -> int:
    return int((await connection.execute(sa.select(sa.func.count()).select_from(users))).scalar_one())


async def save_new_user(connection: AsyncConnection, user: User, now: Utc) -> None:
    await connection.execute(
        users.insert().values(
            id=user.id,
            username=user.username,
            display_name=user.display_name,
            role=user.role.value,
            password_hash=user.password_hash,
            created_at=now,
            updated_at=now,
        )
    )


async def save_password(connection: AsyncConnection, user: UserId, password_hash: str, now: Utc) -> None:
    await connection.execute(
        users.update().where(users.c.id == user).values(password_hash=password_hash, updated_at=now)
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
        )
    )


async def load_session(connection: AsyncConnection, token_sha256: str) -> tuple[Session, User] | None:
    """Return the session of that token and its person, over or not."""
    row = (await connection.execute(sa.select(sessions).where(sessions.c.token_sha256 == token_sha256))).one_or_none()
    if row is None:
        return None
    user = await load_user(connection, UserId(row.user_id))
    return (_session(row), user) if user else None


async def save_input(connection: AsyncConnection, session: SessionId, now: Utc) -> None:
    await connection.execute(sessions.update().where(sessions.c.id == session).values(last_input_at=now))


async def end_sessions(connection: AsyncConnection, user: UserId, now: Utc) -> tuple[str, ...]:
    """End all of a person's sessions and return the pseudonyms of those that were open."""
    mine = (sessions.c.user_id == user) & sessions.c.ended_at.is_(None)
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


def _user(row: sa.Row[tuple[object, ...]]) -> User:
    disabled_at = Utc(row.disabled_at) if row.disabled_at is not None else None
    return User(UserId(row.id), row.username, row.display_name, Role(row.role), row.password_hash, disabled_at)


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    return Session(
        SessionId(row.id),
        row.pseudonym,
        UserId(row.user_id),
        Utc(row.created_at),
        Utc(row.last_input_at),
        Utc(row.expires_at),
        Utc(row.ended_at) if row.ended_at is not None else None,
    )
