"""Saving walls, sharing them with an organisation, and showing of each what its reader may see."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import Entry, Scalar
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import note_miss, who
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.policy import VIEW as VIEW_CAMERA
from brightkitchen.domain.cameras.store import load_visible
from brightkitchen.domain.walls import policy as rules
from brightkitchen.domain.walls import store
from brightkitchen.domain.walls.model import (
    MAX_NAME_CHARS,
    MAX_WALLS,
    SeenWall,
    Wall,
    WallChange,
    WallDraft,
    WallPage,
)
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.cursor import CursorSigner
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, EditConflict, Kind, not_found
from brightkitchen.kernel.ids import UserId, is_id, new_id

MAX_PAGE: Final = 100
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class WallService:
    """Everything one can do with saved walls. One that somebody does not see is *not found* for them."""

    def __init__(
        self, database: Database, policy: Policy, audit: AuditTrail, *, clock: Clock, entropy: Entropy
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._cursors = CursorSigner(entropy)

    async def list_walls(self, actor: Actor, *, cursor: str = "", limit: int = MAX_PAGE) -> WallPage:
        """Return a page of the walls that the actor sees, the own ones first. limit: 1..100.

        raises: BrightKitchenError "access.none", "web.cursor".
        """
        user = self._check(actor, rules.VIEW)
        after = self._cursors.read(user, cursor) if cursor else ()
        async with self._database.read() as connection:
            organisation = await store.load_organisation_of(connection, user)
            found = await store.load_page(connection, user, organisation, after=after, limit=limit + 1)
            seen = await self._see(connection, actor, found[:limit], organisation)
        more = len(found) > limit
        return WallPage(seen, self._cursors.write(user, store.place_of(found[limit - 1], user)) if more else None)

    async def load_wall(self, actor: Actor, wall: str) -> SeenWall:
        """Return one wall as the actor may see it. raises: BrightKitchenError "access.none"."""
        async with self._database.read() as connection:
            found, organisation = await self._access_wall(connection, actor, wall, rules.VIEW)
            if found is not None:
                return (await self._see(connection, actor, [found], organisation))[0]
        raise await self._missed(actor, wall, rules.VIEW)

    async def add_wall(self, actor: Actor, draft: WallDraft) -> SeenWall:
        """Save a new wall of the actor's.

        raises: BrightKitchenError "wall.name", "wall.places", "wall.camera_unknown", "wall.no_organisation", "wall.too_many",
        "access.none".
        """
        user, now = self._check(actor, rules.MANAGE), self._clock.utc()
        async with self._database.write() as connection:
            if await store.count_owned(connection, user) >= MAX_WALLS:
                raise BrightKitchenError(Kind.CONFLICT, "wall.too_many", most=MAX_WALLS)
            new = Wall(
                id=new_id("wal", self._entropy),
                owner=user,
                owner_name="",
                organisation=await store.load_organisation_of(connection, user),
                name=_checked_name(draft.name),
                is_shared=draft.is_shared,
                layout=draft.layout,
                places=draft.places,
                rotation=draft.rotation,
                created_at=now,
                updated_at=now,
                version=1,
            )
            _check_whole(new)
            await self._check_places(connection, actor, new.places)
            await store.save_new_wall(connection, new)
            await self._audit.append(connection, self._entry(actor, "wall.add", None, new))
            return await self._load_again(connection, actor, new)

    async def change_wall(
        self, actor: Actor, wall: str, change: WallChange, *, expected_version: int | None
    ) -> SeenWall:
        """Change a wall: its owner, and for a shared one whoever administers the organisation.

        raises: as `add_wall`, and EditConflict with a `SeenWall` if somebody else changed it since `expected_version`.
        """
        async with self._database.write() as connection:
            old, organisation = await self._access_wall(connection, actor, wall, rules.MANAGE)
            if old is not None:
                await self._check_version(connection, actor, old, organisation, expected_version)
                new = _changed(old, change)
                new = replace(new, updated_at=self._clock.utc(), version=old.version + 1)
                _check_whole(new)
                if change.places is not None:
                    await self._check_places(connection, actor, new.places)
                await store.save_wall(connection, new)
                await self._audit.append(connection, self._entry(actor, "wall.change", old, new))
                return await self._load_again(connection, actor, new)
        raise await self._missed(actor, wall, rules.MANAGE)

    async def delete_wall(self, actor: Actor, wall: str, *, expected_version: int | None) -> None:
        """Delete a wall, for whom `change_wall` is. raises: as it."""
        async with self._database.write() as connection:
            old, organisation = await self._access_wall(connection, actor, wall, rules.MANAGE)
            if old is not None:
                await self._check_version(connection, actor, old, organisation, expected_version)
                await store.delete_wall(connection, old.id)
                await self._audit.append(connection, self._entry(actor, "wall.delete", old, None))
                return
        raise await self._missed(actor, wall, rules.MANAGE)

    # ---- inside

    def _check(self, actor: Actor, action: str) -> UserId:
        """Return who acts. raises: BrightKitchenError "access.none" for nobody, and for whom the action is not."""
        if actor.user is None or not self._policy.check(actor, action).allowed:
            raise not_found()
        return actor.user

    async def _access_wall(
        self, connection: AsyncConnection, actor: Actor, wall: str, action: str
    ) -> tuple[Wall | None, str]:
        """Return the wall if the actor may do that with it, and the actor's organisation."""
        user = self._check(actor, action)
        organisation = await store.load_organisation_of(connection, user)
        found = await store.load_wall(connection, wall) if is_id(wall, "wal") else None
        if found is None or action not in self._abilities(actor, found, organisation):
            return None, organisation
        return found, organisation

    def _abilities(self, actor: Actor, wall: Wall, organisation: str) -> tuple[str, ...]:
        """Return what the actor may do with this wall."""
        if actor.user is None or not wall.is_seen_by(actor.user, organisation):
            return ()
        managing = rules.MANAGE if actor.user == wall.owner else rules.MANAGE_SHARED
        wanted = {rules.VIEW: rules.VIEW, rules.MANAGE: managing}
        return tuple(action for action, needed in wanted.items() if self._policy.check(actor, needed).allowed)

    async def _see(
        self, connection: AsyncConnection, actor: Actor, walls: Sequence[Wall], organisation: str
    ) -> tuple[SeenWall, ...]:
        """Return the walls without the cameras that lie beyond the actor's scope or are out of service."""
        asked = {camera for wall in walls for camera in wall.places if camera}
        known = await load_visible(connection, self._policy.grants_for(actor, VIEW_CAMERA), asked)
        seen = []
        for wall in walls:
            places = tuple(camera if camera in known else "" for camera in wall.places)
            left_out = sum(1 for was, now in zip(wall.places, places, strict=True) if was != now)
            is_own = wall.owner == actor.user
            seen.append(SeenWall(wall, places, left_out, is_own, self._abilities(actor, wall, organisation)))
        return tuple(seen)

    async def _load_again(self, connection: AsyncConnection, actor: Actor, wall: Wall) -> SeenWall:
        """Return what was saved, with its owner's name, as the actor may see it."""
        assert actor.user is not None
        saved = await store.load_wall(connection, wall.id)
        assert saved is not None
        organisation = await store.load_organisation_of(connection, actor.user)
        return (await self._see(connection, actor, [saved], organisation))[0]

    async def _check_version(
        self, connection: AsyncConnection, actor: Actor, wall: Wall, organisation: str, expected: int | None
    ) -> None:
        if expected is not None and wall.version != expected:
            raise EditConflict((await self._see(connection, actor, [wall], organisation))[0])

    async def _check_places(self, connection: AsyncConnection, actor: Actor, places: Iterable[str]) -> None:
        """raises: BrightKitchenError "wall.camera_unknown", the same whether it is not there or out of reach."""
        asked = {camera for camera in places if camera}
        known = await load_visible(connection, self._policy.grants_for(actor, VIEW_CAMERA), asked)
        if asked - known:
            raise BrightKitchenError(Kind.INVALID, "wall.camera_unknown", field="places")

    async def _missed(self, actor: Actor, wall: str, action: str) -> BrightKitchenError:
        """Write the miss down; return what to raise."""
        await note_miss(self._audit, actor, action, "wall", wall, prefix="wal")
        return not_found()

    def _entry(self, actor: Actor, act: str, old: Wall | None, new: Wall | None) -> Entry:
        wall = new or old
        assert wall is not None
        detail: dict[str, Scalar] = {"act": act, "version": wall.version, "owner": wall.owner}
        names: dict[str, str] = {}
        for when, each in (("old", old), ("new", new)):
            if each is not None:
                names[f"{when}.name"] = each.name
                detail |= {f"{when}.{name}": value for name, value in _said(each).items()}
        return self._audit.entry(
            audited.CHANGE, who(actor), object_kind="wall", object_id=wall.id, detail=detail, names=names
        )


