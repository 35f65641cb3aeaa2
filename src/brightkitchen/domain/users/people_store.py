"""Rows of people as their managers see them: requests, invitations, recoveries, API tokens, notices, identities."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place, Role, Scope
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.authz.store import organisations
from brightkitchen.domain.users.grants import VISIBLE, read_grant, write_grant
from brightkitchen.domain.users.people_model import (
    ApiToken,
    Approval,
    ApprovalState,
    HeldGrant,
    Notice,
    Organisation,
    OrganisationKind,
    Person,
    Recovery,
)
from brightkitchen.domain.users.store import grants, sessions, users
from brightkitchen.kernel.database import metadata
from brightkitchen.kernel.ids import OrganisationId, PremisesId, UserId
from brightkitchen.kernel.units import Utc

# Only where a premises is, for the scope of those who work there. The table itself is a later slice's.
premises_places: Final = sa.table(
    "premises", sa.column("id"), sa.column("region"), sa.column("category"), sa.column("name")
)
_category_kinds: Final = sa.table("categories", sa.column("code"), sa.column("is_school"))

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

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("code_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("created_by", sa.String(40), nullable=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger, nullable=True),
    sa.Column("withdrawn_at", sa.BigInteger, nullable=True),
)

recoveries = sa.Table(
    "recoveries",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("asked_by", sa.String(40), nullable=True),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("first_by", sa.String(40), nullable=True),
    sa.Column("first_at", sa.BigInteger, nullable=True),
    sa.Column("second_by", sa.String(40), nullable=True),
    sa.Column("second_at", sa.BigInteger, nullable=True),
    sa.Column("not_before_at", sa.BigInteger, nullable=True),
    sa.Column("code_sha256", sa.String(64), nullable=True, unique=True),
    sa.Column("code_expires_at", sa.BigInteger, nullable=True),
    sa.Column("used_at", sa.BigInteger, nullable=True),
    sa.Column("refused_by", sa.String(40), nullable=True),
    sa.Column("refused_at", sa.BigInteger, nullable=True),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("secret_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("pseudonym", sa.String(40), nullable=False),
    sa.Column("grants", sa.Text, nullable=False),
    sa.Column("networks", sa.String(800), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", sa.BigInteger, nullable=True),
    sa.Column("last_used_from", sa.String(64), nullable=False),
    sa.Column("revoked_at", sa.BigInteger, nullable=True),
)

account_notices = sa.Table(
    "account_notices",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("read_at", sa.BigInteger, nullable=True),
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("issuer", sa.String(255), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("user_id", sa.String(40), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("bound_at", sa.BigInteger, nullable=False),
)

_GRANT_REGION: Final = sa.func.coalesce(premises_places.c.region, grants.c.region)
_GRANT_PLACE: Final = ScopeColumns(
    _GRANT_REGION, sa.func.coalesce(premises_places.c.category, ""), grants.c.premises_id
)


# ---- people


def _is_visible(viewer: Sequence[Grant], viewer_id: str | None) -> sa.ColumnElement[bool]:
    """The condition under which a person is shown to somebody who holds `viewer`.

    By one grant that the viewer's role looks after and the viewer's scope covers. Revoked ones count only for people
    who hold nothing any more, so that those who left can be found, and those who moved on cannot.
    """
    pairs = [
        sa.and_(grants.c.role.in_(sorted(VISIBLE.get(each.role, frozenset()))), is_in_scope((each,), _GRANT_PLACE))
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
    chosen = _people().where(_is_visible(viewer, viewer_id))
    if text:
        chosen = chosen.where(
            sa.or_(
                users.c.username.contains(text.casefold(), autoescape=True),
                users.c.display_name.contains(text, autoescape=True),
            )
        )
    inside = region_clause(region, _GRANT_REGION)
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
    row = (await connection.execute(_people().where(users.c.id == user, _is_visible(viewer, viewer_id)))).one_or_none()
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
        held.setdefault(row.user_id, []).append(_held_grant(row))
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
            disabled_at=_utc(row.disabled_at),
            version=row.version,
            grants=tuple(held.get(row.id, ())),
            invited_until=_utc(row.invited_until) if row.invited_until and row.invited_until > now else None,
            last_input_at=_utc(row.seen_at),
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


# ---- places and categories, for scopes


async def load_places(connection: AsyncConnection, wanted: Iterable[PremisesId]) -> dict[PremisesId, tuple[Place, str]]:
    """Return where these premises are, and their names."""
    rows = await connection.execute(sa.select(premises_places).where(premises_places.c.id.in_(sorted(set(wanted)))))
    return {row.id: (Place(row.region, row.category, PremisesId(row.id)), row.name) for row in rows}


async def load_school_categories(connection: AsyncConnection) -> frozenset[str]:
    """Return the codes of the categories that an education officer looks after."""
    rows = await connection.execute(sa.select(_category_kinds.c.code).where(_category_kinds.c.is_school))
    return frozenset(rows.scalars())


# ---- grants


async def save_grant(
    connection: AsyncConnection,
    held: HeldGrant,
    *,
    granted_by: str | None,
    approved_by: str | None,
) -> None:
    """Add a role to a person."""
    scope = held.grant.scope
    await connection.execute(
        grants.insert().values(
            id=held.id,
            user_id=held.user,
            role=held.grant.role.value,
            region=scope.region,
            categories=",".join(sorted(scope.categories)),
            premises_id=scope.premises,
            granted_by=granted_by,
            approved_by=approved_by,
            granted_at=held.granted_at,
            expires_at=held.expires_at,
        )
    )


async def revoke_grants(connection: AsyncConnection, user: UserId, now: Utc, *, only: str = "") -> int:
    """Take roles away: the one with the id `only`, or all. returns: how many were held."""
    mine = (grants.c.user_id == user) & grants.c.revoked_at.is_(None)
    if only:
        mine &= grants.c.id == only
    return (await connection.execute(grants.update().where(mine).values(revoked_at=now))).rowcount


async def save_expiry(connection: AsyncConnection, grant_ids: Sequence[str], expires_at: Utc) -> None:
    await connection.execute(grants.update().where(grants.c.id.in_(grant_ids)).values(expires_at=expires_at))


async def load_expired_between(connection: AsyncConnection, begin: Utc, end: Utc) -> tuple[UserId, ...]:
    """Return who lost a role by its date in (begin, end]."""
    found = await connection.execute(
        sa.select(grants.c.user_id)
        .distinct()
        .where(grants.c.revoked_at.is_(None), grants.c.expires_at > begin, grants.c.expires_at <= end)
    )
    return tuple(UserId(each) for each in found.scalars())


async def replace_pseudonyms(
    connection: AsyncConnection, user: UserId, make: Callable[[], str], now: Utc
) -> tuple[str, ...]:
    """Give the person's open sessions and good API tokens another pseudonym each; return the old ones."""
    old: list[str] = []
    for table, is_good in (
        (sessions, sessions.c.ended_at.is_(None) & (sessions.c.expires_at > now)),
        (api_tokens, api_tokens.c.revoked_at.is_(None) & (api_tokens.c.expires_at > now)),
    ):
        mine = sa.select(table.c.id, table.c.pseudonym).where(table.c.user_id == user, is_good)
        for row in (await connection.execute(mine)).all():
            old.append(row.pseudonym)
            await connection.execute(table.update().where(table.c.id == row.id).values(pseudonym=make()))
    return tuple(old)


