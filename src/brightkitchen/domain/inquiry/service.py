"""Searching the audit inside one's regions, taking a file away, and how the chain stands. Each reading is a row as well."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model, store
from brightkitchen.domain.audit.anchors import Anchor, AnchorFolder
from brightkitchen.domain.audit.chain import GENESIS, hash_row
from brightkitchen.domain.audit.model import Filters, FoundRow, Watch
from brightkitchen.domain.audit.policy import SEARCH
from brightkitchen.domain.audit.queries import read_detail, search_rows
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.regions import has_city_reach, region_prefix
from brightkitchen.domain.authz.store import load_regions
from brightkitchen.domain.inquiry import policy as rules
from brightkitchen.domain.inquiry import queries
from brightkitchen.domain.inquiry.model import AnswerPage, ChainState, LastCheck, NamedRow, Question, WatchedNames
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S

log = get_logger(__name__)

MAX_EXPORT_ROWS: Final = 10_000
CHECK_LATE_US: Final = 26 * 3_600 * US_PER_S
"""The check runs every night; two hours later than a day, something is wrong with it."""


class AuditInquiry:
    """What auditors ask."""

    def __init__(
        self, database: Database, policy: Policy, trail: AuditTrail, *, anchors: AnchorFolder | None, clock: Clock
    ) -> None:
        self._database = database
        self._policy = policy
        self._trail = trail
        self._anchors = anchors
        self._clock = clock

    async def search(self, actor: Actor, asked: Question, *, cursor: str, limit: int) -> AnswerPage:
        """Return a page of what the actor may read. limit: 1..200.

        raises: BrightKitchenError "access.none", "web.cursor", "audit.name_wide".
        """
        filters = await self._filters(actor, asked, SEARCH)
        page = await self._trail.search(filters, cursor=cursor, limit=limit) if filters is not None else None
        if not cursor:
            await self._note_search(actor, asked)
        if page is None:
            return AnswerPage((), None)
        async with self._database.read() as connection:
            return AnswerPage(await _named(connection, page.rows), page.next_cursor)

    async def export(self, actor: Actor, asked: Question, *, purpose: str) -> tuple[NamedRow, ...]:
        """Return all that a search finds, newest first, written down as an export first. purpose: the actor's own words.

        raises: as `search`, and BrightKitchenError "audit.export_wide" for more than `MAX_EXPORT_ROWS`.
        """
        filters = await self._filters(actor, asked, rules.EXPORT)
        rows: Sequence[FoundRow] = ()
        async with self._database.read() as connection:
            if filters is not None:
                rows = await search_rows(connection, filters, before_seq=None, limit=MAX_EXPORT_ROWS + 1)
            if len(rows) > MAX_EXPORT_ROWS:
                raise BrightKitchenError(Kind.INVALID, "audit.export_wide", most=MAX_EXPORT_ROWS)
            named = await _named(connection, rows)
        said = self._trail.entry(
            model.EXPORT,
            who(actor, self._policy.check(actor, rules.EXPORT)),
            object_kind="audit",
            region=asked.region,
            detail=_said_of(asked) | {"rows": len(named)},
            names=_names_of(asked) | {"purpose": purpose},
        )
        await self._trail.record(said)
        return named

    async def load_state(self, actor: Actor) -> ChainState:
        """Return where the chain ends and how its last check went. raises: BrightKitchenError "access.none"."""
        if not self._policy.check(actor, SEARCH).allowed:
            raise not_found()
        async with self._database.read() as connection:
            head = await store.load_head(connection)
            checks = await search_rows(connection, Filters(kinds=(model.CHECK_RUN,)), before_seq=None, limit=1)
        anchor = await self._read_anchor()
        check = _check_of(checks[0]) if checks else None
        return ChainState(
            seq=head.seq,
            hash=head.hash,
            anchor_no=head.anchor_no,
            anchored_at=anchor.at if anchor else None,
            anchored_seq=anchor.seq if anchor else None,
            check=check,
            is_check_late=check is None or self._clock.utc() - check.at > CHECK_LATE_US,
        )

    async def name_watched(self, watches: Sequence[Watch]) -> WatchedNames:
        """Return the names of the authorities and channels of a list that its reader may see."""
        async with self._database.read() as connection:
            regions = {region.code: region.name for region in await load_regions(connection)}
            cameras = await queries.load_camera_names(connection, {each.camera_id for each in watches})
        return WatchedNames(regions, cameras)

    async def _read_anchor(self) -> Anchor | None:
        if self._anchors is None:
            return None
        try:
            return await asyncio.to_thread(self._anchors.read_last)
        except OSError as error:
            log.warning("anchors cannot be read", error=type(error).__name__)
            return None

    async def _filters(self, actor: Actor, asked: Question, action: str) -> Filters | None:
        """Return what to look for, None if a name that was given is nobody's. raises: as `search`."""
        filters = replace(asked.filters, regions=self._regions(actor, asked.region, action))
        async with self._database.read() as connection:
            if asked.person:
                filters = replace(
                    filters, people=_meant(await queries.load_people_meant(connection, asked.person), "person")
                )
            if asked.place:
                filters = replace(
                    filters, places=_meant(await queries.load_premises_meant(connection, asked.place), "place")
                )
        is_nobody = bool(asked.person and not filters.people) or bool(asked.place and not filters.places)
        return None if is_nobody else filters

    def _regions(self, actor: Actor, region: str, action: str) -> tuple[str, ...]:
        """Return the regions to search in: what was asked for, inside what the actor reaches. raises: "access.none" if nothing is left.

        A reach that is limited to categories or to one premises is none here: rows do not say enough to hold it.
        """
        grants = self._policy.grants_for(actor, action)
        scopes = [grant.scope for grant in grants if not grant.scope.categories and grant.scope.premises is None]
        if not scopes:
            raise not_found()
        wanted = region_prefix(region)
        if any(has_city_reach(scope.region) for scope in scopes):
            return (wanted,) if wanted else ()
        reached = [region_prefix(scope.region) for scope in scopes]
        inside = {max(wanted, prefix, key=len) for prefix in reached if _overlap(wanted, prefix)}
        if not inside:
            raise not_found()
        return tuple(sorted(inside))

    async def _note_search(self, actor: Actor, asked: Question) -> None:
        said = self._trail.entry(
            model.AUDIT_READ,
            who(actor, self._policy.check(actor, SEARCH)),
            object_kind="audit",
            region=next(iter(self._regions(actor, asked.region, SEARCH)), ""),
            detail=_said_of(asked),
            names=_names_of(asked),
        )
        await self._trail.record_once({("read", actor.pseudonym, repr(asked)): said})


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _meant(ids: tuple[str, ...], field: str) -> tuple[str, ...]:
    if len(ids) > queries.MAX_MEANT:
        raise BrightKitchenError(Kind.INVALID, "audit.name_wide", most=queries.MAX_MEANT, field=field)
    return ids


