"""Rows of people as their managers see them: who sees whom, the page of people, invited ones."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Role
from brightkitchen.domain.authz.queries import is_in_scope, region_clause
from brightkitchen.domain.authz.store import organisations
from brightkitchen.domain.users.grant_store import GRANT_PLACE, GRANT_REGION, build_held_grant, premises_places
from brightkitchen.domain.users.grants import VISIBLE
from brightkitchen.domain.users.invitation_store import invitations
from brightkitchen.domain.users.people_model import HeldGrant, Person
from brightkitchen.domain.users.store import grants, sessions, users
from brightkitchen.kernel.ids import OrganisationId, UserId
from brightkitchen.kernel.units import Utc, optional_utc


def is_visible(viewer: Sequence[Grant], viewer_id: str | None) -> sa.ColumnElement[bool]:
    """The condition under which a person is shown to somebody who holds `viewer`.

    By one grant that the viewer's role looks after and the viewer's scope covers. Revoked ones count only for people
    who hold nothing any more, so that those who left can be found, and those who moved on cannot.
    """
    pairs = [
        sa.and_(grants.c.role.in_(sorted(VISIBLE.get(each.role, frozenset()))), is_in_scope((each,), GRANT_PLACE))
        for each in viewer
    ]
    holds = sa.exists().where(grants.c.user_id == users.c.id, grants.c.revoked_at.is_(None)).correlate(users)
    among = grants.outerjoin(premises_places, premises_places.c.id == grants.c.premises_id)
    looked_after = (
        sa.select(sa.literal(1))
        .select_from(among)
        .where(
            grants.c.user_id == users.c.id,
            sa.or_(grants.c.revoked_at.is_(None), sa.not_(holds)),
            sa.or_(sa.false(), *pairs),
        )
        .correlate(users)
        .exists()
    )
    has_none = sa.not_(sa.exists().where(grants.c.user_id == users.c.id).correlate(users))
    # Somebody whose first role still waits for a second person: the inviter, and whoever may decide, sees them.
    own = users.c.created_by == viewer_id if viewer_id is not None else sa.false()
    everybody = any(each.role in (Role.SEC_ADMIN, Role.LOCAL) for each in viewer)
    return sa.true() if everybody else sa.or_(looked_after, sa.and_(has_none, own))


def _people() -> sa.Select[Any]:  # Any: rows of many columns
    seen = (
        sa.select(sa.func.max(sessions.c.last_input_at)).where(sessions.c.user_id == users.c.id).correlate(users)
    ).scalar_subquery()
    invited = (
        sa.select(sa.func.max(invitations.c.expires_at))
        .where(
            invitations.c.user_id == users.c.id,
            invitations.c.used_at.is_(None),
            invitations.c.withdrawn_at.is_(None),
        )
        .correlate(users)
    ).scalar_subquery()
    return sa.select(
        users, organisations.c.name.label("organisation_name"), seen.label("seen_at"), invited.label("invited_until")
    ).select_from(users.outerjoin(organisations, organisations.c.id == users.c.organisation_id))


async def load_people(
    connection: AsyncConnection,
    viewer: Sequence[Grant],
    viewer_id: str | None,
    *,
    text: str = "",
    role: Role | None = None,
    region: str = "",
    after: str = "",
    limit: int,
    now: Utc,
) -> tuple[Person, ...]:
    """Return a page of the people whom the viewer sees, by username. after: id of the last one of the page before."""
    chosen = _people().where(is_visible(viewer, viewer_id))
    if text:
        chosen = chosen.where(
            sa.or_(
                users.c.username.contains(text.casefold(), autoescape=True),
                users.c.display_name.contains(text, autoescape=True),
            )
        )
    inside = region_clause(region, GRANT_REGION)
    if role is not None or inside is not None:
        holds = sa.select(sa.literal(1)).select_from(
            grants.outerjoin(premises_places, premises_places.c.id == grants.c.premises_id)
        )
        holds = holds.where(grants.c.user_id == users.c.id, grants.c.revoked_at.is_(None))
        if role is not None:
            holds = holds.where(grants.c.role == role.value)
        if inside is not None:
            holds = holds.where(inside)
        chosen = chosen.where(holds.correlate(users).exists())
    if after:
        last = sa.select(users.c.username).where(users.c.id == after).scalar_subquery()
        chosen = chosen.where(users.c.username > last)
    rows = (await connection.execute(chosen.order_by(users.c.username).limit(limit))).all()
    return await _dressed(connection, rows, now)


async def load_person(
    connection: AsyncConnection, user: UserId, viewer: Sequence[Grant], viewer_id: str | None, now: Utc
) -> Person | None:
    """Return a person if the viewer sees them."""
    row = (await connection.execute(_people().where(users.c.id == user, is_visible(viewer, viewer_id)))).one_or_none()
    return (await _dressed(connection, [row], now))[0] if row is not None else None


async def load_person_unchecked(connection: AsyncConnection, user: UserId, now: Utc) -> Person | None:
    """Return a person, whoever asks: for the person's own matters and for rules, never for an answer."""
    row = (await connection.execute(_people().where(users.c.id == user))).one_or_none()
    return (await _dressed(connection, [row], now))[0] if row is not None else None


