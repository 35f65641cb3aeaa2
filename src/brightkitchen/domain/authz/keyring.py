"""The key pairs that sign media tokens (SECURITY §2.4). The private halves never leave this module's objects.

Life of a pair: created → (10 minutes, while nodes learn the public half) → signs for 30 days → kept 15 minutes so that
the last tokens still verify → forgotten. Its successor is made 10 minutes before it is needed.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database, metadata
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import new_id
from brightkitchen.kernel.nodeprotocol import VerifyKey
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import US_PER_S, Utc

USE_US: Final = 30 * 86_400 * US_PER_S
LEAD_US: Final = 10 * 60 * US_PER_S
KEEP_US: Final = 15 * 60 * US_PER_S

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("kid", sa.String(40), primary_key=True),
    sa.Column("private_sealed", sa.LargeBinary, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("use_from_at", sa.BigInteger, nullable=False),
    sa.Column("use_until_at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One pair and when it signs."""

    kid: str
    private_key: Ed25519PrivateKey
    use_from_at: Utc
    use_until_at: Utc

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, private_key=…)"

    @property
    def public_bytes(self) -> bytes:
        """32 bytes."""
        return self.private_key.public_key().public_bytes_raw()


class KeyRing:
    """Knows every pair that is in use, was just now, or will be soon."""

    def __init__(self, database: Database, sealer: FieldSealer, entropy: Entropy, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._entropy = entropy
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()

    async def refresh(self) -> bool:
        """Load the pairs, make the next one when it is due, forget those past keeping. True if the set changed."""
        before = {key.kid for key in self._keys}
        now = self._clock.utc()
        async with self._database.write() as connection:
            await connection.execute(signing_keys.delete().where(signing_keys.c.use_until_at + KEEP_US < now))
            rows = (await connection.execute(sa.select(signing_keys).order_by(signing_keys.c.use_from_at))).all()
            keys = [self._opened(row) for row in rows]
            last_until = max((key.use_until_at for key in keys), default=now)
            if not keys or last_until - LEAD_US <= now:
                keys.append(await self._create(connection, use_from_at=max(last_until, now), now=now))
        self._keys = tuple(keys)
        return {key.kid for key in keys} != before

    def current(self) -> SigningKey:
        """Return the pair that signs now. raises: BrightKitchenError "auth.no_signing_key"."""
        now = self._clock.utc()
        usable = [key for key in self._keys if key.use_from_at <= now < key.use_until_at]
        if not usable:
            raise BrightKitchenError(Kind.UNAVAILABLE, "auth.no_signing_key")
        return usable[-1]

    def verify_keys(self) -> tuple[VerifyKey, ...]:
        """Return the public halves that nodes must know now."""
        return tuple(VerifyKey(kid=key.kid, public_key=key.public_bytes) for key in self._keys)

    async def _create(self, connection: AsyncConnection, *, use_from_at: Utc, now: Utc) -> SigningKey:
        kid = new_id("kid", self._entropy)
        private = Ed25519PrivateKey.from_private_bytes(self._entropy.token_bytes(32))
        key = SigningKey(kid, private, use_from_at, Utc(use_from_at + USE_US))
        sealed = self._sealer.seal_bytes(
            private.private_bytes_raw(), table="signing_keys", column="private_sealed", row=kid
        )
        await connection.execute(
            signing_keys.insert().values(
                kid=kid,
                private_sealed=sealed,
                public_key=key.public_bytes,
                created_at=now,
                use_from_at=key.use_from_at,
                use_until_at=key.use_until_at,
            )
        )
        return key

    def _opened(self, row: sa.Row[tuple[object, ...]]) -> SigningKey:
        raw = self._sealer.open_bytes(row.private_sealed, table="signing_keys", column="private_sealed", row=row.kid)
        private = Ed25519PrivateKey.from_private_bytes(raw)
        return SigningKey(row.kid, private, Utc(row.use_from_at), Utc(row.use_until_at))
