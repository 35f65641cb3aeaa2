"""Argon2id in a small pool of threads with a bounded queue: a flood of log-ins costs 429s, not the service."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind

THREADS: Final = 4
QUEUE: Final = 32
MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 256
_WORDS: Final = "abcdefghjkmnpqrstuvwxyz23456789"

T = TypeVar("T")


class PasswordPool:
    """Hashes and verifies passwords off the event loop."""

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Return the argon2id hash. raises: BrightKitchenError "auth.busy"."""
        return await self._run(partial(self._hasher.hash, password))

    async def is_correct(self, password: str, stored: str | None) -> bool:
        """True if `password` made `stored`. None (no such account) takes as long and is False."""
        nobody = await self._stand_in()
        if stored is None:
            await self._run(partial(self._verify, password, nobody))
            return False
        return await self._run(partial(self._verify, password, stored))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _stand_in(self) -> str:
        """Return the hash that unknown accounts are checked against; made once, whoever asks first."""
        if self._nobody is None:
            self._nobody = await self.hash("nobody has this password")
        return self._nobody

    def _verify(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(password, stored)
        except UnknownHashError:
            return False

    async def _run(self, work: "partial[T]") -> T:
        if self._waiting >= THREADS + QUEUE:
            raise BrightKitchenError(Kind.EXHAUSTED, "auth.busy", retry_after_s=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1


def check_password(password: str) -> None:
    """raises: BrightKitchenError "user.password_short" or "user.password_long"."""
    if len(password) < MIN_LENGTH:
        raise BrightKitchenError(Kind.INVALID, "user.password_short", shortest=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise BrightKitchenError(Kind.INVALID, "user.password_long", longest=MAX_LENGTH)


def random_password(entropy: Entropy) -> str:
    """Return 4 groups of 5 characters that are hard to confuse: 99 bits, e.g. ``k7wqm-3hxra-…``."""
    letters: list[str] = []
    while len(letters) < 20:
        # 31 letters: bytes of 248 and above would favour the first ones
        letters += [_WORDS[byte % 31] for byte in entropy.token_bytes(32) if byte < 248]
    text = "".join(letters[:20])
    return "-".join(text[start : start + 5] for start in range(0, 20, 5))
