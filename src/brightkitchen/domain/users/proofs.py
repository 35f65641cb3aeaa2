"""Checks what a person shows: a one-time code, a recovery code, a passkey, the password. Each code opens once."""

import hashlib
from typing import Final

from brightkitchen.domain.users import factor_store, passkeys, totp
from brightkitchen.domain.users.factor_store import TotpRow
from brightkitchen.domain.users.model import FactorKind, Proof, User
from brightkitchen.domain.users.passwords import PasswordPool, random_letters
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.sealing import FieldSealer

RECOVERY: Final = "recovery"
RECOVERY_CODES: Final = 10
_RECOVERY_LETTERS: Final = 16


class ProofDesk:
    """What proves a person, kept sealed or hashed."""

    def __init__(
        self, database: Database, sealer: FieldSealer, passwords: PasswordPool, *, clock: Clock, entropy: Entropy
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._passwords = passwords
        self._clock = clock
        self._entropy = entropy

    async def methods(self, user: User, origin: str) -> tuple[str, ...]:
        """Return what this person can show on a page of `origin`, besides the password."""
        found = [FactorKind.TOTP.value] if FactorKind.TOTP in user.factors else []
        rp_id = passkeys.rp_id_of(origin)
        async with self._database.read() as connection:
            if rp_id and await factor_store.load_passkeys(connection, user.id, rp_id):
                found.append(FactorKind.PASSKEY.value)
            if await factor_store.count_recovery_codes(connection, user.id):
                found.append(RECOVERY)
        return tuple(found)

    async def passkey_options(self, user: User | None, origin: str, challenge: bytes) -> str:
        """Return what the browser's credential call takes, as JSON; "" if there is nothing to ask for."""
        rp_id = passkeys.rp_id_of(origin)
        if not rp_id:
            return ""
        if user is None:
            return passkeys.build_request_options(rp_id, challenge, [])
        async with self._database.read() as connection:
            known = await factor_store.load_passkeys(connection, user.id, rp_id)
        return passkeys.build_request_options(rp_id, challenge, known) if known else ""

    async def check(self, user: User, proof: Proof, *, challenge: bytes, origin: str) -> str | None:
        """Return which factor was shown ("" = the password), or None if it is wrong or was used before."""
        if proof.totp:
            return FactorKind.TOTP.value if await self._is_code(user.id, proof.totp) else None
        if proof.recovery:
            return RECOVERY if await self._take_recovery_code(user.id, proof.recovery) else None
        if proof.passkey:
            shown = await self.who_answers(proof.passkey, challenge=challenge, origin=origin)
            return FactorKind.PASSKEY.value if shown == user.id else None
        if proof.password:
            right = await self._passwords.is_correct(proof.password, user.password_hash, is_known=True)
            return "" if right else None
        return None

    async def who_answers(self, answer: str, *, challenge: bytes, origin: str) -> UserId | None:
        """Return whose passkey signed the challenge, or None."""
        try:
            credential = passkeys.credential_of(answer)
            async with self._database.read() as connection:
                row = await factor_store.load_passkey(connection, credential)
            if row is None or row.rp_id != passkeys.rp_id_of(origin):
                return None
            after = passkeys.check_answer(answer, row, challenge=challenge, origin=origin)
        except BrightKitchenError as refused:
            if refused.code != "auth.passkey_refused":
                raise
            return None
        async with self._database.write() as connection:
            used = await factor_store.save_passkey_use(
                connection, row.id, before=row.sign_count, after=after, now=self._clock.utc()
            )
        return row.user if used else None

    def seal_secret(self, factor: str, secret: str) -> bytes:
        """Return a secret of one-time codes as it is stored: it opens in its own row only."""
        return self._sealer.seal(secret, table="factors", column="totp_sealed", row=factor)

    async def take_code(self, row: TotpRow, code: str) -> bool:
        """Use a one-time code up. False if it is wrong or not newer than the last one."""
        secret = self._sealer.open(row.sealed, table="factors", column="totp_sealed", row=row.id)
        step = totp.find_step(secret, code, self._clock.utc())
        if step is None:
            return False
        async with self._database.write() as connection:
            return await factor_store.take_step(connection, row.id, step, self._clock.utc())

    def new_recovery_codes(self) -> list[str]:
        """Return ten fresh codes of 79 bits, e.g. ``k7wq-m3hx-ra9c-p2vd``."""
        made = [random_letters(self._entropy, _RECOVERY_LETTERS) for _ in range(RECOVERY_CODES)]
        return ["-".join(each[start : start + 4] for start in range(0, _RECOVERY_LETTERS, 4)) for each in made]

    async def _is_code(self, user: UserId, code: str) -> bool:
        async with self._database.read() as connection:
            rows = await factor_store.load_totp(connection, user, confirmed=True)
        for row in rows:
            if await self.take_code(row, code):
                return True
        return False

    async def _take_recovery_code(self, user: UserId, code: str) -> bool:
        async with self._database.write() as connection:
            return await factor_store.take_recovery_code(connection, user, recovery_sha256(code), self._clock.utc())


def recovery_sha256(code: str) -> str:
    """Return what is stored of a recovery code; hyphens, spaces and capitals do not matter."""
    letters = "".join(each for each in code.casefold() if each.isascii() and each.isalnum())
    return hashlib.sha256(letters.encode()).hexdigest()
