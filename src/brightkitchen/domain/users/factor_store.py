"""Rows of factors, recovery codes, known devices and old passwords."""

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.users.model import Factor, FactorKind
from brightkitchen.domain.users.store import factors
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc, optional_utc

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("code_sha256", sa.String(64), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger, nullable=True),
)

known_devices = sa.Table(
    "known_devices",
    metadata,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

password_history = sa.Table(
    "password_history",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("replaced_at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class TotpRow:
    """A secret of one-time codes, still sealed. step: of the last code that was taken."""

    id: str
    user: UserId
    sealed: bytes
    step: int | None


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A credential's public half."""

    id: str
    user: UserId
    credential_id: bytes
    public_key: bytes
    sign_count: int
    rp_id: str


async def load_factors(connection: AsyncConnection, user: UserId) -> list[Factor]:
    """Return a person's confirmed factors, the oldest first."""
    mine = sa.select(factors).where(factors.c.user_id == user, factors.c.confirmed_at.is_not(None))
    rows = await connection.execute(mine.order_by(factors.c.created_at, factors.c.id))
    return [_factor(row) for row in rows]


async def load_totp(connection: AsyncConnection, user: UserId, *, confirmed: bool) -> list[TotpRow]:
    """Return a person's secrets of one-time codes: those in use, or those still to be tried out."""
    state = factors.c.confirmed_at.is_not(None) if confirmed else factors.c.confirmed_at.is_(None)
    mine = sa.select(factors).where(factors.c.user_id == user, factors.c.kind == FactorKind.TOTP.value, state)
    return [
        TotpRow(row.id, UserId(row.user_id), row.totp_sealed, row.totp_step) for row in await connection.execute(mine)
    ]


async def save_new_totp(connection: AsyncConnection, row: TotpRow, name: str, now: Utc) -> None:
    """Keep a secret that has still to be tried out; another one that was never tried out goes."""
    await connection.execute(
        factors.delete().where(
            factors.c.user_id == row.user, factors.c.kind == FactorKind.TOTP.value, factors.c.confirmed_at.is_(None)
        )
    )
    await connection.execute(
        factors.insert().values(
            id=row.id,
            user_id=row.user,
            kind=FactorKind.TOTP.value,
            name=name,
            created_at=now,
            totp_sealed=row.sealed,
        )
    )


async def take_step(connection: AsyncConnection, factor: str, step: int, now: Utc) -> bool:
    """Note that the code of `step` was used. False if it, or a later one, was used before: each opens once."""
    mine = factors.c.id == factor
    unused = sa.or_(factors.c.totp_step.is_(None), factors.c.totp_step < step)
    taken = await connection.execute(
        factors.update()
        .where(mine, unused)
        .values(totp_step=step, last_used_at=now, confirmed_at=sa.func.coalesce(factors.c.confirmed_at, now))
    )
    return taken.rowcount == 1


async def save_new_passkey(connection: AsyncConnection, row: PasskeyRow, name: str, now: Utc) -> None:
    await connection.execute(
        factors.insert().values(
            id=row.id,
            user_id=row.user,
            kind=FactorKind.PASSKEY.value,
            name=name,
            created_at=now,
            confirmed_at=now,
            credential_sha256=_credential_sha256(row.credential_id),
            credential_id=row.credential_id,
            public_key=row.public_key,
            sign_count=row.sign_count,
            rp_id=row.rp_id,
        )
    )


async def load_passkeys(connection: AsyncConnection, user: UserId, rp_id: str) -> list[PasskeyRow]:
    """Return a person's passkeys that work at `rp_id`."""
    mine = sa.select(factors).where(
        factors.c.user_id == user, factors.c.kind == FactorKind.PASSKEY.value, factors.c.rp_id == rp_id
    )
    return [_passkey(row) for row in await connection.execute(mine.order_by(factors.c.created_at))]


async def load_passkey(connection: AsyncConnection, credential_id: bytes) -> PasskeyRow | None:
    mine = sa.select(factors).where(factors.c.credential_sha256 == _credential_sha256(credential_id))
    row = (await connection.execute(mine)).one_or_none()
    return _passkey(row) if row else None


async def save_passkey_use(connection: AsyncConnection, factor: str, *, before: int, after: int, now: Utc) -> bool:
    """Note a use. False if another request used the same answer meanwhile."""
    mine = sa.and_(factors.c.id == factor, factors.c.sign_count == before)
    changed = await connection.execute(factors.update().where(mine).values(sign_count=after, last_used_at=now))
    return changed.rowcount == 1


async def delete_factor(connection: AsyncConnection, user: UserId, factor: str) -> bool:
    """Forget a person's factor. False if there is none of that id."""
    gone = await connection.execute(factors.delete().where(factors.c.user_id == user, factors.c.id == factor))
    return gone.rowcount == 1


async def delete_factors(connection: AsyncConnection, user: UserId) -> None:
    """Forget all factors of a person, those still to be tried out too, and the recovery codes that stand in for them."""
    await connection.execute(factors.delete().where(factors.c.user_id == user))
    await connection.execute(recovery_codes.delete().where(recovery_codes.c.user_id == user))


async def save_recovery_codes(connection: AsyncConnection, user: UserId, codes: dict[str, str], now: Utc) -> None:
    """Keep these (id → SHA-256) and forget all earlier ones."""
    await connection.execute(recovery_codes.delete().where(recovery_codes.c.user_id == user))
    for code_id, code_sha256 in codes.items():
        await connection.execute(
            recovery_codes.insert().values(id=code_id, user_id=user, code_sha256=code_sha256, created_at=now)
        )


async def take_recovery_code(connection: AsyncConnection, user: UserId, code_sha256: str, now: Utc) -> bool:
    """Use a code up. False if it is none of this person's, or was used before."""
    mine = sa.and_(
        recovery_codes.c.user_id == user,
        recovery_codes.c.code_sha256 == code_sha256,
        recovery_codes.c.used_at.is_(None),
    )
    return (await connection.execute(recovery_codes.update().where(mine).values(used_at=now))).rowcount == 1


async def count_recovery_codes(connection: AsyncConnection, user: UserId) -> int:
    left = sa.and_(recovery_codes.c.user_id == user, recovery_codes.c.used_at.is_(None))
    return int(
        (await connection.execute(sa.select(sa.func.count()).select_from(recovery_codes).where(left))).scalar_one()
    )


async def is_known_device(connection: AsyncConnection, user: UserId, token_sha256: str, now: Utc) -> bool:
    mine = sa.select(known_devices.c.user_id).where(
        known_devices.c.token_sha256 == token_sha256,
        known_devices.c.user_id == user,
        known_devices.c.expires_at > now,
    )
    return (await connection.execute(mine)).first() is not None


async def has_device(connection: AsyncConnection, token_sha256: str) -> bool:
    """True if we gave this token to a browser, whoever logged in there."""
    mine = sa.select(known_devices.c.user_id).where(known_devices.c.token_sha256 == token_sha256)
    return (await connection.execute(mine.limit(1))).first() is not None


async def save_known_device(
    connection: AsyncConnection, user: UserId, token_sha256: str, now: Utc, expires_at: Utc
) -> None:
    mine = sa.and_(known_devices.c.token_sha256 == token_sha256, known_devices.c.user_id == user)
    changed = await connection.execute(known_devices.update().where(mine).values(expires_at=expires_at))
    if changed.rowcount == 0:
        await connection.execute(
            known_devices.insert().values(
                token_sha256=token_sha256, user_id=user, created_at=now, expires_at=expires_at
            )
        )


async def forget_devices(connection: AsyncConnection, user: UserId, *, keep_sha256: str = "") -> None:
    """Every browser but one is a stranger again: the password became known, or was thought to be."""
    mine = sa.and_(known_devices.c.user_id == user, known_devices.c.token_sha256 != keep_sha256)
    await connection.execute(known_devices.delete().where(mine))


async def forget_old_devices(connection: AsyncConnection, now: Utc) -> None:
    await connection.execute(known_devices.delete().where(known_devices.c.expires_at <= now))


async def load_old_passwords(connection: AsyncConnection, user: UserId, count: int) -> list[str]:
    """Return the hashes of a person's last `count` passwords before the present one."""
    mine = sa.select(password_history.c.password_hash).where(password_history.c.user_id == user)
    newest = mine.order_by(password_history.c.replaced_at.desc(), password_history.c.id).limit(count)
    return list((await connection.execute(newest)).scalars())


async def save_old_password(
    connection: AsyncConnection, row_id: str, user: UserId, password_hash: str, now: Utc, *, keep: int
) -> None:
    """Remember a password that was replaced; no more than `keep` of them."""
    await connection.execute(
        password_history.insert().values(id=row_id, user_id=user, password_hash=password_hash, replaced_at=now)
    )
    mine = password_history.c.user_id == user
    newest = sa.select(password_history.c.id).where(mine)
    kept = (
        await connection.execute(
            newest.order_by(password_history.c.replaced_at.desc(), password_history.c.id).limit(keep)
        )
    ).scalars()
    await connection.execute(password_history.delete().where(mine, password_history.c.id.not_in(list(kept))))


def _factor(row: sa.Row[tuple[object, ...]]) -> Factor:
    last_used_at = optional_utc(row.last_used_at)
    return Factor(row.id, FactorKind(row.kind), row.name, Utc(row.created_at), last_used_at)


def _passkey(row: sa.Row[tuple[object, ...]]) -> PasskeyRow:
    return PasskeyRow(row.id, UserId(row.user_id), row.credential_id, row.public_key, row.sign_count, row.rp_id)


def _credential_sha256(credential_id: bytes) -> str:
    return hashlib.sha256(credential_id).hexdigest()
