"""Failed log-ins close a pair of account and network, for longer each time, in a bounded table."""

import pytest

from brightkitchen.domain.users.attempts import FORGET_AFTER_S, LONGEST_LOCK_S, MAX_PAIRS, LoginAttempts, source_network
from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.errors import BrightKitchenError


def _is_open(attempts: LoginAttempts, account: str = "a", network: str = "n") -> bool:
    try:
        attempts.check_open(account, network)
    except BrightKitchenError as error:
        assert error.code == "auth.locked"
        return False
    return True


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("proxy", "unknown"),
    ],
)
def test_source_network_of_an_address(address: str, network: str) -> None:
    assert source_network(address) == network


def test_fifth_failure_closes_the_pair_only() -> None:
    attempts = LoginAttempts(ManualClock())
    assert [attempts.note_failure("a", "n") for _ in range(5)] == [4, 3, 2, 1, 0]
    assert [_is_open(attempts, *pair) for pair in (("a", "n"), ("a", "m"), ("b", "n"))] == [False, True, True]


def test_lock_lasts_15_minutes_then_doubles_up_to_a_day() -> None:
    clock = ManualClock()
    attempts = LoginAttempts(clock)
    lasted_s = []
    for _ in range(9):
        for _ in range(5):
            attempts.note_failure("a", "n")
        started_s = clock.mono_s()
        while not _is_open(attempts):
            clock.jump(60)
        lasted_s.append(clock.mono_s() - started_s)
    assert lasted_s == [900, 1800, 3600, 7200, 14400, 28800, 57600, LONGEST_LOCK_S, LONGEST_LOCK_S]


def test_success_forgets_the_failures() -> None:
    attempts = LoginAttempts(ManualClock())
    for _ in range(4):
        attempts.note_failure("a", "n")
    attempts.note_success("a", "n")
    assert attempts.note_failure("a", "n") == 4


def test_old_failures_are_forgotten() -> None:
    clock = ManualClock()
    attempts = LoginAttempts(clock)
    for _ in range(4):
        attempts.note_failure("a", "n")
    clock.jump(FORGET_AFTER_S + 1)
    assert attempts.note_failure("a", "n") == 4


def test_table_is_bounded_and_forgets_the_oldest() -> None:
    attempts = LoginAttempts(ManualClock())
    for _ in range(5):
        attempts.note_failure("first", "n")
    for number in range(MAX_PAIRS):
        attempts.note_failure(str(number), "n")
    assert _is_open(attempts, "first")


def test_flood_of_one_network_ends_with_the_minute() -> None:
    clock = ManualClock()
    attempts = LoginAttempts(clock)
    for _ in range(30):
        attempts.check_flood("n")
    clock.jump(59)
    with pytest.raises(BrightKitchenError) as refused:
        attempts.check_flood("n")
    assert refused.value.params == {"retry_after_s": 1}
    attempts.check_flood("m")
    clock.jump(1)
    attempts.check_flood("n")