def _said(wall: Wall) -> dict[str, Scalar]:
    """Return what the audit keeps of a wall: codes and numbers."""
    said: dict[str, Scalar] = {
        "is_shared": wall.is_shared,
        "layout": wall.layout,
        "cameras": sum(1 for camera in wall.places if camera),
    }
    if wall.rotation is not None:
        turning = wall.rotation
        said |= {"region": turning.region, "category": turning.category, "risk": turning.risk}
        said |= {"must_zones_only": turning.must_zones_only, "dwell_s": turning.dwell_s}
    return said


def _changed(old: Wall, change: WallChange) -> Wall:
    return replace(
        old,
        name=old.name if change.name is None else _checked_name(change.name),
        is_shared=old.is_shared if change.is_shared is None else change.is_shared,
        layout=old.layout if change.layout is None else change.layout,
        places=old.places if change.places is None else change.places,
        rotation=None if change.ends_rotation else change.rotation or old.rotation,
    )


def _checked_name(name: str) -> str:
    text = name.strip()
    if not 0 < len(text) <= MAX_NAME_CHARS or _CONTROL.search(text):
        raise BrightKitchenError(Kind.INVALID, "wall.name", most=MAX_NAME_CHARS, field="name")
    return text


def _check_whole(wall: Wall) -> None:
    """raises: BrightKitchenError "wall.places", "wall.no_organisation"."""
    if len(wall.places) != wall.layout:
        raise BrightKitchenError(Kind.INVALID, "wall.places", layout=wall.layout, field="places")
    if wall.is_shared and not wall.organisation:
        raise BrightKitchenError(Kind.INVALID, "wall.no_organisation", field="is_shared")
