"""People and their roles: finding, changing, disabling, giving and taking roles, seeing them off."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Grant, Place, Role, Scope
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.regions import is_region_code
from brightkitchen.domain.authz.roles import OPERATORS, ROLES
from brightkitchen.domain.authz.store import regions
from brightkitchen.domain.users import (
    approval_store,
    grant_store,
    identity_store,
    invitation_store,
    organisation_store,
    people_store,
)
from brightkitchen.domain.users import policy as rules
from brightkitchen.domain.users.access import AccessChanges, Closing
from brightkitchen.domain.users.approvals import ApprovalService
from brightkitchen.domain.users.grants import (
    GRANTABLE,
    OPERATOR_TERM_US,
    VISIBLE,
    check_reach,
    find_clash,
    is_within,
    may_give,
    read_grant,
    write_grant,
)
from brightkitchen.domain.users.people_model import Approval, HeldGrant, NewGrant, Person
from brightkitchen.domain.users.ports import AuditPort, Detail
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import OrganisationId, PremisesId, UserId, is_id, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import Utc

log = get_logger(__name__)

MAX_PAGE: Final = 200
MAX_NAME_CHARS: Final = 50
MAX_GRANTS: Final = 40
GIVE_KIND: Final = "people.grant"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
Places = dict[PremisesId, tuple[Place, str]]


class Leaver(Protocol):
    """Something else of a person that ends when the person leaves or a log-in is recovered: known devices, factors."""

    async def forget_devices(self, connection: AsyncConnection, user: UserId) -> None: ...


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as one viewer gets them. revocable: ids of grants that the viewer may take away. places: with names."""

    person: Person
    abilities: tuple[str, ...]
    revocable: frozenset[str]
    places: Places


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A stretch of the list; next_after is None at its end."""

    items: tuple[PersonView, ...]
    next_after: str | None


class PeopleService:
    """Everything one can do with people. A person is reached through `access_person` only."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        audit: AuditPort,
        access: AccessChanges,
        approvals: ApprovalService,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._access = access
        self._approvals = approvals
        self._clock = clock
        self._entropy = entropy
        self._leavers: list[Leaver] = []
        self._swept_at = clock.utc()
        approvals.register(GIVE_KIND, self._apply_grant, other_unit=True)

    def add_leaver(self, leaver: Leaver) -> None:
        """Let `leaver` forget a person's devices too."""
        self._leavers.append(leaver)

    # ---- finding

    async def list_people(
        self,
        actor: Actor,
        *,
        text: str = "",
        role: Role | None = None,
        region: str = "",
        after: str = "",
        limit: int = MAX_PAGE,
    ) -> PeoplePage:
        """Return a page of the people whom the actor looks after, by username. limit: 1..200."""
        self.check(actor, rules.LIST)
        if region and not is_region_code(region):
            raise BrightKitchenError(Kind.INVALID, "user.region_unknown", region=region[:12], field="region")
        async with self._database.read() as connection:
            found = await people_store.load_people(
                connection,
                self._policy.grants_for(actor, rules.LIST),
                actor.user,
                text=text.strip(),
                role=role,
                region=region,
                after=after,
                limit=limit + 1,
                now=self._clock.utc(),
            )
            views = await self._views(connection, actor, found[:limit])
        return PeoplePage(views, found[limit - 1].id if len(found) > limit else None)

    async def show_person(self, actor: Actor, user: str) -> PersonView:
        """Return one person. raises: BrightKitchenError "access.none"."""
        async with self._database.read() as connection:
            person = await self.access_person(connection, actor, user, rules.VIEW)
            return (await self._views(connection, actor, (person,)))[0]

    async def access_person(self, connection: AsyncConnection, actor: Actor, user: str, action: str) -> Person:
        """Return a person whom the actor may do that to.

        raises: BrightKitchenError "access.none", the same whether there is nobody or nobody in reach; for acts also
        "user.yourself", and "user.above_you" if the person holds a role that the actor does not look after.
        """
        self.check(actor, action)
        person = None
        if is_id(user, "usr"):
            viewer = self._policy.grants_for(actor, action)
            person = await people_store.load_person(connection, UserId(user), viewer, actor.user, self._clock.utc())
        if person is None:
            raise not_found()
        if action == rules.VIEW:
            return person
        if actor.user == person.id:
            raise BrightKitchenError(Kind.FORBIDDEN, "user.yourself")
        if action in (rules.GRANT, rules.REVOKE):
            return person  # decided grant by grant
        places = await self._places(connection, (person,))
        if not self._looks_after(actor, action, person, places):
            raise BrightKitchenError(Kind.FORBIDDEN, "user.above_you")
        return person

    def grantable_roles(self, actor: Actor) -> tuple[Role, ...]:
        """Return the roles that the actor may give to somebody."""
        given = self._policy.grants_for(actor, rules.INVITE)
        may = {role for grant in given for role in GRANTABLE.get(grant.role, ())}
        return tuple(role for role in Role if role in may)

    # ---- changing

    async def change_person(
        self,
        actor: Actor,
        user: str,
        *,
        display_name: str | None = None,
        organisation: str | None = None,
        expected_version: int | None,
    ) -> PersonView:
        """Change name or organisation ("" = none). raises: as `access_person`, "user.display_name", "edit.conflict"."""
        async with self._database.write() as connection:
            person = await self.access_person(connection, actor, user, rules.CHANGE)
            if expected_version is not None and expected_version != person.version:
                raise BrightKitchenError(Kind.CONFLICT, "edit.conflict")
            values: dict[str, str | int | None] = {}
            if display_name is not None:
                values["display_name"] = checked_display_name(display_name)
            if organisation is not None:
                values["organisation_id"] = await checked_organisation(connection, organisation)
            await people_store.save_person(connection, person.id, now=self._clock.utc(), **values)
            await self._record(connection, "people.changed", actor, person.id, {"fields": ",".join(sorted(values))})
        return await self.show_person(actor, user)

    async def disable(self, actor: Actor, user: str) -> PersonView:
        """Shut a person out: sessions end, invitations are withdrawn. Roles stay for the day it is undone."""
        async with self._database.write() as connection:
            person = await self.access_person(connection, actor, user, rules.DISABLE)
            now = self._clock.utc()
            closing = await self._access.end_sessions(connection, person.id)
            closing += await self._access.narrow(connection, person.id)
            await invitation_store.withdraw_invitations(connection, person.id, now)
            if person.disabled_at is None:
                await people_store.save_person(connection, person.id, now=now, disabled_at=now)
            await self._record(connection, "people.disabled", actor, person.id)
        await self._access.tell(closing)
        return await self.show_person(actor, user)

    async def enable(self, actor: Actor, user: str) -> PersonView:
        """Let a person in again."""
        async with self._database.write() as connection:
            person = await self.access_person(connection, actor, user, rules.DISABLE)
            await people_store.save_person(connection, person.id, now=self._clock.utc(), disabled_at=None)
            await self._record(connection, "people.enabled", actor, person.id)
        return await self.show_person(actor, user)

    async def end_sessions(self, actor: Actor, user: str) -> None:
        """End every session of a person; what they watch closes within 10 s."""
        async with self._database.write() as connection:
            person = await self.access_person(connection, actor, user, rules.END_SESSIONS)
            closing = await self._access.end_sessions(connection, person.id)
            await self._record(connection, "people.sessions_ended", actor, person.id, {"count": len(closing.ended)})
        await self._access.tell(closing)

    async def offboard(self, actor: Actor, user: str) -> None:
        """See a person off: sessions, devices, tokens, invitations, outside identities, requests and roles all end."""
        async with self._database.write() as connection:
            person = await self.access_person(connection, actor, user, rules.OFFBOARD)
            now = self._clock.utc()
            closing = await self._access.end_sessions(connection, person.id)
            closing += await self._access.end_tokens(connection, person.id)
            await self.forget_devices(connection, person.id)
            await invitation_store.withdraw_invitations(connection, person.id, now)
            await approval_store.withdraw_requests_about(connection, person.id, now)
            await identity_store.delete_identities(connection, person.id)
            count = await grant_store.revoke_grants(connection, person.id, now)
            await people_store.save_person(connection, person.id, now=now, disabled_at=person.disabled_at or now)
            await self._record(
                connection, "people.offboarded", actor, person.id, {"grants": count, "sessions": len(closing.ended)}
            )
        await self._access.tell(closing)
        log.info("person left", user=person.id, roles=count)

    async def offboard_by_name(self, actor: Actor, username: str) -> None:
        """See off whoever has that log-in. raises: BrightKitchenError "user.unknown"."""
        self.check(actor, rules.OFFBOARD)
        async with self._database.read() as connection:
            user = await people_store.load_username_id(connection, username.casefold())
        if user is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "user.unknown", username=username)
        await self.offboard(actor, user)

    async def forget_devices(self, connection: AsyncConnection, user: UserId) -> None:
        """Let everything forget what a person logs in with beside the password."""
        for leaver in self._leavers:
            await leaver.forget_devices(connection, user)

    # ---- roles

    async def give_grant(self, actor: Actor, user: str, new: NewGrant) -> HeldGrant | Approval:
        """Give a role; one that needs four eyes becomes a request.

        raises: as `access_person`, and "user.reach", "user.may_not_give", "user.roles_clash", "user.grant_there",
        "user.expiry", "user.too_many_grants".
        """
        async with self._database.write() as connection:
            person = await self.access_person(connection, actor, user, rules.GRANT)
            return await self.give(connection, actor, person.id, person.grants, new, action=rules.GRANT)

    async def give(
        self,
        connection: AsyncConnection,
        actor: Actor,
        user: UserId,
        there: Sequence[HeldGrant],
        new: NewGrant,
        *,
        action: str,
    ) -> HeldGrant | Approval:
        """Give a role in the caller's transaction. there: what the person has already."""
        grant, place = await self._checked_gift(connection, actor, new.grant, action)
        now = self._clock.utc()
        _check_fits(there, grant, now)
        held = HeldGrant(
            new_id("grt", self._entropy), user, grant, now, _checked_expiry(grant.role, new.expires_at, now)
        )
        if ROLES[grant.role].needs_four_eyes and Role.LOCAL not in actor.roles:
            payload = {"grant": write_grant(grant), "expires_at": held.expires_at}
            region = place.region if place is not None else grant.scope.region
            return await self._approvals.request(connection, actor, GIVE_KIND, payload, subject=user, region=region)
        await grant_store.save_grant(connection, held, granted_by=actor.user, approved_by=None)
        await self._record(connection, "people.granted", actor, user, _grant_detail(held))
        return held

    async def revoke_grant(self, actor: Actor, user: str, grant_id: str) -> PersonView:
        """Take a role away; what it let the person watch closes within 10 s.

        raises: as `access_person`, "user.may_not_give".
        """
        async with self._database.write() as connection:
            person = await self.access_person(connection, actor, user, rules.REVOKE)
            held = next((each for each in person.grants if each.id == grant_id), None)
            if held is None:
                raise not_found()
            places = await self._places(connection, (person,))
            if not self._may_give(actor, rules.REVOKE, held.grant, places):
                raise BrightKitchenError(Kind.FORBIDDEN, "user.may_not_give")
            await grant_store.revoke_grants(connection, person.id, self._clock.utc(), only=held.id)
            closing = await self._access.narrow(connection, person.id)
            await self._record(connection, "people.revoked", actor, person.id, _grant_detail(held))
        await self._access.tell(closing)
        try:
            return await self.show_person(actor, user)
        except BrightKitchenError:
            return PersonView(person, (), frozenset(), {})  # with that role the person left the actor's reach

    async def confirm(self, actor: Actor, user: str) -> PersonView:
        """Let the operator's roles of a person go on for 90 days from now. raises: as `access_person`."""
        async with self._database.write() as connection:
            person = await self.access_person(connection, actor, user, rules.GRANT)
            places = await self._places(connection, (person,))
            mine = [
                held.id
                for held in person.grants
                if held.grant.role in OPERATORS and self._may_give(actor, rules.GRANT, held.grant, places)
            ]
            if not mine:
                raise BrightKitchenError(Kind.FORBIDDEN, "user.nothing_to_confirm")
            await grant_store.save_expiry(connection, mine, Utc(self._clock.utc() + OPERATOR_TERM_US))
            await self._record(connection, "people.confirmed", actor, person.id, {"count": len(mine)})
        return await self.show_person(actor, user)

    async def sweep(self) -> None:
        """Close what people watched by roles that expired since the last sweep; end old requests. Once a minute."""
        now = self._clock.utc()
        closing = Closing()
        async with self._database.write() as connection:
            for user in await grant_store.load_expired_between(connection, self._swept_at, now):
                closing += await self._access.narrow(connection, user)
            await approval_store.expire_approvals(connection, now)
        self._swept_at = now
        await self._access.tell(closing)

    def check(self, actor: Actor, action: str) -> None:
        """raises: BrightKitchenError "access.none" unless the actor may do that at all."""
        if not self._policy.check(actor, action).allowed:
            raise not_found()

    def viewer(self, actor: Actor, action: str) -> tuple[Grant, ...]:
        """Return the grants that lists for `action` are filtered by."""
        return self._policy.grants_for(actor, action)

    # ---- inside

    async def _apply_grant(self, connection: AsyncConnection, approval: Approval, decider: Actor) -> None:
        assert approval.subject is not None
        person = await people_store.load_person_unchecked(connection, approval.subject, self._clock.utc())
        payload = approval.payload
        value, expires_at = payload["grant"], payload["expires_at"]
        assert person is not None and isinstance(value, dict)
        now = self._clock.utc()
        grant = read_grant(value)
        _check_fits(person.grants, grant, now)
        held = HeldGrant(
            new_id("grt", self._entropy),
            person.id,
            grant,
            now,
            Utc(expires_at) if isinstance(expires_at, int) else None,
        )
        await grant_store.save_grant(connection, held, granted_by=approval.requested_by, approved_by=decider.user)
        await self._record(connection, "people.granted", decider, person.id, _grant_detail(held))

    async def _checked_gift(
        self, connection: AsyncConnection, actor: Actor, grant: Grant, action: str
    ) -> tuple[Grant, Place | None]:
        check_reach(grant.role, grant.scope)
        scope = grant.scope
        place = None
        if scope.premises is not None:
            found = await grant_store.load_places(connection, (scope.premises,))
            place = found[scope.premises][0] if scope.premises in found else None
            if place is None:
                raise not_found()
        if scope.region:
            await _check_region_known(connection, scope.region)
        if grant.role is Role.EDU_OFFICER:
            schools = await grant_store.load_school_categories(connection)
            chosen = scope.categories & schools if scope.categories else schools
            if not chosen:
                raise BrightKitchenError(Kind.CONFLICT, "user.no_schools")
            scope = Scope(scope.region, chosen)
        given = self._policy.grants_for(actor, action)
        if not may_give(given, grant.role, scope, place):
            # what premises there are is told to nobody who does not reach them
            raise not_found() if place is not None else BrightKitchenError(Kind.FORBIDDEN, "user.may_not_give")
        return Grant(grant.role, scope), place

    async def _places(self, connection: AsyncConnection, people: Iterable[Person]) -> Places:
        wanted = {held.grant.scope.premises for person in people for held in person.grants}
        return await grant_store.load_places(connection, {each for each in wanted if each is not None})

    async def _views(
        self, connection: AsyncConnection, actor: Actor, people: Sequence[Person]
    ) -> tuple[PersonView, ...]:
        places = await self._places(connection, people)
        return tuple(
            PersonView(
                person,
                self._abilities(actor, person, places),
                frozenset(
                    held.id
                    for held in person.grants
                    if actor.user != person.id and self._may_give(actor, rules.REVOKE, held.grant, places)
                ),
                places,
            )
            for person in people
        )

    def _abilities(self, actor: Actor, person: Person, places: Places) -> tuple[str, ...]:
        if actor.user == person.id:
            return (rules.VIEW,)
        may = self._policy.abilities(actor, rules.PERSON_ACTIONS)
        free = (rules.VIEW, rules.GRANT, rules.REVOKE)
        return tuple(each for each in may if each in free or self._looks_after(actor, each, person, places))

    def _looks_after(self, actor: Actor, action: str, person: Person, places: Places) -> bool:
        """True if every role of the person is one that the actor's grants for `action` look after."""
        if action != rules.RECOVER:
            return all(self._may_give(actor, action, held.grant, places) for held in person.grants)
        given = self._policy.grants_for(actor, action)
        return all(
            any(
                held.grant.role in VISIBLE.get(grant.role, frozenset())
                and is_within(held.grant.scope, grant.scope, _place_of(held.grant, places))
                for grant in given
            )
            for held in person.grants
        )

    def _may_give(self, actor: Actor, action: str, grant: Grant, places: Places) -> bool:
        given = self._policy.grants_for(actor, action)
        return may_give(given, grant.role, grant.scope, _place_of(grant, places))

    async def _record(
        self, connection: AsyncConnection, kind: str, actor: Actor, user: UserId, detail: Detail | None = None
    ) -> None:
        await self._audit.append(connection, kind, actor=actor, object_kind="user", object_id=user, detail=detail)


