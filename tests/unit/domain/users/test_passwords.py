"""S09: which passwords will do under both profiles; how random ours are; a flood is refused instead of queued."""

import asyncio

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from brightkitchen.domain.users.common import common_passwords, is_common
from brightkitchen.domain.users.model import Profile
from brightkitchen.domain.users.passwords import (
    MAX_LENGTH,
    QUEUE,
    THREADS,
    PasswordPool,
    check_password,
    random_letters,
    random_password,
)
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError

LONG = "steamed buns at dawn, " * 20


def _pool() -> PasswordPool:
    return PasswordPool(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)))


def _code(password: str, username: str = "", profile: Profile = Profile.ASVS) -> str | None:
    try:
        check_password(password, username=username, profile=profile)
    except BrightKitchenError as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("length", "code"),
    [(11, "user.password_short"), (12, None), (64, None), (256, None), (257, "user.password_long")],
)
def test_password_length_is_checked(length: int, code: str | None) -> None:
    assert _code(LONG[:length]) == code


async def test_long_password_counts_to_its_last_character() -> None:
    pool = _pool()
    password = LONG[:MAX_LENGTH]
    hashed = await pool.hash(password)
    assert await pool.is_correct(password, hashed)
    assert not await pool.is_correct(password[:-1] + "x", hashed)
    pool.close()


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd1234",
        "Password@2026",
        "passwordpassword",
        "qwertyuiop123",
        "1qaz2wsx3edc",
        "1QAZ2wsx3edc",
        "iloveyou1314520",
        "anshan123456",
        "Anshan@123456",
        "鞍山市123456789012"[3:],
        "AnshanScjg2021",
        "brightkitchen2026",
        "BrightKitchen123!",
        "mingchuliangzao1",
        "shipinanquan123",
        "admin88888888",
        "hikvision12345",
        "1234567890123456",
        "3210987654321098",
        "abcabcabcabcabc",
        "aaaaaaaaaaaaaaa",
        "alalalalalalal",
        "zyxwvutsrqpon",
        "199001011990",
        "19900119900101"[:12],
    ],
)
def test_common_password_is_refused(password: str) -> None:
    assert _code(password) == "user.password_common"


@pytest.mark.parametrize(
    "password",
    [
        "steamed-buns-at-dawn",
        "七点半的豆腐脑要加两勺辣子",
        "kettle orbit mango 44",
        "k7wqm-3hxra-9cp2v-d8ntb",
        "red lantern over the stove",
        "Anshan has four seasons",
    ],
)
def test_uncommon_password_will_do(password: str) -> None:
    assert _code(password) is None


def test_list_is_long_and_each_entry_could_have_been_chosen() -> None:
    assert len(common_passwords()) > 10_000
    assert min(map(len, common_passwords())) >= 12
    assert all(is_common(each) for each in list(common_passwords())[::100])


@pytest.mark.parametrize(
    ("password", "username", "code"),
    [
        ("my-Wangzhiyuan-password", "wangzhiyuan", "user.password_has_name"),
        ("seven-wangs-in-a-row", "wang", "user.password_has_name"),
        ("li-and-the-lion-dance", "li", None),
    ],
)
def test_password_with_the_account_name_is_refused(password: str, username: str, code: str | None) -> None:
    assert _code(password, username) == code


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("steamed buns at dawn", "user.password_classes"),
        ("Steamed buns at dawn", None),
        ("steamedbunsatdawn7", "user.password_classes"),
        ("Steamedbunsatdawn7", None),
        ("七点半的豆腐脑要加两勺辣子", "user.password_classes"),
        ("七点半的豆腐脑要加Liangshao7", None),
    ],
)
def test_dengbao3_wants_three_classes_and_asvs_none(password: str, code: str | None) -> None:
    assert _code(password, profile=Profile.DENGBAO3) == code
    assert _code(password) is None


def test_random_passwords_differ_and_can_be_read_aloud() -> None:
    entropy = SeededEntropy(3)
    made = {random_password(entropy) for _ in range(200)}
    assert len(made) == 200
    assert all(len(each) == 23 and not set(each) & set("ilo01") for each in made)
    assert {len(random_letters(entropy, count)) for count in (1, 16)} == {1, 16}


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


async def test_flood_of_strangers_is_refused_at_once_and_leaves_half_to_known_devices() -> None:
    pool = _pool()
    hashed = await pool.hash("steamed-buns")
    half = (THREADS + QUEUE) // 2
    flood = [asyncio.create_task(pool.is_correct("wrong", hashed)) for _ in range(half + 7)]
    known = [asyncio.create_task(pool.is_correct("steamed-buns", hashed, is_known=True)) for _ in range(half)]
    results = await asyncio.gather(*flood, return_exceptions=True)
    refused = [each.code for each in results if isinstance(each, BrightKitchenError)]
    assert refused == ["auth.busy"] * 7
    assert [each for each in results if isinstance(each, bool)] == [False] * half
    assert await asyncio.gather(*known) == [True] * half
    pool.close()
