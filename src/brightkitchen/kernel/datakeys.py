"""The data keys: one per class of secrets, kept in the database, wrapped by the key-encryption key."""

from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database, data_keys
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import new_id
from brightkitchen.kernel.sealing import KEY_BYTES, FieldSealer, SealBroken, field_context, open_kek

_TABLE: Final = "data_keys"


class Purpose(StrEnum):
    """What a data key seals. One class of secrets can be re-keyed without touching the others."""

    CAMERA = "camera"
    SIGNING = "signing"
    TOTP = "totp"
    AUDIT = "audit"
    PERSON = "person"


async def load_sealers(
    database: Database, *, kek_source: str, entropy: Entropy, clock: Clock
) -> dict[Purpose, FieldSealer]:
    """Unwrap every data key, creating the first of each class.

    raises: BrightKitchenError "secrets.key_missing" when keys exist but the KEK does not, "secrets.key_wrong" when the
    KEK is another one than wrapped them. Nothing is created or changed then.
    """
    async with database.write() as connection:
        rows = (await connection.execute(sa.select(data_keys).order_by(data_keys.c.created_at))).all()
        kek = open_kek(kek_source, entropy, sealed_rows_exist=bool(rows))
        keys: dict[Purpose, dict[str, bytes]] = {purpose: {} for purpose in Purpose}
        for row in rows:
            try:
                key = kek.open(row.wrapped, field_context(_TABLE, row.purpose, row.id))
            except SealBroken as cause:
                raise BrightKitchenError(Kind.UNAVAILABLE, "secrets.key_wrong", place=kek_source) from cause
            keys[Purpose(row.purpose)][row.id] = key
        for purpose, known in keys.items():
            if known:
                continue
            key_id, key = new_id("key", entropy), entropy.token_bytes(KEY_BYTES)
            wrapped = kek.seal(key, field_context(_TABLE, purpose.value, key_id))
            await connection.execute(
                data_keys.insert().values(id=key_id, purpose=purpose.value, wrapped=wrapped, created_at=clock.utc())
            )
            known[key_id] = key
    return {purpose: FieldSealer(known, entropy) for purpose, known in keys.items()}