def checked_display_name(name: str) -> str:
    """Return the name without spaces around it. raises: BrightKitchenError "user.display_name"."""
    text = name.strip()
    if not 0 < len(text) <= MAX_NAME_CHARS or _CONTROL.search(text):
        raise BrightKitchenError(Kind.INVALID, "user.display_name", longest=MAX_NAME_CHARS, field="display_name")
    return text


async def checked_organisation(connection: AsyncConnection, organisation: str) -> OrganisationId | None:
    """Return the id of an organisation that is not retired; None for "". raises: "user.organisation_unknown"."""
    if not organisation:
        return None
    found = None
    if is_id(organisation, "org"):
        found = await organisation_store.load_organisation(connection, OrganisationId(organisation))
    if found is None or found.retired_at is not None:
        raise BrightKitchenError(Kind.INVALID, "user.organisation_unknown", field="organisation")
    return found.id


def _place_of(grant: Grant, places: Places) -> Place | None:
    found = places.get(grant.scope.premises) if grant.scope.premises is not None else None
    return found[0] if found is not None else None


def _check_fits(there: Sequence[HeldGrant], grant: Grant, now: Utc) -> None:
    held = [each.grant for each in there if each.is_held(now)]
    if len(held) >= MAX_GRANTS:
        raise BrightKitchenError(Kind.CONFLICT, "user.too_many_grants", most=MAX_GRANTS)
    if grant in held:
        raise BrightKitchenError(Kind.CONFLICT, "user.grant_there")
    clash = find_clash((each.role for each in held), grant.role)
    if clash is not None:
        raise BrightKitchenError(Kind.CONFLICT, "user.roles_clash", role=grant.role.value, other=clash.value)


def _checked_expiry(role: Role, wanted: Utc | None, now: Utc) -> Utc | None:
    if wanted is not None and wanted <= now:
        raise BrightKitchenError(Kind.INVALID, "user.expiry", field="expires_at")
    if role not in OPERATORS:
        return wanted
    longest = Utc(now + OPERATOR_TERM_US)
    return min(wanted, longest) if wanted is not None else longest


async def _check_region_known(connection: AsyncConnection, region: str) -> None:
    """Once a city's regions are loaded, a scope names one of them."""
    known = (await connection.execute(sa.select(regions.c.code).where(regions.c.code == region))).first()
    if known is None and (await connection.execute(sa.select(regions.c.code).limit(1))).first() is not None:
        raise BrightKitchenError(Kind.INVALID, "user.region_unknown", region=region[:12], field="region")


def _grant_detail(held: HeldGrant) -> Detail:
    scope = held.grant.scope
    return {
        "grant": held.id,
        "role": held.grant.role.value,
        "region": scope.region,
        "categories": ",".join(sorted(scope.categories)),
        "premises": scope.premises,
        "expires_at": held.expires_at,
    }
