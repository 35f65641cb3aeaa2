"""The signer's folder: private keys, the history of the public ones, and a line for every signature (docs/design/evidence.md §7).

Only the signer's process reads it. Everything is appended and synced; nothing is ever taken away.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from brightkitchen.kernel.canonicaljson import build_canonical
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.evidence import Seal, What
from brightkitchen.kernel.ids import new_id
from brightkitchen.kernel.keyhistory import (
    History,
    Line,
    begin_key,
    hash_history,
    read_history,
    revoke_key,
    spell,
    split_lines,
)
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.signing import PrivateKey, suite_of
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc
from brightkitchen.signer.synced import append_synced, write_secret

log = get_logger(__name__)

HISTORY_FILE: Final = "keys.jsonl"
SIGNED_FILE: Final = "signed.jsonl"
USE_US: Final = 365 * 86_400 * US_PER_S


class KeyFolder:
    """One process has it open. Methods block on the disk for some milliseconds."""

    def __init__(self, folder: Path, *, suite: str, clock: Clock, entropy: Entropy) -> None:
        """Open the folder; make it, and the first key, at the first start.

        raises: BrightKitchenError "signer.keys_damaged" if the history does not hold or the key in use is missing: a new key is
        never made in its place; "signing.no_suite".
        """
        self._folder = folder
        self._suite = suite_of(suite)
        self._clock = clock
        self._entropy = entropy
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._lines = self._read_lines()
        history = self.history
        if history.problems:
            raise _damaged(f"{HISTORY_FILE} line {history.problems[0][0]}: {history.problems[0][1]}")
        self._key: PrivateKey | None = None
        if history.keys:
            self._key = self._load_key(history.keys[-1].line.kid, history.keys[-1].line.suite)
        self.renew_if_due()

    @property
    def history(self) -> History:
        """Every key, oldest first."""
        return read_history(self._lines)

    def spell_history(self) -> bytes:
        """Return the file of public keys."""
        return b"".join(line + b"\n" for line in self._lines)

    def renew_if_due(self) -> bool:
        """Make a new key if there is none, if the one in use is a year old, or if another suite was chosen. True if one was made."""
        keys = self.history.keys
        is_due = not keys or keys[-1].line.suite != self._suite.name
        if is_due or self._clock.utc() - keys[-1].from_at >= USE_US:
            self.renew()
            return True
        return False

    def renew(self) -> None:
        """Begin a new key, signed by the one in use."""
        kid, key = new_id("key", self._entropy), self._suite.generate(self._entropy)
        before = (self._kid(), self._key) if self._key is not None else None
        line = begin_key(self._lines, kid, self._suite.name, key, before, self._now())
        self._write_secret(kid, key)  # before the line: a line without its key would end all signing
        self._append_history(line)
        self._key = key
        log.info("signing key begun", kid=kid, suite=self._suite.name, fingerprint=line.fingerprint[:16])

    def revoke(self, kid: str, reason: str) -> None:
        """End a key before its time. The key in use is followed by a new one first. raises: "signer.key_unknown"."""
        if self.history.find(kid) is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "signer.key_unknown", kid=kid[:40])
        if kid == self._kid():
            self.renew()
        assert self._key is not None  # renew_if_due made one
        self._append_history(revoke_key(self._lines, kid, reason, (self._kid(), self._key), self._now()))

    def sign(self, what: What, digest: str) -> Seal:
        """Return the seal, after it was written down. digest: 64 hex digits. raises: ValueError, OSError."""
        if len(digest) != 64 or bytes.fromhex(digest).hex() != digest:
            raise ValueError("not 64 hex digits")
        self.renew_if_due()
        assert self._key is not None  # renew_if_due made one
        seal = Seal(
            what=what,
            digest=digest,
            at=format_utc(self._now()),
            kid=self._kid(),
            suite=self._suite.name,
        )
        seal = msgspec.structs.replace(seal, signature=self._key.sign(seal.to_sign()).hex())
        said = build_canonical({"at": seal.at, "digest": digest, "kid": seal.kid, "what": what})
        append_synced(self._folder / SIGNED_FILE, said + b"\n")
        return seal

    def _kid(self) -> str:
        return self.history.keys[-1].line.kid

    def _now(self) -> Utc:
        """A clock that stepped back does not make a history that goes back."""
        keys = self.history.keys
        return Utc(max(self._clock.utc(), keys[-1].from_at)) if keys else self._clock.utc()

    def _read_lines(self) -> list[bytes]:
        file = self._folder / HISTORY_FILE
        if not file.exists():
            return []
        data = file.read_bytes()
        lines = split_lines(data)
        whole_bytes = sum(len(line) + 1 for line in lines)
        if whole_bytes != len(data):  # the machine fell while a line was written; its key was never used
            with file.open("r+b") as torn:
                torn.truncate(whole_bytes)
                os.fsync(torn.fileno())
        return lines

    def _load_key(self, kid: str, suite: str) -> PrivateKey:
        try:
            return suite_of(suite).load((self._folder / f"{kid}.key").read_bytes())
        except (OSError, ValueError) as cause:
            raise _damaged(f"{kid}.key") from cause

    def _write_secret(self, kid: str, key: PrivateKey) -> None:
        write_secret(self._folder / f"{kid}.key", key.to_bytes())

    def _append_history(self, line: Line) -> None:
        assert line.history == hash_history(self._lines)
        data = spell(line)
        append_synced(self._folder / HISTORY_FILE, data + b"\n")
        self._lines.append(data)


def _damaged(what: str) -> BrightKitchenError:
    return BrightKitchenError(Kind.DATA_LOSS, "signer.keys_damaged", what=what)
