"""What `evidence verify` says of C2PA: every signed copy in an export, read in a jail of its own (docs/design/evidence.md §8a)."""

import tempfile
from collections.abc import Mapping
from typing import BinaryIO, Final

from brightkitchen.domain.evidence.manifest import DISPLAY_FILE, Manifest
from brightkitchen.domain.evidence.stamps import JPEG, LABEL, MP4, Stamp
from brightkitchen.domain.evidence.verify import C2PA_FOLDER, C2PA_ROOT_FILE, ITEMS_FOLDER, Package, Trouble, Verdict
from brightkitchen.media.evidence.stamping import MAX_FILE_BYTES, Outcome
from brightkitchen.media.evidence.stampreading import read_stamp

_CHUNK_BYTES: Final = 1024 * 1024
_MAX_ROOT_BYTES: Final = 16 * 1024
INTACT: Final = frozenset({"Trusted", "Valid"})


def verify_stamps(package: Package, verdict: Verdict) -> dict[str, Outcome]:
    """Return how each copy's C2PA was found, by file; what is broken becomes a finding of the verdict.

    "Trusted" is signed by a chain under the root inside the export: no more than that, for an export cannot vouch for itself.
    """
    root = _read_root(package)
    found: dict[str, Outcome] = {}
    for name, number, media_type in _list_copies(package, verdict):
        outcome = found[name] = _read(package, name, media_type, root)
        if outcome.state not in INTACT:
            verdict.add(Trouble.STAMP_BROKEN, name, number, ", ".join(outcome.codes)[:120] or outcome.state)
        elif not _fits(outcome.assertions, verdict.manifests.get(number)):
            verdict.add(Trouble.STAMP_DIFFERS, name, number)
    return found


def _list_copies(package: Package, verdict: Verdict) -> list[tuple[str, str, str]]:
    """Return (file, item, media type) of everything that should carry C2PA."""
    names = frozenset(package.names())
    copies = [
        (f"{ITEMS_FOLDER}{number}/{DISPLAY_FILE}", number, JPEG)
        for number, manifest in verdict.manifests.items()
        if manifest.facts.get("c2pa") == Stamp.SIGNED
    ]
    clips = sorted(name for name in names if name.startswith(C2PA_FOLDER))
    copies += [(name, name.removeprefix(C2PA_FOLDER)[: len("E2611-00001")], MP4) for name in clips]
    return [each for each in copies if each[0] in names]


def _read_root(package: Package) -> str:
    if C2PA_ROOT_FILE not in package.names():
        return ""
    with package.open(C2PA_ROOT_FILE) as file:
        return file.read(_MAX_ROOT_BYTES).decode("ascii", errors="replace")


def _read(package: Package, name: str, media_type: str, root: str) -> Outcome:
    with tempfile.TemporaryFile(buffering=0) as copy:
        try:
            with package.open(name) as source:
                size_bytes = _copy(source, copy)
        except (OSError, EOFError, ValueError) as cause:
            return Outcome(state="error", codes=(str(cause)[:80],))
        if size_bytes > MAX_FILE_BYTES + _CHUNK_BYTES:
            return Outcome(state="error", codes=("too large",))
        copy.seek(0)
        return read_stamp(copy, media_type, root)


def _copy(source: BinaryIO, target: BinaryIO) -> int:
    size_bytes = 0
    while size_bytes <= MAX_FILE_BYTES + _CHUNK_BYTES and (chunk := source.read(_CHUNK_BYTES)):
        target.write(chunk)
        size_bytes += len(chunk)
    return size_bytes


def _fits(assertions: Mapping[str, object], manifest: Manifest | None) -> bool:
    """True if what was signed names this item and originals that its manifest names too."""
    said = assertions.get(LABEL)
    if not isinstance(said, dict) or manifest is None:
        return False
    originals = {(fact.name, fact.sha256) for fact in manifest.files if fact.role == "original"}
    named = said.get("originals")
    if not isinstance(named, list) or not named or not all(isinstance(each, dict) for each in named):
        return False
    return said.get("number") == manifest.number and {(e.get("name"), e.get("sha256")) for e in named} <= originals
