"""Rows of evidence: items, what happened to them, exports, the nodes' keys."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.evidence.model import (
    OPEN_EXPORTS,
    EvidenceKind,
    Export,
    ExportState,
    HoldState,
    Item,
    ItemEvent,
    ItemFilter,
    Purpose,
)
from brightkitchen.domain.evidence.states import EvidenceState
from brightkitchen.domain.premises.store import premises
from brightkitchen.domain.users.approval_store import approvals
from brightkitchen.domain.users.people_model import ApprovalState
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.evidence import GENESIS
from brightkitchen.kernel.ids import CameraId, NodeId, PremisesId, UserId
from brightkitchen.kernel.units import Utc

evidence_items = sa.Table(
    "evidence_items",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("number", sa.String(20), nullable=False, unique=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=False, index=True),
    sa.Column("camera_name", sa.String(100), nullable=False),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), nullable=True, index=True),
    sa.Column("premises_name", sa.String(100), nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
    sa.Column("profile", sa.String(8), nullable=False),
    sa.Column("source", sa.String(12), nullable=False),
    sa.Column("node", sa.String(40), nullable=False),
    sa.Column("captured_at", sa.BigInteger, nullable=False),
    sa.Column("frame_at", sa.BigInteger, nullable=False),
    sa.Column("from_at", sa.BigInteger, nullable=False),
    sa.Column("to_at", sa.BigInteger, nullable=False),
    sa.Column("operator_id", sa.String(40), nullable=False),
    sa.Column("operator_name", sa.String(100), nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("note", sa.String(500), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    # µs, camera minus node; NULL: unknown
    sa.Column("drift_us", sa.BigInteger, nullable=True),
    sa.Column("is_assured", sa.Boolean, nullable=False),
    sa.Column("hold", sa.String(40), nullable=False),
    sa.Column("hold_state", sa.String(8), nullable=False),
    # canonical JSON; a draft without its place until the item is sealed, then never changed again
    sa.Column("manifest", sa.Text, nullable=False),
    sa.Column("seal", sa.Text, nullable=False),
    # NULL until sealed: 1, 2, 3 … without gaps
    sa.Column("seq", sa.BigInteger, nullable=True, unique=True),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("sealed_at", sa.BigInteger, nullable=True),
    sa.Column("case_no", sa.String(60), nullable=False),
    # released or disposed
    sa.Column("ended_at", sa.BigInteger, nullable=True),
    # an approval that waits for its second person
    sa.Column("waiting_for", sa.String(40), nullable=False),
)
sa.Index("ix_evidence_items_captured_at_id", evidence_items.c.captured_at, evidence_items.c.id)

evidence_numbers = sa.Table(
    "evidence_numbers",
    metadata,
    sa.Column("month", sa.String(4), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

evidence_events = sa.Table(
    "evidence_events",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("item_id", sa.String(40), sa.ForeignKey(evidence_items.c.id), nullable=False, index=True),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    # NULL: the system itself
    sa.Column("actor_id", sa.String(40), nullable=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("text", sa.String(500), nullable=False),
)

evidence_exports = sa.Table(
    "evidence_exports",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("made_by", sa.String(40), nullable=False, index=True),
    sa.Column("maker_name", sa.String(100), nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    # ids and numbers of the items, JSON
    sa.Column("items", sa.Text, nullable=False),
    sa.Column("numbers", sa.Text, nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("case_no", sa.String(60), nullable=False),
    sa.Column("recipient", sa.String(100), nullable=False),
    sa.Column("total_bytes", sa.BigInteger, nullable=False),
    sa.Column("done_bytes", sa.BigInteger, nullable=False),
    sa.Column("file_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("failure", sa.String(60), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=True),
)

evidence_keys = sa.Table(
    "evidence_keys",
    metadata,
    # a node's id, or "signer"
    sa.Column("holder", sa.String(40), primary_key=True),
    sa.Column("public_key", sa.String(160), primary_key=True),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
)

SCOPE: Final = ScopeColumns(premises.c.region, premises.c.category, evidence_items.c.premises_id)
_placed: Final[sa.Select[Any]] = sa.select(  # Any: more columns than the types can count
    evidence_items, premises.c.region.label("place_region"), premises.c.category.label("place_category")
).select_from(evidence_items.outerjoin(premises, premises.c.id == evidence_items.c.premises_id))


async def load_item(connection: AsyncConnection, item: str) -> Item | None:
    """Return an item by its id."""
    row = (await connection.execute(_placed.where(evidence_items.c.id == item))).one_or_none()
    return _item(row) if row is not None else None


async def load_item_by_number(connection: AsyncConnection, number: str) -> Item | None:
    """Return an item by its number."""
    row = (await connection.execute(_placed.where(evidence_items.c.number == number))).one_or_none()
    return _item(row) if row is not None else None


async def load_page(
    connection: AsyncConnection,
    grants: Sequence[Grant],
    asked: ItemFilter,
    *,
    before: tuple[int, str] | None,
    limit: int,
) -> list[Item]:
    """Return up to `limit` items inside the grants, newest first, those before (captured_at, id)."""
    wanted = _placed.where(is_in_scope(grants, SCOPE), *_narrowed(asked))
    order = (evidence_items.c.captured_at, evidence_items.c.id)
    if before is not None:
        wanted = wanted.where(sa.tuple_(*order) < sa.tuple_(*before))
    wanted = wanted.order_by(*(column.desc() for column in order)).limit(limit)
    return [_item(row) for row in await connection.execute(wanted)]


async def count_items(connection: AsyncConnection, grants: Sequence[Grant], asked: ItemFilter) -> int:
    """Return how many items `load_page` would find in all pages together."""
    counted = (
        sa.select(sa.func.count())
        .select_from(evidence_items.outerjoin(premises, premises.c.id == evidence_items.c.premises_id))
        .where(is_in_scope(grants, SCOPE), *_narrowed(asked))
    )
    return int((await connection.execute(counted)).scalar_one())


def _narrowed(asked: ItemFilter) -> list[sa.ColumnElement[bool]]:
    parts: list[sa.ColumnElement[bool]] = []
    for column, value in (
        (evidence_items.c.camera_id, asked.camera),
        (evidence_items.c.premises_id, asked.premises),
        (evidence_items.c.kind, asked.kind.value if asked.kind else ""),
        (evidence_items.c.state, asked.state.value if asked.state else ""),
    ):
        if value:
            parts.append(column == value)
    inside = region_clause(asked.region, premises.c.region)
    if inside is not None:
        parts.append(inside)
    if asked.from_at is not None:
        parts.append(evidence_items.c.captured_at >= asked.from_at)
    if asked.to_at is not None:
        parts.append(evidence_items.c.captured_at < asked.to_at)
    for word in asked.text.split():
        columns = (
            evidence_items.c.number,
            evidence_items.c.premises_name,
            evidence_items.c.camera_name,
            evidence_items.c.case_no,
        )
        parts.append(sa.or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return parts


async def load_unsealed(connection: AsyncConnection, *, limit: int) -> list[Item]:
    """Return items that wait for the signer, oldest first."""
    wanted = _placed.where(evidence_items.c.state == EvidenceState.CAPTURED.value)
    wanted = wanted.order_by(evidence_items.c.captured_at, evidence_items.c.id).limit(limit)
    return [_item(row) for row in await connection.execute(wanted)]


async def load_disposed(connection: AsyncConnection) -> list[Item]:
    """Return every item whose files are to be gone."""
    wanted = _placed.where(evidence_items.c.state == EvidenceState.DISPOSED.value)
    return [_item(row) for row in await connection.execute(wanted)]


async def load_head(connection: AsyncConnection) -> tuple[int, str]:
    """Return the end of the chain: (seq, h(seq)); (0, 32 zero bytes) before the first."""
    newest = sa.select(evidence_items.c.seq, evidence_items.c.hash).where(evidence_items.c.seq.is_not(None))
    row = (await connection.execute(newest.order_by(evidence_items.c.seq.desc()).limit(1))).one_or_none()
    return (int(row.seq), str(row.hash)) if row is not None else (0, GENESIS)


async def load_chain(connection: AsyncConnection, from_seq: int, *, limit: int) -> list[Item]:
    """Return up to `limit` sealed items from that place on, in their order."""
    wanted = _placed.where(evidence_items.c.seq >= from_seq).order_by(evidence_items.c.seq).limit(limit)
    return [_item(row) for row in await connection.execute(wanted)]


async def load_ids(connection: AsyncConnection) -> set[str]:
    """Return the id of every item."""
    return set((await connection.execute(sa.select(evidence_items.c.id))).scalars())


async def take_number(connection: AsyncConnection, month: str) -> int:
    """Return the next number of that month ("2611"), counted from 1."""
    row = (
        await connection.execute(sa.select(evidence_numbers.c.last).where(evidence_numbers.c.month == month))
    ).scalar_one_or_none()
    if row is None:
        await connection.execute(evidence_numbers.insert().values(month=month, last=1))
        return 1
    await connection.execute(
        evidence_numbers.update().where(evidence_numbers.c.month == month).values(last=int(row) + 1)
    )
    return int(row) + 1


async def save_new_item(connection: AsyncConnection, item: Item) -> None:
    """Write a new row."""
    await connection.execute(
        evidence_items.insert().values(
            id=item.id,
            number=item.number,
            kind=item.kind.value,
            state=item.state.value,
            camera_id=item.camera,
            camera_name=item.camera_name,
            premises_id=item.premises,
            premises_name=item.premises_name,
            zone=item.zone,
            profile=item.profile,
            source=item.source,
            node=item.node,
            captured_at=item.captured_at,
            frame_at=item.frame_at,
            from_at=item.from_at,
            to_at=item.to_at,
            operator_id=item.operator,
            operator_name=item.operator_name,
            purpose=item.purpose.value,
            note=item.note,
            size_bytes=item.size_bytes,
            drift_us=item.drift_us,
            is_assured=item.is_assured,
            hold=item.hold,
            hold_state=item.hold_state.value,
            manifest=item.manifest,
            seal=item.seal,
            seq=item.seq or None,
            hash=item.hash,
            sealed_at=item.sealed_at,
            case_no=item.case_no,
            ended_at=item.ended_at,
            waiting_for=item.waiting_for,
        )
    )


async def save_seal(
    connection: AsyncConnection, item: str, *, seq: int, manifest: str, seal: str, hash: str, at: Utc
) -> bool:
    """Seal a captured item. False if it was sealed already."""
    done = await connection.execute(
        evidence_items.update()
        .where(evidence_items.c.id == item, evidence_items.c.state == EvidenceState.CAPTURED.value)
        .values(state=EvidenceState.SEALED.value, seq=seq, manifest=manifest, seal=seal, hash=hash, sealed_at=at)
    )
    return bool(done.rowcount)


async def save_state(connection: AsyncConnection, item: Item, *, was: EvidenceState) -> bool:
    """Write what may change after sealing. False if the state was another meanwhile."""
    done = await connection.execute(
        evidence_items.update()
        .where(evidence_items.c.id == item.id, evidence_items.c.state == was.value)
        .values(
            state=item.state.value,
            case_no=item.case_no,
            ended_at=item.ended_at,
            waiting_for=item.waiting_for,
            hold_state=item.hold_state.value,
        )
    )
    return bool(done.rowcount)


async def forget_decided(connection: AsyncConnection) -> None:
    """Let items go on that wait for a request which was refused, or which nobody decided in time."""
    still = sa.select(approvals.c.id).where(approvals.c.state == ApprovalState.REQUESTED.value)
    await connection.execute(
        evidence_items.update()
        .where(evidence_items.c.waiting_for != "", evidence_items.c.waiting_for.not_in(still))
        .values(waiting_for="")
    )


async def save_event(
    connection: AsyncConnection,
    event_id: str,
    item: str,
    event: str,
    state: EvidenceState,
    actor: UserId | None,
    at: Utc,
    text: str,
) -> None:
    """Write what happened to an item."""
    await connection.execute(
        evidence_events.insert().values(
            id=event_id, item_id=item, event=event, state=state.value, actor_id=actor, at=at, text=text[:500]
        )
    )


async def load_events(connection: AsyncConnection, item: str) -> list[ItemEvent]:
    """Return what happened to an item, oldest first."""
    wanted = (
        sa.select(evidence_events, users.c.display_name)
        .select_from(evidence_events.outerjoin(users, users.c.id == evidence_events.c.actor_id))
        .where(evidence_events.c.item_id == item)
        .order_by(evidence_events.c.at, evidence_events.c.id)
    )
    return [
        ItemEvent(
            row.event, EvidenceState(row.state), row.actor_id or "", row.display_name or "", Utc(row.at), row.text
        )
        for row in await connection.execute(wanted)
    ]


async def load_display_name(connection: AsyncConnection, user: UserId) -> str:
    """Return what a person is called."""
    found = await connection.execute(sa.select(users.c.display_name).where(users.c.id == user))
    return str(found.scalar_one_or_none() or "")


async def save_key_seen(connection: AsyncConnection, holder: str, public_key: str, at: Utc) -> bool:
    """Remember a key. True if it is new for that holder."""
    known = await connection.execute(
        sa.select(evidence_keys.c.seen_at).where(
            evidence_keys.c.holder == holder, evidence_keys.c.public_key == public_key
        )
    )
    if known.scalar_one_or_none() is not None:
        return False
    await connection.execute(evidence_keys.insert().values(holder=holder, public_key=public_key, seen_at=at))
    return True


# -- exports -----------------------------------------------------------------------------------------------------------


async def save_new_export(connection: AsyncConnection, export: Export) -> None:
    """Write a new job."""
    values = {
        name: getattr(export, name)
        for name in (
            *("id", "made_by", "maker_name", "case_no", "recipient", "total_bytes", "done_bytes", "file_bytes"),
            *("sha256", "failure", "created_at", "updated_at", "expires_at"),
        )
    }
    await connection.execute(
        evidence_exports.insert().values(
            **values,
            state=export.state.value,
            purpose=export.purpose.value,
            items=msgspec.json.encode(export.items).decode(),
            numbers=msgspec.json.encode(export.numbers).decode(),
        )
    )


async def save_export(
    connection: AsyncConnection, export: str, *, was: Iterable[ExportState], **values: object
) -> bool:
    """Change a job if it is in one of those states. False if it is not."""
    done = await connection.execute(
        evidence_exports.update()
        .where(evidence_exports.c.id == export, evidence_exports.c.state.in_([state.value for state in was]))
        .values(**{key: value.value if isinstance(value, ExportState) else value for key, value in values.items()})
    )
    return bool(done.rowcount)


async def load_export(connection: AsyncConnection, export: str) -> Export | None:
    """Return a job."""
    row = (await connection.execute(sa.select(evidence_exports).where(evidence_exports.c.id == export))).one_or_none()
    return _export(row) if row is not None else None


async def load_exports(connection: AsyncConnection, made_by: UserId, *, limit: int) -> list[Export]:
    """Return somebody's jobs, newest first."""
    wanted = sa.select(evidence_exports).where(evidence_exports.c.made_by == made_by)
    wanted = wanted.order_by(evidence_exports.c.created_at.desc(), evidence_exports.c.id).limit(limit)
    return [_export(row) for row in await connection.execute(wanted)]


