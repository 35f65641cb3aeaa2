"""Passwords: how long, how random, and that a flood is refused instead of queued."""

import asyncio

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from brightkitchen.domain.users.passwords import QUEUE, THREADS, PasswordPool, check_password, random_password
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError


def _pool() -> PasswordPool:
    return PasswordPool(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)))


@pytest.mark.parametrize(
    ("length", "code"), [(11, "user.password_short"), (12, None), (256, None), (257, "user.password_long")]
)
def test_password_length_is_checked(length: int, code: str | None) -> None:
    try:
        check_password("x" * length)
    except BrightKitchenError as refused:
        assert refused.code == code
    else:
        assert code is None


def test_random_passwords_differ_and_can_be_read_aloud() -> None:
    entropy = SeededEntropy(3)
    made = {random_password(entropy) for _ in range(200)}
    assert len(made) == 200
    assert all(len(each) == 23 and not set(each) & set("ilo01") for each in made)


async def test_hash_is_argon2id_and_only_its_password_fits() -> None:
    pool = _pool()
    hashed = await pool.hash("steamed-buns")
    assert hashed.startswith("$argon2id$")
    assert [await pool.is_correct(each, hashed) for each in ("steamed-buns", "steamed-bun", "")] == [True, False, False]
    pool.close()


async def test_unknown_account_and_broken_hash_are_wrong() -> None:
    pool = _pool()
    assert [await pool.is_correct("nobody has this password", each) for each in (None, "", "plain")] == [False] * 3
    pool.close()


async def test_flood_beyond_the_queue_is_refused_at_once() -> None:
    pool = _pool()
    work = [pool.hash("steamed-buns") for _ in range(THREADS + QUEUE + 3)]
    results = await asyncio.gather(*work, return_exceptions=True)
    refused = [each.code for each in results if isinstance(each, BrightKitchenError)]
    assert refused == ["auth.busy"] * 3
    assert sum(isinstance(each, str) for each in results) == THREADS + QUEUE
    pool.close()
