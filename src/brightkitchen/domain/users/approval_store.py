"""Rows of requests that wait for a second person."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope
from brightkitchen.domain.users.people_model import Approval, ApprovalState
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc, optional_utc

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("subject_id", sa.String(40), sa.ForeignKey("users.id"), nullable=True),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("requested_by", sa.String(40), sa.ForeignKey("users.id"), nullable=False),
    sa.Column("requested_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("decided_by", sa.String(40), sa.ForeignKey("users.id"), nullable=True),
    sa.Column("decided_at", sa.BigInteger, nullable=True),
    sa.Column("reason", sa.String(200), nullable=False),
)


_requester = users.alias("requester")
_subject = users.alias("subject")
_decider = users.alias("decider")


async def save_new_approval(connection: AsyncConnection, approval: Approval) -> None:
    await connection.execute(
        approvals.insert().values(
            id=approval.id,
            kind=approval.kind,
            payload=json.dumps(approval.payload, ensure_ascii=False, sort_keys=True),
            subject_id=approval.subject,
            region=approval.region,
            requested_by=approval.requested_by,
            requested_at=approval.requested_at,
            expires_at=approval.expires_at,
            state=approval.state.value,
            reason=approval.reason,
        )
    )


def _approvals() -> sa.Select[Any]:  # Any: rows of many columns
    return sa.select(
        approvals,
        _requester.c.display_name.label("requester_name"),
        _subject.c.display_name.label("subject_name"),
        _decider.c.display_name.label("decider_name"),
    ).select_from(
        approvals.join(_requester, _requester.c.id == approvals.c.requested_by)
        .outerjoin(_subject, _subject.c.id == approvals.c.subject_id)
        .outerjoin(_decider, _decider.c.id == approvals.c.decided_by)
    )


def _is_approval_visible(deciding: Sequence[Grant], viewer_id: str | None) -> sa.ColumnElement[bool]:
    place = ScopeColumns(approvals.c.region, sa.literal(""), sa.literal(""))
    asked = approvals.c.requested_by == viewer_id if viewer_id is not None else sa.false()
    return sa.or_(is_in_scope(deciding, place), asked)


async def load_approvals(
    connection: AsyncConnection, deciding: Sequence[Grant], viewer_id: str | None, *, only_open: bool, limit: int
) -> tuple[Approval, ...]:
    """Return the newest requests that the viewer made or may decide."""
    chosen = _approvals().where(_is_approval_visible(deciding, viewer_id))
    if only_open:
        chosen = chosen.where(approvals.c.state == ApprovalState.REQUESTED.value)
    rows = await connection.execute(chosen.order_by(approvals.c.requested_at.desc(), approvals.c.id).limit(limit))
    return tuple(_approval(row) for row in rows)


async def load_approval(
    connection: AsyncConnection, approval_id: str, deciding: Sequence[Grant], viewer_id: str | None
) -> Approval | None:
    """Return a request that the viewer made or may decide."""
    row = (
        await connection.execute(
            _approvals().where(approvals.c.id == approval_id, _is_approval_visible(deciding, viewer_id))
        )
    ).one_or_none()
    return _approval(row) if row is not None else None


async def save_decision(
    connection: AsyncConnection, approval_id: str, state: ApprovalState, *, by: str | None, at: Utc, reason: str
) -> bool:
    """Decide a request that nobody decided yet. True if it was this call that did."""
    changed = await connection.execute(
        approvals.update()
        .where(approvals.c.id == approval_id, approvals.c.state == ApprovalState.REQUESTED.value)
        .values(state=state.value, decided_by=by, decided_at=at, reason=reason)
    )
    return changed.rowcount == 1


async def expire_approvals(connection: AsyncConnection, now: Utc) -> None:
    await connection.execute(
        approvals.update()
        .where(approvals.c.state == ApprovalState.REQUESTED.value, approvals.c.expires_at <= now)
        .values(state=ApprovalState.EXPIRED.value, decided_at=now)
    )


async def withdraw_requests_about(connection: AsyncConnection, user: UserId, now: Utc) -> None:
    """End what waits about a person, or was asked by them, when they leave."""
    about = sa.or_(approvals.c.subject_id == user, approvals.c.requested_by == user)
    await connection.execute(
        approvals.update()
        .where(about, approvals.c.state == ApprovalState.REQUESTED.value)
        .values(state=ApprovalState.EXPIRED.value, decided_at=now)
    )


def _approval(row: sa.Row[Any]) -> Approval:
    return Approval(
        id=row.id,
        kind=row.kind,
        payload=json.loads(row.payload),
        subject=UserId(row.subject_id) if row.subject_id is not None else None,
        region=row.region,
        requested_by=row.requested_by,
        requested_at=Utc(row.requested_at),
        expires_at=Utc(row.expires_at),
        state=ApprovalState(row.state),
        decided_by=row.decided_by,
        decided_at=optional_utc(row.decided_at),
        reason=row.reason,
        requester_name=row.requester_name or "",
        subject_name=row.subject_name or "",
        decider_name=row.decider_name or "",
    )
