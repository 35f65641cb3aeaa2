"""`check --evidence`: walks the whole chain and every file, and names what is not as it was sealed. Reads only."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.queries import read_detail
from brightkitchen.domain.audit.store import audit_rows, row_of
from brightkitchen.domain.evidence import store
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.evidence.manifest import MANIFEST_FILE, SEAL_FILE, STATEMENT_FILE, Manifest, parse_manifest
from brightkitchen.domain.evidence.model import Item
from brightkitchen.domain.evidence.states import EvidenceState
from brightkitchen.domain.evidence.verify import Finding, Trouble, verify_item, verify_statement
from brightkitchen.kernel.canonicaljson import parse_canonical
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import BrightKitchenError, TheirError
from brightkitchen.kernel.evidence import GENESIS, FileFact
from brightkitchen.kernel.keyhistory import History

MAX_SMALL_BYTES: Final = 1024 * 1024
_BATCH: Final = 200
_CHUNK_BYTES: Final = 1024 * 1024


@dataclass(slots=True)
class EvidenceReport:
    """What a walk found. notes: folders that nobody was told of."""

    items: int = 0
    files: int = 0
    head: str = GENESIS
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        return not self.findings


def files_of(item: Item) -> tuple[FileFact, ...]:
    """Return the files that an item's manifest, or its draft, names, and the two that name it."""
    try:
        facts = parse_canonical(item.manifest.encode())["files"]
    except (TheirError, KeyError):
        return ()
    listed = [FileFact(**each) for each in facts if isinstance(each, dict)] if isinstance(facts, list) else []
    if item.state is EvidenceState.CAPTURED:
        return tuple(listed)
    texts = ((MANIFEST_FILE, item.manifest), (SEAL_FILE, item.seal))
    return (
        *listed,
        *(
            FileFact(
                name=name,
                role="proof",
                type="application/json",
                size_bytes=len(text.encode()),
                sha256=hashlib.sha256(text.encode()).hexdigest(),
            )
            for name, text in texts
        ),
    )


def check_item_files(folder: EvidenceFolder, item: Item, history: History) -> list[Finding]:
    """Return what is wrong with one sealed item: its row, its manifest, its seal, its statement, each of its files."""
    findings: list[Finding] = []
    on_disk: dict[str, bytes] = {}
    for name, kept in ((MANIFEST_FILE, item.manifest), (SEAL_FILE, item.seal)):
        try:
            on_disk[name] = folder.read(item.id, item.number, name, most_bytes=MAX_SMALL_BYTES)
        except BrightKitchenError:
            findings.append(Finding(Trouble.FILE_MISSING, name, item.number))
            on_disk[name] = kept.encode()
            continue
        if on_disk[name] != kept.encode():
            findings.append(Finding(Trouble.FILE_CHANGED, name, item.number, "the file differs from the row"))
    manifest, link, wrong = verify_item(item.manifest.encode(), item.seal.encode(), history, number=item.number)
    findings += wrong
    if link != item.hash:
        findings.append(Finding(Trouble.MANIFEST_CHANGED, MANIFEST_FILE, item.number, "the row's hash is another"))
    if manifest is not None:
        findings += _check_facts(item, manifest)
        findings += _check_files(folder, item, manifest)
    return findings


def _check_facts(item: Item, manifest: Manifest) -> list[Finding]:
    """The row repeats some of the manifest so that it can be searched; what is shown must be what was sealed."""
    facts = manifest.facts
    camera, operator = facts.get("camera"), facts.get("operator")
    said = (
        manifest.id,
        manifest.seq,
        facts.get("kind"),
        facts.get("purpose"),
        facts.get("note"),
        camera.get("id") if isinstance(camera, dict) else None,
        operator.get("id") if isinstance(operator, dict) else None,
    )
    row = (item.id, item.seq, item.kind.value, item.purpose.value, item.note, item.camera, item.operator)
    return [] if said == row else [Finding(Trouble.MANIFEST_CHANGED, MANIFEST_FILE, item.number, "the row differs")]


