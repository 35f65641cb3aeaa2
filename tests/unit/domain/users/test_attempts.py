"""Failed log-ins close a pair of account and source, for longer each time; a crowd closes the account to strangers."""

import pytest

from brightkitchen.domain.users.attempts import (
    ACCOUNT_FAILURES_ALLOWED,
    FORGET_AFTER_S,
    LONGEST_LOCK_S,
    Count,
    next_of_account,
    next_of_pair,
    source_network,
)
from brightkitchen.kernel.units import US_PER_S, Utc

START = 1_795_392_000 * US_PER_S


def _at(second: float) -> Utc:
    return Utc(START + int(second * US_PER_S))


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


def _fail(count: Count | None, times: int, at: Utc) -> Count:
    for _ in range(times):
        count = next_of_pair(count, at)
    assert count is not None
    return count


def test_fifth_failure_locks_and_starts_the_count_again() -> None:
    counts = [_fail(None, times, _at(0)) for times in range(1, 6)]
    assert [count.failures for count in counts] == [1, 2, 3, 4, 0]
    assert [count.locked_until_at for count in counts] == [0, 0, 0, 0, _at(900)]


def test_lock_lasts_15_minutes_then_doubles_up_to_a_day() -> None:
    count, at, lasted_s = None, 0.0, []
    for _ in range(9):
        count = _fail(count, 5, _at(at))
        lasted_s.append((count.locked_until_at - _at(at)) // US_PER_S)
        at += lasted_s[-1]
    assert lasted_s == [900, 1800, 3600, 7200, 14400, 28800, 57600, LONGEST_LOCK_S, LONGEST_LOCK_S]


def test_old_failures_are_forgotten_but_a_lock_counts_from_its_end() -> None:
    assert next_of_pair(_fail(None, 4, _at(0)), _at(FORGET_AFTER_S + 1)).failures == 1
    locked = Count(0, 9, _at(FORGET_AFTER_S), START, _at(0))
    assert _fail(locked, 5, _at(FORGET_AFTER_S + 60)).locks == 10


def _crowd(times: int, every_s: float) -> Count:
    count = None
    for number in range(times):
        count = next_of_account(count, _at(number * every_s))
    assert count is not None
    return count


def test_fifty_failures_within_an_hour_close_the_account_to_strangers_until_the_hour_is_over() -> None:
    assert _crowd(ACCOUNT_FAILURES_ALLOWED - 1, 10).locked_until_at == 0
    assert _crowd(ACCOUNT_FAILURES_ALLOWED, 10).locked_until_at == _at(3600)
    assert _crowd(ACCOUNT_FAILURES_ALLOWED, 73).locked_until_at == _at(49 * 73 + 900)


def test_fifty_failures_in_more_than_an_hour_are_no_crowd() -> None:
    assert _crowd(ACCOUNT_FAILURES_ALLOWED * 2, 74).locked_until_at == 0