async def _dressed(connection: AsyncConnection, rows: Sequence[Any], now: Utc) -> tuple[Person, ...]:
    ids = [row.id for row in rows]
    held: dict[str, list[HeldGrant]] = {}
    found = await connection.execute(
        sa.select(grants)
        .where(grants.c.user_id.in_(ids), grants.c.revoked_at.is_(None))
        .order_by(grants.c.granted_at, grants.c.id)
    )
    for row in found:
        held.setdefault(row.user_id, []).append(build_held_grant(row))
    is_open = (sessions.c.ended_at.is_(None)) & (sessions.c.expires_at > now) & sessions.c.user_id.in_(ids)
    counted = await connection.execute(
        sa.select(sessions.c.user_id, sa.func.count()).where(is_open).group_by(sessions.c.user_id)
    )
    opened = {name: int(count) for name, count in counted}
    return tuple(
        Person(
            id=UserId(row.id),
            username=row.username,
            display_name=row.display_name,
            organisation=OrganisationId(row.organisation_id) if row.organisation_id else None,
            organisation_name=row.organisation_name or "",
            created_at=Utc(row.created_at),
            created_by=row.created_by,
            disabled_at=optional_utc(row.disabled_at),
            version=row.version,
            grants=tuple(held.get(row.id, ())),
            invited_until=optional_utc(row.invited_until) if row.invited_until and row.invited_until > now else None,
            last_input_at=optional_utc(row.seen_at),
            open_sessions=opened.get(row.id, 0),
        )
        for row in rows
    )


async def save_person(connection: AsyncConnection, user: UserId, *, now: Utc, **values: str | int | None) -> None:
    """Change columns of a person; the version goes up by one."""
    await connection.execute(
        users.update().where(users.c.id == user).values(updated_at=now, version=users.c.version + 1, **values)
    )


async def save_invited_user(
    connection: AsyncConnection,
    user: UserId,
    *,
    username: str,
    display_name: str,
    organisation: OrganisationId | None,
    password_hash: str,
    by: str | None,
    now: Utc,
) -> None:
    """Add a person who has not chosen a password yet. password_hash: of one that nobody knows."""
    await connection.execute(
        users.insert().values(
            id=user,
            username=username,
            display_name=display_name,
            organisation_id=organisation,
            password_hash=password_hash,
            created_at=now,
            updated_at=now,
            created_by=by,
        )
    )


async def load_username_id(connection: AsyncConnection, username: str) -> UserId | None:
    """Return whose log-in that name is."""
    found = (await connection.execute(sa.select(users.c.id).where(users.c.username == username))).scalar_one_or_none()
    return UserId(found) if found is not None else None


async def load_superior(connection: AsyncConnection, user: UserId, now: Utc) -> tuple[UserId, ...]:
    """Return who has to hear of what happens to a person's log-in: the inviter, and every security administrator."""
    asked = sa.select(users.c.created_by).where(users.c.id == user, users.c.created_by.is_not(None))
    by = (await connection.execute(asked)).scalar_one_or_none()
    held = sa.and_(
        grants.c.role == Role.SEC_ADMIN.value,
        grants.c.revoked_at.is_(None),
        sa.or_(grants.c.expires_at.is_(None), grants.c.expires_at > now),
    )
    found = set((await connection.execute(sa.select(grants.c.user_id).where(held))).scalars())
    return tuple(UserId(each) for each in sorted((found | ({by} if by else set())) - {user}))
