"""Is this what was sealed? The same steps as the page inside an export (docs/design/evidence.md §8). No database, no network, no clock.

Findings name the item and the file. An intact package whose key nobody vouches for is *intact, signer unknown*, never *valid*.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Final, Protocol

from brightkitchen.domain.evidence.manifest import (
    MANIFEST_FILE,
    SEAL_FILE,
    STATEMENT_FILE,
    Manifest,
    parse_manifest,
)
from brightkitchen.kernel.canonicaljson import Json, parse_canonical
from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.evidence import (
    EXPORT_FORMAT,
    FORMAT,
    FileFact,
    Seal,
    hash_bytes,
    hash_link,
    parse_seal,
    parse_statement,
)
from brightkitchen.kernel.keyhistory import History, read_history, split_lines
from brightkitchen.kernel.signing import SUITES
from brightkitchen.kernel.units import parse_utc

EXPORT_FILE: Final = "export.json"
EXPORT_SEAL_FILE: Final = "export.seal.json"
KEYS_FILE: Final = "keys.jsonl"
CHAIN_FILE: Final = "chain.jsonl"
ITEMS_FOLDER: Final = "items/"
C2PA_FOLDER: Final = "c2pa/"
C2PA_ROOT_FILE: Final = "c2pa-root.pem"
MAX_TEXT_BYTES: Final = 8 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_ITEM_PATH: Final = re.compile(r"items/(E[0-9]{4}-[0-9]{5,9})/([a-z0-9][a-z0-9.-]{0,60})")
_COPY_PATH: Final = re.compile(r"c2pa/(E[0-9]{4}-[0-9]{5,9})-[0-9]{1,4}\.mp4")
_LINES: Final = re.compile(rb"[^\n]*\n")


class Trouble(StrEnum):
    """What is wrong; the sentence is ``evidence.found.<trouble>``."""

    FILE_MISSING = "file_missing"
    FILE_CHANGED = "file_changed"
    FILE_EXTRA = "file_extra"
    LIST_BROKEN = "list_broken"
    LIST_SIGNATURE = "list_signature"
    KEYS_BROKEN = "keys_broken"
    MANIFEST_BROKEN = "manifest_broken"
    MANIFEST_CHANGED = "manifest_changed"
    SEAL_BROKEN = "seal_broken"
    SIGNATURE_WRONG = "signature_wrong"
    KEY_UNKNOWN = "key_unknown"
    KEY_NOT_VALID_THEN = "key_not_valid_then"
    STATEMENT_BROKEN = "statement_broken"
    STATEMENT_SIGNATURE = "statement_signature"
    STATEMENT_DIFFERS = "statement_differs"
    CHAIN_BROKEN = "chain_broken"
    STAMP_BROKEN = "stamp_broken"
    STAMP_DIFFERS = "stamp_differs"
    NOT_AN_EXPORT = "not_an_export"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. item: its number, "" for the package. file: as it is called in the package. detail: for the engineer."""

    trouble: Trouble
    file: str
    item: str = ""
    detail: str = ""


class Trust(StrEnum):
    """Who vouches for the key."""

    NOT_ASKED = "not_asked"
    UNKNOWN = "unknown"
    KNOWN = "known"


@dataclass(slots=True)
class Verdict:
    """What was found. fingerprint: of the newest key, what is compared with what the bureau publishes."""

    findings: list[Finding] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    files: int = 0
    fingerprint: str = ""
    trust: Trust = Trust.NOT_ASKED
    export: Mapping[str, Json] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)

    @property
    def is_intact(self) -> bool:
        return not self.findings

    def add(self, trouble: Trouble, file: str, item: str = "", detail: str = "") -> None:
        """Note one thing, once."""
        finding = Finding(trouble, file, item, detail)
        if finding not in self.findings:
            self.findings.append(finding)


class Package(Protocol):
    """The files of an export, wherever they lie."""

    def names(self) -> Sequence[str]:
        """Every file, with / between folders."""

    def open(self, name: str) -> BinaryIO:
        """Open one. raises: KeyError, OSError."""


@dataclass(frozen=True, slots=True)
class _Measured:
    size_bytes: int
    sha256: str