# ---- requests


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


_requester = users.alias("requester")
_subject = users.alias("subject")
_decider = users.alias("decider")


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


# ---- invitations


async def save_new_invitation(
    connection: AsyncConnection,
    *,
    invitation_id: str,
    user: UserId,
    code_sha256: str,
    by: str | None,
    at: Utc,
    expires_at: Utc,
) -> None:
    await connection.execute(
        invitations.insert().values(
            id=invitation_id,
            user_id=user,
            code_sha256=code_sha256,
            created_by=by,
            created_at=at,
            expires_at=expires_at,
        )
    )


async def withdraw_invitations(connection: AsyncConnection, user: UserId, now: Utc) -> None:
    mine = (invitations.c.user_id == user) & invitations.c.used_at.is_(None) & invitations.c.withdrawn_at.is_(None)
    await connection.execute(invitations.update().where(mine).values(withdrawn_at=now))


async def is_waiting(connection: AsyncConnection, user: UserId) -> bool:
    """True for somebody who was invited and has not chosen a password yet."""
    of_user = sa.select(sa.func.count(), sa.func.count(invitations.c.used_at)).where(invitations.c.user_id == user)
    made, used = (await connection.execute(of_user)).one()
    return made > 0 and used == 0


async def load_open_invitation(
    connection: AsyncConnection, code_sha256: str, now: Utc
) -> tuple[str, UserId, Utc] | None:
    """Return id, person and end of an invitation that may be used at `now`."""
    row = (
        await connection.execute(
            sa.select(invitations)
            .join(users, users.c.id == invitations.c.user_id)
            .where(
                invitations.c.code_sha256 == code_sha256,
                invitations.c.used_at.is_(None),
                invitations.c.withdrawn_at.is_(None),
                invitations.c.expires_at > now,
                users.c.disabled_at.is_(None),
            )
        )
    ).one_or_none()
    return (row.id, UserId(row.user_id), Utc(row.expires_at)) if row is not None else None


