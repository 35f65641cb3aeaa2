"""Which passwords will do, and argon2id in a small pool of threads with bounded queues.

A flood of log-ins costs 429s, not the service: strangers get half of the threads and half of the queue, the other half is
kept for browsers that logged in fully before, and for people who are logged in.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from brightkitchen.domain.users.common import is_common
from brightkitchen.domain.users.model import Profile
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind

THREADS: Final = 4
QUEUE: Final = 32
MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 256
CLASSES_NEEDED: Final = 3
SHORTEST_NAME: Final = 4
_WORDS: Final = "abcdefghjkmnpqrstuvwxyz23456789"

T = TypeVar("T")


class _Lane:
    """Half of the threads, half of the queue."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(THREADS // 2, thread_name_prefix=f"argon2-{name}")
        self.waiting = 0

    async def run(self, work: "partial[T]") -> T:
        if self.waiting >= (THREADS + QUEUE) // 2:
            raise BrightKitchenError(Kind.EXHAUSTED, "auth.busy", retry_after_s=5)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.waiting -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class PasswordPool:
    """Hashes and verifies passwords off the event loop."""

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        self._strangers = _Lane("strangers")
        self._known = _Lane("known")
        # What unknown accounts are checked against. Made before the first log-in: later, strangers would wait for it in turn.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return the argon2id hash. raises: BrightKitchenError "auth.busy"."""
        return await self._known.run(partial(self._hasher.hash, password))

    async def is_correct(self, password: str, stored: str | None, *, is_known: bool = False) -> bool:
        """True if `password` made `stored`. None (no such account) takes as long and is False.

        is_known: the browser, or the person, logged in fully before; strangers never take that half of the pool.
        raises: BrightKitchenError "auth.busy".
        """
        lane = self._known if is_known else self._strangers
        if stored is None:
            await lane.run(partial(self._verify, password, self._nobody))
            return False
        return await lane.run(partial(self._verify, password, stored))

    def close(self) -> None:
        """End the threads."""
        self._strangers.close()
        self._known.close()

    def _verify(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(password, stored)
        except UnknownHashError:
            return False


def check_password(password: str, *, username: str = "", profile: Profile = Profile.ASVS) -> None:
    """Refuse what will not do; nothing is cut off, every character counts.

    raises: BrightKitchenError "user.password_short", "user.password_long", "user.password_has_name",
    "user.password_common"; with the profile DENGBAO3 also "user.password_classes".
    """
    if len(password) < MIN_LENGTH:
        raise BrightKitchenError(Kind.INVALID, "user.password_short", shortest=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise BrightKitchenError(Kind.INVALID, "user.password_long", longest=MAX_LENGTH)
    name = username.casefold()
    if len(name) >= SHORTEST_NAME and name in password.casefold():
        raise BrightKitchenError(Kind.INVALID, "user.password_has_name")
    if is_common(password):
        raise BrightKitchenError(Kind.INVALID, "user.password_common")
    if profile is Profile.DENGBAO3 and _count_classes(password) < CLASSES_NEEDED:
        raise BrightKitchenError(Kind.INVALID, "user.password_classes", needed=CLASSES_NEEDED)


def _count_classes(password: str) -> int:
    """Return how many of small letters, capitals, digits and everything else occur."""
    letters = [each for each in password if each.isalpha() and each.isascii()]
    kinds = (
        any(each.islower() for each in letters),
        any(each.isupper() for each in letters),
        any(each.isdigit() for each in password),
        any(not (each.isascii() and each.isalnum()) for each in password),
    )
    return sum(kinds)


def random_password(entropy: Entropy) -> str:
    """Return 4 groups of 5 characters that are hard to confuse: 99 bits, e.g. ``k7wqm-3hxra-…``."""
    text = random_letters(entropy, 20)
    return "-".join(text[start : start + 5] for start in range(0, 20, 5))


def random_letters(entropy: Entropy, count: int) -> str:
    """Return `count` characters of 4.95 bits each that are hard to confuse when read aloud."""
    letters: list[str] = []
    while len(letters) < count:
        # 31 letters: bytes of 248 and above would favour the first ones
        letters += [_WORDS[byte % 31] for byte in entropy.token_bytes(32) if byte < 248]
    return "".join(letters[:count])
