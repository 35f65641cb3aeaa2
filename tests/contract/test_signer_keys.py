"""The signer's folder (docs/design/evidence.md §7): real files, a clock that a test moves."""

import stat
from pathlib import Path

import pytest

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.keyhistory import read_history, split_lines
from brightkitchen.kernel.signing import SUITES
from brightkitchen.signer.keys import HISTORY_FILE, SIGNED_FILE, KeyFolder

DIGEST = "ab" * 32


def open_keys(folder: Path, clock: ManualClock, suite: str = "ed25519") -> KeyFolder:
    return KeyFolder(folder, suite=suite, clock=clock, entropy=SystemEntropy())


def test_key_folder_first_start_makes_a_key_for_the_signer_alone(tmp_path: Path) -> None:
    folder = tmp_path / "signer"
    keys = open_keys(folder, ManualClock())
    (secret,) = folder.glob("*.key")
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(secret.stat().st_mode)) == (0o700, 0o600)
    assert len(keys.history.keys) == 1


def test_sign_seal_fits_the_key_and_is_written_down_first(tmp_path: Path) -> None:
    keys = open_keys(tmp_path, ManualClock())
    seal = keys.sign("bk-evidence-v1", DIGEST)
    public_key = bytes.fromhex(keys.history.keys[0].line.public_key)
    assert SUITES["ed25519"].is_signed(public_key, bytes.fromhex(seal.signature), seal.to_sign())
    assert (tmp_path / SIGNED_FILE).read_text().count(DIGEST) == 1


@pytest.mark.parametrize("digest", ["", "ab", "AB" * 32, "zz" * 32, "ab" * 33])
def test_sign_what_is_no_digest_is_refused(tmp_path: Path, digest: str) -> None:
    keys = open_keys(tmp_path, ManualClock())
    with pytest.raises(ValueError):
        keys.sign("bk-evidence-v1", digest)
    assert not (tmp_path / SIGNED_FILE).exists()


def test_key_a_year_old_is_followed_by_one_it_signs(tmp_path: Path) -> None:
    clock = ManualClock()
    keys = open_keys(tmp_path, clock)
    first = keys.sign("bk-evidence-v1", DIGEST).kid
    clock.jump(365 * 86_400)
    second = keys.sign("bk-evidence-v1", DIGEST).kid
    history = read_history(split_lines((tmp_path / HISTORY_FILE).read_bytes()))
    assert ([key.line.kid for key in history.keys], history.problems) == ([first, second], ())
    assert open_keys(tmp_path, clock).sign("bk-evidence-v1", DIGEST).kid == second


def test_key_folder_torn_last_line_is_cut_and_another_key_made(tmp_path: Path) -> None:
    first = open_keys(tmp_path, ManualClock()).history.keys[0].line.kid
    with (tmp_path / HISTORY_FILE).open("ab") as file:
        file.write(b'{"before":"')
    history = open_keys(tmp_path, ManualClock()).history
    assert ([key.line.kid for key in history.keys], history.problems) == ([first], ())


def test_key_folder_missing_secret_never_makes_a_new_one(tmp_path: Path) -> None:
    open_keys(tmp_path, ManualClock())
    next(tmp_path.glob("*.key")).unlink()
    with pytest.raises(BrightKitchenError, match=r"signer\.keys_damaged"):
        open_keys(tmp_path, ManualClock())


def test_key_folder_edited_history_is_refused(tmp_path: Path) -> None:
    open_keys(tmp_path, ManualClock())
    file = tmp_path / HISTORY_FILE
    file.write_bytes(file.read_bytes().replace(b'"number":1', b'"number":2'))
    with pytest.raises(BrightKitchenError, match=r"signer\.keys_damaged"):
        open_keys(tmp_path, ManualClock())


def test_revoke_key_in_use_begins_another_and_ends_the_first(tmp_path: Path) -> None:
    clock = ManualClock()
    keys = open_keys(tmp_path, clock)
    first = keys.history.keys[0].line.kid
    clock.jump(60)
    keys.revoke(first, "the disk was lost")
    history = keys.history
    assert (len(history.keys), history.keys[0].until_at, history.problems) == (2, clock.utc(), ())
    assert keys.sign("bk-evidence-v1", DIGEST).kid != first