async def use_invitation(connection: AsyncConnection, invitation_id: str, now: Utc) -> bool:
    """Spend an invitation. True if it was this call that did."""
    changed = await connection.execute(
        invitations.update()
        .where(invitations.c.id == invitation_id, invitations.c.used_at.is_(None))
        .values(used_at=now)
    )
    return changed.rowcount == 1


# ---- recoveries


def _recoveries() -> sa.Select[Any]:  # Any: rows of many columns
    return sa.select(recoveries, users.c.username, users.c.display_name).select_from(
        recoveries.join(users, users.c.id == recoveries.c.user_id)
    )


async def load_recoveries(
    connection: AsyncConnection, viewer: Sequence[Grant], viewer_id: str | None, *, since: Utc
) -> tuple[Recovery, ...]:
    """Return recoveries asked for since then of people whom the viewer sees, newest first."""
    rows = await connection.execute(
        _recoveries()
        .where(recoveries.c.asked_at >= since, _is_visible(viewer, viewer_id))
        .order_by(recoveries.c.asked_at.desc())
        .limit(200)
    )
    return tuple(_recovery(row) for row in rows)


async def load_recovery(connection: AsyncConnection, recovery_id: str) -> Recovery | None:
    row = (await connection.execute(_recoveries().where(recoveries.c.id == recovery_id))).one_or_none()
    return _recovery(row) if row is not None else None


async def load_newest_recovery(connection: AsyncConnection, user: UserId) -> Recovery | None:
    row = (
        await connection.execute(
            _recoveries().where(recoveries.c.user_id == user).order_by(recoveries.c.asked_at.desc()).limit(1)
        )
    ).one_or_none()
    return _recovery(row) if row is not None else None


async def load_recovery_by_code(connection: AsyncConnection, code_sha256: str) -> Recovery | None:
    row = (await connection.execute(_recoveries().where(recoveries.c.code_sha256 == code_sha256))).one_or_none()
    return _recovery(row) if row is not None else None


async def save_new_recovery(
    connection: AsyncConnection, recovery_id: str, user: UserId, *, by: str | None, at: Utc
) -> None:
    await connection.execute(recoveries.insert().values(id=recovery_id, user_id=user, asked_by=by, asked_at=at))