async def load_open_exports(connection: AsyncConnection) -> list[Export]:
    """Return everybody's jobs that are not done, oldest first."""
    wanted = sa.select(evidence_exports).where(evidence_exports.c.state.in_([state.value for state in OPEN_EXPORTS]))
    wanted = wanted.order_by(evidence_exports.c.created_at, evidence_exports.c.id)
    return [_export(row) for row in await connection.execute(wanted)]


async def load_expired_exports(connection: AsyncConnection, now: Utc) -> list[Export]:
    """Return the jobs whose file has been kept long enough."""
    wanted = sa.select(evidence_exports).where(
        evidence_exports.c.state == ExportState.READY.value, evidence_exports.c.expires_at <= now
    )
    return [_export(row) for row in await connection.execute(wanted)]


def _export(row: sa.Row[Any]) -> Export:  # Any: the columns of evidence_exports
    return Export(
        id=row.id,
        made_by=UserId(row.made_by),
        maker_name=row.maker_name,
        state=ExportState(row.state),
        items=msgspec.json.decode(row.items, type=tuple[str, ...]),
        numbers=msgspec.json.decode(row.numbers, type=tuple[str, ...]),
        purpose=Purpose(row.purpose),
        case_no=row.case_no,
        recipient=row.recipient,
        total_bytes=row.total_bytes,
        done_bytes=row.done_bytes,
        file_bytes=row.file_bytes,
        sha256=row.sha256,
        failure=row.failure,
        created_at=Utc(row.created_at),
        updated_at=Utc(row.updated_at),
        expires_at=Utc(row.expires_at) if row.expires_at is not None else None,
    )


