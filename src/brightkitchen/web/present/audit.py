"""What the audit's answers look like. Rows for auditors; for owners who watched, never by name and never from where."""

from brightkitchen.domain.audit.queries import FoundRow, Watch, read_detail
from brightkitchen.kernel.units import Utc, format_utc
from brightkitchen.web.present.base import Instant, Out


class AuditRowOut(Out):
    """A row. names null: they were erased by law; hash: what the next row builds on."""

    seq: int
    at: Instant
    kind: str
    actor_id: str
    actor_role: str
    session: str
    address: str
    object_kind: str
    object_id: str
    premises_id: str
    camera_id: str
    region: str
    decision: str
    reason: str
    purpose: str
    detail: dict[str, str | int | bool | None]
    names: dict[str, str] | None
    hash: str


class AuditPageOut(Out):
    items: list[AuditRowOut]
    next_cursor: str | None


class WatchOut(Out):
    """authority: region whose officer it was, "" = the city's. seconds null: allowed, and no node has said what became of it."""

    authority: str
    role: str
    purpose: str
    camera: str
    act: str
    profile: str
    started_at: Instant
    seconds: int | None
    count: int
    from_at: Instant | None
    to_at: Instant | None


class WatchPageOut(Out):
    """published_until: what happened from then on is told from 08:00 of the day after it."""

    items: list[WatchOut]
    published_until: Instant
    next_cursor: str | None


def present_row(found: FoundRow) -> AuditRowOut:
    """Return what an auditor sees of a row."""
    row = found.row
    detail = {
        key: value for key, value in read_detail(row).items() if isinstance(value, str | int | bool) or value is None
    }
    return AuditRowOut(
        seq=row.seq,
        at=format_utc(row.at),
        kind=row.kind,
        actor_id=row.actor_id,
        actor_role=row.actor_role,
        session=row.session,
        address=row.address,
        object_kind=row.object_kind,
        object_id=row.object_id,
        premises_id=row.premises_id,
        camera_id=row.camera_id,
        region=row.region,
        decision=row.decision,
        reason=row.reason,
        purpose=row.purpose,
        detail=detail,
        names=dict(found.names) if found.names is not None else None,
        hash=row.hash,
    )


def present_watch(watch: Watch) -> WatchOut:
    """Return what an owner sees of one time somebody watched."""
    return WatchOut(
        authority=watch.authority,
        role=watch.role,
        purpose=watch.purpose,
        camera=watch.camera_id,
        act=watch.act,
        profile=watch.profile,
        started_at=format_utc(watch.started_at),
        seconds=watch.seconds,
        count=watch.count,
        from_at=_instant(watch.from_at),
        to_at=_instant(watch.to_at),
    )


def _instant(at: Utc | None) -> str | None:
    return format_utc(at) if at is not None else None