async def save_recovery(connection: AsyncConnection, recovery_id: str, **values: str | int | None) -> None:
    await connection.execute(recoveries.update().where(recoveries.c.id == recovery_id).values(**values))


# ---- API tokens


async def save_new_token(connection: AsyncConnection, token: ApiToken, secret_sha256: str) -> None:
    await connection.execute(
        api_tokens.insert().values(
            id=token.id,
            user_id=token.user,
            name=token.name,
            secret_sha256=secret_sha256,
            pseudonym=token.pseudonym,
            grants=json.dumps([write_grant(each) for each in token.grants]),
            networks=",".join(token.networks),
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_from="",
        )
    )


async def load_token_by_secret(connection: AsyncConnection, secret_sha256: str) -> ApiToken | None:
    row = (
        await connection.execute(sa.select(api_tokens).where(api_tokens.c.secret_sha256 == secret_sha256))
    ).one_or_none()
    return _token(row) if row is not None else None


async def load_tokens(connection: AsyncConnection, user: UserId) -> tuple[ApiToken, ...]:
    """Return a person's tokens that were not revoked, newest first."""
    rows = await connection.execute(
        sa.select(api_tokens)
        .where(api_tokens.c.user_id == user, api_tokens.c.revoked_at.is_(None))
        .order_by(api_tokens.c.created_at.desc(), api_tokens.c.id)
    )
    return tuple(_token(row) for row in rows)


async def revoke_tokens(connection: AsyncConnection, user: UserId, now: Utc, *, only: str = "") -> tuple[str, ...]:
    """Revoke one token or all of a person; return the pseudonyms of those that were good."""
    mine = (api_tokens.c.user_id == user) & api_tokens.c.revoked_at.is_(None)
    if only:
        mine &= api_tokens.c.id == only
    names = tuple((await connection.execute(sa.select(api_tokens.c.pseudonym).where(mine))).scalars())
    await connection.execute(api_tokens.update().where(mine).values(revoked_at=now))
    return names


async def save_token_use(connection: AsyncConnection, token_id: str, at: Utc, address: str) -> None:
    await connection.execute(
        api_tokens.update().where(api_tokens.c.id == token_id).values(last_used_at=at, last_used_from=address[:64])
    )


# ---- notices


async def save_notice(
    connection: AsyncConnection, notice_id: str, user: UserId, kind: str, params: Mapping[str, str], at: Utc
) -> None:
    await connection.execute(
        account_notices.insert().values(
            id=notice_id, user_id=user, kind=kind, params=json.dumps(dict(params), ensure_ascii=False), created_at=at
        )
    )


async def load_notices(connection: AsyncConnection, user: UserId, limit: int) -> tuple[Notice, ...]:
    """Return a person's newest notices."""
    rows = await connection.execute(
        sa.select(account_notices)
        .where(account_notices.c.user_id == user)
        .order_by(account_notices.c.created_at.desc(), account_notices.c.id)
        .limit(limit)
    )
    return tuple(
        Notice(row.id, row.kind, json.loads(row.params), Utc(row.created_at), _utc(row.read_at)) for row in rows
    )


async def save_notices_read(connection: AsyncConnection, user: UserId, at: Utc) -> None:
    unread = (account_notices.c.user_id == user) & account_notices.c.read_at.is_(None)
    await connection.execute(account_notices.update().where(unread).values(read_at=at))


# ---- identities of an outside log-in


async def load_identity(connection: AsyncConnection, issuer: str, subject: str) -> UserId | None:
    found = await connection.execute(
        sa.select(identities.c.user_id).where(identities.c.issuer == issuer, identities.c.subject == subject)
    )
    name = found.scalar_one_or_none()
    return UserId(name) if name is not None else None