def _said_of(asked: Question) -> dict[str, model.Scalar]:
    filters = asked.filters
    said: dict[str, model.Scalar] = {
        "actor": filters.actor_id,
        "kinds": ",".join(filters.kinds),
        "object": filters.object_id,
        "premises": filters.premises_id,
        "camera": filters.camera_id,
        "decision": filters.decision,
        "from_at": filters.from_at,
        "to_at": filters.to_at,
    }
    return {name: value for name, value in said.items() if value}


def _names_of(asked: Question) -> dict[str, str]:
    said = {"text": asked.filters.text, "person": asked.person, "place": asked.place}
    return {name: value for name, value in said.items() if value}


def _check_of(found: FoundRow) -> LastCheck:
    detail = read_detail(found.row)
    rows, anchors = detail.get("rows"), detail.get("anchors")
    return LastCheck(
        at=found.row.at,
        rows=rows if isinstance(rows, int) else 0,
        anchors=anchors if isinstance(anchors, int) else 0,
        failures=tuple(filter(None, found.row.reason.split(","))),
    )


async def _named(connection: AsyncConnection, found: Sequence[FoundRow]) -> tuple[NamedRow, ...]:
    """Return the rows with the names of now; a fixed number of statements for a page."""
    rows = [each.row for each in found]
    hashes = await queries.load_hashes(connection, [row.seq - 1 for row in rows])
    people = await queries.load_people_names(connection, {id_ for row in rows for id_ in (row.actor_id, row.object_id)})
    places = await queries.load_premises_names(connection, {row.premises_id for row in rows})
    seen = await queries.load_camera_names(connection, {row.camera_id or row.object_id for row in rows})
    named = []
    for each in found:
        row = each.row
        before = GENESIS if row.seq == 1 else hashes.get(row.seq - 1, "")
        named.append(
            NamedRow(
                found=each,
                before=before,
                fits=bool(before) and hash_row(before, row) == row.hash,
                actor=people.get(row.actor_id),
                subject=people.get(row.object_id),
                premises_name=places.get(row.premises_id, ""),
                camera_name=seen.get(row.camera_id or row.object_id, ""),
            )
        )
    return tuple(named)
