"""Questions to the audit: a search for those who may, and who watched one kitchen for those who own it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.model import ACT_OF_KIND, ALLOWED, MEDIA_GRANT, WATCHED, Filters, FoundRow, Row, Watch
from brightkitchen.domain.audit.store import audit_cases, audit_rows, audit_texts, row_of
from brightkitchen.kernel.units import US_PER_S, Utc

MAX_PAGE: Final = 200
PUBLISHED_FROM: Final = time(8, 0)
LONGEST_DELAY_US: Final = 90 * 86_400 * US_PER_S
OPENING_US: Final = 180 * US_PER_S  # a token opens for 60 s, the handle it was spent for lives 120 s


async def search_rows(
    connection: AsyncConnection, filters: Filters, *, before_seq: int | None, limit: int
) -> list[FoundRow]:
    """Return the newest rows that fit, below `before_seq`, newest first."""
    query = sa.select(audit_rows, audit_texts.c.seq.label("texts_seq"), audit_texts.c.text).select_from(
        audit_rows.outerjoin(audit_texts, audit_texts.c.seq == audit_rows.c.seq)
    )
    for condition in _conditions(filters):
        query = query.where(condition)
    if before_seq is not None:
        query = query.where(audit_rows.c.seq < before_seq)
    found = (await connection.execute(query.order_by(audit_rows.c.seq.desc()).limit(limit))).all()
    return [FoundRow(row_of(each), _read_names(each.texts_seq, each.text)) for each in found]


def _conditions(filters: Filters) -> Iterable[sa.ColumnElement[bool]]:
    for name in ("actor_id", "object_id", "premises_id", "camera_id", "session", "decision"):
        wanted = getattr(filters, name)
        if wanted:
            yield audit_rows.c[name] == wanted
    if filters.kinds:
        yield audit_rows.c.kind.in_(filters.kinds)
    if filters.regions:
        yield sa.or_(*(audit_rows.c.region.startswith(each, autoescape=True) for each in filters.regions))
    if filters.people:
        yield audit_rows.c.actor_id.in_(filters.people) | audit_rows.c.object_id.in_(filters.people)
    if filters.places:
        yield audit_rows.c.premises_id.in_(filters.places)
    if filters.from_at is not None:
        yield audit_rows.c.at >= filters.from_at
    if filters.to_at is not None:
        yield audit_rows.c.at < filters.to_at
    if filters.text:
        yield audit_texts.c.text.contains(filters.text, autoescape=True)


def _read_names(texts_seq: int | None, text: str | None) -> Mapping[str, str] | None:
    if texts_seq is None:
        return {}
    return msgspec.json.decode(text, type=dict[str, str]) if text is not None else None


# -- who watched -------------------------------------------------------------------------------------------------------


def published_before(now: Utc, zone: tzinfo) -> Utc:
    """Return the instant before which everything is old enough to be told: each day is, from 08:00 of the next."""
    local = datetime.fromtimestamp(now / US_PER_S, tz=zone)
    last_day = local.date() if local.time() >= PUBLISHED_FROM else local.date() - timedelta(days=1)
    start = datetime.combine(last_day, time(0, 0), tzinfo=zone)
    return Utc(int(start.timestamp()) * US_PER_S)


async def load_watches(
    connection: AsyncConnection, premises_id: str, *, now: Utc, zone: tzinfo, before_seq: int | None, limit: int
) -> tuple[list[Watch], int | None]:
    """Return a page of who watched, newest first, and the number to go on below; None at the end.

    A page may be shorter than `limit`: permissions whose use a node has reported are told once, by that report.
    """
    conditions = [
        audit_rows.c.premises_id == premises_id,
        audit_rows.c.kind.in_((*WATCHED, MEDIA_GRANT)),
        audit_rows.c.decision == ALLOWED,
        audit_rows.c.at < published_before(now, zone),
        *await _delays(connection, premises_id, now=now, zone=zone),
    ]
    if before_seq is not None:
        conditions.append(audit_rows.c.seq < before_seq)
    query = sa.select(audit_rows).where(*conditions).order_by(audit_rows.c.seq.desc()).limit(limit + 1)
    rows = [row_of(each) for each in (await connection.execute(query)).all()]
    page = rows[:limit]
    reported = await _load_reported(connection, [row for row in page if row.kind == MEDIA_GRANT])
    watches = [_watch(row) for row in page if row.kind != MEDIA_GRANT or not _is_reported(row, reported)]
    return watches, page[-1].seq if len(rows) > limit else None


async def _delays(
    connection: AsyncConnection, premises_id: str, *, now: Utc, zone: tzinfo
) -> list[sa.ColumnElement[bool]]:
    """While a case is open, what had not been told when it was opened stays untold: until it closes, or 90 days at most."""
    mine = sa.select(audit_cases.c.opened_at).where(
        audit_cases.c.premises_id == premises_id,
        audit_cases.c.case_open_until.is_(None) | (audit_cases.c.case_open_until > now),
    )
    opened = [Utc(at) for at in (await connection.execute(mine)).scalars()]
    if not opened:
        return []
    told_before = published_before(Utc(min(opened)), zone)
    return [(audit_rows.c.at < told_before) | (audit_rows.c.at <= now - LONGEST_DELAY_US)]


async def _load_reported(connection: AsyncConnection, grants: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """Return what nodes reported of the sessions of these permissions."""
    reported: dict[tuple[str, str, str], list[Row]] = {}
    sessions = {row.session for row in grants}
    if sessions:
        query = sa.select(audit_rows).where(
            audit_rows.c.session.in_(sessions), audit_rows.c.kind.in_(tuple(ACT_OF_KIND))
        )
        for each in (await connection.execute(query)).all():
            row = row_of(each)
            reported.setdefault((row.session, row.camera_id, ACT_OF_KIND[row.kind]), []).append(row)
    return reported


def _is_reported(grant: Row, reported: Mapping[tuple[str, str, str], Sequence[Row]]) -> bool:
    act = read_detail(grant).get("act", "")
    for row in reported.get((grant.session, grant.camera_id, str(act)), ()):
        detail = read_detail(row)
        started_at, ended_at = _number(detail, "started_at", row.at), _number(detail, "ended_at", row.at)
        if started_at <= grant.at + OPENING_US and ended_at >= grant.at - 5 * US_PER_S:
            return True
    return False


def _watch(row: Row) -> Watch:
    detail = read_detail(row)
    is_grant = row.kind == MEDIA_GRANT
    from_at, to_at = detail.get("from_at"), detail.get("to_at")
    return Watch(
        at=row.at,
        authority=str(detail.get("authority") or ""),
        role=row.actor_role,
        purpose=row.purpose,
        camera_id=row.camera_id,
        act=str(detail.get("act") or "") if is_grant else ACT_OF_KIND.get(row.kind, row.kind),
        profile=str(detail.get("profile") or ""),
        started_at=Utc(_number(detail, "started_at", row.at)),
        seconds=None if is_grant else _number(detail, "seconds", 0),
        count=0 if is_grant else _number(detail, "count", 1),
        from_at=Utc(from_at) if isinstance(from_at, int) else None,
        to_at=Utc(to_at) if isinstance(to_at, int) else None,
    )


def read_detail(row: Row) -> dict[str, object]:
    """Return the codes and numbers of a row."""
    return msgspec.json.decode(row.detail, type=dict[str, object])


def _number(detail: Mapping[str, object], key: str, otherwise: int) -> int:
    value = detail.get(key)
    return value if isinstance(value, int) else otherwise
