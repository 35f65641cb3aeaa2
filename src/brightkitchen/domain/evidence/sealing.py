"""Gives captured items their place in the chain, one after the other (docs/design/evidence.md §5, E1)."""

import asyncio
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.evidence import store
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.evidence.manifest import MANIFEST_FILE, SEAL_FILE, Placed, place
from brightkitchen.domain.evidence.model import Item
from brightkitchen.domain.evidence.ports import Signer
from brightkitchen.domain.evidence.states import Event, EvidenceState
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.evidence import FORMAT, Seal
from brightkitchen.kernel.ids import new_id
from brightkitchen.kernel.keyhistory import KeyLine, parse_line, split_lines
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import Utc

log = get_logger(__name__)

LOOK_EVERY_S: Final = 10.0
_BATCH: Final = 100
SIGNER: Final = "signer"


class Sealer:
    """The only writer of the chain. Signing waits outside the database's transaction, sealing happens inside."""

    def __init__(
        self,
        database: Database,
        folder: EvidenceFolder,
        signer: Signer,
        audit: AuditTrail,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._folder = folder
        self._signer = signer
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._known_kids: set[str] = set()

    async def run(self) -> None:
        """Seal whatever waits, for ever: the signer may have been away."""
        while True:
            try:
                await self.seal_all()
            except BrightKitchenError as error:
                log.warning("evidence waits for its seal", code=error.code)
            await self._clock.sleep(LOOK_EVERY_S)

    async def seal_all(self) -> int:
        """Seal everything that waits, oldest first; return how many. raises: BrightKitchenError "signer.…"."""
        done = 0
        async with self._turn:
            while True:
                async with self._database.read() as connection:
                    waiting = await store.load_unsealed(connection, limit=_BATCH)
                for item in waiting:
                    await self._seal(item)
                    done += 1
                if not waiting:
                    return done

    async def _seal(self, item: Item) -> None:
        async with self._database.read() as connection:
            seq, before = await store.load_head(connection)
        now = self._clock.utc()
        placed = place(item.manifest, seq=seq + 1, before=before, sealed_at=now)
        seal = await self._signer.sign(FORMAT, placed.hash)
        await self._note_key(seal.kid)
        await asyncio.to_thread(self._write, item, placed, seal)
        async with self._database.write() as connection:
            if await store.load_head(connection) != (seq, before):
                raise RuntimeError("somebody else writes the chain of evidence")
            await self._save(connection, item, placed, seal, seq + 1, now)
        log.info("evidence sealed", number=item.number, seq=seq + 1)

    def _write(self, item: Item, placed: Placed, seal: Seal) -> None:
        """The files come first: a fall before the row leaves an item that waits, and its files are written again."""
        self._folder.write(item.id, item.number, MANIFEST_FILE, placed.manifest)
        self._folder.write(item.id, item.number, SEAL_FILE, seal.spell())

    async def _save(
        self, connection: AsyncConnection, item: Item, placed: Placed, seal: Seal, seq: int, now: Utc
    ) -> None:
        kept = await store.save_seal(
            connection,
            item.id,
            seq=seq,
            manifest=placed.manifest.decode(),
            seal=seal.spell().decode(),
            hash=placed.hash,
            at=now,
        )
        if not kept:
            raise RuntimeError("an item was sealed twice")
        event_id = new_id("eve", self._entropy)
        await store.save_event(
            connection, event_id, item.id, Event.SEAL.value, EvidenceState.SEALED, None, now, str(seq)
        )
        said = self._audit.entry(
            audited.EVIDENCE_SEALED,
            object_kind="evidence",
            object_id=item.id,
            premises_id=item.premises or "",
            camera_id=item.camera,
            region=item.place.region,
            detail={"number": item.number, "seq": seq, "hash": placed.hash, "kid": seal.kid, "suite": seal.suite},
        )
        await self._audit.append(connection, said)

    async def _note_key(self, kid: str) -> None:
        """Write down every key that is seen for the first time."""
        if kid in self._known_kids:
            return
        lines = [parse_line(line) for line in split_lines(await self._signer.keys())]
        async with self._database.write() as connection:
            for line in lines:
                if isinstance(line, KeyLine) and await store.save_key_seen(
                    connection, SIGNER, line.public_key, self._clock.utc()
                ):
                    said = self._audit.entry(
                        audited.KEY_CREATED,
                        object_kind="evidence_key",
                        object_id=line.kid,
                        detail={"fingerprint": line.fingerprint, "suite": line.suite},
                    )
                    await self._audit.append(connection, said)
        self._known_kids |= {line.kid for line in lines}