async def save_identity(connection: AsyncConnection, issuer: str, subject: str, user: UserId, at: Utc) -> None:
    await connection.execute(identities.insert().values(issuer=issuer, subject=subject, user_id=user, bound_at=at))


async def delete_identities(connection: AsyncConnection, user: UserId) -> None:
    await connection.execute(identities.delete().where(identities.c.user_id == user))


# ---- organisations


async def load_organisations(connection: AsyncConnection, *, with_retired: bool) -> tuple[Organisation, ...]:
    chosen = sa.select(organisations).order_by(organisations.c.region, organisations.c.kind, organisations.c.name)
    if not with_retired:
        chosen = chosen.where(organisations.c.retired_at.is_(None))
    return tuple(_organisation(row) for row in await connection.execute(chosen))


async def load_organisation(connection: AsyncConnection, organisation: OrganisationId) -> Organisation | None:
    row = (await connection.execute(sa.select(organisations).where(organisations.c.id == organisation))).one_or_none()
    return _organisation(row) if row is not None else None


async def save_new_organisation(connection: AsyncConnection, new: Organisation, at: Utc) -> None:
    await connection.execute(
        organisations.insert().values(
            id=new.id,
            kind=new.kind.value,
            name=new.name,
            region=new.region,
            created_at=at,
            updated_at=at,
            version=new.version,
        )
    )


async def save_organisation(connection: AsyncConnection, new: Organisation, at: Utc) -> bool:
    """Keep it if nobody changed it since the version before `new.version`. True if it was kept."""
    changed = await connection.execute(
        organisations.update()
        .where(organisations.c.id == new.id, organisations.c.version == new.version - 1)
        .values(
            kind=new.kind.value,
            name=new.name,
            region=new.region,
            updated_at=at,
            version=new.version,
            retired_at=new.retired_at,
        )
    )
    return changed.rowcount == 1


# ---- rows and values


def _utc(value: int | None) -> Utc | None:
    return Utc(value) if value is not None else None


def _held_grant(row: sa.Row[Any]) -> HeldGrant:
    categories = frozenset(part for part in row.categories.split(",") if part)
    premises = PremisesId(row.premises_id) if row.premises_id is not None else None
    return HeldGrant(
        row.id,
        UserId(row.user_id),
        Grant(Role(row.role), Scope(row.region, categories, premises)),
        Utc(row.granted_at),
        _utc(row.expires_at),
        _utc(row.revoked_at),
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
        decided_at=_utc(row.decided_at),
        reason=row.reason,
        requester_name=row.requester_name or "",
        subject_name=row.subject_name or "",
        decider_name=row.decider_name or "",
    )


def _recovery(row: sa.Row[Any]) -> Recovery:
    return Recovery(
        id=row.id,
        user=UserId(row.user_id),
        username=row.username,
        display_name=row.display_name,
        asked_at=Utc(row.asked_at),
        asked_by=row.asked_by,
        first_by=row.first_by,
        first_at=_utc(row.first_at),
        second_by=row.second_by,
        second_at=_utc(row.second_at),
        not_before_at=_utc(row.not_before_at),
        code_expires_at=_utc(row.code_expires_at),
        used_at=_utc(row.used_at),
        refused_at=_utc(row.refused_at),
    )


def _token(row: sa.Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        user=UserId(row.user_id),
        name=row.name,
        pseudonym=row.pseudonym,
        grants=tuple(read_grant(each) for each in json.loads(row.grants)),
        networks=tuple(part for part in row.networks.split(",") if part),
        created_at=Utc(row.created_at),
        expires_at=Utc(row.expires_at),
        last_used_at=_utc(row.last_used_at),
        last_used_from=row.last_used_from,
        revoked_at=_utc(row.revoked_at),
    )


def _organisation(row: sa.Row[Any]) -> Organisation:
    return Organisation(
        OrganisationId(row.id), OrganisationKind(row.kind), row.name, row.region, row.version, _utc(row.retired_at)
    )
