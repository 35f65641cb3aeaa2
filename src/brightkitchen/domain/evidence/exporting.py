"""Export jobs (docs/design/evidence.md §8): one at a time, with progress, cancelled at will, begun again after a fall."""

import asyncio
import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files as resources
from pathlib import Path
from typing import IO, BinaryIO, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.evidence import policy as rules
from brightkitchen.domain.evidence import store
from brightkitchen.domain.evidence.checking import files_of
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.evidence.model import OPEN_EXPORTS, Export, ExportState, Item, Purpose
from brightkitchen.domain.evidence.ports import Signer, Stamper
from brightkitchen.domain.evidence.service import EvidenceService, check_purpose, checked_case
from brightkitchen.domain.evidence.stamps import CopyMaker, fingerprint_of_root, is_clip, name_of_copy
from brightkitchen.domain.evidence.states import Event, EvidenceState, find_transition
from brightkitchen.domain.evidence.verify import (
    C2PA_ROOT_FILE,
    CHAIN_FILE,
    EXPORT_FILE,
    EXPORT_SEAL_FILE,
    ITEMS_FOLDER,
    KEYS_FILE,
)
from brightkitchen.kernel.canonicaljson import Json, build_canonical
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.durable import sync_folder
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.evidence import EXPORT_FORMAT, UNKNOWN, FileFact, hash_bytes
from brightkitchen.kernel.ids import is_id, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc

log = get_logger(__name__)

MAX_ITEMS: Final = 200
MAX_BYTES: Final = 8 * 1024**3
MAX_OPEN_EACH: Final = 2
MAX_OPEN: Final = 20
MAX_LISTED: Final = 50
MAX_RECIPIENT_CHARS: Final = 100
KEPT_US: Final = 24 * 3600 * US_PER_S
LOOK_EVERY_S: Final = 10.0
TELL_EVERY_S: Final = 1.0
_CHAIN_BATCH: Final = 1000
_CHUNK_BYTES: Final = 1024 * 1024
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
PAGE_FILE: Final = "verify.html"
README_FILE: Final = "README.txt"


@dataclass(slots=True)
class _Progress:
    """Shared with the thread that writes. done_bytes only grows; is_cancelled only becomes True."""

    done_bytes: int = 0
    is_cancelled: bool = False


class _Cancelled(Exception):
    """Somebody does not want it any more."""


@dataclass(slots=True)
class _Contents:
    """What goes into the zip beside the items' files."""

    texts: dict[str, bytes]
    items: Sequence[Item]
    listed: list[FileFact] = field(default_factory=list)