def _check_files(folder: EvidenceFolder, item: Item, manifest: Manifest) -> list[Finding]:
    findings: list[Finding] = []
    kept = [f for f in manifest.files if item.state is not EvidenceState.DISPOSED or f.name == STATEMENT_FILE]
    for fact in kept:
        try:
            measured = _measure(folder, item, fact.name)
        except BrightKitchenError:
            findings.append(Finding(Trouble.FILE_MISSING, fact.name, item.number))
            continue
        if measured != (fact.size_bytes, fact.sha256):
            findings.append(Finding(Trouble.FILE_CHANGED, fact.name, item.number))
    known = {fact.name for fact in kept} | {MANIFEST_FILE, SEAL_FILE}
    for name in folder.names(item.id, item.number):
        if name not in known:
            findings.append(Finding(Trouble.FILE_EXTRA, name, item.number))
    try:
        statement = folder.read(item.id, item.number, STATEMENT_FILE, most_bytes=MAX_SMALL_BYTES)
    except BrightKitchenError:
        return findings
    return findings + verify_statement(statement, manifest, file=STATEMENT_FILE, number=item.number)


def _measure(folder: EvidenceFolder, item: Item, name: str) -> tuple[int, str]:
    digest, size_bytes = hashlib.sha256(), 0
    with folder.open(item.id, item.number, name) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return size_bytes, digest.hexdigest()


async def check_evidence(
    database: Database, folder: EvidenceFolder, history: History, on_progress: Callable[[int], None] = lambda done: None
) -> EvidenceReport:
    """Walk everything. on_progress: told how many items were looked at."""
    report = EvidenceReport()
    for line, what in history.problems:
        report.findings.append(Finding(Trouble.KEYS_BROKEN, "keys.jsonl", detail=f"line {line}: {what}"))
    sealed = await _load_audited(database)
    seq = 0
    while True:
        async with database.read() as connection:
            batch = await store.load_chain(connection, seq + 1, limit=_BATCH)
        for item in batch:
            if item.seq != seq + 1:
                report.findings.append(Finding(Trouble.CHAIN_BROKEN, "", detail=f"{item.seq} follows {seq}"))
            _check_link(item, report, sealed)
            found = await asyncio.to_thread(check_item_files, folder, item, history)
            report.findings += [each for each in found if each not in report.findings]
            report.items += 1
            report.files += len(files_of(item))
            seq, report.head = item.seq, item.hash
            on_progress(report.items)
        if not batch:
            break
    for missing, link in sorted(sealed.items()):
        report.findings.append(Finding(Trouble.CHAIN_BROKEN, "", detail=f"{missing} is in the audit and gone: {link}"))
    await _look_for_strangers(database, folder, report)
    return report


def _check_link(item: Item, report: EvidenceReport, sealed: dict[int, str]) -> None:
    try:
        before = parse_manifest(item.manifest.encode()).before
    except TheirError:
        before = ""
    if before != report.head:
        report.findings.append(
            Finding(Trouble.CHAIN_BROKEN, MANIFEST_FILE, item.number, f"{item.seq} does not follow the one before")
        )
    audited_hash = sealed.pop(item.seq, None)
    if audited_hash != item.hash:
        report.findings.append(
            Finding(Trouble.CHAIN_BROKEN, SEAL_FILE, item.number, f"the audit knows {audited_hash or 'nothing'}")
        )


async def _load_audited(database: Database) -> dict[int, str]:
    """Return the chain hash of each place as the audit wrote it down in the transaction of the sealing."""
    async with database.read() as connection:
        rows = await connection.execute(sa.select(audit_rows).where(audit_rows.c.kind == audited.EVIDENCE_SEALED))
        found: dict[int, str] = {}
        for row in rows:
            detail = read_detail(row_of(row))
            seq = detail.get("seq")
            if isinstance(seq, int):
                found[seq] = str(detail.get("hash"))
        return found


async def _look_for_strangers(database: Database, folder: EvidenceFolder, report: EvidenceReport) -> None:
    async with database.read() as connection:
        known = await store.load_ids(connection)
    report.notes += [item for _, item in await asyncio.to_thread(folder.list_items) if item not in known]
