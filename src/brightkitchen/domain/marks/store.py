"""Rows of marks, and how the search for recordings finds them."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.queries import is_in_scope
from brightkitchen.domain.authz.roles import SITE
from brightkitchen.domain.cameras.store import SCOPE, cameras
from brightkitchen.domain.marks.model import Mark, Side
from brightkitchen.domain.premises.store import premises
from brightkitchen.domain.recording.search import Event, EventKind, Where
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import CameraId, UserId
from brightkitchen.kernel.units import Utc

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=False),
    # of the picture that was seen, UTC in microseconds
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("note", sa.String(200), nullable=False),
    # office or kitchen: for whom it was made
    sa.Column("side", sa.String(8), nullable=False),
    sa.Column("made_by", sa.String(40), sa.ForeignKey(users.c.id), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Index("ix_marks_camera_id_at", "camera_id", "at"),
    sa.Index("ix_marks_made_by_made_at", "made_by", "made_at"),
)

_with_maker = sa.select(marks, users.c.display_name.label("by_name")).select_from(
    marks.join(users, users.c.id == marks.c.made_by)
)


async def load_mark(connection: AsyncConnection, mark: str) -> Mark | None:
    row = (await connection.execute(_with_maker.where(marks.c.id == mark))).one_or_none()
    return _mark(row) if row is not None else None


async def count_made_since(connection: AsyncConnection, user: UserId, since: Utc) -> int:
    """Return how many marks somebody made after that instant, as far as they are still there."""
    wanted = sa.select(sa.func.count()).select_from(marks).where(marks.c.made_by == user, marks.c.made_at > since)
    return int((await connection.execute(wanted)).scalar_one())


async def save_new_mark(connection: AsyncConnection, mark: Mark) -> None:
    await connection.execute(
        marks.insert().values(
            id=mark.id,
            camera_id=mark.camera,
            at=mark.at,
            note=mark.note,
            side=mark.side.value,
            made_by=mark.by,
            made_at=mark.made_at,
        )
    )


async def save_note(connection: AsyncConnection, mark: str, note: str) -> None:
    await connection.execute(marks.update().where(marks.c.id == mark).values(note=note))


async def delete_mark(connection: AsyncConnection, mark: str) -> None:
    await connection.execute(marks.delete().where(marks.c.id == mark))


async def find_marks(connection: AsyncConnection, where: Where, limit: int) -> list[Event]:
    """Return the newest marks that are meant and that the asker's side made (`recording.search.Source`)."""
    kitchen = [grant for grant in where.grants if grant.role in SITE]
    office = [grant for grant in where.grants if grant.role not in SITE]
    may_read = sa.or_(
        sa.and_(marks.c.side == Side.KITCHEN.value, is_in_scope(kitchen, SCOPE)),
        sa.and_(marks.c.side == Side.OFFICE.value, is_in_scope(office, SCOPE)),
    )
    placed = (
        marks.join(users, users.c.id == marks.c.made_by)
        .join(cameras, cameras.c.id == marks.c.camera_id)
        .outerjoin(premises, premises.c.id == cameras.c.premises_id)
    )
    wanted = (
        sa.select(marks, users.c.display_name.label("by_name"))
        .select_from(placed)
        .where(where.clause(), may_read, marks.c.at >= where.asked.from_at, marks.c.at < where.asked.to_at)
        .order_by(marks.c.at.desc(), marks.c.id.desc())
        .limit(limit)
    )
    return [_event(_mark(row)) for row in await connection.execute(wanted)]


def _event(mark: Mark) -> Event:
    return Event(
        EventKind.MARK, mark.camera, mark.at, None, "", mark.id, note=mark.note, by=mark.by, by_name=mark.by_name
    )


def _mark(row: sa.Row[Any]) -> Mark:  # Any: a row of the table with its maker's name
    return Mark(
        id=row.id,
        camera=CameraId(row.camera_id),
        at=Utc(row.at),
        note=row.note,
        side=Side(row.side),
        by=UserId(row.made_by),
        by_name=row.by_name,
        made_at=Utc(row.made_at),
    )
