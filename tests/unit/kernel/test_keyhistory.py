import msgspec
import pytest

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.keyhistory import begin_key, read_history, revoke_key, spell
from brightkitchen.kernel.signing import SUITES, PrivateKey
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc

START_AT = ManualClock().utc()
YEAR_US = 365 * 86_400 * US_PER_S


def build_lines(count: int, *, seed: int = 1) -> tuple[list[bytes], list[tuple[str, PrivateKey]]]:
    entropy = SeededEntropy(seed)
    lines: list[bytes] = []
    keys: list[tuple[str, PrivateKey]] = []
    for number in range(count):
        key = SUITES["ed25519"].generate(entropy)
        at = Utc(START_AT + number * YEAR_US)
        line = begin_key(lines, f"key_{number}", "ed25519", key, keys[-1] if keys else None, at)
        lines.append(spell(line))
        keys.append((f"key_{number}", key))
    return lines, keys


def test_history_of_three_keys_gives_each_its_time() -> None:
    lines, _ = build_lines(3)
    history = read_history(lines)
    assert history.problems == ()
    assert [(key.line.kid, key.from_at, key.until_at) for key in history.keys] == [
        ("key_0", START_AT, START_AT + YEAR_US),
        ("key_1", START_AT + YEAR_US, START_AT + 2 * YEAR_US),
        ("key_2", START_AT + 2 * YEAR_US, None),
    ]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_history_any_changed_byte_is_noticed(number: int) -> None:
    lines, _ = build_lines(3)
    for at in range(len(lines[number])):
        changed = bytearray(lines[number])
        changed[at] ^= 1
        damaged = [*lines[:number], bytes(changed), *lines[number + 1 :]]
        assert read_history(damaged).problems, at


def test_history_with_a_line_missing_does_not_hang_together() -> None:
    lines, _ = build_lines(3)
    assert [number for number, _ in read_history([lines[0], lines[2]]).problems] == [2]


def test_history_key_of_a_stranger_does_not_follow() -> None:
    lines, _ = build_lines(1)
    _, (stranger, *_rest) = build_lines(1, seed=2)
    key = SUITES["ed25519"].generate(SeededEntropy(3))
    forged = begin_key(lines, "key_1", "ed25519", key, ("key_0", stranger[1]), Utc(START_AT + 1))
    assert read_history([*lines, spell(forged)]).problems == ((2, "the key is not signed by the one before"),)


def test_history_revoked_key_counts_until_then() -> None:
    lines, keys = build_lines(2)
    at = Utc(START_AT + 5 * US_PER_S)
    lines.append(spell(revoke_key(lines, "key_0", "lost", keys[1], at)))
    history = read_history(lines)
    assert (history.problems, history.keys[0].until_at) == ((), at)


def test_history_revocation_signed_by_an_old_key_does_not_count() -> None:
    lines, keys = build_lines(2)
    line = revoke_key(lines, "key_1", "lost", keys[1], START_AT)
    forged = msgspec.structs.replace(line, by_kid="key_0", at=format_utc(START_AT))
    assert read_history([*lines, spell(forged)]).problems