def verify_package(package: Package, *, trusted: Collection[str] | None = None) -> Verdict:
    """Check everything that an export claims. trusted: fingerprints (64 hex digits) somebody vouches for; None = not asked."""
    verdict = Verdict()
    names = list(package.names())
    verdict.files = len(names)
    if EXPORT_FILE not in names:
        verdict.add(Trouble.NOT_AN_EXPORT, EXPORT_FILE)
        return verdict
    measured = {name: found for name in names if (found := _measure(package, name, verdict)) is not None}
    history = _check_keys(package, verdict)
    _check_list(package, measured, history, verdict)
    chain = _read_chain(package, verdict)
    items = sorted({match[1] for name in names if (match := _ITEM_PATH.fullmatch(name))})
    for number in items:
        _check_item(package, number, measured, history, chain, verdict)
    verdict.numbers = items
    _check_chain(chain, verdict)
    verdict.trust = _judge_trust(history, trusted)
    verdict.fingerprint = history.keys[-1].line.fingerprint if history.keys else ""
    return verdict


def verify_seal(seal: Seal, history: History) -> Trouble | None:
    """Return what is wrong with a signature, None if it is good: the key is known, was valid then, and signed this."""
    known = history.find(seal.kid)
    if known is None or known.line.suite != seal.suite:
        return Trouble.KEY_UNKNOWN
    suite = SUITES.get(seal.suite)
    try:
        public_key, signature = bytes.fromhex(known.line.public_key), bytes.fromhex(seal.signature)
        at = parse_utc(seal.at)
    except ValueError:
        return Trouble.SIGNATURE_WRONG
    if suite is None or not suite.is_signed(public_key, signature, seal.to_sign()):
        return Trouble.SIGNATURE_WRONG
    if at < known.from_at or (known.until_at is not None and at > known.until_at):
        return Trouble.KEY_NOT_VALID_THEN
    return None


def verify_item(
    manifest: bytes, seal_bytes: bytes, history: History, *, folder: str = "", number: str = ""
) -> tuple[Manifest | None, str, list[Finding]]:
    """Return the manifest (None if it is none), the chain hash that follows from it, and what is wrong with it and its seal."""
    findings: list[Finding] = []
    manifest_file, seal_file = folder + MANIFEST_FILE, folder + SEAL_FILE
    try:
        parsed = parse_manifest(manifest)
        link = hash_link(parsed.before, hash_bytes(manifest))
    except (TheirError, ValueError) as cause:
        return None, "", [Finding(Trouble.MANIFEST_BROKEN, manifest_file, number, str(cause))]
    if number and parsed.number != number:
        findings.append(Finding(Trouble.MANIFEST_CHANGED, manifest_file, number, parsed.number))
    try:
        seal = parse_seal(seal_bytes)
    except TheirError as cause:
        return parsed, link, [*findings, Finding(Trouble.SEAL_BROKEN, seal_file, number, str(cause))]
    if seal.what != FORMAT or seal.digest != link:
        findings.append(Finding(Trouble.MANIFEST_CHANGED, manifest_file, number, "the seal is over another manifest"))
    trouble = verify_seal(seal, history)
    if trouble is not None:
        findings.append(Finding(trouble, seal_file, number, seal.kid[:40]))
    return parsed, link, findings


def verify_statement(data: bytes, manifest: Manifest, *, file: str, number: str = "") -> list[Finding]:
    """Return what is wrong with the node's statement of an item."""
    try:
        signed = parse_statement(data)
    except TheirError as cause:
        return [Finding(Trouble.STATEMENT_BROKEN, file, number, str(cause))]
    if signed.public_key != manifest.node_key or not signed.is_genuine():
        return [Finding(Trouble.STATEMENT_SIGNATURE, file, number)]
    listed = {fact.name: fact for fact in manifest.files}
    for fact in signed.statement.files:
        if listed.get(fact.name) != fact:
            return [Finding(Trouble.STATEMENT_DIFFERS, file, number, fact.name[:60])]
    return []


