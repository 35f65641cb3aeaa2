"""Rows of recording rules, holds, alarms and proofs of deletion."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.cameras.store import camera_zones, cameras
from brightkitchen.domain.premises.hours import parse_hours
from brightkitchen.domain.premises.store import categories, premises, zones
from brightkitchen.domain.recording.model import (
    Alarm,
    HeldRange,
    HoldWhy,
    Level,
    Mode,
    Rule,
    RuleChange,
    Subject,
)
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import CameraId, NodeId, PremisesId, UserId
from brightkitchen.kernel.recordingplan import USUAL_DAYS, DeletedRange, Hold
from brightkitchen.kernel.units import Utc

recording_rules = sa.Table(
    "recording_rules",
    metadata,
    sa.Column("level", sa.String(12), primary_key=True),
    sa.Column("subject", sa.String(40), primary_key=True),
    sa.Column("keep_days", sa.Integer, nullable=True),
    sa.Column("mode", sa.String(20), nullable=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("set_by", sa.String(40), nullable=True),
    sa.Column("set_at", sa.BigInteger, nullable=False),
)

recording_rule_changes = sa.Table(
    "recording_rule_changes",
    metadata,
    # version: counts every change in the installation, so that a deletion can name the rule it followed by one number
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("level", sa.String(12), nullable=False),
    sa.Column("subject", sa.String(40), nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("set_by", sa.String(40), nullable=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("old_keep_days", sa.Integer, nullable=True),
    sa.Column("new_keep_days", sa.Integer, nullable=True),
    sa.Column("old_mode", sa.String(20), nullable=True),
    sa.Column("new_mode", sa.String(20), nullable=True),
)

recording_holds = sa.Table(
    "recording_holds",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=False, index=True),
    sa.Column("from_at", sa.BigInteger, nullable=False),
    sa.Column("to_at", sa.BigInteger, nullable=True),
    sa.Column("why", sa.String(12), nullable=False),
    sa.Column("belongs_to", sa.String(40), nullable=False, index=True),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("placed_by", sa.String(40), nullable=True),
    sa.Column("placed_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("released_by", sa.String(40), nullable=True),
    sa.Column("released_at", sa.BigInteger, nullable=True),
    sa.Column("release_reason", sa.String(200), nullable=False),
    # counts every placing and releasing in the installation: what a node has acknowledged is said by one number
    sa.Column("change", sa.Integer, nullable=False, index=True),
)

recording_nodes = sa.Table(
    "recording_nodes",
    metadata,
    sa.Column("node", sa.String(40), primary_key=True),
    sa.Column("holds_change", sa.Integer, nullable=False),
    sa.Column("kept_at", sa.BigInteger, nullable=False),
)

recording_alarms = sa.Table(
    "recording_alarms",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=False),
    sa.Column("profile", sa.String(8), nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("since_at", sa.BigInteger, nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("closed_at", sa.BigInteger, nullable=True),
    sa.Index("ix_recording_alarms_closed_at_opened_at", "closed_at", "opened_at"),
    sa.Index("ix_recording_alarms_camera_id_opened_at", "camera_id", "opened_at"),
)

recording_deletions = sa.Table(
    "recording_deletions",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=False),
    sa.Column("node", sa.String(40), nullable=False),
    sa.Column("profile", sa.String(8), nullable=False),
    sa.Column("from_at", sa.BigInteger, nullable=False),
    sa.Column("to_at", sa.BigInteger, nullable=False),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("why", sa.String(12), nullable=False),
    sa.Column("plan_version", sa.Integer, nullable=False),
    sa.Column("spared", sa.Integer, nullable=False),
    sa.Column("deleted_at", sa.BigInteger, nullable=False),
    sa.Index("ix_recording_deletions_camera_id_from_at", "camera_id", "from_at"),
)

SCOPE: Final = ScopeColumns(premises.c.region, premises.c.category, cameras.c.premises_id)


# ---- rules


async def load_rules(connection: AsyncConnection) -> dict[tuple[Level, str], Rule]:
    """Return every rule, by what it is about."""
    rows = await connection.execute(sa.select(recording_rules))
    return {(Level(row.level), row.subject): _rule(row) for row in rows}


async def load_rule(connection: AsyncConnection, level: Level, subject: str) -> Rule | None:
    row = (
        await connection.execute(
            sa.select(recording_rules).where(
                recording_rules.c.level == level.value, recording_rules.c.subject == subject
            )
        )
    ).one_or_none()
    return _rule(row) if row else None


async def save_rule(connection: AsyncConnection, rule: Rule, *, was: Rule | None) -> None:
    """Put the rule in the place of `was`; one that says nothing is taken away. Writes the change beside it."""
    where = sa.and_(recording_rules.c.level == rule.level.value, recording_rules.c.subject == rule.subject)
    await connection.execute(recording_rules.delete().where(where))
    if rule.keep_days is not None or rule.mode is not None:
        await connection.execute(
            recording_rules.insert().values(
                level=rule.level.value,
                subject=rule.subject,
                keep_days=rule.keep_days,
                mode=rule.mode.value if rule.mode else None,
                reason=rule.reason,
                version=rule.version,
                set_by=rule.set_by,
                set_at=rule.set_at,
            )
        )
    await connection.execute(
        recording_rule_changes.insert().values(
            version=rule.version,
            level=rule.level.value,
            subject=rule.subject,
            at=rule.set_at,
            set_by=rule.set_by,
            reason=rule.reason,
            old_keep_days=was.keep_days if was else None,
            new_keep_days=rule.keep_days,
            old_mode=was.mode.value if was and was.mode else None,
            new_mode=rule.mode.value if rule.mode else None,
        )
    )


async def load_newest_version(connection: AsyncConnection) -> int:
    """Return the number of the newest change of a rule; 0 if there was none."""
    return int((await connection.execute(sa.select(sa.func.max(recording_rule_changes.c.version)))).scalar() or 0)


async def load_rule_changes(
    connection: AsyncConnection, subjects: Sequence[tuple[Level, str]], *, from_at: Utc, to_at: Utc, limit: int
) -> list[RuleChange]:
    """Return the changes of rules about any of `subjects` in [from_at, to_at), the newest first."""
    table = recording_rule_changes
    wanted = (
        sa.select(table)
        .where(
            sa.or_(*(sa.and_(table.c.level == level.value, table.c.subject == name) for level, name in subjects)),
            table.c.at >= from_at,
            table.c.at < to_at,
        )
        .order_by(table.c.version.desc())
        .limit(limit)
    )
    return [
        RuleChange(
            version=row.version,
            level=Level(row.level),
            subject=row.subject,
            at=Utc(row.at),
            set_by=UserId(row.set_by) if row.set_by else None,
            reason=row.reason,
            old_keep_days=row.old_keep_days,
            new_keep_days=row.new_keep_days,
            old_mode=Mode(row.old_mode) if row.old_mode else None,
            new_mode=Mode(row.new_mode) if row.new_mode else None,
        )
        for row in await connection.execute(wanted)
    ]


def _rule(row: sa.Row[Any]) -> Rule:  # Any: columns of the table
    return Rule(
        Level(row.level),
        row.subject,
        row.keep_days,
        Mode(row.mode) if row.mode else None,
        row.reason,
        row.version,
        UserId(row.set_by) if row.set_by else None,
        Utc(row.set_at),
    )


# ---- what rules are about


async def load_public_zones(connection: AsyncConnection) -> frozenset[str]:
    """Return the codes of the zones where guests are."""
    return frozenset((await connection.execute(sa.select(zones.c.code).where(zones.c.is_public.is_(True)))).scalars())


async def load_usual(
    connection: AsyncConnection, special: AbstractSet[tuple[Level, str]]
) -> tuple[dict[CameraId, tuple[str, ...]], list[CameraId]]:
    """Return which streams of each camera in service are recorded always, and the cameras that something in `special` is said of."""
    rows = await connection.execute(
        sa.select(cameras.c.id, cameras.c.premises_id, cameras.c.path_sub, cameras.c.record, premises.c.category)
        .select_from(cameras.outerjoin(premises, premises.c.id == cameras.c.premises_id))
        .where(cameras.c.retired_at.is_(None), cameras.c.quarantined_at.is_(None), cameras.c.host != "")
    )
    usual: dict[CameraId, tuple[str, ...]] = {}
    others: list[CameraId] = []
    for camera, premises_id, path_sub, record, category in rows:
        keys = ((Level.CATEGORY, category), (Level.PREMISES, premises_id), (Level.CAMERA, camera))
        if special and not special.isdisjoint(keys):
            others.append(camera)
        else:
            usual[camera] = ("main", "sub") if path_sub is not None and "sub" in record else ("main",)
    return usual, others


async def load_subjects(
    connection: AsyncConnection,
    *,
    node: NodeId | None = None,
    premises_id: PremisesId | None = None,
    camera_ids: Iterable[str] | None = None,
) -> dict[CameraId, Subject]:
    """Return the cameras in service of a node or of a premises, or those of `camera_ids`, as rules are about them."""
    wanted = sa.select(
        cameras.c.id,
        cameras.c.premises_id,
        cameras.c.zone,
        cameras.c.path_sub,
        cameras.c.record,
        premises.c.category,
        premises.c.hours,
        categories.c.retention_days,
    ).select_from(
        cameras.outerjoin(premises, premises.c.id == cameras.c.premises_id).outerjoin(
            categories, categories.c.code == premises.c.category
        )
    )
    more = sa.select(camera_zones.c.camera_id, camera_zones.c.zone).join(
        cameras, cameras.c.id == camera_zones.c.camera_id
    )
    if node is not None:
        wanted = wanted.where(cameras.c.node == node, cameras.c.retired_at.is_(None))
        more = more.where(cameras.c.node == node, cameras.c.retired_at.is_(None))
    if premises_id is not None:
        wanted = wanted.where(cameras.c.premises_id == premises_id, cameras.c.retired_at.is_(None))
        more = more.where(cameras.c.premises_id == premises_id, cameras.c.retired_at.is_(None))
    if camera_ids is not None:
        known = list(camera_ids)
        wanted, more = wanted.where(cameras.c.id.in_(known)), more.where(cameras.c.id.in_(known))
    further: dict[str, list[str]] = {}
    for camera, zone in await connection.execute(more):
        further.setdefault(camera, []).append(zone)
    return {
        CameraId(row.id): Subject(
            camera=CameraId(row.id),
            premises=PremisesId(row.premises_id) if row.premises_id else None,
            category=row.category or "",
            zones=(row.zone, *further.get(row.id, ())),
            hours=parse_hours(row.hours or ""),
            has_sub=row.path_sub is not None,
            usual_days=row.retention_days or USUAL_DAYS,
            streams=tuple(part for part in row.record.split(",") if part),
        )
        for row in await connection.execute(wanted)
    }


# ---- holds

_holds = sa.select(
    recording_holds,
    cameras.c.name.label("camera_name"),
    cameras.c.premises_name.label("premises_typed"),
    cameras.c.premises_id,
    premises.c.name.label("premises_name"),
    premises.c.region,
    premises.c.category,
    recording_nodes.c.holds_change,
).select_from(
    recording_holds.join(cameras, cameras.c.id == recording_holds.c.camera_id)
    .outerjoin(premises, premises.c.id == cameras.c.premises_id)
    .outerjoin(recording_nodes, recording_nodes.c.node == cameras.c.node)
)


async def load_hold(connection: AsyncConnection, hold: str) -> HeldRange | None:
    row = (await connection.execute(_holds.where(recording_holds.c.id == hold))).one_or_none()
    return _held(row) if row else None


async def load_holds(
    connection: AsyncConnection,
    grants: Sequence[Grant],
    *,
    camera: str = "",
    is_open: bool | None = None,
    placed_before: Utc | None = None,
    before: tuple[int, str] | None = None,
    limit: int,
) -> list[HeldRange]:
    """Return holds in scope, the newest first. placed_before: those that are due for review."""
    query = _holds.where(is_in_scope(grants, SCOPE))
    if camera:
        query = query.where(recording_holds.c.camera_id == camera)
    if is_open is not None:
        released = recording_holds.c.released_at
        query = query.where(released.is_(None) if is_open else released.is_not(None))
    if placed_before is not None:
        query = query.where(recording_holds.c.placed_at < placed_before)
    if before is not None:
        at, last = before
        placed = recording_holds.c.placed_at
        query = query.where(sa.or_(placed < at, sa.and_(placed == at, recording_holds.c.id < last)))
    query = query.order_by(recording_holds.c.placed_at.desc(), recording_holds.c.id.desc()).limit(limit)
    return [_held(row) for row in await connection.execute(query)]


async def load_holds_of(connection: AsyncConnection, belongs_to: str) -> list[HeldRange]:
    """Return every hold that belongs to something."""
    return [_held(row) for row in await connection.execute(_holds.where(recording_holds.c.belongs_to == belongs_to))]


async def load_camera_holds(connection: AsyncConnection, camera: str, from_at: Utc, to_at: Utc) -> list[HeldRange]:
    """Return the holds of a camera that stand and touch [from_at, to_at)."""
    query = _holds.where(
        recording_holds.c.camera_id == camera,
        recording_holds.c.released_at.is_(None),
        recording_holds.c.from_at < to_at,
        sa.or_(recording_holds.c.to_at.is_(None), recording_holds.c.to_at > from_at),
    )
    return [_held(row) for row in await connection.execute(query.order_by(recording_holds.c.from_at).limit(500))]


async def load_standing(connection: AsyncConnection) -> tuple[int, list[Hold]]:
    """Return the number of the newest change of any hold, and every hold that stands, as nodes are told them."""
    newest = int((await connection.execute(sa.select(sa.func.max(recording_holds.c.change)))).scalar() or 0)
    rows = await connection.execute(
        sa.select(recording_holds.c.id, recording_holds.c.camera_id, recording_holds.c.from_at, recording_holds.c.to_at)
        .where(recording_holds.c.released_at.is_(None))
        .order_by(recording_holds.c.id)
    )
    return newest, [
        Hold(id=row.id, camera=row.camera_id, from_at=Utc(row.from_at), to_at=Utc(row.to_at) if row.to_at else None)
        for row in rows
    ]


async def count_standing(connection: AsyncConnection, premises_id: PremisesId, why: HoldWhy) -> int:
    """Return how many holds of that kind stand on cameras of a premises."""
    query = (
        sa.select(sa.func.count())
        .select_from(recording_holds.join(cameras, cameras.c.id == recording_holds.c.camera_id))
        .where(
            cameras.c.premises_id == premises_id,
            recording_holds.c.why == why.value,
            recording_holds.c.released_at.is_(None),
        )
    )
    return int((await connection.execute(query)).scalar_one())


async def insert_hold(connection: AsyncConnection, **values: object) -> None:
    """Add a hold; `change` is counted here."""
    await connection.execute(
        recording_holds.insert().values(
            **values, change=await _next_change(connection), release_reason="", released_by=None, released_at=None
        )
    )


async def release_hold(connection: AsyncConnection, hold: str, *, by: UserId | None, at: Utc, reason: str) -> None:
    await connection.execute(
        recording_holds.update()
        .where(recording_holds.c.id == hold)
        .values(released_by=by, released_at=at, release_reason=reason, change=await _next_change(connection))
    )


async def save_kept(connection: AsyncConnection, node: NodeId, change: int, at: Utc) -> None:
    """A node has the holds up to `change` on its disk."""
    await connection.execute(recording_nodes.delete().where(recording_nodes.c.node == node))
    await connection.execute(recording_nodes.insert().values(node=node, holds_change=change, kept_at=at))


async def load_kept(connection: AsyncConnection, node: NodeId) -> int:
    """Return up to which change a node has the holds on its disk; 0 if it never said."""
    query = sa.select(recording_nodes.c.holds_change).where(recording_nodes.c.node == node)
    return int((await connection.execute(query)).scalar() or 0)


async def _next_change(connection: AsyncConnection) -> int:
    return int((await connection.execute(sa.select(sa.func.max(recording_holds.c.change)))).scalar() or 0) + 1


def _held(row: sa.Row[Any]) -> HeldRange:  # Any: columns of `_holds`
    return HeldRange(
        id=row.id,
        camera=CameraId(row.camera_id),
        camera_name=row.camera_name,
        place=_place(row),
        premises_name=row.premises_name or row.premises_typed,
        from_at=Utc(row.from_at),
        to_at=Utc(row.to_at) if row.to_at is not None else None,
        why=HoldWhy(row.why),
        belongs_to=row.belongs_to,
        note=row.note,
        placed_by=UserId(row.placed_by) if row.placed_by else None,
        placed_at=Utc(row.placed_at),
        released_by=UserId(row.released_by) if row.released_by else None,
        released_at=Utc(row.released_at) if row.released_at is not None else None,
        release_reason=row.release_reason,
        change=row.change,
        is_in_force=(row.holds_change or 0) >= row.change,
    )


def _place(row: sa.Row[Any]) -> Place:  # Any: as above
    return Place(row.region or "", row.category or "", PremisesId(row.premises_id) if row.premises_id else None)


# ---- alarms

_alarms = sa.select(
    recording_alarms,
    cameras.c.name.label("camera_name"),
    cameras.c.premises_name.label("premises_typed"),
    cameras.c.premises_id,
    cameras.c.zone,
    premises.c.name.label("premises_name"),
    premises.c.region,
    premises.c.category,
).select_from(
    recording_alarms.join(cameras, cameras.c.id == recording_alarms.c.camera_id).outerjoin(
        premises, premises.c.id == cameras.c.premises_id
    )
)


async def load_open_alarms(connection: AsyncConnection) -> dict[tuple[str, str], tuple[str, str]]:
    """Return (camera, profile) → (id, reason) of every alarm that is open."""
    rows = await connection.execute(
        sa.select(
            recording_alarms.c.camera_id, recording_alarms.c.profile, recording_alarms.c.id, recording_alarms.c.reason
        ).where(recording_alarms.c.closed_at.is_(None))
    )
    return {(row.camera_id, row.profile): (row.id, row.reason) for row in rows}


async def load_alarms(
    connection: AsyncConnection,
    grants: Sequence[Grant],
    *,
    is_open: bool | None,
    before: tuple[int, str] | None,
    limit: int,
    region: str = "",
    node: str = "",
) -> list[Alarm]:
    """Return alarms in scope, the newest first. region: that one with all below it, "" = all. node: where their cameras are placed."""
    query = _alarms.where(is_in_scope(grants, SCOPE))
    if node:
        query = query.where(cameras.c.node == node)
    inside = region_clause(region, premises.c.region)
    if inside is not None:
        query = query.where(inside)
    if is_open is not None:
        closed = recording_alarms.c.closed_at
        query = query.where(closed.is_(None) if is_open else closed.is_not(None))
    if before is not None:
        at, last = before
        opened = recording_alarms.c.opened_at
        query = query.where(sa.or_(opened < at, sa.and_(opened == at, recording_alarms.c.id < last)))
    query = query.order_by(recording_alarms.c.opened_at.desc(), recording_alarms.c.id.desc()).limit(limit)
    return [_alarm(row) for row in await connection.execute(query)]


async def load_camera_alarms(connection: AsyncConnection, camera: str, from_at: Utc, to_at: Utc) -> list[Alarm]:
    """Return the alarms of a camera that lasted within [from_at, to_at)."""
    query = _alarms.where(
        recording_alarms.c.camera_id == camera,
        recording_alarms.c.since_at < to_at,
        sa.or_(recording_alarms.c.closed_at.is_(None), recording_alarms.c.closed_at > from_at),
    )
    return [_alarm(row) for row in await connection.execute(query.order_by(recording_alarms.c.since_at).limit(500))]


async def count_open_alarms(
    connection: AsyncConnection, grants: Sequence[Grant], region: str = "", node: str = ""
) -> int:
    """Return how many alarms in scope are open. region, node: as in `load_alarms`."""
    return sum((await count_alarms_by_region(connection, grants, region, node)).values())


async def count_alarms_by_region(
    connection: AsyncConnection, grants: Sequence[Grant], region: str = "", node: str = ""
) -> dict[str, int]:
    """Return region of the premises → how many alarms in scope are open there; "" for cameras without premises."""
    where = sa.func.coalesce(premises.c.region, "")
    query = (
        sa.select(where, sa.func.count())
        .select_from(
            recording_alarms.join(cameras, cameras.c.id == recording_alarms.c.camera_id).outerjoin(
                premises, premises.c.id == cameras.c.premises_id
            )
        )
        .where(recording_alarms.c.closed_at.is_(None), is_in_scope(grants, SCOPE))
        .group_by(premises.c.region)
    )
    inside = region_clause(region, premises.c.region)
    if inside is not None:
        query = query.where(inside)
    if node:
        query = query.where(cameras.c.node == node)
    return {row[0]: int(row[1]) for row in await connection.execute(query)}


async def count_alarms_by_node(connection: AsyncConnection, grants: Sequence[Grant]) -> dict[NodeId, int]:
    """Return node → how many alarms in scope are open of the cameras that are placed on it."""
    query = (
        sa.select(cameras.c.node, sa.func.count())
        .select_from(
            recording_alarms.join(cameras, cameras.c.id == recording_alarms.c.camera_id).outerjoin(
                premises, premises.c.id == cameras.c.premises_id
            )
        )
        .where(recording_alarms.c.closed_at.is_(None), is_in_scope(grants, SCOPE))
        .group_by(cameras.c.node)
    )
    return {NodeId(row[0]): int(row[1]) for row in await connection.execute(query)}


async def load_placed(connection: AsyncConnection, grants: Sequence[Grant]) -> dict[NodeId, list[CameraId]]:
    """Return node → the cameras in service and in scope that it serves."""
    query = (
        sa.select(cameras.c.id, cameras.c.node)
        .select_from(cameras.outerjoin(premises, premises.c.id == cameras.c.premises_id))
        .where(cameras.c.retired_at.is_(None), cameras.c.host != "", is_in_scope(grants, SCOPE))
    )
    placed: dict[NodeId, list[CameraId]] = {}
    for row in await connection.execute(query):
        placed.setdefault(NodeId(row.node), []).append(CameraId(row.id))
    return placed


async def open_alarms(connection: AsyncConnection, alarms: Sequence[Mapping[str, object]]) -> None:
    await connection.execute(recording_alarms.insert(), list(alarms))


async def close_alarms(connection: AsyncConnection, ids: Sequence[str], at: Utc) -> None:
    await connection.execute(recording_alarms.update().where(recording_alarms.c.id.in_(ids)).values(closed_at=at))


async def change_alarm(connection: AsyncConnection, alarm: str, reason: str) -> None:
    await connection.execute(recording_alarms.update().where(recording_alarms.c.id == alarm).values(reason=reason))


def _alarm(row: sa.Row[Any]) -> Alarm:  # Any: columns of `_alarms`
    return Alarm(
        id=row.id,
        camera=CameraId(row.camera_id),
        camera_name=row.camera_name,
        place=_place(row),
        premises_name=row.premises_name or row.premises_typed,
        zone=row.zone,
        profile=row.profile,
        reason=row.reason,
        since_at=Utc(row.since_at),
        opened_at=Utc(row.opened_at),
        closed_at=Utc(row.closed_at) if row.closed_at is not None else None,
    )


# ---- deletions


async def load_known_deletions(connection: AsyncConnection, ids: Iterable[str]) -> set[str]:
    """Return those of `ids` that were written before."""
    query = sa.select(recording_deletions.c.id).where(recording_deletions.c.id.in_(list(ids)))
    return set((await connection.execute(query)).scalars())


async def insert_deletions(connection: AsyncConnection, node: NodeId, ranges: Sequence[DeletedRange]) -> None:
    await connection.execute(
        recording_deletions.insert(),
        [
            {
                "id": each.id,
                "camera_id": each.camera,
                "node": node,
                "profile": each.profile,
                "from_at": each.from_at,
                "to_at": each.to_at,
                "files": each.files,
                "size_bytes": each.size_bytes,
                "digest": each.digest,
                "why": each.why,
                "plan_version": each.plan_version,
                "spared": each.spared,
                "deleted_at": each.deleted_at,
            }
            for each in ranges
        ],
    )


async def load_deletions(
    connection: AsyncConnection, camera: str, from_at: Utc, to_at: Utc, *, limit: int
) -> list[DeletedRange]:
    """Return what of a camera's recordings in [from_at, to_at) was deleted, by start."""
    table = recording_deletions
    query = (
        sa.select(table)
        .where(table.c.camera_id == camera, table.c.from_at < to_at, table.c.to_at > from_at)
        .order_by(table.c.from_at)
        .limit(limit)
    )
    return [
        DeletedRange(
            id=row.id,
            camera=row.camera_id,
            profile=row.profile,
            from_at=Utc(row.from_at),
            to_at=Utc(row.to_at),
            files=row.files,
            size_bytes=row.size_bytes,
            digest=row.digest,
            why=row.why,
            plan_version=row.plan_version,
            spared=row.spared,
            deleted_at=Utc(row.deleted_at),
        )
        for row in await connection.execute(query)
    ]
