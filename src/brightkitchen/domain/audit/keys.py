"""The key that signs anchors. Its private half is sealed in the database; its successors are signed by it, year after year."""

from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.anchors import PublicKey, sign_key
from brightkitchen.domain.audit.store import audit_keys
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import new_id
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import US_PER_S, Utc

USE_US: Final = 365 * 86_400 * US_PER_S


class AuditKeys:
    """Loads and makes signing keys. Nothing is kept in memory between two anchors."""

    def __init__(self, sealer: FieldSealer, entropy: Entropy) -> None:
        self._sealer = sealer
        self._entropy = entropy

    async def load(self, connection: AsyncConnection) -> tuple[tuple[PublicKey, ...], Ed25519PrivateKey | None]:
        """Return the public history, oldest first, and the private half of the newest."""
        rows = (await connection.execute(sa.select(audit_keys).order_by(audit_keys.c.created_at))).all()
        publics = tuple(
            PublicKey(
                kid=row.kid,
                public_key=row.public_key.hex(),
                created_at=Utc(row.created_at),
                before=row.before_kid,
                signature=row.signature.hex(),
            )
            for row in rows
        )
        return publics, self._opened(rows[-1].kid, rows[-1].private_sealed) if rows else None

    async def create(
        self, connection: AsyncConnection, now: Utc, before: PublicKey | None, signer: Ed25519PrivateKey | None
    ) -> PublicKey:
        """Make a key that signs from now on. signer: the private half of `before`; None for the very first."""
        private = Ed25519PrivateKey.from_private_bytes(self._entropy.token_bytes(32))
        public = PublicKey(
            kid=new_id("kid", self._entropy),
            public_key=private.public_key().public_bytes_raw().hex(),
            created_at=now,
            before=before.kid if before else "",
        )
        public = sign_key(public, signer or private)
        sealed = self._sealer.seal_bytes(
            private.private_bytes_raw(), table="audit_keys", column="private_sealed", row=public.kid
        )
        await connection.execute(
            audit_keys.insert().values(
                kid=public.kid,
                private_sealed=sealed,
                public_key=bytes.fromhex(public.public_key),
                created_at=now,
                before_kid=public.before,
                signature=bytes.fromhex(public.signature),
            )
        )
        return public

    def _opened(self, kid: str, sealed: bytes) -> Ed25519PrivateKey:
        raw = self._sealer.open_bytes(sealed, table="audit_keys", column="private_sealed", row=kid)
        return Ed25519PrivateKey.from_private_bytes(raw)