def _item(row: sa.Row[Any]) -> Item:  # Any: the columns of evidence_items and the place
    premises_id = PremisesId(row.premises_id) if row.premises_id is not None else None
    return Item(
        id=row.id,
        number=row.number,
        kind=EvidenceKind(row.kind),
        state=EvidenceState(row.state),
        camera=CameraId(row.camera_id),
        camera_name=row.camera_name,
        premises=premises_id,
        premises_name=row.premises_name,
        place=Place(row.place_region or "", row.place_category or "", premises_id),
        zone=row.zone,
        profile=row.profile,
        source=row.source,
        node=NodeId(row.node),
        captured_at=Utc(row.captured_at),
        frame_at=Utc(row.frame_at),
        from_at=Utc(row.from_at),
        to_at=Utc(row.to_at),
        operator=UserId(row.operator_id),
        operator_name=row.operator_name,
        purpose=Purpose(row.purpose),
        note=row.note,
        size_bytes=row.size_bytes,
        drift_us=row.drift_us,
        is_assured=row.is_assured,
        hold=row.hold,
        hold_state=HoldState(row.hold_state),
        manifest=row.manifest,
        seal=row.seal,
        seq=row.seq or 0,
        hash=row.hash,
        sealed_at=Utc(row.sealed_at) if row.sealed_at is not None else None,
        case_no=row.case_no,
        ended_at=Utc(row.ended_at) if row.ended_at is not None else None,
        waiting_for=row.waiting_for,
    )
