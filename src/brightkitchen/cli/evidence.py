"""`brightkitchen evidence verify`: is an export what was sealed? Needs no database, no network and no running product."""

import argparse
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec

from brightkitchen.cli.stamps import INTACT as INTACT_STAMPS
from brightkitchen.cli.stamps import verify_stamps
from brightkitchen.domain.evidence.verify import (
    Finding,
    Trust,
    Verdict,
    read_trusted,
    verify_package,
)
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.text import say
from brightkitchen.media.evidence.stamping import Outcome
from brightkitchen.media.evidence.stampreading import has_library

INTACT: Final = 0
BROKEN: Final = 1
UNKNOWN_SIGNER: Final = 3
MAX_MEMBERS: Final = 20_000


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evidence` to the command line."""
    evidence = commands.add_parser("evidence", help="judge exported evidence")
    acts = evidence.add_subparsers(dest="act", required=True, metavar="ACT")
    verify = acts.add_parser("verify", help="is an export what was sealed, and by whom?")
    verify.add_argument("file", type=Path, metavar="FILE", help="the exported zip, or the folder it was unpacked to")
    verify.add_argument(
        "--trust",
        type=Path,
        metavar="KEYFILE",
        help="fingerprints or keys that the issuing authority published, a line each",
    )
    verify.add_argument("--json", action="store_true", help="the verdict as JSON")
    verify.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: str) -> int:
    """Judge. returns: 0 intact and vouched for, 1 not intact, 3 intact and nobody vouches for the key.

    raises: BrightKitchenError "evidence.unreadable", "evidence.trust_file" if it could not be judged.
    """
    trusted = _read_trust(arguments.trust) if arguments.trust is not None else None
    package = open_package(arguments.file)
    verdict = verify_package(package, trusted=trusted)
    stamps = verify_stamps(package, verdict) if has_library() else None
    if arguments.json:
        print(msgspec.json.encode(build_json(verdict, language, stamps)).decode())
    else:
        for finding in verdict.findings:
            print(say_finding(finding, language))
        print(_say_stamps(stamps, verdict, language))
        print(_say_verdict(verdict, language))
    if not verdict.is_intact:
        return BROKEN
    return INTACT if verdict.trust is Trust.KNOWN else UNKNOWN_SIGNER


def build_json(verdict: Verdict, language: str, stamps: Mapping[str, Outcome] | None) -> dict[str, object]:
    """Return the verdict for programs. stamps: None = not looked at."""
    return {
        "intact": verdict.is_intact,
        "signer": verdict.trust.value,
        "fingerprint": verdict.fingerprint,
        "items": verdict.numbers,
        "files": verdict.files,
        "c2pa": None if stamps is None else {name: {"state": o.state, "codes": o.codes} for name, o in stamps.items()},
        "findings": [
            {
                "trouble": finding.trouble.value,
                "item": finding.item,
                "file": finding.file,
                "detail": finding.detail,
                "sentence": say_finding(finding, language),
            }
            for finding in verdict.findings
        ],
    }


def say_finding(finding: Finding, language: str) -> str:
    """Return what was found, in one sentence that begins with the item."""
    sentence = say(f"evidence.found.{finding.trouble.value}", language, file=finding.file)
    return f"{finding.item}  {sentence}" if finding.item else sentence


class ZipPackage:
    """A zip; fits `verify.Package`. Names are looked up, never used as paths."""

    def __init__(self, file: Path) -> None:
        """raises: OSError, zipfile.BadZipFile, ValueError."""
        self._archive = zipfile.ZipFile(file)
        entries = self._archive.infolist()
        names = [entry.filename for entry in entries]
        if len(names) > MAX_MEMBERS or len(set(names)) != len(names):
            raise ValueError("not an export: too many files, or one twice")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("not an export: compressed")
        self._names = names

    def names(self) -> Sequence[str]:
        return self._names

    def open(self, name: str) -> BinaryIO:
        try:
            return cast(BinaryIO, _Checked(self._archive.open(name)))
        except zipfile.BadZipFile as cause:
            raise OSError(str(cause)) from cause


class _Checked:
    """A member of a zip whose own sums do not fit is a file that cannot be read."""

    def __init__(self, member: Any) -> None:  # Any: zipfile's own class is not generic over its mode
        self._member = member

    def read(self, size_bytes: int = -1) -> bytes:
        try:
            return bytes(self._member.read(size_bytes))
        except zipfile.BadZipFile as cause:
            raise OSError(str(cause)) from cause

    def __enter__(self) -> "_Checked":
        return self

    def __exit__(self, *_: object) -> None:
        self._member.close()


class FolderPackage:
    """An export that was unpacked; fits `verify.Package`."""

    def __init__(self, folder: Path) -> None:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
        self._files = {path.relative_to(folder).as_posix(): path for path in files[: MAX_MEMBERS + 1]}
        if len(self._files) > MAX_MEMBERS:
            raise ValueError("not an export: too many files")

    def names(self) -> Sequence[str]:
        return list(self._files)

    def open(self, name: str) -> BinaryIO:
        return self._files[name].open("rb")


def open_package(path: Path) -> ZipPackage | FolderPackage:
    """raises: BrightKitchenError "evidence.unreadable"."""
    try:
        return FolderPackage(path) if path.is_dir() else ZipPackage(path)
    except (OSError, zipfile.BadZipFile, ValueError) as cause:
        raise BrightKitchenError(Kind.DATA_LOSS, "evidence.unreadable", path=str(path), problem=str(cause)) from cause


def _read_trust(path: Path) -> frozenset[str]:
    try:
        return read_trusted(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise BrightKitchenError(Kind.INVALID, "evidence.trust_file", path=str(path)) from cause


def _say_stamps(stamps: Mapping[str, Outcome] | None, verdict: Verdict, language: str) -> str:
    if stamps is None:
        return say("evidence.c2pa.no_library", language)
    if not stamps:
        return say("evidence.c2pa.none", language)
    said = verdict.export.get("c2pa")
    root = str(said.get("root", "")) if isinstance(said, dict) else ""
    states = [outcome.state for outcome in stamps.values()]
    if any(state not in INTACT_STAMPS for state in states):
        broken = sum(state not in INTACT_STAMPS for state in states)
        return say("evidence.c2pa.broken", language, count=broken, copies=len(states))
    code = "under_root" if all(state == "Trusted" for state in states) else "unknown"
    return say(f"evidence.c2pa.{code}", language, copies=len(states), root=root)


def _say_verdict(verdict: Verdict, language: str) -> str:
    if not verdict.is_intact:
        return say("evidence.verdict.broken", language, count=len(verdict.findings))
    code = "valid" if verdict.trust is Trust.KNOWN else "unknown"
    print(say("evidence.verdict.fingerprint", language, fingerprint=verdict.fingerprint), file=sys.stdout)
    return say(f"evidence.verdict.{code}", language, items=len(verdict.numbers), files=verdict.files)