def read_trusted(text: str) -> frozenset[str]:
    """Return the fingerprints that a trust file names: fingerprints, public keys of 32 or 64 bytes in hex, or lines of a key history.

    Lines that begin with # say nothing. raises: ValueError if there is a line that is none of these, or no line at all.
    """
    found: set[str] = set()
    for line in filter(None, (each.strip() for each in text.splitlines())):
        if line.startswith("{"):
            found |= _fingerprints_of_line(line)
        elif not line.startswith("#"):
            plain = line.replace(":", "").replace(" ", "").lower()
            raw = bytes.fromhex(plain)
            if len(raw) not in (32, 64):
                raise ValueError("neither a fingerprint nor a key")
            # 32 bytes may be a fingerprint or an Ed25519 key: whichever it is, it names one key alone
            found |= {plain, hashlib.sha256(raw).hexdigest()} if len(raw) == 32 else {hashlib.sha256(raw).hexdigest()}
    if not found:
        raise ValueError("no key at all")
    return frozenset(found)


def _fingerprints_of_line(line: str) -> set[str]:
    try:
        public_key = parse_canonical(line.encode()).get("public_key")
    except TheirError as cause:
        raise ValueError("not a line of a key history") from cause
    return {hashlib.sha256(bytes.fromhex(public_key)).hexdigest()} if isinstance(public_key, str) else set()


# -- steps -------------------------------------------------------------------------------------------------------------


def _measure(package: Package, name: str, verdict: Verdict) -> _Measured | None:
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with package.open(name) as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                size_bytes += len(chunk)
    except (OSError, KeyError, EOFError, ValueError) as cause:
        verdict.add(Trouble.FILE_CHANGED, name, _item_of(name), str(cause)[:80])
        return None
    return _Measured(size_bytes, digest.hexdigest())


def _read_text(package: Package, name: str, verdict: Verdict) -> bytes | None:
    try:
        with package.open(name) as file:
            data = file.read(MAX_TEXT_BYTES + 1)
    except (OSError, KeyError, EOFError, ValueError):
        verdict.add(Trouble.FILE_MISSING, name, _item_of(name))
        return None
    if len(data) > MAX_TEXT_BYTES:
        verdict.add(Trouble.FILE_CHANGED, name, _item_of(name), "too large")
        return None
    return data


def _check_keys(package: Package, verdict: Verdict) -> History:
    data = _read_text(package, KEYS_FILE, verdict)
    if data is None:
        return History((), ())
    lines = split_lines(data)
    history = read_history(lines)
    for line, what in history.problems:
        verdict.add(Trouble.KEYS_BROKEN, KEYS_FILE, detail=f"line {line}: {what}"[:120])
    if b"".join(line + b"\n" for line in lines) != data or not lines:
        verdict.add(Trouble.KEYS_BROKEN, KEYS_FILE, detail="the end is torn")
    return history


def _check_list(package: Package, measured: Mapping[str, _Measured], history: History, verdict: Verdict) -> None:
    data, seal_bytes = (_read_text(package, name, verdict) for name in (EXPORT_FILE, EXPORT_SEAL_FILE))
    if data is None or seal_bytes is None:
        return
    try:
        listed = parse_canonical(data, most_bytes=MAX_TEXT_BYTES)
        files = listed["files"]
        if listed["format"] != EXPORT_FORMAT or not isinstance(files, list):
            raise TheirError("not the list of an export")
        wanted = {str(each["name"]): each for each in files if isinstance(each, dict)}
        verdict.export = listed
    except (TheirError, KeyError) as cause:
        verdict.add(Trouble.LIST_BROKEN, EXPORT_FILE, detail=str(cause)[:120])
        return
    _check_list_seal(data, seal_bytes, history, verdict)
    for name, each in wanted.items():
        found = measured.get(name)
        if found is None:
            verdict.add(Trouble.FILE_MISSING, name, _item_of(name))
        elif (found.size_bytes, found.sha256) != (each.get("size_bytes"), each.get("sha256")):
            verdict.add(Trouble.FILE_CHANGED, name, _item_of(name))
    for name in sorted(set(measured) - set(wanted) - {EXPORT_FILE, EXPORT_SEAL_FILE}):
        verdict.add(Trouble.FILE_EXTRA, name, _item_of(name))


def _check_list_seal(data: bytes, seal_bytes: bytes, history: History, verdict: Verdict) -> None:
    try:
        seal = parse_seal(seal_bytes)
    except TheirError as cause:
        verdict.add(Trouble.SEAL_BROKEN, EXPORT_SEAL_FILE, detail=str(cause)[:120])
        return
    if seal.what != EXPORT_FORMAT or seal.digest != hash_bytes(data):
        verdict.add(Trouble.LIST_SIGNATURE, EXPORT_FILE, detail="the seal is over another list")
    trouble = verify_seal(seal, history)
    if trouble is not None:
        verdict.add(trouble, EXPORT_SEAL_FILE, detail=seal.kid[:40])


