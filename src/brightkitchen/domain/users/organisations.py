"""Regions and organisations: what scopes are made of, and where people work."""

import re
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz import store as places
from brightkitchen.domain.authz.cityfile import parse_city
from brightkitchen.domain.authz.model import Actor, Grant, Place
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.regions import Region, is_inside, is_region_code
from brightkitchen.domain.users import grant_store, organisation_store
from brightkitchen.domain.users import policy as rules
from brightkitchen.domain.users.people_model import Organisation, OrganisationKind
from brightkitchen.domain.users.ports import AuditPort
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import OrganisationId, is_id, new_id

MAX_NAME_CHARS: Final = 100
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class OrganisationService:
    """The city's map of administration."""

    def __init__(self, database: Database, policy: Policy, audit: AuditPort, *, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._entropy = entropy

    async def load_city(self, actor: Actor, data: bytes) -> int:
        """Keep the regions of a city file; those that are there get the file's names. returns: how many it has.

        raises: BrightKitchenError "region.file", "access.none".
        """
        self._check(actor, rules.LOAD_REGIONS)
        regions = parse_city(data)
        async with self._database.write() as connection:
            await places.save_regions(connection, regions)
            await self._audit.append(
                connection,
                "region.loaded",
                actor=actor,
                object_kind="region",
                object_id=regions[0].code,
                detail={"count": len(regions)},
            )
        return len(regions)

    async def list_regions(self, actor: Actor) -> tuple[Region, ...]:
        """Return the regions that the actor's roles reach, with those around them; outer ones first."""
        self._check(actor, rules.REGIONS)
        async with self._database.read() as connection:
            found = await places.load_regions(connection)
            premises = [grant.scope.premises for grant in actor.grants if grant.scope.premises is not None]
            where = await grant_store.load_places(connection, premises)
        reached = [grant.scope.region for grant in actor.grants if grant.scope.premises is None]
        reached += [place.region for place, _name in where.values()]
        return tuple(each for each in found if any(_touches(each.code, region) for region in reached))

    async def list_organisations(self, actor: Actor, *, with_retired: bool = False) -> tuple[Organisation, ...]:
        """Return the organisations inside or around what the actor's roles reach."""
        self._check(actor, rules.ORGANISATIONS)
        grants = self._policy.grants_for(actor, rules.ORGANISATIONS)
        async with self._database.read() as connection:
            found = await organisation_store.load_organisations(connection, with_retired=with_retired)
        return tuple(each for each in found if any(_sees(grant, each) for grant in grants))

    async def access_organisation(self, actor: Actor, organisation: str, action: str) -> Organisation:
        """Return an organisation that the actor may do that to. raises: BrightKitchenError "access.none"."""
        if is_id(organisation, "org"):
            async with self._database.read() as connection:
                found = await organisation_store.load_organisation(connection, OrganisationId(organisation))
            if found is not None and self._may(actor, action, found):
                return found
        raise not_found()

    async def add_organisation(self, actor: Actor, *, kind: OrganisationKind, name: str, region: str) -> Organisation:
        """Add one. raises: BrightKitchenError "organisation.name", "user.region_unknown", "access.none"."""
        self._check(actor, rules.KEEP_ORGANISATIONS)
        new = Organisation(
            OrganisationId(new_id("org", self._entropy)), kind, _checked_name(name), _checked_region(region), 1
        )
        if not self._may(actor, rules.KEEP_ORGANISATIONS, new):
            raise not_found()
        async with self._database.write() as connection:
            await organisation_store.save_new_organisation(connection, new, self._clock.utc())
            await self._record(connection, "organisation.added", actor, new)
        return new

    async def change_organisation(
        self,
        actor: Actor,
        organisation: str,
        *,
        kind: OrganisationKind | None = None,
        name: str | None = None,
        region: str | None = None,
        retired: bool | None = None,
        expected_version: int | None,
    ) -> Organisation:
        """Change or retire one. raises: as `add_organisation`, and "edit.conflict"."""
        old = await self.access_organisation(actor, organisation, rules.KEEP_ORGANISATIONS)
        if expected_version is not None and expected_version != old.version:
            raise BrightKitchenError(Kind.CONFLICT, "edit.conflict")
        now = self._clock.utc()
        retired_at = old.retired_at if retired is None else (old.retired_at or now) if retired else None
        new = replace(
            old,
            kind=kind or old.kind,
            name=_checked_name(name) if name is not None else old.name,
            region=_checked_region(region) if region is not None else old.region,
            retired_at=retired_at,
            version=old.version + 1,
        )
        if not self._may(actor, rules.KEEP_ORGANISATIONS, new):
            raise not_found()
        async with self._database.write() as connection:
            if not await organisation_store.save_organisation(connection, new, now):
                raise BrightKitchenError(Kind.CONFLICT, "edit.conflict")
            await self._record(connection, "organisation.changed", actor, new)
        return new

    def may_change(self, actor: Actor, organisation: Organisation) -> bool:
        """True if the page should offer it."""
        return self._may(actor, rules.KEEP_ORGANISATIONS, organisation)

    def _may(self, actor: Actor, action: str, organisation: Organisation) -> bool:
        grants = self._policy.grants_for(actor, action)
        return any(grant.scope.covers(Place(organisation.region)) for grant in grants)

    def _check(self, actor: Actor, action: str) -> None:
        if not self._policy.check(actor, action).allowed:
            raise not_found()

    async def _record(self, connection: AsyncConnection, kind: str, actor: Actor, new: Organisation) -> None:
        detail = {"name": new.name, "kind": new.kind.value, "region": new.region, "retired": new.retired_at is not None}
        await self._audit.append(
            connection, kind, actor=actor, object_kind="organisation", object_id=new.id, detail=detail
        )


def _touches(code: str, reached: str) -> bool:
    """True for what lies inside `reached` and for what `reached` lies inside."""
    return is_inside(code, reached) or (bool(reached) and is_inside(reached, code))


def _sees(grant: Grant, organisation: Organisation) -> bool:
    return grant.scope.premises is None and _touches(organisation.region, grant.scope.region)


def _checked_name(name: str) -> str:
    text = name.strip()
    if not 0 < len(text) <= MAX_NAME_CHARS or _CONTROL.search(text):
        raise BrightKitchenError(Kind.INVALID, "organisation.name", longest=MAX_NAME_CHARS, field="name")
    return text


def _checked_region(region: str) -> str:
    if not is_region_code(region):
        raise BrightKitchenError(Kind.INVALID, "user.region_unknown", region=region[:12], field="region")
    return region