class ExportService:
    """Jobs belong to their makers: nobody else sees, stops or fetches them."""

    def __init__(
        self,
        database: Database,
        evidence: EvidenceService,
        signer: Signer,
        stamper: Stamper | None,
        folder: EvidenceFolder,
        audit: AuditTrail,
        *,
        software: str,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._evidence = evidence
        self._signer = signer
        self._copies = CopyMaker(stamper, folder, software=software)
        self._folder = folder
        self._audit = audit
        self._software = software
        self._clock = clock
        self._entropy = entropy
        self._wake = asyncio.Event()
        self._running: dict[str, _Progress] = {}

    # -- for people ----------------------------------------------------------------------------------------------------

    async def begin(
        self, actor: Actor, items: Sequence[str], *, purpose: Purpose, case_no: str, recipient: str, note: str
    ) -> Export:
        """Queue an export; items that belong to no case yet belong to `case_no` from now on.

        raises: BrightKitchenError "access.none", "evidence.not_now", "evidence.purpose_note", "evidence.case", "evidence.recipient",
        "evidence.export_too_big", "evidence.export_too_many".
        """
        if not 0 < len(set(items)) <= MAX_ITEMS:
            raise BrightKitchenError(Kind.INVALID, "evidence.export_too_big", items=MAX_ITEMS, field="items")
        found = [await self._evidence.access_item(actor, item, rules.EXPORT) for item in dict.fromkeys(items)]
        found = list({item.id: item for item in found}.values())
        check_purpose(purpose, note)
        case_no, recipient = checked_case(case_no), recipient.strip()
        if not recipient or len(recipient) > MAX_RECIPIENT_CHARS or not recipient.isprintable():
            raise BrightKitchenError(Kind.INVALID, "evidence.recipient", most=MAX_RECIPIENT_CHARS, field="recipient")
        total_bytes = sum(fact.size_bytes for item in found for fact in files_of(item))
        if total_bytes > MAX_BYTES:
            raise BrightKitchenError(Kind.INVALID, "evidence.export_too_big", items=MAX_ITEMS, field="items")
        assert actor.user is not None  # human_only
        async with self._database.write() as connection:
            waiting = await store.load_open_exports(connection)
            mine = [each for each in waiting if each.made_by == actor.user]
            if len(waiting) >= MAX_OPEN or len(mine) >= MAX_OPEN_EACH:
                raise BrightKitchenError(Kind.EXHAUSTED, "evidence.export_too_many", retry_after_s=60)
            now = self._clock.utc()
            export = Export(
                id=new_id("exp", self._entropy),
                made_by=actor.user,
                maker_name=await store.load_display_name(connection, actor.user),
                state=ExportState.QUEUED,
                items=tuple(item.id for item in found),
                numbers=tuple(item.number for item in found),
                purpose=purpose,
                case_no=case_no,
                recipient=recipient,
                total_bytes=total_bytes,
                done_bytes=0,
                file_bytes=0,
                sha256="",
                failure="",
                created_at=now,
                updated_at=now,
                expires_at=None,
            )
            await store.save_new_export(connection, export)
            for item in found:
                if find_transition(item.state, Event.EXPORT) is None:
                    await self._evidence.link_in(connection, actor, item, case_no)
                await self._note(connection, actor, item, export, note)
        self._wake.set()
        return export

    async def list_exports(self, actor: Actor) -> list[Export]:
        """Return the actor's own jobs, newest first."""
        if actor.user is None:
            return []
        async with self._database.read() as connection:
            return [self._live(each) for each in await store.load_exports(connection, actor.user, limit=MAX_LISTED)]

    async def access_export(self, actor: Actor, export_id: str) -> Export:
        """raises: BrightKitchenError "access.none" unless it is the actor's own."""
        found = None
        if is_id(export_id, "exp"):
            async with self._database.read() as connection:
                found = await store.load_export(connection, export_id)
        if found is None or found.made_by != actor.user:
            raise not_found()
        return self._live(found)

    async def cancel(self, actor: Actor, export_id: str) -> Export:
        """Stop a job; harmless if it is over. raises: "access.none"."""
        export = await self.access_export(actor, export_id)
        async with self._database.write() as connection:
            await store.save_export(
                connection,
                export.id,
                was=OPEN_EXPORTS,
                state=ExportState.CANCELLED,
                updated_at=self._clock.utc(),
            )
        progress = self._running.get(export.id)
        if progress is not None:
            progress.is_cancelled = True
        return await self.access_export(actor, export_id)

    async def open_file(self, actor: Actor, export_id: str) -> tuple[Export, Path]:
        """Return a ready export and its file; whoever lost the right to one of its items does not get it.

        raises: BrightKitchenError "access.none", "evidence.export_not_ready".
        """
        export = await self.access_export(actor, export_id)
        for item in export.items:
            await self._evidence.access_item(actor, item, rules.VIEW)
        file = self._folder.export_file(export.id)
        if export.state is not ExportState.READY or not await asyncio.to_thread(file.is_file):
            raise BrightKitchenError(Kind.CONFLICT, "evidence.export_not_ready")
        said = self._audit.entry(
            audited.DOWNLOAD,
            who(actor),
            object_kind="evidence_export",
            object_id=export.id,
            purpose=export.purpose.value,
            detail={"items": len(export.items), "case": export.case_no, "sha256": export.sha256},
            names={"recipient": export.recipient},
        )
        await self._audit.record(said)
        return export, file

    def _live(self, export: Export) -> Export:
        """Rows lag behind by a second; whoever looks sees what is."""
        progress = self._running.get(export.id)
        if progress is None or export.state is not ExportState.RUNNING:
            return export
        return replace(export, done_bytes=progress.done_bytes)

    async def _note(self, connection: AsyncConnection, actor: Actor, item: Item, export: Export, note: str) -> None:
        """Each item is a row: the owner's view counts them by premises and camera."""
        said = self._audit.entry(
            audited.EXPORT,
            who(actor),
            object_kind="evidence",
            object_id=item.id,
            premises_id=item.premises or "",
            camera_id=item.camera,
            region=item.place.region,
            purpose=export.purpose.value,
            detail={"number": item.number, "export": export.id, "case": export.case_no},
            names={"recipient": export.recipient} | ({"note": note} if note else {}),
        )
        await self._audit.append(connection, said)

    # -- the worker ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Do the jobs, for ever; those that a fall interrupted begin again."""
        while True:
            while await self.run_next():
                pass
            await self.expire()
            self._wake.clear()
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def run_next(self) -> bool:
        """Do the oldest job; False if there is none."""
        async with self._database.read() as connection:
            waiting = await store.load_open_exports(connection)
        if not waiting:
            return False
        export = waiting[0]
        async with self._database.write() as connection:
            changes = {"state": ExportState.RUNNING, "done_bytes": 0, "updated_at": self._clock.utc()}
            if not await store.save_export(connection, export.id, was=OPEN_EXPORTS, **changes):
                return True  # cancelled between the two
        await self._do(export)
        return True

    async def expire(self) -> None:
        """Remove the files of exports that were kept for a day."""
        async with self._database.read() as connection:
            over = await store.load_expired_exports(connection, self._clock.utc())
        for export in over:
            await asyncio.to_thread(self._folder.export_file(export.id).unlink, missing_ok=True)
            async with self._database.write() as connection:
                await store.save_export(connection, export.id, was=(ExportState.READY,), state=ExportState.EXPIRED)

    async def _do(self, export: Export) -> None:
        progress = self._running[export.id] = _Progress()
        telling = asyncio.create_task(self._keep_telling(export, progress))
        part = self._folder.export_file(export.id, is_partial=True)
        try:
            contents = await self._gather(export)
            sha256, file_bytes = await self._write(export, contents, part, progress)
            await self._finish(export, contents.items, sha256, file_bytes)
        except _Cancelled:
            log.info("export cancelled", export=export.id)
        except BrightKitchenError as error:
            await self._fail(export, error.code)
        except OSError as cause:
            log.error("export not written", export=export.id, problem=cause.strerror)
            await self._fail(export, "evidence.export_disk")
        finally:
            progress.is_cancelled = True  # if this task itself was cancelled, the thread shall not go on alone
            telling.cancel()
            del self._running[export.id]
            await asyncio.to_thread(part.unlink, missing_ok=True)

    async def _gather(self, export: Export) -> _Contents:
        async with self._database.read() as connection:
            items = [item for each in export.items if (item := await store.load_item(connection, each)) is not None]
            chain = await _build_chain(connection, min(item.seq for item in items))
        if any(item.state is EvidenceState.DISPOSED or not item.seq for item in items):
            raise BrightKitchenError(Kind.CONFLICT, "evidence.not_now", number=items[0].number)
        page = resources(__package__) / "page"
        texts = {
            README_FILE: (page / README_FILE).read_bytes(),
            PAGE_FILE: (page / PAGE_FILE).read_bytes(),
            KEYS_FILE: await self._signer.keys(),
            CHAIN_FILE: chain,
        }
        root = await self._copies.root()
        if root:
            texts[C2PA_ROOT_FILE] = root
        return _Contents(texts, items)

    async def _write(self, export: Export, contents: _Contents, part: Path, progress: _Progress) -> tuple[str, int]:
        """Write the zip in a thread; the list comes last, when every hash is known, and is signed in between."""
        free_bytes = (await asyncio.to_thread(shutil.disk_usage, self._folder.path)).free
        copies_bytes = self._copies.measure(contents.items)
        if free_bytes < export.total_bytes + copies_bytes + 256 * 1024 * 1024:
            raise BrightKitchenError(Kind.EXHAUSTED, "evidence.no_room", free_mib=free_bytes >> 20)
        archive = await asyncio.to_thread(zipfile.ZipFile, part, "w", zipfile.ZIP_STORED, True)
        try:
            await asyncio.to_thread(_write_files, archive, self._folder, contents, progress)
            without = await self._add_copies(archive, contents, progress)
            root = contents.texts.get(C2PA_ROOT_FILE)
            listed = build_canonical(
                {
                    "format": EXPORT_FORMAT,
                    "id": export.id,
                    "made_at": format_utc(self._clock.utc()),
                    "made_by": {"id": export.made_by, "name": export.maker_name},
                    "purpose": export.purpose.value,
                    "case_no": export.case_no,
                    "recipient": export.recipient,
                    "software": self._software,
                    "c2pa": {"root": fingerprint_of_root(root) if root else UNKNOWN, "without": list(without)},
                    "files": [
                        {"name": f.name, "size_bytes": f.size_bytes, "sha256": f.sha256} for f in contents.listed
                    ],
                }
            )
            seal = await self._signer.sign(EXPORT_FORMAT, hash_bytes(listed))
            for name, data in ((EXPORT_FILE, listed), (EXPORT_SEAL_FILE, seal.spell())):
                await asyncio.to_thread(archive.writestr, _entry(name), data)
        finally:
            await asyncio.to_thread(archive.close)
        return await asyncio.to_thread(_publish, part, self._folder.export_file(export.id), progress)

    async def _add_copies(self, archive: zipfile.ZipFile, contents: _Contents, progress: _Progress) -> list[str]:
        """Add a C2PA-signed copy of every clip; return the names of those that have none."""
        without: list[str] = []
        for item in contents.items:
            for fact in files_of(item):
                if not is_clip(fact):
                    continue
                with await asyncio.to_thread(self._copies.open_copy) as copy:
                    if await self._copies.stamp(item, fact, copy):
                        name = name_of_copy(item.number, fact.name)
                        await asyncio.to_thread(_add_copy, archive, name, copy, contents, progress)
                    else:
                        without.append(f"{ITEMS_FOLDER}{item.number}/{fact.name}")
        return without

    async def _finish(self, export: Export, items: Sequence[Item], sha256: str, file_bytes: int) -> None:
        now = self._clock.utc()
        async with self._database.write() as connection:
            kept = await store.save_export(
                connection,
                export.id,
                was=(ExportState.RUNNING,),
                state=ExportState.READY,
                done_bytes=export.total_bytes,
                file_bytes=file_bytes,
                sha256=sha256,
                updated_at=now,
                expires_at=Utc(now + KEPT_US),
            )
            if kept:
                for item in items:
                    await self._evidence.export_in(connection, export.made_by, item.id, export.case_no)
        if not kept:
            await asyncio.to_thread(self._folder.export_file(export.id).unlink, missing_ok=True)

    async def _fail(self, export: Export, code: str) -> None:
        log.error("export failed", export=export.id, code=code)
        async with self._database.write() as connection:
            await store.save_export(
                connection,
                export.id,
                was=(ExportState.RUNNING,),
                state=ExportState.FAILED,
                failure=code,
                updated_at=self._clock.utc(),
            )

    async def _keep_telling(self, export: Export, progress: _Progress) -> None:
        told = 0
        while True:
            await self._clock.sleep(TELL_EVERY_S)
            if progress.done_bytes == told:
                continue
            told = progress.done_bytes
            async with self._database.write() as connection:
                await store.save_export(
                    connection,
                    export.id,
                    was=(ExportState.RUNNING,),
                    done_bytes=told,
                    updated_at=self._clock.utc(),
                )


async def _build_chain(connection: AsyncConnection, from_seq: int) -> bytes:
    """Return the lines from that place to the newest: hashes alone, so that they tell nothing of other items."""
    lines: list[bytes] = []
    while batch := await store.load_chain(connection, from_seq + len(lines), limit=_CHAIN_BATCH):
        for item in batch:
            line: dict[str, Json] = {"seq": item.seq, "manifest": hash_bytes(item.manifest.encode()), "hash": item.hash}
            lines.append(build_canonical(line) + b"\n")
    return b"".join(lines)


def _write_files(archive: zipfile.ZipFile, folder: EvidenceFolder, contents: _Contents, progress: _Progress) -> None:
    """Runs in a thread. raises: _Cancelled, OSError, "evidence.damaged" if a file is not what was sealed."""
    for name, data in contents.texts.items():
        archive.writestr(_entry(name), data)
        contents.listed.append(_listed(name, len(data), hash_bytes(data)))
    for item in contents.items:
        for fact in files_of(item):
            name = f"{ITEMS_FOLDER}{item.number}/{fact.name}"
            digest = hashlib.sha256()
            with (
                folder.open(item.id, item.number, fact.name) as source,
                archive.open(_entry(name), "w", force_zip64=fact.size_bytes > 2**31) as target,
            ):
                _copy(source, target, digest.update, progress)
            if digest.hexdigest() != fact.sha256:
                log.error("evidence is damaged", number=item.number, file=fact.name)
                raise BrightKitchenError(Kind.DATA_LOSS, "evidence.damaged", number=item.number, name=fact.name)
            contents.listed.append(_listed(name, fact.size_bytes, fact.sha256))


def _add_copy(archive: zipfile.ZipFile, name: str, copy: BinaryIO, contents: _Contents, progress: _Progress) -> None:
    """Runs in a thread. The job's length does not count copies."""
    digest, size_bytes = hashlib.sha256(), copy.seek(0, os.SEEK_END)
    copy.seek(0)
    with archive.open(_entry(name), "w") as target:
        while chunk := copy.read(_CHUNK_BYTES):
            if progress.is_cancelled:
                raise _Cancelled
            digest.update(chunk)
            target.write(chunk)
    contents.listed.append(_listed(name, size_bytes, digest.hexdigest()))


def _copy(source: IO[bytes], target: IO[bytes], measure: Callable[[bytes], object], progress: _Progress) -> None:
    while chunk := source.read(_CHUNK_BYTES):
        if progress.is_cancelled:
            raise _Cancelled
        measure(chunk)
        target.write(chunk)
        progress.done_bytes += len(chunk)


def _publish(part: Path, file: Path, progress: _Progress) -> tuple[str, int]:
    """Hash, sync and rename what was written. Runs in a thread."""
    digest = hashlib.sha256()
    with part.open("rb") as written:
        while chunk := written.read(_CHUNK_BYTES):
            if progress.is_cancelled:
                raise _Cancelled
            digest.update(chunk)
        os.fsync(written.fileno())
        size_bytes = written.tell()
    part.replace(file)
    sync_folder(file.parent)
    return digest.hexdigest(), size_bytes


def _entry(name: str) -> zipfile.ZipInfo:
    """The same bytes make the same zip, whatever the hour."""
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = 0o644 << 16
    return entry


def _listed(name: str, size_bytes: int, sha256: str) -> FileFact:
    return FileFact(name=name, role="", type="", size_bytes=size_bytes, sha256=sha256)