def _read_chain(package: Package, verdict: Verdict) -> list[tuple[int, str, str]]:
    """Return (seq, SHA-256 of the manifest, chain hash) of each line that is one."""
    data = _read_text(package, CHAIN_FILE, verdict)
    lines: list[tuple[int, str, str]] = []
    for number, line in enumerate(_LINES.findall(data or b""), 1):
        try:
            said = parse_canonical(line[:-1])
            seq, manifest, link = said["seq"], said["manifest"], said["hash"]
            if not isinstance(seq, int) or not isinstance(manifest, str) or not isinstance(link, str):
                raise TheirError("not a line of the chain")
        except (TheirError, KeyError) as cause:
            verdict.add(Trouble.CHAIN_BROKEN, CHAIN_FILE, detail=f"line {number}: {cause}"[:120])
            continue
        lines.append((seq, manifest, link))
    if data is not None and (not data.endswith(b"\n") or not lines):
        verdict.add(Trouble.CHAIN_BROKEN, CHAIN_FILE, detail="the end is torn")
    return lines


def _check_chain(chain: Sequence[tuple[int, str, str]], verdict: Verdict) -> None:
    for index, (seq, manifest, link) in enumerate(chain[1:], 1):
        before_seq, _, before = chain[index - 1]
        try:
            follows = seq == before_seq + 1 and hash_link(before, manifest) == link
        except ValueError:
            follows = False
        if not follows:
            verdict.add(Trouble.CHAIN_BROKEN, CHAIN_FILE, detail=f"{seq} does not follow {before_seq}")


def _check_item(
    package: Package,
    number: str,
    measured: Mapping[str, _Measured],
    history: History,
    chain: Sequence[tuple[int, str, str]],
    verdict: Verdict,
) -> None:
    folder = f"{ITEMS_FOLDER}{number}/"
    manifest_bytes = _read_text(package, folder + MANIFEST_FILE, verdict)
    seal_bytes = _read_text(package, folder + SEAL_FILE, verdict)
    if manifest_bytes is None or seal_bytes is None:
        return
    manifest, link, findings = verify_item(manifest_bytes, seal_bytes, history, folder=folder, number=number)
    for finding in findings:
        verdict.add(finding.trouble, finding.file, finding.item, finding.detail)
    if manifest is None:
        return
    if (manifest.seq, hash_bytes(manifest_bytes), link) not in chain:
        verdict.add(Trouble.CHAIN_BROKEN, CHAIN_FILE, number, f"{manifest.seq} is not in the chain")
    verdict.manifests[number] = manifest
    _check_files(folder, number, manifest.files, measured, verdict)
    statement = _read_text(package, folder + STATEMENT_FILE, verdict)
    if statement is not None:
        for finding in verify_statement(statement, manifest, file=folder + STATEMENT_FILE, number=number):
            verdict.add(finding.trouble, finding.file, finding.item, finding.detail)


def _check_files(
    folder: str, number: str, files: Sequence[FileFact], measured: Mapping[str, _Measured], verdict: Verdict
) -> None:
    for fact in files:
        found = measured.get(folder + fact.name)
        if found is None:
            verdict.add(Trouble.FILE_MISSING, folder + fact.name, number)
        elif found != _Measured(fact.size_bytes, fact.sha256):
            verdict.add(Trouble.FILE_CHANGED, folder + fact.name, number)
    known = {fact.name for fact in files} | {MANIFEST_FILE, SEAL_FILE}
    for name in measured:
        if name.startswith(folder) and name.removeprefix(folder) not in known:
            verdict.add(Trouble.FILE_EXTRA, name, number)


def _judge_trust(history: History, trusted: Collection[str] | None) -> Trust:
    if trusted is None:
        return Trust.NOT_ASKED
    if history.problems:
        return Trust.UNKNOWN
    return Trust.KNOWN if any(key.line.fingerprint in trusted for key in history.keys) else Trust.UNKNOWN


def _item_of(name: str) -> str:
    match = _ITEM_PATH.fullmatch(name) or _COPY_PATH.fullmatch(name)
    return match[1] if match else ""
