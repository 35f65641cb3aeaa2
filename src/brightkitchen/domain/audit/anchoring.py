"""Writing anchors: the chain's end every ten minutes, and each day once it is over. Also notices that the database is another one.

Before an anchor is written, the row that the last one named is looked at again. If it is missing or has another hash, the database was
put back, cut or changed since: a row and the anchor say so, a new line begins, and the checks go on naming it until somebody answers for it.
"""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model, store
from brightkitchen.domain.audit.anchors import (
    DAY,
    HEAD,
    Anchor,
    AnchorFolder,
    PublicKey,
    hash_keys,
    parse_anchor,
    sign_anchor,
)
from brightkitchen.domain.audit.chain import GENESIS
from brightkitchen.domain.audit.keys import USE_US, AuditKeys
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc

log = get_logger(__name__)

EVERY_S: Final = 600.0
LOOK_EVERY_S: Final = 60.0


class Anchorer:
    """The one writer of a folder of anchors."""

    def __init__(
        self,
        database: Database,
        trail: AuditTrail,
        keys: AuditKeys,
        folder: AnchorFolder,
        *,
        clock: Clock,
        zone: tzinfo,
    ) -> None:
        self._database = database
        self._trail = trail
        self._keys = keys
        self.folder = folder
        self._writing = asyncio.Lock()
        self._clock = clock
        self._zone = zone
        self._closed: date | None = None  # the newest day that has its anchor
        self._anchored_s = float("-inf")

    async def run(self, on_day: Callable[[Anchor], None] | None = None) -> None:
        """Write what is due, for ever. on_day: told of every day anchor, for whoever carries it out of the house."""
        while True:
            for anchor in await self.write_due():
                if anchor.type == DAY and on_day is not None:
                    on_day(anchor)
            await self._clock.sleep(LOOK_EVERY_S)

    async def write_due(self) -> list[Anchor]:
        """Write the anchor of yesterday if it is missing, and of the chain's end if ten minutes are over and it grew. raises: OSError."""
        async with self._writing:
            return await self._write_due()

    async def _write_due(self) -> list[Anchor]:
        written = []
        yesterday = self._today() - timedelta(days=1)
        if await self._last_closed() < yesterday:
            start, end = self._day_of(yesterday)
            async with self._database.read() as connection:
                rows = await store.count_rows_between(connection, start, end)
            written.append(await self._write(DAY, date=yesterday.isoformat(), rows=rows))
            self._closed = yesterday
        if self._clock.mono_s() - self._anchored_s >= EVERY_S:
            last = await asyncio.to_thread(self.folder.read_last)
            async with self._database.read() as connection:
                head = await store.load_head(connection)
            if last is None or (last.seq, last.head) != (head.seq, head.hash):
                written.append(await self._write(HEAD))
            self._anchored_s = self._clock.mono_s()
        return written

    async def _write(self, kind: str, *, date: str = "", rows: int = 0) -> Anchor:
        last = await asyncio.to_thread(self.folder.read_last)
        async with self._database.write() as connection:
            why = await self._compare(connection, last)
            if why:
                log.error("the audit is not the one that was anchored", why=why, anchor=last.number if last else 0)
                await self._note_fork(connection, last, why)
            publics, private = await self._current_key(connection)
            head = await store.load_head(connection)
            anchor = Anchor(
                number=max(last.number if last else 0, head.anchor_no) + 1,
                type=kind,
                at=self._clock.utc(),
                date=date,
                seq=head.seq,
                head=head.hash,
                rows=rows,
                line=(last.line if last else 0) + (1 if why else 0),
                why=why,
                kid=publics[-1].kid,
                keys=hash_keys(publics),
                before=last.hash() if last else "",
            )
            anchor = sign_anchor(anchor, private)
        # The row of a fork, and the key, are kept before the anchor that speaks of them leaves the house.
        await asyncio.to_thread(self.folder.save_keys, publics)
        await asyncio.to_thread(self.folder.append, anchor, self._year_of(anchor.at))
        async with self._database.write() as connection:
            await store.save_anchor_no(connection, anchor.number)
        self._anchored_s = self._clock.mono_s()
        log.info("audit anchored", anchor=anchor.number, seq=anchor.seq, type=kind)
        return anchor

    async def _compare(self, connection: AsyncConnection, last: Anchor | None) -> str:
        """Return how the database differs from what the last anchor says of it; "" if it does not."""
        head = await store.load_head(connection)
        if last is None:
            return "anchors_lost" if head.anchor_no else ""
        if await _hash_at(connection, last.seq) == last.head:
            return ""
        if head.anchor_no < last.number:
            return "restored"
        return "cut" if head.seq < last.seq else "changed"

    async def _note_fork(self, connection: AsyncConnection, last: Anchor | None, why: str) -> None:
        head = await store.load_head(connection)
        detail: dict[str, model.Scalar] = {"seq": head.seq, "anchor_no": head.anchor_no}
        if last is not None:
            detail |= {"anchored_seq": last.seq, "anchor": last.number, "anchored_at": format_utc(last.at)}
        await self._trail.append(
            connection, self._trail.entry(model.CHAIN_FORKED, decision=model.REFUSED, reason=why, detail=detail)
        )

    async def _current_key(self, connection: AsyncConnection) -> tuple[tuple[PublicKey, ...], Ed25519PrivateKey]:
        now = self._clock.utc()
        publics, private = await self._keys.load(connection)
        if private is None or publics[-1].created_at + USE_US <= now:
            made = await self._keys.create(connection, now, publics[-1] if publics else None, private)
            await self._trail.append(
                connection,
                self._trail.entry(
                    model.KEY_CREATED,
                    object_kind="audit_key",
                    object_id=made.kid,
                    detail={"fingerprint": made.fingerprint(), "before": made.before},
                ),
            )
            publics, private = await self._keys.load(connection)
        assert private is not None
        return publics, private

    async def _last_closed(self) -> date:
        """Return the newest day that has its anchor; the day before the first anchor if none has: no day before the folder is closed."""
        if self._closed is None:
            lines = (await asyncio.to_thread(self.folder.read)).lines
            anchors = [anchor for line in lines if (anchor := parse_anchor(line.data))]
            newest = max((anchor.date for anchor in anchors if anchor.type == DAY), default="")
            first = self._date_of(anchors[0].at) if anchors else self._today()
            self._closed = date.fromisoformat(newest) if newest else first - timedelta(days=1)
        return self._closed

    def _today(self) -> date:
        return self._date_of(self._clock.utc())

    def _date_of(self, at: Utc) -> date:
        return datetime.fromtimestamp(at / US_PER_S, tz=self._zone).date()

    def _day_of(self, day: date) -> tuple[Utc, Utc]:
        start = datetime.combine(day, time(0, 0), tzinfo=self._zone)
        end = datetime.combine(day + timedelta(days=1), time(0, 0), tzinfo=self._zone)
        return Utc(int(start.timestamp()) * US_PER_S), Utc(int(end.timestamp()) * US_PER_S)

    def _year_of(self, at: Utc) -> int:
        return self._date_of(at).year


async def _hash_at(connection: AsyncConnection, seq: int) -> str | None:
    if seq == 0:
        return GENESIS
    row = await store.load_row(connection, seq)
    return row.hash if row is not None else None
