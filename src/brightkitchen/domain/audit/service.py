"""Writing the audit, and asking it. If a row cannot be written, the act it speaks of does not happen."""

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model, queries, store
from brightkitchen.domain.audit.model import Entry, Row, Scalar, Who
from brightkitchen.domain.audit.queries import Filters, FoundRow, Watch
from brightkitchen.domain.audit.whence import current_address
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.nodeprotocol import ViewReport
from brightkitchen.kernel.units import Utc

log = get_logger(__name__)

REPEAT_S: Final = 600.0
MAX_RECENT: Final = 50_000


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Rows newest first; next_cursor None at the end."""

    rows: tuple[FoundRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class WatchPage:
    """Who watched, newest first. published_until: what happened later is told later."""

    watches: tuple[Watch, ...]
    published_until: Utc
    next_cursor: str | None


class AuditTrail:
    """The one way into the chain."""

    def __init__(self, database: Database, *, clock: Clock, entropy: Entropy, zone: tzinfo) -> None:
        """zone: the city's, by which a day ends."""
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._zone = zone
        self._cursor_key = entropy.token_bytes(32)
        self._recent: OrderedDict[Hashable, float] = OrderedDict()

    def entry(
        self,
        kind: str,
        who: Who = model.NOBODY,
        *,
        object_kind: str = "",
        object_id: str = "",
        premises_id: str = "",
        camera_id: str = "",
        region: str = "",
        decision: str = model.ALLOWED,
        reason: str = "",
        purpose: str = "",
        detail: Mapping[str, Scalar] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Entry:
        """Return an entry of now, from where the request that is being served came."""
        return Entry(
            kind=kind,
            at=self._clock.utc(),
            mono_s=self._clock.mono_s(),
            address=who.address or current_address(),
            actor_id=who.id,
            actor_role=who.role,
            session=who.session,
            object_kind=object_kind,
            object_id=object_id,
            premises_id=premises_id,
            camera_id=camera_id,
            region=region,
            decision=decision,
            reason=reason,
            purpose=purpose,
            detail=detail or {},
            names=names or {},
        )

    # -- writing -------------------------------------------------------------------------------------------------------

    async def append(self, connection: AsyncConnection, *entries: Entry) -> int:
        """Write rows in the caller's transaction: kept or undone together with the act. returns: the last one's number.

        raises: BrightKitchenError "audit.not_written"; the caller lets it through, so that the act is undone.
        """
        with _not_written():
            rows = await store.append_rows(connection, entries, self._entropy)
        return rows[-1].seq if rows else 0

    async def record(self, *entries: Entry) -> int:
        """Write rows in a transaction of their own: for views and refusals. returns and raises: as `append`."""
        with _not_written():
            async with self._database.write() as connection:
                rows = await store.append_rows(connection, entries, self._entropy)
        return rows[-1].seq if rows else 0

    async def record_once(self, entries: Mapping[Hashable, Entry]) -> None:
        """Write those whose key was not written in the last ten minutes: renewals and repeated refusals are one row.

        key: everything that makes two of them the same act. In memory and bounded: a restart writes one row more, never one less.
        """
        now_s = self._clock.mono_s()
        fresh = {key: entry for key, entry in entries.items() if now_s - self._recent.get(key, -REPEAT_S) >= REPEAT_S}
        if not fresh:
            return
        await self.record(*fresh.values())
        for key in fresh:
            self._recent[key] = now_s
            self._recent.move_to_end(key)
        while len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)

    async def record_views(self, node: str, reports: Sequence[ViewReport], *, lost: int = 0) -> None:
        """Write what a node says was really watched, each report once however often the node sends it.

        Who it was is read from the permission that the session was given for that camera: the role, place and purpose of then.
        lost: reports that the node had to drop while control was away; a row says so.
        """
        with _not_written():
            async with self._database.write() as connection:
                written = await self._written(connection, [report.view for report in reports])
                entries = [
                    await self._view_entry(connection, node, report)
                    for report in {each.view: each for each in reports}.values()
                    if report.view not in written
                ]
                if lost:
                    entries.append(
                        self.entry(
                            model.MEDIA_LOST,
                            object_kind="node",
                            object_id=node,
                            reason="buffer_full",
                            detail={"lost": lost},
                        )
                    )
                await store.append_rows(connection, entries, self._entropy)

    async def erase(self, seq: int, reason: str, who: Who) -> int:
        """Erase the names and free text of a row, as law may demand; the chain stays whole. returns: the number of the row that says so.

        raises: BrightKitchenError "access.none" if there are none.
        """
        said = self.entry(
            model.ERASURE,
            who,
            object_kind="audit",
            object_id=str(seq),
            reason=reason,
        )
        async with self._database.write() as connection:
            number = await self.append(connection, said)
            if not await store.erase_texts(connection, seq, number):
                raise not_found()
        return number

    async def open_case(self, connection: AsyncConnection, case_id: str, premises_id: str, who: Who) -> None:
        """From now on the owner is not told what was not told yet, until `close_case` or 90 days. In the caller's transaction."""
        await store.save_case(connection, case_id, premises_id, self._clock.utc())
        said = self.entry(
            model.CASE_OPENED,
            who,
            object_kind="case",
            object_id=case_id,
            premises_id=premises_id,
        )
        await self.append(connection, said)

    async def close_case(self, connection: AsyncConnection, case_id: str, who: Who) -> None:
        """Tell the owner everything again; harmless if the case is closed. In the caller's transaction."""
        premises_id = await store.end_case(connection, case_id, self._clock.utc())
        if premises_id is not None:
            said = self.entry(
                model.CASE_CLOSED,
                who,
                object_kind="case",
                object_id=case_id,
                premises_id=premises_id,
            )
            await self.append(connection, said)

    # -- asking --------------------------------------------------------------------------------------------------------

    async def search(self, filters: Filters, *, cursor: str = "", limit: int = queries.MAX_PAGE) -> SearchPage:
        """Return a page of rows, newest first. limit: 1..200. raises: BrightKitchenError "web.cursor"."""
        scope = repr(filters)
        before = self._read_cursor(scope, cursor)
        async with self._database.read() as connection:
            found = await queries.search_rows(connection, filters, before_seq=before, limit=limit + 1)
        more = len(found) > limit
        return SearchPage(tuple(found[:limit]), self._make_cursor(scope, found[limit - 1].row.seq) if more else None)

    async def list_watches(self, premises_id: str, *, cursor: str = "", limit: int = queries.MAX_PAGE) -> WatchPage:
        """Return a page of who watched that premises, as its owner may know it. limit: 1..200. raises: "web.cursor"."""
        now = self._clock.utc()
        before = self._read_cursor("watchers:" + premises_id, cursor)
        async with self._database.read() as connection:
            watches, below = await queries.load_watches(
                connection, premises_id, now=now, zone=self._zone, before_seq=before, limit=limit
            )
        following = None if below is None else self._make_cursor("watchers:" + premises_id, below)
        return WatchPage(tuple(watches), queries.published_before(now, self._zone), following)

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _written(self, connection: AsyncConnection, views: Sequence[str]) -> set[str]:
        rows = store.audit_rows
        query = sa.select(rows.c.object_id).where(rows.c.object_id.in_(views), rows.c.object_kind == "view")
        return set((await connection.execute(query)).scalars())

    async def _view_entry(self, connection: AsyncConnection, node: str, report: ViewReport) -> Entry:
        grant = await self._load_grant(connection, report)
        detail: dict[str, Scalar] = {
            "profile": report.profile,
            "node": node,
            "started_at": report.started_at,
            "ended_at": report.ended_at,
            "seconds": report.seconds,
            "count": report.count,
        }
        if report.from_at is not None and report.to_at is not None:
            detail |= {"from_at": report.from_at, "to_at": report.to_at}
        entry = self.entry(
            model.KIND_OF_ACT[report.act],
            Who(session=report.sid),
            object_kind="view",
            object_id=report.view,
            camera_id=report.camera,
            detail=detail,
            reason="" if grant else "no_grant",
        )
        if grant is None:
            log.error("watched without a permission that is known", node=node, camera=report.camera)
            return entry
        authority = queries.read_detail(grant).get("authority")
        if isinstance(authority, str):
            detail["authority"] = authority
        return replace(
            entry,
            actor_id=grant.actor_id,
            actor_role=grant.actor_role,
            address=grant.address,
            premises_id=grant.premises_id,
            region=grant.region,
            purpose=grant.purpose,
        )

    async def _load_grant(self, connection: AsyncConnection, report: ViewReport) -> Row | None:
        """Return the newest permission of that session for that camera before the view ended."""
        rows = store.audit_rows
        query = (
            sa.select(rows)
            .where(
                rows.c.session == report.sid,
                rows.c.camera_id == report.camera,
                rows.c.kind == model.MEDIA_GRANT,
                rows.c.decision == model.ALLOWED,
            )
            .order_by((rows.c.at > report.ended_at).asc(), rows.c.seq.desc())
            .limit(1)
        )
        found = (await connection.execute(query)).one_or_none()
        return store.row_of(found) if found else None

    def _make_cursor(self, scope: str, seq: int) -> str:
        place = seq.to_bytes(8)
        return base64.urlsafe_b64encode(place + self._tag(scope, place)).decode()

    def _read_cursor(self, scope: str, cursor: str) -> int | None:
        if not cursor:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii"))
        except (ValueError, UnicodeEncodeError):
            raw = b""
        if len(raw) != 24 or not hmac.compare_digest(raw[8:], self._tag(scope, raw[:8])):
            raise BrightKitchenError(Kind.INVALID, "web.cursor", field="cursor")
        return int.from_bytes(raw[:8])

    def _tag(self, scope: str, place: bytes) -> bytes:
        return hmac.digest(self._cursor_key, scope.encode() + b"\0" + place, hashlib.sha256)[:16]


@contextmanager
def _not_written() -> Iterator[None]:
    """Turn the database's error into ours."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError) as cause:
        log.error("audit row not written", error=type(cause).__name__)
        raise BrightKitchenError(Kind.UNAVAILABLE, "audit.not_written") from cause
